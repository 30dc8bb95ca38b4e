"""
Plain scalars as YAML 1.2's core schema reads them, and nothing else.

``yes``, ``2027-06-15``, ``12:30:45`` and ``1_000`` are text; ``0123`` is the number
123; ``0o17`` and ``0x1F`` are numbers. ``20.0`` and ``2e1`` are the whole number 20.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping

Scalar = str | int | float | bool | None

_WORDS: Mapping[str, Scalar] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_NUMBER_STARTS = frozenset("+-.0123456789")
_WHOLE = re.compile(r"[-+]?[0-9]+", re.ASCII)
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FRACTION = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII
)
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", re.ASCII)
_MOST_DIGITS = 18
_MOST_EXACT = 2.0**53

BEYOND = sys.float_info.max
"""Stands for numbers that JSON cannot hold; messages show the source text."""


def plain(text: str) -> Scalar:
    """Read a plain scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _NUMBER_STARTS:
        return _number(text)
    return text


def _number(text: str) -> Scalar:
    if _WHOLE.fullmatch(text):
        return int(text) if len(text) <= _MOST_DIGITS else BEYOND
    if _BASED.fullmatch(text):
        return int(text, 0) if len(text) <= _MOST_DIGITS else BEYOND
    if _FRACTION.fullmatch(text):
        value = float(text)
        # 20.0 and 2e1 are whole numbers, as they are in JSON Schema
        if abs(value) <= _MOST_EXACT and value.is_integer():
            return int(value)
        return value if abs(value) <= BEYOND else BEYOND
    return BEYOND if _NO_NUMBER.fullmatch(text) else text
