"""Files that are none: links out, pipes, devices, folders that cannot be read."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from console import Console, Said
from ics import calendar_of
from postgres_over_network import certificates
from repositories import commit, git
from warm import run_warm

from connectsync.apply.state.opening import open_store
from connectsync.backends.browser import session
from connectsync.backends.browser.chromium import SYSTEM, WITHOUT_WINDOW
from connectsync.backends.browser.website import Website
from connectsync.cli.emulator import make_embedded_store
from connectsync.config.project import load_project
from connectsync.domain.plan_file import digest_of
from connectsync.errors import CredentialsRefused, InvalidFiles, StateError
from connectsync.files import writing
from connectsync.files.access import insist_unplanted, planted_state
from connectsync.operations.approve import people_here
from connectsync.operations.check_cache import CheckCache
from connectsync.operations.checking import ValidationOptions
from connectsync.operations.git import Git
from connectsync.report.reporter import formats_of

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
PROFILE = "districts/_profiles/clever-standard.yaml"
EVERY = (
    ["validate"],
    ["plan"],
    ["drift"],
    ["fmt", "--check"],
    ["show", "lakeview-usd"],
)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Give a file beside the project that no report may show."""
    path = tmp_path / "secret.yaml"
    path.write_text("schema: 1\ncanary-of-a-secret: 1\n", "utf-8")
    return path


@pytest.mark.parametrize("command", EVERY, ids=lambda one: one[0])
@pytest.mark.parametrize("aim", ["../secret.yaml", "/proc/self/environ"])
def test_a_district_that_links_out_of_the_project_is_refused_by_name(
    valley: Console, outside: Path, command: list[str], aim: str
) -> None:
    assert outside.is_file()
    path = valley.folder / LAKEVIEW
    path.unlink()
    path.symlink_to(aim if aim.startswith("/") else f"../../{aim}")
    said = valley.run(*command, environment={"CANARY": "canary-of-a-secret"})
    assert said.status == 1
    assert LAKEVIEW in said.both
    assert "leads out of the project" in said.both
    assert "canary-of-a-secret" not in said.both


@pytest.mark.parametrize("command", EVERY, ids=lambda one: one[0])
@pytest.mark.parametrize("file", [LAKEVIEW, PROFILE, "connectsync.yaml"])
@pytest.mark.parametrize("kept", ["secrets/gateway", ".connectsync/session.json"])
def test_no_link_leads_to_a_secret_that_lies_in_the_project(
    valley: Console, command: list[str], file: str, kept: str
) -> None:
    """Tokens of `file:` and the session lie there, beside what a commit brings."""
    secret, path = valley.folder / kept, valley.folder / file
    secret.parent.mkdir(exist_ok=True)
    secret.write_text('{"canary-of-a-secret": "canary-of-a-secret"}', "utf-8")
    path.unlink()
    path.symlink_to(os.path.relpath(secret, path.parent))
    said = valley.run(*command)
    assert "canary-of-a-secret" not in said.both
    if command[0] != "fmt" or file == LAKEVIEW:
        assert said.status != 0
        assert f"a link to '{kept}', which is no YAML" in " ".join(said.both.split())


@pytest.mark.parametrize(
    "name",
    ["shared/standard.yaml", "districts/_shared/standard.yaml"],
    ids=["beside", "in a hidden folder"],
)
def test_a_profile_is_read_as_one_by_any_of_its_names(
    valley: Console, name: str
) -> None:
    target, profile = valley.folder / name, valley.folder / PROFILE
    target.parent.mkdir()
    profile.rename(target)
    profile.symlink_to(os.path.relpath(target, profile.parent))
    links = (valley.folder / "link.yaml", valley.folder / "districts/ca/other.yaml")
    for link in links:
        link.symlink_to(os.path.relpath(profile, link.parent))
    told = valley.run("validate", PROFILE)
    assert told.status == 0
    named = [name, *(str(one.relative_to(valley.folder)) for one in links)]
    for path in (*named, "districts/ca/oth*.yaml", str(target)):
        assert valley.run("validate", path) == told, path
        assert valley.run("fmt", "--check", path).status == 0, path
        # the digest is of what was named, too
        planned = valley.run("plan", path).out.partition("on embedded")
        assert planned[0] == valley.run("plan", PROFILE).out.partition("on embedded")[0]


