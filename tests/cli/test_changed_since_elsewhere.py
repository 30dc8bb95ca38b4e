"""``--changed-since`` where git cannot simply say: links, other folders, other git."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from console import Console
from warm import warm_folder

from connectsync.config.source import spell_control_characters
from connectsync.domain.plan_file import digest_of

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
HARBOR = "districts/ca/harbor-point-usd.yaml"
CREEK = "districts/tx/dry-creek-isd.yaml"
PROFILE = "districts/_profiles/clever-standard.yaml"
IDENTITY = ("-c", "user.name=A", "-c", "user.email=a@example.org")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *IDENTITY, "-c", "protocol.file.allow=always", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def commit(folder: Path) -> None:
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "a change")


def commit_as_is(folder: Path) -> None:
    """Commit each file as it lies there, whatever attributes say."""
    for name in git(folder, "ls-files", "--modified", "-z").split("\0")[:-1]:
        oid = git(folder, "hash-object", "-w", "--no-filters", name).strip()
        git(folder, "update-index", "--add", "--cacheinfo", f"100644,{oid},{name}")
    git(folder, "commit", "--quiet", "--message", "as it is")


def moved(console: Console, name: str, to: str) -> Path:
    """Move a file of the project, and leave a link where it was."""
    path, target = console.folder / name, console.folder / to
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)
    path.symlink_to(os.path.relpath(target, path.parent))
    return target


def edit(path: Path) -> None:
    path.write_text(path.read_text("utf-8") + "# touched\n", "utf-8")


def lower(path: Path, to: int = 12) -> None:
    text = path.read_text("utf-8")
    assert "deletion_threshold: 15" in text
    path.write_text(text.replace("threshold: 15", f"threshold: {to}"), "utf-8")


def looked_at(console: Console, *paths: str, since: str = "HEAD") -> int:
    said = console.run("validate", "--format", "json", "--changed-since", since, *paths)
    assert said.status in {0, 1}, said.err
    files: int = json.loads(said.out)["summary"]["files"]
    return files


def planned(console: Console, *paths: str, since: str = "HEAD") -> set[str]:
    said = console.run("plan", "--format", "json", "--changed-since", since, *paths)
    assert said.status == 0, said.err
    return {one["district"] for one in json.loads(said.out)["districts"]}


@pytest.fixture
def project(valley: Console) -> Console:
    (valley.folder / ".gitignore").write_text(".connectsync/\n", "utf-8")
    return valley


def test_a_district_behind_a_link_counts_as_changed(project: Console) -> None:
    shared = moved(project, LAKEVIEW, "shared/lakeview.yaml")
    commit(project.folder)
    assert looked_at(project) == 0
    lower(shared)
    assert looked_at(project) == 2  # and its profile
    assert planned(project) == {"lakeview-usd"}
    commit(project.folder)
    assert planned(project, since="HEAD~1") == {"lakeview-usd"}


def test_a_link_that_points_elsewhere_counts_as_changed(project: Console) -> None:
    shared = moved(project, LAKEVIEW, "shared/lakeview.yaml")
    other = shared.with_name("other.yaml")
    other.write_text(shared.read_text("utf-8"), "utf-8")
    lower(other)
    commit(project.folder)
    link = project.folder / LAKEVIEW
    link.unlink()
    link.symlink_to("../../shared/other.yaml")
    assert looked_at(project) == 2
    assert planned(project) == {"lakeview-usd"}


def test_districts_behind_a_linked_folder_count_as_changed(project: Console) -> None:
    (project.folder / "districts/ca").rename(project.folder / "california")
    (project.folder / "districts/ca").symlink_to("../california")
    commit(project.folder)
    assert looked_at(project) == 0
    lower(project.folder / "california/lakeview-usd.yaml")
    assert looked_at(project) == 2
    assert planned(project) == {"lakeview-usd"}


def test_a_profile_behind_a_link_brings_in_its_districts(project: Console) -> None:
    shared = moved(project, PROFILE, "shared/profile.yaml")
    commit(project.folder)
    assert looked_at(project) == 0
    edit(shared)
    assert looked_at(project) == 4


def test_a_linked_folder_of_profiles_brings_in_its_districts(project: Console) -> None:
    (project.folder / "districts/_profiles").rename(project.folder / "layers")
    (project.folder / "districts/_profiles").symlink_to("../layers")
    commit(project.folder)
    assert looked_at(project) == 0
    edit(project.folder / "layers/clever-standard.yaml")
    assert looked_at(project) == 4


def test_a_project_file_behind_a_link_brings_in_everybody(project: Console) -> None:
    shared = moved(project, "connectsync.yaml", "shared/connectsync.yaml")
    commit(project.folder)
    assert looked_at(project) == 0
    edit(shared)
    assert looked_at(project) == 4


def test_the_folder_by_another_name_is_the_same_folder(
    project: Console, tmp_path: Path
) -> None:
    commit(project.folder)
    lower(project.folder / LAKEVIEW)
    link = tmp_path / "another"
    link.symlink_to(project.folder)
    assert looked_at(project, str(link / LAKEVIEW)) == 2
    assert planned(project, str(link / "districts")) == {"lakeview-usd"}
    assert looked_at(project, "-C", str(link)) == 2
    said = project.run("validate", str(link / LAKEVIEW), "--format", "json")
    assert str(link) not in said.out


def test_districts_beside_the_project_count_as_changed(project: Console) -> None:
    inner = project.folder / "conf"
    inner.mkdir()
    for name in ("connectsync.yaml", "live.json"):
        (project.folder / name).rename(inner / name)
    text = (inner / "connectsync.yaml").read_text("utf-8")
    (inner / "connectsync.yaml").write_text(f"{text}districts: ../districts\n", "utf-8")
    commit(project.folder)
    assert looked_at(Console(inner)) == 0
    lower(project.folder / LAKEVIEW)
    assert looked_at(Console(inner)) == 2
    assert planned(Console(inner)) == {"lakeview-usd"}


def test_districts_of_another_repository_count_as_changed_and_it_is_said(
    project: Console,
) -> None:
    commit(project.folder / "districts/ca")
    commit(project.folder)
    said = project.run("validate", "--changed-since", "HEAD")
    assert "3 files" in said.out
    assert "not in this git repository, so all counts as changed" in said.err
    assert planned(project) >= {"lakeview-usd"}


def test_districts_of_a_submodule_count_as_changed(
    project: Console, tmp_path: Path
) -> None:
    origin = tmp_path / "origin"
    (project.folder / "districts/ca").rename(origin)
    commit(origin)
    commit(project.folder)
    git(project.folder, "submodule", "--quiet", "add", str(origin), "districts/ca")
    commit(project.folder)
    lower(project.folder / LAKEVIEW)
    assert looked_at(project) == 3
    assert "lakeview-usd" in planned(project)


def test_a_file_that_git_ignores_counts_as_changed(project: Console) -> None:
    (project.folder / ".gitignore").write_text(".connectsync/\nlakeview-usd.yaml\n")
    commit(project.folder)
    assert looked_at(project) == 2
    git(project.folder, "add", "--force", LAKEVIEW)
    commit(project.folder)
    # git does not look at a file that is said to be unchanged
    git(project.folder, "update-index", "--assume-unchanged", LAKEVIEW)
    lower(project.folder / LAKEVIEW)
    assert looked_at(project) == 2
    assert planned(project) == {"lakeview-usd"}


def test_other_line_ends_are_no_change(project: Console) -> None:
    commit(project.folder)
    path = project.folder / LAKEVIEW
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert looked_at(project) == 0


def test_a_name_in_another_case_of_letters_counts_as_changed(
    project: Console,
) -> None:
    commit(project.folder)
    git(project.folder, "mv", LAKEVIEW, "districts/ca/Lakeview-usd.yaml")
    assert looked_at(project) == 2


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1"])
def test_names_beyond_ascii_count_as_changed_whatever_the_locale(
    project: Console, locale: str
) -> None:
    folder = project.folder / "districts/Cañada"
    (project.folder / "districts/ca").rename(folder)
    commit(project.folder)
    lower(folder / "lakeview-usd.yaml")
    done = subprocess.run(
        [sys.executable, "-m", "connectsync", "validate", "--changed-since", "HEAD"],
        cwd=project.folder,
        env={
            **os.environ,
            "LC_ALL": locale,
            "PYTHONUTF8": "0",
            "PYTHONCOERCECLOCALE": "0",
        },
        capture_output=True,
        check=False,
    )
    assert b"2 files" in done.stdout, done.stderr


def test_in_a_hook_of_git_the_answer_is_the_same(project: Console) -> None:
    folder = project.folder / "conf"
    folder.mkdir()
    for name in ("connectsync.yaml", "live.json", "districts"):
        (project.folder / name).rename(folder / name)
    commit(project.folder)
    git(project.folder, "worktree", "add", "--quiet", "../tree", "-b", "feature")
    tree = project.folder.parent / "tree"
    hook = project.folder / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    command = warm_folder() / "connectsync"
    hook.write_text(
        "#!/bin/sh\n"
        '[ -n "$GIT_DIR" ] || exit 9\n'
        f"cd conf && {command} plan --changed-since main --format json > ../planned\n"
    )
    hook.chmod(0o755)
    lower(tree / "conf" / LAKEVIEW)
    outside = planned(Console(tree / "conf"), since="main")
    git(tree, "commit", "--quiet", "--all", "--message", "a change")
    inside = json.loads((tree / "planned").read_text("utf-8"))["districts"]
    assert {one["district"] for one in inside} == outside == {"lakeview-usd"}
    # `rebase --exec` names its repository, too
    execute = f"cd conf && {command} plan --changed-since main --format json > ../again"
    git(tree, "rebase", "--quiet", "--force-rebase", "--exec", execute, "main")
    again = json.loads((tree / "again").read_text("utf-8"))["districts"]
    assert {one["district"] for one in again} == outside


def test_no_variable_of_git_sends_it_to_another_repository(
    project: Console, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    commit(project.folder)
    commit(other)
    lower(project.folder / LAKEVIEW)
    for name in (
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_PREFIX",
        "GIT_OBJECT_DIRECTORY",
        "GIT_COMMON_DIR",
        "GIT_NAMESPACE",
    ):
        said = project.run(
            "validate", "--changed-since", "HEAD", environment={name: str(other)}
        )
        assert "2 files" in said.out, name


class TestWordsOfRefusals:
    """What git says is said so that an operator knows what to do."""

    def test_the_folder_of_another_user(
        self, project: Console, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        commit(project.folder)
        # git's own switch to take everything for someone else's
        program = project.folder.parent / "bin/git"
        program.parent.mkdir()
        real = subprocess.run(
            ["/bin/sh", "-c", "command -v git"], capture_output=True, check=True
        ).stdout.decode()
        program.write_text(
            "#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec "
            + real.strip()
            + ' "$@"\n'
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
        said = project.run("validate", "--changed-since", "HEAD")
        assert said.status == 64
        line = f"git config --global --add safe.directory {project.folder}"
        assert "belongs to another user" in said.err
        assert line in said.err
        assert r"\t" not in said.err
        subprocess.run(line.split(), check=True)
        assert project.run("validate", "--changed-since", "HEAD").status == 0

    def test_a_shallow_clone(self, project: Console, tmp_path: Path) -> None:
        commit(project.folder)
        git(project.folder, "checkout", "--quiet", "-b", "feature")
        lower(project.folder / LAKEVIEW)
        commit(project.folder)
        git(project.folder, "checkout", "--quiet", "main")
        commit(project.folder)
        clone = tmp_path / "clone"
        source = f"file://{project.folder}"
        git(tmp_path, "clone", "--quiet", "--depth=1", "--no-single-branch", source,
            str(clone), "--branch", "feature")  # fmt: skip
        for revision in ("origin/main", "HEAD~1"):
            said = Console(clone).run("validate", "--changed-since", revision)
            assert said.status == 64
            assert "fetch-depth: 0" in said.err
        assert (
            "shallow"
            in Console(clone).run("plan", "--changed-since", "origin/main").err
        )

    def test_histories_that_share_nothing(self, project: Console) -> None:
        commit(project.folder)
        git(project.folder, "checkout", "--quiet", "--orphan", "apart")
        edit(project.folder / LAKEVIEW)
        commit(project.folder)
        said = project.run("validate", "--changed-since", "main")
        assert said.status == 64
        assert "no history in common" in said.err

    def test_a_repository_without_a_commit(self, project: Console) -> None:
        git(project.folder, "init", "--quiet")
        said = project.run("validate", "--changed-since", "HEAD")
        assert said.status == 64
        assert "no commit here yet" in said.err


class TestNothingOfTheRepositoryRuns:
    """What a pull request brings is compared, and never executed."""

    @pytest.fixture
    def trap(self, tmp_path: Path) -> Path:
        trap = tmp_path / "trap"
        trap.write_text(f"#!/bin/sh\ntouch {tmp_path / 'sprung'}\ncat\n")
        trap.chmod(0o755)
        return trap

    def sprung(self, trap: Path) -> bool:
        return trap.with_name("sprung").exists()

    def test_a_bare_repository_beside_the_project_file_is_not_used(
        self, project: Console, trap: Path
    ) -> None:
        outer = project.folder.parent
        commit(outer)
        git(project.folder, "init", "--quiet", "--bare", ".")
        config = project.folder / "config"
        config.write_text(
            "[core]\n\trepositoryformatversion = 0\n\tbare = false\n"
            f"\tworktree = {project.folder}\n\tfsmonitor = {trap}\n"
            f"\thooksPath = {trap.parent}\n[diff]\n\texternal = {trap}\n"
        )
        for command in ("validate", "plan"):
            said = project.run(command, "--changed-since", "HEAD")
            assert said.status == 64
            assert "bare git repository" in said.err
        assert not self.sprung(trap)

    def test_no_filter_monitor_hook_or_diff_program_runs(
        self, project: Console, trap: Path
    ) -> None:
        attributes = "*.yaml diff=t\n*.md filter=t\n"
        (project.folder / ".gitattributes").write_text(attributes)
        (project.folder / "notes.md").write_text("of ours\n")
        commit(project.folder)
        for key in ("filter.t.clean", "filter.t.smudge", "diff.t.textconv",
                    "diff.t.command", "diff.external", "core.fsmonitor",
                    "core.pager", "core.alternateRefsCommand"):  # fmt: skip
            git(project.folder, "config", key, str(trap))
        hooks = project.folder / "hooks"
        hooks.mkdir()
        for name in ("post-index-change", "post-checkout", "reference-transaction"):
            (hooks / name).symlink_to(trap)
        git(project.folder, "config", "core.hooksPath", str(hooks))
        trap.with_name("sprung").unlink(missing_ok=True)
        lower(project.folder / LAKEVIEW)
        assert looked_at(project) == 2
        edit(project.folder / "notes.md")
        assert planned(project) == {"lakeview-usd"}
        (project.folder / ".gitattributes").write_text("*.yaml filter=t diff=t\n")
        commit_as_is(project.folder)
        trap.with_name("sprung").unlink(missing_ok=True)
        said = project.run("plan", "--changed-since", "HEAD~1")
        assert (said.status, "it filter=t" in said.err) == (1, True)
        assert not self.sprung(trap)

    @pytest.mark.parametrize(
        "way",
        [
            {"url": "."},
            {"url": "ext::{} %S"},
            {"url": "ssh://ada@127.0.0.1/fleet"},
            {"url": "https://127.0.0.1:9/fleet", "vcs": "ext"},
        ],
        ids=lambda way: str(way["url"]).partition(":")[0],
    )
    def test_nothing_is_fetched_by_programs_that_the_settings_name(
        self, project: Console, trap: Path, way: dict[str, str]
    ) -> None:
        commit(project.folder)
        lower(project.folder / LAKEVIEW)
        commit(project.folder)
        blob = git(project.folder, "rev-parse", f"HEAD~1:{LAKEVIEW}").strip()
        (project.folder / ".git/objects" / blob[:2] / blob[2:]).unlink()
        settings = {
            "core.repositoryFormatVersion": "1",
            "extensions.partialClone": "origin",
            "remote.origin.promisor": "true",
            "remote.origin.uploadpack": str(trap),
            "core.sshCommand": str(trap),
            "credential.helper": f"!{trap}",
            "protocol.allow": "always",
            "protocol.ext.allow": "always",
        } | {f"remote.origin.{key}": one.format(trap) for key, one in way.items()}
        for key, value in settings.items():
            git(project.folder, "config", key, value)
        trap.with_name("sprung").unlink(missing_ok=True)
        for command in (["validate"], ["plan"]):
            said = project.run(*command, "--changed-since", "HEAD~1")
            assert not self.sprung(trap)
            if command == ["plan"]:
                assert said.status == 64
                assert "this clone lacks files of it" in " ".join(said.err.split())

    def test_no_git_of_the_folder_itself_is_run(
        self, project: Console, trap: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        commit(project.folder)
        (project.folder / "git").symlink_to(trap)
        for path in (f":{os.environ['PATH']}", f".:{os.environ['PATH']}"):
            monkeypatch.setenv("PATH", path)
            assert looked_at(project) == 0
        assert not self.sprung(trap)


def test_what_took_the_place_of_a_commit_in_this_clone_hides_no_change(
    project: Console,
) -> None:
    commit(project.folder)
    lower(project.folder / LAKEVIEW)
    commit(project.folder)
    then, now = (
        git(project.folder, "rev-parse", f"{one}:{LAKEVIEW}").strip()
        for one in ("HEAD~1", "HEAD")
    )
    git(project.folder, "replace", then, now)
    assert planned(project, since="HEAD~1") == {"lakeview-usd"}
    assert looked_at(project, since="HEAD~1") == 2
    git(project.folder, "replace", "HEAD~1", "HEAD")
    assert looked_at(project, since="HEAD~1") == 2


@pytest.mark.parametrize("spelled", ["main", "main~0", "origin/main"])
def test_a_name_that_a_tag_and_a_branch_have_is_refused(
    project: Console, spelled: str
) -> None:
    """A clone takes tags along with what it fetches, and git would go by the tag."""
    commit(project.folder)
    git(project.folder, "checkout", "--quiet", "-B", "main")
    git(project.folder, "checkout", "--quiet", "-b", "change")
    git(project.folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    lower(project.folder / LAKEVIEW)
    commit(project.folder)
    assert looked_at(project, since=spelled) == 2
    git(project.folder, "tag", spelled.removesuffix("~0"))
    for command in ("plan", "validate"):
        said = project.run(command, "--changed-since", spelled)
        assert said.status == 64
        assert f"'{spelled}' may mean refs/" in said.err
    assert looked_at(project, since="refs/heads/main") == 2


@pytest.mark.parametrize("name", ["{short}", "origin"])
def test_nor_is_one_of_a_tag_and_a_commit_or_the_branch_of_a_remote(
    project: Console, name: str
) -> None:
    """What is known to everyone of main is the hash of its last commit."""
    commit(project.folder)
    before = git(project.folder, "rev-parse", "HEAD").strip()
    git(project.folder, "update-ref", "refs/remotes/origin/HEAD", "HEAD")
    lower(project.folder / LAKEVIEW)
    commit(project.folder)
    spelled = name.format(short=before[:7])
    assert looked_at(project, since=spelled) == 2
    git(project.folder, "tag", spelled)
    for command in ("plan", "validate"):
        said = project.run(command, "--changed-since", f"{spelled}~0")
        assert said.status == 64
        assert f"'{spelled}~0' may mean refs/" in said.err
    assert looked_at(project, since=before) == 2


def test_a_branch_called_like_any_other_object_is_the_branch(project: Console) -> None:
    commit(project.folder)
    tree = git(project.folder, "rev-parse", "HEAD^{tree}").strip()
    git(project.folder, "branch", tree[:6])
    assert looked_at(project, since=tree[:6]) == 0


def test_branches_that_were_merged_into_each_other_have_no_commit_to_compare_with(
    project: Console,
) -> None:
    """What one of several has already, a merge may bring back all the same."""
    commit(project.folder)
    git(project.folder, "checkout", "--quiet", "-B", "main")
    git(project.folder, "checkout", "--quiet", "-b", "change")
    lower(project.folder / LAKEVIEW)
    commit(project.folder)
    git(project.folder, "branch", "ours")
    git(project.folder, "checkout", "--quiet", "main")
    (project.folder / "note.txt").write_text("a note\n", "utf-8")
    commit(project.folder)
    git(project.folder, "branch", "theirs")
    git(project.folder, "merge", "--quiet", "--no-edit", "ours")
    git(project.folder, "checkout", "--quiet", "change")
    git(project.folder, "merge", "--quiet", "--no-edit", "theirs")
    for command in ("plan", "validate"):
        said = project.run(command, "--changed-since", "main")
        assert said.status == 64
        assert "were merged into each other" in " ".join(said.err.split())
    git(project.folder, "merge", "--quiet", "--no-edit", "main")
    assert looked_at(project, since="main") == 0


OTHERWISE = {
    "encoded": "{} working-tree-encoding=BS_4730",
    "filtered": "{} filter=lfs",
    "expanded": "{} ident",
    "by a macro": "[attr]odd filter=lfs\n{} odd",
}


@pytest.mark.parametrize("name", ["connectsync.yaml", LAKEVIEW, PROFILE, "school.ics"])
@pytest.mark.parametrize("kind", OTHERWISE)
@pytest.mark.sampled(6)
def test_a_file_that_git_checks_out_as_another_is_refused(
    project: Console, kind: str, name: str
) -> None:
    """What a review shows of it would not be what is applied."""
    (project.folder / "school.ics").write_text("BEGIN:VCALENDAR\n", "utf-8")
    commit(project.folder)
    given = OTHERWISE[kind].format(name)
    (project.folder / ".gitattributes").write_text(f"* text=auto\n{given}\n", "utf-8")
    git(project.folder, "add", ".gitattributes")
    git(project.folder, "commit", "--quiet", "--message", "attributes")
    for command in ("plan", "validate"):
        said = project.run(command, "--changed-since", "HEAD~1")
        assert said.status == 1, said.both
        assert f"{name} does not come out of git as it is committed" in said.err
        assert "ident=set" in said.err or "lfs" in said.err or "BS_4730" in said.err
    (project.folder / ".gitattributes").unlink()
    git(project.folder, "rm", "--quiet", "--cached", ".gitattributes")
    git(project.folder, "commit", "--quiet", "--message", "without")
    said = project.run("plan", "--changed-since", "HEAD~1")
    assert (said.status, "does not come out of git" in said.err) == (1, True)
    assert project.run("plan", "--changed-since", "HEAD").status == 0


@pytest.mark.parametrize("version", ["2", "4"])
@pytest.mark.parametrize("command", ["validate", "plan", "drift", "reconcile", "apply"])
def test_nothing_is_said_or_made_of_a_checkout_that_says_another_thing_than_its_commit(
    project: Console, command: str, version: str
) -> None:
    """Of a fork's pull request people see the commit, and nothing is compared."""
    git(project.folder, "init", "--quiet")
    attributes = f"{LAKEVIEW} working-tree-encoding=BS_4730\n"
    (project.folder / ".gitattributes").write_text(attributes, "utf-8")
    git(project.folder, "add", ".gitattributes")
    # what was not committed shows no one anything yet
    assert project.run("validate").status == 0
    commit(project.folder)
    # the fourth tells what names have in common once
    git(project.folder, "update-index", "--index-version", version)
    said = project.run(command)
    assert said.status == 1, said.both
    assert f"{LAKEVIEW} does not come out of git as it is committed" in said.err
    assert "No run yet" in project.run("runs").both


