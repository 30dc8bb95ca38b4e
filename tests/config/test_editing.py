"""A value is changed where it stands, and every other letter is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectsync.config.document import read_document
from connectsync.config.edit import KeyPath, edit_values
from connectsync.domain.settings import SETTINGS
from connectsync.errors import InvalidFiles
from connectsync.providers.form import Kind, Setting

HEAD = "schema: 1\ndistrict: elm\nname: Elm\n"
FULL = f"""\
# yaml-language-server: $schema=district.schema.json
# whom to ask: Ada

{HEAD}
profile: [a, b] # in this order
credentials: {{district_id: "0123", oauth_token: env:ELM_TOKEN}} # from support
facts:
  setup_step: 9
settings:
  # on since May
  enable_daily_sync: true   # Ada said so
  student_id: 'STUDENT ID'
  # who they are
  contact_types: # two of them
    - Parent/Guardian  # as usual
    - Emergency        # agreed with the principal
    # and nobody else

  phone_types: [Cell]
  deletion_threshold:
  # end of the form
allow: []
# the end
"""


def settings(**values: Any) -> dict[KeyPath, Any]:
    return {("settings", name): value for name, value in values.items()}


def data(text: str) -> Mapping[str, Any]:
    reading = read_document("elm.yaml", text.encode())
    assert reading.document is not None
    assert reading.findings == ()
    return reading.document.data


CHANGES: list[tuple[str, dict[KeyPath, Any], str, str]] = [
    (
        "a plain value, its comment kept",
        settings(enable_daily_sync=False),
        "enable_daily_sync: true   # Ada said so",
        "enable_daily_sync: false   # Ada said so",
    ),
    (
        "a quoted value",
        settings(student_id="STUDENT NUMBER"),
        "student_id: 'STUDENT ID'",
        "student_id: STUDENT NUMBER",
    ),
    (
        "a value that is not written",
        settings(deletion_threshold=15),
        "deletion_threshold:\n",
        "deletion_threshold: 15\n",
    ),
    (
        "a value in braces",
        {("credentials", "district_id"): "58da"},
        '{district_id: "0123", oauth',
        "{district_id: 58da, oauth",
    ),
    ("a list on one line", settings(phone_types=[]), "[Cell]", "[]"),
    ("a list becomes null", settings(phone_types=None), "[Cell]", "null"),
    (
        "an item goes and leaves its comment",
        settings(contact_types=["Parent/Guardian"]),
        "    - Emergency        # agreed with the principal\n",
        "    # agreed with the principal\n",
    ),
    (
        "an item comes behind the others, which keep their order",
        settings(contact_types=["Family", "Emergency", "Parent/Guardian"]),
        "principal\n",
        "principal\n    - Family\n",
    ),
    (
        "all items go",
        settings(contact_types=[]),
        """\
  contact_types: # two of them
    - Parent/Guardian  # as usual
    - Emergency        # agreed with the principal
""",
        """\
  contact_types: [] # two of them
    # as usual
    # agreed with the principal
