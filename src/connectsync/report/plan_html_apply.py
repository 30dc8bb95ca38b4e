"""What guards hold against a plan, and the command that applies it all the same."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from itertools import groupby

from connectsync.domain.finding import Severity
from connectsync.domain.guard import GuardFinding, acceptance
from connectsync.domain.plan import Plan
from connectsync.domain.plan_review import PlanReview
from connectsync.domain.shard import ALL, taken_apart
from connectsync.report.html_element import Html, element, joined, with_code
from connectsync.report.html_pieces import chip, many
from connectsync.report.plan_words import held_against

_SHOWN = 5
"""Objections of a guard that are listed; each stands with its district too."""

_NOT_KEPT = (
    "This plan was shown and not kept. Make it again with `--out`, where this one was"
    " made, and read what has changed since."
)
_KEPT = (
    "That makes exactly the plan in the file true, or nothing: not if it was edited,"
    " not if the files or the live settings moved since."
)
_COUNTS = (
    "Write the numbers by hand, from what you have read: a job that copies them from"
    " the plan accepts anything."
)
_REASON = "Say why in place of `why`; the reason is kept."


def how_to_apply(review: PlanReview) -> Html:
    """Give the section: objections first, then what to call."""
    return element(
        "section",
        element("h2", "How to apply it"),
        *_guards(review.plan.guards),
        *_commands(review),
        id="apply",
    )


def _guards(guards: Sequence[GuardFinding]) -> Iterator[Html]:
    if not guards:
        yield element("p", "No guard objects.")
        return
    stop = sum(guard.severity is Severity.ERROR for guard in guards)
    yield element("p", _stopped(stop))
    ordered = sorted(guards, key=lambda one: (one.severity.rank, one.rule))
    groups = groupby(ordered, key=lambda one: (one.severity, one.rule))
    items = (_guard(severity, rule, list(same)) for (severity, rule), same in groups)
    yield element("ul", *items, class_="guards")


def _stopped(stop: int) -> str:
    if not stop:
        return "Guards warn; none of them stops the plan."
    return (
        f"{many(stop, 'objection')} {'stops' if stop == 1 else 'stop'} the plan until"
        " what is counted is accepted by name and number."
    )


def _guard(severity: Severity, rule: str, same: Sequence[GuardFinding]) -> Html:
    more = len(same) - _SHOWN
    hints = dict.fromkeys(guard.hint for guard in same if guard.hint)
    return element(
        "li",
        element("p", chip(severity), " ", element("code", rule)),
        *map(_objection, same[:_SHOWN]),
        *([element("p", f"and {more:,} more, each with its district")] * (more > 0)),
        *(
            element("p", with_code(f"Help: {hint}"), class_="hint")
            for hint in list(hints)[:_SHOWN]
        ),
    )


def _objection(guard: GuardFinding) -> Html:
    if not guard.district:
        return element("p", held_against(guard))
    return element("p", element("b", guard.district), f": {held_against(guard)}")


def _commands(review: PlanReview) -> Iterator[Html]:
    plan = review.plan
    if not plan.districts:
        yield element("p", "There is nothing to apply.")
        return
    file = review.plan_file or "plan.json"
    if not review.plan_file:
        yield element("p", with_code(_NOT_KEPT))
        yield _command(f"{_planning(plan)} --out {file}")
    given = acceptance(plan.guards)
    yield _command(f"connectsync apply {shlex.quote(file)} {given}".rstrip())
    yield element("p", _KEPT)
    if "--accept" in given:
        yield element("p", _COUNTS)
    if "--override" in given:
        yield element("p", with_code(_REASON))


def _planning(plan: Plan) -> str:
    """Spell the command that makes a plan of the same scope."""
    named, shard = taken_apart(plan.scope)
    shards = [f"--shard {shard}"] if shard != ALL else []
    since = [f"--changed-since {shlex.quote(plan.since)}"] if plan.since else []
    tokens = [
        f"--set-token {shlex.quote(one.district)}"
        for one in plan.districts
        if one.set_token
    ]
    words = ["connectsync plan", *map(shlex.quote, named), *shards, *since, *tokens]
    return " ".join(words)


def _command(text: str) -> Html:
    prompt = element("span", "$ ", class_="prompt", aria_hidden="true")
    return element("pre", joined([prompt, element("code", text)]), class_="command")
