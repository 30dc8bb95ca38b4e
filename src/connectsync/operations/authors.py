"""Who wrote a line of a file, and who is here, as git says it: unchecked."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime

from connectsync.domain.fleet_report import AcceptedBy
from connectsync.domain.foreign_text import foreign_text
from connectsync.errors import UsageError
from connectsync.operations.git import Git, GitRefused
from connectsync.values import dataclass, field

_HEAD = re.compile(rb"([0-9a-f]{40,64}) \d+ (\d+)(?: \d+)?")
_NOBODY = re.compile("0+")
UNSAVED = "not committed yet"
MOST_FILES = 2_000
"""Files whose lines git is asked about: it takes some milliseconds of each."""


_Written = tuple[int, AcceptedBy]
"""Who wrote a line, behind the seconds by which the newest is found."""


@dataclass(slots=True)
class Authors:
    """Who wrote lines of files, as git says it: unchecked. Where it cannot, no one."""

    git: Git
    asked: int = 0
    _lines: dict[str, Mapping[int, _Written]] = field(default_factory=dict)
    _shallow: bool | None = None

    def of_lines(self, file: str, lines: range) -> AcceptedBy:
        """Give who wrote the newest of some lines of a file."""
        if file not in self._lines:
            self.asked += 1
            self._lines[file] = self._blame(file) if self.asked <= MOST_FILES else {}
        held = self._lines[file]
        found = [held[line] for line in lines if line in held]
        return max(found, key=lambda one: one[0], default=(0, AcceptedBy()))[1]

    def of_file(self, file: str) -> AcceptedBy:
        """Give who changed a file last."""
        said = self._ask(
            "log", "-1", f"--abbrev={SHOWN}", "--format=%an%x00%at%x00%h", "--", file
        )
        parts = os.fsdecode(said).strip().split("\0")
        if len(parts) != _PARTS or self._is_shallow():
            return AcceptedBy()
        name, at, commit = parts
        return AcceptedBy(name, _day(at), f"commit {commit}")

    def _is_shallow(self) -> bool:
        if self._shallow is None:
            said = self._ask("rev-parse", "--is-shallow-repository")
            self._shallow = said.strip() != b"false"
        return self._shallow

    def _ask(self, *arguments: str) -> bytes:
        try:
            return self.git.run(*arguments)
        except (GitRefused, UsageError):
            return b""

    def _blame(self, file: str) -> dict[int, _Written]:
        said = self._ask("blame", "--no-textconv", "--porcelain", "--", file)
        authors, lines = dict[bytes, dict[bytes, bytes]](), dict[int, bytes]()
        commit = b""
        for line in said.split(b"\n"):
            if line.startswith(b"\t"):
                continue
            if head := _HEAD.fullmatch(line):
                commit = head[1]
                lines[int(head[2])] = commit
                authors.setdefault(commit, {})
            elif commit:
                name, _, value = line.partition(b" ")
                authors[commit].setdefault(name, value)
        told = {one: self._told(one, about) for one, about in authors.items()}
        return {number: told[one] for number, one in lines.items()}

    def _told(self, commit: bytes, about: Mapping[bytes, bytes]) -> _Written:
        spelled = commit.decode("ascii")
        if _NOBODY.fullmatch(spelled):
            return sys.maxsize, AcceptedBy(how=UNSAVED)
        # a shallow clone takes its oldest commit for the author of all before it
        if b"boundary" in about and self._is_shallow():
            return 0, AcceptedBy()
        name = os.fsdecode(about.get(b"author", b""))
        at = about.get(b"author-time", b"").decode("ascii", "replace")
        seconds = int(at) if at.isdecimal() else 0
        return seconds, AcceptedBy(name, _day(at), f"commit {spelled[:SHOWN]}")


def people_here(git: Git) -> tuple[str, ...]:
    """Give whom git is told to name in commits that are made here: name and address."""
    try:
        said = git.run("config", "--null", "--get-regexp", r"^user\.(name|email)$")
    except (GitRefused, UsageError):
        return ()
    # of several the last one counts, as in a commit
    told = dict(one.partition("\n")[::2] for one in os.fsdecode(said).split("\0"))
    names = (told.get("user.name", ""), told.get("user.email", ""))
    return tuple(foreign_text(one) for one in names if one)


SHOWN = 9
"""Digits of a commit that are shown."""

_PARTS = 3


def _day(seconds: str) -> date | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC).date()
    except (ValueError, OverflowError, OSError):
        return None
