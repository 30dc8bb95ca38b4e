"""Made-up rosters, also with a mark in every value that may not get out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import slow_tally as slow


def made(mark: str = "") -> slow.MadeRoster:
    """Give twelve students with a parent each, some with a grandparent."""
    students = tuple(
        slow.Student(f"{mark}s{one}", f"{mark}9{one}", f"{mark}north")
        for one in range(12)
    )
    contacts = tuple(
        slow.Contact(
            one,
            f"{mark}c{one}",
            f"{mark}Person {one}",
            f"{mark}{one}@example.org" if one % 3 else "",
            f"(348) 555-01{one:02}",
            "Cell" if one % 2 else "Home",
        )
        for one in range(18)
    )
    links = tuple(
        slow.Link(one, one, "Parent/Guardian", "Parent") for one in range(12)
    ) + tuple(slow.Link(one, one + 12, "Emergency", "Grandparent") for one in range(6))
    return slow.MadeRoster(students, contacts, links)


MARK = "qzmark"
NUMBERS = tuple(f"34855501{one:02}" for one in range(18))
SOURCES: dict[str, Callable[[Path], Path]] = {
    "students.csv": lambda folder: slow.write_students(marked(), folder),
    "contacts.csv": lambda folder: slow.write_contacts(marked(), folder),
    "OneRoster 1.1": lambda f: slow.write_one_roster(marked(), f, newer=False),
    "OneRoster 1.2": lambda f: slow.pack(
        slow.write_one_roster(marked(), f, newer=True)
    ),
    "json": lambda folder: slow.write_dump(marked(), folder, "json"),
    "ndjson": lambda folder: slow.write_dump(marked(), folder, "ndjson"),
    "parquet": lambda folder: slow.write_dump(marked(), folder, "parquet"),
}


MANY = 12
"""Rows of a name in the wrong column: too many to be hidden for being few."""


def marked() -> slow.MadeRoster:
    """
    Give a roster with a mark in every value, also where labels belong.

    A surname stands in the columns of lists and of schools, and in many rows.
    """
    roster = made(MARK)
    odd = slow.Contact(99, f"{MARK}c", f"{MARK}P", f"{MARK}@x.org", "1", f"{MARK} Cell")
    link = slow.Link(0, len(roster.contacts), f"{MARK} type", f"{MARK} tie")
    lone = slow.Student(f"{MARK}alone", f"{MARK}", f"{MARK}south")
    name = f"{MARK}Person"
    kin = tuple(replace(roster.contacts[0], phone_type=name) for _ in range(MANY))
    many = tuple(
        slow.Student(f"{MARK}m{one}", f"{MARK}{one}", name) for one in range(MANY)
    )
    first, last = len(roster.students) + 1, len(roster.contacts) + 1
    misplaced = tuple(
        slow.Link(first + one, last + one, name, name) for one in range(MANY)
    )
    return slow.MadeRoster(
        (*roster.students, lone, *many),
        (*roster.contacts, odd, *kin),
        (*roster.links, link, *misplaced),
    )


def breaks(path: Path) -> Iterator[None]:
    """Spoil a roster in ways that readers quote values for; undo it afterwards."""
    file = path / "users.csv" if path.is_dir() else path
    whole = file.read_bytes()
    for spoiled in (
        whole[: len(whole) // 2],
        whole + b'\nqzmark,"qzmark',
        whole.replace(b"qzmark", b"qzmark\xff", 3),
        whole.replace(b",", b",qzmark,", 9),
        whole[len(whole) // 3 :],
    ):
        file.write_bytes(spoiled)
        yield
    file.write_bytes(whole)
