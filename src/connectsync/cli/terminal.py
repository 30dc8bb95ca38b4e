"""Standard output, standard error, questions to the user, and the clock."""

from __future__ import annotations

import codecs
import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from enum import IntEnum, StrEnum
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from connectsync import errors
from connectsync.cli import machine
from connectsync.cli.commands import CommandPlace
from connectsync.cli.machine import NUMBER, lost, now_at_least, tell_once, utc_now
from connectsync.domain.foreign_text import (
    APART,
    environment_of_children,
    program_in,
    without_user_info,
)
from connectsync.domain.outcome import Event
from connectsync.domain.policy import ALL, Shard
from connectsync.domain.wording import few, many
from connectsync.files.access import insist_unplanted, not_written
from connectsync.files.writing import replace_file, write_into
from connectsync.report.terminal import Paint, Style, inert, unheeded, unheeded_data
from connectsync.values import dataclass, field

PLAIN = {"→": "->", "…": "...", "—": "-", "·": "*"}
"""Our own signs, for terminals whose encoding lacks them."""

STDOUT = Path("-")
"""What people write in place of a file, to have it on standard output."""

SOURCES = frozenset([".yaml", ".yml"])
"""Endings of files that people write: no report ever takes their place."""

WIDEST = 110
"""Columns beyond which lines are hard to read."""

_PAINT = re.compile(r"\x1b\[[0-9;]*m")
"""Our own colours: what others say is inert before it comes here."""


