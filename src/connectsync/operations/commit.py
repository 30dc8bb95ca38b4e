"""A commit as data: its files, and what the project allowed as of it."""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from difflib import SequenceMatcher
from pathlib import Path

from connectsync.config.decode import SIZE_LIMIT
from connectsync.config.discovery import PROJECT_FILE
from connectsync.config.policy_check import ReadBytes, holiday_reader, with_holidays
from connectsync.config.project import Project, connection_of, project_of_text
from connectsync.domain.district import District
from connectsync.domain.fleet_report import AcceptedBy
from connectsync.domain.plan import REACHED_BY
from connectsync.domain.policy import Policy, figures_loosened
from connectsync.domain.rule_settings import ALSO_CHANGES, stated_otherwise
from connectsync.errors import ProjectError, UsageError
from connectsync.files.access import read_regular
from connectsync.files.git_index import is_object
from connectsync.operations.git import (
    FEW,
    MOST_LISTED,
    SHORT,
    TOO_LONG,
    Git,
    GitRefused,
    explain_refusal,
)
from connectsync.values import dataclass, field

FILES = frozenset(["100644", "100755"])
LINK = "120000"
"""Modes of entries in a commit; folders are listed by what is in them."""

MOST_LINKS = 40
"""Links that a path may lead over, as for the system."""


@dataclass(frozen=True, slots=True)
class CommitTree:
    """
    The files of a commit, by name from the top of the repository.

    ``entries`` gives each one's mode and object, ``links`` what each link holds.
    """

    git: Git
    entries: Mapping[str, tuple[str, str]]
    links: Mapping[str, str]
    _folders: dict[str, set[str]] = field(default_factory=dict)
    _kept: dict[str, list[bytes]] = field(default_factory=dict)

    @classmethod
    def at(cls, git: Git, commit: str) -> CommitTree:
        """List a commit. Raises ``GitRefused``."""
        listed = git.run("ls-tree", "-r", "-z", "--full-tree", commit, most=MOST_LISTED)
        entries = dict(_entry(line) for line in listed.split(b"\0") if line)
        links = [name for name, (mode, _) in entries.items() if mode == LINK]
        held = _blobs(git, [entries[name][1] for name in links])
        tree = cls(git, entries, dict(zip(links, map(os.fsdecode, held), strict=True)))
        for name in entries:
            tree._enter(name)
        return tree

    def _enter(self, name: str) -> None:
        folder, _, last = name.rpartition("/")
        names = self._folders.setdefault(folder, set())
        names.add(last)
        if len(names) == 1 and folder:
            self._enter(folder)

    def read(self, names: Collection[str]) -> list[bytes]:
        """Read files, in the order of their names. Raises ``UsageError``."""
        objects = [self.entries[name][1] for name in names]
        # the project file is read again and again, and by itself
        alone = objects[0] if len(objects) == 1 else ""
        try:
            found = self._kept.get(alone) or _blobs(self.git, objects)
        except GitRefused as refusal:
            raise explain_refusal(self.git, refusal.said) from refusal
        if alone:
            self._kept[alone] = found
        return found

    def is_file(self, name: str) -> bool:
        """Say whether there is a file of this name, and no link or folder."""
        return self.entries.get(name, ("",))[0] in FILES

    def holds(self, name: str, path: Path) -> bool:
        """Say whether a file on the disk says what the one of this name says."""
        oid = self.entries[name][1]
        try:
            raw = read_regular(path, SIZE_LIMIT)
        except OSError:
            return False
        return is_object(raw, oid)

    def names_in(self, folder: str) -> Collection[str]:
        """Name what is in a folder, by its own name from the top; "" is the top."""
        return self._folders.get(folder, ())

    def followed(self, name: str, links: int = MOST_LINKS) -> str | None:
        """Give where a name ends once links are followed; None if out of the commit."""
        at = ""
        parts = name.split("/") if name else []
        for position, part in enumerate(parts):
            if part == "..":
                if not at:
                    return None
                at = at.rpartition("/")[0]
                continue
            at = "/".join(filter(None, (at, part))) if part not in {"", "."} else at
            if at in self.links:
                target = self._target(at)
                if target is None or not links:
                    return None
                rest = parts[position + 1 :]
                return self.followed("/".join([target, *rest]), links - 1)
        return at if at in self.entries or at in self._folders or not at else None

    def _target(self, link: str) -> str | None:
        held = self.links[link]
        if held.startswith("/"):
            return None  # in another clone it leads elsewhere
        return "/".join(filter(None, (link.rpartition("/")[0], held)))


