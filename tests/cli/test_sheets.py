"""Districts go into a spreadsheet and come back: what was not touched stays."""

from __future__ import annotations

import csv
import errno
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from console import Console
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from connectsync.config.schemas import render_district
from connectsync.files.sheets import csv_table, disarm, read_labels, rearm, spell_labels
from connectsync.files.writing import write_together
from connectsync.operations.editing import EditedFile, diff_lines
from connectsync.providers.clever import CLEVER
from connectsync.providers.form import Kind
from connectsync.report.terminal import Paint

ROOT = Path(__file__).resolve().parents[2]
LAKEVIEW = "districts/ca/lakeview-usd.yaml"
DRY_CREEK = "districts/tx/dry-creek-isd.yaml"
ENDINGS = pytest.mark.parametrize("ending", ["csv", "xlsx"])


def texts(folder: Path) -> dict[str, str]:
    found = sorted((folder / "districts").rglob("*.yaml"))
    return {one.relative_to(folder).as_posix(): one.read_text("utf-8") for one in found}


def table(path: Path) -> list[dict[str, Any]]:
    """Read a sheet as any other program does; empty cells are left out."""
    if path.suffix == ".csv":
        rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    else:
        book = import_module("python_calamine").load_workbook(path)
        rows = book.get_sheet_by_index(0).to_python()
    return [
        {head: cell for head, cell in zip(rows[0], row, strict=True) if cell != ""}
        for row in rows[1:]
    ]


