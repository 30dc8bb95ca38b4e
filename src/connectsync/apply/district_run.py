"""One district: from what the journal knows of it to its end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from connectsync import errors
from connectsync.apply.journal import (
    Claim,
    Intent,
    Journal,
    JournalRow,
    RunDeps,
    SaveStatus,
)
from connectsync.apply.saving import (
    Saver,
    form_moved_error,
    is_conflict,
    judge_save,
    moved_around_error,
    moved_beside_error,
    not_held_error,
)
from connectsync.domain.live import Live
from connectsync.domain.outcome import DistrictOutcome, Ending
from connectsync.domain.plan import DistrictPlan, Save
from connectsync.domain.schedule import spell_managed
from connectsync.domain.settings import Form, is_same, list_differing, spell
from connectsync.values import dataclass, replace

BEATS = 3
"""Signs of life while a lease lasts."""


@asynccontextmanager
async def keep_lease_alive(journal: Journal, claim: Claim) -> AsyncIterator[None]:
    """
    Hold on to a district: a page may take its time, and so may a lock of the store.

    The signs of life are given in a thread, over a connection of its own.
    """
    ended = threading.Event()
    thread = threading.Thread(
        target=_beat, args=(journal, claim, ended), name="lease", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        ended.set()
        # it may wait for the store: the other districts need not
        await asyncio.shield(asyncio.to_thread(thread.join))


def _beat(journal: Journal, claim: Claim, ended: threading.Event) -> None:
    while not ended.wait(journal.lease_seconds / BEATS):
        try:
            journal.renew(claim)
        except errors.LeaseLost:
            # that is found out at the next thing that is written down
            return
        except errors.StateError:
            # the store was busy for long: the next sign may get through
            continue


NO_OTHER_EITHER = (errors.CredentialsRefused, errors.Unconfirmable)
"""What keeps one district from being saved, and all others as well."""


@dataclass(frozen=True, slots=True)
class _Progress:
    """How far a district is: the saves that are confirmed, and the form after them."""

    version: str
    form: Form
    saves: int = 0
    again: bool = False
    late: tuple[JournalRow, ...] = ()


@dataclass(frozen=True, slots=True)
class DistrictRun:
    """
    A district in progress, and what is to be made true there.

    ``merged`` says that its baseline keeps what the plan does not speak of;
    ``unread`` is why it could not be read before anything was saved, if so;
    ``left_open`` are saves of other runs there that may arrive yet.
    """

    means: RunDeps
    claim: Claim
    planned: DistrictPlan
    merged: bool = False
    unread: errors.ConnectError | None = None
    left_open: tuple[JournalRow, ...] = ()

    async def run(self) -> DistrictOutcome:
        """
        Make every save that is not confirmed yet, and write down how it ended.

        Raises ``StateError`` where that cannot be written, such as ``LeaseLost``, and
        one of ``NO_OTHER_EITHER`` where no district can be saved any more; this one is
        let go of then, and where the run is broken off.
        """
        means, claim, planned = self.means, self.claim, self.planned
        ending = Ending.DONE
        error: errors.ConnectsyncError | None = None
        async with keep_lease_alive(means.journal, claim):
            try:
                standing = await self._settled()
                if not standing.saves:
                    self._insist_day()
                while standing.saves < len(planned.saves):
                    saver = Saver(means, claim, standing.again, standing.late)
                    live = await saver.save(self._intent(standing))
                    standing = _Progress(live.version, live.form, standing.saves + 1)
                    self._insist_unmoved(standing.saves, live)
                self._insist_true(standing.form)
            except (errors.Bug, *NO_OTHER_EITHER, asyncio.CancelledError):
                # no other runner has to wait for the lease of one that leaves
                with suppress(errors.StateError):
                    means.journal.release(claim)
                raise
            except errors.StateError:
                raise
            except errors.ConnectsyncError as wrong:
                ending = _ending_of(wrong)
                error = (
                    self._told(wrong) if isinstance(wrong, errors.Conflict) else wrong
                )
            outcome = DistrictOutcome(planned.district, ending, 0, 0)
            if error is not None:
                outcome = replace(outcome, message=error.message, remedy=error.remedy)
            done = ending is Ending.DONE and not self.merged
            managed = tuple(planned.desired) if done else None
            means.journal.finish(claim, outcome, managed, at=means.clock())
        # counted from the journal: what is not confirmed there did not happen
        return means.journal.outcomes(claim.run, claim.district)[claim.district]

    def _told(self, error: errors.Conflict) -> errors.Conflict:
        """Name the newer runs of ours that a conflict is with, and blame no one."""
        moved = error.moved
        newer = {} if moved is None else self.means.journal.newer(self.claim)
        if moved is None or not newer:
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

    def _entries(self) -> tuple[JournalRow, ...]:
        return self.means.journal.entries(self.claim.run, self.planned.district)

    async def _settled(self) -> _Progress:
        """Find out how far the district is, by the journal and by reading."""
        entries = self._entries()
        if not entries and self.unread is not None:
            raise self.unread
        late = await self._settled_for_others()
        if not entries:
            planned = self.planned
            return _Progress(planned.live_version, planned.live, late=late)
        live = await self._read()
        saver = Saver(self.means, self.claim)
        again = self._settle_own(saver, [one for one in entries if one.is_open], live)
        saves = sum(one.settled is SaveStatus.CONFIRMED for one in self._entries())
        self._insist_unmoved(saves, live, self._entries())
        return _Progress(live.version, live.form, saves, again, late)

    async def _settled_for_others(self) -> tuple[JournalRow, ...]:
        """
        Settle what other runs left open, as long as a reading still tells.

        Gives what may arrive yet.
        """
        if not self.left_open:
            return ()
        live, means = await self._read(), self.means
        for entry in self.left_open:
            result = judge_save(entry, live)
            means.journal.settle(self.claim, entry.row, result, at=means.clock())
        untouched = [
            one for one in self.left_open if one.intent.expected_version == live.version
        ]
        return tuple(untouched)

    def _settle_own(
        self, saver: Saver, entries: Sequence[JournalRow], live: Live
    ) -> bool:
        """
        Settle every save that may have been made; say whether to make one again.

        Of several the newest that is seen is the one that was made. Raises
        ``Conflict`` where the form was saved by someone else.
        """
        moved: errors.Conflict | None = None
        for entry in reversed(entries):
            result = judge_save(entry, live)
            # with a save that is confirmed the store lets go of those before it
            saver.settle(entry.row, entry.intent, result)
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

    def _intent(self, standing: _Progress) -> Intent:
        """Give the save that comes next."""
        save: Save = self.planned.saves[standing.saves]
        return Intent(
            district=self.planned.district,
            phase=standing.saves + 1,
            before=standing.form,
            after=save.after(standing.form),
            expected_version=standing.version,
            set_token=save.set_token,
            desired=self.planned.desired,
            kept=self.planned.kept,
        )


def _last_read_back(entries: Sequence[JournalRow]) -> Form | None:
    """Give the form as the newest save that was made left it, if that was written."""
    made = (one for one in entries if one.settled is SaveStatus.CONFIRMED)
    last = max(made, key=lambda one: one.row, default=None)
    return None if last is None else last.facts.observed


def _ending_of(error: errors.ConnectsyncError) -> Ending:
    if isinstance(error, errors.AwaitsPerson):
        return Ending.WAITING
    return Ending.CONFLICT if is_conflict(error) else Ending.FAILED
