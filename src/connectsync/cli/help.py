"""Help pages: as wide and as coloured as all else that is said, and to the point."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from connectsync.cli.terminal import Terminal

Command = TyperCommand | TyperGroup

LATE = "everywhere_"
"""How the names of such options begin, so that no other option has it."""


def understand_everywhere(command: Command, own: Iterable[object]) -> None:
    """
    Let a command, and those behind it, take the options of connectsync itself too.

    They are parsed with the command's own ones, so that nothing is guessed: the value
    of another option, a word after `--`, and an option that the command spells the
    same way are what they were. Help does not repeat them.
    """
    settled = [
        one
        for one in own
        if isinstance(one, TyperOption) and one.expose_value and not one.is_eager
    ]
    for each in (command, *_behind(command)):
        taken = {name for one in each.params for name in one.opts}
        each.params += [
            _again(one, free)
            for one in settled
            if (free := [name for name in one.opts if name not in taken])
        ]


def show_hints(command: Command) -> None:
    """Show what help does not repeat, to a shell that asks what there is."""
    for one in command.params:
        if isinstance(one, TyperOption) and (one.name or "").startswith(LATE):
            one.hidden = False


def _behind(command: Command) -> Iterator[Command]:
    if isinstance(command, TyperGroup):
        for one in command.commands.values():
            if isinstance(one, Command):
                yield one
                yield from _behind(one)


def _again(option: TyperOption, spelled: list[str]) -> TyperOption:
    again = copy.copy(option)
    again.opts = spelled
    again.hidden = True
    again.expose_value = False
    again.default = None
    again.name = f"{LATE}{option.name}"
    again.callback = partial(_apply_late_option, option.name or "")
    return again


def _apply_late_option(
    name: str, context: typer.Context, option: object, value: object
) -> None:
    """Let connectsync's own options be heard again, with one that came late."""
    del option
    root = context.find_root()
    if value is None or context.resilient_parsing or root.command.callback is None:
        return
    root.params[name] = value
    root.command.callback(**root.params)


LOOK = "connectsync.terminal"
"""Under which name the contexts of one call keep how it is to look."""

SHORTEST_LIST = 3
"""Choices that are listed in words; fewer of them stand in the column of values."""

COMPLETION = {
    "install_completion": "Set up completion for this shell.",
    "show_completion": "Print what that shell needs for it.",
}
"""What typer says at length of its own two options."""

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "": ("connectsync demo", "connectsync validate", "connectsync plan"),
    "init": ("connectsync init our-districts",),
    "new": (
        "connectsync new elm-usd --name 'Elm Unified' --in ca",
        "connectsync new elm-usd --name Elm --profile standard",
        "connectsync new --from-sheet districts.csv --in ca",
    ),
    "validate": (
        "connectsync validate",
        "connectsync validate lakeview-usd --strict",
        "connectsync validate --output-format concise",
        "connectsync validate --changed-since origin/main",
        "connectsync validate --write-baseline",
        "connectsync validate --fix",
    ),
    "explain": ("connectsync explain literal-secret",),
    "rules": ("connectsync rules",),
    "list": (
        "connectsync list",
        "connectsync list --columns district,phone_types",
        "connectsync list --where 'facts.setup_step < 8'",
        "connectsync list --live --sort -live.standing",
    ),
    "show": (
        "connectsync show lakeview-usd dry-creek-isd",
        "connectsync show plan.json",
    ),
    "compare": (
        "connectsync compare lakeview-usd dry-creek-isd",
        "connectsync compare lakeview-usd --live",
    ),
    "set": (
        "connectsync set deletion_threshold=15 lakeview-usd",
        "connectsync set labels+=pilot --where 'state.applied'",
        "connectsync set manage_guardians=true --in-profile p",
    ),
    "unset": ("connectsync unset permissions lakeview-usd",),
    "fmt": ("connectsync fmt", "connectsync fmt --check"),
    "import": (
        "connectsync import",
        "connectsync import --dry-run",
        "connectsync import --from-sheet fleet.xlsx",
    ),
    "export": (
        "connectsync export -o fleet.xlsx",
        "connectsync export -o fleet.csv --columns phone_types",
    ),
    "snapshot": ("connectsync snapshot --output live.json",),
    "plan": (
        "connectsync plan --out plan.json",
        "connectsync plan lakeview-usd",
        "connectsync plan --format html --output plan.html",
        "connectsync plan --impact --roster rosters/{district}.zip",
    ),
    "approve": ("connectsync approve plan.json --as 'Ada Li'",),
    "apply": (
        "connectsync apply plan.json",
        "connectsync apply plan.json --accept disruptive=2",
    ),
    "resume": ("connectsync resume 7",),
    "rollback": ("connectsync rollback 7 --out back.json",),
    "runs": ("connectsync runs", "connectsync runs --limit 100"),
    "runs show": ("connectsync runs show 7 lakeview-usd",),
    "runs diff": ("connectsync runs diff 6 7",),
    "runs verify": ("connectsync runs verify",),
    "runs close": ("connectsync runs close 7 --reason 'began anew'",),
    "history": (
        "connectsync history lakeview-usd",
        "connectsync history lakeview-usd phone_types",
    ),
    "drift": (
        "connectsync drift",
        "connectsync drift --adopt",
        "connectsync drift --adopt --branch adopt-july",
    ),
    "status": (
        "connectsync status",
        "connectsync status --clever",
        "connectsync status --format html --output nights.html",
    ),
    "audit": (
        "connectsync audit",
        "connectsync audit --format csv --output audit.csv",
    ),
    "calendar": (
        "connectsync calendar",
        "connectsync calendar --from 2027-06-01 --to 2027-09-30",
        "connectsync calendar --ics --output fleet.ics",
    ),
    "report": (
        "connectsync report --output fleet.html",
        "connectsync report --live --output fleet.html",
        "connectsync report --pack --output board.html",
    ),
    "impact": (
        "connectsync impact lakeview-usd --roster students.csv",
        "connectsync impact --where 'facts.setup_step == 7'",
    ),
    "roster": ("connectsync roster check to-send",),
    "roster check": (
        "connectsync roster check to-send",
        "connectsync roster check to-send --previous sent",
    ),
    "reconcile": ("connectsync reconcile --dry-run",),
    "notify": ("connectsync notify --test", "connectsync notify --dry-run"),
    "doctor": ("connectsync doctor",),
    "login": ("connectsync login",),
    "emulator": ("connectsync emulator", "connectsync emulator --run-sync"),
    "demo": ("connectsync demo",),
    "schema": ("connectsync schema district",),
}
"""What each command is called like, for its help."""

