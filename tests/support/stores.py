"""State stores for tests: the same tests on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine, text

from connectsync.apply.journal import Claim
from connectsync.apply.state.opening import LEASE_SECONDS, open_store
from connectsync.apply.state.queries import StateReader
from connectsync.apply.state.store import Store
from connectsync.config.state_address import Address, at_url, in_file

AT = datetime(2027, 1, 15, 11, tzinfo=UTC)
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


def failed(folder: Path, run: int, *districts: str) -> None:
    """Let districts of a run have failed after all."""
    with open_store(folder) as store:
        for district in districts:
            store.doubt(run, district, "it is not as saved", at=AT)


def left_open(folder: Path, run: int, district: str) -> None:
    """Let a runner have died after the journal said what it was about to send."""
    failed(folder, run, district)
    with open_store(folder) as store:
        store.reopen(run, at=AT)
        backend = StateReader(store).run(run).backend
        claim = store.claim(run, backend, district, at=AT)
        assert isinstance(claim, Claim)
        store.intend(claim, store.entries(run, district)[-1].intent, at=AT)
        store.release(claim)


def place(kind: str, folder: Path) -> Place:
    """Make an empty store of a kind."""
    if kind == "sqlite":
        return Place(folder, in_file(folder / "state.db"))
    import postgres

    return Place(folder, at_url(postgres.database()))
