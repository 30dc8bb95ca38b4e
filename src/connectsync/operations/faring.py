"""What became of each district in a pass with nobody there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectsync.domain.outcome import DistrictOutcome, Ending, Outcome
from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.domain.reconciled import Fared, Fate, Reason, Reconciled, Why
from connectsync.domain.risk import Risk
from connectsync.errors import StalePlan
from connectsync.operations.planning import Wanted
from connectsync.operations.reconciling import Division

FATES = {
    Ending.DONE: Fate.DONE,
    Ending.FAILED: Fate.FAILED,
    Ending.CONFLICT: Fate.CONFLICT,
    Ending.WAITING: Fate.LEFT,
    Ending.SKIPPED: Fate.LEFT,
    Ending.NOT_REACHED: Fate.LEFT,
}


@dataclass(frozen=True, slots=True)
class Passed:
    """
    A pass as it went: the plan of everything, its division, and how its run ended.

    ``came`` is the outcome of the run, or why there was none though one was tried; None
    where none was.
    """

    plan: Plan
    wanted: Sequence[Wanted]
    division: Division
    came: Outcome | StalePlan | None

    def told(self, *, at_most: Risk, dry_run: bool) -> Reconciled:
        """Sum the pass up."""
        came, reasons = self.came, self.division.reasons
        if isinstance(came, StalePlan):
            reasons = (Reason(Why.CONNECT, " ".join(came.message.split())),)
        outcome = came if isinstance(came, Outcome) else None
        return Reconciled(
            at=self.plan.created,
            backend=self.plan.backend,
            at_most=at_most,
            dry_run=dry_run,
            districts=tuple(sorted(self._fared(outcome), key=lambda one: one.district)),
            reasons=reasons,
            run=(outcome.run or None) if outcome else None,
        )

    def _fared(self, outcome: Outcome | None) -> Iterator[Fared]:
        files = {want.district.key: want.file for want in self.wanted}
        for key in self.plan.in_step:
            yield Fared(key, files[key], Fate.IN_STEP)
        for one in self.plan.failed:
            reason = Reason(Why.CONNECT, one.message)
            yield Fared(one.district, one.file, Fate.UNREAD, (reason,))
        for lost in self.plan.still_running:
            reasons = self.division.held.get(lost.district, ())
            yield Fared(lost.district, lost.file, Fate.HELD, reasons)
        ended = {one.district: one for one in outcome.districts} if outcome else {}
        for planned in self.plan.districts:
            yield self._of(planned, ended)

    def _of(self, planned: DistrictPlan, ended: Mapping[str, DistrictOutcome]) -> Fared:
        key, file = planned.district, planned.file
        if held := self.division.held.get(key):
            return Fared(key, file, Fate.HELD, held)
        outcome = ended.get(key)
        if outcome is None:
            return Fared(key, file, Fate.READY)
        reasons = (Reason(Why.CONNECT, outcome.message),) if outcome.message else ()
        return Fared(key, file, FATES[outcome.ending], reasons, outcome.changes)
