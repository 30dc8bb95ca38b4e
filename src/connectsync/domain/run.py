"""A run as the state store knows it: districts, saves, approvals, audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from connectsync.domain.outcome import DistrictOutcome, Ending, Made
from connectsync.domain.settings import Form, Set
from connectsync.domain.wording import few
from connectsync.providers.form import Value
from connectsync.values import dataclass, field

OPEN_SAVE = "intended"
"""The journal's word for a save of which no one knows yet whether it happened."""


_OVER = frozenset([Ending.DONE, Ending.SKIPPED])


class RunState(StrEnum):
    """How far a run is. One that is open is on its way, or its runner died."""

    OPEN = "open"
    STOPPED = "stopped"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class RunDistrict:
    """A district of a run: its wave, who ended it and how; None while it has not."""

    district: str
    wave: str
    runner: str
    outcome: DistrictOutcome | None
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class RunTally:
    """
    Districts of a run by how they ended; ``left`` have not.

    ``skipped`` were left as they are when the run was closed; ``waiting`` wait for a
    person who saves by hand.
    """

    done: int
    failed: int
    conflict: int
    skipped: int
    left: int
    waiting: int = 0

    @property
    def unfinished(self) -> int:
        """Count the districts that are neither done nor skipped."""
        return self.failed + self.conflict + self.left + self.waiting


def tally_of(endings: Iterable[Ending | None]) -> RunTally:
    """Count districts by how they ended; None: not yet."""
    return tally(Counter(endings))


