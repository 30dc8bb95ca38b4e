"""Last night's sync: what Connect and the roster's provider show, and what it means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from connectsync.domain.foreign_text import foreign_text
from connectsync.domain.outcome import FirstNight, FirstNightState, LastSave
from connectsync.domain.settings import BY_NAME, SWITCH
from connectsync.domain.wording import few, many
from connectsync.values import dataclass


class SyncEnding(StrEnum):
    """How a nightly sync ended, as far as its words tell."""

    SUCCESS = "success"
    THRESHOLD = "threshold"
    CREDENTIALS = "wrong credentials"
    SCHOOLS = "schools not found"
    FAILED = "failed"
    """It failed for another reason, or for none that is told."""
    OTHER = "other"
    """Words that are published nowhere: neither a success nor a failure."""
    NONE = "none"
    """No sync is shown."""


SCHOOL_ENDINGS = tuple(one for one in SyncEnding if one is not SyncEnding.NONE)
"""How a sync can end for a school that is shown."""


_REASONS = {
    "threshold": SyncEnding.THRESHOLD,
    "credential": SyncEnding.CREDENTIALS,
    "school": SyncEnding.SCHOOLS,
}
"""The reasons that are published (T2); their spelling on the page is not."""


def ending_of(shown: str) -> SyncEnding:
    """Say how a sync ended, by the page's words for its status."""
    words = shown.strip().casefold()
    if not words:
        return SyncEnding.NONE
    if words == SyncEnding.SUCCESS:
        return SyncEnding.SUCCESS
    if "fail" not in words:
        return SyncEnding.OTHER
    reasons = (ending for word, ending in _REASONS.items() if word in words)
    return next(reasons, SyncEnding.FAILED)


@dataclass(frozen=True, slots=True)
class SchoolOutcome:
    """
    What is shown of the last nightly sync for one school.

    ``school`` is its name and ``shown`` its status, both in the page's own words;
    ``tried_to_archive`` is a percentage, None where it is not shown.
    """

    school: str
    shown: str
    tried_to_archive: float | None = None

    @property
    def ending(self) -> SyncEnding:
        """Say how it ended for this school."""
        return ending_of(self.shown)

    @property
    def told(self) -> str:
        """Tell it in a few words."""
        tried = ""
        if self.tried_to_archive is not None:
            tried = f", tried to archive {spell_percent(self.tried_to_archive)}"
        return f"{foreign_text(self.school)}: {foreign_text(self.shown)}{tried}"


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """
    The last nightly sync of a district, as *SIS Rostering* shows it.

    ``shown`` is its status in the page's own words, empty where no sync is shown;
    ``at`` has a zone. ``tried_to_archive`` is the percentage *Tried to Archive*. Both
    are None where they are not shown. ``schools`` are those that are shown, in the
    order of the page: where there is none, nothing is known of any.
    """

    shown: str
    at: datetime | None = None
    tried_to_archive: float | None = None
    schools: tuple[SchoolOutcome, ...] = ()

    @property
    def ending(self) -> SyncEnding:
        """Say how it ended."""
        return ending_of(self.shown)

    @property
    def failed_schools(self) -> tuple[SchoolOutcome, ...]:
        """Give the schools for which it failed."""
        return tuple(one for one in self.schools if one.ending in _FAILURES)


NO_SYNC = SyncOutcome("")


@dataclass(frozen=True, slots=True)
class RosterState:
    """
    What the provider says of a district's roster.

    ``unknown`` says in a sentence why it could not be asked; then the rest is empty.
    ``longest`` is the age from which a roster is old. ``strange`` is the provider's own
    word for a district that is neither running nor paused, empty where it is either.
    """

    longest: timedelta
    paused: bool = False
    strange: str = ""
    pause_start: datetime | None = None
    pause_end: datetime | None = None
    last_sync: datetime | None = None
    unknown: str = ""

    def is_old(self, now: datetime) -> bool:
        """Say whether the roster was not renewed for long."""
        return self.last_sync is None or now - self.last_sync > self.longest


CLOCKS_APART = timedelta(minutes=5)
"""By so much Connect's clock may differ from that of the machine that saved."""

A_NIGHT = timedelta(days=1)
"""Within this time of a save there is one night."""

NEW = timedelta(days=7)
"""For so long a night tells of the last change; Connect shows only the last night."""


class ProblemKind(StrEnum):
    """What is wrong with a night; the worst first."""

    FAILED = "failed"
    UNCLEAR = "unclear"
    STALE = "stale"
    PAUSED = "paused"
    OLD_ROSTER = "old roster"
    UNREAD = "unread"


FINE, OFF, UNKNOWN = "fine", "off", "unknown"
"""What a district is called of which no problem is known."""


