"""One save: written down, made, read back, and written down as it was seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from connectsync import errors
from connectsync.apply.journal import (
    Claim,
    Intent,
    JournalRow,
    JournalWriter,
    RunDeps,
    SaveResult,
    SaveStatus,
)
from connectsync.domain.drift import Baseline, Baselines
from connectsync.domain.live import Live
from connectsync.domain.outcome import SaveIntended, SaveSettled, Sent
from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.domain.settings import Form, is_same, list_differing, spell
from connectsync.values import dataclass, replace

SHOWN = 10
"""How many moved settings one error lists; the rest is counted."""


def insist_fresh(plan: Plan, lives: Mapping[str, Live | errors.ConnectError]) -> None:
    """
    Refuse the plan if any of its districts was saved since it was read.

    Raises ``StalePlan`` naming district, setting, old and new value, and ``Bug`` if
    the backend left a district out. One that cannot be read now is not looked at: it
    must not be written either.
    """
    moved = [
        sentence
        for planned in plan.districts
        if isinstance(live := answer_for(planned.district, lives), Live)
        for sentence in moves(planned, live)
    ]
    if moved:
        rest = [f"and {len(moved) - SHOWN} more"] if len(moved) > SHOWN else []
        raise errors.StalePlan(
            "Settings on Connect changed since the plan was made:",
            below=(f"  {one}" for one in (*moved[:SHOWN], *rest)),
        )


def answer_for(
    district: str, lives: Mapping[str, Live | errors.ConnectError]
) -> Live | errors.ConnectError:
    """Give what was read of a district. Raises ``Bug`` if nothing was answered."""
    if district not in lives:
        raise errors.Bug(f"the backend did not answer for district {district!r}")
    return lives[district]


def moves(planned: DistrictPlan, live: Live) -> Iterator[str]:
    """Say in a sentence each what moved on a district since it was planned."""
    # a version that a backend gives twice must not hide what was changed
    if live.version != planned.live_version or list_differing(planned.live, live.form):
        for sentence in movement(planned.live, live.form):
            yield f"{planned.district}: {sentence}"


def movement(before: Form, after: Form) -> Iterator[str]:
    """Say in a sentence each what another save changed."""
    names = list_differing(before, after)
    for name in names:
        yield f"{name} was {spell(before.get(name))}, is now {spell(after.get(name))}"
    if not names:
        yield "saved again since, with the same values"


OpenSaves = Mapping[str, tuple[JournalRow, ...]]
"""Saves that may still be found to have been made, by district."""


def is_blind(intent: Intent) -> bool:
    """Say whether no form tells that a save was made: it types the token alone."""
    return intent.set_token and not list_differing(intent.before, intent.after)


def unseen(intent: Intent, live: Live) -> tuple[str, ...]:
    """
    Name the settings that were sent, and that a reading does not show as sent.

    What else moved on the form says nothing about the save.
    """
    return tuple(
        name
        for name in list_differing(intent.before, intent.after)
        if name not in live.form
        or not is_same(name, live.form[name], intent.after[name])
    )


def judge_save(entry: JournalRow, live: Live) -> SaveResult:
    """Say what became of a save of which only a reading tells, and why."""
    intent = entry.intent
    if not unseen(intent, live) and not is_blind(intent):
        note = "settled by reading"
        if entry.settled is not SaveStatus.INTENDED:
            note = "arrived late: settled by reading"
        return _settle_result(SaveStatus.CONFIRMED, live, note)
    # what was saved and put back is no save that was not made: no undoing that
    untouched = live.version == intent.expected_version or is_blind(intent)
    if untouched and not list_differing(intent.before, live.form):
        return _settle_result(
            SaveStatus.FAILED, live, "not made, or not to be seen: made again"
        )
    return _settle_result(
        SaveStatus.CONFLICT, live, moved_around_error(intent, live).message
    )


def _settle_result(settled: SaveStatus, live: Live, note: str) -> SaveResult:
    return SaveResult(settled, Sent.UNANSWERED, live.form, live.version, note)


def form_moved_error(before: Form, live: Live) -> errors.Conflict:
    """Make the error that names what someone else saved of a form."""
    said = "; ".join(movement(before, live.form))
    error = errors.Conflict(f"someone else saved the form meanwhile: {said}")
    error.moved = {n: live.form.get(n) for n in list_differing(before, live.form)}
    return error


def moved_beside_error(before: Form, after: Form) -> errors.Conflict:
    """Make the error that names what moved along with a save of ours."""
    error = errors.Conflict(
        "beside what was asked for, the form changed, by our save or by someone else:"
        f" {'; '.join(movement(before, after))}",
        remedy="look at these settings on Connect: put back what no one wants, or state"
        " them in the district's file; then make a new plan, and apply that one",
    )
    error.moved = {n: after.get(n) for n in list_differing(before, after)}
    return error


def moved_around_error(intent: Intent, live: Live) -> errors.Conflict:
    """Make the error that names what was saved meanwhile, and not by this save."""
    ours = set(list_differing(intent.before, intent.after)) - set(unseen(intent, live))
    return form_moved_error(
        {n: v for n, v in intent.before.items() if n not in ours}, live
    )


def not_held_error(sent: Form, live: Live) -> errors.Conflict:
    """Make the error that names what Connect made of a save of ours."""
    held = "; ".join(
        f"{name} should be {spell(value)}, is {spell(live.form.get(name))}"
        for name, value in sent.items()
    )
    return errors.Conflict(f"Connect does not hold what was saved: {held}")


def late_arrival_error(entry: JournalRow) -> errors.Conflict:
    """Make the error that names a save of ours that arrived only now."""
    return errors.Conflict(
        f"a save of run {entry.run} that got no answer arrived only now: the plan was"
        " made before it"
    )


def with_what_arrived(
    baselines: Baselines,
    open_: OpenSaves,
    lives: Mapping[str, Live | errors.ConnectError],
) -> Baselines:
    """Give baselines that know what a reading shows of saves that got no answer."""
    known = dict(baselines)
    for district, entries in open_.items():
        live = lives.get(district)
        if not isinstance(live, Live):
            continue
        for entry in (one for one in entries if has_arrived(one, live)):
            old = known.get(district, Baseline())
            ours = {name: live.form[name] for name in entry.facts.changed}
            known[district] = replace(old, form={**old.form, **ours})
    return known


def stale_by_arrival(
    stale: errors.StalePlan,
    open_: OpenSaves,
    lives: Mapping[str, Live | errors.ConnectError],
) -> errors.StalePlan:
    """Say of a plan that it is stale because a save of ours arrived late, if so."""
    arrived = [
        f"  {key}: a save of run {entry.run} that got no answer has arrived since"
        for key, entries in open_.items()
        if isinstance(live := lives.get(key), Live)
        for entry in entries
        if has_arrived(entry, live)
    ]
    below = (*stale.below, *arrived)
    return errors.StalePlan(stale.sentence, below=below, remedy=stale.remedy)


def has_arrived(entry: JournalRow, live: Live) -> bool:
    """Say whether a reading shows a save that got no answer."""
    moved_on = live.version != entry.intent.expected_version
    return moved_on and not unseen(entry.intent, live)


def results_of(
    open_: OpenSaves, lives: Mapping[str, Live | errors.ConnectError]
) -> dict[int, SaveResult]:
    """Say what a reading tells of open saves, by their rows."""
    return {
        entry.row: judge_save(entry, live)
        for district, entries in open_.items()
        if isinstance(live := lives.get(district), Live)
        for entry in entries
    }


TRIES = 5
"""How often a save is sent that is seen not to have been made."""

REFUSALS = (
    errors.FormRefused,
    errors.CredentialsRefused,
    errors.DistrictNotFound,
    errors.NotConfirmed,
    errors.NotSent,
    errors.Unconfirmable,
)
"""What says that a save was not made; after other errors only a reading tells."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of a save; ``error`` is why it is not done."""

    sent: Sent
    live: Live | None
    error: errors.ConnectsyncError | None = None


