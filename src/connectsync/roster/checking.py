"""
What is wrong with a file of a roster, found as its rows go by.

A problem names a line and a column. What it says comes from us: never a value, nor a
header, which may be a row of people.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from connectsync.domain.finding import Place
from connectsync.domain.wording import fold_word, many, nearest
from connectsync.roster.formats import (
    GUARDIANS,
    ONEROSTER,
    UNREAD,
    Column,
    Hashes,
    KnownIds,
    Layout,
    gather_numbers,
    guardians_layout,
    has_contact,
    is_phone,
    tally,
)
from connectsync.roster.opening import (
    UTF_8,
    BadRoster,
    DeliveredFile,
    Rows,
    insist_commas,
    nothing_in_it,
    repeated_columns,
    understood,
    uneven,
)
from connectsync.values import dataclass, field

MOST_PROBLEMS = 100
"""Problems of one rule in one file that are named; the others are counted."""

LONGEST_ID = 12
"""Digits up to which an id is tried with the zeros that it may have lost."""


@dataclass(frozen=True, slots=True)
class RosterProblem:
    """What a rule found in a file; ``stands_for`` is more than 1 for a count."""

    rule: str
    message: str
    place: Place
    hint: str = ""
    column: str = ""
    stands_for: int = 1


class Problems:
    """Takes problems, and keeps the first of each rule in each file."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], list[RosterProblem]] = defaultdict(list)
        self._more = Counter[tuple[str, str]]()

    def add(self, problem: RosterProblem) -> None:
        """Take a problem."""
        key = (problem.place.file, problem.rule)
        if len(self._kept[key]) < MOST_PROBLEMS:
            self._kept[key].append(problem)
        else:
            self._more[key] += 1

    def full(self, file: str, rule: str) -> bool:
        """Say whether another one would only be counted, and count it then."""
        key = (file, rule)
        if len(self._kept.get(key, ())) < MOST_PROBLEMS:
            return False
        self._more[key] += 1
        return True

    def all(self) -> Iterator[RosterProblem]:
        """Give all of them, and behind the last of a rule how many more there are."""
        for key, kept in self._kept.items():
            yield from kept
            if left := self._more[key]:
                file, rule = key
                said = f"and {left:,} more of this in the file"
                place = Place(file, kept[-1].place.line, kept[-1].place.column)
                hint = "correct those that are shown, then check again"
                yield RosterProblem(rule, said, place, hint, stands_for=left)


