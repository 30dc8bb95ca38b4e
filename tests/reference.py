"""
Write the generated pages under ``docs/reference``, or check that they are current.

``python tests/reference.py`` writes them; with ``--check`` it writes nothing and exits
with 1 if one is not as the code says.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

import connectsync.errors
from connectsync.cli.exit_status import ExitStatus, status_of
from connectsync.cli.main import app
from connectsync.config.schemas import kind_of, labels_of, schema
from connectsync.errors import ConnectsyncError
from connectsync.report.reference import (
    GENERATED,
    errors_page,
    exit_statuses_page,
    rules_page,
)
from connectsync.rules.catalogue import pages

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"

MEANINGS: Mapping[ExitStatus, str] = {
    ExitStatus.FINE: "Fine: nothing to complain about. `plan` gives it with changes"
    " too, unless `--detailed-exitcode` is given.",
    ExitStatus.FINDINGS: "Findings of severity error (with `--strict`: warnings too),"
    " drift, files that `fmt` changed or would change, districts that failed, or files"
    " that cannot be used.",
    ExitStatus.PENDING: "Changes are pending; only from `plan --detailed-exitcode`.",
    ExitStatus.REFUSED: "A guard refused the plan, or nobody approved it. Nothing was"
    " written.",
    ExitStatus.STALE: "The plan is damaged or stale, or a person saved the form"
    " meanwhile (a conflict).",
    ExitStatus.UNREACHABLE: "Connect or Clever cannot be reached, or refused the"
    " credentials.",
    ExitStatus.USAGE: "Wrong usage: no such command, option or path.",
    ExitStatus.BUG: "A bug in connectsync; the message names a log file to send.",
    ExitStatus.INTERRUPTED: "Interrupted from the keyboard.",
}

SCHEMAS: Mapping[str, tuple[str, str, str]] = {
    "district": (
        "A district file",
        "districts/…/<district>.yaml",
        "connectsync explain settings.phone_types",
    ),
    "profile": (
        "A profile",
        "districts/_profiles/<profile>.yaml",
        "connectsync explain settings.phone_types",
    ),
    "project": (
        "The project file",
        "connectsync.yaml",
        "connectsync explain guards.max_districts",
    ),
}
"""Title, file and an example of looking a key up, by schema."""


def reference() -> dict[str, str]:
    """Give every generated page by file name."""
    return {
        "rules.md": rules_page(pages()),
        "errors.md": errors_page(),
        "exit-statuses.md": exit_statuses_page(
            {int(status): _meaning(status) for status in ExitStatus}
        ),
        "commands.md": commands_page(),
        **{f"{name}.md": schema_page(name) for name in SCHEMAS},
    }


def _meaning(status: ExitStatus) -> str:
    errors = sorted(
        f"`{error.__name__}`"
        for error in vars(connectsync.errors).values()
        if isinstance(error, type)
        and issubclass(error, ConnectsyncError)
        and error is not ConnectsyncError
        and status_of(error("")) is status
    )
    if not errors:
        return MEANINGS[status]
    return f"{MEANINGS[status]} [Errors](errors.md): {', '.join(errors)}."


def commands_page() -> str:
    """Write every command with its arguments and options, as the program has them."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    blocks = [
        GENERATED,
        "# Commands",
        (
            "`connectsync [OPTIONS] COMMAND [ARGS]…`. The options of connectsync"
            " itself stand before the command or after it, the command's own after it."
        ),
        "## connectsync",
        _parameters(group),
        *(block for name, one in commands_of(group) for block in _command(name, one)),
    ]
    return "\n\n".join(blocks) + "\n"


def commands_of(
    group: TyperGroup, above: str = ""
) -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    """Give every command by its name, and behind it those that stand behind it."""
    for name in group.list_commands(typer.Context(group)):
        command = group.commands[name]
        assert isinstance(command, TyperCommand | TyperGroup)
        yield f"{above}{name}", command
        if isinstance(command, TyperGroup):
            yield from commands_of(command, f"{above}{name} ")


