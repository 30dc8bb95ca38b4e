"""What a run records before and after each save, and the interfaces it needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from connectsync.backends.seam import Reader, Writer
from connectsync.domain.district import KeptLabels
from connectsync.domain.outcome import DistrictOutcome, Ending, Event, SaveFacts, Sent
from connectsync.domain.plan import Plan
from connectsync.domain.run import Origin, RecentSaves, Run, RunDistrict, RunHead
from connectsync.domain.settings import SWITCH, Form
from connectsync.providers.form import Value
from connectsync.values import dataclass, field, replace

T = TypeVar("T")


class SaveStatus(StrEnum):
    """
    How a save ended, in one word; what was sent and seen says more.

    One that failed because no answer came may still be found to have been made.
    """

    INTENDED = "intended"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    CONFLICT = "conflict"
    WAITING = "waiting"
    """For a person, who was given the click list and has not said that it is done."""


@dataclass(frozen=True, slots=True)
class Intent:
    """
    One save that is about to be made.

    ``phase`` counts a district's saves from 1. ``before`` and ``after`` are the whole
    form; ``expected_version`` is the live version the save insists on. ``set_token``
    says that the token is typed as well, which no form tells. ``desired`` is what the
    plan wants of the district in the end, and ``kept`` the labels that stay ticked
    though no file knows them.
    """

    district: str
    phase: int
    before: Form
    after: Form
    expected_version: str
    set_token: bool = False
    desired: Form = field(default_factory=dict)
    kept: KeptLabels = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SaveResult:
    """
    What became of a save, as far as was seen.

    ``observed`` is the form as it was read afterward, and ``version`` its live version;
    None where it was not read. ``note`` says in a sentence how that was found out.
    """

    settled: SaveStatus
    sent: Sent
    observed: Form | None = None
    version: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class JournalRow:
    """
    A row of the journal: a save of a run, and what is known of it.

    One that ``is_open`` may still be found to have been made.
    """

    row: int
    run: int
    intent: Intent
    settled: SaveStatus
    facts: SaveFacts
    is_open: bool


@dataclass(slots=True)
class KnownSave:
    """
    A row of the journal, and who made it.

    ``intended`` is what was said of it before it was sent, as JSON data; ``note`` what
    was said as it was settled, at ``settled_at``.
    """

    entry: JournalRow
    intended: Mapping[str, Any]
    runner: str
    intended_at: datetime
    settled_at: datetime | None = None
    note: str = ""

    @property
    def is_made(self) -> bool:
        """Say whether it, or a part of it, was seen on Connect."""
        confirmed = self.entry.settled is SaveStatus.CONFIRMED
        return confirmed or self.entry.facts.changes > 0


@dataclass(slots=True)
class KnownRun:
    """
    A run: its head, its districts in their order, their saves.

    ``begun`` is the entry of its plan and waves, ``at_work`` when it was last taken up;
    ``partial`` says that its plan spoke of a part only of what the files manage,
    ``skipped`` what was left as a person closed it, and how that had ended.
    """

    head: RunHead
    begun: int
    at_work: datetime
    parts: dict[str, RunDistrict]
    partial: bool = False
    saves: dict[str, list[KnownSave]] = field(default_factory=dict)
    skipped: dict[str, Ending | None] = field(default_factory=dict)

    def outcome(self, district: str) -> DistrictOutcome | None:
        """Give how a district ended, counted from its saves; None if it has not."""
        ended = self.parts[district].outcome if district in self.parts else None
        saves = self.saves.get(district)
        if ended is None or not saves:
            return ended
        return replace(
            ended,
            saves=sum(one.is_made for one in saves),
            changes=sum(one.entry.facts.changes for one in saves),
            unproven=saves[-1].entry.facts.unproven,
        )

    @property
    def confirmed(self) -> set[str]:
        """Name the districts on which a save of it was confirmed."""
        saves = (one.entry for some in self.saves.values() for one in some)
        return {s.intent.district for s in saves if s.settled is SaveStatus.CONFIRMED}

    @property
    def undoable(self) -> dict[str, bool]:
        """Give the districts that a rollback looks at, and if a setting was sent."""
        made = {
            key: [s.entry.facts for s in saves if not s.entry.facts.unmade]
            for key, saves in self.saves.items()
        }
        return {
            key: any(facts.changed for facts in some)
            for key, some in made.items()
            if some
        }

    @property
    def unended(self) -> tuple[str, ...]:
        """Name the districts that have not ended, unless the run has."""
        if self.head.ended is not None:
            return ()
        return tuple(key for key, part in self.parts.items() if part.outcome is None)

    def told(self) -> Run:
        """Give it as people read it."""
        head = {name: getattr(self.head, name) for name in RunHead.__slots__}
        parts = self.parts.items()
        ended = (replace(part, outcome=self.outcome(key)) for key, part in parts)
        return Run(**head, parts=tuple(ended))


@dataclass(frozen=True, slots=True)
class SavedSince:
    """What a run left of a setting, and its number."""

    run: int
    value: Value


@dataclass(frozen=True, slots=True)
class Claim:
    """
    The lease of a district, held by this runner for a run.

    ``token`` grows each time the district changes hands: who comes with an old one
    writes nothing any more.
    """

    run: int
    backend: str
    district: str
    token: int


@dataclass(frozen=True, slots=True)
class LeasedElsewhere:
    """A district that another runner works on, for ``seconds`` more at least."""

    district: str
    runner: str
    seconds: float


@dataclass(frozen=True, slots=True)
class RunOptions:
    """
    How a plan is to be made true.

    ``waves`` are pairs of a name and its districts, in order, and hold every district
    of the plan once. ``accepted`` and ``reasons`` are what was said to the guards, and
    ``recent`` is what they knew of the last day; None where no one asks them.
    ``approved_elsewhere`` says that the digest of the plan was given with it, and
    ``launched`` names the districts that are past their launch by their files.
    ``origin`` says who wants it.
    """

    waves: tuple[tuple[str, tuple[str, ...]], ...]
    accepted: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    recent: RecentSaves | None = None
    approved_elsewhere: bool = False
    launched: frozenset[str] = frozenset()
    origin: Origin = field(default_factory=Origin)


@dataclass(frozen=True, slots=True)
class BaselineUpdate:
    """
    What was seen of a district without a save: managed values that are in step.

    ``running`` says that the nightly sync is on, ``launched`` that the district's file
    says that it is past its launch. ``merged`` lays the values over what was known,
    else they take its place. Those of a ``draft`` are of files that may not be what
    runs go by: a branch, or edits that no one reviewed. ``all`` says that they are all
    that the files manage.
    """

    form: Form
    running: bool
    merged: bool = False
    launched: bool = False
    draft: bool = False
    all: bool = False


@dataclass(frozen=True, slots=True)
class FileSays:
    """
    What files want of a district that a plan leaves alone.

    ``known`` gives of a live form what files can say: labels they know alone.
    ``launched`` says that it is past its launch by its file.
    """

    desired: Form
    known: Callable[[Form], Form]
    launched: bool = False

    def seen(self, form: Form) -> BaselineUpdate:
        """Say what such a form proves, where it is all as the files say."""
        held = {name: form[name] for name in self.desired if name in form}
        on, launched = form.get(SWITCH) is True, self.launched
        # what is not managed here may be so where others apply
        return BaselineUpdate(held, on, merged=True, launched=launched, all=True)


InStep = Mapping[str, FileSays]
"""What files say of districts in step, by district."""


class Journal(Protocol):
    """
    Keeps what happens. Every call is on disk before it returns.

    What takes a ``Claim`` raises ``LeaseLost``, with nothing written, once another
    runner holds the district.
    """

    @property
    def lease_seconds(self) -> float:
        """How long a district stays with a runner without a sign of life."""

    def open_run(self, plan: str, backend: str) -> int | None:
        """Give the run of the plan with this digest that has not ended, if any."""

    def begin(
        self, plan: Plan, digest: str, orders: RunOptions, *, at: datetime
    ) -> tuple[int, bool]:
        """
        Open a run, or join the one that is open; say whether it was joined.

        Raises ``Overtaken`` if another run began on districts that the guards did not
        know of: of two that are each small enough only one may be.
        """

    def claim(
        self, run: int, backend: str, district: str, *, at: datetime
    ) -> Claim | LeasedElsewhere | DistrictOutcome:
        """Take a district, or say who has it, or how it ended."""

    def renew(self, claim: Claim) -> None:
        """Give a sign of life."""

    def release(self, claim: Claim) -> None:
        """Let go of a district that was not ended."""

    def entries(self, run: int, district: str) -> tuple[JournalRow, ...]:
        """Give a district's saves in a run, in the order they were intended."""

    def newer(self, claim: Claim) -> Mapping[str, SavedSince]:
        """Give what newer runs last left of each setting they saved on a district."""

    def open_saves(self, backend: str) -> Mapping[str, tuple[JournalRow, ...]]:
        """
        Give the saves that may still be found to have been made, by district.

        The runner may have died, or no answer came: only a later reading tells.
        """

    def intend(self, claim: Claim, intent: Intent, *, at: datetime) -> int:
        """Write down a save before it is made; give the row's number."""

    def settle(
        self, claim: Claim, row: int, result: SaveResult, *, at: datetime
    ) -> None:
        """
        Write down what became of a save.

        What was settled stays so, unless the save may still have been made. Where this
        one was made, nothing that was left open on the district can arrive any more.
        """

    def look(
        self,
        backend: str,
        results: Mapping[int, SaveResult],
        *,
        at: datetime,
    ) -> None:
        """
        Write down what a reading told of open saves, by their rows.

        A district that a runner works on is left to that runner.
        """

    def finish(self, claim: Claim, outcome: DistrictOutcome, *, at: datetime) -> None:
        """
        Write down how a district ended, and let go of it.

        What is known of settings that its files do not manage stays: a clone that is
        behind manages fewer.
        """

    def outcomes(
        self, run: int, district: str | None = None
    ) -> Mapping[str, DistrictOutcome]:
        """Give how districts of a run ended, or one of them, by any runner."""

    def failures(self, run: int, wave: str) -> int:
        """Count the districts of a wave that failed, on any runner."""

    def doubt(self, run: int, district: str, message: str, *, at: datetime) -> None:
        """Take back that a district is done: it was read, and is not as saved."""

    def note(
        self,
        backend: str,
        seen: Mapping[str, BaselineUpdate],
        *,
        at: datetime,
        mark: int | None = None,
    ) -> None:
        """
        Remember what was seen of many districts, as far as it is new.

        ``mark`` is that of before the reading: what was learned since stays.
        """

    def mark(self) -> int:
        """Give how far all is known now: what is read from now on may be older."""

    def stop(self, run: int, why: str, *, at: datetime) -> None:
        """Write down that a runner left a run before its end."""

    def end(self, run: int, *, at: datetime) -> None:
        """Close a run, if no district is left in it."""

    def together(self, changes: Sequence[Callable[[], T]]) -> list[T | BaseException]:
        """
        Make many changes in one commit, each whole or not at all; give what each gave.

        A change calls methods of the journal. Of one that raised, what it raised.
        """


Observe = Callable[[Event], None]
"""Told of everything that happens, as it happens."""


def ignore_event(event: Event) -> None:
    """Watch, and say nothing."""
    del event


Rest = Callable[[int], Awaitable[bool]]
"""Waits before the next try, given the tries so far; False: there is to be none."""


async def never(tried: int) -> bool:
    """Try nothing twice."""
    del tried
    return False


class JournalWriter(Protocol):
    """Writes to a journal; see ``state.ledger.GroupCommits``."""

    async def write(self, change: Callable[[Journal], T]) -> T:
        """Make a change; give what it gave, once it is on disk."""


@dataclass(frozen=True, slots=True)
class RunDeps:
    """
    A way to read and to save, a journal, a clock, and an observer.

    ``rest`` waits before a save is sent again that was seen not to have been made.
    Of districts that were read longer ago than ``max_live_age`` nothing is remembered;
    None sets no limit.
    """

    reader: Reader
    writer: Writer
    journal: Journal
    clock: Callable[[], datetime]
    observe: Observe = ignore_event
    rest: Rest = never
    max_live_age: timedelta | None = None
