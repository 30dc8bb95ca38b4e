"""A made-up roster as Clever's Data API tells it: seeded, any row at any time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

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
