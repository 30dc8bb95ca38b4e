"""Options and arguments that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class FindingFormat(StrEnum):
    """How findings are shown."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    GITLAB = "gitlab"
    JUNIT = "junit"
    MARKDOWN = "markdown"
    HTML = "html"


class PlanFormat(StrEnum):
    """How plans are shown."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    JUNIT = "junit"
    MARKDOWN = "markdown"
    HTML = "html"


paths_argument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATHS]...",
        help="Districts: files, folders, globs or names (default: all of them).",
        show_default=False,
    ),
]

option_output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Write to this file, not to the terminal."),
]

option_format = Annotated[
    PlanFormat,
    typer.Option(
        "--format",
        help="How to show it: for people, for programs (json), as annotations of"
        " GitHub, as test results, as a comment (markdown), or as a page (html).",
    ),
]

metrics_option = Annotated[
    Path | None,
    typer.Option(
        "--metrics",
        metavar="FILE",
        help="Keep counts of the run in this file, as OpenMetrics for a monitor.",
    ),
]

accept_option = Annotated[
    list[str] | None,
    typer.Option("--accept", metavar="NAME=COUNT", help="Accept what a guard counts."),
]

override_option = Annotated[
    list[str] | None,
    typer.Option(
        "--override",
        metavar="NAME=REASON",
        help="Apply at an hour that a guard closes; the reason is kept.",
    ),
]

yes_option = Annotated[bool, typer.Option("--yes", "-y", help="Apply without asking.")]

set_token_option = Annotated[
    list[str] | None,
    typer.Option(
        "--set-token",
        metavar="DISTRICT",
        help="Type this district's token, whatever Connect has.",
    ),
]
