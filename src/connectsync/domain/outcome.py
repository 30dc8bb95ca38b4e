"""What happens in a run, and how its saves, its districts and the run itself ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from connectsync.domain.settings import Form, changes_of, is_same, list_differing
from connectsync.providers.form import Risk
from connectsync.values import dataclass


class Sent(StrEnum):
    """
    What became of a save on its way to Connect.

    ``no``: it never left this machine. ``asked``: a person was asked to make it, and
    has not said that it is done. ``refused``: Connect said that it was not made.
    ``unanswered``: it left, or may have left, and no answer came: it may arrive late.
    ``answered``: Connect said that it was made.
    """

    NO = "no"
    ASKED = "asked"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    ANSWERED = "answered"


class Made(StrEnum):
    """What became of one setting of a save, as far as it was seen."""

    MADE = "made"
    NOT_MADE = "not made"
    UNKNOWN = "unknown"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class SaveFacts:
    """
    A save, and what is known of it.

    ``before`` and ``after`` are whole forms. ``sent`` is None while nothing is known;
    ``observed`` is the form as it was read afterward, None where it was not read, and
    ``version`` the live version that it was read at.
    """

    before: Form
    after: Form
    expected_version: str
    set_token: bool = False
    sent: Sent | None = None
    observed: Form | None = None
    version: str | None = None

    @property
    def changed(self) -> tuple[str, ...]:
        """Name the settings that it sends, in form order."""
        return list_differing(self.before, self.after)

    @property
    def made(self) -> Mapping[str, Made]:
        """Say of each setting that it sends what became of it."""
        return {name: self._made(name) for name in self.changed}

    def _made(self, name: str) -> Made:
        if self.sent in {Sent.NO, Sent.REFUSED}:
            return Made.NOT_MADE
        if self.observed is None or name not in self.observed:
            return Made.UNKNOWN
        here = self.observed[name]
        if is_same(name, here, self.after[name]):
            return Made.MADE
        if not is_same(name, here, self.before[name]):
            return Made.DIFFERS
        # what got no answer may arrive late, or was made and put back
        return Made.NOT_MADE if self.sent is Sent.ANSWERED else Made.UNKNOWN

    @property
    def unmade(self) -> bool:
        """Say whether it is proven that Connect did not make any of it."""
        if self.sent in {Sent.NO, Sent.REFUSED}:
            return True
        proven = set(self.made.values()) == {Made.NOT_MADE}
        return proven and not self.set_token

    @property
    def may_arrive(self) -> bool:
        """Say whether it may still be made, or be found to have been made."""
        if self.sent is None:
            return True
        unseen = self.version is None or self.version == self.expected_version
        return self.sent is Sent.UNANSWERED and unseen

    @property
    def changes(self) -> int:
        """Count the changes that were seen to be made, label by label."""
        return sum(
            len(changes_of(name, self.before[name], self.after[name]))
            for name, made in self.made.items()
            if made is Made.MADE
        )

    @property
    def unproven(self) -> int:
        """Count the settings that may have been made, and are not seen as sent."""
        if self.sent in {None, Sent.ASKED}:
            return 0
        return sum(one in {Made.UNKNOWN, Made.DIFFERS} for one in self.made.values())

    @property
    def held(self) -> Form:
        """Give what Connect made of the settings that it is known to have saved."""
        observed = self.observed or {}
        ours = {Made.MADE}
        if self.sent is Sent.ANSWERED:
            # only we and Connect had a hand in what an answer gives
            ours.add(Made.DIFFERS)
        return {
            name: observed[name] for name, made in self.made.items() if made in ours
        }


class Ending(StrEnum):
    """How one district ended; what was skipped or not reached was not touched."""

    DONE = "done"
    FAILED = "failed"
    CONFLICT = "conflict"
    WAITING = "waiting"
    """For a person, who was given the click list and has not said that it is done."""
    SKIPPED = "skipped"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class DistrictOutcome:
    """
    One district's ending.

    ``saves`` and ``changes`` count what was confirmed by reading back; ``message``
    and ``remedy`` say why it is not done. ``unproven`` counts settings that were sent,
    and that Connect does not hold as they were sent, or was not seen to hold.
    """

    district: str
    ending: Ending
    saves: int
    changes: int
    message: str = ""
    remedy: str = ""
    unproven: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    A run's ending.

    ``moved`` are districts that the plan left alone as in step, and that are not any
    more: their files or Connect changed since. ``stopped`` says why the run stopped
    before its end, empty if it did not; ``elsewhere`` counts the districts that other
    runners ended; ``refused`` is how to get in again where Connect refuses us.
    """

    run: int
    districts: tuple[DistrictOutcome, ...]
    moved: tuple[str, ...] = ()
    stopped: str = ""
    elsewhere: int = 0
    refused: str = ""

    def ended(self, ending: Ending) -> tuple[DistrictOutcome, ...]:
        """Give the districts that ended so."""
        return tuple(one for one in self.districts if one.ending is ending)

    @property
    def changes(self) -> int:
        """Count the confirmed changes."""
        return sum(one.changes for one in self.districts)

    @property
    def unproven(self) -> int:
        """Count the settings that were sent, and are not confirmed."""
        return sum(one.unproven for one in self.districts)


