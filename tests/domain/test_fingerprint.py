from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectsync.domain import finding
from connectsync.domain.finding import (
    Finding,
    Place,
    Severity,
    ValidationReport,
    order,
    pointer,
    with_fingerprints,
)
from connectsync.report.findings_text import render

HOME = Finding(
    "home-phone-for-texts",
    Severity.WARNING,
    "phone type 'Home' is never texted or called",
    Place("districts/lakeview-usd.yaml", 23, 17, 23, 21, "Home"),
    ("settings", "phone_types", 0),
)
ANY = st.text(st.characters(exclude_categories=()), max_size=3)
FINDINGS = st.lists(
    st.builds(
        Finding,
        rule=st.sampled_from(["a", "b"]),
        severity=st.just(Severity.ERROR),
        message=ANY,
        place=st.builds(
            Place,
            file=st.sampled_from(["x", "y", "./x", "z"]),
            line=st.integers(1, 4),
            column=st.integers(1, 4),
            text=ANY,
        ),
        path=st.lists(st.sampled_from(["a", "b"]), max_size=2).map(tuple),
    ),
    max_size=6,
)


def moved(one: Finding, *, by: int) -> Finding:
    place = one.place
    down = replace(place, line=place.line + by, end_line=place.end_line + by)
    return replace(one, place=down)


def fingerprint(one: Finding) -> str:
    return with_fingerprints([one])[0].fingerprint


def test_a_fingerprint_is_the_same_for_ever() -> None:
    assert fingerprint(HOME) == "6a7e460ad77916fe"


@given(FINDINGS, st.integers(1, 99))
def test_fingerprints_survive_lines_inserted_above(
    findings: list[Finding], by: int
) -> None:
    before = [each.fingerprint for each in with_fingerprints(findings)]
    after = with_fingerprints([moved(each, by=by) for each in findings])
    assert [each.fingerprint for each in after] == before


@given(FINDINGS)
def test_fingerprints_in_one_report_are_unique(findings: list[Finding]) -> None:
    marked = with_fingerprints(findings)
    assert len({each.fingerprint for each in marked}) == len(findings)
    assert list(map(order, marked)) == sorted(map(order, findings))


@given(FINDINGS, st.randoms())
def test_the_order_they_come_in_does_not_matter(
    findings: list[Finding], random: Any
) -> None:
    before = with_fingerprints(findings)
    random.shuffle(findings)
    assert {each.fingerprint for each in with_fingerprints(findings)} == {
        each.fingerprint for each in before
    }


def counted_one_by_one(findings: list[Finding]) -> list[tuple[Finding, str]]:
    """Sort by all that may differ, and count whatever came before: the long way."""

    def parts(one: Finding) -> tuple[str, str, str, str]:
        file = PurePosixPath(one.place.file).as_posix()
        text = " ".join(one.place.text.split())
        return one.rule, file, pointer(one.path), text

    seen: Counter[tuple[str, ...]] = Counter()
    marked = []
    for one in sorted(findings, key=lambda one: (order(one), parts(one))):
        spelled = json.dumps([*parts(one), seen[parts(one)]]).encode()
        marked.append((one, sha256(spelled).hexdigest()[:16]))
        seen[parts(one)] += 1
    return marked


@given(FINDINGS)
def test_what_is_alone_in_its_file_is_not_counted_and_comes_out_the_same(
    findings: list[Finding],
) -> None:
    marked = with_fingerprints(findings)
    found = [(replace(one, repeat=0), one.fingerprint) for one in marked]
    assert found == counted_one_by_one(findings)
    shown = ValidationReport(9, marked).ordered()
    assert list(shown) == sorted(
        marked, key=lambda one: (order(one), pointer(one.path), one.fingerprint)
    )


@pytest.mark.parametrize(
    "other",
    [
        replace(HOME, rule="other"),
        replace(HOME, place=replace(HOME.place, file="districts/other.yaml")),
        replace(HOME, path=("settings", "phone_types", 1)),
        replace(HOME, place=replace(HOME.place, text="Work")),
    ],
)
def test_another_rule_file_path_or_text_is_another_finding(other: Finding) -> None:
    assert fingerprint(other) != fingerprint(HOME)


@pytest.mark.parametrize(
    "same",
    [
        replace(HOME, message="said otherwise", hint="do this"),
        replace(HOME, place=replace(HOME.place, text=" Home\n")),
        replace(HOME, place=replace(HOME.place, file="./districts/lakeview-usd.yaml")),
        replace(HOME, severity=Severity.ERROR),
    ],
)
def test_wording_spacing_and_severity_are_not_identity(same: Finding) -> None:
    assert fingerprint(same) == fingerprint(HOME)


def test_findings_of_many_files_are_neither_compared_nor_fingerprinted_for_a_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    for name in ("_rank", "_severity_rank", "_digest"):
        work = getattr(finding, name)

        def counted(*given: Any, name: str = name, work: Any = work) -> Any:
            asked.append(name)
            return work(*given)

        monkeypatch.setattr(finding, name, counted)
    files = [
        replace(HOME, place=replace(HOME.place, file=f"d{at}.yaml")) for at in range(50)
    ]
    marked = with_fingerprints(files)
    report = ValidationReport(50, marked)
    assert render(report, colour=False, width=80)
    assert asked == []
    assert len({one.fingerprint for one in marked}) == len(files)
    assert asked == ["_digest"] * len(files)
