"""One save: written down, made, settled by reading, written down again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from connectsync.apply.deps import RunDeps
from connectsync.apply.freshness import movement
from connectsync.apply.journal import Claim, Intent, Settled
from connectsync.domain.event import SaveIntended, SaveSettled
from connectsync.domain.live import Live
from connectsync.domain.values import differing, spell
from connectsync.errors import (
    Bug,
    Conflict,
    ConnectsyncError,
    StalePlan,
    StateError,
    Unreachable,
    Unsettled,
    VersionMoved,
)

TRIES = 5
"""How often a save is sent that is seen not to have been made."""


@dataclass(frozen=True, slots=True)
class Saver:
    """
    Saves on one district that is in hand.

    ``again`` says that the first save may have been sent before, by whoever had the
    district then, and may arrive yet.
    """

    means: RunDeps
    claim: Claim
    again: bool = False

    async def save(self, intent: Intent) -> Live:
        """
        Make a save, once; give the form as it was read back.

        Raises ``ConnectsyncError``, written down unless nobody knows what happened.
        """
        means = self.means
        row = means.journal.intend(self.claim, intent, at=means.clock())
        settings = differing(intent.before, intent.after)
        means.observe(
            SaveIntended(
                self.claim.run, intent.district, intent.phase, settings, means.clock()
            )
        )
        with self._settling(row, intent):
            live = await self._made(intent)
        self.settle(row, intent, Settled.CONFIRMED)
        return live

    def settle(
        self, row: int, intent: Intent, settled: Settled, note: str = ""
    ) -> None:
        """Write down how a save ended."""
        at = self.means.clock()
        self.means.journal.settle(self.claim, row, settled, at=at, note=note)
        self.means.observe(
            SaveSettled(
                self.claim.run, intent.district, intent.phase, settled.value, at
            )
        )

    @contextmanager
    def _settling(self, row: int, intent: Intent) -> Iterator[None]:
        try:
            yield
        except (Bug, Unsettled, StateError):
            raise
        except ConnectsyncError as error:
            settled = Settled.CONFLICT if is_conflict(error) else Settled.FAILED
            self.settle(row, intent, settled, error.message)
            raise

    async def _made(self, intent: Intent) -> Live:
        """Save until it is seen that it happened, as long as that may be tried."""
        again, tried = self.again, 1
        while True:
            try:
                return await self._sent(intent, again)
            except Unreachable:
                # it was seen that nothing was saved; the first try may arrive yet
                if tried == TRIES or not await self.means.rest(tried):
                    raise
            again, tried = True, tried + 1

    async def _sent(self, intent: Intent, again: bool) -> Live:  # noqa: FBT001 - handed on
        """Save once; where the answer is lost, settle by reading."""
        changed = {
            name: intent.after[name] for name in differing(intent.before, intent.after)
        }
        try:
            live = await self.means.writer.save(
                intent.district,
                changed,
                expected_version=intent.expected_version,
                set_token=intent.set_token,
            )
        except VersionMoved as error:
            return await self._overtaken(intent, again, error)
        except Unreachable as lost:
            return await self._settled(intent, lost)
        return _proven(intent, live)

    async def _overtaken(
        self,
        intent: Intent,
        again: bool,  # noqa: FBT001 - handed on
        error: VersionMoved,
    ) -> Live:
        """Somebody saved: a person, or an earlier try at this very save."""
        live = await self.means.reader.read(intent.district)
        if again and not unproven(intent, live):
            return live
        raise moved(intent, live) from error

    async def _settled(self, intent: Intent, lost: Unreachable) -> Live:
        """Read whether a save happened; raise what lost its answer if it did not."""
        try:
            live = await self.means.reader.read(intent.district)
        except ConnectsyncError as error:
            raise Unsettled(
                f"nobody knows whether the save happened: {lost.message}; and reading"
                f" it back failed: {error.message}"
            ) from error
        untouched = live.version == intent.expected_version
        if not unproven(intent, live) and not (untouched and is_blind(intent)):
            return live
        if untouched:
            raise lost
        raise moved(intent, live)


def is_blind(intent: Intent) -> bool:
    """Say whether no form tells that a save was made: it types the token alone."""
    return intent.set_token and not differing(intent.before, intent.after)


def unproven(intent: Intent, live: Live) -> tuple[str, ...]:
    """
    Name the settings that a reading does not show as they were saved.

    One that was changed must be shown. Of the others, a setting that the reading does
    not name is unknown, and no reason for doubt.
    """
    changed = differing(intent.before, intent.after)
    hidden = tuple(name for name in changed if name not in live.form)
    return (*differing(intent.after, live.form), *hidden)


def told(intent: Intent, live: Live) -> tuple[Settled, str]:
    """Say how a save ended of which only a reading tells, and why it says so."""
    if not unproven(intent, live) and not is_blind(intent):
        return Settled.CONFIRMED, "settled by reading"
    # what was saved and put back is no save that was not made: no undoing that
    untouched = live.version == intent.expected_version or is_blind(intent)
    if untouched and not differing(live.form, intent.before):
        return Settled.FAILED, "not made, or not to be seen: made again"
    return Settled.CONFLICT, moved(intent, live).message


def is_conflict(error: ConnectsyncError) -> bool:
    """Say whether somebody else's save is the reason."""
    return isinstance(error, Conflict | StalePlan)


def moved(intent: Intent, live: Live) -> Conflict:
    """Make the error that names what somebody else saved."""
    said = "; ".join(movement(intent.before, live.form))
    return Conflict(f"somebody saved the form meanwhile: {said}")


def _proven(intent: Intent, live: Live) -> Live:
    """Hold the read-back against what was saved."""
    wrong = unproven(intent, live)
    if wrong:
        held = "; ".join(
            f"{name} should be {spell(intent.after.get(name))},"
            f" is {spell(live.form.get(name))}"
            for name in wrong
        )
        raise Conflict(f"Connect does not hold what was saved: {held}")
    return live
