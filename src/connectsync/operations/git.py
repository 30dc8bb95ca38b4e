"""Git, and a commit as data: the one place that runs it, and nothing it would run."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import subprocess
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from connectsync.config.decode import SIZE_LIMIT
from connectsync.domain.foreign_text import (
    environment_of_children,
    foreign_text,
    mask_secrets,
    program_in,
)
from connectsync.errors import UsageError
from connectsync.files.access import read_regular
from connectsync.files.programs import hear_program
from connectsync.values import dataclass, field

FILES = frozenset(["100644", "100755"])
LINK = "120000"
"""Modes of entries in a commit; folders are listed by what is in them."""

_INDEX_LIMIT = 1 << 26
"""Bytes of an index that are looked through; one of 13,318 files has two million."""

MOST_LINKS = 40
"""Links that a path may lead over, as for the system."""

DEEPER = (
    "fetch more of the history: `git fetch --unshallow`, or fetch-depth: 0 for"
    " actions/checkout, or GIT_DEPTH: 0 in GitLab CI"
)
SECONDS, FEW = 300.0, 10.0
"""How long git may take, and where its list of files can be read without it."""

MOST_LISTED, MOST_SAID = 1 << 26, 1 << 28
"""Bytes that git may list of a commit, half a million files, and say altogether."""

_STUCK = "fatal: git did not come to an end within {seconds:g} s"
_LONG = "fatal: git says more than {most:,} bytes about it, and no more are read"
_COMPLAINT = 1 << 16  # bytes that are read
_TRUSTED = "git config --global --add safe.directory"

_CAUTIONS = (
    # a bare repository that lies among the files is data, not a repository
    *("-c", "safe.bareRepository=explicit"),
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "core.attributesFile=/dev/null"),
    *("-c", "core.quotePath=false"),
    "--no-pager",
    "--literal-pathspecs",
)
_LACKING = re.compile("lacks the object|promisor remote|transport '.*' not allowed")
_SECRETIVE = re.compile("TOKEN|SECRET|PASSW|KEY|AUTH|CREDENTIAL", re.IGNORECASE)
_KEPT = (
    *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"),
    *("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"),
    *("GIT_AUTHOR_", "GIT_COMMITTER_"),
    *("GIT_EXEC_PATH", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"),
)
"""Variables by which the operator, not the caller in a hook, speaks to git."""


@dataclass(frozen=True, slots=True)
class Git:
    """
    Git in a folder, with an environment of its own.

    A hook, or ``rebase --exec``, names its own repository, index and work tree in
    ``GIT_*``: those do not reach the git that is run here. Each question has
    ``seconds``, or the usual ones.
    """

    folder: Path
    environment: Mapping[str, str]
    seconds: float | None = None

    def run(
        self, *arguments: str, given: bytes = b"", most: int | None = None
    ) -> bytes:
        """
        Give what git says, up to so many bytes; ``given`` is its standard input.

        Raises ``GitRefused`` with what it complains of, or where it does not come to
        an end, and ``UsageError`` where there is no git.
        """
        seconds = SECONDS if self.seconds is None else self.seconds
        most = MOST_SAID if most is None else most
        process = subprocess.Popen(  # noqa: S603 - no shell, and no argument is an option
            [self._program(), *_CAUTIONS, "-C", str(self.folder), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment(self.environment),
        )
        with process:
            said, complaint, stuck = hear_program(process, given, most, seconds)
        if stuck:
            raise GitRefused(_STUCK.format(seconds=seconds))
        if len(said) > most:
            raise GitRefused(_LONG.format(most=most))
        if process.returncode != 0:
            told = complaint.decode(errors="replace").strip()
            raise GitRefused(mask_secrets(told, _secrets_in(self.environment)))
        return said

    def line(self, *arguments: str) -> str:
        """Give the one line that git says."""
        return os.fsdecode(self.run(*arguments).removesuffix(b"\n"))

    def _program(self) -> str:
        program = program_in(os.get_exec_path(self.environment), "git")
        if program is None:
            raise UsageError(
                "this needs git, which is not installed",
                remedy="install git, or leave out what asks for it",
            )
        return program


def tracked_in(path: Path, environment: Mapping[str, str]) -> str | None:
    """
    Name a file that lies at or below a path and that a commit brings along.

    None if there is none, or no repository to ask. A repository of another user is
    asked as well, and where there is no git its list of files is looked through.
    """
    if not os.path.lexists(path):
        return None
    # the path itself may be a link that a commit holds, and is not followed
    lies = Path(os.path.realpath(path.parent), path.name)
    # from the top: below it, files laid out as a bare repository make git refuse
    top = next((one for one in lies.parents if os.path.lexists(one / ".git")), None)
    if top is None:
        return None
    name = lies.relative_to(top).as_posix()
    trusting = ("-c", f"safe.directory={top}")
    try:
        # it may be a stranger's, in which a pipe stands where git reads a file
        listed = Git(top, environment, FEW).run(*trusting, "ls-files", "-z")
    except (GitRefused, UsageError):
        return name if _is_spelled(_spelled(name), top) else None
    # a disk may not tell .CONNECTSYNC from .connectsync
    wanted = _spelled(name)
    return next(
        (
            one
            for one in os.fsdecode(listed).split("\0")
            if f"{_spelled(one)}/".startswith(f"{wanted}/")
        ),
        None,
    )


def _spelled(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _is_spelled(name: str, top: Path) -> bool:
    """Say whether the index of a repository holds a name, without git."""
    folder = top / ".git"
    try:
        if folder.is_file():
            said = os.fsdecode(read_regular(folder, _INDEX_LIMIT))
            folder = top / said.removeprefix("gitdir:").strip()
        index = _spelled(os.fsdecode(read_regular(folder / "index", _INDEX_LIMIT)))
    except (OSError, ValueError):
        return False
    return f"{name}/" in index or f"{name}\0" in index


class GitRefused(Exception):
    """Git ended with an error; ``said`` is what it wrote, in English."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Give an environment in which git looks for its repository itself."""
    named = {name for name in environment if name.startswith(_KEPT)}
    also = frozenset(named | {"SSH_AUTH_SOCK"})
    kept = environment_of_children(environment, also=also)
    kept.pop("LANGUAGE", None)
    return kept | {
        # its complaints are told apart by their words
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        # the base is what was committed, not what took its place in this clone
        "GIT_NO_REPLACE_OBJECTS": "1",
        # what a clone lacks would be fetched by programs that its settings name
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "",
    }