def save(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a sheet as any other program does."""
    heads = list(dict.fromkeys(head for row in rows for head in row))
    if path.suffix == ".csv":
        cells = [[row.get(head) for head in heads] for row in rows]
        path.write_text(csv_table(heads, cells), "utf-8")
        return
    book = import_module("xlsxwriter").Workbook(str(path))
    sheet = book.add_worksheet("Sheet1")
    sheet.write_row(0, 0, heads)
    for down, row in enumerate(rows, 1):
        for at, head in enumerate(heads):
            value = row.get(head, "")
            write = sheet.write_string if isinstance(value, str) else sheet.write
            write(down, at, value)
    book.close()


@ENDINGS
def test_an_export_that_is_taken_back_changes_nothing(
    tmp_path: Path, ending: str
) -> None:
    import shutil

    for name in ("connectsync.yaml", "districts"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    fleet, before = Console(tmp_path), texts(tmp_path)
    for columns in ([], ["--columns", "all"]):
        said = fleet.run("export", "-o", f"fleet.{ending}", *columns)
        assert (said.status, said.out) == (0, "")
        said = fleet.run("import", "--from-sheet", f"fleet.{ending}", "--yes")
        assert (said.status, said.out) == (0, "")
        assert "nothing to change: 15 districts as the sheet says" in said.err
    assert texts(tmp_path) == before


@ENDINGS
def test_a_changed_cell_changes_that_line_and_keeps_the_comment(
    valley: Console, ending: str
) -> None:
    sheet, before = valley.folder / f"fleet.{ending}", texts(valley.folder)
    assert valley.run("export", "-o", str(sheet)).status == 0
    rows = table(sheet)
    by_key = {row["district"]: row for row in rows}
    by_key["lakeview-usd"]["deletion_threshold"] = 17
    by_key["dry-creek-isd"]["phone_types"] = "Work"
    save(sheet, rows)
    said = valley.run("import", "--from-sheet", str(sheet))
    assert said.status == 3
    assert texts(valley.folder) == before
    said = valley.run("import", "--from-sheet", str(sheet), "--yes")
    assert said.status == 0, said.err
    after = texts(valley.folder)
    assert {one for one in after if after[one] != before[one]} == {LAKEVIEW, DRY_CREEK}
    line = "  deletion_threshold: 17  # above our worst night in August\n"
    assert line in after[LAKEVIEW]
    assert f"+{line}" in said.out
    # what the profile said before is the file's own now, and nothing else of it
    assert after[DRY_CREEK] == before[DRY_CREEK] + "  phone_types: [Work]\n"


def test_words_unset_take_back_and_empty_a_list(valley: Console) -> None:
    rows = [
        {"district": "lakeview-usd", "deletion_threshold": "(unset)"},
        {"district": "dry-creek-isd", "phone_types": "(null)", "labels": "(none)"},
    ]
    path = valley.folder / DRY_CREEK
    path.write_text(path.read_text().replace("facts:", "labels: [pilot]\nfacts:"))
    save(valley.folder / "some.csv", rows)
    said = valley.run("import", "--from-sheet", "some.csv", "--yes")
    assert said.status == 0, said.err
    after = texts(valley.folder)
    assert "deletion_threshold" not in after[LAKEVIEW]
    assert "# above our worst night in August" in after[LAKEVIEW]
    assert "  phone_types: null\n" in after[DRY_CREEK]
    assert "labels: []\n" in after[DRY_CREEK]
    again = valley.run("import", "--from-sheet", "some.csv", "--yes")
    assert "nothing to change" in again.err


def test_a_profile_that_changed_meanwhile_is_not_undone_by_an_old_sheet(
    valley: Console,
) -> None:
    sheet = valley.folder / "fleet.csv"
    assert valley.run("export", "-o", "fleet.csv").status == 0
    assert valley.run("set", "phone_types=Work", "--in-profile", "clever-standard",
                      "--yes").status == 0  # fmt: skip
    assert (
        valley.run("set", "deletion_threshold=12", "lakeview-usd", "--yes").status == 0
    )
    before = texts(valley.folder)
    said = valley.run("import", "--from-sheet", "fleet.csv", "--yes")
    assert (said.status, texts(valley.folder)) == (0, before)
    assert "4 cells left out: the files changed since the sheet was written" in said.err
    rows = table(sheet)
    lakeview = next(row for row in rows if row["district"] == "lakeview-usd")
    lakeview["deletion_threshold"] = "19"
    save(sheet, rows)
    said = valley.run("import", "--from-sheet", "fleet.csv", "--yes")
    assert (said.status, texts(valley.folder)) == (1, before)
    assert "(deletion_threshold): was changed in the files since" in said.err
    for row in rows:
        del row["version"]
    save(sheet, [lakeview])
    said = valley.run("import", "--from-sheet", "fleet.csv", "--yes")
    assert "  deletion_threshold: 19" in texts(valley.folder)[LAKEVIEW]


@ENDINGS
def test_new_rows_make_files_and_keep_their_zeros(valley: Console, ending: str) -> None:
    sheet = valley.folder / f"new.{ending}"
    rows: list[dict[str, Any]] = [
        {
            "District": "elm-usd",
            "Name": "Elm, Unified",
            "profile": "clever-standard",
            "District ID": "0012",
            "oauth_token": "env:ELM_TOKEN",
            "Phone Types to sync": "Work",
            "setup step": 4,
        },
        {"District": "oak-usd", "Name": "Oak"},
    ]
    save(sheet, rows)
    before = texts(valley.folder)
    asked = ("new", "--from-sheet", str(sheet), "--in", "wa")
    looked = valley.run(*asked, "--dry-run")
    assert (looked.status, texts(valley.folder)) == (0, before), looked.err
    said = valley.run(*asked, "--yes")
    assert said.status == 0, said.err
    assert looked.out == said.out
    assert "--- /dev/null\n+++ b/districts/wa/elm-usd.yaml\n" in said.out
    made = texts(valley.folder)["districts/wa/elm-usd.yaml"]
    assert 'name: "Elm, Unified"\nprofile: clever-standard\n' in made
    assert '  district_id: "0012"\n  oauth_token: env:ELM_TOKEN\n' in made
    assert "  setup_step: 4\n" in made
    assert "  phone_types: [Work]\n" in made
    assert valley.run("validate").status == 0
    again = valley.run("new", "--from-sheet", str(sheet), "--yes")
    assert again.status == 1
    way = "`connectsync import --from-sheet FILE`"
    assert again.err.count(f"is there already; {way}") == 2


def test_nothing_is_written_where_one_row_would_have_an_error(valley: Console) -> None:
    before = texts(valley.folder)
    rows = [
        {"district": "lakeview-usd", "deletion_threshold": "16", "phone_types": ""},
        {"district": "dry-creek-isd", "deletion_threshold": "", "phone_types": "Hme"},
        {"district": "new-one", "name": "New", "phone_types": "Cell, Home"},
    ]
    save(valley.folder / "some.csv", rows)
    said = valley.run("import", "--from-sheet", "some.csv", "--yes")
    assert (said.status, texts(valley.folder)) == (1, before)
    assert "some.csv: 2 cells cannot be taken; nothing was written:" in said.err
    assert "line 3, column 3 (phone_types): 'Hme' is not a label" in said.err
    assert "did you mean 'Home'?" in said.err
    assert "line 4, column 3 (phone_types):" in said.err


def test_columns_that_mean_nothing_are_refused_or_left_out(valley: Console) -> None:
    row = {"district": "lakeview-usd", "Superintendent": "A. Lee", "phone_tpes": "Work"}
    save(valley.folder / "some.csv", [row | {"deletion_threshold": "16"}])
    said = valley.run("import", "--from-sheet", "some.csv", "--yes")
    assert said.status == 1
    assert (
        "line 1, column 2: no value that can be set is called 'Superintend" in said.err
    )
    assert "did you mean 'phone_types'?" in said.err
    ignoring = ("import", "--from-sheet", "some.csv", "--ignore-unknown", "--yes")
    said = valley.run(*ignoring)
    assert said.status == 0
    assert "columns left out: Superintendent, phone_tpes" in said.err
    assert "deletion_threshold: 16" in texts(valley.folder)[LAKEVIEW]


def test_part_of_a_mapping_that_a_profile_states_keeps_the_rest(
    valley: Console,
) -> None:
    value = "facts.clever_shares.contact_types=Parent/Guardian,Family"
    said = valley.run("set", value, "lakeview-usd", "-y")
    assert said.status == 0, said.err
    written = texts(valley.folder)[LAKEVIEW]
    assert "contact_types: [Parent/Guardian, Family]" in written
    assert "contacts: true" in written
    said = valley.run("list", "--columns", "facts.clever_shares.contact_relationships")
    assert said.out.count("Grandparent, Other") == 3


def test_a_fresh_project_begins_with_a_sheet(tmp_path: Path) -> None:
    (tmp_path / "connectsync.yaml").write_text("schema: 1\n")
    fresh = Console(tmp_path)
    assert fresh.run("export", "-o", "empty.csv").status == 0
    assert (tmp_path / "empty.csv").read_text("utf-8-sig").startswith("district,name,")
    save(tmp_path / "all.csv", [{"district": "elm-usd", "name": "Elm"}])
    said = fresh.run("import", "--from-sheet", "all.csv", "--yes")
    assert said.status == 0, said.err
    assert list(texts(tmp_path)) == ["districts/elm-usd.yaml"]
    bare = Console(tmp_path / "districts")
    (tmp_path / "connectsync.yaml").unlink()
    for command in ("new", "import"):
        assert bare.run(command, "--from-sheet", "../all.csv", "--yes").status == 64


NASTY = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "a;=HYPERLINK(1)", "'=1", "'"]
NASTY += ['a;"=1+1;"', 'a;""@SUM(A1)', 'a;"\'=1;"']


@pytest.mark.parametrize(
    "name", [*NASTY, "_x0041_", "a,b", 'a"b', "0123", "1E5", "TRUE"]
)
@ENDINGS
def test_no_name_is_a_formula_and_every_name_comes_back(
    valley: Console, name: str, ending: str
) -> None:
    path = valley.folder / LAKEVIEW
    text = path.read_text().replace(
        "Lakeview Unified School District", json.dumps(name)
    )
    path.write_text(text)
    sheet = valley.folder / f"fleet.{ending}"
    said = valley.run("export", "-o", str(sheet))
    if "\t" in name:
        return
    assert said.status == 0, said.err
    if ending == "csv":
        cells = [cell for row in table(sheet) for cell in row.values()]
        assert not [one for one in cells if one.startswith(("=", "+", "-", "@", "\t"))]
        # nor where a program parts cells by semicolons
        assert ";=" not in sheet.read_text()
        with sheet.open(encoding="utf-8-sig", newline="") as file:
            parted = [cell for row in csv.reader(file, delimiter=";") for cell in row]
        assert not [one for one in parted[1:] if one.startswith(("=", "+", "-", "@"))]
    else:
        with zipfile.ZipFile(sheet) as archive:
            assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    again = valley.run("import", "--from-sheet", str(sheet), "--yes")
    assert (again.status, path.read_text()) == (0, text), again.err
    assert "nothing to change" in again.err


PIECES = (*"='+-@;:#[\t\n\r a\u3000\xa0", "::", "##", "##vso", "##teamcity", "##[")


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_what_is_made_inert_comes_back_as_it_was(text: str) -> None:
    assert rearm(disarm(text)) == text
    assert not re.search(r"(?:^|[;\t\n\r])[=+@-]", disarm(text))
    # a runner trims every kind of space off a line
    lines = re.split(r"[\r\n]+", disarm(text))
    assert [line for line in lines if line.strip().startswith("::")] == []
    assert not re.search(r"##(vso|teamcity)?\[", disarm(text))


@given(st.lists(st.text("ab, \"'-=é/", min_size=1).map(str.strip).filter(bool)))
def test_labels_come_back_whatever_is_in_them(labels: list[str]) -> None:
    assert read_labels(spell_labels(labels)) == labels


def _value(setting: Any) -> st.SearchStrategy[Any]:
    match setting.kind:
        case Kind.BOX:
            return st.booleans()
        case Kind.BOXES:
            most = 1 if setting.one_label else None
            return st.lists(st.sampled_from(setting.labels), unique=True, max_size=most)
        case Kind.PERCENT:
            return st.integers(0, 100)
        case _ if setting.labels:
            return st.sampled_from(setting.labels)
        case _:
            return st.just("(placeholder) Restore")


FORM = st.fixed_dictionaries(
    {},
    optional={
        one.name: st.none() | _value(one)
        for one in CLEVER.settings
        if one.section == "settings"
    },
)
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "setup_step": st.none() | st.integers(1, 9),
        "rollover": st.just({"from": "2027-06-01", "to": "2027-08-01"}),
        "guardians_csv": st.just({"level": "district", "encoding": "UTF-8"}),
        "guardians_from": st.sampled_from(["clever", "none"]),
    },
)
NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]),
    min_size=1,
    max_size=20,
).filter(lambda name: name.strip(" "))


@settings(
    max_examples=25, phases=[Phase.explicit, Phase.reuse, Phase.generate], deadline=None
)
@given(
    profile=st.tuples(FORM, FACTS),
    districts=st.lists(st.tuples(NAMES, FORM, FACTS, st.booleans()), max_size=4),
)
def test_any_fleet_comes_back_from_a_sheet_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    profile: tuple[dict[str, Any], dict[str, Any]],
    districts: list[tuple[str, dict[str, Any], dict[str, Any], bool]],
) -> None:
    folder = tmp_path_factory.mktemp("fleet")
    (folder / "districts/_profiles").mkdir(parents=True)
    (folder / "connectsync.yaml").write_text(
        "schema: 1\noptions:\n  archived_students: ['(placeholder) Restore']\n"
    )
    shared = {"schema": 1, "settings": profile[0], "facts": profile[1]}
    (folder / "districts/_profiles/shared.yaml").write_text(
        render_district(shared, name="profile"), "utf-8"
    )
    for at, (name, form, facts, builds) in enumerate(districts):
        data = {"schema": 1, "district": f"d-{at}", "name": name, "settings": form}
        data |= {"profile": "shared"} if builds else {"provider": "clever"}
        text = f"# about {at}\n" + render_district(data | {"facts": facts})
        (folder / f"districts/d-{at}.yaml").write_text(f"{text}# the end\n", "utf-8")
    fleet, before = Console(folder), texts(folder)
    for ending in ("csv", "xlsx"):
        said = fleet.run("export", "-o", f"fleet.{ending}", "--columns", "all")
        assert said.status == 0, said.err
        said = fleet.run("import", "--from-sheet", f"fleet.{ending}", "--yes")
        assert said.status == 0, said.err
        assert "nothing to change" in said.err
        assert texts(folder) == before


def test_the_workbook_freezes_its_headings_and_offers_what_a_cell_may_be(
    valley: Console,
) -> None:
    for name in ("one.xlsx", "two.xlsx"):
        assert valley.run("export", "-o", name, "--columns", "all").status == 0
    assert (valley.folder / "one.xlsx").read_bytes() == (
        valley.folder / "two.xlsx"
    ).read_bytes()
    with zipfile.ZipFile(valley.folder / "one.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        strings = archive.read("xl/sharedStrings.xml").decode()
    assert '<pane xSplit="1" ySplit="1"' in sheet
    offered = re.findall(
        r"<formula1>Columns!\$D\$(\d+):\$([A-Z]+)\$\1</formula1>", sheet
    )
    assert len(offered) == 24
    assert "<formula1>0</formula1><formula2>100</formula2>" in sheet
    assert "Which contacts become guardians" in strings or "guardians" in strings
    rows = table(valley.folder / "one.xlsx")
    assert rows[1]["deletion_threshold"] == 15
    assert rows[1]["enable_daily_sync"] == "true"
    assert "phone_types" in rows[1]["inherited"].split(", ")
    assert "deletion_threshold" not in rows[1]["inherited"].split(", ")


def test_a_token_that_is_none_by_reference_is_in_no_sheet(valley: Console) -> None:
    token = "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c"  # noqa: S105 - made up
    path = valley.folder / LAKEVIEW
    path.write_text(path.read_text().replace("env:LAKEVIEW_USD_TOKEN", token))
    said = valley.run("export", "-o", "fleet.csv")
    assert said.status == 0
    assert f"left out, for these have errors: {LAKEVIEW}" in said.err
    sheet = (valley.folder / "fleet.csv").read_text()
    assert "env:DRY_CREEK_ISD_TOKEN" in sheet
    assert token not in sheet + said.both
    row = {"district": "dry-creek-isd", "oauth_token": token}
    save(valley.folder / "some.csv", [row])
    said = valley.run("import", "--from-sheet", "some.csv", "--yes")
    assert said.status == 1
    assert "is no reference to a token, such as env:NAME" in said.err
    for column in ("district_id", "deletion_threshold", "setup_step", "phone_types"):
        save(valley.folder / "some.csv", [{"district": "dry-creek-isd", column: token}])
        said = valley.run("import", "--from-sheet", "some.csv", "--yes")
        assert said.status == 1
        assert token not in said.both or column == "phone_types"


def test_list_writes_a_workbook_to_read(valley: Console) -> None:
    said = valley.run("list", "--format", "xlsx", "-o", "list.xlsx")
    assert (said.status, said.out) == (0, "")
    rows = table(valley.folder / "list.xlsx")
    assert [row["district"] for row in rows] == [
        "harbor-point-usd",
        "lakeview-usd",
        "dry-creek-isd",
    ]
    assert rows[1]["settings.deletion_threshold"] == 15
    assert rows[1]["settings.phone_types"] == "Cell"
    refused = valley.run("list", "--format", "xlsx")
    assert (refused.status, refused.out) == (64, "")
    assert "name the file with --output FILE" in refused.err


def test_some_districts_and_columns_are_exported(valley: Console) -> None:
    said = valley.run("export", "districts/ca", "-o", "ca.csv", "--columns", "Name")
    assert said.status == 0
    (first, second) = table(valley.folder / "ca.csv")
    assert list(first) == ["district", "name", "version"]
    assert second["district"] == "lakeview-usd"
    for arguments, why in (
        (["-o", "fleet.ods"], "is neither an .xlsx nor a .csv file"),
        (["-o", "x.csv", "--columns", "phon_types"], "did you mean"),
        (["-o", "districts"], "is a folder"),
    ):
        said = valley.run("export", *arguments)
        assert said.status == 64
        assert why in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["new"],
        ["new", "elm-usd"],
        ["new", "elm-usd", "--from-sheet", "x.csv"],
        ["import", "lakeview-usd", "--from-sheet", "x.csv"],
        ["import", "--yes"],
        ["import", "--from-sheet", "gone.csv"],
    ],
)
def test_what_cannot_go_together_is_refused(
    valley: Console, arguments: list[str]
) -> None:
    before = texts(valley.folder)
    assert valley.run(*arguments).status == 64
    assert texts(valley.folder) == before


def test_without_the_extra_a_csv_does_and_a_workbook_says_what_it_needs(
    valley: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    for name in ("xlsxwriter", "python_calamine"):
        monkeypatch.setitem(sys.modules, name, None)
    said = valley.run("export", "-o", "fleet.xlsx")
    assert said.status == 64
    assert "XLSX files need the extra `sheets`, which is not installed" in said.err
    assert "'xlsxwriter>=3.3' 'python-calamine>=0.9'" in said.err
    assert valley.run("export", "-o", "fleet.csv").status == 0
    (valley.folder / "x.xlsx").write_bytes(b"PK")
    assert "the extra `sheets`" in valley.run("import", "--from-sheet", "x.xlsx").err


def test_a_file_that_was_new_is_gone_again_where_not_all_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "old"
    old.write_text("before")
    replace, count = Path.replace, iter(range(10))

    def fail(self: Path, target: Path) -> Path:
        if next(count) == 2:
            raise OSError(errno.ENOSPC, "full")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    files = [tmp_path / "new", old, tmp_path / "other"]
    with pytest.raises(OSError, match="full"):
        write_together(dict.fromkeys(files, "after"))
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {
        "old": "before"
    }


SHARED = """
settings:
  manage_guardians: true
  contact_types: [Parent/Guardian]
"""
SHIFTED = """
facts:
 clever_shares:
  contacts: true
  contact_types: [Parent/Guardian]
"""


def shown_for(befores: Mapping[str, str], old: str, new: str) -> list[str]:
    edited = [
        EditedFile(file, text, text.replace(old, new)) for file, text in befores.items()
    ]
    return [*diff_lines(edited, Paint(False))]


DEEPER = """
settings:
    manage_guardians: true
    deletion_threshold: 15
"""
PERIOD = """
scheduled:
- from: 2027-06-01
  settings:
    deletion_threshold: 15
"""


@pytest.mark.parametrize(
    ("other", "usual", "old", "new"),
    [
        (SHIFTED, SHARED, "[Parent/Guardian]", "[Parent/Guardian, Emergency]"),
        (PERIOD, DEEPER, "threshold: 15", "threshold: 60"),
    ],
    ids=["facts", "scheduled"],
)
def test_a_change_stands_for_others_only_where_it_is_the_same_setting(
    other: str, usual: str, old: str, new: str
) -> None:
    """The author of a file decides how deep its lines stand."""
    same = {f"districts/{one}.yaml": usual for one in "bcd"}
    said = shown_for({"districts/a.yaml": other, **same}, old, new)
    assert said[0] == "--- a/districts/a.yaml"
    assert "--- a/districts/b.yaml" in said
    assert said[-1] == "the same in 2 other files: c, d"


def test_a_change_of_a_profile_is_not_the_same_as_that_of_a_district() -> None:
    """The change of a profile is that of all its districts."""
    files = [f"districts/{one}.yaml" for one in ("a", "b", "c", "_profiles/a")]
    texts = dict.fromkeys(files, SHARED)
    said = shown_for(texts, "[Parent/Guardian]", "[Emergency]")
    assert "the same in 2 other files: b, c" in said
    assert "--- a/districts/_profiles/a.yaml" in said
    profiles = {f"districts/_profiles/{one}.yaml": SHARED for one in "abc"}
    said = shown_for(profiles, "[Parent/Guardian]", "[Emergency]")
    assert "districts/_profiles/c.yaml" in " ".join(said)


def test_a_sheet_shows_each_change_that_is_not_the_same(valley: Console) -> None:
    for number, key in enumerate(("aa-usd", "bb-usd", "cc-usd")):
        body = SHIFTED + SHARED if number == 0 else SHARED
        (valley.folder / f"districts/{key}.yaml").write_text(
            f"schema: 1\ndistrict: {key}\nname: {key}\nprovider: clever\n"
            f"credentials: {{district_id: 58da8a43cc70ab00017a1a{number}a}}\n{body}",
            "utf-8",
        )
    wide = "Parent/Guardian, Emergency"
    rows = [
        {"district": "aa-usd", "facts.clever_shares.contact_types": wide},
        *({"district": one, "contact_types": wide} for one in ("bb-usd", "cc-usd")),
    ]
    save(valley.folder / "s.csv", rows)
    said = valley.run("import", "--from-sheet", "s.csv", "--dry-run")
    assert "3 files to change" in said.both
    assert said.out.count("+++ b/districts/") == 3
    assert "the same in" not in said.out
