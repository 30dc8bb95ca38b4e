"""``validate --changed-since``: what a pull request touched, and what that reaches."""

from __future__ import annotations

import json

import pytest
from console import Console
from repositories import commit, git

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
HARBOR = "districts/ca/harbor-point-usd.yaml"
CREEK = "districts/tx/dry-creek-isd.yaml"
PROFILE = "districts/_profiles/clever-standard.yaml"
ALL = {HARBOR, LAKEVIEW, CREEK}


@pytest.fixture
def repository(valley: Console) -> Console:
    """Give the project in a git repository, with a mistake in each of its files."""
    for file in sorted(ALL):
        valley.replace(file, "profile: clever-standard", "profil: clever-standard")
        path = valley.folder / file
        path.write_text(path.read_text("utf-8") + "# end\n", "utf-8")
    (valley.folder / ".gitignore").write_text(".connectsync/\n", "utf-8")
    git(valley, "init", "--quiet", "--initial-branch", "main")
    commit(valley)
    return valley


def looked_at(console: Console, revision: str = "main", *paths: str) -> set[str]:
    """Name the files that were looked at: each has the same mistake."""
    said = console.run(
        "validate", "--format", "json", "--changed-since", revision, *paths
    )
    assert said.status in {0, 1}, said.err
    data = json.loads(said.out)
    return {one["file"] for one in data["findings"] if one["rule"] == "unknown-key"}


def touch(console: Console, file: str) -> None:
    path = console.folder / file
    path.write_text(path.read_text("utf-8") + "# touched\n", "utf-8")


def test_where_nothing_changed_nothing_is_looked_at(repository: Console) -> None:
    assert looked_at(repository) == set()


def test_a_file_changed_in_the_work_tree_is_looked_at(repository: Console) -> None:
    touch(repository, LAKEVIEW)
    assert looked_at(repository) == {LAKEVIEW}


def test_a_file_in_the_index_is_looked_at(repository: Console) -> None:
    touch(repository, LAKEVIEW)
    git(repository, "add", LAKEVIEW)
    assert looked_at(repository) == {LAKEVIEW}


def test_only_what_this_branch_changed_is_looked_at(repository: Console) -> None:
    git(repository, "switch", "--quiet", "--create", "branch")
    touch(repository, LAKEVIEW)
    commit(repository)
    git(repository, "switch", "--quiet", "main")
    touch(repository, CREEK)
    commit(repository)
    git(repository, "switch", "--quiet", "branch")
    assert looked_at(repository) == {LAKEVIEW}


def test_a_file_that_git_does_not_know_yet_is_looked_at(repository: Console) -> None:
    text = (repository.folder / LAKEVIEW).read_text("utf-8")
    (repository.folder / "districts" / "new é\n.yaml").write_text(text, "utf-8")
    assert looked_at(repository) == {"districts/new é\n.yaml"}


def test_a_renamed_file_is_looked_at_under_its_new_name(repository: Console) -> None:
    git(repository, "mv", LAKEVIEW, "districts/ca/other.yaml")
    assert looked_at(repository) == {"districts/ca/other.yaml"}


def test_a_renamed_profile_brings_in_whoever_still_names_it(
    repository: Console,
) -> None:
    profiles = "districts/_profiles"
    git(repository, "mv", f"{profiles}/clever-standard.yaml", f"{profiles}/other.yaml")
    assert {LAKEVIEW, CREEK} <= looked_at(repository, "HEAD")
    git(repository, "mv", f"{profiles}/other.yaml", "elsewhere.txt")
    assert {LAKEVIEW, CREEK} <= looked_at(repository, "HEAD")


def test_a_deleted_file_is_no_error(repository: Console) -> None:
    git(repository, "rm", "--quiet", LAKEVIEW)
    assert looked_at(repository) == set()


def test_only_the_paths_that_are_named_are_looked_at(repository: Console) -> None:
    touch(repository, LAKEVIEW)
    touch(repository, CREEK)
    assert looked_at(repository, "main", "districts/tx") == {CREEK}


def test_a_project_below_the_repository_sees_its_own_files(valley: Console) -> None:
    outside = Console(valley.folder.parent)
    git(outside, "init", "--quiet", "--initial-branch", "main")
    commit(outside)
    valley.replace(LAKEVIEW, "schema: 1", "schemas: 1")
    assert looked_at(valley) == {LAKEVIEW}
    assert looked_at(Console(valley.folder / "districts" / "ca")) == {LAKEVIEW}


class TestWhatReachesMany:
    """Files whose change is a change of many districts."""

    @pytest.fixture
    def shared(self, valley: Console) -> Console:
        git(valley, "init", "--quiet", "--initial-branch", "main")
        valley.replace(PROFILE, "schema: 1\n", "schema: 1\n# shared\n")
        text = (valley.folder / CREEK).read_text("utf-8")
        loose = text.replace("profile: clever-standard", "provider: clever")
        (valley.folder / CREEK).write_text(loose, "utf-8")
        commit(valley)
        return valley

    def reached(self, console: Console) -> int:
        said = console.run("validate", "--format", "json", "--changed-since", "main")
        assert said.status in {0, 1}, said.err
        files: int = json.loads(said.out)["summary"]["files"]
        return files - 1  # the profile itself

    def test_a_changed_profile_brings_in_the_districts_on_it(
        self, shared: Console
    ) -> None:
        touch(shared, PROFILE)
        assert self.reached(shared) == 2

    def test_a_changed_project_file_brings_in_everybody(self, shared: Console) -> None:
        touch(shared, "connectsync.yaml")
        assert self.reached(shared) == 3

    def test_a_deleted_profile_brings_in_everybody_and_is_missed(
        self, shared: Console
    ) -> None:
        git(shared, "rm", "--quiet", PROFILE)
        said = shared.run("validate", "--changed-since", "main")
        assert said.status == 1
        assert LAKEVIEW in said.out
        assert HARBOR in said.out


@pytest.mark.parametrize(
    "revision",
    ["nowhere", "", "--output=stolen", "-", "--", "main:districts", "a b", "@{-9}"],
)
def test_a_revision_that_is_none_is_wrong_usage(
    repository: Console, revision: str
) -> None:
    said = repository.run("validate", f"--changed-since={revision}")
    assert said.status == 64
    assert said.err.startswith("error: git cannot compare with that revision: ")
    assert "  = help: name a branch, a tag or a commit" in said.err
    assert not (repository.folder / "stolen").exists()


def test_outside_a_repository_git_says_so(valley: Console) -> None:
    said = valley.run("validate", "--changed-since", "main")
    assert said.status == 64
    assert "not a git repository" in said.err


def test_without_git_it_is_said_what_is_missing(
    valley: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(valley.folder))
    said = valley.run("validate", "--changed-since", "main")
    assert said.status == 64
    assert "this needs git, which is not installed" in said.err