def file_of_commit(git: Git, commit: str, name: str) -> bytes | None:
    """
    Give what one file of a commit says, over its links; None if there is none.

    It is asked for by its name: a commit may hold any number of others. Raises
    ``GitRefused``, also where it cannot be told.
    """
    asked = os.fsencode(f"{commit}^{{tree}}\n{commit}:{name}\n")
    follow = ("cat-file", "--follow-symlinks", "--batch-check")
    tree, _, told = git.run(*follow, given=asked, most=SHORT).partition(b"\n")
    if b" tree " not in tree:
        raise GitRefused("")
    match told.split():
        case [oid, b"blob", size] if told.count(b"\n") == 1:
            if int(size) > SIZE_LIMIT:
                raise GitRefused(TOO_LONG.format(most=SIZE_LIMIT))
            return git.run("cat-file", "blob", oid.decode("ascii"), most=SIZE_LIMIT)
    # the same is said of a file that a partial clone lacks, and of one behind a link
    parts = name.split("/")
    above = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    asking = ("ls-tree", "-t", "-z", "--full-tree", commit, "--", *above)
    listed = git.run(*asking, most=SHORT).split(b"\0")
    entries = dict(_entry(line) for line in listed if line)
    if name in entries or any(mode == LINK for mode, _ in entries.values()):
        raise GitRefused(f"fatal: this clone lacks the object of {name}")
    return None


def file_at(
    root: Path, commit: str, name: str, environment: Mapping[str, str]
) -> bytes | None:
    """
    Give a file of a project as a commit has it; None if it has none.

    Raises ``UsageError`` where git is not there, ``GitRefused`` where it cannot tell.
    """
    git = Git(root, environment, FEW)
    top = Path(os.path.realpath(git.line("rev-parse", "--show-toplevel")))
    path = os.path.relpath(Path(os.path.realpath(root), name), top)
    return file_of_commit(Git(top, environment, FEW), commit, path)


def tree_with(git: Git, tree: str, blobs: Mapping[str, str]) -> str:
    """Write a tree with other objects for some files, by name. Raises GitRefused."""
    within: dict[str, dict[str, str]] = defaultdict(dict)
    for name, oid in blobs.items():
        first, _, rest = name.partition("/")
        within[first][rest] = oid
    lines = []
    for line in git.run("ls-tree", "-z", "--full-tree", tree).split(b"\0"):
        about, _, last = line.partition(b"\t")
        if changes := within.get(os.fsdecode(last)) if line else None:
            mode, kind, oid = about.decode("ascii").split(" ")
            oid = changes[""] if "" in changes else tree_with(git, oid, changes)
            line = f"{mode} {kind} {oid}\t".encode() + last  # noqa: PLW2901 - as it reads now
        lines.append(line)
    return os.fsdecode(git.run("mktree", "-z", given=b"\0".join(lines)).strip())


def _entry(line: bytes) -> tuple[str, tuple[str, str]]:
    about, _, name = line.partition(b"\t")
    mode, _, oid = about.decode("ascii").split(" ")
    return os.fsdecode(name), (mode, oid)


def _blobs(git: Git, objects: list[str]) -> list[bytes]:
    if not objects:
        return []
    asked = "".join(f"{oid}\n" for oid in objects).encode()
    return list(_split_batch(git.run("cat-file", "--batch", given=asked)))


