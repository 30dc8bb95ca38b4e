"""A large fleet in a few lines: how it stands, by folder and by wave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from connectsync.domain.drift import DistrictDrift
from connectsync.domain.outcome import DistrictOutcome, Ending
from connectsync.domain.plan import PlanReview, group_of, only_left_alone
from connectsync.report.terminal import Paint, Style, columns, cut_text, inert, pad
from connectsync.values import dataclass

MANY = 25
"""Districts up to which every one of them can be looked at instead."""

SHOWN = 10
"""Groups that are shown; the rest is one line, with its counts."""

NAME_ROOM = 24
NUMBER_ROOM = 6

TOTAL = "districts"
NONE = "·"

TO_CHANGE, LEFT_ALONE, NOT_READ, IN_STEP = (
    "to change",
    "left alone",
    "not read",
    "in step",
)

_PLANNED = {
    TO_CHANGE: Style.INFO,
    LEFT_ALONE: Style.WARNING,
    NOT_READ: Style.ERROR,
    IN_STEP: Style.SAFE,
}

_ENDED = {
    Ending.DONE.value: Style.SAFE,
    Ending.FAILED.value: Style.ERROR,
    Ending.CONFLICT.value: Style.ERROR,
    Ending.WAITING.value: Style.WARNING,
    Ending.SKIPPED.value: Style.INFO,
    Ending.NOT_REACHED.value: Style.WARNING,
}

_DRIFTED = {
    "conflict": Style.ERROR,
    "drift": Style.WARNING,
    "pending": Style.INFO,
    "unread": Style.ERROR,
    "in step": Style.SAFE,
}


@dataclass(frozen=True, slots=True)
class DistrictGroup:
    """How a district stands, and the group that it is counted with."""

    group: str
    standing: str


def plan_tables(review: PlanReview, *, colour: bool) -> tuple[str, ...]:
    """Count a plan of many districts by folder and by wave; nothing for a few."""
    plan = review.plan
    if plan.size <= MANY:
        return ()
    standing = {
        **dict.fromkeys(plan.in_step, IN_STEP),
        **{one.district: NOT_READ for one in plan.failed},
        **{one.district: LEFT_ALONE for one in only_left_alone(plan)},
        **{one.district: TO_CHANGE for one in plan.districts},
    }
    return tuple(_both(review, standing, _PLANNED, Paint(colour)))


def outcome_tables(
    ended: Sequence[DistrictOutcome], review: PlanReview, *, colour: bool
) -> tuple[str, ...]:
    """Count how many districts ended, by folder and by wave; nothing for a few."""
    if len(ended) <= MANY:
        return ()
    standing = {one.district: one.ending.value for one in ended}
    return tuple(_both(review, standing, _ENDED, Paint(colour)))


def drift_tables(
    found: Sequence[DistrictDrift], folder: str, *, colour: bool
) -> tuple[str, ...]:
    """Count how many districts stand, by folder; ``folder`` is what holds them all."""
    if len(found) <= MANY:
        return ()
    stood = [DistrictGroup(_folder(one.file, folder), one.standing) for one in found]
    return tuple(_table("by folder", stood, _DRIFTED, Paint(colour)))


def _both(
    review: PlanReview,
    standing: Mapping[str, str],
    kinds: Mapping[str, Style],
    paint: Paint,
) -> Iterator[str]:
    members = {key: review.member(key) for key in standing}
    by_folder = [
        DistrictGroup(_folder(members[key].file, review.folder), stood)
        for key, stood in standing.items()
    ]
    yield from _table("by folder", by_folder, kinds, paint)
    by_wave = [
        DistrictGroup(members[key].wave, stood)
        for key, stood in standing.items()
        if members[key].wave
    ]
    yield from _table("by wave", by_wave, kinds, paint, order=review.waves)


def _folder(file: str, folder: str) -> str:
    return group_of(file, folder) or f"{folder}/"


def _table(
    title: str,
    stood: Iterable[DistrictGroup],
    kinds: Mapping[str, Style],
    paint: Paint,
    *,
    order: Sequence[str] = (),
) -> Iterator[str]:
    """
    Give a table as one block, the largest group first unless there is an order.

    Nothing where there is one group, or where all is as it should be.
    """
    counts: dict[str, Counter[str]] = {}
    for one in stood:
        counts.setdefault(one.group, Counter())[one.standing] += 1
    found = {standing for count in counts.values() for standing in count}
    if len(counts) > 1 and found != {IN_STEP}:
        names = sorted(counts, key=lambda name: _rank(name, counts[name], order))
        rows = list(_rows(names, counts))
        room = max(columns(text) for text in (title, *(name for name, _ in rows)))
        used = {kind: style for kind, style in kinds.items() if kind in found}
        page = _FleetPage(used, min(room, NAME_ROOM), paint)
        yield "\n".join([page.head(title), *(page.row(*row) for row in rows)])


def _rank(name: str, count: Counter[str], order: Sequence[str]) -> tuple[int, str]:
    return (order.index(name), "") if name in order else (-count.total(), name)


def _rows(
    names: Sequence[str], counts: Mapping[str, Counter[str]]
) -> Iterator[tuple[str, Counter[str]]]:
    # one more is no longer than the line that says that there is one more
    shown = names if len(names) == SHOWN + 1 else names[:SHOWN]
    for name in shown:
        yield name, counts[name]
    rest = names[len(shown) :]
    if rest:
        yield f"… {len(rest):,} more", sum((counts[one] for one in rest), Counter())


@dataclass(frozen=True, slots=True)
class _FleetPage:
    kinds: Mapping[str, Style]
    room: int
    paint: Paint

    def head(self, title: str) -> str:
        kinds = [kind.rjust(NUMBER_ROOM) for kind in self.kinds]
        cells = [pad(title, self.room), *([TOTAL] if self._total else []), *kinds]
        return self.paint(Style.DIM, "  ".join(cells))

    def row(self, name: str, count: Counter[str]) -> str:
        cells = [pad(cut_text(inert(name), self.room), self.room)]
        if self._total:
            cells.append(self._number(count.total(), TOTAL, Style.PLAIN))
        kinds = (
            self._number(count[kind], kind, style) for kind, style in self.kinds.items()
        )
        return "  ".join([*cells, *kinds])

    @property
    def _total(self) -> bool:
        """Say whether a sum tells more than the one number beside it."""
        return len(self.kinds) > 1

    def _number(self, count: int, under: str, style: Style) -> str:
        text = f"{count:,}" if count else NONE
        painted = self.paint(style if count else Style.DIM, text)
        return " " * (max(NUMBER_ROOM, columns(under)) - columns(text)) + painted
