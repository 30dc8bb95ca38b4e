"""``connectsync validate``: whether files are legal, and whom they would hurt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from connectsync.cli.choices import FindingFormat, option_output, paths_argument
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.formats import Validated, show_validated
from connectsync.cli.outputs import insist_free
from connectsync.cli.session import Session
from connectsync.cli.sharding import asked_shard, option_shard, say_share
from connectsync.cli.streams import standard_input
from connectsync.cli.surroundings import look_around
from connectsync.config.discovery import below, relative
from connectsync.config.fleet import (
    STANDARD_INPUT,
    Fleet,
    load_fleet,
    load_text,
)
from connectsync.config.project import Project
from connectsync.config.wave_members import held_against_waves
from connectsync.domain.counting import few
from connectsync.domain.shard import ALL
from connectsync.errors import UsageError
from connectsync.operations.sharding import share_of_files, share_of_report
from connectsync.operations.validating import Asked, validate_fleet
from connectsync.report.style import inert

DASH = "-"
NEEDS_A_FILE = frozenset(["file-named-otherwise"])
"""Rules about the name of a file: standard input has none."""


def validate(
    context: typer.Context,
    paths: paths_argument = None,
    format_: Annotated[
        FindingFormat, typer.Option("--format", help="How to show findings.")
    ] = FindingFormat.TEXT,
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
) -> int:
    """
    Check district files against the schema and every rule.

    Exits with 1 if there is an error. `-` reads one district from standard input.
    """
    session: Session = context.obj
    insist_free(session, output)
    share = asked_shard(shard, session.environment)
    project = session.project()
    named = _Named(paths or [], changed_since)
    if named == EVERYTHING:
        look_around(session, project)
    if DASH in named.paths and share != ALL:
        raise UsageError("`-` is one district: it cannot be shared with --shard")
    fleet = _loaded(session, project, named)
    unnamed = NEEDS_A_FILE if DASH in named.paths else frozenset()
    asked = Asked(
        today=session.today(),
        options=project.options,
        select=_rules(select) if select else None,
        ignore=_rules(ignore or []) | unnamed,
        whole_fleet=_is_whole(project, fleet),
    )
    report = share_of_report(validate_fleet(fleet, asked), fleet, share)
    say_share(session.terminal, share, report.files, len(fleet.files), noun="file")
    done = Validated(
        report,
        files=share_of_files(fleet, share),
        districts={one.district.key: one.file for one in fleet.districts},
        folder=relative(project.districts_dir, project.root),
        today=asked.today,
        strict=strict,
    )
    show_validated(session.terminal, done, format_, output)
    failed = report.errors or (strict and report.warnings)
    return ExitStatus.FINDINGS if failed else ExitStatus.FINE


@dataclass(frozen=True, slots=True)
class _Named:
    paths: list[str]
    changed_since: str | None


EVERYTHING = _Named([], None)


def _loaded(session: Session, project: Project, named: _Named) -> Fleet:
    fleet = _fleet(session, project, named)
    if not _is_whole(project, fleet):
        return fleet
    return held_against_waves(project, fleet, whole=True)


def _fleet(session: Session, project: Project, named: _Named) -> Fleet:
    if DASH in named.paths:
        if named.paths != [DASH] or named.changed_since is not None:
            raise UsageError("`-` stands alone: one district from standard input")
        return load_text(
            STANDARD_INPUT,
            standard_input(),
            project_root=project.root,
            districts_dir=project.districts_dir,
            recorded=project.options,
        )
    arguments = session.named(project, named.paths)
    if named.changed_since is None:
        return session.fleet(project, arguments, perhaps_none=True)
    return _changed(session, project, arguments, named.changed_since)


def _changed(
    session: Session, project: Project, arguments: tuple[str, ...], revision: str
) -> Fleet:
    """Load what changed; a profile or project file that changed reaches everybody."""
    # git, hashes and processes: only for those who compare
    from connectsync.operations.changed import Changed, changed_since

    compared = changed_since(project.root, revision, session.environment)
    changed = Changed(project, compared)
    if changed.reaches_all():
        return session.fleet(project, arguments, perhaps_none=True)
    files = session.files(project, arguments, perhaps_none=True)
    differing = [path for path in files if changed.differs(path)]
    apart = [path for path in differing if not compared.is_comparable(path)]
    _tell_apart(session, project, apart)
    return load_fleet(
        project.root,
        sorted({*differing, *changed.profiles()}),
        districts_dir=project.districts_dir,
        every_profile=False,
        recorded=project.options,
    )


def _tell_apart(session: Session, project: Project, paths: list[Path]) -> None:
    """Tell of files that count as changed because git cannot say."""
    if paths:
        names = few([relative(path, project.root) for path in paths])
        session.terminal.complain(
            f"not in this git repository, so all counts as changed: {inert(names)}"
        )


def _is_whole(project: Project, fleet: Fleet) -> bool:
    """Say whether every district was read, so that rules about all may speak."""
    read = frozenset(fleet.files)
    return all(
        relative(path, project.root) in read for path in below(project.districts_dir)
    )


def _rules(names: list[str]) -> frozenset[str]:
    from connectsync.rules.catalogue import by_name

    return frozenset(by_name(name).name for name in names)
