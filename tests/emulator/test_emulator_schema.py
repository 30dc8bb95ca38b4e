"""The stand-in is held to the gateway's contract by requests that nobody thought of."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from schemathesis.specs.openapi.checks import (
    missing_required_header,
    negative_data_rejection,
    positive_data_acceptance,
)

from connectsync.emulator.app import create_app, server
from connectsync.emulator.seed import enrol

CONTRACT = Path(__file__).parents[2] / "schema" / "gateway.openapi.yaml"
TOKEN = "let-me-in"  # noqa: S105 - of a stand-in that lives for one module

contract = schemathesis.openapi.from_path(str(CONTRACT))

NOT_OURS = [
    missing_required_header,  # does not know that a save without If-Match is a 428
    negative_data_rejection,  # wants parameters refused that nobody has heard of
    positive_data_acceptance,  # no schema can say which cursors a page gave
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the stand-in over a real socket."""
    store = tmp_path_factory.mktemp("schema") / "connect.db"
    enrol(store, [("lakeview", "Lakeview"), ("harbor-point", "Harbor Point")])
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        # a request that comes before the server is ready waits instead of being refused
        listening.listen(128)
        serving = server(create_app(store, token=TOKEN), "127.0.0.1", 0)
        thread = threading.Thread(target=serving.run, args=([listening],))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        serving.should_exit = True
        thread.join()


@contract.parametrize()
@settings(derandomize=True)
def test_every_answer_is_one_that_the_contract_describes(
    case: Any, address: str
) -> None:
    case.call_and_validate(
        base_url=address,
        headers={"Authorization": f"Bearer {TOKEN}"},
        excluded_checks=NOT_OURS,
    )
