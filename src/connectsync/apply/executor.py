"""Making a plan true: one run, which other runners may join, and which can go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from connectsync.apply.deps import RunDeps
from connectsync.apply.freshness import insist_fresh
from connectsync.apply.journal import RunOptions
from connectsync.apply.rollout import Pace, WaveRunner
from connectsync.domain.event import RunBegan, RunEnded
from connectsync.domain.outcome import DistrictOutcome, Ending, Outcome
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import plan_digest
from connectsync.errors import Bug, ConnectError, StalePlan


@dataclass(frozen=True, slots=True)
class Executor:
    """
    Makes plans true on one backend.

    Nothing is written before every district of the plan was seen to be as planned.
    """

    means: RunDeps
    pace: Pace = field(default_factory=Pace)

    async def run(self, plan: Plan, orders: RunOptions) -> Outcome:
        """
        Save every district of the plan; one that fails does not stop the others.

        A run of this very plan that has not ended is joined. Raises ``StalePlan``,
        with nothing written, if there is none and Connect moved meanwhile.
        """
        if not plan.districts:
            return Outcome(0, ())
        means, digest = self.means, plan_digest(plan)
        unread = await self._unread(plan, digest)
        run, joined = means.journal.begin(plan, digest, orders, at=means.clock())
        if joined:
            unread = {}
        self._began(run, plan, digest, joined=joined)
        return await self._gone_through(run, plan, orders, unread)

    async def resume(self, run: int, plan: Plan, orders: RunOptions) -> Outcome:
        """Go on with a run, at what is left of it."""
        self._began(run, plan, plan_digest(plan), joined=True)
        return await self._gone_through(run, plan, orders, {})

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
        lives = await self.means.reader.read_many(keys)
        if missing := [key for key in keys if key not in lives]:
            raise Bug(f"the backend did not answer for district {missing[0]!r}")
        try:
            insist_fresh(plan, lives)
        except StalePlan:
            # another runner may have begun with this plan since we looked
            if journal.open_run(digest, plan.backend) is None:
                raise
        return {key: one for key, one in lives.items() if isinstance(one, ConnectError)}

    async def _gone_through(
        self,
        run: int,
        plan: Plan,
        orders: RunOptions,
        unread: Mapping[str, ConnectError],
    ) -> Outcome:
        means = self.means
        left_open = means.journal.left_open(plan.backend, run)
        rounds = WaveRunner(means, run, plan, orders, self.pace, unread, left_open)
        await rounds.go()
        if rounds.stopped:
            means.journal.stop(run, rounds.stopped, at=means.clock())
        else:
            means.journal.end(run, at=means.clock())
        outcome = self._outcome(rounds)
        counts = Counter(one.ending for one in outcome.districts)
        counted = tuple((ending, counts[ending]) for ending in Ending)
        means.observe(RunEnded(run, counted, means.clock(), rounds.stopped))
        return outcome

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
