"""A sheet that is no good is refused with its cell, and nothing is written."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from console import Console, Said
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connectsync.errors import ConnectsyncError
from connectsync.files import workbook
from connectsync.files.workbook import read_sheet

Fill = Callable[[Any, Any], None]
HEADS = ("district", "deletion_threshold", "district_id", "phone_types")


def state(folder: Path) -> dict[str, bytes]:
    found = sorted((folder / "districts").rglob("*"))
    return {str(path): path.read_bytes() for path in found if path.is_file()}


def book(path: Path, fill: Fill, name: str = "Fleet") -> Path:
    """Write a workbook with one district; ``fill`` does what is wrong to it."""
    made = import_module("xlsxwriter").Workbook(str(path))
    sheet = made.add_worksheet(name)
    for at, head in enumerate(HEADS):
        sheet.write_string(0, at, head)
    sheet.write_string(1, 0, "lakeview-usd")
    fill(made, sheet)
    made.close()
    return path


def taken(valley: Console, name: str, *more: str) -> Said:
    """Import a sheet that has to be refused; give what was said."""
    before = state(valley.folder)
    said = valley.run("import", "--from-sheet", name, "--yes", *more)
    assert "Traceback" not in said.both
    assert "bug in connectsync" not in said.both
    assert state(valley.folder) == before
    return said


def rewritten(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    """Change the parts of a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {one: archive.read(one) for one in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, change(name, content))


def _day(made: Any, sheet: Any) -> None:
    look = made.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_datetime(1, 2, date(2027, 3, 1), look)


CELLS: Mapping[str, tuple[Fill, str]] = {
    "merged": (
        lambda _, sheet: sheet.merge_range(2, 0, 3, 1, "x"),
        "Fleet!A3:B4 are merged cells",
    ),
    "a date": (_day, "Fleet!C2 (district_id): holds a date or a time, which the"),
    "a number for an id": (
        lambda _, sheet: sheet.write_number(1, 2, 4.5e10),
        "Fleet!C2 (district_id): holds a number, which has no leading zeros",
    ),
    "a formula": (
        lambda _, sheet: sheet.write_formula(1, 1, "=7+8", None, 15),
        "Fleet!B2 (deletion_threshold): holds a formula",
    ),
    "an error": (
        lambda _, sheet: sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!"),
        "Fleet!B2 (deletion_threshold): holds a formula",
    ),
    "a percentage": (
        lambda _, sheet: sheet.write_number(1, 1, 0.15),
        "Fleet!B2 (deletion_threshold): is no whole number; 15 % is written 15",
    ),
    "a box for a number": (
        lambda _, sheet: sheet.write_boolean(1, 1, True),
        "Fleet!B2 (deletion_threshold): holds TRUE, which it cannot be",
    ),
    "one heading twice": (
        lambda _, sheet: sheet.write_string(0, 4, "Phone Types"),
        "Fleet!E1: has the same heading as Fleet!D1: settings.phone_types",
    ),
    "no heading": (
        lambda _, sheet: sheet.write_string(1, 6, "x"),
        "Fleet!G2: has no heading above it",
    ),
    "no district": (
        lambda _, sheet: sheet.write_string(2, 3, "Work"),
        "Fleet!D3 (phone_types): the row names no district",
    ),
    "one district twice": (
        lambda _, sheet: sheet.write_string(5, 0, "lakeview-usd"),
        "Fleet!A6 (district): is the same district as Fleet!A2 (district)",
    ),
    "a stranger": (
        lambda _, sheet: sheet.write_string(2, 0, "../../etc"),
        "Fleet!A3 (district): cannot be a district's key",
    ),
    "a new one without a name": (
        lambda _, sheet: sheet.write_string(2, 0, "elm-usd"),
        "Fleet!A3 (district): is a new district, and the row has no name for it",
    ),
    "out of range": (
        lambda _, sheet: sheet.write_number(1, 1, 500),
        "Fleet!B2 (deletion_threshold): '500' is out of range",
    ),
    "too many columns": (
        lambda _, sheet: sheet.write_string(1, 16_000, "x"),
        "Fleet!WQK2: it has more than 200 columns",
    ),
    "one cell far below": (
        lambda _, sheet: sheet.write_string(1_048_575, 0, "x"),
        "Fleet!A1048576: it has more than 20,000 rows",
    ),
}


@pytest.mark.parametrize("case", CELLS)
def test_a_cell_of_a_workbook_that_is_no_good_is_named(
    valley: Console, case: str
) -> None:
    fill, why = CELLS[case]
    book(valley.folder / "some.xlsx", fill)
    said = taken(valley, "some.xlsx")
    assert said.status == 1
    assert why in said.err, said.err


