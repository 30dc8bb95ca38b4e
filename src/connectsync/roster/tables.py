"""
A roster as tables in memory, which hold no name, phone number, email or id.

People are known by hashes from the moment a row is read, and nothing is ever written to
disk. A source adds its rows by the page or by the file, in SQL: no row passes through
Python.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.resources import files
from time import monotonic
from types import ModuleType
from typing import Any

from connectsync.domain.impact import (
    Counts,
    Gap,
    LinkCount,
    Measured,
    PeopleCount,
    SchoolImpact,
    Selection,
    SharedCount,
    StudentCount,
    Suggestion,
    Tally,
    alternatives,
    compare,
    tally,
)
from connectsync.domain.roster_words import (
    FEWEST,
    LABELS,
    NO_WORDS_STATED,
    Choice,
    Dictionary,
    KnownPeople,
)
from connectsync.errors import load_extra
from connectsync.providers.clever import ContactRelationship
from connectsync.roster.opening import (
    MEMORY,
    MOST_SECONDS,
    TOO_LONG,
    problem_of,
    unreadable,
)

_OF_PAGE = "SELECT unnest(json_extract($page, '$.data[*].data')) AS one"


@cache
def statement(name: str) -> str:
    """Give a statement of ours, from the folder beside this module."""
    return (files("connectsync.roster") / "sql" / f"{name}.sql").read_text("utf-8")


def of_users(name: str, query: str, *, names: bool = False) -> str:
    """Give a statement on users that a query gives, ``parsed`` on users as JSON."""
    shape = '"name": {"first": "VARCHAR", "middle": "VARCHAR", "last": "VARCHAR"},'
    told = statement(name).replace("/* users */", query)
    return told.replace("/* names */", shape if names else "")


class RosterTables:
    """
    A DuckDB in memory that takes rows of a roster and answers with tallies.

    ``files`` are all that it may read; it can write nothing. Open it with
    `open_tables`. Where people are counted ``once`` their rows are gone afterwards.
    Where no words are ``shown``, names are not needed to compare them with, nor are
    numbers where ``schools`` are not told apart.
    """

    once = False
    shown = schools = True

    def __init__(
        self, database: Any, failure: type[Exception], *, emails: bool
    ) -> None:
        self._database = database
        self._beside = database.cursor()
        self._failure = failure
        self._emails = emails
        self.later: list[Callable[[Collection[str]], None]] = []
        """What looks for some parts in the names of a source that can be read again."""
        self._ends = monotonic() + MOST_SECONDS

    def interrupt(self) -> None:
        """End what runs, from another thread, and let nothing more begin."""
        self._ends = 0.0
        self._database.interrupt()
        self._beside.interrupt()

    def run(self, sql: str, given: _Given = None, *, beside: bool = False) -> _Rows:
        """
        Run one statement and give its rows. Raises ``RosterUnreadable``.

        What runs ``beside`` may do so while another one runs.

        What DuckDB says of a failure quotes values of the roster, so none of it is
        repeated, not even as the cause.
        """
        if monotonic() > self._ends:
            raise unreadable(TOO_LONG)
        try:
            database = self._beside if beside else self._database
            return list(database.execute(sql, given).fetchall())
        except self._failure as error:
            problem = problem_of(str(error))
        # raised here: inside, what DuckDB said would come along as the context
        raise problem

    def take_page(self, _: str, page: str) -> None:
        """
        Add a page of users as Clever answers ``/users``.

        What each of them is says the row itself, whatever role was asked for.
        """
        parsed = of_users("parsed", _OF_PAGE, names=self.shown)
        self.run(f"CREATE OR REPLACE TEMP TABLE page AS {parsed}", {"page": page})
        self.run(of_users("users", "FROM page"))
        if self.shown:
            self.take_people(of_users("people_of_users", "FROM page"))
        self.run("DROP TABLE page")

    def take_people(self, people: str, wanted: Collection[str] | None = None) -> None:
        """
        Add what people are called, as a statement says, by hashes of its parts.

        Only of the ``wanted`` parts, once it is known which words are looked for.
        """
        parts = "parts_in(said)"
        only = "" if self.schools else "WHERE NOT regexp_matches(part, '[0-9]')"
        if wanted is not None:
            only = statement("wanted")
            if len(wanted) <= MOST_IN_PATTERN:
                either = "|".join(sorted(wanted))
                parts = f"regexp_extract_all(said, '\\b(?:{either})\\b')"
        self.run(statement("theirs").format(people=people, parts=parts, wanted=only))

    def add_users(self, query: str) -> None:
        """Add each user that a query gives as JSON, in a column ``one``."""
        self.run(of_users("users", of_users("parsed", query)))

    def expect(self, words: Mapping[str, Collection[str]]) -> None:
        """Say, before rows come, which words many of them hold; with Clever's own."""
        given: dict[str, list[str | None]] = {
            # each once: a row would count as often as its words are known
            name: [*dict.fromkeys([None, "", *labels, *words.get(name, ())])]
            for name, labels in LABELS.items()
        }
        self.run(statement("known"), given)

    def settle(self) -> tuple[int, int]:
        """
        Leave out who is referred to and listed nowhere, once all rows are there.

        A roster that lists no students at all has those that are referred to. Gives how
        many rows have a student, and how many a contact.
        """
        # groups of nearly as many as there are rows take fewer seconds of one core
        # than of two: two cores are each given something else to group
        self.run("SET threads = 1; SET lock_configuration = true")
        counts = self._referred()
        for who, listed in (("student", 3), ("contact", 2)):
            _, there, some = counts[who]
            if not some:
                continue
            referred = f"{who} IS NOT NULL AND NOT noted(notes, {listed})"
            change = f"notes = notes | note({listed}) WHERE {referred}"
            if there:
                # with a null in the list, nothing is ever not in it
                known = (
                    f"SELECT {who} FROM rows"  # noqa: S608 - ours
                    f" WHERE {who} IS NOT NULL AND noted(notes, {listed})"
                )
                change = f"{who} = NULL WHERE {referred} AND {who} NOT IN ({known})"
            self.run(f"UPDATE rows SET {change}")  # noqa: S608 - ours
        if any(some for _, _, some in counts.values()):
            counts = self._referred()
        return counts["student"][0], counts["contact"][0]

    def _referred(self) -> dict[str, tuple[int, ...]]:
        """Count rows with a student and a contact, the listed and the other ones."""
        asked = [
            f"count({who}), count({who}) FILTER (noted(notes, {listed})),"
            f" count({who}) FILTER (NOT noted(notes, {listed}))"
            for who, listed in (("student", 3), ("contact", 2))
        ]
        (row,) = self.run(f"SELECT {', '.join(asked)} FROM rows")  # noqa: S608 - ours
        return {"student": row[:3], "contact": row[3:]}

    def words(self) -> dict[str, dict[str, int]]:
        """Count how often each type, relationship and phone type stands there."""
        self.run(statement("worded"))
        told: dict[str, dict[str, int]] = {name: {} for name in ("", *LABELS)}
        for field, word, count in self.run(statement("words"), {"most": MOST_WORDS}):
            told[field][word] = count
        if told.pop("")[""] > MOST_WORDS:
            raise unreadable(_NO_WORDS)
        return told

    def people(self, values: Collection[str]) -> KnownPeople:
        """Say which of some values stand in a name, an email, a phone or an id too."""
        if not values:
            return KnownPeople()
        self.run(statement("asked"), {"values": sorted(values)})
        parts = "SELECT DISTINCT unnest(list_append(parts, squeezed)) FROM asked"
        wanted = {part for (part,) in self.run(parts)} - {""}
        for look in self.later if wanted else ():
            look(wanted)
        return KnownPeople.of(self.run(statement("answered")))

    def large_schools(self) -> list[str]:
        """Give the schools that are not small."""
        return [one for (one,) in self.run(statement("large"), {"fewest": FEWEST})]

    def staff_contacts(self) -> int | None:
        """Count contacts with the email of a member of staff; None without staff."""
        if not self._emails:
            return None
        listed = "notes & (note(2) | note(3)) <> 0"
        staff = f"FROM rows WHERE coalesce(contact, student) IS NULL AND NOT ({listed})"
        ((there, found),) = self.run(
            f"SELECT (SELECT count(*) {staff}), count(DISTINCT contact) FROM rows"  # noqa: S608 - ours
            f" WHERE contact IS NOT NULL AND email IN (SELECT email {staff}"
            " AND email IS NOT NULL)"
        )
        return int(found) if there else None

    def count(
        self,
        choices: Sequence[Choice],
        selves: Collection[str],
        schools: Collection[str] | None = None,
    ) -> dict[str, Counts]:
        """
        Count people by what each choice does with them, in all or in each school.

        The whole roster stands under the empty name, and so do all but the ``schools``
        that are told apart. ``selves`` are the words for the student as contact.
        Ask for the ``words`` first. Raises ``ValueError`` for more choices than bits.
        """
        if len(choices) > MOST_CHOICES:
            raise ValueError(len(choices))
        rows = [
            {"bit": 1 << number} | {k: sorted(v) for k, v in one._asdict().items()}
            for number, one in enumerate(choices)
        ]
        meant = {"choices": json.dumps(rows), "selves": sorted(selves)}
        self.run(statement("meant"), meant)
        given = {"by": "", "kept": "", "named": "''", "rows": "rows"}
        if schools is not None:
            given |= {"by": "school, ", "kept": "school VARCHAR,"}
            given |= {"named": "school", "rows": _PLACED}
            self.run(statement("attends"), {"shown": sorted(schools)})
        self.run(statement("counted").format(**given))
        ((middle,),) = self.run("SELECT count(*) // 2 FROM rows")
        halves = {"marked": (f"< {middle}", f">= {middle}"), "people": ("0", "1")}
        for step, both in halves.items():
            sql = statement(step)
            self._run_both(*([sql.format(half=one, **given)] for one in both))
            if step == "marked" and self.once:
                self.run("DROP TABLE rows")
        self.run(statement("odd").format(**given))
        self.run(statement("twice").format(**given))
        found: dict[str, dict[str, Any]] = {}
        first, *others = (
            statement(f"count_{name}").format(**given) for name in _HISTOGRAMS
        )
        # the first takes as long as the others together
        told = self._run_both([first], others)
        for (name, kind), alike in zip(_HISTOGRAMS.items(), told, strict=True):
            for school, *figures in alike:
                found.setdefault(school, {}).setdefault(name, []).append(kind(*figures))
        return {school: Counts(**told) for school, told in sorted(found.items())}

    def _run_both(self, here: Sequence[str], beside: Sequence[str]) -> list[_Rows]:
        """Run some statements while others run, and give what each gave, in order."""
        with ThreadPoolExecutor(1) as pool:
            others = pool.submit(lambda: [self.run(one, beside=True) for one in beside])
            try:
                told = [self.run(one) for one in here]
            except BaseException:
                # Ctrl-C does not wait for what runs beside
                self._beside.interrupt()
                raise
            return told + others.result()


