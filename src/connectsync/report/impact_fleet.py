"""Whom the settings of several districts reach: each on a line, and in all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from connectsync.domain.impact import Impact, Tally, assumptions, differences
from connectsync.domain.wording import many
from connectsync.files.sheets import csv_table
from connectsync.report.impact import (
    FIGURES,
    FigureRow,
    figure_rows,
    impact_lead,
    impact_page,
    markdown_table,
    text_table,
)
from connectsync.report.markdown import plain
from connectsync.report.terminal import Paint, Style, inert, unheeded, wrap
from connectsync.values import dataclass

COLUMNS: Mapping[str, str] = {
    "students": "students",
    "created": "guardians",
    "by_text": "by text",
    "students_without_guardian": "no guardian",
}
"""The figures that each district is shown with, and what their columns are called."""

_WIDE, _COLUMN, _STUDENTS = 20, 16, 10


@dataclass(frozen=True, slots=True)
class ImpactFleet:
    """
    The impact on each of several districts, by key.

    ``not_counted`` are the others, each with a sentence that says why.
    """

    counted: tuple[Impact, ...]
    not_counted: tuple[tuple[str, str], ...] = ()

    def total(self) -> tuple[Tally | None, Tally]:
        """
        Add up what is counted, before and after; before is None where one has none.

        Of districts with a roster in common its people count as often.
        """
        befores = [one.measured.tallies[0] for one in self.counted]
        known = [one for one in befores if one is not None]
        after = _added([one.measured.tallies[1] for one in self.counted])
        whole = bool(known) and len(known) == len(befores)
        return _added(known) if whole else None, after


def _added(tallies: Sequence[Tally]) -> Tally:
    """Add up figure by figure; what one does not know is not known of all."""

    def total(name: str) -> Any:
        told = [getattr(one, name) for one in tallies]
        return None if None in told else sum(told)

    return Tally(**{name: total(name) for name in Tally.__dataclass_fields__})


def render_fleet(found: ImpactFleet, format_: str, *, colour: bool, width: int) -> str:
    """Give the report in a format; colors and width count for text alone."""
    renderers: Mapping[str, Callable[[ImpactFleet], str]] = {
        "json": fleet_json,
        "markdown": fleet_markdown,
        "html": fleet_html,
        "csv": fleet_csv,
    }
    if format_ in renderers:
        return renderers[format_](found)
    return fleet_text(found, colour=colour, width=width)


def _title(found: ImpactFleet) -> str:
    counted, left = len(found.counted), len(found.not_counted)
    whole = many(counted + left, "district")
    return f"Impact on {counted:,} of {whole}" if left else f"Impact on {whole}"


def _about(found: ImpactFleet) -> Iterator[str]:
    """Say once what several districts are told alike, with how many they are."""
    told: dict[str, list[str]] = {}
    for one in found.counted:
        where = one.compared_with
        said = [f"compared with {where}" if where else "no settings to compare with"]
        for sentence in (*said, *one.notes):
            told.setdefault(sentence, []).append(one.district)
    for sentence, keys in told.items():
        whose = keys[0] if len(keys) == 1 else many(len(keys), "district")
        yield f"{whose}: {sentence}."
    if found.not_counted and found.counted:
        yield "In all counts what was counted, without the districts that were not."


def _shown_rows(tallies: tuple[Tally | None, Tally]) -> list[FigureRow]:
    rows = {row.key: row for row in figure_rows(*tallies)}
    return [rows[name] for name in COLUMNS]


def _cells(tallies: tuple[Tally | None, Tally]) -> list[str]:
    return [f"{row.after} {row.by}".strip() for row in _shown_rows(tallies)]


def fleet_text(found: ImpactFleet, *, colour: bool, width: int) -> str:
    """Give the figures for a terminal."""
    paint = Paint(colour)
    lines = [paint(Style.BOLD, _title(found)), ""]
    for sentence in _about(found):
        lines += wrap(inert(sentence), width)
    if found.counted:
        heads = _line("", list(COLUMNS.values()))
        lines += ["", *(paint(Style.DIM, one) for one in heads)]
        for one in found.counted:
            lines += _line(inert(one.district), _cells(one.measured.tallies))
        total = found.total()
        lines += _line("In all", _cells(total))
        lines += ["", paint(Style.BOLD, "In all"), *text_table(*total, paint)]
    if found.not_counted:
        lines += ["", paint(Style.BOLD, "Not counted")]
        for key, why in found.not_counted:
            lines += wrap(f"  {inert(key)}: {inert(why)}", width, hang=4)
    return unheeded("\n".join(lines) + "\n")


def _line(name: str, cells: Sequence[str]) -> Iterator[str]:
    """Give a line of the table; a long name has one of its own."""
    if len(name) >= _WIDE:
        yield name
        name = ""
    widths = [_STUDENTS, *[_COLUMN] * (len(cells) - 1)]
    figures = (f"{one:>{wide}}" for one, wide in zip(cells, widths, strict=True))
    yield f"{name:<{_WIDE}}{''.join(figures)}".rstrip()


def fleet_json(found: ImpactFleet) -> str:
    """Give the figures in the shape of ``schema/impact.schema.json``."""
    before, after = found.total()
    data = {
        "schema": 1,
        "districts": [
            {
                "district": one.district,
                "source": one.source,
                "read_at": one.read_at.isoformat(),
                "contacts": one.measured.contacts,
                "compared_with": one.compared_with,
                "before": asdict(old) if old else None,
                "after": asdict(new),
                "notes": list(one.notes),
            }
            for one in found.counted
            for old, new in [one.measured.tallies]
        ],
        "not_counted": [
            {"district": key, "why": why} for key, why in found.not_counted
        ],
        "total": {
            "before": asdict(before) if before else None,
            "after": asdict(after),
        },
        "assumptions": [asdict(one) for one in assumptions()],
    }
    return json.dumps(data, indent=2) + "\n"


def fleet_csv(found: ImpactFleet) -> str:
    """Give a row for each figure of each district, and of all below the empty name."""
    rows: list[tuple[object, ...]] = []
    parts = [(one.district, *one.measured.tallies) for one in found.counted]
    for key, before, after in (("", *found.total()), *parts):
        moved = {} if before is None else {k: v for k, *v in differences(before, after)}
        for name in FIGURES:
            by, share = moved.get(name, ("" if before is None else 0, None))
            old = None if before is None else getattr(before, name)
            percent = None if share is None else Decimal(f"{share:.2f}")
            rows.append((key, name, old, getattr(after, name), by, percent, ""))
    rows += [(key, "", None, None, "", None, why) for key, why in found.not_counted]
    headings = ("district", "figure", "before", "after", "difference", "percent")
    return csv_table((*headings, "not counted"), rows)


def fleet_markdown(found: ImpactFleet) -> str:
    """Give the figures as a comment; what came from elsewhere is inert in it."""
    blocks = [f"### {_title(found)}", *(plain(one) for one in _about(found))]
    if found.counted:
        lines = [f"| District | {' | '.join(COLUMNS.values())} |"]
        lines.append(f"|---|{'---:|' * len(COLUMNS)}")
        total = found.total()
        named = [(plain(one.district), one.measured.tallies) for one in found.counted]
        for name, tallies in (*named, ("**In all**", total)):
            lines.append(f"| {name} | {' | '.join(_cells(tallies))} |")
        blocks += ["\n".join(lines), "#### In all", markdown_table(*total)]
    if found.not_counted:
        left = "\n".join(
            f"- {plain(key)}: {plain(why)}" for key, why in found.not_counted
        )
        blocks += ["#### Not counted", left]
    return "\n\n".join(blocks) + "\n"


def fleet_html(found: ImpactFleet) -> str:
    """Write the whole page; whatever came from elsewhere is inert text in it."""
    total = found.total()
    left = [f"{key}: {why}" for key, why in found.not_counted]
    return impact_page(
        title=_title(found),
        lead=impact_lead(*total) if found.counted else "No district was counted.",
        about=list(_about(found)),
        tallies=total,
        sections=[("Not counted", left)] if left else [],
        districts=[
            {"name": one.district, "rows": _shown_rows(one.measured.tallies)}
            for one in found.counted
        ],
        columns=list(COLUMNS.values()),
    )
