"""Planning reads the state and writes nothing there: a role that only reads will do."""

from __future__ import annotations

import postgres
from console import Console
from sqlalchemy import create_engine, make_url, text

READER = "connectsync_reader"


def reading(url: str) -> str:
    """Make a role that may read the tables there are; give its address."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {READER} LOGIN"))
        connection.execute(
            text(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}")
        )
    engine.dispose()
    return make_url(url).set(username=READER).render_as_string(hide_password=False)


def test_who_plans_needs_no_right_to_write_the_state(valley: Console) -> None:
    path = valley.folder / "connectsync.yaml"
    path.write_text(
        f"{path.read_text('utf-8')}connect: rehearsal\nstate: {{url: env:STATE_URL}}\n"
    )
    url = postgres.database()
    writing = {"STATE_URL": url}
    assert valley.run("apply", "--yes", environment=writing).status == 0
    file = "districts/ca/lakeview-usd.yaml"
    valley.replace(file, "deletion_threshold: 15", "deletion_threshold: 12")
    there = {"STATE_URL": reading(url)}
    planned = valley.run("plan", "--out", "plan.json", environment=there)
    assert planned.status == 0, planned.err
    assert "deletion_threshold     15 → 12" in planned.out
    assert "1 pending" in valley.run("drift", environment=there).out
    refused = valley.run("apply", "plan.json", environment=there)
    assert refused.status == 1
    assert "permission denied" in refused.err
    assert valley.live("lakeview-usd")["deletion_threshold"] == 15
    assert valley.run("apply", "plan.json", environment=writing).status == 0
