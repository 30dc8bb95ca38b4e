"""What cannot be seen is not said; what looks alike is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectsync.config.fleet import load_text
from connectsync.domain.wording import alike, looks, visible_line
from connectsync.errors import UsageError
from connectsync.operations.approve import _people, approver, look_alike

BLANKS = [" ", "\u00a0", "\u3000", "\u2003", "\u200b", "\u2060", "\u3164", "\u2800"]


@pytest.mark.parametrize("blank", BLANKS)
def test_a_reason_of_white_space_alone_is_none(blank: str) -> None:
    assert visible_line(blank * 3) == ""
    assert visible_line(f"{blank}a{blank}") != ""


@pytest.mark.parametrize("blank", BLANKS)
def test_an_allow_entry_with_such_a_reason_is_an_error(blank: str) -> None:
    text = (
        "schema: 1\ndistrict: elm\nname: Elm\nallow:\n"
        f'  - {{rule: no-phone-type, reason: "{blank}", until: 2027-06-30}}\n'
    )
    fleet = load_text(
        "elm.yaml",
        text.encode(),
        project_root=Path("/nonexistent"),
        districts_dir=Path("districts"),
    )
    assert {one.rule for one in fleet.findings} <= {
        "allow-without-reason",
        "control-character",
    }
    assert fleet.findings


def test_names_are_compared_in_one_spelling() -> None:
    assert alike("Ａda  LOVELACE") == alike("ada lovelace")  # noqa: RUF001 - a wide letter


def test_a_name_with_a_letter_of_another_alphabet_is_not_a_second_person() -> None:
    latin, cyrillic = "Ada", "\u0410da"
    assert alike(latin) != alike(cyrillic)
    assert looks(latin) == looks(cyrillic)
    assert len(_people([latin, cyrillic])) == 1
    assert "looks like 'Ada'" in look_alike(cyrillic, [latin])
    assert look_alike("ADA", [latin]) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gina", "\u0261ina"),
        ("pia", "p\u0131a"),
        ("Bill", "BiIl"),
        ("Olga", "0lga"),
        ("mark", "rnark"),
        ("Ann-Lee", "Ann\u2010Lee"),
        ("O'Neil", "O\u2019Neil"),
    ],
)
def test_a_name_that_few_fonts_tell_apart_is_not_a_second_person(
    one: str, other: str
) -> None:
    assert len(_people([one, other])) == 1


@pytest.mark.parametrize("name", ["\ua4eennna", "\u13aannna", "\u0585lga"])
def test_a_word_of_two_alphabets_is_no_name_of_a_person(name: str) -> None:
    with pytest.raises(UsageError, match="one alphabet"):
        approver(name)


@pytest.mark.parametrize(
    "name", ["\u738b\u5b89\u5a1c Anna", "\u0410\u043d\u043d\u0430"]
)
def test_a_name_of_another_alphabet_is_a_name(name: str) -> None:
    assert approver(name) == name
