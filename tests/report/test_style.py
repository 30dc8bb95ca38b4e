from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectsync.domain.finding import Severity
from connectsync.providers.form import Risk
from connectsync.report.terminal import Paint, Style, inert, style_of


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Lakeview Unified", "Lakeview Unified"),
        ("José 松本 😀", "José 松本 😀"),
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("a\tb\r\nc", r"a\tb\r\nc"),
        ("a\x9bb", r"a\x9bb"),
        ("a\u202eb", r"a\u202eb"),
        ("a\u200bb", r"a\u200bb"),
        ("a\u2028b", r"a\u2028b"),
        ("a\xa0b", r"a\xa0b"),
        ("a\ufe0fb", r"a\ufe0fb"),
        ("a\u3164b", r"a\u3164b"),
        ("a\U000e0041b", r"a\U000e0041b"),
        ("a\ud800b", r"a\ud800b"),
    ],
)
def test_what_cannot_be_seen_is_spelled(text: str, shown: str) -> None:
    assert inert(text) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_inert_text_holds_no_control_mark_or_odd_blank(text: str) -> None:
    for character in inert(text):
        category = unicodedata.category(character)
        assert character == " " or category[0] not in "CZ"
    inert(text).encode("utf-8")


@given(st.text(), st.text())
def test_inert_works_character_by_character(one: str, other: str) -> None:
    assert inert(one + other) == inert(one) + inert(other)
    assert inert(inert(one)) == inert(one)


def test_without_colour_paint_adds_nothing() -> None:
    assert {Paint(colour=False)(style, "x") for style in Style} == {"x"}


def test_colour_is_switched_off_again() -> None:
    assert Paint(colour=True)(Style.ERROR, "x") == "\x1b[1;91mx\x1b[0m"


def test_empty_and_plain_text_carry_no_escapes() -> None:
    assert not Paint(colour=True)(Style.ERROR, "")
    assert Paint(colour=True)(Style.PLAIN, "x") == "x"


@pytest.mark.parametrize("word", [*Severity, *Risk])
def test_every_severity_and_risk_has_a_style_of_its_name(word: Severity | Risk) -> None:
    assert style_of(word).value == word.value
