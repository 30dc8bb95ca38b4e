"""Typing a district's token: only where it is asked for by name, and never shown."""

from __future__ import annotations

import json
import sqlite3
from hashlib import sha256

import pytest
from console import Console

from connectsync.cli.terminal import ExitStatus
from connectsync.domain.plan_file import digest_of

KEY, TOKEN = "dry-creek-isd", "made-up-token-of-no-district"


@pytest.fixture
def rotated(valley: Console, monkeypatch: pytest.MonkeyPatch) -> Console:
    """Give the project with all in step, and a new token in the environment."""
    path = valley.folder / "connectsync.yaml"
    day = "  max_districts_a_day: 9\n  max_percent_a_day: 100\n"
    path.write_text(path.read_text().replace("guards:\n", f"guards:\n{day}"))
    assert valley.run("apply", "--yes").status == 0
    monkeypatch.setenv("DRY_CREEK_ISD_TOKEN", TOKEN)
    return valley


def kept(valley: Console) -> str:
    with sqlite3.connect(valley.connect) as connect:
        found = connect.execute(
            "SELECT token_digest FROM district WHERE key = ?", [KEY]
        ).fetchone()
    connect.close()
    return str(found[0])


def test_a_token_is_typed_by_a_plan_that_says_so(rotated: Console) -> None:
    planned = rotated.run("plan", "--set-token", KEY, "--out", "plan.json")
    assert "the OAuth token of env:DRY_CREEK_ISD_TOKEN is typed" in planned.out
    assert "* the OAuth token of env:DRY_CREEK_ISD_TOKEN is typed" in planned.out
    assert "\n1 token typed\n" in planned.out
    assert "0 changes" not in planned.out
    assert kept(rotated) == ""
    said = rotated.run("apply", "plan.json")
    assert said.status == 0, said.err
    assert kept(rotated) == sha256(TOKEN.encode()).hexdigest()


def test_a_token_is_typed_on_the_spot(rotated: Console) -> None:
    assert rotated.run("apply", "--set-token", KEY, "--yes").status == 0
    assert kept(rotated) == sha256(TOKEN.encode()).hexdigest()


def test_a_token_is_in_no_file_and_in_no_word(rotated: Console) -> None:
    said = rotated.run("apply", "--set-token", KEY, "--yes")
    assert TOKEN not in said.both
    assert TOKEN not in rotated.run("runs", "show", "2").both
    for path in rotated.folder.rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes(), path


def test_without_being_asked_no_token_is_typed(rotated: Console) -> None:
    rotated.replace(
        f"districts/tx/{KEY}.yaml",
        "enable_daily_sync: true",
        "enable_daily_sync: true\n  deletion_threshold: 15",
    )
    assert rotated.run("apply", "--yes").status == 0
    assert kept(rotated) == ""


def test_a_token_that_is_not_there_fails_its_district_and_saves_nothing(
    rotated: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DRY_CREEK_ISD_TOKEN")
    said = rotated.run("apply", "--set-token", KEY, "--yes")
    assert said.status == 1
    assert "env:DRY_CREEK_ISD_TOKEN gives no token" in said.err
    assert kept(rotated) == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan", "--set-token", "dry-creak-isd"], "did you mean 'dry-creek-isd'?"),
        (
            ["plan", "districts/ca", "--set-token", KEY],
            "which is not among the districts planned",
        ),
    ],
)
def test_a_district_that_is_not_planned_is_told(
    rotated: Console, arguments: list[str], said: str
) -> None:
    refused = rotated.run(*arguments)
    assert refused.status == 64
    assert said in refused.err


def test_a_district_that_names_no_token_is_told(rotated: Console) -> None:
    line = "  oauth_token: env:DRY_CREEK_ISD_TOKEN\n"
    rotated.replace(f"districts/tx/{KEY}.yaml", line, "")
    rotated.replace(
        f"districts/tx/{KEY}.yaml", "enable_daily_sync: true", "student_id: STUDENT ID"
    )
    refused = rotated.run("plan", "--set-token", KEY)
    assert refused.status in {1, 64}
    assert "token" in refused.err


def test_a_plan_file_says_itself_whose_token_is_typed(rotated: Console) -> None:
    rotated.run("plan", "--set-token", KEY, "--out", "plan.json")
    refused = rotated.run("apply", "plan.json", "--set-token", KEY)
    assert refused.status == 64
    assert "a plan file says itself whose token is typed" in refused.err


@pytest.mark.parametrize("how", ["apply", "resume"])
def test_no_other_token_is_typed_than_the_plan_was_made_with(
    rotated: Console, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Another reference is another roster, and the digest of the plan is the same."""
    planned = rotated.run("plan", "--set-token", KEY, "--out", "plan.json")
    assert "the OAuth token of env:DRY_CREEK_ISD_TOKEN is typed" in planned.out
    monkeypatch.setenv("LAKEVIEW_USD_TOKEN", "made-up-token-of-another-roster")
    if how == "resume":
        monkeypatch.delenv("DRY_CREEK_ISD_TOKEN")
        assert rotated.run("apply", "plan.json").status == 1
    rotated.replace(
        f"districts/tx/{KEY}.yaml", "env:DRY_CREEK_ISD_TOKEN", "env:ANOTHER_TOKEN"
    )
    monkeypatch.setenv("ANOTHER_TOKEN", "made-up-token-of-another-roster")
    said = rotated.run(*(["apply", "plan.json"] if how == "apply" else ["resume"]))
    assert said.status == ExitStatus.STALE
    assert "env:DRY_CREEK_ISD_TOKEN" in said.err
    assert "env:ANOTHER_TOKEN" in said.err
    assert kept(rotated) == ""


@pytest.mark.parametrize("way_back", [False, True], ids=["older", "a way back"])
def test_a_plan_that_does_not_say_which_token_types_none(
    rotated: Console, *, way_back: bool
) -> None:
    rotated.run("plan", "--set-token", KEY, "--out", "plan.json")
    path = rotated.folder / "plan.json"
    data = json.loads(path.read_text("utf-8"))
    if way_back:
        data["rollback_of"] = 1
    else:
        del data["districts"][0]["token"]
    path.write_text(json.dumps(data | {"digest": digest_of(data)}), "utf-8")
    refused = rotated.run("apply", "--ignore-files", "plan.json")
    assert refused.status == ExitStatus.STALE
    assert f"token on {KEY}" in refused.err
    assert kept(rotated) == ""
