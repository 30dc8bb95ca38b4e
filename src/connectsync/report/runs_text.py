"""Runs, results, approvals and the audit log as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby

from connectsync.domain.foreign_text import no_command
from connectsync.domain.outcome import Ending, Made
from connectsync.domain.run import (
    OPEN_SAVE,
    JournalEntry,
    Origin,
    RunDistrict,
    RunHead,
    RunHistory,
    RunLine,
    RunList,
    RunState,
    RunTally,
    SettingOutcome,
    close_command,
    superseded_text,
    tally_of,
)
from connectsync.domain.settings import spell
from connectsync.domain.wording import few, many
from connectsync.report.terminal import (
    Paint,
    Style,
    TableCell,
    TableRow,
    align_rows,
    inert,
    wrap,
)

STATES: Mapping[RunState, Style] = {
    RunState.OPEN: Style.INFO,
    RunState.STOPPED: Style.WARNING,
    RunState.ENDED: Style.SAFE,
}

LEFT = "left"
"""What a district of a run is called that has not ended."""

COUNTED: Mapping[str, Style] = {
    "done": Style.SAFE,
    "failed": Style.ERROR,
    "conflict": Style.ERROR,
    "waiting": Style.WARNING,
    "skipped": Style.INFO,
    LEFT: Style.WARNING,
}
"""The words of a tally."""

_BY_HAND = "snapshot:"


def moment(at: datetime) -> str:
    """Spell a time to the second, the same wherever it is read."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def took(seconds: float | None) -> str:
    """Spell a duration in its two largest units; a dash where there is none."""
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    parts = [f"{count} {unit}" for count, unit in units if count]
    return " ".join(parts[:2]) or "0 s"


def kind_of(head: RunHead) -> str:
    """Say whether a run applied a plan, or took another run back."""
    if head.rollback_of is None:
        return "apply"
    return f"rollback of run {head.rollback_of}"


def origin_lines(origin: Origin) -> Iterator[str]:
    """Say who began a run, where and from what: what is known of it."""
    who = origin.actor or origin.user
    where = f"on {origin.host}" if origin.host else ""
    if said := " ".join(filter(None, [who, where])):
        yield f"begun by {inert(said)}"
    if origin.job:
        yield f"in {inert(origin.job)}"
    dirty = ", with files that were changed and not committed"
    from_ = [
        f"pull request {origin.pull_request}" if origin.pull_request else "",
        f"commit {origin.commit[:DIGITS]}{dirty if origin.clean is False else ''}"
        if origin.commit
        else "",
    ]
    if any(from_):
        yield f"from {inert(', '.join(filter(None, from_)))}"


def tally_text(tally: RunTally, paint: Paint) -> str:
    """Count districts by how they ended, zeros left out."""
    return ", ".join(_counts(tally, paint)) or "no districts"


def _counts(tally: RunTally, paint: Paint) -> Iterator[str]:
    for word, style in COUNTED.items():
        if count := getattr(tally, word):
            yield paint(style, f"{count} {word}")


def districts(count: int) -> str:
    """Count districts."""
    return many(count, "district")


def going_on(
    head: RunHead,
    tally: RunTally,
    superseded: Mapping[str, int],
    *,
    by_hand: bool = False,
) -> str:
    """
    Say how to continue a run of which something is left, or how to end it.

    ``superseded`` are districts left that a newer run planned, and that run.
    ``by_hand``: a person saves there, which the name of a Connect does not tell.
    """
    end = close_command(head.number)
    if superseded:
        return f"{inert(superseded_text(head.number, superseded))}; to end it: {end}"
    if tally.conflict and tally.conflict == tally.unfinished:
        return f"what is in conflict needs a new plan; to end this run: {end}"
    if by_hand or head.backend.startswith(_BY_HAND):
        return (
            "continue it with the plan beside its click list: `connectsync apply PLAN`"
        )
    return f"to finish it: `connectsync resume {head.number}`"


