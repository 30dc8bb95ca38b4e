"""What lies in the state folder: private, and a sentence where it is damaged."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from assurance_counts import TALLY
from console import Console

from connectsync.cli.terminal import ExitStatus

COMMANDS = (
    "plan",
    "plan --out again.json",
    "apply --yes",
    "apply plan.json --yes",
    "resume",
    "rollback 1",
    "runs",
    "runs show 1",
    "runs diff 1 1",
    "runs verify",
    "runs close 1 --reason over",
    "approve plan.json --as Ada",
    "drift",
    "reconcile",
    "doctor",
    "snapshot --output now.json",
    "import lakeview-usd",
)
SOME = ("plan", "apply --yes", "resume", "runs", "doctor")
"""Commands that are tried on every damage; all of them are on a few."""
DOCUMENTED = {int(status) for status in ExitStatus} - {ExitStatus.BUG}

Damage = Callable[[Path], None]


def cut(share: float) -> Damage:
    def damaged(path: Path) -> None:
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])

    return damaged


def flipped(seed: int) -> Damage:
    def damaged(path: Path) -> None:
        content, chance = bytearray(path.read_bytes()), random.Random(seed)  # noqa: S311 - repeatable
        for _ in range(200):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)

    return damaged


def replaced(content: bytes) -> Damage:
    def damaged(path: Path) -> None:
        path.write_bytes(content)

    return damaged


def of_another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE runs (other TEXT)")
        connection.execute("CREATE TABLE district (other TEXT)")
        connection.commit()


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Damage] = {
    "empty": replaced(b""),
    "cut to the header": cut(0.002),
    "cut in half": cut(0.5),
    "cut near the end": cut(0.95),
    "text": replaced(b"not a database at all\n" * 100),
    "of another program": of_another_program,
    "a folder": a_folder,
    **{f"flipped {seed}": flipped(seed) for seed in range(2)},
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a project in which a plan was applied."""
    folder = tmp_path_factory.mktemp("ran") / "valley"
    shutil.copytree(Path(__file__).parent / "projects" / "valley", folder)
    console = Console(folder)
    console.run("plan", "--out", "plan.json")
    assert console.run("apply", "plan.json", "--accept", "disruptive=9").status in {
        0,
        3,
    }
    assert console.run("apply", "--yes", "lakeview-usd").status == 0
    for name in ("state.db", "connect.db"):
        with closing(sqlite3.connect(folder / ".connectsync" / name)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder


@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("name", ["state.db", "connect.db"])
@pytest.mark.sampled(6)
def test_a_damaged_store_is_told_in_a_sentence_by_every_command(
    tmp_path: Path,
    ran: Path,
    name: str,
    kind: str,
    record_property: Callable[[str, object], None],
) -> None:
    shutil.copytree(ran, tmp_path / "valley")
    DAMAGES[kind](tmp_path / "valley" / ".connectsync" / name)
    commands = COMMANDS if kind in {"text", "flipped 0"} else SOME
    for number, command in enumerate(commands):
        project = tmp_path / f"{number}"
        shutil.copytree(tmp_path / "valley", project)
        said = Console(project).run(*command.split())
        assert said.status in DOCUMENTED, (command, said.both)
        assert "bug in connectsync" not in said.both, command
        assert "Traceback" not in said.both, command
    record_property(TALLY, len(commands))


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o277, 0o777])
def test_what_lies_in_the_state_folder_is_private_whatever_the_umask(
    valley: Console, mask: int
) -> None:
    with umask(mask):
        said = valley.run("apply", "--yes", "lakeview-usd")
    assert said.status == 0, said.both
    state = valley.folder / ".connectsync"
    for path in (state, *state.rglob("*")):
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_a_state_of_before_is_closed_to_others(valley: Console) -> None:
    valley.run("apply", "--yes", "lakeview-usd")
    state = valley.folder / ".connectsync"
    for name in ("state.db", "connect.db"):
        (state / name).chmod(0o664)
    assert valley.run("plan").status == 0
    for name in ("state.db", "connect.db"):
        assert stat.S_IMODE((state / name).stat().st_mode) == 0o600


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_a_stricter_umask_holds_for_what_is_written_elsewhere(
    valley: Console, mask: int, mode: int
) -> None:
    with umask(mask):
        valley.run("plan", "--out", "plan.json")
        valley.run("snapshot", "--output", "now.json")
        valley.run("validate", "--format", "json", "--output", "report.json")
        valley.run("new", "quay", "--name", "Quay")
    made = ["plan.json", "now.json", "report.json", "districts/quay.yaml"]
    for name in made:
        found = stat.S_IMODE((valley.folder / name).stat().st_mode)
        assert found == mode, name


@pytest.mark.parametrize(
    "statement",
    [
        # either could as well count without end, or take back what is noted
        "CREATE TRIGGER theirs BEFORE INSERT ON audit BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TRIGGER theirs AFTER INSERT ON leases BEGIN DELETE FROM leases; END",
        "CREATE VIEW theirs AS SELECT * FROM audit",
        "CREATE UNIQUE INDEX theirs ON audit (action, run)",
        "CREATE INDEX theirs ON audit (length(hex(zeroblob(9))))",
        "CREATE INDEX theirs ON audit (run) WHERE run > 1",
        "ALTER TABLE audit ADD COLUMN theirs TEXT DEFAULT 'x'",
        "ALTER TABLE audit ADD COLUMN theirs TEXT CHECK (length(zeroblob(9)) > 0)",
        "ALTER TABLE audit ADD COLUMN theirs AS (hex(zeroblob(9)))",
        "CREATE TABLE theirs (run INTEGER UNIQUE ON CONFLICT REPLACE)",
        "CREATE VIRTUAL TABLE theirs USING fts5(run)",
    ],
)
@pytest.mark.sampled(4)
def test_a_store_that_runs_statements_of_others_is_refused(
    valley: Console, statement: str
) -> None:
    assert valley.run("apply", "--yes", "lakeview-usd").status == ExitStatus.FINE
    valley.statement(statement)
    before = valley.state()
    for command in ("plan", "apply --yes", "runs", "runs verify", "reconcile"):
        said = valley.run(*command.split())
        assert said.status == ExitStatus.FINDINGS, command
        assert "it runs statements that are not ours" in " ".join(said.both.split())
    assert valley.state() == before
