"""A plan as one HTML page: `plan --format html`."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from connectsync.domain.finding import GuardFinding, acceptance
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
from connectsync.domain.wording import many
from connectsync.providers.form import Risk
from connectsync.report.findings_text import reach
from connectsync.report.html import (
    GlancePart,
    GlanceTally,
    finding_sections,
    plain_findings,
    render_page,
)
from connectsync.report.many_districts import (
    SharedImpact,
    change_lines,
    roster_lines,
    shared_changes,
    shared_turns,
    token_text,
    told_moves,
    total_of,
)
from connectsync.report.plan_html_data import plan_page_data
from connectsync.report.plan_text import (
    SCHEDULED,
    count_text,
    guard_text,
    rollback_text,
    since_text,
    spell_change,
    turn_text,
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
    plan = review.plan
    shared = _shared(plan)
    return render_page(
        "plan",
        plan_page_data(review),
        title=f"Plan of {plan.created:%Y-%m-%d %H:%M %Z}",
        lead=list(_lead(plan)),
        sections={
            "glance": "At a glance",
            "apply": "How to apply it",
            **(
                {"shared": "Changes that several districts share"}
                if shared["rows"]
                else {}
            ),
            **({"scheduled": SCHEDULED} if plan.scheduled else {}),
            "districts": "Districts",
            **finding_sections(review.findings),
            "about": "About this plan",
        },
        glance=_glance(review),
        apply=_how_to_apply(review),
        shared=shared,
        scheduled=_scheduled(plan),
        districts=_plain_districts(plan),
        found=plain_findings(review.findings),
        about=list(_about(plan)),
    )


def _lead(plan: Plan) -> Iterator[str]:
    yield f"{count_text(plan)}."
    for said in (rollback_text(plan), since_text(plan)):
        if said:
            yield f"{said[0].upper()}{said[1:]}."


def _glance(review: PlanReview) -> dict[str, Any]:
    members = list(_members(review))
    kinds = dict(_STANDINGS)
    if review.plan.since is None:
        # only a plan of one change leaves districts alone
        del kinds[DistrictStanding.LEFT_ALONE]
    standings = GlanceTally("standing", kinds)
    parts = (part for part in _parts(review, members) if set(part.counts) - {""})
    return {
        "standings": standings.tiles(Counter(standing for _, standing in members)),
        "risks": _RISKS.tiles(review.plan.risks()),
        "impact": _impact(review.plan),
        "tables": list(map(standings.table, parts)),
    }


def _impact(plan: Plan) -> dict[str, Any]:
    """Give what moves on all rosters together, and whom no one counted."""
    pairs, left = total_of(plan)
    return {
        "rosters": many(len(pairs), "roster"),
        "moves": told_moves(pairs) if pairs else [],
        "left": f"Not counted whom it reaches: {many(left, 'district')}."
        if left
        else "",
    }


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
) -> Iterator[GlancePart]:
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    waves: dict[str, Counter[str]] = defaultdict(Counter)
    profiles: dict[str, Counter[str]] = defaultdict(Counter)
    for member, standing in members:
        groups[group_of(member.file, review.folder)][standing] += 1
        if member.wave:
            waves[member.wave][standing] += 1
        for profile in member.profiles or ("",):
            profiles[profile][standing] += 1
    yield GlancePart("group", "Folder", "By folder of the file", groups)
    saved = "By wave, in the order in which they are saved"
    yield GlancePart("wave", "Wave", saved, waves, review.waves)
    several = "By profile; a district with several counts for each"
    yield GlancePart("profile", "Profile", several, profiles)


MOST_OBJECTIONS = 100
"""Different objections of a guard that are listed; each stands with its district."""

_HINTS = 5


def _how_to_apply(review: PlanReview) -> dict[str, Any]:
    """Give the objections, and what to call; no command if there is nothing to do."""
    plan, file = review.plan, review.plan_file or "plan.json"
    given = acceptance(plan.guards)
    command = f"connectsync apply {shlex.quote(file)} {given}".rstrip()
    plan_again = "" if review.plan_file else f"{_plan_command(plan)} --out {file}"
    ordered = sorted(plan.guards, key=lambda one: (one.severity.rank, one.rule))
    groups = groupby(ordered, key=lambda one: (one.severity, one.rule))
    return {
        "objections": _objections(plan.guards),
        "guards": [_guard(list(same)) for _, same in groups],
        "command": command if plan.districts else "",
        "plan_again": plan_again,
        "acceptance": given,
    }


def _objections(guards: Sequence[GuardFinding]) -> str:
    if not guards:
        return "No guard objects."
    blocking = [guard for guard in guards if guard.stops]
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


def _guard(same: Sequence[GuardFinding]) -> dict[str, Any]:
    hints = dict.fromkeys(guard.hint for guard in same if guard.hint)
    whose: dict[str, list[str]] = {}
    for one in same:
        if one.district:
            whose.setdefault(guard_text(one), []).append(one.district)
    # what is of no district stands nowhere else
    told = [("", guard_text(one)) for one in same if not one.district]
    each = [(_of(keys), text) for text, keys in whose.items()]
    return {
        "severity": same[0].severity,
        "rule": same[0].rule,
        "objections": [*told, *each[:MOST_OBJECTIONS]],
        "more": max(0, len(each) - MOST_OBJECTIONS),
        "hints": list(hints)[:_HINTS],
    }


def _of(keys: Sequence[str]) -> str:
    return keys[0] if len(keys) == 1 else reach(tuple(keys))


def _plan_command(plan: Plan) -> str:
    """Spell the command that makes a plan of the same scope."""
    named, shard = split_shard(plan.scope)
    shards = [f"--shard {shard}"] if shard != ALL else []
    since = [f"--changed-since {shlex.quote(plan.since)}"] if plan.since else []
    tokens = [
        f"--set-token {shlex.quote(one.district)}"
        for one in plan.districts
        if one.set_token
    ]
    counted = ["--impact"] if any(one.impact for one in plan.districts) else []
    words = ["connectsync plan", *map(shlex.quote, named), *shards, *since, *tokens]
    return " ".join([*words, *counted])


MOST_SHARED = 100
"""Equal changes that are told: those of one district stand with it."""


def _shared(plan: Plan) -> dict[str, Any]:
    """Give the changes that several districts share, once each."""
    impact = SharedImpact(plan)
    rows = [
        {
            "risk": kind.risk.value,
            "change": spell_change(kind.change),
            "effect": kind.effect,
            "impact": list(impact.lines([kind], keys)),
            "districts": reach(tuple(keys)),
        }
        for kind, keys in shared_changes(plan).items()
        if len(keys) > 1 and not isinstance(kind, str)
    ]
    return {"rows": rows[:MOST_SHARED], "more": max(0, len(rows) - MOST_SHARED)}


def _scheduled(plan: Plan) -> dict[str, Any]:
    """Give what changes by itself where nothing is saved now, once for all it is of."""
    rows = [
        {"says": turn_text(turn), "districts": reach(tuple(keys))}
        for turn, keys in shared_turns(plan.scheduled).items()
    ]
    return {"rows": rows[:MOST_SHARED], "more": max(0, len(rows) - MOST_SHARED)}


MOST = 500
"""Districts that the table holds: it is in every page, and hardly ever shown."""


def _plain_districts(plan: Plan) -> dict[str, Any]:
    """Give what would change, and what could not be read, for the plain table."""
    unread = [
        {
            "name": one.district,
            "key": one.district,
            "file": one.file,
            "standing": DistrictStanding.NOT_READ,
            "unread": one.message,
            "remedy": one.remedy,
            "changes": [],
        }
        for one in plan.failed[:MOST]
    ]
    changing = map(_plain_district, plan.districts[: MOST - len(unread)])
    more = max(0, len(plan.failed) + len(plan.districts) - MOST)
    return {"rows": [*unread, *changing], "more": more}


def _plain_district(planned: DistrictPlan) -> dict[str, Any]:
    changes = [
        line
        for one in planned.changes()
        for line in (
            f"{spell_change(one.change)} ({one.risk}): {one.effect}",
            *change_lines(planned, [one]),
        )
    ]
    return {
        "name": planned.name or planned.district,
        "key": planned.district,
        "file": planned.file,
        "standing": standing_of(planned),
        "changes": [
            *changes,
            *[token_text(planned)] * bool(planned.set_token),
            *(f"scheduled: {turn_text(turn)}" for turn in planned.turns),
            *roster_lines(planned),
        ],
    }


def _about(plan: Plan) -> Iterator[tuple[str, str, bool]]:
    """Give names and values, and whether each is a word of a machine."""
    named, shard = split_shard(plan.scope)
    share = "" if shard == ALL else f", of which shard {shard}"
    yield "Digest", plan_digest(plan), True
    yield "Backend", plan.backend, False
    yield "Scope", (" ".join(named) or "every district of the project") + share, False
    yield "Districts in all files", f"{plan.fleet:,}", False
    yield "Made", f"{plan.created:%Y-%m-%d %H:%M:%S %Z}", False
    yield "Made by", plan.tool, False
    if plan.since is not None:
        yield "Since", plan.since, True
    if read := sorted(one.read_at for one in plan.districts):
        spelled = (f"{at:%Y-%m-%d %H:%M %Z}" for at in (read[0], read[-1]))
        yield "Live settings read", " to ".join(dict.fromkeys(spelled)), False
