"""Every format says the same, ends with the same status, and fits into a file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from console import Console
from hostile import WICKED

from connectsync.report.reporter import formats_of
from connectsync.report.terminal import inert

Fixture = Callable[[str], Console]


@pytest.mark.parametrize("format_", formats_of("findings"))
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ((), 1),
        (("districts/warned.yaml",), 0),
        (("--strict", "districts/warned.yaml"), 1),
    ],
)
def test_validate_ends_with_the_same_status_in_every_format(
    copied: Fixture, format_: str, arguments: tuple[str, ...], status: int
) -> None:
    said = copied("mistakes").run("validate", "--format", format_, *arguments)
    assert (said.status, said.err) == (status, "")


@pytest.mark.parametrize("format_", formats_of("plan"))
def test_plan_ends_with_the_same_status_in_every_format(
    valley: Console, format_: str
) -> None:
    assert valley.run("plan", "--format", format_).status == 0
    assert valley.run("plan", "--format", format_, "--detailed-exitcode").status == 2


@pytest.mark.parametrize("format_", formats_of("findings"))
def test_findings_in_a_file_are_those_on_the_terminal(
    copied: Fixture, format_: str
) -> None:
    console = copied("mistakes")
    shown = console.run("validate", "--format", format_)
    written = console.run("validate", "--format", format_, "--output", "out/report.txt")
    assert (written.status, written.both) == (shown.status, "wrote out/report.txt\n")
    assert (console.folder / "out" / "report.txt").read_text("utf-8") == shown.out


@pytest.mark.parametrize("format_", formats_of("plan"))
def test_a_plan_in_a_file_is_the_one_on_the_terminal(
    valley: Console, format_: str
) -> None:
    shown = valley.run("plan", "--format", format_)
    written = valley.run("plan", "--format", format_, "--output", "report.txt")
    assert written.both == "wrote report.txt\n"
    assert (valley.folder / "report.txt").read_text("utf-8") == shown.out


@pytest.mark.parametrize("format_", formats_of("findings"))
def test_only_text_is_silent_where_there_is_nothing(
    valley: Console, format_: str
) -> None:
    said = valley.run("--quiet", "validate", "--format", format_)
    assert said.status == 0
    assert bool(said.out) == (format_ != "text")


def test_junit_holds_a_case_for_every_file_of_a_shard(valley: Console) -> None:
    told = [
        valley.run("validate", "--format", "junit", *shard).out
        for shard in ([], ["--shard", "1/2"], ["--shard", "2/2"])
    ]
    whole, one, other = (
        [case.attrib["name"] for case in ET.fromstring(text).iter("testcase")]  # noqa: S314 - our own words
        for text in told
    )
    assert whole == sorted([*one, *other])
    assert len(whole) == 4


def test_sarif_describes_every_rule_of_files_and_no_guard(valley: Console) -> None:
    log = json.loads(valley.run("validate", "--format", "sarif").out)
    rules = {rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]}
    assert {"home-phone-for-texts", "yaml-syntax", "unused-profile"} <= rules
    assert "too-many-districts" not in rules


@pytest.fixture
def wicked(valley: Console) -> Console:
    """Give a project whose files hold wicked texts wherever they may hold any."""
    for number, text in enumerate(WICKED):
        try:
            name = text.encode("utf-8").decode("utf-8") or "nameless"
        except UnicodeEncodeError:
            continue
        _write(valley.folder / "districts", f"w{number}", name)
    for name in (f"::error::{len(WICKED)}", "a%0A,b=c", "`x` @you #1", "<script>"):
        _write(valley.folder / "districts", name, name)
    return valley


def _write(folder: Path, key: str, text: str) -> None:
    data = {
        "schema": 1,
        "district": key,
        "name": text,
        "provider": "clever",
        "profile": text[:50],
        "labels": [text],
        "credentials": {"district_id": text, "oauth_token": f"env:{text}"},
        "settings": {"archived_students": text, "student_id": text, text[:50]: True},
        "allow": [{"rule": text, "reason": text, "until": "2027-06-30"}],
    }
    (folder / f"{key}.yaml").write_text(
        yaml.safe_dump(data, allow_unicode=True), "utf-8"
    )


@pytest.mark.parametrize("format_", formats_of("findings"))
def test_files_out_to_do_harm_do_none(wicked: Console, format_: str) -> None:
    said = wicked.run("validate", "--format", format_)
    assert said.status == 1
    assert len(said.out) > 1_000
    for line in said.out.split("\n"):
        assert inert(line) == line
        if line.lstrip().startswith("::"):
            assert format_ == "github"
            assert re.fullmatch(r"::(error|warning|notice) [^:]+::.*", line)
    match format_:
        case "json" | "sarif" | "gitlab":
            assert json.loads(said.out)
        case "junit":
            assert len(ET.fromstring(said.out)) == 1  # noqa: S314 - our own words
        case "markdown":
            assert not re.search(r"(?<!\\)<(script|img|h1)", said.out)
        case _:
            pass
