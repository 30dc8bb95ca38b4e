"""``connectsync show``: what a district's layers come to, and where each came from."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

import typer

from connectsync.cli.session import Session
from connectsync.config.fleet import Fleet, LoadedDistrict
from connectsync.domain.suggest import did_you_mean
from connectsync.errors import InvalidFiles, UsageError
from connectsync.report.style import inert


def show(
    context: typer.Context,
    district: Annotated[str, typer.Argument(help="A district's name, or its file.")],
) -> int:
    """Show a district's effective values, each with the file and line it came from."""
    from connectsync.operations.showing import effective, unmanaged
    from connectsync.report.show_text import render

    session: Session = context.obj
    terminal = session.terminal
    loaded = _found(session.fleet(session.project(), ()), district)
    text = render(
        effective(loaded),
        unmanaged=unmanaged(loaded),
        colour=terminal.colour,
        width=terminal.width,
    )
    terminal.show(text)
    return 0


def _found(fleet: Fleet, name: str) -> LoadedDistrict:
    for loaded in fleet.districts:
        if name in {loaded.district.key, loaded.file}:
            return loaded
    asked = {name, PurePosixPath(name).stem}
    for finding in fleet.findings:
        file = finding.place.file
        # a layer that is wrong takes the districts on it along
        if not asked.isdisjoint({file, PurePosixPath(file).stem, *finding.districts}):
            place = f"{file}:{finding.place.line}"
            raise InvalidFiles(inert(f"{place}: {finding.message}"))
    names = [PurePosixPath(file).stem for file in fleet.files]
    raise UsageError(
        f"there is no district {name!r}",
        remedy=did_you_mean(name, names)
        or "a district is named as its file is, without .yaml",
    )
