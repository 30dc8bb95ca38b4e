"""Whom a change reaches: tallies as text, JSON, Markdown, a page, and a table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from connectsync.domain.impact import (
    Impact,
    Reach,
    Suggestion,
    Tally,
    assumptions,
    differences,
)
from connectsync.domain.roster_words import NOT_SHOWN
from connectsync.domain.wording import many
from connectsync.files.sheets import csv_table
from connectsync.report.markdown import plain
from connectsync.report.terminal import Paint, Style, inert, pad, unheeded, wrap
from connectsync.values import dataclass

FIGURES: Mapping[str, tuple[str, str]] = {
    "students": ("Students", ""),
    "students_without_id": ("Students without the chosen id", ""),
    "students_without_guardian": ("Students left without a guardian", "worse"),
    "students_with_six_or_more": ("Students with six guardians or more", "worse"),
    "guardians": ("Contacts who match: guardians", ""),
    "created": ("Guardians created", "better"),
    "by_text": ("  reached by text", "better"),
    "email_only": ("  reached by email only", ""),
    "dropped": ("Guardians dropped: no number, no email", "worse"),
    "partial_contacts": ("Guardians of one child, not of another", ""),
    "shared_numbers": ("Numbers that several guardians share", ""),
    "links": ("Links of a student and a contact", ""),
    "links_matched": ("Links that match", ""),
    "contacts_without_id": ("Contacts without an id of their own", ""),
    "self_contacts": ("Contacts who are the student", ""),
}
"""Each figure in the order of a report; and whether more of it is better or worse."""

FIELDS = {
    "type": ("contact type", "contact_types"),
    "relationship": ("relationship", "contact_relationships"),
    "phone_type": ("phone type", "phone_types"),
}
_CALLED = {"": "(blank)", NOT_SHOWN: "may be of a person (not shown)"}
SETTINGS = {setting: called for called, setting in FIELDS.values()}

_WIDE, _NUMBER = 40, 11


def render_impact(found: Impact, format_: str, *, colour: bool, width: int) -> str:
    """Give the report in a format; colors and width count for text alone."""
    renderers: Mapping[str, Callable[[Impact], str]] = {
        "json": impact_json,
        "markdown": impact_markdown,
        "html": impact_html,
        "csv": impact_csv,
    }
    if format_ in renderers:
        return renderers[format_](found)
    return impact_text(found, colour=colour, width=width)


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure: its name, what it was and is, and how it differs."""

    key: str
    called: str
    before: str
    after: str
    by: str = ""
    percent: str = ""
    kind: str = ""

    @property
    def difference(self) -> str:
        """How it differs, in people and in percent."""
        return f"{self.by} ({self.percent})" if self.percent else self.by


def figure_rows(before: Tally | None, after: Tally) -> Iterator[FigureRow]:
    """Give each figure; one that cannot be known says so."""
    moved = {name: (by, share) for name, by, share in _moved(before, after)}
    for name, (called, more) in FIGURES.items():
        by, share = moved.get(name, (0, None))
        better = {"better": by > 0, "worse": by < 0}.get(more)
        yield FigureRow(
            name,
            called,
            _spell(getattr(before, name)) if before else "",
            _spell(getattr(after, name)),
            f"{by:+,}" if by else "",
            "" if share is None else f"{share:+.1f} %",
            "" if not by or better is None else "better" if better else "worse",
        )


def _moved(
    before: Tally | None, after: Tally
) -> Iterator[tuple[str, int, float | None]]:
    if before is not None:
        yield from differences(before, after)


def _spell(number: int | None) -> str:
    return "not known" if number is None else f"{number:,}"


def impact_text(found: Impact, *, colour: bool, width: int) -> str:
    """Give the figures for a terminal."""
    paint = Paint(colour)
    lines = [paint(Style.BOLD, f"Impact on {inert(found.district)}"), ""]
    for sentence in _about(found):
        lines += wrap(inert(sentence), width)
    before, after = found.measured.tallies
    lines += ["", *text_table(before, after, paint)]
    for title, sentences in _sections(found):
        lines += ["", paint(Style.BOLD, title)]
        for sentence in sentences:
            lines += wrap(f"  {inert(sentence)}", width, hang=4)
    for school in found.measured.schools:
        called = inert(school.school) or "Smaller schools"
        lines += [
            "",
            paint(Style.BOLD, f"School {called}" if school.school else called),
        ]
        lines += text_table(school.before, school.after, paint)
    return unheeded("\n".join(lines) + "\n")


