"""
A roster as tables in memory, which hold no name, phone number, email or id.

People are known by hashes from the moment a row is read, and nothing is ever written to
disk. A source adds its rows by the page or by the file, in SQL: no row passes through
Python.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connectsync.errors import RosterUnreadable, UsageError, how_to_add
from connectsync.roster.seam import CONTACT, STUDENT

MEMORY = "800MB"
"""How much memory DuckDB may take; the rest of a gibibyte is ours."""

ROWS: Mapping[str, str] = {
    "student": "UBIGINT",
    "lists_student": "BOOLEAN",
    "has_id": "BOOLEAN",
    "has_number": "BOOLEAN",
    "school": "VARCHAR",
    "contact": "UBIGINT",
    "lists_contact": "BOOLEAN",
    "own": "BOOLEAN",
    "type": "VARCHAR",
    "relationship": "VARCHAR",
    "phone_type": "VARCHAR",
    "number": "UBIGINT",
    "email": "UBIGINT",
}
"""
The columns of ``rows``: what one row of a source says of a student, a contact, or both.

``lists_student`` and ``lists_contact`` say that the row is where that person is listed,
and not only referred to. ``has_id`` and ``has_number`` say whether the student has a
SIS id and a student number, null where the source cannot say. ``own`` says that the
contact has an id from the SIS. ``number`` is a number that can be texted, its ten
digits; null where there is none. ``type``, ``relationship`` and ``phone_type`` are the
words of the source, null where blank; what else is known of a contact stands in each of
its rows. ``email`` is a hash.
"""

_SETTINGS = (
    "SET allow_community_extensions = false",
    # the order of rows never matters, and keeping it takes memory
    "SET preserve_insertion_order = false",
    "SET allow_persistent_secrets = false",
    "SET enable_progress_bar = false",
)

_MACROS = (
    r"""
    CREATE MACRO filled(x) AS
        nullif(trim(x, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)
            || chr(160)), '')
    """,
    "CREATE MACRO fold(x) AS lower(filled(x))",
    # hash(null) is no null
    """
    CREATE MACRO key(kind, x) AS CASE WHEN filled(x) IS NOT NULL
        THEN hash(kind || chr(31) || filled(x)) END
    """,
    "CREATE MACRO digits(x) AS regexp_replace(x, '[^0-9]+', '', 'g')",
    # a number that can be texted: ten digits, or eleven that begin with 1
    """
    CREATE MACRO textable(digits) AS CASE
        WHEN length(digits) = 10 THEN digits::UBIGINT
        WHEN length(digits) = 11 AND digits[1] = '1' THEN digits[2:]::UBIGINT
    END
    """,
    # who has no id is known by name, email and all digits of the number; null if blank
    """
    CREATE MACRO known_by(name, email, digits) AS CASE
        WHEN filled(name) IS NOT NULL OR filled(email) IS NOT NULL
            OR coalesce(digits, '') <> ''
        THEN hash(concat_ws(chr(31), 'known by',
            regexp_replace(coalesce(fold(name), ''), '\\s+', ' ', 'g'),
            coalesce(fold(email), ''), coalesce(digits, '')))
    END
    """.replace("\\\\", "\\"),
)

_USER = "id:VARCHAR,email:VARCHAR,name:{first:VARCHAR,middle:VARCHAR,last:VARCHAR}"


def _shape(roles: str) -> str:
    """Give what is read of a page of users at Clever, in DuckDB's spelling."""
    spelled = re.sub(r"(\w+)", r'"\1"', f"{_USER},roles:{{{roles}}}")
    return f'{{"data":[{{"data":{{{spelled}}}}}]}}'


_STUDENTS = _shape(
    "student:{sis_id:VARCHAR,student_number:VARCHAR,school:VARCHAR,schools:[VARCHAR]}"
)
_CONTACTS = _shape(
    "contact:{sis_id:VARCHAR,phone:VARCHAR,phone_type:VARCHAR,"
    "student_relationships:[{student:VARCHAR,type:VARCHAR,relationship:VARCHAR}]}"
)
_STAFF = _shape("teacher:{sis_id:VARCHAR}")

_EACH_USER = (
    "SELECT one.data AS u"
    " FROM (SELECT unnest(from_json($page::JSON, '{shape}').data) AS one)"
)


