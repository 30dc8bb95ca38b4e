"""A plan as one HTML page: `plan --format html`."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from connectsync.domain.finding import GuardFinding, Severity, acceptance
from connectsync.domain.plan import (
    DistrictPlan,
    DistrictStanding,
    Member,
    Plan,
    PlanReview,
    group_of,
    only_left_alone,
    standing_of,
)
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.policy import ALL, split_shard
from connectsync.providers.form import Risk
from connectsync.report.findings_html import finding_sections
from connectsync.report.html import (
    Child,
    GlancePart,
    GlanceTally,
    Html,
    chip,
    element,
    facts,
    header,
    html_page,
    join_html,
    list_section,
    many,
    navigation,
    plain_table,
    with_code,
)
from connectsync.report.plan_html_data import plan_page_data
from connectsync.report.plan_text import (
    count_text,
    guard_text,
    rollback_text,
    since_text,
    spell_change,
    token_text,
)

_SHOWN = 5
"""Objections of a guard that are listed; each stands with its district too."""

_NOT_KEPT = (
    "This plan was shown and not kept. Make it again with `--out`, where this one was"
    " made, and read what has changed since."
)
_KEPT = (
    "This applies exactly the plan in the file. If the plan was edited, or the files or"
    " Connect changed since, nothing is applied."
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
    yield element("p", _blocked(guards))
    ordered = sorted(guards, key=lambda one: (one.severity.rank, one.rule))
    groups = groupby(ordered, key=lambda one: (one.severity, one.rule))
    items = (_guard(severity, rule, list(same)) for (severity, rule), same in groups)
    yield element("ul", *items, class_="guards")


def _blocked(guards: Sequence[GuardFinding]) -> str:
    blocking = [guard for guard in guards if guard.severity is Severity.ERROR]
    if not blocking:
        return "Guards warn; none of them blocks this plan."
    reasons = [guard.needs_reason for guard in blocking]
    ways = ["by name and count"] if not all(reasons) else []
    ways += ["with a reason"] if any(reasons) else []
    block, them = ("blocks", "it") if len(blocking) == 1 else ("block", "them")
    return (
        f"{many(len(blocking), 'objection')} {block} this plan. To apply it anyway,"
        f" accept {them} {' or '.join(ways)}, as in the command below."
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
        return element("p", guard_text(guard))
    return element("p", element("b", guard.district), f": {guard_text(guard)}")


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
    named, shard = split_shard(plan.scope)
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
    return element("pre", join_html([prompt, element("code", text)]), class_="command")


MOST = 500
"""Districts that the table holds: it is in every page, and hardly ever shown."""

_SAYS = (
    "Without scripts this page shows a plain table of what would change; forms, search"
    " and filters need them. `connectsync plan` says all of it as text."
)


def plain_districts(plan: Plan) -> Html:
    """Give what would change, and what could not be read."""
    rows = [*_unread(plan), *map(_row, plan.districts[:MOST])]
    more = len(plan.failed) + len(plan.districts) - MOST
    return join_html(
        [
            element("p", with_code(_SAYS)),
            plain_table(("District", "Standing", "Changes"), rows[:MOST]),
            *([element("p", f"and {more:,} more districts")] * (more > 0)),
        ]
    )


def _unread(plan: Plan) -> Iterator[tuple[Child, ...]]:
    for failed in plan.failed:
        told = element("small", with_code(failed.remedy))
        yield (
            _name_cell(failed.district, failed.file),
            DistrictStanding.NOT_READ,
            join_html([with_code(failed.message), told]),
        )


def _row(planned: DistrictPlan) -> tuple[Child, ...]:
    told = [
        element("li", f"{spell_change(one.change)} ({one.risk}): {one.effect}")
        for one in planned.changes()
    ]
    if planned.set_token:
        told.append(element("li", token_text(planned)))
    return (
        _name_cell(planned.district, planned.file, planned.name),
        standing_of(planned),
        element("ul", *told),
    )


def _name_cell(key: str, file: str, name: str = "") -> Html:
    return join_html(
        [element("b", name or key), " ", element("code", key), element("small", file)]
    )


_STANDINGS: dict[str, tuple[str, str]] = {
    DistrictStanding.CONFLICT: ("Conflict", "file and Connect both changed"),
    DistrictStanding.DRIFT: ("Drift", "changed by hand on Connect"),
    DistrictStanding.PENDING: ("Pending", "the file changed"),
    DistrictStanding.NOT_READ: ("Not read", "so not planned"),
    DistrictStanding.LEFT_ALONE: ("Left alone", "not caused by this change"),
    DistrictStanding.IN_STEP: ("In step", "nothing to do"),
}
_RISKS = GlanceTally(
    "risk",
    {
        Risk.DISRUPTIVE: ("Disruptive", "will affect some families"),
        Risk.CAUTION: ("Caution", "review first"),
        Risk.SAFE: ("Safe", "harms no one"),
    },
)


def plan_html(review: PlanReview) -> str:
    """Write the whole page; whatever came from elsewhere is inert text in it."""
    title = f"Plan of {review.plan.created:%Y-%m-%d %H:%M %Z}"
    return html_page(title, _body(review, title), plan_page_data(review))


def _body(review: PlanReview, title: str) -> Iterator[Html]:
    plan = review.plan
    yield header(title, *_lead(plan))
    yield navigation(_sections(review))
    yield Html("<main>")
    yield _glance(review)
    yield how_to_apply(review)
    yield list_section("districts", "Districts", plain_districts(plan))
    yield from finding_sections(review.findings)
    yield _about(plan)
    yield Html("</main>")


def _sections(review: PlanReview) -> Iterator[tuple[str, str]]:
    yield "glance", "At a glance"
    yield "apply", "How to apply it"
    yield "districts", "Districts"
    if review.findings.findings:
        yield "findings", "Findings"
    if review.findings.allowed:
        yield "allowed", "Allowed findings"
    yield "about", "About this plan"


def _lead(plan: Plan) -> Iterator[str]:
    yield f"{count_text(plan)}."
    for said in (rollback_text(plan), since_text(plan)):
        if said:
            yield f"{said[0].upper()}{said[1:]}."


def _glance(review: PlanReview) -> Html:
    members = list(_members(review))
    tally = _tally(review.plan)
    standings = Counter(standing for _, standing in members)
    tables = (
        tally.parts(part, counts)
        for part, counts in _parts(review, members)
        if set(counts) - {""}
    )
    return element(
        "section",
        element("h2", "At a glance"),
        element("h3", "Districts"),
        tally.tiles(standings),
        element("h3", "Changes by risk"),
        _RISKS.tiles(review.plan.risks()),
        element("div", *tables, class_="parts"),
        id="glance",
    )


def _tally(plan: Plan) -> GlanceTally:
    """Count by standing; only a plan of one change leaves districts alone."""
    kinds = dict(_STANDINGS)
    if plan.since is None:
        del kinds[DistrictStanding.LEFT_ALONE]
    return GlanceTally("standing", kinds)


def _members(review: PlanReview) -> Iterator[tuple[Member, DistrictStanding]]:
    plan = review.plan
    for planned in plan.districts:
        found = review.member(planned.district, name=planned.name, file=planned.file)
        yield found, standing_of(planned)
    for failed in plan.failed:
        found = review.member(failed.district, file=failed.file)
        yield found, DistrictStanding.NOT_READ
    for left in only_left_alone(plan):
        yield review.member(left.district, file=left.file), DistrictStanding.LEFT_ALONE
    for key in plan.in_step:
        yield review.member(key), DistrictStanding.IN_STEP


def _parts(
    review: PlanReview, members: list[tuple[Member, DistrictStanding]]
) -> Iterator[tuple[GlancePart, Mapping[str, Counter[str]]]]:
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    waves: dict[str, Counter[str]] = defaultdict(Counter)
    profiles: dict[str, Counter[str]] = defaultdict(Counter)
    for member, standing in members:
        groups[group_of(member.file, review.folder)][standing] += 1
        if member.wave:
            waves[member.wave][standing] += 1
        for profile in member.profiles or ("",):
            profiles[profile][standing] += 1
    yield GlancePart("group", "Folder", "By folder of the file", "(none)"), groups
    saved = "By wave, in the order in which they are saved"
    yield GlancePart("wave", "Wave", saved, "", review.waves), waves
    several = "By profile; a district with several counts for each"
    yield GlancePart("profile", "Profile", several, "(none)"), profiles


def _scope(plan: Plan) -> str:
    named, shard = split_shard(plan.scope)
    share = "" if shard == ALL else f", of which shard {shard}"
    return (" ".join(named) or "every district of the project") + share


def _about(plan: Plan) -> Html:
    read = sorted(one.read_at for one in plan.districts)
    said: dict[str, Child] = {
        "Digest": element("code", plan_digest(plan)),
        "Backend": plan.backend,
        "Scope": _scope(plan),
        "Districts in all files": f"{plan.fleet:,}",
        "Made": f"{plan.created:%Y-%m-%d %H:%M:%S %Z}",
        "Made by": plan.tool,
    }
    if plan.since is not None:
        said["Since"] = element("code", plan.since)
    if read:
        said["Live settings read"] = " to ".join(
            dict.fromkeys(f"{at:%Y-%m-%d %H:%M %Z}" for at in (read[0], read[-1]))
        )
    return element("section", element("h2", "About this plan"), facts(said), id="about")