def text_table(before: Tally | None, after: Tally, paint: Paint) -> Iterator[str]:
    """Give the lines of a table of all figures, for a terminal."""
    heads = ("before", "after") if before else ("after",)
    yield paint(Style.DIM, " " * _WIDE + "".join(f"{one:>{_NUMBER}}" for one in heads))
    styles = {"better": Style.SAFE, "worse": Style.ERROR, "": Style.DIM}
    for row in figure_rows(before, after):
        numbers = (row.before, row.after) if before else (row.after,)
        figures = "".join(f"{one:>{_NUMBER}}" for one in numbers)
        differs = paint(styles[row.kind], f"  {row.difference}") if row.by else ""
        yield f"{pad(row.called, _WIDE)}{figures}{differs}"


def _about(found: Impact) -> Iterator[str]:
    """Say what was counted, and what is compared."""
    measured = found.measured
    after = measured.tallies[1]
    yield (
        f"Roster: {found.source}, read {found.read_at:%Y-%m-%d %H:%M %Z}:"
        f" {many(after.students, 'student')}, {many(measured.contacts, 'contact')},"
        f" {many(after.links, 'link')}."
    )
    if found.compared_with:
        yield f"Before: {found.compared_with}. After: those, changed as the files say."
    else:
        yield "There are no settings from before to compare with."
    if measured.staff is not None:
        yield (
            f"{many(measured.staff, 'contact')} share an email with a member of staff."
        )
    yield from (f"Note: {note}." for note in found.notes)


def _sections(found: Impact) -> Iterator[tuple[str, list[str]]]:
    unknown = list(_unknown(found))
    if unknown:
        yield "Words outside Clever's lists, which match nothing", unknown
    others = found.measured.suggestions
    if others:
        told = [_suggestion(one) for one in others if _differs(one)]
        same = [one.label for one in others if not _differs(one)]
        if same:
            told.append(f"no difference: {', '.join(dict.fromkeys(same))}")
        yield "What another choice would change", told


def _unknown(found: Impact) -> Iterator[str]:
    for name, values in found.measured.unknown.items():
        told = (
            f"{_CALLED.get(value, value)} {count:,}" for value, count in values.items()
        )
        yield f"{FIELDS[name][0]}: {', '.join(told)}"


def _differs(one: Suggestion) -> bool:
    return any((*one.gain, *one.lose))


def _suggestion(one: Suggestion) -> str:
    """Say what choosing a label would gain and lose."""
    way = "instead" if one.setting == "phone_types" else "as well"
    gain, lose = _reach(one.gain), _reach(one.lose)
    parts = [f"gains {gain}"] if gain else []
    parts += [f"loses {lose}"] if lose else []
    return f"{SETTINGS[one.setting]} {one.label} {way}: {'; '.join(parts)}"


def _reach(reach: Reach) -> str:
    parts = (
        (reach.created, "guardian", ""),
        (reach.by_text, "guardian by text", "guardians by text"),
        (reach.students, "student with a guardian", "students with a guardian"),
    )
    return ", ".join(many(*one) for one in parts if one[0])


def impact_json(found: Impact) -> str:
    """Give the figures in the shape of ``schema/impact.schema.json``."""
    measured = found.measured
    before, after = measured.tallies
    data: dict[str, Any] = {
        "schema": 1,
        "district": found.district,
        "roster": {
            "source": found.source,
            "read_at": found.read_at.isoformat(),
            "students": after.students,
            "contacts": measured.contacts,
            "links": after.links,
            "staff_contacts": measured.staff,
        },
        "compared_with": found.compared_with,
        "before": asdict(before) if before else None,
        "after": asdict(after),
        "unknown": measured.unknown,
        "suggestions": [
            {
                "setting": one.setting,
                "label": one.label,
                "gain": one.gain._asdict(),
                "lose": one.lose._asdict(),
            }
            for one in measured.suggestions
        ],
        "assumptions": [asdict(one) for one in assumptions()],
        "notes": list(found.notes),
    }
    if measured.schools:
        data["schools"] = [
            {
                "school": one.school,
                "before": asdict(one.before) if one.before else None,
                "after": asdict(one.after),
            }
            for one in measured.schools
        ]
    return json.dumps(data, indent=2) + "\n"


