"""The districts of a plan as a plain table, for where no script is run."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.domain.plan_review import Standing, standing_of
from connectsync.report.html_element import Child, Html, element, joined, with_code
from connectsync.report.html_pieces import plain_table
from connectsync.report.plan_words import TOKEN, spelled

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
    return joined(
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
            _named(failed.district, failed.file),
            Standing.NOT_READ,
            joined([with_code(failed.message), told]),
        )


def _row(planned: DistrictPlan) -> tuple[Child, ...]:
    told = [
        element("li", f"{spelled(one.change)} ({one.risk}): {one.effect}")
        for one in planned.changes()
    ]
    if planned.set_token:
        told.append(element("li", TOKEN))
    return (
        _named(planned.district, planned.file, planned.name),
        standing_of(planned),
        element("ul", *told),
    )


def _named(key: str, file: str, name: str = "") -> Html:
    return joined(
        [element("b", name or key), " ", element("code", key), element("small", file)]
    )
