"""``connectsync validate``: whether files are legal, and whom they would hurt."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from connectsync.cli.file_check import DASH, FilesToCheck, check_and_show
from connectsync.cli.formats import insist_free
from connectsync.cli.options import (
    FindingFormat,
    choose_shard,
    option_ignore,
    option_output,
    option_select,
    option_shard,
    option_strict,
    option_yes_write,
    paths_argument,
    where_option,
)
from connectsync.cli.session import Session
from connectsync.config.project import Project
from connectsync.domain.finding import QUIET
from connectsync.domain.policy import ALL
from connectsync.domain.wording import many
from connectsync.errors import UsageError

Quiet = StrEnum("Quiet", [(name, name) for name in QUIET])  # type: ignore[misc]


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
    strict: option_strict = False,
    select: option_select = None,
    ignore: option_ignore = None,
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
    show: Annotated[
        list[Quiet] | None,
        typer.Option(
            help="In text, also show notes (info), what connectsync.yaml turns off"
            " (off), or what the baseline holds (known). May be repeated.",
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Findings that are known, and do not fail (default: what"
            " connectsync.yaml names).",
        ),
    ] = None,
    write_baseline: Annotated[
        bool,
        typer.Option(
            "--write-baseline",
            help="Write the findings of now into the baseline, so that only new ones"
            " fail; what no file may allow is never put off.",
        ),
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Take what is gone out of the baseline.")
    ] = False,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="First set right what is surely a slip (cell for Cell, yes for true,"
            " an id without quotes, keys out of order): shown, then asked.",
        ),
    ] = False,
    unsafe_fixes: Annotated[
        bool,
        typer.Option(
            "--unsafe-fixes",
            help="With --fix, also take the one known word that a word is near to.",
        ),
    ] = False,
    yes: option_yes_write = False,
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
    insist_free(session, output, baseline=baseline)
    if where is not None and (changed_since is not None or DASH in (paths or [])):
        raise UsageError("--where does not go with --changed-since, nor with `-`")
    if (unsafe_fixes or yes) and not fix:
        raise UsageError("--unsafe-fixes and --yes mean nothing without --fix")
    told_as, part = output_format or format_, choose_shard(shard, session.environment)
    if fix and (DASH in (paths or []) or part != ALL):
        raise UsageError("--fix does not go with `-`, nor with --shard")
    if where is not None:
        from connectsync.cli.asked import chosen_by

        paths = chosen_by(session, paths, where)
    asked = FilesToCheck(
        paths=paths or (),
        changed_since=changed_since,
        shard=part,
        select=select or (),
        ignore=ignore or (),
        format_=told_as,
        output=output,
        strict=strict,
        cached=not no_cache,
        show=frozenset(show or ()),
        baseline=baseline,
        write_baseline=write_baseline,
        prune=prune,
        fix=partial(
            fix_slips,
            session,
            with_guesses=unsafe_fixes,
            yes=yes,
            # what reads other formats reads standard output
            apart=told_as not in {"text", "concise"},
        )
        if fix
        else None,
    )
    return check_and_show(session, asked)


def fix_slips(
    session: Session,
    project: Project,
    files: Sequence[Path],
    *,
    with_guesses: bool,
    yes: bool,
    apart: bool,
) -> None:
    """
    Show what becomes of slips in files, ask, and write all of them or none.

    The change is shown ``apart`` from standard output where that is asked for. Raises
    ``NotApproved``, ``UsageError``.
    """
    from connectsync.cli.set_ import write_agreed
    from connectsync.operations.editing import diff_lines, fix_files
    from connectsync.report.terminal import Paint

    edited, guesses = fix_files(
        project.root,
        project.districts_dir,
        files,
        project.options,
        with_guesses=with_guesses,
    )
    terminal = session.terminal
    if guesses:
        terminal.say(
            f"{many(guesses, 'guess', 'guesses')} left alone;"
            " `--fix --unsafe-fixes` takes them too"
        )
    if not edited:
        return
    diff = "\n".join(diff_lines(edited, Paint(terminal.colour)))
    if apart:
        terminal.say(diff)
    else:
        terminal.present(diff, None)
    terminal.say(f"{many(len(edited), 'file')} to change")
    terminal.say(write_agreed(terminal, project, edited, yes=yes))
