from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectsync.domain.plan import saves_for
from connectsync.domain.settings import (
    SETTINGS,
    SWITCH,
    Add,
    Form,
    Remove,
    Set,
    apply_changes,
    changes_of,
)
from connectsync.operations.plan import changes_between
from connectsync.providers.form import Kind, Setting, Value


def values(setting: Setting) -> st.SearchStrategy[Value]:
    """Give every value the setting may have on Connect."""
    match setting.kind:
        case Kind.BOX:
            return st.booleans()
        case Kind.PERCENT:
            return st.none() | st.integers(0, 100)
        case Kind.BOXES:
            return st.frozensets(st.sampled_from(setting.labels))
        case Kind.CHOICE if setting.labels:
            return st.sampled_from(setting.labels)
        case Kind.CHOICE | Kind.TEXT:
            return st.sampled_from(["", "one", "two"])


FORMS: st.SearchStrategy[Form] = st.fixed_dictionaries(
    {setting.name: values(setting) for setting in SETTINGS}
)
DESIRED: st.SearchStrategy[Form] = st.fixed_dictionaries(
    {}, optional={setting.name: values(setting) for setting in SETTINGS}
)


@given(FORMS)
def test_nothing_differs_from_itself(form: Form) -> None:
    assert changes_between(form, form) == ()


@given(FORMS, DESIRED)
def test_applying_what_differs_makes_the_desired_true(
    live: Form, desired: Form
) -> None:
    after = apply_changes(live, changes_between(live, desired))
    assert {name: after[name] for name in desired} == desired


@given(FORMS, DESIRED)
def test_a_setting_that_no_layer_names_is_never_touched(
    live: Form, desired: Form
) -> None:
    after = apply_changes(live, changes_between(live, desired))
    assert all(after[name] == live[name] for name in live if name not in desired)


@given(FORMS, DESIRED)
def test_saves_in_their_order_come_to_the_same(live: Form, desired: Form) -> None:
    changes = changes_between(live, desired)
    form: Form = live
    for save in saves_for(changes, live):
        form = save.after(form)
    assert form == apply_changes(live, changes)


@given(FORMS, DESIRED)
def test_no_form_is_half_way_while_the_sync_is_on(live: Form, desired: Form) -> None:
    form: Form = live
    saves = saves_for(changes_between(live, desired), live)
    for save in saves[:-1]:
        form = save.after(form)
        if desired.get(SWITCH, live[SWITCH]) != live[SWITCH]:
            assert form[SWITCH] is False


def test_the_order_of_labels_never_makes_a_change() -> None:
    one, other = frozenset(["Cell", "Home"]), frozenset(["Home", "Cell"])
    assert changes_of("phone_types", one, other) == ()


def test_labels_are_removed_before_others_are_added() -> None:
    changes = changes_of("phone_types", frozenset(["Home"]), frozenset(["Cell"]))
    assert changes == (Remove("phone_types", "Home"), Add("phone_types", "Cell"))


def test_labels_can_be_added_where_nothing_was() -> None:
    form = apply_changes({}, [Add("phone_types", "Cell")])
    assert form == {"phone_types": frozenset(["Cell"])}


def test_a_threshold_that_the_page_shows_empty_can_be_set() -> None:
    assert changes_of("deletion_threshold", None, 15) == (
        Set("deletion_threshold", None, 15),
    )


def test_the_switch_goes_off_first_in_a_save_of_its_own() -> None:
    live: Form = {SWITCH: True, "student_id": "STUDENT ID"}
    desired: Form = {SWITCH: False, "student_id": "STUDENT NUMBER"}
    first, second = saves_for(changes_between(live, desired), live)
    assert [one.change.setting for one in first.changes] == [SWITCH]
    assert [one.change.setting for one in second.changes] == ["student_id"]


def test_the_switch_goes_on_last_in_a_save_of_its_own() -> None:
    live: Form = {SWITCH: False, "student_id": "STUDENT ID"}
    desired: Form = {SWITCH: True, "student_id": "STUDENT NUMBER"}
    first, second = saves_for(changes_between(live, desired), live)
    assert [one.change.setting for one in first.changes] == ["student_id"]
    assert [one.change.setting for one in second.changes] == [SWITCH]
