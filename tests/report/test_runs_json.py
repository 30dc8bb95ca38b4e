from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from fitting import insist_fits
from told_runs import BROKEN_OFF, DIFF, HEAD, LIST, at, history, run

from connectsync.apply.journal import SaveStatus
from connectsync.config.schemas import schema, schema_names
from connectsync.domain.run import (
    AuditResult,
    DistrictHistory,
    HistoryEntry,
    RunList,
    RunState,
)
from connectsync.domain.settings import BY_NAME, Set
from connectsync.report.runs_json import (
    audit_json,
    history_json,
    run_diff_json,
    run_json,
    runs_json,
)

HISTORY = DistrictHistory(
    "lakeview-usd",
    (
        HistoryEntry("embedded", run(), at(0), (Set("deletion_threshold", 15, 12),)),
        HistoryEntry(
            "embedded", None, at(9), (Set("deletion_threshold", 12, 40),), after=at(0)
        ),
    ),
)
REPORTS = {
    "runs": runs_json(LIST),
    "no runs": runs_json(RunList((), 0)),
    "run": run_json(BROKEN_OFF),
    "an ended run": run_json(history(run(ended=True, rollback_of=1))),
    "a run before runners were kept": run_json(history(run(runner="", plan=""))),
    "diff": run_diff_json(DIFF),
    "nothing that differs": run_diff_json(replace(DIFF, districts=())),
    "history": history_json(HISTORY),
    "audit": audit_json(AuditResult(3, HEAD, ())),
    "an edited store": audit_json(AuditResult(3, HEAD, ("run 2 was edited",))),
}


def parts(part: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, part
    for key, inner in {**part.get("properties", {}), **part.get("$defs", {})}.items():
        yield from parts(inner, f"{path}.{key}")
    for key in ("items", "additionalProperties"):
        if isinstance(part.get(key), dict):
            yield from parts(part[key], f"{path}[]")


@pytest.mark.parametrize("report", REPORTS)
def test_json_is_of_the_shape_that_its_schema_promises(report: str) -> None:
    insist_fits(json.loads(REPORTS[report]), "runs")


def test_the_schema_is_one_that_can_be_asked_for() -> None:
    assert "runs" in schema_names()
    jsonschema.Draft202012Validator.check_schema(schema("runs"))


def test_every_property_is_described_and_nothing_else_is_let_in() -> None:
    for path, part in parts(schema("runs")):
        assert len(part["description"]) > 10, path
        assert part["description"].endswith("."), path
        if "properties" in part:
            assert part["additionalProperties"] is False, path
            assert part["required"] == list(part["properties"]), path


def test_the_words_of_the_schema_are_those_of_the_code() -> None:
    words = {
        path.rpartition(".")[2]: part["enum"]
        for path, part in parts(schema("runs"))
        if "enum" in part
    }
    assert words["settled"] == [one.value for one in SaveStatus]
    assert words["state"] == [one.value for one in RunState]
    assert words["setting"] == list(BY_NAME)


def test_a_report_of_another_kind_or_with_more_is_not_waved_through() -> None:
    validator = jsonschema.Draft202012Validator(schema("runs"))
    data = json.loads(REPORTS["audit"])
    assert not validator.is_valid(data | {"report": "runs"})
    assert not validator.is_valid(data | {"more": 1})


def test_a_save_says_what_was_to_change_and_whether_a_token_was_typed() -> None:
    elm, oak, fir, yew = json.loads(REPORTS["run"])["districts"]
    first, second = elm["saves"]
    assert first["changes"] == [
        {
            "setting": "phone_types",
            "before": ["Cell", "Home"],
            "after": ["Cell"],
            "outcome": "made",
            "observed": ["Cell"],
        }
    ]
    assert (first["sent"], fir["saves"][1]["sent"]) == ("answered", None)
    assert (first["token_typed"], second["token_typed"]) == (True, False)
    assert (oak["ending"], oak["remedy"]) == ("conflict", "make a new plan")
    assert [save["settled"] for save in fir["saves"]] == ["failed", "intended"]
    assert fir["saves"][1]["settled_at"] is None
    assert (yew["ending"], yew["saves"]) == (None, [])


def test_what_is_not_known_is_not_told_apart_by_its_value_alone() -> None:
    districts = json.loads(REPORTS["diff"])["districts"]
    (student_id,) = districts[3]["settings"]
    assert student_id["after_a"] == {"known": False, "value": None}
    assert student_id["after_b"] == {"known": True, "value": "X"}