def _split_batch(answer: bytes) -> Iterator[bytes]:
    """Take apart what ``cat-file --batch`` answers: a line, so many bytes, a line."""
    at = 0
    while at < len(answer):
        end = answer.index(b"\n", at)
        oid, *kind_and_size = answer[at:end].split(b" ")
        if len(kind_and_size) != 2:  # noqa: PLR2004 - what it says is `missing`
            raise GitRefused(f"fatal: this clone lacks the object {oid.decode()}")
        size = int(kind_and_size[1])
        yield answer[end + 1 : end + 1 + size]
        at = end + 1 + size + 1


def project_at(
    root: Path, commit: str, environment: Mapping[str, str], *, to_come: bool = False
) -> Project:
    """
    Give the project as the file of a commit describes it, asked for by its name.

    Raises ``ProjectError``, ``UsageError``, and ``GitRefused`` if it cannot be read.
    """
    raw = file_at(root, commit, PROJECT_FILE, environment)
    raw = b"schema: 1\n" if raw is None else raw
    return project_of_text(root, raw, to_come=to_come)


def limits_before(
    project: Project,
    commit: str | None,
    environment: Mapping[str, str],
    now: datetime,
) -> Policy | None:
    """
    Give the limits that the project file stated at a commit; None if unknown.

    None also for no commit: then nothing was compared. Its calendar files are those of
    the commit, and close nothing where one cannot be read.
    """
    if not commit:
        return None

    def read(name: str) -> bytes:
        try:
            return file_at(project.root, commit, name, environment) or b""
        except GitRefused as refusal:
            raise ProjectError(str(refusal)) from refusal

    try:
        policy = project_at(project.root, commit, environment).policy.limits()
    except ProjectError:
        return project.policy.limits()
    except (GitRefused, UsageError):
        return None
    with suppress(ProjectError):
        policy = with_holidays(policy, read, now.date(), far=True)
    return policy


def limits_then(
    before: Policy,
    read: ReadBytes,
    today: datetime | None,
    districts: Mapping[str, District],
) -> Policy:
    """
    Give what the project allowed before a change, for the districts as they were then.

    A change that takes a label off a district leaves it in the calendar of that label.
    Calendar files are ``read`` as they were.
    """
    if today is not None:
        # with a file that could not be read nothing was applied
        with suppress(ProjectError):
            before = with_holidays(before, read, today.date())
    return before.limits().settled(districts.values(), districts)


def project_changes(
    project: Project, base: str, environment: Mapping[str, str], now: datetime
) -> Iterator[str]:
    """Tell what the project file here, and that of the commit, say otherwise."""
    try:
        before = project_at(project.root, base, environment)
    except (GitRefused, ProjectError):
        yield f"{PROJECT_FILE} cannot be read as it was: all of it may have changed"
        return
    except UsageError:
        return
    yield from project_loosened(before, project)
    with suppress(GitRefused, UsageError, ProjectError):
        after = project_at(project.root, "HEAD", environment)
        yield from project_loosened(before, after)
        if after.stated != project.stated:
            yield from _refused(after, now)


def _refused(project: Project, now: datetime) -> Iterator[str]:
    """Tell which calendar file of a project file to come no command would read."""
    try:
        with_holidays(project.policy, holiday_reader(project.root), now.date())
    except ProjectError as error:
        yield f"nothing can be planned or applied by its calendars: {error.message}"


def project_loosened(before: Project, after: Project) -> Iterator[str]:
    """Tell what a project file lets through, where it leads, and all other keys."""
    told = [*_looser(before, after)]
    yield from told
    keys = stated_otherwise(before.stated, after.stated)
    if others := [k for k in keys if not any(t.startswith(f"{k} ") for t in told)]:
        yield f"{ALSO_CHANGES}{', '.join(others)}"


def _looser(before: Project, after: Project) -> Iterator[str]:
    yield from figures_loosened(before.policy, after.policy)
    was, now = connection_of(before), connection_of(after)
    for key in REACHED_BY:
        if was.get(key) != now.get(key):
            yield f"{key} is another, and saves and tokens go by it"
    if before.connect != after.connect:
        names = f"was {before.connect or 'none'}, and is {after.connect or 'none'}"
        yield f"connect {names}: what was applied is known by that name"
    if (before.state_dir, before.state_url) != (after.state_dir, after.state_url):
        yield "the state is another: what was applied and approved is not known there"
    if (before.roster, before.clever) != (after.roster, after.clever):
        yield "`roster` is another: whom later changes reach is counted on that"


