"""The tables of the state store, alike in SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
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

RUNS = Table(
    "runs",
    METADATA,
    Column("run", Integer, primary_key=True),
    Column("plan", DIGEST, nullable=False),
    Column("backend", BACKEND, nullable=False),
    Column("header", Text, nullable=False),
    Column("accepted", Text, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("runner", Text, nullable=False),
    Column("began", TIME, nullable=False),
    Column("ended", TIME),
    Column("stopped", Text, nullable=False),
    Index("runs_plan", "plan"),
)
"""``header`` is the plan without its districts, as JSON."""

DISTRICTS = Table(
    "run_districts",
    METADATA,
    Column("run", ForeignKey("runs.run"), primary_key=True, autoincrement=False),
    Column("district", KEY, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("wave", String(100), nullable=False),
    Column("planned", Text, nullable=False),
    Column("ending", String(20)),
    Column("saves", Integer, nullable=False),
    Column("changes", Integer, nullable=False),
    Column("message", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("runner", Text, nullable=False),
    Column("ended", TIME),
)
"""
``planned`` is the district's part of the plan, ``position`` its place there, ``turn``
its place in the roll-out; ``ending`` is null until it ends.
"""

JOURNAL = Table(
    "journal",
    METADATA,
    Column("row", Integer, primary_key=True),
    Column("run", ForeignKey("runs.run"), nullable=False),
    Column("district", KEY, nullable=False),
    Column("phase", Integer, nullable=False),
    Column("settled", String(20), nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("expected_version", Text, nullable=False),
    Column("set_token", Boolean, nullable=False),
    Column("runner", Text, nullable=False),
    Column("lease", Integer, nullable=False),
    Column("intended_at", TIME, nullable=False),
    Column("settled_at", TIME),
    Column("note", Text, nullable=False),
    Index("journal_run", "run", "district"),
    Index("journal_intended_at", "intended_at"),
)

BASELINES = Table(
    "baselines",
    METADATA,
    Column("backend", BACKEND, primary_key=True),
    Column("district", KEY, primary_key=True),
    Column("form", Text, nullable=False),
    Column("was_running", Boolean, nullable=False),
    Column("at", TIME, nullable=False),
)

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

APPROVALS = Table(
    "approvals",
    METADATA,
    Column("plan", DIGEST, primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("at", TIME, nullable=False),
)

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
    Index("audit_subject", "kind", "subject"),
)
"""``content`` is the digest of the row that ``kind`` and ``subject`` name."""

HEAD = Table(
    "audit_head",
    METADATA,
    Column("head", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("hash", DIGEST, nullable=False),
)
"""One row: where the chain ends. Who writes holds it until the commit."""
