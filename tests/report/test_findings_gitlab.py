from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hostile import wicked_report

from connectsync.domain.finding import (
    Finding,
    Place,
    Severity,
    ValidationReport,
    with_fingerprints,
)
from connectsync.report.findings_json import findings_gitlab

FOUND = Finding(
    "some-rule",
    Severity.ERROR,
    "it is wrong",
    Place("districts/elm.yaml", 4, 3, 4, 9, text="Home"),
    hint="mend it",
)


def issues(*found: Finding) -> list[dict[str, Any]]:
    text = findings_gitlab(ValidationReport(1, with_fingerprints(found)))
    return [dict(one) for one in json.loads(text)]


def test_a_finding_has_all_that_gitlab_asks_for() -> None:
    (issue,) = issues(FOUND)
    fingerprint = issue.pop("fingerprint")
    assert len(fingerprint) == 16
    assert issue == {
        "description": "it is wrong; help: mend it",
        "check_name": "some-rule",
        "severity": "critical",
        "location": {"path": "districts/elm.yaml", "lines": {"begin": 4}},
    }


def test_a_place_on_several_lines_ends_somewhere() -> None:
    place = replace(FOUND.place, end_line=6)
    (issue,) = issues(replace(FOUND, place=place))
    assert issue["location"]["lines"] == {"begin": 4, "end": 6}


@pytest.mark.parametrize(
    ("severity", "theirs"),
    [
        (Severity.ERROR, "critical"),
        (Severity.WARNING, "minor"),
        (Severity.INFO, "info"),
    ],
)
def test_severities_are_words_of_gitlab(severity: Severity, theirs: str) -> None:
    (issue,) = issues(replace(FOUND, severity=severity))
    assert issue["severity"] == theirs


def test_no_two_issues_share_a_fingerprint() -> None:
    same = [replace(FOUND, place=replace(FOUND.place, line=n)) for n in range(1, 9)]
    for found in (issues(*same), issues(*wicked_report().findings)):
        assert len({one["fingerprint"] for one in found}) == len(found)


def test_nothing_found_is_an_empty_list() -> None:
    assert findings_gitlab(ValidationReport(3)) == "[]\n"
