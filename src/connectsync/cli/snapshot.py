"""``connectsync snapshot``: live settings into a file that people can review."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

import typer

from connectsync.cli.formats import insist_free
from connectsync.cli.options import option_output, where_option
from connectsync.cli.session import Session, wait_for
from connectsync.cli.terminal import ExitStatus
from connectsync.config.decode import SUFFIXES
from connectsync.config.project import Project
from connectsync.domain.district import District
from connectsync.domain.live import Snapshot
from connectsync.domain.wording import many

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def snapshot(
    context: typer.Context,
    districts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DISTRICTS]...",
            help="Keys, or files, folders and globs of districts (default: every"
            " district on Connect).",
            show_default=False,
        ),
    ] = None,
    where: where_option = None,
    output: option_output = None,
    partial: Annotated[
        bool,
        typer.Option(
            "--partial",
            help="Write what could be read, and name what could not be read.",
        ),
    ] = False,
) -> int:
    """
    Write live settings to a file, to plan from it without credentials.

    Exits with 1 if a district cannot be read; only with --partial is it written then.
    """
    from connectsync.backends.snapshot import render_snapshot
    from connectsync.cli.asked import chosen_by
    from connectsync.operations.import_ import insist_whole

    session: Session = context.obj
    insist_free(session, output, over_live=True)
    taken = wait_for(_take_snapshot(session, chosen_by(session, districts, where)))
    if not partial:
        insist_whole(taken)
    _tell_lacking(session, taken)
    note = f": {many(len(taken.entries), 'district')} from {taken.source}"
    session.terminal.deliver(render_snapshot(taken), output, note=note)
    return ExitStatus.FINDINGS if taken.unread else ExitStatus.FINE


async def _take_snapshot(session: Session, arguments: Sequence[str]) -> Snapshot:
    from connectsync.cli.backends import open_reader
    from connectsync.operations.import_ import take_snapshot

    project = session.project()
    keys = [key for one in arguments for key in _keys(session, project, one)]
    async with open_reader(session, project, _districts(session, project)) as reader:
        return await take_snapshot(reader, keys)


def _keys(session: Session, project: Project, argument: str) -> list[str]:
    """Give the district that an argument names, or those of the files it means."""
    path = (session.folder or session.here) / argument
    if KEY.fullmatch(argument) and path.suffix not in SUFFIXES and not path.exists():
        return [argument]
    files = session.files(project, session.named(project, [argument]))
    return [file.stem for file in files]


def _districts(session: Session, project: Project) -> tuple[District, ...]:
    if not session.count(project):
        return ()
    return tuple(one.district for one in session.fleet(project, ()).districts)


def _tell_lacking(session: Session, taken: Snapshot) -> None:
    from connectsync.operations.import_ import OFFERING
    from connectsync.report.terminal import inert

    terminal = session.terminal
    for key, reason in taken.unread.items():
        terminal.complain(f"not read: {inert(key)}: {inert(reason)}")
    lacking = [setting for setting in OFFERING if setting not in taken.options]
    if lacking:
        terminal.say(f"labels that were not given: {', '.join(lacking)}")
