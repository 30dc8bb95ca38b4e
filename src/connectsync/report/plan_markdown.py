"""A plan in Markdown, for a comment on a pull request or the summary of a job."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from connectsync.domain.drift import DistrictDrift
from connectsync.domain.guard import GuardFinding, acceptance
from connectsync.domain.plan import DistrictPlan, NotPlanned, Plan, PlannedChange, Save
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.risk import Risk
from connectsync.domain.settings import SETTINGS
from connectsync.domain.values import spell
from connectsync.report.drift import moved_by, values_of
from connectsync.report.markdown import FOLDED, Block, Table, code, page, plain, short
from connectsync.report.plan_words import (
    LEFT_ALONE,
    TOKEN,
    caused_since,
    counted,
    held_against,
    sign,
    step,
    taken_back,
    totals,
)

TITLE = "## connectsync plan"
NAMED = 5
"""Districts that are named beside one change; the rest is a number."""

_FORM = {setting.name: number for number, setting in enumerate(SETTINGS)}
_GRAVITY = {risk: -number for number, risk in enumerate(Risk)}


def plan_markdown(plan: Plan, *, limit: int | None = None) -> str:
    """
    Write counts, objections and changes, in at most ``limit`` characters.

    A change that many districts share is one row, the gravest first; below it, folded,
    stands every change of each district. Raises ``ValueError`` for a limit in which
    not even the counts have room.
    """
    return page(list(_blocks(plan)), limit=limit)


def _blocks(plan: Plan) -> Iterator[Block]:
    yield TITLE
    yield _summary(plan)
    if plan.failed:
        yield _table(
            "Not read, so not planned",
            ("District", "File", "Why"),
            [_failed(one) for one in plan.failed],
            "district",
        )
    if plan.guards:
        yield _table(
            "Guards",
            ("Severity", "Guard", "What", "Districts"),
            list(_guards(plan.guards)),
            "different objection",
        )
    if plan.districts:
        yield _changes(plan)
    if moved := [cells for one in plan.districts for cells in _moved(one)]:
        yield _table(
            "Changed by hand since we last applied",
            ("District", "Setting", "Was", "Is now"),
            moved,
            "setting",
        )
    if len(plan.districts) > 1:
        yield _each(plan)
    if left := [cells for one in plan.left_alone for cells in _left(one)]:
        head = ("District", "Setting", "Who", "Values")
        yield Table(LEFT_ALONE, head, left, len(left), "setting", folded=True)
    yield f"on {short(plan.backend)}, `{plan_digest(plan)}`"


def _table(
    title: str, head: tuple[str, ...], rows: list[tuple[str, ...]], noun: str
) -> Table:
    return Table(title, head, rows, len(rows), noun, folded=len(rows) > FOLDED)


def _summary(plan: Plan) -> str:
    lines = [f"**{counted(plan)}**"]
    if plan.districts:
        lines.append(totals(plan))
    lines += filter(None, [taken_back(plan), short(caused_since(plan))])
    if given := acceptance(plan.guards):
        lines.append(f"apply needs {code(given)}")
    return "<br>\n".join(lines)


def _failed(one: NotPlanned) -> tuple[str, ...]:
    why = short(one.message)
    if one.remedy:
        why += f"<br>*help:* {short(one.remedy)}"
    return code(one.district), code(one.file), why


def _guards(found: tuple[GuardFinding, ...]) -> Iterator[tuple[str, ...]]:
    """Give a row for each objection, which the districts of a profile share."""
    shared: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for one in found:
        what = short(held_against(one))
        if one.hint:
            what += f"<br>*help:* {short(one.hint)}"
        same = shared[one.severity.value, code(one.rule), what]
        same += [one.district] if one.district else []
    for cells, districts in shared.items():
        yield *cells, _few(districts)


def _moved(one: DistrictPlan) -> Iterator[tuple[str, ...]]:
    for move in one.drift:
        was, now = spell(move.baseline), spell(move.live)
        yield code(one.district), code(move.setting), short(was), short(now)


def _left(one: DistrictDrift) -> Iterator[tuple[str, ...]]:
    for move in one.movements:
        who, values = moved_by(one, move), values_of(move)
        yield code(one.district), code(move.setting), who, short(values)


def _changes(plan: Plan) -> Table:
    shared = _shared(plan)
    return _table(
        "Changes",
        ("Risk", "Setting", "Change", "What it does to people", "Districts"),
        [(*_kind(kind), _few(shared[kind])) for kind in sorted(shared, key=_rank)],
        "different change",
    )


def _each(plan: Plan) -> Table:
    return Table(
        "District by district",
        ("District", "Name", "Save", "Setting", "Change", "Risk"),
        (row for one in plan.districts for row in _district(one)),
        sum(map(_steps, plan.districts)),
        "change",
        folded=True,
    )


_Kind = PlannedChange | None
"""A change that districts may share; None is the typing of a token."""


def _shared(plan: Plan) -> dict[_Kind, list[str]]:
    shared: dict[_Kind, list[str]] = defaultdict(list)
    for planned in plan.districts:
        for one in planned.changes():
            shared[one].append(planned.district)
        if planned.set_token:
            shared[None].append(planned.district)
    return shared


def _rank(kind: _Kind) -> tuple[int, int]:
    """Sort by risk, then as on the form; what ties stays as it was met."""
    if kind is None:
        return (len(Risk), 0)
    return (_GRAVITY[kind.risk], _FORM.get(kind.change.setting, -1))


def _kind(kind: _Kind) -> tuple[str, ...]:
    if kind is None:
        return ("", "", f"\\* {TOKEN}", "")
    return (kind.risk.value, *_change(kind), short(kind.effect))


def _few(keys: list[str]) -> str:
    named = ", ".join(map(code, keys[:NAMED]))
    more = len(keys) - NAMED
    return f"{len(keys):,}: {named} and {more:,} more" if more > 0 else named


def _steps(planned: DistrictPlan) -> int:
    return sum(len(save.changes) + save.set_token for save in planned.saves)


def _district(planned: DistrictPlan) -> Iterator[tuple[str, ...]]:
    named = (code(planned.district), short(planned.name))
    for number, save in enumerate(planned.saves, 1):
        several = len(planned.saves) > 1
        which = f"{number} of {len(planned.saves)}" if several else ""
        for cells in _save(save):
            yield (*named, which, *cells)


def _save(save: Save) -> Iterator[tuple[str, ...]]:
    for one in save.changes:
        yield (*_change(one), one.risk.value)
    if save.set_token:
        yield ("", f"\\* {TOKEN}", "")


def _change(one: PlannedChange) -> tuple[str, str]:
    said = f"{plain(sign(one.change))} {short(step(one.change))}"
    return code(one.change.setting), said
