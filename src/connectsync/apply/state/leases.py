"""Leases and heartbeats: which runner holds a district, and proof that it lives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from connectsync.apply.journal import Claim, LeasedElsewhere
from connectsync.apply.state.database import LEASES
from connectsync.errors import LeaseLost

FREE = 0.0


@dataclass(frozen=True, slots=True)
class LeaseTable:
    """
    Gives leases to one runner, by the clock of the database.

    ``is_gone`` says of another runner that it has certainly ended.
    """

    runner: str
    seconds: float
    is_gone: Callable[[str], bool]

    def take(
        self, connection: Connection, run: int, place: tuple[str, str], now: float
    ) -> Claim | LeasedElsewhere:
        """Take the lease of a district on a backend, unless another runner has it."""
        backend, district = place
        row = connection.execute(select(LEASES).where(*_here(place))).first()
        if row is None:
            raise LeaseLost(f"district {district!r} has no lease")
        if self._in_hand(row, now):
            return LeasedElsewhere(district, row.runner, row.expires - now)
        token = row.token + 1
        taken = connection.execute(
            update(LEASES)
            .where(*_here(place), LEASES.c.token == row.token)
            .values(token=token, runner=self.runner, expires=now + self.seconds)
        )
        if taken.rowcount != 1:
            return LeasedElsewhere(district, "another runner", self.seconds)
        return Claim(run, backend, district, token)

    def renew(self, connection: Connection, claim: Claim, now: float) -> None:
        """Hold on to a district. Raises ``LeaseLost``, also if it was let go of."""
        self._put(connection, claim, now + self.seconds, LEASES.c.expires != FREE)

    def release(self, connection: Connection, claim: Claim) -> None:
        """Let go of a district. Raises ``LeaseLost``."""
        self._put(connection, claim, FREE)

    def _put(
        self,
        connection: Connection,
        claim: Claim,
        expires: float,
        *also: ColumnElement[bool],
    ) -> None:
        mine = (LEASES.c.token == claim.token) & (LEASES.c.runner == self.runner)
        kept = connection.execute(
            update(LEASES)
            .where(*_here((claim.backend, claim.district)), mine, *also)
            .values(expires=expires)
        )
        if kept.rowcount != 1:
            raise LeaseLost(
                f"another runner took over district {claim.district!r} meanwhile"
            )

    def _in_hand(self, row: Row[Any], now: float) -> bool:
        return bool(row.expires > now and not self.is_gone(row.runner))


def prepare(connection: Connection, backend: str, districts: Iterable[str]) -> None:
    """Give every district a lease that no one holds, where it has none."""
    known = set(_known(connection, backend))
    free = {"backend": backend, "token": 0, "runner": "", "expires": FREE}
    rows = [{**free, "district": one} for one in districts if one not in known]
    if rows:
        connection.execute(insert(LEASES), rows)


def move(connection: Connection, others: Collection[str], backend: str) -> None:
    """Let the leases of other names of a backend be its own; one that it has stays."""
    known = set(_known(connection, backend))
    old = LEASES.c.backend.in_(others)
    rows = connection.execute(select(LEASES).where(old)).all()
    connection.execute(delete(LEASES).where(old))
    new = {row.district: row._asdict() | {"backend": backend} for row in reversed(rows)}
    if left := [row for district, row in new.items() if district not in known]:
        connection.execute(insert(LEASES), left)


def _known(connection: Connection, backend: str) -> Iterable[str]:
    here = select(LEASES.c.district).where(LEASES.c.backend == backend)
    return connection.execute(here).scalars()


def _here(place: tuple[str, str]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    backend, district = place
    return LEASES.c.backend == backend, LEASES.c.district == district
