"""A label that is ticked on Connect and that the files do not know stays ticked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from console import Console, Said
from fitting import insist_fits
from served_gateway import ENVIRONMENT, served, use
from stores import left_open

from connectsync.domain.plan_file import digest_of
from connectsync.domain.settings import BY_NAME

NEW = "Attendance Visibility"
LAKEVIEW = "districts/ca/lakeview-usd.yaml"
PERMISSIONS = "enable_daily_sync: true\n"
WAVES = """\
rollout:
  waves:
    - {name: first, districts: [harbor-point-usd]}
"""
GROUPS = {
    "permissions": (["Family Access"], "Family Access"),
    "contact_types": (["Parent/Guardian"], "Parent/Guardian"),
    "contact_relationships": (["Parent"], "Parent"),
    "phone_types": (["Cell"], "Cell"),
}


def hold(
    console: Console, group: str, labels: list[str], file: str = "live.json"
) -> None:
    """Let Lakeview hold these labels on Connect."""
    path = console.folder / file
    data = json.loads(path.read_text("utf-8"))
    for one in data["districts"]:
        if one["district"] == "lakeview-usd":
            one["settings"][group] = labels
    path.write_text(json.dumps(data), "utf-8")


def permissions(console: Console) -> object:
    return console.live("lakeview-usd")["permissions"]


def want(console: Console, group: str, labels: list[str]) -> None:
    """Let Lakeview's file want these labels and nothing else that differs."""
    path = console.folder / LAKEVIEW
    head = path.read_text("utf-8").split("settings:")[0]
    stated = json.dumps(labels)
    path.write_text(
        f"{head}settings:\n  enable_daily_sync: true\n  {group}: {stated}\n", "utf-8"
    )


def planned(console: Console, *arguments: str) -> dict[str, Any]:
    said = console.run(*arguments, "plan", LAKEVIEW, "--format", "json")
    assert said.status == 0, said.err
    data: dict[str, Any] = json.loads(said.out)
    insist_fits(data, "plan")
    return data


def ops(plan: dict[str, Any], group: str) -> list[tuple[str, Any, Any]]:
    return [
        (one["op"], one["before"], one["after"])
        for district in plan["districts"]
        for save in district["saves"]
        for one in save["changes"]
        if one["setting"] == group
    ]


@pytest.mark.parametrize(
    ("backend", "group"),
    [
        *(("embedded", group) for group in GROUPS if group != "phone_types"),
        *(("snapshot:live.json", group) for group in GROUPS),
    ],
)
def test_a_label_that_files_do_not_know_is_never_unticked(
    valley: Console, group: str, backend: str
) -> None:
    held, label = GROUPS[group]
    hold(valley, group, [*held, NEW])
    want(valley, group, [label])
    plan = planned(valley, "--backend", backend)
    assert ops(plan, group) == []
    assert {
        "district": "lakeview-usd",
        "setting": group,
        "why": "kept",
        "value": [NEW],
    } in plan["untouched"]


@pytest.mark.parametrize(
    "form", ["text", "markdown", "html", "github", "junit", "json"]
)
def test_a_kept_label_is_shown_in_every_format(valley: Console, form: str) -> None:
    hold(valley, "permissions", ["Family Access", NEW])
    want(valley, "permissions", ["Users Manager"])
    said = valley.run("plan", LAKEVIEW, "--format", form)
    assert NEW in said.out
    assert "kept" in said.out
    if form == "text":
        assert "- permissions            Family Access" in said.out
        assert f"- permissions            {NEW}" not in said.out


def test_a_kept_label_outlives_apply_drift_and_rollback(valley: Console) -> None:
    hold(valley, "permissions", ["Family Access", NEW])
    want(valley, "permissions", ["Users Manager"])
    assert valley.run("plan", LAKEVIEW, "--out", "plan.json").status == 0
    applied = valley.run("apply", "plan.json")
    assert applied.status == 0, applied.both
    assert permissions(valley) == {"Users Manager", NEW}
    assert valley.run("drift", LAKEVIEW).status == 0
    assert planned(valley)["districts"] == []
    assert valley.run("rollback", "1", "--yes").status == 0
    assert permissions(valley) == {"Family Access", NEW}
    plan = planned(valley)
    assert ops(plan, "permissions") == [
        ("remove", "Family Access", None),
        ("add", None, "Users Manager"),
    ]


def recorded(console: Console) -> None:
    said = console.run("doctor", "--record")
    assert "wrote " in said.out, said.both


def test_files_may_name_a_label_that_was_recorded_from_the_page(
    valley: Console,
) -> None:
    hold(valley, "permissions", ["Family Access", NEW])
    want(valley, "permissions", ["Family Access", NEW])
    refused = valley.run("validate", LAKEVIEW)
    assert NEW in refused.both
    assert "is not a label of 'permissions'" in refused.both
    valley.replace(LAKEVIEW, f', "{NEW}"', "")
    recorded(valley)
    want(valley, "permissions", ["Family Access", NEW])
    said = valley.run("validate", LAKEVIEW)
    assert "is not a label" not in said.both
    # what files named once, they can take away
    assert valley.run("apply", LAKEVIEW, "--yes").status == 0
    want(valley, "permissions", ["Family Access"])
    assert ops(planned(valley), "permissions") == [("remove", NEW, None)]


def test_a_slip_beside_a_recorded_label_is_still_an_error_with_a_guess(
    valley: Console,
) -> None:
    hold(valley, "permissions", ["Family Access", NEW])
    recorded(valley)
    want(valley, "permissions", ["Engagement Visiblity"])
    said = valley.run("validate", LAKEVIEW)
    assert said.status == 1
    assert f"did you mean '{NEW}'?" in re.sub(r"\s+", " ", said.out)


