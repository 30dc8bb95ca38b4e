"""A label is the same however its accents are spelled, wherever values are compared."""

from __future__ import annotations

import pytest

from connectsync.backends.browser.website import PageLabels, name_pattern
from connectsync.backends.names import insist_fits
from connectsync.domain.district import kept_labels
from connectsync.domain.drift import (
    caused_changes,
    movements,
)
from connectsync.domain.settings import (
    BY_NAME,
    Add,
    Form,
    Remove,
    Set,
    changes_of,
    is_same_label,
    list_differing,
    spell_like,
)
from connectsync.errors import FormRefused, ProjectError
from connectsync.operations.plan import changes_between

ONE = "Évaluation"
APART = "E\N{COMBINING ACUTE ACCENT}valuation"

PAIRS: list[tuple[Form, Form]] = [
    ({"archived_students": ONE}, {"archived_students": APART}),
    (
        {"permissions": frozenset({ONE, "Family Access"})},
        {"permissions": frozenset({APART, "Family Access"})},
    ),
]


@pytest.mark.parametrize("pair", PAIRS)
def test_a_label_spelled_otherwise_is_no_change(pair: tuple[Form, Form]) -> None:
    for here, there in (pair, pair[::-1]):
        assert list_differing(here, there) == ()
        assert changes_between(here, there) == ()
        assert movements(here, there, here) == ()
        assert movements(there, here, here) == ()
        assert caused_changes(here, there) == {}


def test_a_label_that_is_there_is_meant_as_it_is_spelled_there() -> None:
    before, after = frozenset({APART, "Old"}), frozenset({ONE, "New"})
    assert changes_of("permissions", before, after) == (
        Remove("permissions", "Old"),
        Add("permissions", "New"),
    )


def test_another_label_is_another_value() -> None:
    change = Set("archived_students", "Evaluation", ONE)
    assert changes_of("archived_students", "Evaluation", ONE) == (change,)


def test_a_value_that_is_no_label_is_compared_as_it_is_written() -> None:
    assert list_differing({"district_id": ONE}, {"district_id": APART}) == (
        "district_id",
    )


def test_a_label_that_files_name_is_not_kept_for_its_spelling() -> None:
    live: Form = {"permissions": frozenset({APART})}
    nothing: Form = {"permissions": frozenset()}
    assert kept_labels(live, {"permissions": frozenset({ONE})}, frozenset()) == {}
    assert kept_labels(live, nothing, frozenset({("permissions", ONE)})) == {}
    assert kept_labels(live, nothing, frozenset()) == live


def test_the_spelling_that_is_known_is_taken_and_an_exact_one_wins() -> None:
    assert spell_like(ONE, [APART]) == APART
    assert spell_like(ONE, [APART, ONE]) == ONE
    assert spell_like(frozenset({ONE, "a"}), [APART]) == frozenset({APART, "a"})
    assert spell_like(ONE, ["other"]) == ONE
    assert is_same_label(None, None)


def test_an_offer_is_taken_however_it_is_spelled() -> None:
    offered = {"archived_students": (APART,)}
    insist_fits({"archived_students": ONE}, offered)
    with pytest.raises(FormRefused, match="offers no"):
        insist_fits({"archived_students": "Evaluation"}, offered)


def test_a_control_of_the_page_is_found_however_it_is_spelled() -> None:
    labels = PageLabels({"Users Manager": ONE})
    assert labels.ours("permissions", APART) == "Users Manager"
    pattern = name_pattern(ONE)
    assert not isinstance(pattern, str)
    assert pattern.search(APART)
    assert pattern.search(ONE)
    assert not pattern.search(f"{ONE} 2")
    assert name_pattern("Users Manager") == "Users Manager"


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("Contact Types to sync: Emergency", "Primary"),
        ("Emergency", "primary"),
        ("Other", "Sibling"),
        ("Content Moderator", "Permissions Admin"),
        ("District OAuth Token", "District ID"),
        (
            BY_NAME["enable_daily_sync"].page_label,
            BY_NAME["unarchive_classrooms"].page_label,
        ),
        ("Save", "District-Level Daily Sync"),
    ],
)
def test_no_label_is_shown_as_another_one_beside_it(label: str, shown: str) -> None:
    """What is meant for one would be done to the other, and read back as right."""
    with pytest.raises(ProjectError, match="is called"):
        PageLabels({label: shown})


def test_a_label_may_be_shown_as_one_of_another_place() -> None:
    labels = PageLabels({"Phone Types to sync: Other": "Primary"})
    assert labels.shown("Other", "Phone Types to sync") == "Primary"
