"""Taking a run back: shown, guarded and applied like any other plan."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from console import Console
from forging import Entry
from jsonschema import Draft202012Validator

from connectsync.domain.plan_file import digest_of
from connectsync.domain.settings import Form

SCHEMAS = Path(__file__).parents[2] / "schema"
KEY = "harbor-point-usd"


def applied(valley: Console) -> Form:
    """Apply what the files say; give the form from before."""
    valley.run("plan")
    before = valley.live(KEY)
    assert valley.run("apply", "--yes").status == 0
    assert valley.live(KEY) != before
    return before


def test_a_run_that_is_taken_back_leaves_what_was_there_before(valley: Console) -> None:
    before = applied(valley)
    said = valley.run("rollback", "1", "--yes")
    assert said.status == 0, said.err
    assert "this undoes run 1; the district files still say the opposite" in said.out
    assert valley.live(KEY) == before
    # the files still say what run 1 made true
    assert valley.run("plan", "--detailed-exitcode").status == 2
    assert f"pending  {KEY}" in valley.run("drift").out


def test_a_way_back_may_be_reviewed_as_a_plan_file(valley: Console) -> None:
    before = applied(valley)
    assert valley.run("rollback", "1", "--out", "back.json").status == 0
    assert valley.live(KEY) != before
    assert json.loads((valley.folder / "back.json").read_text())["rollback_of"] == 1
    said = valley.run("apply", "back.json")
    assert said.status == 0, said.err
    assert valley.live(KEY) == before


def test_a_way_back_is_no_plan_that_a_pull_request_brings(valley: Console) -> None:
    """Who keeps a plan beside a comment could take runs back with it."""
    assert valley.run("apply", "--yes", "lakeview-usd").status == 0
    before = valley.live("lakeview-usd")
    assert valley.run("rollback", "1", "--out", "back.json").status == 0
    data = json.loads((valley.folder / "back.json").read_text("utf-8"))
    asked = ("apply", "back.json", "--approved", data["digest"])
    job = {"CONNECTSYNC_PULL_REQUEST": "#12"}
    said = valley.run(*asked, environment=job)
    assert said.status == 64
    assert "takes run 1 back, which is no plan of the files" in said.err
    assert valley.live("lakeview-usd") == before
    assert valley.run(*asked).status == 0


def test_one_district_can_be_taken_back_alone(valley: Console) -> None:
    valley.run("apply", "--yes")
    other = valley.live("lakeview-usd")
    said = valley.run("rollback", "1", KEY, "--yes")
    assert said.status == 0
    assert valley.live("lakeview-usd") == other


def test_what_somebody_saved_since_is_not_undone_unless_it_is_named(
    valley: Console,
) -> None:
    before = applied(valley)
    valley.edit(KEY, {"phone_types": frozenset(["Work"])})
    refused = valley.run("rollback", "1", "--yes")
    assert refused.status == 4
    assert f"{KEY}:phone_types was Cell after the run, and is Work now" in refused.err
    assert f"--over {KEY}:phone_types" in refused.err
    assert valley.live(KEY)["phone_types"] == frozenset(["Work"])
    assert (
        valley.run("rollback", "1", "--over", f"{KEY}:phone_types", "--yes").status == 0
    )
    assert valley.live(KEY) == before


def test_a_way_back_names_the_later_runs_that_saved_the_same_settings(
    valley: Console,
) -> None:
    file, key = "districts/ca/lakeview-usd.yaml", "lakeview-usd"
    assert valley.run("apply", "--yes").status == 0
    for old, new in ((15, 12), (12, 15), (15, 10)):
        threshold = "deletion_threshold: {}"
        valley.replace(file, threshold.format(old), threshold.format(new))
        assert valley.run("apply", "--yes", file).status == 0
    over = ("--over", f"{key}:deletion_threshold")
    back = valley.run("rollback", "1", key, *over, "--out", "back.json")
    assert back.status == 0, back.both
    sentence = "! deletion_threshold was saved again in runs 2, 3, 4: that is undone"
    assert sentence in back.out
    plan = json.loads((valley.folder / "back.json").read_text())
    (one,) = plan["districts"]
    assert one["later_runs"] == {"deletion_threshold": [2, 3, 4]}
    schema = json.loads((SCHEMAS / "plan.schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(plan)
    # also where nothing has to be named: run 3 had put it back
    back = valley.run("rollback", "4", "--yes")
    assert "saved again" not in back.out
    back = valley.run("rollback", "1", key, "--out", "-")
    assert json.loads(back.out[back.out.index("{") :])["districts"][0][
        "later_runs"
    ] == {"deletion_threshold": [2, 3, 4, 5]}
    assert valley.run("apply", "back.json").status == 4, "Connect moved since"
    assert valley.run("rollback", "1", "--out", "back.json").status == 0
    assert valley.run("apply", "back.json").status == 0
    assert valley.live(key)["deletion_threshold"] == 45
    assert valley.run("runs", "verify").status == 0


def test_a_plan_that_only_says_it_is_a_way_back_is_damaged(valley: Console) -> None:
    applied(valley)
    valley.run("rollback", "1", "--out", "back.json")
    path = valley.folder / "back.json"
    data = json.loads(path.read_text())
    data["districts"][0]["desired"]["student_id"] = "STUDENT NUMBER"
    data["digest"] = digest_of(data)
    path.write_text(json.dumps(data))
    state = valley.state()
    refused = valley.run("apply", "back.json")
    assert refused.status == 4
    assert "not those that its" in refused.err
    assert valley.state() == state


def test_a_forged_way_back_that_explains_itself_is_refused_all_the_same(
    valley: Console,
) -> None:
    """A plan of files that calls itself a way back would pass by the files."""
    valley.run("plan", "--out", "plan.json")
    valley.run("apply", "plan.json")
    before = valley.live(KEY)
    valley.replace(
        f"districts/ca/{KEY}.yaml",
        "enable_daily_sync: false",
        "phone_types: [Work]",
    )
    valley.run("plan", "--out", "forged.json")
    path = valley.folder / "forged.json"
    data = json.loads(path.read_text())
    data["rollback_of"] = 1
    data["digest"] = digest_of(data)
    path.write_text(json.dumps(data))
    refused = valley.run("apply", "forged.json")
    assert refused.status == 4
    assert "was not as the plan wants it before that run" in refused.err
    assert valley.live(KEY) == before


def test_a_run_can_be_taken_back_while_files_are_broken_or_gone(
    valley: Console,
) -> None:
    before = applied(valley)
    (valley.folder / "districts/tx/dry-creek-isd.yaml").write_text("{broken")
    assert valley.run("rollback", "1", "--yes").status == 0
    assert valley.live(KEY) == before
    shutil.rmtree(valley.folder / "districts")
    (valley.folder / "districts").mkdir()
    # taking the taking back back: two are all of a fleet without files
    accepted = ("--accept", "too-much-of-the-fleet=2")
    assert valley.run("rollback", "2", "--yes", *accepted).status == 0
    assert valley.live(KEY) != before


def test_a_run_that_never_was_cannot_be_taken_back(valley: Console) -> None:
    refused = valley.run("rollback", "7")
    assert refused.status == 1
    assert "there is no run 7" in refused.err


def test_a_district_that_the_run_left_alone_cannot_be_taken_back(
    valley: Console,
) -> None:
    applied(valley)
    refused = valley.run("rollback", "1", "dry-creek-isd")
    assert refused.status == 64
    assert "run 1 changed nothing on a district 'dry-creek-isd'" in refused.err


def test_guards_look_at_a_way_back_as_well(valley: Console) -> None:
    valley.replace(
        "districts/ca/lakeview-usd.yaml",
        "deletion_threshold: 15",
        "phone_types: [Work]\n  deletion_threshold: 15",
    )
    assert valley.run("apply", "--yes", "--accept", "disruptive=2").status == 0
    refused = valley.run("rollback", "1", "--yes")
    assert refused.status == 3
    assert "disruptive" in refused.err


def test_a_run_is_taken_back_on_its_own_backend(valley: Console) -> None:
    """What was tried out elsewhere is not undone on the real one."""
    applied(valley)
    assert valley.run("snapshot", "districts", "--output", "live.json").status == 0
    rows = valley.state()
    refused = valley.run("--backend", "snapshot:live.json", "rollback", "1")
    assert refused.status == 4
    assert "run 1 was made on embedded, and this is snapshot:live.json" in refused.err
    assert "the option --backend snapshot:live.json decides that" in refused.err
    assert "`connectsync --backend embedded rollback 1`" in refused.err
    assert valley.state() == rows


def far_away(entry: Entry) -> None:
    if entry["action"] == "run begun":
        entry["detail"]["backend"] = "gateway https://far.example"


def test_a_way_back_to_another_backend_is_damaged(valley: Console) -> None:
    applied(valley)
    valley.run("rollback", "1", "--out", "back.json")
    valley.forge(far_away)
    refused = valley.run("apply", "back.json")
    assert refused.status == 4
    assert "was made on gateway https://far.example, and it is for embedded" in (
        refused.err
    )


def test_to_undo_over_what_the_run_did_not_change_is_a_slip(valley: Console) -> None:
    applied(valley)
    said = valley.run("rollback", "1", "--over", "harbor-pt-usd:phone_types")
    assert said.status == 64
    assert "--over names harbor-pt-usd:phone_types, which run 1 did not" in said.err
    assert f"did you mean '{KEY}:phone_types'?" in said.err


def test_what_a_later_run_saved_is_named_with_it(valley: Console) -> None:
    applied(valley)
    file = "districts/ca/lakeview-usd.yaml"
    valley.replace(file, "deletion_threshold: 15", "deletion_threshold: 12")
    assert valley.run("apply", "--yes").status == 0
    refused = valley.run("rollback", "1", "--yes")
    assert refused.status == 4
    assert "deletion_threshold was 15 after the run, and is 12 now, last saved in" in (
        refused.err
    )
    assert "in run 2\n" in refused.err


def test_to_take_back_what_is_taken_back_does_nothing_and_says_so(
    valley: Console,
) -> None:
    applied(valley)
    assert valley.run("rollback", "1", "--yes").status == 0
    again = valley.run("rollback", "1", "--yes")
    assert again.status == 0
    assert "Nothing to do: 2 districts in step" in again.out
    assert "not any more" not in again.both


def test_a_threshold_that_goes_back_needs_no_figure(valley: Console) -> None:
    applied(valley)
    told = valley.run("rollback", "1", "lakeview-usd", "--out", "back.json").out
    assert "deletion_threshold     15 → 45" in told
    assert "threshold-raised-without-figure" not in told


def test_a_run_is_not_taken_back_where_the_file_has_an_error_unless_told(
    valley: Console,
) -> None:
    before = applied(valley)
    after = valley.live(KEY)
    file = next((valley.folder / "districts").rglob(f"{KEY}.yaml"))
    text = file.read_text()
    file.write_text(text.replace("settings:", "settings:\n  phone_types: [Cell, Home]"))
    refused = valley.run("rollback", "1", "--yes")
    assert refused.status == 1
    assert f"{KEY}.yaml:" in refused.err
    assert valley.live(KEY) == after
    assert valley.run("rollback", "1", "--yes", "--ignore-files").status == 0
    assert valley.live(KEY) == before