@pytest.mark.parametrize("group", [*GROUPS, "student_id", "archived_students"])
def test_any_drop_down_and_box_group_takes_recorded_labels(
    valley: Console, group: str
) -> None:
    labels = [*BY_NAME[group].labels, "Brand New"]
    valley.replace(
        "connectsync.yaml",
        "schema: 1\n",
        f"schema: 1\noptions:\n  {group}: {json.dumps(labels)}\n",
    )
    several = group in GROUPS
    want(valley, group, ["Brand New"] if several else "Brand New")  # type: ignore[arg-type]
    said = valley.run("show", "lakeview-usd")
    assert said.status == 0, said.both
    assert "Brand New" in said.out


def test_import_writes_labels_that_were_recorded(valley: Console) -> None:
    hold(valley, "permissions", ["Family Access", NEW])
    want(valley, "permissions", ["Users Manager"])
    said = valley.run("import", "lakeview-usd")
    assert "kept there" in said.out
    assert NEW not in (valley.folder / LAKEVIEW).read_text("utf-8")
    recorded(valley)
    assert valley.run("import", "lakeview-usd").status == 0
    assert NEW in (valley.folder / LAKEVIEW).read_text("utf-8")


def test_two_phone_types_are_never_planned(valley: Console) -> None:
    hold(valley, "phone_types", ["Pager"])
    want(valley, "phone_types", ["Cell"])
    said = valley.run("plan", LAKEVIEW)
    text = re.sub(r"\s+", " ", said.both)
    assert "phone_types holds Pager on Connect, which the files do not know" in text
    assert said.status == 1


def test_a_forged_plan_cannot_keep_what_files_know(valley: Console) -> None:
    hold(valley, "permissions", ["Family Access", NEW])
    want(valley, "permissions", ["Users Manager"])
    plan = planned(valley)
    (district,) = plan["districts"]
    district["kept"]["permissions"] = [NEW, "Family Access"]
    (save,) = district["saves"]
    (gone,) = [one for one in save["changes"] if one["op"] == "remove"]
    save["changes"].remove(gone)
    plan["summary"]["changes"][gone["risk"]] -= 1
    plan["digest"] = digest_of(plan)
    (valley.folder / "forged.json").write_text(json.dumps(plan), "utf-8")
    said = valley.run("apply", "forged.json")
    assert "which is not there or which files can name" in said.err
    assert permissions(valley) == {"Family Access", NEW}


@pytest.fixture
def behind_a_gateway(valley: Console) -> Iterator[Console]:
    """Give the project whose Connect, with a label of its own, is a served gateway."""
    hold(valley, "permissions", ["Family Access", NEW])
    want(valley, "permissions", ["Users Manager"])
    assert valley.run("plan").status == 0
    with served(valley.connect) as url:
        use(valley, url)
        yield valley


def over_the_gateway(console: Console, *arguments: str) -> Said:
    said = console.run(*arguments, environment=ENVIRONMENT)
    assert said.status == 0, said.both
    return said


def test_over_a_gateway_a_kept_label_outlives_apply_drift_and_rollback(
    behind_a_gateway: Console,
) -> None:
    told = over_the_gateway(behind_a_gateway, "plan", LAKEVIEW, "--out", "plan.json")
    assert f"permissions: {NEW} is kept" in re.sub(r"\s+", " ", told.out)
    over_the_gateway(behind_a_gateway, "apply", "plan.json")
    assert permissions(behind_a_gateway) == {"Users Manager", NEW}
    over_the_gateway(behind_a_gateway, "drift", LAKEVIEW)
    over_the_gateway(behind_a_gateway, "rollback", "1", "--yes")
    assert permissions(behind_a_gateway) == {"Family Access", NEW}


def test_adopting_a_persons_edit_leaves_a_kept_label_to_connect(
    behind_a_gateway: Console,
) -> None:
    over_the_gateway(behind_a_gateway, "apply", LAKEVIEW, "--yes")
    edited = frozenset(["Content Moderator", "Family Access", NEW])
    behind_a_gateway.edit("lakeview-usd", {"permissions": edited})
    over_the_gateway(behind_a_gateway, "drift", LAKEVIEW, "--adopt")
    text = (behind_a_gateway.folder / LAKEVIEW).read_text("utf-8")
    assert "Content Moderator" in text
    assert NEW not in text
    assert behind_a_gateway.run("validate", LAKEVIEW).status == 0
    over_the_gateway(behind_a_gateway, "plan", LAKEVIEW, "--detailed-exitcode")
    assert permissions(behind_a_gateway) == edited


def test_resume_keeps_a_label_that_the_run_began_with(
    behind_a_gateway: Console, stopping: Callable[[], AbstractContextManager[None]]
) -> None:
    behind_a_gateway.replace("connectsync.yaml", "schema: 1\n", f"schema: 1\n{WAVES}")
    with stopping():
        over_the_gateway(behind_a_gateway, "plan", "--out", "plan.json")
        said = behind_a_gateway.run("apply", "plan.json", environment=ENVIRONMENT)
    assert "1 not reached" in said.out, said.both
    assert permissions(behind_a_gateway) == {"Family Access", NEW}
    over_the_gateway(behind_a_gateway, "resume")
    assert permissions(behind_a_gateway) == {"Users Manager", NEW}


def test_a_save_without_an_answer_is_found_made_beside_a_kept_label(
    behind_a_gateway: Console,
) -> None:
    over_the_gateway(behind_a_gateway, "apply", LAKEVIEW, "--yes")
    left_open(behind_a_gateway.folder / ".connectsync", 1, "lakeview-usd")
    assert "1 done" in over_the_gateway(behind_a_gateway, "resume", "1").out
    assert permissions(behind_a_gateway) == {"Users Manager", NEW}
