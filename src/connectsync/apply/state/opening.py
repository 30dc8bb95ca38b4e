"""Opening the state store: its file or server, its layout, this runner's presence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectsync.apply.state.database import Address, in_file, opened
from connectsync.apply.state.heartbeat import present
from connectsync.apply.state.leases import LeaseTable
from connectsync.apply.state.migrations import ensure
from connectsync.apply.state.store import Store
from connectsync.errors import StateError
from connectsync.files.private import private_file, private_folder

FILE = "state.db"
LEASE_SECONDS = 30.0


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