class LogFormat(StrEnum):
    """How standard error is written: for people, or for machines that keep logs."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Terminal:
    """
    What the user looks at.

    ``colour`` and ``width`` describe standard output, ``colour_aside`` and
    ``log_format`` standard error; ``quiet`` leaves out what is not the result itself.
    ``place`` completes the commands that a text suggests.
    """

    colour: bool
    width: int
    quiet: bool
    log_format: LogFormat = LogFormat.TEXT
    colour_aside: bool = False
    clock: Callable[[], datetime] = utc_now
    place: CommandPlace = field(default_factory=CommandPlace)
    watched: bool = False
    """Whether standard output is a terminal, where a person looks."""
    pager: tuple[str, ...] = ()
    """The program that shows long text a page at a time, and its words."""

    def show(self, text: str) -> None:
        """Print a result for people; nothing in it is a command to a CI."""
        if not _write(sys.stdout, unheeded(self.place.complete(text))):
            # what people have to know is said where it can be
            self.tell_lost()
            self.complain(text)

    def tell_lost(self) -> bool:
        """Say, once, that standard output could not be written; False if it could."""
        if why := tell_once(sys.stdout):
            self.fail(
                f"cannot write to standard output: {why}",
                "send it where there is space and run it again; if it applied"
                " anything, that stays done, and `connectsync runs` lists it",
            )
        return lost(sys.stdout) is not None

    def settle(self, status: int) -> int:
        """
        Give the exit status of a command that ended with one.

        One that ended well, but whose words could not be written, says so.
        """
        went_well = status in {ExitStatus.FINE, ExitStatus.PENDING}
        return ExitStatus.UNWRITTEN if self.tell_lost() and went_well else status

    def say(self, text: str) -> None:
        """Print what is good to know, on standard error, unless quiet."""
        if not self.quiet:
            self._tell("info", text)

    def complain(self, text: str) -> None:
        """Print what went wrong, on standard error."""
        self._tell("warning", text)

    def tell_left_out(self, broken: Sequence[str]) -> None:
        """Say which files a report goes without, for they have errors."""
        if broken:
            self.complain(
                f"left out, for these have errors: {inert(few(broken))};"
                " `connectsync validate` shows them"
            )

    def fail(self, message: str, remedy: str) -> None:
        """Print why a command failed, and what to do next, on standard error."""
        if self.log_format is LogFormat.JSON:
            self._tell("error", message, self.place.complete(remedy))
            return
        # errors spell the line breaks of others, so every one left is ours
        first, *rest = message.split("\n")
        self.complain(
            f"{Paint(self.colour_aside)(Style.ERROR, 'error:')} {inert(first)}"
        )
        for line in rest:
            self.complain(inert(line))
        if remedy:
            self.complain(f"  = help: {inert(remedy)}")

    def log(self, event: Event) -> None:
        """Print an event of a run as a line of JSON, on standard error."""
        from connectsync.telemetry.events import Level, event_line, level_of

        if not (self.quiet and level_of(event) is Level.INFO):
            _write(sys.stderr, unheeded_data(event_line(event)))

    def _tell(self, level: str, text: str, remedy: str = "") -> None:
        # an argument that is quoted may be an address with a password
        text = without_user_info(self.place.complete(text))
        if not self.colour_aside:
            text = _PAINT.sub("", text)
        if self.log_format is LogFormat.JSON:
            from connectsync.telemetry.events import Level, message_line

            plain = _PAINT.sub("", text).removesuffix("\n")
            hint = without_user_info(remedy)
            line = message_line(Level(level), plain, self.clock(), hint)
            _write(sys.stderr, unheeded_data(line))
            return
        _write(sys.stderr, unheeded(text))

    def deliver(
        self, text: str | bytes, output: Path | None, *, note: str | None = ""
    ) -> None:
        """
        Print a result as it is, also for machines, or write it to a file and say so.

        ``note`` follows the name of the file; None where the caller says it. Raises
        ``UsageError`` if the file cannot be written, or for bytes without one.
        """
        raw = text if isinstance(text, bytes) else None
        if isinstance(text, str):
            text = unheeded_data(text)
        if output is None or output == STDOUT:
            if raw is not None:
                raise errors.UsageError(
                    "a workbook is no text: it is for a file",
                    remedy="name the file with --output FILE",
                )
            _write(sys.stdout, str(text))
            return
        insist_no_source(output)
        try:
            insist_unplanted(output)
            output.parent.mkdir(parents=True, exist_ok=True)
            if output.exists() and not output.is_file():
                # a device or a pipe, such as /dev/stderr, is never replaced
                write_into(output, str(text).encode() if raw is None else raw)
                return
        except OSError as error:
            raise not_written(output, error) from error
        # names of files may hold bytes that are no text
        named = str(text).encode(errors="backslashreplace")
        replace_file(output, named if raw is None else raw)
        if note is not None:
            self.say(inert(f"wrote {output}{note}"))

    def wraps_at(self, output: Path | None) -> int | None:
        """Give where lines of a table are broken: nowhere, in a file or a pipe."""
        if output not in {None, STDOUT} or not self.watched:
            return None
        return self.width

    def present(self, text: str, output: Path | None) -> None:
        """Print a result for people, through their pager too, or write it to a file."""
        if output is not None:
            self.deliver(text, output)
        elif not self._paged(self.place.complete(text)):
            self.show(text)

    def page(self, text: str) -> None:
        """
        Print what a person reads; through their pager where it has more lines.

        It is started by its path and its words, never by a shell. Where it cannot be,
        the text is printed.
        """
        if not self._paged(text):
            _write(sys.stdout, unheeded(text))

    def _paged(self, text: str) -> bool:
        longer = bool(self.pager) and _is_longer_than_screen(text)
        return longer and _paged(self.pager, text)

    def ask(self, question: str) -> str | None:
        """Ask on the terminal; None where no one can answer."""
        if not sys.stdin.isatty():
            return None
        with _interruptible():
            self._tell("info", question)
            return sys.stdin.readline().strip()


def insist_no_source(output: Path) -> None:
    """Raise ``UsageError`` if a file is one that people write."""
    if output.suffix in SOURCES:
        raise errors.UsageError(
            f"{output} is the name of a district or project file; nothing is"
            " written over it",
            remedy="name another file, such as plan.json or report.txt",
        )


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let the first Ctrl-C end a question: an event loop would wait for the answer."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def never_stumble() -> None:
    """Let letters that a stream's encoding lacks be shown plainer, not be an error."""
    codecs.register_error("plainer", _plainer)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="plainer")
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")