def _command(name: str, command: TyperCommand | TyperGroup) -> Iterator[str]:
    yield f"## {name}"
    yield f"`connectsync {name}{_usage(command)}`"
    for paragraph in (command.help or "").strip().split("\n\n"):
        yield " ".join(paragraph.split())
    yield _parameters(command)


def _usage(command: TyperCommand | TyperGroup) -> str:
    context = typer.Context(command)
    pieces = [
        piece for one in command.params for piece in one.get_usage_pieces(context)
    ]
    return "".join(f" {piece}" for piece in ("[OPTIONS]", *pieces))


def _parameters(command: TyperCommand | TyperGroup) -> str:
    context = typer.Context(command)
    told = [one for one in command.params if not getattr(one, "hidden", False)]
    rows = [_parameter(one, context) for one in told]
    rows.append((_codes(("--help", "-h")), "Show the help and exit."))
    return _table(("Argument or option", "Meaning"), rows)


def _parameter(one: object, context: typer.Context) -> tuple[str, str]:
    if isinstance(one, TyperArgument):
        return f"`{one.make_metavar(context)}`", one.help or ""
    assert isinstance(one, TyperOption)
    names = _codes((*one.opts, *one.secondary_opts))
    if not one.is_flag:
        names += f" {_metavar(one, context)}"
    notes = [one.help or "", "Required." if one.required else _default(one)]
    if one.multiple:
        notes.append("May be given more than once.")
    return names, " ".join(note for note in notes if note)


def _metavar(one: TyperOption, context: typer.Context) -> str:
    choices = getattr(one.type, "choices", ())
    if choices:
        return " or ".join(f"`{getattr(each, 'value', each)}`" for each in choices)
    return f"`{one.make_metavar(context).strip('<>').upper()}`"


def _default(one: TyperOption) -> str:
    default = getattr(one.default, "value", one.default)
    if one.is_flag or default is None or default == "" or callable(default):
        return ""
    return f"Default: `{default}`."


def _codes(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def schema_page(name: str) -> str:
    """Write a table of the keys of one schema, section by section."""
    whole = schema(name)
    title, where, shown_by = SCHEMAS[name]
    blocks = [
        GENERATED,
        f"# {title}",
        f"`{where}`",
        str(whole["description"]),
        (
            f"`{shown_by}` shows one key at a terminal;"
            f" `connectsync schema {name}` prints the schema itself."
        ),
        *_section("Keys", "", whole),
    ]
    return "\n\n".join(blocks) + "\n"


def _section(title: str, above: str, part: Mapping[str, Any]) -> Iterator[str]:
    inner = part if "properties" in part else part.get("items", {})
    properties: Mapping[str, Mapping[str, Any]] = inner.get("properties", {})
    required = set(inner.get("required", ()))
    yield f"## {title}"
    rows = [
        (f"`{above}{key}`", _kind(one, needed=key in required), one["description"])
        for key, one in properties.items()
    ]
    yield _table(("Key", "Value", "Meaning"), rows)
    for key, one in properties.items():
        if "properties" in one or "properties" in one.get("items", {}):
            yield from _section(f"{above}{key}", f"{above}{key}.", one)


def _kind(one: Mapping[str, Any], *, needed: bool) -> str:
    notes = [kind_of(one) if "const" not in one else f"`{one['const']}`"]
    if labels := labels_of(one) or labels_of(one.get("items", {})):
        notes.append(" · ".join(f"`{label}`" for label in labels))
    if "default" in one:
        notes.append(f"default {json.dumps(one['default'])}")
    if needed:
        notes.append("**required**")
    return "<br>".join(notes)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` say which are not current."""
    check = "--check" in arguments
    stale = [name for name, text in reference().items() if _held(name) != text]
    for name in stale:
        print(f"{'stale' if check else 'wrote'}: docs/reference/{name}")  # noqa: T201 - this is a command
        if not check:
            (FOLDER / name).write_text(reference()[name], encoding="utf-8")
    return 1 if check and stale else 0


def _held(name: str) -> str:
    path = FOLDER / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
