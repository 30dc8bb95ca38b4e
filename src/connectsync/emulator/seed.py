"""What fills the stand-in: districts, their forms, and made-up people at Clever."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from connectsync.emulator import store
from connectsync.emulator.form import (
    BLANK,
    BOX_GROUPS,
    CHOICES,
    completed,
    in_page_order,
    refusals,
)
from connectsync.emulator.http import SeedRefused

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What a district's key looks like; it is part of addresses."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A district with its whole form, in the field names of the gateway."""

    key: str
    name: str
    form: Mapping[str, object]


def enrol(store_path: Path | str, districts: Iterable[tuple[str, str]]) -> int:
    """
    Make districts, each a key and a name, with a blank form; say how many are new.

    Those that exist are left alone. Raises ``SeedRefused`` and ``StoreUnusable``.
    """
    with store.open_store(store_path).writing() as connection:
        wanted, new = [*districts], 0
        # asking for each of 13,318 takes as long as reading their files
        known = store.known_among(connection, [key for key, _ in wanted])
        for key, name in wanted:
            if key not in known:
                known.add(key)
                store.put_row(connection, _row(key, name, 1, dict(BLANK)))
                new += 1
        return new


def sow(store_path: Path | str, seeds: Iterable[Seed]) -> int:
    """
    Give districts the forms of a snapshot; say how many changed or are new.

    A label that the form does not know is learnt: a snapshot of a live page proves
    that the page offers it. Raises ``SeedRefused`` and ``StoreUnusable``; then
    nothing at all was sown.
    """
    with store.open_store(store_path).writing() as connection:
        return sum(_sown(connection, seed) for seed in seeds)


SUCCESS = "Success"
THRESHOLD = "Failed: threshold"
CREDENTIALS = "(placeholder) Failed: wrong credentials"
SCHOOLS = "(placeholder) Failed: schools not found"
NOT_FOUND = "(placeholder) Failed: school not found"
"""What a night comes to; the words of the last three are published nowhere."""

NO_SCHOOLS: Mapping[str, int | None] = {}
NO_NIGHTS: Mapping[str, Mapping[str, int | None]] = {}


def run_sync(
    store_path: Path | str,
    *,
    now: datetime,
    archives: Mapping[str, int],
    schools: Mapping[str, Mapping[str, int | None]] = NO_NIGHTS,
) -> dict[str, str]:
    """
    Run a night over every district whose daily sync is on; give each one's status.

    It syncs nothing: who has no District ID or no token does not get in, and where
    more than the threshold would be archived, by the percentage in ``archives``, the
    night fails on it. ``schools`` says so of schools, by district: None of one that
    the roster does not have. Raises ``StoreUnusable``.
    """
    with store.open_store(store_path).writing() as connection:
        keys = [key for (key,) in connection.execute("SELECT key FROM district")]
        rows = store.find_many(connection, keys)
        on = [row for row in rows if row.form["enableDailySync"]]
        reports = {
            row.key: _night(
                row, now, archives.get(row.key, 0), schools.get(row.key, NO_SCHOOLS)
            )
            for row in on
        }
        for key, report in reports.items():
            store.put_sync(connection, key, report)
    return {key: report.status for key, report in reports.items()}


def _night(
    row: store.DistrictRow,
    now: datetime,
    tried: int,
    schools: Mapping[str, int | None],
) -> store.SyncReport:
    at, threshold = now.astimezone(UTC).isoformat(), row.form["deletionThreshold"]
    if not (row.form["districtId"] and row.token_digest):
        return store.SyncReport(CREDENTIALS, at)
    each = tuple(_of_school(name, schools[name], threshold) for name in sorted(schools))
    # of the figures in a report the highest counts (T1)
    tried = max([tried, *(one for one in schools.values() if one is not None)])
    if None in schools.values():
        return store.SyncReport(SCHOOLS, at, schools=each)
    if isinstance(threshold, int) and tried > threshold:
        return store.SyncReport(THRESHOLD, at, tried, each)
    return store.SyncReport(SUCCESS, at, schools=each)


def _of_school(name: str, tried: int | None, threshold: object) -> store.SchoolReport:
    if tried is None:
        return store.SchoolReport(name, NOT_FOUND)
    if isinstance(threshold, int) and tried > threshold:
        return store.SchoolReport(name, THRESHOLD, tried)
    return store.SchoolReport(name, SUCCESS)


def _sown(connection: sqlite3.Connection, seed: Seed) -> bool:
    form = _accept_seed(connection, seed)
    row = store.find(connection, seed.key)
    if row is not None and (row.name, row.form) == (seed.name, form):
        return False
    saves, token_digest = (row.saves, row.token_digest) if row is not None else (0, "")
    after = _row(seed.key, seed.name, saves + 1, form, token_digest)
    store.put_row(connection, after)
    return True


