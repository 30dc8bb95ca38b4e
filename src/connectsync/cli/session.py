"""What every command starts from: the project, the clock, the files, the state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from connectsync import __version__
from connectsync.cli.clock import now
from connectsync.cli.terminal import Terminal
from connectsync.config.discovery import (
    PROJECT_FILE,
    below,
    discover,
    file_of,
    is_key,
    relative,
)
from connectsync.config.fleet import Fleet, load_fleet
from connectsync.config.project import Project, load_project
from connectsync.errors import NothingMatched, UsageError

TOOL = f"connectsync {__version__}"


@dataclass(frozen=True, slots=True)
class Session:
    """
    One run of the command line: its flags, its environment, its terminal.

    ``headed`` and ``slow_ms`` are for people who want to watch a browser. ``shared``
    keeps what every opening of a backend has in common, such as a rate budget.
    """

    terminal: Terminal
    environment: Mapping[str, str]
    folder: Path | None
    state_dir: Path | None
    backend: str | None
    headed: bool = False
    slow_ms: int = 0
    shared: dict[str, object] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """
        Give the project's folder: as told, or the nearest above with a project file.

        Raises ``UsageError`` if the folder that was told is not there.
        """
        if self.folder is not None:
            if not self.folder.is_dir():
                raise UsageError(f"there is no folder {self.folder}")
            return self.folder.resolve()
        here = Path.cwd()
        for folder in (here, *here.parents):
            if (folder / PROJECT_FILE).is_file():
                return folder
        return here

    def project(self) -> Project:
        """Read the project file. Raises ``ProjectError``."""
        return load_project(self.root)

    def state(self, project: Project) -> Path:
        """Give the folder that keeps state, as told or as the project says."""
        return self.state_dir.resolve() if self.state_dir else project.state_dir

    def now(self) -> datetime:
        """Give the time, from CONNECTSYNC_NOW if set. Raises ``UsageError``."""
        return now(self.environment)

    def today(self) -> date:
        """Give the date, here."""
        return self.now().date()

    def named(self, project: Project, arguments: Sequence[str]) -> tuple[str, ...]:
        """
        Spell arguments from the project's folder, wherever the user stands.

        A district may be named by its key. Raises ``NothingMatched`` for one that is
        spelled like a key, and is none.
        """
        base = self.folder or Path.cwd()
        paths = [
            file_of(project.districts_dir, argument)
            if is_key(argument) and not (base / argument).exists()
            else base / argument
            for argument in arguments
        ]
        return tuple(relative(path, project.root) for path in paths)

    def files(self, project: Project, named: Sequence[str]) -> tuple[Path, ...]:
        """
        Find the files that arguments mean, all districts if there are none.

        Raises ``NothingMatched``.
        """
        if not named and next(below(project.districts_dir), None) is None:
            folder = relative(project.districts_dir, project.root)
            if not (project.root / PROJECT_FILE).is_file():
                raise NothingMatched(
                    f"there is no {PROJECT_FILE} here or above, and no district file in"
                    f" {folder}/",
                    remedy="go to the project's folder, or name it with -C;"
                    " `connectsync init` makes a new one",
                )
            raise NothingMatched(
                f"there is no district file in {folder}/",
                remedy="`connectsync new` makes one",
            )
        return discover(project.root, named or [str(project.districts_dir)])

    def fleet(self, project: Project, named: Sequence[str]) -> Fleet:
        """
        Load the districts that arguments mean, all of them if there are none.

        Raises ``NothingMatched``.
        """
        files = self.files(project, named)
        return load_fleet(
            project.root,
            files,
            districts_dir=project.districts_dir,
            every_profile=not named,
            recorded=project.options,
        )

    def count(self, project: Project) -> int:
        """Count the district files of the project, whatever the scope."""
        return sum(1 for _ in below(project.districts_dir))
