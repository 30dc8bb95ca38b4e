"""What every command starts from: project, clock, files and state folder."""

from __future__ import annotations

import os
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

from connectsync import __version__
from connectsync.cli.commands import quote_word
from connectsync.cli.machine import ANYWHERE, TOLD, insist_own_clock, now
from connectsync.cli.terminal import Terminal
from connectsync.config.decode import Ground, misnamed, without_steps_up
from connectsync.config.discovery import (
    PROJECT_FILE,
    below,
    discover,
    discover_all,
    file_of,
    is_key,
    key_file,
    names_below,
    relative,
)
from connectsync.config.fleet import Fleet, load_fleet
from connectsync.config.project import Project, load_project, shared_with
from connectsync.domain.calendar import Moment
from connectsync.domain.wording import few
from connectsync.errors import NothingMatched, ProjectError, StateError, UsageError
from connectsync.files.access import planted_state, strange_owner
from connectsync.report.terminal import inert
from connectsync.values import Texts, dataclass, field, replace

Given = TypeVar("Given")

TOOL = f"connectsync {__version__}"


@dataclass(frozen=True, slots=True)
class Session:
    """
    One run of the command line: its flags, its environment, its terminal.

    ``headed`` and ``slow_ms`` are for people who want to watch a browser. ``shared``
    keeps what every opening of a backend has in common, such as a rate budget. What is
    ``on_trial`` reaches no state and no Connect of the project.
    """

    terminal: Terminal
    environment: Mapping[str, str]
    folder: Path | None
    state_dir: Path | None
    backend: str | None
    headed: bool = False
    slow_ms: int = 0
    on_trial: bool = False
    shared: dict[str, object] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """
        Give the project's folder: as told, or the nearest above with a project file.

        Raises ``UsageError`` if the folder that was told is not there.
        """
        if self.folder is not None:
            if not self.folder.is_dir():
                raise self._no_folder(self.folder)
            return self.folder.resolve()
        here = self.here
        if os.path.lexists(here / PROJECT_FILE) or misnamed(here, PROJECT_FILE):
            self._insist_not_planted(here / PROJECT_FILE)
            return here
        for folder in here.parents:
            if os.path.lexists(folder / PROJECT_FILE):
                self._insist_ours(folder / PROJECT_FILE)
                return folder
            # of a stranger's file of another name there is nothing to say
            if any(
                self._stranger(folder / name) is None
                for name in misnamed(folder, PROJECT_FILE)
            ):
                return folder
        return here

    @staticmethod
    def _no_folder(named: Path) -> UsageError:
        """Say what -C names instead of a folder, and what it should name."""
        shown = inert(str(named))
        if named.exists():
            give = quote_word(inert(str(named.parent)))
            return UsageError(
                f"-C names the file {shown}, and takes the folder it is in",
                remedy=f"give -C {give}",
            )
        return UsageError(
            f"there is no folder {shown}, which -C names",
            remedy=f"name the folder of {PROJECT_FILE} with -C, or leave it out there",
        )

    def _insist_not_planted(self, file: Path) -> None:
        """
        Refuse a project file that another user laid into a folder not their own.

        Whose folder someone stands in, its project they mean: not what a third one
        left in /tmp.
        """
        with suppress(OSError):
            if self._stranger(file) not in {None, file.parent.stat().st_uid}:
                self._insist_ours(file)

    def _insist_ours(self, file: Path) -> None:
        """Refuse a project file that was only found, and that another user wrote."""
        stranger = self._stranger(file)
        if stranger is not None:
            raise UsageError(
                f"{file} belongs to another user (uid {stranger}), so it is not used",
                remedy="name its folder with -C if you trust what it says",
            )

    def _stranger(self, file: Path) -> int | None:
        """Give the user that owns a file or its link, if not us or the system."""
        found: list[os.stat_result] = []
        with suppress(OSError):  # a link may lead nowhere for a moment
            found.extend(look() for look in (file.lstat, file.stat))
        return strange_owner(*found, sudo=self.environment.get("SUDO_UID", ""))

    @property
    def here(self) -> Path:
        """Give the current folder. Raises ``UsageError`` if it was deleted."""
        try:
            return Path.cwd()
        except FileNotFoundError as error:
            raise UsageError(
                "the current folder is gone: it was deleted or moved",
                remedy="go to a folder that is there, such as with `cd`",
            ) from error

    def project(self) -> Project:
        """
        Read the project file.

        Raises ``ProjectError``, and ``UsageError`` where -C names a folder with neither
        a project nor a district, and a project is above it: state that was kept there
        would be seen by no other command.
        """
        project = load_project(self.root)
        if self.folder is None:
            self._insist_own_project(project)
        if project.rules.entries:
            from connectsync.rules.catalogue import insist_adjustable

            insist_adjustable(project.rules)
        there = os.path.lexists(project.root / PROJECT_FILE)
        if self.folder and not there and not any(below(project.districts_dir)):
            where, remedy = self.no_project()
            if remedy:
                raise UsageError(where, remedy=remedy)
        # what is tried on a stand-in is no run of the Connect that has this name
        if self.on_trial:
            return replace(project, connect=None, state_url=None)
        if self.backend == "embedded" != project.backend:
            return replace(project, connect=None)
        return project

    def _insist_own_project(self, project: Project) -> None:
        """
        Refuse a project file that was only found, and takes the place of one above.

        A change could bring it to a folder of districts, where people stand. Raises
        ``UsageError``; where two projects share nothing, says which one is used.
        """
        for folder in project.root.parents:
            file = folder / PROJECT_FILE
            if not os.path.lexists(file) or self._stranger(file) is not None:
                continue
            own = inert(relative(project.root / PROJECT_FILE, folder))
            try:
                shares = shared_with(project, load_project(folder))
            except ProjectError:
                shares = "may share what it names with"
            if shares:
                raise UsageError(
                    f"{own} is not used: it {shares} the project in"
                    f" {inert(str(folder))}",
                    remedy="go there, or name the folder of the project with -C",
                )
            if self.shared.setdefault("own project", own) == own:
                self.shared["own project"] = ""
                self.terminal.complain(
                    f"{own} is used, not the project in {inert(str(folder))} around it"
                )

    def no_project(self) -> tuple[str, str]:
        """
        Say where no project file is, and where -C should have pointed, if above it.

        The second is empty where no folder above holds one either.
        """
        if self.folder is None:
            return f"there is no {PROJECT_FILE} here or above", ""
        named = inert(str(self.folder))
        said = f"there is no {PROJECT_FILE} in {named}"
        root = self.root
        for above in root.parents:
            if (above / PROJECT_FILE).is_file():
                near = os.path.relpath(above, self.here)
                short = near if len(near) < len(str(above)) else str(above)
                give = f"give -C {quote_word(inert(short))}"
                return (
                    f"{said}, which -C names; it is in {inert(str(above))}",
                    f"-C names the folder of {PROJECT_FILE} itself: {give}",
                )
        return said, ""

    def state(self, project: Project) -> Path:
        """
        Give the folder that keeps state, as told or as the project says.

        Raises ``StateError`` if it came with a commit, or if another user put it where
        anyone may: who wrote that could approve a plan in it, or sign in.
        """
        stated = self.state_dir or project.state_dir
        folder = stated.resolve() if self.state_dir else stated
        if "state is ours" not in self.shared:
            # as it is named: a link on the way may be another user's
            self._insist_unshared(stated)
            self._insist_untracked(folder, project.root)
            self._insist_inside(stated, project.root)
            self.shared["state is ours"] = True
        return folder

    def _insist_unshared(self, folder: Path) -> None:
        if (planted := planted_state(folder)) is not None:
            raise StateError(
                f"{inert(str(planted))} belongs to another user, and any"
                " user may put such a thing there: it is not used as state",
                remedy="name a folder of your own with --state-dir",
            )

    def _insist_inside(self, folder: Path, root: Path) -> None:
        """Refuse a link of the project that leads the state out of it."""
        if (end := Ground.of(root).way_out(without_steps_up(folder))) is not None:
            raise StateError(
                f"{inert(str(folder))} is reached through a link that leads out of the"
                f" project, to {inert(end)}: it is not used as state",
                remedy="name the folder itself with --state-dir",
            )

    def _insist_untracked(self, folder: Path, root: Path) -> None:
        from connectsync.operations.git import tracked_in

        if (tracked := tracked_in(folder, self.environment)) is not None:
            named = relative(folder, root)
            remedy = (
                f"see where it comes from: `git log -- {quote_word(named)}`; move what"
                f" is yours away, remove the rest with `git rm -r {quote_word(named)}`,"
                " and ignore that folder"
            )
            if Path(os.path.realpath(root)).is_relative_to(os.path.realpath(folder)):
                remedy = "keep state in a folder of its own, such as .connectsync"
            raise StateError(
                f"{inert(named)} holds {inert(tracked)!r}, which is kept in git: state"
                " that comes with a commit is not used",
                remedy=remedy,
            )

    def now(self) -> datetime:
        """Give the time, from CONNECTSYNC_NOW if set. Raises ``UsageError``."""
        return now(self.environment)

    @property
    def tool(self) -> str:
        """Name this release, for the plans it makes; a told time is named as well."""
        env = self.environment
        told = env.get(TOLD) if env.get(ANYWHERE) == "1" else None
        return f"{TOOL}, the time told as {told}" if told else TOOL

    def insist_own_clock(self, host: str) -> None:
        """
        Refuse to tell the time to a Connect elsewhere; say so where that is meant.

        Raises ``UsageError``.
        """
        said = insist_own_clock(self.environment, host)
        if said and self.shared.setdefault("told clock", host) == host:
            self.shared["told clock"] = ""
            self.terminal.complain(inert(said))

    def moment(self, project: Project) -> Moment:
        """Give the time, and the zone of the project: what is scheduled needs both."""
        return Moment(self.now(), project.timezone, project.dating)

    def today(self) -> date:
        """Give the date, here."""
        return self.now().date()

    def named(self, project: Project, arguments: Sequence[str]) -> tuple[str, ...]:
        """
        Spell arguments from the project's folder, wherever the user stands.

        A district may be named by its key. Raises ``NothingMatched`` for one that is
        spelled like a key, and is none, and ``UsageError`` where something else than
        its file is called so here.
        """
        base = self.folder or self.here
        paths = [_path_of(project, base, argument) for argument in arguments]
        return tuple(relative(path, project.root) for path in paths)

    def files(
        self, project: Project, named: Sequence[str], *, perhaps_none: bool = False
    ) -> tuple[Path, ...]:
        """
        Find the files that arguments mean, all districts if there are none.

        What was named and is no district is left out, with a word. Raises
        ``NothingMatched`` if nothing else was named, unless ``perhaps_none``, for
        commands that are handed whatever a commit changed.
        """
        if not named:
            return tuple(map(Path, self.every_file(project)))
        if not (project.root / PROJECT_FILE).is_file():
            self._insist_no_other_project(project, named)
        found = discover(project.root, named, project.districts_dir)
        left_out = {
            why: few([relative(path, project.root) for path in paths])
            for why, paths in found.left_out.items()
            if paths
        }
        if left_out and not (found.files or perhaps_none):
            said = (f"{names}: {why}" for why, names in left_out.items())
            raise NothingMatched("; ".join(said))
        for why, names in left_out.items():
            self.terminal.complain(f"left out: {inert(names)} ({why})")
        return found.files

    def every_file(self, project: Project) -> Texts:
        """Find the files of all districts. Raises ``NothingMatched`` if none."""
        if every := discover_all(project.root, project.districts_dir):
            return every
        none = f"no district file in {relative(project.districts_dir, project.root)}/"
        remedy = "`connectsync new KEY --name NAME` makes one"
        if (project.root / PROJECT_FILE).is_file():
            raise NothingMatched(f"there is {none}", remedy=remedy)
        where, remedy = self.no_project()
        or_else = (
            "go to the project's folder, or name it with -C; `connectsync init` makes"
            " a new one"
        )
        raise NothingMatched(f"{where}, and {none}", remedy=remedy or or_else)

    def _insist_no_other_project(self, project: Project, named: Sequence[str]) -> None:
        """Refuse to judge without its project what lies in one that is not here."""
        for one in named:
            path = Path(os.path.normpath(project.root / one))
            for folder in (path, *path.parents):
                if project.root.is_relative_to(folder):
                    break
                file = folder / PROJECT_FILE
                if file.is_file() and self._stranger(file) is None:
                    where, _ = self.no_project()
                    raise NothingMatched(
                        f"{where}; {inert(one)} is of the project in"
                        f" {inert(str(folder))}",
                        remedy=f"give -C {quote_word(inert(str(folder)))}, which names"
                        " the project's folder",
                    )

    def fleet(
        self, project: Project, named: Sequence[str], *, perhaps_none: bool = False
    ) -> Fleet:
        """
        Load the districts that arguments mean, all of them if there are none.

        Raises ``NothingMatched`` as `files` does.
        """
        files = self.files(project, named, perhaps_none=perhaps_none)
        return self.load(project, files, every_profile=not named)

    def load(
        self, project: Project, files: Sequence[Path], *, every_profile: bool = True
    ) -> Fleet:
        """Load these files of districts, as the project reads them today."""
        from connectsync.operations.validate import reader_for

        return load_fleet(
            project.root,
            files,
            districts_dir=project.districts_dir,
            every_profile=every_profile,
            recorded=project.options,
            at=self.moment(project),
            read_all=reader_for(files),
        )

    def whole_fleet(self, project: Project) -> Fleet:
        """
        Load every district; a project may have none, before its first import.

        Raises ``NothingMatched`` where there is no project either.
        """
        there = (project.root / PROJECT_FILE).is_file()
        if there and next(below(project.districts_dir), None) is None:
            return self.load(project, ())
        return self.fleet(project, ())

    def count(self, project: Project) -> int:
        """Count the district files of the project, whatever the scope."""
        return sum(1 for _ in names_below(project.districts_dir))


def wait_for(work: Coroutine[Any, Any, Given]) -> Given:
    """Run work of the event loop to its end, and give what it gives."""
    # a result of the main task is spelled: seconds for a plan of 13,318 districts
    import asyncio

    given: list[Given] = []

    async def keep() -> None:
        given.append(await work)

    asyncio.run(keep())
    return given[0]


def _path_of(project: Project, base: Path, argument: str) -> Path:
    path, home = base / argument, project.districts_dir
    if not is_key(argument):
        # a plain way up out of the project is no link that leads out of it
        return without_steps_up(path) if ".." in path.parts else path
    if not os.path.lexists(path):
        return file_of(home, argument)
    file = key_file(home, argument)
    if file is None or {os.path.realpath(one) for one in _files_at(path)} == {
        os.path.realpath(file)
    }:
        return path
    # a change could bring it, for other districts to be taken than are meant
    raise UsageError(
        f"'{argument}' is a district, and here something else is called so",
        remedy=f"write ./{argument} for what lies here, or"
        f" {quote_word(inert(relative(file, base)))} for the district",
    )


def _files_at(path: Path) -> Iterator[Path]:
    return below(path) if path.is_dir() else iter([path])
