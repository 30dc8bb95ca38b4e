"""Read the cells of a spreadsheet, XLSX or CSV, each with its place."""

from __future__ import annotations

import csv
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from itertools import groupby
from pathlib import Path
from xml.parsers import expat

from connectsync.domain.wording import few
from connectsync.errors import InvalidFiles, UsageError, load_extra
from connectsync.files.access import TooLarge, read_regular, wide_encoding
from connectsync.values import dataclass, field

Cell = str | int | float | bool | date | time | timedelta
"""What a cell holds; an empty text where it holds nothing. A CSV holds only text."""

MOST_BYTES = 32 << 20
MOST_UNPACKED = 128 << 20
MOST_ROWS = 20_000
"""Headings included; the whole country has 13,318 districts."""
MOST_COLUMNS = 200
MOST_PARTS = 2000


@dataclass(frozen=True, slots=True)
class Sheet:
    """
    Rows of cells by number, from 1 as a spreadsheet counts; empty ones are left out.

    ``file`` is the name to show, ``name`` that of the sheet in it, empty for a CSV.
    ``flaws`` say by row and column, both from 1, why a cell cannot be taken.
    ``remarks`` are sentences on what was read and what was not.
    """

    file: str
    name: str
    rows: Sequence[tuple[int, Sequence[Cell]]]
    flaws: Mapping[tuple[int, int], str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def place(self, row: int, column: int) -> str:
        """Spell the place of a cell: ``Fleet!D7``, or line and column of a CSV."""
        if not self.name:
            return f"line {row:,}, column {column}"
        plain = re.fullmatch(r"\w+", self.name)
        name = self.name if plain else "'" + self.name.replace("'", "''") + "'"
        return f"{name}!{_letters(column)}{row}"


def read_sheet(path: Path, shown: str, about: str = "") -> Sheet:
    """
    Read a CSV, or the first sheet of a workbook that is not hidden.

    A sheet called ``about`` is left out without a remark.

    Raises ``UsageError`` where there is no such file or a library is missing, and
    ``InvalidFiles`` with a sentence for what is no sheet, or a larger one than is read.
    """
    ending = path.suffix.lower()
    if ending not in {".xlsx", ".csv"}:
        raise UsageError(
            f"{shown}: a sheet is an .xlsx or a .csv file",
            remedy="save it as *Excel Workbook (.xlsx)*, or as *CSV UTF-8*",
        )
    try:
        raw = read_regular(path, MOST_BYTES)
    except TooLarge as error:
        raise _refused(shown, f"it is larger than {MOST_BYTES >> 20} MB") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"cannot read the sheet {shown}: {why}", remedy="check its path and rights"
        ) from error
    packed = raw.startswith(b"PK")
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise _refused(shown, *_compound(raw))
    if ending == ".csv":
        if packed:
            raise _refused(shown, "it is a workbook, no CSV", "name it FILE.xlsx")
        return _read_csv(raw, shown)
    if not packed:
        raise _refused(
            shown, "it is no Excel workbook", "save it as *Excel Workbook (.xlsx)*"
        )
    return _Workbook(shown, raw, about).read()


def _refused(shown: str, why: str, remedy: str = "") -> InvalidFiles:
    return InvalidFiles(
        f"{shown}: {why}", remedy=remedy or "save it anew from the spreadsheet program"
    )


def _compound(raw: bytes) -> tuple[str, str]:
    if "EncryptedPackage".encode("utf-16-le") in raw:
        return "it is protected with a password", "save it without one"
    return (
        "it is a workbook of an old kind (.xls)",
        "save it as *Excel Workbook (.xlsx)*",
    )


def _read_csv(raw: bytes, shown: str) -> Sheet:
    as_utf_8 = "save it as *CSV UTF-8 (comma delimited)*"
    if wide := wide_encoding(raw):
        raise _refused(shown, f"it is saved as {wide}", as_utf_8)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        why = f"line {line:,}: the byte 0x{raw[error.start]:02X} is not UTF-8"
        raise _refused(shown, why, as_utf_8) from error
    if (at := text.find("\0")) >= 0:
        line = text.count("\n", 0, at) + 1
        raise _refused(shown, f"line {line:,}: it holds a NUL character", as_utf_8)
    stated = re.match(r'"?sep=([,;\t])"?\r?\n', text)
    lines = io.StringIO(text, newline="")
    if stated:
        lines.readline()
    first = next((one for one in lines if one.strip(" ,;\t\r\n")), "")
    delimiter = stated[1] if stated else max(",;\t", key=first.count)
    lines.seek(0)
    found = _lines_of_csv(lines, delimiter, shown)
    return Sheet(shown, "", tuple(found)[1 if stated else 0 :])


