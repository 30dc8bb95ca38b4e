"""A way through a run on a real embedded Connect, meddled with and watched."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from apply_world import CELL, NOW, World

from connectsync.apply.journal import RunDeps, RunOptions
from connectsync.apply.rollout import Executor, RolloutLimits
from connectsync.backends import embedded
from connectsync.backends.seam import Writer
from connectsync.domain.live import Live
from connectsync.domain.outcome import Event, Outcome
from connectsync.domain.plan import Plan
from connectsync.domain.settings import Form

TOKEN = "made-up"  # noqa: S105 - of no district


@dataclass
class Meddling:
    """A real writer, with something that happens before or after a save."""

    writer: Writer
    before: Callable[[str], Awaitable[None]] | None = None
    after: Callable[[str], Awaitable[None]] | None = None
    saved: list[str] = field(default_factory=list)
    busy: int = 0
    busiest: int = 0

    async def save(
        self, key: str, desired: Form, *, expected_version: str, set_token: bool = False
    ) -> Live:
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            if self.before:
                await self.before(key)
            live = await self.writer.save(
                key, desired, expected_version=expected_version, set_token=set_token
            )
            self.saved.append(key)
            if self.after:
                await self.after(key)
            return live
        finally:
            self.busy -= 1


@dataclass
class Trial:
    """One way through a run, watched."""

    world: World
    pace: RolloutLimits = field(default_factory=RolloutLimits)
    orders: RunOptions | None = None
    before: Callable[[str], Awaitable[None]] | None = None
    after: Callable[[str], Awaitable[None]] | None = None
    rest: Callable[[int], Awaitable[bool]] | None = None
    events: list[Event] = field(default_factory=list)
    writer: Meddling | None = None

    async def run(self, plan: Plan | None = None) -> Outcome:
        plan = plan or await self.world.plan(CELL)
        async with self.executor() as executor:
            return await executor.run(plan, self.orders or self.world.orders(plan))

    async def resume(self, run: int = 1) -> Outcome:
        plan, orders = self.world.archive.plan(run)
        self.world.store.reopen(run, at=NOW)
        async with self.executor() as executor:
            return await executor.resume(run, plan, orders)

    @asynccontextmanager
    async def executor(self) -> AsyncIterator[Executor]:
        app = self.world.app
        async with (
            embedded.open_reader(app) as reader,
            embedded.open_writer(app, tokens=lambda _: TOKEN) as writer,
        ):
            self.writer = Meddling(writer, self.before, self.after)
            means = RunDeps(
                reader, self.writer, self.world.store, lambda: NOW, self.events.append
            )
            if self.rest is not None:
                means = replace(means, rest=self.rest)
            yield Executor(means, self.pace)

    @property
    def saved(self) -> list[str]:
        assert self.writer is not None
        return self.writer.saved


def endings(outcome: Outcome) -> dict[str, str]:
    return {one.district: one.ending.value for one in outcome.districts}
