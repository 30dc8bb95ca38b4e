"""How a run ended: what was confirmed, and why the rest was not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from connectsync.domain.outcome import DistrictOutcome, Ending, Outcome
from connectsync.domain.plan import Plan
from connectsync.domain.policy import Approval
from connectsync.domain.run import (
    Approvals,
    AuditResult,
    DistrictDiff,
    DistrictHistory,
    HistoryEntry,
    KnownValue,
    RunDiff,
    SettingDiff,
)
from connectsync.domain.settings import spell
from connectsync.domain.wording import few, many
from connectsync.providers.form import Risk
from connectsync.report.runs_text import (
    digits_of,
    districts,
    kind_of,
    moment,
    origin_lines,
)
from connectsync.report.terminal import (
    Paint,
    Style,
    TableCell,
    TableRow,
    align_rows,
    inert,
    wrap,
)

READ_BACK = "by reading back"
BY_A_PERSON = "by a person"
"""What confirms a change."""

_STYLES = {
    Ending.DONE: Style.SAFE,
    Ending.FAILED: Style.ERROR,
    Ending.CONFLICT: Style.ERROR,
    Ending.WAITING: Style.WARNING,
    Ending.SKIPPED: Style.INFO,
    Ending.NOT_REACHED: Style.WARNING,
}


def ended_line(
    outcome: DistrictOutcome, *, colour: bool, proof: str = READ_BACK
) -> str:
    """Say in a line how one district ended."""
    word = Paint(colour)(_STYLES[outcome.ending], outcome.ending.value)
    line = (
        f"{word}  {inert(outcome.district)}  {_confirmed_text(outcome.changes, proof)}"
    )
    if outcome.ending is Ending.DONE:
        return line
    return f"{line}\n  {inert(outcome.message)}\n  = help: {inert(outcome.remedy)}"


def wave_line(wave: str, districts: int, *, colour: bool) -> str:
    """Say in a line that a wave begins."""
    counted = many(districts, "district")
    return Paint(colour)(Style.BOLD, f"wave {inert(wave)}: {counted}")


def outcome_text(
    outcome: Outcome, plan: Plan, *, colour: bool, proof: str = READ_BACK
) -> str:
    """Say what the journal confirms of a whole run, never what was planned."""
    moved = "".join(
        f"{inert(district)} was in step and is not any more: plan it again\n"
        for district in outcome.moved
    )
    moved += unread_text(plan)
    if not outcome.districts:
        return f"Nothing was applied: nothing was planned\n{moved}"
    paint = Paint(colour)
    parts = [
        paint(_STYLES[ending], f"{len(outcome.ended(ending)):,} {ending.value}")
        for ending in Ending
        if outcome.ended(ending)
    ]
    if plan.failed:
        parts.append(paint(Style.ERROR, f"{len(plan.failed):,} not read"))
    confirmed = _confirmed_text(outcome.changes, proof)
    if outcome.elsewhere:
        confirmed += f" ({outcome.elsewhere:,} ended before or by another runner)"
    left = f"{_unproven(outcome)}{_left(outcome, proof)}"
    return f"Run {outcome.run}: {', '.join(parts)}; {confirmed}\n{left}{moved}"


def unread_text(plan: Plan) -> str:
    """Name the districts that a plan lacks because they could not be read."""
    if not plan.failed:
        return ""
    were = "was" if len(plan.failed) == 1 else "were"
    return (
        f"{many(len(plan.failed), 'district')} {were} not read when the plan was made,"
        f" so nothing was applied there:"
        f" {inert(few([one.district for one in plan.failed]))}\n"
        "  = help: make a new plan, which reads them again\n"
    )


def _unproven(outcome: Outcome) -> str:
    """Say how much was sent that is not confirmed; empty if all is."""
    if not outcome.unproven:
        return ""
    return (
        f"{many(outcome.unproven, 'setting')} sent and not confirmed:"
        f" `connectsync runs show {outcome.run}` says what was seen\n"
    )


def _left(outcome: Outcome, proof: str) -> str:
    """
    Say why the run stopped, and how to go on with what is left.

    Where a person saves, each district has said already how to go on with it.
    """
    why = f"It stopped: {inert(outcome.stopped)}\n" if outcome.stopped else ""
    why += f"  = help: {inert(outcome.refused)}\n" if outcome.refused else ""
    if proof == BY_A_PERSON:
        return why
    # of a conflict only a new plan gets anyone further
    if outcome.ended(Ending.FAILED) or outcome.ended(Ending.NOT_REACHED):
        rest = "; what is in conflict needs a new plan"
        return (
            f"{why}  = help: `connectsync resume {outcome.run}` tries what is left"
            f"{rest if outcome.ended(Ending.CONFLICT) else ''}\n"
        )
    return why


def _confirmed_text(changes: int, proof: str) -> str:
    return f"{many(changes, 'change')} confirmed {proof}"


def approval_text(said: Approvals, asked: Approval, *, colour: bool, width: int) -> str:
    """Say who approved a plan so far, and how many people the project asks for."""
    paint = Paint(colour)
    style = Style.SAFE if said.new else Style.PLAIN
    lines = [
        *(paint(style, line) for line in wrap(_repeat_text(said), width, hang=2)),
        *wrap(_so_far(said), width, hang=2),
        *(paint(Style.DIM, line) for line in wrap(_check_text(said), width, hang=2)),
        *(paint(Style.DIM, line) for line in wrap(_asked_text(asked), width, hang=2)),
    ]
    return "\n".join(lines) + "\n"


def _check_text(said: Approvals) -> str:
    """Say what a name of an approval is worth."""
    if said.check.agrees:
        return f"{inert(str(said.check))}, which is worth what its settings are"
    joint = "; " if said.check.by else ": "
    check = inert(str(said.check))
    return f"{check}{joint}who may write to the state can give any name"


def _repeat_text(said: Approvals) -> str:
    name = inert(said.name)
    if said.new:
        return f"approved by {name}"
    return f"{name} approved this plan before: nothing changed"


def _so_far(said: Approvals) -> str:
    people = f"{len(said.names)} {'people' if len(said.names) != 1 else 'person'}"
    return f"approved so far by {people}: {', '.join(map(inert, said.names))}"


def _asked_text(asked: Approval) -> str:
    if not asked.names:
        return "the project does not require approval; it is recorded all the same"
    from_here = {
        Risk.SAFE: "",
        Risk.CAUTION: " where a change is caution or disruptive",
        Risk.DISRUPTIVE: " where a change is disruptive",
    }
    return f"the project asks for {asked.names}{from_here[asked.at]}"


def audit_text(found: AuditResult, *, colour: bool, width: int) -> str:
    """Give the length and the head of a log that is true, else what is not."""
    return "\n".join(_lines(found, Paint(colour), width)) + "\n"


def _lines(found: AuditResult, paint: Paint, width: int) -> Iterator[str]:
    counted = many(found.entries, "entry", "entries")
    if not found.problems:
        yield paint(Style.SAFE, "all is as the audit log says")
        yield f"{counted}, head {inert(found.head)}"
        return
    for sentence in found.problems:
        for line in wrap(inert(sentence), width, hang=2):
            yield paint(Style.ERROR, line)
    number = len(found.problems)
    verb = "are" if number != 1 else "is"
    yield f"{many(number, 'thing')} {verb} not as the audit log says"
    said = (
        "  = help: keep a copy of the store as it is, and find out who can write to it"
    )
    for line in wrap(said, width, hang=4):
        yield paint(Style.DIM, line)


UNKNOWN = "not known"


def history_text(history: DistrictHistory, *, colour: bool, width: int) -> str:
    """Give what became of a district, the oldest first."""
    paint = Paint(colour)
    name = paint(Style.BOLD, inert(history.district))
    if not history.entries:
        return f"{name}: no save of it is known; `connectsync runs` lists all runs\n"
    blocks: list[str] = []
    for backend, entries in groupby(history.entries, key=lambda one: one.backend):
        blocks.append(f"{name} on {inert(backend)}")
        blocks += ("\n".join(_history_lines(one, paint, width)) for one in entries)
    return "\n\n".join(blocks) + "\n"


def _history_lines(one: HistoryEntry, paint: Paint, width: int) -> Iterator[str]:
    run = one.run
    if run is None:
        since = "" if one.after is None else f"between {moment(one.after)} and "
        said = f"{since}{moment(one.at)}: changed on Connect, not by connectsync"
        yield from wrap(paint(Style.WARNING, said), width, hang=2)
    else:
        yield f"{moment(one.at)}: {paint(Style.BOLD, f'run {run.number}')}"
        told = [kind_of(run), f"plan {digits_of(run.plan)}", *origin_lines(run.origin)]
        for line in wrap(f"  {'; '.join(told)}", width, hang=2):
            yield paint(Style.DIM, line)
    rows = [
        TableRow(
            (
                TableCell(change.setting, Style.NAME),
                TableCell(f"{spell(change.before)} → {spell(change.after)}"),
            )
        )
        for change in one.changes
    ]
    if one.token_typed:
        rows.append(
            TableRow((TableCell("oauth_token", Style.NAME), TableCell("was typed")))
        )
    yield from align_rows(rows, paint=paint, width=width, indent=2)


def run_diff_text(diff: RunDiff, *, colour: bool, width: int) -> str:
    """Give what is not the same after both runs, and a count of what is."""
    paint = Paint(colour)
    blocks = [
        "\n".join(_district(one, paint, width))
        for one in diff.districts
        if one.settings or len(one.saved_by) == 1
    ]
    title = f"after run {diff.run_a} → after run {diff.run_b}, on {inert(diff.backend)}"
    head = "\n".join(wrap(title, width, hang=2))
    last = "\n".join(wrap(_summary(diff), width, hang=2))
    return "\n\n".join([paint(Style.DIM, head), *blocks, last]) + "\n"


def _district(one: DistrictDiff, paint: Paint, width: int) -> Iterator[str]:
    alone = f"  saved by run {one.saved_by[0]} alone" if len(one.saved_by) == 1 else ""
    name = paint(Style.BOLD, inert(one.district))
    yield f"{name}{paint(Style.INFO, alone)}"
    yield from align_rows(
        [_row(setting) for setting in one.settings],
        paint=paint,
        width=width,
        indent=2,
    )
    if not one.settings:
        yield "  the same after both"


def _row(setting: SettingDiff) -> TableRow:
    said = f"{_spell_known(setting.after_a)} → {_spell_known(setting.after_b)}"
    return TableRow((TableCell(setting.setting, Style.NAME), TableCell(said)))


def _spell_known(known: KnownValue | None) -> str:
    return UNKNOWN if known is None else spell(known.value)


def _summary(diff: RunDiff) -> str:
    differ = sum(len(one.saved_by) > 1 and bool(one.settings) for one in diff.districts)
    parts = [f"{differ} not the same", f"{diff.alike} the same"]
    alone = Counter(one.saved_by for one in diff.districts)
    parts += [
        f"{alone[run,]} by run {run} alone"
        for run in (diff.run_a, diff.run_b)
        if alone[run,]
    ]
    return f"{districts(len(diff.districts))}: {', '.join(parts)}"
