"""One step of our workflows, run by itself: what it reads is made up, down to a row."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from github_runner import GH, SHELLS
from github_site import SERVER
from warm import warm_folder

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = yaml.safe_load(
    (ROOT / ".github" / "workflows" / "connectsync.yml").read_text("utf-8")
)
TEMPLATE = yaml.safe_load(
    (ROOT / "deploy" / "gitlab" / "connectsync.gitlab-ci.yml").read_text("utf-8")
)
GRANTED = {"contents": "read", "pull-requests": "write", "actions": "read"}


def step(job: str, name: str) -> dict[str, Any]:
    """Give a step of the workflow for GitHub."""
    (found,) = (one for one in WORKFLOW["jobs"][job]["steps"] if one["name"] == name)
    return dict(found)


@dataclass(frozen=True)
class Desk:
    """A folder to run a script in, and all that the stand-in for GitHub knows."""

    folder: Path
    commit: str

    @property
    def site(self) -> Path:
        """Give the folder of what the stand-in knows."""
        return self.folder / "site"

    def knows(self) -> dict[str, Any]:
        """Give what the stand-in knows now."""
        return dict(json.loads((self.site / "knows.json").read_text()))

    def know(self, **shelves: list[dict[str, Any]]) -> None:
        """Let it know rows of comments, pulls and artifacts."""
        empty: dict[str, list[dict[str, Any]]]
        empty = {"comments": [], "pulls": [], "artifacts": []}
        known = {"granted": GRANTED, **empty, **shelves}
        (self.site / "knows.json").write_text(json.dumps(known))

    def keep(self, number: int, text: str) -> None:
        """Keep the file of an artifact."""
        (self.site / "artifacts" / f"{number}-plan.json").write_text(text)

    def run(
        self, script: str, **more: str
    ) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
        """Run a script as its runner does; give what it put out as well."""
        output = self.folder / "output"
        output.write_text("")
        done = subprocess.run(
            [*SHELLS[WORKFLOW["defaults"]["run"]["shell"]], "-c", script],
            cwd=self.folder,
            env={
                "PATH": f"{warm_folder(GH)}:{Path(sys.executable).parent}"
                f":{os.environ['PATH']}",
                "SITE": str(self.site),
                "GH_TOKEN": "made-up",
                "GITHUB_OUTPUT": str(output),
                "REPOSITORY": "example-org/fleet",
                "SERVER": SERVER,
                **more,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done, dict(_pairs(output.read_text()))


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(a, b) for a, _, b in (one.partition("=") for one in text.splitlines())]


def desk(
    folder: Path,
    message: str = "Merge it",
    *,
    merged: bool = True,
    files: Mapping[str, str] | None = None,
) -> Desk:
    """
    Set up a desk, with a remote of a merge, or of a commit of one author.

    ``files`` are what the commit holds, by name.
    """
    remote = folder / "site" / "remote.git"
    (folder / "site" / "artifacts").mkdir(parents=True)

    def git(*words: str, given: str = "") -> str:
        run = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *words]
        return subprocess.check_output(run, text=True, cwd=folder, input=given).strip()

    git("init", "--quiet", "--bare", str(remote))
    for name, text in (files or {}).items():
        oid = git("-C", str(remote), "hash-object", "-w", "--stdin", given=text)
        entry = f"100644,{oid},{name}"
        git("-C", str(remote), "update-index", "--add", "--cacheinfo", entry)
    tree = git("-C", str(remote), "write-tree")

    def committed(message: str, *parents: str) -> str:
        of = [word for one in parents for word in ("-p", one)]
        return git("-C", str(remote), "commit-tree", tree, "-m", message, *of)

    first, second = committed("first"), committed("second")
    commit = committed(message, *((first, second) if merged else (first,)))
    return Desk(folder, commit)
