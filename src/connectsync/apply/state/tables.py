"""
The tables of the state store, alike in SQLite and PostgreSQL.

``audit`` is the history: every fact, in order, chained by hash. What follows from the
facts is stored nowhere else. Only leases are no history.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()

DIGEST = String(80)

AUDIT = Table(
    "audit",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(40), nullable=False),
    Column("runner", Text, nullable=False),
    Column("action", String(40), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("content", DIGEST, nullable=False),
    Column("hash", DIGEST, nullable=False),
    Column("run", Integer),
    Index("audit_run", "run"),
)
"""
``detail`` is the fact as JSON, ``subject`` the district it is about.

Entries of version 0.1.0 name a row of its tables by ``kind`` and ``subject``, and hold
the row's digest as ``content``. They stay as they are: hashes that were noted elsewhere
are still found.
"""

HEAD = Table(
    "audit_head",
    METADATA,
    Column("head", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("hash", DIGEST, nullable=False),
)
"""One row: where the chain ends. Who writes holds it until the commit."""

LEASES = Table(
    "leases",
    METADATA,
    Column("backend", String(400), primary_key=True),
    Column("district", String(200), primary_key=True),
    Column("token", Integer, nullable=False),
    Column("runner", Text, nullable=False),
    Column("expires", Float, nullable=False),
)
"""``expires`` is in seconds since the epoch, by the clock of the database."""
