"""The page of a validation: every finding with its line, and every allowed one."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from review_scenes import found
from web_page import WebPage

from connectsync.domain.finding import Finding, Place, Severity, ValidationReport
from connectsync.report import html as module
from connectsync.report.html import ROOM, findings_html, line_of
from connectsync.report.terminal import columns, mark_line

GOLDEN = Path(__file__).parent / "findings.html"


def shown(report: ValidationReport) -> WebPage:
    text = findings_html(
        report, folder="districts", today=date(2027, 1, 15), tool="connectsync 1.2.3"
    )
    return WebPage(text)


def test_the_page_is_the_golden_one() -> None:
    text = shown(found()).without_assets
    if os.environ.get("CONNECTSYNC_GOLDEN") == "write":
        GOLDEN.write_text(text, "utf-8")
    assert text == GOLDEN.read_text("utf-8")


def test_the_gravest_findings_come_first() -> None:
    data = shown(found()).data
    severities = [data["severities"][one["severity"]] for one in data["findings"]]
    assert severities == ["error", "warning", "info"]


def test_a_finding_has_its_place_its_line_its_help_and_its_reach() -> None:
    data = shown(found()).data
    texts = data["texts"]
    error, warning, info = data["findings"]
    assert texts[warning["file"]] == "districts/oh/elm-grove-local.yaml"
    assert warning["at"] == [9, 23]
    assert texts[warning["group"]] == "oh"
    assert [texts[part] for part in warning["line"]] == [
        "  deletion_threshold: ",
        "60",
        "",
    ]
    assert texts[error["hint"]].startswith("write a reference")
    assert "group" not in error
    assert [texts[one] for one in info["districts"]] == ["bay-usd", "oak-usd"]


def test_allowed_findings_say_why_and_until_when() -> None:
    page = shown(found())
    (allowed,) = page.data["allowed"]
    told = [page.data["texts"][number] for number in allowed["allowed"]]
    assert told == ["Ranch country; the office calls by hand", "2027-06-30"]
    assert "Allowed until 2027-06-30: Ranch country" in page.shown


def test_counts_stand_at_the_top() -> None:
    said = shown(found()).shown
    assert "8 files: 1 error, 1 warning, 1 note, 1 allowed." in said


def test_nothing_found_is_a_page_too() -> None:
    page = shown(ValidationReport(1))
    assert "1 file, no findings." in page.shown
    assert [section["id"] for section in page.all("section")] == ["glance", "about"]


@given(
    st.text(max_size=200), st.integers(1, 220), st.integers(1, 3), st.integers(1, 220)
)
def test_any_line_is_marked_where_the_terminal_marks_it(
    line: str, column: int, end_line: int, end_column: int
) -> None:
    place = Place("a.yaml", 1, column, end_line, end_column, "", line)
    one = Finding("r", Severity.INFO, "m", place)
    before, inside, after = line_of(one)
    told = mark_line(place, ROOM)
    assert before + inside + after == told.text.rstrip() or not after
    assert columns(before) == told.start
    assert columns(inside) <= told.length


def test_the_plain_table_ends_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    page = shown(found())
    assert "and 1 more" in page.shown