def _lines_of_csv(
    lines: Iterable[str], delimiter: str, shown: str
) -> Iterator[tuple[int, list[Cell]]]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line, count = 1, 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            why = f"line {line:,}: a quote is not closed, or stands within a cell"
            if "field larger" in str(error):
                why = f"line {line:,}: a cell has more than {csv.field_size_limit():,}"
                why += " characters"
            raise _refused(shown, why, "put quotes around the whole cell") from error
        if row is None:
            return
        if len(row) > MOST_COLUMNS and any(row[MOST_COLUMNS:]):
            raise _too_wide(shown, f"line {line:,}")
        if any(row):
            count += 1
            if count > MOST_ROWS:
                raise _too_long(shown, f"line {line:,}")
            yield line, [*row]
        line = reader.line_num + 1


def _too_long(shown: str, where: str) -> InvalidFiles:
    return _refused(
        shown, f"{where}: it has more than {MOST_ROWS:,} rows", "split it into several"
    )


def _too_wide(shown: str, where: str) -> InvalidFiles:
    return _refused(
        shown,
        f"{where}: it has more than {MOST_COLUMNS} columns",
        "delete what stands beside the table",
    )


_READ = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|xl/workbook\.xml|xl/_rels/workbook\.xml\.rels"
    r"|xl/(?:sharedStrings|styles)\.xml|xl/worksheets/[^/]+\.xml"
)
_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)")
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error),
    *(LookupError, ValueError, OverflowError),
)


