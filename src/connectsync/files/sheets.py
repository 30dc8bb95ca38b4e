"""Cells of a spreadsheet, each with its place, and how a CSV is read into them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time, timedelta

from connectsync.errors import InvalidFiles
from connectsync.files.access import wide_encoding
from connectsync.values import dataclass, field

Cell = str | int | float | bool | date | time | timedelta
"""What a cell holds; an empty text where it holds nothing. A CSV holds only text."""

MOST_ROWS = 20_000
"""Headings included; the whole country has 13,318 districts."""
MOST_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class Sheet:
    """
    Rows of cells by number, from 1 as a spreadsheet counts; empty ones are left out.

    ``file`` is the name to show, ``name`` that of the sheet in it, empty for a CSV.
    ``flaws`` say by row and column, both from 1, why a cell cannot be taken.
    ``remarks`` are sentences on what was read and what was not.
    """

    file: str
    name: str
    rows: Sequence[tuple[int, Sequence[Cell]]]
    flaws: Mapping[tuple[int, int], str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def place(self, row: int, column: int) -> str:
        """Spell the place of a cell: ``Fleet!D7``, or line and column of a CSV."""
        if not self.name:
            return f"line {row:,}, column {column}"
        plain = re.fullmatch(r"\w+", self.name)
        name = self.name if plain else "'" + self.name.replace("'", "''") + "'"
        return f"{name}!{letters_of(column)}{row}"


def refused(shown: str, why: str, remedy: str = "") -> InvalidFiles:
    """Give the error that a sheet is not taken."""
    return InvalidFiles(
        f"{shown}: {why}", remedy=remedy or "save it anew from the spreadsheet program"
    )


def read_csv(raw: bytes, shown: str) -> Sheet:
    """Read the bytes of a CSV. Raises ``InvalidFiles``."""
    as_utf_8 = "save it as *CSV UTF-8 (comma delimited)*"
    if wide := wide_encoding(raw):
        raise refused(shown, f"it is saved as {wide}", as_utf_8)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        why = f"line {line:,}: the byte 0x{raw[error.start]:02X} is not UTF-8"
        raise refused(shown, why, as_utf_8) from error
    if (at := text.find("\0")) >= 0:
        line = text.count("\n", 0, at) + 1
        raise refused(shown, f"line {line:,}: it holds a NUL character", as_utf_8)
    stated = re.match(r'"?sep=([,;\t])"?\r?\n', text)
    lines = io.StringIO(text, newline="")
    if stated:
        lines.readline()
    first = next((one for one in lines if one.strip(" ,;\t\r\n")), "")
    delimiter = stated[1] if stated else max(",;\t", key=first.count)
    lines.seek(0)
    found = _lines_of_csv(lines, delimiter, shown)
    return Sheet(shown, "", tuple(found)[1 if stated else 0 :])


def _lines_of_csv(
    lines: Iterable[str], delimiter: str, shown: str
) -> Iterator[tuple[int, list[Cell]]]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line, count = 1, 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            why = f"line {line:,}: a quote is not closed, or stands within a cell"
            if "field larger" in str(error):
                why = f"line {line:,}: a cell has more than {csv.field_size_limit():,}"
                why += " characters"
            raise refused(shown, why, "put quotes around the whole cell") from error
        if row is None:
            return
        if len(row) > MOST_COLUMNS and any(row[MOST_COLUMNS:]):
            raise too_wide(shown, f"line {line:,}")
        if any(row):
            count += 1
            if count > MOST_ROWS:
                raise too_long(shown, f"line {line:,}")
            yield line, [*row]
        line = reader.line_num + 1


def too_long(shown: str, where: str) -> InvalidFiles:
    """Give the error of too many rows."""
    return refused(
        shown, f"{where}: it has more than {MOST_ROWS:,} rows", "split it into several"
    )


def too_wide(shown: str, where: str) -> InvalidFiles:
    """Give the error of too many columns."""
    return refused(
        shown,
        f"{where}: it has more than {MOST_COLUMNS} columns",
        "delete what stands beside the table",
    )


def letters_of(number: int) -> str:
    """Spell the number of a column, from 1, as a spreadsheet does."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
