"""One district: from what the journal knows of it to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

from connectsync.apply.deps import RunDeps
from connectsync.apply.journal import (
    BaselineUpdate,
    Claim,
    Entry,
    Intent,
    Journal,
    Settled,
)
from connectsync.apply.saving import Saver, is_conflict, moved, told
from connectsync.domain.live import Live
from connectsync.domain.outcome import DistrictOutcome, Ending
from connectsync.domain.plan import SWITCH, DistrictPlan, Save
from connectsync.domain.settings import Form
from connectsync.domain.values import differing
from connectsync.errors import (
    AwaitsPerson,
    Bug,
    ConnectError,
    ConnectsyncError,
    CredentialsRefused,
    StateError,
    Unconfirmable,
)

NO_OTHER_EITHER = (CredentialsRefused, Unconfirmable)
"""What keeps one district from being saved, and all others as well."""

BEATS = 3
"""Signs of life while a lease lasts."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """How far a district is: the saves that are confirmed, and the form after them."""

    version: str
    form: Form
    saves: int = 0
    again: bool = False


@dataclass(frozen=True, slots=True)
class DistrictRun:
    """
    A district in hand, and what is to be made true there.

    ``merged`` says that its baseline keeps what the plan does not speak of;
    ``unread`` is why it could not be read before anything was saved, if so;
    ``left_open`` are saves of other runs there that nobody settled.
    """

    means: RunDeps
    claim: Claim
    planned: DistrictPlan
    merged: bool = False
    unread: ConnectError | None = None
    left_open: tuple[Entry, ...] = ()

    async def run(self) -> DistrictOutcome:
        """
        Make every save that is not confirmed yet, and write down how it ended.

        Raises ``StateError`` where that cannot be written, such as ``LeaseLost``, and
        one of ``NO_OTHER_EITHER`` where no district can be saved any more; this one is
        let go of then, and where the run is broken off.
        """
        means = self.means
        async with _alive(means.journal, self.claim):
            try:
                outcome, kept = await self._ended()
            except (Bug, *NO_OTHER_EITHER, asyncio.CancelledError):
                # nobody has to wait for the lease of a runner that leaves
                with suppress(StateError):
                    means.journal.release(self.claim)
                raise
            means.journal.finish(self.claim, outcome, kept, at=means.clock())
        return outcome

    async def _ended(self) -> tuple[DistrictOutcome, BaselineUpdate | None]:
        planned, standing = self.planned, self._before()
        try:
            standing = await self._settled(standing)
            while standing.saves < len(planned.saves):
                standing = await self._saved(standing)
        except (Bug, StateError, *NO_OTHER_EITHER):
            raise
        except ConnectsyncError as error:
            return self._outcome(_ending_of(error), error), None
        form = standing.form
        kept = BaselineUpdate(
            planned.managed(form),
            running=True in {form.get(SWITCH), planned.live.get(SWITCH)},
            merged=self.merged,
        )
        return self._outcome(Ending.DONE), kept

    def _before(self) -> _Standing:
        return _Standing(self.planned.live_version, self.planned.live)

    def _outcome(
        self, ending: Ending, error: ConnectsyncError | None = None
    ) -> DistrictOutcome:
        # counted from the journal: what is not confirmed there did not happen
        saves = self._confirmed(self._entries())
        changes = sum(len(save.changes) for save in self.planned.saves[:saves])
        outcome = DistrictOutcome(self.planned.district, ending, saves, changes)
        if error is None:
            return outcome
        return replace(outcome, message=error.message, remedy=error.remedy)

    def _entries(self) -> tuple[Entry, ...]:
        return self.means.journal.entries(self.claim.run, self.planned.district)

    @staticmethod
    def _confirmed(entries: tuple[Entry, ...]) -> int:
        return sum(entry.settled is Settled.CONFIRMED for entry in entries)

    async def _settled(self, standing: _Standing) -> _Standing:
        """Find out how far the district is, by the journal and by reading."""
        entries = self._entries()
        if not entries and self.unread is not None:
            raise self.unread
        await self._settled_for_others()
        if not entries:
            return standing
        live = await self._read()
        saver = Saver(self.means, self.claim)
        again = any(self._settle(saver, one, live) for one in _open(entries))
        entries = self._entries()
        saves = self._confirmed(entries)
        form = self._form_after(saves)
        if differing(form, live.form):
            raise moved(replace(entries[-1].intent, before=form), live)
        return _Standing(live.version, live.form, saves, again)

    async def _settled_for_others(self) -> None:
        """Settle what other runs left open, as long as a reading still tells."""
        if not self.left_open:
            return
        live, journal = await self._read(), self.means.journal
        for entry in self.left_open:
            settled, note = told(entry.intent, live)
            at = self.means.clock()
            journal.settle(self.claim, entry.row, settled, at=at, note=note)

    def _settle(self, saver: Saver, entry: Entry, live: Live) -> bool:
        """Settle a save that nobody settled; say whether it has to be made again."""
        intent = entry.intent
        settled, note = told(intent, live)
        saver.settle(entry.row, intent, settled, note)
        if settled is Settled.CONFLICT:
            raise moved(intent, live)
        return settled is Settled.FAILED

    async def _read(self) -> Live:
        return await self.means.reader.read(self.planned.district)

    def _form_after(self, saves: int) -> Form:
        form: Form = self.planned.live
        for save in self.planned.saves[:saves]:
            form = save.after(form)
        return form

    async def _saved(self, standing: _Standing) -> _Standing:
        save: Save = self.planned.saves[standing.saves]
        intent = Intent(
            district=self.planned.district,
            phase=standing.saves + 1,
            before=standing.form,
            after=save.after(standing.form),
            expected_version=standing.version,
            set_token=save.set_token,
        )
        live = await Saver(self.means, self.claim, standing.again).save(intent)
        return _Standing(live.version, live.form, standing.saves + 1)


def _ending_of(error: ConnectsyncError) -> Ending:
    if isinstance(error, AwaitsPerson):
        return Ending.WAITING
    return Ending.CONFLICT if is_conflict(error) else Ending.FAILED


def _open(entries: tuple[Entry, ...]) -> list[Entry]:
    return [entry for entry in entries if entry.settled is Settled.INTENDED]


@asynccontextmanager
async def _alive(journal: Journal, claim: Claim) -> AsyncIterator[None]:
    """Give signs of life while a district is in hand: a page may take its time."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(journal.lease_seconds / BEATS)
            journal.renew(claim)

    beating = asyncio.ensure_future(beat())
    try:
        yield
    finally:
        beating.cancel()
        # a lease that is lost is found out at the next thing that is written down
        with suppress(asyncio.CancelledError, StateError):
            await beating
