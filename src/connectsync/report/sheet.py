"""Tables for spreadsheets, in which nothing that others wrote is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from numbers import Number

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula."""


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
    if isinstance(value, Number):
        return str(value)
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
