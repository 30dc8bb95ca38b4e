from __future__ import annotations

from pathlib import Path

import pytest

from connectsync.cli.terminal import Terminal

COMMANDS = ("::error::gone", "  ::set-env name=PATH::x", "##[error]x", "##vso[task]x")
TERMINAL = Terminal(colour=False, width=80, quiet=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_said_to_people_is_no_command_to_a_runner(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    TERMINAL.show(f"drift  oak\n{command}")
    TERMINAL.say(command)
    TERMINAL.complain(command)
    TERMINAL.fail(f"it failed\n{command}", "")
    captured = capsys.readouterr()
    lines = f"{captured.out}{captured.err}".splitlines()
    assert len(lines) == 6
    assert all(not line.lstrip().startswith("::") for line in lines)
    assert all("##" not in line for line in lines)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_delivered_stays_as_it_is(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A reporter that writes commands on purpose has escaped the rest itself."""
    TERMINAL.deliver(f"{command}\n", None)
    TERMINAL.deliver(f"{command}\n", tmp_path / "out")
    assert capsys.readouterr().out == f"{command}\n" == (tmp_path / "out").read_text()
