"""A value that is left out un-manages a setting, and is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectsync.config.fleet import Fleet, load_fleet
from connectsync.config.project import load_project
from connectsync.domain.finding import Severity
from connectsync.domain.settings import SETTINGS
from connectsync.errors import ProjectError

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


@pytest.mark.parametrize("spelled", ["", " ~", " null", ' ""', ' "  "', " # later"])
def test_a_token_that_is_left_out_is_no_secret_that_was_committed(
    tmp_path: Path, spelled: str
) -> None:
    text = f"credentials:\n  oauth_token:{spelled}\n"
    (one,) = loaded(tmp_path, text).findings
    assert one.rule == "wrong-type"
    assert one.message == "'oauth_token' has no value"
    assert one.hint == "write env:NAME, file:PATH or command:ARGV"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("backends: {gateway: {url: 'https://a.example.org', token: }}", "token"),
        ("state: {url: }", "url"),
        ("state: {url: ''}", "url"),
    ],
)
def test_a_secret_of_the_project_that_is_left_out_was_not_committed(
    tmp_path: Path, text: str, name: str
) -> None:
    (tmp_path / "connectsync.yaml").write_text(f"schema: 1\n{text}\n", "utf-8")
    with pytest.raises(ProjectError, match=f"'{name}' has no value") as caught:
        load_project(tmp_path)
    assert "committed" not in caught.value.message
