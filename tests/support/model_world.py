"""A real Connect in this process, a real store, and who truly saved what."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from apply_world import KEYS, NOW, district
from fate import Fate, Killed, Sent
from served_connect import watch
from sqlalchemy import event

from connectsync.apply.journal import RunDeps
from connectsync.apply.rollout import Executor, RolloutLimits
from connectsync.apply.state.database import LeaseTable, opened
from connectsync.apply.state.opening import ensure
from connectsync.apply.state.queries import StateReader
from connectsync.apply.state.store import Store
from connectsync.backends import embedded
from connectsync.backends.names import to_json
from connectsync.backends.seam import Reader
from connectsync.config.state_address import in_file
from connectsync.domain.drift import Baselines
from connectsync.domain.outcome import Outcome, SaveFacts
from connectsync.domain.plan import Plan
from connectsync.domain.policy import Policy
from connectsync.domain.settings import Form
from connectsync.emulator.app import create_app
from connectsync.emulator.seed import enrol
from connectsync.emulator.store import EmulatorStore as TheirStore
from connectsync.emulator.store import SaveRequest as TheirSave
from connectsync.emulator.store import save_form
from connectsync.errors import VersionMoved
from connectsync.operations.plan import PlanContext, PlannedDistrict
from connectsync.providers.clever import Settings

Read = TypeVar("Read")

BACKEND = embedded.DESCRIBED
PERSON = 0
"""Who saved, where it was no run."""

Theirs = Mapping[str, Any]
"""A form in the spelling of Connect."""


@dataclass(frozen=True)
class Committed:
    """A save that Connect committed; ``by`` is a person, or the number of a run."""

    district: str
    before: Theirs
    after: Theirs
    by: int


@dataclass(frozen=True)
class Row:
    """A row of the journal, in the spelling of Connect."""

    row: int
    run: int
    district: str
    phase: int
    settled: str
    before: Theirs
    after: Theirs
    facts: SaveFacts
    is_open: bool


@dataclass
class ModelWorld:
    """Three districts on Connect, their files, and one runner after another."""

    folder: Path
    files: dict[str, Settings] = field(default_factory=dict)
    true: list[Committed] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    runners: int = 0

    def __post_init__(self) -> None:
        self.files = dict.fromkeys(KEYS, Settings())
        self.connect = self.folder / "connect.db"
        self.app = create_app(self.connect)
        self._open()

    # — people —

    def edit(self, key: str, form: Form) -> None:
        """Save as a person does, on the page."""
        self.put(key, to_json(form))

    def put(self, key: str, fields: Theirs) -> None:
        """Save as a person does, in Connect's own spelling."""
        self.look(by=self.author)
        with TheirStore(self.connect).writing() as connection:
            save_form(connection, TheirSave(key, fields, None), now=0)
        self.look(by=PERSON)

    def arrive(self, sent: Sent, *, by: int) -> None:
        """Let a save come to Connect that left long ago, if its version still holds."""

        async def done() -> None:
            async with embedded.open_writer(self.app) as writer:
                with suppress(VersionMoved):
                    await writer.save(
                        sent.district, sent.desired, expected_version=sent.version
                    )

        self.look(by=PERSON)
        asyncio.run(done())
        self.look(by=by)

    # — runners —

    author: int = PERSON
    """The run that is on its way."""

    def carried_out(
        self, fate: Fate, deed: Callable[[Executor], Awaitable[Outcome]]
    ) -> Outcome | None:
        """Do something with an executor; None if the runner was killed."""

        async def done() -> Outcome:
            async with (
                embedded.open_reader(self.app) as reader,
                embedded.open_writer(self.app) as writer,
            ):
                means = RunDeps(
                    fate.reader(reader),
                    fate.writer(writer),
                    fate.journal(self.store),
                    lambda: NOW,
                )
                return await deed(Executor(means, RolloutLimits()))

        try:
            return asyncio.run(done())
        except Killed:
            return None

    def reading(self, deed: Callable[[Reader], Awaitable[Read]]) -> Read:
        """Do something with a reader alone."""

        async def done() -> Read:
            async with embedded.open_reader(self.app) as reader:
                return await deed(reader)

        return asyncio.run(done())

    def another_runner(self, *, known_to_be_gone: bool) -> None:
        """Let a dead runner's place be taken: it is seen to be gone, or time passes."""
        if known_to_be_gone:
            self.gone.add(self.store.runner)
        else:
            with closing(sqlite3.connect(self.state)) as connection, connection:
                connection.execute("UPDATE leases SET expires = 0")
        self.close()
        self._open()

    def _open(self) -> None:
        self.state = self.folder / "state.db"
        self.runners += 1
        self._stack = ExitStack()
        database = self._stack.enter_context(opened(in_file(self.state)))
        event.listen(database.engine, "connect", _hastily)
        ensure(database)
        clerk = LeaseTable(f"runner-{self.runners}", 30.0, self.gone.__contains__)
        self.store = Store(database, clerk)
        self.archive = StateReader(self.store)

    def close(self) -> None:
        """Let go of the files."""
        self._stack.close()

    # — planning —

    @property
    def wanted(self) -> Sequence[PlannedDistrict]:
        """Give what the files say now."""
        return [
            PlannedDistrict(district(key, settings), f"districts/{key}.yaml")
            for key, settings in self.files.items()
        ]

    @property
    def baselines(self) -> Baselines:
        """Give what was last applied."""
        return self.archive.baselines(BACKEND)

    @property
    def given(self) -> PlanContext:
        """Give what a plan depends on besides files and Connect."""
        return PlanContext(
            now=NOW,
            tool="test",
            scope=(),
            fleet=len(KEYS),
            policy=Policy(),
            baselines=self.baselines,
        )

    def plan_of(self, run: int) -> Plan:
        """Give the plan of a run."""
        return self.archive.plan(run)[0]

    # — the truth —

    def look(self, *, by: int) -> None:
        """Learn what was saved since we last looked, and by whom."""
        with closing(sqlite3.connect(self.connect)) as connection:
            rows = connection.execute(
                "SELECT district, form FROM history ORDER BY seq LIMIT -1 OFFSET ?",
                [len(self.true)],
            ).fetchall()
        for key, form in rows:
            after = alike(json.loads(form))
            self.true.append(Committed(key, self._last(key), after, by))

    def live(self, key: str) -> Theirs:
        """Give what Connect holds now."""
        self.look(by=self.author)
        return self._last(key)

    def _last(self, key: str) -> Theirs:
        for one in reversed(self.true):
            if one.district == key:
                return one.after
        return alike(self.pristine[key])

    @property
    def pristine(self) -> Mapping[str, Theirs]:
        """Give what Connect held at first."""
        with closing(sqlite3.connect(self.connect)) as connection:
            rows = connection.execute("SELECT key, form FROM pristine").fetchall()
        return {key: json.loads(form) for key, form in rows}

    def journal(self) -> list[Row]:
        """Give every row of the journal."""
        return [
            Row(
                entry.row,
                run.number,
                entry.intent.district,
                entry.intent.phase,
                entry.settled.value,
                spelled(entry.intent.before),
                spelled(entry.intent.after),
                entry.facts,
                is_open=entry.is_open,
            )
            for run in reversed(self.archive.runs())
            for entry in self.archive.journal(run.number)
        ]


def template(folder: Path) -> None:
    """Make the files that every world starts from."""
    folder.mkdir(parents=True, exist_ok=True)
    enrol(folder / "connect.db", [(key, key) for key in KEYS])
    watch(folder / "connect.db")
    ModelWorld(folder).close()


def copied(template: Path, folder: Path) -> ModelWorld:
    """Make a world of its own."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    return ModelWorld(folder)


def spelled(form: Form) -> Theirs:
    """Spell a form as Connect does."""
    return alike(to_json(form))


def alike(form: Theirs) -> Theirs:
    """Spell a form so that the order of labels makes no difference."""
    return {
        name: sorted(value) if isinstance(value, list) else value
        for name, value in form.items()
    }


def _hastily(connection: Any, _: object) -> None:
    # a runner is killed here, never the machine: nothing has to be on disk
    connection.execute("PRAGMA synchronous = OFF")
