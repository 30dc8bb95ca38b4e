from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from console import Console

from connectsync.domain.plan_file import digest_of


def test_a_district_is_planned_and_applied_by_its_name(valley: Console) -> None:
    said = valley.run("plan", "lakeview-usd", "--out", "plan.json")
    assert said.status == 0, said.err
    plan = json.loads((valley.folder / "plan.json").read_text())
    assert plan["scope"] == ["districts/ca/lakeview-usd.yaml"]
    assert valley.run("apply", "plan.json").status == 0
    assert valley.run("plan", "lakeview-usd", "--detailed-exitcode").status == 0


def test_a_name_that_is_none_says_which_was_meant_perhaps(valley: Console) -> None:
    for command in ("validate", "plan", "apply", "drift"):
        said = valley.run(command, "lakeview")
        assert (said.status, said.out) == (64, "")
        assert "'lakeview' matches no district file" in said.err
        assert "did you mean 'lakeview-usd'?" in said.err


@pytest.mark.parametrize("laid", ["link", "folder", "plan"])
def test_a_district_is_not_mistaken_for_what_else_is_called_so(
    valley: Console, laid: str
) -> None:
    """A change could bring a link, a folder or a plan by the name of a district."""
    named = valley.folder / "lakeview-usd"
    other = valley.folder / "districts" / "ca" / "harbor-point-usd.yaml"
    valley.run("plan", "harbor-point-usd", "--out", "plan.json")
    if laid == "link":
        named.symlink_to("districts")
    elif laid == "folder":
        named.mkdir()
        (named / other.name).symlink_to(
            f"../districts/{other.parent.name}/{other.name}"
        )
    else:
        (valley.folder / "plan.json").rename(named)
    before = {path: path.read_bytes() for path in valley.folder.rglob("*.yaml")}
    for command in (
        "plan lakeview-usd",
        "apply lakeview-usd --yes",
        "apply lakeview-usd",
        "validate lakeview-usd",
        "drift lakeview-usd",
        "set deletion_threshold=13 lakeview-usd --yes",
        "status lakeview-usd",
    ):
        said = valley.run(*command.split())
        assert (said.status, said.out) == (64, ""), said.both
        told = " ".join(said.err.split())
        assert "'lakeview-usd' is a district, and here something else is" in told
        assert "write ./lakeview-usd for what lies here" in told
        assert "districts/ca/lakeview-usd.yaml for the district" in told
    assert {path: path.read_bytes() for path in before} == before
    said = valley.run("plan", "districts/ca/lakeview-usd.yaml")
    assert (said.status, "harbor-point" in said.out) == (0, False), said.both
    said = valley.run("apply" if laid == "plan" else "plan", "./lakeview-usd")
    assert (said.status, "harbor-point-usd" in said.both) == (0, True), said.both


def test_a_folder_of_a_district_alone_may_be_called_like_it(valley: Console) -> None:
    folder = valley.folder / "lakeview-usd"
    folder.mkdir()
    (folder / "lakeview-usd.yaml").symlink_to("../districts/ca/lakeview-usd.yaml")
    said = valley.run("plan", "lakeview-usd")
    assert (said.status, "lakeview-usd" in said.out) == (0, True), said.both


def test_a_plan_of_any_name_that_a_commit_brings_along_is_not_applied(
    valley: Console,
) -> None:
    """It could take the place of a folder of districts that people name."""
    shutil.rmtree(valley.folder / "districts" / "tx")
    valley.run("plan", "--out", "plan.json")
    (valley.folder / "plan.json").rename(valley.folder / "districts" / "tx")
    git = ("git", "-C", str(valley.folder))
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "districts"], check=True)
    said = valley.run("apply", "districts/tx", "--yes")
    assert said.status == 64
    assert "districts/tx is kept in git and its name does not end in .json" in " ".join(
        said.err.split()
    )
    subprocess.run([*git, "rm", "-q", "--cached", "districts/tx"], check=True)
    assert valley.run("apply", "districts/tx").status == 3


FROZEN = """
calendars:
  - name: california
    paths: [districts/ca]
    freezes: [{from: 2000-01-01, to: 2200-01-01, reason: Finals}]
"""
LINKS = {
    "a folder, from elsewhere": ("west", "districts/ca", "west/lakeview-usd.yaml"),
    "a folder, whole": ("west", "districts/ca", "west"),
    "a folder, by a pattern": ("west", "districts/ca", "west/lake*"),
    "all districts": ("fleet", "districts", "fleet/ca/lakeview-usd.yaml"),
    "a folder beside": ("districts/us", "ca", "districts/us/lakeview-usd.yaml"),
    "a file": ("one.yaml", "districts/ca/lakeview-usd.yaml", "one.yaml"),
    "a file beside": ("districts/lakeview-usd.yaml", "ca/lakeview-usd.yaml", None),
    "a file that is hidden": ("_one.yml", "districts/ca/lakeview-usd.yaml", None),
    "the folder moved": ("districts/ca", "../west", "west/lakeview-usd.yaml"),
}


@pytest.mark.parametrize("kind", LINKS)
def test_a_link_to_a_district_is_no_way_around_the_calendar_of_its_folder(
    valley: Console, kind: str
) -> None:
    """A change could bring it, or a plan that was edited could be of it."""
    link, target, named = LINKS[kind]
    project = valley.folder / "connectsync.yaml"
    project.write_text(project.read_text("utf-8") + FROZEN, "utf-8")
    if (valley.folder / link).exists():
        (valley.folder / link).rename(valley.folder / "west")
    (valley.folder / link).symlink_to(target)
    named = named or link
    said = valley.run("plan", named, "--out", "plan.json")
    told = " ".join(said.out.split())
    assert (said.status, "error[in-a-freeze]" in told) == (0, True), said.both
    assert "districts/ca/lakeview-usd.yaml" in told
    said = valley.run("apply", named, "--yes")
    assert (said.status, "in-a-freeze: it needs a reason" in said.err) == (3, True)
    # the plan of all, signed again as one of the link
    (valley.folder / link).unlink()
    data = json.loads((valley.folder / "plan.json").read_text("utf-8"))
    data.update(scope=[named], guards=[])
    data.get("limits", {}).pop("calendars", None)
    data["digest"] = digest_of(data)
    (valley.folder / "plan.json").write_text(json.dumps(data), "utf-8")
    (valley.folder / link).symlink_to(target)
    said = valley.run("apply", "plan.json")
    assert (said.status, "in-a-freeze: it needs a reason" in said.err) == (3, True)
