"""Secrets by reference: env:NAME, file:PATH, command:ARGV. Never shown, never kept."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from connectsync.errors import ProjectError

SECONDS = 30
"""How long a command may take to answer."""


def stated_in(
    key: str, reference: str, *, environment: Mapping[str, str], root: Path
) -> str:
    """Give the secret that a key of the project file refers to; see ``resolved``."""
    try:
        return resolved(reference, environment=environment, root=root)
    except ProjectError as error:
        raise ProjectError(f"{key}: {error.message}", remedy=error.remedy) from error


def resolved(reference: str, *, environment: Mapping[str, str], root: Path) -> str:
    """
    Give the secret that a reference stands for.

    A path is taken from the project's folder. Raises ``ProjectError``, which names
    the reference and never what it holds.
    """
    kind, _, where = reference.partition(":")
    match kind:
        case "env":
            secret = environment.get(where, "")
        case "file":
            secret = _file(root / where, reference)
        case "command":
            secret = _command(where, reference, root)
        case _:
            raise ProjectError(
                "a token must be a reference: env:NAME, file:PATH or command:ARGV"
            )
    secret = secret.strip()
    if not secret or not secret.isprintable():
        raise ProjectError(
            f"{reference} gives no token", remedy="set it where this command runs"
        )
    return secret


def _file(path: Path, reference: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{reference} cannot be read") from error


def _command(line: str, reference: str, root: Path) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the project's own command, no shell
            shlex.split(line),
            cwd=root,
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
        return done.stdout.decode("utf-8")
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
        # what the command said may hold the secret
        raise ProjectError(f"{reference} failed") from error
