"""Read the cells of a workbook, XLSX, and tell it from a CSV."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from xml.parsers import expat

from connectsync.domain.wording import few
from connectsync.errors import InvalidFiles, UsageError, load_extra
from connectsync.files.access import TooLarge, read_regular
from connectsync.files.sheets import (
    MOST_COLUMNS,
    MOST_ROWS,
    Cell,
    Sheet,
    letters_of,
    read_csv,
    refused,
    too_long,
    too_wide,
)
from connectsync.values import dataclass, field

MOST_BYTES = 32 << 20
MOST_UNPACKED = 128 << 20
MOST_PARTS = 2000
MOST_ELEMENTS = 10_000_000
"""Of one part; a cell has two or three."""
MOST_FLAWS = 10_000
_LONGEST_NUMBER = 20


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
        raise refused(shown, f"it is larger than {MOST_BYTES >> 20} MB") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"cannot read the sheet {shown}: {why}", remedy="check its path and rights"
        ) from error
    packed = raw.startswith(b"PK")
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise refused(shown, *_compound(raw))
    if ending == ".csv":
        if packed:
            raise refused(shown, "it is a workbook, no CSV", "name it FILE.xlsx")
        return read_csv(raw, shown)
    if not packed:
        raise refused(
            shown, "it is no Excel workbook", "save it as *Excel Workbook (.xlsx)*"
        )
    return _Workbook(shown, raw, about).read()


def _compound(raw: bytes) -> tuple[str, str]:
    if "EncryptedPackage".encode("utf-16-le") in raw:
        return "it is protected with a password", "save it without one"
    return (
        "it is a workbook of an old kind (.xls)",
        "save it as *Excel Workbook (.xlsx)*",
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
            texts = _Texts(self.shown)
            for name in _SHARED & parts.keys():
                _walk(parts[name], texts.begin, texts.add)
            look = _Look(self.shown, chosen.name, tuple(texts.lengths))
            _walk(parts[chosen.part], look.begin, look.add)
            look.settle()
        except (expat.ExpatError, *_DAMAGED) as error:
            raise refused(self.shown, "it is damaged, or cut off") from error
        # what is read is what was looked at, unpacked: never the file once more
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w") as archive:
            for name, content in parts.items():
                if name == chosen.part or not name.startswith("xl/worksheets/"):
                    archive.writestr(name, content)
        whole.seek(0)
        try:
            book = library.load_workbook(whole)
            rows = book.get_sheet_by_name(chosen.name).to_python(skip_empty_area=False)
        except library.CalamineError as error:
            raise refused(self.shown, "it is no workbook that can be read") from error
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
                    raise refused(self.shown, why)
                parts[one.filename] = content
        if b"macroEnabled" in parts["[Content_Types].xml"]:
            raise self._with_macros()
        # Excel declares no types and no entities, and neither does any other program
        for name, content in parts.items():
            if b"\0" in content or _DECLARED.search(content):
                raise refused(self.shown, f"its part {name} is not as Excel writes it")
        return parts

    def _members(self, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
        members = archive.infolist()
        if len(members) > MOST_PARTS:
            raise refused(self.shown, f"it has more than {MOST_PARTS:,} parts")
        if any(one.filename.endswith("vbaProject.bin") for one in members):
            raise self._with_macros()
        read = [one for one in members if _READ.fullmatch(one.filename)]
        if any(one.flag_bits & 1 or one.compress_type not in {0, 8} for one in read):
            raise refused(self.shown, "it is packed in an unusual way")
        # the library that reads the values does not tell capitals apart
        if len({one.filename.casefold() for one in read}) < len(read):
            raise refused(self.shown, "it has two parts of one name")
        return read

    def _with_macros(self) -> InvalidFiles:
        return refused(
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
        if len({one.name for one in sheets}) < len(sheets):
            raise refused(self.shown, "it has two sheets of one name")
        seen = [one for one in sheets if not one.hidden and one.part in parts]
        if not seen:
            raise refused(self.shown, "all its sheets are hidden", "show the sheet")
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


def _walk(
    content: bytes,
    begin: Callable[[str, Mapping[str, str]], None],
    add: Callable[[str], None] | None = None,
) -> None:
    """
    Tell of each element as it begins: its name and attributes without prefixes.

    ``add`` is told of the text in it. Raises ``ValueError`` for far too many.
    """
    left = MOST_ELEMENTS

    def start(name: str, given: dict[str, str]) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise ValueError("too many elements")
        plain = {key.rpartition("}")[2]: value for key, value in given.items()}
        begin(name.rpartition("}")[2], plain)

    parser = expat.ParserCreate(namespace_separator="}")
    parser.StartElementHandler = start
    if add is not None:
        parser.CharacterDataHandler = add
    parser.Parse(content, True)  # noqa: FBT003 - the library names it nowhere


_SHARED = frozenset(["xl/sharedStrings.xml"])


@dataclass(slots=True)
class _Texts:
    """How long the texts are that cells share, by number."""

    shown: str
    lengths: list[int] = field(default_factory=list)

    def begin(self, name: str, _: Mapping[str, str]) -> None:
        if name == "si":
            self.lengths.append(0)

    def add(self, text: str) -> None:
        if self.lengths:
            self.lengths[-1] += len(text)


_REFERENCE = re.compile("([A-Z]{1,3})([1-9][0-9]{0,6})")


@dataclass(slots=True)
class _Look:
    """What stands in the cells of a sheet beside their values, row by row."""

    shown: str
    name: str
    texts: Sequence[int] = ()
    flaws: dict[tuple[int, int], str] = field(default_factory=dict)
    row: int = 0
    column: int = 0
    kind: str = ""
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    _said: str = ""
    _shares: bool = False
    _room: int = MOST_UNPACKED

    def begin(self, name: str, given: Mapping[str, str]) -> None:
        self.settle()
        match name:
            case "c":
                self._turn_to(given)
            case "v" | "is":
                self._insist_room()
                self._shares = name == "v" and self.kind == "s"
                if self.kind == "e":
                    why = "holds an error of the spreadsheet, such as #N/A"
                    self.flaws.setdefault((self.row, self.column), why)
            case "f":
                self._insist_room()
                self.flaws[self.row, self.column] = "holds a formula"
            case "row":
                self.row, self.column = int(given.get("r", self.row + 1)), 0
                if given.get("hidden") in {"1", "true"} and self.row <= MOST_ROWS:
                    self.hidden_rows.add(self.row)
            case "col":
                if given.get("hidden") in {"1", "true"}:
                    first, last = max(1, int(given["min"])), int(given["max"])
                    most = min(last, MOST_COLUMNS)
                    self.hidden_columns.update(range(first, most + 1))
            case "mergeCell" if ":" in given["ref"]:
                raise refused(
                    self.shown,
                    f"{self.name}!{given['ref'][:20]} are merged cells",
                    "unmerge them, so that each cell has a value of its own",
                )

    def add(self, text: str) -> None:
        """Take text in an element: which text a cell shares."""
        if self._shares and len(self._said) < _LONGEST_NUMBER:
            self._said += text[:_LONGEST_NUMBER]

    def settle(self) -> None:
        """Count the text that a cell shares: each cell gets a copy of it."""
        if self._shares and self._said:
            if not re.fullmatch("[0-9]{1,9}", self._said):
                raise ValueError("no number of a text")
            self._room -= self.texts[int(self._said)]
        self._said, self._shares = "", False
        if self._room < 0:
            most = MOST_UNPACKED >> 20
            why = f"its cells hold more than {most} million characters together"
            raise refused(self.shown, why)
        if len(self.flaws) > MOST_FLAWS:
            why = f"more than {MOST_FLAWS:,} of its cells hold formulas or errors"
            raise refused(self.shown, why, "paste them as values")

    def _turn_to(self, given: Mapping[str, str]) -> None:
        self.column, self.kind = self.column + 1, given.get("t", "")
        if "r" in given:
            found = _REFERENCE.fullmatch(given["r"])
            if found is None:
                raise ValueError
            self.row, self.column = int(found[2]), _number(found[1])

    def _insist_room(self) -> None:
        if self.row > MOST_ROWS:
            raise too_long(self.shown, f"{self.name}!A{self.row}")
        if self.column > MOST_COLUMNS:
            where = f"{self.name}!{letters_of(self.column)}{self.row}"
            raise too_wide(self.shown, where)

    def remarks(self) -> Iterator[str]:
        """Say what is hidden, and that it counts all the same."""
        if self.hidden_rows:
            rows = few([*_spans(sorted(self.hidden_rows), str)])
            yield f"hidden rows are read as all others are: {rows}"
        if self.hidden_columns:
            columns = few([*_spans(sorted(self.hidden_columns), letters_of)])
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
