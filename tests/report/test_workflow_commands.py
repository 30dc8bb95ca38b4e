"""Annotations of GitHub Actions: as its runner reads them, as many as it shows."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_scenes import planned

from connectsync.domain.drift import MovedBy, Movement
from connectsync.domain.finding import Finding, Place, Severity, ValidationReport
from connectsync.domain.plan import NotPlanned
from connectsync.report.github import (
    Annotation,
    findings_github,
    plan_github,
    workflow_commands,
)

PLACE = Place("districts/elm.yaml", 4, 3, 4, 9)
FOUND = Finding("some-rule", Severity.ERROR, "it is wrong", PLACE, hint="mend it")


def annotated(*found: Finding) -> list[str]:
    return findings_github(ValidationReport(2, found)).removesuffix("\n").split("\n")


def test_a_finding_is_shown_where_it_stands() -> None:
    assert annotated(FOUND) == [
        (
            "::error file=districts/elm.yaml,line=4,col=3,endColumn=9,title=some-rule"
            "::districts/elm.yaml:4:3: it is wrong%0Ahelp: mend it"
        ),
        "2 files: 1 error",
    ]


@pytest.mark.parametrize(
    ("severity", "level"),
    [
        (Severity.ERROR, "error"),
        (Severity.WARNING, "warning"),
        (Severity.INFO, "notice"),
    ],
)
def test_a_severity_is_a_level(severity: Severity, level: str) -> None:
    assert annotated(replace(FOUND, severity=severity))[0].startswith(f"::{level} ")


@pytest.mark.parametrize(
    ("place", "where"),
    [
        (Place("a.yaml", 4, 3), "line=4,col=3"),
        (Place("a.yaml", 4, 3, 4, 3), "line=4,col=3"),
        (Place("a.yaml", 4, 3, 6, 2), "line=4,endLine=6"),
    ],
)
def test_columns_are_said_only_where_github_takes_them(
    place: Place, where: str
) -> None:
    (line, _) = annotated(replace(FOUND, place=place))
    assert f"file=a.yaml,{where},title=" in line


def test_nothing_found_is_one_line() -> None:
    assert annotated() == ["2 files, no findings"]


@pytest.mark.parametrize(
    ("text", "data", "title"),
    [
        ("a,b:c", "a,b:c", "a%2Cb%3Ac"),
        ("50%", "50%25", "50%25"),
        ("%0A::error::x", "%250A::error::x", "%250A%3A%3Aerror%3A%3Ax"),
        ("a\n::error::x", "a\\n::error::x", "a\\n%3A%3Aerror%3A%3Ax"),
        ("a\r\x1b[2J", "a\\r\\x1b[2J", "a\\r\\x1b[2J"),
    ],
)
def test_what_ends_a_property_or_a_line_is_escaped(
    text: str, data: str, title: str
) -> None:
    said = workflow_commands([Annotation(Severity.ERROR, text, (text,))], summary="one")
    assert said == f"::error title={title}::{data}\none\n"


def levels(text: str) -> Counter[str]:
    return Counter(re.findall(r"^::(\w+) ", text, re.MULTILINE))


COUNTS = st.lists(st.integers(0, 14), min_size=3, max_size=3)


@given(COUNTS)
def test_no_more_is_printed_than_github_shows_and_the_rest_is_counted(
    counts: list[int],
) -> None:
    found = [
        Annotation(severity, f"{severity}-{number}", ("x",))
        for severity, count in zip(Severity, counts, strict=True)
        for number in range(count)
    ]
    text = workflow_commands(found, summary="counted")
    assert max([*levels(text).values(), 0]) <= 10
    left = re.findall(r"::notice title=connectsync::not shown here: (.*?), for", text)
    told = sum(int(number) for one in left for number in re.findall(r"\d+", one))
    assert len(left) == any(count > 10 for count in counts)
    assert levels(text).total() - len(left) + told == sum(counts)


def test_what_is_left_out_is_told_in_words() -> None:
    found = [Annotation(Severity.ERROR, "t", ("x",))] * 12
    found += [Annotation(Severity.INFO, "t", ("x",))] * 10
    text = workflow_commands(found, summary="counted")
    assert levels(text) == {"error": 10, "notice": 10}
    assert text.endswith(
        "::notice title=connectsync::not shown here: 2 errors, 1 notice, for GitHub"
        " shows 10 of each; `--format markdown` tells more\ncounted\n"
    )


PLAN = planned(
    {
        "districts": 2,
        "live": {"enable_daily_sync": True, "phone_types": ["Home"]},
        "desired": {"phone_types": ["Cell"]},
    }
)


def test_what_a_plan_does_stands_at_the_districts_files() -> None:
    text = plan_github(PLAN)
    guard = "phone-type-changed-on-running-sync"
    assert f"::error file=districts/d0.yaml,title={guard}::d0: phone_types" in text
    assert (
        "::warning file=districts/d0.yaml,title=plan::d0: d0"
        "%0A- phone_types Home (disruptive)%0A+ phone_types Cell (disruptive)\n"
    ) in text
    assert text.endswith(
        "\n2 districts: 2 to change, 0 in step; apply needs --accept disruptive=4\n"
    )


def test_a_calm_change_is_a_notice_and_one_over_drift_a_warning() -> None:
    calm = planned({"desired": {"deletion_threshold": 10}})
    assert levels(plan_github(calm)) == {"notice": 1}
    (district,) = calm.districts
    move = Movement("deletion_threshold", MovedBy.THEM, 12, 10, 30)
    drifted = replace(calm, districts=(replace(district, drift=(move,)),))
    said = plan_github(drifted)
    assert levels(said) == {"warning": 1}
    assert "%0A! changed by hand: deletion_threshold was 12, is now 30\n" in said


def test_a_district_that_was_not_read_is_an_error_with_its_reason() -> None:
    failed = NotPlanned("elm", "districts/elm.yaml", "no answer", "try again")
    said = plan_github(replace(PLAN, districts=(), guards=(), failed=(failed,)))
    assert said.startswith(
        "::error file=districts/elm.yaml,title=not read::elm: no answer"
        "%0Ahelp: try again\n"
    )
