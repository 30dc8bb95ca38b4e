"""The first layout: runs, journal, baselines; made before revisions were kept."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "runs",
        sa.Column("run", sa.Integer, primary_key=True),
        sa.Column("plan", sa.String(80), nullable=False),
        sa.Column("backend", sa.Text, nullable=False),
        sa.Column("districts", sa.Text, nullable=False),
        sa.Column("began", sa.String(40), nullable=False),
        sa.Column("ended", sa.String(40)),
    )
    op.create_table(
        "journal",
        sa.Column("row", sa.Integer, primary_key=True),
        sa.Column(
            "run", sa.Integer, sa.ForeignKey("runs.run"), nullable=False, index=True
        ),
        sa.Column("district", sa.String(200), nullable=False, index=True),
        sa.Column("phase", sa.Integer, nullable=False),
        sa.Column("settled", sa.String(20), nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("expected_version", sa.Text, nullable=False),
        sa.Column("intended_at", sa.String(40), nullable=False),
        sa.Column("settled_at", sa.String(40)),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "baselines",
        sa.Column("backend", sa.String(400), primary_key=True),
        sa.Column("district", sa.String(200), primary_key=True),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("was_running", sa.Boolean, nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
    )
