"""Tables for spreadsheets, in which nothing that others wrote is a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from numbers import Number
from typing import Any

from connectsync.errors import UsageError, load_extra
from connectsync.values import dataclass, field

_LEAD = r"(^|[;\t\n\r])"
# a runner takes a line that begins with two colons for a command to it, and ##[ too
_FORMULA = r"('*)(?=[=+\-@\t\r]|[^\S\t\n\r]*::)"
_ARMED = re.compile(_LEAD + _FORMULA)
_DISARMED = re.compile(f"{_LEAD}'{_FORMULA}")
_HASHES = r"(\#\#(?:vso|teamcity)?'*)"
_HEEDED = re.compile(rf"{_HASHES}(?=\[)")
_UNHEEDED = re.compile(rf"{_HASHES}'(?=\[)")


def disarm(text: str) -> str:
    """
    Put an apostrophe where a spreadsheet would take a text of a CSV for a formula.

    That is at its begin, and behind what parts cells where a comma does not. So it is
    where a runner that reads what is printed would take it for a command.
    """
    return _HEEDED.sub(r"\1'", _ARMED.sub(r"\1'\2", text))


def rearm(text: str) -> str:
    """Take the apostrophes out again that `disarm` put in."""
    return _DISARMED.sub(r"\1\2", _UNHEEDED.sub(r"\1", text))


ABOUT = "Columns"
"""The sheet that explains the columns."""

NOTHING = "(none)"
"""A list without a label; an empty cell says nothing."""


def csv_table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Give a table as CSV; None is an empty cell, true and false are as in JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, Number) else disarm(str(value))


def spell_labels(labels: Sequence[str]) -> str:
    """Spell labels in one cell, as `read_labels` reads them."""
    if not labels:
        return NOTHING
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(labels)
    return text.getvalue().replace(",", ", ") if _plain(labels) else text.getvalue()


def _plain(labels: Iterable[str]) -> bool:
    return not any({",", '"', "\n", "\r"} & set(one) for one in labels)


def read_labels(text: str) -> list[str]:
    """Read labels of one cell, parted by commas or lines. Raises ``csv.Error``."""
    if text.strip() == NOTHING:
        return []
    lines = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    return [one.strip() for one in chain.from_iterable(lines) if one.strip()]


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """
    A column: its heading, what it is, and what its cells may hold.

    ``choices`` are offered in a list: only these, or with ``several`` also more than
    one. ``least`` and ``most`` bound whole numbers. Without ``about`` it is explained
    nowhere.
    """

    heading: str
    about: str = ""
    holds: str = ""
    choices: tuple[str, ...] = ()
    several: bool = False
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class SheetRow:
    """Cells by heading, as text or numbers; ``faint`` ones are shown in gray."""

    cells: Mapping[str, str | int | None]
    faint: Collection[str] = field(default_factory=frozenset)


MOST_CHARACTERS = 32_767
"""Of a cell of a workbook."""

_SPARE = 500
"""Empty rows below the table in which lists are offered as well, for new districts."""
_NARROW, _WIDE = 9, 44
_MEANING = 90
"""Characters of a line of what a column means."""
_LINE = 13.5
"""Points."""
_MOST_CHOICES = 200
_EPOCH = "2000-01-01"
"""When every workbook was made, as it says: the same table is the same file."""


def workbook(
    name: str,
    columns: Sequence[SheetColumn],
    rows: Sequence[SheetRow],
    notes: Sequence[str] = (),
) -> bytes:
    """
    Give a table as an XLSX workbook of one sheet, its headings frozen.

    Every text is kept as text, so that ids keep their zeros and nothing is a formula.
    With ``notes``, a second sheet has these and explains each column. Raises
    ``UsageError`` where the library is missing or a text is too long for a cell.
    """
    library, whole = load_extra("xlsxwriter", "sheets", "XLSX files need"), io.BytesIO()
    book = library.Workbook(whole, {"in_memory": True})
    book.set_properties({"created": datetime.fromisoformat(_EPOCH)})
    plain = {"font_name": "Arial", "font_size": 10, "valign": "top"}
    looks = {
        "head": book.add_format({**plain, "bold": True, "bg_color": "#DCE6F1"}),
        "text": book.add_format({**plain, "num_format": "@"}),
        "number": book.add_format({**plain, "num_format": "0"}),
        "faint text": book.add_format({**plain, **_FAINT, "num_format": "@"}),
        "faint number": book.add_format({**plain, **_FAINT, "num_format": "0"}),
        "note": book.add_format(plain),
        "wrapped": book.add_format({**plain, "text_wrap": True}),
    }
    sheet = book.add_worksheet(name)
    for at, column in enumerate(columns):
        numbers = column.least is not None
        look = looks["number" if numbers else "text"]
        sheet.set_column(at, at, _width(column, rows), look)
        sheet.write_string(0, at, column.heading, looks["head"])
    for down, row in enumerate(rows, 1):
        for at, column in enumerate(columns):
            value = row.cells.get(column.heading)
            faint = "faint " if column.heading in row.faint else ""
            if isinstance(value, int):
                sheet.write_number(down, at, value, looks[f"{faint}number"])
            elif value:
                _insist_room(value, column, row, columns)
                sheet.write_string(down, at, value, looks[f"{faint}text"])
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(1, len(rows)), len(columns) - 1)
    if notes:
        top = _explain(book.add_worksheet(ABOUT), columns, notes, looks)
        for at, column in enumerate(columns):
            _offer(sheet, at, column, len(rows), top + at)
    book.close()
    return whole.getvalue()


_FAINT = {"italic": True, "font_color": "#666666"}


def _insist_room(
    value: str, column: SheetColumn, row: SheetRow, columns: Sequence[SheetColumn]
) -> None:
    if len(value) > MOST_CHARACTERS:
        first = row.cells.get(columns[0].heading)
        raise UsageError(
            f"{column.heading} of {first} has more than {MOST_CHARACTERS:,} characters,"
            " which no cell of a workbook holds",
            remedy="write a CSV, or leave that column out with --columns",
        )


def _width(column: SheetColumn, rows: Sequence[SheetRow]) -> int:
    """Give characters that a column has room for, its filter button included."""
    longest = (len(str(one.cells.get(column.heading) or "")) for one in rows)
    return min(_WIDE, max(_NARROW, len(column.heading) + 4, *longest, 0) + 1)


def _explain(
    sheet: Any,
    columns: Sequence[SheetColumn],
    notes: Sequence[str],
    looks: Mapping[str, Any],
) -> int:
    """Write notes, and a line on each column; give the row of the first of these."""
    for at, width in enumerate((30, 30, _MEANING)):
        sheet.set_column(at, at, width, looks["wrapped"])
    sheet.set_column(3, 3 + _MOST_CHOICES, 22)
    for down, note in enumerate(notes):
        sheet.write_string(down, 0, note, looks["note"])
    top = len(notes) + 2
    for at, heading in enumerate(("Column", "Holds", "Meaning", "May be")):
        sheet.write_string(top - 1, at, heading, looks["head"])
    for down, column in enumerate(columns, top):
        sheet.set_row(down, _LINE * (1 + len(column.about) // (_MEANING + 15)))
        said = (column.heading, column.holds, column.about, *column.choices)
        for at, text in enumerate(said[: _MOST_CHOICES + 3]):
            sheet.write_string(down, at, text, looks["wrapped" if at < 3 else "text"])  # noqa: PLR2004 - the columns with sentences
    return top


def _offer(sheet: Any, at: int, column: SheetColumn, rows: int, row: int) -> None:
    """Offer the choices of a column, as they stand in a row of the other sheet."""
    asked: dict[str, Any] = {}
    if column.choices:
        last = len(column.choices[:_MOST_CHOICES]) + 2
        utility = load_extra("xlsxwriter.utility", "sheets", "XLSX files need")
        end = utility.xl_rowcol_to_cell(row, last, row_abs=True, col_abs=True)
        source = f"={ABOUT}!$D${row + 1}:{end}"
        asked = {"validate": "list", "source": source}
        if column.several:
            asked |= {
                "show_error": False,
                "input_title": "One or more",
                "input_message": "Several have a comma between them.",
            }
    elif column.least is not None:
        most = column.most if column.most is not None else 999_999_999
        asked = {"validate": "integer", "criteria": "between"}
        asked |= {"minimum": column.least, "maximum": most}
    if asked:
        asked |= {"error_title": column.heading[:32]}
        sheet.data_validation(1, at, rows + _SPARE, at, asked)
