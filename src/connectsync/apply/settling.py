"""What a reading tells of saves: which were made, which not, which may still arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from connectsync.apply.freshness import movement
from connectsync.apply.journal import Entry, Intent, Journal, SaveResult, Settled
from connectsync.connect.seam import Reader
from connectsync.domain.baseline import Baseline, Baselines
from connectsync.domain.live import Live
from connectsync.domain.save import Sent
from connectsync.domain.settings import Form
from connectsync.domain.values import differing, is_same, spell
from connectsync.errors import Conflict, ConnectError

OpenSaves = Mapping[str, tuple[Entry, ...]]
"""Saves that may still be found to have been made, by district."""


def is_blind(intent: Intent) -> bool:
    """Say whether no form tells that a save was made: it types the token alone."""
    return intent.set_token and not differing(intent.before, intent.after)


def unseen(intent: Intent, live: Live) -> tuple[str, ...]:
    """
    Name the settings that were sent, and that a reading does not show as sent.

    What else moved on the form says nothing about the save.
    """
    return tuple(
        name
        for name in differing(intent.before, intent.after)
        if name not in live.form
        or not is_same(name, live.form[name], intent.after[name])
    )


def judged(entry: Entry, live: Live) -> SaveResult:
    """Say what became of a save of which only a reading tells, and why."""
    intent = entry.intent
    if not unseen(intent, live) and not is_blind(intent):
        note = "settled by reading"
        if entry.settled is not Settled.INTENDED:
            note = "arrived late: settled by reading"
        return _settled(Settled.CONFIRMED, live, note)
    # what was saved and put back is no save that was not made: no undoing that
    untouched = live.version == intent.expected_version or is_blind(intent)
    if untouched and not differing(intent.before, live.form):
        return _settled(Settled.FAILED, live, "not made, or not to be seen: made again")
    return _settled(Settled.CONFLICT, live, moved_around(intent, live).message)


def _settled(settled: Settled, live: Live, note: str) -> SaveResult:
    return SaveResult(settled, Sent.UNANSWERED, live.form, live.version, note)


def moved(before: Form, live: Live) -> Conflict:
    """Make the error that names what someone else saved of a form."""
    said = "; ".join(movement(before, live.form))
    error = Conflict(f"someone else saved the form meanwhile: {said}")
    error.moved = {n: live.form.get(n) for n in differing(before, live.form)}
    return error


def moved_around(intent: Intent, live: Live) -> Conflict:
    """Make the error that names what was saved meanwhile, and not by this save."""
    ours = set(differing(intent.before, intent.after)) - set(unseen(intent, live))
    return moved({n: v for n, v in intent.before.items() if n not in ours}, live)


def not_held(sent: Form, live: Live) -> Conflict:
    """Make the error that names what Connect made of a save of ours."""
    held = "; ".join(
        f"{name} should be {spell(value)}, is {spell(live.form.get(name))}"
        for name, value in sent.items()
    )
    return Conflict(f"Connect does not hold what was saved: {held}")


def arrived_late(entry: Entry) -> Conflict:
    """Make the error that names a save of ours that arrived only now."""
    return Conflict(
        f"a save of run {entry.run} that got no answer arrived only now: the plan was"
        " made before it"
    )


async def settle_open_saves(
    reader: Reader,
    journal: Journal,
    backend: str,
    *,
    at: datetime,
    run: int | None = None,
) -> None:
    """
    Read districts with saves that may still have been made, and write down what is.

    Of one ``run``, or of all. A district that cannot be read, or that a runner has in
    hand, stays as it is. Raises ``ConnectError`` where nothing at all can be read, and
    ``StateError``.
    """
    found = {
        district: mine
        for district, entries in journal.open_saves(backend).items()
        if (mine := tuple(one for one in entries if run in {None, one.run}))
    }
    if found:
        lives = await reader.read_many(sorted(found))
        journal.look(backend, results_of(found, lives), at=at)


def with_what_arrived(
    baselines: Baselines, open_: OpenSaves, lives: Mapping[str, Live | ConnectError]
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


def arrivals(
    open_: OpenSaves, lives: Mapping[str, Live | ConnectError]
) -> dict[str, Entry]:
    """Give the last save of each district that got no answer and a reading shows."""
    return {
        district: entry
        for district, entries in open_.items()
        if isinstance(live := lives.get(district), Live)
        for entry in entries
        if has_arrived(entry, live)
    }


def has_arrived(entry: Entry, live: Live) -> bool:
    """Say whether a reading shows a save that got no answer."""
    moved_on = live.version != entry.intent.expected_version
    return moved_on and not unseen(entry.intent, live)


def results_of(
    open_: OpenSaves, lives: Mapping[str, Live | ConnectError]
) -> dict[int, SaveResult]:
    """Say what a reading tells of open saves, by their rows."""
    return {
        entry.row: judged(entry, live)
        for district, entries in open_.items()
        if isinstance(live := lives.get(district), Live)
        for entry in entries
    }
