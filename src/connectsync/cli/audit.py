"""``connectsync audit``: every rule over what is live on Connect."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from connectsync.cli.commands import CommandPlace
from connectsync.cli.formats import deliver_pages, insist_free
from connectsync.cli.options import option_output, where_option
from connectsync.cli.session import Session, wait_for
from connectsync.cli.terminal import ExitStatus
from connectsync.config.discovery import is_key, relative, stem_of
from connectsync.config.project import Project
from connectsync.domain.live import AuditReport
from connectsync.domain.wording import few
from connectsync.errors import NothingMatched
from connectsync.operations.audit import AuditScope, audit_live
from connectsync.report.terminal import Paint, inert
from connectsync.values import replace

AuditFormat = StrEnum("AuditFormat", ["TEXT", "JSON", "CSV", "MARKDOWN", "HTML"])
"""The formats of an audit."""


class Quiet(StrEnum):
    """What text only counts unless it is asked for."""

    INFO = "info"


def audit(
    context: typer.Context,
    districts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DISTRICTS]...",
            help="Districts: files, folders, globs, names, or keys on Connect (default:"
            " all that Connect lists or a file describes).",
            show_default=False,
        ),
    ] = None,
    format_: Annotated[
        AuditFormat,
        typer.Option(
            "--format",
            help="Output format: text, json, a table (csv), a document (markdown) or a"
            " page (html).",
        ),
    ] = AuditFormat.TEXT,
    output: option_output = None,
    where: where_option = None,
    show: Annotated[
        list[Quiet] | None,
        typer.Option(help="In text, also show notes (info)."),
    ] = None,
) -> int:
    """
    Check what is live on Connect against every rule, also where no file is.

    Gives what to click for each finding, what is live and in no file, what could not
    be checked, and every exception with its end. Nothing is changed or written.

    Exits with 1 if a rule finds an error, or if a district could not be read.
    """
    from connectsync.cli.asked import chosen_by
    from connectsync.cli.backends import open_reader

    session: Session = context.obj
    insist_free(session, output)
    project = session.project()
    named = chosen_by(session, districts, where)
    scope = _scope(session, project, named, whole=not named and where is None)
    loaded = [one.district for one in scope.loaded.values()]

    async def look() -> AuditReport:
        async with open_reader(session, project, loaded) as reader:
            return await audit_live(scope, reader, session.now())

    terminal = session.terminal
    report = _pasted(wait_for(look()), terminal.place)
    text = _render(session, report, format_, output, with_infos=bool(show))
    deliver_pages(terminal, text, format_, output)
    return ExitStatus.FINE if report.is_fine else ExitStatus.FINDINGS


def _render(
    session: Session,
    report: AuditReport,
    format_: AuditFormat,
    output: Path | None,
    *,
    with_infos: bool,
) -> str:
    from connectsync.report import audit as texts
    from connectsync.report import click_list as pages

    terminal = session.terminal
    match format_:
        case AuditFormat.TEXT:
            text = texts.AuditText(
                report,
                Paint(terminal.colour and output is None),
                terminal.width,
                whole=output is not None or not terminal.watched,
                with_infos=with_infos,
            )
            return terminal.place.complete(text.render())
        case AuditFormat.JSON:
            return texts.audit_json(report)
        case AuditFormat.CSV:
            return texts.audit_csv(report)
        case AuditFormat.MARKDOWN:
            return pages.audit_markdown(report)
        case AuditFormat.HTML:
            project = session.project()
            folder = relative(project.districts_dir, project.root)
            page = pages.audit_html(report, folder=folder, tool=session.tool)
            return terminal.place.complete_html(page)


def _scope(
    session: Session, project: Project, named: Sequence[str], *, whole: bool
) -> AuditScope:
    """Find what files say of the districts that are meant."""
    spelled, keys = _spelled(session, project, named)
    if whole:
        fleet = session.whole_fleet(project)
    elif spelled:
        fleet = session.fleet(project, spelled)
    else:
        fleet = session.load(project, ())
    loaded = {one.district.key: one for one in reversed(fleet.districts)}
    used = {one.file for one in loaded.values()}
    twice = [one.file for one in fleet.districts if one.file not in used]
    if twice:
        session.terminal.complain(
            f"left out: {inert(few(twice))} (another file describes the same district)"
        )
    profiles = frozenset(fleet.shelf.names.values())
    read = {one.file for one in fleet.districts}
    broken = {
        stem_of(project.root / file): file
        for file in fleet.files
        if file not in profiles and file not in read
    }
    if broken:
        session.terminal.complain(
            f"judged without facts and exceptions, for these have errors:"
            f" {inert(few(sorted(broken.values())))}; `connectsync validate` shows them"
        )
    left = {key: file for key, file in broken.items() if key not in loaded}
    return AuditScope(loaded, left, keys, whole, session.today())


def _spelled(
    session: Session, project: Project, named: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tell arguments that mean files from keys that only Connect may know."""
    spelled: list[str] = []
    keys: list[str] = []
    for one in named:
        try:
            spelled += session.named(project, [one])
        except NothingMatched:
            if not is_key(one):
                raise
            keys.append(one)
    return tuple(spelled), tuple(keys)


def _pasted(report: AuditReport, place: CommandPlace) -> AuditReport:
    """Let every command that is suggested work where the user stands."""
    return replace(
        report,
        districts=tuple(
            replace(
                one,
                findings=tuple(
                    replace(found, hint=place.complete(found.hint))
                    for found in one.findings
                ),
            )
            for one in report.districts
        ),
        not_audited=tuple(
            replace(one, remedy=place.complete(one.remedy))
            for one in report.not_audited
        ),
    )
