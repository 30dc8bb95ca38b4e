"""
Opening the state store: its file or server, its layout, this runner's sign of life.

Each runner of this machine holds a locked file while it lives.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from connectsync.apply.state.database import opened
from connectsync.apply.state.layout import ensure
from connectsync.apply.state.leases import LeaseTable
from connectsync.apply.state.store import Store
from connectsync.config.state_address import Address, in_file
from connectsync.errors import StateError
from connectsync.files.private import private_file, private_folder

FILE = "state.db"
LEASE_SECONDS = 30.0

KEPT = 1000
"""How many files of dead runners may lie about before the oldest are removed."""


@contextmanager
def open_store(
    folder: Path,
    address: Address | None = None,
    *,
    lease_seconds: float = LEASE_SECONDS,
    told_time: bool = False,
) -> Iterator[Store]:
    """
    Open the store at an address, or in a SQLite file in the folder.

    The folder keeps this runner's sign of life either way. A store that is not there
    is made, an older one brought up to date. ``told_time`` marks all that is written
    by a time that is not the machine's. Raises ``StateError``.
    """
    try:
        private_folder(folder)
        if address is None:
            private_file(folder / FILE)
    except OSError as error:
        raise StateError(
            f"cannot make {error.filename or folder}: {error.strerror}"
        ) from error
    with opened(address or in_file(folder / FILE)) as database:
        ensure(database)
        with present(folder) as here:
            leases = LeaseTable(here.runner, lease_seconds, here.is_gone)
            yield Store(database, leases, told_time=told_time)


@dataclass(frozen=True, slots=True)
class Presence:
    """
    A runner, and a way to see that another one has died.

    ``runner`` names machine and process; ``folder`` keeps the locked files.
    """

    runner: str
    folder: Path

    def is_gone(self, runner: str) -> bool:
        """
        Say whether a runner has certainly ended.

        The system lets go of a lock when a process ends, however it ends. Of a runner
        on another machine nothing is known here: only time tells.
        """
        path = _file(self.folder, runner)
        # a drive that machines share may not share its locks
        near = _machine(runner) == _machine(self.runner)
        if runner == self.runner or not near or not path.exists():
            return False
        try:
            with FileLock(path, timeout=0):
                return True
        except (Timeout, OSError):
            return False


@contextmanager
def present(folder: Path) -> Iterator[Presence]:
    """Be a runner, until the end of the block. Raises ``StateError``."""
    name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    runners = folder / "runners"
    try:
        private_folder(runners)
        _clear(runners)
        lock = FileLock(_file(runners, name), timeout=0, mode=0o600)
        lock.acquire()
    except OSError as error:
        raise StateError(f"cannot write in {runners}: {error.strerror}") from error
    try:
        yield Presence(name, runners)
    finally:
        lock.release()
        _file(runners, name).unlink(missing_ok=True)


def _clear(runners: Path) -> None:
    for path in sorted(runners.glob("*.lock"), key=lambda path: path.name)[:-KEPT]:
        with suppress(Timeout, OSError), FileLock(path, timeout=0):
            path.unlink(missing_ok=True)


def _machine(runner: str) -> str:
    return runner.rpartition(":")[0].rpartition(":")[0]


def _file(folder: Path, runner: str) -> Path:
    return folder / f"{runner.replace(':', '-')}.lock"
