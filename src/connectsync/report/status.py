"""Last night's syncs as text, and as JSON in the shape of ``status.schema.json``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from connectsync.domain.foreign_text import foreign_text, no_command
from connectsync.domain.outcome import FirstNight, FirstNightState
from connectsync.domain.sync import (
    FINE,
    OFF,
    SCHOOL_ENDINGS,
    UNKNOWN,
    DistrictStatus,
    ProblemKind,
    RosterState,
    StatusReport,
    SyncEnding,
    spell_percent,
)
from connectsync.domain.wording import many
from connectsync.report.terminal import (
    Paint,
    Style,
    TableCell,
    TableRow,
    align_rows,
    columns,
    inert,
    wrap,
)
from connectsync.values import replace

SCHEMA = 1

_STYLES: Mapping[str, Style] = {
    FINE: Style.SAFE,
    OFF: Style.DIM,
    UNKNOWN: Style.INFO,
    ProblemKind.FAILED: Style.ERROR,
    ProblemKind.UNCLEAR: Style.WARNING,
    ProblemKind.STALE: Style.WARNING,
    ProblemKind.PAUSED: Style.WARNING,
    ProblemKind.OLD_ROSTER: Style.WARNING,
    ProblemKind.UNREAD: Style.ERROR,
}


def status_text(report: StatusReport, *, colour: bool, width: int) -> str:
    """Give a line a district, what is wrong below it, and a count at the end."""
    paint = Paint(colour)
    lines: list[str] = []
    if report.not_offered:
        lines += wrap(inert(no_command(report.not_offered)), width, hang=2)
    rows = [_row(one) for one in report.districts]
    # each is a table of its own, since what is wrong stands between them
    told: set[str] = set()
    widest = [max(rows, key=place) for place in (_word_room, _key_room) if rows]
    for one, row in zip(report.districts, rows, strict=True):
        lines += align_rows([row], paint=paint, width=width, like=widest)
        lines += _problems(one, told, paint, width)
    return "\n".join([*lines, "", _summary(report, paint)]) + "\n"


def _row(one: DistrictStatus) -> TableRow:
    word = one.verdict
    cells = (
        TableCell(word, _STYLES[word]),
        TableCell(one.district, Style.BOLD),
        TableCell("; ".join(_seen(one))),
    )
    return TableRow(cells)


def _word_room(row: TableRow) -> int:
    return columns(row.cells[0].text)


def _key_room(row: TableRow) -> int:
    return columns(row.cells[1].text)


def _seen(one: DistrictStatus) -> Iterator[str]:
    """Say what was seen of a district, on Connect and at the provider."""
    if (seen := one.outcome) is not None:
        if seen.ending is SyncEnding.NONE:
            yield "no sync is shown"
        else:
            at = f", {_minute(seen.at)}" if seen.at else ""
            yield f"{foreign_text(seen.shown)}{at}"
        if seen.tried_to_archive is not None:
            yield f"tried to archive {spell_percent(seen.tried_to_archive)}"
        if seen.schools:
            ends = Counter(school.ending for school in seen.schools)
            words = {SyncEnding.SCHOOLS: "not found"}
            each = (
                f"{ends[one]} {words.get(one, one)}"
                for one in SCHOOL_ENDINGS
                if ends[one]
            )
            yield f"{many(len(seen.schools), 'school')}: {', '.join(each)}"
    if one.first_night is not None:
        yield _first_night(one.first_night)
    if one.off:
        yield "its file keeps the daily sync off"
    # a pause is among the problems
    if (roster := one.roster) is not None and not roster.paused and roster.last_sync:
        yield f"roster at Clever of {_minute(roster.last_sync)}"


_PROVES: Mapping[FirstNightState, str] = {
    FirstNightState.SUCCEEDED: "success",
    FirstNightState.FAILED: "failed",
    FirstNightState.UNPROVEN: "not proven",
}


def _first_night(night: FirstNight) -> str:
    save = night.save
    if night.state is FirstNightState.WAITS:
        at = _minute(save.at)
        return f"waits for its first night (run {save.run}, applied {at})"
    which = "a night" if night.later else "first night"
    why = f" ({night.why})" if night.why else ""
    return f"{which} after run {save.run}: {_PROVES[night.state]}{why}"


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _problems(
    one: DistrictStatus, told: set[str], paint: Paint, width: int
) -> Iterator[str]:
    """Tell what is wrong; what to do is told with the first district, and not again."""
    for problem in one.problems:
        for line in wrap(f"  {inert(no_command(problem.message))}", width, hang=4):
            yield line
        if problem.remedy in told:
            continue
        told.add(problem.remedy)
        for line in wrap(f"    = help: {inert(problem.remedy)}", width, hang=12):
            yield paint(Style.DIM, line)


def _summary(report: StatusReport, paint: Paint) -> str:
    counts = Counter(one.verdict for one in report.districts)
    said = ", ".join(
        paint(style, f"{counts[word]} {word}")
        for word, style in _STYLES.items()
        if counts[word]
    )
    return f"{many(len(report.districts), 'district')}: {said or 'none'}"


_MEANINGS: Mapping[str, str] = {
    FINE: "a success, and not long ago",
    OFF: "kept off by its file",
    UNKNOWN: "not shown this way",
    ProblemKind.FAILED: "look at these first",
    ProblemKind.UNCLEAR: "words published nowhere",
    ProblemKind.STALE: "no sync of late",
    ProblemKind.PAUSED: "at Clever",
    ProblemKind.OLD_ROSTER: "not renewed at Clever",
    ProblemKind.UNREAD: "not known",
}

_KINDS = {
    Style.SAFE: "safe",
    Style.ERROR: "error",
    Style.WARNING: "warning",
    Style.INFO: "info",
    Style.DIM: "left-alone",
}

_MOST, _MOST_SCHOOLS = 1000, 50
"""Districts that a list of the page names, and schools of one; others are counted."""


def status_html(report: StatusReport, *, tool: str) -> str:
    """Write a page without a script; whatever came from elsewhere is inert text."""
    from connectsync.report.html import render_still_page  # noqa: PLC0415 - slow to load

    counts = Counter(one.verdict for one in report.districts)
    worst = sorted(report.districts, key=lambda one: (_rank(one.verdict), one.district))
    wrong = [one for one in worst if one.problems]
    rest = [one for one in worst if not one.problems]
    held = [("wrong", "What needs a look", wrong), ("rest", "The others", rest)]
    lead = [f"{many(len(report.districts), 'district')}, {len(wrong):,} to look at."]
    if report.not_offered:
        lead.append(f"{no_command(report.not_offered)}.")
    hours = f"{report.stale_after.total_seconds() / 3600:g}"
    return render_still_page(
        "status",
        title=f"Last night's syncs, {report.at:%B} {report.at.day}, {report.at.year}",
        lead=lead,
        tiles=[
            (word, _KINDS[_STYLES[word]], counts[word], _MEANINGS[word])
            for word in _STYLES
        ],
        lists=[
            (name, heading, list(map(_page_row, some[:_MOST])), len(some[_MOST:]))
            for name, heading, some in held
            if some
        ],
        about=[
            ("Connect", report.backend),
            ("Roster asked at", report.provider or "no one was asked"),
            ("Read", _minute(report.at)),
            ("Stale after", f"{hours} hours"),
            ("Made by", tool),
        ],
    )


def _rank(word: str) -> int:
    order = [kind.value for kind in ProblemKind]
    return order.index(word) if word in order else len(order)


def _page_row(one: DistrictStatus) -> dict[str, Any]:
    word = one.verdict
    schools = () if one.outcome is None else one.outcome.schools
    return {
        "kind": _KINDS[_STYLES[word]],
        "name": one.name,
        "key": one.district,
        "verdict": word,
        "seen": "; ".join(_seen(one)),
        "schools": [school.told for school in schools[:_MOST_SCHOOLS]],
        "more_schools": len(schools[_MOST_SCHOOLS:]),
        "problems": [
            replace(found, message=no_command(found.message)) for found in one.problems
        ],
    }


def status_json(report: StatusReport) -> str:
    """Give the report for programs."""
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "report": "status",
        "backend": report.backend,
        "at": report.at.isoformat(),
        "stale_after_hours": int(report.stale_after.total_seconds() // 3600),
        "not_offered": report.not_offered or None,
        "provider": report.provider or None,
        "fine": report.is_fine,
        "districts": [_district(one) for one in report.districts],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _district(one: DistrictStatus) -> dict[str, Any]:
    data: dict[str, Any] = {
        "district": one.district,
        "name": one.name,
        "verdict": one.verdict,
        "sync": _sync(one),
        "roster": _roster(one.roster),
        "problems": [
            {"kind": found.kind, "message": found.message, "help": found.remedy}
            for found in one.problems
        ],
    }
    if (night := one.first_night) is not None:
        data["first_night"] = {
            "run": night.save.run,
            "applied_at": night.save.at.isoformat(),
            "state": night.state,
        }
    return data


def _sync(one: DistrictStatus) -> dict[str, Any] | None:
    if (seen := one.outcome) is None:
        return None
    data: dict[str, Any] = {
        "ending": seen.ending,
        "shown": foreign_text(seen.shown),
        "at": _time(seen.at),
        "tried_to_archive": seen.tried_to_archive,
    }
    if seen.schools:
        data["schools"] = [
            {
                "school": foreign_text(school.school),
                "ending": school.ending,
                "shown": foreign_text(school.shown),
                "tried_to_archive": school.tried_to_archive,
            }
            for school in seen.schools
        ]
    return data


def _roster(roster: RosterState | None) -> dict[str, Any] | None:
    if roster is None or roster.unknown:
        return None
    data = {
        "paused": roster.paused,
        "pause_start": _time(roster.pause_start),
        "pause_end": _time(roster.pause_end),
        "last_sync": _time(roster.last_sync),
    }
    strange = foreign_text(roster.strange)
    return {**data, "state": strange} if strange else data


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
