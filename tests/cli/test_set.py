"""Many files are changed at once: whole or not at all, seen before, comments kept."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from console import Console

from connectsync.config.edit import remove_value
from connectsync.errors import InvalidFiles
from connectsync.files.writing import write_together

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
DRY_CREEK = "districts/tx/dry-creek-isd.yaml"
PROFILE = "districts/_profiles/clever-standard.yaml"


def texts(folder: Path) -> dict[str, str]:
    found = sorted((folder / "districts").rglob("*"))
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in found
        if path.is_file()
    }


def test_a_value_is_set_in_the_districts_an_expression_chooses(
    valley: Console,
) -> None:
    before = texts(valley.folder)
    said = valley.run(
        "set", "deletion_threshold=17", "--where", "facts.setup_step > 7", "--yes"
    )
    assert said.status == 0, said.err
    after = texts(valley.folder)
    assert {file for file in after if after[file] != before[file]} == {
        LAKEVIEW,
        DRY_CREEK,
    }
    line = "  deletion_threshold: 17  # above our worst night in August\n"
    assert line in after[LAKEVIEW]
    assert "--- a/districts/ca/lakeview-usd.yaml\n" in said.out
    assert "-  deletion_threshold: 15  # above our worst night in August\n" in said.out
    assert f"+{line}" in said.out
    assert "wrote 2 files" in said.err


def test_no_terminal_and_no_yes_writes_nothing(valley: Console) -> None:
    before = texts(valley.folder)
    said = valley.run("set", "deletion_threshold=17", "lakeview-usd")
    assert said.status == 3
    assert "+  deletion_threshold: 17" in said.out
    assert "no terminal to ask on, so nothing was written" in said.err
    assert texts(valley.folder) == before
    dry = valley.run("set", "deletion_threshold=17", "--dry-run", "lakeview-usd")
    assert dry.status == 0
    assert texts(valley.folder) == before


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["deletion_threshold=500", "lakeview-usd"], "would have an error"),
        (["phone_types+=Hme", "lakeview-usd"], "would have an error"),
        (["phone_types+=Home", "--where", "true"], "would have an error"),
        (["deletion_threshold=often", "lakeview-usd"], "is a whole number"),
        (["manage_guardians=maybe", "lakeview-usd"], "is true or false"),
        (["deletion_threshold+=3", "lakeview-usd"], "is no list"),
        (["deletion_treshold=3", "lakeview-usd"], "there is no value called"),
        (["name=\x1b[31m", "lakeview-usd"], "needs a text on one line"),
        (["deletion_threshold=15"], "no district is named"),
        (["lakeview-usd"], "`set` names no value"),
        (["labels+=a", "--in-profile", "clever-standrd"], "did you mean"),
        (["labels+=a", "--in-profile", "clever-standard", "x"], "takes neither"),
        (["profile=clever-standrd", "lakeview-usd"], "there is no profile"),
        (["provider=nobody", "lakeview-usd"], "is not a label of 'provider'"),
        (["facts.clever_paused.from=2027-06-01", "lakeview-usd"], "is missing"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_nothing_is_written(
    valley: Console, arguments: list[str], why: str
) -> None:
    before = texts(valley.folder)
    said = valley.run("set", *arguments, "--yes")
    assert said.status in {1, 64}
    assert said.out == ""
    assert why in said.err
    assert texts(valley.folder) == before


def test_a_label_of_the_profile_is_removed_for_one_and_added_again(
    valley: Console,
) -> None:
    shared = "contact_relationships-=Other"
    gone = valley.run("set", shared, "lakeview-usd", "--yes")
    assert gone.status == 0, gone.err
    held = texts(valley.folder)
    assert "contact_relationships: [Parent, Grandparent]" in held[LAKEVIEW]
    assert "contact_relationships: [Parent, Grandparent, Other]" in held[PROFILE]
    assert "nothing to change" in valley.run("set", shared, "lakeview-usd", "--yes").err
    back = valley.run("set", "contact_relationships+=Other", "lakeview-usd", "--yes")
    assert back.status == 0, back.err
    text = texts(valley.folder)[LAKEVIEW]
    assert "contact_relationships: [Parent, Grandparent, Other]" in text


def test_a_label_of_the_project_and_a_fact_are_set_too(valley: Console) -> None:
    said = valley.run("set", "labels+=pilot", "setup_step=8", "lakeview-usd", "--yes")
    assert said.status == 0, said.err
    text = texts(valley.folder)[LAKEVIEW]
    assert "labels: [pilot]" in text
    assert "setup_step: 8" in text


def test_a_profile_is_changed_for_all_who_build_on_it(valley: Console) -> None:
    said = valley.run(
        "set", "unarchive_classrooms=false", "--in-profile", "clever-standard", "--yes"
    )
    assert said.status == 0, said.err
    assert "1 file to change; 3 districts build on it" in said.err
    assert "unarchive_classrooms: false" in texts(valley.folder)[PROFILE]
    broken = valley.run(
        "set", "phone_types+=Home", "--in-profile", "clever-standard", "--yes"
    )
    assert broken.status == 1
    assert "phone_types: [Cell]" in texts(valley.folder)[PROFILE]


@pytest.mark.parametrize("spelled", ["", "[]", " [ ] "])
def test_a_list_is_emptied(valley: Console, spelled: str) -> None:
    said = valley.run("set", f"phone_types={spelled}", "lakeview-usd", "--yes")
    assert said.status == 0, said.err
    assert "  phone_types: []\n" in texts(valley.folder)[LAKEVIEW]


def test_a_list_is_taken_as_yaml_and_json_spell_it(valley: Console) -> None:
    for labels in ("[pilot, west]", '["west", "pilot"]', "pilot, west"):
        said = valley.run("set", f"labels={labels}", "lakeview-usd", "--yes")
        assert said.status == 0, said.err
        assert "labels: [pilot, west]\n" in texts(valley.folder)[LAKEVIEW]


def test_what_a_period_holds_today_is_told_where_it_is_set(valley: Console) -> None:
    with (valley.folder / LAKEVIEW).open("a") as file:
        file.write(
            "scheduled:\n"
            "  - {from: 2027-01-10, to: 2027-01-20, reason: moved,"
            " settings: {deletion_threshold: 30}}\n"
        )
    said = valley.run("set", "deletion_threshold=17", "lakeview-usd", "--yes")
    assert said.status == 0, said.err
    assert (
        "lakeview-usd: deletion_threshold stays 30 until 2027-01-20, by `scheduled:`;"
        " what you set counts after"
    ) in said.err
    other = valley.run("set", "manage_guardians=false", "lakeview-usd", "--dry-run")
    assert "stays" not in other.err


def test_a_value_is_taken_out_and_its_comment_stays(valley: Console) -> None:
    said = valley.run("unset", "deletion_threshold", "lakeview-usd", "--yes")
    assert said.status == 0, said.err
    text = texts(valley.folder)[LAKEVIEW]
    assert "deletion_threshold" not in text
    assert "  # above our worst night in August\n" in text


def test_what_a_file_cannot_do_without_is_not_taken_out(valley: Console) -> None:
    before = texts(valley.folder)
    said = valley.run("unset", "name", "lakeview-usd", "--yes")
    assert said.status == 1
    assert "the key 'name' is missing; nothing was written" in said.err
    assert texts(valley.folder) == before


def test_one_file_that_needs_no_change_is_said_in_the_singular(valley: Console) -> None:
    said = valley.run("set", "deletion_threshold=15", "lakeview-usd", "--yes")
    assert "nothing to change: 1 file is so already" in said.err


def test_old_tokens_in_comments_are_not_shown(valley: Console) -> None:
    file = valley.folder / LAKEVIEW
    old = "  # token: 8f14e45fceea167a5a36dedd4bea2543\n"
    file.write_text(
        file.read_text().replace("  deletion_threshold", f"{old}  deletion_threshold")
    )
    said = valley.run("set", "deletion_threshold=17", "lakeview-usd", "--yes")
    assert said.status == 0
    assert "8f14e45fceea167a5a36dedd4bea2543" not in said.both
    assert old in file.read_text()


def test_a_disk_that_fills_leaves_every_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / name for name in ("a", "b", "c")]
    for file in files:
        file.write_text("old")
    real: Callable[[int], None] = os.fsync
    calls = []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_together(dict.fromkeys(files, "new"))
    assert [file.read_text() for file in files] == ["old"] * 3
    assert sorted(tmp_path.iterdir()) == files


def test_a_file_that_cannot_take_its_place_gives_the_others_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / name for name in ("a", "b", "c")]
    for file in files:
        file.write_text("old")
    real = Path.replace

    def refused(self: Path, target: Path) -> Path:
        if target == files[2] and self.read_text() == "new":
            raise OSError(errno.EPERM, "Operation not permitted")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(OSError, match="not permitted"):
        write_together(dict.fromkeys(files, "new"))
    assert [file.read_text() for file in files] == ["old"] * 3
    assert sorted(tmp_path.iterdir()) == files


def test_two_links_to_one_file_leave_nothing_beside_it(tmp_path: Path) -> None:
    there, links = tmp_path / "there", [tmp_path / "one", tmp_path / "two"]
    there.write_text("old")
    for link in links:
        link.symlink_to("there")
    before = sorted(tmp_path.iterdir())
    write_together(dict.fromkeys(links, "new"))
    assert there.read_text() == "new"
    # one file holds one text
    with pytest.raises(OSError, match="another link leads to this file"):
        write_together(dict(zip(links, ("this", "that"), strict=True)))
    assert there.read_text() == "new"
    assert sorted(tmp_path.iterdir()) == before


HEAD = "schema: 1\ndistrict: elm\nname: Elm\n"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("settings:\n  a: 1\n  b: 2\n", "settings:\n  b: 2\n"),
        ("settings:\n  b: 2\n  a: 1\n", "settings:\n  b: 2\n"),
        ("settings:\n  a: 1\nallow: []\n", "allow: []\n"),
        (
            "settings:\n  # why\n  a: 1 # so\n  b: 2",
            "settings:\n  # why\n  # so\n  b: 2",
        ),
        (
            "settings:\n  a:\n    - x # one\n    - y\n  b: 2\n",
            "settings:\n    # one\n  b: 2\n",
        ),
        ("settings:\r\n  a: 1\r\n  b: 2\r\n", "settings:\r\n  b: 2\r\n"),
        ("settings:\n  b: 2\n", "settings:\n  b: 2\n"),
    ],
)
def test_a_key_goes_and_every_other_letter_stays(text: str, after: str) -> None:
    if "# one" in text:
        after = after.replace("    # one", "  # one")
    assert remove_value(HEAD + text, ("settings", "a")) == HEAD + after


def test_a_key_in_braces_is_left_to_a_person() -> None:
    with pytest.raises(InvalidFiles, match="without losing"):
        remove_value(HEAD + "settings: {a: 1, b: 2}\n", ("settings", "a"))


def test_a_new_district_is_made_with_its_values(valley: Console) -> None:
    said = valley.run(
        "new", "elm", "--name", "Elm", "--profile", "clever-standard",
        "--district-id", "58da8a43cc70ab00017a1a99", "--token", "env:ELM_TOKEN",
        "--set", "deletion_threshold=12",
    )  # fmt: skip
    assert said.status == 0, said.err
    text = (valley.folder / "districts/elm.yaml").read_text()
    assert "58da8a43cc70ab00017a1a99" in text
    assert "oauth_token: env:ELM_TOKEN" in text
    assert "deletion_threshold: 12" in text
    assert valley.run("validate").status == 0


def test_a_new_district_takes_no_token_itself(valley: Console) -> None:
    token = "8f14e45fceea167a5a36dedd4bea2543"  # noqa: S105 - made up
    said = valley.run("new", "elm", "--name", "Elm", "--token", token)
    assert said.status == 1
    assert token not in said.both
    assert not (valley.folder / "districts/elm.yaml").exists()


LAKE = "districts/ca/lakeview-usd.yaml"


@pytest.mark.parametrize("name", ["rollover.from", "facts.rollover.from"])
def test_a_short_name_means_the_same_to_list_to_set_and_in_a_sheet(
    valley: Console, name: str
) -> None:
    (valley.folder / "s.csv").write_text(
        f"district,{name},rollover.to\nlakeview-usd,2027-06-01,2027-06-20\n"
    )
    said = valley.run("import", "--from-sheet", "s.csv", "--yes")
    assert said.status == 0, said.both
    shown = valley.run("list", "--columns", name, "--format", "csv").out
    assert "facts.rollover.from" in shown
    assert "2027-06-01" in shown
    assert valley.run("set", f"{name}=2027-06-02", "lakeview-usd", "-y").status == 0
    assert "2027-06-02" in (valley.folder / LAKE).read_text()


def test_a_list_is_emptied_as_yaml_spells_it(valley: Console) -> None:
    said = valley.run("set", "phone_types=[]", "lakeview-usd", "--yes")
    assert said.status == 0, said.both
    assert "  phone_types: []\n" in (valley.folder / LAKE).read_text()


def test_the_time_zone_is_set_as_a_value_and_in_a_sheet(valley: Console) -> None:
    zone = "timezone: America/Chicago\n"
    said = valley.run("set", "timezone=America/Chicago", "lakeview-usd", "--yes")
    assert said.status == 0, said.both
    assert zone in (valley.folder / LAKE).read_text()
    assert valley.run("unset", "timezone", "lakeview-usd", "--yes").status == 0
    assert zone not in (valley.folder / LAKE).read_text()
    sheet = valley.folder / "s.csv"
    sheet.write_text("district,Timezone\nlakeview-usd,America/Chicago\n")
    assert valley.run("import", "--from-sheet", "s.csv", "--yes").status == 0
    assert zone in (valley.folder / LAKE).read_text()
    assert valley.run("export", "--output", "out.csv").status == 0
    assert "timezone" in (valley.folder / "out.csv").read_text().partition("\n")[0]
    sheet.write_text("district,timezone\nlakeview-usd,Mars\n")
    refused = valley.run("import", "--from-sheet", "s.csv", "--yes")
    assert refused.status == 1
    assert "line 2, column 2 (timezone): 'Mars' is not a time zone" in refused.err


@pytest.mark.parametrize("name", ["allow", "allow.until", "scheduled", "scheduled.to"])
def test_what_has_parts_is_refused_with_where_it_is_written(
    valley: Console, name: str
) -> None:
    before = (valley.folder / LAKE).read_bytes()
    where = f"under {name.partition('.')[0]} in the district's file"
    said = valley.run("set", f"{name}=x", "lakeview-usd", "--yes")
    assert (said.status, where in said.err) == (64, True), said.err
    (valley.folder / "s.csv").write_text(f"district,{name}\nlakeview-usd,x\n")
    refused = valley.run("import", "--from-sheet", "s.csv", "--yes")
    assert (refused.status, where in refused.err) == (1, True), refused.err
    assert (valley.folder / LAKE).read_bytes() == before


@pytest.mark.parametrize("quote", ["'", '"'])
def test_quotes_that_a_shell_leaves_around_a_value_are_none_of_it(
    valley: Console, quote: str
) -> None:
    for value in ("student_id=STUDENT ID", "deletion_threshold=17", "phone_types=Home"):
        name, _, said = value.partition("=")
        bare = valley.run("set", value, "lakeview-usd", "--dry-run").out
        given = f"{name}={quote}{said}{quote}"
        assert valley.run("set", given, "lakeview-usd", "--dry-run").out == bare, given
