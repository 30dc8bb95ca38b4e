"""The command line's front door: parse, run one command, give its exit status."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Collection
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer

from connectsync import __version__
from connectsync.cli import registry
from connectsync.cli.exit_status import ExitStatus, status_of
from connectsync.cli.session import Session
from connectsync.cli.streams import secure
from connectsync.cli.suggested import Place
from connectsync.cli.terminal import LogFormat, Terminal, never_stumble, terminal
from connectsync.errors import Bug, ConnectsyncError
from connectsync.report.style import inert

PROGRAM = "connectsync"

app = typer.Typer(
    name=PROGRAM,
    cls=registry.InOrder,
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
        Place(
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


def _place(before: object) -> Place:
    if isinstance(before, Session):
        return before.terminal.place
    return before.place if isinstance(before, Terminal) else Place()


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
    plain = terminal(
        color=_told(arguments, "--color", {"always", "never"}, "auto"),
        quiet=False,
        log_format=LogFormat(_told(arguments, "--log-format", {"json"}, "text")),
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
        return _interrupted(plain)
    except Bug as error:
        return _bug(plain, error, error.message)
    except ConnectsyncError as error:
        return _failed(plain, error)
    except Exception as error:  # noqa: BLE001 - the last net under the user
        return _unforeseen(plain, error)


def _ran(plain: Terminal, arguments: list[str]) -> int:
    asked = arguments or ["--help"]
    status = app(asked, prog_name=PROGRAM, standalone_mode=False, obj=plain)
    if status == ExitStatus.INTERRUPTED:
        return _interrupted(plain)
    return int(status or 0) if arguments else ExitStatus.USAGE


def _told(
    arguments: list[str], option: str, words: Collection[str], otherwise: str
) -> str:
    """Give what an option says, before anything is parsed that may fail."""
    spelled = [word for one in arguments for word in one.split("=", 1)]
    for asked, word in pairwise(spelled):
        if asked == option and word in words:
            return word
    return otherwise


def _interrupted(plain: Terminal) -> int:
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
        remedy = f"please report it with {_logged(error)}"
    except OSError as full:
        remedy = f"please report it; no log: {full.strerror}"
    plain.fail(f"this is a bug in connectsync: {inert(said)}", remedy)
    return ExitStatus.BUG


def _logged(error: Exception) -> str:
    """Keep what helps to mend it in a file that only this user can read."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="connectsync-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        log.write(f"connectsync {__version__}, Python {sys.version}\n")
        # frames only: what an exception says may quote a secret
        log.write("".join(traceback.format_tb(error.__traceback__)))
        log.write(f"{type(error).__qualname__}\n")
    return log.name
