"""Making a plan true, one district at a time, proven by reading back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from connectsync.apply.freshness import answer_for, differing, insist_fresh, movement
from connectsync.apply.journal import Intent, Journal, Settled
from connectsync.connect.seam import Reader, Writer
from connectsync.domain.live import Live
from connectsync.domain.outcome import DistrictOutcome, Ending, Outcome
from connectsync.domain.plan import SWITCH, DistrictPlan, Plan, Save
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.settings import Form
from connectsync.domain.values import spell
from connectsync.errors import (
    Bug,
    Conflict,
    ConnectError,
    ConnectsyncError,
    StalePlan,
    Unreachable,
    Unsettled,
    VersionMoved,
)

Reached = Callable[[DistrictOutcome], None]
"""Told of each district as it ends."""


@dataclass(frozen=True, slots=True)
class Executor:
    """
    Makes plans true on one backend.

    Nothing is written before every district of the plan was seen to be as planned.
    """

    reader: Reader
    writer: Writer
    journal: Journal
    clock: Callable[[], datetime]

    async def run(self, plan: Plan, reached: Reached = lambda _: None) -> Outcome:
        """
        Save every district of the plan; one that fails does not stop the others.

        Raises ``StalePlan``, with nothing written, if Connect moved meanwhile.
        """
        if not plan.districts:
            return Outcome(0, ())
        keys = [planned.district for planned in plan.districts]
        lives = await self.reader.read_many(keys)
        insist_fresh(plan, lives)
        run = self.journal.begin(
            plan=plan_digest(plan),
            backend=plan.backend,
            districts=keys,
            at=self.clock(),
        )
        outcomes = []
        for planned in plan.districts:
            live = answer_for(planned.district, lives)
            if isinstance(live, ConnectError):
                outcome = _ended(planned, live, 0, 0)
            else:
                outcome = await self._district(_Errand(run, plan.backend, planned))
            outcomes.append(outcome)
            reached(outcome)
        self.journal.end(run, at=self.clock())
        return Outcome(run, tuple(outcomes))

    async def _district(self, errand: _Errand) -> DistrictOutcome:
        planned = errand.planned
        version, form, saves, changes = planned.live_version, planned.live, 0, 0
        for save in planned.saves:
            try:
                live = await self._save(errand, save, saves + 1, version, form)
            except Bug:
                raise
            except ConnectsyncError as error:
                return _ended(planned, error, saves, changes)
            version, form = live.version, live.form
            saves, changes = saves + 1, changes + len(save.changes)
        self._confirm(errand, form)
        return DistrictOutcome(planned.district, Ending.DONE, saves, changes)

    async def _save(
        self, errand: _Errand, save: Save, phase: int, version: str, before: Form
    ) -> Live:
        after = save.after(before)
        intent = Intent(errand.planned.district, phase, before, after, version)
        row = self.journal.intend(errand.run, intent, at=self.clock())
        try:
            live = await self._made(intent)
        except (Bug, Unsettled):
            raise
        except ConnectsyncError as error:
            settled = Settled.CONFLICT if _is_conflict(error) else Settled.FAILED
            self.journal.settle(row, settled, at=self.clock(), note=error.message)
            raise
        self.journal.settle(row, Settled.CONFIRMED, at=self.clock())
        return live

    async def _made(self, intent: Intent) -> Live:
        """Save once; where the answer is lost, settle by reading."""
        changed = {
            name: intent.after[name] for name in differing(intent.before, intent.after)
        }
        try:
            live = await self.writer.save(
                intent.district, changed, expected_version=intent.expected_version
            )
        except VersionMoved as error:
            raise await self._conflict(intent) from error
        except Unreachable as lost:
            return await self._settled(intent, lost)
        return _proven(intent, live)

    async def _settled(self, intent: Intent, lost: Unreachable) -> Live:
        try:
            live = await self.reader.read(intent.district)
        except ConnectsyncError as error:
            raise Unsettled(
                f"nobody knows whether the save happened: {lost.message}; and reading"
                f" it back failed: {error.message}"
            ) from error
        if not differing(live.form, intent.after):
            return live
        if live.version == intent.expected_version:
            raise lost
        raise _moved(intent, live)

    async def _conflict(self, intent: Intent) -> ConnectsyncError:
        return _moved(intent, await self.reader.read(intent.district))

    def _confirm(self, errand: _Errand, form: Form) -> None:
        planned = errand.planned
        self.journal.record_baseline(
            errand.backend,
            planned.district,
            {name: form.get(name) for name in planned.desired},
            running=True in {form.get(SWITCH), planned.live.get(SWITCH)},
            at=self.clock(),
        )


@dataclass(frozen=True, slots=True)
class _Errand:
    run: int
    backend: str
    planned: DistrictPlan


def _proven(intent: Intent, live: Live) -> Live:
    """Hold the read-back against what was saved."""
    wrong = differing(intent.after, live.form)
    if wrong:
        held = "; ".join(
            f"{name} should be {spell(intent.after.get(name))},"
            f" is {spell(live.form.get(name))}"
            for name in wrong
        )
        raise Conflict(f"Connect does not hold what was saved: {held}")
    return live


def _moved(intent: Intent, live: Live) -> Conflict:
    said = "; ".join(movement(intent.before, live.form))
    return Conflict(f"somebody saved the form meanwhile: {said}")


def _is_conflict(error: ConnectsyncError) -> bool:
    return isinstance(error, Conflict | StalePlan)


def _ended(
    planned: DistrictPlan, error: ConnectsyncError, saves: int, changes: int
) -> DistrictOutcome:
    ending = Ending.CONFLICT if _is_conflict(error) else Ending.FAILED
    return DistrictOutcome(
        planned.district, ending, saves, changes, error.message, error.remedy
    )
