"""One district: from what the journal knows of it to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from time import monotonic
from typing import TypeVar

from connectsync import errors
from connectsync.apply.journal import (
    Claim,
    Intent,
    Journal,
    JournalRow,
    LeasedElsewhere,
    RunDeps,
    SaveResult,
    SaveStatus,
)
from connectsync.apply.saving import (
    SaveMade,
    Saver,
    form_moved_error,
    is_conflict,
    judge_save,
    moved_around_error,
    moved_beside_error,
    not_held_error,
)
from connectsync.apply.state.ledger import GroupCommits
from connectsync.apply.state.store import Heartbeat
from connectsync.domain.district import without
from connectsync.domain.live import Live
from connectsync.domain.outcome import DistrictOutcome, Ending, Sent
from connectsync.domain.plan import DistrictPlan, Save
from connectsync.domain.schedule import spell_managed
from connectsync.domain.settings import Form, is_same, list_differing, spell
from connectsync.values import dataclass, field, replace

T = TypeVar("T")

NO_OTHER_EITHER = (errors.CredentialsRefused, errors.Unconfirmable)
"""What keeps one district from being saved, and all others as well."""


@dataclass(frozen=True, slots=True)
class Taken:
    """
    A district that this runner took, with its saves in the run so far.

    ``begun`` is the row of its first save, where that was written down along with it.
    """

    claim: Claim
    entries: tuple[JournalRow, ...] = ()
    begun: int | None = None


@dataclass(frozen=True, slots=True)
class _Progress:
    """How far a district is: the saves that are confirmed, and the form after them."""

    version: str
    form: Form
    saves: int = 0
    again: bool = False
    late: tuple[JournalRow, ...] = ()
    begun: int | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """
    What was saved of a district, and is not written down yet.

    ``last`` is its last save, if any was made now, and ``wrong`` why more is not made.
    """

    last: SaveMade | None = None
    wrong: errors.ConnectsyncError | None = None


@dataclass(frozen=True, slots=True)
class DistrictRun:
    """
    A district in progress, and what is to be made true there.

    ``unread`` is why it could not be read before anything was saved, if so;
    ``left_open`` are saves of other runs there that may arrive yet. With ``looks`` it
    was not read by this runner: what its plan says is held against Connect first.
    """

    means: RunDeps
    commits: GroupCommits
    heartbeat: Heartbeat
    taken: Taken
    planned: DistrictPlan
    unread: errors.ConnectError | None = None
    left_open: tuple[JournalRow, ...] = ()
    looks: bool = False
    _since: float = field(default_factory=monotonic, init=False)

    async def wait_for(self, turn: Awaitable[T]) -> T:
        """Wait for its turn; where that is called off, leave it."""
        try:
            return await turn
        except asyncio.CancelledError:
            with suppress(errors.StateError):
                await asyncio.shield(self.leave())
            raise

    @property
    def is_fresh(self) -> bool:
        """Say whether what held as it was taken still does: its day, and its lease."""
        # what was not written down with it is looked at as it is begun
        if self.taken.begun is None:
            return True
        waited = monotonic() - self._since
        today = not self.planned.turned(self.means.clock())
        return today and waited < self.heartbeat.pause

    async def leave(self) -> None:
        """Let go of it, and note that nothing was sent. Raises ``StateError``."""
        at = self.means.clock()
        await self.commits.write(lambda journal: _leave(journal, self.taken, at))

    @asynccontextmanager
    async def in_hand(self) -> AsyncIterator[None]:
        """Hold on to it; let go of it where no other is saved either."""
        async with self.heartbeat.keep(self._claim):
            try:
                yield
            except (errors.Bug, *NO_OTHER_EITHER, asyncio.CancelledError):
                # no other runner has to wait for the lease of one that leaves
                with suppress(errors.StateError):
                    await asyncio.shield(self.commits.let_go(self._claim))
                raise

    async def save(self) -> Saved:
        """
        Make every save that is not confirmed yet.

        Raises ``StateError`` where that cannot be written, such as ``LeaseLost``, and
        one of ``NO_OTHER_EITHER`` where no district can be saved any more.
        """
        made: SaveMade | None = None
        try:
            standing = await self._standing()
            while standing.saves < len(self.planned.saves):
                await self._settle(made)
                made = None
                saver = replace(self._saver, again=standing.again, late=standing.late)
                made = await saver.save(
                    _next_save(self.planned, standing), standing.begun
                )
                live = made.done()
                standing = _Progress(live.version, live.form, standing.saves + 1)
                self._insist_unmoved(standing.saves, live)
            self._insist_true(standing.form)
        except NO_OTHER_EITHER:
            await self._settle(made)
            raise
        except (errors.Bug, errors.StateError):
            raise
        except errors.ConnectsyncError as wrong:
            return Saved(made, wrong)
        return Saved(made)

    async def end(self, saved: Saved) -> DistrictOutcome:
        """
        Write down how it ended, and in the same commit what was seen of its last save.

        Raises ``StateError`` where that cannot be written, such as ``LeaseLost``.
        """
        claim, at, district = self._claim, self.means.clock(), self.planned.district
        last, error = saved.last, saved.wrong
        ending = Ending.DONE if error is None else _ending_of(error)
        outcome = DistrictOutcome(district, ending, 0, 0)
        if isinstance(error, errors.Conflict):
            error = await self._told(error)
        if error is not None:
            outcome = replace(outcome, message=error.message, remedy=error.remedy)

        def finish(journal: Journal) -> DistrictOutcome:
            if last is not None:
                journal.settle(claim, last.row, last.result, at=at)
            journal.finish(claim, outcome, at=at)
            # counted from the journal: what is not confirmed there did not happen
            return journal.outcomes(claim.run, district)[district]

        ended = await self.commits.write(finish)
        if last is not None:
            self._saver.tell_settled(last.intent, last.result, at)
        return ended

    @property
    def _claim(self) -> Claim:
        return self.taken.claim

    @property
    def _saver(self) -> Saver:
        return Saver(self.means, self.commits, self._claim)

    async def _settle(self, made: SaveMade | None) -> None:
        if made is not None:
            await self._saver.settle(made.row, made.intent, made.result)

    async def _told(self, error: errors.Conflict) -> errors.Conflict:
        """Name the newer runs of ours that a conflict is with, and blame no one."""
        moved = error.moved
        if moved is None:
            return error
        newer = await self.commits.write(lambda journal: journal.newer(self._claim))
        if not newer:
            return error
        ours = {
            name: newer[name].run
            for name, here in moved.items()
            if name in newer and is_same(name, newer[name].value, here)
        }
        if moved and not ours:
            return error
        by_run = [
            f"{name} is {spell(moved[name])} since run {run}"
            for name, run in ours.items()
        ]
        others = [
            f"{name} is {spell(here)}, which no run saved"
            for name, here in moved.items()
            if name not in ours
        ]
        last = max(one.run for one in newer.values())
        said = "; ".join(by_run + others) or f"by run {last}"
        return errors.Conflict(f"the form was saved after this plan was made: {said}")

    async def _standing(self) -> _Progress:
        """Find out how far the district is, by the journal and by reading."""
        if self.taken.begun is not None:
            return replace(_at_first(self.planned), begun=self.taken.begun)
        entries, claim = self.taken.entries, self._claim
        if not entries and self.unread is not None:
            raise self.unread
        late = await self._settled_for_others()
        if not entries and not self.looks:
            self._insist_day()
            return replace(_at_first(self.planned), late=late)
        live = await self._read()
        again = await self._settle_own([one for one in entries if one.is_open], live)
        entries = await self.commits.write(
            lambda journal: journal.entries(claim.run, claim.district)
        )
        saves = sum(one.settled is SaveStatus.CONFIRMED for one in entries)
        self._insist_unmoved(saves, live, entries)
        if not saves:
            self._insist_day()
        return _Progress(live.version, live.form, saves, again, late)

    async def _settled_for_others(self) -> tuple[JournalRow, ...]:
        """
        Settle what other runs left open, as long as a reading still tells.

        Gives what may arrive yet.
        """
        if not self.left_open:
            return ()
        live, at = await self._read(), self.means.clock()

        def settle(journal: Journal) -> None:
            for entry in self.left_open:
                journal.settle(self._claim, entry.row, judge_save(entry, live), at=at)

        await self.commits.write(settle)
        untouched = [
            one for one in self.left_open if one.intent.expected_version == live.version
        ]
        return tuple(untouched)

    async def _settle_own(self, entries: Sequence[JournalRow], live: Live) -> bool:
        """
        Settle every save that may have been made; say whether to make one again.

        Of several the newest that is seen is the one that was made. Raises
        ``Conflict`` where the form was saved by someone else.
        """
        moved: errors.Conflict | None = None
        for entry in reversed(entries):
            result = judge_save(entry, live)
            # with a save that is confirmed the store lets go of those before it
            await self._saver.settle(entry.row, entry.intent, result)
            if result.settled is SaveStatus.CONFIRMED:
                return False
            if result.settled is SaveStatus.CONFLICT and moved is None:
                moved = moved_around_error(entry.intent, live)
        if moved is not None:
            raise moved
        return bool(entries)

    async def _read(self) -> Live:
        return await self.means.reader.read(self.planned.district)

    def _form_after(self, saves: int) -> Form:
        form: Form = self.planned.live
        for save in self.planned.saves[:saves]:
            form = save.after(form)
        return form

    def _insist_unmoved(
        self, saves: int, live: Live, entries: tuple[JournalRow, ...] = ()
    ) -> None:
        """
        Raise ``Conflict`` if anything is not as it was, or as it was asked for.

        What Connect made of our own saves is told as that. Once all saves are made,
        what moved only after the last was read back is no concern of it.
        """
        form = self._form_after(saves)
        wrong = list_differing(form, live.form)
        beside = set(list_differing(form, _last_read_back(entries) or live.form))
        if saves == len(self.planned.saves):
            wrong = tuple(name for name in wrong if name in beside)
        if not wrong:
            return
        ours = {
            name
            for entry in entries
            for name, held in entry.facts.held.items()
            if is_same(name, held, live.form.get(name))
        }
        if theirs := {name: form[name] for name in wrong if name not in ours}:
            if saves and beside & theirs.keys():
                raise moved_beside_error(theirs, live.form)
            raise form_moved_error(theirs, live)
        raise not_held_error({name: form[name] for name in wrong}, live)

    def _insist_day(self) -> None:
        """Raise ``Conflict`` if a value was scheduled to change since the plan."""
        for turn in self.planned.turned(self.means.clock()):
            raise errors.Conflict(
                f"{turn.setting} was scheduled to be {spell_managed(turn.now)} until"
                f" {turn.until}, and that day ended during the run",
                remedy="plan again: it holds what is scheduled for today",
            )

    def _insist_true(self, form: Form) -> None:
        """Raise ``Conflict`` if what the plan wants is not what Connect holds."""
        desired, held = self.planned.desired, self.planned.managed(form)
        if list_differing(desired, held):
            raise moved_beside_error(desired, held)


def _at_first(planned: DistrictPlan) -> _Progress:
    return _Progress(planned.live_version, planned.live)


def _next_save(planned: DistrictPlan, standing: _Progress) -> Intent:
    """Give the save that comes next."""
    save: Save = planned.saves[standing.saves]
    return Intent(
        district=planned.district,
        phase=standing.saves + 1,
        before=standing.form,
        after=save.after(standing.form),
        expected_version=standing.version,
        set_token=save.set_token,
        desired=planned.desired,
        kept=planned.kept,
    )


async def take_district(
    means: RunDeps,
    commits: GroupCommits,
    run: tuple[int, str],
    planned: DistrictPlan,
    *,
    look_first: bool,
) -> Taken | LeasedElsewhere | DistrictOutcome:
    """
    Take a district for a run on a backend, or say who has it, or how it ended.

    Its first save is written down in the same commit, where nothing was saved of it in
    this run, unless the form or the journal is to be looked at first.
    """
    at, district, taken = means.clock(), planned.district, list[Taken]()
    ready = planned.saves and not planned.turned(at) and not look_first
    first = _next_save(planned, _at_first(planned)) if ready else None

    def take(journal: Journal) -> Taken | LeasedElsewhere | DistrictOutcome:
        taken.clear()
        claim = journal.claim(*run, district, at=at)
        if not isinstance(claim, Claim):
            return claim
        entries, begun = journal.entries(run[0], district), None
        if first is not None and not entries:
            begun = journal.intend(claim, first, at=at)
        taken.append(Taken(claim, entries, begun))
        return taken[0]

    def leave(journal: Journal) -> None:
        for one in taken:
            _leave(journal, one, at)

    try:
        return await commits.write(take)
    except asyncio.CancelledError:
        with suppress(errors.StateError):
            await asyncio.shield(commits.write(leave))
        raise


def _leave(journal: Journal, taken: Taken, at: datetime) -> None:
    if taken.begun is not None:
        never = SaveResult(SaveStatus.FAILED, Sent.NO, note="never sent")
        journal.settle(taken.claim, taken.begun, never, at=at)
    journal.release(taken.claim)


def _last_read_back(entries: Sequence[JournalRow]) -> Form | None:
    """Give the form as the newest save that was made left it, if that was written."""
    made = (one for one in entries if one.settled is SaveStatus.CONFIRMED)
    last = max(made, key=lambda one: one.row, default=None)
    return None if last is None else last.facts.observed


def _ending_of(error: errors.ConnectsyncError) -> Ending:
    if isinstance(error, errors.AwaitsPerson):
        return Ending.WAITING
    return Ending.CONFLICT if is_conflict(error) else Ending.FAILED


def unlike_saved(planned: DistrictPlan, live: Live | errors.ConnectError | None) -> str:
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
