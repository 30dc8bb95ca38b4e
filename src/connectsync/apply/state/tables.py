"""
The tables of the state store, alike in SQLite and PostgreSQL.

``audit`` is the history: every fact, in order, chained by hash. The tables after it
hold what follows from the facts, so that it is found quickly; each of their rows can be
rebuilt from the facts. Only leases are no history.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

METADATA = MetaData()

TIME = String(40)
KEY = String(200)
BACKEND = String(400)
DIGEST = String(80)

AUDIT = Table(
    "audit",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", TIME, nullable=False),
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

Entries of version 0.1.0 name a row by ``kind`` and ``subject``, and hold its digest as
``content``. They stay as they are: hashes that were noted elsewhere are still found.
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
    Column("backend", BACKEND, primary_key=True),
    Column("district", KEY, primary_key=True),
    Column("token", Integer, nullable=False),
    Column("runner", Text, nullable=False),
    Column("expires", Float, nullable=False),
)
"""``expires`` is in seconds since the epoch, by the clock of the database."""

RUNS = Table(
    "runs",
    METADATA,
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("begun", Integer, nullable=False),
    Column("plan", DIGEST, nullable=False),
    Column("backend", BACKEND, nullable=False),
    Column("rollback_of", Integer),
    Column("approved_elsewhere", Boolean, nullable=False),
    Column("accepted", Text, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("runner", Text, nullable=False),
    Column("began", TIME, nullable=False),
    Column("ended", TIME),
    Column("stopped", Text, nullable=False),
    Index("runs_plan", "plan"),
)
"""``begun`` is the entry that holds the plan and its waves."""

DISTRICTS = Table(
    "run_districts",
    METADATA,
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("district", KEY, primary_key=True),
    Column("turn", Integer, nullable=False),
    Column("wave", String(100), nullable=False),
    Column("ending", String(20)),
    Column("message", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("runner", Text, nullable=False),
    Column("ended", TIME),
)
"""``turn`` is its place in the roll-out; ``ending`` is null until it ends."""

JOURNAL = Table(
    "journal",
    METADATA,
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("run", Integer, nullable=False),
    Column("district", KEY, nullable=False),
    Column("phase", Integer, nullable=False),
    Column("settled", String(20), nullable=False),
    Column("seen", Integer),
    Column("open", Boolean, nullable=False),
    Column("unmade", Boolean, nullable=False),
    Column("changes", Integer, nullable=False),
    Column("unproven", Integer, nullable=False),
    Column("intended_at", TIME, nullable=False),
    Index("journal_run", "run", "district"),
    Index("journal_intended_at", "intended_at"),
    Index("journal_open", "open", "district"),
)
"""
A row is a save: ``row`` is the entry of what was to be sent, ``seen`` the last one of
what was seen. One that is ``open`` may still be found to have been made; one that is
``unmade`` is proven not to have been.
"""

BASELINES = Table(
    "baselines",
    METADATA,
    Column("backend", BACKEND, primary_key=True),
    Column("district", KEY, primary_key=True),
    Column("setting", String(60), primary_key=True),
    Column("value", Text, nullable=False),
    Column("proof", Integer, nullable=False),
)
"""``proof`` is the entry that the value was learned from: a save, or a reading."""

LAUNCHES = Table(
    "launches",
    METADATA,
    Column("backend", BACKEND, primary_key=True),
    Column("district", KEY, primary_key=True),
    Column("proof", Integer, nullable=False),
)
"""The districts whose nightly sync was seen on, or was turned on by us."""

APPROVALS = Table(
    "approvals",
    METADATA,
    Column("plan", DIGEST, primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("at", TIME, nullable=False),
)

PROJECTIONS: tuple[Table, ...] = (
    RUNS,
    DISTRICTS,
    JOURNAL,
    BASELINES,
    LAUNCHES,
    APPROVALS,
)
"""What follows from the facts."""
