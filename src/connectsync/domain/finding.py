"""What rules say of files and guards of plans; how a person accepts a guard."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from enum import StrEnum
from itertools import groupby, islice
from operator import itemgetter, lt
from pathlib import PurePosixPath
from typing import Any

from connectsync.values import dataclass, replace

KeyPath = tuple[str | int, ...]
"""Keys and positions from the top of a document to a value."""


class Severity(StrEnum):
    """How bad a finding is: it blocks, it warns, or it informs."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Give 0 for the worst."""
        return _RANKS[self.value]


_RANKS = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Problem:
    """
    What a rule yields: a path into the district and a sentence.

    ``on_key`` points at the key of the path instead of its value. ``stands_for`` is
    more than 1 for what only counts others. ``day`` is when it will be so, where that
    is not today.
    """

    path: KeyPath
    message: str
    hint: str = ""
    on_key: bool = False
    stands_for: int = 1
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where in a file: one-based line and column, end column exclusive.

    ``text`` is the offending source, used for the fingerprint; ``line_text`` is the
    whole line, for the frame.
    """

    file: str
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1
    text: str = ""
    line_text: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One mistake: which rule, how bad, what, where, and what next.

    ``districts`` lists the districts it reaches when it stands in a shared layer.
    ``repeat`` counts those before it that only their order tells from it.
    ``stands_for`` is more than 1 for what only counts the mistakes behind a limit.
    ``day`` is when it will be so, where that is not today.
    """

    rule: str
    severity: Severity
    message: str
    place: Place
    path: KeyPath = ()
    hint: str = ""
    districts: tuple[str, ...] = ()
    repeat: int = 0
    stands_for: int = 1
    day: date | None = None

    @property
    def fingerprint(self) -> str:
        """
        Name it for programs that follow it from one report to the next.

        It rests on the rule, the file's path as given, the pointer and the offending
        text, not on lines: text that moves keeps it. Few formats tell it, so it is
        reckoned where it is asked for.
        """
        return _digest(_identity(self), self.repeat)


def pointer(path: KeyPath) -> str:
    """Spell a path as people write it: ``settings.contact_types[1]``."""
    spelled = ""
    for part in path:
        spelled += f"[{part}]" if isinstance(part, int) else f".{part}"
    return spelled.removeprefix(".")


def order(finding: Finding) -> tuple[str, int, int, int, str, str]:
    """Give the key that sorts findings: by file, place, severity, rule."""
    place = finding.place
    return (
        place.file,
        place.line,
        place.column,
        finding.severity.rank,
        finding.rule,
        finding.message,
    )


LENGTH = 16
"""Hexadecimal digits of a fingerprint: 64 bits, ample for a fleet's findings."""

_Identity = tuple[str, str, str, str]


