"""What the project allows a plan to do: limits, change windows, waves, shards."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from connectsync.domain.calendar import (
    Calendar,
    CalendarMember,
    Freeze,
    HolidayFile,
    Window,
    calendars_data,
    calendars_of,
    freeze_data,
    freeze_of,
    window_data,
    window_of,
)
from connectsync.providers.form import Risk
from connectsync.values import dataclass, field, replace

WAVES = "waves"
"""The name by which the waves are overridden, with a reason."""

LAST = "rest"
"""The wave of the districts that no wave names."""


@dataclass(frozen=True, slots=True)
class Wave:
    """
    Districts that are saved and verified before the next wave begins.

    A wave holds the districts it lists, those with one of its labels, and as many
    others as make up ``percent`` of all districts of the plan.
    """

    name: str
    districts: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    percent: int = 0


@dataclass(frozen=True, slots=True)
class Rollout:
    """
    The project's waves, in order.

    ``max_failures_percent`` is the share of a wave's districts that may fail before
    the rest is left alone; None never stops.
    """

    waves: tuple[Wave, ...] = ()
    max_failures_percent: int | None = None

    @property
    def goes_by_labels(self) -> bool:
        """Say whether what a district is labeled decides on its wave."""
        return any(wave.labels for wave in self.waves)


def wave_by_district(
    rollout: Rollout, labels: Mapping[str, frozenset[str]]
) -> dict[str, str]:
    """
    Give each district its wave: the first that takes it, else ``LAST``.

    ``labels`` holds every district of the plan. A percentage takes the same districts
    each time, whatever else is in the plan.
    """
    found: dict[str, str] = {}
    for wave in rollout.waves:
        left = [key for key in by_chance(labels) if key not in found]
        named = [key for key in left if _names(wave, key, labels[key])]
        others = [key for key in left if not _names(wave, key, labels[key])]
        room = -(-len(labels) * wave.percent // 100) - len(named)
        found |= dict.fromkeys(named + others[: max(0, room)], wave.name)
    return {key: found.get(key, LAST) for key in labels}


def wave_moved(
    rollout: Rollout, key: str, was: frozenset[str], now: frozenset[str]
) -> Iterator[str]:
    """Tell which other wave takes a district by name once it has other labels."""
    then, there = (
        next((one.name for one in rollout.waves if _names(one, key, labels)), "none")
        for labels in (was, now)
    )
    if then != there:
        yield f"the wave by label was {then}, and is {there}"


def by_chance(keys: Iterable[str]) -> list[str]:
    """Order districts as if by chance, and always alike."""
    from hashlib import sha256  # noqa: PLC0415 - it loads OpenSSL, and most files need no digest

    return sorted(keys, key=lambda key: sha256(key.encode()).digest())


def _names(wave: Wave, key: str, labels: frozenset[str]) -> bool:
    return key in wave.districts or bool(wave.labels & labels)


@dataclass(frozen=True, slots=True)
class Approval:
    """
    Who has to approve a plan's digest before it is applied.

    ``names`` is how many different people, 0 for no one; ``at`` the lowest risk of a
    change from which they are asked.
    """

    names: int = 0
    at: Risk = Risk.SAFE


@dataclass(frozen=True, slots=True)
class ImpactLimit:
    """
    How much a tally of people may move in one district; None: as much as it may.

    A share is in percent of what the tally was before: where that was 0, any increase
    is more than every share.
    """

    max_increase: int | None = None
    max_increase_percent: float | None = None
    max_decrease: int | None = None
    max_decrease_percent: float | None = None

    def broken(self, before: int, after: int) -> str:
        """Spell what a tally that moves so goes beyond; empty where it does not."""
        from fractions import Fraction  # noqa: PLC0415 - no commit hook needs it

        more = after > before
        moved = abs(after - before)
        most = self.max_increase if more else self.max_decrease
        share = self.max_increase_percent if more else self.max_decrease_percent
        sign = "+" if more else "-"
        if most is not None and moved > most:
            return f"{sign}{most:,}"
        # what people write in decimals is compared as they wrote it
        if share is not None and moved * 100 > before * Fraction(str(share)):
            return f"{sign}{share:g} %"
        return ""

    def stricter(self, other: ImpactLimit) -> ImpactLimit:
        """Give the smaller of both figures, each by itself."""
        mine, theirs = self.data(), other.data()
        return ImpactLimit(
            **{
                name: min(one[name] for one in (mine, theirs) if name in one)
                for name in IMPACT_LIMITS
                if name in mine or name in theirs
            }
        )

    def data(self) -> dict[str, Any]:
        """Give the figures that are stated, by name."""
        stated = {name: getattr(self, name) for name in IMPACT_LIMITS}
        return {name: figure for name, figure in stated.items() if figure is not None}


IMPACT_LIMITS = (
    *("max_increase", "max_increase_percent"),
    *("max_decrease", "max_decrease_percent"),
)


def impact_limits_of(data: Mapping[str, Any]) -> dict[str, ImpactLimit]:
    """Read limits by the name of their tally; one that states nothing is none."""
    return {name: ImpactLimit(**stated) for name, stated in data.items() if stated}


def _stricter_impact(
    one: Mapping[str, ImpactLimit], other: Mapping[str, ImpactLimit]
) -> dict[str, ImpactLimit]:
    none = ImpactLimit()
    return {
        name: one.get(name, none).stricter(other.get(name, none))
        for name in dict.fromkeys((*one, *other))
    }


@dataclass(frozen=True, slots=True)
class Policy:
    """
    The guards' figures.

    ``max_percent`` is the share of the whole fleet, not of the plan's scope; the
    figures of a day count the last 24 hours of the journal as well. No windows means
    any hour; nothing is applied while a nightly sync may run. ``unattended`` is the
    greatest risk of a change that is applied unattended. Of each of ``other_windows``
    one has to be open as well: a plan was made under them. ``impact`` limits tallies of
    people on a district's roster, by the name of the tally. ``calendars`` are of some
    districts, ``holidays`` files whose events are freezes of all.
    """

    max_districts: int = 25
    max_percent: int = 50
    max_live_age: timedelta = timedelta(hours=24)
    max_districts_a_day: int = 25
    max_percent_a_day: int = 50
    freezes: tuple[Freeze, ...] = ()
    windows: tuple[Window, ...] = ()
    nightly_syncs: tuple[Window, ...] = ()
    rollout: Rollout = field(default_factory=Rollout)
    approval: Approval = field(default_factory=Approval)
    unattended: Risk = Risk.SAFE
    other_windows: tuple[tuple[Window, ...], ...] = ()
    impact: Mapping[str, ImpactLimit] = field(default_factory=dict)
    calendars: tuple[Calendar, ...] = ()
    holidays: tuple[HolidayFile, ...] = ()

    @property
    def dating(self) -> tuple[Calendar, ...]:
        """What its calendars say of the zone and the rollover of their districts."""
        return tuple(
            replace(one, freezes=(), windows=(), nightly_syncs=(), holidays=())
            for one in self.calendars
            if one.timezone or one.rollover
        )

    @property
    def reads_files(self) -> bool:
        """Say whether it names calendar files."""
        return bool(self.holidays) or any(one.holidays for one in self.calendars)

    def names_districts(self, *, whole: bool) -> bool:
        """Say whether it is to be held against the districts, or all of them."""
        dated = self.freezes or self.windows or self.calendars or self.holidays
        waves = self.rollout.waves
        return any(one.districts or one.labels for one in waves) or bool(
            whole and dated
        )

    def settled(
        self, districts: Iterable[CalendarMember], planned: Collection[str] = ()
    ) -> Policy:
        """Give the policy with the districts of its calendars; see there."""
        if not self.calendars:
            return self
        every = tuple(districts)
        whose = tuple(one.settled(every, planned) for one in self.calendars)
        return replace(self, calendars=tuple(one.of(planned) for one in whose))

    @property
    def all_windows(self) -> tuple[tuple[Window, ...], ...]:
        """The lists of windows of which one each has to be open."""
        return tuple(one for one in (self.windows, *self.other_windows) if one)

    def limits(self) -> Policy:
        """Give the figures and the hours alone, which a plan of a change keeps."""
        usual = Policy()
        return replace(
            self,
            rollout=usual.rollout,
            approval=usual.approval,
            unattended=usual.unattended,
        )

    def stricter(self, other: Policy | None) -> Policy:
        """Give the policy with the stricter of its own and other figures and hours."""
        if other is None:
            return self
        windows = tuple(dict.fromkeys((*self.all_windows, *other.all_windows)))
        return replace(
            self,
            max_districts=min(self.max_districts, other.max_districts),
            max_percent=min(self.max_percent, other.max_percent),
            max_live_age=min(self.max_live_age, other.max_live_age),
            max_districts_a_day=min(
                self.max_districts_a_day, other.max_districts_a_day
            ),
            max_percent_a_day=min(self.max_percent_a_day, other.max_percent_a_day),
            freezes=tuple(dict.fromkeys((*self.freezes, *other.freezes))),
            windows=windows[0] if windows else (),
            nightly_syncs=tuple(
                dict.fromkeys((*self.nightly_syncs, *other.nightly_syncs))
            ),
            other_windows=windows[1:],
            impact=_stricter_impact(self.impact, other.impact),
            calendars=tuple(dict.fromkeys((*self.calendars, *other.calendars))),
        )


def figures_loosened(before: Policy, after: Policy) -> Iterator[str]:
    """Tell what a change lets more of through: figures, approvals, waves, passes."""
    for name in LIMIT_FIGURES:
        was, now = getattr(before, name), getattr(after, name)
        if now > was:
            yield f"guards.{name} was {was:,}, and is {now:,}"
    if after.max_live_age > before.max_live_age:
        ages = [one.max_live_age // timedelta(hours=1) for one in (before, after)]
        yield f"guards.max_live_age_hours was {ages[0]:,}, and is {ages[1]:,}"
    yield from _impact_loosened(before.impact, after.impact)
    order = list(Risk)
    if order.index(after.unattended) > order.index(before.unattended):
        yield f"reconcile.at_most was {before.unattended}, and is {after.unattended}"
    was, now = before.approval, after.approval
    if now.names < was.names:
        yield f"approval.names was {was.names}, and is {now.names}"
    elif was.names and order.index(now.at) > order.index(was.at):
        yield f"approval.at was {was.at}, and is {now.at}"
    yield from _rollout_loosened(before.rollout, after.rollout)


def _impact_loosened(
    before: Mapping[str, ImpactLimit], after: Mapping[str, ImpactLimit]
) -> Iterator[str]:
    for tally, limit in before.items():
        kept = after.get(tally, ImpactLimit()).data()
        for name, most in limit.data().items():
            now = kept.get(name)
            if now is None or now > most:
                told = "gone" if now is None else f"{now:g}"
                yield f"impact.{tally}.{name} was {most:g}, and is {told}"


def _rollout_loosened(before: Rollout, after: Rollout) -> Iterator[str]:
    if before.waves and after.waves != before.waves:
        yield "the waves under `rollout` are others"
    was, now = before.max_failures_percent, after.max_failures_percent
    if was is not None and (now is None or now > was):
        told = "gone" if now is None else now
        yield f"rollout.max_failures_percent was {was}, and is {told}"


LIMIT_FIGURES = (
    *("max_districts", "max_percent"),
    *("max_districts_a_day", "max_percent_a_day"),
)
"""What a plan of a change keeps of counts of districts, by name."""


def limits_data(limits: Policy) -> dict[str, Any]:
    """Give the figures and the hours of a policy as JSON data."""
    figures = {name: getattr(limits, name) for name in LIMIT_FIGURES}
    impact = {name: one.data() for name, one in limits.impact.items()}
    calendars = calendars_data(limits.calendars)
    return (
        figures
        | ({"impact": impact} if impact else {})
        | ({"calendars": calendars} if calendars else {})
        | {
            "max_live_age_hours": limits.max_live_age // timedelta(hours=1),
            "freezes": [freeze_data(freeze) for freeze in limits.freezes],
            "windows": [
                [window_data(one) for one in windows] for windows in limits.all_windows
            ],
            "nightly_sync": [window_data(one) for one in limits.nightly_syncs],
        }
    )


def limits_of(data: Mapping[str, Any]) -> Policy:
    """Read what `limits_data` gave."""
    windows = tuple(tuple(map(window_of, some)) for some in data["windows"])
    return Policy(
        **{name: data[name] for name in LIMIT_FIGURES},
        max_live_age=timedelta(hours=data["max_live_age_hours"]),
        freezes=tuple(map(freeze_of, data["freezes"])),
        windows=windows[0] if windows else (),
        nightly_syncs=tuple(map(window_of, data["nightly_sync"])),
        other_windows=windows[1:],
        impact=impact_limits_of(data.get("impact", {})),
        calendars=calendars_of(data.get("calendars", ())),
    )


MOST = 10_000
"""More shards than anyone has workers: some other number was given by mistake."""

_SPELLED = re.compile(r"([0-9]{1,9})/([0-9]{1,9})", re.ASCII)
_ENTRY = "shard:"


@dataclass(frozen=True, slots=True)
class Shard:
    """
    Shard ``index`` of ``count``, counted from 1.

    Raises ``ValueError``, with a sentence, for a shard that cannot be.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST:
            raise ValueError(f"{self.count} shards cannot be: from 1 to {MOST:,} can")
        if not 1 <= self.index <= self.count:
            raise ValueError(
                f"there is no shard {self.index} of {self.count}: the first is 1,"
                f" the last {self.count}"
            )

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def holds(self, key: str) -> bool:
        """Say whether a district, or any other key, falls into this shard."""
        if self.count == 1:
            return True
        # a file's name may hold bytes that are no text; it has to fall somewhere
        from hashlib import sha256  # noqa: PLC0415 - as above

        digest = sha256(key.encode("utf-8", "surrogateescape")).digest()
        return int.from_bytes(digest, "big") % self.count == self.index - 1

    @property
    def entries(self) -> tuple[str, ...]:
        """Give what the scope of a plan says of it: nothing where it holds all."""
        return (f"{_ENTRY}{self}",) if self.count > 1 else ()


ALL = Shard(1, 1)
"""The one shard that holds every district."""


def shard_of(text: str) -> Shard:
    """Read ``3/8``. Raises ``ValueError`` with a sentence."""
    spelled = _SPELLED.fullmatch(text)
    if spelled is None:
        raise ValueError(f"{text!r} is not a shard and a number of shards, as in 3/8")
    return Shard(int(spelled[1]), int(spelled[2]))


def split_shard(scope: tuple[str, ...]) -> tuple[tuple[str, ...], Shard]:
    """
    Take the scope of a plan apart: what was named, and the shard.

    Only the last entry can be a shard, as `Shard.entries` spells it.
    """
    if scope and scope[-1].startswith(_ENTRY):
        try:
            shard = shard_of(scope[-1].removeprefix(_ENTRY))
        except ValueError:
            return scope, ALL
        if shard.entries == scope[-1:]:
            return scope[:-1], shard
    return scope, ALL
