"""The audit log: every fact, in order, chained by hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from connectsync.apply.state.tables import AUDIT, HEAD
from connectsync.errors import StateError

NOTHING = "sha256:" + "0" * 64
"""What the first entry is chained to."""

FACT = "fact"
"""The kind of entries that hold facts; those of version 0.1.0 hold digests of rows."""

TOLD_TIME = "told_time"
"""In the detail of a fact whose time was told: what the machine's clock said then."""

CONNECT_NAMED = "connect named"
"""What was known of a Connect by other keys is known by this one from now on."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """
    A fact: what happened, when, and by which runner.

    ``run`` is the run it belongs to, if any; ``subject`` the district it is about,
    ``detail`` all else there is to say, as JSON data. ``seq`` is its place in the log.
    """

    action: str
    at: datetime
    runner: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    run: int | None = None
    subject: str = ""
    seq: int = 0


def stamp(at: datetime) -> str:
    """Spell a time, always in UTC, so that times sort as they spell."""
    return at.astimezone(UTC).isoformat()


def append(connection: Connection, entry: AuditEntry) -> int:
    """
    Append a fact; give its place in the log.

    The head stays locked until the commit, so that the chain never forks. Raises
    ``StateError`` if the log was cut off: nothing is added to what is left of one.
    """
    previous = connection.execute(
        select(HEAD.c.seq, HEAD.c.hash).with_for_update()
    ).one()
    last = connection.execute(select(AUDIT.c.hash).where(AUDIT.c.seq == previous.seq))
    if (last.scalar() or NOTHING) != previous.hash:
        raise StateError(
            "the audit log of the state store was cut off or edited",
            remedy="`connectsync runs verify` lists what was changed; restore the"
            " store from a backup",
        )
    values: dict[str, Any] = {
        "seq": previous.seq + 1,
        "at": stamp(entry.at),
        "runner": entry.runner,
        "action": entry.action,
        "kind": FACT,
        "subject": entry.subject,
        "detail": _canonical(entry.detail),
        "content": "",
        "run": entry.run,
    }
    values["hash"] = chained(previous.hash, values)
    connection.execute(insert(AUDIT).values(values))
    connection.execute(update(HEAD).values(seq=values["seq"], hash=values["hash"]))
    return int(values["seq"])


def chained(previous: str, entry: Mapping[str, Any]) -> str:
    """Give the hash of an entry: of all that it says, and of all before it."""
    said = {
        name: value
        for name, value in entry.items()
        if name != "hash" and value is not None
    }
    return _hash(previous + _canonical(said))


def is_chained(previous: str, entry: Row[Any]) -> bool:
    """Say whether a row of the log has the hash that it should have."""
    try:
        return bool(chained(previous, dict(entry._mapping)) == entry.hash)  # noqa: SLF001 - SQLAlchemy's documented way to a row's columns
    except (TypeError, ValueError):
        return False


def read_entry(row: Row[Any]) -> AuditEntry:
    """Read a fact. Raises ``ValueError`` if it is none."""
    return AuditEntry(
        row.action,
        datetime.fromisoformat(row.at),
        row.runner,
        json.loads(row.detail),
        row.run,
        row.subject,
        row.seq,
    )


def head(connection: Connection) -> str:
    """Give the hash at which the chain ends."""
    return str(connection.execute(select(HEAD.c.hash)).scalar_one())


def rows(connection: Connection, *, run: int | None = None) -> Iterator[Row[Any]]:
    """Give every entry, or those that bear on a run, oldest first."""
    wanted = select(AUDIT).order_by(AUDIT.c.seq)
    if run is not None:
        # what a Connect is called is a matter of every run on it
        named = AUDIT.c.action == CONNECT_NAMED
        wanted = wanted.where((AUDIT.c.run == run) | named)
    yield from connection.execute(wanted.execution_options(yield_per=500))


def _hash(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _canonical(data: Mapping[str, Any]) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"))
