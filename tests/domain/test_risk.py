from __future__ import annotations

import pytest

from connectsync.domain.settings import (
    BY_NAME,
    SWITCH,
    Add,
    Change,
    Form,
    Remove,
    Set,
    assess,
)
from connectsync.providers.form import Kind, Risk

ON: Form = {SWITCH: True}
OFF: Form = {SWITCH: False}

EVERY: list[Change] = [
    *(Set(name, None, True) for name in BY_NAME),
    *(Set(name, True, False) for name in BY_NAME),
    *(Set(name, 10, 40) for name in BY_NAME),
    *(Set(name, "a", "b") for name in BY_NAME),
    *(
        op(setting.name, label)
        for setting in BY_NAME.values()
        if setting.kind is Kind.BOXES
        for label in setting.labels
        for op in (Add, Remove)
    ),
]


@pytest.mark.parametrize("change", EVERY, ids=str)
def test_every_change_says_in_a_sentence_what_it_does_to_people(change: Change) -> None:
    for form in (ON, OFF):
        effect = assess(change, form).effect
        assert effect[0].isupper()
        assert effect.endswith(".")


@pytest.mark.parametrize("change", EVERY, ids=str)
def test_nothing_is_disruptive_before_the_sync_runs(change: Change) -> None:
    assert assess(change, OFF).risk is not Risk.DISRUPTIVE


@pytest.mark.parametrize(
    ("change", "risk"),
    [
        (Set("district_id", "a", "b"), Risk.DISRUPTIVE),
        (Set("district_id", "", "b"), Risk.CAUTION),
        (Set("student_id", "STUDENT ID", "STUDENT NUMBER"), Risk.CAUTION),
        (Set(SWITCH, True, False), Risk.CAUTION),
        (Set("manage_guardians", True, False), Risk.DISRUPTIVE),
        (Set("manage_guardians", False, True), Risk.DISRUPTIVE),
        (Set("update_active_users", False, True), Risk.DISRUPTIVE),
        (Set("update_active_users", True, False), Risk.CAUTION),
        (Set("unarchive_classrooms", True, False), Risk.SAFE),
        (Remove("contact_types", "Primary"), Risk.DISRUPTIVE),
        (Add("contact_types", "Primary"), Risk.DISRUPTIVE),
        (Add("contact_types", "Family"), Risk.DISRUPTIVE),
        (Add("contact_types", "Parent/Guardian"), Risk.DISRUPTIVE),
        (Add("contact_types", "Emergency"), Risk.DISRUPTIVE),
        (Add("contact_types", "Secondary"), Risk.DISRUPTIVE),
        (Add("contact_types", "Other"), Risk.DISRUPTIVE),
        (Add("contact_types", "a label that files do not know"), Risk.DISRUPTIVE),
        (Add("contact_relationships", "Parent"), Risk.DISRUPTIVE),
        (Add("contact_relationships", "Grandparent"), Risk.DISRUPTIVE),
        (Add("contact_relationships", "Other"), Risk.DISRUPTIVE),
        (Remove("contact_relationships", "Parent"), Risk.DISRUPTIVE),
        (Remove("phone_types", "Cell"), Risk.DISRUPTIVE),
        (Add("phone_types", "Home"), Risk.DISRUPTIVE),
        (Add("phone_types", "Cell"), Risk.DISRUPTIVE),
        (Set("deletion_threshold", 15, 40), Risk.CAUTION),
        (Set("deletion_threshold", 40, 15), Risk.SAFE),
        (Set("deletion_threshold", 60, None), Risk.CAUTION),
        (Set("deletion_threshold", 15, 5), Risk.CAUTION),
        (Set("deletion_threshold", None, 15), Risk.CAUTION),
        (Set("deletion_threshold", None, 60), Risk.CAUTION),
        (Set("deletion_threshold", 15, None), Risk.CAUTION),
        (Set("district_id", "a", ""), Risk.DISRUPTIVE),
        (Set("district_id", "a", None), Risk.DISRUPTIVE),
        (Set("contact_types", frozenset({"Primary"}), None), Risk.DISRUPTIVE),
        (Set("phone_types", None, frozenset({"Cell"})), Risk.DISRUPTIVE),
        (Add("permissions", "Permissions Admin"), Risk.CAUTION),
    ],
    ids=str,
)
def test_the_risk_on_a_running_sync(change: Change, risk: Risk) -> None:
    assert assess(change, ON).risk is risk


def test_a_home_number_is_told_apart_from_one_that_is_texted() -> None:
    home = assess(Add("phone_types", "Home"), ON).effect
    assert "not used for texts, calls or login" in home
    assert assess(Add("phone_types", "Cell"), ON).effect != home


def test_what_waits_for_the_sync_says_so() -> None:
    assert assess(Add("phone_types", "Cell"), OFF).effect.startswith("Once the sync")
    assert not assess(Set(SWITCH, False, True), OFF).effect.startswith("Once")


def test_a_threshold_taken_away_is_not_said_to_protect() -> None:
    effect = assess(Set("deletion_threshold", 60, None), ON).effect
    assert "archives no one" not in effect


def test_added_contacts_reach_nobody_while_guardians_are_not_synced() -> None:
    form = {SWITCH: True, "manage_guardians": False}
    assert assess(Add("contact_types", "Emergency"), form).risk is Risk.CAUTION
    assert assess(Set("manage_guardians", False, True), form).risk is Risk.DISRUPTIVE


