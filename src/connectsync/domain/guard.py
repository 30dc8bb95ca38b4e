"""What guards say of a plan, and how a person accepts it: by number or by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectsync.domain.finding import Severity


@dataclass(frozen=True, slots=True)
class GuardFinding:
    """
    One thing a guard holds against a plan.

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
    overridden = [f"--override {name}='why'" for name in closing(guards)]
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
