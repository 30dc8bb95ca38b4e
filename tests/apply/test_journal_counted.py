"""What a district costs the journal, counted: nothing here looks at a clock."""

from __future__ import annotations

from pathlib import Path

from begun_runs import CONFIRMED, DONE, INTENT, NOW, begun, claimed
from sqlalchemy import event

from connectsync.apply.state.opening import open_store


def test_a_district_is_written_down_in_four_commits_and_few_statements(
    tmp_path: Path,
) -> None:
    with open_store(tmp_path / "state") as store:
        run = begun(store, "lakeview", "maple")
        said: list[str] = []
        commits: list[object] = []
        event.listen(
            store.database.engine,
            "before_cursor_execute",
            lambda _, __, statement, *___: said.append(statement),
        )
        event.listen(store.database.engine, "commit", commits.append)
        claim = claimed(store, run)
        row = store.intend(claim, INTENT, at=NOW)
        store.settle(claim, row, CONFIRMED, at=NOW)
        store.finish(claim, DONE, {"manage_guardians"}, at=NOW)
        assert len(commits) == 4
        assert len(said) == 22
