"""What settings do to a roster, in plain loops that share no code with ours."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile


@dataclass(frozen=True)
class Contact:
    """A contact as a district holds it; ``key`` is no part of any file."""

    key: int
    sis_id: str
    name: str
    email: str
    phone: str
    phone_type: str


@dataclass(frozen=True)
class Link:
    """A contact of a student; ``student`` and ``contact`` are places in the lists."""

    student: int
    contact: int
    type: str
    relationship: str


@dataclass(frozen=True)
class Student:
    """A student; the SIS id is never blank."""

    sis_id: str
    number: str
    school: str


@dataclass(frozen=True)
class MadeRoster:
    """A whole roster."""

    students: tuple[Student, ...]
    contacts: tuple[Contact, ...]
    links: tuple[Link, ...]

    def linked(self) -> MadeRoster:
        """Leave out contacts of no student: no school has them."""
        kept = sorted({link.contact for link in self.links})
        return MadeRoster(
            self.students,
            tuple(self.contacts[place] for place in kept),
            tuple(
                Link(one.student, kept.index(one.contact), one.type, one.relationship)
                for one in self.links
            ),
        )


def joined(rosters: Sequence[MadeRoster]) -> MadeRoster:
    """Put rosters that share no one into one."""
    students: list[Student] = []
    contacts: list[Contact] = []
    links: list[Link] = []
    for one in rosters:
        first, place = len(students), len(contacts)
        links += [
            replace(link, student=first + link.student, contact=place + link.contact)
            for link in one.links
        ]
        students += one.students
        contacts += [replace(each, key=place + each.key) for each in one.contacts]
    return MadeRoster(tuple(students), tuple(contacts), tuple(links))


@dataclass(frozen=True)
class Form:
    """What a form selects."""

    student_id: str = "STUDENT NUMBER"
    manage: bool = True
    types: frozenset[str] = frozenset({"Parent/Guardian"})
    relationships: frozenset[str] = frozenset({"Parent"})
    phones: frozenset[str] = frozenset({"Cell"})


def digits(phone: str) -> str:
    return "".join(letter for letter in phone if letter in "0123456789")


def number_of(contact: Contact) -> str:
    found = digits(contact.phone)
    if len(found) == 10:
        return found
    return found[1:] if len(found) == 11 and found[0] == "1" else ""


def who(contact: Contact, how: str) -> Any:
    """Say who a contact is: in a file by id or else by details, in answers by id."""
    if how == "api":
        return contact.key
    if contact.sis_id.strip():
        return contact.sis_id.strip()
    return (
        contact.name.strip().lower(),
        contact.email.strip().lower(),
        digits(contact.phone),
    )


def slow_tally(  # noqa: C901 - in one piece it can be checked by eye
    roster: MadeRoster, form: Form, how: str
) -> dict[str, int]:
    """Count by going through everyone; ``how`` is the kind of the source."""
    if how == "contacts":
        named = sorted({link.student for link in roster.links})
        students = {place: roster.students[place] for place in named}
    else:
        students = dict(enumerate(roster.students))
    linked = {link.contact for link in roster.links}
    contacts = {
        place: contact
        for place, contact in enumerate(roster.contacts)
        if how == "api" or place in linked
    }
    rows_of: dict[Any, list[Contact]] = {}
    for contact in contacts.values():
        rows_of.setdefault(who(contact, how), []).append(contact)
    pairs: dict[tuple[int, Any], bool] = {}
    selves = set()
    types = {label.lower() for label in form.types}
    relationships = {label.lower() for label in form.relationships}
    for link in roster.links:
        person = who(roster.contacts[link.contact], how)
        type_, relationship = link.type.strip(), link.relationship.strip()
        matches = (
            form.manage
            and type_.lower() in types
            and relationship.lower() in relationships
        )
        before = pairs.get((link.student, person), False)
        pairs[link.student, person] = before or matches
        if relationship.lower() == "self":
            selves.add(person)
    phones = {label.lower() for label in form.phones if label != "Home"}
    guardians = {person for (_, person), matches in pairs.items() if matches}
    text: set[Any] = set()
    email: set[Any] = set()
    for person in guardians:
        for row in rows_of[person]:
            if number_of(row) and row.phone_type.strip().lower() in phones:
                text.add(person)
            if row.email.strip():
                email.add(person)
    created = text | email
    reached = {s for (s, person), yes in pairs.items() if yes and person in created}
    partial = {
        person
        for person in guardians
        if any(one == person and not yes for (_, one), yes in pairs.items())
    }
    of_student = [
        sum(yes for (one, _), yes in pairs.items() if one == place)
        for place in students
    ]
    owners: dict[str, set[Any]] = {}
    for person in guardians:
        for row in rows_of[person]:
            if number_of(row) and row.phone_type.strip().lower() in phones:
                owners.setdefault(number_of(row), set()).add(person)
    without = sum(
        not (one.sis_id if form.student_id == "STUDENT ID" else one.number).strip()
        for one in students.values()
    )
    return {
        "students": len(students),
        "students_without_id": without,
        "links": len(pairs),
        "links_matched": sum(pairs.values()),
        "guardians": len(guardians),
        "by_text": len(text),
        "email_only": len(email - text),
        "dropped": len(guardians - created),
        "created": len(created),
        "students_without_guardian": len(students) - len(reached),
        "partial_contacts": len(partial),
        "contacts_without_id": sum(
            not any(row.sis_id.strip() for row in rows) for rows in rows_of.values()
        ),
        "students_with_six_or_more": sum(count >= 6 for count in of_student),
        "self_contacts": len(selves),
        "shared_numbers": sum(len(people) > 1 for people in owners.values()),
    }


# the same roster in each kind of file


def _csv(path: Path, rows: list[list[str]], newline: str = "\n") -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=newline).writerows(rows)
    path.write_text(text.getvalue(), "utf-8", newline="")
    return path


STUDENT_HEADER = (
    "School_id,Student_id,Student_number,Last_name,First_name,Contact_relationship,"
    "Contact_type,Contact_name,Contact_phone,Contact_phone_type,Contact_email,"
    "Contact_sis_id"
)


def write_students(roster: MadeRoster, folder: Path) -> Path:
    rows = [[name.replace("_", " ") for name in STUDENT_HEADER.split(",")]]
    for place, student in enumerate(roster.students):
        start = [student.school, student.sis_id, student.number, "Doe", "Jo\nAnn"]
        links = [link for link in roster.links if link.student == place]
        for link in links:
            one = roster.contacts[link.contact]
            details = [one.name, one.phone, one.phone_type, one.email, one.sis_id]
            rows.append([*start, link.relationship, link.type, *details])
        if not links:
            rows.append([*start, *[""] * 7])
    return _csv(folder / "students.csv", rows, "\r\n")


def write_contacts(roster: MadeRoster, folder: Path) -> Path:
    names = ["contact_id", "student_id", "first_name", "last_name", "type"]
    rows = [[*names, "relationship", "phone", "phone_type", "email"]]
    for link in roster.links:
        one = roster.contacts[link.contact]
        student = roster.students[link.student].sis_id
        start = [one.sis_id, student, "", one.name, link.type, link.relationship]
        rows.append([*start, one.phone, one.phone_type, one.email])
    return _csv(folder / "contacts.csv", rows)


def write_one_roster(roster: MadeRoster, folder: Path, *, newer: bool) -> Path:
    """Write a folder of OneRoster 1.1, or of 1.2."""
    header = ["sourcedId", "status", "enabledUser", "username", "email", "sms", "phone"]
    header += ["agentSourcedIds"]
    header += ["primaryOrgSourcedId"] if newer else ["orgSourcedIds", "role"]
    rows, roles = [header], [["sourcedId", "userSourcedId", "roleType", "role"]]
    for place, student in enumerate(roster.students):
        agents = ",".join(
            dict.fromkeys(
                f"c{link.contact}" for link in roster.links if link.student == place
            )
        )
        row = [f"s{place}", "", "true", "x", "", "", "", agents, student.school]
        rows.append([*row, *([] if newer else ["student"])])
        roles.append([f"r{place}", f"s{place}", "primary", "student"])
    for place, contact in enumerate(roster.contacts):
        row = [f"c{place}", "active", "true", "x", contact.email, contact.phone]
        rows.append([*row, "", "", "", *([] if newer else ["parent"])])
        roles.append([f"rc{place}", f"c{place}", "primary", "guardian"])
    version = "1.2" if newer else "1.1"
    manifest = [["propertyName", "value"], ["oneroster.version", version]]
    _csv(folder / "manifest.csv", [*manifest, ["file.users", "bulk"]])
    if newer:
        _csv(folder / "roles.csv", roles)
    _csv(folder / "users.csv", rows)
    return folder


def pack(folder: Path) -> Path:
    """Put what is in a folder into a zip, below a folder in it."""
    path = folder / "roster.zip"
    with ZipFile(path, "w") as packed:
        for one in sorted(folder.glob("*.csv")):
            packed.write(one, f"export/{one.name}")
    return path


def users_of(roster: MadeRoster) -> list[dict[str, Any]]:
    """Give everyone as Clever's Data API answers."""
    users: list[dict[str, Any]] = []
    for place, student in enumerate(roster.students):
        role: dict[str, Any] = {"sis_id": student.sis_id}
        role |= {"student_number": student.number or None}
        role |= {"school": student.school, "schools": [student.school]}
        users.append({"id": f"s{place}", "roles": {"student": role}})
    for place, contact in enumerate(roster.contacts):
        ties = [
            {"student": f"s{link.student}", "type": link.type or None}
            | {"relationship": link.relationship}
            for link in roster.links
            if link.contact == place
        ]
        role = {"sis_id": contact.sis_id, "phone": contact.phone}
        role |= {"phone_type": contact.phone_type, "student_relationships": ties}
        users.append(
            {"id": f"c{place}", "email": contact.email or None}
            | {"name": {"last": contact.name}, "roles": {"contact": role}}
        )
    return users


