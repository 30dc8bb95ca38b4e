"""``roster check``: what it finds, how it says so, and what it never says."""

from __future__ import annotations

import json
import os
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest
from console import Console, Said
from rosters import (
    MARK,
    clever,
    guardians,
    lay_roster,
    marked,
    oneroster,
    rows_of,
    with_manifest,
    zip_roster,
)
from screen import on_a_terminal

from connectsync.config.decode import Ground
from connectsync.errors import InvalidFiles
from connectsync.operations.roster_files import RosterFileOptions, share_gone
from connectsync.report.reporter import formats_of
from connectsync.roster.checking import FileCheck

FORMATS = formats_of("findings")


@pytest.fixture
def here(tmp_path: Path) -> Console:
    """Give a project with a district that states a threshold and an id."""
    folder = tmp_path / "project"
    (folder / "districts").mkdir(parents=True)
    (folder / "connectsync.yaml").write_text("schema: 1\n")
    (folder / "districts" / "lakeview-usd.yaml").write_text(
        "schema: 1\ndistrict: lakeview-usd\nname: Lakeview\n"
        "settings:\n  deletion_threshold: 15\n  student_id: STUDENT ID\n"
        "allow:\n  - rule: roster-phone-unusable\n    reason: landlines without area"
        " code\n    until: 2999-01-01\n"
    )
    return Console(folder)


def name_token(console: Console) -> None:
    """Give the district what it needs to be counted."""
    file = console.folder / "districts" / "lakeview-usd.yaml"
    known = "credentials: {district_id: 58da8a43cc70ab00017a1a87,"
    file.write_text(f"{file.read_text()}{known} oauth_token: env:LAKEVIEW_TOKEN}}\n")


def rules_in(said: Said) -> list[str]:
    return [one["rule"] for one in json.loads(said.out)["findings"]]


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


