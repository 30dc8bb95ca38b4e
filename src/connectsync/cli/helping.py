"""Help pages: as wide and as coloured as everything else that is said."""

from __future__ import annotations

import typer
from typer.core import TyperCommand, TyperGroup

from connectsync.cli.terminal import Terminal

LOOK = "connectsync.terminal"
"""Under which name the contexts of one call keep how it is to look."""


class CommandWithHelp(TyperCommand):
    """A command whose help keeps to the terminal that was asked for."""

    def format_help(self, ctx: typer.Context, formatter: object) -> None:  # type: ignore[override]
        """Print the help page."""
        _keep_to(ctx)
        super().format_help(ctx, formatter)  # type: ignore[arg-type]


class GroupWithHelp(TyperGroup):
    """A group of commands whose help keeps to the terminal that was asked for."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Keep how it is to look before any option can ask for help."""
        if isinstance(ctx.obj, Terminal):
            ctx.meta[LOOK] = ctx.obj
        return super().parse_args(ctx, args)

    def format_help(self, ctx: typer.Context, formatter: object) -> None:  # type: ignore[override]
        """Print the help page."""
        _keep_to(ctx)
        super().format_help(ctx, formatter)  # type: ignore[arg-type]


def _keep_to(context: typer.Context) -> None:
    terminal = context.meta.get(LOOK)
    if not isinstance(terminal, Terminal):
        return
    # imported here: rich takes longer than a whole commit hook may
    from typer import rich_utils

    # left to itself it colours a pipe on some CI services, and never hears --color
    rich_utils.FORCE_TERMINAL = terminal.colour
    rich_utils.COLOR_SYSTEM = "auto" if terminal.colour else None
    rich_utils.MAX_WIDTH = terminal.width
