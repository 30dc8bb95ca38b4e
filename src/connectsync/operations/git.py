"""Git: the one place that runs it, and nothing it would run; who wrote what."""

from __future__ import annotations

import os
import posixpath
import re
import shlex
import subprocess
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from connectsync.config.decode import SUFFIXES
from connectsync.config.source import spell_control_characters
from connectsync.domain.foreign_text import (
    APART,
    environment_of_children,
    foreign_text,
    mask_secrets,
    program_in,
)
from connectsync.errors import InvalidFiles, TokenRefused, UsageError
from connectsync.files.git_index import (
    at_or_below,
    in_one_place,
    index_holds,
    may_have_attributes,
)
from connectsync.values import dataclass

DEEPER = (
    "fetch more of the history: `git fetch --unshallow`, or fetch-depth: 0 for"
    " actions/checkout, or GIT_DEPTH: 0 in GitLab CI"
)
SECONDS, FEW = 300.0, 10.0
"""How long git may take, and where its list of files can be read without it."""

MOST_LISTED, MOST_SAID = 1 << 26, 1 << 28
"""Bytes that git may list of a commit, half a million files, and say altogether."""

_STUCK = "fatal: git did not come to an end within {seconds:g} s"
TOO_LONG = "fatal: git says more than {most:,} bytes about it, and no more are read"
SHORT = 1 << 16
"""Bytes of a short answer, and of a complaint, that are read."""

_TRUSTED = "git config --global --add safe.directory"

