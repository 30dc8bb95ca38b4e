"""Run a plan wave by wave; runs can be joined by other workers and resumed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from connectsync.apply.journal import BaselineUpdate, JournalRow, RunDeps, RunOptions
from connectsync.apply.rollout import RolloutLimits, WaveRunner
from connectsync.apply.saving import has_arrived, insist_fresh, results_of
from connectsync.domain.event import RunBegan, RunEnded
from connectsync.domain.live import Live
from connectsync.domain.outcome import DistrictOutcome, Ending, Outcome
from connectsync.domain.plan import SWITCH, Plan
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.settings import Form, list_differing
from connectsync.errors import ConnectError, StalePlan


@dataclass(frozen=True, slots=True)
class FileSays:
    """
    What files want of a district that a plan leaves alone.

    ``known`` gives of a live form what files can say: labels they know alone.
    ``launched`` says that it is past its launch by its file.
    """

    desired: Form
    known: Callable[[Form], Form]
    launched: bool = False


InStep = Mapping[str, FileSays]
"""What files say of districts in step, by district."""


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
            return await self._noted(Outcome(0, ()), plan.backend, in_step or {})
        unread = await self._unread(plan, digest)
        run, joined = means.journal.begin(plan, digest, orders, at=means.clock())
        if joined:
            unread = {}
        self._began(run, plan, digest, joined=joined)
        return await self._gone_through(run, plan, orders, unread, in_step or {})

    async def resume(
        self,
        run: int,
        plan: Plan,
        orders: RunOptions,
        in_step: InStep | None = None,
    ) -> Outcome:
        """Go on with a run, at what is left of it."""
        self._began(run, plan, plan_digest(plan), joined=True)
        return await self._gone_through(run, plan, orders, {}, in_step or {})

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
                raise _with_what_arrived(stale, open_, lives) from stale
        return {key: one for key, one in lives.items() if isinstance(one, ConnectError)}

    async def _gone_through(
        self,
        run: int,
        plan: Plan,
        orders: RunOptions,
        unread: Mapping[str, ConnectError],
        in_step: InStep,
    ) -> Outcome:
        means = self.means
        noted = await self._noted(Outcome(run, ()), plan.backend, in_step)
        rounds = WaveRunner(means, run, plan, orders, self.pace, unread)
        await rounds.go()
        if rounds.stopped:
            means.journal.stop(run, rounds.stopped, at=means.clock())
        else:
            means.journal.end(run, at=means.clock())
        outcome = replace(self._outcome(rounds), moved=noted.moved)
        counts = Counter(one.ending for one in outcome.districts)
        counted = tuple((ending, counts[ending]) for ending in Ending)
        means.observe(RunEnded(run, counted, means.clock(), rounds.stopped))
        return outcome

    async def _noted(self, outcome: Outcome, backend: str, in_step: InStep) -> Outcome:
        """
        Remember districts that are in step, so that later drift can be told.

        Those that are in step no longer are told with the outcome.
        """
        if not in_step:
            return outcome
        means = self.means
        open_ = means.journal.open_saves(backend)
        try:
            lives = await means.reader.read_many(list(in_step))
        except ConnectError:
            # what the run does is to be told all the same; the next one remembers
            return outcome
        # an old snapshot does not say what Connect has now
        recent = {
            key: live
            for key, live in lives.items()
            if isinstance(live, Live) and means.is_recent(live)
        }
        moved, seen = [], {}
        for key, says in in_step.items():
            live = recent.get(key)
            if live is None:
                continue
            form = says.known(live.form)
            if list_differing(says.desired, form):
                moved.append(key)
            else:
                known = {name: form[name] for name in says.desired if name in form}
                running = says.launched or live.form.get(SWITCH) is True
                seen[key] = BaselineUpdate(known, running)
        means.journal.note(backend, seen, at=means.clock())
        means.journal.look(backend, results_of(open_, recent), at=means.clock())
        return replace(outcome, moved=tuple(moved))

    def _outcome(self, rounds: WaveRunner) -> Outcome:
        ended = self.means.journal.outcomes(rounds.run)
        districts = tuple(
            ended.get(planned.district) or self._left(planned.district)
            for planned in rounds.plan.districts
        )
        elsewhere = len(ended.keys() - rounds.ended)
        return Outcome(
            rounds.run,
            districts,
            stopped=rounds.stopped,
            elsewhere=elsewhere,
            refused=rounds.refused.remedy if rounds.refused else "",
        )

    def _left(self, district: str) -> DistrictOutcome:
        if self.pace.only is not None and district not in self.pace.only:
            return DistrictOutcome(
                district, Ending.SKIPPED, 0, 0, "left to others, as was asked for"
            )
        return DistrictOutcome(
            district, Ending.NOT_REACHED, 0, 0, "the run stopped before it"
        )


def _with_what_arrived(
    stale: StalePlan,
    open_: Mapping[str, tuple[JournalRow, ...]],
    lives: Mapping[str, Live | ConnectError],
) -> StalePlan:
    """Say of a plan that it is stale because a save of ours arrived late, if so."""
    arrived = [
        f"  {key}: a save of run {entry.run} that got no answer has arrived since"
        for key, entries in open_.items()
        if isinstance(live := lives.get(key), Live)
        for entry in entries
        if has_arrived(entry, live)
    ]
    below = (*stale.below, *arrived)
    return StalePlan(stale.sentence, below=below, remedy=stale.remedy)
