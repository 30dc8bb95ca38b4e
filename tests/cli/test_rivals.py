from __future__ import annotations

import shutil

from console import Console

from connectsync.cli.terminal import ExitStatus


def copy_elsewhere(valley: Console, name: str) -> None:
    folder = valley.folder / "districts" / "zz"
    folder.mkdir()
    shutil.copy(valley.folder / "districts/ca/lakeview-usd.yaml", folder / name)


def test_a_district_that_stands_in_two_files_is_not_planned_from_one_of_them(
    valley: Console,
) -> None:
    copy_elsewhere(valley, "lakeview-usd.yaml")
    for file in ("districts/zz/lakeview-usd.yaml", "districts/ca"):
        said = valley.run("plan", file)
        assert said.status == ExitStatus.FINDINGS
        assert "these files have errors, so the command stopped" in said.err
        assert "lakeview-usd" in said.err


def test_one_roster_in_two_files_is_not_applied_from_one_of_them(
    valley: Console,
) -> None:
    copy_elsewhere(valley, "other-usd.yaml")
    valley.replace("districts/zz/other-usd.yaml", "district: lake", "district: other-")
    said = valley.run("apply", "--yes", "districts/ca/lakeview-usd.yaml")
    assert said.status == ExitStatus.FINDINGS
    assert not (valley.folder / ".connectsync" / "state.db").exists()


def test_an_error_elsewhere_does_not_stop_a_district_it_does_not_touch(
    valley: Console,
) -> None:
    folder = valley.folder / "districts" / "zz"
    folder.mkdir()
    (folder / "torn.yaml").write_text("schema: [")
    assert valley.run("plan", "districts/ca/lakeview-usd.yaml").status == 0
