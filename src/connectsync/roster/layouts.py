"""What stands where in the files of a roster, and how it comes into the tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Thread
from typing import IO

from connectsync.domain.impact import Gap
from connectsync.domain.roster_words import LABELS, columns_of_people
from connectsync.errors import RosterUnreadable
from connectsync.roster.files import (
    WANTED,
    RosterFile,
    WayOut,
    find_files,
    refused,
)
from connectsync.roster.opening import (
    BEYOND_BOUNDS,
    CODECS,
    LATIN_1,
    LONGEST_RECORD,
    UTF_8,
    checked_bytes,
    unreadable,
)
from connectsync.roster.tables import RosterTables, of_users, open_tables, statement
from connectsync.values import dataclass


@dataclass(frozen=True, slots=True)
class RosterInFiles:
    """A roster that was read: its tables, of what kind it is, and what it lacks."""

    tables: RosterTables
    kind: str
    gaps: frozenset[Gap] = frozenset()
    notes: tuple[str, ...] = ()


@contextmanager
def open_roster_files(
    path: Path,
    encoding: str = UTF_8,
    *,
    schools: bool = True,
    shown: str = "",
    way_out: WayOut = lambda _: None,
) -> Iterator[RosterInFiles]:
    """
    Read the roster in a file, a folder or a zip into tables.

    Without ``schools`` their column is left out, which takes less time and memory.
    ``shown`` is how people find the roster.

    Raises ``RosterUnreadable`` with what is wrong, where, and what to do about it, and
    ``UsageError`` if DuckDB is not installed.
    """
    with find_roster_files(
        path, encoding, schools=schools, shown=shown, way_out=way_out
    ) as (_, load):
        yield load()


@contextmanager
def find_roster_files(
    path: Path, encoding: str, *, schools: bool, shown: str, way_out: WayOut
) -> Iterator[tuple[RosterTables, Callable[[], RosterInFiles]]]:
    """Look at files as `open_roster_files` does; what is given reads them."""
    with (
        find_files(path, shown or str(path), encoding, way_out) as found,
        open_tables(
            [each.readable for one in found for each in (one, one.again or one)],
            schools=schools or not all(one.columns for one in found),
            emails=not all(one.columns for one in found),
        ) as tables,
    ):
        loader = _Loader(tables, schools=schools)
        yield tables, lambda: _load(found, loader)


# what stands in which column, in one spelling

_STUDENTS: Mapping[str, tuple[str, ...]] = {
    "student": ("studentid",),
    "number": ("studentnumber",),
    "school": ("schoolid",),
    "contact": ("contactsisid",),
    "name": ("contactname",),
    "email": ("contactemail",),
    "phone": ("contactphone",),
    "phone_type": ("contactphonetype",),
    "type": ("contacttype",),
    "relationship": ("contactrelationship",),
}
_CONTACTS: Mapping[str, tuple[str, ...]] = {
    "student": ("studentid",),
    "contact": ("contactid", "contactsisid"),
    "name": ("firstname", "middlename", "lastname", "name"),
    "email": ("email",),
    "phone": ("phone",),
    "phone_type": ("phonetype",),
    "type": ("type",),
    "relationship": ("relationship",),
}


def _load(found: Sequence[RosterFile], loader: _Loader) -> RosterInFiles:
    """Put all files into the tables. Raises ``RosterUnreadable``."""
    tables = loader.tables
    kinds = [loader.load(one) for one in found]
    people, contacts = tables.settle()
    if not people:
        raise RosterUnreadable(
            f"{found[-1].shown}: it lists no students", remedy=WANTED
        )
    notes = [*loader.notes]
    if not contacts:
        notes.append(
            "no contacts came: the files hold none, which is not the same as contacts"
            " that do not match"
        )
    return RosterInFiles(tables, kinds[-1], frozenset(loader.gaps), tuple(notes))


class _Loader:
    """Puts files into tables, each by what its header says it is."""

    def __init__(self, tables: RosterTables, *, schools: bool) -> None:
        self.tables = tables
        self._schools = schools
        self._has_roles = False
        self._has_students = False
        self.gaps: set[Gap] = set()
        self.notes: list[str] = []

    def load(self, file: RosterFile) -> str:
        """Load one file, and give the kind of roster that it is of."""
        columns = set(file.columns)
        if not columns:
            return self._dump(file)
        if file.name.lower() == "manifest.csv" and {"propertyname", "value"} <= columns:
            self._insist_bulk(file)
            return "OneRoster"
        if {"usersourcedid", "role"} <= columns:
            self._run(file, "roles", "usersourcedid", "role", "status")
            self._has_roles = True
            return "OneRoster"
        if {"sourcedid", "agentsourcedids"} <= columns:
            return self._users(file)
        if "studentid" in columns:
            contacts = columns & {"type", "relationship", "contactid"}
            return self._contacts(file) if contacts else self._students(file)
        raise file.problem("its header is not that of a roster", WANTED)

    def _students(self, file: RosterFile) -> str:
        self._has_students = True
        given = _expressions(file.columns, _STUDENTS)
        given["school"] = f", {given['school']} AS school" if self._schools else ""
        told = [2, 3, 5, *([7] if given["number"] != _ABSENT else [])]
        self._expect(file, given)
        self._run(file, "rows", notes=_notes(told), **given)
        self._look_later(file, given)
        return "Clever students.csv"

    def _contacts(self, file: RosterFile) -> str:
        given = _expressions(file.columns, _CONTACTS)
        given |= {"school": "", "number": _ABSENT}
        self._expect(file, given)
        self._run(file, "rows", notes=_notes([2, 5]), **given)
        self._look_later(file, given)
        if self._has_students:
            return "Clever students.csv and contacts.csv"
        self.gaps.add(Gap.STUDENTS)
        self.notes.append(
            "contacts.csv lists no students: only those with a contact are counted"
        )
        return "Clever contacts.csv"

    def _look_later(self, file: RosterFile, given: Mapping[str, str]) -> None:
        """Let the names in a file be looked at, should a word have to be compared."""
        told = (f"{how}(c{place})" for place, how in columns_of_people(file.columns))
        said = ", ".join(told) or "''"
        names = {one: given.get(one, _ABSENT) for one in ("name", *LABELS)}
        people = partial(statement("people_of_rows").format, said=said, **names)

        def look(wanted: Collection[str]) -> None:
            again = file.again or file
            with hand_on(again):
                source = _csv_source(again)
                self.tables.take_people(people(source=source), wanted)

        self.tables.later.append(look)

    def _expect(self, file: RosterFile, given: Mapping[str, str]) -> None:
        """Look which words the first rows hold: the others hold few more."""
        places = {name: given[name] for name in LABELS if given[name] != _ABSENT}
        columns = [int(column.removeprefix("c")) for column in places.values()]
        found = file.sample(columns)
        words = dict(zip(places, found, strict=True))
        # where they are no words from a list, each row keeps its own
        many = max(map(len, found), default=0) > MOST_EXPECTED
        self.tables.expect({} if many else words)

    def _users(self, file: RosterFile) -> str:
        if not self._has_roles and "role" not in file.columns:
            raise file.problem(
                "it has no column role, and there is no roles.csv beside it",
                "give the folder or zip with all files of the export",
            )
        role = "coalesce(roles.{0}, false)" if self._has_roles else "({1} = '{0}')"
        spelled = f"coalesce(fold_role({_column(file.columns, 'role')}), '')"
        school = next(
            (
                one
                for one in ("orgsourcedids", "primaryorgsourcedid")
                if one in file.columns
            ),
            "orgsourcedids",
        )
        self._run(
            file,
            "oneroster",
            *("sourcedid", "agentsourcedids", "email", "sms", "status"),
            is_student=role.format("student", spelled),
            is_agent=role.format("agent", spelled),
            schools=_column(file.columns, school),
            school=_FIRST_SCHOOL if self._schools else "",
            joined="LEFT JOIN roles ON roles.id ="
            f" filled({_column(file.columns, 'sourcedid')})"
            if self._has_roles
            else "",
        )
        name = _column(file.columns, "familyname")
        self._look_later(file, {"name": name, "type": "'any'"})
        self.gaps.add(Gap.LABELS)
        self.notes.append(
            "OneRoster tells no contact types and no phone types: what depends on them"
            " is not known"
        )
        return f"OneRoster {'1.2' if self._has_roles else '1.1'}"

    def _insist_bulk(self, file: RosterFile) -> None:
        # what formats describe is read for OneRoster alone
        from connectsync.roster.formats import users_are_delta  # noqa: PLC0415

        if users_are_delta(file.source, file.encoding):
            raise file.problem(
                "users.csv holds only what changed (delta)",
                "give an export of the whole roster (bulk)",
            )

    def _dump(self, file: RosterFile) -> str:
        spelled = _quote(file.readable)
        self.tables.expect({})
        with hand_on(file):
            if file.is_parquet:
                self._insist_not_endless(spelled)
                source = (
                    f"(SELECT to_json(one) AS json FROM read_parquet({spelled}) AS one)"  # noqa: S608 - ours
                )
            else:
                source = (
                    f"read_json_objects({spelled}, maximum_object_size = 67108864,"
                    f" format = '{'array' if file.is_array else 'unstructured'}')"
                )
            users = statement("answers").replace("/* source */", source)
            try:
                self.tables.add_users(users)
            except RosterUnreadable as error:
                self._place(error, file, users)
                raise

        def look(wanted: Collection[str]) -> None:
            again = file.again or file
            with hand_on(again):
                once_more = users.replace(spelled, _quote(again.readable))
                parsed = of_users("parsed", once_more, names=True)
                self.tables.take_people(of_users("people_of_users", parsed), wanted)

        self.tables.later.append(look)
        return "answers of Clever"

    def _place(self, error: RosterUnreadable, file: RosterFile, users: str) -> None:
        """Say who of a file is not understood; what is packed can be read only once."""
        if error.is_of_someone and not file.ends:
            self.tables.run("SET threads = 1; SET preserve_insertion_order = true")
            ((who,),) = self.tables.run(
                "SELECT min(who) FROM (SELECT row_number() OVER () AS who, one"  # noqa: S608 - ours
                f" FROM ({users})) WHERE wrong_in(one) IS NOT NULL"
            )
            error.reason = error.reason.replace("a user in it", f"user {who:,}", 1)

    def _insist_not_endless(self, parquet: str) -> None:
        """Refuse a Parquet file of which a few bytes stand for any number of users."""
        ((rows, values),) = self.tables.run(
            "SELECT coalesce(sum(rows), 0), coalesce(sum(held), 0) FROM (SELECT"  # noqa: S608 - ours
            " any_value(row_group_num_rows) AS rows, max(num_values) AS held"
            f" FROM parquet_metadata({parquet}) GROUP BY row_group_id)"
        )
        if (told := max(rows, values)) > MOST_USERS:
            raise unreadable(
                f"it says that it holds {told:,} users, or parts of them, and"
                f" {MOST_USERS:,} are the most that are read",
                remedy="give the roster of one district",
            )

    def _run(self, file: RosterFile, sql: str, *names: str, **given: str) -> None:
        given |= {name: _column(file.columns, name) for name in names}
        with hand_on(file):
            given["source"] = _csv_source(file)
            self.tables.run(statement(sql).format(**given))


MOST_EXPECTED = 20

MOST_USERS = 50_000_000
"""Ten times the users of the largest district."""

_ABSENT = "NULL::VARCHAR"

_FIRST_SCHOOL = (
    ", CASE WHEN is_student THEN filled(string_split(schools, ',')[1]) END AS school"
)


def _notes(numbers: Collection[int]) -> str:
    return " | ".join(f"note({one})" for one in numbers)


def _expressions(
    columns: Sequence[str], wanted: Mapping[str, Collection[str]]
) -> dict[str, str]:
    """Give for each value its column; a name may be parted among several."""
    given = {}
    for name, spellings in wanted.items():
        there = [_column(columns, one) for one in spellings if one in columns]
        if len(there) > 1 and name == "name":
            parts = ", ".join(f"nullif({one}, '')" for one in there)
            given[name] = f"concat_ws(' ', {parts})"
        else:
            given[name] = there[0] if there else _ABSENT
    return given


def _column(columns: Sequence[str], name: str) -> str:
    return f"c{columns.index(name)}" if name in columns else _ABSENT


def _csv_source(file: RosterFile) -> str:
    columns = ", ".join(
        f"'c{number}': 'VARCHAR'" for number in range(len(file.columns))
    )
    # where no field is null, none that is too much for the row is passed over as null:
    # a line end stands in quotes alone
    return (
        f"read_csv({_quote(file.readable)}, header = true, auto_detect = false,"
        f""" delim = ',', quote = '"', escape = '"', columns = {{{columns}}},"""
        f" nullstr = E'\\n', allow_quoted_nulls = false, skip = {file.skipped},"
        f" encoding = '{UTF_8 if file.ends else file.encoding}',"
        f" max_line_size = {LONGEST_RECORD})"
    )


def _quote(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


# handing files on to DuckDB


@contextmanager
def hand_on(file: RosterFile) -> Iterator[None]:
    """
    Let DuckDB read a file, a packed one out of a pipe: nothing is unpacked to disk.

    Of what is wrong with it, that with its bytes is said first, and then what whoever
    checks the file is told.
    """
    problem: RosterUnreadable | None = None
    thread = Thread(target=_write, args=(file,), daemon=True)
    if file.ends:
        thread.start()
    try:
        yield
    except RosterUnreadable as error:
        where = f"line {error.line:,}: " if error.line else ""
        problem = file.problem(f"{where}{error.reason}", error.remedy)
        problem.reason = error.reason
    finally:
        # a writer that no one reads from any more is told so by the closed end
        file.close(0)
        if thread.is_alive():
            thread.join()
    # raised here, what DuckDB said does not come along
    if problem := file.failure or problem:
        if problem.reason not in BEYOND_BOUNDS | {""}:
            from connectsync.roster.formats import insist_even  # noqa: PLC0415 - rare

            with refused(file.shown):
                if damage := file.source.damage():
                    raise damage
                if file.columns:
                    insist_even(file.source, file.encoding)
        raise problem


def _write(file: RosterFile) -> None:
    with (
        suppress(BrokenPipeError, _NoOneReads),
        os.fdopen(file.ends.pop(1), "wb") as pipe,
    ):
        try:
            with refused(file.shown):
                checked = checked_bytes(file.source, file.encoding)
                for chunk in _in_usual_form(checked, file.encoding):
                    _pass_on(pipe, chunk)
        except RosterUnreadable as error:
            file.failure = error


def _in_usual_form(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Give text on as DuckDB reads it whatever it was: UTF-8, lines end in one way."""
    held = b""
    for chunk in chunks:
        text = held + chunk
        if encoding == LATIN_1 and not text.isascii():
            text = text.decode(CODECS[encoding]).encode()
        # the rest of its line end may be in the next chunk
        held = b"\r" if text.endswith(b"\r") else b""
        yield text.removesuffix(b"\r").replace(b"\r\n", b"\n")


def _pass_on(pipe: IO[bytes], chunk: bytes) -> None:
    """Write to a pipe; that no one reads is no fault of the file."""
    try:
        pipe.write(chunk)
    except BrokenPipeError:
        raise _NoOneReads from None


class _NoOneReads(Exception):
    """The other end of a pipe was closed."""