@dataclass(slots=True)
class _Zeros:
    padded: set[int] = field(default_factory=set)
    plain: dict[int, list[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How a file is read: with its lines, in an encoding, held against a header."""

    lines: bool = False
    encoding: str = UTF_8
    header: tuple[str, ...] | None = None


_FLOAT = re.compile(r"\d(\.\d+)?[eE]\+\d+|\d+\.0+")
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\".]+(\.[^@\s,;<>\".]+)+")


class FileCheck:
    """Checks one file as its rows go by; ``layout`` None: only its structure."""

    def __init__(
        self,
        file: DeliveredFile,
        layout: Layout | None,
        known: KnownIds,
        problems: Problems,
        options: FileOptions,
    ) -> None:
        self._file, self._layout, self._known = file, layout, known
        self._problems, self._options = problems, options
        self._is_guardians = layout is not None and layout.family == GUARDIANS
        self._stem = fold_word(layout.stem) if layout else ""
        self._delta = self._stem in known.delta
        self._columns: list[Column | None] = []
        self._at: dict[str, int] = {}
        self._checked: list[tuple[int, Column]] = []
        self._unique: list[int] = []
        self._seen: Hashes = set()
        self._ids: Hashes = known.ids.setdefault(self._stem, set())
        self._zeros: dict[int, _Zeros] = {}
        # where a file refers to itself its ids were gathered before
        self._own: Hashes = set() if self._ids else self._ids
        self._rows_broken = 0

    def run(self) -> bool:
        """Read the file to its end; False if it has none that can be read."""
        try:
            with understood():
                stream = self._file.opened()
            with stream:
                self._rows = Rows(stream, self._broken, self._options.encoding)
                return self._read(iter(self._rows))
        except BadRoster as bad:
            self._tell_broken(self._file.damage() or bad)
            return False

    def _broken(self, bad: BadRoster) -> None:
        if not self._rows_broken and (damage := self._file.damage()):
            raise damage
        self._tell_broken(bad)

    def _tell_broken(self, bad: BadRoster) -> None:
        self._rows_broken += 1
        place = Place(self._file.shown, bad.line, bad.column, bad.line, bad.column)
        self._problems.add(RosterProblem(bad.rule, bad.message, place, bad.hint))

    def _tell(self, rule: str, message: str, hint: str = "", at: int = 0) -> None:
        """Take a problem of the present row; ``at`` is the field it is in."""
        if self._problems.full(self._file.shown, rule):
            return
        line, column, end = self._rows.place(at)
        text = self._rows.text(line) if self._options.lines else ""
        place = Place(self._file.shown, line, column, line, end, line_text=text)
        told = self._columns[at] if at < len(self._columns) else None
        name = told.name if told else ""
        self._problems.add(RosterProblem(rule, message, place, hint, name))

    def _read(self, rows: Iterator[list[str]]) -> bool:
        header = next(rows, None)
        # a line that is left out would make the next one the header
        if self._rows_broken:
            return False
        if header is None:
            raise nothing_in_it()
        insist_commas(header, self._rows.line)
        if not self._header(header):
            return False
        width, count = len(header), 0
        for fields in rows:
            count += 1
            if len(fields) == width:
                self._row(fields)
            else:
                bad = uneven(len(fields), width, self._rows.line)
                self._tell(bad.rule, bad.message, bad.hint)
        if not count and not self._rows_broken:
            said = "there is a header and no row: who takes it may remove everyone"
            hint = "export it again, or leave the file out"
            self._broken(BadRoster("roster-without-rows", said, hint))
        for at, zeros in self._zeros.items():
            self._mixed(at, zeros)
        return True

    def _header(self, header: Sequence[str]) -> bool:
        """Find the columns; False if there is none to look for in the rows."""
        folded = [fold_word(name) for name in header]
        if self._is_guardians:
            sample = self._options.header or ()
            names = {fold_word(one): one for one in sample}
            self._layout = guardians_layout(header, names)
        layout = self._layout
        self._repeated(folded)
        self._at = {name: at for at, name in reversed([*enumerate(folded)])}
        self._columns = [layout.columns.get(one) if layout else None for one in folded]
        wanted = self._wanted()
        missing = {one: name for one, name in wanted.items() if one not in self._at}
        if wanted and len(missing) == len(wanted):
            said = f"its first line names no column of {self._file.name}"
            hint = "the header may be missing, or be one of another file"
            self._tell("roster-column-missing", said, hint)
            return False
        for name in missing.values():
            said = f"the column {name} is missing"
            self._tell("roster-column-missing", said, "add it to the export")
        self._misspelled(folded)
        self._checked = [
            (at, one)
            for at, one in enumerate(self._columns)
            if one is not None and (one != Column(one.name))
        ]
        self._unique = [self._at[name] for name in self._unique_names()]
        compared = any(one.refers for _, one in self._checked)
        if self._is_guardians and self._known.students and not compared:
            said = "no column is called the id of a student: none is compared"
            self._tell("roster-students-not-compared", said)
        return True

    def _wanted(self) -> dict[str, str]:
        """Give the columns that have to be there, by folded name."""
        if self._options.header is not None:
            return {fold_word(one): one for one in self._options.header}
        if self._layout is None or self._is_guardians:
            return {}
        wanted = {
            folded: one.name
            for folded, one in self._layout.columns.items()
            if one.required
        }
        if self._delta:
            wanted |= {"status": "status", "datelastmodified": "dateLastModified"}
        return wanted

    def _unique_names(self) -> list[str]:
        names = [fold_word(one) for one in (self._layout or UNREAD).unique]
        return names if all(one in self._at for one in names) else []

    def _repeated(self, folded: Sequence[str]) -> None:
        for at, name in enumerate(folded):
            if not name:
                said = f"column {at + 1} has no name"
                self._tell("roster-header-unclear", said, "name or remove it", at)
        for at, said, hint in repeated_columns(folded):
            self._tell("roster-header-unclear", said, hint, at)

    def _misspelled(self, folded: Sequence[str]) -> None:
        """Tell of columns that are named nearly like one that is not there."""
        if self._layout is None:
            return
        named = self._wanted() | {
            name: one.name
            for name, one in self._layout.columns.items()
            if not self._is_guardians
        }
        absent = [one for name, one in named.items() if name not in self._at]
        for at, name in enumerate(folded):
            near = nearest(name, absent) if name and name not in named else None
            # a word inside another is another column: State_id, Student_id
            if near and len(near) > 4 and abs(len(fold_word(near)) - len(name)) < 3:  # noqa: PLR2004 - letters
                said = f"column {at + 1} is none of the known ones"
                hint = f"did you mean {near}?"
                self._tell("roster-column-misspelled", said, hint, at)

    def _row(self, fields: Sequence[str]) -> None:
        deleted = self._status(fields) == "tobedeleted"
        for at, column in self._checked:
            value = fields[at]
            if not value or value.isspace():
                if column.required and not (deleted and not column.identifies):
                    said = f"{column.name} is blank"
                    self._tell("roster-field-blank", said, "every row needs it", at)
                elif column.needed and has_contact(self._checked, fields):
                    said = f"{column.name} is blank, and the row has a contact"
                    hint = "Clever requires the type and the name of each contact"
                    self._tell("roster-contact-incomplete", said, hint, at)
                continue
            self._value(at, column, value)
        self._whole(fields)
        if self._layout is not None:
            self._remember(fields)

    def _status(self, fields: Sequence[str]) -> str:
        """Give the status of a OneRoster row, and hold it against the mode."""
        if self._layout is None or self._layout.family != ONEROSTER:
            return ""
        if (at := self._at.get("status")) is None:
            return ""
        status = fields[at].strip().casefold()
        if self._delta and not status:
            hint = "a delta file says of each row whether it is active or tobedeleted"
            self._tell("roster-field-blank", "status is blank", hint, at)
        elif status and not self._delta:
            said = "status is filled in, and the file is not a delta file"
            self._tell("roster-status-in-bulk", said, "leave it empty in bulk", at)
        return status

    def _value(self, at: int, column: Column, value: str) -> None:
        if column.values:
            if value.strip().casefold() not in column.values:
                self._unlisted(at, column, value)
            return
        if (column.number or column.phone) and _FLOAT.fullmatch(value):
            said = f"{column.name} is written as a spreadsheet writes a number"
            hint = "export it again, with this column as text"
            self._tell("roster-number-mangled", said, hint, at)
        elif column.phone and not is_phone(value):
            said = f"{column.name} is not a number of ten digits"
            hint = "write ten digits, or eleven that begin with 1"
            self._tell("roster-phone-unusable", said, hint, at)
        elif column.email and not _EMAIL.fullmatch(value.strip()):
            said = f"{column.name} is not one email address"
            self._tell("roster-email-unusable", said, "write one address", at)
        elif column.number and not column.several and value.isdigit():
            self._count_zeros(at, value)
        if column.refers:
            for one in value.split(",") if column.several else (value,):
                self._refer(at, column, one.strip() if column.several else one)

    def _unlisted(self, at: int, column: Column, value: str) -> None:
        if column.strict:
            if value.startswith("ext:"):
                return
            said = f"{column.name} is none of the values that the format allows"
            self._tell("roster-value-not-allowed", said, "", at)
        else:
            said = f"{column.name} is none of the values that Clever lists"
            hint = "Connect's form offers the listed values alone"
            self._tell("roster-value-not-listed", said, hint, at)

    def _refer(self, at: int, column: Column, value: str) -> None:
        known = self._referred(column)
        if known is None or hash(value) in known:
            return
        widths = range(len(value) + 1, LONGEST_ID + 1) if value.isdigit() else ()
        if any(hash(value.zfill(width)) in known for width in widths):
            said = f"{column.name} is an id that has lost its leading zeros"
            hint = "export it again, with this column as text"
            self._tell("roster-zeros-lost", said, hint, at)
            return
        said = f"{column.name} is no id of {column.refers}.csv"
        if self._is_guardians:
            said = f"{column.name} is no student of the roster"
        self._tell("roster-reference-unknown", said, "correct the id", at)

    def _referred(self, column: Column) -> Hashes | None:
        """Give the ids that a column may hold, None where they are not all known."""
        if self._is_guardians:
            return self._known.students or None
        whole = column.target not in self._known.delta
        return (whole and self._known.ids.get(column.target)) or None

    def _count_zeros(self, at: int, value: str) -> None:
        zeros = self._zeros.setdefault(at, _Zeros())
        if value[0] == "0":
            zeros.padded.add(len(value))
        elif len(value) not in zeros.plain:
            zeros.plain[len(value)] = [1, *self._rows.place(at)]
        else:
            zeros.plain[len(value)][0] += 1

    def _mixed(self, at: int, zeros: _Zeros) -> None:
        """Tell of a column in which some ids have leading zeros, and others none."""
        if len(zeros.padded) != 1:
            return
        (width,) = zeros.padded
        short = [told for length, told in zeros.plain.items() if length < width]
        if not short:
            return
        count = sum(told[0] for told in short)
        _, line, column, end = min(short, key=lambda told: told[1:])
        told = self._columns[at]
        name = told.name if told else ""
        said = (
            f"{many(count, f'value of {name} is', f'values of {name} are')} shorter"
            f" than {width} digits, and others are kept at {width} by leading zeros"
        )
        place = Place(self._file.shown, line, column, line, end)
        hint = "compare with the SIS: a spreadsheet removes leading zeros"
        self._problems.add(RosterProblem("roster-zeros-mixed", said, place, hint, name))

    def _whole(self, fields: Sequence[str]) -> None:
        """Find a row, or the id of a row, that came before."""
        layout = self._layout
        if layout is None or (not layout.several_rows and not self._unique):
            return
        same = [fields[at] for at in self._unique] if self._unique else fields
        key = hash(tuple(same))
        if key in self._seen:
            what = " and ".join(layout.unique) or "everything"
            said = f"the row has {what} in common with an earlier one"
            self._tell("roster-duplicate-row", said, "remove one of them")
        self._seen.add(key)

    def _remember(self, fields: Sequence[str]) -> None:
        layout = self._layout
        if layout is None:
            return
        for at, column in self._checked:
            if column.identifies and fields[at]:
                self._identify(at, column, fields, layout)
                break
        if self._known.records is not None:
            tally(layout, self._at, fields, self._known)

    def _identify(
        self, at: int, column: Column, fields: Sequence[str], layout: Layout
    ) -> None:
        key = hash(fields[at])
        if key in self._own and not layout.several_rows:
            said = f"{column.name} is the id of an earlier row"
            self._tell("roster-duplicate-id", said, "give each record its own id", at)
        self._own.add(key)
        self._ids.add(key)
        if layout.stem == "users":
            self._person(key, fields)
        gather_numbers(layout, self._at, fields, self._known)

    def _person(self, key: int, fields: Sequence[str]) -> None:
        """Hold who is an agent of whom against what each of them is."""
        known = self._known
        if key in known.pupils and (at := self._at.get("agentsourcedids")) is not None:
            for agent in filter(None, map(str.strip, fields[at].split(","))):
                if hash(agent) in self._ids and hash(agent) not in known.guardians:
                    said = "agentSourcedIds of a student names a user of another role"
                    hint = "name guardians, parents and relatives there"
                    self._tell("roster-agent-not-guardian", said, hint, at)
        whole = self._stem not in known.delta
        if key in known.guardians and key not in known.agents and whole:
            said = "no student names this guardian in agentSourcedIds"
            hint = "add the guardian's sourcedId to the student's row"
            self._tell("roster-guardian-without-student", said, hint)