class RosterTables:
    """
    A DuckDB in memory that takes rows of a roster and answers with tallies.

    ``files`` are all that it may read; it can write nothing. Open it with
    `open_tables`.
    """

    def __init__(self, database: Any, failure: type[Exception]) -> None:
        self._database = database
        self._failure = failure

    def run(
        self, sql: str, given: Mapping[str, object] | Sequence[object] | None = None
    ) -> list[tuple[Any, ...]]:
        """
        Run one statement and give its rows. Raises ``RosterUnreadable``.

        What DuckDB says of a failure quotes values of the roster, so none of it is
        repeated, not even as the cause.
        """
        try:
            return list(self._database.execute(sql, given).fetchall())
        except self._failure as error:
            problem = _problem(str(error))
        # raised here: inside, what DuckDB said would come along as the context
        raise problem

    def take_page(self, role: str, page: str) -> None:
        """Add a page of the people of a role; see ``seam.PeopleSource``."""
        adding = {STUDENT: self.add_students, CONTACT: self.add_contacts}
        adding.get(role, self.add_staff)(page)

    def add_students(self, page: str) -> None:
        """Add a page of students, as Clever answers ``/users?role=student``."""
        self._add_page(
            _STUDENTS,
            page,
            """
            key('student', u.id), u.id IS NOT NULL,
            filled(u.roles.student.sis_id) IS NOT NULL,
            filled(u.roles.student.student_number) IS NOT NULL,
            unnest(CASE WHEN len(u.roles.student.schools) > 0
                THEN u.roles.student.schools ELSE [u.roles.student.school] END),
            NULL, false, NULL, NULL, NULL, NULL, NULL, NULL
            """,
        )

    def add_contacts(self, page: str) -> None:
        """Add a page of contacts, as Clever answers ``/users?role=contact``."""
        self._add_page(
            _CONTACTS,
            page,
            """
            key('student', link.student), false, NULL, NULL, NULL,
            key('contact', u.id), u.id IS NOT NULL,
            filled(u.roles.contact.sis_id) IS NOT NULL,
            filled(link.type), filled(link.relationship),
            filled(u.roles.contact.phone_type),
            textable(digits(u.roles.contact.phone)), key('email', lower(u.email))
            """,
            """
            LEFT JOIN LATERAL
                (SELECT unnest(u.roles.contact.student_relationships) link) ON true
            """,
        )

    def add_staff(self, page: str) -> None:
        """Add a page of teachers or staff, as Clever answers ``/users?role=…``."""
        users = _EACH_USER.format(shape=_STAFF)
        self.run(
            f"INSERT INTO staff SELECT key('email', lower(u.email)) FROM ({users})"  # noqa: S608 - ours
            " WHERE filled(u.email) IS NOT NULL",
            {"page": page},
        )

    def _add_page(self, shape: str, page: str, columns: str, joined: str = "") -> None:
        users = _EACH_USER.format(shape=shape)
        self.run(
            f"INSERT INTO rows SELECT {columns} FROM ({users}) {joined}",  # noqa: S608 - ours
            {"page": page},
        )


class DatabaseProblem(RosterUnreadable):
    """
    What went wrong in DuckDB, without a value of the roster.

    ``reason`` is a sentence part about the text that was read; ``line`` is its line,
    0 where that is not known.
    """

    def __init__(self, reason: str, line: int) -> None:
        self.reason = reason
        self.line = line
        super().__init__(f"the roster cannot be read: {reason}")


_REASONS = (
    ("Out of Memory", f"it needs more memory than the {MEMORY} it may take"),
    ("nvalid unicode|not utf-8|nvalid UTF|Byte sequence", "it is not saved as UTF-8"),
    ("unterminated quote", 'a value begins with a quote (") that is never closed'),
    ("Expected Number of Columns", "a row has more or fewer columns than the header"),
    ("Maximum line size", "a row is longer than two million characters"),
    ("JSON", "it is not valid JSON"),
    (
        "[Pp]arquet|magic bytes|thrift|[Ss]nappy|ZSTD|GZIP",
        "it is not a whole Parquet file",
    ),
)

_LINE = re.compile(r"\bLine: (\d{1,12})\b")


def _problem(message: str) -> DatabaseProblem:
    """Tell what a message of DuckDB means in our words, for its own quote values."""
    # values come after the first line, but not always: only these words are looked for
    reason = next(
        (ours for theirs, ours in _REASONS if re.search(theirs, message)),
        "DuckDB cannot read what is in it",
    )
    line = _LINE.search(message)
    return DatabaseProblem(reason, int(line.group(1)) if line else 0)


@contextmanager
def open_tables(files: Sequence[Path] = ()) -> Iterator[RosterTables]:
    """
    Open empty tables that may read these files and nothing else.

    Raises ``UsageError`` if DuckDB is not installed.
    """
    try:
        import duckdb  # noqa: PLC0415 - extra, and slow to import
    except ImportError as error:
        raise UsageError(
            "reading a roster needs DuckDB", remedy=how_to_add("roster")
        ) from error
    database = duckdb.connect(
        ":memory:",
        config={
            # what does not fit into memory is refused, never put into a file
            "temp_directory": "",
            "memory_limit": MEMORY,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )
    try:
        for setting in _SETTINGS:
            database.execute(setting)
        database.execute("SET allowed_paths = ?", [[str(one) for one in files]])
        database.execute("SET enable_external_access = false")
        database.execute("SET lock_configuration = true")
        for macro in _MACROS:
            database.execute(macro)
        columns = ", ".join(f'"{name}" {kind}' for name, kind in ROWS.items())
        database.execute(f"CREATE TABLE rows ({columns})")
        database.execute("CREATE TABLE staff (email UBIGINT)")
        yield RosterTables(database, duckdb.Error)
    finally:
        database.close()