def pages_of(roster: MadeRoster, size: int = 3) -> list[str]:
    users = [{"data": one, "uri": "/v3.1/users/x"} for one in users_of(roster)]
    parts = [users[start : start + size] for start in range(0, len(users), size)]
    return [json.dumps({"data": part, "links": []}) for part in parts]


_COLUMNS = {
    "id": "VARCHAR",
    "email": "VARCHAR",
    "name": "STRUCT(last VARCHAR)",
    "roles": "STRUCT(student STRUCT(sis_id VARCHAR, student_number VARCHAR, school"
    " VARCHAR, schools VARCHAR[]), contact STRUCT(sis_id VARCHAR, phone VARCHAR,"
    " phone_type VARCHAR, student_relationships STRUCT(student VARCHAR, type VARCHAR,"
    " relationship VARCHAR)[]))",
}


def write_dump(roster: MadeRoster, folder: Path, kind: str) -> Path:
    path = folder / f"users.{kind}"
    users = users_of(roster)
    if kind == "json":
        path.write_text(json.dumps(users, indent=1), "utf-8")
    elif kind == "ndjson":
        path.write_text("".join(f"{json.dumps(one)}\n" for one in users), "utf-8")
    else:
        import duckdb

        lines = write_dump(roster, folder, "ndjson")
        read = duckdb.read_json(str(lines), columns=_COLUMNS)
        read.write_parquet(str(path))
    return path
