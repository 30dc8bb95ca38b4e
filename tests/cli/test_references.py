from __future__ import annotations

import sys
from pathlib import Path

import pytest

from connectsync.cli.references import resolved
from connectsync.errors import ProjectError

SECRET = "s3cret-t0ken"  # noqa: S105 - lives for one test


def test_a_token_comes_from_the_environment(tmp_path: Path) -> None:
    environment = {"TOKEN": f" {SECRET}\n"}
    assert resolved("env:TOKEN", environment=environment, root=tmp_path) == SECRET


def test_a_token_comes_from_a_file_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n")
    assert resolved("file:token", environment={}, root=tmp_path) == SECRET


def test_a_token_comes_from_a_command(tmp_path: Path) -> None:
    reference = f"command:{sys.executable} -c \"print('{SECRET}')\""
    assert resolved(reference, environment={}, root=tmp_path) == SECRET


@pytest.mark.parametrize(
    "reference",
    [
        "env:NOT_SET",
        "env:EMPTY",
        "env:TWO_LINES",
        "file:nowhere",
        "file:binary",
        "command:no-such-command-anywhere",
        "command:",
        "command:'",
        "s3cret-t0ken",
    ],
)
def test_what_gives_no_token_is_told_without_what_it_holds(
    reference: str, tmp_path: Path
) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    environment = {"EMPTY": " ", "TWO_LINES": f"{SECRET}\nmore"}
    with pytest.raises(ProjectError) as error:
        resolved(reference, environment=environment, root=tmp_path)
    assert SECRET not in error.value.message + error.value.remedy


def test_a_command_that_fails_does_not_say_what_it_said(tmp_path: Path) -> None:
    reference = f"command:{sys.executable} -c \"import sys; sys.exit('{SECRET}')\""
    with pytest.raises(ProjectError) as error:
        resolved(reference, environment={}, root=tmp_path)
    assert error.value.message.endswith("failed")


def test_a_command_is_given_no_shell(tmp_path: Path) -> None:
    reference = "command:echo $HOME; touch here"
    assert resolved(reference, environment={}, root=tmp_path) == "$HOME; touch here"
    assert not (tmp_path / "here").exists()
