"""The ground of a project: the folder that its files, and their links, stay in."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from connectsync.config.source import spelled_out


@dataclass(frozen=True, slots=True)
class Ground:
    """
    The folder within which a project's files lie, spelled without links.

    It is the git work tree that holds the project, or the project's own folder where
    there is none. Who wrote a project could otherwise link to any file of the machine.
    """

    folder: str
    _known: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, root: Path) -> Ground:
        """Give the ground of the project in a folder."""
        real = Path(os.path.realpath(root))
        return cls(str(_holding(real, ".git") or real))

    @classmethod
    def around(cls, folder: Path, project_file: str) -> Ground:
        """Find the ground of the project that a folder belongs to."""
        real = Path(os.path.realpath(folder))
        return cls.of(_holding(real, project_file) or real)

    def holds(self, path: Path | str) -> bool:
        """Say whether a path ends within the ground once its links are followed."""
        real = os.path.realpath(path)
        return real == self.folder or real.startswith(
            self.folder if self.folder == os.sep else f"{self.folder}{os.sep}"
        )

    def named(self, path: Path | str) -> str:
        """Spell a path for people: from the ground if it lies in it."""
        lies = os.path.abspath(path)  # noqa: PTH100 - links keep their names
        return spelled_out(lies.removeprefix(f"{self.folder}{os.sep}"))

    def way_out(self, path: Path | str) -> str | None:
        """
        Give where a path of the project ends if a link leads it out of the ground.

        A path that lies elsewhere from the start, as its spelling says, is none.
        """
        # pathlib is slow, and a country has 13,318 files; `..` stays behind its link
        spelled = str(path)
        if not os.path.isabs(spelled):  # noqa: PTH117
            spelled = os.path.join(os.getcwd(), spelled)  # noqa: PTH109, PTH118
        parent = os.path.dirname(spelled)  # noqa: PTH120
        if not os.path.islink(spelled) and self._holds_folder(parent):  # noqa: PTH114
            return None
        if self.holds(spelled):
            return None
        inside = any(self.holds(above) for above in Path(spelled).parents)
        return os.path.realpath(spelled) if inside else None

    def _holds_folder(self, folder: str) -> bool:
        if folder not in self._known:
            self._known[folder] = self.holds(folder)
        return self._known[folder]


def _holding(folder: Path, name: str) -> Path | None:
    """Find the nearest folder, from this one up, that holds an entry of that name."""
    for one in (folder, *folder.parents):
        if os.path.lexists(one / name):
            return one
    return None
