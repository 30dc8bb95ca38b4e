"""A project's own git repository, as a person works in it."""

from __future__ import annotations

import subprocess

from console import Console


def git(console: Console, *arguments: str) -> str:
    """Run git in a project, and give what it says."""
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments],
        cwd=console.folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def commit(console: Console) -> str:
    """Commit all that a project has, and name the commit."""
    git(console, "add", "--all")
    git(console, "commit", "--quiet", "--message", "a change")
    return git(console, "rev-parse", "HEAD")
