from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from console import Console
from fitting import insist_fits

from connectsync.cli.terminal import ExitStatus
from connectsync.report.reporter import formats_of

LAKEVIEW = "districts/ca/lakeview-usd.yaml"


@pytest.fixture
def mistakes(copied: Callable[[str], Console]) -> Console:
    """Give the project whose files have mistakes."""
    return copied("mistakes")


def findings(console: Console, *arguments: str) -> list[tuple[str, str]]:
    said = console.run("validate", "--format", "json", *arguments)
    assert said.status in {0, 1}, said.err
    data = json.loads(said.out)
    insist_fits(data, "findings")
    return [(one["file"], one["rule"]) for one in data["findings"]]


def test_what_json_says_is_of_the_shape_that_its_schema_promises(
    mistakes: Console,
) -> None:
    assert findings(mistakes) == [
        ("districts/misspelled.yaml", "unknown-key"),
        ("districts/misspelled.yaml", "unknown-label"),
        ("districts/no-yaml.yaml", "yaml-syntax"),
        ("districts/rural.yaml", "literal-secret"),
        ("districts/warned.yaml", "district-id-not-clever"),
    ]


def test_standard_input_is_read_from_a_real_pipe(mistakes: Console) -> None:
    content = (mistakes.folder / "districts" / "misspelled.yaml").read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "connectsync", "validate", "-"],
        cwd=mistakes.folder,
        input=content,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert b" --> <stdin>:8:3\n" in done.stdout
    assert done.stderr == b""


@pytest.mark.parametrize("content", [b"", b"\0", b"\xff\xfe", b"[" * 5000, b"- a\n"])
def test_whatever_comes_in_there_are_findings_and_no_bug(
    valley: Console, content: bytes
) -> None:
    said = valley.run("validate", "-", stdin=content)
    assert said.status == 1
    assert said.out.startswith("error[")


def test_a_district_on_standard_input_need_not_be_called_what_it_is(
    valley: Console,
) -> None:
    content = (valley.folder / LAKEVIEW).read_bytes()
    assert valley.run("validate", "-", stdin=content).status == 0


def test_a_secret_is_never_repeated(mistakes: Console) -> None:
    for format_ in ("text", "json"):
        assert "s3cret" not in mistakes.run("validate", "--format", format_).both


@pytest.mark.parametrize(
    "named",
    ["districts", "districts/ca", LAKEVIEW, "districts/*/l*.yaml", "districts/**"],
)
def test_a_file_a_folder_and_a_glob_name_what_they_hold(
    valley: Console, named: str
) -> None:
    valley.replace(LAKEVIEW, "schema: 1", "schema: 2")
    assert findings(valley, named) == [(LAKEVIEW, "unknown-schema-version")]


def test_an_absolute_path_is_named_from_the_project(valley: Console) -> None:
    valley.replace(LAKEVIEW, "schema: 1", "schema: 2")
    found = findings(valley, str(valley.folder / LAKEVIEW))
    assert found == [(LAKEVIEW, "unknown-schema-version")]


def test_from_a_folder_below_paths_are_meant_from_there_and_named_from_the_project(
    valley: Console,
) -> None:
    valley.replace(LAKEVIEW, "schema: 1", "schema: 2")
    below = Console(valley.folder / "districts" / "ca")
    assert findings(below, "lakeview-usd.yaml") == [
        (LAKEVIEW, "unknown-schema-version")
    ]
    assert findings(below, "../tx") == []
    assert findings(below) == [(LAKEVIEW, "unknown-schema-version")]


def test_a_project_elsewhere_is_named_by_its_folder(valley: Console) -> None:
    outside = Console(valley.folder.parent)
    said = outside.run("-C", "valley", "validate", "districts/tx")
    assert (said.status, said.err) == (0, "")


def test_strict_lets_a_warning_fail(mistakes: Console) -> None:
    warned = "districts/warned.yaml"
    assert mistakes.run("validate", warned).status == 0
    assert mistakes.run("validate", "--strict", warned).status == 1