KINDS: Mapping[str, Callable[[], dict[str, bytes]]] = {
    "Clever": clever,
    "OneRoster 1.1": oneroster,
    "OneRoster 1.2": lambda: oneroster("1.2"),
    "guardians": lambda: clever() | guardians(),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_a_clean_roster_has_no_finding(
    kind: str,
    packed: bool,  # noqa: FBT001 - a case
    here: Console,
) -> None:
    files = KINDS[kind]()
    if packed:
        zip_roster(files, here.folder / "roster.zip")
    else:
        lay_roster(files, here.folder / "roster")
    said = here.run("roster", "check", "roster.zip" if packed else "roster")
    assert said.status == 0, said.both
    assert said.out == f"{len(files)} files, no findings\n"


def broken(files: dict[str, bytes]) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Give rosters of marked values that fail in every way."""
    every = marked(files)
    yield "marked", every
    yield "uneven", {k: v + b"a," + MARK.encode() + b"\r\n" for k, v in every.items()}
    quoted = f'"{MARK}"{MARK},{MARK}\r\n"{MARK}'.encode()
    yield "quotes", {name: raw + quoted for name, raw in every.items()}
    yield "latin-1", {n: raw + MARK.encode() + b"\xf1,\r\n" for n, raw in every.items()}
    yield "zeros", {n: raw + MARK.encode() + b"\0,\r\n" for n, raw in every.items()}
    yield "headless", {n: raw.partition(b"\n")[2] for n, raw in every.items()}
    semicolons = {name: raw.replace(b",", b";") for name, raw in every.items()}
    yield "semicolons", semicolons
    yield "long", {n: raw + MARK.encode() * 300_000 for n, raw in every.items()}
    yield "carriage returns", {n: r.replace(b"\r\n", b"\r") for n, r in every.items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.sampled(2)
def test_no_byte_that_is_written_or_printed_holds_a_value(
    kind: str, here: Console, tmp_path: Path
) -> None:
    needles = (MARK.encode(), MARK.lower().encode())
    (here.folder / "ok").mkdir()
    for way, files in broken(KINDS[kind]()):
        roster = lay_roster(files, tmp_path / "rosters" / way)
        zip_roster(files, tmp_path / "rosters" / f"{way}.zip")
        for at, format_ in enumerate(FORMATS):
            named = [f"{roster}.zip" if at % 2 else str(roster), "--format", format_]
            if at % 3 == 0:
                named += ["--previous", str(roster), "--threshold", "1"]
            before = everything(here.folder)
            said = here.run("roster", "check", *named)
            assert said.status == 1, said.both
            assert everything(here.folder) == before
            kept = here.run("roster", "check", *named, "--output", "ok/report.txt")
            assert kept.status == 1
            written = (here.folder / "ok" / "report.txt").read_bytes()
            (here.folder / "ok" / "report.txt").unlink()
            for text in (said.both.encode(), kept.both.encode(), written):
                assert not any(one in text for one in needles), (way, format_)


def test_a_bug_keeps_no_value_in_its_log(
    here: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: FileCheck, fields: list[str]) -> None:
        raise RuntimeError(*fields)

    monkeypatch.setattr(FileCheck, "_row", fail)
    lay_roster(marked(clever()), here.folder / "roster")
    said = here.run("roster", "check", "roster")
    assert said.status == 70
    (log,) = tmp_path.glob("connectsync-*.log")
    assert MARK not in said.both + log.read_text()


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_names_file_line_and_rule(format_: str, here: Console) -> None:
    files = clever()
    files["contacts.csv"] = rows_of(["contact_id", "student_id"], [["C1", "9"]])
    lay_roster(files, here.folder / "roster")
    said = here.run("roster", "check", "roster", "--format", format_)
    assert said.status == 1
    for wanted in ("roster/contacts.csv", "roster-reference-unknown"):
        assert wanted in said.out.replace("\\/", "/")
    places = {
        "text": "roster/contacts.csv:2:4",
        "concise": "roster/contacts.csv:2:4",
        "json": '"line": 2,\n      "column": 4',
        "sarif": '"startLine":2,"startColumn":4',
        "github": "line=2,col=4,endColumn=5",
        "gitlab": '"begin": 2',
        "junit": "line 2, column 4",
        "markdown": "roster/contacts.csv:2:4",
        "html": "roster/contacts.csv:2:4",
    }
    assert places[format_] in said.out
    assert "validate" not in said.out or format_ == "html"


def test_the_columns_of_a_row_on_several_lines_are_exact(here: Console) -> None:
    text = 'Student ID,Name,Email\n1,"Luz, ""L""\nRivera",luz\n'
    (here.folder / "guardians.csv").write_text(text)
    said = here.run("roster", "check", "guardians.csv", "--format", "json")
    (found,) = json.loads(said.out)["findings"]
    assert (found["rule"], found["line"], found["column"]) == (
        "roster-email-unusable",
        3,
        9,
    )


def test_of_very_many_the_first_are_named_and_all_are_counted(here: Console) -> None:
    rows = [[f"{number}", "x"] for number in range(5000)]
    raw = rows_of(["Student ID", "Email"], rows)
    (here.folder / "guardians.csv").write_bytes(raw)
    said = here.run("roster", "check", "guardians.csv", "--format", "json")
    report = json.loads(said.out)
    assert report["summary"]["warnings"] == 5000
    assert len(report["findings"]) == 101
    assert "and 4,900 more" in said.out


def test_values_are_shown_on_a_terminal_and_nowhere_else(here: Console) -> None:
    raw = rows_of(["Student ID", "Email"], [["1", "luz-rivera"]])
    (here.folder / "guardians.csv").write_bytes(raw)
    command = ("roster", "check", "guardians.csv")
    for more in ([], ["--format", "json"], ["--output", "report.txt"]):
        said = here.run(*command, "--show-values", *more)
        assert said.status == 64
        assert "on a terminal alone" in said.err.replace("\n", " ")
        assert "luz" not in said.both
    program = [sys.executable, "-m", "connectsync", *command]
    plain = on_a_terminal(program, here.folder)
    shown = on_a_terminal([*program, "--show-values"], here.folder)
    assert plain.status == shown.status == 0
    assert "luz-rivera" not in plain.text
    assert "1,luz-rivera" in shown.text


SAID: dict[str, tuple[str, str]] = {
    "truncated zip": ("roster-file-not-readable", "cut off on the way"),
    "zip bomb": ("roster-file-not-readable", "it would unpack to"),
    "forged directory": ("roster-file-not-readable", "no zip that can be read"),
    "zip with a password": ("roster-file-not-readable", "needs a password"),
    "workbook": ("roster-file-not-readable", "a workbook of Excel"),
    "million columns": ("roster-not-csv", "1,000,000 columns"),
    "million named columns": ("roster-not-csv", "columns; no roster has so many"),
    "million fields": ("roster-not-csv", "1,000,004 columns; no roster has so many"),
    "damaged byte": ("roster-file-not-readable", "no zip that can be read: damaged"),
    "damaged header": ("roster-file-not-readable", "no zip that can be read: damaged"),
    "two spellings": (
        "roster-file-not-readable",
        "it holds Students.csv and students.csv, and only one can be meant",
    ),
    "two kinds": (
        "roster-file-not-readable",
        "it holds students.csv of Clever and users.csv of OneRoster",
    ),
    "endless row": ("roster-not-csv", "longer than 1,048,576 bytes"),
    "zero": ("roster-not-csv", "NUL character"),
    "semicolons": ("roster-not-csv", "separated by semicolons"),
    "tabs": ("roster-not-csv", "separated by tabs"),
    "empty": ("roster-file-empty", "nothing in it"),
    "repeated header": ("roster-header-unclear", "has the name of another one"),
    "UTF-16": ("roster-not-utf-8", "saved as UTF-16"),
    "pipe": ("roster-file-not-readable", "a named pipe"),
    "device": ("roster-file-not-readable", "a device"),
    "link out": ("roster-file-not-readable", "link that leads out of the project"),
    "link in a folder": ("roster-file-not-readable", "leads out of"),
    "dead link": ("roster-file-not-readable", "a link to what is not there"),
    "open quote": ("roster-not-csv", "a quote is opened here and never closed"),
    "carriage returns": ("roster-not-csv", "ends in a carriage return alone"),
    "quote in the header": ("roster-not-csv", "text behind the quote"),
}


def lay_bad(way: str, folder: Path) -> str:  # noqa: C901, PLR0911, PLR0912, PLR0915 - a table
    path, header = (
        folder / "students.csv",
        b"School_id,Student_id,Last_name,First_name\n",
    )
    match way:
        case "truncated zip":
            raw = zip_roster(clever(), folder / "r.zip").read_bytes()
            (folder / "r.zip").write_bytes(raw[: len(raw) // 2])
            return "r.zip"
        case "zip bomb":
            zip_roster({"students.csv": bytes(70 << 20)}, folder / "r.zip")
            return "r.zip"
        case "forged directory":
            raw = zip_roster(clever(), folder / "r.zip").read_bytes()
            end = bytearray(raw[-22:])
            end[12:16] = struct.pack("<L", 0x7FFFFFFF)
            (folder / "r.zip").write_bytes(raw[:-22] + bytes(end))
            return "r.zip"
        case "zip with a password":
            packed = bytearray(zip_roster(clever(), folder / "r.zip").read_bytes())
            packed[packed.index(b"PK\1\2") + 8] |= 1
            (folder / "r.zip").write_bytes(packed)
            return "r.zip"
        case "workbook":
            zip_roster({"[Content_Types].xml": b"<x/>"}, folder / "students.csv")
        case "damaged byte" | "damaged header":
            with zipfile.ZipFile(folder / "r.zip", "w") as archive:
                archive.writestr(path.name, header + b'1,2,"3",4\n' * 20_000)
            raw = (folder / "r.zip").read_bytes()
            found = raw.index(b'2,"3"' if way == "damaged byte" else b"Student")
            (folder / "r.zip").write_bytes(raw[:found] + b'"' + raw[found + 1 :])
            return "r.zip"
        case "two spellings":
            twice = dict.fromkeys(("Students.csv", path.name), header + b"1,2,3,4\n")
            zip_roster(twice, folder / "r.zip")
            return "r.zip"
        case "two kinds":
            both = {path.name: header + b"1,2,3,4\n"}
            both |= {"users.csv": oneroster()["users.csv"]}
            lay_roster(both, folder / "roster")
            return "roster"
        case "million named columns":
            path.write_bytes(b",".join(b"c%d" % one for one in range(1_000_000)))
        case "million fields":
            path.write_bytes(header + b"1,2,3,4" + b"," * 1_000_000 + b"\n")
        case "million columns":
            path.write_bytes(b"," * 999_999 + b"\n")
        case "endless row":
            path.write_bytes(header + b"a" * 2_000_000)
        case "zero":
            path.write_bytes(header + b"1,2\0,3,4\n")
        case "semicolons":
            path.write_bytes(header.replace(b",", b";") + b"1;2;3;4\n")
        case "tabs":
            path.write_bytes(header.replace(b",", b"\t") + b"1\t2\t3\t4\n")
        case "empty":
            path.touch()
        case "repeated header":
            path.write_bytes(header.strip() + b",student id\n1,2,3,4,5\n")
        case "UTF-16":
            path.write_bytes((header.decode() + "1,2,3,4\n").encode("utf-16"))
        case "pipe":
            os.mkfifo(path)
        case "device":
            return "/dev/zero"
        case "link out":
            (folder.parent / "elsewhere.csv").write_bytes(header)
            path.symlink_to("../elsewhere.csv")
        case "link in a folder":
            lay_roster(clever(), folder / "roster")
            (folder / "elsewhere.csv").write_bytes(header)
            (folder / "roster" / "staff.csv").symlink_to("../elsewhere.csv")
            return "roster"
        case "dead link":
            path.symlink_to("gone.csv")
        case "carriage returns":
            path.write_bytes(header.replace(b"\n", b"\r") + b"1,2,3,4\r")
        case "quote in the header":
            path.write_bytes(b'"School"_id,' + header + header + b"1,2,3,4\n")
        case _:
            assert way == "open quote"
            path.write_bytes(header + b'1,2,3,"Ana\n')
    return "students.csv"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("way", SAID)
def test_bad_input_gets_one_clear_sentence_and_nothing_is_written(
    way: str, here: Console
) -> None:
    named = lay_bad(way, here.folder)
    before = {str(one) for one in here.folder.rglob("*")}
    said = here.run("roster", "check", named, "--format", "json")
    assert said.status == 1, said.both
    (found,) = json.loads(said.out)["findings"]
    assert (found["rule"], said.err) == (SAID[way][0], "")
    assert SAID[way][1] in found["message"]
    assert {str(one) for one in here.folder.rglob("*")} == before


@pytest.mark.timeout(120)
@pytest.mark.parametrize("way", SAID)
def test_impact_refuses_bad_input_with_the_same_sentence(
    way: str, here: Console
) -> None:
    named = lay_bad(way, here.folder)
    if way == "link in a folder":
        (here.folder / "roster" / "students.csv").unlink()
        (here.folder / "roster" / "students.csv").symlink_to("../elsewhere.csv")
    name_token(here)
    before = set(here.folder.rglob("*"))
    said = here.run("impact", "lakeview-usd", "--roster", named)
    assert (said.status, said.out) == (1, "")
    told = " ".join(said.err.split())
    assert SAID[way][1] in told
    assert "help:" in told
    # the embedded Connect, which is read first, has its place there
    state = here.folder / ".connectsync"
    written = set(here.folder.rglob("*")) - before
    assert {one for one in written if state not in {one, *one.parents}} == set()
    assert {one.name for one in state.iterdir()} <= {".gitignore", "connect.db"}


@pytest.mark.parametrize("way", ["semicolons", "empty", "UTF-16", "carriage returns"])
def test_what_is_wrong_with_a_file_of_another_name_is_told(
    way: str, here: Console
) -> None:
    (here.folder / lay_bad(way, here.folder)).rename(here.folder / "export.csv")
    said = here.run("roster", "check", "export.csv", "--format", "json")
    (found,) = json.loads(said.out)["findings"]
    assert found["rule"] == SAID[way][0]
    assert SAID[way][1] in found["message"]


CUT_OFF = b"School_id,Student_id,Last_name,First_name\n12,1000,Rivera,Ana\n12,\0"


@pytest.mark.parametrize(
    "raw", [b"", b"School_id,Pupil\n12,2\n", b'a,b\n"', b"a\0,b\n", CUT_OFF]
)
def test_where_a_file_is_broken_others_are_not_blamed(
    raw: bytes, here: Console
) -> None:
    files = clever() | guardians() | {"students.csv": raw}
    lay_roster(files, here.folder / "roster")
    said = here.run("roster", "check", "roster", "--format", "json")
    assert "roster-reference-unknown" not in rules_in(said)
    assert said.status == 1


@pytest.mark.parametrize("named", ["empty", "gone.csv", "notes.csv"])
def test_what_is_no_roster_is_wrong_usage(named: str, here: Console) -> None:
    (here.folder / "empty").mkdir()
    (here.folder / "notes.csv").write_text("a,b\n1,2\n")
    said = here.run("roster", "check", named)
    assert said.status == 64
    assert named in said.err


def test_a_report_is_not_written_over_the_roster(here: Console) -> None:
    lay_roster(clever(), here.folder / "roster")
    before = everything(here.folder)
    for output in ("roster/students.csv", "roster/report.txt"):
        said = here.run("roster", "check", "roster", "--output", output)
        assert said.status == 64
    assert everything(here.folder) == before


def less(files: dict[str, bytes], name: str, rows: int) -> dict[str, bytes]:
    lines = files[name].splitlines(keepends=True)
    return files | {name: b"".join(lines[: len(lines) - rows])}


def test_a_forecast_tells_shares_and_both_gates(here: Console) -> None:
    lay_roster({"students.csv": clever(100)["students.csv"]}, here.folder / "before")
    lay_roster({"students.csv": clever(77)["students.csv"]}, here.folder / "now")
    command = ("roster", "check", "now", "--previous", "before")
    said = here.run(*command, "--district", "lakeview-usd")
    text = " ".join(said.out.split())
    assert said.status == 1
    assert "students: 100 before, 77 now; 23.0 % deleted, 0.0 % updated" in text
    assert (
        "this night's sync would try to archive 23.0 % of the students: over your 15 %"
    ) in text
    assert "students: 23.0 % deleted; over 10 % Clever holds a sync for apps" in text
    assert "whether SchoolStatus has opted in" in text
    given = here.run(*command, "--threshold", "30", "--format", "json")
    assert given.status == 0
    assert "roster-over-deletion-threshold" not in rules_in(given)


def test_of_what_cannot_be_compared_nothing_is_forecast(here: Console) -> None:
    lay_roster(oneroster(), here.folder / "before")
    delta = {"users.csv": oneroster()["users.csv"]}
    lay_roster(with_manifest(delta, "1.1", "delta"), here.folder / "delta")
    lay_roster(oneroster() | {"users.csv": b""}, here.folder / "broken")
    for now, before, why in (
        ("before", "delta", "nothing is forecast: the roster before is a delta file"),
        ("broken", "before", "nothing is forecast: broken/users.csv cannot be read"),
    ):
        said = here.run("roster", "check", now, "--previous", before)
        assert why in " ".join(said.out.split())
        assert "before," not in said.out


@pytest.mark.parametrize("way", ["truncated zip", "zero", "empty", "device"])
def test_a_roster_before_that_cannot_be_read_is_an_error(
    way: str, here: Console
) -> None:
    lay_roster(clever(), here.folder / "roster")
    before = lay_bad(way, here.folder)
    said = here.run(
        "roster", "check", "roster", "--previous", before, "--format", "json"
    )
    assert said.status == 1
    assert sorted(rules_in(said)) == sorted([SAID[way][0], "roster-forecast"])
    found = {one["rule"]: one for one in json.loads(said.out)["findings"]}
    assert found[SAID[way][0]]["file"] == before
    assert SAID[way][1] in found[SAID[way][0]]["message"]


DAMAGED: Mapping[str, tuple[str, bytes, bytes]] = {
    "an open quote": ("roster-not-csv", b",Luz c50-1,", b',"Luz c50-1,'),
    "short rows": ("roster-row-uneven", b"\n12,", b"\n"),
    "Latin-1": ("roster-not-utf-8", b"Rivera", b"N\xfa"),
    "carriage returns": ("roster-not-csv", b"Rivera", b"R\rra"),
}


def lay_damaged(way: str, folder: Path) -> str:
    """Lay a roster, and one before it with rows that are damaged; give the rule."""
    rule, sound, damaged = DAMAGED[way]
    raw = clever(100)["students.csv"]
    assert sound in raw
    lay_roster({"students.csv": raw}, folder / "now")
    lay_roster({"students.csv": raw.replace(sound, damaged)}, folder / "before")
    return rule


@pytest.mark.parametrize("way", DAMAGED)
def test_of_a_roster_before_with_a_damaged_row_nothing_is_forecast(
    way: str, here: Console
) -> None:
    rule = lay_damaged(way, here.folder)
    said = here.run(
        "roster", "check", "now", "--previous", "before", "--format", "json"
    )
    assert said.status == 1, said.both
    assert sorted(rules_in(said)) == sorted([rule, "roster-forecast"])
    found = {one["rule"]: one for one in json.loads(said.out)["findings"]}
    assert found[rule]["file"] == "before/students.csv"
    told = found["roster-forecast"]["message"]
    assert told.startswith("nothing is forecast: before/students.csv cannot be read")


@pytest.mark.parametrize("swapped", [False, True], ids=["before", "tonight"])
@pytest.mark.parametrize("way", DAMAGED)
def test_of_a_roster_with_a_damaged_row_no_share_is_told(
    way: str,
    swapped: bool,  # noqa: FBT001 - a case
    here: Console,
) -> None:
    lay_damaged(way, here.folder)
    now, before = ([(here.folder / one, one)] for one in ("now", "before"))
    if swapped:
        now, before = before, now
    ground = Ground.of(here.folder)
    options = RosterFileOptions(ground.way_out, date(2027, 1, 15))
    with pytest.raises(InvalidFiles, match=r"before/students\.csv cannot be read"):
        share_gone(now, before, options)


@pytest.mark.parametrize("folder", ["roster", "roster.zip"])
def test_names_that_differ_in_case_alone_are_refused_by_both(
    folder: str, here: Console
) -> None:
    files = clever()
    files |= {"Contacts.CSV": files["contacts.csv"], "notes.csv": b"a\n"}
    files |= {"Notes.csv": b"a\n"}
    del files["students.csv"]
    name_token(here)
    path = here.folder / folder
    zip_roster(files, path) if folder.endswith("zip") else lay_roster(files, path)
    for command in ("roster check", "impact lakeview-usd --roster"):
        said = here.run(*command.split(), folder)
        assert "only one can be meant" in " ".join(said.both.split())
        assert said.status == 1


def test_a_delta_file_is_forecast_against_the_whole_roster_before_it(
    here: Console,
) -> None:
    lay_roster(oneroster(students=10), here.folder / "before")
    header = ["sourcedId", "status", "dateLastModified", "enabledUser"]
    header += ["orgSourcedIds", "role", "username", "givenName", "familyName"]
    rest = ["2027-01-14", "true", "o1"]
    rows = [["s1", "tobedeleted", *rest, "", "", "", ""]]
    rows += [[f"g{one}", "tobedeleted", *rest, *["x"] * 4] for one in (1, 2)]
    rows += [[one, "active", *rest, "student", one, "A", "B"] for one in ("s2", "new")]
    rows += [["never", "tobedeleted", *rest, "student", "x", "A", "B"]]
    delta = {"users.csv": rows_of(header, rows)}
    lay_roster(with_manifest(delta, "1.1", "delta"), here.folder / "delta")
    command = ("roster", "check", "delta", "--previous", "before", "--threshold", "15")
    text = " ".join(here.run(*command).out.split())
    told = "10 before, {} now; {} % deleted, {} % updated, {} % added"
    assert f"students: {told.format(10, '10.0', '10.0', '10.0')}" in text
    assert f"guardians: {told.format(8, '20.0', '0.0', '0.0')}" in text
    assert "would try to archive 20.0 % of the guardians: over your 15 %" in text
    # what does not come with it stays
    assert "organizations" not in text
    assert "enrollments:" not in text


def test_a_contact_without_an_id_is_another_one_once_its_data_change(
    here: Console,
) -> None:
    for name, phone, key in (("a", "6085550100", ""), ("b", "6085550199", "")):
        header = "School_id Student_id Last_name First_name Contact_phone"
        raw = rows_of(
            [*header.split(), "Contact_sis_id"], [["12", "1", "R", "Ana", phone, key]]
        )
        lay_roster({"students.csv": raw}, here.folder / name)
    said = here.run("roster", "check", "b", "--previous", "a")
    assert "contacts: 1 before, 1 now; 100.0 % deleted" in " ".join(said.out.split())
    assert "students: 1 before, 1 now; 0.0 % deleted" in " ".join(said.out.split())


def test_what_a_district_allows_is_shown_and_not_counted(here: Console) -> None:
    raw = rows_of(["Student ID", "Phone"], [["1", "555-0100"]])
    (here.folder / "guardians.csv").write_bytes(raw)
    command = ("roster", "check", "guardians.csv", "--strict")
    assert here.run(*command).status == 1
    allowed = here.run(*command, "--district", "lakeview-usd")
    assert allowed.status == 0, allowed.both
    assert "landlines without area code" in " ".join(allowed.out.split())
    kept = here.run("validate").out
    assert "roster-phone-unusable" in kept  # until a day that is too far ahead
    assert "allow-not-allowable" not in kept
    assert "allow-unused" not in kept


def test_a_district_says_how_students_are_named_and_how_the_file_is_encoded(
    here: Console,
) -> None:
    lay_roster(clever(), here.folder / "roster")
    raw = rows_of(["Student ID", "Name"], [["N1000", "Luz"]])
    raw += "1001,Nú\r\n".encode("latin-1")
    (here.folder / "roster" / "guardians.csv").write_bytes(raw)
    either = here.run("roster", "check", "roster", "--format", "json")
    assert rules_in(either) == ["roster-not-utf-8"]
    command = ("roster", "check", "roster", "--district", "lakeview-usd")
    by_id = here.run(*command, "--format", "json")
    assert rules_in(by_id) == ["roster-reference-unknown", "roster-not-utf-8"]
    file = here.folder / "districts" / "lakeview-usd.yaml"
    file.write_text(
        file.read_text().replace("STUDENT ID", "STUDENT NUMBER")
        + "facts:\n  guardians_csv: {encoding: ISO-8859-1, encoding_agreed: true}\n"
    )
    by_number = here.run(*command, "--format", "json")
    assert rules_in(by_number) == ["roster-reference-unknown"]


@pytest.mark.parametrize("kind", ["Clever", "OneRoster 1.1", "OneRoster 1.2"])
def test_the_project_says_how_files_are_saved_but_for_guardians(
    kind: str, here: Console
) -> None:
    windows = {
        name: raw.replace(b"Rivera", b"O\x92N\xfa\x9aez")
        for name, raw in KINDS[kind]().items()
    }
    lay_roster(windows, here.folder / "roster")
    command = ("roster", "check", "roster", "--previous", "roster", "--format", "json")
    assert set(rules_in(here.run(*command))) >= {"roster-not-utf-8"}
    project = here.folder / "connectsync.yaml"
    project.write_text("schema: 1\nroster: {files: {encoding: latin-1}}\n")
    said = here.run(*command)
    assert set(rules_in(said)) == {"roster-forecast"}
    assert said.status == 0
    raw = rows_of(["Student ID", "Name"], []) + "1001,N\xfa\r\n".encode("latin-1")
    (here.folder / "roster" / "guardians.csv").write_bytes(raw)
    assert "roster-not-utf-8" in rules_in(here.run(*command))
    (here.folder / "roster" / "guardians.csv").unlink()
    file = here.folder / "roster" / min(windows)
    file.write_bytes(file.read_bytes() + b"\x81")
    assert "the byte 0x81 is not Latin-1" in here.run(*command).out


def test_the_sample_of_connect_says_which_columns_a_guardians_file_has(
    here: Console,
) -> None:
    project = here.folder / "connectsync.yaml"
    project.write_text("schema: 1\nroster: {guardians_sample: sample.csv}\n")
    raw = rows_of(["Student ID", "Phone"], [["1", "6085550100"]])
    (here.folder / "guardians.csv").write_bytes(raw)
    command = ("roster", "check", "guardians.csv", "--format", "json")
    missing = here.run(*command)
    assert missing.status == 1
    assert "roster.guardians_sample: sample.csv" in missing.err
    (here.folder / "sample.csv").write_text("student_id,phone,email\n")
    said = here.run(*command)
    (found,) = json.loads(said.out)["findings"]
    assert found["rule"] == "roster-column-missing"
    assert "the column email is missing" in found["message"]
    (here.folder / "sample.csv").write_text("student_id,phone\n")
    assert here.run(*command).status == 0


@pytest.mark.parametrize(
    "named", ["../secret.csv", "link.csv", "folder.csv", "zip.csv", "empty.csv"]
)
def test_no_file_but_a_sample_of_the_project_is_told(named: str, here: Console) -> None:
    project = here.folder / "connectsync.yaml"
    project.write_text(f"schema: 1\nroster: {{guardians_sample: {named}}}\n")
    (here.folder.parent / "secret.csv").write_text("password,hunter2\n")
    (here.folder / "link.csv").symlink_to("../secret.csv")
    (here.folder / "folder.csv").mkdir()
    (here.folder / "empty.csv").touch()
    zip_roster({"a.csv": b"hunter2,b\n"}, here.folder / "zip.csv")
    (here.folder / "guardians.csv").write_text("Student ID\n1\n")
    said = here.run("roster", "check", "guardians.csv")
    assert said.status == 1
    assert "roster.guardians_sample" in said.err
    assert "hunter2" not in said.both
    project.write_text("schema: 1\nroster: {guardians_sample: .env}\n")
    assert "CSV file of the project" in here.run("roster", "check", "guardians.csv").err


def test_rules_are_chosen_by_name_among_those_of_rosters(here: Console) -> None:
    (here.folder / "guardians.csv").write_bytes(rows_of(["Student ID"], [[""], ["x"]]))
    command = ("roster", "check", "guardians.csv", "--format", "json")
    assert here.run(*command).status == 1
    assert here.run(*command, "--ignore", "roster-field-blank").status == 0
    assert rules_in(here.run(*command, "--select", "roster-field-blank"))
    other = here.run(*command, "--select", "home-phone-for-texts")
    assert other.status == 64
    assert "does not look at roster files" in other.err
    assert here.run("roster").status == 64


def test_a_rule_of_roster_files_is_explained(here: Console) -> None:
    said = here.run("explain", "roster-zeros-lost")
    assert "looks at roster files, before they are sent" in said.out
    assert "001001" in said.out
