"""The pages on security rest on tests that are there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from assurance_counts import NAMES, TALLY, TRIALS, Counted, counted, page, record
from documents import ROOT

SECURITY = ROOT / "docs" / "explanation" / "security.md"
PAGE = ROOT / "docs" / "reference" / "assurance.md"

_TEST = re.compile(r"\[`(test_\w+)`\]\(\.\./\.\./(tests/[\w/]+\.py)\)")


@cache
def held_by(file: str) -> frozenset[str]:
    """Give the tests that a file holds, those in classes too."""
    text = (ROOT / file).read_text("utf-8")
    return frozenset(re.findall(r"^(?:    )?def (test_\w+)\(", text, re.MULTILINE))


def test_every_defense_names_a_test_that_is_there() -> None:
    text = SECURITY.read_text("utf-8")
    rows = [
        line
        for line in text.splitlines()
        if line.startswith("| ") and not line.startswith(("| ---", "| What they"))
    ]
    assert len(rows) > 30
    for row in rows:
        named = _TEST.findall(row)
        # no cell of the last column may lose a name
        assert len(named) == row.count("](../../tests/") > 0, row
        for test, file in named:
            assert test in held_by(file), f"{file}::{test}"


@pytest.mark.parametrize("name", sorted(NAMES))
def test_what_is_counted_is_a_test_that_is_there(name: str) -> None:
    file, test = name.split("::")
    assert test in held_by(file)


def test_the_page_of_what_was_tried_has_a_row_for_each_trial() -> None:
    text = PAGE.read_text("utf-8")
    for title, trials in TRIALS.items():
        assert f"## {title}\n" in text
        for one in trials:
            assert f"| {one.what} | " in text
            assert f"(../../{one.file}): {len(one.tests)} |" in text


def test_the_same_counts_are_the_same_page(tmp_path: Path) -> None:
    name = min(NAMES)
    for case in ("one", "two"):
        record(tmp_path, f"{name}[{case}]", [(TALLY, 20)], passed=True)
    record(tmp_path, "tests/other.py::test_other", [], passed=True)
    found = counted(tmp_path)
    assert found == {name: Counted(tried=40)}
    first, again = (page(found, commit="0a1b2c", date="2027-01-15") for _ in range(2))
    assert first == again
    assert "40 times and lost nothing" in first


def test_no_page_is_written_while_a_test_did_not_run_or_hold(tmp_path: Path) -> None:
    name = min(NAMES)
    record(tmp_path, name, [], passed=False)
    before = PAGE.read_bytes()
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "assurance.py"), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"did not hold: {name}" in done.stderr
    assert "did not run: " in done.stderr
    assert PAGE.read_bytes() == before


def test_a_case_that_says_nothing_is_one_try(tmp_path: Path) -> None:
    name = min(NAMES)
    record(tmp_path, f"{name}[a]", [], passed=True)
    (path,) = tmp_path.iterdir()
    assert json.loads(path.read_text("utf-8")) == {
        "test": name,
        "tried": 1,
        "passed": True,
    }
