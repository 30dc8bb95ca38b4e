"""Baseline, desired and live compared: who changed which setting."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any

from connectsync.domain.district import Facts
from connectsync.domain.finding import GuardFinding, Severity
from connectsync.domain.policy import Policy
from connectsync.domain.settings import SETTINGS, Form, is_same, value_data, value_of
from connectsync.providers.form import Value
from connectsync.values import dataclass, field


class MovedBy(StrEnum):
    """Who moved a setting away from the baseline."""

    US = "pending"
    THEM = "drift"
    BOTH = "conflict"


@dataclass(frozen=True, slots=True)
class Movement:
    """
    One managed setting that is not the same everywhere.

    ``baseline`` is what we last applied; None where we never did.
    """

    setting: str
    who: MovedBy
    baseline: Value
    desired: Value
    live: Value


def movement_data(movement: Movement) -> dict[str, Any]:
    """Give a movement as JSON data."""
    return {
        "setting": movement.setting,
        "moved": movement.who.value,
        "baseline": value_data(movement.baseline),
        "desired": value_data(movement.desired),
        "live": value_data(movement.live),
    }


def movement_of(data: Mapping[str, Any]) -> Movement:
    """Read what `movement_data` gave."""
    setting = data["setting"]
    return Movement(
        setting=setting,
        who=MovedBy(data["moved"]),
        baseline=value_of(setting, data["baseline"]),
        desired=value_of(setting, data["desired"]),
        live=value_of(setting, data["live"]),
    )


def movements(baseline: Form, desired: Form, live: Form) -> tuple[Movement, ...]:
    """
    Say for each managed setting who moved it, in the form's order.

    A setting we never applied can only be pending: no baseline, no drift. Both sides
    having moved to the same value is in step. What ``live`` does not name is unknown,
    and not compared.
    """
    return tuple(
        Movement(name, who, baseline.get(name), desired[name], live.get(name))
        for name in (setting.name for setting in SETTINGS)
        if name in desired and (who := _who(name, baseline, desired, live)) is not None
    )


def _who(name: str, baseline: Form, desired: Form, live: Form) -> MovedBy | None:
    if name not in live or is_same(name, desired[name], live[name]):
        return None
    if name not in baseline or is_same(name, live[name], baseline[name]):
        return MovedBy.US
    ours = is_same(name, desired[name], baseline[name])
    return MovedBy.THEM if ours else MovedBy.BOTH


@dataclass(frozen=True, slots=True)
class DistrictDrift:
    """
    What moved on one district; no movements and no error: in step.

    ``applied`` says whether we ever applied it: before that, nothing can have
    drifted. ``overdue`` are values that should have returned by now.
    """

    district: str
    file: str
    movements: tuple[Movement, ...] = ()
    applied: bool = False
    error: str = ""
    overdue: tuple[GuardFinding, ...] = ()

    @property
    def is_long_overdue(self) -> bool:
        """Say whether a return is so late that this is an error."""
        return any(one.severity is Severity.ERROR for one in self.overdue)

    @property
    def standing(self) -> str:
        """Give the worst of its movements: conflict, drift, pending or in step."""
        if self.error:
            return "unread"
        return worst_of({move.who for move in self.movements}) or "in step"


def worst_of(moved: set[MovedBy]) -> str:
    """Sum up who moved the settings of one district; empty if no one did."""
    for who in (MovedBy.BOTH, MovedBy.THEM, MovedBy.US):
        if who in moved:
            return "conflict" if moved == {MovedBy.US, MovedBy.THEM} else who.value
    return ""


def adopting(district: str, movements: Iterable[Movement]) -> str:
    """Spell the flags that name each conflict of a district; empty without one."""
    return " ".join(
        f"--adopt-conflict {district}:{move.setting}"
        for move in movements
        if move.who is MovedBy.BOTH
    )


class AdoptionResult(StrEnum):
    """What came of one district."""

    MADE = "made"
    CHANGED = "changed"
    LEFT = "left"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class TakenValue:
    """A value that a file takes over: what it said, and what Connect holds."""

    setting: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class AdoptedDistrict:
    """
    One district as it was adopted.

    ``profile`` is what a new file builds on and ``own`` how many settings it states
    itself; ``open_facts`` and ``open_periods`` count those of the profile that it
    leaves open. ``notes`` say what of the live form no file can say; ``message`` and
    ``remedy`` say why a district is refused.
    """

    district: str
    adoption: AdoptionResult
    file: str = ""
    profile: str = ""
    own: int = 0
    open_facts: int = 0
    open_periods: int = 0
    taken: tuple[TakenValue, ...] = ()
    notes: tuple[str, ...] = ()
    message: str = ""
    remedy: str = ""


CHECKING_RESULTS = 8
"""The setup step after the one that launches the sync (C0)."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """
    The managed values as they were last confirmed, or seen in step, on Connect.

    ``was_running`` remembers whether we ever saw the nightly sync on, ``told`` whether
    its file ever said that it is past its launch; that may be all that is known.
    ``taken`` are values from before a person's change that was taken over in files
    which no run went by yet. ``partly`` says that no plan of all that its file says was
    ever applied, and it was never in step with all of that.
    """

    form: Form = field(default_factory=dict)
    was_running: bool = False
    told: bool = False
    taken: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    partly: bool = False

    @property
    def applied(self) -> bool:
        """Say whether it was ever applied, or seen in step with its file."""
        return bool(self.form)

    def unknown(self, names: Collection[str]) -> tuple[str, ...]:
        """Name the settings that were never applied, where others of it alone were."""
        return tuple(sorted(set(names) - self.form.keys())) if self.partly else ()

    def against(self, desired: Form) -> Form:
        """
        Give the values that files are held against.

        What a person changed, and others took over meanwhile, counts for files that
        want it alone: what any others would do is overwrite that change.
        """
        if not self.taken:
            return self.form
        back = {
            name: next(
                (v for v in values if is_same(name, desired[name], v)), values[0]
            )
            for name, values in self.taken.items()
            if name in desired and not is_same(name, desired[name], self.form[name])
        }
        return {**self.form, **back}


Baselines = Mapping[str, Baseline]
"""Baselines by district; of one that is missing nothing is known."""


def is_launched(facts: Facts, baseline: Baseline | None) -> bool:
    """
    Say whether people of a district were ever reached by its sync, as far as known.

    A district that is past the launch by its facts counts, though its sync is paused
    and nothing of it was ever applied from here.
    """
    known = baseline or Baseline()
    return (
        known.was_running or known.told or (facts.setup_step or 0) >= CHECKING_RESULTS
    )


def drift_of(known: Baseline, desired: Form, live: Form) -> tuple[Movement, ...]:
    """Give what people changed of the settings that would be set."""
    # most districts of a first plan were never applied, and nothing drifts there
    moved = movements(known.against(desired), desired, live) if known.form else ()
    return tuple(move for move in moved if move.who is not MovedBy.US)


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """
    A change to the files, told from the commit before it.

    ``commit`` is spelled in full. ``caused`` holds, by district, the desired values
    that are other ones than at the commit; a district is missing where there are none.
    ``released`` names, by district, the settings that files managed at the commit and
    manage no longer.
    ``gone`` gives the files of districts that had one at the commit, by district;
    ``launched`` are those that were past their launch there, by their own facts.
    ``limits`` are the figures and hours that the project file stated there.
    ``comes_in`` are districts whose file was there and was read as none, ``goes_out``
    those whose file is there and is read as none any longer. ``later`` says, by
    district, which settings have other values on days to come. ``loosened`` tells what
    the project says less strictly of findings.
    """

    commit: str
    caused: Mapping[str, Form]
    released: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gone: Mapping[str, str] = field(default_factory=dict)
    launched: frozenset[str] = frozenset()
    limits: Policy | None = None
    comes_in: tuple[str, ...] = ()
    goes_out: tuple[str, ...] = ()
    later: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    loosened: tuple[str, ...] = ()

    def of(self, district: str) -> Form:
        """Give what the change causes on one district."""
        return self.caused.get(district, {})

    def released_on(self, district: str) -> tuple[str, ...]:
        """Name the settings of one district that files manage no longer."""
        return self.released.get(district, ())


def caused_changes(before: Form, after: Form) -> Form:
    """
    Give the desired values that were others before, or were not managed.

    A setting that is not managed any more is not among them: it is left to the page,
    and ``released`` names it.
    """
    return {
        name: value
        for name, value in after.items()
        if name not in before or not is_same(name, before[name], value)
    }


def released_settings(before: Form, after: Form) -> tuple[str, ...]:
    """Name the settings that were managed before and are not any more."""
    return tuple(name for name in before if name not in after)
