"""Build what a run needs, run it, and report how it ended."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from connectsync.apply.executor import Executor
from connectsync.apply.journal import Rest, RunDeps, RunOptions, never
from connectsync.apply.rollout import RolloutLimits
from connectsync.apply.state.queries import StateReader
from connectsync.apply.state.store import Store
from connectsync.backends.seam import Reader
from connectsync.cli.backends import at_once, is_by_hand, open_writer, patience
from connectsync.cli.fleets import FleetScope
from connectsync.cli.manual import ManualSaver, ManualSaves
from connectsync.cli.plan_source import ScopedPlan
from connectsync.cli.progress import RunProgress
from connectsync.cli.session import Session
from connectsync.cli.terminal import ExitStatus, LogFormat, Terminal, insist_no_source
from connectsync.domain.event import DistrictEnded, Event, WaveBegan
from connectsync.domain.outcome import DistrictOutcome, Ending, Outcome
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.policy import ALL, WAVES, Rollout, Shard
from connectsync.domain.run import RunHead
from connectsync.errors import StalePlan, UsageError, how_to_add
from connectsync.operations.apply import PlanApplication, orders_for
from connectsync.operations.gate import Consent, Gate
from connectsync.operations.plan import PlanContext
from connectsync.report.fleet_text import outcome_tables
from connectsync.report.outcome_text import (
    BY_A_PERSON,
    READ_BACK,
    ended_line,
    outcome_text,
    wave_line,
)
from connectsync.report.terminal import inert
from connectsync.rules.hours import closed
from connectsync.telemetry.destinations import destinations
from connectsync.telemetry.events import NamedObserver, Observer, Observers


@contextmanager
def observers(
    session: Session,
    metrics: Path | None,
    text: Callable[[Event], None] | None,
    progress: RunProgress | None = None,
) -> Iterator[Observer]:
    """
    Give one observer that tells all others, and close them when the run is left.

    ``text`` shows a run to people; where the log is JSON it is not told. ``progress``
    says how far it has come. Raises ``UsageError``, before anything else happens, if
    the file of metrics is not one that may be written.
    """

    def complain(said: str) -> None:
        session.terminal.complain(inert(said))

    watches = _watches(session, metrics, text, complain)
    shown = (
        [NamedObserver("the progress bar", progress, progress.close)]
        if progress
        else []
    )
    watching = Observers([*shown, *watches], complain)
    try:
        yield watching
    finally:
        watching.close()


def _watches(
    session: Session,
    metrics: Path | None,
    text: Callable[[Event], None] | None,
    complain: Callable[[str], None],
) -> Iterator[NamedObserver]:
    if metrics is not None:
        yield _metrics(metrics)
    if session.terminal.log_format is LogFormat.JSON:
        yield NamedObserver("the log", session.terminal.log)
    elif text is not None:
        yield NamedObserver("the progress", text)
    yield from _traces(session, complain)


def _metrics(path: Path) -> NamedObserver:
    from connectsync.files.access import not_written, replace_file
    from connectsync.telemetry.metrics import Metrics

    insist_no_source(path)
    if path == Path("-") or path.is_dir():
        raise UsageError(f"--metrics needs the name of a file, and {path} is none")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(path, error) from error
    kept = Metrics(lambda text: replace_file(path, text))
    return NamedObserver("the metrics", kept, kept.close)


def _traces(
    session: Session, complain: Callable[[str], None]
) -> Iterator[NamedObserver]:
    """Open traces if the environment asks; where that fails, the run goes on."""
    try:
        asked = destinations(session.environment)
        if not asked:
            return
        from connectsync.telemetry.traces import Traces

        traces = Traces(asked, sys.stderr, complain)
    except UsageError as error:
        complain(f"{error.message}; {error.remedy}")
    except ImportError:
        complain(f"no traces: they need the extra otel; {how_to_add('otel')}")
    except Exception as error:  # noqa: BLE001 - meant for others too
        complain(f"no traces: what OTEL_* says cannot be used ({type(error).__name__})")
    else:
        yield NamedObserver("the traces", traces, traces.close)


SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Ctrl-C, the end of a job or a machine, and a terminal window that is closed."""


@dataclass(slots=True)
class StopRequest:
    """Whether a person or a signal asked to stop."""

    terminal: Terminal
    asked: bool = False

    def reason(self) -> str:
        """Say why no other district is begun; empty if there is no reason."""
        return "it was interrupted" if self.asked else ""

    def ask(self) -> None:
        """Ask to stop; who asks twice does not wait for the district in hand."""
        if self.asked:
            self.terminal.complain(
                "stopped at once: `connectsync resume` settles what was under way"
            )
            raise KeyboardInterrupt
        self.asked = True
        self.terminal.complain(
            "stopping after the district in progress; again to stop at once"
        )


