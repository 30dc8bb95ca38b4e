from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectsync.config.document import read_document
from connectsync.config.edit import canonical
from connectsync.errors import InvalidFiles

Write = Callable[[str, str], Path]

BEFORE = """\
# yaml-language-server: $schema=../schema/district.schema.json
# About this file.

# Whom we call.
name: Lakeview   # as people say it
schema: 1
settings:
  # One number for texts.
  phone_types:
    - Cell
    # not Home
  enable_daily_sync: true

  student_id: STUDENT ID
  # the end of the settings
# By whom it is asked for.
labels: [early-adopter]
district: lakeview

# What is true.
facts: {setup_step: 5, guardians_from: clever}
credentials:
  oauth_token: env:T
  district_id: |-
    abc
    # part of the text

# the end of the file
"""
AFTER = """\
# yaml-language-server: $schema=../schema/district.schema.json
# About this file.

schema: 1
district: lakeview
# Whom we call.
name: Lakeview   # as people say it
# By whom it is asked for.
labels: [early-adopter]
credentials:
  district_id: |-
    abc
    # part of the text
  oauth_token: env:T

# What is true.
facts: {setup_step: 5, guardians_from: clever}
settings:
  enable_daily_sync: true

  student_id: STUDENT ID
  # One number for texts.
  phone_types:
    - Cell
    # not Home
  # the end of the settings

# the end of the file
"""


def test_keys_are_ordered_and_comments_go_with_them() -> None:
    assert canonical(BEFORE) == AFTER
    assert canonical(AFTER) == AFTER


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_stay(end: str) -> None:
    assert canonical(BEFORE.replace("\n", end)) == AFTER.replace("\n", end)


def test_a_missing_last_line_end_stays_missing() -> None:
    assert canonical("name: X\nschema: 1") == "schema: 1\nname: X"
    assert canonical("name: X\r\nschema: 1") == "schema: 1\r\nname: X"


def test_what_shares_its_lines_is_left_as_it_is() -> None:
    for text in (
        "{name: X, schema: 1}\n",
        "? name\n: X\n? schema\n: 1\n",
        "name: X\nschema: |\n  1",
    ):
        assert canonical(text) == text


def test_unknown_keys_stay_at_the_end_in_their_order() -> None:
    text = "zebra: 1\nname: X\nalpha: 2\ndistrict: x\n"
    assert canonical(text) == "district: x\nname: X\nzebra: 1\nalpha: 2\n"


def test_a_profile_is_ordered_by_its_own_schema() -> None:
    text = "settings: {}\nprofile: p\ndescription: d\nschema: 1\n"
    ordered = "schema: 1\ndescription: d\nprofile: p\nsettings: {}\n"
    assert canonical(text) == ordered


def test_a_modeline_right_above_the_first_key_stays_on_top() -> None:
    text = "# yaml-language-server: $schema=x\n# mine\nname: X\nschema: 1\n"
    assert canonical(text) == (
        "# yaml-language-server: $schema=x\nschema: 1\n# mine\nname: X\n"
    )


def test_document_marks_stay_where_they_are() -> None:
    text = "%YAML 1.2\n---\nname: X\nschema: 1\n...\n"
    assert canonical(text) == "%YAML 1.2\n---\nschema: 1\nname: X\n...\n"


@pytest.mark.parametrize(
    "text", ["a: [\n", "a: 1\na: 2\n", "", "a: *x\n", "\ufeffa: 1"]
)
def test_a_file_with_yaml_errors_is_refused_with_their_place(text: str) -> None:
    with pytest.raises(InvalidFiles, match=r"^line \d+, column \d+: "):
        canonical(text)


KEYS = st.sampled_from(
    ["schema", "district", "name", "facts", "settings", "allow", "x"]
)
INNER = st.sampled_from(["setup_step", "phone_types", "rollover", "y", "student_id"])
VALUES = st.sampled_from(
    (
        *("1", "'a b'", "[a,\n    b]", "|\n    text\n    # text\n\n", "{a: 1}"),
        *(">-\n    folded\n", "\n    - a\n    # between\n    - b", "", '"\\n"'),
        *("text\n    goes on", "|+\n    kept\n\n\n", "|2+\n    kept\n\n"),
    )
)
BETWEEN = st.sampled_from(
    ["", "", "\n", "# c\n", "  # deep\n", "\n# c\n\n", "    # d\n"]
)


@st.composite
def files(draw: st.DrawFn) -> str:
    text = draw(BETWEEN)
    for key in draw(st.lists(KEYS, unique=True, max_size=5)):
        text += f"{key}:"
        if draw(st.booleans()):
            text += "\n"
            for inner in draw(st.lists(INNER, unique=True, min_size=1, max_size=3)):
                text += f"{draw(BETWEEN)}  {inner}: {draw(VALUES)}\n"
        else:
            text += f" {draw(VALUES)}\n"
        text += draw(BETWEEN)
    return text if draw(st.booleans()) else text.rstrip("\n")


@given(files())
def test_ordering_says_the_same_keeps_every_line_and_is_done_once(text: str) -> None:
    reading = read_document("f", text.encode())
    if reading.document is None or reading.findings:
        return
    ordered = canonical(text)
    again = read_document("f", ordered.encode()).document
    assert again is not None
    assert again.data == reading.document.data
    assert sorted(ordered.splitlines()) == sorted(text.splitlines())
    assert canonical(ordered) == ordered
