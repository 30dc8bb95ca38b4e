"""The whole way through the command line, over real sockets."""

from __future__ import annotations

import socket

import pytest
from console import Console
from served_gateway import ENVIRONMENT, TOKEN, served, use

from connectsync.cli.terminal import ExitStatus
from connectsync.emulator.http import Faults


@pytest.fixture
def fleet(valley: Console) -> Console:
    """Give the project, and Connect's store filled from its seed."""
    assert valley.run("plan").status == ExitStatus.FINE
    return valley


def test_a_fleet_is_brought_into_line_over_the_gateway(fleet: Console) -> None:
    with served(fleet.connect) as url:
        use(fleet, url)
        assert fleet.run("doctor", environment=ENVIRONMENT).status == ExitStatus.FINE
        made = fleet.run("plan", "--out", "plan.json", environment=ENVIRONMENT)
        assert f"on gateway {url}" in made.out
        applied = fleet.run("apply", "plan.json", environment=ENVIRONMENT)
        assert applied.status == ExitStatus.FINE, applied.both
        again = fleet.run("plan", "--detailed-exitcode", environment=ENVIRONMENT)
        assert again.status == ExitStatus.FINE
        assert fleet.run("drift", environment=ENVIRONMENT).status == ExitStatus.FINE
    assert fleet.live("harbor-point-usd")["manage_guardians"] is True


def test_the_token_is_in_no_file_and_in_no_word(fleet: Console) -> None:
    with served(fleet.connect) as url:
        use(fleet, url)
        said = [
            fleet.run(*command, environment=ENVIRONMENT).both
            for command in (
                ["plan", "--out", "plan.json"],
                ["apply", "plan.json"],
                ["drift", "--format", "json"],
                ["doctor"],
            )
        ]
    assert all(TOKEN not in words for words in said)
    for path in fleet.folder.rglob("*"):
        if path.is_file() and path != fleet.connect:
            assert TOKEN.encode() not in path.read_bytes(), path


def test_a_wrong_token_is_refused_with_5_and_not_shown(fleet: Console) -> None:
    with served(fleet.connect) as url:
        use(fleet, url)
        said = fleet.run("plan", environment={"GATEWAY_TOKEN": "wr0ng"})
    assert said.status == ExitStatus.UNREACHABLE
    assert "wr0ng" not in said.both
    assert "= help:" in said.err


def test_a_token_that_is_not_set_is_told_by_its_reference(fleet: Console) -> None:
    use(fleet, "https://gateway.invalid")
    said = fleet.run("plan")
    assert "env:GATEWAY_TOKEN gives no token" in said.err
    assert said.status == ExitStatus.FINDINGS


def test_a_gateway_that_is_not_there_is_5_and_changes_nothing(fleet: Console) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    use(fleet, f"http://127.0.0.1:{port}")
    said = fleet.run("plan", environment=ENVIRONMENT)
    assert said.status == ExitStatus.UNREACHABLE
    assert "Traceback" not in said.both


def test_an_address_without_tls_is_refused_before_the_token_leaves(
    fleet: Console,
) -> None:
    use(fleet, "http://gateway.example.org")
    said = fleet.run("plan", environment=ENVIRONMENT)
    assert "must start with https://" in said.err


def test_a_busy_and_failing_gateway_is_waited_for(fleet: Console) -> None:
    faults = Faults(seed=7, too_many_requests=0.2, retry_after_seconds=0)
    with served(fleet.connect, faults) as url:
        use(fleet, url)
        said = fleet.run("plan", environment=ENVIRONMENT)
    assert said.status == ExitStatus.FINE, said.both


def test_a_save_whose_answer_was_lost_is_settled_and_made_once(fleet: Console) -> None:
    with served(fleet.connect, Faults(drop_saves=frozenset([1]))) as url:
        use(fleet, url)
        said = fleet.run("apply", "--yes", environment=ENVIRONMENT)
    assert said.status == ExitStatus.FINE, said.both
    assert "2 done" in said.out


def test_a_plan_of_one_connect_is_not_applied_to_another(fleet: Console) -> None:
    assert fleet.run("plan", "--out", "my plan.json").status == ExitStatus.FINE
    with served(fleet.connect) as url:
        use(fleet, url)
        rows = fleet.state()
        said = fleet.run("apply", "my plan.json", environment=ENVIRONMENT)
        assert said.status == ExitStatus.STALE
        assert f"the plan was made on embedded, and this is gateway {url}" in said.err
        assert (
            "= help: backend in connectsync.yaml decides that, which is gateway; for"
            " the other: `connectsync --backend embedded apply 'my plan.json'`; or make"
            f" a new plan for gateway {url}"
        ) in said.err
        option = ("--backend", "embedded", "plan", "--out", "plan.json")
        assert fleet.run(*option).status == ExitStatus.FINE
        assert fleet.state() == rows


def test_a_plan_of_another_gateway_says_which_line_decides(fleet: Console) -> None:
    with served(fleet.connect) as first, served(fleet.connect) as second:
        use(fleet, first)
        made = fleet.run("plan", "--out", "plan.json", environment=ENVIRONMENT)
        assert made.status == ExitStatus.FINE, made.both
        fleet.replace("connectsync.yaml", first, second)
        said = fleet.run("apply", "plan.json", environment=ENVIRONMENT)
        assert said.status == ExitStatus.STALE
        assert f"made on gateway {first}, and this is gateway {second}" in said.err
        line = f"set backends.gateway.url in connectsync.yaml to {first}:"
        assert f"{line} `connectsync apply plan.json`" in said.err
        embedded = ("--backend", "embedded", "apply", "plan.json")
        said = fleet.run(*embedded, environment=ENVIRONMENT)
        assert "the option --backend embedded decides that" in said.err
        assert f"{line} `connectsync --backend gateway apply plan.json`" in said.err


def test_a_run_of_another_gateway_is_neither_undone_nor_resumed(
    fleet: Console,
) -> None:
    with served(fleet.connect) as first, served(fleet.connect) as second:
        use(fleet, first)
        made = fleet.run("apply", "--yes", environment=ENVIRONMENT)
        assert made.status == ExitStatus.FINE
        fleet.replace("connectsync.yaml", first, second)
        rows = fleet.state()
        for command in ("rollback", "resume"):
            said = fleet.run(command, "1", environment=ENVIRONMENT)
            assert said.status in {ExitStatus.STALE, ExitStatus.USAGE}
            assert f"on gateway {first}, and this is gateway {second}" in said.err
            line = f"set backends.gateway.url in connectsync.yaml to {first}:"
            assert f"{line} `connectsync {command} 1`" in said.err
        assert fleet.state() == rows