VALUES = {"<path>": "FILE", "<str>": "TEXT", "<int>": "N", "<int range>": "N"}
"""What a value is called where its option does not say."""


class CommandWithHelp(TyperCommand):
    """A command whose help keeps to the terminal that was asked for."""

    def format_help(self, ctx: typer.Context, formatter: object) -> None:  # type: ignore[override]
        """Print the help page."""
        _dress(self, ctx)
        super().format_help(ctx, formatter)  # type: ignore[arg-type]
        _show_examples(ctx)

    def shell_complete(self, ctx: typer.Context, incomplete: str) -> list[Any]:  # type: ignore[override]
        """Offer what stands before the command behind it too."""
        show_hints(self)
        return super().shell_complete(ctx, incomplete)


class GroupWithHelp(TyperGroup):
    """A group of commands whose help keeps to the terminal that was asked for."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Keep how it is to look before any option can ask for help."""
        if isinstance(ctx.obj, Terminal):
            ctx.meta[LOOK] = ctx.obj
        return super().parse_args(ctx, args)

    def format_help(self, ctx: typer.Context, formatter: object) -> None:  # type: ignore[override]
        """Print the help page."""
        _dress(self, ctx)
        super().format_help(ctx, formatter)  # type: ignore[arg-type]
        _show_examples(ctx)

    def shell_complete(self, ctx: typer.Context, incomplete: str) -> list[Any]:  # type: ignore[override]
        """Offer what stands before the command behind it too."""
        show_hints(self)
        return super().shell_complete(ctx, incomplete)


def _dress(command: TyperCommand | TyperGroup, context: typer.Context) -> None:
    terminal = context.meta.get(LOOK)
    if isinstance(terminal, Terminal):
        _keep_to(terminal)
    command.help = _flowing(command.help or "")
    for one in command.params:
        if isinstance(one, TyperArgument):
            _say_no_type(one)
        elif isinstance(one, TyperOption):
            _name_value(one, context)
            if one.name in COMPLETION:
                one.help = COMPLETION[one.name]
                one.rich_help_panel = "Completion at the tab key"


def _show_examples(context: typer.Context) -> None:
    words = context.command_path.split()[1:]
    shown = EXAMPLES.get(" ".join(words), ())
    if shown:
        lines = "".join(f"   {one}\n" for one in shown)
        typer.echo(f" {'Examples' if len(shown) > 1 else 'Example'}:\n\n{lines}")


def _keep_to(terminal: Terminal) -> None:
    # imported here: rich takes longer than a whole commit hook may
    from typer import rich_utils

    # left to itself it colours a pipe on some CI services, and never hears --color
    rich_utils.FORCE_TERMINAL = terminal.colour
    rich_utils.COLOR_SYSTEM = "auto" if terminal.colour else None
    rich_utils.MAX_WIDTH = terminal.width
    # `N [x>=1]` says less than the sentence beside it
    rich_utils.RANGE_STRING = ""


def _flowing(text: str) -> str:
    """Let paragraphs be broken where the terminal ends, not where the source does."""
    return "\n\n".join(" ".join(each.split()) for each in text.split("\n\n"))


def _say_no_type(argument: TyperArgument) -> None:
    """Leave out `<str>`: every word of a command line is one."""
    argument.type = copy.copy(argument.type)
    argument.type.get_metavar = _nothing  # type: ignore[method-assign]


def _nothing(*_: object, **__: object) -> str:
    return ""


def _name_value(option: TyperOption, context: typer.Context) -> None:
    choices = [str(getattr(one, "value", one)) for one in _choices(option)]
    if len(choices) >= SHORTEST_LIST:
        option.metavar = max(option.opts, key=len).strip("-").upper()
        if not all(choice in (option.help or "") for choice in choices):
            option.help = f"{option.help or ''} One of: {', '.join(choices)}.".strip()
    elif not option.is_flag:
        spelled = option.make_metavar(context)
        option.metavar = VALUES.get(spelled, spelled)


def _choices(option: TyperOption) -> tuple[object, ...]:
    return tuple(getattr(option.type, "choices", ()))
