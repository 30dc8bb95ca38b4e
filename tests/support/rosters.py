"""Made-up rosters of every kind, clean, or with a marked value in every field."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

Files = dict[str, bytes]

MARK = "Zyxqv"
"""What no word of ours holds: whoever prints it has printed a value."""


STUDENTS = ["School_id", "Student_id", "Student_number", "Last_name", "First_name"]
STUDENTS += ["Contact_relationship", "Contact_type", "Contact_name", "Contact_phone"]
STUDENTS += ["Contact_phone_type", "Contact_email", "Contact_sis_id"]
CONTACTS = ["contact_id", "student_id", "first_name", "last_name", "type"]
CONTACTS += ["relationship", "phone", "phone_type", "email"]
CLASSES = ["sourcedId", "title", "courseSourcedId", "classType", "schoolSourcedId"]
CLASSES += ["termSourcedIds"]


def rows_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Write CSV."""
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


def clever(students: int = 3, contacts: int = 2) -> Files:
    """Give Clever's files of a small district."""
    rows, other = [], []
    for student in range(students):
        key = f"{1000 + student}"
        for contact in range(contacts):
            who = f"c{student}-{contact}"
            phone = f"608555{(student * contacts + contact) % 10000:04}"
            mail = f"{who}@example.org"
            rows.append(
                f"12|{key}|N{key}|Rivera|Ana {student}|Parent|Primary|Luz {who}|{phone}"
                f"|Cell|{mail}|{who}".split("|")
            )
            other.append(
                [who, key, "Luz", "Rivera", "Emergency", "Sibling", phone, "Home", mail]
            )
    ids = [row[1] for row in rows[::contacts]]
    return {
        "schools.csv": rows_of(
            ["School_id", "School_name", "School_number"], [["12", "Lakeview", "12"]]
        ),
        "teachers.csv": rows_of(
            ["School_id", "Teacher_id", "Teacher_email", "First_name", "Last_name"],
            [["12", "T1", "wei@example.org", "Wei", "Chen"]],
        ),
        "students.csv": rows_of(
            [
                "School_id",
                "Student_id",
                "Student_number",
                "Last_name",
                "First_name",
                "Contact_relationship",
                "Contact_type",
                "Contact_name",
                "Contact_phone",
                "Contact_phone_type",
                "Contact_email",
                "Contact_sis_id",
            ],
            rows,
        ),
        "contacts.csv": rows_of(
            [
                "contact_id",
                "student_id",
                "first_name",
                "last_name",
                "type",
                "relationship",
                "phone",
                "phone_type",
                "email",
            ],
            other,
        ),
        "sections.csv": rows_of(
            ["School_id", "Section_id", "Teacher_id"], [["12", "7", "T1"]]
        ),
        "enrollments.csv": rows_of(
            ["School_id", "Section_id", "Student_id"], [["12", "7", one] for one in ids]
        ),
    }


def oneroster(version: str = "1.1", students: int = 3) -> Files:
    """Give a package of OneRoster."""
    new = version == "1.2"
    users, roles = [], []
    for number in range(students):
        for kind, agent in (("student", f"g{number}"), ("guardian", "")):
            key = f"{kind[0]}{number}"
            name = [key, "true", *([] if new else ["o1", kind]), key, "Ana", "Rivera"]
            mail = f"{key}@example.org"
            users.append([*name, f"I{key}", mail, f"608555{number:04}", agent])
            roles.append([f"r{key}", key, "primary", kind, "o1"])
    files = {
        "orgs.csv": rows_of(
            ["sourcedId", "name", "type", "parentSourcedId"],
            [["o2", "Lakeview", "district", ""], ["o1", "Elm", "school", "o2"]],
        ),
        "academicSessions.csv": rows_of(
            ["sourcedId", "title", "type", "startDate", "endDate", "schoolYear"],
            [["a1", "2026", "schoolYear", "2026-08-15", "2027-06-01", "2027"]],
        ),
        "users.csv": rows_of(
            [
                *("sourcedId", "enabledUser"),
                *(() if new else ("orgSourcedIds", "role")),
                *("username", "givenName", "familyName", "identifier", "email", "sms"),
                "agentSourcedIds",
            ],
            users,
        ),
        "courses.csv": rows_of(
            ["sourcedId", "title", "orgSourcedId"], [["k1", "Math", "o1"]]
        ),
        "classes.csv": rows_of(
            [
                "sourcedId",
                "title",
                "courseSourcedId",
                "classType",
                "schoolSourcedId",
                "termSourcedIds",
            ],
            [["l1", "Math 1", "k1", "scheduled", "o1", "a1"]],
        ),
        "enrollments.csv": rows_of(
            ["sourcedId", "classSourcedId", "schoolSourcedId", "userSourcedId", "role"],
            [[f"e{one}", "l1", "o1", f"s{one}", "student"] for one in range(students)],
        ),
    }
    if new:
        files["roles.csv"] = rows_of(
            ["sourcedId", "userSourcedId", "roleType", "role", "orgSourcedId"], roles
        )
    return with_manifest(files, version)


def with_manifest(files: Files, version: str, mode: str = "bulk") -> Files:
    """Add a manifest that tells the files."""
    told = [["manifest.version", "1.0"], ["oneroster.version", version]]
    told += [[f"file.{name.removesuffix('.csv')}", mode] for name in files]
    return files | {"manifest.csv": rows_of(["propertyName", "value"], told)}


def guardians() -> Files:
    """Give a guardians file of the students of `clever`."""
    return {
        "guardians.csv": rows_of(
            ["Student ID", "Guardian Name", "Mobile Phone", "Email"],
            [
                ["1000", "Luz Rivera", "6085550100", "luz@example.org"],
                ["1001", "Luz Rivera", "(608) 555-0100", ""],
            ],
        )
    }


def marked(files: Files) -> Files:
    """Put a mark of its own into every field of every row, behind the header."""
    return {
        name: raw
        if name == "manifest.csv"
        else rows_of(
            header,
            [
                [f"{MARK}{at}-{number}@" for number, _ in enumerate(row)]
                for at, row in enumerate(rows)
            ],
        )
        for name, raw in files.items()
        for header, *rows in [list(csv.reader(io.StringIO(raw.decode())))]
    }


def lay_roster(files: Mapping[str, bytes], folder: Path) -> Path:
    """Write files into a folder."""
    for name, raw in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    return folder


def zip_roster(files: Mapping[str, bytes], path: Path) -> Path:
    """Write files into a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in files.items():
            archive.writestr(name, raw)
    return path