@dataclass(frozen=True, slots=True)
class SyncProblem:
    """One thing that is wrong, in a sentence, and what to do next."""

    kind: ProblemKind
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class DistrictStatus:
    """
    A district's last night.

    ``outcome`` is None where it is not known; then a problem says why, or the whole
    report does. ``off`` says that its file keeps the daily sync off, so that nothing
    is expected of the night. ``roster`` is None where no one was asked.
    ``first_night`` is None where no change of ours is new, or no night is known.
    """

    district: str
    name: str
    outcome: SyncOutcome | None = None
    roster: RosterState | None = None
    off: bool = False
    problems: tuple[SyncProblem, ...] = ()
    first_night: FirstNight | None = None

    @property
    def verdict(self) -> str:
        """Say in a word how it stands: by the worst of its problems."""
        if kinds := [problem.kind for problem in self.problems]:
            return min(kinds, key=list(ProblemKind).index).value
        if self.off:
            return OFF
        return UNKNOWN if self.outcome is None else FINE


@dataclass(frozen=True, slots=True)
class StatusReport:
    """
    The last night of some districts, by key.

    ``not_offered`` says in a sentence that this way to Connect shows no sync;
    ``provider`` names who was asked about rosters, if anyone was.
    """

    backend: str
    at: datetime
    stale_after: timedelta
    districts: tuple[DistrictStatus, ...]
    not_offered: str = ""
    provider: str = ""

    @property
    def is_fine(self) -> bool:
        """Say whether no night failed, is stale or rests on a paused roster."""
        return not any(one.problems for one in self.districts)


@dataclass(frozen=True, slots=True)
class Night:
    """
    What is known of a district's last night, for judging it.

    ``on`` is what its file says of the daily sync, None where it says nothing;
    ``saved`` is None where connectsync never saved it.
    """

    district: str
    outcome: SyncOutcome | None
    roster: RosterState | None
    on: bool | None
    now: datetime
    stale_after: timedelta
    saved: LastSave | None = None

    def judge(self) -> tuple[SyncProblem, ...]:
        """Say what is wrong with it; nothing is where the sync is kept off."""
        kept_off = self.on is False
        return () if kept_off else (*self._of_connect(), *self._of_roster())

    def first(self) -> FirstNight | None:
        """Say what the night proves of the last change, if that is new."""
        seen, saved = self.outcome, self.saved
        if seen is None or saved is None or self.on is False:
            return None
        if seen.ending is SyncEnding.NONE:
            return FirstNight(saved, FirstNightState.WAITS)
        if seen.at is None:
            why = "Connect does not say when the sync ran"
            return FirstNight(saved, FirstNightState.UNPROVEN, why=why)
        after = seen.at - saved.at
        # of two clocks no one knows which is right: a doubtful night is none yet
        if after <= CLOCKS_APART:
            return FirstNight(saved, FirstNightState.WAITS)
        if after > NEW:
            return None
        part = bool(seen.failed_schools) and seen.ending not in _FAILURES
        later = after > A_NIGHT
        return FirstNight(saved, self._proof(seen), later=later, part=part)

    def _proof(self, seen: SyncOutcome) -> FirstNightState:
        if seen.ending in _FAILURES or seen.failed_schools:
            return FirstNightState.FAILED
        if {seen.ending, *(one.ending for one in seen.schools)} != {SyncEnding.SUCCESS}:
            return FirstNightState.UNPROVEN
        roster = self.roster
        if roster is None or not (
            roster.unknown or roster.paused or roster.strange or roster.is_old(self.now)
        ):
            return FirstNightState.SUCCEEDED
        return FirstNightState.UNPROVEN

    def _of_connect(self) -> Iterator[SyncProblem]:
        seen = self.outcome
        if seen is None:
            return
        match seen.ending:
            case SyncEnding.SUCCESS:
                pass
            case SyncEnding.NONE:
                if self.on:
                    yield _never()
            case SyncEnding.OTHER:
                yield SyncProblem(
                    ProblemKind.UNCLEAR,
                    f"Connect says {foreign_text(seen.shown)!r}: it is published"
                    " nowhere whether that is a success",
                    "look at SIS Rostering on Connect",
                )
            case _:
                yield _failed(seen, self.district)
        yield from _of_schools(seen)
        if seen.at is not None and self.now - seen.at > self.stale_after:
            yield _stale(self.now - seen.at, self.stale_after)

    def _of_roster(self) -> Iterator[SyncProblem]:
        roster = self.roster
        if roster is None:
            return
        well = self.outcome is not None and self.outcome.ending is SyncEnding.SUCCESS
        if roster.unknown:
            yield SyncProblem(
                ProblemKind.UNREAD,
                f"Clever did not say how old the roster is: {roster.unknown}",
                "`connectsync doctor` asks Clever about each token",
            )
        elif roster.paused:
            span = pause_span(roster)
            yield SyncProblem(
                ProblemKind.PAUSED,
                f"paused at Clever{span}"
                + (": this success is one over a paused roster" if well else ""),
                "roster changes do not reach Connect until Clever resumes; ask the"
                " district whether it is meant",
            )
        elif roster.strange:
            yield SyncProblem(
                ProblemKind.UNCLEAR,
                f"Clever calls the district {foreign_text(roster.strange)!r}"
                + ("; this success may be one over an old roster" if well else ""),
                "look at its status in Clever: changes of the roster may not get"
                " through to Connect meanwhile",
            )
        if not (roster.unknown or roster.paused) and roster.is_old(self.now):
            when = f"{roster.last_sync:%Y-%m-%d}" if roster.last_sync else "never"
            yield SyncProblem(
                ProblemKind.OLD_ROSTER,
                f"the roster was last renewed at Clever: {when}"
                + ("; this success is one over an old roster" if well else ""),
                "ask whether the district's SIS still delivers to Clever, and whether"
                " Clever holds the roster back for a review",
            )


