"""``connectsync validate``: whether files are legal, and whom they would hurt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from connectsync import __version__
from connectsync.cli.asked import (
    DASH,
    EVERYTHING,
    NamedFiles,
    check_named_files,
    chosen_by,
)
from connectsync.cli.formats import insist_free, show_findings
from connectsync.cli.options import (
    FindingFormat,
    choose_shard,
    option_output,
    option_shard,
    paths_argument,
    say_share,
    where_option,
)
from connectsync.cli.session import TOOL, Session
from connectsync.cli.terminal import ExitStatus
from connectsync.config.discovery import relative
from connectsync.config.project import Project
from connectsync.domain.finding import RulePage
from connectsync.domain.policy import ALL
from connectsync.domain.wording import few
from connectsync.errors import UsageError
from connectsync.operations.checking import ValidationOptions
from connectsync.operations.validate import (
    report_on,
    share_of_files,
    share_of_report,
)
from connectsync.report.reporter import FindingsToReport
from connectsync.report.terminal import inert


def look_around(session: Session, project: Project) -> None:
    """
    Look for the files that the project names, and tell of files that are not read.

    Raises ``ProjectError`` if a file that is named is not there.
    """
    from connectsync.config.fleet import overlooked
    from connectsync.config.project import insist_named_files

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


NEEDS_A_FILE = frozenset(["file-named-otherwise"])
"""Rules about the name of a file: standard input has none."""


def validate(
    context: typer.Context,
    paths: paths_argument = None,
    format_: Annotated[
        FindingFormat,
        typer.Option("--format", help="How to show findings."),
    ] = FindingFormat("text"),
    output_format: Annotated[
        FindingFormat | None,
        typer.Option(
            "--output-format", hidden=True, help="The same, as other linters call it."
        ),
    ] = None,
    output: option_output = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Let warnings fail too.")
    ] = False,
    select: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help="Run only this rule.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help="Leave this rule out.")
    ] = None,
    changed_since: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Only files that differ from this git revision; a changed profile"
            " brings in every district that uses it.",
        ),
    ] = None,
    where: where_option = None,
    shard: option_shard = None,
    no_cache: Annotated[
        bool,
        typer.Option(
            "--no-cache",
            help="Check every file again, also those that are as they were last time.",
        ),
    ] = False,
) -> int:
    """
    Check district files against the schema and every rule.

    Exits with 1 if there is an error. `-` reads one district from standard input.
    """
    session: Session = context.obj
    insist_free(session, output)
    if where is not None and (changed_since is not None or DASH in (paths or [])):
        raise UsageError("--where does not go with --changed-since, nor with `-`")
    share = choose_shard(shard, session.environment)
    project = session.project()
    named = NamedFiles(chosen_by(session, paths, where), changed_since)
    if named == EVERYTHING:
        look_around(session, project)
    if DASH in named.paths and share != ALL:
        raise UsageError("`-` is one district: it cannot be shared with --shard")
    unnamed = NEEDS_A_FILE if DASH in named.paths else frozenset()
    asked = ValidationOptions(
        today=session.today(),
        options=project.options,
        select=_rules(select) if select else None,
        ignore=_rules(ignore or []) | unnamed,
    )
    fleet, asked = check_named_files(
        session, project, named, asked, cached=not no_cache
    )
    report = report_on(fleet, asked)
    report = share_of_report(report, fleet, share)
    say_share(session.terminal, share, report.files, len(fleet.files), noun="file")
    found = FindingsToReport(
        report,
        files=share_of_files(fleet, share),
        districts={one.member.key: one.file for one in fleet.districts},
        folder=relative(project.districts_dir, project.root),
        today=asked.today,
        rules=_rule_pages,
        tool=TOOL,
        version=__version__,
        strict=strict,
    )
    show_findings(session.terminal, found, output_format or format_, output)
    failed = report.errors or (strict and report.warnings)
    return ExitStatus.FINDINGS if failed else ExitStatus.FINE


def _rule_pages() -> Sequence[RulePage]:
    # loaded only for the formats that carry the rules
    from connectsync.rules.catalogue import pages

    return pages()


def _rules(names: list[str]) -> frozenset[str]:
    from connectsync.rules.catalogue import by_name

    return frozenset(by_name(name).name for name in names)
