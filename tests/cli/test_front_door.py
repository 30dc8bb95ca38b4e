"""The way of commit hooks: `validate` on paths, without what parses options."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from console import Console, Said
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connectsync import errors
from connectsync.__main__ import is_plain_check
from connectsync.cli import file_check

ARGUMENTS = (
    "districts/ca/lakeview-usd.yaml",
    "districts/bad.yaml",
    "districts/home.yaml",
    "districts/broken.yaml",
    "districts/_profiles/standard.yaml",
    "districts/_profiles",
    "districts/gone.yaml",
    "districts/.hidden.yaml",
    "districts/link.yaml",
    "districts",
    "districts/*.yaml",
    "districts/**",
    "lakeview-usd",
    "lakeview-us",
    "connectsync.yaml",
    "other.yaml",
    "..",
    "/",
    "",
    "a b",
    "\udcff",
)
FILES = {
    "districts/bad.yaml": "schema: 1\ndistrict: bad\nname: 7\nsettngs: {}\n",
    "districts/home.yaml": "schema: 1\ndistrict: home\nname: Home\nprovider: clever\n"
    "settings: {phone_types: [Home], manage_guardians: true}\n",
    "districts/broken.yaml": "schema: 1\n\tdistrict: [\n",
    "districts/.hidden.yaml": "schema: 1\n",
    "other.yaml": "schema: 1\ndistrict: other\nname: Other\n",
}
PROJECTS = ("schema: 1\n", "schema: 1\nbackend: nowhere\n", "schema: 1\nwaves: 7\n")


def both_ways(console: Console, *arguments: str, **environment: str) -> list[Said]:
    whole = console.run("validate", *arguments, environment=environment)
    plain = console.run(
        *arguments, environment=environment, begin=file_check.check_plainly
    )
    return [whole, plain]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    arguments=st.lists(st.sampled_from(ARGUMENTS), max_size=4),
    files=st.sets(st.sampled_from(sorted(FILES))),
    project=st.sampled_from([None, *PROJECTS]),
    variables=st.sampled_from(
        [{}, {"NO_COLOR": "1"}, {"COLUMNS": "50"}, {"CONNECTSYNC_NOW": "soon"}]
    ),
)
@example(arguments=[], files=set(), project=None, variables={})
@example(arguments=["districts"], files=set(FILES), project=None, variables={})
def test_both_ways_say_the_same_and_end_alike(
    valley: Console,
    arguments: list[str],
    files: set[str],
    project: str | None,
    variables: dict[str, str],
) -> None:
    own = (valley.folder / "connectsync.yaml").read_text()
    try:
        for name in files:
            (valley.folder / name).write_text(FILES[name])
        if project is not None:
            (valley.folder / "connectsync.yaml").write_text(project)
        whole, plain = both_ways(valley, *arguments, **variables)
    finally:
        for name in files:
            (valley.folder / name).unlink()
        (valley.folder / "connectsync.yaml").write_text(own)
    assert plain == whole


@pytest.mark.parametrize(
    "error",
    [
        errors.UsageError("no `connectsync plan`", remedy="`connectsync runs`"),
        errors.InvalidFiles("two\nlines"),
        errors.StateError("x"),
        errors.Bug("ours"),
        OSError(28, "No space left", "x.yaml"),
        RuntimeError("unforeseen"),
        KeyboardInterrupt(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_command_that_fails_ends_alike(
    valley: Console, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*_: object) -> int:
        raise error

    # this one first: imported later, it would keep what stands in for the function
    monkeypatch.setattr("connectsync.cli.validate.check_and_show", fail)
    monkeypatch.setattr("connectsync.cli.file_check.check_and_show", fail)
    whole, plain = both_ways(valley)
    log = re.compile(r"connectsync-\w+\.log")
    assert plain.status == whole.status != 0
    assert log.sub("", plain.err) == log.sub("", whole.err) != ""


@pytest.mark.parametrize(
    ("words", "variables", "plain"),
    [
        ("validate", {}, True),
        ("validate a.yaml b", {}, True),
        ("validate -", {}, False),
        ("validate --help", {}, False),
        ("validate a.yaml --strict", {}, False),
        ("validate -- a.yaml", {}, False),
        ("validate a.yaml -C x", {}, False),
        ("--quiet validate", {}, False),
        ("plan", {}, False),
        ("", {}, False),
        ("validate a", {"_CONNECTSYNC_COMPLETE": "complete_bash"}, False),
    ],
)
def test_what_has_an_option_or_is_asked_by_a_shell_goes_the_whole_way(
    words: str,
    variables: dict[str, str],
    plain: bool,  # noqa: FBT001 - a case
) -> None:
    assert is_plain_check(words.split(), variables) is plain


HOOK = """
import sys
before = set(sys.modules)
sys.argv = ["connectsync", "validate", *sys.argv[1:]]
from connectsync.__main__ import run
try:
    run()
except SystemExit as ended:
    print(ended.code, *sorted(set(sys.modules) - before), sep="\\n")
"""

NEEDLESS = {
    "dataclasses",  # makes five functions for each class
    "email",  # what validates by a schema brings it
    "hashlib",
    "inspect",
    "jsonschema_rs",
    "rich",
    "shutil",
    "threading",
    "typer",
}
MOST_MODULES = 74
"""Our own modules that a commit hook waits for: a count that may fall."""


def test_a_commit_hook_waits_for_few_imports(valley: Console) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HOOK, "districts/ca/lakeview-usd.yaml"],
        cwd=valley.folder,
        capture_output=True,
        check=True,
        text=True,
    )
    said, _, names = done.stdout.partition("\n0\n")
    loaded = names.split()
    assert said == "2 files, no findings"
    assert not NEEDLESS & {name.partition(".")[0] for name in loaded}
    assert "yaml" in loaded
    assert sum(name.startswith("connectsync") for name in loaded) <= MOST_MODULES


def test_one_file_of_many_is_checked_without_looking_at_the_others(
    valley: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> object:
        raise AssertionError

    districts = valley.folder / "districts"
    for number in range(5):
        text = f"schema: 1\ndistrict: d-{number}\nname: D\nprovider: clever\n"
        (districts / f"d-{number}.yaml").write_text(text)
    monkeypatch.setattr("connectsync.operations.validate.below", refuse)
    said = valley.run("districts/d-1.yaml", begin=file_check.check_plainly)
    assert said.out.endswith("1 file: 1 error, 1 warning\n")


def test_a_folder_that_leads_out_is_still_told_of(tmp_path: Path) -> None:
    outside, project = tmp_path / "outside", tmp_path / "project"
    outside.mkdir()
    project.mkdir()
    (project / "connectsync.yaml").write_text("schema: 1\n")
    (project / "districts").symlink_to(outside)
    (outside / "a.yaml").write_text("schema: 1\ndistrict: a\nname: A\n")
    (project / "b.yaml").write_text("schema: 1\ndistrict: b\nname: B\n")
    whole, plain = both_ways(Console(project), "b.yaml")
    assert plain == whole
    assert "leads out of the project" in plain.err
