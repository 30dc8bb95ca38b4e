"""Which files differ from a revision, and what they said there: asked of git."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from connectsync.errors import UsageError

FILES = frozenset(["100644", "100755"])
"""Modes of entries that are files: neither links nor other repositories."""


@dataclass(frozen=True, slots=True)
class Changed:
    """
    Files that differ from a revision: those that are there, and those that went.

    ``base`` is the commit they are compared with, spelled in full.
    """

    base: str
    present: tuple[Path, ...]
    gone: tuple[Path, ...]


def changed_since(root: Path, revision: str) -> Changed:
    """
    Give the files below ``root`` that differ from a revision.

    Counted are commits since the two parted, the index, the work tree, and files git
    does not know yet. Raises ``UsageError`` if git or the revision is not there.
    """
    base = _text(_git(root, "merge-base", "--", revision, "HEAD")).strip()
    differing = _git(
        root, "diff", "--name-only", "--no-renames", "-z", "--relative", base, "--"
    )
    unknown = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    names = sorted({name for name in _text(differing + unknown).split("\0") if name})
    paths = [root / name for name in names]
    return Changed(
        base=base,
        present=tuple(path for path in paths if path.is_file()),
        gone=tuple(path for path in paths if not path.is_file()),
    )


def files_at(
    root: Path, commit: str, wanted: Callable[[str], bool]
) -> Mapping[str, bytes]:
    """
    Read files below ``root`` as they were at a commit, by name from there.

    ``wanted`` says of a name whether it is read. Raises ``UsageError``.
    """
    listed = _text(_git(root, "ls-tree", "-r", "-z", commit))
    found = [_entry(line) for line in listed.split("\0") if line]
    objects = {name: oid for mode, oid, name in found if mode in FILES and wanted(name)}
    asked = "".join(f"{oid}\n" for oid in objects.values()).encode()
    answer = _git(root, "cat-file", "--batch", given=asked)
    return dict(zip(objects, _blobs(answer), strict=True))


def _entry(line: str) -> tuple[str, str, str]:
    about, _, name = line.partition("\t")
    mode, _, oid = about.split(" ")
    return mode, oid, name


def _blobs(answer: bytes) -> list[bytes]:
    """Take apart what ``cat-file --batch`` answers: a line, so many bytes, a line."""
    blobs, at = [], 0
    while at < len(answer):
        end = answer.index(b"\n", at)
        size = int(answer[at:end].split(b" ")[2])
        blobs.append(answer[end + 1 : end + 1 + size])
        at = end + 1 + size + 1
    return blobs


def _text(said: bytes) -> str:
    return said.decode(errors="surrogateescape")


def _git(root: Path, *arguments: str, given: bytes | None = None) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and the revision is no option
            ["git", "-C", str(root), *arguments],  # noqa: S607 - the user's own git
            capture_output=True,
            check=True,
            input=given,
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
    return done.stdout
