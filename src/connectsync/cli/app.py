"""The command line: parse, run one command, return its exit status."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import traceback
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from connectsync import __version__
from connectsync.cli.commands import COMMANDS, PANELS, WITHIN, CommandPlace
from connectsync.cli.help import (
    Command,
    CommandWithHelp,
    GroupWithHelp,
    understand_everywhere,
)
from connectsync.cli.machine import drop_unusable, secure
from connectsync.cli.session import Session
from connectsync.cli.terminal import (
    ExitStatus,
    LogFormat,
    Terminal,
    never_stumble,
    status_of,
    terminal,
)
from connectsync.errors import Bug, ConnectsyncError, UsageError
from connectsync.report.terminal import inert
from connectsync.values import replace

ASKED_BY_A_SHELL = "_CONNECTSYNC_COMPLETE"
"""The variable by which a shell asks for words at the tab key."""

_OF_A_SHELL = re.compile("(complete|source)_(bash|zsh|fish|powershell|pwsh)")


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
    # one with a word of Python's own ends in `_`
    command = getattr(module, f"{name}_", None) or getattr(module, name)
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
    no_pager: Annotated[
        bool,
        typer.Option("--no-pager", help="Print long text at once, not by pages."),
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
        color=color,
        quiet=quiet,
        log_format=log_format,
        environment=os.environ,
        pager=not no_pager,
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


@cache
def make_program(*, asked_by_a_shell: bool = False) -> Command:
    """Make the program, once where several commands are run."""
    del asked_by_a_shell  # its commands then learn what to offer
    return cast("Command", typer.main.get_command(app))


def main(arguments: list[str]) -> int:
    """Run one command; give its exit status. Never raises."""
    drop_unusable(os.environ)
    plain = terminal(
        color=_read_option(arguments, "--color", {"always", "never"}, "auto"),
        quiet=False,
        log_format=LogFormat(_read_option(arguments, "--log-format", {"json"}, "text")),
        environment=os.environ,
    )
    try:
        status = _ran(plain, arguments)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last net under the user
        status = tell_failure(plain, error)
    return plain.settle(status)


def tell_failure(plain: Terminal, error: BaseException) -> int:
    """Say why a command ended early; give its exit status."""
    match error:
        case typer.TyperException():
            return _usage(plain, error)
        case typer.Abort() | KeyboardInterrupt():
            return _end_interrupted(plain)
        case Bug():
            return _bug(plain, error, error.message)
        case ConnectsyncError():
            return _failed(plain, error)
        case _:
            return _unforeseen(plain, error)


def _ran(plain: Terminal, arguments: list[str]) -> int:
    asked = arguments or ["--help"]
    _insist_asked_by_a_shell()
    if "--install-completion" in arguments:
        _insist_no_powershell()
    made = make_program(asked_by_a_shell=ASKED_BY_A_SHELL in os.environ)
    status = made(asked, prog_name=PROGRAM, standalone_mode=False, obj=plain)
    if status == ExitStatus.INTERRUPTED:
        return _end_interrupted(plain)
    return int(status or 0) if arguments else ExitStatus.USAGE


def _insist_no_powershell() -> None:
    """Refuse to set up a shell that would be started, and let run scripts of anyone."""
    from shellingham import (  # type: ignore[import-untyped]
        ShellDetectionFailure,
        detect_shell,
    )

    with suppress(ShellDetectionFailure):
        if detect_shell()[0] in {"powershell", "pwsh"}:
            raise UsageError(
                "completion is not set up for PowerShell: that would let it run scripts"
                " of anyone, whatever its policy was",
                remedy="append what `connectsync --show-completion` prints to the file"
                " that $PROFILE names",
            )


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


def _failed(plain: Terminal, error: ConnectsyncError) -> int:
    plain.fail(error.message, error.remedy)
    return status_of(error)


def _unforeseen(plain: Terminal, error: BaseException) -> int:
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


def _bug(plain: Terminal, error: BaseException, said: str) -> int:
    try:
        remedy = f"please report it with {_write_crash_log(error)}"
    except OSError as full:
        remedy = f"please report it; no log: {full.strerror}"
    plain.fail(f"this is a bug in connectsync: {inert(said)}", remedy)
    return ExitStatus.BUG


def _write_crash_log(error: BaseException) -> str:
    """Keep what helps to fix it in a file that only this user can read."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="connectsync-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        log.write(f"connectsync {__version__}, Python {sys.version}\n")
        # frames only: what an exception says may quote a secret
        log.write("".join(traceback.format_tb(error.__traceback__)))
        log.write(f"{type(error).__qualname__}\n")
    return log.name
