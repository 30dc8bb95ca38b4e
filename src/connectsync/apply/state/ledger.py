"""Leases, saves and readings; every call is on disk before it returns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Update,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from connectsync.apply.journal import (
    BaselineUpdate,
    Claim,
    Intent,
    JournalRow,
    LeasedElsewhere,
    SavedSince,
    SaveResult,
    SaveStatus,
)
from connectsync.apply.state import audit
from connectsync.apply.state.database import HEAD, LEASES, Database
from connectsync.apply.state.known import Known
from connectsync.config.state_address import SQLITE
from connectsync.domain.district import without
from connectsync.domain.outcome import Sent
from connectsync.domain.run import UNCHECKED, NameCheck
from connectsync.domain.settings import form_data, is_same, list_differing
from connectsync.errors import LeaseLost
from connectsync.values import dataclass, replace

FREE = 0.0


@dataclass(frozen=True, slots=True)
class LeaseTable:
    """
    Gives leases to one runner, by the clock of the database.

    ``is_gone`` says of another runner that it has certainly ended.
    """

    runner: str
    seconds: float
    is_gone: Callable[[str], bool]

    def take(
        self, connection: Connection, run: int, place: tuple[str, str], now: float
    ) -> Claim | LeasedElsewhere:
        """Take the lease of a district on a backend, unless another runner has it."""
        backend, district = place
        row = connection.execute(_LEASE, _there(place)).first()
        if row is None:
            raise LeaseLost(f"district {district!r} has no lease")
        if self._in_hand(row, now):
            return LeasedElsewhere(district, row.runner, row.expires - now)
        token = row.token + 1
        mine = {"new": token, "us": self.runner, "until": now + self.seconds}
        taken = connection.execute(_TAKE, _there(place) | mine | {"was": row.token})
        if taken.rowcount != 1:
            return LeasedElsewhere(district, "another runner", self.seconds)
        return Claim(run, backend, district, token)

    def renew(self, connection: Connection, claim: Claim, now: float) -> None:
        """Hold on to a district. Raises ``LeaseLost``, also if it was let go of."""
        self._put(connection, claim, now + self.seconds, _HOLD)

    def release(self, connection: Connection, claim: Claim) -> None:
        """Let go of a district. Raises ``LeaseLost``."""
        self._put(connection, claim, FREE, _LET_GO)

    def _put(
        self, connection: Connection, claim: Claim, expires: float, how: Update
    ) -> None:
        place = _there((claim.backend, claim.district))
        mine = {"was": claim.token, "us": self.runner, "until": expires}
        kept = connection.execute(how, place | mine)
        if kept.rowcount != 1:
            raise LeaseLost(
                f"another runner took over district {claim.district!r} meanwhile"
            )

    def _in_hand(self, row: Row[Any], now: float) -> bool:
        return bool(row.expires > now and not self.is_gone(row.runner))


def prepare_leases(
    connection: Connection, backend: str, districts: Iterable[str]
) -> None:
    """Give every district a lease that no one holds, where it has none."""
    known = set(_known(connection, backend))
    free = {"backend": backend, "token": 0, "runner": "", "expires": FREE}
    rows = [{**free, "district": one} for one in districts if one not in known]
    if rows:
        connection.execute(insert(LEASES), rows)


def move_leases(connection: Connection, others: Collection[str], backend: str) -> None:
    """Let the leases of other names of a backend be its own; one that it has stays."""
    known = set(_known(connection, backend))
    old = LEASES.c.backend.in_(others)
    rows = connection.execute(select(LEASES).where(old)).all()
    connection.execute(delete(LEASES).where(old))
    new = {row.district: row._asdict() | {"backend": backend} for row in reversed(rows)}
    if left := [row for district, row in new.items() if district not in known]:
        connection.execute(insert(LEASES), left)


def _known(connection: Connection, backend: str) -> Iterable[str]:
    here = select(LEASES.c.district).where(LEASES.c.backend == backend)
    return connection.execute(here).scalars()


def _there(place: tuple[str, str]) -> dict[str, Any]:
    backend, district = place
    return {"there": backend, "one": district}


# statements are made once: making one takes longer than the database does
_HERE = (LEASES.c.backend == bindparam("there"), LEASES.c.district == bindparam("one"))
_LEASE = select(LEASES).where(*_HERE)
_HELD = update(LEASES).where(*_HERE, LEASES.c.token == bindparam("was"))
_UNTIL: Any = bindparam("until")
_TAKE = _HELD.values(token=bindparam("new"), runner=bindparam("us"), expires=_UNTIL)
_LET_GO = _HELD.where(LEASES.c.runner == bindparam("us")).values(expires=_UNTIL)
_HOLD = _LET_GO.where(LEASES.c.expires != FREE)
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

    # — how it is read and written —

    def known(self) -> Known:
        """Give what follows from all that was written up to now, by any runner."""
        with self.database.reading() as connection:
            self._known.catch_up(connection)
            return self._known

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """Change something that the audit log tells of, one runner after another."""
        end = None
        try:
            with self.database.writing() as connection:
                # no other runner appends until the commit; one that writes to SQLite
                # has the file to itself
                if self.database.kind != SQLITE:
                    connection.execute(_LOCKED).first()
                self._known.catch_up(connection)
                end = self._known.end
                yield connection
        except BaseException:
            if self._known.end != end:
                # what was not committed did not happen
                self._known = Known()
            raise

    def log(  # noqa: PLR0913 - what an entry says
        self,
        connection: Connection,
        action: str,
        detail: Mapping[str, Any],
        at: datetime,
        *,
        run: int | None = None,
        subject: str = "",
    ) -> int:
        """Append a fact, and learn what follows from it; give its place."""
        if self.told_time:
            detail = {**detail, audit.TOLD_TIME: datetime.now(UTC).isoformat()}
        at, known = at.astimezone(UTC), self._known
        entry = audit.AuditEntry(action, at, self.runner, detail, run, subject)
        known.end = audit.append(connection, known.end, entry)
        known.add(replace(entry, seq=known.end.seq))
        return known.end.seq

    def hold(self, connection: Connection, claim: Claim) -> None:
        """Insist that this runner still has a district. Raises ``LeaseLost``."""
        self.lease_table.renew(connection, claim, self.database.now(connection))

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
            return self.log(
                connection, action, detail, at, run=claim.run, subject=district
            )

    def settle(
        self, claim: Claim, row: int, result: SaveResult, *, at: datetime
    ) -> None:
        """Write down what became of a save; what is settled for good stays so."""
        with self.changing() as connection:
            self.hold(connection, claim)
            here = (claim.backend, claim.district)
            for entry in self._known.open_saves(*here):
                if entry.row == row:
                    self._save_seen(connection, entry, result, at)
            if result.settled is SaveStatus.CONFIRMED or result.sent is Sent.ANSWERED:
                self._close_others(connection, here, row, at)

    def look(
        self, backend: str, results: Mapping[int, SaveResult], *, at: datetime
    ) -> None:
        """Write down what a reading told of open saves, by their rows."""
        if not results:
            return
        with self.changing() as connection:
            now = self.database.now(connection)
            news = [
                entry
                for entry in self._known.open_saves(backend)
                if entry.row in results and _is_news(entry, results[entry.row])
            ]
            for district, entries in _by_district(news).items():
                place = (backend, district)
                claim = self.lease_table.take(connection, entries[0].run, place, now)
                if isinstance(claim, LeasedElsewhere):
                    continue
                for entry in reversed(entries):
                    self._save_seen(connection, entry, results[entry.row], at)
                    if results[entry.row].settled is SaveStatus.CONFIRMED:
                        self._close_others(connection, place, entry.row, at)
                        break
                self.lease_table.release(connection, claim)

    def _close_others(
        self, connection: Connection, place: tuple[str, str], row: int, at: datetime
    ) -> None:
        """Let nothing else on a district be looked for: the form has moved past it."""
        for entry in self._known.open_saves(*place):
            facts, sent = entry.facts, entry.facts.sent
            last = SaveResult(SaveStatus.FAILED, Sent.UNANSWERED, note="superseded")
            if sent is not None:
                last = SaveResult(entry.settled, sent, facts.observed, facts.version)
            if entry.row != row:
                self._save_seen(connection, entry, last, at, closed=True)

    def _save_seen(
        self,
        connection: Connection,
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
        self.log(connection, action, detail, at, run=entry.run, subject=district)

    # — what is known without a save —

    def note(
        self, backend: str, seen: Mapping[str, BaselineUpdate], *, at: datetime
    ) -> None:
        """Remember what was seen of many districts, as far as it is new."""
        known = self.known()
        new = [key for key in sorted(seen) if _is_new(known, backend, key, seen[key])]
        for begin in range(0, len(new), AT_ONCE):
            districts = {
                district: {
                    "form": form_data(seen[district].form),
                    "running": seen[district].running,
                    "whole": not seen[district].merged,
                    **({"launched": True} if seen[district].launched else {}),
                }
                for district in new[begin : begin + AT_ONCE]
            }
            detail = {"backend": backend, "districts": districts}
            with self.changing() as connection:
                self.log(connection, audit.DISTRICT_SEEN, detail, at)

    def approve(
        self, plan: str, name: str, *, at: datetime, check: NameCheck = UNCHECKED
    ) -> bool:
        """Write down that a person approves a plan; False if they had before."""
        with self.changing() as connection:
            if name in self._known.approvals[plan]:
                return False
            detail = {"plan": plan, "name": name}
            if check.by:
                detail |= {"checked_by": check.by, "named": check.named}
            self.log(connection, audit.PLAN_APPROVED, detail, at)
            return True


def _is_news(entry: JournalRow, result: SaveResult) -> bool:
    """Say whether a reading tells more of a save than is known."""
    return (entry.settled, entry.facts.version) != (result.settled, result.version)


def _is_new(known: Known, backend: str, district: str, seen: BaselineUpdate) -> bool:
    """Say whether what was seen of a district is not known yet."""
    here = known.form(backend, district)
    if seen.running and district not in known.launches[backend]:
        return True
    if seen.launched and district not in known.told[backend]:
        return True
    if not seen.merged and here.keys() - seen.form.keys():
        return True
    return any(
        name not in here or not is_same(name, here[name], value)
        for name, value in seen.form.items()
    )


def _by_district(entries: Sequence[JournalRow]) -> dict[str, tuple[JournalRow, ...]]:
    found: dict[str, tuple[JournalRow, ...]] = defaultdict(tuple)
    for entry in entries:
        found[entry.intent.district] += (entry,)
    return dict(found)
