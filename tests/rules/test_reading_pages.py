"""What reading a file can find is shown on its page as it is found."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from connectsync.config.fleet import Fleet, load_fleet
from connectsync.domain.finding import Severity
from connectsync.rules.catalogue import READING_PAGES, by_name
from connectsync.rules.engine import page_of

BASE = {
    "schema": "schema: 1\n",
    "district": "district: lakeview-usd\n",
    "name": "name: Lakeview Unified School District\n",
}

STANDS_FOR: Mapping[str, bytes] = {
    "file-too-large": b"name: " + b"a" * 1_100_000,
    "nesting-too-deep": b"settings:\n  phone_types: " + b"[" * 500 + b"]" * 500,
}
"""Examples that no page can show whole; the page says so."""

DISTRICT = re.compile("districts/(?!_)")

Load = Callable[[Mapping[str, bytes]], Fleet]

NAMES = [rule.name for rule in READING_PAGES]


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name != "file-not-readable"]
)
def test_the_bad_example_is_found_as_the_page_says(
    name: str, load_pages_text: Load, in_files: Any
) -> None:
    page = page_of(by_name(name))
    found = load_pages_text(written(name, page.bad, in_files)).findings
    assert {(one.rule, one.severity) for one in found} == {(name, page.severity)}


@pytest.mark.parametrize("name", NAMES)
def test_the_good_example_is_read_without_a_finding(
    name: str, load_pages_text: Load, in_files: Any
) -> None:
    page = page_of(by_name(name))
    fleet = load_pages_text(written("", page.good, in_files))
    assert fleet.findings == ()
    assert fleet.districts


def test_a_file_that_cannot_be_opened_is_found_as_its_page_says(tmp_path: Path) -> None:
    (tmp_path / "districts" / "lakeview-usd.yaml").mkdir(parents=True)
    path = Path("districts/lakeview-usd.yaml")
    fleet = load_fleet(tmp_path, [path], districts_dir=Path("districts"))
    assert [one.rule for one in fleet.findings] == ["file-not-readable"]
    assert by_name("file-not-readable").severity is Severity.ERROR


def test_a_page_says_what_its_escapes_stand_for() -> None:
    for rule in READING_PAGES:
        page = page_of(rule)
        escapes = set(re.findall(r"\\(?:x..|u....|t)", page.bad))
        for escape in escapes:
            assert f"`{escape}` stands for" in page.why, rule.name
        if rule.name in STANDS_FOR:
            assert "stands for" in page.why


def written(name: str, example: str, in_files: Any) -> dict[str, bytes]:
    if name in STANDS_FOR:
        return {"districts/lakeview-usd.yaml": STANDS_FOR[name]}
    if "# districts/" not in example:
        return {"districts/lakeview-usd.yaml": raw(example, BASE)}
    return {
        file: raw(text, BASE if DISTRICT.match(file) else {"schema": BASE["schema"]})
        for file, text in in_files(example).items()
    }


def raw(example: str, base: Mapping[str, str]) -> bytes:
    """Add to an example the keys it leaves out, unless it has no keys at all."""
    stated = set(re.findall(r"^(?:\\ufeff)?(\w+):", example, re.MULTILINE))
    rest = "".join(line for key, line in base.items() if key not in stated)
    whole = example + (rest if stated else "")
    if not stated and re.match(r"# chmod", example):
        whole = rest
    unescaped = whole.replace(r"\t", "\t").replace(r"\ufeff", "\ufeff")
    parts = re.split(r"\\x(..)", unescaped)
    return b"".join(
        bytes.fromhex(part) if position % 2 else part.encode()
        for position, part in enumerate(parts)
    )