@contextmanager
def stopping(terminal: Terminal) -> Iterator[StopRequest]:
    """Turn the signals into a question, inside an event loop that is running."""
    stop = StopRequest(terminal)
    loop = asyncio.get_running_loop()
    before = {one: signal.getsignal(one) for one in _heeded()}
    try:
        for one in before:
            loop.add_signal_handler(one, stop.ask)
    except NotImplementedError:  # pragma: no cover - Windows: the loop has no handlers
        yield stop
        return
    try:
        yield stop
    finally:
        for one, handler in before.items():
            loop.remove_signal_handler(one)
            signal.signal(one, handler)


def _heeded() -> Iterator[signal.Signals]:
    """Give the signals that there are here; with ``nohup`` a hang-up is none."""
    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is None:
            continue
        if name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN:
            continue
        yield number


FAILURES = frozenset([Ending.FAILED, Ending.CONFLICT])


@dataclass(frozen=True, slots=True)
class RunReporter:
    """
    Says what happens as it happens.

    ``proof`` is what confirms a change; ``waves`` is how many the run has.
    ``districts`` is whether each of them is told as it ends.
    """

    session: Session
    proof: str
    waves: int
    districts: bool = True
    _told: dict[str, Ending] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        """Say what happened, if people want to know it."""
        terminal = self.session.terminal
        match event:
            case WaveBegan(wave=wave, districts=districts) if self.waves > 1:
                line = wave_line(wave, districts, colour=terminal.colour_aside)
                terminal.say(line)
            case DistrictEnded(outcome=outcome):
                self._tell(outcome)
            case _:
                pass

    def tell_the_rest(self, outcome: Outcome) -> None:
        """Say what went wrong unseen: before, elsewhere, or found out after all."""
        for one in outcome.districts:
            seen = self._told.get(one.district) is one.ending
            if one.ending in FAILURES and not seen:
                self._tell(one)

    def _tell(self, outcome: DistrictOutcome) -> None:
        if not self.districts:
            return
        terminal = self.session.terminal
        line = ended_line(outcome, colour=terminal.colour_aside, proof=self.proof)
        terminal.say(line)
        self._told[outcome.district] = outcome.ending


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """
    What the command line said of a run.

    ``listed`` is whether the command itself lists every district once the run is over:
    then none of them is told before.
    """

    accepted: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    approved: str | None = None
    by_hand: ManualSaves = field(default_factory=ManualSaves)
    shard: Shard = ALL
    set_token: frozenset[str] = frozenset()
    metrics: Path | None = None
    yes: bool = False
    ignore_files: bool = False
    listed: bool = False


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended, and whether it did because it was asked to."""

    outcome: Outcome
    interrupted: bool


@dataclass(frozen=True, slots=True)
class ApplyRun:
    """
    A run on its way, with everything it needs.

    ``given`` is what its plan was held against.
    """

    session: Session
    scope: FleetScope
    said: ApplyOptions
    reader: Reader
    store: Store
    given: PlanContext

    async def made_true(self, plan: Plan) -> RunResult:
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
            raise _explain_stale(stale, archive.run_of(plan_digest(plan))) from stale

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
    ) -> RunResult:
        session, project, given = self.session, self.scope.project, self.given
        person = ManualSaver(session, project, plan, self.said.by_hand)
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
                    max_live_age=project.policy.max_live_age,
                )
                with stopping(session.terminal) as stop:
                    executor = Executor(means, self._pace(plan, stop))
                    application = PlanApplication(
                        plan, self.scope.wanted, given.baselines
                    )
                    if run is None:
                        outcome = await application.run(executor, orders)
                    else:
                        outcome = await application.resume(executor, run, orders)
        tell.tell_the_rest(outcome)
        return RunResult(outcome, interrupted=stop.asked and bool(outcome.stopped))

    def _pace(self, plan: Plan, stop: StopRequest) -> RolloutLimits:
        session, policy = self.session, self.scope.project.policy
        rollout = self._rollout
        most = rollout.max_failures_percent
        if most is None and rollout.waves:
            most = 0

        def pause() -> str:
            return stop.reason() or closed(policy, session.now(), self.said.reasons)

        return RolloutLimits(
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

    def _teller(self, orders: RunOptions) -> RunReporter:
        each = not self.said.listed
        return RunReporter(self.session, self._proof, len(orders.waves), each)

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

    def told(self, went: RunResult, plan: Plan) -> ExitStatus:
        """Say how a run went, and give the status to exit with."""
        terminal, outcome = self.session.terminal, went.outcome
        if outcome.moved or not plan.empty:
            review = ScopedPlan(plan, self.scope).review(None)
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


def _status(outcome: Outcome, plan: Plan) -> ExitStatus:
    if outcome.refused:
        return ExitStatus.UNREACHABLE
    if outcome.ended(Ending.CONFLICT):
        return ExitStatus.STALE
    left = outcome.ended(Ending.FAILED) or outcome.ended(Ending.NOT_REACHED)
    return ExitStatus.FINDINGS if left or plan.failed else ExitStatus.FINE
