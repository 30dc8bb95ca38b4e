"""
Write what is generated, or check that it is current: reference pages, parts of schemas.

``python tests/reference.py`` writes them; with ``--check`` it writes nothing and exits
with 1 if one is not as the code says.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from connectsync.cli.app import app
from connectsync.cli.terminal import ExitStatus, status_of
from connectsync.errors import ConnectsyncError
from connectsync.rules.catalogue import pages

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests" / "support"))

from assumptions_page import assumptions_page  # noqa: E402 - found only here
from errors_page import error_link, errors_page, tree  # noqa: E402 - found only here
from gateway_page import gateway_page  # noqa: E402
from rules_page import exit_statuses_page, rules_page  # noqa: E402
from schema_pages import GENERATED, READ, WRITTEN, read_page, table, written_page  # noqa: E402
from schema_parts import FOLDER as SCHEMAS  # noqa: E402
from schema_parts import schema_files  # noqa: E402

FOLDER = ROOT / "docs" / "reference"

MEANINGS: Mapping[ExitStatus, str] = {
    ExitStatus.FINE: "Fine: nothing to complain about. `plan` gives it with changes"
    " too, unless `--detailed-exitcode` is given.",
    ExitStatus.FINDINGS: "Findings of severity error (with `--strict`: warnings too),"
    " drift, files that `fmt` changed or would change, districts that failed, or files"
    " that cannot be used.",
    ExitStatus.PENDING: "Changes are pending; only from `plan --detailed-exitcode`.",
    ExitStatus.REFUSED: "A guard refused the plan, or it was not approved. Nothing was"
    " written.",
    ExitStatus.STALE: "The plan is damaged or stale, or a form holds something"
    " else than was there and was asked for (a conflict).",
    ExitStatus.UNREACHABLE: "Connect or Clever cannot be reached, or refused the"
    " credentials.",
    ExitStatus.USAGE: "Wrong usage: no such command, option or path.",
    ExitStatus.BUG: "A bug in connectsync; the message names a log file to send.",
    ExitStatus.UNWRITTEN: "The work ended well, and what it says could not be written:"
    " standard output is full, or this machine gives no file.",
    ExitStatus.INTERRUPTED: "Interrupted from the keyboard.",
}

GRAVEST = (
    "Districts of a run end one by one, and the command says the gravest: interrupted"
    " (130), credentials refused (5), a conflict (4), districts that failed or were not"
    " reached (1). `--format`, `--output` and `--quiet` never change a status."
)

ONE: Mapping[str, str] = {
    "validate": "there is an error; with `--strict`, a warning",
    "roster check": "there is an error; with `--strict`, a warning",
    "fmt": "a file was changed, or with `--check` would be",
    "import": "a district was refused, or what was written has errors",
    "snapshot": "a district could not be read",
    "plan": "a district could not be read, or the files have errors",
    "apply": "a district failed or was not reached; one that waits for a person who"
    " follows the click list is neither",
    "resume": "a district failed or was not reached",
    "rollback": "a district could not be read",
    "drift": "a person changed something, both sides did, or a district could not be"
    " read; what is only pending is fine",
    "status": "a sync failed or is stale, its roster is paused or old at Clever, or a"
    " district could not be read",
    "report": "a district could not be read",
    "audit": "a rule found an error on a live form, or a district could not be read",
    "notify": "a message did not arrive",
    "reconcile": "something waits for a person",
    "impact": "a roster cannot be read, or the files have errors",
    "runs verify": "the audit log does not hold",
    "doctor": "something failed that is not about reaching Connect or Clever",
}
"""What the status 1 says of a command, by its name."""


def reference() -> dict[str, str]:
    """Give every generated page by file name."""
    return {
        "rules.md": rules_page(pages()),
        "errors.md": errors_page(),
        "exit-statuses.md": statuses_page(),
        "commands.md": commands_page(),
        **{f"{name}.md": written_page(name) for name in WRITTEN},
        **{f"{name}.md": read_page(name) for name in READ},
        "gateway.md": gateway_page(),
    }


def statuses_page() -> str:
    """Write the table of exit statuses, and what 1 says of each command."""
    head = exit_statuses_page({int(one): _meaning(one) for one in ExitStatus})
    rows = ((f"`{name}`", said) for name, said in ONE.items())
    return (
        f"{head}\n{GRAVEST}\n\n## What 1 says\n\n"
        f"{table(('Command', 'It ended with 1 because'), rows)}\n"
    )


def _meaning(status: ExitStatus) -> str:
    found = [one for one in tree(ConnectsyncError) if status_of(one("")) is status]
    if not found:
        return MEANINGS[status]
    named = ", ".join(sorted(error_link(one) for one in found))
    return f"{MEANINGS[status]} Errors: {named}."


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
    return table(("Argument or option", "Meaning"), rows)


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


def main(arguments: list[str]) -> int:
    """Write pages and schemas, or with ``--check`` say which are not current."""
    check = "--check" in arguments
    # the pages are made of the schemas: these come first
    stale = _write(SCHEMAS, schema_files(), check=check)
    stale += _write(FOLDER, reference(), check=check)
    assumed = {"what-impact-assumes.md": assumptions_page()}
    stale += _write(ROOT / "docs" / "explanation", assumed, check=check)
    return 1 if check and stale else 0


def _write(folder: Path, files: Mapping[str, str], *, check: bool) -> list[Path]:
    stale = [
        folder / name for name, text in files.items() if _held(folder / name) != text
    ]
    for path in stale:
        said = path.relative_to(ROOT).as_posix()
        print(f"{'stale' if check else 'wrote'}: {said}")  # noqa: T201 - this is a command
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(files[path.name], encoding="utf-8")
    return stale


def _held(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
