from __future__ import annotations

import pytest

from connectsync.domain.change import Add, Change, Remove, Set
from connectsync.domain.plan import SWITCH
from connectsync.domain.risk import Risk, assess
from connectsync.domain.settings import BY_NAME, Form, Kind

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
        (Add("contact_types", "Primary"), Risk.CAUTION),
        (Add("contact_types", "Emergency"), Risk.DISRUPTIVE),
        (Add("contact_types", "Secondary"), Risk.DISRUPTIVE),
        (Add("contact_types", "Other"), Risk.DISRUPTIVE),
        (Add("contact_types", "a label that files do not know"), Risk.DISRUPTIVE),
        (Add("contact_relationships", "Parent"), Risk.CAUTION),
        (Add("contact_relationships", "Grandparent"), Risk.DISRUPTIVE),
        (Add("contact_relationships", "Other"), Risk.DISRUPTIVE),
        (Remove("contact_relationships", "Parent"), Risk.DISRUPTIVE),
        (Remove("phone_types", "Cell"), Risk.DISRUPTIVE),
        (Add("phone_types", "Home"), Risk.DISRUPTIVE),
        (Add("phone_types", "Cell"), Risk.DISRUPTIVE),
        (Set("deletion_threshold", 15, 40), Risk.CAUTION),
        (Set("deletion_threshold", 40, 15), Risk.SAFE),
        (Set("deletion_threshold", None, 60), Risk.CAUTION),
        (Set("deletion_threshold", 60, None), Risk.CAUTION),
        (Add("permissions", "Permissions Admin"), Risk.CAUTION),
    ],
    ids=str,
)
def test_the_risk_on_a_running_sync(change: Change, risk: Risk) -> None:
    assert assess(change, ON).risk is risk


def test_a_home_number_is_told_apart_from_one_that_is_texted() -> None:
    home = assess(Add("phone_types", "Home"), ON).effect
    assert "neither texted nor called" in home
    assert assess(Add("phone_types", "Cell"), ON).effect != home


def test_what_waits_for_the_sync_says_so() -> None:
    assert assess(Add("phone_types", "Cell"), OFF).effect.startswith("Once the sync")
    assert not assess(Set(SWITCH, False, True), OFF).effect.startswith("Once")


def test_a_threshold_taken_away_is_not_said_to_protect() -> None:
    effect = assess(Set("deletion_threshold", 60, None), ON).effect
    assert "archives nobody" not in effect


def test_added_contacts_reach_nobody_while_guardians_are_not_synced() -> None:
    form = {SWITCH: True, "manage_guardians": False}
    assert assess(Add("contact_types", "Emergency"), form).risk is Risk.CAUTION
    assert assess(Set("manage_guardians", False, True), form).risk is Risk.DISRUPTIVE