_CAUTIONS = (
    # a bare repository that lies among the files is data, not a repository
    *("-c", "safe.bareRepository=explicit"),
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "core.attributesFile=/dev/null"),
    *("-c", "core.quotePath=false"),
    # else a program that settings name looks at each commit that is listed
    *("-c", "log.showSignature=false"),
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
    ``seconds``, or the usual ones. A folder of another user is asked if ``anyones``.
    """

    folder: Path
    environment: Mapping[str, str]
    seconds: float | None = None
    anyones: bool = False

    def run(
        self,
        *arguments: str,
        given: bytes = b"",
        most: int | None = None,
        index: str = "",
    ) -> bytes:
        """
        Give what git says, up to so many bytes; ``given`` is its standard input.

        ``index`` is a file to keep its list of files in, in place of the usual one.

        Raises ``GitRefused`` with what it complains of, or where it does not come to
        an end, and ``UsageError`` where there is no git.
        """
        seconds = SECONDS if self.seconds is None else self.seconds
        most = MOST_SAID if most is None else most
        process = subprocess.Popen(  # noqa: S603 - no shell, and no argument is an option
            [self._program(), *self._options(), *arguments],
            cwd=APART,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment(self.environment)
            | self._settings()
            | ({"GIT_INDEX_FILE": index} if index else {}),
        )
        with process:
            said, complaint, stuck = hear_program(process, given, most, seconds)
        if stuck:
            raise GitRefused(_STUCK.format(seconds=seconds))
        if len(said) > most:
            raise GitRefused(TOO_LONG.format(most=most))
        if process.returncode != 0:
            told = complaint.decode(errors="replace").strip()
            raise GitRefused(mask_secrets(told, _secrets_in(self.environment)))
        return said

    def _options(self) -> list[str]:
        folder = str(self.folder.absolute())
        trusting = ("-c", f"safe.directory={folder}") if self.anyones else ()
        return [*_CAUTIONS, *trusting, "-C", folder]

    def _settings(self) -> dict[str, str]:
        """Keep git from settings that a commit brings along: HOME may be its folder."""
        brought = any(map(_is_of_a_commit, _settings_of(self.environment)))
        return _NO_SETTINGS if brought else {}

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


def names_in(git: Git, commit: str) -> list[str]:
    """Name all files of a commit, from the top. Raises as `insist_told_apart`."""
    asked = ("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit)
    names = os.fsdecode(git.run(*asked, most=MOST_LISTED)).split("\0")
    insist_told_apart(names)
    return names


def insist_told_apart(names: Collection[str]) -> None:
    """Raise ``InvalidFiles`` if two are one where capitals are not told apart."""
    if pair := in_one_place(names, READ):
        raise InvalidFiles(
            f"{' and '.join(map(spell_control_characters, pair))} are in one place"
            " where capitals are not told apart: a checkout there has one of the two",
            remedy="rename one: what is reviewed would not be what is applied",
        )


_ALTERING = ("working-tree-encoding", "filter", "ident")
_TAKEN_AS_IS = {b"unspecified", b"unset"}
READ = (*SUFFIXES, ".ics")


def insist_as_committed(git: Git, commit: str, names: Collection[str]) -> None:
    """
    Insist that files of a commit come out of git as they are, but for line ends.

    Attributes can let a file say something in the commit, which a review shows, and
    something else in each checkout. ``names`` are all that it has. Raises
    ``InvalidFiles`` and ``GitRefused``.
    """
    if not any(posixpath.basename(one) == ".gitattributes" for one in names):
        return
    read = b"".join(os.fsencode(f"{one}\0") for one in names if one.endswith(READ))
    every = _attributes(git, commit, read).split(b"\0")
    for name, attribute, value in zip(*[iter(every)] * 3, strict=False):
        if value not in _TAKEN_AS_IS:
            given = os.fsdecode(b"%b=%b" % (attribute, value))
            raise InvalidFiles(
                f"{spell_control_characters(os.fsdecode(name))} does not come out of"
                " git as it is committed: .gitattributes gives it"
                f" {spell_control_characters(given)}",
                remedy="take that out of .gitattributes: what is reviewed would not be"
                " what is applied",
            )


def _attributes(git: Git, commit: str, read: bytes) -> bytes:
    """Ask for attributes of a commit: those of a checkout may be others."""
    asked = ("check-attr", "-z", "--stdin")
    try:
        source = f"--source={commit}"
        return git.run(*asked, source, *_ALTERING, given=read, most=MOST_LISTED)
    except GitRefused as refusal:
        # git before 2.40: one that knows it runs hooks of its settings at read-tree
        if not refusal.said.startswith("error: unknown option"):
            raise
    try:
        kept = TemporaryDirectory()
    except OSError as error:
        said = f"there is no folder for temporary files: {error.strerror}"
        raise UsageError(said, remedy="let TMPDIR name one that can be used") from error
    with kept as folder:
        index = os.path.join(folder, "index")  # noqa: PTH118 - for the environment
        git.run("-c", "core.splitIndex=false", "read-tree", commit, index=index)
        told = (*asked, "--cached", *_ALTERING)
        return git.run(*told, given=read, most=MOST_LISTED, index=index)


def top_of(path: Path) -> Path | None:
    """Give the folder of the repository that a path lies in, or None."""
    above = (path, *path.parents)
    return next((one for one in above if os.path.lexists(one / ".git")), None)


def insist_unconverted(root: Path, environment: Mapping[str, str]) -> None:
    """
    Insist that the commit that is checked out alters no file of a project in checkouts.

    Git is asked where attributes came with it. Raises ``InvalidFiles``, and
    ``UsageError`` where git cannot be asked.
    """
    top = top_of(Path(os.path.realpath(root)))
    if top is None or not may_have_attributes(top):
        return
    git = Git(top, environment, anyones=True)
    try:
        git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        insist_as_committed(git, "HEAD", names_in(git, "HEAD"))
    except GitRefused as refusal:
        # without a word: there is no commit yet
        if refusal.said:
            raise explain_refusal(git, refusal.said) from refusal


def tracked_in(path: Path, environment: Mapping[str, str]) -> str | None:
    """
    Name a file that lies at or below a path and that a commit brings along.

    None if there is none, or no repository to ask. A repository of another user is
    asked as well, and where there is no git its list of files is looked through.
    """
    if not os.path.lexists(path):
        return None
    real = Path(os.path.realpath(path))
    # the path itself may be a link that a commit holds, and lead to what one holds
    lies = real if path.name == ".." else Path(os.path.realpath(path.parent), path.name)
    held = (_held_at(one, environment) for one in dict.fromkeys((lies, real)))
    return next((one for one in held if one is not None), None)


def insist_kept_out(
    key: str, reference: str, *, environment: Mapping[str, str], root: Path
) -> None:
    """Raise ``TokenRefused`` for a file in git, whose author chooses who gets what."""
    kind, _, where = reference.partition(":")
    if kind == "file" and tracked_in(root / where, environment) is not None:
        raise TokenRefused(
            f"{key}: {reference} is kept in git, so it is not used",
            remedy="keep it out of the repository, or name a variable: env:NAME",
        )


def _held_at(lies: Path, environment: Mapping[str, str]) -> str | None:
    # from the top: below it, files laid out as a bare repository make git refuse
    if (top := top_of(lies)) is None:
        return None
    name = lies.relative_to(top).as_posix()
    try:
        # it may be a stranger's, in which a pipe stands where git reads a file
        listed = Git(top, environment, FEW, anyones=True).run("ls-files", "-z")
    except (GitRefused, UsageError):
        return name if index_holds(name, top) else None
    return next(filter(at_or_below(name), os.fsdecode(listed).split("\0")), None)


_NO_SETTINGS = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def _settings_of(environment: Mapping[str, str]) -> Iterator[Path]:
    """Give the files that git takes for settings of this person and this machine."""
    home, config = environment.get("HOME"), environment.get("XDG_CONFIG_HOME")
    if home:
        yield Path(home, ".gitconfig")
    if config or home:
        yield Path(config or Path(str(home), ".config"), "git", "config")
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        if environment.get(name, os.devnull) != os.devnull:
            yield Path(environment[name])


def _is_of_a_commit(path: Path) -> bool:
    """Say whether git holds a file, what it leads to, or a folder that leads to it."""
    for one in {path, Path(os.path.realpath(path))} if os.path.lexists(path) else ():
        if top := top_of(one):
            leading = (one, *one.parents[: -len(top.parts)])
            if any(
                index_holds(part.relative_to(top).as_posix(), top) for part in leading
            ):
                return True
    return False


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
        if first.startswith(TOO_LONG.partition("{")[0])
        else "try `git status` in the project; it says more",
    )


def _passed_over(environment: Mapping[str, str]) -> str:
    """Say that a repository named by the environment, as in a hook, is not used."""
    if "GIT_DIR" not in environment:
        return ""
    return " (GIT_DIR is set; it may name another repository, so it is not used)"


def hear_program(
    process: subprocess.Popen[bytes], given: bytes, most: int, seconds: float
) -> tuple[bytes, bytes, bool]:
    """
    Give what a program says and complains of, and whether it had to be ended.

    What it says is more than ``most`` bytes where there were more to read.
    """
    complaint, late = bytearray(), threading.Event()

    def give() -> None:
        with suppress(OSError), process.stdin as pipe:  # type: ignore[union-attr]
            pipe.write(given)

    def hear() -> None:
        while part := os.read(process.stderr.fileno(), SHORT):  # type: ignore[union-attr]
            complaint.extend(part[: SHORT - len(complaint)])

    def end() -> None:
        late.set()
        process.kill()

    helpers = [threading.Thread(target=one, daemon=True) for one in (give, hear)]
    timer = threading.Timer(seconds, end)
    said = bytearray()
    for helper in (*helpers, timer):
        helper.start()
    try:
        while part := os.read(process.stdout.fileno(), 1 << 20):  # type: ignore[union-attr]
            said += part
            if len(said) > most:
                process.kill()
                break
        process.wait()
    finally:
        process.kill()
        timer.cancel()
    for helper in helpers:
        helper.join()
    return bytes(said), bytes(complaint), late.is_set()
