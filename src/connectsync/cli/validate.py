"""``connectsync validate``: whether files are legal, and whom they would hurt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from connectsync import __version__
from connectsync.cli.formats import insist_free, show_findings
from connectsync.cli.options import (
    FindingFormat,
    choose_shard,
    option_output,
    option_shard,
    paths_argument,
    say_share,
)
from connectsync.cli.session import TOOL, Session
from connectsync.cli.streams import standard_input
from connectsync.cli.terminal import ExitStatus
from connectsync.config.discovery import relative
from connectsync.config.fleet import STANDARD_INPUT, choose_files, load_text
from connectsync.config.project import Project, check_waves
from connectsync.domain.finding import RulePage
from connectsync.domain.policy import ALL
from connectsync.domain.wording import few
from connectsync.errors import StateError, UsageError
from connectsync.operations.check_cache import WORTH_REMEMBERING, CheckCache
from connectsync.operations.checking import CheckedFleet, ValidationOptions, check_fleet
from connectsync.operations.validate import (
    check_files,
    is_whole,
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


DASH = "-"
NEEDS_A_FILE = frozenset(["file-named-otherwise"])
"""Rules about the name of a file: standard input has none."""


def validate(
    context: typer.Context,
    paths: paths_argument = None,
    format_: Annotated[
        FindingFormat, typer.Option("--format", help="How to show findings.")
    ] = FindingFormat("text"),
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
    share = choose_shard(shard, session.environment)
    project = session.project()
    named = _Named(paths or [], changed_since)
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
    fleet = _check_fleet(session, project, named, asked, cached=not no_cache)
    whole = named == EVERYTHING or is_whole(
        fleet.files, project.root, project.districts_dir
    )
    if whole:
        fleet = fleet.with_findings(check_waves(project, fleet.labels, whole=True))
    report = report_on(fleet, replace(asked, whole_fleet=whole))
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
    show_findings(session.terminal, found, format_, output)
    failed = report.errors or (strict and report.warnings)
    return ExitStatus.FINDINGS if failed else ExitStatus.FINE


def _rule_pages() -> Sequence[RulePage]:
    # loaded only for the formats that carry the rules
    from connectsync.rules.catalogue import pages

    return pages()


@dataclass(frozen=True, slots=True)
class _Named:
    paths: list[str]
    changed_since: str | None


EVERYTHING = _Named([], None)


def _check_fleet(
    session: Session,
    project: Project,
    named: _Named,
    asked: ValidationOptions,
    *,
    cached: bool,
) -> CheckedFleet:
    if DASH in named.paths:
        if named.paths != [DASH] or named.changed_since is not None:
            raise UsageError("`-` stands alone: one district from standard input")
        read = load_text(
            STANDARD_INPUT,
            standard_input(),
            project_root=project.root,
            districts_dir=project.districts_dir,
            recorded=project.options,
            at=session.moment(project),
        )
        return check_fleet(read, asked)
    arguments = session.named(project, named.paths)
    files, every_profile = _files(session, project, arguments, named.changed_since)
    chosen = choose_files(
        project.root,
        files,
        districts_dir=project.districts_dir,
        recorded=project.options,
        at=session.moment(project),
    )
    many = len(chosen.paths) >= WORTH_REMEMBERING
    cache = _cache(session, project, asked) if many and cached else None
    fleet = check_files(chosen, asked, every_profile=every_profile, cache=cache)
    if cache is not None and cache.problem:
        file = inert(str(cache.path))
        session.terminal.complain(f"{file} is not used: {inert(cache.problem)}")
    return fleet


def _cache(
    session: Session, project: Project, asked: ValidationOptions
) -> CheckCache | None:
    """Open what is known of files from last time; nothing where there is no state."""
    try:
        return CheckCache.at(session.state(project), asked, project.timezone)
    except StateError as error:
        session.terminal.complain(f"{error.message}; every file is checked again")
        return None


def _files(
    session: Session,
    project: Project,
    arguments: tuple[str, ...],
    revision: str | None,
) -> tuple[Sequence[Path], bool]:
    """
    Give the files to read, and whether profiles count that none of them builds on.

    A profile or a project file that changed since a revision reaches everyone.
    """
    if revision is None:
        files = session.files(project, arguments, perhaps_none=True)
        return files, not arguments
    # git, hashes and processes: only for those who compare
    from connectsync.operations.changes import ChangedFiles, compare_since

    compared = compare_since(project.root, revision, session.environment)
    changed = ChangedFiles(project, compared)
    files = session.files(project, arguments, perhaps_none=True)
    if changed.reaches_all():
        return files, not arguments
    differing = [path for path in files if changed.differs(path)]
    apart = [path for path in differing if not compared.is_comparable(path)]
    _tell_apart(session, project, apart)
    return sorted({*differing, *changed.profiles()}), False


def _tell_apart(session: Session, project: Project, paths: list[Path]) -> None:
    """Tell of files that count as changed because git cannot say."""
    if paths:
        names = few([relative(path, project.root) for path in paths])
        session.terminal.complain(
            f"not in this git repository, so all counts as changed: {inert(names)}"
        )


def _rules(names: list[str]) -> frozenset[str]:
    from connectsync.rules.catalogue import by_name

    return frozenset(by_name(name).name for name in names)
