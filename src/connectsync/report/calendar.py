"""Everything with a date as text, and as JSON in the shape of its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from connectsync.domain.calendar import (
    CalendarDate,
    CalendarReport,
    DateKind,
    window_data,
)
from connectsync.domain.wording import few, many
from connectsync.report.terminal import (
    Paint,
    Style,
    TableCell,
    TableRow,
    align_rows,
    wrap,
)

SCHEMA = 1

_STYLES: Mapping[DateKind, Style] = {
    DateKind.FREEZE: Style.WARNING,
    DateKind.NIGHTLY_SYNC: Style.WARNING,
    DateKind.WINDOW: Style.SAFE,
    DateKind.ALLOWANCE: Style.INFO,
}


def calendar_text(report: CalendarReport, *, colour: bool, width: int) -> str:
    """Give the hours that come back every week, then a line for each date."""
    paint = Paint(colour)
    weekly = [_weekly(one) for one in report.dates if one.hours]
    dated = [_dated(one) for one in report.dates if not one.hours]
    lines: list[str] = []
    if weekly:
        lines.append(paint(Style.BOLD, "Every week"))
        lines += align_rows(weekly, paint=paint, width=width, indent=2)
        lines.append("")
    first, last = report.within.first, report.within.last
    if dated:
        lines.append(paint(Style.BOLD, f"From {first} to {last}"))
        lines += align_rows(dated, paint=paint, width=width, indent=2)
    else:
        nothing = wrap(f"Nothing has a date from {first} to {last}.", width)
        lines += [paint(Style.DIM, line) for line in nothing]
    count = many(report.total, "district")
    return "\n".join([*lines, "", f"{many(len(dated), 'date')}; {count}"]) + "\n"


def _weekly(one: CalendarDate) -> TableRow:
    return TableRow(
        (
            TableCell(one.kind.value, _STYLES[one.kind]),
            TableCell(f"{one.says}: {_whom(one)}"),
        )
    )


def _dated(one: CalendarDate) -> TableRow:
    first, last = one.days.first, one.days.last
    span = f"{first}" if first == last else f"{first} to {last}"
    return TableRow(
        (
            TableCell(span),
            TableCell(one.kind.value, _STYLES.get(one.kind, Style.PLAIN)),
            TableCell("; ".join(_told(one))),
        )
    )


def _told(one: CalendarDate) -> Iterator[str]:
    yield _whom(one)
    if one.kind is not DateKind.FREEZE:
        yield one.says
    if one.reason:
        yield one.reason
    if one.zone != "UTC":
        yield one.zone


def _whom(one: CalendarDate) -> str:
    if one.calendar:
        return f"calendar {one.calendar}, {many(len(one.districts), 'district')}"
    return few(one.districts) if one.districts else "all districts"


def calendar_json(report: CalendarReport) -> str:
    """Give the report in the shape of ``schema/calendar.schema.json``."""
    data = {
        "schema": SCHEMA,
        "from": report.within.first.isoformat(),
        "to": report.within.last.isoformat(),
        "total": report.total,
        "dates": [_data(one) for one in report.dates],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _data(one: CalendarDate) -> dict[str, Any]:
    stated = {
        "reason": one.reason,
        "calendar": one.calendar,
        "file": one.file,
        "hours": window_data(one.hours) if one.hours else None,
    }
    return {
        "kind": one.kind.value,
        "from": one.days.first.isoformat(),
        "to": one.days.last.isoformat(),
        "timezone": one.zone,
        "says": one.says,
        "districts": list(one.districts),
        **{name: value for name, value in stated.items() if value},
    }
