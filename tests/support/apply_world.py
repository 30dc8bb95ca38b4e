"""A plan on a real embedded Connect, and a state store in a real file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from starlette.applications import Starlette

from connectsync.apply.journal import Observe, RunDeps, RunOptions, ignore_event
from connectsync.apply.rollout import Executor, RolloutLimits
from connectsync.apply.state.queries import StateReader
from connectsync.apply.state.store import Store
from connectsync.backends import embedded
from connectsync.backends.seam import Writer
from connectsync.domain.district import Credentials, District
from connectsync.domain.outcome import Outcome
from connectsync.domain.plan import Plan
from connectsync.domain.policy import Policy, Rollout
from connectsync.domain.settings import Form
from connectsync.operations.apply import orders_for
from connectsync.operations.plan import PlanContext, PlannedDistrict, make_plan
from connectsync.providers.clever import PhoneType, Settings

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)
KEYS = ("elm-grove", "harbor-point", "lakeview")


def district(key: str, settings: Settings) -> District:
    return District(key, f"{key} schools", settings=settings, credentials=Credentials())


@dataclass(frozen=True)
class World:
    """An embedded Connect with three districts, and a store."""

    app: Starlette
    store: Store
    pace: RolloutLimits = field(default_factory=RolloutLimits)
    observe: Observe = ignore_event

    @property
    def archive(self) -> StateReader:
        return StateReader(self.store)

    @asynccontextmanager
    async def executor(self, writer: Writer | None = None) -> AsyncIterator[Executor]:
        async with (
            embedded.open_reader(self.app) as reader,
            embedded.open_writer(self.app) as real,
        ):
            means = RunDeps(
                reader, writer or real, self.store, lambda: NOW, self.observe
            )
            yield Executor(means, self.pace)

    async def plan(
        self,
        settings: Settings,
        keys: tuple[str, ...] = KEYS,
        *,
        set_token: bool = False,
    ) -> Plan:
        wanted = [
            PlannedDistrict(district(key, settings), f"districts/{key}.yaml")
            for key in keys
        ]
        async with embedded.open_reader(self.app) as reader:
            given = self.given(frozenset(keys if set_token else ()))
            return await make_plan(wanted, reader, given)

    def given(self, set_token: frozenset[str] = frozenset()) -> PlanContext:
        """Give what a plan depends on besides files and Connect."""
        return PlanContext(
            now=NOW,
            tool="test",
            scope=(),
            fleet=len(KEYS),
            policy=Policy(),
            baselines=self.archive.baselines(embedded.DESCRIBED),
            set_token=set_token,
            open_saves=self.store.open_saves(embedded.DESCRIBED),
        )

    async def run(self, plan: Plan, writer: Writer | None = None) -> Outcome:
        async with self.executor(writer) as executor:
            return await executor.run(plan, self.orders(plan))

    def orders(self, plan: Plan, rollout: Rollout | None = None) -> RunOptions:
        return orders_for(plan, rollout or Rollout(), [], {}, {})

    async def live(self, key: str) -> Form:
        async with embedded.open_reader(self.app) as reader:
            return (await reader.read(key)).form

    async def edit(self, key: str, form: Form) -> None:
        """Save as a person would, on the page."""
        async with (
            embedded.open_reader(self.app) as reader,
            embedded.open_writer(self.app) as writer,
        ):
            version = (await reader.read(key)).version
            await writer.save(key, form, expected_version=version)


CELL = Settings(phone_types=frozenset([PhoneType.CELL]), manage_guardians=True)


def reading(executor: Executor, reader: object) -> Executor:
    """Let an executor read through something else."""
    means = replace(executor.means, reader=reader)  # type: ignore[arg-type]
    return replace(executor, means=means)
