from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectsync.report.terminal import (
    ELLIPSIS,
    columns,
    cut_text,
    fit,
    inert,
    pad,
    wrap,
)

INERT = st.text().map(inert)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0), ("abc", 3), ("松本", 4), ("é", 1), ("e\u0301", 1), ("😀", 2), ("각", 2)],
)
def test_wide_and_combining_characters_are_measured(text: str, expected: int) -> None:
    assert columns(text) == expected


def test_padding_fills_to_the_column_and_never_cuts() -> None:
    assert pad("松本", 6) == "松本  "
    assert pad("abcdef", 3) == "abcdef"


def test_text_that_fits_is_not_cut() -> None:
    assert cut_text("abc", 3) == "abc"


def test_what_is_cut_ends_with_an_ellipsis() -> None:
    assert cut_text("abcdef", 4) == "abc…"
    assert cut_text("ab cdef", 4) == "ab…"
    assert cut_text("松本市", 4) == "松…"


@given(INERT, st.integers(1, 40))
def test_cut_text_fits_and_begins_like_the_text(text: str, room: int) -> None:
    result = cut_text(text, room)
    assert columns(result) <= room
    assert text.startswith(result.removesuffix(ELLIPSIS))
    assert columns(fit(text, room)) <= room


def test_lines_are_broken_between_words_and_hang() -> None:
    assert wrap("one two three four", 9, hang=2) == ("one two", "  three", "  four")


def test_a_word_that_is_too_long_stays_whole() -> None:
    path = "districts/ca/lakeview-usd.yaml:12"
    assert wrap(f"in {path} there", 10) == ("in", path, "there")


@given(
    st.lists(INERT.filter(lambda word: " " not in word and word)), st.integers(1, 40)
)
def test_wrapping_loses_no_word(words: list[str], room: int) -> None:
    lines = wrap(" ".join(words), room)
    assert " ".join(lines).split() == words
    assert all(columns(line) <= room or " " not in line for line in lines)
