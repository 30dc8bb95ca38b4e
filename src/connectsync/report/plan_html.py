"""A plan as one HTML page to read before anybody says yes: `plan --format html`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.plan_review import (
    Member,
    PlanReview,
    Standing,
    group_of,
    only_left_alone,
    standing_of,
)
from connectsync.domain.risk import Risk
from connectsync.domain.shard import ALL, taken_apart
from connectsync.report.findings_html import finding_sections
from connectsync.report.html_element import Child, Html, element
from connectsync.report.html_glance import Part, Tally
from connectsync.report.html_page import html_page
from connectsync.report.html_pieces import facts, header, listed, navigation
from connectsync.report.plan_html_apply import how_to_apply
from connectsync.report.plan_html_data import plan_page_data
from connectsync.report.plan_html_plain import plain_districts
from connectsync.report.plan_words import caused_since, counted, taken_back

_STANDINGS: dict[str, tuple[str, str]] = {
    Standing.CONFLICT: ("Conflict", "file and Connect both changed"),
    Standing.DRIFT: ("Drift", "changed by hand on Connect"),
    Standing.PENDING: ("Pending", "the file changed"),
    Standing.NOT_READ: ("Not read", "so not planned"),
    Standing.LEFT_ALONE: ("Left alone", "not caused by this change"),
    Standing.IN_STEP: ("In step", "nothing to do"),
}
_RISKS = Tally(
    "risk",
    {
        Risk.DISRUPTIVE: ("Disruptive", "sure to reach some families"),
        Risk.CAUTION: ("Caution", "to look at"),
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
    yield listed("districts", "Districts", plain_districts(plan))
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
    yield f"{counted(plan)}."
    for said in (taken_back(plan), caused_since(plan)):
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


def _tally(plan: Plan) -> Tally:
    """Count by standing; only a plan of one change leaves districts alone."""
    kinds = dict(_STANDINGS)
    if plan.since is None:
        del kinds[Standing.LEFT_ALONE]
    return Tally("standing", kinds)


def _members(review: PlanReview) -> Iterator[tuple[Member, Standing]]:
    plan = review.plan
    for planned in plan.districts:
        found = review.member(planned.district, name=planned.name, file=planned.file)
        yield found, standing_of(planned)
    for failed in plan.failed:
        found = review.member(failed.district, file=failed.file)
        yield found, Standing.NOT_READ
    for left in only_left_alone(plan):
        yield review.member(left.district, file=left.file), Standing.LEFT_ALONE
    for key in plan.in_step:
        yield review.member(key), Standing.IN_STEP


def _parts(
    review: PlanReview, members: list[tuple[Member, Standing]]
) -> Iterator[tuple[Part, Mapping[str, Counter[str]]]]:
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    waves: dict[str, Counter[str]] = defaultdict(Counter)
    profiles: dict[str, Counter[str]] = defaultdict(Counter)
    for member, standing in members:
        groups[group_of(member.file, review.folder)][standing] += 1
        if member.wave:
            waves[member.wave][standing] += 1
        for profile in member.profiles or ("",):
            profiles[profile][standing] += 1
    yield Part("group", "Folder", "By folder of the file", "(none)"), groups
    saved = "By wave, in the order in which they are saved"
    yield Part("wave", "Wave", saved, "", review.waves), waves
    several = "By profile; a district with several counts for each"
    yield Part("profile", "Profile", several, "(none)"), profiles


def _scope(plan: Plan) -> str:
    named, shard = taken_apart(plan.scope)
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