def _row(
    key: str, name: str, saves: int, form: dict[str, object], token_digest: str = ""
) -> store.DistrictRow:
    if not KEY.fullmatch(key):
        raise SeedRefused(f"{key!r} cannot be the key of a district")
    version = store.version_of(saves, form)
    return store.DistrictRow(key, name, saves, version, form, token_digest)


def _accept_seed(connection: sqlite3.Connection, seed: Seed) -> dict[str, object]:
    for field in (*CHOICES, *BOX_GROUPS):
        _learn(connection, field, seed.form.get(field))
    offered = store.options(connection)
    form = completed(seed.form)
    if found := refusals(form, offered):
        why = "; ".join(f"{refusal.field} {refusal.detail}" for refusal in found)
        raise SeedRefused(f"the form of district {seed.key!r} is not accepted: {why}")
    return in_page_order(form, offered)


def _learn(connection: sqlite3.Connection, field: str, value: object) -> None:
    known = [choice.label for choice in store.options(connection)[field]]
    for label in value if isinstance(value, list) else [value]:
        if isinstance(label, str) and label.strip() and label not in known:
            store.learn(connection, field, label)


STUDENT, CONTACT, STAFF, TEACHER = "student", "contact", "staff", "teacher"

ROLES = (STUDENT, CONTACT, STAFF, TEACHER)

Person = dict[str, object]
"""One user: what stands in ``data`` of a row."""

_HOUSE_STUDENTS, _HOUSE_CONTACTS = 5, 8
"""Five children and eight contacts live close to each other: 1.6 contacts a child."""

_CHILDREN_OF = ((0, 1), (0, 1), (0, 1), (2, 3), (2, 3), (3,), (4,), (4,))
"""Which of the five children each of the eight contacts belongs to."""

_TIES = (
    ("Parent/Guardian", "Parent"),
    ("Parent/Guardian", "Parent"),
    ("Emergency", "Grandparent"),
    ("Parent/Guardian", "Parent"),
    ("Parent/Guardian", "Other"),
    ("Secondary", "Self"),
    ("Primary", "Parent"),
    ("Emergency", "Aunt/Uncle"),
)
"""Type and relationship that each of the eight usually has."""

_ODD_TIES = (
    ("", "Parent"),
    ("Parent/Guardian", ""),
    ("Family", "Sibling"),
    ("Other", "Other"),
    ("guardian", "Mother"),
    (None, None),
)

_PHONE_TYPES = (
    *["Cell"] * 14,
    *["Home"] * 3,
    *("Work", "Other", "", None),
)

_PHONES = (
    "({0}) 555-{1}",
    "{0}-555-{1}",
    "{0}555{1}",
    "+1 {0} 555 {1}",
    "1{0}555{1}",
    "{0}.555.{1} x2",
    "555-{1}",
    "",
)

_FIRST = (
    *("Ada", "Bao", "Cleo", "Dov", "Esi", "Finn", "Gia", "Hugo"),
    *("Inés", "Jo", "Kai", "Lena", "Milo", "Nia", "Omar", "Pia"),
)
_LAST = (
    *("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel"),
    *("Ironwood", "Juniper", "Kapok", "Larch", "Maple", "Núñez", "Oak", "Pine"),
)

_ODD_TIE, _ONE_TELEPHONE, _NO_NUMBER, _OWN_ID, _NO_EMAIL = 0.1, 0.2, 0.03, 0.7, 0.35
"""How often that is so, of all who it can be so of."""

_WRITTEN = "2026-08-14T09:30:00.000Z"


