"""
The state store that a run writes to; each call is on disk when it returns.

A district that a run has in hand for long gives its signs of life in a thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from time import monotonic

from connectsync.apply.journal import (
    Claim,
    Journal,
    LeasedElsewhere,
    RunOptions,
    SaveStatus,
)
from connectsync.apply.state import audit
from connectsync.apply.state.database import prepare_leases
from connectsync.apply.state.known import Known
from connectsync.apply.state.ledger import Ledger
from connectsync.domain.outcome import DistrictOutcome, Ending
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import plan_data
from connectsync.domain.run import LATELY
from connectsync.domain.wording import many
from connectsync.errors import LeaseLost, Overtaken, RunInHand, StateError

FAILED = frozenset([Ending.FAILED, Ending.CONFLICT])
"""The endings that count as failures of a wave."""

RETRIED = FAILED | {Ending.WAITING}
"""The endings that are not the last word: a run goes on at these."""


class Store(Ledger):
    """
    The journal of one runner: its runs and districts, besides saves and readings.

    All methods raise ``StateError``.
    """

    # — runs —

    def open_run(self, plan: str, backend: str) -> int | None:
        """Give the run of the plan with this digest that has not ended, if any."""
        return _open_run(self.known(), plan, backend)

    def begin(
        self, plan: Plan, digest: str, orders: RunOptions, *, at: datetime
    ) -> tuple[int, bool]:
        """Open a run, or join the one that is open; say whether it was joined."""
        with self.changing() as connection:
            run = _open_run(self._known, digest, plan.backend)
            if run is not None:
                _insist_known(self._known, plan.backend, orders, at, run)
                known = self._known.run(run)
                told = orders.reasons.items() <= known.head.reasons.items()
                # what an older run has yet to save counts for others from now on
                if not told or known.at_work < at - LATELY:
                    said = {"reasons": dict(orders.reasons)}
                    self.log(audit.RUN_JOINED, said, at, run=run)
                return run, True
            _insist_known(self._known, plan.backend, orders, at)
            districts = [planned.district for planned in plan.districts]
            prepare_leases(connection, plan.backend, districts)
            run = max(self._known.runs, default=0) + 1
            detail = {
                "plan": plan_data(plan),
                "digest": digest,
                "backend": plan.backend,
                "waves": [[wave, list(keys)] for wave, keys in orders.waves],
                "accepted": dict(orders.accepted),
                "reasons": dict(orders.reasons),
                "approved_elsewhere": orders.approved_elsewhere,
                "launched": sorted(orders.launched),
                "origin": asdict(orders.origin),
                "partial": plan.partial,
            }
            self.log(audit.RUN_BEGUN, detail, at, run=run)
            return run, False

    def reopen(
        self, run: int, *, at: datetime, orders: RunOptions | None = None
    ) -> None:
        """
        Let the districts that failed be tried again; keep what was said to guards.

        Raises ``Overtaken`` if another run began on districts that the guards did not
        know of.
        """
        with self.changing():
            known = self._known.run(run)
            detail: dict[str, object] = {
                "districts": [
                    key
                    for key, part in known.parts.items()
                    if part.outcome is not None and part.outcome.ending in RETRIED
                ]
            }
            if orders is not None:
                _insist_known(self._known, known.head.backend, orders, at, run)
                detail["reasons"] = dict(orders.reasons)
                detail["accepted"] = dict(orders.accepted)
                detail["origin"] = asdict(orders.origin)
            self.log(audit.RUN_RESUMED, detail, at, run=run)

    def stop(self, run: int, why: str, *, at: datetime) -> None:
        """Write down that a runner left a run before its end."""
        with self.changing():
            self.log(audit.RUN_STOPPED, {"why": why}, at, run=run)

    def end(self, run: int, *, at: datetime) -> None:
        """Close a run, if no district is left in it."""
        with self.changing():
            known = self._known.run(run)
            if known.head.ended is None and not known.unended:
                self.log(audit.RUN_ENDED, {}, at, run=run)

    def close(self, run: int, why: str, *, at: datetime) -> tuple[str, ...]:
        """
        Close a run with all that is left of it; give those districts.

        Raises ``UnknownRun``, and ``RunInHand``, with nothing written, while a runner
        has one of them, or while it is not known whether a save of it happened.
        """
        with self.changing() as connection:
            closed = self._known.run(run)
            for save in self._known.open.values():
                if save.entry.run == run and save.entry.settled is SaveStatus.INTENDED:
                    raise RunInHand(
                        "it is not known yet whether a save of"
                        f" {save.entry.intent.district!r} in run {run} happened",
                        remedy=f"`connectsync resume {run} --ignore-files`, or with a"
                        " click list `connectsync apply PLAN`, settles that first",
                    )
            left = closed.told().left
            for district in left:
                place = (closed.head.backend, district)
                claim = self.lease_table.take(connection, run, place)
                if isinstance(claim, LeasedElsewhere):
                    raise RunInHand(
                        f"{claim.runner} is working on {district!r} of run {run}"
                    )
                skipped = DistrictOutcome(
                    district, Ending.SKIPPED, 0, 0, f"closed: {why}"
                )
                self._end_district(run, skipped, at)
                self.lease_table.release(connection, claim)
            self.log(audit.RUN_CLOSED, {"why": why}, at, run=run)
            return left

    # — districts —

    def claim(
        self, run: int, backend: str, district: str, *, at: datetime
    ) -> Claim | LeasedElsewhere | DistrictOutcome:
        """Take a district, or say who has it, or how it ended."""
        del at
        with self.changing() as connection:
            taken = self.lease_table.take(connection, run, (backend, district))
            ended = self._known.run(run).outcome(district)
            if ended is None:
                return taken
            if isinstance(taken, Claim):
                self.lease_table.release(connection, taken)
            return ended

    def renew(self, claim: Claim) -> None:
        """Give a sign of life."""
        with self.database.writing() as connection:
            self.hold(connection, claim)

    def release(self, claim: Claim) -> None:
        """Let go of a district that was not ended."""
        with self.writing() as connection:
            self.lease_table.release(connection, claim)

    def finish(self, claim: Claim, outcome: DistrictOutcome, *, at: datetime) -> None:
        """Write down how a district ended, and let go of it."""
        with self.changing() as connection:
            self.lease_table.release(connection, claim)
            self._end_district(claim.run, outcome, at)

    def outcomes(
        self, run: int, district: str | None = None
    ) -> Mapping[str, DistrictOutcome]:
        """Give how districts of a run ended, or one of them, by any runner."""
        known = self.known().run(run)
        keys = known.parts if district is None else (district,)
        ended = {key: known.outcome(key) for key in keys}
        return {key: one for key, one in ended.items() if one is not None}

    def failures(self, run: int, wave: str) -> int:
        """Count the districts of a wave that failed, with any runner."""
        return sum(
            part.outcome is not None and part.outcome.ending in FAILED
            for part in self.known().run(run).parts.values()
            if part.wave == wave
        )

    def doubt(self, run: int, district: str, message: str, *, at: datetime) -> None:
        """Take back that a district is done: it was read, and is not as saved."""
        doubted = DistrictOutcome(district, Ending.CONFLICT, 0, 0, message)
        with self.changing():
            self._end_district(run, doubted, at)

    def _end_district(self, run: int, outcome: DistrictOutcome, at: datetime) -> None:
        detail = {
            "ending": outcome.ending.value,
            "message": outcome.message,
            "remedy": outcome.remedy,
            # older versions forgot what else was known
            "managed": None,
        }
        action, district = audit.DISTRICT_ENDED, outcome.district
        self.log(action, detail, at, run=run, subject=district)


def _open_run(known: Known, plan: str, backend: str) -> int | None:
    runs = (run.head for run in known.runs_of(plan, backend))
    return next((run.number for run in runs if run.ended is None), None)


def _insist_known(
    known: Known, backend: str, orders: RunOptions, now: datetime, run: int = 0
) -> None:
    """Raise ``Overtaken`` if other runs did more of late than the guards knew of."""
    if orders.recent is None:
        return
    unknown = known.recent(backend, now, run).districts - orders.recent.districts
    if unknown:
        raise Overtaken(
            f"another run began on {many(len(unknown), 'district')} after the guards"
            " were asked"
        )


BEATS = 3
"""Signs of life while a lease lasts."""


class Heartbeat:
    """
    Holds on to districts: a page may take its time, and so may a lock of the store.

    The signs of life of a district are given in a thread, over a connection of its own.
    It begins once the first one is due: most districts have ended by then.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.pause = journal.lease_seconds / BEATS
        self._due: dict[Claim, tuple[float, threading.Event]] = {}
        self._beating: dict[Claim, threading.Thread] = {}
        self._lock = threading.Lock()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look after the districts that are kept."""
        over = threading.Event()
        thread = threading.Thread(
            target=self._watch, args=(over,), name="leases", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            over.set()

    @asynccontextmanager
    async def keep(self, claim: Claim) -> AsyncIterator[None]:
        """Hold on to a district."""
        ended = threading.Event()
        with self._lock:
            self._due[claim] = monotonic() + self.pause, ended
        try:
            yield
        finally:
            with self._lock:
                self._due.pop(claim, None)
                thread = self._beating.pop(claim, None)
            ended.set()
            if thread is not None:
                # it may wait for the store: the other districts need not
                await asyncio.shield(asyncio.to_thread(thread.join))

    def _watch(self, over: threading.Event) -> None:
        wait = self.pause
        while not over.wait(wait):
            wait = self._begin_due()

    def _begin_due(self) -> float:
        """Begin to give the signs that are due; say when to look again."""
        with self._lock:
            # in the order they came: the first is due first
            for claim, (due, ended) in list(self._due.items()):
                left = due - monotonic()
                if left > 0:
                    return left
                del self._due[claim]
                given = (self._journal, claim, ended, self.pause)
                thread = threading.Thread(
                    target=_beat, args=given, name="lease", daemon=True
                )
                self._beating[claim] = thread
                thread.start()
        return self.pause


def _beat(journal: Journal, claim: Claim, ended: threading.Event, pause: float) -> None:
    while not ended.is_set():
        try:
            journal.renew(claim)
        except LeaseLost:
            # that is found out at the next thing that is written down
            return
        except StateError:
            # the store was busy for long: the next sign may get through
            pass
        ended.wait(pause)
