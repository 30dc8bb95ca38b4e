from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from connectsync.domain.finding import (
    Finding,
    Place,
    Severity,
    ValidationReport,
    with_fingerprints,
)
from connectsync.report.findings_json import render

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "schema" / "findings.schema.json").read_text("utf-8")
)
ANY = st.text(st.characters(exclude_categories=()), max_size=20)
FINDINGS = st.lists(
    st.builds(
        Finding,
        rule=st.from_regex(r"\A[a-z]{1,9}(-[a-z]{1,9}){0,3}\Z"),
        severity=st.sampled_from(Severity),
        message=ANY.filter(bool),
        place=st.builds(
            Place, file=ANY, line=st.integers(1), column=st.integers(1), text=ANY
        ),
        path=st.lists(ANY | st.integers(0, 9), max_size=3).map(tuple),
        hint=ANY,
    ),
    max_size=4,
)


def properties(schema: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [*schema.get("properties", {}).values()]
    nested = [*inner, *schema.get("$defs", {}).values()]
    return inner + [each for one in nested for each in properties(one)]


def objects(schema: Any) -> list[dict[str, Any]]:
    if not isinstance(schema, dict):
        return []
    mine = [schema] if schema.get("type") == "object" else []
    return mine + [each for value in schema.values() for each in objects(value)]


def test_the_schema_is_valid_and_describes_every_property() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert len(properties(SCHEMA)) == 24
    assert all(each.get("description") for each in properties(SCHEMA))


SOMETIMES = {"day", "reason", "off", "known"}
"""What is missing where there is nothing to say."""


def test_the_schema_is_closed_and_requires_all_but_what_says_when_it_is_missing() -> (
    None
):
    for each in objects(SCHEMA):
        assert each["additionalProperties"] is False
        assert set(each["required"]) == set(each["properties"]) - SOMETIMES


def test_what_is_ahead_says_its_day_and_what_is_so_today_has_none() -> None:
    today = Finding("one-rule", Severity.ERROR, "Wrong.", Place("a.yaml"))
    ahead = replace(today, day=date(2027, 6, 15))
    report = ValidationReport(1, with_fingerprints([today, ahead]))
    data = json.loads(render(report))
    Draft202012Validator(SCHEMA).validate(data)
    assert sorted(one.get("day", "") for one in data["findings"]) == ["", "2027-06-15"]


@given(FINDINGS)
def test_every_report_is_as_its_schema_says(found: list[Finding]) -> None:
    text = render(ValidationReport(3, with_fingerprints(found)))
    Draft202012Validator(SCHEMA).validate(json.loads(text))


@given(FINDINGS, st.randoms())
def test_the_same_findings_are_the_same_bytes(
    found: list[Finding], random: Any
) -> None:
    one = render(ValidationReport(3, with_fingerprints(found)))
    random.shuffle(found)
    assert render(ValidationReport(3, with_fingerprints(found))) == one


@given(FINDINGS)
def test_nothing_in_it_can_drive_a_terminal(found: list[Finding]) -> None:
    text = render(ValidationReport(3, tuple(found)))
    assert text.endswith("}\n")
    assert text.isascii()
    assert all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("field", ["path", "docs"])
def test_places_are_spelled_for_people(field: str) -> None:
    found = Finding(
        "home-phone-for-texts",
        Severity.WARNING,
        "wrong",
        Place("a.yaml"),
        ("settings", "phone_types", 0),
    )
    data = json.loads(render(ValidationReport(1, (found,))))["findings"][0]
    assert data[field] in {
        "settings.phone_types[0]",
        "docs/reference/rules.md#home-phone-for-texts",
    }
