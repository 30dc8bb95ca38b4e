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
        help="Output format: text, json, annotations (github), test results"
        " (junit), a comment (markdown) or a page (html).",
    ),
]

metrics_option = Annotated[
    Path | None,
    typer.Option(
        "--metrics",
        metavar="FILE",
        help="Write metrics of the run to this file (OpenMetrics).",
    ),
]

accept_option = Annotated[
    list[str] | None,
    typer.Option(
        "--accept",
        metavar="NAME=COUNT",
        help="Accept a guard's objection, e.g. `disruptive=3`; the number must match"
        " the plan.",
    ),
]

override_option = Annotated[
    list[str] | None,
    typer.Option(
        "--override",
        metavar="NAME=REASON",
        help="Apply during a freeze or outside a change window; the reason is"
        " recorded.",
    ),
]

yes_option = Annotated[
    bool, typer.Option("--yes", "-y", help="Apply without asking first.")
]

set_token_option = Annotated[
    list[str] | None,
    typer.Option(
        "--set-token",
        metavar="DISTRICT",
        help="Also enter this district's OAuth token on Connect.",
    ),
]