def with_fingerprints(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """
    Give the findings in order, each with a fingerprint of its own.

    Findings that agree in all that it rests on are told apart by a counter, in order.
    """
    found = _sort(findings, _rank)
    alone = Counter(one.place.file for one in found)
    odd = any(_spell_file(file) != file for file in alone)
    seen: Counter[_Identity] = Counter()
    for at, one in enumerate(found):
        repeat = 0
        # what it rests on names the file
        if odd or alone[one.place.file] > 1:
            identity = _identity(one)
            repeat = seen[identity]
            seen[identity] += 1
        if repeat != one.repeat:
            found[at] = replace(one, repeat=repeat)
    return tuple(found)


def _sort(
    findings: Iterable[Finding], rank: Callable[[Finding], tuple[Any, ...]]
) -> list[Finding]:
    """Sort by place, and only those in one place by all of their rank: it is slow."""
    found = list(findings)
    spots = list(map(_spot, found))
    if all(map(lt, spots, islice(spots, 1, None))):
        return found
    # the position is the smaller one before two findings would be compared
    placed = sorted(zip(spots, range(len(found)), found, strict=True))
    result: list[Finding] = []
    for _, group in groupby(placed, itemgetter(0)):
        together = [one for _, _, one in group]
        result += sorted(together, key=rank) if len(together) > 1 else together
    return result


def _spot(finding: Finding) -> tuple[str, int, int]:
    place = finding.place
    return place.file, place.line, place.column


_Rank = tuple[
    tuple[str, int, int, int, str, str],
    _Identity,
    str,
    tuple[str, ...],
    tuple[int, int, str],
]


def _rank(finding: Finding) -> _Rank:
    # Whatever may differ decides, so that repeats are counted in one order always.
    place = finding.place
    return (
        order(finding),
        _identity(finding),
        finding.hint,
        finding.districts,
        (place.end_line, place.end_column, place.line_text),
    )


def _identity(finding: Finding) -> _Identity:
    place = finding.place
    return (
        finding.rule,
        _spell_file(place.file),
        pointer(finding.path),
        " ".join(place.text.split()),
    )


def _spell_file(file: str) -> str:
    if "//" in file or "/." in file or file[:1] == "." or file[-1:] in {"", "/"}:
        return PurePosixPath(file).as_posix()
    return file


def _digest(identity: _Identity, repeat: int) -> str:
    # JSON keeps the parts apart whatever they hold, lone surrogates included.
    spelled = json.dumps([*identity, repeat]).encode("ascii")
    from hashlib import sha256  # noqa: PLC0415 - it loads OpenSSL, and most files need no digest

    return sha256(spelled).hexdigest()[:LENGTH]


@dataclass(frozen=True, slots=True)
class AllowedFinding:
    """A finding that a district accepts, with its reason and its last day."""

    finding: Finding
    reason: str
    until: date


QUIET = ("info", "off", "known")
"""What stops nothing: notes, rules turned off, and what is in the baseline."""


@dataclass(frozen=True, slots=True)
class TurnedOff:
    """A finding of a rule that the project file turns off there, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """
    The outcome of one validation.

    ``files`` counts the files that were read, those without findings included.
    ``findings`` are the ones that stand; ``allowed`` are reported, never counted
    among them, as are those that the project turns off or puts off: ``known`` are in
    the baseline of findings.
    """

    files: int
    findings: tuple[Finding, ...] = ()
    allowed: tuple[AllowedFinding, ...] = ()
    turned_off: tuple[TurnedOff, ...] = ()
    known: tuple[Finding, ...] = ()

    def ordered(self) -> tuple[Finding, ...]:
        """Give the findings in the order of every report: the same for the same set."""
        return tuple(_sort(self.findings, _severity_rank))

    def ordered_allowed(self) -> tuple[AllowedFinding, ...]:
        """Give the allowed findings in the order of every report."""
        return tuple(
            sorted(
                self.allowed,
                key=lambda each: (
                    _severity_rank(each.finding),
                    each.until,
                    each.reason,
                ),
            )
        )

    def count(self, severity: Severity) -> int:
        """Count the findings of one severity, those behind a limit included."""
        return sum(
            finding.stands_for
            for finding in self.findings
            if finding.severity is severity
        )

    @property
    def errors(self) -> int:
        """How many findings block."""
        return self.count(Severity.ERROR)

    @property
    def warnings(self) -> int:
        """How many findings warn."""
        return self.count(Severity.WARNING)

    @property
    def infos(self) -> int:
        """How many findings inform."""
        return self.count(Severity.INFO)


def _severity_rank(
    finding: Finding,
) -> tuple[tuple[str, int, int, int, str, str], str, str]:
    # Beyond the usual order: two findings may say the same of one place.
    return (order(finding), pointer(finding.path), finding.fingerprint)


@dataclass(frozen=True, slots=True)
class RulePage:
    """
    What `explain` and the reference show of a rule.

    ``subject`` is what it looks at: ``file``, ``district``, ``fleet`` or ``plan``.
    ``bad`` and ``good`` are YAML; ``source`` is a key of the list of sources and
    ``inferred`` says that no page states the claim. ``accept`` is the flag by which a
    guard that stops a plan is accepted; empty where nothing has to be.
    """

    name: str
    severity: Severity
    subject: str
    summary: str
    why: str
    bad: str
    good: str
    source: str
    inferred: bool
    allowable: bool
    accept: str = ""


@dataclass(frozen=True, slots=True)
class Described:
    """
    What `explain settings.phone_types` shows of a key.

    ``path`` is the pointer as people write it, ``title`` the name of the control on
    Connect's page or of the key, ``description`` prose in paragraphs. ``kind`` is what
    sort of value it takes, in words (``a list of labels``); ``labels`` are the values
    it may take, empty where any will do or where they are not published. ``default``
    is what absence means, spelled as YAML, None where nothing is assumed;
    ``examples`` are YAML values.
    """

    path: str
    title: str
    description: str
    kind: str
    labels: tuple[str, ...] = ()
    default: str | None = None
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GuardFinding:
    """
    One objection of a guard to a plan.

    Errors stop `apply` until they are accepted: ``accept`` is the name to accept
    them by and ``count`` how much of it this finding is. What is about the hour is
    not counted but overridden, with a reason: ``needs_reason``. What the plan itself
    puts right counts 0, and stops nothing.
    """

    rule: str
    severity: Severity
    message: str
    hint: str = ""
    district: str = ""
    accept: str = ""
    count: int = 1
    needs_reason: bool = False

    @property
    def stops(self) -> bool:
        """Say whether a plan is not applied until this is accepted or overridden."""
        counts = self.needs_reason or self.count > 0
        return self.severity is Severity.ERROR and counts


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
        if guard.stops and not guard.needs_reason:
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


_DIGITS = 12
"""Digits of a digest by which a line names its plan."""

_NAME = re.compile(r"[a-z-]{1,60}")


def acceptance_lines(guards: Iterable[GuardFinding], digest: str) -> tuple[str, ...]:
    """
    Give the lines by which a reviewer accepts what guards count in just this plan.

    The jobs that apply a merged plan look for them; they name it by its digest. A plan
    may come from elsewhere: what is no name of a guard is left out.
    """
    plan = digest.removeprefix("sha256:")[:_DIGITS]
    return tuple(
        f"Connectsync-Accept: {name}={count} of {plan}"
        for name, count in needed(guards).items()
        if _NAME.fullmatch(name)
    )


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