def settling(head: RunHead, *, by_hand: bool = False) -> str:
    """Say how to find out whether a save happened; see ``going_on``."""
    if by_hand or head.backend.startswith(_BY_HAND):
        return (
            "`connectsync apply PLAN` with the plan beside its click list settles that"
        )
    return f"`connectsync resume {head.number}` settles that by reading"


def stopped(head: RunHead) -> str:
    """Say why a run stopped; empty where it did not, or has ended since."""
    return f"stopped: {inert(head.stopped)}" if head.state is RunState.STOPPED else ""


PLAIN = Paint(colour=False)
DIGITS = 12
"""How much of a plan's digest tells it from every other."""

MINUTES = len("2027-01-15 10:00")
"""How much of a moment tells the minute."""

_HEADINGS = ("run", "began (UTC)", "took", "state", "what")


def runs_text(
    found: RunList, *, colour: bool, width: int, by_hand: bool = False
) -> str:
    """
    Give the runs, newest first, how many are not shown, and what to do next.

    ``by_hand``: a person saves on the backend at hand.
    """
    if not found.lines:
        return "No run yet: `connectsync apply` begins one\n"
    paint = Paint(colour)
    headings = TableRow(tuple(TableCell(heading, Style.DIM) for heading in _HEADINGS))
    room = max(len(_HEADINGS[0]), *(len(str(one.head.number)) for one in found.lines))
    rows = [headings, *(_row(one, room) for one in found.lines)]
    last = [
        paint(Style.DIM, line)
        for said in _closing(found, by_hand=by_hand)
        for line in wrap(said, width, hang=2)
    ]
    gap = [""] if last else []
    return "\n".join([*align_rows(rows, paint=paint, width=width), *gap, *last]) + "\n"


def closed_run_text(run: int, left: Sequence[str]) -> str:
    """Say that a run is closed, and what it leaves as it is."""
    return (
        f"Run {run} is closed; {many(len(left), 'district')} left as it was:"
        f" {few([inert(one) for one in left])}\n"
        "`connectsync plan` says what is still to do\n"
    )


def digits_of(plan: str) -> str:
    """Give the first digits of a plan's digest."""
    return plan.partition(":")[2][:DIGITS]


def _row(line: RunLine, room: int) -> TableRow:
    head = line.head
    cells = (
        TableCell(f"{head.number:>{room}}", Style.BOLD),
        TableCell(moment(head.began)[:MINUTES]),
        TableCell(took(head.seconds)),
        TableCell(head.state.value, STATES[head.state]),
        TableCell(f"{kind_of(head)} on {head.backend}"),
    )
    said = [
        f"plan {digits_of(head.plan)}: {tally_text(line.tally, PLAIN)}",
        f"by {inert(who)}" if (who := head.origin.actor or head.origin.user) else "",
        stopped(head),
    ]
    return TableRow(cells, under=TableCell("; ".join(filter(None, said)), _style(line)))


def _style(line: RunLine) -> Style:
    if line.tally.failed or line.tally.conflict:
        return Style.ERROR
    return Style.DIM


def _closing(found: RunList, *, by_hand: bool) -> list[str]:
    said = []
    if found.total > len(found.lines):
        said.append(
            f"{len(found.lines)} of {found.total} runs;"
            f" `--limit {found.total}` shows them all"
        )
    if (unended := newest_unended(found)) is not None:
        said.append(
            going_on(unended.head, unended.tally, unended.superseded, by_hand=by_hand)
        )
    return said


def newest_unended(found: RunList) -> RunLine | None:
    """
    Give the run that people continue next, if there is one.

    Where a newer run superseded all of them, it is the newest that people may end.
    """
    unended = [one for one in found.lines if one.is_unfinished]
    current = (one for one in unended if not one.superseded)
    return next(current, unended[0] if unended else None)


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
    page = _RunPage(history, Paint(colour), width, by_hand)
    waves = groupby(history.parts, key=lambda part: part.wave)
    blocks = [
        page.header(),
        *(page.wave(wave, list(parts)) for wave, parts in waves),
        page.footer(),
    ]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


