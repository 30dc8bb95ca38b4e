"""Slips are set right: what is sure, nothing else, and once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectsync.config.document import read_document
from connectsync.config.profiles import check_bytes
from connectsync.operations.editing import fix_files, fix_text

HEAD = "schema: 1\ndistrict: x\nname: X\n"


def fixed(
    lines: str, *, with_guesses: bool = False, name: str = "district", **recorded: str
) -> str:
    known = {setting: [label] for setting, label in recorded.items()}
    given = HEAD + lines if name == "district" else f"schema: 1\n{lines}"
    text = fix_text(given, name, known, with_guesses=with_guesses).text
    return text.removeprefix(HEAD if name == "district" else "schema: 1\n")


SURE = [
    ("settings: {phone_types: [cell, HOME]}", "settings: {phone_types: [Cell, Home]}"),
    ("settings:\n  phone_types:\n    - cell # a", None),
    ("settings: {student_id: 'student id'}", "settings: {student_id: 'STUDENT ID'}"),
    ('settings: {student_id: "Student Id "}', 'settings: {student_id: "STUDENT ID"}'),
    ("facts: {guardians_from: Clever}", "facts: {guardians_from: clever}"),
    ("provider: CLEVER", "provider: clever"),
    ("Settings: {Phone_Types: [cell]}", "settings: {phone_types: [Cell]}"),
    ("credentials: {district_id: 0012}", 'credentials: {district_id: "0012"}'),
    ("credentials: {district_id: 1e5}", 'credentials: {district_id: "1e5"}'),
    ("credentials: {district_id: 0x1F}", 'credentials: {district_id: "0x1F"}'),
    (
        "credentials: {district_id: 123456789012345678901234}",
        'credentials: {district_id: "123456789012345678901234"}',
    ),
    ("labels: [2027]", 'labels: ["2027"]'),
    ("profile: 7", 'profile: "7"'),
    ("settings: {manage_guardians: 'Yes'}", "settings: {manage_guardians: true}"),
    (
        (
            "settings: {enable_daily_sync: off, manage_guardians: off,"
            " unarchive_classrooms: on, update_active_users: on}"
        ),
        (
            "settings: {enable_daily_sync: false, manage_guardians: false,"
            " unarchive_classrooms: true, update_active_users: true}"
        ),
    ),
    (
        (
            "scheduled:\n  - {from: 2027-01-01, to: 2027-01-02, reason: 7,"
            " settings: {phone_types: [home], manage_guardians: no}}"
        ),
        (
            'scheduled:\n  - {from: 2027-01-01, to: 2027-01-02, reason: "7",'
            " settings: {phone_types: [Home], manage_guardians: false}}"
        ),
    ),
]


@pytest.mark.parametrize(("slip", "right"), SURE)
def test_what_is_surely_a_slip_is_set_right(slip: str, right: str | None) -> None:
    wanted = right or slip.replace("cell", "Cell")
    assert fixed(slip) == wanted
    assert fixed(wanted) == wanted


@pytest.mark.parametrize(
    "lines",
    [
        # both would be one label
        "settings: {phone_types: [Cell, cell]}",
        # nothing, or the word that says so
        "facts: {guardians_from: None}",
        # still no value that is allowed
        "credentials: {oauth_token: 12345}",
        "credentials: {district_id: 12345678901234567890123456789012345}",
        "labels: [20.5]",
        "facts: {rollover: {from: 20270615, to: 2027-08-01}}",
        # a text is meant
        "name2: yes",
        "settings: {archived_students: yes}",
        "settings: {phone_types: cell}",
        "settings: {manage_guardians: |\n    yes\n  }",
        "settings: {manage_guardians: maybe}",
        "settings: {deletion_threshold: '20'}",
        # a key that is there already, and one that none is
        "labels: [a]\nLabels: [b]",
        # only near
        "settings: {phone_types: [Hme]}",
        "setings: {phone_types: [Home]}",
    ],
)
def test_what_is_not_sure_is_left_as_it_is(lines: str) -> None:
    assert fixed(lines) == lines


def test_of_two_spellings_of_one_label_the_first_is_set_right() -> None:
    assert fixed("settings: {phone_types: [CELL, cell]}") == (
        "settings: {phone_types: [Cell, cell]}"
    )


def test_labels_that_were_recorded_count() -> None:
    lines = "settings: {phone_types: [PAGER]}"
    assert fixed(lines, phone_types="Pager") == lines.replace("PAGER", "Pager")
    # recorded as it is, or in two spellings: nothing is sure
    lines = "settings: {phone_types: [cell]}"
    assert fixed(lines, phone_types="cell") == lines
    lines = "settings: {phone_types: [CELL]}"
    assert fixed(lines, phone_types="cell") == lines


@pytest.mark.parametrize(
    ("guess", "right"),
    [
        ("settings: {phone_types: [Hme]}", "settings: {phone_types: [Home]}"),
        ("setings: {phone_types: [hoem]}", "settings: {phone_types: [Home]}"),
        ("settings: {student_id: StudentID}", "settings: {student_id: STUDENT ID}"),
        ("facts: {guardians_from: None}", "facts: {guardians_from: none}"),
    ],
)
def test_the_one_near_word_is_taken_where_guesses_are_asked_for(
    guess: str, right: str
) -> None:
    assert fixed(guess, with_guesses=True) == right
    assert fixed(right, with_guesses=True) == right
    assert fix_text(HEAD + guess, "district").guesses == 1
    assert fix_text(HEAD + right, "district").guesses == 0


@pytest.mark.parametrize(
    "lines",
    [
        # near to two
        "settings: {student_id: STUDENT}",
        # near to one that is there
        "settings: {phone_types: [Home, Hme]}",
        "settings: {contact_types: [Other], contact_typs: [Primary]}",
        # near to none
        "settings: {phone_types: [Fax]}",
        "sekrit9f8e7d6c5b4a39281706f5e4d3c2b1a0: x",
    ],
)
def test_of_several_near_words_none_is_taken(lines: str) -> None:
    assert fixed(lines, with_guesses=True) == lines


def test_a_profile_is_held_against_its_own_schema() -> None:
    lines = "settings: {phone_types: [cell]}"
    assert fixed(lines, name="profile") == lines.replace("cell", "Cell")


@pytest.mark.parametrize(
    "text",
    [
        "name: [\n",
        "name: X\nname: Y\nprovider: CLEVER\n",
        "",
        "provider: &a CLEVER\nname: *a\n",
        "\ufeffprovider: CLEVER\n",
        "provider: !!str CLEVER\n",
        "- provider\n",
    ],
)
def test_what_is_no_yaml_that_is_read_is_left_alone(text: str) -> None:
    assert fix_text(text, "district", with_guesses=True).text == text


def test_more_slips_than_are_told_are_set_right() -> None:
    labels = "".join(f"  - {year}\n" for year in range(2000, 2250))
    quoted = "".join(f'  - "{year}"\n' for year in range(2000, 2250))
    assert fixed(f"labels:\n{labels}") == f"labels:\n{quoted}"


COMMENT = st.sampled_from(["", "  # cell: yes", "   # no 0123", "\t# é 🎒"])
ABOVE = st.sampled_from(["", "", "  # Settings: off\n", "\n", "  # cell\n\n"])
PAIRS = [
    ("schema: 1", "schema: 1"),
    ("district: 12", 'district: "12"'),
    ("name: 0042", 'name: "0042"'),
    ("Provider: CLEVER", "provider: clever"),
    ("Settings:", "settings:"),
    ("  enable_daily_sync: yes", "  enable_daily_sync: true"),
    ("  Student_id: 'Student ID'", "  student_id: 'STUDENT ID'"),
    ("  manage_guardians: OFF", "  manage_guardians: false"),
    ("  update_active_users: off", "  update_active_users: false"),
    ("  phone_types: [ home ,cell]", "  phone_types: [ Home ,Cell]"),
    ("  deletion_threshold: 20", "  deletion_threshold: 20"),
]


@st.composite
def slips(draw: st.DrawFn) -> tuple[str, str]:
    """Give a file with slips, and what it should be, byte for byte."""
    before = after = ""
    for slip, right in PAIRS:
        above, comment = draw(ABOVE), draw(COMMENT)
        inside = right[:1] == " " and above
        before += (above if inside else "") + draw(st.sampled_from([slip, right]))
        after += (above if inside else "") + right
        before += comment + "\n"
        after += comment + "\n"
    end = draw(st.sampled_from(["\n", "\r\n"]))
    before, after = before.replace("\n", end), after.replace("\n", end)
    if draw(st.booleans()):
        before, after = before.removesuffix(end), after.removesuffix(end)
    return before, after


@given(slips())
def test_nothing_but_the_slips_changes_not_a_byte(texts: tuple[str, str]) -> None:
    before, after = texts
    assert fix_text(before, "district").text == after
    assert fix_text(after, "district").text == after


WORDS = st.sampled_from(
    (
        *("cell", "Cell", "HOME", "Hme", "yes", "off", "'no'", '"on"', "0123", "1e5"),
        *("[cell, Cell]", "[cell, CELL, Hme]", "{a: 1}", "{Contacts: yes}", "None"),
        *("", "null", "|\n    yes\n", "'STUDENT  id'", "student_id", "2027-06-15"),
        *("[{rule: 5, reason: 7, Until: 2027-01-01}]", "x # cell", "[1, 2, 'a']"),
    )
)
KEYS = st.sampled_from(
    (
        *("schema", "name", "Name", "provider", "labels", "allow", "settings", "facts"),
        *("Settings", "setings", "phone_types", "Phone_Types", "student_id", "x"),
        *("manage_guardians", "guardians_from", "clever_shares", "credentials"),
    )
)


@st.composite
def files(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(["", "# head\n\n", "---\n"]))
    for key in draw(st.lists(KEYS, max_size=5)):
        if draw(st.booleans()):
            text += f"{key}: {draw(WORDS)}\n"
            continue
        text += f"{key}:  # of it\n"
        for inner in draw(st.lists(KEYS, min_size=1, max_size=3)):
            text += f"  {inner}: {draw(WORDS)}\n"
    return text


@given(text=files(), with_guesses=st.booleans())
def test_it_is_done_once_and_what_is_valid_says_the_same(
    text: str,
    with_guesses: bool,  # noqa: FBT001 - by hypothesis
) -> None:
    once = fix_text(text, "district", with_guesses=with_guesses)
    again = fix_text(once.text, "district", with_guesses=with_guesses)
    assert again == once
    if with_guesses:
        assert once.guesses == 0
    before = check_bytes("f", text.encode(), "district")
    if before.document is not None and not before.findings:
        after = read_document("f", once.text.encode()).document
        assert after is not None
        assert after.data == before.document.data
    if once.text != text:
        assert sorted(once.text.split("#")[1:]) or "#" not in text
        assert once.text.count("#") == text.count("#")
        assert once.text.count("\n") == text.count("\n")


def test_a_file_is_written_once_however_many_names_it_has(tmp_path: Path) -> None:
    text = f"{HEAD}provider: CLEVER\n"
    folder = tmp_path / "districts"
    (folder / "_profiles").mkdir(parents=True)
    (folder / "x.yaml").write_text(text)
    (folder / "y.yaml").symlink_to("x.yaml")
    (folder / "_profiles" / "p.yaml").write_text("schema: 1\nprovider: CLEVER\n")
    (folder / "z.yaml").write_bytes(b"\xff\xfe")
    os.mkfifo(folder / "pipe.yaml")
    names = ["x.yaml", "y.yaml", "z.yaml", "pipe.yaml", "gone.yaml", "_profiles/p.yaml"]
    edited, guesses = fix_files(tmp_path, folder, [folder / name for name in names])
    assert [(one.file, one.after) for one in edited] == [
        ("districts/x.yaml", text.replace("CLEVER", "clever")),
        ("districts/_profiles/p.yaml", "schema: 1\nprovider: clever\n"),
    ]
    assert guesses == 0