def _secrets_in(environment: Mapping[str, str]) -> list[str]:
    """Give what may be a secret in an environment, by the names of its variables."""
    return [value for name, value in environment.items() if _SECRETIVE.search(name)]


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
        try:
            return _blobs(self.git, [self.entries[name][1] for name in names])
        except GitRefused as refusal:
            raise explain_refusal(self.git, refusal.said) from refusal

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
        # a checkout may have other line ends than the commit
        return any(_hash(one, oid) == oid for one in (raw, raw.replace(b"\r\n", b"\n")))

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
            top = f"{os.path.realpath(self.git.folder)}/"
            return held.removeprefix(top) if held.startswith(top) else None
        return "/".join(filter(None, (link.rpartition("/")[0], held)))


def file_of_commit(git: Git, commit: str, name: str) -> bytes | None:
    """
    Give what one file of a commit says, over its links; None if there is none.

    It is asked for by its name: a commit may hold any number of others. Raises
    ``GitRefused``, also where it cannot be told.
    """
    git.run(
        "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{tree}}"
    )
    asked = os.fsencode(f"{commit}:{name}\n")
    follow = ("cat-file", "--follow-symlinks", "--batch-check")
    told = git.run(*follow, given=asked, most=_COMPLAINT)
    match told.split():
        case [oid, b"blob", size] if told.count(b"\n") == 1:
            if int(size) > SIZE_LIMIT:
                raise GitRefused(_LONG.format(most=SIZE_LIMIT))
            return git.run("cat-file", "blob", oid.decode("ascii"), most=SIZE_LIMIT)
    # the same is said of a file that a partial clone lacks, and of one behind a link
    parts = name.split("/")
    above = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    asking = ("ls-tree", "-t", "-z", "--full-tree", commit, "--", *above)
    listed = git.run(*asking, most=_COMPLAINT).split(b"\0")
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


def _hash(raw: bytes, like: str) -> str:
    """Name bytes as git names an object: by SHA-1, or by SHA-256 if it uses that."""
    name = "sha1" if len(like) == 40 else "sha256"  # noqa: PLR2004 - hex digits
    content = b"blob %d\0%b" % (len(raw), raw)
    return hashlib.new(name, content, usedforsecurity=False).hexdigest()


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


def explain_refusal(git: Git, said: str) -> UsageError:
    """Give the sentence for a complaint of git, and what to do about it."""
    root = git.folder
    if "dubious ownership" in said:
        named = re.search(r"repository at '(.+)'", said)
        folder = named[1] if named else str(root)
        return UsageError(
            f"git does not use {folder}: it belongs to another user (dubious"
            " ownership)",
            remedy=f"if you trust what is in it: `{_TRUSTED} {shlex.quote(folder)}`",
        )
    if "bare repository" in said:
        return UsageError(
            f"{root} holds files that look like a bare git repository, which is not"
            " used",
            remedy="remove `HEAD`, `objects` and `refs` from the project, or leave"
            " --changed-since out",
        )
    if "not a git repository" in said:
        return UsageError(
            f"git cannot compare with that revision: {root} is not a git repository"
            f"{_passed_over(git.environment)}",
            remedy="run it in a clone, or leave --changed-since out",
        )
    if "must be run in a work tree" in said:
        return UsageError(
            f"git has no work tree at {root}",
            remedy="run it in a clone with a work tree, or leave --changed-since out",
        )
    if _LACKING.search(said):
        return UsageError(
            "git cannot compare with that revision: this clone lacks files of it, and"
            " nothing is fetched meanwhile",
            remedy="clone without --filter, or fetch them first: `git fetch --refetch"
            " --no-filter`",
        )
    return _of_the_rest(said)


def _of_the_rest(said: str) -> UsageError:
    """Quote a complaint that is not known; it may name an address with a password."""
    lines = [" ".join(line.split()) for line in said.splitlines() if line.strip()]
    first = next((one for one in lines if one.startswith("fatal: ")), "git failed")
    smaller = (
        "keep the districts in a repository of their own, or leave --changed-since out"
    )
    return UsageError(
        "git cannot compare with that revision:"
        f" {foreign_text(first.removeprefix('fatal: '))}",
        remedy=smaller
        if first.startswith(_LONG.partition("{")[0])
        else "try `git status` in the project; it says more",
    )


def _passed_over(environment: Mapping[str, str]) -> str:
    """Say that a repository named by the environment, as in a hook, is not used."""
    if "GIT_DIR" not in environment:
        return ""
    return " (GIT_DIR is set; it may name another repository, so it is not used)"
