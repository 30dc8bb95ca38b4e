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


class PlanFormat(StrEnum):
    """How plans are shown."""

    TEXT = "text"
    JSON = "json"


paths_argument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATHS]...",
        help="Files, folders or globs of districts (default: all of them).",
        show_default=False,
    ),
]

option_output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Write to this file, not to the terminal."),
]

option_format = Annotated[
    PlanFormat, typer.Option("--format", help="How to show it: text or json.")
]