MOST_CHOICES = 27
"""So many bits a row has for choices, and as many for what they text."""

MOST_IN_PATTERN = 100

MOST_WORDS = 20_000
"""So many combinations of types, relationships and phone types are no labels."""

_NO_WORDS = (
    "its types, relationships and phone types are not words from a list: names or"
    " numbers may stand in their columns"
)

_PLACED = """(SELECT attends.school, rows.* EXCLUDE school, rows.rowid AS rowid
    FROM rows JOIN attends USING (student))"""

_HISTOGRAMS: Mapping[str, Callable[..., tuple[Any, ...]]] = {
    "students": StudentCount,
    "people": PeopleCount,
    "links": LinkCount,
    "shared": SharedCount,
}
"""What leaves the tables: how many are alike. Only the first two choices count all."""

_Given = Mapping[str, object] | Sequence[object] | None
_Rows = list[tuple[Any, ...]]


def _load_engine() -> ModuleType:
    """Import DuckDB, if it can be without what it is in Python: that takes as long."""
    try:
        return import_module("_duckdb")
    except ImportError:
        return load_extra("duckdb", "roster", "reading a roster needs")


@contextmanager
def open_tables(
    readable: Sequence[str] = (), *, schools: bool = True, emails: bool = True
) -> Iterator[RosterTables]:
    """
    Open empty tables that may read these files and nothing else.

    Without ``schools`` or ``emails`` they have no column for them, which saves time.

    Raises ``UsageError`` if DuckDB is not installed.
    """
    duckdb = _load_engine()
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
    opened = RosterTables(database, duckdb.Error, emails=emails)
    over = threading.Timer(MOST_SECONDS, opened.interrupt)
    over.daemon = True
    try:
        database.execute(statement("settings"))
        database.execute("SET allowed_paths = ?", [list(readable)])
        database.execute("SET enable_external_access = false")
        database.execute(statement("macros"))
        columns = {"school": "VARCHAR" * schools, "email": "UBIGINT" * emails}
        told = [f", {name} {kind}" for name, kind in columns.items() if kind]
        database.execute(statement("empty").format(columns="".join(told)))
        over.start()
        yield opened
    finally:
        over.cancel()
        database.close()


