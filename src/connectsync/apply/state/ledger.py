"""
Saves and readings; every call is on disk before it returns.

A run makes its calls in a thread of their own, many in one commit.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from threading import RLock
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from connectsync.apply.journal import (
    BaselineUpdate,
    Claim,
    Intent,
    Journal,
    JournalRow,
    LeasedElsewhere,
    SavedSince,
    SaveResult,
    SaveStatus,
)
from connectsync.apply.state import audit
from connectsync.apply.state.database import HEAD, Database, LeaseTable
from connectsync.apply.state.known import Known
from connectsync.config.state_address import SQLITE
from connectsync.domain.district import without
from connectsync.domain.outcome import Sent
from connectsync.domain.run import UNCHECKED, NameCheck
from connectsync.domain.settings import form_data, list_differing
from connectsync.errors import Bug
from connectsync.values import replace

T = TypeVar("T")

# made once: making a statement takes longer than the database does
_LOCKED = select(HEAD).with_for_update()

AT_ONCE = 500
"""How many districts one entry of the log tells of that were seen."""


class Ledger:
    """
    What a runner writes down of saves and readings. See ``journal.Journal``.

    All methods raise ``StateError``. Forms never hold the token. With ``told_time``
    the time is not the machine's: each fact says so, and when it was by the machine.
    """

    def __init__(
        self, database: Database, lease_table: LeaseTable, *, told_time: bool = False
    ) -> None:
        self.database = database
        self.told_time = told_time
        self.lease_table = lease_table
        self.lease_seconds = lease_table.seconds
        self.runner = lease_table.runner
        self._known = Known()
        self._changing: Connection | None = None
        self._appended: list[Mapping[str, Any]] = []
        self._one_thread = RLock()

    # — how it is read and written —

    def known(self) -> Known:
        """Give what follows from all that was written up to now, by any runner."""
        with self._one_thread:
            if self._changing is None:
                with self.database.reading() as connection:
                    self._known.catch_up(connection)
            return self._known

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Write what the log does not tell of, in the change that is made, if any."""
        with self._one_thread:
            if self._changing is not None:
                yield self._changing
                return
            with self.database.writing() as connection:
                yield connection

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """
        Change something that the audit log tells of, one runner after another.

        Within another change it is a part of that one.
        """
        with self._one_thread:
            if self._changing is not None:
                yield self._changing
                return
            with self._changed() as connection:
                yield connection

    @contextmanager
    def _changed(self) -> Iterator[Connection]:
        end = None
        try:
            with self.database.writing() as connection:
                # no other runner appends until the commit; one that writes to SQLite
                # has the file to itself
                if self.database.kind != SQLITE:
                    connection.execute(_LOCKED).first()
                self._known.catch_up(connection)
                end = self._known.end
                self._changing = connection
                yield connection
                audit.append(connection, self._appended, self._known.end)
        except BaseException:
            if self._known.end != end:
                # what was not committed did not happen
                self._known = Known()
            raise
        finally:
            self._changing = None
            self._appended = []

    def together(self, changes: Sequence[Callable[[], T]]) -> list[T | BaseException]:
        """
        Make many changes in one commit, each whole or not at all; give what each gave.

        Of one that raised, what it raised.
        """
        begun = made = False
        try:
            with self.changing():
                begun = True
                given: list[T | BaseException] = [change() for change in changes]
                made = True
        except BaseException as error:  # noqa: BLE001 - told to who asked for the change
            if begun and not made and len(changes) > 1:
                # the others are not to suffer from one that fails
                return [one for change in changes for one in self.together([change])]
            # a commit that breaks off may have come through: it is not made again
            return [error] * len(changes)
        return given

    def log(
        self,
        action: str,
        detail: Mapping[str, Any],
        at: datetime,
        *,
        run: int | None = None,
        subject: str = "",
    ) -> int:
        """Append a fact to what is changed, and learn what follows; give its place."""
        if self._changing is None:
            raise Bug(f"{action!r} is no part of a change")
        if self.told_time:
            detail = {**detail, audit.TOLD_TIME: datetime.now(UTC).isoformat()}
        at, known = at.astimezone(UTC), self._known
        entry = audit.AuditEntry(action, at, self.runner, detail, run, subject)
        known.end, row = audit.chain(known.end, entry)
        self._appended.append(row)
        known.add(replace(entry, seq=known.end.seq))
        return known.end.seq

    def hold(self, connection: Connection, claim: Claim) -> None:
        """Insist that this runner still has a district. Raises ``LeaseLost``."""
        self.lease_table.renew(connection, claim)

    def known_notices(self, backend: str) -> Sequence[Mapping[str, Any]]:
        """Give what was said of telling people about a Connect; see ``changing``."""
        return tuple(self._known.notices[backend])

    # — saves —

    def entries(self, run: int, district: str) -> tuple[JournalRow, ...]:
        """Give a district's saves in a run, in the order they were intended."""
        saves = self.known().run(run).saves.get(district, ())
        return tuple(save.entry for save in saves)

    def newer(self, claim: Claim) -> Mapping[str, SavedSince]:
        """Give what newer runs last left of each setting they saved on a district."""
        return {
            name: SavedSince(run.head.number, value)
            for run in self.known().runs_on(claim.backend)
            if run.head.number > claim.run
            for save in run.saves.get(claim.district, ())
            for name, value in save.entry.facts.held.items()
        }

    def open_saves(self, backend: str) -> Mapping[str, tuple[JournalRow, ...]]:
        """Give the saves that may still be found to have been made, by district."""
        return _by_district(self.known().open_saves(backend))

    def intend(self, claim: Claim, intent: Intent, *, at: datetime) -> int:
        """Write down a save before it is made; give the row's number."""
        changed = list_differing(intent.before, intent.after)
        wanted = {n: v for n, v in intent.desired.items() if n in intent.after}
        pending = list_differing(wanted, without(intent.after, intent.kept))
        detail = {
            "phase": intent.phase,
            "before": form_data(intent.before),
            "changes": form_data({name: intent.after[name] for name in changed}),
            "agreed": sorted(set(wanted) - set(pending)),
            "pending": list(pending),
            "kept": {name: sorted(labels) for name, labels in intent.kept.items()},
            "version": intent.expected_version,
            "set_token": intent.set_token,
            "lease": claim.token,
        }
        action, district = audit.SAVE_INTENDED, intent.district
        with self.changing() as connection:
            self.hold(connection, claim)
            return self.log(action, detail, at, run=claim.run, subject=district)

    def settle(
        self, claim: Claim, row: int, result: SaveResult, *, at: datetime
    ) -> None:
        """Write down what became of a save; what is settled for good stays so."""
        with self.changing() as connection:
            self.hold(connection, claim)
            here = (claim.backend, claim.district)
            for entry in self._known.open_saves(*here):
                if entry.row == row:
                    self._save_seen(entry, result, at)
            if result.settled is SaveStatus.CONFIRMED or result.sent is Sent.ANSWERED:
                self._close_others(here, row, at)

    def look(
        self, backend: str, results: Mapping[int, SaveResult], *, at: datetime
    ) -> None:
        """Write down what a reading told of open saves, by their rows."""
        if not results:
            return
        with self.changing() as connection:
            news = [
                entry
                for entry in self._known.open_saves(backend)
                if entry.row in results and _is_news(entry, results[entry.row])
            ]
            for district, entries in _by_district(news).items():
                place = (backend, district)
                claim = self.lease_table.take(connection, entries[0].run, place)
                if isinstance(claim, LeasedElsewhere):
                    continue
                for entry in reversed(entries):
                    self._save_seen(entry, results[entry.row], at)
                    if results[entry.row].settled is SaveStatus.CONFIRMED:
                        self._close_others(place, entry.row, at)
                        break
                self.lease_table.release(connection, claim)

    def _close_others(self, place: tuple[str, str], row: int, at: datetime) -> None:
        """Let nothing else on a district be looked for: the form has moved past it."""
        for entry in self._known.open_saves(*place):
            facts, sent = entry.facts, entry.facts.sent
            last = SaveResult(SaveStatus.FAILED, Sent.UNANSWERED, note="superseded")
            if sent is not None:
                last = SaveResult(entry.settled, sent, facts.observed, facts.version)
            if entry.row != row:
                self._save_seen(entry, last, at, closed=True)

    def _save_seen(
        self,
        entry: JournalRow,
        result: SaveResult,
        at: datetime,
        *,
        closed: bool = False,
    ) -> None:
        observed = result.observed
        if observed is not None:
            # what a later release knows of the form was not recorded before either
            names = entry.facts.after.keys() & observed.keys()
            observed = {name: observed[name] for name in names}
        detail = {
            "save": entry.row,
            "settled": result.settled.value,
            "sent": result.sent.value,
            "observed": None if observed is None else form_data(observed),
            "version": result.version,
            "note": result.note,
            "closed": closed,
        }
        action, district = audit.SAVE_SEEN, entry.intent.district
        self.log(action, detail, at, run=entry.run, subject=district)

    # — what is known without a save —

    def mark(self) -> int:
        """Give how far all is known now: what is read from now on may be older."""
        return self.known().end.seq

    def note(
        self,
        backend: str,
        seen: Mapping[str, BaselineUpdate],
        *,
        at: datetime,
        mark: int | None = None,
    ) -> None:
        """Remember what was seen of many districts, as far as it is new."""
        known = self.known()
        if mark is not None:
            given = seen.items()
            seen = {key: known.as_of(mark, backend, key, one) for key, one in given}
        new = [key for key in sorted(seen) if known.is_news(backend, key, seen[key])]
        for begin in range(0, len(new), AT_ONCE):
            districts = {
                district: {
                    "form": form_data(seen[district].form),
                    "running": seen[district].running,
                    "whole": not seen[district].merged,
                    **({"launched": True} if seen[district].launched else {}),
                    **({"draft": True} if seen[district].draft else {}),
                    **({"all": True} if seen[district].all else {}),
                }
                for district in new[begin : begin + AT_ONCE]
            }
            detail = {"backend": backend, "districts": districts}
            with self.changing():
                self.log(audit.DISTRICT_SEEN, detail, at)

    def approve(
        self, plan: str, name: str, *, at: datetime, check: NameCheck = UNCHECKED
    ) -> bool:
        """Write down that a person approves a plan; False if they had before."""
        with self.changing():
            if name in self._known.approvals[plan]:
                return False
            detail = {"plan": plan, "name": name}
            if check.by:
                detail |= {"checked_by": check.by, "named": check.named}
            self.log(audit.PLAN_APPROVED, detail, at)
            return True


