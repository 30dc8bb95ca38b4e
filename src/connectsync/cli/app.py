"""The command line: parse, run one command, return its exit status."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import traceback
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from itertools import pairwise
from keyword import iskeyword
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from connectsync import __version__
from connectsync.cli.help import (
    Command,
    CommandWithHelp,
    GroupWithHelp,
    understand_everywhere,
)
from connectsync.cli.session import Session
from connectsync.cli.streams import secure
from connectsync.cli.suggest import CommandPlace
from connectsync.cli.terminal import (
    ExitStatus,
    LogFormat,
    Terminal,
    drop_unusable,
    never_stumble,
    status_of,
    terminal,
)
from connectsync.errors import Bug, ConnectsyncError, UsageError
from connectsync.report.terminal import inert

ASKED_BY_A_SHELL = "_CONNECTSYNC_COMPLETE"
"""The variable by which a shell asks for words at the tab key."""

_OF_A_SHELL = re.compile("(complete|source)_(bash|zsh|fish|powershell|pwsh)")

COMMANDS: Mapping[str, str] = {
    "init": "init",
    "new": "init",
    "validate": "validate",
    "explain": "explain",
    "rules": "explain",
    "show": "explain",
    "fmt": "init",
    "import": "import_",
    "snapshot": "snapshot",
    "plan": "plan",
    "approve": "approve",
    "apply": "apply",
    "resume": "resume",
    "rollback": "rollback",
    "runs": "runs",
    "history": "runs",
    "drift": "drift",
    "status": "status",
    "reconcile": "reconcile",
    "login": "login",
    "doctor": "doctor",
    "emulator": "emulator",
    "demo": "demo",
    "schema": "explain",
}
"""Every command in order, and the module that has its function."""

WITHIN: Mapping[str, tuple[str, ...]] = {"runs": ("show", "diff", "verify", "close")}
"""Commands that stand behind another one, in the same module."""

PANELS: Mapping[str, Mapping[str, str]] = {
    "Start": {
        "init": "Create a new project.",
        "new": "Create a file for a new district (sync off).",
        "import": "Write the settings on Connect to district files.",
    },
    "Check files": {
        "validate": "Check district files against the schema and every rule.",
        "explain": "Explain a rule or a key, with examples.",
        "rules": "List every rule.",
        "show": "Show a district's values, each with its file and line.",
        "fmt": "Put keys in schema order; comments are kept.",
        "schema": "Print a schema, for editors and other tools.",
    },
    "Plan and apply": {
        "snapshot": "Write live settings to a file to plan from.",
        "plan": "Compare the files with Connect; reads only.",
        "approve": "Approve a plan file.",
        "apply": "Apply a plan to Connect and verify the result.",
        "resume": "Continue an interrupted or failed run.",
        "rollback": "Undo a run.",
        "reconcile": "Apply safe changes unattended; list the rest.",
    },
    "Inspect": {
        "runs": "List, show, compare or close runs; verify the audit log.",
        "history": "Show when each setting of a district changed, and who did it.",
        "drift": "Show what changed since the last apply, and where.",
        "status": "Show whether last night's sync worked.",
        "doctor": "Check project, state and backend for problems.",
    },
    "Connect": {
        "login": "Sign in to Connect's page, for the browser backend.",
        "emulator": "Serve a stand-in for Connect to try things out.",
        "demo": "Plan and apply one district on a stand-in.",
    },
}
"""Every command once more, in a line each: what the help of connectsync shows."""


class OnDemand(Mapping[str, Command]):
    """
    The commands in order, each loaded and made when it is first asked for.

    Loading all of them takes longer than a whole commit hook may. While they are only
    listed, each is its name and its line.
    """

    def __init__(self, own: Iterable[object]) -> None:
        """Take the options of connectsync itself, which every command understands."""
        self._own = tuple(own)
        self._made: dict[str, Command] = {}
        self._listing = False

    @contextmanager
    def lines(self) -> Iterator[None]:
        """Give only the name and the line of each command for a while."""
        self._listing = True
        try:
            yield
        finally:
            self._listing = False

    def __getitem__(self, name: str) -> Command:
        if self._listing:
            return _line(name)
        if name not in self._made:
            made = _made(name)
            understand_everywhere(made, self._own)
            if ASKED_BY_A_SHELL in os.environ:
                from connectsync.cli.completion import teach

                teach(name, made)
            self._made[name] = made
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class CommandGroup(GroupWithHelp):
    """
    Lists commands as they stand above, also where some have others behind them.

    All of them understand its own options as well.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._on_demand = OnDemand(self.params)
        self.commands = self._on_demand  # type: ignore[assignment]
        if ASKED_BY_A_SHELL in os.environ:
            from connectsync.cli.completion import teach_options

            teach_options(self.params)

    def list_commands(self, ctx: object) -> list[str]:
        """Name them in order."""
        del ctx
        return list(self.commands)

    def format_help(self, ctx: typer.Context, formatter: object) -> None:  # type: ignore[override]
        """Print the help page, without loading a command."""
        with self._on_demand.lines():
            super().format_help(ctx, formatter)

    def shell_complete(self, ctx: typer.Context, incomplete: str) -> list[Any]:  # type: ignore[override]
        """Offer the names of commands, without loading one."""
        with self._on_demand.lines():
            return super().shell_complete(ctx, incomplete)


