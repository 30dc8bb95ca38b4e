from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectsync.domain.finding import Place
from connectsync.report.terminal import (
    ELLIPSIS,
    Paint,
    Style,
    columns,
    draw_frame,
    fit,
    inert,
    mark_line,
)

PLAIN = Paint(colour=False)


def place(line: str, first: int, last: int, **more: int) -> Place:
    """Point at the characters from ``first`` up to ``last``, counted from 0."""
    return Place(
        "x.yaml", 7, first + 1, more.get("end_line", 7), last + 1, "", line_text=line
    )


def carets(line: str, first: int, last: int, *, room: int = 60) -> tuple[str, str]:
    """Give the line as shown, and a line of carets as wide."""
    mark = mark_line(place(line, first, last), room)
    return mark.text, " " * mark.start + "^" * mark.length


def bare(text: str) -> str:
    """Leave out the marks that combine with the character before."""
    return "".join(character for character in text if columns(character))


def test_carets_stand_under_the_value() -> None:
    assert carets("  phone_types: [Home]", 16, 20) == (
        "  phone_types: [Home]",
        "                ^^^^",
    )


def test_tabs_and_wide_characters_move_the_carets() -> None:
    assert carets("\t松本: [Home]", 6, 10) == ("\\t松本: [Home]", " " * 9 + "^^^^")


def test_a_wide_value_has_wide_carets() -> None:
    assert carets("name: 松本", 6, 8) == ("name: 松本", "      ^^^^")


def test_an_empty_place_has_one_caret() -> None:
    assert carets("name:", 5, 5) == ("name:", "     ^")


def test_a_place_beyond_the_line_points_at_its_end() -> None:
    assert carets("name:", 90, 95) == ("name:", "     ^")


def test_a_place_in_what_is_hidden_points_at_the_mask() -> None:
    assert carets("credentials: ***", 68, 108) == ("credentials: ***", " " * 13 + "^^^")
    assert carets("credentials: ***", 30, 34) == ("credentials: ***", " " * 13 + "^^^")


def test_the_line_end_is_not_shown() -> None:
    assert carets("name: x\r\n", 6, 7) == ("name: x", "      ^")


def test_a_place_on_several_lines_is_marked_to_the_end_of_the_first() -> None:
    mark = mark_line(place("  allow:  ", 2, 0, end_line=9), 60)
    assert mark.length == len("allow:")


def test_a_long_line_is_cut_on_both_sides_of_the_carets() -> None:
    text, under = carets("a" * 100 + "HERE" + "b" * 100, 100, 104, room=30)
    assert text == "…aaaaaaaaaHEREbbbbbbbbbbbbbbb…"
    assert under == "          ^^^^"


def test_a_value_wider_than_the_room_is_underlined_as_far_as_it_is_shown() -> None:
    text, under = carets("key: " + "x" * 100, 5, 105, room=20)
    assert text == "key: xxxxxxxxxxxxxx…"
    assert under == "     ^^^^^^^^^^^^^^^"


def test_a_line_cut_before_the_carets_shows_all_that_follows() -> None:
    text, _ = carets("a" * 100 + "HERE", 100, 104, room=20)
    assert text == "…" + "a" * 15 + "HERE"


def test_a_place_without_a_line_has_no_frame() -> None:
    nowhere = Place("x.yaml")
    assert draw_frame(nowhere, style=Style.ERROR, paint=PLAIN, width=80) == ()


def test_a_frame_numbers_its_line() -> None:
    lines = draw_frame(place("a: b", 3, 4), style=Style.ERROR, paint=PLAIN, width=80)
    assert lines == ("  |", "7 | a: b", "  |    ^")


@pytest.mark.parametrize("width", [0, 10, 80])
def test_a_narrow_terminal_still_shows_some_source(width: int) -> None:
    spot = place("a" * 100, 50, 51)
    _, line, _ = draw_frame(spot, style=Style.ERROR, paint=PLAIN, width=width)
    assert columns(line) >= 20


SPOTS = st.text(st.characters(exclude_characters="\r\n"), min_size=1).flatmap(
    lambda line: st.tuples(
        st.just(line), st.integers(0, len(line) - 1), st.integers(1, len(line))
    )
)


@given(SPOTS, st.integers(20, 100))
def test_the_carets_always_stand_under_what_they_point_at(
    spot: tuple[str, int, int], room: int
) -> None:
    line, first, length = spot
    last = min(first + length, len(line))
    mark = mark_line(place(line, first, last), room)
    shown, pointed = mark.text, inert(line[first:last])
    assert columns(shown) <= room
    before = fit(shown, mark.start)
    under = fit(shown.removeprefix(before), mark.length)
    whole = under.removesuffix(ELLIPSIS)
    assert columns(before) == mark.start
    if columns(pointed):
        assert bare(pointed).startswith(bare(whole))
        assert bare(whole)
    else:  # marks that combine with the character before have no column of their own
        assert mark.length == 1


@given(SPOTS)
def test_a_line_that_fits_is_shown_whole(spot: tuple[str, int, int]) -> None:
    line, first, length = spot
    mark = mark_line(place(line, first, first + length), 10_000)
    assert mark.text == inert(line)
    assert mark.start == columns(inert(line[:first]))