class Result(StrEnum):
    """
    What became of a district in one pass.

    One that is ready would be applied, and was not because of the hour, or because
    nothing was to be written. One that is left was not reached.
    """

    IN_STEP = "in step"
    DONE = "done"
    READY = "ready"
    HELD = "held"
    UNREAD = "unread"
    LEFT = "left"
    FAILED = "failed"
    CONFLICT = "conflict"


class ReasonKind(StrEnum):
    """Why something was not applied unattended."""

    DRIFT = "drift"
    CONFLICT = "conflict"
    RISK = "risk"
    GUARD = "guard"
    FILE = "file"
    APPROVAL = "approval"
    ROLLOUT = "rollout"
    ROLLBACK = "rollback"
    UNKNOWN = "unknown"
    HOUR = "hour"
    CONNECT = "connect"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was not applied, in a sentence."""

    why: ReasonKind
    message: str


@dataclass(frozen=True, slots=True)
class DistrictResult:
    """
    What became of one district; ``changes`` counts what was confirmed.

    ``remedy`` is what to do next where its save failed; empty if there is nothing.
    """

    district: str
    file: str
    fate: Result
    reasons: tuple[Reason, ...] = ()
    changes: int = 0
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """
    One pass.

    ``reasons`` are about everything that could have been applied. ``run`` is the
    number of the run that was made, None if there was none.
    """

    at: datetime
    backend: str
    at_most: Risk
    dry_run: bool
    districts: tuple[DistrictResult, ...]
    reasons: tuple[Reason, ...] = ()
    run: int | None = None

    @property
    def counts(self) -> Counter[Result]:
        """Count the districts by what became of them."""
        return Counter(one.fate for one in self.districts)

    @property
    def changes(self) -> int:
        """Count the changes that were confirmed."""
        return sum(one.changes for one in self.districts)

    @property
    def needs_a_person(self) -> bool:
        """Say whether it does not help to wait for the next pass."""
        waits = {Result.HELD, Result.UNREAD, Result.FAILED}
        return bool(waits & self.counts.keys()) or any(
            one.why is not ReasonKind.HOUR for one in self.reasons
        )


@dataclass(frozen=True, slots=True)
class LastSave:
    """
    The last save that connectsync made of a district: its run, and when it was seen.

    ``changes`` says whether that run changed a setting of the district, so that a
    rollback has something to put back; ``rollback_of`` is the run that it took back
    itself. ``districts`` counts all that a rollback of that run looks at.
    """

    run: int
    at: datetime
    changes: bool
    districts: int
    rollback_of: int | None = None


class FirstNightState(StrEnum):
    """What the night after a change proves of it."""

    WAITS = "waits"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNPROVEN = "unproven"
    """No failure is shown, and what is shown is no proof either."""


@dataclass(frozen=True, slots=True)
class FirstNight:
    """
    How a change fared in the night after it, as far as Connect shows nights.

    ``later`` says that the night which is shown is certainly not the first one,
    ``part`` that it failed for some schools alone. ``why`` says what it does not prove,
    where no problem of the district says so.
    """

    save: LastSave
    state: FirstNightState
    later: bool = False
    why: str = ""
    part: bool = False


@dataclass(frozen=True, slots=True)
class RunBegan:
    """A run was begun, or joined by another runner."""

    run: int
    plan: str
    backend: str
    districts: int
    at: datetime
    joined: bool = False


@dataclass(frozen=True, slots=True)
class WaveBegan:
    """The first district of a wave is about to be claimed."""

    run: int
    wave: str
    districts: int
    at: datetime


@dataclass(frozen=True, slots=True)
class DistrictBegan:
    """A runner holds the lease of a district."""

    run: int
    district: str
    wave: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SaveIntended:
    """A save is in the journal, and about to be made."""

    run: int
    district: str
    phase: int
    settings: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class SaveSettled:
    """How a save ended: ``confirmed``, ``failed`` or ``conflict``."""

    run: int
    district: str
    phase: int
    settled: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DistrictEnded:
    """How a district ended on this runner."""

    run: int
    outcome: DistrictOutcome
    at: datetime


@dataclass(frozen=True, slots=True)
class WaveEnded:
    """Every district of a wave has ended, and was read once more."""

    run: int
    wave: str
    failures: int
    at: datetime


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A runner leaves the run; ``stopped`` says why before its end, if so."""

    run: int
    counts: tuple[tuple[Ending, int], ...]
    at: datetime
    stopped: str = ""


Event = (
    RunBegan
    | WaveBegan
    | DistrictBegan
    | SaveIntended
    | SaveSettled
    | DistrictEnded
    | WaveEnded
    | RunEnded
)