def pause_span(roster: RosterState) -> str:
    """Say since when and until when a roster is paused, as far as it is told."""
    since = f" since {roster.pause_start:%Y-%m-%d}" if roster.pause_start else ""
    until = f" until {roster.pause_end:%Y-%m-%d}" if roster.pause_end else ""
    return since + until


def spell_percent(percent: float) -> str:
    """Spell a percentage without a needless fraction."""
    return f"{percent:g}%"


def _never() -> SyncProblem:
    return SyncProblem(
        ProblemKind.STALE,
        "its file turns the daily sync on, and no night is shown yet",
        "wait for the first night after it was turned on; after that, look at SIS"
        " Rostering on Connect",
    )


def _stale(age: timedelta, longest: timedelta) -> SyncProblem:
    hours = many(int(age.total_seconds() // 3600), "hour")
    allowed = f"{longest.total_seconds() / 3600:g}"
    return SyncProblem(
        ProblemKind.STALE,
        f"the last sync was {hours} ago, more than the {allowed} of"
        " status.stale_after_hours",
        f"see whether {BY_NAME[SWITCH].page_label} is ticked on Connect, and restart"
        " the sync on SIS Rostering",
    )


def _of_schools(seen: SyncOutcome) -> Iterator[SyncProblem]:
    """Tell of the schools for which it was no success, where schools are shown."""
    among = f"of the {many(len(seen.schools), 'school')} that Connect shows"
    if failed := seen.failed_schools:
        yield SyncProblem(
            ProblemKind.FAILED,
            f"it failed for {len(failed)} {among}: {_name(failed)}",
            "look at these schools on Connect: whether each has the school ID that the"
            " roster has, and what the sync would archive there",
        )
    if unclear := [one for one in seen.schools if one.ending is SyncEnding.OTHER]:
        yield SyncProblem(
            ProblemKind.UNCLEAR,
            f"it is published nowhere how it went for {len(unclear)} {among}:"
            f" {_name(unclear)}",
            "look at SIS Rostering on Connect",
        )


def _name(schools: Sequence[SchoolOutcome]) -> str:
    return few([one.told for one in schools], joint="; ")


def _failed(seen: SyncOutcome, district: str) -> SyncProblem:
    message, remedy = _FAILURES[seen.ending]
    if seen.ending is SyncEnding.SCHOOLS and not seen.schools:
        message = f"{message}; which ones is not shown here"
    if seen.ending is SyncEnding.THRESHOLD and seen.tried_to_archive is not None:
        figure = spell_percent(seen.tried_to_archive)
        message = f"{message}; it tried to archive {figure}"
        remedy = remedy.replace("the figure Tried to Archive", f"the figure {figure}")
    if seen.ending is SyncEnding.FAILED:
        message = f"{message}: Connect says {foreign_text(seen.shown)!r}"
    return SyncProblem(
        ProblemKind.FAILED, message, remedy.replace("DISTRICT", district)
    )


_FAILURES = {
    SyncEnding.THRESHOLD: (
        "it archived no one: more would go than the deletion threshold allows",
        (
            "ask whether the figure Tried to Archive is right; if it is, write it into"
            " facts.tried_to_archive and set deletion_threshold just above it, as"
            " docs/how-to/rollover-summer.md says"
        ),
    ),
    SyncEnding.CREDENTIALS: (
        "it was not let in at the roster's provider: wrong credentials",
        (
            "compare district_id and oauth_token with `connectsync doctor`, then type"
            " the token with `connectsync apply DISTRICT --set-token DISTRICT`"
        ),
    ),
    SyncEnding.SCHOOLS: (
        "it did not find all schools that it is to sync",
        "match the schools by their Clever ID on Connect",
    ),
    SyncEnding.FAILED: (
        "it failed",
        "look at SIS Rostering on Connect, which can restart the sync",
    ),
}
