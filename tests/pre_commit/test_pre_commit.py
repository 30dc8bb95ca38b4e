"""Our hooks in somebody else's repository, through the real pre-commit and git."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WHEELHOUSE = Path(sys.prefix) / "wheelhouse"
PRE_COMMIT = Path(sys.prefix) / "bin" / "pre-commit"

CONFIG = """\
repos:
  - repo: {repository}
    rev: {revision}
    hooks:
      - id: connectsync-validate
      - id: connectsync-fleet
      - id: connectsync-fmt
"""


@dataclass(frozen=True)
class Repository:
    """A scratch git repository with our hooks installed."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def git(self, *arguments: str) -> str:
        done = self.run("git", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, message: str) -> subprocess.CompletedProcess[str]:
        self.git("add", "-A")
        return self.run("git", "commit", "-m", message)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Give git and pip what they need, and no network."""
    home = tmp_path_factory.mktemp("home")
    return {
        "PATH": f"{PRE_COMMIT.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "PYTHONPATH": str(ROOT / "tests" / "hermetic"),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(WHEELHOUSE),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_CONFIG_FILE": os.devnull,
        # of all that is installed a hook imports a part
        "PIP_COMPILE": "0",
        "CONNECTSYNC_NOW": "2027-01-15T10:00:00+00:00",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.org",
        "NO_COLOR": "1",
    }


@pytest.fixture(scope="module")
def ours(
    tmp_path_factory: pytest.TempPathFactory, environment: Mapping[str, str]
) -> Repository:
    """Commit this checkout, as it is now, to a repository that hooks come from."""
    folder = tmp_path_factory.mktemp("ours")
    for name in ("src", "schema"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, folder / name)
    repository = Repository(folder, environment)
    repository.git("init", "--quiet", "--initial-branch", "main")
    assert repository.commit("hooks").returncode == 0
    return repository


@pytest.fixture(scope="module")
def theirs(
    tmp_path_factory: pytest.TempPathFactory,
    environment: Mapping[str, str],
    ours: Repository,
) -> Repository:
    """Make a fresh project that uses our hooks, its first commit made through them."""
    repository = Repository(tmp_path_factory.mktemp("theirs") / "fleet", environment)
    subprocess.run(
        [sys.executable, "-m", "connectsync", "init", str(repository.folder)],
        check=True,
        capture_output=True,
        env={**environment},
    )
    revision = ours.git("rev-parse", "HEAD")
    repository.write(
        ".pre-commit-config.yaml",
        CONFIG.format(repository=ours.folder, revision=revision),
    )
    repository.git("init", "--quiet", "--initial-branch", "main")
    installed = repository.run("pre-commit", "install", "--install-hooks")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    first = repository.commit("a fresh project")
    assert first.returncode == 0, first.stdout + first.stderr
    return repository


@pytest.fixture
def clean(theirs: Repository) -> Repository:
    """Give the project with everything committed that a test left lying."""
    theirs.git("reset", "--hard", "--quiet")
    theirs.git("clean", "-fdq")
    return theirs


def test_a_good_fleet_can_be_committed(clean: Repository) -> None:
    name = "districts/example-district.yaml"
    clean.write(name, "# looked at\n" + (clean.folder / name).read_text())
    done = clean.commit("a change")
    assert done.returncode == 0, done.stdout + done.stderr
    assert clean.git("log", "-1", "--format=%s") == "a change"


def test_a_bad_file_blocks_the_commit_with_a_readable_message(
    clean: Repository,
) -> None:
    name = "districts/example-district.yaml"
    text = (clean.folder / name).read_text()
    clean.write(name, f"{text}  phone_types: [Cell, Home]\n")
    before = clean.git("rev-parse", "HEAD")
    done = clean.commit("two phone types")
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "error[two-phone-types]" in said
    assert f"--> {name}:" in said
    assert "= help:" in said
    assert clean.git("rev-parse", "HEAD") == before


def test_a_bad_profile_blocks_the_commit_and_names_the_districts_it_reaches(
    clean: Repository,
) -> None:
    name = "districts/_profiles/clever-standard.yaml"
    text = (clean.folder / name).read_text()
    clean.write(name, text.replace("[Cell]", "[Cell, Home]"))
    done = clean.commit("two phone types in a profile")
    assert done.returncode == 1
    assert "reaches 1 district: example-district" in done.stdout + done.stderr


def test_one_district_in_two_files_blocks_the_commit(clean: Repository) -> None:
    text = (clean.folder / "districts/example-district.yaml").read_text()
    other = text.replace("example-district", "other").replace("EXAMPLE", "OTHER")
    clean.write("districts/other.yaml", other.replace("../schema", "../schema"))
    done = clean.commit("one Clever district twice")
    assert done.returncode == 1
    assert "district-id-in-two-files" in done.stdout + done.stderr


def test_keys_in_another_order_are_put_right_and_the_commit_stops(
    clean: Repository,
) -> None:
    name = "districts/example-district.yaml"
    text = (clean.folder / name).read_text()
    line = "name: Example School District\n"
    swapped = text.replace(line, "", 1) + line
    clean.write(name, swapped)
    done = clean.commit("another order")
    assert done.returncode == 1
    assert (clean.folder / name).read_text() == text


def test_files_that_are_no_districts_do_not_run_the_hooks(clean: Repository) -> None:
    clean.write("notes.md", "nothing to see\n")
    done = clean.commit("notes")
    assert done.returncode == 0, done.stdout
    assert (done.stdout + done.stderr).count("Skipped") == 3


def test_what_init_writes_stops_a_bad_commit_with_what_is_installed(
    tmp_path: Path, environment: Mapping[str, str]
) -> None:
    repository = Repository(tmp_path / "as written", environment)
    subprocess.run(
        [sys.executable, "-m", "connectsync", "init", str(repository.folder)],
        check=True,
        capture_output=True,
        env={**environment},
    )
    repository.git("init", "--quiet", "--initial-branch", "main")
    installed = repository.run("pre-commit", "install", "--install-hooks")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    good = repository.commit("a fresh project")
    assert good.returncode == 0, good.stdout + good.stderr
    assert (good.stdout + good.stderr).count("Passed") == 2
    name = "districts/example-district.yaml"
    text = (repository.folder / name).read_text()
    repository.write(name, f"{text}  phone_types: [Cell, Home]\n")
    bad = repository.commit("two phone types")
    assert bad.returncode == 1
    # the hook of the whole fleet would find it as well
    assert (bad.stdout + bad.stderr).count("error[two-phone-types]") == 1


def test_no_hook_comes_from_a_repository_that_is_not_there() -> None:
    fresh = ROOT / "src" / "connectsync" / "operations" / "fresh"
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob(".pre*")]
    for page in [*pages, *(one for one in fresh.rglob("*") if one.is_file())]:
        named = re.findall(r"repo: (\S+)", page.read_text("utf-8"))
        assert set(named) <= {"local", "https://git.example.org/connectsync"}, page