TEXTS: Mapping[str, tuple[bytes, str]] = {
    "UTF-16": ("district\nx\n".encode("utf-16"), "it is saved as UTF-16"),
    "Latin 1": (b"district,name\na-b,Caf\xe9\n", "line 2: the byte 0xE9 is not UTF-8"),
    "NUL": (b"district,name\nelm-usd,a\0b\n", "line 2: it holds a NUL character"),
    "an open quote": (b'district,name\n"elm-usd,a\n', "line 2: a quote is not closed"),
    "a huge cell": (b"district\n" + b"a" * 200_000, "line 2: a cell has more than 131"),
    "empty": (b"", "the sheet is empty"),
    "blank": (b"\xef\xbb\xbf,,,\n\n", "the sheet is empty"),
    "no key column": (b"name,phone_types\nx,Cell\n", "no heading in line 1, column 1"),
    "an exponent": (
        b"district,district_id\nlakeview-usd,4.5E+10\n",
        "line 2, column 2 (district_id): looks like a number or a date",
    ),
    "a date of it": (
        b"district;district_id\nlakeview-usd;1-Mar\n",
        "line 2, column 2 (district_id): looks like a number or a date",
    ),
    "too many rows": (
        b"district\n" + b"x\n" * 100_000,
        "line 20,001: it has more than 20,000 rows",
    ),
    "too many columns": (
        b"district" + b"," * 300 + b"x\n",
        "line 1: it has more than 200 columns",
    ),
    "a percent sign": (
        b"district,deletion_threshold\nlakeview-usd,15%\n",
        "(deletion_threshold): needs a whole number; 15 % is written 15",
    ),
    "a workbook": (b"PK\3\4", "it is a workbook, no CSV"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_csv_that_is_no_good_is_refused_with_its_line(
    valley: Console, case: str
) -> None:
    content, why = TEXTS[case]
    (valley.folder / "some.csv").write_bytes(content)
    said = taken(valley, "some.csv")
    assert said.status == 1
    assert why in said.err, said.err


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfdistrict,deletion_threshold\r\nlakeview-usd,16\r\n",
        b"district;deletion_threshold\nlakeview-usd;16\n",
        b"sep=;\r\nDISTRICT;Deletion Threshold\r\nlakeview-usd;16\r\n",
        b"\n\t\t\ndistrict\tdeletion_threshold\t\nlakeview-usd\t 16 \t\n\n",
        b"district,deletion_threshold\rlakeview-usd,16\r",
    ],
)
def test_what_programs_make_of_a_csv_is_understood(
    valley: Console, content: bytes
) -> None:
    (valley.folder / "some.csv").write_bytes(content)
    said = valley.run("import", "--from-sheet", "some.csv", "--yes")
    assert said.status == 0, said.err
    assert "+  deletion_threshold: 16" in said.out


def test_an_id_that_lost_its_zeros_is_seen_in_a_csv(valley: Console) -> None:
    path = valley.folder / "districts/ca/lakeview-usd.yaml"
    path.write_text(path.read_text().replace("58da8a43cc70ab00017a1a10", '"0012"'))
    (valley.folder / "some.csv").write_text("district,district_id\nlakeview-usd,12\n")
    said = taken(valley, "some.csv")
    assert "line 2, column 2 (district_id): lost the zeros in front of it" in said.err


def test_what_is_hidden_is_told(valley: Console) -> None:
    def fill(made: Any, sheet: Any) -> None:
        sheet.write_number(1, 1, 16)
        sheet.set_row(1, None, None, {"hidden": True})
        sheet.set_column(3, 4, None, None, {"hidden": True})
        made.add_worksheet("Other")
        made.add_worksheet("Secret").hide()

    book(valley.folder / "some.xlsx", fill)
    said = valley.run("import", "--from-sheet", "some.xlsx", "--yes")
    assert said.status == 0
    assert "+  deletion_threshold: 16" in said.out
    assert "some.xlsx: sheet 'Fleet' is read, not 'Other'" in said.err
    assert "some.xlsx: not read, for it is hidden: 'Secret'" in said.err
    assert "hidden rows are read as all others are: 2" in said.err
    assert "hidden columns are read as all others are: D-E" in said.err