@dataclass(frozen=True, slots=True)
class _Workbook:
    """A workbook as bytes, ``shown`` in messages; ``about`` as in `read_sheet`."""

    shown: str
    raw: bytes
    about: str

    def read(self) -> Sheet:
        library = load_extra("python_calamine", "sheets", "XLSX files need")
        try:
            parts = self._unpack()
            chosen, remarks = self._choose(parts)
            look = _Look(self.shown, chosen.name)
            _walk(parts[chosen.part], look.begin)
        except (expat.ExpatError, *_DAMAGED) as error:
            raise _refused(self.shown, "it is damaged, or cut off") from error
        # what is read is what was looked at, unpacked: never the file once more
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        whole.seek(0)
        try:
            book = library.load_workbook(whole)
            rows = book.get_sheet_by_name(chosen.name).to_python(skip_empty_area=False)
        except library.CalamineError as error:
            raise _refused(self.shown, "it is no workbook that can be read") from error
        for row, column in look.flaws:
            # an error has no value, and no cell may be passed over for it
            rows += [list[Cell]() for _ in range(len(rows), row)]
            rows[row - 1] += [""] * (column - len(rows[row - 1]))
            rows[row - 1][column - 1] = rows[row - 1][column - 1] or "?"
        numbered = tuple(
            (number, row)
            for number, row in enumerate(rows, 1)
            if any(one != "" for one in row)
        )
        said = (*remarks, *look.remarks())
        return Sheet(self.shown, chosen.name, numbered, look.flaws, said)

    def _unpack(self) -> dict[str, bytes]:
        """Give what is read of it by name; nothing is unpacked beyond the limit."""
        parts, room = dict[str, bytes](), MOST_UNPACKED
        with zipfile.ZipFile(io.BytesIO(self.raw)) as archive:
            for one in self._members(archive):
                with archive.open(one) as stream:
                    content = stream.read(room + 1)
                room -= len(content)
                if room < 0:
                    why = f"it unpacks to more than {MOST_UNPACKED >> 20} MB"
                    raise _refused(self.shown, why)
                parts[one.filename] = content
        if b"macroEnabled" in parts["[Content_Types].xml"]:
            raise self._with_macros()
        # Excel declares no types and no entities, and neither does any other program
        for name, content in parts.items():
            if b"\0" in content or _DECLARED.search(content):
                raise _refused(self.shown, f"its part {name} is not as Excel writes it")
        return parts

    def _members(self, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
        members = archive.infolist()
        if len(members) > MOST_PARTS:
            raise _refused(self.shown, f"it has more than {MOST_PARTS:,} parts")
        if any(one.filename.endswith("vbaProject.bin") for one in members):
            raise self._with_macros()
        read = [one for one in members if _READ.fullmatch(one.filename)]
        if any(one.flag_bits & 1 or one.compress_type not in {0, 8} for one in read):
            raise _refused(self.shown, "it is packed in an unusual way")
        if len({one.filename for one in read}) < len(read):
            raise _refused(self.shown, "it has two parts of one name")
        return read

    def _with_macros(self) -> InvalidFiles:
        return _refused(
            self.shown,
            "it holds macros",
            "save it as *Excel Workbook (.xlsx)*, which holds none",
        )

    def _choose(self, parts: Mapping[str, bytes]) -> tuple[_Part, list[str]]:
        """Choose the first sheet that is not hidden; tell of the others."""
        targets, sheets = dict[str, str](), list[_Part]()

        def relate(name: str, given: Mapping[str, str]) -> None:
            if name == "Relationship":
                target = given["Target"]
                whole = target if target.startswith("/") else f"/xl/{target}"
                targets[given["Id"]] = whole.removeprefix("/")

        def list_sheet(name: str, given: Mapping[str, str]) -> None:
            if name == "sheet":
                hidden = given.get("state", "visible") != "visible"
                sheets.append(_Part(given["name"], targets[given["id"]], hidden))

        _walk(parts["xl/_rels/workbook.xml.rels"], relate)
        _walk(parts["xl/workbook.xml"], list_sheet)
        seen = [one for one in sheets if not one.hidden and one.part in parts]
        if not seen:
            raise _refused(self.shown, "all its sheets are hidden", "show the sheet")
        others = [repr(one.name) for one in seen[1:] if one.name != self.about]
        hidden = [repr(one.name) for one in sheets if one.hidden]
        said = []
        if others:
            said.append(f"sheet {seen[0].name!r} is read, not {few(others)}")
        if hidden:
            said.append(f"not read, for it is hidden: {few(hidden)}")
        return seen[0], said


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    part: str
    hidden: bool


def _walk(content: bytes, begin: Callable[[str, Mapping[str, str]], None]) -> None:
    """Tell of each element as it begins: its name and attributes without prefixes."""

    def start(name: str, given: dict[str, str]) -> None:
        plain = {key.rpartition("}")[2]: value for key, value in given.items()}
        begin(name.rpartition("}")[2], plain)

    parser = expat.ParserCreate(namespace_separator="}")
    parser.StartElementHandler = start
    parser.Parse(content, True)  # noqa: FBT003 - the library names it nowhere


_REFERENCE = re.compile("([A-Z]{1,3})([1-9][0-9]{0,6})")


@dataclass(slots=True)
class _Look:
    """What stands in the cells of a sheet beside their values, row by row."""

    shown: str
    name: str
    flaws: dict[tuple[int, int], str] = field(default_factory=dict)
    row: int = 0
    column: int = 0
    kind: str = ""
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)

    def begin(self, name: str, given: Mapping[str, str]) -> None:
        match name:
            case "c":
                self._turn_to(given)
            case "v" | "is":
                self._insist_room()
                if self.kind == "e":
                    why = "holds an error of the spreadsheet, such as #N/A"
                    self.flaws.setdefault((self.row, self.column), why)
            case "f":
                self._insist_room()
                self.flaws[self.row, self.column] = "holds a formula"
            case "row":
                self.row, self.column = int(given.get("r", self.row + 1)), 0
                if given.get("hidden") in {"1", "true"}:
                    self.hidden_rows.append(self.row)
            case "col":
                if given.get("hidden") in {"1", "true"}:
                    first, last = int(given["min"]), int(given["max"])
                    most = min(last, MOST_COLUMNS)
                    self.hidden_columns += range(first, most + 1)
            case "mergeCell" if ":" in given["ref"]:
                raise _refused(
                    self.shown,
                    f"{self.name}!{given['ref'][:20]} are merged cells",
                    "unmerge them, so that each cell has a value of its own",
                )

    def _turn_to(self, given: Mapping[str, str]) -> None:
        self.column, self.kind = self.column + 1, given.get("t", "")
        if "r" in given:
            found = _REFERENCE.fullmatch(given["r"])
            if found is None:
                raise ValueError
            self.row, self.column = int(found[2]), _number(found[1])

    def _insist_room(self) -> None:
        if self.row > MOST_ROWS:
            raise _too_long(self.shown, f"{self.name}!A{self.row}")
        if self.column > MOST_COLUMNS:
            where = f"{self.name}!{_letters(self.column)}{self.row}"
            raise _too_wide(self.shown, where)

    def remarks(self) -> Iterator[str]:
        """Say what is hidden, and that it counts all the same."""
        if self.hidden_rows:
            rows = few([*_spans(self.hidden_rows, str)])
            yield f"hidden rows are read as all others are: {rows}"
        if self.hidden_columns:
            columns = few([*_spans(self.hidden_columns, _letters)])
            yield f"hidden columns are read as all others are: {columns}"


def _spans(numbers: Sequence[int], spell: Callable[[int], str]) -> Iterator[str]:
    """Spell numbers that follow each other as spans, such as ``4-7``."""
    for _, group in groupby(enumerate(numbers), key=lambda one: one[1] - one[0]):
        span = [number for _, number in group]
        first, last = spell(span[0]), spell(span[-1])
        yield first if first == last else f"{first}-{last}"


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
