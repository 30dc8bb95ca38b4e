"""Every exit status of the contract, once for each reason there is."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from console import Console

from connectsync.cli.emulator import listen_at
from connectsync.cli.terminal import ExitStatus, status_of
from connectsync.emulator.store import open_store
from connectsync.emulator.users import DEMO_EMAIL, DEMO_PASSWORD, signed_in
from connectsync.errors import (
    Bug,
    ConnectError,
    ConnectsyncError,
    CredentialsRefused,
    Unreachable,
)

LAKEVIEW = "districts/ca/lakeview-usd.yaml"


def test_the_statuses_are_the_contract() -> None:
    assert [int(status) for status in ExitStatus] == [
        *range(6),
        64,
        70,
        74,
        130,
    ]


def kinds(kind: type[ConnectsyncError]) -> Iterator[type[ConnectsyncError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from kinds(below)


@pytest.mark.parametrize(
    "kind", [*kinds(ConnectsyncError)], ids=lambda kind: kind.__name__
)
def test_every_error_has_a_status_and_none_is_fine(
    kind: type[ConnectsyncError],
) -> None:
    assert status_of(kind("x")) not in {ExitStatus.FINE, ExitStatus.PENDING}


def test_0_is_fine(valley: Console) -> None:
    for command in (["validate"], ["plan"], ["rules"], ["drift"], ["--help"]):
        assert valley.run(*command).status == 0


def test_1_is_findings(copied: Callable[[str], Console]) -> None:
    assert copied("mistakes").run("validate").status == 1


def test_2_is_changes_pending_and_only_where_asked_for(valley: Console) -> None:
    assert valley.run("plan").status == 0
    assert valley.run("plan", "--detailed-exitcode").status == 2
    assert valley.run("plan", "--detailed-exitcode", "districts/tx").status == 0


def test_3_is_refused(valley: Console) -> None:
    assert valley.run("apply", LAKEVIEW).status == 3


def test_4_is_a_stale_plan(valley: Console) -> None:
    valley.run("plan", "--out", "plan.json")
    valley.edit("lakeview-usd", {"deletion_threshold": 60})
    assert valley.run("apply", "plan.json").status == 4


def test_4_is_a_conflict_met_while_applying(
    valley: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectsync.backends.contract import ContractWriter

    save = ContractWriter.save

    async def meddled(
        writer: ContractWriter, key: str, *given: object, **said: str
    ) -> object:
        form = {"deletion_threshold": 60}
        version = (await writer._reader.read(key)).version  # noqa: SLF001 - where a person gets in between
        await save(writer, key, form, expected_version=version)
        return await save(writer, key, *given, **said)  # type: ignore[arg-type]

    monkeypatch.setattr(ContractWriter, "save", meddled)
    said = valley.run("apply", "--yes", LAKEVIEW)
    assert said.status == 4
    assert "conflict  lakeview-usd  0 changes confirmed by reading back" in said.err
    assert "deletion_threshold was 45, is now 60" in said.err
    assert "Run 1: 1 conflict; 0 changes confirmed by reading back" in said.out


@pytest.mark.parametrize("error", [Unreachable("no answer"), CredentialsRefused("no")])
def test_5_is_connect_out_of_reach(
    valley: Console, monkeypatch: pytest.MonkeyPatch, error: ConnectError
) -> None:
    async def unreachable(*_: object) -> object:
        raise error

    monkeypatch.setattr(
        "connectsync.backends.contract.ContractReader.read_many", unreachable
    )
    for command in (["plan"], ["drift"], ["apply", "--yes"]):
        said = valley.run(*command)
        assert said.status == 5
        assert said.err == f"error: {error.message}\n  = help: {error.remedy}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["plan", "--bogus"],
        ["plan", "--format", "xml"],
        ["show"],
        ["show", "a", "b"],
        ["validate", "nowhere"],
        ["--color", "blue", "rules"],
        ["-C", "nowhere", "plan"],
        ["emulator", "--port", "70000"],
    ],
    ids=" ".join,
)
def test_64_is_wrong_usage_and_says_where_to_look(
    valley: Console, arguments: list[str]
) -> None:
    said = valley.run(*arguments)
    assert said.status == 64
    assert not arguments or "  = help: " in said.err


class TestABug:
    """Status 70: an impossible state."""

    SECRET = "s3cret-token-of-a-district"  # noqa: S105 - it looks like one on purpose

    @pytest.fixture
    def broken(self, valley: Console, monkeypatch: pytest.MonkeyPatch) -> Console:
        def fail(*_: object, **__: object) -> None:
            token = self.SECRET
            raise RuntimeError(token)

        monkeypatch.setattr("connectsync.cli.file_check.report_on", fail)
        return valley

    def test_a_log_is_left_that_can_be_sent(self, broken: Console) -> None:
        said = broken.run("validate")
        assert said.status == 70
        named = re.fullmatch(
            r"error: this is a bug in connectsync: RuntimeError\n"
            r"  = help: please report it with (\S+\.log)\n",
            said.both,
        )
        assert named
        log = Path(named[1]).read_text("utf-8")
        assert log.startswith("connectsync ")
        assert log.endswith("RuntimeError\n")
        assert "validate.py" in log

    def test_no_word_of_the_exception_leaks(
        self, broken: Console, tmp_path: Path
    ) -> None:
        said = broken.run("validate")
        (log,) = tmp_path.glob("connectsync-*.log")
        assert self.SECRET not in said.both + log.read_text("utf-8")
        assert "Traceback" not in said.both
        assert log.stat().st_mode & 0o077 == 0

    def test_a_full_disk_does_not_hide_the_bug(
        self, broken: Console, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("tempfile.NamedTemporaryFile", full)
        said = broken.run("validate")
        assert said.status == 70
        assert "this is a bug in connectsync: RuntimeError" in said.err

    def test_an_impossible_state_that_we_noticed_is_one_too(
        self, valley: Console, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise Bug("a state that cannot be")

        monkeypatch.setattr("connectsync.cli.file_check.report_on", fail)
        said = valley.run("validate")
        assert said.status == 70
        expected = "error: this is a bug in connectsync: a state that cannot be\n"
        assert said.err.startswith(expected)
        assert "  = help: please report it with " in said.err


@contextmanager
def served(
    console: Console, *options: str
) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """Serve the emulator in a process; give it, its address and its token."""
    with subprocess.Popen(
        [sys.executable, "-m", "connectsync", "emulator", *options],
        cwd=console.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        address = process.stdout.readline().split()[-1]
        token = process.stdout.readline().split()[-1]
        try:
            yield process, address, token
        finally:
            if process.poll() is None:
                process.kill()


def test_130_is_interrupted_and_the_emulator_serves_until_then(valley: Console) -> None:
    with served(valley, "--port", "0") as (process, address, token):
        with httpx2.Client(base_url=address, trust_env=False) as client:
            bearer = {"Authorization": f"Bearer {token}"}
            answer = client.get("/v1/districts", headers=bearer)
            assert answer.status_code == 200
            assert "lakeview-usd" in answer.text
            assert client.get("/v1/districts").status_code == 401
            # a page of others whose name leads here reads nothing of the stand-in
            elsewhere = {"Host": "rebound.example.org"}
            assert client.get("/", headers=elsewhere).status_code == 400
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr
        assert process.stderr.read() == "interrupted\n"


def test_on_a_network_the_pages_of_the_emulator_have_a_password_of_their_own(
    valley: Console,
) -> None:
    store = valley.folder / ".connectsync" / "connect.db"
    for host, usual in (("0.0.0.0", False), ("127.0.0.1", True)):  # noqa: S104 - no page is asked for
        with served(valley, "--host", host, "--port", "0") as (process, _, _):
            assert process.stdout
            _, _, password = process.stdout.readline().strip().rpartition(" ")
            with open_store(store).reading() as connection:
                assert signed_in(connection, DEMO_EMAIL, password)
                known = signed_in(connection, DEMO_EMAIL, DEMO_PASSWORD)
        assert (known is not None) is usual


def test_an_address_that_is_empty_is_not_listened_on(valley: Console) -> None:
    """A variable of a script may be: then it would be every address of the machine."""
    said = valley.run("emulator", "--host", "", "--port", "0")
    assert said.status == 64
    assert "every address of this machine" in said.err
    assert said.out == ""


def test_a_port_that_is_taken_is_wrong_usage(valley: Console) -> None:
    with served(valley, "--port", "0") as (_, address, _):
        port = address.rpartition(":")[2]
        said = valley.run("emulator", "--port", port)
    assert said.status == 64
    assert said.out == ""
    assert f"cannot listen on 127.0.0.1:{port}: " in said.err


def test_no_answer_of_the_stand_in_waits_for_an_acknowledgment() -> None:
    with (
        listen_at("127.0.0.1", 0) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as answering,
    ):
        assert answering.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_130_is_an_interrupt_anywhere(
    valley: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("connectsync.cli.file_check.report_on", interrupted)
    said = valley.run("validate")
    assert (said.status, said.both) == (130, "interrupted\n")
