"""One run as people read it: wave after wave, district after district, each save."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from connectsync.domain.outcome import Ending
from connectsync.domain.run import (
    OPEN_SAVE,
    JournalEntry,
    Part,
    RunHistory,
    SettingOutcome,
    tally_of,
)
from connectsync.domain.save import Made
from connectsync.domain.values import spell
from connectsync.report.columns import wrapped
from connectsync.report.run_words import (
    COUNTED,
    LEFT,
    STATES,
    counted,
    districts,
    going_on,
    kind_of,
    moment,
    settling,
    stopped,
    took,
)
from connectsync.report.style import Paint, Style, inert
from connectsync.report.table import Cell, Row, aligned

_SETTLED = {
    OPEN_SAVE: Style.WARNING,
    "confirmed": Style.SAFE,
    "failed": Style.ERROR,
    "conflict": Style.ERROR,
    "waiting": Style.WARNING,
}


def run_text(
    history: RunHistory, *, colour: bool, width: int, by_hand: bool = False
) -> str:
    """
    Give all that is written down of a run, and what to do next.

    ``by_hand``: a person saves on the backend at hand.
    """
    page = _Page(history, Paint(colour), width, by_hand)
    waves = groupby(history.parts, key=lambda part: part.wave)
    blocks = [
        page.header(),
        *(page.wave(wave, list(parts)) for wave, parts in waves),
        page.footer(),
    ]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


class _Page:
    def __init__(
        self,
        history: RunHistory,
        paint: Paint,
        width: int,
        by_hand: bool,  # noqa: FBT001 - handed on
    ) -> None:
        self.history = history
        self.run = history.run
        self.paint = paint
        self.width = width
        self.by_hand = by_hand

    def header(self) -> Iterator[str]:
        run = self.run
        state = self.paint(STATES[run.state], run.state.value)
        yield f"{self.paint(Style.BOLD, f'run {run.number}')}: {state}"
        yield from self._lines(f"{kind_of(run)} on {inert(run.backend)}")
        lasted = "" if run.seconds is None else f", took {took(run.seconds)}"
        yield f"began {moment(run.began)}{lasted}"
        if run.told_time:
            yield "its times were told by CONNECTSYNC_NOW"
        yield from self._by(run.runner)
        yield f"plan {inert(run.plan)}"
        yield from self._lines(stopped(run))
        for name, count in sorted(run.accepted.items()):
            yield from self._lines(f"accepted {inert(name)}={count}")
        for name, reason in sorted(run.reasons.items()):
            yield from self._lines(f"overridden {inert(name)}: {inert(reason)}")
        for one in self.history.approved:
            yield from self._lines(f"approved by {inert(one.name)}, {moment(one.at)}")
        if run.approved_elsewhere:
            yield "approved elsewhere: its digest was given with --approved"
        yield f"{districts(len(run.parts))}: {counted(run.tally, self.paint)}"

    def footer(self) -> Iterator[str]:
        if self.run.left:
            hint = f"  = help: {going_on(self.run, by_hand=self.by_hand)}"
            for line in wrapped(hint, self.width, hang=4):
                yield self.paint(Style.DIM, line)
        yield self.paint(Style.DIM, f"audit log head {inert(self.history.head)}")

    def wave(self, wave: str, parts: Sequence[Part]) -> Iterator[str]:
        if len({one.wave for one in self.run.parts}) > 1:
            ended = (one.outcome.ending if one.outcome else None for one in parts)
            head = self.paint(Style.BOLD, f"wave {inert(wave)}")
            yield f"{head}: {counted(tally_of(ended), self.paint)}"
        for part in parts:
            yield from self._district(part)

    def _district(self, part: Part) -> Iterator[str]:
        outcome = part.outcome
        word = outcome.ending.value if outcome else LEFT
        ended = f"  {moment(part.ended)}" if part.ended else ""
        painted = self.paint(COUNTED[word], word)
        yield f"  {painted}  {self.paint(Style.BOLD, inert(part.district))}{ended}"
        if part.runner and outcome:
            yield from self._by(part.runner, indent=4)
        if outcome and outcome.ending is not Ending.DONE:
            yield from self._lines(f"    {inert(outcome.message)}", hang=4)
            if outcome.remedy:
                yield from self._lines(f"    = help: {inert(outcome.remedy)}", hang=6)
        for entry in self.history.entries.get(part.district, ()):
            yield from self._save(entry, part)

    def _save(self, entry: JournalEntry, part: Part) -> Iterator[str]:
        word = self.paint(_SETTLED[entry.settled], entry.settled)
        if _waits(entry, part):
            word = self.paint(COUNTED["waiting"], "waiting")
        yield f"    save {entry.phase}: {word} {moment(_last(entry))}"
        if not part.outcome or entry.runner != part.runner:
            yield from self._by(entry.runner, indent=6)
        if entry.note and not (part.outcome and entry.note == part.outcome.message):
            yield from self._lines(f"      {inert(entry.note)}", hang=6)
        rows = list(_rows(entry))
        if entry.set_token:
            rows.append(Row((Cell("oauth_token", Style.NAME), Cell("was typed"))))
        yield from aligned(rows, paint=self.paint, width=self.width, indent=6)
        if entry.settled == OPEN_SAVE:
            yield from self._lines(
                "      it is not known yet whether it happened", hang=6
            )
            hint = settling(self.run, by_hand=self.by_hand)
            yield from self._lines(f"      = help: {hint}", hang=8)

    def _by(self, runner: str, *, indent: int = 0) -> Iterator[str]:
        # a line of its own, however long: names of machines are not to be broken
        if runner:
            yield self.paint(Style.DIM, f"{' ' * indent}by {inert(runner)}")

    def _lines(self, text: str, *, hang: int = 2) -> Iterator[str]:
        if text:
            yield from wrapped(text, self.width, hang=hang)


def _rows(entry: JournalEntry) -> Iterator[Row]:
    outcomes = {one.setting: one for one in entry.outcomes}
    for change in entry.changes:
        said = f"{spell(change.before)} → {spell(change.after)}"
        seen = outcomes.get(change.setting)
        if seen and entry.settled not in {OPEN_SAVE, "confirmed", "waiting"}:
            said += f": {_seen(seen)}"
        yield Row((Cell(change.setting, Style.NAME), Cell(said)))


def _seen(outcome: SettingOutcome) -> str:
    """Say what became of a setting where not all of a save was made."""
    match outcome.made:
        case Made.UNKNOWN:
            return "sent, and not known whether it was made"
        case Made.DIFFERS:
            return f"sent, and Connect holds {spell(outcome.observed)}"
        case _:
            return outcome.made.value


def _last(entry: JournalEntry) -> datetime:
    return entry.settled_at or entry.intended_at


def _waits(entry: JournalEntry, part: Part) -> bool:
    """Say whether a save was not made yet because a person is to make it."""
    outcome = part.outcome
    if outcome is None or outcome.ending is not Ending.WAITING:
        return False
    return entry.settled == "failed" and entry.note == outcome.message
