"""What a change to the files causes: files now against files at a commit."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from connectsync.config.decode import SUFFIXES
from connectsync.config.discovery import (
    PROFILES,
    PROJECT_FILE,
    below,
    relative,
    stem_of,
)
from connectsync.config.fleet import Fleet, LoadedDistrict, fleet_of_texts
from connectsync.config.policy_check import holiday_reader, with_holidays
from connectsync.config.profiles import profile_files
from connectsync.config.project import FOLLOWED, Project, project_of_text
from connectsync.domain.calendar import Moment
from connectsync.domain.district import District, later_days
from connectsync.domain.drift import (
    ChangedSince,
    caused_changes,
    is_launched,
    released_settings,
)
from connectsync.domain.policy import Policy
from connectsync.errors import ProjectError, UsageError
from connectsync.operations.commit import CommitTree, limits_before, limits_then
from connectsync.operations.comparison import Comparison
from connectsync.operations.git import (
    FEW,
    Git,
    GitRefused,
)
from connectsync.operations.plan import PlannedDistrict
from connectsync.rules.hours import hours_loosened
from connectsync.values import dataclass


@dataclass(frozen=True, slots=True)
class ChangedFiles:
    """
    The files of a project against a commit.

    ``compared`` says of each file that is there whether it differs.
    """

    project: Project
    compared: Comparison

    def differs(self, path: Path) -> bool:
        """Say whether a file that is there may say other things than at the base."""
        return self.compared.differs(path)

    def reaches_all(self) -> bool:
        """Say whether every district may want other things, its own file the same."""
        path = self.project.root / PROJECT_FILE
        if os.path.lexists(path) and self.differs(path):
            return True
        gone = not os.path.lexists(path) and self._name(path) is not None
        lost = (not os.path.lexists(one) for one, _ in self.profiles_before())
        return gone or self._reads_others() or any(lost)

    def _reads_others(self) -> bool:
        """Say whether other files are districts now, or have another time of day."""
        then, now = self.project_before(), self.project
        return any(getattr(then, one) != getattr(now, one) for one in FOLLOWED)

    def profiles(self) -> tuple[Path, ...]:
        """Give the profiles that are there and differ."""
        files = profile_files(self.project.root, self.project.districts_dir)
        return tuple(path for path in files if self.differs(path))

    def profiles_before(self) -> Iterator[tuple[Path, str]]:
        """Give the profiles of the base: their paths, and their names in it."""
        folder = self.project_before().districts_dir / PROFILES
        for path, name in self._in(folder):
            is_file = self.compared.tree.is_file(name)
            if is_file and path.name.endswith(SUFFIXES) and path.name[0] != ".":
                yield path, name

    def districts_before(self) -> Iterator[tuple[Path, str]]:
        """Give the district files of the base, as a walk through them would."""
        tree, seen = self.compared.tree, set[str]()
        # as on the disk: what is reached without a link goes by that name
        real, linked = [self.project_before().districts_dir], list[Path]()
        while real or linked:
            folder = real.pop() if real else linked.pop(0)
            name = self._name(folder)
            if name is None or name in seen:
                continue
            seen.add(name)
            for path, inside in self._in(folder):
                if not tree.is_file(inside):
                    own = f"{name}/{path.name}" if name else path.name
                    if path.name[0] not in {"_", "."}:
                        (linked if own in tree.links else real).append(path)
                elif path.name.endswith(SUFFIXES) and path.name[0] != ".":
                    yield path, inside

    def project_before(self) -> Project:
        """Give the project as its file was then, or as it is if that is unreadable."""
        root, name = self.project.root, self._name(self.project.root / PROJECT_FILE)
        raw = self.compared.tree.read([name])[0] if name else b"schema: 1\n"
        try:
            return project_of_text(root, raw)
        except ProjectError:
            return self.project

    def read_before(self, name: str) -> bytes:
        """Give a file of the project as it was then; empty if there was none."""
        found = self.file_before(self.project.root / name)
        return self.compared.tree.read([found])[0] if found is not None else b""

    def limits_before(
        self, now: datetime | None, known: Iterable[PlannedDistrict | LoadedDistrict]
    ) -> Policy:
        """Give what the project allowed; of two of one key the later one counts."""
        every = {one.district.key: one.district for one in known}
        policy = self.project_before().policy
        return limits_then(policy, self.read_before, now, every)

    def file_before(self, path: Path) -> str | None:
        """Give the name in the base of what a path was then; None if it was none."""
        name = self._name(path)
        return name if name is not None and self.compared.tree.is_file(name) else None

    def _in(self, folder: Path) -> Iterator[tuple[Path, str]]:
        tree, name = self.compared.tree, self._name(folder)
        for one in sorted(tree.names_in(name)) if name is not None else ():
            followed = tree.followed(f"{name}/{one}" if name else one)
            if followed is not None:
                yield folder / one, followed

    def _name(self, path: Path) -> str | None:
        # links of the work tree do not count here: the base had its own
        root = Path(os.path.realpath(self.project.root))
        spelled = os.path.normpath(root / relative(path, self.project.root))
        name = self.compared.name_of(spelled)
        return None if name is None else self.compared.tree.followed(name)


@dataclass(frozen=True, slots=True)
class ChangeScope:
    """
    What a change causes.

    ``unclear`` are the files that could not be read as they were before: all that
    they say now counts as caused.
    """

    since: ChangedSince
    unclear: tuple[str, ...]


TOKENS_TOLD = 5
"""Districts whose other token is told one by one; the rest is a number."""


def _other_tokens(
    before: Mapping[str, District], now: Iterable[District]
) -> Iterator[str]:
    """Tell which districts name another token: a save of it types what that holds."""
    moved = [
        (one.key, was.credentials.oauth_token, one.credentials.oauth_token)
        for one in now
        if (was := before.get(one.key)) is not None
        and was.credentials.oauth_token != one.credentials.oauth_token
    ]
    for key, then, here in moved[:TOKENS_TOLD]:
        yield f"the token of {key} was {then or 'none'}, and is {here or 'none'}"
    if len(moved) > TOKENS_TOLD:
        yield f"the tokens of {len(moved) - TOKENS_TOLD:,} more districts are others"


def causes_of(
    project: Project,
    compared: Comparison,
    wanted: Sequence[PlannedDistrict],
    now: datetime | None = None,
) -> ChangeScope:
    """
    Compare what files want now with what they wanted at the commit they changed from.

    A district is told by its key, so a file that moved causes nothing by that. What is
    scheduled is compared as it is ``now``. Raises ``GitRefused`` if the commit cannot
    be read.
    """
    changed = ChangedFiles(project, compared)
    everything = changed.reaches_all() or bool(changed.profiles())
    root = project.root
    concerned = [
        one for one in wanted if everything or changed.differs(root / one.file)
    ]
    named = (one.file for one in wanted)
    fleet = fleet_before(changed, named, now, everything=everything)
    known = _districts(fleet, frozenset(want.file for want in concerned))
    before = {key: one.desired() for key, one in known.items()}
    districts = [want.district for want in concerned]
    wants = {one.key: (before.get(one.key, {}), one.desired()) for one in districts}
    found = {key: caused_changes(*both) for key, both in wants.items()}
    new = [one for one in concerned if one.district.key not in before]
    unclear = [
        one.file
        for one in new
        if one.file in fleet.files
        or not compared.is_comparable(project.root / one.file)
    ]
    gone = _gone(project, fleet, wanted)
    return ChangeScope(
        ChangedSince(
            compared.base,
            {key: form for key, form in found.items() if form},
            {key: released_settings(*both) for key, both in wants.items()},
            gone,
            frozenset(k for k in known if is_launched(known[k].facts, None)),
            changed.limits_before(now, (*wanted, *fleet.districts)),
            _taken_in(changed, new, frozenset(fleet.files)),
            tuple(key for key in sorted(gone) if os.path.lexists(root / gone[key])),
            later_days((one.district for one in fleet.districts), districts),
            tuple(_other_tokens(known, districts)),
        ),
        tuple(unclear),
    )


def told_beside(
    project: Project,
    since: ChangedSince,
    districts: Sequence[District],
    environment: Mapping[str, str],
    now: datetime,
) -> tuple[str, ...]:
    """
    Tell of a change which tokens are others, and what it takes out of the calendars.

    Of those here, and of its commit: a job may have put the project file of the target
    branch in place. Raises ``ProjectError``.
    """
    told = dict.fromkeys(since.loosened)
    then, came = (
        limits_before(project, one, environment, now) for one in (since.commit, "HEAD")
    )
    here = with_holidays(project.policy, holiday_reader(project.root), now.date())
    keys = [one.key for one in districts]
    for before, after in ((since.limits, here), (since.limits, came), (then, came)):
        if before is not None and after is not None:
            settled = after.settled(districts, keys)
            told |= dict.fromkeys(hours_loosened(before, settled))
    return tuple(told)


def _taken_in(
    changed: ChangedFiles, new: Sequence[PlannedDistrict], there: frozenset[str]
) -> tuple[str, ...]:
    """Give new districts whose file lay in the project before, and was not read."""
    root = changed.project.root
    lay = (one for one in new if changed.file_before(root / one.file) is not None)
    return tuple(sorted(one.district.key for one in lay if one.file not in there))


def changed_at(
    project: Project, commit: str, environment: Mapping[str, str]
) -> ChangedFiles:
    """Compare with that very commit, in seconds. Raises ``GitRefused``."""
    git = Git(project.root, environment, FEW)
    top = os.path.realpath(git.line("rev-parse", "--show-toplevel"))
    base = git.line("rev-parse", "--verify", "--end-of-options", f"{commit}^{{commit}}")
    tree = CommitTree.at(Git(Path(top), environment, FEW), base)
    return ChangedFiles(project, Comparison(base, top, tree))


def checked_out(
    project: Project, files: Sequence[str], environment: Mapping[str, str]
) -> tuple[str, bool | None]:
    """
    Give the commit that is checked out, and whether a run's files are as it has them.

    So are the profiles and the project file, and none that it has may be gone. A run
    waits for it: an empty name and None where git does not tell in a few seconds.
    """
    try:
        changed = changed_at(project, "HEAD", environment)
        other = (changed.differs(project.root / file) for file in files)
        gone = (not os.path.lexists(path) for path, _ in changed.districts_before())
        everything = changed.reaches_all() or changed.profiles()
        return changed.compared.base, not (everything or any(other) or any(gone))
    except (GitRefused, UsageError):
        return "", None


def _gone(
    project: Project, before: Fleet, wanted: Sequence[PlannedDistrict]
) -> dict[str, str]:
    """Give the districts that had a file before and have none now."""
    now = {want.district.key for want in wanted}
    now |= {stem_of(path) for path in below(project.districts_dir)}
    return {
        one.district.key: one.file
        for one in before.districts
        if one.district.key not in now
    }


def _districts(fleet: Fleet, files: frozenset[str]) -> dict[str, District]:
    """Give districts by key; of two files with one key, that which is still it."""
    ordered = sorted(fleet.districts, key=lambda one: one.file in files)
    return {one.district.key: one.district for one in ordered}


def fleet_before(
    changed: ChangedFiles,
    named: Iterable[str],
    now: datetime | None = None,
    *,
    everything: bool,
) -> Fleet:
    """
    Load the districts that changed, or all of them, as they were before.

    A file that lay in the folder of today and was not read as a district is none; one
    that is named on the command line, out of that folder, is what it was.
    """
    project = changed.project
    files = dict(changed.districts_before())
    for path in map(project.root.joinpath, named):
        if project.districts_dir in path.parents or path in files:
            continue
        if (name := changed.file_before(path)) is not None:
            files[path] = name
    if not everything:
        files = {
            path: name
            for path, name in files.items()
            if not os.path.lexists(path) or changed.differs(path)
        }
    before = changed.project_before()
    return fleet_of_texts(
        _texts(changed, files),
        _texts(changed, dict(changed.profiles_before())),
        before.options,
        Moment(now, before.timezone, before.dating) if now else None,
    )


def _texts(changed: ChangedFiles, files: Mapping[Path, str]) -> Mapping[str, bytes]:
    root = changed.project.root
    read = changed.compared.tree.read(list(files.values()))
    names = (relative(path, root) for path in files)
    return dict(zip(names, read, strict=True))
