"""The work tree against a commit of its history: which files say other things."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from connectsync.config.decode import SIZE_LIMIT
from connectsync.config.source import spell_control_characters
from connectsync.domain.settings import compose_accents
from connectsync.domain.wording import few
from connectsync.errors import InvalidFiles, UsageError
from connectsync.files.access import peek_at
from connectsync.files.git_index import Listed, is_object, listing_of
from connectsync.operations.commit import MOST_LINKS, CommitTree
from connectsync.operations.git import (
    DEEPER,
    FEW,
    MOST_LISTED,
    READ,
    Git,
    GitRefused,
    explain_refusal,
    insist_as_committed,
    insist_told_apart,
    insist_unconverted,
    names_in,
    top_of,
)
from connectsync.values import dataclass, field


@dataclass(frozen=True, slots=True)
class _Trace:
    """Where a path ends, and the links it leads over, each spelled without links."""

    end: str
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    The work tree against a commit.

    ``base`` is the commit, spelled in full; ``top`` the folder of the work tree. What
    cannot be compared differs: a file that git ignores, one of another repository, one
    behind a link that was another one.
    """

    base: str
    top: str
    tree: CommitTree
    _traces: dict[str, _Trace] = field(default_factory=dict)

    def name_of(self, path: str) -> str | None:
        """Give the name that a path without links has in commits; None if outside."""
        if path == self.top:
            return ""
        top = self.top if self.top == os.sep else f"{self.top}{os.sep}"
        return path.removeprefix(top) if path.startswith(top) else None

    def differs(self, path: Path) -> bool:
        """Say whether a file that is there may say other things than at the base."""
        trace = self._trace(str(path))
        for link in trace.links:
            name = self.name_of(link)
            # links above the work tree, such as /tmp of a Mac, are no part of it
            if name is not None and self.tree.links.get(name) != os.readlink(link):  # noqa: PTH115
                return True
        if (name := self.name_of(trace.end)) is None:
            return True
        found = name if self.tree.is_file(name) else compose_accents(name)
        return not (
            self.tree.is_file(found) and self.tree.holds(found, Path(trace.end))
        )

    def brought(self, path: Path) -> str:
        """Name a file below a path, or a link to it, that commits since brought."""
        trace = self._trace(str(path))
        ends = (os.path.normpath(path), trace.end, *trace.links)
        names = sorted(filter(None, map(self.name_of, ends)))
        asked = ["--literal-pathspecs", "diff-tree", "-r", "-z", "--name-only"]
        asked += [self.base, "HEAD", "--", *names]
        said = self.tree.git.run(*asked) if names else b""
        return os.fsdecode(said.split(b"\0")[0])

    def is_comparable(self, path: Path) -> bool:
        """Say whether a path ends in this work tree, and in no repository within it."""
        end = Path(self._trace(str(path)).end)
        if self.name_of(str(end)) is None:
            return False
        own = top_of(end.parent)
        return own is None or str(own) == self.top

    def _trace(self, path: str, links: int = MOST_LINKS) -> _Trace:
        folder, name = os.path.split(path)
        if not name or folder == path:
            return self._trace(folder) if folder != path else _Trace(path)
        if folder not in self._traces:
            self._traces[folder] = self._trace(folder, links)
        above = self._traces[folder]
        if name == "..":
            return _Trace(os.path.dirname(above.end), above.links)  # noqa: PTH120
        here = os.path.join(above.end, name)  # noqa: PTH118 - hot: of every file
        if not links or not os.path.islink(here):  # noqa: PTH114
            return _Trace(here, above.links)
        aim = os.path.join(above.end, os.readlink(here))  # noqa: PTH115, PTH118
        beyond = self._trace(aim, links - 1)
        return _Trace(beyond.end, (*above.links, here, *beyond.links))


def compare_since(
    root: Path, revision: str, environment: Mapping[str, str]
) -> Comparison:
    """
    Compare with where the history of a revision and ours parted.

    Raises ``UsageError``, with what to do next, if git or the revision is not there,
    and ``InvalidFiles`` if files come out of git as others than they went in.
    """
    git = Git(root, environment)
    try:
        top = git.line("rev-parse", "--show-toplevel")
        base, above = _base(git, revision), Git(Path(top), environment)
        tree = CommitTree.at(above, base)
        insist_as_committed(above, base, tree.entries)
        if base != (head := git.line("rev-parse", "HEAD")):
            insist_as_committed(above, head, names_in(above, head))
    except GitRefused as refusal:
        raise explain_refusal(git, refusal.said) from refusal
    return Comparison(base, os.path.realpath(top), tree)