def _is_news(entry: JournalRow, result: SaveResult) -> bool:
    """Say whether a reading tells more of a save than is known."""
    return (entry.settled, entry.facts.version) != (result.settled, result.version)


def _by_district(entries: Sequence[JournalRow]) -> dict[str, tuple[JournalRow, ...]]:
    found: dict[str, tuple[JournalRow, ...]] = defaultdict(tuple)
    for entry in entries:
        found[entry.intent.district] += (entry,)
    return dict(found)


class GroupCommits:
    """
    Writes to a journal in a thread: what many districts have to say in one commit.

    A commit waits for the disk, and neither the other districts nor a signal have to
    wait along. What comes while a commit is on its way, or within ``company_seconds``,
    goes into the next one.
    """

    def __init__(
        self, journal: Journal, thread: ThreadPoolExecutor, company_seconds: float
    ) -> None:
        self._journal = journal
        self._thread = thread
        self._company_seconds = company_seconds
        self._waiting: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []
        self._on_its_way = False

    async def write(self, change: Callable[[Journal], T]) -> T:
        """
        Make a change; give what it gave, once it is on disk with all before it.

        It is made also where its caller is cancelled meanwhile. Raises what it raises.
        """
        loop = asyncio.get_running_loop()
        written: asyncio.Future[T] = loop.create_future()
        self._waiting.append((lambda: change(self._journal), written))
        if not self._on_its_way:
            self._on_its_way = True
            self._commit_soon()
        return await written

    async def let_go(self, claim: Claim) -> None:
        """Let go of a district that was not ended."""
        await self.write(lambda journal: journal.release(claim))

    def _commit_soon(self) -> None:
        loop = asyncio.get_running_loop()
        if self._company_seconds:
            loop.call_later(self._company_seconds, self._commit)
        else:
            # after all whose turn it is now, and whom these let in, have said theirs
            loop.call_soon(loop.call_soon, self._commit)

    def _commit(self) -> None:
        group, self._waiting = self._waiting, []
        if not group:
            self._on_its_way = False
            return
        changes = [change for change, _ in group]
        loop = asyncio.get_running_loop()
        done = loop.run_in_executor(self._thread, self._journal.together, changes)
        done.add_done_callback(lambda done: self._committed(group, done))

    def _committed(
        self,
        group: Sequence[tuple[object, asyncio.Future[Any]]],
        done: asyncio.Future[list[Any]],
    ) -> None:
        for (_, written), given in zip(group, done.result(), strict=True):
            if written.cancelled():
                continue
            if isinstance(given, BaseException):
                written.set_exception(given)
            else:
                written.set_result(given)
        self._commit_soon()

    async def settled(self) -> None:
        """Wait until all is on disk, also what no caller waits for any more."""
        if self._on_its_way:
            await self.write(lambda _: None)


@asynccontextmanager
async def group_commits(
    journal: Journal, company_seconds: float = 0.0
) -> AsyncIterator[GroupCommits]:
    """Begin to write in a thread; all is written when this is left."""
    with ThreadPoolExecutor(1, "journal") as thread:
        commits = GroupCommits(journal, thread, company_seconds)
        try:
            yield commits
        finally:
            await commits.settled()