DIRECTIONS: list[tuple[Change, str]] = [
    (Set("district_id", None, "b"), "The roster with this district id is read"),
    (Set("district_id", "a", "b"), "Another district's roster is read"),
    (Set("district_id", "a", None), "No roster is named"),
    (Set("district_id", "a", ""), "No roster is named"),
    (Set("student_id", None, "STUDENT ID"), "have their STUDENT ID as"),
    (Set("student_id", "STUDENT ID", "STUDENT NUMBER"), "the old one stop matching"),
    (Set("student_id", "STUDENT ID", None), "uses by default, which is not published"),
    (Set("archived_students", None, "Keep"), "as the option 'Keep' says"),
    (Set("archived_students", "Keep", "Archive"), "as the option 'Archive' says"),
    (Set("archived_students", "Keep", None), "in Connect's default way"),
    (Set(SWITCH, None, True), "creates, updates and archives people"),
    (Set(SWITCH, True, False), "Roster updates stop"),
    (Set(SWITCH, True, None), "Roster updates stop"),
    (Set("manage_guardians", None, True), "become guardians"),
    (Set("manage_guardians", None, False), "Guardians are not added or updated"),
    (Set("manage_guardians", True, None), "Guardians are not added or updated"),
    (Set("unarchive_classrooms", None, True), "come back if Clever shares them"),
    (Set("unarchive_classrooms", True, None), "stay archived"),
    (Set("update_active_users", None, True), "their login changes"),
    (Set("update_active_users", True, None), "Clever does not overwrite them"),
    (Set("contact_types", None, frozenset({"Primary"})), "become guardians"),
    (Set("contact_types", frozenset({"Primary"}), None), "No contact becomes"),
    (Add("contact_types", "Primary"), "of this type become guardians"),
    (Remove("contact_types", "Primary"), "of this type stop being guardians"),
    (Add("contact_relationships", "Parent"), "with this relationship become guardians"),
    (Remove("contact_relationships", "Parent"), "relationship stop being guardians"),
    (Add("phone_types", "Cell"), "are used for texts, calls and login"),
    (Add("phone_types", "Home"), "not used for texts, calls or login"),
    (
        Set("phone_types", None, frozenset({"Home"})),
        "not used for texts, calls or login",
    ),
    (Remove("phone_types", "Cell"), "no longer synced"),
    (Set("phone_types", frozenset({"Cell"}), None), "no longer synced"),
    (Set("deletion_threshold", None, 60), "more than 60 percent of the people"),
    (Set("deletion_threshold", None, 60), "the limit before is not known"),
    (Set("deletion_threshold", 15, 40), "up to 40 percent of the people instead of 15"),
    (Set("deletion_threshold", 40, 15), "more than 15 percent of the people"),
    (Set("deletion_threshold", 15, 5), "an ordinary week may be enough to stop it"),
    (Set("deletion_threshold", 15, 0), "an ordinary week may be enough to stop it"),
    (Set("deletion_threshold", 60, None), "allows by default, which is not published"),
    (Add("permissions", "Users Manager"), "may be able to do more than before"),
    (Remove("permissions", "Users Manager"), "may lose permissions"),
    (Set("permissions", None, frozenset({"Users Manager"})), "do more than before"),
    (Set("permissions", frozenset({"Users Manager"}), None), "may lose permissions"),
    (Remove("permissions", "Permissions Admin"), "may lose permissions"),
    (Add("permissions", "Permissions Admin"), "change the permissions of other staff"),
]
"""Every setting from empty, to empty, up and down, and what its sentence must say."""


@pytest.mark.parametrize(("change", "words"), DIRECTIONS, ids=str)
def test_a_sentence_says_what_becomes_of_people_in_that_direction(
    change: Change, words: str
) -> None:
    assert words in assess(change, ON).effect


def test_every_setting_is_tried_from_empty_and_to_empty() -> None:
    from_empty = {one.setting for one, _ in DIRECTIONS if is_from_empty(one)}
    to_empty = {one.setting for one, _ in DIRECTIONS if is_to_empty(one)}
    assert from_empty == to_empty == set(BY_NAME)


def is_from_empty(change: Change) -> bool:
    return isinstance(change, Add) or (
        isinstance(change, Set) and change.before is None
    )


def is_to_empty(change: Change) -> bool:
    return isinstance(change, Remove) or (
        isinstance(change, Set) and change.after in {None, ""}
    )


def test_a_threshold_that_is_set_back_to_empty_is_not_called_safe() -> None:
    """Which limit Connect uses then is not published."""
    undone = assess(Set("deletion_threshold", 60, None), ON)
    assert undone.risk is Risk.CAUTION
    assert "archives no one" not in undone.effect


@pytest.mark.parametrize(
    "change",
    [
        Set("district_id", "a", "b"),
        Set("student_id", "STUDENT ID", "STUDENT NUMBER"),
        Remove("contact_types", "Primary"),
        Remove("contact_relationships", "Parent"),
        Remove("phone_types", "Cell"),
    ],
    ids=str,
)
def test_what_no_page_states_is_marked_as_inferred(change: Change) -> None:
    assert assess(change, ON).effect.endswith(" (inferred).")


def test_removing_a_phone_type_does_not_claim_that_logins_end() -> None:
    effect = assess(Remove("phone_types", "Cell"), ON).effect
    assert "keep theirs unless the sync updates active users" in effect
