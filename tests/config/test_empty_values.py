"""A value that is left out un-manages a setting, and is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectsync.config.fleet import Fleet, load_fleet
from connectsync.domain.finding import Severity
from connectsync.domain.settings import SETTINGS

OWN = [one.name for one in SETTINGS if one.section == "settings"]
SPELLED = {"emptied": "", "commented": "\n    # - Cell", "null": " null", "tilde": " ~"}


def loaded(root: Path, own: str, profile: str = "") -> Fleet:
    folder = root / "districts"
    (folder / "_profiles").mkdir(parents=True)
    (folder / "_profiles" / "std.yaml").write_text(f"schema: 1\n{profile}", "utf-8")
    path = folder / "elm.yaml"
    text = f"schema: 1\ndistrict: elm\nname: Elm\nprofile: std\n{own}"
    path.write_text(text, "utf-8")
    return load_fleet(root, [path], districts_dir=folder)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("where", ["district", "profile"])
@pytest.mark.parametrize("spelled", SPELLED)
def test_a_setting_whose_value_was_left_out_is_found(
    tmp_path: Path, name: str, where: str, spelled: str
) -> None:
    text = f"settings:\n  {name}:{SPELLED[spelled]}\n"
    fleet = loaded(tmp_path, *((text, "") if where == "district" else ("", text)))
    told = [(one.rule, one.severity) for one in fleet.findings]
    meant = spelled in {"null", "tilde"}
    assert told == ([] if meant else [("empty-value", Severity.WARNING)])
    # a warning stops nothing: the district is read all the same
    assert len(fleet.districts) == 1


def test_an_emptied_fact_is_found_as_well(tmp_path: Path) -> None:
    (one,) = loaded(tmp_path, "facts:\n  setup_step:\n").findings
    assert (one.rule, one.place.line) == ("empty-value", 6)
    assert one.message == "'setup_step' has no value, so it is not stated any more"
