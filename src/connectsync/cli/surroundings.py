"""What only a look at the whole project tells: files that lack, files that idle."""

from __future__ import annotations

from connectsync.cli.session import Session
from connectsync.config.discovery import relative
from connectsync.config.project import Project
from connectsync.domain.counting import few
from connectsync.report.style import inert


def look_around(session: Session, project: Project) -> None:
    """
    Look for the files that the project names, and tell of files that nobody reads.

    Raises ``ProjectError`` if a file that is named is not there.
    """
    from connectsync.config.named_files import insist_named_files
    from connectsync.config.overlooked import overlooked

    insist_named_files(project.root, with_backend=session.backend is None)
    idle = [relative(path, project.root) for path in overlooked(project.districts_dir)]
    if idle:
        folder = relative(project.districts_dir, project.root)
        one = len(idle) == 1
        counted = "1 file" if one else f"{len(idle)} files"
        verb, them = ("is", "it") if one else ("are", "them")
        session.terminal.complain(
            f"{counted} below {folder}/ {verb} not read: {inert(few(idle))}"
            f" (name {them} .yaml)"
        )