def insist_checked_out(
    root: Path,
    environment: Mapping[str, str],
    *,
    whole: bool,
    committed: bool = False,
) -> None:
    """
    Insist that a project's checkout says what its commit says, which a review shows.

    Of the ``whole`` the bytes are looked at as well: a checkout writes what another
    commit has otherwise, and tells the rest by time and size, so what attributes of one
    branch made of a file stays when another one comes, and no status tells it. What a
    person edits is seen by git and stands, unless only what is ``committed`` may be
    read. Raises ``InvalidFiles``, and ``UsageError`` where git cannot be asked.
    """
    insist_unconverted(root, environment)
    top = top_of(Path(os.path.realpath(root)))
    if top is None or not whole:
        return
    names, files = listing_of(top, READ)
    insist_told_apart(names)
    for one in _listed_by_git(top, environment) if files is None else files:
        path = os.path.join(top, one.name)  # noqa: PTH118 - hot: of every file
        with suppress(OSError):
            there = os.lstat(path)
            unseen = one.is_taken_for(there)
            # what is larger is not read by any command
            if not stat.S_ISREG(there.st_mode) or there.st_size > SIZE_LIMIT:
                continue
            if unseen or committed:
                raw = peek_at(path, there.st_size)
                if raw is not None and not is_object(raw, one.oid):
                    raise _altered(one.name, unseen=unseen)


def _altered(name: str, *, unseen: bool) -> InvalidFiles:
    how = "does not say what was committed"
    how += ", and git takes it for unchanged" if unseen else ": it was changed here"
    return InvalidFiles(
        f"{spell_control_characters(name)} {how}",
        remedy="remove it, and have git write it anew: `git checkout -- FILE`; let a"
        " job begin with a clone of its own",
    )


_TOLD = re.compile(
    rb"100\d{3} ([0-9a-f]{40,64}) 0\t([^\0]+)\0(?:  ctime: .*\n)?(?:  mtime:"
    rb" (\d+):(\d+)\n)?(?:  dev: .*\n)?(?:  uid: .*\n)?(?:  size: (\d+)\t.*\n)?"
)


def _listed_by_git(top: Path, environment: Mapping[str, str]) -> Iterator[Listed]:
    """Give the files of settings and calendars as git says them."""
    git = Git(top, environment, FEW, anyones=True)
    try:
        said = git.run("ls-files", "-z", "--stage", "--debug", most=MOST_LISTED)
    except GitRefused as refusal:
        raise explain_refusal(git, refusal.said) from refusal
    for oid, name, seconds, rest, size in _TOLD.findall(said):
        if (spelled := os.fsdecode(name)).endswith(READ):
            time = int(seconds or 0), int(rest or 0)
            yield Listed(spelled, oid.decode("ascii"), int(size or -1), time)


def _base(git: Git, revision: str) -> str:
    asked = ("rev-parse", "--verify", "--quiet", "--end-of-options")
    head = _commit(git, (*asked, "HEAD^{commit}"))
    if head is None:
        said = "git cannot compare with that revision: there is no commit here yet"
        raise UsageError(said, remedy="commit first")
    commit = _commit(git, (*asked, f"{revision}^{{commit}}"))
    if commit is None:
        raise UsageError(
            "git cannot compare with that revision: this clone has no commit"
            f" {revision!r}",
            remedy="name a branch, a tag or a commit that this clone has"
            + (f"; {DEEPER}" if _is_shallow(git) else ""),
        )
    _insist_one_meant(git, revision)
    try:
        bases = git.line("merge-base", "--all", commit, head).splitlines()
    except GitRefused as refusal:
        if refusal.said:
            raise
        bases = []
    if len(bases) > 1:
        # what one of them has already, a merge may bring back all the same
        raise UsageError(
            f"this commit and {revision!r} were merged into each other, so that no"
            " single commit is the one before the change",
            remedy=f"merge {revision} into this branch once more, and ask again",
        )
    if bases:
        return bases[0]
    if _is_shallow(git):
        raise UsageError(
            f"the clone is shallow: it does not reach back to where {revision!r} and"
            " this commit parted",
            remedy=DEEPER,
        )
    raise UsageError(
        f"{revision!r} and this commit have no history in common",
        remedy="name a revision that this one came from",
    )


def _insist_one_meant(git: Git, revision: str) -> None:
    """Refuse a name of a tag that is also one of a branch or a commit."""
    name = re.split(r"[~^@:]", revision)[0]
    ways = ("{}", "tags/{}", "heads/{}", "remotes/{}", "remotes/{}/HEAD")
    places = {f"refs/{way}".format(name) for way in ways} if name else set()
    listed = git.run("for-each-ref", "--format=%(refname)", "--", *sorted(places))
    meant = sorted({*os.fsdecode(listed).splitlines()} & places)
    if meant and _SHORT_HASH.fullmatch(name):
        # git takes the name, and warns where no one reads it
        told = ("cat-file", "--batch-check=%(objecttype) %(objectname)")
        found = git.run(*told, given=git.run("rev-parse", f"--disambiguate={name}"))
        kinds = (one.partition(" ") for one in os.fsdecode(found).splitlines())
        meant += (oid for kind, _, oid in kinds if kind == "commit")
    if len(meant) > 1:
        raise UsageError(
            f"{revision!r} may mean {few(meant)}",
            remedy=f"spell it in full, such as {meant[0]}; see who named the other",
        )


_SHORT_HASH = re.compile("[0-9a-fA-F]{4,63}")


def _commit(git: Git, asked: tuple[str, ...]) -> str | None:
    try:
        return git.line(*asked)
    except GitRefused:
        return None


def _is_shallow(git: Git) -> bool:
    return git.line("rev-parse", "--is-shallow-repository") == "true"
