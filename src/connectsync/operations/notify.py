"""What needs a person: find it in what a command saw, and tell each matter once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from connectsync.apply.state import audit
from connectsync.apply.state.store import Store
from connectsync.domain.district import District
from connectsync.domain.drift import DistrictDrift, MovedBy, Movement
from connectsync.domain.finding import GuardFinding
from connectsync.domain.live import ExceptionStanding
from connectsync.domain.notice import (
    Message,
    Notice,
    NoticeBook,
    NoticeKind,
    NotifySettings,
    Watch,
    claimed,
    taken_back,
)
from connectsync.domain.outcome import (
    DistrictResult,
    FirstNightState,
    Reason,
    ReasonKind,
    Result,
)
from connectsync.domain.plan import Plan
from connectsync.domain.run import RunLine, RunState
from connectsync.domain.settings import spell
from connectsync.domain.sync import (
    DistrictStatus,
    ProblemKind,
    SyncEnding,
    spell_percent,
)
from connectsync.domain.wording import few, many
from connectsync.operations.audit import exceptions_of
from connectsync.rules.scheduled import OVERDUE


def tell(
    store: Store,
    backend: str,
    watch: Watch,
    settings: NotifySettings,
    *,
    at: datetime,
) -> tuple[Message, ...]:
    """
    Remember what a look opened and closed; give what is to be sent now.

    It is written down before it is sent, so that no other runner sends it as well;
    ``untell`` gives back what did not arrive. ``at`` is in the project's zone. Raises
    ``StateError``.
    """
    with store.changing():
        book = NoticeBook.of(store.known_notices(backend))
        changes = book.changes(watch)
        book.learn(changes)
        messages = book.due(settings, at)
        if said := {**changes, **claimed(messages)}:
            detail = {"backend": backend, **said}
            store.log(audit.PEOPLE_TOLD, detail, at)
        return messages


def untell(
    store: Store, backend: str, messages: Sequence[Message], *, at: datetime
) -> None:
    """Let the next command send again what did not arrive. Raises ``StateError``."""
    if said := taken_back(messages):
        with store.changing():
            detail = {"backend": backend, **said}
            store.log(audit.PEOPLE_TOLD, detail, at)


def drift_notices(
    moved: Mapping[str, Sequence[Movement]],
) -> Iterator[Notice]:
    """Tell of each district on which people changed settings on Connect."""
    for district, movements in moved.items():
        theirs = [one for one in movements if one.who is not MovedBy.US]
        if not theirs:
            continue
        names = [one.setting for one in theirs]
        yield Notice(
            NoticeKind.DRIFT,
            district,
            f"changed on Connect by hand: {few(names)}",
            f"`connectsync drift {district}` shows what it was and is now",
            # the same setting changed once more is news
            " ".join(f"{one.setting}={_digest(spell(one.live))}" for one in theirs),
        )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def return_notices(guards: Iterable[GuardFinding]) -> Iterator[Notice]:
    """Tell of values that should have returned; one that turns grave is news."""
    for guard in guards:
        setting = guard.message.partition(" ")[0]
        yield Notice(
            NoticeKind.RETURN,
            guard.district,
            f"{setting} did not return when its period ended ({guard.rule})",
            f"`connectsync plan {guard.district}` shows the return, and `apply` makes"
            " it",
            f"{guard.rule} {setting}",
        )


def watch_drift(found: Sequence[DistrictDrift]) -> Watch:
    """Give what ``drift`` saw; of districts that could not be read nothing is known."""
    seen = [one for one in found if not one.error]
    districts = frozenset(one.district for one in seen)
    notices = (
        *drift_notices({one.district: one.movements for one in seen}),
        *return_notices(late for one in seen for late in one.overdue),
    )
    return Watch({NoticeKind.DRIFT: districts, NoticeKind.RETURN: districts}, notices)


def watch_planned(plan: Plan, results: Sequence[DistrictResult]) -> Watch:
    """Give what a pass saw of drift and of late returns; what it made is over."""
    done = {one.district for one in results if one.fate is Result.DONE}
    moved = {
        one.district: one.drift for one in plan.districts if one.district not in done
    }
    seen = frozenset([*plan.in_step, *(one.district for one in plan.districts)])
    late = [
        one for one in plan.guards if one.rule in OVERDUE and one.district not in done
    ]
    notices = (*drift_notices(moved), *return_notices(late))
    return Watch({NoticeKind.DRIFT: seen, NoticeKind.RETURN: seen}, notices)


def watch_sync(found: Sequence[DistrictStatus]) -> Watch:
    """Give what ``status`` saw; a night that is not known closes nothing."""
    notices, seen = [], set[str]()
    for one in found:
        kinds = [p.kind for p in one.problems if p.kind is not ProblemKind.UNREAD]
        if one.outcome is not None or one.off:
            seen.add(one.district)
        if kinds:
            seen.add(one.district)
            notices.append(_bad_night(one, tuple(dict.fromkeys(kinds))))
    return Watch({NoticeKind.SYNC: frozenset(seen)}, notices)


_NIGHTS: Mapping[ProblemKind, str] = {
    ProblemKind.UNCLEAR: "it is not clear whether the last sync was a success",
    ProblemKind.STALE: "no sync for longer than status.stale_after_hours",
    ProblemKind.PAUSED: "its roster is paused at Clever",
    ProblemKind.OLD_ROSTER: "its roster was not renewed at Clever",
}


def _bad_night(one: DistrictStatus, kinds: Sequence[ProblemKind]) -> Notice:
    parts, detail = [], []
    for kind in kinds:
        seen, said = one.outcome, _NIGHTS.get(kind, "the last sync failed")
        detail.append(kind.value)
        if kind is ProblemKind.FAILED and seen is not None:
            detail[-1] = seen.ending.value
            if seen.failed_schools:
                said += f" for {many(len(seen.failed_schools), 'school')}"
            known = seen.ending not in {SyncEnding.FAILED, SyncEnding.SUCCESS}
            said += f": {seen.ending.value}" if known else ""
            if seen.tried_to_archive is not None:
                said += f" (tried to archive {spell_percent(seen.tried_to_archive)})"
        parts.append(said)
    if (night := one.first_night) and night.state is FirstNightState.FAILED:
        parts.append(f"it is the first one known after run {night.save.run}")
        detail.append(f"run {night.save.run}")
    return Notice(
        NoticeKind.SYNC,
        one.district,
        "; ".join(parts),
        f"`connectsync status {one.district}` says what to do",
        ", ".join(detail),
    )


_ENDS = {ExceptionStanding.SOON: "ends", ExceptionStanding.EXPIRED: "ended"}


def watch_allowances(districts: Sequence[District], today: date) -> Watch:
    """Tell which accepted findings end soon, or ended, as an audit and a report do."""
    notices = [
        Notice(
            NoticeKind.ALLOWANCE,
            one.key,
            f"what is allowed of {entry.rule} {ends} on {entry.until}",
            f"`connectsync validate {one.key}` shows what the rule finds; correct it,"
            " or allow it for longer with a reason",
            f"{entry.rule} {entry.until}" + (" ended" if ends == "ended" else ""),
        )
        for one in districts
        for entry in exceptions_of(one, today)
        if (ends := _ENDS.get(entry.standing))
    ]
    keys = frozenset(one.key for one in districts)
    return Watch({NoticeKind.ALLOWANCE: keys}, notices)


AT_WORK = timedelta(hours=6)
"""A run that began less than so long ago, and was not stopped, may be going on."""

A_RUN = timedelta(days=7)
"""From then on a run is no news; ``connectsync runs`` still lists it."""


def watch_runs(lines: Sequence[RunLine], backend: str, now: datetime) -> Watch:
    """Tell which runs failed, or wait, and were not superseded since."""
    notices = []
    for line in lines:
        head, tally = line.head, line.tally
        going = head.state is RunState.OPEN and now - head.began < AT_WORK
        if head.backend != backend or going or now - head.began > A_RUN:
            continue
        if not line.is_unfinished or len(line.superseded) >= tally.unfinished > 0:
            continue
        failed = tally.failed + tally.conflict
        counts = {
            "failed": tally.failed,
            "in conflict": tally.conflict,
            "not reached": tally.left,
            "waiting for a person": tally.waiting,
        }
        told = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
        notices.append(
            Notice(
                NoticeKind.FAILED_RUN if failed else NoticeKind.WAITING_RUN,
                "",
                f"run {head.number} is not done: {told or 'it has not ended'}",
                f"`connectsync runs show {head.number}` says why; `connectsync resume"
                f" {head.number}` goes on with it",
                f"run {head.number}: {told}",
            )
        )
    looked = {NoticeKind.FAILED_RUN: {""}, NoticeKind.WAITING_RUN: {""}}
    return Watch(looked, notices)


ALL_WAIT = "*"
"""In place of a district: a reason that holds up whatever could be applied."""


def watch_reconcile(
    results: Sequence[DistrictResult], against: Sequence[Reason]
) -> Watch:
    """Tell which districts wait for a person, and why everything does, if so."""
    own = {ReasonKind.DRIFT, ReasonKind.CONFLICT}
    notices = []
    for one in results:
        why = {reason.why for reason in one.reasons} - own
        if one.fate is Result.HELD and why:
            notices.append(_waits(one.district, "it waits for a person", why))
        elif one.fate in {Result.FAILED, Result.CONFLICT}:
            # by district: the next pass is another run
            said = f"its save ended as {one.fate.value}"
            notices.append(_waits(one.district, said, why, NoticeKind.FAILED_RUN))
    if why := {one.why for one in against} - {ReasonKind.HOUR}:
        notices.append(_waits(ALL_WAIT, "nothing was applied", why))
    seen = [one.district for one in results if one.fate is not Result.UNREAD]
    districts = frozenset([*seen, ALL_WAIT])
    return Watch(
        {NoticeKind.FAILED_RUN: districts, NoticeKind.WAITING_RUN: districts}, notices
    )


def _waits(
    district: str,
    said: str,
    why: Iterable[ReasonKind],
    kind: NoticeKind = NoticeKind.WAITING_RUN,
) -> Notice:
    reasons = sorted(one.value for one in why)
    named = "" if district == ALL_WAIT else f" {district}"
    return Notice(
        kind,
        district,
        said + (f": {', '.join(reasons)}" if reasons else ""),
        f"`connectsync reconcile --dry-run{named}` says why",
        f"{said} {' '.join(reasons)}",
    )
