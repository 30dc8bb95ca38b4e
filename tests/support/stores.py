"""State stores for tests: the same tests on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text

from connectsync.apply.state.database import Address, in_file
from connectsync.apply.state.opening import LEASE_SECONDS, open_store
from connectsync.apply.state.postgres_address import at_url
from connectsync.apply.state.store import Store

KINDS = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Place:
    """Where a store is kept; every opening of it is another runner."""

    folder: Path
    address: Address

    @contextmanager
    def open(
        self, *, folder: Path | None = None, lease_seconds: float = LEASE_SECONDS
    ) -> Iterator[Store]:
        """Open it; another ``folder`` stands for another machine."""
        opening = open_store(
            folder or self.folder, self.address, lease_seconds=lease_seconds
        )
        with opening as store:
            yield store

    def run(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        """Do something to the tables, past everything that would object."""
        engine = create_engine(self.address.url)
        try:
            with engine.begin() as connection:
                done = connection.execute(text(statement), values)
                return [tuple(row) for row in done] if done.returns_rows else []
        finally:
            engine.dispose()


def place(kind: str, folder: Path) -> Place:
    """Make an empty store of a kind."""
    if kind == "sqlite":
        return Place(folder, in_file(folder / "state.db"))
    import postgres

    return Place(folder, at_url(postgres.database()))