def impact_csv(found: Impact) -> str:
    """Give a row for each figure, of the district and of each school."""
    parts = [("", *found.measured.tallies)]
    parts += [
        (inert(one.school) or "(smaller schools)", one.before, one.after)
        for one in found.measured.schools
    ]
    rows: list[tuple[object, ...]] = []
    for school, before, after in parts:
        moved = {name: (by, share) for name, by, share in _moved(before, after)}
        for name in FIGURES:
            by, share = moved.get(name, (0 if before else "", None))
            old = getattr(before, name) if before else None
            percent = None if share is None else Decimal(f"{share:.2f}")
            rows.append((school, name, old, getattr(after, name), by, percent))
    headings = ("school", "figure", "before", "after", "difference", "percent")
    return csv_table(headings, rows)


def impact_markdown(found: Impact) -> str:
    """Give the figures as a comment; what came from elsewhere is inert in it."""
    blocks = [f"### Impact on {plain(found.district)}"]
    blocks += [plain(sentence) for sentence in _about(found)]
    blocks.append(markdown_table(*found.measured.tallies))
    for title, sentences in _sections(found):
        listed = "\n".join(f"- {plain(one)}" for one in sentences)
        blocks.append(
            f"<details><summary>{plain(title)}</summary>\n\n{listed}\n\n</details>"
        )
    for one in found.measured.schools:
        called = f"School {plain(one.school)}" if one.school else "Smaller schools"
        table = markdown_table(one.before, one.after)
        blocks.append(f"<details><summary>{called}</summary>\n\n{table}\n\n</details>")
    return "\n\n".join(blocks) + "\n"


def markdown_table(before: Tally | None, after: Tally) -> str:
    """Give a table of all figures, as Markdown."""
    heads = ["Figure", *(["Before"] if before else []), "After"]
    heads += ["Difference"] if before else []
    lines = [f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}"]
    for row in figure_rows(before, after):
        called = row.called.replace("  ", "&nbsp;&nbsp;")
        cells = [called, *([row.before] if before else []), row.after]
        cells += [row.difference] if before else []
        bold = "**" if row.kind == "worse" else ""
        cells[-1] = f"{bold}{cells[-1]}{bold}" if cells[-1] else ""
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


_TILES = {
    "created": "Guardians created",
    "by_text": "Guardians reached by text",
    "dropped": "Guardians dropped",
    "students_without_guardian": "Students without a guardian",
}


def impact_html(found: Impact) -> str:
    """Write the whole page; whatever came from elsewhere is inert text in it."""
    before, after = found.measured.tallies
    return impact_page(
        title=f"Impact on {found.district}",
        lead=impact_lead(before, after),
        about=list(_about(found)),
        tallies=(before, after),
        sections=list(_sections(found)),
        schools=[
            {
                "name": one.school or "Smaller schools",
                "rows": list(figure_rows(one.before, one.after)),
            }
            for one in found.measured.schools
        ],
    )


def impact_page(*, tallies: tuple[Tally | None, Tally], **parts: Any) -> str:
    """Write a page of figures; ``parts`` are what else the template names."""
    from connectsync.report.html import render_still_page

    rows = {row.key: row for row in figure_rows(*tallies)}
    return render_still_page(
        "impact",
        **{"schools": [], "districts": [], "columns": [], **parts},
        tiles=[(called, rows[name]) for name, called in _TILES.items()],
        bars=_bars(*tallies),
        rows=list(rows.values()),
        compared=tallies[0] is not None,
        assumptions=assumptions(),
    )


def impact_lead(before: Tally | None, after: Tally) -> str:
    """Say the most important thing in one sentence."""
    if after.created is None or after.students_without_guardian is None:
        return "Whom this reaches cannot be told from this roster."
    said = (
        f"{many(after.created, 'guardian')} would be created,"
        f" and {many(after.students_without_guardian, 'student')} left without one"
    )
    if before and before.created is not None:
        return f"{said}; before, {many(before.created, 'guardian')}."
    return f"{said}."


def _match(count: int) -> str:
    return f"{many(count, 'contact')} {'matches' if count == 1 else 'match'}"


def _bars(before: Tally | None, after: Tally) -> list[dict[str, Any]]:
    """Give what becomes of the contacts who match as shares of the larger side."""
    sides = [("Before", before), ("After", after)]
    known = [
        (
            name,
            [
                ("safe", one.by_text),
                ("caution", one.email_only),
                ("error", one.dropped),
            ],
        )
        for name, one in sides
        if one is not None and one.by_text is not None
    ]
    most = max((sum(n or 0 for _, n in parts) for _, parts in known), default=0)
    bars = []
    for name, parts in known:
        done, shares = 0, []
        for kind, number in parts:
            start = round(100 * done / most) if most else 0
            done += number or 0
            share = (round(100 * done / most) if most else 0) - start
            shares.append((kind, share))
        bars.append({"name": name, "parts": shares, "total": _match(done)})
    return bars
