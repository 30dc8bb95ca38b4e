"""
Runs keep their plan, so that they can be resumed; leases, approvals, the audit log.

What was run before keeps its journal, and counts as ended: its plan is not known.
"""

import json
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TIME, KEY, BACKEND, DIGEST = (sa.String(size) for size in (40, 200, 400, 80))
NOTHING = "sha256:" + "0" * 64


def upgrade() -> None:
    """Add tables and columns, and fill them in for what is there."""
    _tables()
    _columns()
    _parts()
    with op.batch_alter_table("runs") as runs:
        runs.drop_column("districts")


def _columns() -> None:
    with op.batch_alter_table("runs") as runs:
        runs.alter_column("backend", type_=BACKEND)
        for name, value in (("header", "{}"), ("accepted", "{}"), ("reasons", "{}")):
            runs.add_column(_text(name, value))
        runs.add_column(_text("runner", ""))
        runs.add_column(_text("stopped", ""))
        runs.create_index("runs_plan", ["plan"])
    with op.batch_alter_table("journal") as journal:
        journal.drop_index("ix_journal_run")
        journal.drop_index("ix_journal_district")
        journal.add_column(
            sa.Column(
                "set_token", sa.Boolean, nullable=False, server_default=sa.false()
            )
        )
        journal.add_column(_text("runner", ""))
        journal.add_column(
            sa.Column("lease", sa.Integer, nullable=False, server_default="0")
        )
        journal.create_index("journal_run", ["run", "district"])
        journal.create_index("journal_intended_at", ["intended_at"])
    op.execute("UPDATE runs SET ended = began WHERE ended IS NULL")


def _text(name: str, value: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=value)


def _parts() -> None:
    connection = op.get_bind()
    runs = connection.execute(sa.text("SELECT run, districts, ended FROM runs"))
    for run, districts, ended in runs.all():
        for turn, district in enumerate(json.loads(districts)):
            rows = connection.execute(
                sa.text(
                    "SELECT settled FROM journal WHERE run = :run"
                    ' AND district = :district ORDER BY "row"'
                ),
                {"run": run, "district": district},
            ).scalars()
            settled = rows.all()
            connection.execute(
                sa.text(
                    "INSERT INTO run_districts (run, district, position, turn, wave,"
                    " planned, ending, saves, changes, message, remedy, runner, ended)"
                    " VALUES (:run, :district, :turn, :turn, 'rest', '{}', :ending,"
                    " :saves, 0, '', '', '', :ended)"
                ),
                {
                    "run": run,
                    "district": district,
                    "turn": turn,
                    "ending": _ending(settled),
                    "saves": settled.count("confirmed"),
                    "ended": ended,
                },
            )


def _ending(settled: Sequence[str]) -> str:
    if not settled:
        return "failed"
    return {"confirmed": "done", "intended": "failed"}.get(settled[-1], settled[-1])


def _tables() -> None:
    _part_table()
    _lease_and_approval_tables()
    _audit_tables()


def _part_table() -> None:
    op.create_table(
        "run_districts",
        sa.Column("run", sa.Integer, sa.ForeignKey("runs.run"), primary_key=True),
        sa.Column("district", KEY, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("wave", sa.String(100), nullable=False),
        sa.Column("planned", sa.Text, nullable=False),
        sa.Column("ending", sa.String(20)),
        sa.Column("saves", sa.Integer, nullable=False),
        sa.Column("changes", sa.Integer, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("remedy", sa.Text, nullable=False),
        sa.Column("runner", sa.Text, nullable=False),
        sa.Column("ended", TIME),
    )


def _lease_and_approval_tables() -> None:
    op.create_table(
        "leases",
        sa.Column("backend", BACKEND, primary_key=True),
        sa.Column("district", KEY, primary_key=True),
        sa.Column("token", sa.Integer, nullable=False),
        sa.Column("runner", sa.Text, nullable=False),
        sa.Column("expires", sa.Float, nullable=False),
    )
    op.create_table(
        "approvals",
        sa.Column("plan", DIGEST, primary_key=True),
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("at", TIME, nullable=False),
    )


def _audit_tables() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("runner", sa.Text, nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("content", DIGEST, nullable=False),
        sa.Column("hash", DIGEST, nullable=False),
    )
    op.create_index("audit_subject", "audit", ["kind", "subject"])
    head = op.create_table(
        "audit_head",
        sa.Column("head", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("hash", DIGEST, nullable=False),
    )
    op.bulk_insert(head, [{"head": 1, "seq": 0, "hash": NOTHING}])
