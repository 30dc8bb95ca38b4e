"""Apply a plan that nothing speaks against: a run, from its gate to its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, suppress
from datetime import datetime
from typing import Protocol

from connectsync.apply.journal import (
    FileSays,
    InStep,
    Observe,
    Rest,
    RunDeps,
    RunOptions,
)
from connectsync.apply.rollout import Executor, RolloutLimits
from connectsync.apply.saving import insist_fresh
from connectsync.apply.state.queries import StateReader
from connectsync.apply.state.store import Store
from connectsync.backends.seam import Reader, Writer
from connectsync.domain.district import District, without
from connectsync.domain.drift import Baseline, Baselines, is_launched
from connectsync.domain.outcome import Outcome
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.policy import (
    ALL,
    LAST,
    WAVES,
    Policy,
    Rollout,
    wave_by_district,
)
from connectsync.domain.run import Origin, Run, RunHead, superseded_text
from connectsync.domain.settings import Form
from connectsync.errors import (
    ConnectError,
    GuardRefused,
    Overtaken,
    StalePlan,
    Superseded,
)
from connectsync.operations.approve import with_names
from connectsync.operations.gate import ApplyOptions, Gate
from connectsync.operations.plan import (
    PlanContext,
    PlannedDistrict,
    add_guards,
    find_kept_labels,
)
from connectsync.operations.runs import superseded_remedy
from connectsync.rules.hours import closed, closed_for
from connectsync.values import dataclass, replace


def in_step_of(
    plan: Plan, wanted: Sequence[PlannedDistrict], baselines: Baselines
) -> InStep:
    """
    Give what the files want of districts that a plan found in step.

    ``wanted`` are the districts it was made from, and ``baselines`` are what was last
    applied before. What is in step with a way back is not in step with the files.
    """
    if plan.rollback_of is not None:
        return {}
    keys = frozenset(plan.in_step)
    return {
        want.district.key: FileSays(
            want.district.desired(),
            _known(want, baselines.get(want.district.key, Baseline())),
            launched=is_launched(want.district.facts, None),
        )
        for want in wanted
        if want.district.key in keys
    }


def _known(want: PlannedDistrict, baseline: Baseline) -> Callable[[Form], Form]:
    """Give what takes the labels out of a form that no file knows."""
    desired = want.district.desired()

    def known(form: Form) -> Form:
        return without(form, find_kept_labels(want.district, form, baseline, desired))

    return known


def orders_for(
    plan: Plan,
    rollout: Rollout,
    districts: Sequence[District],
    accepted: Mapping[str, int],
    reasons: Mapping[str, str],
) -> RunOptions:
    """
    Put the plan's districts into the project's waves, each wave in plan order.

    ``districts`` are those of the files; what these say of a launch goes along.
    """
    labels = {district.key: district.labels for district in districts}
    planned = [one.district for one in plan.districts]
    waves = wave_by_district(
        rollout, {key: labels.get(key, frozenset()) for key in planned}
    )
    names = [*(wave.name for wave in rollout.waves), LAST]
    grouped = [
        (name, tuple(key for key in planned if waves[key] == name)) for name in names
    ]
    launched = {one.key for one in districts if is_launched(one.facts, None)}
    return RunOptions(
        tuple((name, keys) for name, keys in grouped if keys),
        accepted,
        reasons,
        launched=frozenset(launched.intersection(planned)),
    )


class StopSignal(Protocol):
    """Whether a run is asked to stop."""

    @property
    def asked(self) -> bool:
        """Say whether it is."""

    def reason(self) -> str:
        """Say why no other district is begun; empty if there is no reason."""


class RunHost(Protocol):
    """
    The program around a run.

    ``by_hand`` is whether a person presses Save; then districts go one by one in the
    order of the person. ``at_once`` is how many districts may be in progress.
    """

    @property
    def by_hand(self) -> bool:
        """Say whether a person presses Save."""

    @property
    def at_once(self) -> int:
        """Give how many districts may be in progress at once."""

    @property
    def rest(self) -> Rest:
        """Give what keeps the pace that Connect asks for."""

    @property
    def origin(self) -> Origin:
        """Say who began it, where and from what."""

    def now(self) -> datetime:
        """Give the time."""

    def open_writer(
        self, plan: Plan, shown: Plan
    ) -> AbstractAsyncContextManager[Writer]:
        """Open what saves the districts of a plan, ``shown`` to who saves by hand."""

    def watching(self, waves: int, districts: int) -> AbstractContextManager[Observe]:
        """Tell those who watch of each event of a run of that size, and of the end."""

    def stopping(self) -> AbstractContextManager[StopSignal]:
        """Heed signals while the run lasts."""

    def tell_the_rest(self, outcome: Outcome) -> None:
        """Tell those who watch what no event told them."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended, and whether it did because it was asked to."""

    outcome: Outcome
    interrupted: bool