def _listed_as(name: str) -> dict[str, Any]:
    """Give the panel and the line of a command, as typer takes them."""
    ((panel, line),) = (
        (panel, lines[name]) for panel, lines in PANELS.items() if name in lines
    )
    return {"short_help": line, "rich_help_panel": panel}


def _line(name: str) -> Command:
    """Make what a list shows of a command."""
    one = typer.Typer(add_completion=False)
    one.command(name, **_listed_as(name))(lambda: None)
    return cast("Command", typer.main.get_command(one))


def _made(name: str) -> Command:
    """Load and make a command, with those that stand behind it."""
    module = import_module(f"connectsync.cli.{COMMANDS[name]}")
    command = getattr(module, f"{name}_" if iskeyword(name) else name)
    listed, within = _listed_as(name), WITHIN.get(name, ())
    one = typer.Typer(name=name, cls=GroupWithHelp, add_completion=False)
    if within:
        one.callback(invoke_without_command=True, **listed)(command)
    else:
        one.command(name, cls=CommandWithHelp, **listed)(command)
    for inner in within:
        one.command(inner, cls=CommandWithHelp)(getattr(module, inner))
    return cast("Command", typer.main.get_command(one))


PROGRAM = "connectsync"

app = typer.Typer(
    name=PROGRAM,
    cls=CommandGroup,
    help="The roster-sync settings of SchoolStatus Connect districts as code.\n\n"
    "These options can be given before or after the command.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"connectsync {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    project: Annotated[
        Path | None,
        typer.Option(
            "--project",
            "-C",
            metavar="FOLDER",
            help="Folder with connectsync.yaml (default: the nearest one above).",
        ),
    ] = None,
    state_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Folder for state and the embedded Connect."
        ),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            metavar="WAY",
            help="Way to Connect: embedded, gateway, browser, snapshot:FILE.",
        ),
    ] = None,
    color: Annotated[
        str, typer.Option(help="auto, always or never.", metavar="WHEN")
    ] = "auto",
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print results only.")
    ] = False,
    log_format: Annotated[
        LogFormat,
        typer.Option(help="Format of standard error: text, or lines of JSON."),
    ] = LogFormat.TEXT,
    headed: Annotated[
        bool, typer.Option("--headed", help="Show the browser window.")
    ] = False,
    slow: Annotated[
        int,
        typer.Option(
            min=0,
            max=10000,
            metavar="MS",
            help="Wait this many ms before each browser click, up to 10000.",
        ),
    ] = 0,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show it and exit."
        ),
    ] = False,
) -> None:
    """Keep Connect's roster-sync settings as code: validate, plan, apply."""
    del version
    if color not in {"auto", "always", "never"}:
        raise typer.BadParameter("choose auto, always or never", param_hint="--color")
    # the same place for all of this run: an error is told by who began it
    place = _place(context.obj)
    place.take(
        CommandPlace(
            project="" if project is None else str(project),
            state_dir="" if state_dir is None else str(state_dir),
            backend=backend or "",
            headed=headed,
            slow_ms=slow,
        )
    )
    looked_at = terminal(
        color=color, quiet=quiet, log_format=log_format, environment=os.environ
    )
    context.obj = Session(
        terminal=replace(looked_at, place=place),
        environment=os.environ,
        folder=project,
        state_dir=state_dir,
        backend=backend,
        headed=headed,
        slow_ms=slow,
    )


