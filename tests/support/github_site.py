"""A stand-in for github.com: a remote, pull requests, comments, artifacts."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "example-org/fleet"
TOOL = "example-org/connectsync"
SERVER = "https://github.example.org"
BOT = "github-actions[bot]"
IDENTITY = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(folder: Path, *arguments: str, path: str, **more: str) -> str:
    """Run git in a folder; give what it says."""
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={"PATH": path, "HOME": "/nonexistent", **IDENTITY, **more},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@dataclass(frozen=True)
class Site:
    """
    A site in a folder; what it knows is in one file that the stand-in for gh reads.

    ``path`` is where programs are found.
    """

    folder: Path
    path: str

    def build(self) -> None:
        """Make the remote and the shelves."""
        for name in ("artifacts", "remote.git"):
            (self.folder / name).mkdir(parents=True)
        self.git("init", "--quiet", "--bare", "--initial-branch", "main")
        git(self.folder, "init", "--quiet", str(self.tool), path=self.path)
        shutil.copy(ROOT / "action.yml", self.tool)
        git(self.tool, "add", "action.yml", path=self.path)
        git(self.tool, "commit", "--quiet", "--message", "The action", path=self.path)
        shelves: dict[str, Any] = {"pulls": [], "comments": [], "artifacts": []}
        self.change(lambda knows: knows.update(shelves, granted={}))

    def git(self, *arguments: str) -> str:
        """Run git in the remote."""
        return git(self.remote, *arguments, path=self.path)

    @property
    def remote(self) -> Path:
        """Where the remote is."""
        return self.folder / "remote.git"

    @property
    def tool(self) -> Path:
        """Where the repository of connectsync is, as far as jobs need it."""
        return self.folder / "tool"

    @property
    def tool_commit(self) -> str:
        """Give the commit of connectsync that jobs call."""
        return git(self.tool, "rev-parse", "HEAD", path=self.path)

    @property
    def sarif(self) -> Path:
        """Where uploaded findings go."""
        return self.folder / "findings.sarif"

    @property
    def environment(self) -> Mapping[str, str]:
        """Say where the site is, to the stand-in for gh."""
        return {"SITE": str(self.folder)}

    @property
    def knows(self) -> dict[str, Any]:
        """Give what the site knows."""
        path = self.folder / "knows.json"
        if not path.exists():
            return {}
        loaded: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return loaded

    def change(self, how: Callable[[dict[str, Any]], object]) -> None:
        """Change what the site knows."""
        knows = self.knows
        how(knows)
        (self.folder / "knows.json").write_text(json.dumps(knows), "utf-8")

    def comments(self, number: int) -> list[dict[str, Any]]:
        """Give the comments on a pull request."""
        return [one for one in self.knows["comments"] if one["number"] == number]

    def comment(self, number: int, login: str, body: str) -> None:
        """Let somebody comment."""
        one = {"id": self._next("comments"), "number": number, "body": body}
        self.change(
            lambda knows: knows["comments"].append({**one, "user": {"login": login}})
        )

    def review(self, number: int, login: str, body: str) -> None:
        """Let somebody approve a pull request as it is now, and say something."""
        pull = next(one for one in self.knows["pulls"] if one["number"] == number)
        minute = self.knows.get("minutes", 0) + 1
        at = f"2027-01-15T09:{minute:02}:00Z"
        one = {"number": number, "login": login, "body": body, "at": at}
        one["head"] = pull["head"]["sha"]
        self.change(
            lambda knows: (
                knows.setdefault("reviews", []).append(one),
                knows.update(minutes=minute),
            )
        )

    def _next(self, shelf: str) -> int:
        return len(self.knows[shelf]) + 1

    def open_pull(
        self, branch: str, *, fork: bool = False, base: str = "main"
    ) -> dict[str, Any]:
        """Open a pull request, or look at it anew; give the event's context."""
        head = self.git("rev-parse", branch)
        pulls = self.knows["pulls"]
        known = next((one for one in pulls if one["branch"] == branch), None)
        number = known["number"] if known else len(pulls) + 1
        pull = {
            "number": number,
            "branch": branch,
            "merged_at": None,
            "merge_commit_sha": None,
            "base": {"ref": base, "sha": self.git("rev-parse", base)},
            "head": {
                "sha": head,
                "repo": {"full_name": "somebody/fleet" if fork else REPOSITORY},
            },
        }
        others = [one for one in pulls if one["number"] != number]
        self.change(lambda knows: knows.update(pulls=[*others, pull]))
        ref = f"refs/pull/{number}/merge"
        self.git("update-ref", ref, self._merged(base, branch, "test merge"))
        return {
            "event_name": "pull_request",
            "repository": REPOSITORY,
            "server_url": SERVER,
            "ref": ref,
            "ref_name": f"{number}/merge",
            "sha": self.git("rev-parse", ref),
            "checkout": ref,
            "event": {
                "pull_request": pull,
                "repository": {"default_branch": "main"},
            },
        }

    def merge(self, number: int, message: str = "Merge it") -> dict[str, Any]:
        """Merge a pull request into main; give the context of the push."""
        pull = next(one for one in self.knows["pulls"] if one["number"] == number)
        commit = self._merged("main", pull["branch"], message)
        self.git("update-ref", "refs/heads/main", commit)

        def merged(knows: dict[str, Any]) -> None:
            for one in knows["pulls"]:
                if one["number"] == number:
                    one |= {"merged_at": "2027-01-15", "merge_commit_sha": commit}

        self.change(merged)
        return self.push_of(commit)

    def push_of(self, commit: str) -> dict[str, Any]:
        """Give the context of the push that brought a commit to main."""
        return {
            "event_name": "push",
            "repository": REPOSITORY,
            "server_url": SERVER,
            "ref": "refs/heads/main",
            "ref_name": "main",
            "sha": commit,
            "checkout": commit,
            "event": {"repository": {"default_branch": "main"}},
        }

    def _merged(self, into: str, branch: str, message: str) -> str:
        tree = self.git("merge-tree", "--write-tree", into, branch)
        parents = ("-p", into, "-p", branch)
        return self.git("commit-tree", tree, *parents, "-m", message)

    def check_out(
        self, ref: str, depth: int, target: Path, remote: Path | None = None
    ) -> None:
        """Do what actions/checkout does: so many commits of a ref, and no more."""
        target.mkdir(parents=True, exist_ok=True)
        run = {"path": self.path}
        git(target, "init", "--quiet", **run)
        url = f"file://{remote or self.remote}"
        git(target, "fetch", "--quiet", f"--depth={depth}", url, ref, **run)
        git(target, "checkout", "--quiet", "FETCH_HEAD", **run)

    def keep(
        self, name: str, path: Path, comment: Path, github: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Keep a file and a comment about it, instead of those of the same run."""
        assert path.exists(), f"no file to keep: {path}"
        number = self._next("artifacts")
        shutil.copy(path, self.folder / "artifacts" / f"{number}-{path.name}")
        pull = github["event"]["pull_request"]
        artifact = {
            "id": number,
            "name": name,
            "file": path.name,
            "comment": comment.read_text("utf-8"),
            "expired": False,
            "created_at": f"2027-01-15T10:{number:02}:00Z",
            "workflow_run": {"head_sha": pull["head"]["sha"]},
        }
        self.change(lambda knows: knows["artifacts"].append(artifact))
        runs = f"{SERVER}/{REPOSITORY}/actions/runs"
        return {"artifact-url": f"{runs}/1/artifacts/{number}"}

    def grant(self, permissions: Mapping[str, str], github: Mapping[str, Any]) -> None:
        """Give the token of a job what it asks for; to a fork, nothing that writes."""
        pull = github["event"].get("pull_request")
        fork = pull and pull["head"]["repo"]["full_name"] != REPOSITORY
        granted = {
            name: "read" if fork else level for name, level in permissions.items()
        }
        self.change(lambda knows: knows.update(granted=granted))
