"""On a snapshot a person presses Save: what they say is what is recorded."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from console import Console
from jsonschema import Draft202012Validator
from processes import answered

from connectsync.apply.state.opening import open_store
from connectsync.cli.backend_setup import no_person
from connectsync.errors import NotConfirmed

BACKEND = ("--backend", "snapshot:live.json")
SCHEMA = Path(__file__).parents[2] / "schema" / "runs.schema.json"
LAKEVIEW = "districts/ca/lakeview-usd.yaml"


def applied(folder: Path, answers: bytes, *arguments: str) -> tuple[int, str]:
    """Apply at a terminal of its own, and type the answers."""
    return answered(folder, [*BACKEND, "apply", *arguments], answers)


def districts(console: Console) -> dict[str, Any]:
    body = json.loads((console.folder / "live.json").read_text("utf-8"))
    return {one["district"]: one for one in body["districts"]}


def test_each_district_is_asked_about_and_only_yes_is_recorded(
    valley: Console,
) -> None:
    status, said = applied(valley.folder, b"no\nyes\n", "districts/ca")
    assert status == 1
    assert "harbor-point-usd: done? yes/no/skip" in said
    assert "not confirmed: a person said no, so it counts as not saved" in said
    assert "Run 1: 1 done, 1 failed; 1 change confirmed by a person" in said
    after = districts(valley)
    assert after["lakeview-usd"]["settings"]["deletion_threshold"] == 15
    assert after["lakeview-usd"]["confirmed"] == {
        "by": "a person at the terminal",
        "at": "2027-01-15T10:00:00+00:00",
    }
    assert after["harbor-point-usd"]["version"] == "1"
    assert "confirmed" not in after["harbor-point-usd"]
    with open_store(valley.folder / ".connectsync") as store:
        known = store.known().baselines
    named = {backend: set(of_district) for backend, of_district in known.items()}
    assert named == {"snapshot:live.json": {"lakeview-usd"}}


def test_what_is_no_answer_is_asked_again(valley: Console) -> None:
    status, said = applied(valley.folder, b"maybe\nyes\n\n", "districts/ca")
    assert status == 0
    assert "'maybe' is not an answer: type yes, no or skip" in said
    assert said.count("harbor-point-usd: done? yes/no/skip") == 2
    assert "Run 1: 1 done, 1 waiting" in said


@pytest.mark.parametrize(("answer", "status"), [("yes", 0), ("no", 1), (None, 0)])
def test_an_answer_decides_and_no_answer_is_none(
    valley: Console, monkeypatch: pytest.MonkeyPatch, answer: str | None, status: int
) -> None:
    monkeypatch.setattr("connectsync.cli.terminal.Terminal.ask", lambda *_: answer)
    said = valley.run("--backend", "snapshot:live.json", "apply", LAKEVIEW)
    assert said.status == status
    assert ("confirmed" in districts(valley)["lakeview-usd"]) is (answer == "yes")


def test_where_nobody_is_asked_nothing_is_confirmed() -> None:
    with pytest.raises(NotConfirmed, match="it is not confirmed that 'elm'"):
        no_person("elm", {})


@pytest.mark.parametrize(
    "answer", [b"skip\n", b"\n", b"y\nskip\n", b"YES\n\n", b"\x04"]
)
def test_anything_but_yes_and_no_is_for_later(valley: Console, answer: bytes) -> None:
    before = (valley.folder / "live.json").read_bytes()
    status, said = applied(valley.folder, answer, LAKEVIEW, "--click-list", "clicks")
    assert status == 0, "it waits, and nothing failed"
    assert "waiting  lakeview-usd" in said
    assert "not confirmed yet" in said
    assert "failed" not in said
    assert " apply clicks/plan.json --confirmed lakeview-usd`" in said
    assert (valley.folder / "live.json").read_bytes() == before


def test_the_switch_is_a_save_of_its_own_and_asked_about_by_itself(
    valley: Console,
) -> None:
    valley.replace(LAKEVIEW, "sync: true", "sync: false")
    status, said = applied(valley.folder, b"yes\nskip\n", LAKEVIEW)
    assert status == 0
    assert "waiting  lakeview-usd  1 change confirmed by a person" in said
    assert "lakeview-usd, save 1 of 2: done? yes/no/skip" in said
    assert "lakeview-usd, save 2 of 2: done? yes/no/skip" in said
    settings = districts(valley)["lakeview-usd"]["settings"]
    assert settings["enable_daily_sync"] is False
    assert settings["deletion_threshold"] == 45, "nobody said that it was saved"


def test_the_list_is_written_before_the_first_question(valley: Console) -> None:
    said = valley.run("--backend", "snapshot:live.json", "apply", LAKEVIEW)
    assert said.status == 0
    (folder,) = (valley.folder / ".connectsync" / "click-lists").iterdir()
    files = sorted(path.name for path in folder.iterdir())
    assert files == ["click-list.html", "click-list.md", "plan.json"]
    assert f"click list: .connectsync/click-lists/{folder.name}/click-" in said.err


@pytest.mark.parametrize("name", ["click-list.html", "click-list.md", "plan.json"])
def test_no_file_of_a_click_list_is_written_through_a_link_out_of_the_project(
    valley: Console, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    victim = tmp_path_factory.mktemp("outside") / "kept"
    victim.write_text("kept", "utf-8")
    clicks = valley.folder / "clicks"
    clicks.mkdir()
    (clicks / name).symlink_to(victim)
    snapshot = ["--backend", "snapshot:live.json"]
    said = valley.run(*snapshot, "apply", "--click-list", "clicks")
    assert said.status == 64
    assert "leads out of the project" in " ".join(said.err.split())
    assert victim.read_text("utf-8") == "kept"


def test_who_asks_for_a_click_list_is_told_that_it_waits_wherever_runs_are_told(
    valley: Console,
) -> None:
    snapshot = ["--backend", "snapshot:live.json"]
    said = valley.run(*snapshot, "apply", "--click-list", "clicks")
    assert said.status == 0
    assert "Run 1: 2 waiting; 0 changes confirmed by a person" in said.out
    assert "failed" not in said.both
    listed = valley.run("runs")
    assert "2 waiting" in listed.out
    shown = valley.run("runs", "show", "1")
    assert "save 1: waiting" in shown.out
    assert "failed" not in listed.out + shown.out
    told = json.loads(valley.run("runs", "show", "1", "--format", "json").out)
    assert told["run"]["districts"]["waiting"] == 2
    assert {one["ending"] for one in told["districts"]} == {"waiting"}
    saves = [save for one in told["districts"] for save in one["saves"]]
    assert {(save["settled"], save["sent"]) for save in saves} == {("waiting", "asked")}
    schema = json.loads(SCHEMA.read_text("utf-8"))
    Draft202012Validator(schema).validate(told)
    done = valley.run(
        *snapshot, "apply", "clicks/plan.json", "--confirmed", "lakeview-usd"
    )
    assert done.status == 0
    assert "1 done, 1 left" in valley.run("runs").out


def test_undoing_a_list_that_waits_never_says_that_there_is_nothing_to_do(
    valley: Console,
) -> None:
    snapshot = ["--backend", "snapshot:live.json"]
    assert (
        valley.run(*snapshot, "apply", LAKEVIEW, "--click-list", "clicks").status == 0
    )
    said = valley.run(*snapshot, "rollback", "1")
    assert said.status == 1
    told = " ".join(said.both.split())
    assert "nothing to" not in told.lower()
    assert "the click list of run 1 asks a person for deletion_threshold" in told
    # once it is done and said, it is undone like any other save
    confirmed = ("--confirmed", "lakeview-usd")
    assert valley.run(*snapshot, "apply", "clicks/plan.json", *confirmed).status == 0
    back = valley.run(*snapshot, "rollback", "1", "--out", "back.json")
    assert "15 → 45" in back.both


def test_a_stale_plan_gives_no_list(valley: Console) -> None:
    snapshot = ["--backend", "snapshot:live.json"]
    valley.run(*snapshot, "plan", LAKEVIEW, "--out", "plan.json")
    valley.replace("live.json", '"deletion_threshold": 45', '"deletion_threshold": 46')
    text = (valley.folder / "live.json").read_text("utf-8")
    moved = text.replace('"version": "1"', '"version": "2"')
    (valley.folder / "live.json").write_text(moved, "utf-8")
    said = valley.run(*snapshot, "apply", "plan.json", "--click-list", "clicks")
    assert said.status == 4
    assert list((valley.folder / "clicks").iterdir()) == []


def test_a_confirmed_district_alone_is_recorded(valley: Console) -> None:
    snapshot = ["--backend", "snapshot:live.json"]
    valley.run(*snapshot, "apply", "--click-list", "clicks")
    said = valley.run(
        *snapshot, "apply", "clicks/plan.json", "--confirmed", "lakeview-usd"
    )
    assert said.status == 0
    by = {
        key: one.get("confirmed", {}).get("by")
        for key, one in districts(valley).items()
    }
    assert by == {
        "lakeview-usd": "a person, with --confirmed",
        "harbor-point-usd": None,
        "dry-creek-isd": None,
    }


def test_a_plan_of_another_snapshot_is_refused(valley: Console) -> None:
    valley.run("--backend", "snapshot:live.json", "plan", "--out", "plan.json")
    (valley.folder / "other.json").write_bytes(
        (valley.folder / "live.json").read_bytes()
    )
    said = valley.run("--backend", "snapshot:other.json", "apply", "plan.json")
    assert said.status == 4
    assert "made on snapshot:live.json, and this is snapshot:other.json" in said.err


def test_a_snapshot_needs_no_credentials_and_no_network(valley: Console) -> None:
    (valley.folder / "connectsync.yaml").write_text(
        "schema: 1\nbackend: gateway\nbackends:\n"
        "  gateway: {url: https://gateway.test, token: env:NOBODY_SET_THIS}\n",
        "utf-8",
    )
    assert valley.run("plan").status == 1, "the gateway has no token"
    said = valley.run("--backend", "snapshot:live.json", "plan")
    assert said.status == 0
    assert "3 districts: 2 to change, 1 in step" in said.out


@pytest.mark.parametrize("where", ["elsewhere", "."])
def test_a_snapshot_is_named_from_the_project_wherever_one_stands(
    valley: Console, where: str
) -> None:
    stand = valley.folder / "districts" / where
    stand.mkdir(exist_ok=True)
    path = os.path.relpath(valley.folder / "live.json", stand)
    said = Console(stand).run("--backend", f"snapshot:{path}", "plan")
    assert said.status == 0
    assert "\non snapshot:live.json\nsha256:" in said.out
    told = Console(stand).run(
        "-C", str(valley.folder), "--backend", "snapshot:live.json", "plan"
    )
    assert (told.status, told.out) == (0, said.out)


def test_a_snapshot_file_is_for_everybody_to_read(valley: Console) -> None:
    assert valley.run("snapshot", "-o", "taken/live.json").status == 0
    mode = stat.S_IMODE((valley.folder / "taken" / "live.json").stat().st_mode)
    assert mode == 0o644


def test_a_snapshot_holds_no_secret(valley: Console) -> None:
    said = valley.run("snapshot", environment={"LAKEVIEW_USD_TOKEN": "s3cret"})
    assert said.status == 0
    assert "s3cret" not in said.out
    assert "token" not in said.out.lower()


def test_in_a_project_without_files_a_snapshot_can_be_adopted(
    valley: Console, tmp_path: Path
) -> None:
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    (fresh / "live.json").write_bytes((valley.folder / "live.json").read_bytes())
    console = Console(fresh)
    snapshot = ["--backend", "snapshot:live.json"]
    assert console.run(*snapshot, "snapshot", "-o", "before.json").status == 0
    assert console.run(*snapshot, "import").status == 0
    assert console.run(*snapshot, "import").out.endswith("3 districts: 3 left\n")
    planned = console.run(*snapshot, "plan")
    assert planned.out.startswith("Nothing to do: 3 districts in step")
    assert console.run(*snapshot, "snapshot", "-o", "again.json").status == 0
    assert json.loads((fresh / "again.json").read_text("utf-8"))["taken"] == (
        "2027-01-15T06:00:00+00:00"
    ), "copying a snapshot makes it no younger"


def test_labels_that_are_not_given_are_said_to_be_missing(valley: Console) -> None:
    said = valley.run("--backend", "snapshot:live.json", "snapshot", "-o", "x.json")
    assert "labels that were not given: student_id, archived_students" in said.err


def test_import_fails_where_what_it_wrote_has_errors(valley: Console) -> None:
    valley.replace("live.json", '"phone_types": []', '"phone_types": ["Cell", "Home"]')
    said = valley.run("--backend", "snapshot:live.json", "import")
    assert said.status == 1
    assert "3 districts: 2 changed, 1 left" in said.out
    assert "error[two-phone-types]" in said.out


@pytest.mark.parametrize("name", ["", "connect: production\n"])
def test_a_list_that_waits_is_continued_with_its_plan_whatever_connect_is_called(
    valley: Console, name: str
) -> None:
    valley.replace("connectsync.yaml", "schema: 1\n", f"schema: 1\n{name}")
    snapshot = ["--backend", "snapshot:live.json"]
    assert valley.run(*snapshot, "apply", "--click-list", "clicks").status == 0
    one = (*snapshot, "apply", "clicks/plan.json", "--confirmed", "lakeview-usd")
    assert valley.run(*one).status == 0
    for command in (("runs",), ("runs", "show", "1")):
        said = " ".join(valley.run(*snapshot, *command).out.split())
        (kept,) = (valley.folder / ".connectsync/click-lists").glob("*/plan.json")
        assert f" apply {kept.relative_to(valley.folder)}`" in said
        assert "PLAN" not in said
        assert " resume 1`" not in said


def test_the_plan_beside_a_list_that_waits_is_named_by_its_file(
    valley: Console,
) -> None:
    snapshot = ["--backend", "snapshot:live.json"]
    assert valley.run(*snapshot, "apply").status == 0
    (kept,) = (valley.folder / ".connectsync/click-lists").glob("*/plan.json")
    command = f" apply {kept.relative_to(valley.folder)}"
    assert command in valley.run(*snapshot, "runs", "show", "1").out
    one = (*command.split(), "--confirmed", "lakeview-usd")
    assert valley.run(*snapshot, *one).status == 0
    for words in (["runs"], ["runs", "show", "1"], ["resume", "1"], ["resume"]):
        said = valley.run(*snapshot, *words).both
        assert f"`connectsync --backend snapshot:live.json{command}`" in " ".join(
            said.split()
        ), words
        assert "PLAN" not in said


LATER = {"CONNECTSYNC_NOW": "2027-01-24T06:00:00Z"}
OLD = ["--backend", "snapshot:live.json"]


@pytest.mark.parametrize("command", ["apply dry-creek-isd", "drift", "drift --adopt"])
def test_nothing_is_remembered_from_live_settings_that_are_too_old(
    valley: Console, command: str
) -> None:
    def remembered() -> bool:
        seen = [row for row in valley.state() if "district seen" in row]
        return "dry-creek-isd" in str(seen)

    said = valley.run(*OLD, *command.split(), environment=LATER)
    assert said.status == 0, said.both
    assert "older than 24 hours, so `apply` refuses changes" in said.err
    assert "nothing in it is remembered as applied" in said.err
    assert not remembered()
    assert valley.run(*OLD, "apply", "dry-creek-isd").status == 0
    assert remembered()


def test_adopting_from_old_live_settings_leaves_what_was_applied_before(
    valley: Console,
) -> None:
    valley.run(*OLD, "apply", "dry-creek-isd")
    live = valley.folder / "live.json"
    document = json.loads(live.read_text("utf-8"))
    (one,) = [d for d in document["districts"] if d["district"] == "dry-creek-isd"]
    one["settings"]["contact_relationships"] = ["Parent", "Other"]
    live.write_text(json.dumps(document), "utf-8")
    before = valley.state()
    said = valley.run(*OLD, "drift", "--adopt", "dry-creek-isd", environment=LATER)
    assert "contact_relationships" in said.out
    assert said.status == 0, said.both
    assert valley.state() == before


def test_a_click_list_calls_a_district_as_connect_lists_it(valley: Console) -> None:
    """Who writes its file could give it the name of another one."""
    other = "Harbor Point Unified School District (harbor-point-usd)"
    file = valley.folder / "districts/ca/lakeview-usd.yaml"
    text = file.read_text("utf-8")
    file.write_text(re.sub(r"(?m)^name: .*", f"name: {other}", text), "utf-8")
    where = ("--backend", "snapshot:live.json")
    valley.run(*where, "plan", "lakeview-usd", "--out", "plan.json")
    said = valley.run(*where, "apply", "plan.json", "--click-list", "clicks")
    assert said.status == 0, said.both
    for name in ("click-list.html", "click-list.md"):
        shown = (valley.folder / "clicks" / name).read_text("utf-8")
        assert "Lakeview Unified School District" in shown
        assert "Harbor" not in shown
