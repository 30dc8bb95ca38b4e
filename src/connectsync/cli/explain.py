"""``connectsync explain`` and ``connectsync rules``: why a thing matters."""

from __future__ import annotations

from typing import Annotated

import typer

from connectsync.cli.session import Session
from connectsync.config.discovery import PROJECT_FILE
from connectsync.domain.wording import did_you_mean
from connectsync.errors import ConnectsyncError, UsageError
from connectsync.providers.form import Risk
from connectsync.report.terminal import inert


def explain(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(help="A rule, or a key such as settings.phone_types."),
    ],
) -> int:
    """Explain a rule or a key of a file: why it matters, with examples."""
    from connectsync.config.schemas import describe, list_described_paths
    from connectsync.report import rule_text
    from connectsync.report import rule_text as setting_text
    from connectsync.rules.catalogue import pages

    session: Session = context.obj
    terminal = session.terminal
    colour, width = terminal.colour, terminal.width
    by_name = {page.name: page for page in pages()}
    if name in by_name:
        page, here = by_name[name], _in_this_project(session, name)
        terminal.show(rule_text.explain(page, colour=colour, width=width, here=here))
        return 0
    found = [path for path in list_described_paths() if path.rpartition(".")[2] == name]
    # what a setting offers, and has for a time, is listed under its own name
    again = ("options.", "scheduled.")
    bare = [path for path in found if not path.startswith(again)] or found
    described = describe(bare[0] if len(bare) == 1 else name)
    if name in set(Risk):
        raise UsageError(
            f"{name!r} is no rule: it is how much a change can hurt families, as a plan"
            f" shows beside it ({', '.join(Risk)})",
            remedy=f"a plan says why a change is {name}, and `connectsync"
            f" apply PLAN --accept {Risk.DISRUPTIVE}=COUNT` accepts those that are"
            f" {Risk.DISRUPTIVE}",
        )
    if described is None:
        raise UsageError(
            f"there is no rule and no key {name!r}",
            remedy=did_you_mean(name, [*by_name, *list_described_paths()])
            or "`connectsync rules` lists all rules",
        )
    terminal.show(setting_text.explain_setting(described, colour=colour, width=width))
    return 0


def _in_this_project(session: Session, rule: str) -> list[str]:
    """Say what the project makes of a rule; nothing where its file cannot be read."""
    try:
        settings = session.project().rules.of(rule)
    except ConnectsyncError:
        return []
    return [
        f"{inert(one.spell())}: {inert(one.reason)} ({PROJECT_FILE}:{one.line})"
        for one in settings
    ]


def rules(context: typer.Context) -> int:
    """List every rule: what it looks at, how bad it is, what it finds."""
    from connectsync.report.rule_text import list_rules
    from connectsync.rules.catalogue import pages

    session: Session = context.obj
    terminal = session.terminal
    text = list_rules(pages(), colour=terminal.colour, width=terminal.width)
    terminal.present(text, None)
    return 0


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