def tally(counts: Mapping[Ending | None, int]) -> RunTally:
    """Put counts by ending into a tally."""
    return RunTally(
        done=counts.get(Ending.DONE, 0),
        failed=counts.get(Ending.FAILED, 0),
        conflict=counts.get(Ending.CONFLICT, 0),
        skipped=counts.get(Ending.SKIPPED, 0),
        left=counts.get(None, 0),
        waiting=counts.get(Ending.WAITING, 0),
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """
    Who began a run, where and from what, as machine, CI and git say: unchecked.

    ``user`` is the account, ``host`` the machine, ``actor`` whom a CI names as having
    started its ``job``, which is an address; ``pull_request`` is as the CI spells it.
    ``commit`` was checked out, and ``clean`` says whether no file of it was changed.
    Each is empty, or None, where nothing says it.
    """

    user: str = ""
    host: str = ""
    actor: str = ""
    job: str = ""
    pull_request: str = ""
    commit: str = ""
    clean: bool | None = None


def origin_of(data: object) -> Origin:
    """Read an origin from JSON data; what a later version added is left out."""
    members = data if isinstance(data, dict) else {}
    clean = members.get("clean")
    said = {
        name: value
        for name in Origin.__slots__
        if isinstance(value := members.get(name), str)
    }
    return Origin(**said, clean=clean if isinstance(clean, bool) else None)


@dataclass(frozen=True, slots=True)
class RunHead:
    """
    What is known of a run as a whole.

    ``plan`` is the digest of its plan, ``runner`` who began it; ``stopped`` says why
    a runner left it before its end, empty if none did. ``approved_elsewhere`` says
    that the plan's digest was given when it began, as approved by others; ``told_time``
    that some of its times are not the machine's, but those of CONNECTSYNC_NOW.
    ``origin`` is that of who began it, or continued it last.
    """

    number: int
    plan: str
    backend: str
    runner: str
    began: datetime
    ended: datetime | None
    stopped: str
    accepted: Mapping[str, int]
    reasons: Mapping[str, str]
    rollback_of: int | None
    approved_elsewhere: bool
    told_time: bool
    origin: Origin = field(default_factory=Origin)

    @property
    def state(self) -> RunState:
        """Say how far it is."""
        if self.ended is not None:
            return RunState.ENDED
        return RunState.STOPPED if self.stopped else RunState.OPEN

    @property
    def seconds(self) -> float | None:
        """Give the time from its begin to its end; None while it has not ended."""
        return None if self.ended is None else (self.ended - self.began).total_seconds()


@dataclass(frozen=True, slots=True)
class Run(RunHead):
    """A run with all its districts; ``parts`` are in the order of their waves."""

    parts: tuple[RunDistrict, ...] = ()

    @property
    def left(self) -> tuple[str, ...]:
        """Give the districts that someone could go on with."""
        return tuple(
            part.district
            for part in self.parts
            if part.outcome is None or part.outcome.ending not in _OVER
        )

    @property
    def tally(self) -> RunTally:
        """Count its districts by how they ended."""
        return tally_of(
            part.outcome.ending if part.outcome else None for part in self.parts
        )


def superseded(run: Run, newest: Mapping[str, int]) -> dict[str, int]:
    """
    Give the districts left of a run that a newer run planned, and that run.

    ``newest`` is the newest run of each district.
    """
    return {key: newest[key] for key in run.left if newest.get(key, 0) > run.number}


def superseded_text(run: int, by: Mapping[str, int]) -> str:
    """Name a run that was superseded, the districts, and the runs that did it."""
    runs = " and ".join(f"run {number}" for number in sorted(set(by.values())))
    return f"run {run} was superseded by {runs} on {few(sorted(by))}"


def close_command(run: int) -> str:
    """Give the command that ends a run for good, as messages suggest it."""
    return f"`connectsync runs close {run} --reason REASON`"


@dataclass(frozen=True, slots=True)
class RunLine:
    """
    A run in the list of runs.

    ``superseded`` gives the districts left of it that a newer run planned, and that.
    """

    head: RunHead
    tally: RunTally
    superseded: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_unfinished(self) -> bool:
        """Say whether `resume` would look at it."""
        return self.head.ended is None or self.tally.unfinished > 0


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run of a district, its day, and how it ended; empty: not yet."""

    run: int
    at: str
    ending: str


@dataclass(frozen=True, slots=True)
class RunList:
    """The newest runs, newest first, and how many there are in all."""

    lines: tuple[RunLine, ...]
    total: int


@dataclass(frozen=True, slots=True)
class SettingOutcome:
    """What became of one setting of a save, and what Connect held afterward."""

    setting: str
    made: Made
    observed: Value


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """
    One save as the journal tells it.

    ``settled`` is the journal's word: intended, confirmed, failed or conflict.
    ``changes`` are the settings that the save was to change, in the order of the form;
    ``note`` is what was said as it was settled. ``sent`` says what became of it on its
    way, None while nothing is known; ``outcomes`` what was seen of each setting.
    """

    district: str
    phase: int
    settled: str
    changes: tuple[Set, ...]
    set_token: bool
    runner: str
    intended_at: datetime
    settled_at: datetime | None
    note: str
    sent: str | None = None
    outcomes: tuple[SettingOutcome, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """
    What became of a district at one time.

    ``run`` made ``changes`` true at ``at``. None: something else did, a person on
    Connect's page perhaps, at some time after ``after`` and before ``at``; ``after`` is
    None where a save of ours comes first.
    """

    backend: str
    run: RunHead | None
    at: datetime
    changes: tuple[Set, ...]
    after: datetime | None = None
    token_typed: bool = False


@dataclass(frozen=True, slots=True)
class DistrictHistory:
    """What became of a district, by backend and then by time, the oldest first."""

    district: str
    entries: tuple[HistoryEntry, ...]


@dataclass(frozen=True, slots=True)
class NameCheck:
    """
    What a CI or git says of the name that a person gave.

    ``by`` is which of them was asked: empty where none could be, and then the name is
    unchecked. ``named`` is whom it names, where that is another person.
    """

    by: str = ""
    named: str = ""

    @property
    def agrees(self) -> bool:
        """Whether it names the same person."""
        return bool(self.by) and not self.named

    def __str__(self) -> str:
        """Say it in a few words."""
        if not self.by:
            return "unchecked"
        if self.named:
            return f"unchecked: {self.by} names {self.named}"
        return f"checked: {self.by} names the same"


UNCHECKED = NameCheck()


@dataclass(frozen=True, slots=True)
class ApprovalRecord:
    """A person approved a plan; ``check`` is what a CI or git said of the name."""

    name: str
    at: datetime
    check: NameCheck = UNCHECKED


def approval_of(detail: Mapping[str, object], at: datetime) -> ApprovalRecord:
    """Read an approval as the log holds it; older ones were never checked."""
    check = NameCheck(str(detail.get("checked_by", "")), str(detail.get("named", "")))
    return ApprovalRecord(str(detail["name"]), at, check)


@dataclass(frozen=True, slots=True)
class RunHistory:
    """
    All that is written down of a run.

    ``parts`` are the districts that were asked for; ``entries`` are their saves, by
    district, in the order they were intended. ``head`` is the hash at which the audit
    log ends now. ``superseded`` is as in ``RunLine``.
    """

    run: Run
    parts: tuple[RunDistrict, ...]
    entries: Mapping[str, tuple[JournalEntry, ...]]
    approved: tuple[ApprovalRecord, ...]
    head: str
    superseded: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConfirmedSave:
    """A save that was confirmed: its run, its district, the form before and after."""

    run: int
    district: str
    before: Form
    after: Form


@dataclass(frozen=True, slots=True)
class KnownValue:
    """A value that the journal confirms."""

    value: Value


@dataclass(frozen=True, slots=True)
class SettingDiff:
    """A setting after the one run and after the other; None: no save tells it."""

    setting: str
    after_a: KnownValue | None
    after_b: KnownValue | None


@dataclass(frozen=True, slots=True)
class DistrictDiff:
    """
    A district that at least one of two runs saved.

    ``saved_by`` are the numbers of those that did; ``settings`` those that are not the
    same after both, in the order of the form.
    """

    district: str
    saved_by: tuple[int, ...]
    settings: tuple[SettingDiff, ...]


@dataclass(frozen=True, slots=True)
class RunDiff:
    """Two runs on one backend, and every district that they saved, by key."""

    run_a: int
    run_b: int
    backend: str
    districts: tuple[DistrictDiff, ...]

    @property
    def alike(self) -> int:
        """Count the districts that both saved, and that are the same after both."""
        return sum(len(one.saved_by) > 1 and not one.settings for one in self.districts)


@dataclass(frozen=True, slots=True)
class AuditResult:
    """
    An audit log of so many entries that ends with ``head``.

    ``problems`` are sentences on what is not as the log says; none: all is.
    """

    entries: int
    head: str
    problems: tuple[str, ...]


LATELY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class RecentSaves:
    """
    What the journal holds of the last 24 hours on one backend.

    ``districts`` are those with a save that was confirmed, or that may have happened,
    and those that a run began in that time and did not end.
    """

    districts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Approvals:
    """
    Who said yes to a plan so far: ``names``, sorted.

    ``name`` is who says it now; ``new`` that no one of this name had approved yet;
    ``check`` what a CI or git says of that name.
    """

    name: str
    names: tuple[str, ...]
    new: bool
    check: NameCheck = UNCHECKED