@dataclass(frozen=True, slots=True)
class ApplyRun:
    """
    A run on its way, with everything it needs.

    ``given`` is what its plan was checked against.
    """

    host: RunHost
    options: ApplyOptions
    wanted: Sequence[PlannedDistrict]
    reader: Reader
    store: Store
    given: PlanContext

    @property
    def districts(self) -> tuple[District, ...]:
        """The districts in scope, as their files say them."""
        return tuple(want.district for want in self.wanted)

    @property
    def archive(self) -> StateReader:
        """What the store knows of runs."""
        return StateReader(self.store)

    def gate(self, begun: RunHead | None = None) -> Gate:
        """Give the gate with what was decided; ``begun`` is the run so far."""
        return Gate(self.given, self.districts, self.archive, self.options, begun)

    async def insist_allowed(self, plan: Plan, digest: str = "") -> None:
        """
        Raise ``Refused`` unless guards are accepted, and the plan is approved.

        ``digest`` is that of the plan as it was reviewed, where it was spelled
        otherwise. Raises ``StalePlan`` instead where Connect moved since a plan that
        was not begun: accepting a guard would not help it.
        """
        try:
            self.gate().insist_allowed(plan, digest)
        except GuardRefused:
            if digest and self.last_run(plan, digest) is None:
                await self._insist_fresh(plan)
            raise

    async def _insist_fresh(self, plan: Plan) -> None:
        """Raise ``StalePlan`` if Connect moved; of what is unreadable say nothing."""
        keys = [one.district for one in plan.districts]
        with suppress(ConnectError):
            insist_fresh(plan, await self.reader.read_many(keys))

    def last_run(self, plan: Plan, digest: str = "") -> Run | None:
        """Give the last run of a plan here, if there is one."""
        return self.archive.last_run(digest or plan_digest(plan), plan.backend)

    def insist_newest(self, plan: Plan) -> None:
        """Refuse to continue the run of a plan that a newer run superseded."""
        run = self.last_run(plan)
        if run is None or run.ended is not None:
            return
        if by := self.archive.superseded(run):
            raise Superseded(
                superseded_text(run.number, by), remedy=superseded_remedy(run.number)
            )

    async def execute(self, plan: Plan, digest: str = "") -> RunResult:
        """
        Make a plan true that is allowed; continue its run where a person said more.

        Where another run began meanwhile the guards are asked once more: of two plans
        that are each small enough, both together may not be. Raises ``Refused``, and
        ``StalePlan`` if Connect moved meanwhile, with nothing written.
        """
        run = self
        while True:
            begun = self._reopened(plan)
            try:
                return await run._carried_out(plan, run._orders(plan), begun)
            except StalePlan as stale:
                if begun is not None:
                    raise
                applied = self.archive.run_of(plan_digest(plan))
                raise _explain_stale(stale, applied) from stale
            except Overtaken:
                recent = run.archive.recent(plan.backend, run.host.now())
                run = replace(run, given=replace(run.given, recent=recent))
                await run.insist_allowed(plan, digest)

    def _reopened(self, plan: Plan) -> int | None:
        """Give the run of a plan of which a person said that more is done."""
        if not self.host.by_hand or (run := self.last_run(plan)) is None:
            return None
        self.store.reopen(run.number, at=self.host.now())
        return run.number

    async def resume(self, run: int, plan: Plan, orders: RunOptions) -> RunResult:
        """Continue a run at what is left of it, in its waves unless overridden."""
        if WAVES in self.options.reasons:
            orders = self._orders(plan)
        return await self._carried_out(plan, orders, run)

    @property
    def _rollout(self) -> Rollout:
        # who saves by hand goes district by district, and decides the order
        if self.host.by_hand or WAVES in self.options.reasons:
            return Rollout()
        return self.given.policy.rollout

    def _orders(self, plan: Plan) -> RunOptions:
        options = self.options
        orders = orders_for(
            plan, self._rollout, self.districts, options.accepted, options.reasons
        )
        return replace(
            orders,
            recent=self.given.recent,
            approved_elsewhere=options.approved is not None,
            origin=self.host.origin,
        )

    async def _carried_out(
        self, plan: Plan, orders: RunOptions, run: int | None
    ) -> RunResult:
        host, shown = self.host, plan
        if host.by_hand:
            # a plan file may lie about names, effects and ages
            given = add_guards(plan, self.districts, self.given)
            # who clicks looks for a district by the name that Connect lists
            listed = await self.reader.list_districts()
            shown = with_names(given, (*self.districts, *listed))
        writing = host.open_writer(plan, shown)
        in_step = in_step_of(plan, self.wanted, self.given.baselines)
        with host.watching(len(orders.waves), self._size(plan, run)) as observe:
            async with writing as writer:
                means = RunDeps(
                    self.reader,
                    writer,
                    self.store,
                    host.now,
                    observe,
                    rest=host.rest,
                    max_live_age=self._policy(plan).max_live_age,
                )
                with host.stopping() as stop:
                    executor = Executor(means, self._limits(plan, stop))
                    if run is None:
                        outcome = await executor.run(plan, orders, in_step)
                    else:
                        outcome = await executor.resume(run, plan, orders, in_step)
        host.tell_the_rest(outcome)
        return RunResult(outcome, interrupted=stop.asked and bool(outcome.stopped))

    def _policy(self, plan: Plan) -> Policy:
        planned = [one.district for one in plan.districts]
        return self.given.policy_for(plan).settled(self.districts, planned)

    def _limits(self, plan: Plan, stop: StopSignal) -> RolloutLimits:
        policy, rollout = self._policy(plan), self._rollout
        most = rollout.max_failures_percent
        if most is None and rollout.waves:
            most = 0

        def pause() -> str:
            return stop.reason() or closed(
                policy, self.host.now(), self.options.reasons
            )

        def hold(district: str) -> str:
            return closed_for(policy, district, self.host.now(), self.options.reasons)

        return RolloutLimits(
            only=self._only(plan),
            at_once=self.host.at_once,
            max_failures_percent=most,
            pause=pause,
            hold=hold,
        )

    def _only(self, plan: Plan) -> frozenset[str] | None:
        if self.options.only is not None or self.options.shard == ALL:
            return self.options.only
        keys = (one.district for one in plan.districts)
        return frozenset(key for key in keys if self.options.shard.holds(key))

    def _size(self, plan: Plan, run: int | None) -> int:
        """Count the districts that this runner has before it."""
        left = [planned.district for planned in plan.districts]
        if run is not None:
            left = list(self.archive.run(run).left)
        only = self._only(plan)
        return sum(only is None or key in only for key in left)


def _explain_stale(stale: StalePlan, run: int | None) -> StalePlan:
    """Say of a plan that it is stale because it was applied, if it was."""
    if run is None:
        return stale
    return StalePlan(
        f"this plan was applied in run {run}; {stale.sentence}",
        below=stale.below,
        remedy=f"for what is left of it run `connectsync resume {run}`; for what is"
        " different now make a new plan",
    )
