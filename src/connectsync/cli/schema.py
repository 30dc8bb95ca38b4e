"""``connectsync schema``: the schemas, for editors and other tools."""

from __future__ import annotations

from typing import Annotated

import typer

from connectsync.cli.session import Session


def schema(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="Schema to print (default: list their names).")
    ] = None,
) -> int:
    """Print a schema: of a district, a profile, the project, a plan, findings …."""
    from connectsync.config.schemas import schema_names, schema_text

    session: Session = context.obj
    names = "\n".join(schema_names())
    session.terminal.deliver(names if name is None else schema_text(name), None)
    return 0