@dataclass(frozen=True, slots=True)
class MadeUpRoster:
    """
    So many students with the contacts and staff that go with them.

    The same ``seed`` gives the same people; none of them exists. ``mark`` is written
    into every field that tells of a person, for tests that search for it.
    """

    students: int
    seed: int = 0
    district: str = "58da8a43cc70ab00017a1a87"
    mark: str = ""

    def count(self, role: str) -> int:
        """Say how many people have a role."""
        match role:
            case "student":
                return self.students
            case "contact":
                houses, more = divmod(self.students, _HOUSE_STUDENTS)
                begun = sum(children[0] < more for children in _CHILDREN_OF)
                return houses * _HOUSE_CONTACTS + begun
            case "teacher":
                return -(-self.students // 16)
            case "staff":
                return -(-self.students // 40)
            case _:
                return 0

    def people(
        self, role: str, first: int = 0, last: int | None = None
    ) -> Iterator[Person]:
        """Give those of a role in the order of their ids, from ``first`` on."""
        end = self.count(role) if last is None else min(last, self.count(role))
        make = {STUDENT: self._student, CONTACT: self._contact}.get(role)
        for number in range(first, end):
            yield self._employee(role, number) if make is None else make(number)

    def number_after(self, role: str, identifier: str) -> int | None:
        """Say which person comes after the one of an id; None if there is none such."""
        tail = identifier[-_DIGITS:]
        if not tail.isdigit() or user_id(role, int(tail)) != identifier:
            return None
        return int(tail) + 1

    def _student(self, number: int) -> Person:
        chance = self._chance(STUDENT, number)
        sis_id = f"{100_000 + number}"
        school = f"{chance.randrange(1, 4):024x}"
        role: Person = {
            "sis_id": self._marked(sis_id),
            # not every SIS fills it
            "student_number": self._marked(f"N{sis_id}")
            if chance.random() >= _NO_NUMBER
            else None,
            "state_id": self._marked(f"{7_000_000 + number}"),
            "dob": "1/2/2015",
            "grade": str(chance.randrange(1, 13)),
            "school": school,
            "schools": [school],
            "location": {"address": self._marked("1 Made Up Way"), "zip": "10001"},
            "enrollments": [],
        }
        return self._person(STUDENT, number, chance, role)

    def _contact(self, number: int) -> Person:
        chance = self._chance(CONTACT, number)
        house, place = divmod(number, _HOUSE_CONTACTS)
        children = [
            house * _HOUSE_STUDENTS + child
            for child in _CHILDREN_OF[place]
            if house * _HOUSE_STUDENTS + child < self.students
        ]
        # two parents of one child may have one telephone
        shared = place == 1 and chance.random() < _ONE_TELEPHONE
        role: Person = {
            "phone": self._phone(number - 1 if shared else number),
            "phone_type": chance.choice(_PHONE_TYPES),
            "sis_id": self._marked(f"C{number}") if chance.random() < _OWN_ID else "",
            "student_relationships": [
                {
                    "student": user_id(STUDENT, child),
                    "type": kind,
                    "relationship": relationship,
                }
                for child in children
                for kind, relationship in [self._tie(place, chance)]
            ],
            "legacy_id": "",
        }
        return self._person(CONTACT, number, chance, role)

    def _employee(self, role: str, number: int) -> Person:
        chance = self._chance(role, number)
        school = f"{chance.randrange(1, 4):024x}"
        told: Person = {
            "sis_id": self._marked(f"{role[0].upper()}{number}"),
            "school": school,
        }
        person = self._person(role, number, chance, told)
        if number % 4 == 0:
            # who works at the school may have a child there
            person["email"] = self._email(CONTACT, number * _HOUSE_CONTACTS)
        return person

    def _person(
        self, role: str, number: int, chance: random.Random, told: Person
    ) -> Person:
        first, last = chance.choice(_FIRST), chance.choice(_LAST)
        whole = {"last": self._marked(f"{first} {last}")}
        apart = {"first": self._marked(first), "last": self._marked(last), "middle": ""}
        silent = role == CONTACT and chance.random() < _NO_EMAIL
        return {
            "id": user_id(role, number),
            "created": _WRITTEN,
            "last_modified": _WRITTEN,
            "district": self.district,
            "email": "" if silent else self._email(role, number),
            # a contact's whole name stands in the last one
            "name": whole if role == CONTACT else apart,
            "roles": {role: told},
        }

    def _tie(self, place: int, chance: random.Random) -> tuple[str | None, str | None]:
        return chance.choice(_ODD_TIES) if chance.random() < _ODD_TIE else _TIES[place]

    def _phone(self, number: int) -> str:
        chance = self._chance("phone", number)
        written = chance.choice(_PHONES)
        line = f"01{chance.randrange(100):02}"  # numbers that are kept for fiction
        return self._marked(written.format(chance.randrange(201, 990), line))

    def _email(self, role: str, number: int) -> str:
        return self._marked(f"{role}{number}@example.org")

    def _marked(self, text: str) -> str:
        return f"{text}{self.mark}" if text else text

    def _chance(self, kind: str, number: int) -> random.Random:
        # by number, so that a row is the same on every page that holds it
        place = (*ROLES, "phone").index(kind)
        return random.Random((self.seed << 48) + (place << 40) + number)  # noqa: S311 - no secret


_DIGITS = 9


def user_id(role: str, number: int) -> str:
    """Give an id as Clever's look: 24 digits, in the order of their numbers."""
    return f"5fac{ROLES.index(role):011}{number:0{_DIGITS}}"