def test_of_a_git_that_reads_attributes_of_a_commit_no_tree_is_read_into_an_index(
    project: Console, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """There `read-tree` runs hooks that the settings of a repository name."""
    (project.folder / ".gitattributes").write_text(f"{LAKEVIEW} filter=lfs\n", "utf-8")
    commit(project.folder)
    program, asked = tmp_path / "bin/git", tmp_path / "asked"
    program.parent.mkdir()
    real = shutil.which("git")
    program.write_text(
        f'#!/bin/sh\necho "$*" >> {asked}\n'
        # what git from 2.40 on does, told by one that may be older
        'case "$*" in *--source=HEAD*)\n'
        f"printf '{LAKEVIEW}\\0filter\\0lfs\\0'; exit 0;; esac\n"
        f'exec {real} "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    said = project.run("validate")
    assert f"{LAKEVIEW} does not come out of git as it is committed" in said.err
    assert "check-attr" in asked.read_text()
    assert "read-tree" not in asked.read_text()


def test_attributes_are_not_taken_for_none_where_there_is_no_git(
    project: Console, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (project.folder / ".gitattributes").write_text("* text=auto\n", "utf-8")
    commit(project.folder)
    assert project.run("validate").status == 0
    monkeypatch.setenv("PATH", str(tmp_path))
    said = project.run("validate")
    assert (said.status, "this needs git" in said.err) == (64, True)
    (project.folder / ".gitattributes").unlink()
    monkeypatch.undo()
    git(project.folder, "rm", "--quiet", "--cached", ".gitattributes")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert project.run("validate").status == 0


def test_attributes_of_other_files_and_line_ends_stop_nothing(
    project: Console, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    attributes = "* text=auto\n*.yaml eol=lf -ident\n*.parquet filter=lfs -text\n"
    (project.folder / ".gitattributes").write_text(attributes, "utf-8")
    commit(project.folder)
    lower(project.folder / LAKEVIEW)
    assert planned(project) == {"lakeview-usd"}
    # git before 2.40 reads attributes of a commit only by way of a list of its files
    program = tmp_path / "old/git"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\ncase "$*" in *--source=*)\n'
        'echo "error: unknown option \\`source" >&2; exit 129;; esac\n'
        f'exec {shutil.which("git")} "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    assert planned(project) == {"lakeview-usd"}
    monkeypatch.setattr("tempfile.tempdir", str(project.folder / "nowhere"))
    said = project.run("plan", "--changed-since", "HEAD")
    assert (said.status, "no folder for temporary files" in said.err) == (64, True)


LONG_AGO = 1_700_000_000
BRITISH = "working-tree-encoding=BS_4730"


def altered(project: Console, name: str) -> Path:
    """Alter a file as a checkout of another branch left it: no status tells it."""
    path, attributes = project.folder / name, project.folder / ".gitattributes"
    text = path.read_text("utf-8")
    path.write_text(f"{text}# 5£, and so on\n", "utf-8")
    commit(project.folder)
    attributes.write_text(f"{name} {BRITISH}\n", "utf-8")
    # in that encoding the pound lies where others have a number sign
    path.write_text(f"{text}# 5#, and so on\n", "utf-8")
    os.utime(path, (LONG_AGO, LONG_AGO))
    git(project.folder, "add", "--all")
    attributes.unlink()
    git(project.folder, "add", "--all")
    git(project.folder, "commit", "--quiet", "--allow-empty", "--message", "none")
    assert "5£" in git(project.folder, "show", f"HEAD:{name}")
    assert git(project.folder, "status", "--porcelain") == ""
    return path


LISTS: dict[str, list[tuple[str, ...]]] = {
    "plain": [("update-index", "--index-version", "2")],
    "short": [("update-index", "--index-version", "4")],
    "split": [("update-index", "--split-index")],
}


@pytest.mark.parametrize("name", ["connectsync.yaml", LAKEVIEW, PROFILE])
@pytest.mark.parametrize("written", LISTS)
@pytest.mark.sampled(4)
def test_what_another_commit_made_of_a_file_in_this_clone_is_not_taken_for_committed(
    project: Console, written: str, name: str
) -> None:
    """A clone that is used again has files as the attributes of a branch wrote them."""
    project.run("plan", "--out", "plan.json")
    path = altered(project, name)
    for words in LISTS[written]:
        git(project.folder, *words)
    saving = ("apply", "apply plan.json", "approve plan.json --as Ada", "reconcile")
    for command in (*saving, "resume", "rollback 1"):
        said = project.run(*command.split())
        assert said.status == 1, said.both
        assert f"{name} does not say what was committed, and git takes" in said.err
    assert "No run yet" in project.run("runs").both
    path.unlink()
    git(project.folder, "checkout", "--", name)
    assert "does not say what was committed" not in project.run("reconcile").err


@pytest.mark.parametrize("mark", ["CI", "GITLAB_CI", "JENKINS_URL"])
@pytest.mark.parametrize("command", ["validate", "plan", "drift"])
@pytest.mark.sampled(4)
def test_no_job_shows_what_another_commit_made_of_a_file(
    project: Console, monkeypatch: pytest.MonkeyPatch, command: str, mark: str
) -> None:
    monkeypatch.setenv(mark, "true")
    altered(project, LAKEVIEW)
    said = project.run(command)
    assert said.status == 1, said.both
    assert f"{LAKEVIEW} does not say what was committed" in said.err


def test_what_a_person_edits_is_no_file_that_another_commit_altered(
    project: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git sees it, and a status tells it."""
    attributes = "* text=auto\n*.yaml text eol=crlf\n"
    (project.folder / ".gitattributes").write_text(attributes, "utf-8")
    commit(project.folder)
    for name in (LAKEVIEW, HARBOR):
        (project.folder / name).unlink()
        git(project.folder, "checkout", "--", name)
    assert b"\r\n" in (project.folder / HARBOR).read_bytes()
    lower(project.folder / LAKEVIEW)
    monkeypatch.setenv("CI", "true")
    assert project.run("plan", "--out", "plan.json").status == 0
    assert project.run("approve", "plan.json", "--as", "Ada").status == 0
    assert project.run("apply", "--yes", "lakeview-usd").status == 0
    monkeypatch.setenv("CI", "false")
    assert "was changed here" not in project.run("reconcile", "--dry-run").err


def test_a_pass_in_a_job_takes_only_what_is_committed(
    project: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No one there edits anything, and no one sees that it is edited."""
    commit(project.folder)
    lower(project.folder / LAKEVIEW)
    monkeypatch.setenv("CI", "true")
    said = project.run("reconcile")
    assert (said.status, said.out) == (1, ""), said.both
    assert f"{LAKEVIEW} does not say what was committed: it was changed" in said.err
    commit(project.folder)
    assert "does not say what was committed" not in project.run("reconcile").err


def entered(project: Console, *names: str, mode: str = "100644") -> None:
    """Commit files that lie nowhere: a disk may have no place for each of them."""
    blob = git(project.folder, "hash-object", "-w", LAKEVIEW).strip()
    for name in names:
        entry = f"{mode},{blob},{name}"
        git(project.folder, "update-index", "--add", "--cacheinfo", entry)
    git(project.folder, "commit", "--quiet", "--message", "more")


IN_ONE_PLACE = {
    "project file": ("100644", "ConnectSync.yaml", "connectsync.yaml"),
    "its ending": ("100644", "connectsync.YAML", "connectsync.yaml"),
    "district": ("100644", "districts/ca/Lakeview-usd.yaml", LAKEVIEW),
    "folder": ("100644", "Districts/ca/lakeview-usd.yaml", LAKEVIEW),
    "link for a folder": ("120000", "districts/CA", "districts/ca/"),
    "folder of others": ("100644", "districts/CA/README.md", "districts/ca"),
    "attributes": ("100644", ".GitAttributes", ".gitattributes"),
    "attributes below": ("100644", "docs/.git\u200cattributes.", "docs/.gitattributes"),
    "accent": ("100644", "schule-\u00fc.ics", "schule-u\u0308.ics"),
}


@pytest.mark.parametrize("kind", IN_ONE_PLACE)
def test_two_files_that_are_one_where_capitals_are_not_told_apart_are_refused(
    project: Console, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A review shows both; a checkout on macOS or Windows has one of them."""
    mode, name, other = IN_ONE_PLACE[kind]
    if kind == "accent":
        (project.folder / other).write_text("BEGIN:VCALENDAR\n", "utf-8")
    commit(project.folder)
    entered(project, name, mode=mode)
    for command in ("plan", "validate"):
        said = project.run(command, "--changed-since", "HEAD~1")
        assert said.status == 1, said.both
        words = " ".join(said.err.split())
        assert "in one place where capitals are not told apart" in words
        assert spell_control_characters(other.strip("/")) in words
        shown = name.removesuffix("/README.md")
        assert spell_control_characters(shown) in words
    monkeypatch.setenv("CI", "true")
    for command in ("validate", "plan", "apply", "reconcile"):
        assert "in one place where" in " ".join(project.run(command).err.split())


def test_names_that_differ_in_capitals_and_are_not_read_stop_nothing(
    project: Console,
) -> None:
    commit(project.folder)
    lower(project.folder / LAKEVIEW)
    commit(project.folder)
    more = ("README", "readme", "docs/A/b.txt", "docs/a/c")
    entered(project, *more)
    assert planned(project, since="HEAD~2") == {"lakeview-usd"}


def test_more_names_than_can_be_listed_hide_no_project_file(
    project: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(project.folder)
    lower(project.folder / LAKEVIEW)
    (project.folder / "docs").mkdir()
    (project.folder / "docs/connectsync.yaml").write_text("schema: 1\n", "utf-8")
    commit(project.folder)
    plan = ("plan", "--changed-since", "HEAD~1", "--out", "plan.json")
    told = " ".join(project.run(*plan).out.split())
    assert "docs/connectsync.yaml is a project file" in told
    data = json.loads((project.folder / "plan.json").read_text("utf-8"))
    del data["loosened"]
    data["digest"] = digest_of(data)
    (project.folder / "plan.json").write_text(json.dumps(data), "utf-8")
    monkeypatch.setattr("connectsync.operations.files.MOST_LISTED", 20)
    said = project.run(*plan[:3])
    assert (said.status, said.out) == (64, "")
    assert "git says more than 20 bytes about it" in " ".join(said.err.split())
    said = project.run("approve", "plan.json", "--as", "Ada", "--yes")
    assert "rules-loosened: what it changes beside districts could not be" in said.err


def test_a_project_file_of_the_commit_that_cannot_be_read_stops_its_plan(
    project: Console,
) -> None:
    """A job may have put that of the target branch in its place."""
    commit(project.folder)
    file = project.folder / "connectsync.yaml"
    kept = file.read_text("utf-8")
    file.write_text(f"{kept}reconcile: {{at_most: everything}}\n", "utf-8")
    commit(project.folder)
    file.write_text(kept, "utf-8")
    said = project.run("plan", "--changed-since", "HEAD~1")
    assert (said.status, "connectsync.yaml of this commit" in said.err) == (1, True)


@pytest.mark.parametrize("way", ["whole", "out and back"])
@pytest.mark.parametrize("name", [LAKEVIEW, PROFILE, "districts/ca"])
def test_a_link_that_leads_elsewhere_in_another_clone_is_refused(
    project: Console, name: str, way: str
) -> None:
    """Jobs may have their clones in different folders of one path."""
    shared = moved(project, name, f"shared/{Path(name).name}")
    link = project.folder / name
    commit(project.folder)
    assert project.run("validate").status == 0
    link.unlink()
    if way == "whole":
        link.symlink_to(shared)
    else:
        up = os.path.relpath(project.folder.parent, link.parent)
        link.symlink_to(Path(up, project.folder.name, "shared", shared.name))
    assert link.resolve() == shared.resolve()
    said = project.run("validate")
    assert (said.status, "link that leads out of the project" in said.both) == (1, True)


def test_without_a_temporary_folder_a_change_is_planned(
    project: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(project.folder)
    lower(project.folder / LAKEVIEW)
    monkeypatch.setattr("tempfile.tempdir", str(project.folder / "nowhere"))
    assert planned(project) == {"lakeview-usd"}


def test_where_there_is_no_repository_that_of_a_variable_is_not_taken_for_it(
    project: Console, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    commit(other)
    head = git(other, "rev-parse", "HEAD")
    outside = {"GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(project.folder)}
    for command in ("validate", "plan"):
        said = project.run(command, "--changed-since", "HEAD", environment=outside)
        told = " ".join(said.err.split())
        assert said.status == 64
        assert "is not a git repository (GIT_DIR is set;" in told
        assert "it is not used)" in told
    alone = project.run("validate", environment=outside)
    assert (alone.status, alone.out) == (0, project.run("validate").out)
    made = project.run("init", str(tmp_path / "fresh"), environment=outside)
    assert made.status == 0
    assert git(other, "rev-parse", "HEAD") == head
    assert git(other, "status", "--porcelain") == ""
