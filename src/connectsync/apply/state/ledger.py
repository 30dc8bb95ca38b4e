"""Saves and readings, as facts; every call is on disk before it returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from connectsync.apply.journal import (
    BaselineUpdate,
    Claim,
    Entry,
    Intent,
    LeasedElsewhere,
    SavedSince,
    SaveResult,
    Settled,
)
from connectsync.apply.state import projections, saves
from connectsync.apply.state.audit import TOLD_TIME, AuditEntry, stamp
from connectsync.apply.state.database import Database
from connectsync.apply.state.leases import LeaseTable
from connectsync.apply.state.tables import APPROVALS, HEAD
from connectsync.domain.baseline import Baseline
from connectsync.domain.save import Sent
from connectsync.domain.untouched import without
from connectsync.domain.values import differing, form_data

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
        self.lease_table = lease_table
        self.told_time = told_time

    @property
    def lease_seconds(self) -> float:
        """How long a district stays in hand without a sign of life."""
        return self.lease_table.seconds

    @property
    def runner(self) -> str:
        """Name this runner."""
        return self.lease_table.runner

    # — saves —

    def entries(self, run: int, district: str) -> tuple[Entry, ...]:
        """Give a district's saves in a run, in the order they were intended."""
        with self.database.reading() as connection:
            return tuple(saves.saves(connection, run=run, district=district))

    def newer(self, claim: Claim) -> Mapping[str, SavedSince]:
        """Give what newer runs last left of each setting they saved on a district."""
        with self.database.reading() as connection:
            later = saves.later(connection, claim.backend, claim.district, claim.run)
        return {
            name: SavedSince(entry.run, value)
            for entry in later
            for name, value in entry.facts.held.items()
        }

    def open_saves(self, backend: str) -> Mapping[str, tuple[Entry, ...]]:
        """Give the saves that may still be found to have been made, by district."""
        with self.database.reading() as connection:
            return _by_district(saves.open_saves(connection, backend))

    def intend(self, claim: Claim, intent: Intent, *, at: datetime) -> int:
        """Write down a save before it is made; give the row's number."""
        changed = differing(intent.before, intent.after)
        wanted = {n: v for n, v in intent.desired.items() if n in intent.after}
        pending = differing(wanted, without(intent.after, intent.kept))
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
        with self.changing() as connection:
            self.hold(connection, claim)
            return self.log(
                connection,
                projections.SAVE_INTENDED,
                detail,
                at,
                run=claim.run,
                subject=intent.district,
            )

    def settle(
        self, claim: Claim, row: int, result: SaveResult, *, at: datetime
    ) -> None:
        """Write down what became of a save; what is settled for good stays so."""
        with self.changing() as connection:
            self.hold(connection, claim)
            here = (claim.backend, claim.district)
            open_ = saves.open_saves(connection, *here)
            for entry in open_:
                if entry.row == row:
                    self._save_seen(connection, entry, result, at)
            if result.settled is Settled.CONFIRMED or result.sent is Sent.ANSWERED:
                self._close_others(connection, here, row, at)

    def look(
        self, backend: str, results: Mapping[int, SaveResult], *, at: datetime
    ) -> None:
        """Write down what a reading told of open saves, by their rows."""
        if not results:
            return
        with self.changing() as connection:
            now = self.database.now(connection)
            found = _by_district(saves.open_saves(connection, backend))
            for district, entries in found.items():
                seen = [one for one in entries if one.row in results]
                if not seen:
                    continue
                place = (backend, district)
                claim = self.lease_table.take(connection, seen[0].run, place, now)
                if isinstance(claim, LeasedElsewhere):
                    continue
                for entry in reversed(seen):
                    if not _is_news(entry, results[entry.row]):
                        continue
                    self._save_seen(connection, entry, results[entry.row], at)
                    if results[entry.row].settled is Settled.CONFIRMED:
                        self._close_others(connection, place, entry.row, at)
                        break
                self.lease_table.release(connection, claim)

    def _close_others(
        self, connection: Connection, place: tuple[str, str], row: int, at: datetime
    ) -> None:
        """Let nothing else on a district be looked for: the form has moved past it."""
        for entry in saves.open_saves(connection, *place):
            if entry.row != row:
                facts = entry.facts
                if facts.sent is not None:
                    last = SaveResult(
                        entry.settled, facts.sent, facts.observed, facts.version
                    )
                    self._save_seen(connection, entry, last, at, closed=True)

    def _save_seen(
        self,
        connection: Connection,
        entry: Entry,
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
        district = entry.intent.district
        action = projections.SAVE_SEEN
        self.log(connection, action, detail, at, run=entry.run, subject=district)

    # — what is known without a save —

    def keep(
        self, backend: str, district: str, kept: BaselineUpdate, *, at: datetime
    ) -> None:
        """Remember managed values that are in step without a save."""
        self.note(backend, {district: kept}, at=at)

    def note(
        self, backend: str, seen: Mapping[str, BaselineUpdate], *, at: datetime
    ) -> None:
        """Remember what was seen of many districts, as far as it is new."""
        known: dict[str, Baseline] = {}
        with self.database.reading() as connection:
            for some in _at_once(sorted(seen)):
                known |= saves.baselines(connection, backend, some)
        new = {
            district: update
            for district, update in sorted(seen.items())
            if saves.is_news(known.get(district), update)
        }
        for some in _at_once(list(new)):
            detail = {
                "backend": backend,
                "districts": {
                    district: {
                        "form": form_data(new[district].form),
                        "running": new[district].running,
                        "whole": not new[district].merged,
                    }
                    for district in some
                },
            }
            with self.changing() as connection:
                self.log(connection, projections.DISTRICT_SEEN, detail, at)

    def approve(self, plan: str, name: str, *, at: datetime) -> bool:
        """Write down that a person approves a plan; False if they had before."""
        with self.changing() as connection:
            given = connection.execute(
                select(APPROVALS.c.name).where(APPROVALS.c.plan == plan)
            ).scalars()
            if name in set(given):
                return False
            detail = {"plan": plan, "name": name}
            self.log(connection, projections.PLAN_APPROVED, detail, at)
            return True

    # — how it is written —

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """Change something that the audit log tells of, one runner after another."""
        with self.database.writing() as connection:
            connection.execute(select(HEAD).with_for_update()).one()
            yield connection

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
        """Append a fact, and let the tables say what follows; give its place."""
        if self.told_time:
            detail = {**detail, TOLD_TIME: stamp(datetime.now(UTC))}
        entry = AuditEntry(action, at, self.runner, detail, run, subject)
        return projections.record(connection, entry)

    def hold(self, connection: Connection, claim: Claim) -> None:
        """Insist that this runner still has a district. Raises ``LeaseLost``."""
        self.lease_table.renew(connection, claim, self.database.now(connection))


def _is_news(entry: Entry, result: SaveResult) -> bool:
    """Say whether a reading tells more of a save than is known."""
    return (entry.settled, entry.facts.version) != (result.settled, result.version)


def _by_district(entries: Sequence[Entry]) -> dict[str, tuple[Entry, ...]]:
    found: dict[str, tuple[Entry, ...]] = {}
    for entry in entries:
        district = entry.intent.district
        found[district] = (*found.get(district, ()), entry)
    return found


def _at_once(districts: Sequence[str]) -> Iterator[Sequence[str]]:
    for begin in range(0, len(districts), AT_ONCE):
        yield districts[begin : begin + AT_ONCE]