@dataclass(frozen=True, slots=True)
class SaveMade:
    """
    A save that was seen to be made or not, and is not settled in the journal yet.

    ``live`` is the form as it was read back, ``wrong`` why the save is not done.
    """

    row: int
    intent: Intent
    live: Live | None
    wrong: errors.ConnectsyncError | None
    result: SaveResult

    def done(self) -> Live:
        """Give the form as it was read back. Raises ``wrong``."""
        if self.wrong is not None:
            raise self.wrong
        if self.live is None:
            raise errors.Bug("a save was made, and nothing was read back")
        return self.live


@dataclass(frozen=True, slots=True)
class Saver:
    """
    Saves on one district that is in progress.

    ``again`` says that the first save may have been sent before, by the runner that had
    the district then, and may arrive yet. ``late`` are saves of other runs there that
    may arrive yet.
    """

    means: RunDeps
    commits: JournalWriter
    claim: Claim
    again: bool = False
    late: tuple[JournalRow, ...] = ()

    async def save(self, intent: Intent, row: int | None = None) -> SaveMade:
        """
        Make a save, once; say what was seen of it, which is to be settled.

        Before it is made it is on disk that it is about to be, as ``row`` if it is
        already. Raises ``ConnectsyncError`` where nothing could be seen of it.
        """
        means, claim, at = self.means, self.claim, self.means.clock()
        if row is None:
            row = await self.commits.write(
                lambda journal: journal.intend(claim, intent, at=at)
            )
        settings = list_differing(intent.before, intent.after)
        means.observe(
            SaveIntended(claim.run, intent.district, intent.phase, settings, at)
        )
        try:
            seen = await self._made(intent)
        except (errors.Bug, errors.Unsettled, errors.StateError):
            raise
        except errors.ConnectsyncError as error:
            # what it needs was not there: nothing was sent
            seen = _Seen(Sent.NO, None, error)
        wrong = seen.error or _unproven(intent, seen)
        return SaveMade(row, intent, seen.live, wrong, _result(seen, wrong))

    async def settle(self, row: int, intent: Intent, result: SaveResult) -> None:
        """Write down what became of a save."""
        claim, at = self.claim, self.means.clock()
        await self.commits.write(
            lambda journal: journal.settle(claim, row, result, at=at)
        )
        self.tell_settled(intent, result, at)

    def tell_settled(self, intent: Intent, result: SaveResult, at: datetime) -> None:
        """Let it be seen that a save is settled."""
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
            lost = isinstance(seen.error, errors.Unreachable)
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
                {
                    n: intent.after[n]
                    for n in list_differing(intent.before, intent.after)
                },
                expected_version=intent.expected_version,
                set_token=intent.set_token,
            )
        except errors.VersionMoved as error:
            return await self._overtaken(intent, error, again=again)
        except errors.AwaitsPerson as error:
            return _Seen(Sent.ASKED, None, error)
        except REFUSALS as error:
            return _Seen(Sent.UNANSWERED if again else Sent.REFUSED, None, error)
        except errors.ConnectError as error:
            sent = before if _never_left(error) else Sent.UNANSWERED
            return await self._looked(intent, error, sent)
        return _Seen(Sent.ANSWERED, live)

    async def _overtaken(
        self, intent: Intent, error: errors.VersionMoved, *, again: bool
    ) -> _Seen:
        """Connect was saved since: by a person, or by an earlier save of ours."""
        try:
            live = await self._read(intent, error)
        except errors.Unsettled:
            if again:
                raise
            return _Seen(Sent.REFUSED, None, errors.Conflict(error.message))
        if again and not unseen(intent, live):
            return _Seen(Sent.UNANSWERED, live)
        sent = Sent.UNANSWERED if again else Sent.REFUSED
        ours = [one for one in self.late if not unseen(one.intent, live)]
        for entry in ours:
            await self.settle(entry.row, entry.intent, judge_save(entry, live))
        if ours:
            return _Seen(sent, live, late_arrival_error(ours[-1]))
        return _Seen(sent, live, moved_around_error(intent, live))

    async def _looked(
        self, intent: Intent, error: errors.ConnectError, sent: Sent
    ) -> _Seen:
        """Read whether a save happened of which no answer tells."""
        try:
            live = await self._read(intent, error)
        except errors.Unsettled:
            if sent is not Sent.NO:
                raise
            return _Seen(sent, None, error)
        untouched = live.version == intent.expected_version
        arrived = not unseen(intent, live) and not (untouched and is_blind(intent))
        if arrived and sent is Sent.UNANSWERED:
            return _Seen(sent, live)
        return _Seen(
            sent, live, error if untouched else moved_around_error(intent, live)
        )

    async def _read(self, intent: Intent, error: errors.ConnectsyncError) -> Live:
        try:
            return await self.means.reader.read(intent.district)
        except errors.ConnectsyncError as unread:
            raise errors.Unsettled(
                f"it is not known whether the save happened: {error.message}; and"
                f" reading it back failed: {unread.message}"
            ) from unread


def _never_left(error: errors.ConnectError) -> bool:
    """Say whether nothing of a save was sent."""
    if isinstance(error, errors.PageChanged):
        return error.unsent
    return isinstance(error, errors.NeverSent)


def is_conflict(error: errors.ConnectsyncError) -> bool:
    """Say whether the reason is that Connect was saved by someone else."""
    return isinstance(error, errors.Conflict | errors.StalePlan)


def _unproven(intent: Intent, seen: _Seen) -> errors.Conflict | None:
    """Hold what was read back against what was sent."""
    if seen.live is None:
        return None
    wrong = unseen(intent, seen.live)
    if not wrong:
        return None
    return not_held_error({name: intent.after[name] for name in wrong}, seen.live)


def _result(seen: _Seen, error: errors.ConnectsyncError | None) -> SaveResult:
    settled = SaveStatus.CONFIRMED
    if isinstance(error, errors.AwaitsPerson):
        settled = SaveStatus.WAITING
    elif error is not None:
        settled = SaveStatus.CONFLICT if is_conflict(error) else SaveStatus.FAILED
    live = seen.live
    return SaveResult(
        settled,
        seen.sent,
        None if live is None else live.form,
        None if live is None else live.version,
        "" if error is None else error.message,
    )
