"""Waves from the project file, on the command line."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import Any

import pytest
from console import Console

from connectsync.apply.rollout import WaveRunner
from connectsync.backends.contract import ContractWriter
from connectsync.cli.terminal import ExitStatus
from connectsync.domain.live import Live
from connectsync.domain.settings import Form
from connectsync.errors import FormRefused

FIRST, SECOND = "harbor-point-usd", "lakeview-usd"
WAVES = f"""
rollout:
  waves:
    - name: canary
      districts: [{SECOND}]
"""


@pytest.fixture
def canary_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Connect refuse one district."""
    save = ContractWriter.save

    async def refusing(
        self: ContractWriter, key: str, desired: Form, **given: Any
    ) -> Live:
        if key == SECOND:
            raise FormRefused("the form is refused")
        return await save(self, key, desired, **given)

    monkeypatch.setattr(ContractWriter, "save", refusing)


@pytest.fixture
def in_waves(valley: Console) -> Console:
    """Give the project with a canary."""
    path = valley.folder / "connectsync.yaml"
    path.write_text(path.read_text() + WAVES)
    return valley


def audited(valley: Console) -> list[dict[str, object]]:
    path = valley.folder / ".connectsync" / "state.db"
    with sqlite3.connect(path) as state:
        rows = state.execute("SELECT detail FROM audit ORDER BY seq").fetchall()
    state.close()
    return [json.loads(row[0]) for row in rows]


def order(said: str) -> list[str]:
    return [line.split()[1] for line in said.splitlines() if line.startswith("done")]


def test_the_canary_goes_first(in_waves: Console) -> None:
    said = in_waves.run("apply", "--yes")
    assert said.status == 0, said.err
    assert order(said.err) == [SECOND, FIRST]
    assert "wave canary: 1 district\n" in said.err
    assert "wave rest: 1 district\n" in said.err


@pytest.mark.usefixtures("canary_fails")
def test_a_canary_that_fails_leaves_the_others_alone(in_waves: Console) -> None:
    said = in_waves.run("apply", "--yes")
    assert said.status == 1
    assert "It stopped: 1 of 1 districts of the wave 'canary' failed" in said.out
    assert in_waves.live(FIRST)["phone_types"] == frozenset()


def test_waves_are_overridden_with_a_reason_that_the_audit_log_keeps(
    in_waves: Console,
) -> None:
    reason = "All of them are locked out"
    said = in_waves.run("apply", "--yes", "--override", f"waves={reason}")
    assert said.status == 0, said.err
    assert order(said.err) == [FIRST, SECOND]
    assert {"waves": reason} in [one.get("reasons") for one in audited(in_waves)]


def test_waves_that_are_not_there_cannot_be_overridden(valley: Console) -> None:
    refused = valley.run("apply", "--yes", "--override", "waves=why not")
    assert refused.status == 64
    assert "the project has no waves to override" in refused.err


@pytest.mark.usefixtures("canary_fails")
def test_going_on_may_override_the_waves_as_well(in_waves: Console) -> None:
    assert in_waves.run("apply", "--yes").status == 1
    said = in_waves.run("resume", "--override", "waves=the canary is gone for good")
    assert order(said.err) == [FIRST]
    assert in_waves.live(FIRST)["phone_types"] == frozenset(["Cell"])
    kept = [one.get("reasons") for one in audited(in_waves)]
    assert {"waves": "the canary is gone for good"} in kept


def test_what_a_person_changed_behind_its_wave_is_named(
    in_waves: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was done, and is not any more: a number alone would tell nobody where."""
    verify = WaveRunner._verify  # noqa: SLF001

    async def after_a_person(self: WaveRunner, *given: Any) -> None:
        await asyncio.to_thread(in_waves.edit, SECOND, {"deletion_threshold": 30})
        await verify(self, *given)

    monkeypatch.setattr(WaveRunner, "_verify", after_a_person)
    said = in_waves.run("apply", "--yes")
    assert said.status == ExitStatus.STALE
    assert f"done  {SECOND}" in said.err
    assert f"conflict  {SECOND}" in said.err
    assert "deletion_threshold was saved as 15, and is 30 after its wave" in said.err
    assert "what is in conflict needs a new plan" in said.out