def _place(before: object) -> CommandPlace:
    if isinstance(before, Session):
        return before.terminal.place
    return before.place if isinstance(before, Terminal) else CommandPlace()


def run() -> None:
    """Run the command line of this process and exit."""
    never_stumble()
    secure()
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """
    Run one command; give its exit status. Never raises.

    A command that ended well, but whose words could not be written, says so.
    """
    drop_unusable(os.environ)
    plain = terminal(
        color=_read_option(arguments, "--color", {"always", "never"}, "auto"),
        quiet=False,
        log_format=LogFormat(_read_option(arguments, "--log-format", {"json"}, "text")),
        environment=os.environ,
    )
    status = _ended(plain, arguments)
    lost = plain.tell_lost()
    return ExitStatus.UNWRITTEN if lost and status in _WELL else status


_WELL = frozenset({ExitStatus.FINE, ExitStatus.PENDING})


def _ended(plain: Terminal, arguments: list[str]) -> int:
    try:
        return _ran(plain, arguments)
    except typer.TyperException as error:
        return _usage(plain, error)
    except (typer.Abort, KeyboardInterrupt):
        return _end_interrupted(plain)
    except Bug as error:
        return _bug(plain, error, error.message)
    except ConnectsyncError as error:
        plain.fail(error.message, error.remedy)
        return status_of(error)
    except Exception as error:  # noqa: BLE001 - the last net under the user
        return _unforeseen(plain, error)


def _ran(plain: Terminal, arguments: list[str]) -> int:
    asked = arguments or ["--help"]
    _insist_asked_by_a_shell()
    status = app(asked, prog_name=PROGRAM, standalone_mode=False, obj=plain)
    if status == ExitStatus.INTERRUPTED:
        return _end_interrupted(plain)
    return int(status or 0) if arguments else ExitStatus.USAGE


def _insist_asked_by_a_shell() -> None:
    """Refuse what no shell asks at the tab key; see to what it should have told."""
    if not (told := os.environ.get(ASKED_BY_A_SHELL)):
        return
    if not _OF_A_SHELL.fullmatch(told):
        raise UsageError(
            f"{ASKED_BY_A_SHELL} is set to what no shell asks: {told[:40]!r}",
            remedy="unset it: shells set it at the tab key, for that moment alone",
        )
    os.environ.setdefault("COMP_WORDS", "")
    os.environ.setdefault("COMP_CWORD", "0")


def _read_option(
    arguments: list[str], option: str, words: Collection[str], otherwise: str
) -> str:
    """Give what an option says, before anything is parsed that may fail."""
    spelled = [word for one in arguments for word in one.split("=", 1)]
    for asked, word in pairwise(spelled):
        if asked == option and word in words:
            return word
    return otherwise


def _end_interrupted(plain: Terminal) -> int:
    plain.complain("interrupted")
    return ExitStatus.INTERRUPTED


def _usage(plain: Terminal, error: typer.TyperException) -> int:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else PROGRAM
    plain.fail(inert(error.format_message()), f"see `{command} --help`")
    return ExitStatus.USAGE


def _unforeseen(plain: Terminal, error: Exception) -> int:
    """Tell a bug of ours from a disk, a folder or a socket that we are not given."""
    if not isinstance(error, OSError) or not error.strerror:
        return _bug(plain, error, type(error).__name__)
    what = f" ({inert(str(error.filename))})" if error.filename else ""
    plain.fail(
        f"this machine refused a file or folder: {error.strerror}{what}",
        "check its space and rights, then run the command again; `connectsync runs`"
        " lists what was applied",
    )
    return ExitStatus.UNWRITTEN


def _bug(plain: Terminal, error: Exception, said: str) -> int:
    try:
        remedy = f"please report it with {_write_crash_log(error)}"
    except OSError as full:
        remedy = f"please report it; no log: {full.strerror}"
    plain.fail(f"this is a bug in connectsync: {inert(said)}", remedy)
    return ExitStatus.BUG


def _write_crash_log(error: Exception) -> str:
    """Keep what helps to fix it in a file that only this user can read."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="connectsync-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        log.write(f"connectsync {__version__}, Python {sys.version}\n")
        # frames only: what an exception says may quote a secret
        log.write("".join(traceback.format_tb(error.__traceback__)))
        log.write(f"{type(error).__qualname__}\n")
    return log.name
