from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from console import Console
from fitting import insist_fits

from connectsync.apply.state.opening import open_store

LAKEVIEW = "districts/ca/lakeview-usd.yaml"


@pytest.fixture
def planned(valley: Console) -> Console:
    """Give a console whose reviewed plan lies in plan.json."""
    assert valley.run("plan", "--out", "plan.json").status == 0
    return valley


def untouched(console: Console) -> tuple[object, ...]:
    return (
        console.live("harbor-point-usd"),
        console.live("lakeview-usd"),
        console.state(),
    )


def test_a_plan_is_of_the_shape_that_its_schema_promises(planned: Console) -> None:
    text = (planned.folder / "plan.json").read_text("utf-8")
    insist_fits(json.loads(text), "plan")
    assert planned.run("plan", "--format", "json").out == text


def test_a_plan_with_guards_and_drift_is_of_that_shape_too(valley: Console) -> None:
    valley.run("apply", "--yes", "districts/ca")
    valley.edit("lakeview-usd", {"phone_types": frozenset(["Home"])})
    data = json.loads(valley.run("plan", "--format", "json").out)
    assert data["guards"]
    assert data["districts"][0]["drift"]
    insist_fits(data, "plan")


def test_applying_a_plan_makes_it_true_and_the_next_plan_is_empty(
    planned: Console,
) -> None:
    assert planned.run("apply", "plan.json").status == 0
    assert planned.live("lakeview-usd")["deletion_threshold"] == 15
    again = planned.run("plan", "--detailed-exitcode")
    assert again.status == 0
    assert again.out.startswith("Nothing to do: 3 districts in step")


def test_a_plan_is_not_applied_once_a_person_changed_one_field_of_it(
    planned: Console,
) -> None:
    planned.edit("lakeview-usd", {"deletion_threshold": 60})
    before = untouched(planned)
    said = planned.run("apply", "plan.json")
    assert said.status == 4
    assert "lakeview-usd: deletion_threshold was 45, is now 60" in said.err
    assert untouched(planned) == before


def test_a_field_that_no_file_manages_makes_a_plan_stale_too(planned: Console) -> None:
    planned.edit("lakeview-usd", {"unarchive_classrooms": True})
    before = untouched(planned)
    said = planned.run("apply", "plan.json")
    assert said.status == 4
    assert "lakeview-usd: unarchive_classrooms was off, is now on" in said.err
    assert untouched(planned) == before


def test_a_plan_that_was_applied_cannot_be_applied_again(planned: Console) -> None:
    assert planned.run("apply", "plan.json").status == 0
    before = untouched(planned)
    assert planned.run("apply", "plan.json").status == 4
    assert untouched(planned) == before


def test_a_single_changed_character_damages_a_plan(planned: Console) -> None:
    path = planned.folder / "plan.json"
    text = path.read_text("utf-8")
    before = untouched(planned)
    for position in random.Random(1).sample(range(len(text)), 120):  # noqa: S311 - a sample, not a secret
        flipped = chr(ord(text[position]) ^ 1)
        path.write_text(text[:position] + flipped + text[position + 1 :], "utf-8")
        said = planned.run("apply", "plan.json")
        spaces = {text[position], flipped} <= {" ", "\n", "\t", "\r"}
        assert said.status == (0 if spaces else 4), (position, text[position], said.err)
        assert "Traceback" not in said.both
    assert untouched(planned) == before