def _entity(name: str, content: bytes) -> bytes:
    if name != "xl/sharedStrings.xml":
        return content
    laughs = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10)
                      for n in range(1, 10))  # fmt: skip
    file = b'<!ENTITY l0 SYSTEM "file:///etc/passwd">'
    head, _, rest = content.partition(b"?>")
    return head + b"?><!DOCTYPE sst [" + file + laughs + b"]>" + rest


def _sheet(change: Callable[[bytes], bytes]) -> Callable[[str, bytes], bytes]:
    return lambda name, one: change(one) if name.endswith("sheet1.xml") else one


PARTS: Mapping[str, tuple[Callable[[str, bytes], bytes], str]] = {
    "entities": (_entity, "its part xl/sharedStrings.xml is not as Excel writes it"),
    "UTF-16": (
        _sheet(lambda one: one.decode().encode("utf-16")),
        "its part xl/worksheets/sheet1.xml is not as Excel writes it",
    ),
    "no XML": (_sheet(lambda _: b"<worksheet"), "it is damaged, or cut off"),
    "an odd cell": (
        _sheet(lambda one: one.replace(b'r="A2"', b'r="?"')),
        "it is damaged, or cut off",
    ),
    "macros": (
        lambda name, one: (
            one.replace(b"sheet.main+xml", b"sheet.macroEnabled.main+xml")
            if name == "[Content_Types].xml"
            else one
        ),
        "it holds macros",
    ),
    "a bomb": (
        _sheet(lambda one: one + b" " * (workbook.MOST_UNPACKED + 1)),
        "it unpacks to more than 128 MB",
    ),
}


def _rows(cells: str) -> Callable[[bytes], bytes]:
    """Put rows of cells behind those that are there."""
    return lambda one: one.replace(b"</sheetData>", f"{cells}</sheetData>".encode())


def _shared(name: str, one: bytes) -> bytes:
    """Share a text of a million characters among 200 cells, in 20 kB."""
    if name == "xl/sharedStrings.xml":
        return one.replace(
            b"<si><t>district</t>", b"<si><t>" + b"A" * 1_000_000 + b"</t>"
        )
    cells = '<c t="s"><v>0</v></c>' * 200
    return _sheet(_rows(f'<row r="3">{cells}</row>'))(name, one)


def _second_of_its_name(name: str, one: bytes) -> bytes:
    hidden = b'<sheets><sheet name="Fleet" sheetId="9" state="hidden" r:id="rId1"/>'
    return one.replace(b"<sheets>", hidden) if name == "xl/workbook.xml" else one


PARTS = {
    **PARTS,
    "a text that many share": (_shared, "hold more than 128 million characters"),
    "formulas without end": (
        _sheet(_rows('<row r="3">' + "<c><f/></c>" * 120 + "</row>")),
        "more than 100 of its cells hold formulas or errors",
    ),
    "a number of many lines": (
        _sheet(_rows('<row r="3"><c t="s"><v>' + "\n" * 300_000 + "0</v></c></row>")),
        "it is damaged, or cut off",
    ),
    "elements without end": (
        _sheet(lambda one: one.replace(b"<sheetData>", b"<a/>" * 300 + b"<sheetData>")),
        "it is damaged, or cut off",
    ),
    "two sheets of one name": (_second_of_its_name, "it has two sheets of one name"),
}


