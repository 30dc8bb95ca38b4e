"""Where runs are killed: a fleet, a Connect on sockets, a store of a kind."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import crashing
from console import Console, Said
from fleets_of import STATE, Fleet, Made
from processes import WITHOUT_CERTIFICATES, Ended, Machine, environment
from served_connect import ServedConnect, served

from connectsync.apply.journal import SaveStatus
from connectsync.apply.state.opening import open_store
from connectsync.apply.state.queries import StateReader
from connectsync.apply.state.store import Store
from connectsync.config.state_address import at_url, in_file
from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.domain.plan_file import read_plan
from connectsync.domain.settings import Form

IN_STEP = "dogwood"

FLEET = (
    Made("alder", {}, {"unarchive_classrooms": True, "deletion_threshold": 15}),
    # two saves: the switch goes off first, in one of its own
    Made(
        "birch",
        {"enable_daily_sync": True},
        {
            "enable_daily_sync": False,
            "permissions": ["Family Access", "Users Manager"],
        },
    ),
    Made("cedar", {}, {"student_id": "STUDENT NUMBER", "phone_types": ["Work"]}),
    Made(IN_STEP, {}, {"manage_guardians": True}),
)
"""Three districts to save, and one that is in step all along."""

BEYOND = 999_999
"""A point that no run comes to."""


@dataclass(frozen=True)
class Forks:
    """Processes of the command line without the half second of their start."""

    process: subprocess.Popen[str]
    folder: Path

    def run(self, point: int | str, machine: Machine, *words: str | Path) -> Ended:
        """Run a command up to a point, in a process of its own."""
        out, err = self.folder / "out", self.folder / "err"
        order = {
            "out": str(out),
            "err": str(err),
            "environment": environment(**machine.secrets),
            "words": [str(point), "--", *machine.spelled(*words)],
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{json.dumps(order)}\n")
        self.process.stdin.flush()
        status = int(self.process.stdout.readline())
        return Ended(status, out.read_text("utf-8"), err.read_text("utf-8"))


@contextmanager
def forks(folder: Path) -> Iterator[Forks]:
    """Start what forks."""
    with subprocess.Popen(
        [sys.executable, crashing.__file__, "--serve"],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Forks(process, folder)
        assert process.stdin is not None
        process.stdin.close()


@dataclass(frozen=True)
class Crash:
    """Where a process was killed: the number of the point, and its name."""

    point: int
    name: str


@dataclass(frozen=True)
class CrashSite:
    """A fleet, its Connect, the one plan of it, and what forks processes."""

    fleet: Fleet
    connect: ServedConnect
    forks: Forks
    path: Path
    folder: Path

    @property
    def plan(self) -> Plan:
        """Give the plan that is applied again and again."""
        return read_plan(self.path.read_text("utf-8"))

    def fresh(self, kind: str, *, lease_seconds: int = 30) -> Machine:
        """Let nothing have happened yet; give a machine with an empty state."""
        self.connect.reset()
        self.fleet.configure(
            self.connect.url,
            postgresql=kind == "postgresql",
            lease_seconds=lease_seconds,
        )
        state = self.folder / "state"
        shutil.rmtree(state, ignore_errors=True)
        secrets = dict(self.connect.environment)
        if kind == "postgresql":
            import postgres

            secrets[STATE] = postgres.emptied()
        return Machine(self.fleet.folder, state, secrets)

    def points(self, machine: Machine, *words: str | Path) -> int:
        """Count the points of a command that is left alone."""
        ended = self.forks.run(BEYOND, machine, *words)
        assert ended.status == 0, ended.both
        counted = crashing.COUNTED.search(ended.err)
        assert counted, ended.both
        return int(counted[1])

    def crashed(
        self, point: int | str, machine: Machine, *words: str | Path
    ) -> Crash | None:
        """Kill a command at a point; None if it ended before it came there."""
        ended = self.forks.run(point, machine, *words)
        struck = crashing.STRUCK.search(ended.err)
        if struck is None:
            assert ended.status == 0, ended.both
            return None
        assert ended.status == -signal.SIGKILL, ended.both
        return Crash(int(struck[1]), struck[2])

    def said(self, machine: Machine, *words: str | Path) -> Said:
        """Run a command here, as another runner on the same machine."""
        told = ["--state-dir", str(machine.state), *map(str, words)]
        known = {**machine.secrets, **WITHOUT_CERTIFICATES}
        return Console(self.fleet.folder).run(*told, environment=known)

    def way_on(self, machine: Machine) -> Sequence[str | Path]:
        """Say how a person goes on: with the run, if one was begun."""
        return ("resume",) if runs_of(machine) else ("apply", self.path)

    def went_on(self, machine: Machine) -> str:
        """Go on as a person would; say with which command."""
        way = self.way_on(machine)
        if way[0] == "apply":
            assert "nothing to resume" in self.said(machine, "resume").both
        said = self.said(machine, *way)
        assert said.status == 0, said.both
        return str(way[0])

    def insist_true(self, machine: Machine) -> None:
        """Insist that all is as planned: on Connect, in the journal, to commands."""
        planned = self.plan.districts
        wanted = {one.district: after(one) for one in planned}
        assert self.connect.forms(*wanted) == wanted
        self.insist_saved_once()
        self._insist_known(machine)
        with opened(machine) as store:
            insist_journal(store, self.plan)
        again = self.said(machine, "resume")
        assert (again.status, again.out) == (0, ""), again.both
        assert "nothing to resume" in again.err
        for words in (("plan", "--detailed-exitcode"), ("runs", "verify")):
            said = self.said(machine, *words)
            assert said.status == 0, said.both

    def insist_saved_once(self) -> None:
        """Insist that every save was made, and none was asked for again."""
        saves = {one.district: len(one.saves) for one in self.plan.districts}
        assert self.connect.saves() == saves
        assert self.connect.accepted() == saves

    def _insist_known(self, machine: Machine) -> None:
        """Insist that what was in step has a baseline, by the next apply at latest."""
        with opened(machine) as store:
            known = StateReader(store).baselines(self.plan.backend)
        if known.keys() >= set(self.plan.in_step):
            return
        # the runner died after the end of its run: there is nothing to go on with
        said = self.said(machine, "apply", "--yes")
        assert said.status == 0, said.both
        assert "nothing was planned" in said.out


def insist_journal(store: Store, plan: Plan) -> None:
    """Insist that the journal holds every save of a plan once, and what came of it."""
    archive = StateReader(store)
    (run,) = archive.runs()
    assert run.ended is not None
    assert not run.left
    entries = archive.journal(run.number)
    assert all(one.settled is not SaveStatus.INTENDED for one in entries)
    confirmed = sorted(
        (one.intent.district, one.intent.phase)
        for one in entries
        if one.settled is SaveStatus.CONFIRMED
    )
    assert confirmed == [
        (one.district, phase)
        for one in plan.districts
        for phase in range(1, len(one.saves) + 1)
    ]
    baselines = archive.baselines(plan.backend)
    assert {one.district: baselines[one.district].form for one in plan.districts} == {
        one.district: one.desired for one in plan.districts
    }


def after(planned: DistrictPlan) -> Form:
    """Give a district's whole form as it is once all of its saves are made."""
    form = planned.live
    for save in planned.saves:
        form = save.after(form)
    return form


@contextmanager
def opened(machine: Machine) -> Iterator[Store]:
    """Open the store that a machine works with."""
    url = machine.secrets.get(STATE)
    address = at_url(url) if url else in_file(machine.state / "state.db")
    with open_store(machine.state, address) as store:
        yield store


def runs_of(machine: Machine) -> Mapping[int, str]:
    """Give the runs that were begun, each with its plan."""
    with opened(machine) as store:
        return {run.number: run.plan for run in StateReader(store).runs()}


@contextmanager
def crash_site(folder: Path, districts: Sequence[Made] = FLEET) -> Iterator[CrashSite]:
    """Build it all: takes two seconds, so do it once."""
    fleet = Fleet(folder / "project", tuple(districts))
    fleet.write()
    with ExitStack() as stack:
        connect = stack.enter_context(served(fleet, folder / "connect"))
        forked = stack.enter_context(forks(folder))
        path = folder / "plan.json"
        site = CrashSite(fleet, connect, forked, path, folder)
        machine = site.fresh("sqlite")
        ended = forked.run(BEYOND, machine, "plan", "--out", path)
        assert ended.status == 0, ended.both
        yield site
