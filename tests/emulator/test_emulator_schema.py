"""The stand-in is held to the gateway's contract by requests that nobody thought of."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from served_app import listening_at

from connectsync.emulator.app import create_app
from connectsync.emulator.seed import enrol

CONTRACT = Path(__file__).parents[2] / "schema" / "gateway.openapi.yaml"
TOKEN = "let-me-in"  # noqa: S105 - of a stand-in that lives for one module

NOT_OURS = [
    "missing_required_header",  # does not know that a save without If-Match is a 428
    "negative_data_rejection",  # wants parameters refused that nobody has heard of
    "positive_data_acceptance",  # no schema can say which cursors a page gave
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the stand-in over a real socket."""
    store = tmp_path_factory.mktemp("schema") / "connect.db"
    # the first is the one that the examples of the contract ask for
    enrol(store, [("lakeview-usd", "Lakeview"), ("harbor-point", "Harbor Point")])
    with listening_at(create_app(store, token=TOKEN)) as served:
        yield served


def schemathesis(address: str, here: Path) -> subprocess.CompletedProcess[str]:
    """Let it ask what it likes; the same each time."""
    command = f"{sys.executable} -m schemathesis.cli run {CONTRACT} --url {address}"
    command += " --phases examples,coverage,fuzzing --max-examples 25 --no-color"
    command += " --seed 1 --generation-deterministic --warnings off"
    words = [*command.split(), "--exclude-checks", ",".join(NOT_OURS)]
    # a process of its own: in each that runs tests it would take seconds
    return subprocess.run(
        [*words, "--header", f"Authorization: Bearer {TOKEN}"],
        cwd=here,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_every_answer_is_one_that_the_contract_describes(
    address: str, tmp_path: Path
) -> None:
    done = schemathesis(address, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Selected: 5/5" in done.stdout
    assert "Tested: 5" in done.stdout
