"""``connectsync validate``: whether files are legal, and whom they would hurt."""

from __future__ import annotations

from enum import StrEnum
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
    paths_argument,
    where_option,
)
from connectsync.cli.session import Session
from connectsync.domain.finding import QUIET
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
            help="Write all findings of now into the baseline, so that only new ones"
            " fail.",
        ),
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Take what is gone out of the baseline.")
    ] = False,
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
    if where is not None:
        from connectsync.cli.asked import chosen_by

        paths = chosen_by(session, paths, where)
    asked = FilesToCheck(
        paths=paths or (),
        changed_since=changed_since,
        shard=choose_shard(shard, session.environment),
        select=select or (),
        ignore=ignore or (),
        format_=output_format or format_,
        output=output,
        strict=strict,
        cached=not no_cache,
        show=frozenset(show or ()),
        baseline=baseline,
        write_baseline=write_baseline,
        prune=prune,
    )
    return check_and_show(session, asked)
