from __future__ import annotations

from connectsync.domain.finding import Described
from connectsync.report.rule_text import explain_setting
from connectsync.report.show_text import EffectiveValue, render
from connectsync.report.terminal import (
    Paint,
    Style,
    TableCell,
    TableRow,
    align_rows,
    breadth,
    columns,
    paragraphs,
)

PLAIN = Paint(colour=False)
LONG = "districts/_profiles/clever-standard.yaml:12"
ROWS = [
    EffectiveValue(("name",), "Lakeview", "districts/ca/lakeview-usd.yaml:3"),
    EffectiveValue(("settings", "student_id"), "STUDENT NUMBER", LONG),
    EffectiveValue(("settings", "phone_types"), "[Cell]", ""),
]


def test_columns_line_up_whatever_the_characters() -> None:
    rows = [
        TableRow((TableCell("松本"), TableCell("a"))),
        TableRow((TableCell("abc"), TableCell("b"))),
    ]
    assert align_rows(rows, paint=PLAIN, width=80) == ("松本  a", "abc   b")


def test_a_table_wraps_its_last_cell_and_what_stands_under_it() -> None:
    rows = [
        TableRow(
            (TableCell("a"), TableCell("one two three")), under=TableCell("four five")
        )
    ]
    lines = align_rows(rows, paint=PLAIN, width=11, indent=1)
    assert lines == (" a  one two", "    three", "    four", "    five")
    assert breadth(rows, indent=1) == len(" a  one two three")


def test_each_line_of_a_wrapped_cell_carries_its_style() -> None:
    rows = [TableRow((TableCell("one two", Style.SAFE),))]
    lines = align_rows(rows, paint=Paint(colour=True), width=4)
    assert lines == ("\x1b[32mone\x1b[0m", "\x1b[32mtwo\x1b[0m")


def test_an_empty_table_has_no_lines() -> None:
    assert align_rows([], paint=PLAIN, width=80) == ()
    assert breadth([]) == 0


def test_origins_stand_beside_values_where_there_is_room() -> None:
    text = render(ROWS, colour=False, width=200)
    assert f"  student_id   STUDENT NUMBER  {LONG}\n" in text


def test_origins_stand_beneath_values_where_there_is_not() -> None:
    text = render(ROWS, unmanaged=["permissions"], colour=False, width=60)
    assert f"  student_id   STUDENT NUMBER\n               {LONG}\n" in text
    assert all(columns(line) <= 60 for line in text.splitlines())


def test_a_hostile_value_is_shown_inert() -> None:
    hostile = EffectiveValue(("settings", "a\x1bb"), "c\u202ed", "e\nf:1")
    text = render([hostile], unmanaged=["\x07"], colour=False, width=80)
    assert all(line.isprintable() for line in text.splitlines())
    assert r"c\u202ed" in text


def test_lists_in_prose_keep_their_items() -> None:
    text = "Two things:\n- one that is\n  long\n- two"
    lines = tuple(paragraphs(text, width=14))
    assert lines == ("Two things:", "- one that is", "  long", "- two")


def test_a_key_without_labels_or_examples_shows_neither() -> None:
    text = explain_setting(
        Described("facts.note", "", "What it is.", "text", default="none"),
        colour=False,
        width=80,
    )
    assert text == "facts.note\n\nWhat it is.\n\nkind     text\ndefault  none\n"


def test_examples_on_several_lines_are_indented_under_their_key() -> None:
    described = Described(
        "allow", "", "Accepted.", "a list", examples=("[]", "- rule: x\n  reason: y")
    )
    text = explain_setting(described, colour=False, width=80)
    assert "  | allow: []\n  | allow:\n  |   - rule: x\n  |     reason: y\n" in text
    assert "Examples\n" in text
