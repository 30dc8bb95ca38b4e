"""The roll-out of a plan: wave after wave, until it is done or stopped."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, nullcontext

from connectsync.apply.district_run import (
    NO_OTHER_EITHER,
    DistrictRun,
    Saved,
    Taken,
    take_district,
    unlike_saved,
)
from connectsync.apply.journal import (
    InStep,
    Journal,
    JournalRow,
    LeasedElsewhere,
    RunDeps,
    RunOptions,
)
from connectsync.apply.saving import insist_fresh, results_of, stale_by_arrival
from connectsync.apply.state.ledger import GroupCommits, group_commits
from connectsync.apply.state.store import Heartbeat
from connectsync.domain.live import Live
from connectsync.domain.outcome import (
    DistrictBegan,
    DistrictEnded,
    DistrictOutcome,
    Ending,
    Outcome,
    RunBegan,
    RunEnded,
    WaveBegan,
    WaveEnded,
)
from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.settings import list_differing
from connectsync.errors import ConnectError, LeaseLost, StalePlan
from connectsync.values import dataclass, field

LONGEST_WAIT_SECONDS = 1.0
SHORTEST_WAIT_SECONDS = 0.05
"""How long a runner waits before it asks for a district that another one holds."""

COMPANY_SECONDS = 0.002
"""How long what a district has to say waits for what others have to say."""


def nothing() -> str:
    """Have no reason to stop."""
    return ""


def nothing_of(district: str) -> str:  # noqa: ARG001 - of any
    """Have no reason to leave a district alone."""
    return ""


@dataclass(frozen=True, slots=True)
class RolloutLimits:
    """
    How a runner goes through a run.

    ``only`` are the districts it may take, None for all; what belongs to a wave before
    the last is everyone's, since no one goes on before it is done. ``at_once`` is how
    many it saves at a time, and takes half as many ahead; ``max_failures_percent`` the
    share of a wave that may fail; ``pause`` gives the reason why no other district may
    be begun now, ``hold`` why one may not.
    """

    only: frozenset[str] | None = None
    at_once: int = 1
    max_failures_percent: int | None = None
    pause: Callable[[], str] = nothing
    hold: Callable[[str], str] = nothing_of


@dataclass(slots=True)
class WaveRunner:
    """
    One runner's way through a run.

    ``ended`` are the districts it ended; ``refused`` is set once Connect lets it in no
    more. ``held_back`` says why a district may not be begun now: the others of its wave
    go on, and no later wave begins.
    """

    means: RunDeps
    run: int
    plan: Plan
    orders: RunOptions
    pace: RolloutLimits
    unread: Mapping[str, ConnectError]
    looks: bool = False
    ended: set[str] = field(default_factory=set)
    stopped: str = ""
    refused: ConnectError | None = None
    held_back: dict[str, str] = field(default_factory=dict)
    _commits: GroupCommits = field(init=False)
    _heartbeat: Heartbeat = field(init=False)
    _slots: asyncio.Semaphore = field(init=False)
    _failing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _broken: bool = field(default=False, init=False)
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
        self._slots = asyncio.Semaphore(self.pace.at_once)
        journal = self.means.journal
        self._heartbeat = Heartbeat(journal)
        commits = group_commits(journal, COMPANY_SECONDS * (self.pace.at_once > 1))
        async with self._heartbeat.watching(), commits as self._commits:
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
        """Ask for every district until each has ended, on this runner or another."""
        means, size = self.means, len(districts)
        means.observe(WaveBegan(self.run, wave, size, means.clock()))
        queue = deque(mine)
        while queue and not self.stopped:
            held: list[LeasedElsewhere] = []
            # while some are saved, others are taken or written down
            count = self.pace.at_once + self.pace.at_once // 2
            workers = [self._work(wave, size, queue, held) for _ in range(count)]
            # one that breaks lets the others end what they have
            for result in await asyncio.gather(*workers, return_exceptions=True):
                if isinstance(result, BaseException):
                    raise result
            queue = deque(one.district for one in held)
            if queue:
                soonest = min(one.seconds for one in held)
                wait = max(SHORTEST_WAIT_SECONDS, min(LONGEST_WAIT_SECONDS, soonest))
                await asyncio.sleep(wait)
                self._look_at_the_clock()
        if self.held_back and not self.stopped:
            self.stopped = "; ".join(dict.fromkeys(self.held_back.values()))

    async def _work(
        self, wave: str, size: int, queue: deque[str], held: list[LeasedElsewhere]
    ) -> None:
        """Work off a queue, one district after another; note what others hold."""
        try:
            while queue and not self._is_over():
                key = queue.popleft()
                if self._is_held(key):
                    continue
                taken = await self._taken(key)
                if isinstance(taken, LeasedElsewhere):
                    held.append(taken)
                if not isinstance(taken, Taken):
                    continue
                run = self._district_run(taken)
                try:
                    async with run.in_hand():
                        with await run.wait_for(self._turn()) as turn:
                            if self._begins(wave, run):
                                saved = await run.save()
                                await self._end(wave, size, run, saved, turn.close)
                                continue
                        await run.leave()
                    if not (self._is_over() or key in self.held_back):
                        queue.appendleft(key)
                except LeaseLost:
                    # another runner has it now, and will end it
                    lost = LeasedElsewhere(key, "another runner", LONGEST_WAIT_SECONDS)
                    held.append(lost)
                except NO_OTHER_EITHER as error:
                    # no other district would fare better
                    self.refused = error
                    self.stopped = self.stopped or error.message
        except BaseException:
            queue.clear()
            self._broken = True
            raise

    def _begins(self, wave: str, run: DistrictRun) -> bool:
        """Tell that a district begins whose turn has come; False if it may not now."""
        key = run.planned.district
        if self._is_over() or self._is_held(key) or not run.is_fresh:
            return False
        self.means.observe(DistrictBegan(self.run, key, wave, self.means.clock()))
        return True

    def _is_held(self, key: str) -> bool:
        if why := self.pace.hold(key):
            self.held_back[key] = why
        return bool(why)

    async def _turn(self) -> ExitStack:
        """Wait to be one of those that save; closing what it gives lets in another."""
        await self._slots.acquire()
        with ExitStack() as stack:
            stack.callback(self._slots.release)
            async with self._failing:
                pass
            return stack.pop_all()

    async def _taken(self, key: str) -> Taken | LeasedElsewhere | DistrictOutcome:
        return await take_district(
            self.means,
            self._commits,
            (self.run, self.plan.backend),
            self._planned[key],
            look_first=self.looks or key in self.unread or key in self._left_open,
        )

    def _district_run(self, taken: Taken) -> DistrictRun:
        key = taken.claim.district
        return DistrictRun(
            self.means,
            self._commits,
            self._heartbeat,
            taken,
            self._planned[key],
            unread=self.unread.get(key),
            left_open=self._left_open.get(key, ()),
            looks=self.looks,
        )

    async def _end(
        self,
        wave: str,
        size: int,
        run: DistrictRun,
        saved: Saved,
        free: Callable[[], None],
    ) -> None:
        """Write down how a district ended; after a failure none begins before that."""
        capped = self.pace.max_failures_percent is not None
        if saved.wrong is None:
            free()
        async with self._failing if saved.wrong and capped else nullcontext():
            await self._note_end(wave, size, await run.end(saved))

    async def _note_end(self, wave: str, size: int, outcome: DistrictOutcome) -> None:
        self.ended.add(outcome.district)
        self.means.observe(DistrictEnded(self.run, outcome, self.means.clock()))
        if outcome.ending is not Ending.DONE:
            await self._look_at_failures(wave, size)

    def _is_over(self) -> bool:
        self._look_at_the_clock()
        return self._broken or bool(self.stopped)

    def _look_at_the_clock(self) -> None:
        self.stopped = self.stopped or self.pace.pause()

    async def _look_at_failures(self, wave: str, size: int) -> int:
        most = self.pace.max_failures_percent
        failures = await self._commits.write(
            lambda journal: journal.failures(self.run, wave)
        )
        if most is not None and failures * 100 > most * size and not self.stopped:
            self.stopped = (
                f"{failures} of {size} districts of the wave {wave!r} failed,"
                f" more than {most} %"
            )
        return failures

    async def _verify(self, wave: str, districts: Sequence[str]) -> None:
        """Read a wave once more before the next one begins."""
        means, write, at = self.means, self._commits.write, self.means.clock()
        outcomes = await write(lambda journal: journal.outcomes(self.run))
        done = [
            key
            for key in districts
            if key in outcomes and outcomes[key].ending is Ending.DONE
        ]
        lives = await means.reader.read_many(done) if done else {}
        wrong = {key: unlike_saved(self._planned[key], lives.get(key)) for key in done}

        def doubt(journal: Journal) -> None:
            for key, why in wrong.items():
                if why:
                    journal.doubt(self.run, key, why, at=at)

        await write(doubt)
        failures = await self._look_at_failures(wave, len(districts))
        means.observe(WaveEnded(self.run, wave, failures, means.clock()))


@dataclass(frozen=True, slots=True)
class Executor:
    """
    Makes plans true on one backend.

    Nothing is written before every district of the plan was seen to be as planned.
    """

    means: RunDeps
    pace: RolloutLimits = field(default_factory=RolloutLimits)

    async def run(
        self, plan: Plan, orders: RunOptions, in_step: InStep | None = None
    ) -> Outcome:
        """
        Save every district of the plan; one that fails does not stop the others.

        Districts ``in_step`` are read and remembered before the first save, so that no
        end of the run can lose them. A run of this very plan that has not ended is
        joined. Raises ``StalePlan``, with nothing written, if there is none and Connect
        moved meanwhile.
        """
        means, digest = self.means, plan_digest(plan)
        if not plan.districts:
            return Outcome(0, (), moved=await self._noted(plan, in_step or {}))
        unread = await self._unread(plan, digest)
        run, joined = means.journal.begin(plan, digest, orders, at=means.clock())
        self._began(run, plan, digest, joined=joined)
        moved = await self._noted(plan, in_step or {})
        rounds = WaveRunner(
            means, run, plan, orders, self.pace, {} if joined else unread, looks=joined
        )
        await rounds.go()
        return self._ended(rounds, moved)

    async def resume(
        self,
        run: int,
        plan: Plan,
        orders: RunOptions,
        in_step: InStep | None = None,
    ) -> Outcome:
        """Go on with a run, at what is left of it."""
        self._began(run, plan, plan_digest(plan), joined=True)
        moved = await self._noted(plan, in_step or {})
        rounds = WaveRunner(self.means, run, plan, orders, self.pace, {}, looks=True)
        await rounds.go()
        return self._ended(rounds, moved)

    def _began(self, run: int, plan: Plan, digest: str, *, joined: bool) -> None:
        means, size = self.means, len(plan.districts)
        means.observe(
            RunBegan(run, digest, plan.backend, size, means.clock(), joined=joined)
        )

    async def _unread(self, plan: Plan, digest: str) -> Mapping[str, ConnectError]:
        """Read every district, and insist that none moved; give what went unread."""
        journal = self.means.journal
        if journal.open_run(digest, plan.backend) is not None:
            return {}
        keys = [planned.district for planned in plan.districts]
        open_ = journal.open_saves(plan.backend)
        lives = await self.means.reader.read_many(keys)
        try:
            insist_fresh(plan, lives)
        except StalePlan as stale:
            # another runner may have begun with this plan since we looked
            if journal.open_run(digest, plan.backend) is None:
                raise stale_by_arrival(stale, open_, lives) from stale
        return {key: one for key, one in lives.items() if isinstance(one, ConnectError)}

    async def _noted(self, plan: Plan, in_step: InStep) -> tuple[str, ...]:
        """
        Remember districts that are in step, so that later drift can be told.

        Gives those that are in step no longer.
        """
        if not in_step:
            return ()
        means, backend = self.means, plan.backend
        open_, mark = means.journal.open_saves(backend), means.journal.mark()
        try:
            lives = await means.reader.read_many(list(in_step))
        except ConnectError:
            # what the run does is to be told all the same; the next one remembers
            return ()
        # an old snapshot does not say what Connect has now
        now, longest = means.clock(), means.max_live_age
        recent = {
            key: live
            for key, live in lives.items()
            if isinstance(live, Live)
            and (longest is None or live.is_recent(now, longest))
        }
        moved, seen = [], {}
        for key, live in recent.items():
            says = in_step[key]
            form = says.known(live.form)
            if list_differing(says.desired, form):
                moved.append(key)
            else:
                seen[key] = says.seen(form)
        means.journal.note(backend, seen, at=means.clock(), mark=mark)
        means.journal.look(backend, results_of(open_, recent), at=means.clock())
        return tuple(moved)

    def _ended(self, rounds: WaveRunner, moved: tuple[str, ...]) -> Outcome:
        """Write down how the run ended, and tell it."""
        means, run = self.means, rounds.run
        if rounds.stopped:
            means.journal.stop(run, rounds.stopped, at=means.clock())
        else:
            means.journal.end(run, at=means.clock())
        ended = means.journal.outcomes(run)
        outcome = Outcome(
            run,
            tuple(
                ended.get(planned.district) or self._left(planned.district, rounds)
                for planned in rounds.plan.districts
            ),
            stopped=rounds.stopped,
            elsewhere=len(ended.keys() - rounds.ended),
            refused=rounds.refused.remedy if rounds.refused else "",
            moved=moved,
        )
        counts = Counter(one.ending for one in outcome.districts)
        counted = tuple((ending, counts[ending]) for ending in Ending)
        means.observe(RunEnded(run, counted, means.clock(), rounds.stopped))
        return outcome

    def _left(self, district: str, rounds: WaveRunner) -> DistrictOutcome:
        if self.pace.only is not None and district not in self.pace.only:
            return DistrictOutcome(
                district, Ending.SKIPPED, 0, 0, "left to others, as was asked for"
            )
        why = rounds.held_back.get(district, "the run stopped before it")
        return DistrictOutcome(district, Ending.NOT_REACHED, 0, 0, why)