class _RunPage:
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
        for line in origin_lines(run.origin):
            yield from self._lines(line)
        if run.runner:
            yield self.paint(Style.DIM, f"runner {inert(run.runner)}")
        yield f"plan {inert(run.plan)}"
        yield from self._lines(stopped(run))
        for name, count in sorted(run.accepted.items()):
            yield from self._lines(f"accepted {inert(name)}={count}")
        for name, reason in sorted(run.reasons.items()):
            yield from self._lines(
                f"overridden {inert(name)}: {inert(no_command(reason))}"
            )
        for one in self.history.approved:
            yield from self._lines(
                f"approved by {inert(one.name)} ({inert(str(one.check))}),"
                f" {moment(one.at)}"
            )
        if run.approved_elsewhere:
            yield "approved elsewhere: its digest was given with --approved"
        yield f"{districts(len(run.parts))}: {tally_text(run.tally, self.paint)}"

    def footer(self) -> Iterator[str]:
        if self.run.left:
            over = self.history.superseded
            said = going_on(self.run, self.run.tally, over, by_hand=self.by_hand)
            for line in wrap(f"  = help: {said}", self.width, hang=4):
                yield self.paint(Style.DIM, line)
        yield self.paint(Style.DIM, f"audit log head {inert(self.history.head)}")

    def wave(self, wave: str, parts: Sequence[RunDistrict]) -> Iterator[str]:
        if len({one.wave for one in self.run.parts}) > 1:
            ended = (one.outcome.ending if one.outcome else None for one in parts)
            head = self.paint(Style.BOLD, f"wave {inert(wave)}")
            yield f"{head}: {tally_text(tally_of(ended), self.paint)}"
        before = 0
        for part in parts:
            lines = list(self._district(part))
            # districts of one line each are a list; longer ones stand apart
            if before and max(before, len(lines)) > 1:
                yield ""
            yield from lines
            before = len(lines)

    def _district(self, part: RunDistrict) -> Iterator[str]:
        outcome = part.outcome
        word = outcome.ending.value if outcome else LEFT
        ended = f"  {moment(part.ended)}" if part.ended else ""
        painted = self.paint(COUNTED[word], word)
        yield f"  {painted}  {self.paint(Style.BOLD, inert(part.district))}{ended}"
        if outcome and part.runner != self.run.runner:
            yield from self._by(part.runner, indent=4)
        if outcome and outcome.ending is not Ending.DONE:
            yield from self._lines(f"    {inert(outcome.message)}", hang=4)
            if outcome.remedy:
                yield from self._lines(f"    = help: {inert(outcome.remedy)}", hang=6)
        for entry in self.history.entries.get(part.district, ()):
            yield from self._save(entry, part)

    def _save(self, entry: JournalEntry, part: RunDistrict) -> Iterator[str]:
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
            rows.append(
                TableRow((TableCell("oauth_token", Style.NAME), TableCell("was typed")))
            )
        yield from align_rows(rows, paint=self.paint, width=self.width, indent=6)
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
            yield from wrap(text, self.width, hang=hang)


def _rows(entry: JournalEntry) -> Iterator[TableRow]:
    outcomes = {one.setting: one for one in entry.outcomes}
    for change in entry.changes:
        said = f"{spell(change.before)} → {spell(change.after)}"
        seen = outcomes.get(change.setting)
        if seen and entry.settled not in {OPEN_SAVE, "confirmed", "waiting"}:
            said += f": {_seen_text(seen)}"
        yield TableRow((TableCell(change.setting, Style.NAME), TableCell(said)))


def _seen_text(outcome: SettingOutcome) -> str:
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


def _waits(entry: JournalEntry, part: RunDistrict) -> bool:
    """Say whether a save was not made yet because a person is to make it."""
    outcome = part.outcome
    if outcome is None or outcome.ending is not Ending.WAITING:
        return False
    return entry.settled == "failed" and entry.note == outcome.message
