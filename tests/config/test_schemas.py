from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any
from unittest.mock import patch

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectsync.config import schema_check, schemas
from connectsync.config.document import Document, is_day, read_document
from connectsync.config.profiles import check_bytes
from connectsync.config.schema_check import accepts, surely_fails, surely_fits
from connectsync.config.schema_errors import _explainer, explain
from connectsync.config.schemas import (
    describe,
    failures,
    is_known,
    knows_all,
    list_described_paths,
    render_district,
    schema,
    schema_names,
    schema_text,
)
from connectsync.config.source import Source
from connectsync.domain import district as values
from connectsync.errors import Bug, UsageError
from connectsync.providers import clever as form
from connectsync.rules.catalogue import READING_PAGES

READING_RULES = {rule.name for rule in READING_PAGES}
OURS = ("district", "profile", "project")
FULL: dict[str, Any] = {
    "schema": 1,
    "district": "lakeview-usd",
    "name": "Lakeview",
    "profile": ["a", "b"],
    "provider": "clever",
    "labels": ["early-adopter", "k12"],
    "credentials": {"district_id": "abc", "oauth_token": "env:T"},
    "facts": {
        "setup_step": 5,
        "self_check_done": False,
        "guardians_from": "clever",
        "guardians_csv": {"file_name": "guardians.csv", "level": "school"},
        "contact_details_kept_in": None,
        "clever_shares": {"contacts": True, "contact_types": ["Family"]},
        "rollover": {"from": "2027-06-15", "to": "2027-08-20"},
        "tried_to_archive": 34,
    },
    "settings": {
        "enable_daily_sync": False,
        "student_id": "STUDENT ID",
        "archived_students": "a label",
        "phone_types": ["Cell"],
        "deletion_threshold": None,
        "permissions": [],
    },
    "allow": [{"rule": "x", "reason": "y", "until": "2027-06-30"}],
}
TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-200, 200)
    | st.floats(-200, 200)
    | TEXT
    | st.sampled_from(["", " ", "yes", "Cell", "cell", "2027-02-29", "2028-02-29"])
    | st.sampled_from(["env:A", "env:a-b", "x\n", "lakeview\n", "2027-06-15\n", "1"])
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            TEXT | st.sampled_from(["from", "to", "rule"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def _paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else ()
    pairs = enumerate(value) if isinstance(value, list) else items
    for key, inner in pairs:
        yield (*above, key)
        yield from _paths(inner, (*above, key))


@st.composite
def broken(draw: st.DrawFn) -> dict[str, Any]:
    """Make a district document with a few things replaced, added or taken away."""
    data: dict[str, Any] = json.loads(json.dumps(FULL))
    for _ in range(draw(st.integers(0, 3))):
        paths = [*sorted(_paths(data), key=repr), ("name",)]
        *above, key = draw(st.sampled_from(paths))
        holder: Any = data
        for part in above:
            holder = holder[part]
        if draw(st.booleans()):
            holder[key] = draw(ANYTHING)
        elif isinstance(holder, dict) and draw(st.booleans()):
            holder[draw(TEXT)] = draw(ANYTHING)
        elif isinstance(holder, list) or key in holder:
            del holder[key]
    return data


@given(broken())
def test_the_library_that_says_whether_and_the_one_that_says_why_agree(
    data: dict[str, Any],
) -> None:
    reading = read_document("f.yaml", render_district(data).encode())
    assert reading.document is not None
    assert reading.document.data == data
    findings, _ = explain(reading.document, "district")
    assert accepts(data, "district") == (not findings)


@given(broken(), st.sampled_from(["district", "profile"]))
def test_what_plain_python_finds_wrong_is_what_the_library_finds(
    data: dict[str, Any], name: str
) -> None:
    document = Document(Source("f.yaml", render_district(data)), data)
    expected = [
        (str(one.validator), tuple(one.absolute_path), one.instance, one.schema)
        for one in _explainer(name).iter_errors(data)
    ]
    found = [
        (one.keyword, one.path, one.instance, one.part)
        for one in failures(data, schema(name))
    ]
    assert [repr(one) for one in found] == [repr(one) for one in expected]
    quick = explain(document, name)
    with patch("connectsync.config.schema_errors.is_known", lambda _: False):
        assert explain(document, name) == quick


@pytest.mark.parametrize(
    ("value", "part"),
    [
        (True, {"const": 1}),
        (1.0, {"const": 1}),
        (1, {"enum": [True, "1"]}),
        (False, {"enum": [0]}),
        (5.0, {"type": "integer"}),
        (5.5, {"type": ["integer", "null"]}),
        (True, {"type": ["integer", "number"]}),
        (True, {"minimum": 2}),
        ("1\n", {"pattern": "^1$"}),
        ([1, True, 1.0], {"uniqueItems": True}),
        ([1, True], {"uniqueItems": True, "minItems": 3}),
        ({"a": 1, "b": 2}, {"properties": {"a": {}}, "additionalProperties": False}),
        ({"a": 1}, {"additionalProperties": {"type": "string"}}),
        ("x", {"required": ["a"], "maxLength": 0, "format": "date"}),
    ],
)
def test_odd_values_fail_where_the_library_says_so(
    value: object, part: dict[str, Any]
) -> None:
    exact = _explainer("district").evolve(schema=part)
    expected = [
        (str(one.validator), tuple(one.absolute_path))
        for one in exact.iter_errors(value)
    ]
    found = [(one.keyword, one.path) for one in failures(value, part)]
    assert (knows_all(part), found) == (True, expected)


def test_every_keyword_of_the_schemas_that_people_write_by_is_known() -> None:
    for name in ("district", "profile", "project"):
        assert is_known(name)
        assert not knows_all({**schema(name), "oneOf": []})
    assert not knows_all({"properties": {"a": {"items": True}}})
    assert not knows_all({"enum": [[1]]})


def _parts_of(part: Any) -> Iterator[Mapping[str, Any]]:
    """Give a part of a schema, and every part in it."""
    yield part
    for inner in part.get("properties", {}).values():
        yield from _parts_of(inner)
    for key in ("items", "additionalProperties"):
        if isinstance(part.get(key), dict):
            yield from _parts_of(part[key])


PARTS = [part for name in OURS for part in _parts_of(schema(name))]
ODD = st.sampled_from([True, 1.0, 2**53, 10**30, "1\n", "\u00e9", "\ud800", [1, True]])


@given(st.sampled_from(PARTS), ANYTHING | ODD | st.lists(ANYTHING | ODD, max_size=3))
def test_of_any_value_plain_python_finds_what_the_library_finds(
    part: Mapping[str, Any], value: object
) -> None:
    exact = _explainer("district").evolve(schema=part)
    expected = [
        (str(one.validator), tuple(one.absolute_path), one.validator == "required")
        for one in exact.iter_errors(value)
    ]
    found = [
        (one.keyword, one.path, bool(one.message)) for one in failures(value, part)
    ]
    assert sorted(map(repr, found)) == sorted(map(repr, expected))


def valid(data: object, part: Mapping[str, Any]) -> bool:
    checker = jsonschema_rs.Draft202012Validator(
        dict(part), validate_formats=True, formats={"date": is_day}
    )
    return checker.is_valid(data)


@given(broken())
def test_no_document_is_taken_that_the_library_refuses(data: dict[str, Any]) -> None:
    for name in ("district", "profile"):
        if surely_fits(data, schema(name)):
            assert valid(data, schema(name))


@given(broken())
def test_no_document_is_refused_that_the_library_takes(data: dict[str, Any]) -> None:
    for name in ("district", "profile"):
        if surely_fails(data, schema(name)):
            assert not valid(data, schema(name))


@given(st.sampled_from(PARTS), ANYTHING | ODD | st.lists(ANYTHING | ODD, max_size=3))
def test_no_value_is_taken_that_the_library_refuses(
    part: Mapping[str, Any], value: object
) -> None:
    if surely_fits(value, part):
        assert valid(value, part)


@pytest.mark.parametrize(
    ("value", "part"),
    [
        (True, {"const": 1}),
        (1, {"enum": [True]}),
        (1.0, {"type": "integer"}),
        (True, {"type": "integer"}),
        (2**53, {"type": "integer"}),
        ("a\n", {"type": "string", "pattern": "^a$"}),
        ("\u0661", {"type": "string", "pattern": r"^\d$"}),
        ("x", {"type": "string", "format": "email"}),
        ("x", {"type": "string", "not": {}}),
        ([1, 1], {"type": "array", "items": {}, "uniqueItems": True}),
        ({"a": 1}, {"type": "object", "additionalProperties": False}),
        ({1: 1}, {"type": "object", "properties": {}}),
        ({}, {"type": "object", "minProperties": 1}),
        (["a", "b"], {"type": "array", "items": {}, "maxItems": 1}),
    ],
)
def test_what_the_library_has_to_say_is_left_to_it(
    value: object, part: Mapping[str, Any]
) -> None:
    assert not (knows_all(part) and surely_fits(value, part))


def test_a_clean_document_is_decided_without_the_library() -> None:
    assert surely_fits(FULL, schema("district"))
    assert surely_fits({"schema": 1, "settings": FULL["settings"]}, schema("profile"))
    for example in schema("project")["examples"]:
        assert surely_fits(example, schema("project"))


def test_every_keyword_of_a_schema_is_known_there() -> None:
    known = schemas.KNOWN_KEYWORDS
    assert {key for part in PARTS for key in part} <= known


@given(broken())
def test_every_sentence_is_ours_and_every_rule_is_known(data: dict[str, Any]) -> None:
    for finding in check_bytes(
        "f", render_district(data).encode(), "district"
    ).findings:
        assert finding.rule in READING_RULES
        assert finding.hint
        for prose in ("is not of type", "is not one of", "does not match", "any of"):
            assert prose not in finding.message


@pytest.mark.parametrize(
    ("day", "right"),
    [
        ("2027-06-15", True),
        ("2028-02-29", True),
        ("2027-02-29", False),
        ("0000-01-01", False),
        ("20270615", False),
        ("2027-W24-2", False),
        ("2027-06-15\n", False),
        ("\u0662\u0660\u0662\u0667-06-15", False),
        ("2027-6-1", False),
        ("", False),
        (5, True),
    ],
)
def test_a_day_is_a_day_of_the_calendar_in_one_spelling(
    day: object,
    right: bool,  # noqa: FBT001 - a case
) -> None:
    assert is_day(day) is right


@pytest.mark.parametrize("name", OURS)
def test_every_property_is_described_and_closed(name: str) -> None:
    for path, part in _parts(schema(name)):
        assert len(part["description"]) > 10, path
        assert part["description"].endswith("."), path
        assert "anyOf" not in part, path
        assert "oneOf" not in part, path
        if "properties" in part:
            assert part["additionalProperties"] is False, path


@pytest.mark.parametrize("name", OURS)
def test_every_rule_that_a_schema_names_exists(name: str) -> None:
    for path, part in _parts(schema(name)):
        stated = part.get("x-rule", {})
        named = [stated] if isinstance(stated, str) else list(stated.values())
        assert set(named) <= READING_RULES, path


@pytest.mark.parametrize("name", OURS)
def test_every_example_and_default_is_what_the_schema_allows(name: str) -> None:
    whole = schema(name)
    assert all(accepts(example, name) for example in whole["examples"])
    for path, part in _parts(whole):
        for value in (*part.get("examples", ()), *_default(part)):
            assert _fits(part, value), (path, value)


def _fits(part: Mapping[str, Any], value: Any) -> bool:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(part).is_valid(value)


def _default(part: Mapping[str, Any]) -> list[Any]:
    return [part["default"]] if "default" in part else []


def test_a_profile_states_all_that_a_district_does_but_facts_of_one_district() -> None:
    district, profile = schema("district"), schema("profile")
    for section in ("settings", "provider"):
        assert profile["properties"][section] == district["properties"][section]
    of_profile = profile["properties"]["facts"]["properties"]
    of_district = district["properties"]["facts"]["properties"]
    assert of_profile.keys() == of_district.keys()
    differ = {key for key, part in of_profile.items() if part != of_district[key]}
    figure = {"tried_to_archive", "tried_to_archive_on"}
    assert differ == {"setup_step", "self_check_done", *figure}
    assert {of_profile[key]["x-rule"] for key in differ} == {"district-fact-in-profile"}
    assert "credentials" not in profile["properties"]
    assert "allow" not in profile["properties"]


@pytest.mark.parametrize(
    ("path", "labels"),
    [
        ("settings.student_id", form.StudentId),
        ("settings.contact_types", form.ContactType),
        ("settings.contact_relationships", form.ContactRelationship),
        ("settings.phone_types", form.PhoneType),
        ("settings.permissions", form.Permission),
        ("facts.clever_shares.contact_types", form.ContactType),
        ("facts.clever_shares.contact_relationships", form.ContactRelationship),
        ("facts.guardians_from", values.GuardiansFrom),
        ("facts.contact_details_kept_in", values.ContactDetailsKeptIn),
        ("provider", values.Provider),
    ],
)
def test_labels_are_those_of_the_domain(path: str, labels: type[StrEnum]) -> None:
    described = describe(path)
    assert described is not None
    assert list(described.labels) == [label.value for label in labels]


def test_sections_have_the_fields_of_the_domain() -> None:
    properties = schema("district")["properties"]
    for section, kind in (
        ("facts", values.Facts),
        ("settings", form.Settings),
        ("credentials", values.Credentials),
        ("allow", values.Allow),
    ):
        part = properties[section]
        keys = part.get("items", part)["properties"]
        assert set(keys) == set(kind.__dataclass_fields__)


@pytest.mark.parametrize("section", ["facts", "settings"])
def test_every_fact_and_setting_can_be_taken_back(section: str) -> None:
    for key, part in schema("district")["properties"][section]["properties"].items():
        assert "null" in part["type"], key


def test_schemas_are_listed_and_given_as_they_are_written() -> None:
    assert set(OURS) <= set(schema_names())
    assert json.loads(schema_text("district")) == schema("district")
    with pytest.raises(UsageError) as failure:
        schema_text("distrct")
    assert failure.value.remedy == "did you mean 'district'?"
    with pytest.raises(UsageError) as failure:
        schema_text("zzz")
    assert "'district'" in failure.value.remedy or "district" in failure.value.remedy


def _parts(
    part: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield path, part
    for key, inner in part.get("properties", {}).items():
        yield from _parts(inner, f"{path}.{key}")
    if "items" in part:
        yield from _parts(part["items"], f"{path}[]")


def test_every_key_can_be_described_and_others_cannot() -> None:
    paths = list_described_paths()
    assert {"settings.phone_types", "allow.reason", "guards.max_percent"} <= set(paths)
    for path in paths:
        described = describe(path)
        assert described is not None
        assert described.kind
    assert describe("settings.phone_type") is None
    assert describe("") is None
    threshold = describe("settings.deletion_threshold")
    assert threshold is not None
    assert threshold.kind == "a whole number from 0 to 100"


def test_libraries_that_do_not_agree_are_our_bug(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schema_check, "accepts", lambda *_: False)
    with pytest.raises(Bug, match="nothing says why"):
        check_bytes("f.yaml", render_district(FULL).encode(), "district")


def test_schemas_that_are_not_installed_are_our_bug(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    schemas._folder.cache_clear()  # noqa: SLF001 - what is found is kept
    monkeypatch.setattr(schemas, "_PACKAGE", tmp_path / "a" / "b")
    with pytest.raises(Bug, match="installed"):
        schema_names()
    (tmp_path / "a" / "b" / "schema").mkdir(parents=True)
    (tmp_path / "a" / "b" / "schema" / "district.schema.json").write_text("{}")
    assert schema_names() == ("district",)
    schemas._folder.cache_clear()  # noqa: SLF001 - as above
