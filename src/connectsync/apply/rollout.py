"""The roll-out: wave after wave, several districts at once, until it is stopped."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from connectsync.apply.district_run import NO_OTHER_EITHER, DistrictRun
from connectsync.apply.journal import (
    Claim,
    JournalRow,
    LeasedElsewhere,
    RunDeps,
    RunOptions,
)
from connectsync.domain.district import without
from connectsync.domain.event import (
    DistrictBegan,
    DistrictEnded,
    WaveBegan,
    WaveEnded,
)
from connectsync.domain.live import Live
from connectsync.domain.outcome import Ending
from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.domain.settings import list_differing, spell
from connectsync.errors import ConnectError, LeaseLost

LONGEST_WAIT_SECONDS = 1.0
SHORTEST_WAIT_SECONDS = 0.05
"""How long a runner waits before it asks for a district that another one holds."""


def nothing() -> str:
    """Have no reason to stop."""
    return ""


@dataclass(frozen=True, slots=True)
class RolloutLimits:
    """
    How a runner goes through a run.

    ``only`` are the districts it may take, None for all; what belongs to a wave before
    the last is everyone's, since no one goes on before it is done. ``at_once`` is how
    many it works on at a time; ``max_failures_percent`` the share of a wave that may
    fail; ``pause`` gives the reason why no other district may be begun now.
    """

    only: frozenset[str] | None = None
    at_once: int = 1
    max_failures_percent: int | None = None
    pause: Callable[[], str] = nothing


@dataclass(slots=True)
class WaveRunner:
    """
    One runner's way through a run.

    ``ended`` are the districts it ended; ``refused`` is set once Connect lets it in no
    more.
    """

    means: RunDeps
    run: int
    plan: Plan
    orders: RunOptions
    pace: RolloutLimits
    unread: Mapping[str, ConnectError]
    ended: set[str] = field(default_factory=set)
    stopped: str = ""
    refused: ConnectError | None = None
    _planned: Mapping[str, DistrictPlan] = field(init=False)
    _left_open: Mapping[str, tuple[JournalRow, ...]] = field(init=False)

    def __post_init__(self) -> None:
        open_ = self.means.journal.open_saves(self.plan.backend)
        self._left_open = {
            key: others
            for key, entries in open_.items()
            if (others := tuple(one for one in entries if one.run != self.run))
        }
        self._planned = {one.district: one for one in self.plan.districts}

    async def go(self) -> None:
        """Go on until every district has ended, or something stops it."""
        for number, (wave, districts) in enumerate(self.orders.waves, start=1):
            if self._is_over():
                return
            last = number == len(self.orders.waves)
            only = self.pace.only if last else None
            mine = [key for key in districts if only is None or key in only]
            await self._wave(wave, districts, mine)
            if not self.stopped and not last:
                await self._verify(wave, districts)
            if self.stopped:
                return

    async def _wave(
        self, wave: str, districts: Sequence[str], mine: Sequence[str]
    ) -> None:
        means = self.means
        means.observe(WaveBegan(self.run, wave, len(districts), means.clock()))
        waiting = list(mine)
        while waiting and not self.stopped:
            held = await self._round(wave, len(districts), waiting)
            waiting = [one.district for one in held]
            if waiting:
                soonest = min(one.seconds for one in held)
                wait = max(SHORTEST_WAIT_SECONDS, min(LONGEST_WAIT_SECONDS, soonest))
                await asyncio.sleep(wait)
                self._look_at_the_clock()

    async def _round(
        self, wave: str, size: int, keys: Sequence[str]
    ) -> list[LeasedElsewhere]:
        """Ask for every district once; give those that others hold."""
        queue, held = deque(keys), list[LeasedElsewhere]()

        async def work() -> None:
            while queue:
                # a backend that never waits would let no signal be heard in between
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                self._look_at_the_clock()
                if self.stopped or not queue:
                    return
                taken = self._claimed(queue.popleft())
                if isinstance(taken, LeasedElsewhere):
                    held.append(taken)
                elif taken is not None:
                    await self._district(wave, size, taken, held)

        workers = [work() for _ in range(min(self.pace.at_once, len(keys)))]
        await _all(workers, queue)
        return held

    def _claimed(self, district: str) -> Claim | LeasedElsewhere | None:
        means = self.means
        taken = means.journal.claim(
            self.run, self.plan.backend, district, at=means.clock()
        )
        return taken if isinstance(taken, Claim | LeasedElsewhere) else None

    async def _district(
        self, wave: str, size: int, claim: Claim, held: list[LeasedElsewhere]
    ) -> None:
        means, key = self.means, claim.district
        means.observe(DistrictBegan(self.run, key, wave, means.clock()))
        errand = DistrictRun(
            means,
            claim,
            self._planned[key],
            merged=self.plan.partial,
            unread=self.unread.get(key),
            left_open=self._left_open.get(key, ()),
        )
        try:
            outcome = await errand.run()
        except LeaseLost:
            # another runner has it now, and will end it
            held.append(LeasedElsewhere(key, "another runner", LONGEST_WAIT_SECONDS))
            return
        except NO_OTHER_EITHER as error:
            # no other district would fare better
            self.refused = error
            self.stopped = self.stopped or error.message
            return
        self.ended.add(key)
        means.observe(DistrictEnded(self.run, outcome, means.clock()))
        if outcome.ending is not Ending.DONE:
            self._look_at_failures(wave, size)

    def _is_over(self) -> bool:
        self._look_at_the_clock()
        return bool(self.stopped)

    def _look_at_the_clock(self) -> None:
        self.stopped = self.stopped or self.pace.pause()

    def _look_at_failures(self, wave: str, size: int) -> int:
        most = self.pace.max_failures_percent
        failures = self.means.journal.failures(self.run, wave)
        if most is not None and failures * 100 > most * size and not self.stopped:
            self.stopped = (
                f"{failures} of {size} districts of the wave {wave!r} failed,"
                f" more than {most} %"
            )
        return failures

    async def _verify(self, wave: str, districts: Sequence[str]) -> None:
        """Read a wave once more before the next one begins."""
        means = self.means
        outcomes = means.journal.outcomes(self.run)
        done = [key for key in districts if _is_done(outcomes.get(key))]
        lives = await means.reader.read_many(done) if done else {}
        for key in done:
            if wrong := _wrong(self._planned[key], lives.get(key)):
                means.journal.doubt(self.run, key, wrong, at=means.clock())
        failures = self._look_at_failures(wave, len(districts))
        means.observe(WaveEnded(self.run, wave, failures, means.clock()))


def _is_done(outcome: object) -> bool:
    return getattr(outcome, "ending", None) is Ending.DONE


def _wrong(planned: DistrictPlan, live: Live | ConnectError | None) -> str:
    """Say what is not as it was saved; empty if all is."""
    if not isinstance(live, Live):
        why = live.message if live else "it was not answered for"
        return f"it could not be read once more after its wave: {why}"
    desired, held = planned.desired, without(live.form, planned.kept)
    return "; ".join(
        f"{name} was saved as {spell(desired[name])}, and is {spell(held[name])}"
        " after its wave"
        for name in list_differing(desired, held)
    )


async def _all(workers: Sequence[Awaitable[None]], queue: deque[str]) -> None:
    """Wait for every worker; one that breaks lets the others end what they have."""

    async def watched(worker: Awaitable[None]) -> None:
        try:
            await worker
        except BaseException:
            queue.clear()
            raise

    results = await asyncio.gather(*map(watched, workers), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
