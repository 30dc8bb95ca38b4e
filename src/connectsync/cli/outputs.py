"""Files that a report is written to: never one that something else lives in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from connectsync.cli.session import Session
from connectsync.cli.terminal import insist_no_source
from connectsync.config.ground import Ground
from connectsync.config.project import Project
from connectsync.errors import UsageError

STATE_FILES = ("state.db", "connect.db", "session.json")
"""What the state folder holds; SQLite puts files with longer names beside them."""

STATE_FOLDERS = frozenset(["runners", "evidence"])


def insist_free(
    session: Session,
    *outputs: Path | None,
    read: Path | None = None,
    over_live: bool = False,
) -> None:
    """
    Refuse an output that would take the place of something, before anything is done.

    That is the state, a district or project file, live settings that are planned from
    (but for ``over_live``, which replaces them), the file that is ``read``, and
    another output of the same command. A link is not followed out of the project.
    Raises ``UsageError``.
    """
    asked = [one for one in outputs if one is not None and one != Path("-")]
    if not asked:
        return
    project = session.project()
    taken = dict(_taken(session, project, read, over_live=over_live))
    ground, state = Ground.of(project.root), _real(session.state(project))
    for output in asked:
        real = _real(output)
        insist_no_source(output)
        insist_no_source(real)
        if (end := ground.way_out(output)) is not None:
            _refuse(output, f"is a link that leads out of the project, to {end}")
        if real.is_dir():
            _refuse(output, "is a folder")
        if real in taken:
            _refuse(output, taken[real])
        if real.is_relative_to(state) and _is_state(real.relative_to(state)):
            _refuse(output, "belongs to the state")
        taken[real] = "is written by the same command already"


def _refuse(output: Path, why: str) -> None:
    raise UsageError(
        f"{output} {why}; nothing is written over it",
        remedy="name another file, such as plan.json or report.txt",
    )


def _taken(
    session: Session, project: Project, read: Path | None, *, over_live: bool
) -> Iterator[tuple[Path, str]]:
    if read is not None:
        yield _real(read), "is the plan that is read"
    if not over_live:
        if project.embedded_seed is not None:
            yield (
                _real(project.embedded_seed),
                "is what the embedded Connect begins with",
            )
        for stated in (session.backend or "", project.backend):
            name, _, path = stated.partition(":")
            if name == "snapshot" and path:
                base = session.folder or session.here
                yield (
                    _real(base / path),
                    "holds the live settings that are planned from",
                )
    if project.browser is not None and project.browser.session is not None:
        yield _real(project.browser.session), "holds the session of the browser"


def _is_state(inside: Path) -> bool:
    first = inside.parts[0] if inside.parts else ""
    return first in STATE_FOLDERS or first.startswith(STATE_FILES)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