@pytest.mark.parametrize("folder", ["link", "link/deeper", "ca/link"])
@pytest.mark.parametrize(
    "command",
    [["new", "elm-grove", "--name", "Elm"], ["import"]],
    ids=["new", "import"],
)
def test_no_new_file_goes_through_a_link_out_of_the_project(
    valley: Console, tmp_path: Path, command: list[str], folder: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = valley.folder / "districts" / folder.removesuffix("/deeper")
    link.symlink_to(elsewhere)
    said = valley.run(*command, "--in", folder)
    assert said.status == 64
    assert f"'{folder}' is a link that leads out of the project" in said.err
    assert str(elsewhere) in said.err.replace("\n  ", "")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("name", [PROFILE, "connectsync.yaml", "live.json"])
def test_no_profile_project_file_or_seed_is_read_out_of_the_project(
    valley: Console, outside: Path, name: str
) -> None:
    path = valley.folder / name
    path.unlink()
    path.symlink_to(outside)
    for command in ("validate", "plan"):
        said = valley.run(command)
        assert said.status == 1
        assert "leads out of the project" in said.both or "link out of" in said.both
        assert "canary-of-a-secret" not in said.both


@pytest.mark.parametrize("name", ["config", "HEAD", "hooks/post-checkout"])
def test_no_link_leads_to_what_git_keeps_for_itself(valley: Console, name: str) -> None:
    kept = valley.folder / ".git" / name
    kept.parent.mkdir(parents=True)
    kept.write_text("canary: of-a-secret\n", "utf-8")
    (valley.folder / "report.json").symlink_to(f".git/{name}")
    (valley.folder / "reports").symlink_to(".git")
    for output in ("report.json", f"reports/{name}", "reports/new.json"):
        for command in (["validate", "--format", "gitlab"], ["plan"], ["snapshot"]):
            said = valley.run(*command, "--output", output)
            assert said.status == 64
            assert "leads out of the project" in " ".join(said.err.split())
    district = valley.folder / LAKEVIEW
    district.unlink()
    district.symlink_to(f"../../.git/{name}")
    for command in EVERY:
        said = valley.run(*command)
        assert said.status == 1
        assert "leads out of the project" in " ".join(said.both.split())
        assert "canary" not in said.both
    assert kept.read_text("utf-8") == "canary: of-a-secret\n"
    assert not (valley.folder / ".git/new.json").exists()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.parametrize("make", [_pipe, _device, _socket])
@pytest.mark.parametrize(
    "name", [LAKEVIEW, PROFILE, "connectsync.yaml", "live.json", "plan.json"]
)
def test_no_pipe_device_or_socket_is_waited_for(
    valley: Console, name: str, make: Callable[[Path], None]
) -> None:
    path = valley.folder / name
    path.unlink(missing_ok=True)
    make(path)
    asked = {
        "plan.json": ["apply", "plan.json", "--yes"],
        "live.json": ["--backend", "snapshot:live.json", "plan"],
    }.get(name, ["plan"])
    done = run_warm(asked, folder=valley.folder)
    assert done.returncode in {1, 5, 64}, done.stderr
    assert name in done.stderr
    assert "not a regular file" in done.stderr or "leads out" in done.stderr


def unprivileged(console: Console, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command that may not read everything, also where the tests are root."""
    return run_warm(arguments, folder=console.folder, like_others=True)


@pytest.mark.parametrize("folder", ["districts", "districts/ca", "districts/_profiles"])
@pytest.mark.parametrize("mode", [0o000, 0o300, 0o600])
@pytest.mark.sampled(4)
def test_a_folder_that_cannot_be_read_is_an_error_that_names_it(
    valley: Console, folder: str, mode: int
) -> None:
    path = valley.folder / folder
    path.chmod(mode)
    try:
        for command in ("validate", "plan", "drift"):
            done = unprivileged(valley, command)
            assert done.returncode in {1, 64}, (command, done.stdout)
            assert folder in done.stdout + done.stderr
            assert "Permission denied" in done.stdout + done.stderr
    finally:
        path.chmod(0o755)


def test_a_linked_folder_within_the_project_is_read_once(valley: Console) -> None:
    (valley.folder / "districts/ca").rename(valley.folder / "california")
    (valley.folder / "districts/ca").symlink_to("../california")
    (valley.folder / "california/loop").symlink_to("../districts")
    said = valley.run("validate")
    assert "4 files" in said.out
    assert LAKEVIEW not in said.err
    (valley.folder / "districts/more").symlink_to("../california")
    said = valley.run("validate")
    assert (said.status, said.out) == (1, "")
    assert "districts/ca and districts/more are one folder" in said.err


@pytest.mark.parametrize("command", EVERY, ids=lambda one: one[0])
def test_a_linked_folder_that_leaves_the_project_is_refused(
    valley: Console, tmp_path: Path, command: list[str]
) -> None:
    (valley.folder / "districts/ca").rename(tmp_path / "elsewhere")
    (valley.folder / "districts/ca").symlink_to(tmp_path / "elsewhere")
    said = valley.run(*command)
    assert said.status == 1
    assert "districts/ca is a link that leads out of the project" in said.err


def test_a_folder_that_was_linked_and_is_gone_is_an_error(valley: Console) -> None:
    shutil.rmtree(valley.folder / "districts/ca")
    (valley.folder / "districts/ca").symlink_to("../california")
    said = valley.run("validate")
    assert said.status == 1
    assert "districts/ca is a link that cannot be followed" in said.err


@pytest.mark.parametrize("stated", ["/", "/usr", "../..", "/proc"])
def test_districts_are_no_folder_of_the_machine(valley: Console, stated: str) -> None:
    project = valley.folder / "connectsync.yaml"
    project.write_text(f"{project.read_text('utf-8')}districts: {stated}\n", "utf-8")
    for command in ("validate", "plan", "fmt"):
        said = valley.run(command)
        assert said.status == 1
        assert "lies outside the project" in said.err


@pytest.mark.parametrize(
    "stated",
    [
        "districts: cal/../districts",
        "districts: ./cal//./../districts",
        "districts: districts/..",
        "baseline: cal/../known.json",
        "backend: snapshot:cal/../live.json",
    ],
)
def test_no_path_of_the_project_file_steps_up_behind_what_may_be_a_link(
    valley: Console, stated: str
) -> None:
    """The system follows the link first, and git does not."""
    (valley.folder / "deep/inner").mkdir(parents=True)
    (valley.folder / "cal").symlink_to("deep/inner")
    project = valley.folder / "connectsync.yaml"
    key = stated.partition(":")[0]
    kept = "".join(
        line
        for line in project.read_text("utf-8").splitlines(keepends=True)
        if not line.startswith(f"{key}:")
    )
    project.write_text(f"{kept}{stated}\n", "utf-8")
    for command in ("validate", "plan"):
        said = valley.run(command)
        assert (said.status, "steps up behind a folder" in said.err) == (1, True)


ELSEWHERE = "//evil.example/share/x"


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the paths of that machine that anyone looked at."""
    seen: list[str] = []

    def spy(look: Callable[..., object]) -> Callable[..., object]:
        def spied(path: object, *given: object, **more: object) -> object:
            seen.extend(one for one in [str(path)] if "evil.example" in one)
            return look(path, *given, **more)

        return spied

    for name in ("stat", "lstat", "open", "readlink", "scandir"):
        monkeypatch.setattr(os, name, spy(getattr(os, name)))
    return seen


@pytest.mark.parametrize("slashes", ["//", "\\\\", "/\\"])
@pytest.mark.parametrize(
    "stated",
    [
        "districts: PATH",
        "baseline: PATH",
        "backend: snapshot:PATH",
        "state: {dir: PATH}",
        "state: {url: file:PATH}",
        "backends: {embedded: {seed: PATH}}",
        "backends: {browser: {url: https://c.example, session: PATH}}",
        "backends: {gateway: {url: https://c.example, token: file:PATH}}",
        "roster: {guardians_sample: PATH.csv}",
        "roster: {source: 'PATH/{district}'}",
        "roster: {districts: {lakeview-usd: PATH}}",
        "calendars: [{name: a, holidays: [PATH.ics]}]",
        "notify: {webhooks: [{name: a, url: file:PATH}]}",
    ],
)
@pytest.mark.sampled(12)
def test_no_path_of_the_project_file_leads_to_another_machine(
    valley: Console, looked: list[str], stated: str, slashes: str
) -> None:
    """Windows signs in there as soon as anyone looks."""
    path = ELSEWHERE.replace("//", slashes, 1)
    project = "schema: 1\n" + stated.replace("PATH", path) + "\n"
    (valley.folder / "connectsync.yaml").write_text(project, "utf-8")
    for command in ("validate", "plan", "runs"):
        said = valley.run(command)
        assert said.status == 1, said.both
        assert "connectsync.yaml:2:" in said.err
    assert not looked


def test_no_token_of_a_district_is_looked_for_on_another_machine(
    valley: Console, looked: list[str]
) -> None:
    valley.replace(LAKEVIEW, "env:LAKEVIEW_USD_TOKEN", f"file:{ELSEWHERE}")
    folder = {"CONNECTSYNC_TOKEN_FOLDERS": "/"}
    said = valley.run("doctor", environment=folder)
    assert "is no district's token, so it is not read" in " ".join(said.both.split())
    assert not looked


def test_a_plan_is_of_no_files_on_another_machine(
    valley: Console, looked: list[str]
) -> None:
    path = valley.folder / "plan.json"
    assert valley.run("plan", "--out", "plan.json", LAKEVIEW).status == 0
    data = json.loads(path.read_text("utf-8"))
    data["scope"] = [ELSEWHERE]
    path.write_text(json.dumps(data | {"digest": digest_of(data)}), "utf-8")
    valley.run("show", "plan.json")
    said = valley.run("apply", "plan.json")
    assert "the plan is of files outside the project" in said.err
    assert not looked


@pytest.mark.parametrize(
    "other",
    [
        "connectsync.yml",
        "Connectsync.yaml",
        "connectsync.json",
        ".connectsync.yaml",
        "connectsync.yaml.yaml",
        "connectsync.yaml.yml.txt",
        "connect-sync.yaml",
    ],
)
def test_a_project_file_of_another_name_is_refused_not_ignored(
    valley: Console, other: str
) -> None:
    (valley.folder / "connectsync.yaml").rename(valley.folder / other)
    for here in (valley, Console(valley.folder / "districts")):
        for command in (["validate"], ["plan"], ["apply", "--yes"]):
            said = here.run(*command)
            assert said.status == 1
            assert f"{other} is not read; rename it to connectsync.yaml" in said.err
    assert not (valley.folder / ".connectsync").exists()


def test_two_project_files_are_an_error(valley: Console) -> None:
    shutil.copy(valley.folder / "connectsync.yaml", valley.folder / "connectsync.yml")
    said = valley.run("validate")
    assert said.status == 1
    assert "connectsync.yml is not read, and lies beside connectsync.yaml" in said.err


def test_a_project_file_that_leads_nowhere_is_not_ignored(valley: Console) -> None:
    (valley.folder / "connectsync.yaml").unlink()
    (valley.folder / "connectsync.yaml").symlink_to("gone.yaml")
    for here in (valley, Console(valley.folder / "districts")):
        said = here.run("validate")
        assert said.status == 1
        assert "connectsync.yaml:1:1: the file cannot be read" in said.err


class TestFilesThatHoldNoDistrict:
    """Files below ``_`` and ``.`` folders, and files that begin with a dot."""

    @pytest.fixture
    def archive(self, valley: Console) -> Console:
        folder = valley.folder / "districts/_archive"
        folder.mkdir()
        (folder / "broken.yaml").write_text("broken: [\n", "utf-8")
        (valley.folder / "districts/ca/.#lakeview-usd.yaml").symlink_to("me@host.1")
        (valley.folder / "districts/ca/._lakeview-usd.yaml").write_bytes(b"\0\5\26\7")
        return valley

    def test_no_command_reads_them(self, archive: Console) -> None:
        for command in (["validate"], ["plan"], ["drift"], ["fmt", "--check"]):
            said = archive.run(*command)
            assert "broken" not in said.both
            assert "._" not in said.both
            assert ".#" not in said.both

    @pytest.mark.parametrize(
        "name",
        ["districts/_archive/broken.yaml", "districts/_archive",
         "districts/ca/.#lakeview-usd.yaml", "districts/ca/._lakeview-usd.yaml",
         "districts/_archive/*.yaml"],
    )  # fmt: skip
    def test_one_that_a_hook_names_is_left_out_with_a_word(
        self, archive: Console, name: str
    ) -> None:
        for command in ("validate", "fmt"):
            said = archive.run(command, name)
            assert said.status == 0
            assert "left out: " in said.err
            assert "holds no district" in said.err
        said = archive.run("plan", name)
        assert said.status == 64
        assert "holds no district" in said.err
        both = archive.run("validate", name, LAKEVIEW)
        assert "left out: " in both.err
        assert "2 files" in both.out

    @pytest.mark.parametrize(
        "pattern", ["districts/**/*.yaml", "districts/*/*.yaml", "districts/**"]
    )
    def test_no_glob_matches_them(self, archive: Console, pattern: str) -> None:
        said = archive.run("validate", pattern)
        assert said.status == 0, said.both
        assert "left out" not in said.err

    def test_a_snapshot_of_none_is_not_one_of_all(self, archive: Console) -> None:
        said = archive.run("snapshot", "districts/_archive/broken.yaml")
        assert said.status == 64
        assert said.out == ""


def test_brackets_in_the_name_of_a_folder_are_no_pattern(
    valley: Console, tmp_path: Path
) -> None:
    folder = tmp_path / "[dev] * a?"
    valley.folder.rename(folder)
    (folder / "districts/ca").rename(folder / "districts/[ca]")
    for here, pattern in (
        (folder, "districts/[[]ca]/*.yaml"),
        (folder, "districts/[ca]/*.yaml"),
        (folder, "districts/*/l*.yaml"),
        (folder / "districts", "*/l*.yaml"),
        (tmp_path, f"{folder}/districts/*/l*.yaml"),
    ):
        said = Console(here).run("-C", str(folder), "validate", str(here / pattern))
        assert said.status == 0, said.err
        assert "no findings" in said.out


def test_a_glob_through_links_that_loop_ends(valley: Console) -> None:
    for name in ("one", "two", "three"):
        (valley.folder / "districts" / name).symlink_to(".")
    said = valley.run("validate", "districts/**/*.yaml")
    assert "4 files" in said.out


@pytest.mark.parametrize("command", ["validate", "plan", "init", "snapshot"])
def test_in_a_folder_that_is_gone_it_is_said(valley: Console, command: str) -> None:
    gone = valley.folder / "gone"
    gone.mkdir()
    script = f"rmdir ../gone; exec {sys.executable} -m connectsync {command}"
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=gone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 64, done.stderr
    assert "the current folder is gone" in done.stderr or "cannot" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_district_whose_profile_is_a_circle_is_shown_its_fault(
    valley: Console,
) -> None:
    path = valley.folder / PROFILE
    text = path.read_text("utf-8")
    path.write_text(
        text.replace("schema: 1\n", "schema: 1\nprofile: clever-standard\n")
    )
    said = valley.run("show", "lakeview-usd")
    assert said.status == 1
    assert f"{PROFILE}:2: profiles build on each other in a circle" in said.err
    assert "did you mean" not in said.err


FORGED = (
    "x\n::error::FORGED\nerror: FORGED\r\x1b[31m\n  = help: FORGED\n  FORGED: y"
    "\u2028FORGED\x85FORGED\nconnectsync.yaml:1:1: FORGED\nFORGED.yaml"
)

FORGERIES = ("FORGED", "connectsync.yaml:1:1: FORGED")
ANYWHERE = ("::error::FORGED", "error: FORGED", "= help: FORGED")
"""How no line may begin, whatever stands before it to the left."""


@pytest.mark.parametrize(
    "command",
    [
        *(["validate", "--format", one] for one in formats_of("findings")),
        ["plan"],
        ["plan", "--changed-since", "HEAD"],
        ["drift"],
        ["apply", "--yes"],
        ["reconcile"],
        ["fmt"],
        ["import"],
        ["doctor"],
        ["snapshot"],
        ["show", f"districts/{FORGED}"],
        ["validate", f"districts/{FORGED}"],
        ["plan", f"districts/{FORGED}"],
        ["apply", FORGED],
        ["--backend", f"snapshot:{FORGED}", "plan"],
        ["plan", "--output", FORGED],
        ["new", "foo-usd", "--name", "Foo", "--profile", FORGED],
        ["--log-format", "json", "plan"],
    ],
    ids=lambda one: " ".join(one).partition("x\n")[0],
)  # fmt: skip
@pytest.mark.parametrize("broken", [True, False])
def test_no_name_of_a_file_forges_a_line(
    valley: Console, command: list[str], *, broken: bool
) -> None:
    text = (valley.folder / LAKEVIEW).read_text("utf-8")
    spoiled = text.replace("schema: 1", "schema: 1\nnope: 1") if broken else text
    (valley.folder / "districts" / FORGED).write_text(spoiled, "utf-8")
    said = valley.run(*command)
    assert said.status != 70
    assert "\x1b" not in said.both
    assert "\r" not in said.both
    assert not forged(said)


def forged(said: Said) -> list[str]:
    """Give the lines that a name has begun, as the programs see them that read them."""
    return [
        *(one for one in said.both.splitlines() if one.startswith(FORGERIES)),
        *(one for one in said.both.splitlines() if one.lstrip().startswith(ANYWHERE)),
        *(one for one in said.err.splitlines() if one.startswith("  FORGED")),
    ]


def test_no_name_in_an_error_of_the_project_file_begins_a_line(
    valley: Console,
) -> None:
    # an error of the project file has lines of its own, which look just like it
    for key in ("districts", "backend"):
        project = valley.folder / "connectsync.yaml"
        text = project.read_text("utf-8")
        named = json.dumps(f"../{FORGED}")
        project.write_text(f"{text}{key}: {named}\nnope: 1\n", "utf-8")
        for arguments in ([], ["--log-format", "json"]):
            said = valley.run("validate", *arguments)
            assert said.status == 1
            assert not forged(said)
        project.write_text(text, "utf-8")


def test_an_error_keeps_its_own_lines_and_spells_those_of_others() -> None:
    error = InvalidFiles(f"{FORGED}: is no file", below=["  a: x\ny"], remedy="a\nb")
    assert error.message.splitlines() == [
        (
            r"x\n::error::FORGED\nerror: FORGED\r"
            "\x1b[31m"
            r"\n  = help: FORGED\n  FORGED: y\u2028FORGED\x85FORGED"
            r"\nconnectsync.yaml:1:1: FORGED\nFORGED.yaml: is no file"
        ),
        r"  a: x\ny",
    ]
    assert error.remedy == r"a\nb"


def test_a_profile_is_the_same_however_its_accents_are_spelled(
    valley: Console,
) -> None:
    apart, whole = "Archive\u0301", "Archiv\u00e9"
    for file, named in ((apart, whole), (whole, apart)):
        profile = valley.folder / f"districts/_profiles/{file}.yaml"
        profile.write_text(
            "schema: 1\nprovider: clever\nsettings: {unarchive_classrooms: false}\n",
            "utf-8",
        )
        path = valley.folder / LAKEVIEW
        text = path.read_text("utf-8")
        layered = text.replace(
            "profile: clever-standard", f"profile: [clever-standard, {named}]"
        )
        path.write_text(layered, "utf-8")
        said = valley.run("validate")
        assert said.status == 0, said.both
        assert "3 files" in valley.run("validate", str(profile)).out
        profile.unlink()
        path.write_text(text, "utf-8")


class TestNothingOfAPullRequestRuns:
    """What the files of a fork say is data."""

    def test_no_command_of_the_project_file_runs(self, valley: Console) -> None:
        project = valley.folder / "connectsync.yaml"
        text = project.read_text("utf-8")
        command = "command:touch ran"
        project.write_text(f"{text}state: {{url: '{command}'}}\n", "utf-8")
        for run in (
            ["plan"], ["--backend", "snapshot:live.json", "plan"], ["drift"],
            ["apply", "--yes"], ["runs"], ["reconcile"], ["doctor"],
        ):  # fmt: skip
            said = valley.run(*run)
            assert said.status != 0
            assert "is not run" in said.both, run
        assert not (valley.folder / "ran").exists()

    def test_doctor_runs_the_commands_of_districts_only_if_asked(
        self, valley: Console
    ) -> None:
        path = valley.folder / LAKEVIEW
        text = path.read_text("utf-8")
        path.write_text(
            text.replace("env:LAKEVIEW_USD_TOKEN", "command:touch ran"), "utf-8"
        )
        assert "command:touch ran" in path.read_text("utf-8")
        allowed = {"CONNECTSYNC_ALLOW_COMMANDS": "1"}
        said = valley.run("doctor", environment=allowed)
        assert "1 token command not run" in " ".join(said.out.split())
        assert not (valley.folder / "ran").exists()
        valley.run("doctor", "--run-commands")
        assert (valley.folder / "ran").exists()

    def test_scripts_of_workflows_import_nothing_of_the_repository(self) -> None:
        root = Path(__file__).resolve().parents[2]
        for path in (root / "action.yml", *(root / ".github").rglob("*.yml"),
                     *(root / "deploy").rglob("*.yml")):  # fmt: skip
            for line in path.read_text("utf-8").splitlines():
                called = re.findall(r"\bpython3? +(\S+)", line)
                assert all(first == "-I" for first in called), (path.name, line)


def scripts_of(steps: list[dict[str, Any]]) -> dict[str, str]:
    """Give the scripts of steps by name, in their order."""
    return {step["name"]: step["run"] for step in steps if "run" in step}


def as_a_runner(
    script: str, folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the script of a step as a runner of GitHub does."""
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def standing_scripts() -> dict[str, str]:
    """Give the scripts of our jobs that may stand in the tree of a change, by name."""
    root = Path(__file__).resolve().parents[2]
    action = yaml.safe_load((root / "action.yml").read_text("utf-8"))
    scripts = scripts_of(action["runs"]["steps"])
    gitlab = root / "deploy" / "gitlab" / "connectsync.gitlab-ci.yml"
    jobs = yaml.safe_load(gitlab.read_text("utf-8"))
    for name, job in jobs.items():
        if script := "\n".join(job.get("script", ())):
            scripts[name] = script
    return scripts


def test_jobs_import_nothing_of_the_repository_whatever_the_machine_is_set_to(
    valley: Console, tmp_path: Path
) -> None:
    """In an empty entry of PYTHONPATH Python finds the folder under review."""
    project = valley.folder
    (project / "yaml.py").write_text("import os\nos.mkdir('ran')\n", "utf-8")
    scripts = standing_scripts()
    assert len(scripts) == 10
    begins = {tuple(script.splitlines()[:7]) for script in scripts.values()}
    ((_, python, libraries, *_, path),) = begins
    assert python.startswith("unset PYTHONPATH ")
    assert libraries.startswith('case ":${LD_LIBRARY_PATH-/}:"')
    assert path.endswith('PATH="${PATH#:}"')
    for name in ("Validate", "connectsync-validate"):
        said = as_a_runner(
            scripts[name],
            project,
            PATH=os.pathsep.join(
                [str(Path(sys.executable).parent), os.environ["PATH"]]
            ),
            CONNECTSYNC="connectsync",
            PROJECT=".",
            REPORT=".",
            GITHUB_STEP_SUMMARY=str(tmp_path / "summary"),
            PYTHONPATH=os.pathsep,
            PYTHONHOME="elsewhere",
            PYTHONPYCACHEPREFIX="compiled",
            PYTHONUSERBASE="here",
        )
        assert not (project / "compiled").exists(), name
        assert "4 files, no findings" in said.stdout, said.stderr
        assert not (project / "ran").exists(), name


@pytest.mark.parametrize(
    "name", ["Validate", "connectsync-validate", "connectsync-plan"]
)
def test_jobs_run_no_program_of_the_repository_whatever_path_the_machine_has(
    valley: Console, tmp_path: Path, name: str
) -> None:
    project = valley.folder
    (project / "bin").mkdir()
    for planted in ("rm", "cat", "git", "mkdir", "dirname", "connectsync", "python3"):
        for file in (project / planted, project / "bin" / planted):
            file.write_text(f"#!/bin/sh\n/bin/mkdir {tmp_path}/ran\n", "utf-8")
            file.chmod(0o700)
    scripts = standing_scripts()
    of_its_job = [scripts["Look at the folder of reports"], scripts[name]]
    usual = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for script in of_its_job[name != "Validate" :]:
        as_a_runner(
            script,
            project,
            PATH=f":.:bin:{usual}:",
            CONNECTSYNC="connectsync",
            PROJECT=".",
            REPORT="reports",
            GITHUB_STEP_SUMMARY=str(tmp_path / "summary"),
            CONNECT_GATEWAY_TOKEN="of the gateway",  # noqa: S106 - of no gateway
            CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main",
        )
        assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("/opt/a b:/opt/*", "/opt/a b:/opt/*"),
        (":/opt/a:.:b/c::", "/opt/a"),
        (".", "/usr/bin:/bin"),
        ("", "/usr/bin:/bin"),
    ],
)
@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_jobs_search_only_folders_that_are_spelled_whole(
    given: str, kept: str, shell: str
) -> None:
    script = standing_scripts()["connectsync-plan"].splitlines()[:7]
    shown = "\n".join([*script, 'printf %s "$PATH"'])
    said = subprocess.run(
        [f"/bin/{shell}", "-euc", shown],
        env={"PATH": given},
        capture_output=True,
        check=True,
    )
    assert said.stdout.decode() == kept


def test_the_comment_is_written_through_no_link(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    file = root / ".github" / "workflows" / "connectsync.yml"
    jobs = yaml.safe_load(file.read_text("utf-8"))["jobs"].values()
    scripts = {
        name: script
        for job in jobs
        for name, script in scripts_of(job["steps"]).items()
    }
    away, reports = tmp_path / "away", tmp_path / "tree" / "connectsync-report"
    away.write_text("of somebody else")
    reports.mkdir(parents=True)
    (reports / "plan.md").write_text("the plan")
    for name in ("comment.md", "shown.md"):
        (reports / name).symlink_to(away)
    told = {"HEAD": "1", "BASE": "main", "DIGEST": "2", "STATUS": "2"}
    done = as_a_runner(scripts["Write the comment"], reports.parent, **told)
    assert done.returncode == 0, done.stderr
    assert "the plan" in (reports / "comment.md").read_text("utf-8")
    assert not (reports / "shown.md").is_symlink()
    assert away.read_text() == "of somebody else"


@pytest.mark.parametrize("linked", ["reports", "deep", "deep/reports", ""])
def test_the_action_writes_its_reports_through_no_link(
    tmp_path: Path, linked: str
) -> None:
    root = Path(__file__).resolve().parents[2]
    action = yaml.safe_load((root / "action.yml").read_text("utf-8"))
    scripts = scripts_of(action["runs"]["steps"])
    away, tree = tmp_path / "away", tmp_path / "tree"
    (away / "reports").mkdir(parents=True)
    tree.mkdir()
    report = "reports" if linked == "reports" else "deep/reports"
    if linked:
        (tree / linked).parent.mkdir(exist_ok=True)
        (tree / linked).symlink_to(away)
    look = "Look at the folder of reports"
    for named in (report, f"{tree}/{report}", f"./{report}//"):
        done = as_a_runner(scripts[look], tree, REPORT=named)
        assert done.returncode == (64 if linked else 0), done.stderr
        assert ("::error::" in done.stdout) == bool(linked)
        assert linked or (tree / report).is_dir()
    names = list(scripts)
    later = map(names.index, ["Validate", "Plan", "Reconcile"])
    assert names.index(look) < min(later)


def test_the_hooks_take_what_districts_are_and_no_more() -> None:
    root = Path(__file__).resolve().parents[2]
    hooks = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text("utf-8"))
    patterns = {one["id"]: re.compile(one["files"]) for one in hooks}
    taken = ("districts/a.yaml", "districts/ca/b/c.yml", "districts/_profiles/p.yaml")
    left = ("districts/_old/a.yaml", "districts/ca/_old/a.yaml", "districts/.x/a.yaml",
            "districts/ca/.#a.yaml", "districts/._a.yaml", "districts/a.txt",
            "districts/_profiles/.p.yaml")  # fmt: skip
    for name, pattern in patterns.items():
        assert all(pattern.search(one) for one in taken), name
        assert not any(pattern.search(one) for one in left), name
    fleet = patterns["connectsync-fleet"]
    for one in ("connectsync.yaml", "connectsync.yml", "Connectsync.YAML",
                "connectsync.json"):  # fmt: skip
        assert fleet.search(one), one


class TestProjectsOfOthers:
    """A project file that is only found, and that another user wrote."""

    @pytest.fixture
    def below(self, valley: Console, monkeypatch: pytest.MonkeyPatch) -> Console:
        # of a file of ours, so that no right of root is needed
        monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 4711)
        monkeypatch.setattr("connectsync.files.access.SYSTEM", 4712)
        return Console(valley.folder / "districts")

    def test_it_is_not_used(self, below: Console) -> None:
        for command in ("validate", "plan"):
            said = below.run(command)
            assert said.status == 64
            assert "connectsync.yaml belongs to another user" in said.err
            assert "-C" in said.err

    def test_it_is_used_where_it_is_named_or_stood_in(self, below: Console) -> None:
        assert below.run("-C", "..", "validate").status == 0
        assert Console(below.folder.parent).run("validate").status == 0


class TestASharedFolder:
    """Things that another user laid into a folder that anyone may write to."""

    @pytest.fixture
    def hers(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
        """Give what makes a thing that of another user, who is no system either."""
        if os.geteuid() == 0:
            return lambda path: os.chown(path, 4711, 4711, follow_symlinks=False)
        ours = os.geteuid()
        monkeypatch.setattr("os.geteuid", lambda: ours + 4711)
        return lambda _: None

    @pytest.fixture
    def shared(self, tmp_path: Path) -> Path:
        path = tmp_path / "shared"
        path.mkdir()
        path.chmod(0o1777)
        return path

    @pytest.mark.parametrize(
        "command",
        [
            ["plan", "--out", "{}"],
            ["plan", "--output", "{}"],
            ["validate", "--format", "sarif", "--output", "{}"],
            ["snapshot", "--output", "{}"],
            ["drift", "--format", "json", "--output", "{}"],
            ["apply", "--yes", LAKEVIEW, "--metrics", "{}"],
        ],
        ids=" ".join,
    )
    @pytest.mark.parametrize("below", ["", "/more"])
    def test_nothing_is_written_through_a_link_of_another_user(
        self,
        valley: Console,
        shared: Path,
        hers: Callable[[Path], None],
        command: list[str],
        below: str,
    ) -> None:
        ours = valley.folder / "ours"
        ours.mkdir()
        (ours / "more").write_text("kept", "utf-8")
        link = shared / "report.json"
        link.symlink_to(ours if below else ours / "more")
        hers(link)
        said = valley.run(*(one.format(f"{link}{below}") for one in command))
        assert (ours / "more").read_text("utf-8") == "kept"
        assert "another user made what is there" in " ".join(said.err.split())
        # a file of metrics that cannot be written is told, and undoes no work
        assert said.status != 0 or "--metrics" in command

    def test_nothing_is_written_through_a_link_in_a_folder_of_another_user(
        self, valley: Console, shared: Path, hers: Callable[[Path], None]
    ) -> None:
        ours = valley.folder / "ours"
        ours.write_text("kept", "utf-8")
        theirs = shared / "reports"
        theirs.mkdir(mode=0o755)
        (theirs / "plan.txt").symlink_to(ours)
        hers(theirs / "plan.txt")
        hers(theirs)
        said = valley.run("plan", "--output", str(theirs / "plan.txt"))
        assert said.status == 64
        assert "another user made what is there" in " ".join(said.err.split())
        assert ours.read_text("utf-8") == "kept"

    def test_nothing_is_written_through_a_link_in_a_folder_that_a_group_shares(
        self, tmp_path: Path, valley: Console, hers: Callable[[Path], None]
    ) -> None:
        if os.geteuid():
            pytest.skip("only root gives things away")
        ours, folder = valley.folder / "ours", tmp_path / "group"
        ours.write_text("kept", "utf-8")
        folder.mkdir(mode=0o775)
        (folder / "plan.txt").symlink_to(ours)
        hers(folder / "plan.txt")
        said = valley.run("plan", "--output", str(folder / "plan.txt"))
        assert said.status == 64
        assert ours.read_text("utf-8") == "kept"

    def test_a_link_that_is_laid_after_the_look_is_not_followed(
        self, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        victim, path = tmp_path / "victim", shared / "plan.md"
        victim.write_text("kept", "utf-8")
        look = insist_unplanted

        def laid_after_it(asked: Path) -> Path:
            end = look(asked)
            path.symlink_to(victim)
            return end

        monkeypatch.setattr(writing, "insist_unplanted", laid_after_it)
        writing.write_whole(path, "a report")
        assert victim.read_text("utf-8") == "kept"
        assert not path.is_symlink()
        assert path.read_text("utf-8") == "a report"

    def test_no_file_is_written_that_took_the_place_of_a_pipe_after_the_look(
        self, valley: Console, shared: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A link of another user that leads to a device first, and then to a file."""
        ours, path = valley.folder / "ours", shared / "plan.txt"
        ours.write_text("kept", "utf-8")
        path.symlink_to(os.devnull)
        look = Path.is_file

        def exchanged(asked: Path) -> bool:
            found = look(asked)
            if asked == path:
                path.unlink()
                path.symlink_to(ours)
            return found

        monkeypatch.setattr(Path, "is_file", exchanged)
        said = valley.run("plan", "--output", str(path))
        assert said.status == 64
        assert "something else took its place" in " ".join(said.err.split())
        assert ours.read_text("utf-8") == "kept"

    def test_no_pipe_of_another_user_is_waited_for(
        self, valley: Console, shared: Path, hers: Callable[[Path], None]
    ) -> None:
        pipe = shared / "report.txt"
        os.mkfifo(pipe)
        hers(pipe)
        said = valley.run("plan", "--output", str(pipe))
        assert said.status == 64
        assert "another user made what is there" in " ".join(said.err.split())

    def test_our_own_link_there_is_followed(
        self, valley: Console, shared: Path
    ) -> None:
        (shared / "report.txt").symlink_to(valley.folder / "real.txt")
        assert valley.run("plan", "--output", str(shared / "report.txt")).status == 0
        assert (valley.folder / "real.txt").is_file()

    @pytest.mark.parametrize(
        "name", ["state.db", "state.db-wal", "connect.db", "session.json", "runners"]
    )
    def test_no_state_is_used_that_another_user_put_there(
        self, valley: Console, shared: Path, hers: Callable[[Path], None], name: str
    ) -> None:
        told = ["--state-dir", str(shared)]
        assert valley.run(*told, "plan").status == 0
        planted = shared / name
        if planted.is_dir():
            shutil.rmtree(planted)
        planted.unlink(missing_ok=True)
        planted.symlink_to(valley.folder / "theirs")
        hers(planted)
        for command in (["plan"], ["runs"], ["apply", "--yes", LAKEVIEW]):
            said = valley.run(*told, *command)
            assert said.status == 1
            assert f"{name} belongs to another user" in " ".join(said.err.split())
        assert not (valley.folder / "theirs").exists()

    @pytest.mark.parametrize("below", ["", "more"])
    @pytest.mark.parametrize("kind", ["a folder", "a link"])
    def test_no_state_is_used_in_a_folder_that_another_user_made_there(
        self,
        valley: Console,
        shared: Path,
        hers: Callable[[Path], None],
        kind: str,
        below: str,
    ) -> None:
        theirs = shared / "state"
        if kind == "a link":
            theirs.symlink_to(valley.folder / "ours")
            (valley.folder / "ours").mkdir()
        else:
            theirs.mkdir(mode=0o755)
        hers(theirs)
        told = ["--state-dir", str(theirs / below)]
        for command in (["plan"], ["runs"], ["apply", "--yes", LAKEVIEW]):
            said = valley.run(*told, *command)
            assert said.status == 1
            assert f"{theirs} belongs to another user" in " ".join(said.err.split())
        assert list(theirs.iterdir()) == []

    def test_no_state_is_used_that_another_user_put_there_after_the_look(
        self, valley: Console, shared: Path, hers: Callable[[Path], None]
    ) -> None:
        """The command has looked already: what is there now is looked at again."""
        theirs = shared / "state"
        theirs.mkdir(mode=0o755)
        for name in ("state.db", "session.json", "checked.json"):
            (theirs / name).write_text('{"cookies": []}', "utf-8")
            hers(theirs / name)
        hers(theirs)
        for folder in (theirs, theirs / "more"):
            with (
                pytest.raises(StateError, match="another user made"),
                open_store(folder),
            ):
                pass
        project = load_project(valley.folder)
        with pytest.raises(StateError, match="another user made what is there"):
            make_embedded_store(theirs / "connect.db", project, ())
        asked = ValidationOptions(date(2027, 1, 15), {})
        assert "another user" in CheckCache.at(theirs, asked).problem
        assert {one.name for one in theirs.iterdir()} == {
            "state.db",
            "session.json",
            "checked.json",
        }
        (theirs / "state.db").rename(shared / "state.db")
        with pytest.raises(StateError, match="another user made"), open_store(shared):
            pass

    def test_no_session_is_kept_or_read_that_another_user_put_there_after_the_look(
        self, shared: Path, hers: Callable[[Path], None]
    ) -> None:
        theirs = shared / "sessions"
        theirs.mkdir(mode=0o777)
        kept = theirs / "kept.json"
        kept.write_text('{"cookies": []}', "utf-8")
        hers(kept)
        hers(theirs)
        page = Website("https://connect.test", session=kept, evidence=theirs)
        with pytest.raises(CredentialsRefused, match="another user made"):
            session._session_of(page)  # noqa: SLF001 - a browser is not needed for it
        with pytest.raises(StateError, match="another user made what is there"):
            session._keep(theirs / "new.json", "{}")  # noqa: SLF001 - as above
        assert list(theirs.iterdir()) == [kept]

    def test_a_state_folder_that_is_ours_is_used_in_a_folder_for_all(
        self, shared: Path
    ) -> None:
        for _ in range(2):
            with open_store(shared / "state" / "more"):
                pass
        assert stat.S_IMODE((shared / "state").stat().st_mode) == 0o700

    @pytest.fixture
    def store_of_hers(self, shared: Path, hers: Callable[[Path], None]) -> Path:
        store = shared / "state.db"
        store.write_text("", "utf-8")
        hers(store)
        return store

    def test_no_state_is_overlooked_where_files_vanish_meanwhile(
        self, store_of_hers: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who puts a store there makes and removes others, for a look to end early."""
        shared, look = store_of_hers.parent, Path.lstat

        def vanished(path: Path) -> os.stat_result:
            if path.name in {"connect.db", "evidence"}:
                raise FileNotFoundError(2, "No such file", str(path))
            return look(path)

        for name in ("connect.db", "evidence"):
            (shared / name).write_text("", "utf-8")
        monkeypatch.setattr(Path, "lstat", vanished)
        assert planted_state(shared) == store_of_hers

    def test_no_state_is_overlooked_in_a_folder_that_may_not_be_listed(
        self, store_of_hers: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unlisted(path: Path) -> None:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "iterdir", unlisted)
        assert planted_state(store_of_hers.parent) == store_of_hers

    def test_no_project_file_is_used_behind_a_link_of_another_user(
        self, shared: Path, hers: Callable[[Path], None]
    ) -> None:
        """It leads nowhere as it is looked at, and to a file of theirs afterward."""
        (shared / "work").mkdir()
        left = shared / "connectsync.yaml"
        left.symlink_to(shared / "for-a-moment")
        hers(left)
        said = Console(shared / "work").run("validate")
        assert "connectsync.yaml belongs to another user" in " ".join(said.err.split())
        assert said.status == 64

    def test_no_project_file_is_used_that_another_user_left_there(
        self, shared: Path, hers: Callable[[Path], None]
    ) -> None:
        left = shared / "connectsync.yaml"
        left.write_text("schema: 1\n", "utf-8")
        hers(left)
        if os.geteuid():
            # the folder must not be that user's own
            pytest.skip("only root gives things away")
        said = Console(shared).run("validate")
        assert said.status == 64
        assert "connectsync.yaml belongs to another user" in " ".join(said.err.split())
        assert "belongs" not in Console(shared).run("-C", ".", "validate").err


@pytest.mark.parametrize("stated", ["var/state", "ci-state"])
def test_no_link_leads_the_state_out_of_the_project(
    valley: Console, tmp_path_factory: pytest.TempPathFactory, stated: str
) -> None:
    """A commit could bring it: what was launched and counted would be forgotten."""
    outside = tmp_path_factory.mktemp("outside")
    (valley.folder / stated.split("/", maxsplit=1)[0]).symlink_to(outside)
    for command in (["plan"], ["runs"], ["apply", "--yes", LAKEVIEW]):
        said = valley.run("--state-dir", stated, *command)
        assert said.status == 1
        assert "leads out of the project" in " ".join(said.err.split())
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize(
    "where",
    [
        {"PLAYWRIGHT_BROWSERS_PATH": ".pw"},
        {"PLAYWRIGHT_BROWSERS_PATH": "{here}/.pw"},
        {"PLAYWRIGHT_BROWSERS_PATH": "{here}"},
        {"PLAYWRIGHT_NODEJS_PATH": "{here}/.pw/node"},
        {"XDG_CACHE_HOME": "{here}/.cache"},
        {"HOME": "{here}"},
    ],
    ids=str,
)
def test_no_browser_that_a_commit_brings_along_is_run(
    valley: Console, where: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a CI caches browsers in its workspace, a change can put one there."""
    for place in (".pw", ".cache/ms-playwright"):
        brought = valley.folder / place / "chromium-1" / "chrome"
        brought.parent.mkdir(parents=True)
        brought.write_text("#!/bin/sh\ntouch ran\n", "utf-8")
    (valley.folder / ".pw" / "node").write_text("#!/bin/sh\ntouch ran\n", "utf-8")
    git(valley, "init", "--quiet")
    commit(valley)
    (valley.folder / "connectsync.yaml").write_text(
        "schema: 1\nbackends:\n  browser: {url: 'http://127.0.0.1:9'}\n", "utf-8"
    )
    monkeypatch.chdir(valley.folder)
    told = {name: text.format(here=valley.folder) for name, text in where.items()}
    said = valley.run("--backend", "browser", "plan", environment=told)
    assert "are kept in git" in said.err
    assert said.status
    assert not list(valley.folder.rglob("ran"))


@pytest.mark.parametrize("node", [False, True], ids=["browser", "driver"])
def test_no_browser_that_a_submodule_of_another_branch_left_is_run(
    valley: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, node: bool
) -> None:
    """Git leaves the files of a submodule where one goes back to main."""
    theirs, tools = tmp_path / "theirs", valley.folder / "tools"
    theirs.mkdir()
    for name in (WITHOUT_WINDOW, *SYSTEM, "node"):
        (theirs / name).write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n", "utf-8")
        (theirs / name).chmod(0o755)
    elsewhere = Console(theirs)
    git(elsewhere, "init", "--quiet")
    commit(elsewhere)
    (valley.folder / ".gitignore").write_text("tools\n.connectsync\n", "utf-8")
    (valley.folder / "connectsync.yaml").write_text(
        "schema: 1\nbackends:\n  browser: {url: 'http://127.0.0.1:9'}\n", "utf-8"
    )
    git(valley, "init", "--quiet", "--initial-branch", "main")
    commit(valley)
    git(valley, "checkout", "--quiet", "-b", "topic")
    added = ("submodule", "--quiet", "add", "--force", str(theirs), "tools")
    git(valley, "-c", "protocol.file.allow=always", *added)
    commit(valley)
    git(valley, "checkout", "--quiet", "main")
    assert (tools / WITHOUT_WINDOW).exists()
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "none"))
    told = {"PLAYWRIGHT_NODEJS_PATH": str(tools / "node")} if node else {}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    said = valley.run("--backend", "browser", "plan", environment=told)
    assert not (tmp_path / "ran").exists()
    assert "kept in git: a commit decides what" in " ".join(said.err.split())
    assert said.status


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, ""),
        ("/opt/a", "/opt/a"),
        ("/opt/a:/opt/b", "/opt/a:/opt/b"),
        (":/opt/a", ""),
        ("/opt/a:", ""),
        ("/opt/a::/opt/b", ""),
        ("lib:/opt/a", ""),
        ("/opt/a:.", ""),
        ("/opt/a;", ""),
        ("/opt/a;/opt/b", "/opt/a;/opt/b"),
        ("/opt/a;lib:/opt/b", ""),
    ],
)
def test_jobs_take_no_library_of_the_repository(given: str | None, kept: str) -> None:
    """An empty entry of LD_LIBRARY_PATH means the current folder."""
    for script in standing_scripts().values():
        lines = [one for one in script.splitlines() if "LD_LIBRARY_PATH" in one]
        line = f'{lines[0]}\nprintf %s "${{LD_LIBRARY_PATH-}}"'
        more = {} if given is None else {"LD_LIBRARY_PATH": given}
        said = subprocess.run(
            ["/bin/bash", "-euc", line], env=more, capture_output=True, check=True
        )
        assert said.stdout.decode() == kept