def _plainer(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(PLAIN.get(letter, "?") for letter in lacking), error.end


def terminal(
    *,
    color: str,
    quiet: bool,
    log_format: LogFormat,
    environment: Mapping[str, str],
    pager: bool = True,
) -> Terminal:
    """Describe this process's terminal, as flags and environment ask."""
    return Terminal(
        pager=_pager(environment) if pager else (),
        colour=_colour(color, environment, sys.stdout),
        colour_aside=_colour(color, environment, sys.stderr),
        width=_width(environment),
        quiet=quiet,
        log_format=log_format,
        clock=partial(now_at_least, environment),
        watched=sys.stdout.isatty(),
    )


def _pager(environment: Mapping[str, str]) -> tuple[str, ...]:
    """
    Give the pager that the environment names, `less` if it names none.

    Nothing where no one reads: output that goes elsewhere, no terminal to type on, or
    NO_PAGER.
    """
    both = sys.stdout.isatty() and sys.stdin.isatty()
    if not both or environment.get("NO_PAGER") or environment.get("TERM") == "dumb":
        return ()
    try:
        words = shlex.split(environment.get("PAGER", "less"))
    except ValueError:
        return ()
    if not words or words[0] == "cat":
        return ()
    # a path from here would mean a program in the folder under review
    if os.path.dirname(words[0]) and not Path(words[0]).is_absolute():  # noqa: PTH120 - of a word
        return ()
    folders = environment.get("PATH", "").split(os.pathsep)
    found = program_in(folders, words[0])
    return (found, *words[1:]) if found else ()


def words_to_start(
    words: list[str], folder: Path, environment: Mapping[str, str]
) -> list[str]:
    """
    Give the words of a command; on Windows, with its program spelled whole.

    It would look for that where we stand first, whatever folder and PATH it is told.
    """
    if not machine.ON_WINDOWS:
        return words
    program, *rest = words
    named = str(folder / program) if os.path.dirname(program) else program  # noqa: PTH120 - of a word
    if (found := program_in(os.get_exec_path(environment), named)) is None:
        raise FileNotFoundError(program)
    return [found, *rest]


def _is_longer_than_screen(text: str) -> bool:
    from shutil import get_terminal_size

    return text.count("\n") >= get_terminal_size().lines


def _paged(words: tuple[str, ...], text: str) -> bool:
    """Show text by a pager; False where that cannot be started."""
    import subprocess

    # colors, nothing cleared, and its end where all fits after all
    kept = environment_of_children(os.environ, also=frozenset(["LESS", "LESSCHARSET"]))
    environment = {"LESS": "FRX", **kept}
    try:
        with (
            _interruptible_only_below(),
            # by its path and words, and no shell
            subprocess.Popen(  # noqa: S603
                words, stdin=subprocess.PIPE, env=environment, cwd=APART
            ) as process,
        ):
            assert process.stdin is not None  # noqa: S101 - a pipe was asked for
            # a pager that is left before the end reads no further
            with suppress(BrokenPipeError), process.stdin as pipe:
                pipe.write(unheeded(text).encode(errors="replace"))
    except OSError:
        return False
    return process.returncode == 0


@contextmanager
def _interruptible_only_below() -> Iterator[None]:
    """Leave Ctrl-C to the pager, which knows what it means there."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _colour(color: str, environment: Mapping[str, str], stream: TextIO) -> bool:
    if color != "auto":
        return color == "always"
    if environment.get("NO_COLOR"):
        return False
    return stream.isatty() and environment.get("TERM") != "dumb"


def _width(environment: Mapping[str, str]) -> int:
    columns = 80
    if sys.stdout.isatty():
        from shutil import get_terminal_size

        columns = get_terminal_size().columns
    if NUMBER.fullmatch(environment.get("COLUMNS", "")):
        columns = int(environment["COLUMNS"])
    return max(40, min(columns, WIDEST))


def _write(stream: TextIO, text: str) -> bool:
    """Write lines; False if the stream could not take them."""
    stream.write(text if text.endswith("\n") else f"{text}\n")
    stream.flush()
    return lost(stream) is None


def say_share(
    terminal: Terminal, shard: Shard, held: int, total: int, noun: str = "district"
) -> None:
    """Say how much of what was asked for falls into the shard, even if nothing does."""
    if shard != ALL:
        said = f"shard {shard} holds {held or 'none'} of {many(total, noun)}"
        terminal.say(said)


class ExitStatus(IntEnum):
    """What the process says when it ends."""

    FINE = 0
    FINDINGS = 1
    PENDING = 2
    REFUSED = 3
    STALE = 4
    UNREACHABLE = 5
    USAGE = 64
    BUG = 70
    UNWRITTEN = 74
    INTERRUPTED = 130


_BY_ERROR: tuple[tuple[type[errors.ConnectsyncError], ExitStatus], ...] = (
    (errors.Bug, ExitStatus.BUG),
    (errors.UsageError, ExitStatus.USAGE),
    (errors.InvalidFiles, ExitStatus.FINDINGS),
    (errors.PlanError, ExitStatus.STALE),
    (errors.Refused, ExitStatus.REFUSED),
    (errors.DistrictNotFound, ExitStatus.FINDINGS),
    (errors.ConnectError, ExitStatus.UNREACHABLE),
)


def status_of(error: errors.ConnectsyncError) -> ExitStatus:
    """Give the exit status of an error; what is not listed is a finding."""
    for kind, status in _BY_ERROR:
        if isinstance(error, kind):
            return status
    return ExitStatus.FINDINGS