_HEAD = re.compile(rb"([0-9a-f]{40,64}) \d+ (\d+)(?: \d+)?")
UNSAVED = "not committed yet"
MOST_FILES, _FILE_LIMIT = 2_000, 1 << 24
"""Files whose lines git is asked about, some milliseconds of each; bytes of one."""

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
        found = [one for line in lines if (one := self._lines[file].get(line))]
        return max(found, key=lambda one: one[0], default=(0, AcceptedBy()))[1]

    def of_file(self, file: str) -> AcceptedBy:
        """Give who changed a file last."""
        said = self._ask(
            "log", "-1", f"--abbrev={SHOWN}", "--format=%an%x00%at%x00%h", "--", file
        )
        parts = os.fsdecode(said).strip().split("\0")
        if len(parts) != 3 or self._is_shallow():  # noqa: PLR2004 - of the format
            return AcceptedBy()
        name, at, commit = parts
        return AcceptedBy(name, _day(at), f"commit {commit}")

    def _is_shallow(self) -> bool:
        if self._shallow is None:
            said = self._ask("rev-parse", "--is-shallow-repository")
            self._shallow = said.strip() != b"false"
        return self._shallow

    def _ask(self, *arguments: str, given: bytes = b"") -> bytes:
        try:
            return self.git.run(*arguments, given=given)
        except (GitRefused, UsageError):
            return b""

    def _blame(self, file: str) -> dict[int, _Written]:
        """Give who wrote each line of a file."""
        # of the file as it lies here, git would run the filters that attributes name
        committed = self._ask("cat-file", "blob", f"HEAD:./{file}")
        if not committed and not self._ask("rev-parse", "--verify", "HEAD"):
            return {}
        written = self._blame_commit(file) if committed else {}
        try:
            here = read_regular(self.git.folder / file, _FILE_LIMIT)
        except (OSError, ValueError):
            return {}
        old, new = ([*map(bytes.rstrip, one.split(b"\n"))] for one in (committed, here))
        mine = sys.maxsize, AcceptedBy(how=UNSAVED)
        lines = dict.fromkeys(range(1, len(new) + 1), mine)
        for at, to, size in SequenceMatcher(None, old, new).get_matching_blocks():
            for line in range(1, size + 1):
                lines.pop(to + line, None)
                if at + line in written:
                    lines[to + line] = written[at + line]
        return lines

    def _blame_commit(self, file: str) -> dict[int, _Written]:
        said = self._ask("blame", "--no-textconv", "--porcelain", "HEAD", "--", file)
        lines, edges = dict[int, bytes](), set[bytes]()
        commit = b""
        for line in said.split(b"\n"):
            if head := _HEAD.fullmatch(line):
                commit = lines[int(head[2])] = head[1]
            elif line == b"boundary":
                edges.add(commit)
        # blame names people by .mailmap, which a commit may bring along
        shown = ("log", "--no-walk", "--stdin", "-z", "--format=%H %at %an")
        asked = b"\n".join({*lines.values()})
        told = dict[bytes, _Written]()
        for line in self._ask(*shown, given=asked).split(b"\0") if lines else ():
            commit, _, about = line.partition(b" ")
            # a shallow clone takes its oldest commit for the author of all before it
            if commit not in edges or not self._is_shallow():
                told[commit] = _told(commit, *os.fsdecode(about).partition(" "))
        return {number: told.get(one, UNKNOWN) for number, one in lines.items()}


UNKNOWN: _Written = (0, AcceptedBy())


def _told(commit: bytes, at: str, _: str, name: str) -> _Written:
    how, seconds = f"commit {commit[:SHOWN].decode()}", int(at) if at.isdecimal() else 0
    return seconds, AcceptedBy(name.rstrip("\n"), _day(at), how)


SHOWN = 9
"""Digits of a commit that are shown."""


def _day(seconds: str) -> date | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC).date()
    except (ValueError, OverflowError, OSError):
        return None
