"""The command line, run in this process, with what it says caught in one text."""

from __future__ import annotations

import asyncio
import io
import os
import platform
import re
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import (
    ExitStack,
    closing,
    contextmanager,
    redirect_stderr,
    redirect_stdout,
)
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from forging import Entry, forge

from connectsync.backends import embedded
from connectsync.cli.app import main
from connectsync.config.state_address import in_file
from connectsync.domain.settings import Form
from connectsync.emulator.app import create_app

LOG = re.compile(r"\S*connectsync-\w+\.log")
RUNNER = re.compile(r"\b[\w.-]+:\d+:[0-9a-f]{8}\b")
HEAD = re.compile(r"(?<=head )sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Said:
    """What a command left behind: its exit status and what it wrote."""

    status: int
    out: str
    err: str
    both: str


class _Both(io.StringIO):
    """Writes to two texts at once: its own, and the one both streams share."""

    def __init__(self, shared: io.StringIO) -> None:
        super().__init__()
        self.shared = shared

    at_terminal = False

    def isatty(self) -> bool:
        return self.at_terminal

    def write(self, text: str) -> int:
        self.shared.write(text)
        return super().write(text)


@dataclass(frozen=True)
class Console:
    """A project's folder, and the command line in it."""

    folder: Path

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        begin: Callable[[list[str]], int] = main,
        at_terminal: bool = False,
    ) -> Said:
        """
        Run one command in the folder; ``begin`` is the way into it.

        ``at_terminal`` as where a person looks.
        """
        both = io.StringIO()
        out, err = _Both(both), _Both(both)
        out.at_terminal = at_terminal
        with ExitStack() as stack:
            stack.enter_context(_standing_in(self.folder))
            stack.enter_context(redirect_stdout(out))
            stack.enter_context(redirect_stderr(err))
            given = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
            stack.enter_context(patch.object(sys, "stdin", given))
            stack.enter_context(patch.dict(os.environ, environment or {}))
            status = begin(list(arguments))
        return Said(status, out.getvalue(), err.getvalue(), both.getvalue())

    @property
    def connect(self) -> Path:
        """Where the embedded Connect keeps its forms."""
        return self.folder / ".connectsync" / "connect.db"

    def live(self, key: str) -> Form:
        """Read a district's form, as a person would on the page."""

        async def read() -> Form:
            async with embedded.open_reader(create_app(self.connect)) as reader:
                return (await reader.read(key)).form

        return asyncio.run(read())

    def edit(self, key: str, form: Form) -> None:
        """Save a district's form, as a person would on the page."""

        async def save() -> None:
            app = create_app(self.connect)
            async with (
                embedded.open_reader(app) as reader,
                embedded.open_writer(app) as writer,
            ):
                version = (await reader.read(key)).version
                await writer.save(key, form, expected_version=version)

        asyncio.run(save())

    def forget(self, key: str) -> None:
        """Take a district off the embedded Connect."""
        with sqlite3.connect(self.connect) as connection:
            connection.execute("DELETE FROM district WHERE key = ?", [key])
        connection.close()

    def statement(self, statement: str) -> None:
        """Change the state store past everything that would object."""
        with closing(sqlite3.connect(self.folder / ".connectsync/state.db")) as store:
            store.execute(statement)
            store.commit()

    def forge(self, change: Callable[[Entry], object]) -> None:
        """Change the log of the state store, and make all hashes fit again."""
        forge(in_file(self.folder / ".connectsync/state.db").url, change)

    def state(self) -> tuple[tuple[object, ...], ...]:
        """Give every entry of the audit log and its head; nothing of an empty log."""
        path = self.folder / ".connectsync" / "state.db"
        with sqlite3.connect(path) as connection:
            rows = tuple(
                (table, *row)
                for table in ("audit", "audit_head")
                for row in connection.execute(f"SELECT * FROM {table} WHERE seq > 0")  # noqa: S608 - our own two names
            )
        connection.close()
        return rows

    def replace(self, file: str, old: str, new: str) -> None:
        """Change a file of the project in the one place where ``old`` stands."""
        path = self.folder / file
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new), "utf-8")

    def plain(self, text: str) -> str:
        """Spell what no two runs have in common: folder, log, runner, audit head."""
        named = HEAD.sub("sha256:<head>", RUNNER.sub("<runner>", text))
        named = named.replace(str(self.folder), "<project>")
        host = socket.gethostname()
        named = named.replace(f"by operator on {host}", "by operator on <host>")
        named = named.replace(f'"host": "{host}"', '"host": "<host>"')
        named = named.replace(f"Python {platform.python_version()}", "Python 3")
        lines = (line.rstrip() for line in LOG.sub("<log>", named).split("\n"))
        return "\n".join(lines)


@contextmanager
def _standing_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
