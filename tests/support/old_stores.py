"""A state store as the first release made it."""

from __future__ import annotations

from sqlalchemy import create_engine, text
from stores import Place

OLD = "2026-12-01T08:00:00+00:00"

FIRST = """
CREATE TABLE runs (
  run INTEGER PRIMARY KEY, plan VARCHAR(80) NOT NULL, backend TEXT NOT NULL,
  districts TEXT NOT NULL, began VARCHAR(40) NOT NULL, ended VARCHAR(40)
);
CREATE TABLE journal (
  "row" INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (run),
  district VARCHAR(200) NOT NULL, phase INTEGER NOT NULL,
  settled VARCHAR(20) NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
  expected_version TEXT NOT NULL, intended_at VARCHAR(40) NOT NULL,
  settled_at VARCHAR(40), note TEXT NOT NULL
);
CREATE INDEX ix_journal_run ON journal (run);
CREATE INDEX ix_journal_district ON journal (district);
CREATE TABLE baselines (
  backend VARCHAR(400), district VARCHAR(200), form TEXT NOT NULL,
  was_running BOOLEAN NOT NULL, at VARCHAR(40) NOT NULL,
  PRIMARY KEY (backend, district)
);
"""
"""The layout of the first release, which did not name it."""


def made_old(kept: Place) -> None:
    """Make a store as the first release did, with a run in it."""
    made = create_engine(kept.address.url)
    with made.begin() as connection:
        for statement in FIRST.strip().split(";\n"):
            connection.execute(text(statement.rstrip(";")))
        connection.execute(
            text(
                "INSERT INTO runs (run, plan, backend, districts, began)"
                " VALUES (1, 'sha256:1', 'embedded', '[\"a\", \"b\", \"c\"]', :at)"
            ),
            {"at": OLD},
        )
        rows = enumerate((("a", "confirmed"), ("b", "conflict")), start=1)
        for row, (district, settled) in rows:
            connection.execute(
                text(
                    'INSERT INTO journal ("row", run, district, phase, settled, before,'
                    " after, expected_version, intended_at, note) VALUES (:row, 1,"
                    " :district, 1, :settled, '{}', '{}', 'v1', :at, '')"
                ),
                {"row": row, "district": district, "settled": settled, "at": OLD},
            )
        connection.execute(
            text(
                "INSERT INTO baselines VALUES"
                " ('embedded', 'a', '{\"manage_guardians\": true}', true, :at)"
            ),
            {"at": OLD},
        )
    made.dispose()
