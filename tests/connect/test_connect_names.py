"""The one translation is whole, one to one, and agrees with the contract."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, strategies

from connectsync.backends import names
from connectsync.backends.names import (
    TOKEN_JSON,
    from_json,
    setting_named,
    setting_of,
    to_json,
)
from connectsync.domain.plan_shape import kind_of
from connectsync.domain.settings import SETTINGS
from connectsync.errors import Bug
from connectsync.providers.form import Setting

ROOT = Path(__file__).parents[2]


def test_every_setting_is_spelled_once() -> None:
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
    assert len({setting.gateway_name for setting in SETTINGS}) == len(SETTINGS)
    assert len({setting.page_label for setting in SETTINGS}) == len(SETTINGS)


def test_our_spelling_is_that_of_the_contract() -> None:
    document = yaml.safe_load((ROOT / "schema/gateway.openapi.yaml").read_text())
    schemas = document["components"]["schemas"]
    names = [setting.gateway_name for setting in SETTINGS]
    assert list(schemas["Settings"]["properties"]) == names
    first = [setting.gateway_name for setting in SETTINGS if setting.first]
    assert schemas["Settings"]["required"] == first
    to_save = set(schemas["SettingsToSave"]["properties"])
    assert to_save == {*names, TOKEN_JSON}


def test_the_label_stands_in_the_description_of_the_contract() -> None:
    document = yaml.safe_load((ROOT / "schema/gateway.openapi.yaml").read_text())
    schemas = document["components"]["schemas"]
    for setting in SETTINGS:
        reference = schemas["Settings"]["properties"][setting.gateway_name]["$ref"]
        schema = schemas[reference.rpartition("/")[2]]
        assert f"*{setting.page_label}*" in schema["description"]


def test_the_label_stands_in_the_descriptions_of_a_snapshot() -> None:
    schema = json.loads((ROOT / "schema/snapshot.schema.json").read_text("utf-8"))
    form = schema["$defs"]["settings"]["properties"]
    offered = schema["properties"]["options"]["properties"]
    for setting in SETTINGS:
        described = form[setting.name]["description"]
        assert described.startswith(setting.page_label)
        assert described.removeprefix(setting.page_label)[0] in ":; "
        assert not described.removeprefix(setting.page_label).startswith(" to sync")
        if setting.name in offered:
            described = offered[setting.name]["description"]
            assert described == f"What {setting.page_label} offered."


def test_a_set_is_spelled_in_the_order_of_the_page_unknown_labels_last() -> None:
    labels = frozenset({"Z", "Other", "A", "Parent/Guardian", "Family"})
    spelled = to_json({"contact_types": labels})
    assert spelled == {"contactTypes": ["Parent/Guardian", "Family", "Other", "A", "Z"]}


def test_the_order_of_a_form_does_not_change_how_it_is_spelled() -> None:
    one = to_json({"student_id": "STUDENT ID", "permissions": frozenset()})
    other = to_json({"permissions": frozenset(), "student_id": "STUDENT ID"})
    assert json.dumps(one) == json.dumps(other)


def test_a_name_of_the_gateway_that_we_do_not_know_stays() -> None:
    assert setting_of("phoneTypes") == "phone_types"
    assert setting_of("phone_types") == "phone_types"
    assert setting_of("other") == "other"


def test_a_name_that_is_not_ours_is_a_bug() -> None:
    with pytest.raises(Bug):
        setting_named("phoneTypes")


def test_a_token_that_came_back_is_not_shown() -> None:
    with pytest.raises(ValueError, match=TOKEN_JSON) as error:
        from_json({TOKEN_JSON: "s3cret"})
    assert "s3cret" not in str(error.value)


def said_of(settings: dict[str, object], read: Callable[..., object]) -> object:
    try:
        return repr(read(settings))
    except ValueError as error:
        return str(error)


ODD: strategies.SearchStrategy[object] = strategies.sampled_from(
    [
        *("", "a", "\ud800", "x" * 1001, None, True, 0, 1, 20, 20.0, 101, 1.5),
        *(False, float("nan"), ["a"], ["a", "a"], [""], [], {}),
    ]
)
FORM: dict[str, object] = {
    "districtId": "58da8a43cc70ab00017a1a87",
    "studentId": "STUDENT ID",
    "archivedStudents": "STUDENT ID",
    "enableDailySync": True,
    "manageGuardians": True,
    "unarchiveClassrooms": True,
    "updateActiveUsers": False,
    "contactTypes": ["a"],
    "contactRelationships": ["a"],
    "phoneTypes": ["a"],
    "deletionThreshold": 20,
    "permissions": [],
}


@given(
    strategies.lists(
        strategies.dictionaries(strategies.sampled_from([*FORM, TOKEN_JSON]), ODD),
        max_size=4,
    ),
    strategies.lists(strategies.sampled_from([*FORM]), max_size=1),
)
@example([{"enableDailySync": 1}], [])
@example([{"deletionThreshold": True}], [])
@example([{"districtId": 5}], ["studentId"])
@example([{TOKEN_JSON: "s3cret"}], ["districtId"])
def test_a_form_that_many_hold_is_read_as_if_it_were_the_only_one(
    changes: list[dict[str, object]], missing: list[str]
) -> None:
    for change in [{}, *changes, *changes]:
        form: dict[str, object] = {**FORM, **change}
        for name in missing:
            form.pop(name)
        names._KNOWN.clear()  # noqa: SLF001 - what is read for the first time
        alone = said_of(form, from_json)
        names._KNOWN.clear()  # noqa: SLF001 - as above
        for other in ({}, *changes):
            said_of({**FORM, **other}, from_json)
        assert said_of(form, from_json) == alone


def test_what_many_forms_hold_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    whole = names._read_value  # noqa: SLF001 - what is counted

    def counted(setting: Setting, settings: dict[str, object]) -> object:
        read.append(setting.name)
        return whole(setting, settings)

    monkeypatch.setattr(names, "_read_value", counted)
    names._KNOWN.clear()  # noqa: SLF001 - what others read is not counted
    for number in range(50):
        form = from_json({**FORM, "districtId": f"{number:024}"})
        assert form["district_id"] == f"{number:024}"
        assert [*form] == [one.name for one in SETTINGS]
    assert Counter(read) == Counter(one.name for one in SETTINGS) + Counter(
        {"district_id": 49}
    )
    for number in range(2 * names._MOST_KNOWN):  # noqa: SLF001 - the limit
        from_json({**FORM, "studentId": f"{number}"})
    assert len(names._KNOWN) <= names._MOST_KNOWN  # noqa: SLF001 - as above


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (None, "null"),
        (False, "true or false"),
        (1, "a number"),
        (1.5, "a number"),
        ("x", "text"),
        ([], "a list"),
        ({}, "an object"),
    ],
)
def test_values_are_named_by_kind_and_never_shown(raw: object, name: str) -> None:
    assert kind_of(raw) == name
