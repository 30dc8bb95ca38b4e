"""The districts of a plan as a plain table, for where no script is run."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.change import Add, Change, Remove, Set
from connectsync.domain.plan import DistrictPlan
from connectsync.domain.plan_review import PlanReview, Standing, standing_of
from connectsync.domain.values import spell
from connectsync.report.html_element import Child, Html, element, joined, with_code
from connectsync.report.html_pieces import plain_table

MOST = 500
"""Districts that the table holds: it is in every page, and hardly ever shown."""

_SAYS = (
    "Without scripts this page shows a plain table of what would change; forms, search"
    " and filters need them. `connectsync plan` says all of it as text."
)


def plain_districts(review: PlanReview) -> Html:
    """Give what would change, and what could not be read."""
    plan = review.plan
    rows = [*_unread(review), *map(_row, plan.districts[:MOST])]
    more = len(plan.failed) + len(plan.districts) - MOST
    return joined(
        [
            element("p", with_code(_SAYS)),
            plain_table(("District", "Standing", "Changes"), rows[:MOST]),
            *([element("p", f"and {more:,} more districts")] * (more > 0)),
        ]
    )


def _unread(review: PlanReview) -> Iterator[tuple[Child, ...]]:
    for failed in review.plan.failed:
        told = f"{failed.message}. {failed.remedy}"
        yield _named(failed.district, failed.file), Standing.NOT_READ, told


def _row(planned: DistrictPlan) -> tuple[Child, ...]:
    told = [
        element("li", f"{spelled(one.change)} ({one.risk}): {one.effect}")
        for one in planned.changes()
    ]
    if planned.set_token:
        told.append(element("li", "the OAuth token is typed"))
    return (
        _named(planned.district, planned.file, planned.name),
        standing_of(planned),
        element("ul", *told),
    )


def _named(key: str, file: str, name: str = "") -> Html:
    return joined(
        [element("b", name or key), " ", element("code", key), element("small", file)]
    )


def spelled(change: Change) -> str:
    """Say what a change does to its setting."""
    match change:
        case Set(setting, before, after):
            return f"{setting}: {spell(before)} → {spell(after)}"
        case Add(setting, label):
            return f"{setting}: + {label}"
        case Remove(setting, label):
            return f"{setting}: - {label}"
