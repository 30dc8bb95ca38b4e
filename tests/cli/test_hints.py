"""Where a word is meant for something else, the hint leads to that."""

from __future__ import annotations

import pytest
from console import Console

from connectsync.cli.terminal import ExitStatus


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        ("explain disruptive", "apply PLAN --accept disruptive=COUNT"),
        ("explain caution", "a plan says why a change is caution"),
        ("plan --set-token nope", "it takes the key of a district"),
        ("plan --set-token lakeview", "did you mean 'lakeview-usd'"),
        ("-C connectsync.yaml plan", "give -C ."),
        ("-C districts/ca/lakeview-usd.yaml plan", "give -C districts/ca"),
        ("-C nope plan", "name the folder of connectsync.yaml with -C"),
    ],
)
def test_a_hint_leads_to_what_was_meant(
    valley: Console, command: str, hint: str
) -> None:
    said = valley.run(*command.split())
    assert said.status == ExitStatus.USAGE
    assert hint in " ".join(said.err.split())
    assert "connectsync --help" not in said.err
