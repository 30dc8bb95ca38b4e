"""What guards say of a plan, and how a person accepts it: by number or by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from connectsync.domain.finding import Severity
from connectsync.domain.settings import Form, is_same


@dataclass(frozen=True, slots=True)
class GuardFinding:
    """
    One objection of a guard to a plan.

    Errors stop `apply` until they are accepted: ``accept`` is the name to accept
    them by and ``count`` how much of it this finding is. What is about the hour is
    not counted but overridden, with a reason: ``needs_reason``.
    """

    rule: str
    severity: Severity
    message: str
    hint: str = ""
    district: str = ""
    accept: str = ""
    count: int = 1
    needs_reason: bool = False


@dataclass(frozen=True, slots=True)
class Unaccepted:
    """A name whose number was not given, or given wrong; ``given`` None: not given."""

    name: str
    needed: int
    given: int | None


def needed(guards: Iterable[GuardFinding]) -> dict[str, int]:
    """Count what would have to be accepted by number, by name, sorted."""
    counts: Counter[str] = Counter()
    for guard in guards:
        if guard.severity is Severity.ERROR and not guard.needs_reason:
            counts[guard.accept] += guard.count
    return dict(sorted(counts.items()))


def closing(guards: Iterable[GuardFinding]) -> tuple[str, ...]:
    """Name what would have to be overridden with a reason, sorted."""
    stopping = (guard for guard in guards if guard.severity is Severity.ERROR)
    return tuple(sorted({guard.accept for guard in stopping if guard.needs_reason}))


def acceptance(guards: Iterable[GuardFinding]) -> str:
    """Spell the flags that would accept everything; empty where nothing has to be."""
    guards = tuple(guards)
    counted = [f"--accept {name}={count}" for name, count in needed(guards).items()]
    overridden = [f"--override {name}=REASON" for name in closing(guards)]
    return " ".join(counted + overridden)


def unaccepted(
    guards: Iterable[GuardFinding], accepted: Mapping[str, int]
) -> tuple[Unaccepted, ...]:
    """
    Compare what is needed with what was accepted; a wrong number is not accepted.

    Accepting what does not occur is wrong too: the reviewer saw another plan.
    """
    counts = needed(guards)
    names = sorted(counts.keys() | accepted.keys())
    return tuple(
        Unaccepted(name, counts.get(name, 0), accepted.get(name))
        for name in names
        if counts.get(name, 0) != accepted.get(name)
    )


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
    """

    commit: str
    caused: Mapping[str, Form]
    released: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gone: Mapping[str, str] = field(default_factory=dict)
    launched: frozenset[str] = frozenset()

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
