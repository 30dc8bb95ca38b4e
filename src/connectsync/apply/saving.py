"""One save: written down, made, read back, and written down as it was seen."""

from __future__ import annotations

from dataclasses import dataclass

from connectsync.apply.deps import RunDeps
from connectsync.apply.journal import (
    Claim,
    Entry,
    Intent,
    SaveResult,
    Settled,
)
from connectsync.apply.settling import (
    arrived_late,
    is_blind,
    judged,
    moved_around,
    not_held,
    unseen,
)
from connectsync.domain.event import SaveIntended, SaveSettled
from connectsync.domain.live import Live
from connectsync.domain.save import Sent
from connectsync.domain.values import differing
from connectsync.errors import (
    AwaitsPerson,
    Bug,
    Conflict,
    ConnectError,
    ConnectsyncError,
    CredentialsRefused,
    DistrictNotFound,
    FormRefused,
    NeverSent,
    NotConfirmed,
    NotSent,
    StalePlan,
    StateError,
    Unconfirmable,
    Unreachable,
    Unsettled,
    VersionMoved,
)

TRIES = 5
"""How often a save is sent that is seen not to have been made."""

REFUSALS = (
    FormRefused,
    CredentialsRefused,
    DistrictNotFound,
    NotConfirmed,
    NotSent,
    Unconfirmable,
)
"""What says that a save was not made; after other errors only a reading tells."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of a save; ``error`` is why it is not done."""

    sent: Sent
    live: Live | None
    error: ConnectsyncError | None = None


@dataclass(frozen=True, slots=True)
class Saver:
    """
    Saves on one district that is in hand.

    ``again`` says that the first save may have been sent before, by whoever had the
    district then, and may arrive yet. ``late`` are saves of other runs there that may
    arrive yet.
    """

    means: RunDeps
    claim: Claim
    again: bool = False
    late: tuple[Entry, ...] = ()

    async def save(self, intent: Intent) -> Live:
        """
        Make a save, once; give the form as it was read back.

        Raises ``ConnectsyncError`` unless all that was sent is seen on Connect. What
        was seen is written down first; nothing is, where it could not be read.
        """
        means = self.means
        row = means.journal.intend(self.claim, intent, at=means.clock())
        settings = differing(intent.before, intent.after)
        means.observe(
            SaveIntended(
                self.claim.run, intent.district, intent.phase, settings, means.clock()
            )
        )
        try:
            seen = await self._made(intent)
        except (Bug, Unsettled, StateError):
            raise
        except ConnectsyncError as error:
            # what it needs was not there: nothing was sent
            seen = _Seen(Sent.NO, None, error)
        wrong = seen.error or _unproven(intent, seen)
        self.settle(row, intent, _result(seen, wrong))
        if seen.live is None or wrong is not None:
            raise wrong or Bug("a save was made, and nothing was read back")
        return seen.live

    def settle(self, row: int, intent: Intent, result: SaveResult) -> None:
        """Write down what became of a save."""
        at = self.means.clock()
        self.means.journal.settle(self.claim, row, result, at=at)
        self.means.observe(
            SaveSettled(
                self.claim.run,
                intent.district,
                intent.phase,
                result.settled.value,
                at,
            )
        )

    async def _made(self, intent: Intent) -> _Seen:
        """Save until it is seen that it happened, as long as that may be tried."""
        sent = Sent.UNANSWERED if self.again else Sent.NO
        tried = 1
        while True:
            seen = await self._sent(intent, sent)
            lost = isinstance(seen.error, Unreachable)
            # it was seen that nothing was saved; the first try may arrive yet
            if not lost or tried == TRIES or not await self.means.rest(tried):
                return seen
            sent, tried = seen.sent, tried + 1

    async def _sent(self, intent: Intent, before: Sent) -> _Seen:
        """Save once; where no answer tells what happened, read."""
        again = before is Sent.UNANSWERED
        try:
            live = await self.means.writer.save(
                intent.district,
                {n: intent.after[n] for n in differing(intent.before, intent.after)},
                expected_version=intent.expected_version,
                set_token=intent.set_token,
            )
        except VersionMoved as error:
            return await self._overtaken(intent, error, again=again)
        except AwaitsPerson as error:
            return _Seen(Sent.ASKED, None, error)
        except REFUSALS as error:
            return _Seen(Sent.UNANSWERED if again else Sent.REFUSED, None, error)
        except ConnectError as error:
            sent = before if isinstance(error, NeverSent) else Sent.UNANSWERED
            return await self._looked(intent, error, sent)
        return _Seen(Sent.ANSWERED, live)

    async def _overtaken(
        self, intent: Intent, error: VersionMoved, *, again: bool
    ) -> _Seen:
        """Connect was saved since: by a person, or by an earlier save of ours."""
        try:
            live = await self._read(intent, error)
        except Unsettled:
            if again:
                raise
            return _Seen(Sent.REFUSED, None, Conflict(error.message))
        if again and not unseen(intent, live):
            return _Seen(Sent.UNANSWERED, live)
        sent = Sent.UNANSWERED if again else Sent.REFUSED
        ours = [one for one in self.late if not unseen(one.intent, live)]
        for entry in ours:
            self.settle(entry.row, entry.intent, judged(entry, live))
        if ours:
            return _Seen(sent, live, arrived_late(ours[-1]))
        return _Seen(sent, live, moved_around(intent, live))

    async def _looked(self, intent: Intent, error: ConnectError, sent: Sent) -> _Seen:
        """Read whether a save happened of which no answer tells."""
        live = await self._read(intent, error)
        untouched = live.version == intent.expected_version
        arrived = not unseen(intent, live) and not (untouched and is_blind(intent))
        if arrived and sent is Sent.UNANSWERED:
            return _Seen(sent, live)
        return _Seen(sent, live, error if untouched else moved_around(intent, live))

    async def _read(self, intent: Intent, error: ConnectsyncError) -> Live:
        try:
            return await self.means.reader.read(intent.district)
        except ConnectsyncError as unread:
            raise Unsettled(
                f"it is not known whether the save happened: {error.message}; and"
                f" reading it back failed: {unread.message}"
            ) from unread


def is_conflict(error: ConnectsyncError) -> bool:
    """Say whether the reason is that Connect was saved by someone else."""
    return isinstance(error, Conflict | StalePlan)


def _unproven(intent: Intent, seen: _Seen) -> Conflict | None:
    """Hold what was read back against what was sent."""
    if seen.live is None:
        return None
    wrong = unseen(intent, seen.live)
    if not wrong:
        return None
    return not_held({name: intent.after[name] for name in wrong}, seen.live)


def _result(seen: _Seen, error: ConnectsyncError | None) -> SaveResult:
    settled = Settled.CONFIRMED
    if isinstance(error, AwaitsPerson):
        settled = Settled.WAITING
    elif error is not None:
        settled = Settled.CONFLICT if is_conflict(error) else Settled.FAILED
    live = seen.live
    return SaveResult(
        settled,
        seen.sent,
        None if live is None else live.form,
        None if live is None else live.version,
        "" if error is None else error.message,
    )
