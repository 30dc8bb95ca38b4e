"""Many districts in a few lines: what they share told once, and whom it reaches."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from connectsync.domain.drift import DistrictDrift
from connectsync.domain.outcome import DistrictOutcome, Ending
from connectsync.domain.plan import (
    PEOPLE,
    DistrictPlan,
    NotCounted,
    PeopleTally,
    Plan,
    PlannedChange,
    PlanReview,
    RosterImpact,
    SettingImpact,
    group_of,
    only_left_alone,
)
from connectsync.domain.schedule import Turn
from connectsync.domain.settings import SETTINGS, Set
from connectsync.domain.wording import many, moved_people
from connectsync.providers.form import Risk
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


GroupStanding = tuple[str, str]
"""The group that a district is counted with, and how it stands."""


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
    stood = ((_folder(one.file, folder), one.standing) for one in found)
    return tuple(_table("by folder", stood, _DRIFTED, Paint(colour)))


def _both(
    review: PlanReview,
    standing: Mapping[str, str],
    kinds: Mapping[str, Style],
    paint: Paint,
) -> Iterator[str]:
    members = {key: review.member(key) for key in standing}
    by_folder = (
        (_folder(members[key].file, review.folder), stood)
        for key, stood in standing.items()
    )
    yield from _table("by folder", by_folder, kinds, paint)
    by_wave = (
        (members[key].wave, stood)
        for key, stood in standing.items()
        if members[key].wave
    )
    yield from _table("by wave", by_wave, kinds, paint, order=review.waves)


def _folder(file: str, folder: str) -> str:
    return group_of(file, folder) or f"{folder}/"


def _table(
    title: str,
    stood: Iterable[GroupStanding],
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
    for (group, standing), count in Counter(stood).items():
        counts.setdefault(group, Counter())[standing] = count
    found = {standing for each in counts.values() for standing in each}
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


TOKEN = "the OAuth token is typed"  # noqa: S105 - no token

SharedChange = PlannedChange | str
"""A change that districts may share; a text says that a token is typed."""


def shared_changes(plan: Plan) -> dict[SharedChange, list[str]]:
    """Give every change once, with its districts: by risk, then as on the form."""
    shared: dict[SharedChange, list[str]] = defaultdict(list)
    # equal changes of one plan are mostly one value, and comparing them takes long
    known: dict[int, list[str]] = {}
    for planned in plan.districts:
        for one in planned.changes():
            if id(one) not in known:
                known[id(one)] = shared[one]
            known[id(one)].append(planned.district)
        if planned.set_token:
            shared[token_text(planned)].append(planned.district)
    return {kind: shared[kind] for kind in sorted(shared, key=_gravest_first)}


def shared_turns(turns: Mapping[str, Sequence[Turn]]) -> dict[Turn, list[str]]:
    """Give every turn once, with its districts: by its day, then as on the form."""
    shared: dict[Turn, list[str]] = defaultdict(list)
    for key, each in turns.items():
        for turn in each:
            shared[turn].append(key)
    ordered = sorted(shared, key=lambda one: (one.until, _FORM.get(one.setting, -1)))
    return {turn: shared[turn] for turn in ordered}


VALUES = 4
"""Different new values of a setting from beyond which only the first are told."""

SharedDistricts = tuple[SharedChange, Sequence[str]]


def place_of(kind: SharedChange) -> tuple[str, ...]:
    """Say which setting gets another value, and at what risk; labels are one each."""
    if isinstance(kind, str) or not isinstance(kind.change, Set):
        return ()
    return kind.change.setting, kind.risk.value


def spread_place(
    kind: SharedChange, values: Mapping[tuple[str, ...], int]
) -> tuple[bool, tuple[str, ...]]:
    """Say whether a setting gets very different values, and which one then."""
    several = values[place_of(kind)] > VALUES
    return several, place_of(kind) if several else ()


def effect_and_districts(shared: SharedDistricts) -> tuple[str, tuple[str, ...]]:
    """Give what it does to people, and the districts."""
    kind, keys = shared
    return "" if isinstance(kind, str) else kind.effect, tuple(keys)


def _gravest_first(kind: SharedChange) -> tuple[int, int]:
    """Sort by risk, then as on the form; what ties stays as it was met."""
    if isinstance(kind, str):
        return (len(Risk), 0)
    return (_GRAVITY[kind.risk], _FORM.get(kind.change.setting, -1))


def token_text(planned: DistrictPlan) -> str:
    """Say that a token is typed, and where it is taken from."""
    whose = f"the OAuth token of {planned.token} is typed"
    return whose if planned.token else TOKEN


_GRAVITY = {Risk.DISRUPTIVE: 0, Risk.CAUTION: 1, Risk.SAFE: 2}
_FORM = {setting.name: place for place, setting in enumerate(SETTINGS)}

Moves = list[tuple[str, str]]
"""What is counted, and how it moves: ``("guardians created", "39 → 29 (-10, …)")``."""

NO_MOVE = "no change in whom it reaches"
UNTOLD = "the roster does not tell whom this reaches"

_WIDEST = max(map(len, PEOPLE.values()))


def moves_of(pairs: Sequence[tuple[PeopleTally, PeopleTally]]) -> Moves:
    """Give the tallies that move, each summed over what is known on both sides."""
    moves: Moves = []
    for name, words in PEOPLE.items():
        known = [
            both
            for old, new in pairs
            if None not in (both := (getattr(old, name), getattr(new, name)))
        ]
        before, after = (sum(both[side] for both in known) for side in (0, 1))
        if before != after:
            moves.append((words, moved_people(before, after)))
    return moves


def told_moves(pairs: Sequence[tuple[PeopleTally, PeopleTally]]) -> Moves:
    """Give what moves, or in its place that nothing does or that it is not known."""
    unknown = all(None in (old.created, new.created) for old, new in pairs)
    return moves_of(pairs) or [(UNTOLD if unknown else NO_MOVE, "")]


def _lines(pairs: Sequence[tuple[PeopleTally, PeopleTally]]) -> Iterator[str]:
    for words, moved in told_moves(pairs):
        yield f"{words:<{_WIDEST}}  {moved}".rstrip()


def change_lines(
    planned: DistrictPlan, changes: Sequence[PlannedChange]
) -> Iterator[str]:
    """Give lines to stand below changes: of each setting that is whole with them."""
    for told in _whole_with(planned, changes):
        yield from _lines([(told.before, told.after)])


def _whole_with(
    planned: DistrictPlan, changes: Collection[SharedChange]
) -> Iterator[SettingImpact]:
    """Give what settings do whose last change is one of these."""
    if isinstance(planned.impact, RosterImpact):
        last = {one.change.setting: one for one in planned.changes()}
        for told in planned.impact.settings:
            if last.get(told.setting) in changes:
                yield told


class SharedImpact:
    """What changes that districts share do on the rosters that were counted."""

    def __init__(self, plan: Plan) -> None:
        self._counted = {
            one.district: one
            for one in plan.districts
            if isinstance(one.impact, RosterImpact)
        }

    def lines(
        self, changes: Collection[SharedChange], keys: Sequence[str]
    ) -> Iterator[str]:
        """Give lines to stand below changes of some districts: all they do together."""
        pairs: dict[str, list[tuple[PeopleTally, PeopleTally]]] = {}
        for planned in filter(
            None, map(self._counted.get, keys if self._counted else ())
        ):
            for told in _whole_with(planned, changes):
                both = (told.before, told.after)
                pairs.setdefault(told.setting, []).append(both)
        for each in pairs.values():
            yield from _lines(each)


def roster_lines(planned: DistrictPlan) -> Iterator[str]:
    """Say which roster was counted, and what several settings do in all."""
    impact = planned.impact
    if impact is not None:
        yield roster_text(impact)
    if isinstance(impact, RosterImpact) and len(impact.settings) > 1:
        yield "in all:"
        yield from (f"  {one}" for one in _lines([(impact.before, impact.after)]))


def roster_text(impact: RosterImpact | NotCounted) -> str:
    """Say which roster was counted and how large it is, or why none was."""
    if isinstance(impact, NotCounted):
        return f"not counted whom this reaches: {impact.why}"
    people = many(impact.before.students, "student")
    size = f"{people}, {many(impact.contacts, 'contact')}"
    return f"counted on its roster: {impact.source}, {size}"


def impact_rows(plan: Plan) -> list[tuple[str, str, str]]:
    """Give district, setting and what moves: a row a setting, and one for the whole."""
    rows = []
    for one in plan.districts:
        key, impact = one.district, one.impact
        if isinstance(impact, NotCounted):
            rows.append((key, "", roster_text(impact)))
        if isinstance(impact, RosterImpact):
            steps = [(told.setting, [told]) for told in impact.settings]
            if len(steps) > 1:
                steps.append(("in all", [*impact.settings]))
            for setting, told in steps:
                moves = told_moves([(told[0].before, told[-1].after)])
                said = "; ".join(f"{words} {moved}".rstrip() for words, moved in moves)
                rows.append((key, setting, said))
    return rows


def total_lines(plan: Plan) -> Iterator[str]:
    """Say what a plan does on all rosters that were counted, and how many were not."""
    pairs, left = total_of(plan)
    if pairs:
        yield "on its roster:" if len(pairs) == 1 else f"on {len(pairs):,} rosters:"
        yield from (f"  {line}" for line in _lines(pairs))
    if left:
        yield left_text(left)


def total_of(plan: Plan) -> tuple[list[tuple[PeopleTally, PeopleTally]], int]:
    """Give both sides of each roster that was counted, and how many were not."""
    impacts = [one.impact for one in plan.districts if one.impact is not None]
    pairs = [
        (one.before, one.after) for one in impacts if isinstance(one, RosterImpact)
    ]
    return pairs, len(impacts) - len(pairs)


def left_text(left: int) -> str:
    """Say in how many districts no one counted."""
    return f"not counted whom it reaches in {many(left, 'district')}"


ALIKE = 3
"""Districts from which on changes that all of them share are told once."""

SCREEN = 40
"""Lines that one sees at once: what is longer is told by equal changes."""


def shorter(plan: Plan, alone: Sequence[str], shared: list[str]) -> list[str]:
    """
    Choose how a few districts are told: each ``alone``, or by changes they ``share``.

    What only stands with its district, as numbers of people do, is never left out.
    """
    count = len(plan.districts)
    if any(one.turns or one.impact or one.set_token for one in plan.districts):
        return [*alone]
    kinds = shared_changes(plan).values()
    if count >= ALIKE and all(len(keys) == count for keys in kinds):
        return shared
    lines = [sum(block.count("\n") + 2 for block in one) for one in (alone, shared)]
    return shared if SCREEN < lines[0] > lines[1] else [*alone]