SETTINGS_OF_THE_TREE = {
    "whole": {"HOME": "{here}"},
    "relative": {"HOME": "."},
    "named": {"GIT_CONFIG_GLOBAL": "{here}/.gitconfig"},
    "of the system": {"GIT_CONFIG_SYSTEM": "{here}/.gitconfig"},
    "linked": {"HOME": "{linked}"},
}


@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize("name", SETTINGS_OF_THE_TREE)
def test_no_settings_of_git_count_that_a_commit_brings_along(
    valley: Console,
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    version: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    linked = tmp_path_factory.mktemp("home")
    (linked / ".gitconfig").symlink_to(valley.folder / ".gitconfig")
    (valley.folder / ".gitconfig").write_text("[user]\n\tname = Mallory\n", "utf-8")
    (valley.folder / ".gitattributes").write_text("", "utf-8")
    git(valley, "init", "--quiet")
    commit(valley)
    git(valley, "update-index", "--index-version", str(version))
    monkeypatch.chdir(valley.folder)
    more = SETTINGS_OF_THE_TREE[name]
    places = {"here": valley.folder, "linked": linked}
    told = {key: text.format(**places) for key, text in more.items()}
    environment = {"PATH": os.environ["PATH"], **told}
    assert people_here(Git(valley.folder, environment)) == ()


@pytest.mark.parametrize("place", ["config", "home", "settings"])
def test_no_filter_that_attributes_of_the_tree_name_is_run(
    valley: Console, tmp_path: Path, place: str
) -> None:
    """Git runs them over a file as it lies here, for the report of who wrote lines."""
    ran = tmp_path / "ran"
    program = valley.folder / "clean.sh"
    program.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n", "utf-8")
    program.chmod(0o755)
    settings = f'[filter "mine"]\n\tclean = {program}\n'
    (valley.folder / ".gitattributes").write_text("*.yaml filter=mine\n", "utf-8")
    environment = {}
    if place == "home":
        (valley.folder / ".gitconfig").write_text(settings, "utf-8")
        environment = {"HOME": str(valley.folder)}
    if place == "settings":
        (valley.folder / "git").mkdir()
        (valley.folder / "git" / "config").write_text(settings, "utf-8")
        environment = {"XDG_CONFIG_HOME": str(valley.folder)}
    git(valley, "init", "--quiet")
    lakeview = valley.folder / "districts" / "ca" / "lakeview-usd.yaml"
    lakeview.write_text(
        lakeview.read_text("utf-8")
        + "allow: [{rule: no-phone-type, until: 2027-02-01, reason: Landlines}]\n",
        "utf-8",
    )
    commit(valley)
    if place == "config":
        with (valley.folder / ".git" / "config").open("a", encoding="utf-8") as file:
            file.write(settings)
    lakeview.write_text(lakeview.read_text("utf-8") + "# more\n", "utf-8")
    said = valley.run("report", "--format", "json", environment=environment)
    (accepted,) = json.loads(said.out)["accepted"]
    assert accepted["by"]
    assert not ran.exists()


def test_outside_of_the_project_a_session_is_made_in_a_file_of_json_alone(
    valley: Console, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What a page says stands in it: a shell would run it where the name is one's."""
    home = tmp_path_factory.mktemp("home")
    for stated, refused in ((".bash_aliases", True), ("connect.json", False)):
        page = f"{{url: 'http://127.0.0.1:9', session: '{home / stated}'}}"
        (valley.folder / "connectsync.yaml").write_text(
            f"schema: 1\nbackends:\n  browser: {page}\n", "utf-8"
        )
        said = valley.run("--backend", "browser", "login")
        assert ("a file whose name ends in .json" in said.err) is refused, said.err
        assert said.status
    assert list(home.iterdir()) == []


class TestWriting:
    """What is written goes where it should, with the rights it should have."""

    def test_init_writes_through_no_link_out_of_the_folder(
        self, tmp_path: Path
    ) -> None:
        folder, outside = tmp_path / "fleet", tmp_path / "outside"
        folder.mkdir()
        outside.mkdir()
        (folder / "districts").symlink_to(outside)
        said = Console(tmp_path).run("init", str(folder))
        assert said.status == 64
        assert "through a link" in " ".join(said.err.split())
        assert list(outside.iterdir()) == []
        assert list(folder.iterdir()) == [folder / "districts"]

    def test_a_link_is_kept_and_what_it_points_to_is_written(
        self, valley: Console
    ) -> None:
        shared = valley.folder / "shared.yaml"
        path = valley.folder / LAKEVIEW
        text = path.read_text("utf-8")
        line = "name: Lakeview Unified School District\n"
        assert line in text
        shared.write_text(text.replace(line, "") + line, "utf-8")
        path.unlink()
        path.symlink_to("../../shared.yaml")
        assert valley.run("fmt").status == 1
        assert path.is_symlink()
        assert shared.read_text("utf-8") == text
        for name, *command in (
            ("now.json", "snapshot", "-o", "now.json"),
            ("p.json", "plan", "--out", "p.json"),
            ("r.txt", "plan", "--output", "r.txt"),
        ):
            (valley.folder / name).symlink_to(f"real-{name}")
            assert valley.run(*command).status == 0
            assert (valley.folder / name).is_symlink()
            assert (valley.folder / f"real-{name}").stat().st_size > 0

    def test_import_and_record_keep_links(self, valley: Console) -> None:
        valley.run("plan")
        for name in (LAKEVIEW, "connectsync.yaml"):
            target = valley.folder / f"{Path(name).stem}-shared.yaml"
            (valley.folder / name).rename(target)
            (valley.folder / name).symlink_to(
                os.path.relpath(target, (valley.folder / name).parent)
            )
        # only the name connectsync.yaml itself is the project file
        valley.run("import", "lakeview-usd")
        valley.run("doctor", "--record")
        assert (valley.folder / LAKEVIEW).is_symlink()
        assert (valley.folder / "connectsync.yaml").is_symlink()
        assert "options:" in (valley.folder / "connectsync.yaml").read_text("utf-8")

    @pytest.mark.parametrize("mask", [0o022, 0o077, 0o027])
    def test_new_files_follow_the_umask(self, valley: Console, mask: int) -> None:
        before = os.umask(mask)
        try:
            valley.run("new", "foo-usd", "--name", "Foo")
            valley.run("snapshot", "-o", "now.json")
            valley.run("plan", "--out", "p.json", "--output", "r.txt")
            valley.run("init", "fresh")
        finally:
            os.umask(before)
        for name in ("districts/foo-usd.yaml", "now.json", "p.json", "r.txt",
                     "fresh/connectsync.yaml"):  # fmt: skip
            mode = stat.S_IMODE((valley.folder / name).stat().st_mode)
            assert mode == 0o666 & ~mask, name

    @pytest.mark.parametrize(
        "command",
        [
            ["plan", "--out", ".connectsync/state.db"],
            ["plan", "--output", ".connectsync/connect.db"],
            ["plan", "--output", ".connectsync/runners/report.txt"],
            ["plan", "--out", "live.json"],
            ["plan", "--out", "plan.json", "--output", "plan.json"],
            ["plan", "--output", "connectsync.yaml"],
            ["plan", "--output", "out.txt"],
            ["plan", "--output", "away.txt"],
            ["plan", "--output", "districts"],
            ["validate", "--output", ".connectsync/state.db"],
            ["validate", "--output", "live.json"],
            ["drift", "--output", ".connectsync/state.db-wal"],
            ["snapshot", "-o", ".connectsync/connect.db"],
            ["list", "--format", "csv", "--output", "sample.csv"],
            ["apply", "made.json", "--yes", "--metrics", "made.json"],
            ["reconcile", "--output", "r.txt", "--metrics", "r.txt"],
            ["--backend", "snapshot:taken.json", "plan", "--out", "taken.json"],
            ["plan", "--out", "known.json"],
            ["snapshot", "-o", "known.json"],
            ["validate", "--output", "holidays.ics"],
            ["calendar", "--ics", "--output", "holidays.ics"],
            ["list", "--format", "csv", "--output", "rosters/elm/students.csv"],
            ["export", "--output", "lake.csv"],
            ["audit", "--output", "rosters"],
        ],
        ids=" ".join,
    )
    @pytest.mark.sampled(8)
    def test_no_report_takes_the_place_of_anything(
        self, valley: Console, command: list[str]
    ) -> None:
        assert valley.run("plan", "--out", "made.json").status == 0
        assert valley.run("snapshot", "-o", "taken.json").status == 0
        (valley.folder / "out.txt").symlink_to(LAKEVIEW)
        with (valley.folder / "connectsync.yaml").open("a") as file:
            file.write(
                "roster: {guardians_sample: sample.csv, source: 'rosters/{district}',"
                " districts: {lakeview-usd: lake.csv}}\n"
                "baseline: known.json\nholidays: [holidays.ics]\n"
                "timezone: America/Chicago\n"
            )
        (valley.folder / "known.json").write_text('{"schema": 1, "findings": []}')
        (valley.folder / "holidays.ics").write_bytes(calendar_of())
        (valley.folder / "rosters" / "elm").mkdir(parents=True)
        for roster in ("lake.csv", "rosters/elm/students.csv"):
            (valley.folder / roster).write_text("student_id\n")
        (valley.folder / "sample.csv").write_text("student_id,email\n")
        (valley.folder.parent / "rc").write_text("kept")
        (valley.folder / "away.txt").symlink_to("../rc")
        kept = {
            path: path.read_bytes()
            for path in valley.folder.parent.rglob("*")
            if path.is_file() and ".db" not in path.name
        }
        said = valley.run(*command)
        assert said.status == 64, said.both
        assert "nothing is written over it" in said.err
        for path, content in kept.items():
            assert path.read_bytes() == content, path
        assert valley.run("plan").status == 0


def test_no_library_of_the_tree_is_loaded_for_the_state_store(
    valley: Console, tmp_path: Path
) -> None:
    key = certificates(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        # a server that says yes to TLS: from there on the key is looked for
        threading.Thread(target=_says_yes, args=(server,), daemon=True).start()
        url = (
            f"postgresql://ada@127.0.0.1:{server.getsockname()[1]}/state?sslmode=require"
            f"&sslcert={key.certificate}&sslkey={valley.folder}/engine.so:key"
        )
        with (valley.folder / "connectsync.yaml").open("a", encoding="utf-8") as file:
            file.write(f"state:\n  url: {url}\n")
        for command in (["runs"], ["plan"], ["drift"]):
            said = valley.run(*command)
            assert said.status == 1
            assert "engine" not in said.err
            assert "a library that holds keys is not loaded" in " ".join(
                said.err.split()
            )


def _says_yes(server: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            with connection:
                connection.recv(8)
                connection.sendall(b"S")
                connection.recv(1)


@pytest.mark.parametrize("how", ["a folder of another kind", "a link"])
def test_the_demonstration_removes_nothing_that_it_did_not_make(
    valley: Console, tmp_path: Path, how: str
) -> None:
    theirs = tmp_path / "theirs"
    kept = theirs / "demo" if how != "a link" else tmp_path / "linked"
    kept.mkdir(parents=True)
    (kept / "thesis.txt").write_text("kept", "utf-8")
    if how == "a link":
        theirs.mkdir()
        (theirs / "demo").symlink_to(kept)
    with (valley.folder / "connectsync.yaml").open("a", encoding="utf-8") as file:
        file.write(f"state: {{dir: {theirs}}}\n")
    said = valley.run("demo", LAKEVIEW)
    assert said.status == 64
    assert "is not ours" in said.err
    assert [one.name for one in kept.iterdir()] == ["thesis.txt"]
    valley.replace("connectsync.yaml", f"state: {{dir: {theirs}}}\n", "")
    for _ in range(2):
        assert valley.run("demo", LAKEVIEW).status == 0


def test_the_demonstration_reaches_no_one_whatever_the_project_file_names(
    valley: Console,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        at = f"127.0.0.1:{server.getsockname()[1]}"
        stated = (
            "connect: production\n"
            f"state: {{url: 'postgresql://ada@{at}/state?sslmode=disable'}}\n"
            f"roster: {{source: clever, clever: {{url: 'http://{at}/v3.1'}}}}\n"
            "notify: {webhooks: [{name: all, url: 'env:HOOK'}]}\n"
        )
        valley.replace("connectsync.yaml", "schema: 1\n", f"schema: 1\n{stated}")
        gateway = f"  gateway: {{url: 'http://{at}', token: 'env:GATEWAY_TOKEN'}}\n"
        valley.replace("connectsync.yaml", "backends:\n", f"backends:\n{gateway}")
        environment = {
            "PGPASSWORD": "of the job",
            "GATEWAY_TOKEN": "of the gateway",
            "HOOK": f"http://{at}/hook",
            "CONNECTSYNC_NOTIFY_HOSTS": at,
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{at}",
        }
        said = valley.run("demo", LAKEVIEW, environment=environment)
        assert said.status == 0, said.both
        assert "on embedded" in said.out
        with pytest.raises(BlockingIOError):
            server.accept()
