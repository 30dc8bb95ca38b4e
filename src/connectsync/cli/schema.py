"""``connectsync schema``: the schemas, for editors and other tools."""

from __future__ import annotations

from typing import Annotated

import typer

from connectsync.cli.session import Session
from connectsync.domain.suggest import did_you_mean
from connectsync.errors import UsageError


def schema(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="Which schema; without it: their names.")
    ] = None,
) -> int:
    """Print a schema: of a district, a profile, the project, a plan, findings …."""
    from connectsync.config.schemas import schema_names, schema_text

    session: Session = context.obj
    names = schema_names()
    if name is None:
        session.terminal.show("\n".join(names))
        return 0
    if name not in names:
        raise UsageError(
            f"there is no schema {name!r}",
            remedy=did_you_mean(name, names) or f"choose one of: {', '.join(names)}",
        )
    session.terminal.show(schema_text(name))
    return 0
