"""Which files differ from a revision: asked of git."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from connectsync.errors import UsageError


@dataclass(frozen=True, slots=True)
class Changed:
    """Files that differ from a revision: those that are there, and those that went."""

    present: tuple[Path, ...]
    gone: tuple[Path, ...]


def changed_since(root: Path, revision: str) -> Changed:
    """
    Give the files below ``root`` that differ from a revision.

    Counted are commits since the two parted, the index, the work tree, and files git
    does not know yet. Raises ``UsageError`` if git or the revision is not there.
    """
    base = _git(root, "merge-base", "--", revision, "HEAD").strip()
    differing = _git(
        root, "diff", "--name-only", "--no-renames", "-z", "--relative", base, "--"
    )
    unknown = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    names = sorted({name for name in (differing + unknown).split("\0") if name})
    paths = [root / name for name in names]
    return Changed(
        present=tuple(path for path in paths if path.is_file()),
        gone=tuple(path for path in paths if not path.is_file()),
    )


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and the revision is no option
            ["git", "-C", str(root), *arguments],  # noqa: S607 - the user's own git
            capture_output=True,
            check=True,
        )
    except FileNotFoundError as error:
        raise UsageError("--changed-since needs git, which is not installed") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        reason = said[-1].removeprefix("fatal: ") if said else "git failed"
        raise UsageError(
            f"git cannot compare with that revision: {reason}",
            remedy="name a branch, a tag or a commit that this clone has",
        ) from error
    return done.stdout.decode(errors="surrogateescape")
