"""A fleet on its way: a site, a Connect, and the clone of somebody who edits."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from github_runner import Job, Runner
from github_site import Site, git
from served_connect import ServedConnect
from warm import run_warm

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "connectsync.yml"
DISTRICTS = ("canyon", "elm-grove", "lakeview", "maple-hollow", "oak-bend", "pine-hill")


@dataclass(frozen=True)
class World:
    """A site, a Connect, and the clone of somebody who edits districts."""

    site: Site
    runner: Runner
    connect: ServedConnect
    clone: Path

    def git(self, *arguments: str) -> str:
        return git(self.clone, *arguments, path=self.runner.environment["PATH"])

    def commit(self, message: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Commit everything, through the hooks unless told, as somebody would."""
        self.git("add", "--all")
        return subprocess.run(
            ["git", "-C", str(self.clone), "commit", *options, "--message", message],
            env={
                **self.runner.environment,
                "GIT_AUTHOR_NAME": "A",
                "GIT_AUTHOR_EMAIL": "a@example.org",
                "GIT_COMMITTER_NAME": "A",
                "GIT_COMMITTER_EMAIL": "a@example.org",
                "PRE_COMMIT_HOME": str(self.clone.parent / "pre-commit"),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def branch(self, name: str) -> None:
        """Begin a branch from main as it is on the site."""
        self.git("fetch", "--quiet", "origin", "main")
        self.git("checkout", "--quiet", "--force", "-B", name, "FETCH_HEAD")

    def want(self, district: str, **settings: object) -> None:
        """Edit what a district's file wants."""
        path = self.clone / "districts" / f"{district}.yaml"
        data = yaml.safe_load(path.read_text("utf-8"))
        data["settings"] |= settings
        path.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")

    def pushed(self, branch: str, district: str, **settings: object) -> None:
        """Push a branch on which one district wants something else."""
        self.branch(branch)
        self.want(district, **settings)
        done = self.commit(f"{district} wants {settings}", "--no-verify")
        assert done.returncode == 0, done.stdout + done.stderr
        self.git("push", "--quiet", "--force", "origin", branch)

    def run(self, github: dict[str, Any], *only: str) -> dict[str, Job]:
        """Run the workflow for an event, or some of its jobs."""
        return self.runner.run(WORKFLOW, github, only)

    def pull(self, branch: str, *, fork: bool = False) -> tuple[int, Job]:
        """Open a pull request, and let the job run that plans it."""
        event = self.site.open_pull(branch, fork=fork)
        return event["event"]["pull_request"]["number"], self.run(event, "plan")["plan"]

    def merged(self, number: int, message: str = "Merge it") -> Job:
        """Merge a pull request, and let the job run that applies it."""
        return self.run(self.site.merge(number, message))["apply"]

    def comment(self, number: int) -> str:
        """Give the one comment of the bot on a pull request."""
        (one,) = self.site.comments(number)
        return str(one["body"])

    def live(self, district: str, setting: str) -> object:
        return self.connect.forms(district)[district][setting]

    def connectsync(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command on main, on a machine that may reach Connect."""
        self.branch("look")
        return run_warm(
            ["--project", self.clone, *arguments],
            folder=self.clone,
            environment={**self.runner.environment, **self.runner.secrets},
        )


def hooks() -> str:
    """Give our published hooks, run by what is installed already."""
    published = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    ours = [{**one, "language": "system"} for one in published]
    return str(yaml.safe_dump({"repos": [{"repo": "local", "hooks": ours}]}))