def test_only_what_is_selected_and_not_ignored_is_told(mistakes: Console) -> None:
    selected = findings(mistakes, "--select", "unknown-key", "--select", "yaml-syntax")
    assert [rule for _, rule in selected] == ["unknown-key", "yaml-syntax"]
    kept = findings(mistakes, "--ignore", "unknown-key", "--ignore", "yaml-syntax")
    assert not {rule for _, rule in kept} & {"unknown-key", "yaml-syntax"}
    none = ["--select", "unknown-key", "--ignore", "unknown-key"]
    assert findings(mistakes, *none) == []


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_a_rule_that_is_not_there_is_met_with_the_nearest(
    valley: Console, option: str
) -> None:
    said = valley.run("validate", option, "home_phone_for_text")
    assert said.status == 64
    assert "did you mean 'home-phone-for-texts'?" in said.err


def test_findings_are_written_where_they_are_wanted(mistakes: Console) -> None:
    shown = mistakes.run("validate")
    written = mistakes.run("validate", "--output", "out/findings.txt")
    assert (written.status, written.both) == (1, "wrote out/findings.txt\n")
    assert (mistakes.folder / "out" / "findings.txt").read_text("utf-8") == shown.out


def test_a_file_never_holds_colour(mistakes: Console) -> None:
    mistakes.run("--color", "always", "validate", "--output", "findings.txt")
    assert "\x1b" not in (mistakes.folder / "findings.txt").read_text("utf-8")
    assert "\x1b" in mistakes.run("--color", "always", "validate").out


def test_quiet_says_nothing_where_nothing_is_wrong(
    valley: Console, mistakes: Console
) -> None:
    assert valley.run("--quiet", "validate").both == ""
    assert "literal-secret" in mistakes.run("--quiet", "validate").out


def test_a_seed_that_is_not_there_is_told_when_everything_is_checked(
    valley: Console,
) -> None:
    (valley.folder / "live.json").unlink()
    said = valley.run("validate")
    assert said.status == 1
    assert said.err.startswith(
        "error: connectsync.yaml:4:11: there is no file 'live.json' "
        "(correct the path, or"
    )
    assert valley.run("validate", LAKEVIEW).status == 0, "a hook looks at files alone"


def test_files_with_a_mistaken_ending_are_named_in_one_line(valley: Console) -> None:
    before = valley.run("validate")
    for name in ("b.YAML", "ca/c.json", "_profiles/p.Yml", "notes.txt", "ca/README.md"):
        (valley.folder / "districts" / name).touch()
    said = valley.run("--quiet", "validate", "--format", "json")
    assert said.status == before.status
    assert said.err == (
        "3 files below districts/ are not read: districts/_profiles/p.Yml,"
        " districts/b.YAML, districts/ca/c.json (name them .yaml)\n"
    )
    json.loads(said.out)
    assert valley.run("validate", "districts").err == ""


def test_one_such_file_is_told_before_there_is_no_district(valley: Console) -> None:
    for path in (valley.folder / "districts").rglob("*.yaml"):
        path.rename(path.with_suffix(".YAML"))
    said = valley.run("validate")
    assert said.status == 64
    assert said.err.startswith("4 files below districts/ are not read: ")
    assert "there is no district file in districts/" in said.err


@pytest.mark.parametrize("form", formats_of("findings"))
@pytest.mark.sampled(4)
def test_every_format_says_how_many_mistakes_are_behind_the_limit(
    valley: Console, form: str
) -> None:
    path = valley.folder / "districts" / "ca" / "lakeview-usd.yaml"
    lines = "".join(f"k{number}: a\n" for number in range(14_100))
    path.write_text(path.read_text("utf-8") + lines, "utf-8")
    said = valley.run("validate", "--format", form)
    assert said.status == ExitStatus.FINDINGS
    # an annotation of each is not shown either, and is counted with the others
    counted = "14,090 errors" if form == "github" else "14,000 more"
    assert counted in said.out
    planned = valley.run("plan")
    assert planned.status == ExitStatus.FINDINGS
    assert ", and 14,099 more" in planned.err


def test_allow_entries_behind_the_limit_are_counted(valley: Console) -> None:
    path = valley.folder / "districts" / "ca" / "lakeview-usd.yaml"
    entry = "- {rule: home-phone-for-texts, reason: Landlines, until: 2027-02-01}\n"
    path.write_text(path.read_text("utf-8") + "allow:\n" + entry * 300, "utf-8")
    said = valley.run("validate", "--format", "json")
    summary = json.loads(said.out)["summary"]
    found = json.loads(said.out)["findings"]
    (more,) = [one for one in found if "more wrong entries" in one["message"]]
    left = int(more["message"].split()[1])
    assert left + len(found) - 1 == sum(
        summary[one] for one in ("errors", "warnings", "infos")
    )
    assert left > 100
