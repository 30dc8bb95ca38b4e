"""The command line around a run: who watches it, who stops it, how it is told."""

from __future__ import annotations

import asyncio
import getpass
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    contextmanager,
)
from datetime import datetime
from pathlib import Path

from connectsync.apply.journal import Observe, Rest, never
from connectsync.apply.state.store import Store
from connectsync.backends.seam import Reader, Writer
from connectsync.cli.backends import at_once, is_by_hand, open_writer, patience
from connectsync.cli.fleets import FleetScope
from connectsync.cli.machine import ci_job, short_text
from connectsync.cli.manual import ManualSaver
from connectsync.cli.options import ManualSaves
from connectsync.cli.plan_source import ScopedPlan
from connectsync.cli.progress import RunProgress
from connectsync.cli.session import Session
from connectsync.cli.terminal import ExitStatus, LogFormat, Terminal, insist_no_source
from connectsync.domain.outcome import (
    DistrictEnded,
    DistrictOutcome,
    Ending,
    Event,
    Outcome,
    WaveBegan,
)
from connectsync.domain.plan import Plan
from connectsync.domain.run import Origin
from connectsync.errors import UsageError, how_to_add
from connectsync.operations.apply import ApplyRun, RunResult, StopSignal
from connectsync.operations.changes import checked_out
from connectsync.operations.gate import ApplyOptions
from connectsync.operations.plan import CountImpact, PlanContext
from connectsync.report.many_districts import MANY, outcome_tables
from connectsync.report.outcome_text import (
    BY_A_PERSON,
    READ_BACK,
    ended_line,
    outcome_text,
    wave_line,
)
from connectsync.report.terminal import inert
from connectsync.telemetry.events import (
    NamedObserver,
    Observer,
    Observers,
    destinations,
)
from connectsync.values import dataclass, field, replace


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
    from connectsync.files.access import not_written
    from connectsync.files.writing import replace_file
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
        if not asked or session.on_trial:
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
        """Ask to stop; who asks twice does not wait for the district in progress."""
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


PULL_REQUEST = "CONNECTSYNC_PULL_REQUEST"
"""The variable in which a job says which pull request brought what it applies."""


def origin_here(session: Session, scope: FleetScope) -> Origin:
    """Say who begins a run here; what nothing tells is left empty."""
    environment = session.environment
    ci = ci_job(environment)
    project = scope.project
    files = [want.file for want in scope.wanted]
    commit, clean = checked_out(project, files, environment)
    return Origin(
        user=_user(),
        host=short_text(socket.gethostname()),
        actor=ci.actor,
        job=ci.job,
        pull_request=short_text(environment.get(PULL_REQUEST, "")),
        commit=commit,
        clean=clean,
    )


def _user() -> str:
    try:
        return short_text(getpass.getuser())
    except (OSError, KeyError, ImportError):
        # an account without a name, as in some containers
        return ""


@dataclass(frozen=True, slots=True)
class RunArguments:
    """
    What the command line said of a run.

    ``listed`` is whether the command itself lists every district once the run is over:
    then none of them is told before. ``on_trial``: no night will ever come of it.
    ``count`` counts whom a plan that is made on the spot reaches.
    """

    options: ApplyOptions = field(default_factory=ApplyOptions)
    by_hand: ManualSaves = field(default_factory=ManualSaves)
    set_token: frozenset[str] = frozenset()
    metrics: Path | None = None
    yes: bool = False
    listed: bool = False
    on_trial: bool = False
    count: CountImpact | None = None


@dataclass(slots=True)
class CommandLineHost:
    """The command line around a run: it shows it, stops it, and opens what saves."""

    session: Session
    scope: FleetScope
    said: RunArguments
    _teller: RunReporter | None = None

    @property
    def by_hand(self) -> bool:
        """Say whether a person presses Save."""
        return is_by_hand(self.session, self.scope.project)

    @property
    def at_once(self) -> int:
        """Give how many districts may be in progress at once."""
        return at_once(self.session, self.scope.project)

    @property
    def rest(self) -> Rest:
        """Give what keeps the pace that Connect asks for."""
        shared = patience(self.session)
        return never if shared is None else shared.rest

    @property
    def origin(self) -> Origin:
        """Say who began it, where and from what."""
        return origin_here(self.session, self.scope)

    def now(self) -> datetime:
        """Give the time."""
        return self.session.now()

    def open_writer(
        self, plan: Plan, shown: Plan
    ) -> AbstractAsyncContextManager[Writer]:
        """Open what saves; a person who saves by hand gets a place for a list first."""
        session, project = self.session, self.scope.project
        person = ManualSaver(session, project, plan, shown, self.said.by_hand)
        if self.by_hand:
            person.ready()
        named = {one.district for one in plan.districts if one.token}
        # no token is typed that the plan does not name; where it is, the file says
        districts = [one for one in self.scope.districts if one.key in named]
        return open_writer(session, project, districts, person.confirm)

    @contextmanager
    def watching(self, waves: int, districts: int) -> Iterator[Observe]:
        """Show a run, and keep what was asked for of it."""
        self._teller = RunReporter(
            self.session, self._proof, waves, districts=not self.said.listed
        )
        # a person who is asked for each district needs no bar
        bar = None if self.by_hand else RunProgress(self.session, districts)
        with observers(self.session, self.said.metrics, self._teller, bar) as watching:
            yield watching

    def stopping(self) -> AbstractContextManager[StopSignal]:
        """Turn signals into a question while the run lasts."""
        return stopping(self.session.terminal)

    def tell_the_rest(self, outcome: Outcome) -> None:
        """Say what no event told."""
        if self._teller is not None:
            self._teller.tell_the_rest(outcome)

    @property
    def _proof(self) -> str:
        return BY_A_PERSON if self.by_hand else READ_BACK

    def report(self, went: RunResult, plan: Plan) -> ExitStatus:
        """Say how a run went, and give the status to exit with."""
        terminal, outcome = self.session.terminal, went.outcome
        if outcome.moved or not plan.empty:
            colour = terminal.colour
            if len(outcome.districts) > MANY:
                review = ScopedPlan(plan, self.scope).review(None)
                for table in outcome_tables(outcome.districts, review, colour=colour):
                    terminal.show(f"{table}\n\n")
            terminal.show(outcome_text(outcome, plan, colour=colour, proof=self._proof))
        if went.interrupted:
            return ExitStatus.INTERRUPTED
        return _status(outcome, plan)


def apply_run(
    host: CommandLineHost, reader: Reader, store: Store, given: PlanContext, plan: Plan
) -> ApplyRun:
    """Build the run of a plan. Raises ``UsageError`` if --confirmed names no part."""
    options = host.said.options
    if host.said.by_hand.confirmed:
        options = replace(options, only=host.said.by_hand.chosen(plan))
    return ApplyRun(host, options, host.scope.wanted, reader, store, given)


def _status(outcome: Outcome, plan: Plan) -> ExitStatus:
    if outcome.refused:
        return ExitStatus.UNREACHABLE
    if outcome.ended(Ending.CONFLICT):
        return ExitStatus.STALE
    left = outcome.ended(Ending.FAILED) or outcome.ended(Ending.NOT_REACHED)
    return ExitStatus.FINDINGS if left or plan.failed else ExitStatus.FINE
