"""Carrying a run out: the writer, the waves, who watches, what is said at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from connectsync.apply.deps import Rest, RunDeps, never
from connectsync.apply.executor import Executor
from connectsync.apply.journal import RunOptions
from connectsync.apply.rollout import Pace
from connectsync.apply.state.queries import StateReader
from connectsync.apply.state.store import Store
from connectsync.cli.backends import at_once, is_by_hand, open_writer, patience
from connectsync.cli.by_hand import ByHand, Person
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.fleets import Scope
from connectsync.cli.observing import observers
from connectsync.cli.planned import Planned
from connectsync.cli.run_progress import RunProgress
from connectsync.cli.session import Session
from connectsync.cli.stopping import Stop, stopping
from connectsync.cli.telling import Teller
from connectsync.connect.seam import Reader
from connectsync.domain.outcome import Ending, Outcome
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.rollout import WAVES, Rollout
from connectsync.domain.run import RunHead
from connectsync.domain.shard import ALL, Shard
from connectsync.errors import StalePlan
from connectsync.operations.applying import Application, orders_for
from connectsync.operations.gate import Consent, Gate
from connectsync.operations.planning import Circumstances
from connectsync.report.fleet_text import outcome_tables
from connectsync.report.outcome_text import (
    BY_A_PERSON,
    READ_BACK,
    outcome_text,
)
from connectsync.rules.hours import closed


@dataclass(frozen=True, slots=True)
class Said:
    """What the command line said of a run."""

    accepted: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    approved: str | None = None
    by_hand: ByHand = field(default_factory=ByHand)
    shard: Shard = ALL
    set_token: frozenset[str] = frozenset()
    metrics: Path | None = None
    yes: bool = False
    ignore_files: bool = False


@dataclass(frozen=True, slots=True)
class Went:
    """How a run ended, and whether it did because somebody asked."""

    outcome: Outcome
    interrupted: bool


@dataclass(frozen=True, slots=True)
class Going:
    """
    A run on its way, with everything it needs.

    ``given`` is what its plan was held against.
    """

    session: Session
    scope: Scope
    said: Said
    reader: Reader
    store: Store
    given: Circumstances

    async def made_true(self, plan: Plan) -> Went:
        """
        Make a plan true; go on with its run where a person said more is done.

        Raises ``StalePlan`` if Connect moved meanwhile, and ``Overtaken`` if another
        run began; nothing is written then.
        """
        orders = self._orders(plan)
        archive = StateReader(self.store)
        run = archive.last_run(plan_digest(plan), plan.backend)
        if run is not None and self._by_hand:
            self.store.reopen(run.number, at=self.session.now())
            return await self._carried_out(plan, orders, run.number)
        try:
            return await self._carried_out(plan, orders, None)
        except StalePlan as stale:
            raise _explained(stale, archive.run_of(plan_digest(plan))) from stale

    def gate(self, begun: RunHead | None = None) -> Gate:
        """Give the gate with what was said; ``begun`` is the run so far."""
        said = self.said
        consent = Consent(said.accepted, said.reasons, said.approved)
        archive = StateReader(self.store)
        return Gate(self.given, self.scope.districts, archive, consent, begun)

    async def resume(self, run: int, plan: Plan, orders: RunOptions) -> ExitStatus:
        """Go on with a run at what is left of it, in its waves unless overridden."""
        if WAVES in self.said.reasons:
            orders = self._orders(plan)
        return self.told(await self._carried_out(plan, orders, run), plan)

    @property
    def _by_hand(self) -> bool:
        return is_by_hand(self.session, self.scope.project)

    @property
    def _rollout(self) -> Rollout:
        # who saves by hand goes district by district, and decides the order
        if self._by_hand or WAVES in self.said.reasons:
            return Rollout()
        return self.scope.project.policy.rollout

    def _orders(self, plan: Plan) -> RunOptions:
        said, districts = self.said, self.scope.districts
        orders = orders_for(plan, self._rollout, districts, said.accepted, said.reasons)
        return replace(
            orders,
            recent=self.given.recent,
            approved_elsewhere=said.approved is not None,
        )

    async def _carried_out(
        self, plan: Plan, orders: RunOptions, run: int | None
    ) -> Went:
        session, project, given = self.session, self.scope.project, self.given
        person = Person(session, project, plan, self.said.by_hand)
        if self._by_hand:
            person.ready()
        writing = open_writer(session, project, self.scope.districts, person.confirm)
        tell, progress = self._teller(orders), self._progress(plan, run)
        with observers(session, self.said.metrics, tell, progress) as observe:
            async with writing as writer:
                means = RunDeps(
                    self.reader,
                    writer,
                    self.store,
                    session.now,
                    observe,
                    rest=_rest(session),
                )
                with stopping(session.terminal) as stop:
                    executor = Executor(means, self._pace(plan, stop))
                    application = Application(plan, self.scope.wanted, given.baselines)
                    if run is None:
                        outcome = await application.run(executor, orders)
                    else:
                        outcome = await application.resume(executor, run, orders)
        tell.tell_the_rest(outcome)
        return Went(outcome, interrupted=stop.asked and bool(outcome.stopped))

    def _pace(self, plan: Plan, stop: Stop) -> Pace:
        session, policy = self.session, self.scope.project.policy
        rollout = self._rollout
        most = rollout.max_failures_percent
        if most is None and rollout.waves:
            most = 0

        def pause() -> str:
            return stop.reason() or closed(policy, session.now(), self.said.reasons)

        return Pace(
            only=self._only(plan),
            at_once=at_once(session, self.scope.project),
            max_failures_percent=most,
            pause=pause,
        )

    def _only(self, plan: Plan) -> frozenset[str] | None:
        if self.said.by_hand.confirmed:
            return self.said.by_hand.chosen(plan)
        if self.said.shard == ALL:
            return None
        keys = (one.district for one in plan.districts)
        return frozenset(key for key in keys if self.said.shard.holds(key))

    @property
    def _proof(self) -> str:
        return BY_A_PERSON if self._by_hand else READ_BACK

    def _teller(self, orders: RunOptions) -> Teller:
        return Teller(self.session, self._proof, len(orders.waves))

    def _progress(self, plan: Plan, run: int | None) -> RunProgress | None:
        """Tell how far the run has come, unless a person is asked for each district."""
        if self._by_hand:
            return None
        left = [planned.district for planned in plan.districts]
        if run is not None:
            left = list(StateReader(self.store).run(run).left)
        only = self._only(plan)
        mine = [key for key in left if only is None or key in only]
        return RunProgress(self.session, len(mine))

    def told(self, went: Went, plan: Plan) -> ExitStatus:
        """Say how a run went, and give the status to exit with."""
        terminal, outcome = self.session.terminal, went.outcome
        if outcome.moved or not plan.empty:
            review = Planned(plan, self.scope).review(None)
            colour = terminal.colour
            for table in outcome_tables(outcome.districts, review, colour=colour):
                terminal.show(f"{table}\n\n")
            terminal.show(
                outcome_text(outcome, plan, colour=terminal.colour, proof=self._proof)
            )
        if went.interrupted:
            return ExitStatus.INTERRUPTED
        return _status(outcome, plan)


def _rest(session: Session) -> Rest:
    shared = patience(session)
    return never if shared is None else shared.rest


def _explained(stale: StalePlan, run: int | None) -> StalePlan:
    """Say of a plan that it is stale because it was applied, if it was."""
    if run is None:
        return stale
    return StalePlan(
        f"this plan was applied in run {run}; {stale.sentence}",
        below=stale.below,
        remedy=f"for what is left of it run `connectsync resume {run}`; for what is"
        " different now make a new plan",
    )


def _status(outcome: Outcome, plan: Plan) -> ExitStatus:
    if outcome.refused:
        return ExitStatus.UNREACHABLE
    if outcome.ended(Ending.CONFLICT):
        return ExitStatus.STALE
    left = outcome.ended(Ending.FAILED) or outcome.ended(Ending.NOT_REACHED)
    return ExitStatus.FINDINGS if left or plan.failed else ExitStatus.FINE