DAMAGED = {
    "empty": b"",
    "a blank": b" \n",
    "half of it": b'{"schema": 1, "digest": "sha',
    "binary": bytes(range(256)),
    "not UTF-8": b'{"schema": "\xff"}',
    "a list": b"[]",
    "a number": b"1",
    "nothing": b"null",
    "no digest": b'{"schema": 1}',
    "a later schema": b'{"schema": 2}',
    "a huge number": b'{"schema": ' + b"9" * 10_000 + b"}",
    "a huge exponent": b'{"schema": 1e999999}',
    "not a number": b'{"schema": 1, "fleet": NaN}',
    "deeply nested": b"[" * 200_000,
    "half a surrogate": b'{"schema": 1, "tool": "\\ud800"}',
    "the same key twice": b'{"schema": 1, "schema": 1}',
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_what_is_no_plan_is_refused_and_never_a_bug(
    planned: Console, content: bytes
) -> None:
    (planned.folder / "plan.json").write_bytes(content)
    before = untouched(planned)
    said = planned.run("apply", "plan.json")
    assert said.status == 4, said.both
    assert said.err.startswith("error: the plan")
    assert untouched(planned) == before


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_plan_that_was_cut_short_is_refused(planned: Console, part: float) -> None:
    path = planned.folder / "plan.json"
    text = path.read_text("utf-8")
    path.write_text(text[: int(len(text) * part)], "utf-8")
    assert planned.run("apply", "plan.json").status == 4


def test_a_plan_is_refused_where_the_files_moved_on_naming_the_field(
    planned: Console,
) -> None:
    planned.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    before = untouched(planned)
    said = planned.run("apply", "plan.json")
    assert said.status == 4
    assert "lakeview-usd: deletion_threshold was 15, is now 12" in said.err
    assert untouched(planned) == before


def test_a_profile_that_moved_on_counts_for_every_district_on_it(
    planned: Console,
) -> None:
    profile = "districts/_profiles/clever-standard.yaml"
    planned.replace(profile, "  student_id: STUDENT ID\n", "")
    said = planned.run("apply", "plan.json")
    assert said.status == 4
    for district in ("harbor-point-usd", "lakeview-usd"):
        expected = f"{district}: student_id was STUDENT ID, is now not managed"
        assert expected in said.err


def test_a_plan_is_applied_as_reviewed_where_the_files_are_to_be_ignored(
    planned: Console,
) -> None:
    planned.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    assert planned.run("apply", "--ignore-files", "plan.json").status == 0
    assert planned.live("lakeview-usd")["deletion_threshold"] == 15


def test_a_plan_of_a_district_whose_file_is_gone_is_refused(planned: Console) -> None:
    (planned.folder / LAKEVIEW).unlink()
    before = untouched(planned)
    said = planned.run("apply", "plan.json")
    assert said.status == 4
    assert "lakeview-usd: its file is gone" in said.err
    assert untouched(planned) == before


def test_a_plan_for_one_file_that_is_gone_is_refused(valley: Console) -> None:
    valley.run("plan", "--out", "plan.json", LAKEVIEW)
    (valley.folder / LAKEVIEW).unlink()
    said = valley.run("apply", "plan.json")
    assert said.status in {4, 64}
    assert LAKEVIEW in said.err


def test_a_plan_of_another_connect_is_refused(planned: Console, tmp_path: Path) -> None:
    """Another state folder holds another Connect, where nothing is as was planned."""
    other = Console(planned.folder)
    elsewhere = ("--state-dir", str(tmp_path / "elsewhere"))
    other.run(*elsewhere, "apply", "--yes", LAKEVIEW)
    said = other.run(*elsewhere, "apply", "plan.json")
    assert said.status == 4
    assert planned.live("lakeview-usd")["deletion_threshold"] == 45


def test_a_plan_made_on_another_backend_is_refused(
    planned: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectsync.backends.embedded.DESCRIBED", "the other one")
    said = planned.run("apply", "plan.json")
    assert said.status == 4
    assert "made on embedded, and this is the other one" in said.err


def test_a_plan_can_be_applied_from_a_folder_below(planned: Console) -> None:
    planned.run("plan", "--out", "ca.json", "districts/ca")
    below = Console(planned.folder / "districts" / "ca")
    assert below.run("apply", "../../ca.json").status == 0
    assert planned.live("lakeview-usd")["deletion_threshold"] == 15


def test_what_the_journal_keeps_is_the_digest_that_was_reviewed(
    planned: Console,
) -> None:
    digest = json.loads((planned.folder / "plan.json").read_text("utf-8"))["digest"]
    planned.run(
        "apply", "plan.json", environment={"CONNECTSYNC_NOW": "2027-01-15T12:00"}
    )
    with open_store(planned.folder / ".connectsync") as store:
        assert [run.head.plan for run in store.known().runs.values()] == [digest]


def test_a_plan_that_is_too_old_is_refused_by_a_guard(planned: Console) -> None:
    late = {"CONNECTSYNC_NOW": "2027-01-17T10:00:00+00:00"}
    said = planned.run("apply", "plan.json", environment=late)
    assert said.status == 3
    assert "stale-live" in said.err


def test_the_same_plan_is_the_same_bytes(planned: Console) -> None:
    again = planned.run("plan", "--format", "json").out
    assert (planned.folder / "plan.json").read_text("utf-8") == again


def test_a_district_that_connect_does_not_know_is_not_read_and_the_rest_is_planned(
    valley: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    valley.run("plan")
    valley.forget("lakeview-usd")
    monkeypatch.setattr("connectsync.cli.emulator.enrol", lambda *_: 0)
    said = valley.run("plan", "--out", "plan.json")
    assert said.status == 1
    assert "Not read, so not planned\n  lakeview-usd (districts/ca/lake" in said.out
    assert "harbor-point-usd  Harbor Point" in said.out
    assert "deletion_threshold" not in said.out
    assert "3 districts: 1 to change, 1 in step, 1 not read" in said.out
    applied = valley.run("apply", "plan.json")
    assert applied.status == 1
    assert "Run 1: 1 done, 1 not read" in applied.out
    assert "so nothing was applied there: lakeview-usd" in applied.out
    # the same file once more saves nothing, and says what it lacks
    before = valley.state()
    again = valley.run("apply", "plan.json")
    assert again.status == 4
    assert "it never held what could not be read: lakeview-usd" in again.err
    # nor does one in which nothing at all was read
    assert valley.run("plan", "--out", "plan.json").status == 1
    for _ in range(2):
        empty = valley.run("apply", "plan.json")
        assert empty.status == 1
        assert empty.out.startswith("Nothing was applied: nothing was planned\n1 dist")
    assert valley.state() == before
    drift = valley.run("drift")
    assert drift.status == 1
    assert "unread  lakeview-usd" in drift.out


def test_a_plan_that_an_editor_saved_with_a_byte_order_mark_is_applied(
    valley: Console,
) -> None:
    assert valley.run("plan", "--out", "plan.json").status == 0
    path = valley.folder / "plan.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    said = valley.run("apply", "plan.json")
    assert said.status == 0, said.both


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_plan_of_another_encoding_is_named_so_and_nothing_is_saved(
    valley: Console, encoding: str
) -> None:
    assert valley.run("plan", "--out", "plan.json").status == 0
    before = valley.live("lakeview-usd")
    path = valley.folder / "plan.json"
    path.write_bytes(path.read_text("utf-8").encode(encoding))
    said = valley.run("apply", "plan.json")
    assert said.status == 4
    assert f"it is saved as {encoding.upper()}; save it as UTF-8" in said.err
    assert valley.live("lakeview-usd") == before


@pytest.mark.parametrize("spelled", ["20.0", "2e1"])
def test_a_whole_number_with_a_point_in_a_snapshot_is_no_change(
    valley: Console, spelled: str
) -> None:
    assert valley.run("snapshot", "--output", "now.json").status == 0
    path = valley.folder / "now.json"
    data = json.loads(path.read_text("utf-8"))
    for one in data["districts"]:
        one["settings"]["deletion_threshold"] = 15
    text = json.dumps(data).replace(
        '"deletion_threshold": 15', f'"deletion_threshold": {spelled}'
    )
    path.write_text(text, "utf-8")
    valley.replace(
        "districts/ca/lakeview-usd.yaml",
        "deletion_threshold: 15  #",
        "deletion_threshold: 20  #",
    )
    on = ("--backend", "snapshot:now.json", "plan", "lakeview-usd")
    said = valley.run(*on, "--format", "json")
    assert said.status == 0, said.both
    changed = [
        change["setting"]
        for one in json.loads(said.out)["districts"]
        for save in one["saves"]
        for change in save["changes"]
    ]
    assert "deletion_threshold" not in changed


def test_a_plan_that_changes_nothing_offers_no_next_step_and_says_so_when_applied(
    valley: Console,
) -> None:
    creek = "districts/tx/dry-creek-isd.yaml"
    said = valley.run("plan", creek, "--out", "plan.json")
    assert said.status == 0
    assert "wrote plan.json; the plan has no changes\n" in said.err
    assert "next:" not in said.both
    applied = valley.run("apply", "plan.json")
    assert (applied.status, applied.out) == (
        0,
        "Nothing to do: 1 district in step with Connect\n",
    )


def test_the_next_step_of_a_guarded_plan_is_accepted_as_it_stands(
    valley: Console,
) -> None:
    file = "districts/ca/lakeview-usd.yaml"
    valley.replace(file, "  deletion_threshold: 15", "  phone_types: [Work]")
    said = valley.run("plan", "--out", "plan.json")
    step = "next: read what the guards say, then `connectsync apply plan.json"
    assert f"{step} --accept disruptive=2`" in said.err
    assert valley.run("apply", "plan.json", "--accept", "disruptive=2").status == 0
    back = valley.run("rollback", "1", "--out", "back.json")
    assert "`connectsync apply back.json --accept disruptive=2`" in back.err


def test_the_way_back_names_the_approval_it_needs(valley: Console) -> None:
    assert valley.run("apply", "--yes").status == 0
    path = valley.folder / "connectsync.yaml"
    path.write_text(f"{path.read_text('utf-8')}approval: {{names: 1}}\n", "utf-8")
    back = valley.run("rollback", "1", "--out", "back.json")
    approve = "`connectsync approve back.json --as NAME`"
    assert f"next: have it approved by 1 person with {approve}, then" in back.err