def measure(
    tables: RosterTables,
    selections: tuple[Selection | None, Selection],
    *,
    gaps: frozenset[Gap] = frozenset(),
    dictionary: Dictionary = NO_WORDS_STATED,
    by_school: bool = False,
) -> Measured:
    """
    Say what two selections do to a roster, the one before and the one after.

    A pure function of the tables and the settings. Raises ``RosterUnreadable``.
    """
    before, after = selections
    others = [] if Gap.LABELS in gaps else list(alternatives(after))
    found = tables.words()
    asked = (before or after, after, *(other for _, _, other in others))
    choices = [dictionary.choice(one) for one in asked]
    selves = dictionary.words("relationship", [ContactRelationship.SELF])
    staff = tables.staff_contacts()
    odd = frozenset[str]() if Gap.LABELS in gaps else dictionary.asked(found)
    large = tables.large_schools() if by_school else []
    people = tables.people({*odd, *large})
    named = [one for one in large if people.may_show_school(one)]
    whole = tables.count(choices, selves).get("", Counts())
    schools = tables.count(choices[:2], selves, named) if by_school else {}

    def pair(counts: Counts) -> tuple[Tally | None, Tally]:
        told = tally(counts, 0, before, gaps) if before else None
        return told, tally(counts, 1, after, gaps)

    return Measured(
        contacts=len(whole.people) and sum(one.total for one in whole.people),
        staff=staff,
        tallies=pair(whole),
        unknown={} if Gap.LABELS in gaps else dictionary.outside(found, people),
        suggestions=tuple(
            Suggestion(setting, label, *compare(whole, 1, number + 2))
            for number, (setting, label, _) in enumerate(others)
        ),
        schools=tuple(
            SchoolImpact(school, *pair(counts)) for school, counts in schools.items()
        ),
        unnamed=len(large) - len(named),
    )


def measure_steps(
    tables: RosterTables,
    selections: Sequence[Selection],
    *,
    gaps: frozenset[Gap],
    dictionary: Dictionary,
) -> tuple[int, tuple[Tally, ...]]:
    """
    Give how many contacts there are, and the tally of each selection in turn.

    Links, shared numbers and students with six guardians count for the first two only.
    Raises ``RosterUnreadable``.
    """
    tables.words()
    choices = [dictionary.choice(one) for one in selections]
    selves = dictionary.words("relationship", [ContactRelationship.SELF])
    whole = tables.count(choices, selves).get("", Counts())
    contacts = sum(one.total for one in whole.people)
    return contacts, tuple(
        tally(whole, number, one, gaps) for number, one in enumerate(selections)
    )
