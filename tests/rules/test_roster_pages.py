"""What checking roster files can find is shown on its page as it is found."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from connectsync.domain.finding import Severity, ValidationReport
from connectsync.operations.roster_files import RosterFileOptions, check_roster_files
from connectsync.rules.catalogue import ROSTER_PAGES, by_name
from connectsync.rules.engine import page_of

NAMES = [rule.name for rule in ROSTER_PAGES]
NO_FILES = {"roster-file-not-readable"}
THRESHOLD = {"roster-over-deletion-threshold": 15.0}


def files_of(example: str) -> dict[str, bytes]:
    """Give the files of an example, each below a line with its name."""
    files: dict[str, bytes] = {}
    for part in re.split(r"^# ", example, flags=re.MULTILINE)[1:]:
        name, _, text = part.partition("\n")
        parts = re.split(r"\\x(..)", text)
        files[name] = b"".join(
            bytes.fromhex(one) if at % 2 else one.encode()
            for at, one in enumerate(parts)
        )
    return files


def checked(
    files: Mapping[str, bytes], folder: Path, threshold: float | None = None
) -> ValidationReport:
    for name, raw in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(raw)
    options = RosterFileOptions(lambda _: None, date(2027, 1, 15), threshold=threshold)
    # one file of a package of OneRoster is no package
    whole = "manifest.csv" in files or len(files) > 1
    here = [name for name in files if not name.startswith("previous/")]
    named = [(folder, "here")] if whole else [(folder / one, one) for one in here]
    before = folder / "previous"
    previous = [(before, "before")] if before.exists() else []
    return check_roster_files(named, previous, options)[0]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NO_FILES])
def test_the_bad_example_is_found_as_the_page_says(name: str, tmp_path: Path) -> None:
    page = page_of(by_name(name))
    report = checked(files_of(page.bad), tmp_path, THRESHOLD.get(name))
    found = {one.rule: one.severity for one in report.findings}
    assert found.get(name) is page.severity, found


@pytest.mark.parametrize("name", NAMES)
def test_the_good_example_is_without_an_error_or_a_warning(
    name: str, tmp_path: Path
) -> None:
    page = page_of(by_name(name))
    report = checked(files_of(page.good), tmp_path, THRESHOLD.get(name))
    serious = [one for one in report.findings if one.severity is not Severity.INFO]
    assert serious == []
    assert name == "roster-forecast" or name not in {x.rule for x in report.findings}


def test_a_zip_that_was_cut_off_is_found_as_its_page_says(tmp_path: Path) -> None:
    whole = tmp_path / "whole.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("students.csv", "School_id,Student_id\n" * 99)
    raw = whole.read_bytes()
    report = checked({"roster.zip": raw[: len(raw) // 2]}, tmp_path / "roster.zip.d")
    (found,) = report.findings
    assert found.rule == "roster-file-not-readable"
    assert found.severity is page_of(by_name(found.rule)).severity


def test_what_stops_a_file_cannot_be_allowed_and_what_warns_can() -> None:
    for rule in ROSTER_PAGES:
        assert rule.allowable is (rule.severity is not Severity.ERROR)