""",
    ),
    (
        "a key that is missing comes to its place",
        settings(manage_guardians=True),
        "  # who they are\n",
        "  manage_guardians: true\n  # who they are\n",
    ),
    (
        "a section that is missing comes to its place",
        {("facts", "self_check_done"): True},
        "  setup_step: 9\n",
        "  setup_step: 9\n  self_check_done: true\n",
    ),
]


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [case[1:] for case in CHANGES],
    ids=[case[0] for case in CHANGES],
)
def test_one_place_changes_and_nothing_else(
    changes: dict[KeyPath, Any], old: str, new: str
) -> None:
    assert FULL.count(old) == 1
    assert edit_values(FULL, changes) == FULL.replace(old, new)


def test_a_key_before_all_others_stands_below_its_section() -> None:
    text = f"{HEAD}settings:\n  # of the sync\n  permissions: []\n"
    assert edit_values(text, settings(enable_daily_sync=True)) == (
        f"{HEAD}settings:\n  enable_daily_sync: true\n"
        "  # of the sync\n  permissions: []\n"
    )


def test_a_section_that_is_missing_is_written_in_order() -> None:
    text = f"{HEAD}allow: []\n"
    changes = {("credentials", "district_id"): "58da"} | settings(phone_types=["Cell"])
    assert edit_values(text, changes) == (
        f"{HEAD}credentials:\n  district_id: 58da\n"
        "settings:\n  phone_types: [Cell]\nallow: []\n"
    )


def test_a_key_before_the_first_of_the_file_comes_to_the_top() -> None:
    assert edit_values("name: Elm\ndistrict: elm\n", {("schema",): 1}) == (
        "schema: 1\nname: Elm\ndistrict: elm\n"
    )


def test_a_comment_within_the_value_above_stays_with_it() -> None:
    text = f"{HEAD}facts:\n  setup_step: 9\n    # seen by Ada\n"
    assert edit_values(text, settings(student_id="STUDENT ID")) == (
        f"{text}settings:\n  student_id: STUDENT ID\n"
    )


def test_a_file_in_braces_stays_in_braces() -> None:
    text = "{schema: 1, district: elm, name: Elm, settings: {}}\n"
    changes = settings(phone_types=["Cell"]) | {("credentials", "district_id"): "a, b"}
    assert edit_values(text, changes) == (
        "{schema: 1, district: elm, name: Elm, settings: {phone_types: [Cell]},"
        ' credentials: {district_id: "a, b"}}\n'
    )


def test_a_list_over_several_lines_without_comments_becomes_one_line() -> None:
    text = f"{HEAD}settings:\n  phone_types: [\n    Cell,\n  ]\n"
    assert edit_values(text, settings(phone_types=["Home"])) == (
        f"{HEAD}settings:\n  phone_types: [Home]\n"
    )


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_are_kept(end: str, *, last: bool) -> None:
    text = f"{HEAD}settings:\n  phone_types:\n    - Cell\n".replace("\n", end)
    text = text if last else text.removesuffix(end)
    after = edit_values(text, settings(phone_types=["Cell", "Home"], permissions=[]))
    assert after.endswith(end) is last
    assert re.findall(r"\r?\n", after) == [end] * after.count("\n")
    assert data(after)["settings"] == {"phone_types": ["Cell", "Home"]} | {
        "permissions": []
    }


UNSAFE = {
    "a comment in a list of several lines": "phone_types: [Cell, # one\n    Home]",
    "two items on a line": "phone_types:\n    - Cell\n    - {a: 1, b: 2}",
    "an item in a block": "phone_types:\n    - |\n      Cell",
    "a comment before a block": "phone_types: | # the usual\n    Cell",
    "a section that is text": "x: 1",
}


@pytest.mark.parametrize("written", UNSAFE.values(), ids=UNSAFE)
def test_what_could_be_lost_is_refused(written: str) -> None:
    text = f"{HEAD}settings:\n  {written}\n"
    changes: dict[KeyPath, Any] = settings(phone_types=["Work"])
    if "x: 1" in written:
        changes = {("settings", "x", "y"): 1}
    with pytest.raises(InvalidFiles, match="cannot be changed without losing") as error:
        edit_values(text, changes)
    assert "by hand" in error.value.remedy


def test_an_edit_that_would_say_something_else_is_refused() -> None:
    # with a line below it, this text would end with a line break
    text = f"{HEAD}settings:\n  archived_students: |\n    Leave"
    with pytest.raises(InvalidFiles, match="permissions is written in a way"):
        edit_values(text, settings(permissions=[]))


def test_blank_lines_that_belong_to_a_text_stay_with_it() -> None:
    text = f"{HEAD}settings:\n  archived_students: |+\n    Leave\n\n\n"
    assert edit_values(text, settings(permissions=[])) == f"{text}  permissions: []\n"


def test_a_file_of_one_line_gets_no_line_end_that_it_did_not_have() -> None:
    assert edit_values("schema: 1", {("provider",): "clever"}) == (
        "schema: 1\nprovider: clever"
    )


def test_a_file_that_cannot_be_read_is_refused_at_its_place() -> None:
    with pytest.raises(InvalidFiles, match=r"line 2, column 1: key 'a' is written"):
        edit_values("a: 1\na: 2\n", {("a",): 3})


def test_profiles_have_an_order_of_their_own() -> None:
    text = "schema: 1\nsettings:\n  permissions: []\n"
    assert edit_values(text, {("provider",): "clever"}) == (
        "schema: 1\nprovider: clever\nsettings:\n  permissions: []\n"
    )


def values(setting: Setting) -> st.SearchStrategy[Any]:
    match setting.kind:
        case Kind.BOX:
            return st.none() | st.booleans()
        case Kind.BOXES:
            labels = st.sampled_from(setting.labels)
            return st.none() | st.lists(labels, unique=True)
        case Kind.PERCENT:
            return st.none() | st.integers(0, 100)
        case Kind.TEXT | Kind.CHOICE:
            return st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]))


@given(
    changes=st.fixed_dictionaries({}, optional={s.path: values(s) for s in SETTINGS})
)
def test_any_values_are_written_and_no_comment_is_lost(
    changes: dict[KeyPath, Any],
) -> None:
    after = edit_values(FULL, changes)
    got, before = data(after), data(FULL)
    for setting in SETTINGS:
        section, name = setting.path
        if (section, name) in changes:
            held, wanted = got[section][name], changes[section, name]
            is_list = isinstance(wanted, list)
            assert (sorted(held) if is_list else held) == (
                sorted(wanted) if is_list else wanted
            )
        else:
            assert got[section].get(name) == before[section].get(name)
    for comment in re.findall(r"# .+", FULL):
        assert after.count(comment) == 1
    assert edit_values(after, changes) == after
