"""
What a provider says of each district: whose token it is, how old its roster is.

With the same token the people of its roster are read, for whom changes reach.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from connectsync.domain.district import District
from connectsync.domain.impact import Gap, selection_of
from connectsync.domain.live import Check, fail, ok, warn
from connectsync.domain.outcome import FirstNight, FirstNightState, LastSave
from connectsync.domain.plan import (
    TALLIES,
    DistrictPlan,
    PeopleTally,
    RosterImpact,
    SettingImpact,
)
from connectsync.domain.roster_words import Dictionary
from connectsync.domain.sync import (
    DistrictStatus,
    Night,
    ProblemKind,
    RosterState,
    StatusReport,
    SyncOutcome,
    SyncProblem,
)
from connectsync.domain.wording import SHOWN, few, many
from connectsync.errors import (
    ConnectError,
    CredentialsRefused,
    NotOffered,
    ProjectError,
    RosterUnreadable,
)
from connectsync.roster.seam import (
    PAUSED,
    USUAL,
    PeopleSource,
    Roster,
    RosterDistrict,
    RosterReading,
    Take,
)
from connectsync.roster.tables import RosterTables, measure_steps
from connectsync.values import dataclass, replace

AT_ONCE = 8
"""How many districts are asked about at the same time, each with its own token."""

OLD = timedelta(days=4)
"""A roster of this age was not merely left alone over a long weekend."""

Answer = RosterDistrict | ConnectError


@dataclass(frozen=True, slots=True)
class RosterAnswers:
    """
    What came of asking, by district key.

    ``silent`` are the districts whose token reference gives nothing here; ``unasked``
    counts those that were left out once no one answered any more.
    """

    answers: Mapping[str, Answer]
    silent: tuple[str, ...] = ()
    unasked: int = 0


@dataclass(slots=True)
class RosterCheck:
    """
    A provider to ask, about districts that state both an id and a token reference.

    ``resolves`` gives the token of a reference, or raises ``ProjectError``; a token is
    kept no longer than its call takes.
    """

    roster: Roster
    districts: Sequence[District]
    resolves: Callable[[str], str]

    async def ask(self) -> RosterAnswers:
        """Ask about every district; who does not answer five times is left alone."""
        ahead = deque(one for one in self.districts if _can_be_asked(one))
        answers: dict[str, Answer] = {}
        silent: list[str] = []
        lost = Counter[bool]()

        async def work() -> None:
            while ahead and lost[True] < SHOWN:
                district = ahead.popleft()
                try:
                    answer = await self._answer(district)
                except ProjectError:
                    silent.append(district.key)
                    continue
                answers[district.key] = answer
                lost[_is_lost(answer)] += 1

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        return RosterAnswers(
            dict(sorted(answers.items())), tuple(sorted(silent)), len(ahead)
        )

    async def _answer(self, district: District) -> Answer:
        reference = district.credentials.oauth_token or ""
        # a reference may be a command, which takes its time
        token = await asyncio.to_thread(self.resolves, reference)
        try:
            return await self.roster.district(token)
        except ConnectError as error:
            return error


async def read_roster(
    people: PeopleSource,
    district: District,
    resolves: Callable[[str], str],
    take: Take,
) -> RosterReading:
    """
    Read the people of a district with its own token, a page at a time.

    Raises ``ProjectError`` for a token that is not here, and what ``people`` raises.
    """
    reference = district.credentials.oauth_token
    if not reference:
        raise ProjectError(
            f"{district.key} states no oauth_token, so its roster cannot be read",
            remedy="write a reference to its token into credentials.oauth_token, or"
            " give an export of the roster",
        )
    # a reference may be a command, which takes its time
    token = await asyncio.to_thread(resolves, reference)
    return await people.read(token, district.credentials.district_id or "", take)


def count_plan(  # noqa: PLR0913 - a plan, and all that is known of a roster
    planned: DistrictPlan,
    tables: RosterTables,
    *,
    source: str,
    read_at: datetime,
    gaps: frozenset[Gap],
    dictionary: Dictionary,
) -> RosterImpact:
    """
    Count whom each changed setting of a district reaches on its roster, and in all.

    Raises ``RosterUnreadable``.
    """
    selections = [selection_of(form) for form in planned.forms()]
    contacts, tallies = measure_steps(
        tables, selections, gaps=gaps, dictionary=dictionary
    )
    managed = any(one.guardians is not False for one in selections)
    if managed and not contacts and planned.counted() != ("student_id",):
        raise RosterUnreadable(
            "no contacts came, so that it is not known whom of the families it reaches",
            remedy=f"`connectsync impact {planned.district}` says why",
        )
    people = [
        PeopleTally(**{name: getattr(one, name) for name in TALLIES}) for one in tallies
    ]
    steps = zip(planned.counted(), people, people[1:], strict=False)
    settings = tuple(SettingImpact(*step) for step in steps)
    return RosterImpact(source, read_at, contacts, settings)


def judge(
    asked: RosterAnswers, districts: Sequence[District], described: str, now: datetime
) -> Iterator[Check]:
    """Say what the answers mean; ``described`` names the provider."""
    ids = {one.key: one.credentials.district_id or "" for one in districts}
    found = {
        key: answer
        for key, answer in asked.answers.items()
        if isinstance(answer, RosterDistrict)
    }
    yield from _check_reached(asked, len(found), described)
    yield from _others(found, ids)
    yield from _states(found)
    yield from _old(found, now)


def _can_be_asked(district: District) -> bool:
    stated = district.credentials
    return bool(stated.district_id and stated.oauth_token)


def _check_reached(
    asked: RosterAnswers, answered: int, described: str
) -> Iterator[Check]:
    refused = _refusals_in(asked.answers)
    lost = _lost(asked.answers)
    if refused:
        first = refused[min(refused)]
        yield fail(
            "clever",
            f"{many(len(refused), 'token')} refused: {few(sorted(refused))}"
            f" ({first.message})",
            first.remedy,
        )
    if lost:
        first = lost[min(lost)]
        left = f"; {asked.unasked} more were not asked" if asked.unasked else ""
        yield fail(
            "clever",
            f"{many(len(lost), 'district')} without an answer:"
            f" {few(sorted(lost))}{left} ({first.message})",
            first.remedy,
        )
    if not (refused or lost):
        yield _all_answered(answered, len(asked.silent), described)


def _all_answered(answered: int, silent: int, described: str) -> Check:
    left = f"{many(silent, 'district')} not asked: no token here" if silent else ""
    if answered:
        said = f"{described} answers for {many(answered, 'district')}"
        return ok("clever", f"{said}; {left}" if left else said)
    why = left or "no district states both district_id and oauth_token"
    return warn("clever", why, "run it where the tokens are, to have the ids compared")


def _refusals_in(answers: Mapping[str, Answer]) -> dict[str, ConnectError]:
    return {
        key: answer
        for key, answer in answers.items()
        if isinstance(answer, CredentialsRefused)
    }


def _lost(answers: Mapping[str, Answer]) -> dict[str, ConnectError]:
    return {
        key: answer
        for key, answer in answers.items()
        if isinstance(answer, ConnectError) and _is_lost(answer)
    }


def _is_lost(answer: Answer) -> bool:
    refused = isinstance(answer, CredentialsRefused)
    return isinstance(answer, ConnectError) and not refused


def _others(
    found: Mapping[str, RosterDistrict], ids: Mapping[str, str]
) -> Iterator[Check]:
    other = [
        f"{key} states {ids[key]}, its token is of {there.id} ({there.name})"
        for key, there in found.items()
        if _is_other(there, ids[key])
    ]
    if other:
        yield fail(
            "clever ids",
            f"{many(len(other), 'token')} of another district:"
            f" {few(other, joint='; ')}",
            "compare both with the District ID on the page, then correct district_id or"
            " oauth_token: a sync with another district's id reads its roster",
        )
    elif found:
        same = many(len(found), "district")
        yield ok("clever ids", f"the token names the district_id of {same}")


def _is_other(there: RosterDistrict, stated: str) -> bool:
    return there.id.casefold() != stated.casefold()


def _states(found: Mapping[str, RosterDistrict]) -> Iterator[Check]:
    paused = [
        f"{key}{_span(there)}"
        for key, there in found.items()
        if there.state.casefold() == PAUSED
    ]
    if paused:
        yield warn(
            "clever state",
            f"{len(paused)} paused at Clever: {few(paused)}",
            "roster changes do not reach Connect while it is paused",
        )
    strange = [
        f"{key} ({there.state})"
        for key, there in found.items()
        if there.state.casefold() not in USUAL | {PAUSED}
    ]
    if strange:
        yield warn(
            "clever state",
            f"{len(strange)} not running at Clever: {few(strange)}",
            "check its status in Clever",
        )


def status_of_districts(
    seen: Mapping[str, SyncOutcome | ConnectError],
    districts: Sequence[District],
    asked: RosterAnswers | None,
    saved: Mapping[str, LastSave],
    report: StatusReport,
) -> StatusReport:
    """
    Judge the last night of each district, and give the report with them.

    ``seen`` is what Connect shows, ``asked`` what the provider answered, None where it
    was not asked, ``saved`` what connectsync saved last. Where Connect shows no sync of
    any district, the report says so once.
    """
    refused = [one for one in seen.values() if isinstance(one, NotOffered)]
    nowhere = bool(refused) and len(refused) == len(seen)
    judged = tuple(
        _status(
            one, None if nowhere else seen[one.key], asked, saved.get(one.key), report
        )
        for one in sorted(districts, key=lambda one: one.key)
    )
    back = ways_back(judged)
    judged = tuple(
        replace(one, problems=(*one.problems, back[one.district]))
        if one.district in back
        else one
        for one in judged
    )
    said = f"not offered: {refused[0].message}" if nowhere else ""
    return replace(report, districts=judged, not_offered=said)


NAMED = 20
"""How many districts a command names at most."""


def ways_back(districts: Sequence[DistrictStatus]) -> Mapping[str, SyncProblem]:
    """
    Propose the way back for each district whose night failed after a change.

    One command for a run, so that it is told, and made, once. What a rollback cannot
    put back, or put back itself, has none.
    """
    nights = {
        one.district: night
        for one in districts
        if (night := one.first_night) is not None
        and night.state is FirstNightState.FAILED
        and night.save.changes
        and night.save.rollback_of is None
    }
    runs = defaultdict[int, list[str]](list)
    for key, night in nights.items():
        runs[night.save.run].append(key)
    return {
        key: _way_back(night, runs[night.save.run]) for key, night in nights.items()
    }


def _way_back(night: FirstNight, keys: Sequence[str]) -> SyncProblem:
    run, at, only = night.save.run, night.save.at.astimezone(UTC), ""
    if len(keys) < night.save.districts:
        only = f" {' '.join(keys) if len(keys) <= NAMED else 'DISTRICT...'}"
    return SyncProblem(
        ProblemKind.FAILED,
        f"run {run} was applied {at:%Y-%m-%d %H:%M} UTC, and"
        f" {'a night' if night.later else 'the first night'} after it failed"
        f"{' for some schools' if night.part else ''}",
        f"if that change is the cause, take it back: `connectsync rollback {run}{only}"
        " --out plan.json`, then `connectsync apply plan.json`; take it out of the"
        " files as well, or the next plan makes it again",
    )


def _status(
    district: District,
    seen: SyncOutcome | ConnectError | None,
    asked: RosterAnswers | None,
    saved: LastSave | None,
    report: StatusReport,
) -> DistrictStatus:
    outcome = seen if isinstance(seen, SyncOutcome) else None
    roster = None if asked is None else _roster_state(district, asked)
    on = district.settings.enable_daily_sync
    night = Night(
        district.key, outcome, roster, on, report.at, report.stale_after, saved
    )
    problems = night.judge()
    if isinstance(seen, ConnectError):
        unread = SyncProblem(ProblemKind.UNREAD, seen.message, seen.remedy)
        problems = (unread, *problems)
    return DistrictStatus(
        district.key,
        district.name,
        outcome,
        roster,
        on is False,
        problems,
        night.first(),
    )


def _roster_state(district: District, asked: RosterAnswers) -> RosterState | None:
    """Give what the provider said; None of a district that could not be asked about."""
    there = asked.answers.get(district.key)
    if there is None:
        return None
    if isinstance(there, ConnectError):
        return RosterState(OLD, unknown=there.message)
    if _is_other(there, district.credentials.district_id or ""):
        return RosterState(OLD, unknown="the token is of another district")
    return RosterState(
        OLD,
        there.state.casefold() == PAUSED,
        "" if there.state.casefold() in USUAL | {PAUSED} else there.state,
        there.pause_start,
        there.pause_end,
        there.last_sync,
    )


def _span(there: RosterDistrict) -> str:
    since = f" since {there.pause_start:%Y-%m-%d}" if there.pause_start else ""
    until = f" until {there.pause_end:%Y-%m-%d}" if there.pause_end else ""
    return since + until


def _old(found: Mapping[str, RosterDistrict], now: datetime) -> Iterator[Check]:
    old = [
        f"{key} ({there.last_sync:%Y-%m-%d})" if there.last_sync else f"{key} (never)"
        for key, there in found.items()
        if there.state.casefold() != PAUSED
        and (there.last_sync is None or now - there.last_sync > OLD)
    ]
    if old:
        yield warn(
            "last sync",
            f"{many(len(old), 'roster')} not renewed for {OLD.days} days: {few(old)}",
            "ask whether the district's SIS still delivers to Clever",
        )