@pytest.mark.parametrize("case", PARTS)
def test_a_workbook_that_no_program_saves_is_refused(
    valley: Console, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, why = PARTS[case]
    if "without end" in case:
        monkeypatch.setattr(workbook, "MOST_FLAWS", 100)
        monkeypatch.setattr(workbook, "MOST_ELEMENTS", 280)
    rewritten(book(valley.folder / "some.xlsx", lambda *_: None), change)
    said = taken(valley, "some.xlsx")
    assert said.status == 1
    assert why in said.err, said.err


def test_parts_that_differ_in_capitals_alone_are_refused(valley: Console) -> None:
    """The library that reads values would take one, and we have looked at the other."""
    path = book(valley.folder / "some.xlsx", lambda *_: None)
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/worksheets/Sheet1.xml", sheet)
    said = taken(valley, "some.xlsx")
    assert (said.status, "it has two parts of one name" in said.err) == (1, True)


@pytest.mark.parametrize("ends", [("-5", "-1"), ("1", "999999999"), ("9", "1")])
def test_hidden_columns_of_any_number_come_to_an_end(
    tmp_path: Path, ends: tuple[str, str]
) -> None:
    path = book(tmp_path / "some.xlsx", lambda *_: None)
    columns = (
        "<cols>" + '<col min="%s" max="%s" hidden="1"/>' * 3 + "</cols><sheetData>"
    )
    many = columns % (ends * 3)
    rewritten(path, _sheet(lambda one: one.replace(b"<sheetData>", many.encode())))
    (*remarks,) = read_sheet(path, "some.xlsx").remarks
    told = ["hidden columns are read as all others are: A-GR"]
    assert remarks == (told if ends[0] == "1" else [])


def test_a_bomb_that_lies_about_its_size_is_refused(valley: Console) -> None:
    path = book(valley.folder / "some.xlsx", lambda *_: None)
    rewritten(path, _sheet(lambda one: one + b" " * 5_000_000))
    raw = path.read_bytes()
    # the size in the directory, and in the part's own head
    lied = raw.replace(struct.pack("<I", _size(raw)), struct.pack("<I", 700))
    path.write_bytes(lied)
    said = taken(valley, "some.xlsx")
    assert (said.status, "it is damaged, or cut off" in said.err) == (1, True)


def _size(raw: bytes) -> int:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return archive.getinfo("xl/worksheets/sheet1.xml").file_size


def test_other_kinds_of_files_are_refused_by_what_they_are(
    valley: Console, tmp_path: Path
) -> None:
    folder = valley.folder
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
    (folder / "old.xlsx").write_bytes(old)
    (folder / "locked.xlsx").write_bytes(old + "EncryptedPackage".encode("utf-16-le"))
    (folder / "text.xlsx").write_bytes(b"district\n")
    whole = book(folder / "whole.xlsx", lambda *_: None).read_bytes()
    (folder / "cut.xlsx").write_bytes(whole[: len(whole) // 2])
    for name, why in {
        "old.xlsx": "it is a workbook of an old kind (.xls)",
        "locked.xlsx": "it is protected with a password",
        "text.xlsx": "it is no Excel workbook",
        "cut.xlsx": "it is damaged, or cut off",
    }.items():
        said = taken(valley, name)
        assert (said.status, why in said.err) == (1, True), said.err
    (folder / "folder.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    outside = tmp_path / "outside.csv"
    outside.write_text("district\nlakeview-usd\n")
    (folder / "link.csv").symlink_to(outside)
    for name, why in {
        "macro.xlsm": "a sheet is an .xlsx or a .csv file",
        "old.xls": "a sheet is an .xlsx or a .csv file",
        "folder.csv": "it is a folder, not a regular file",
        "pipe.csv": "it is a named pipe, not a regular file",
        "link.csv": "is a link that leads out of the project",
        "gone.csv": "cannot read the sheet gone.csv",
    }.items():
        said = taken(valley, name)
        assert (said.status, why in said.err) == (64, True), said.err
    # a file that lies elsewhere by its own name may be taken
    assert valley.run("import", "--from-sheet", str(outside)).status == 0


def test_a_hundred_thousand_rows_are_refused_at_the_first_too_many(
    valley: Console,
) -> None:
    def fill(_: Any, sheet: Any) -> None:
        for row in range(1, 100_000):
            sheet.write_number(row, 0, row)

    book(valley.folder / "some.xlsx", fill)
    said = taken(valley, "some.xlsx")
    assert "Fleet!A20001: it has more than 20,000 rows" in said.err


def test_only_the_first_twenty_cells_are_listed(valley: Console) -> None:
    rows = "".join(f"new-{at},\n" for at in range(50))
    (valley.folder / "some.csv").write_text(f"district,name\n{rows}")
    said = taken(valley, "some.csv")
    assert "some.csv: 50 cells cannot be taken; nothing was written:" in said.err
    assert said.err.count("has no name for it") == 20
    assert "and 30 more" in said.err


@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    bytes_=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6),
    ending=st.sampled_from([".xlsx", ".csv"]),
    packed=st.booleans(),
)
def test_a_damaged_sheet_is_read_or_refused(
    tmp_path: Path, bytes_: list[tuple[int, int]], ending: str, *, packed: bool
) -> None:
    path = tmp_path / f"some{ending}"
    if ending == ".csv":
        raw = bytearray(b'district,name\nelm-usd,"Elm, Unified"\n' * 5)
    else:
        book(path, lambda *_: None)
        if not packed:
            with zipfile.ZipFile(path) as archive:
                parts = {one: archive.read(one) for one in archive.namelist()}
            with zipfile.ZipFile(path, "w") as archive:
                for name, content in parts.items():
                    archive.writestr(name, content)
        raw = bytearray(path.read_bytes())
    for at, value in bytes_:
        raw[at % len(raw)] = value
    path.write_bytes(raw)
    with suppress(ConnectsyncError):
        read_sheet(path, path.name)
