"""
Eighty made-up districts as the sheet that a team kept before it had files.

`docs/assets/eighty-districts.csv` is what this writes: readers of the tutorial take it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from itertools import product

COUNT = 80
FIRST = (
    "Alder",
    "Birch",
    "Cedar",
    "Dry",
    "Elm",
    "Fox",
    "Grand",
    "Harbor",
    "Iron",
    "Jay",
)
SECOND = ("Creek", "Falls", "Grove", "Hollow", "Lake", "Point", "Ridge", "Valley")
EMERGENCY = "Parent/Guardian, Emergency"
KINDS = {"ca": "Unified School District", "tx": "Independent School District"}
HEADINGS = (
    *("District", "Name", "Profile", "Labels", "District ID", "oauth_token"),
    *("Enable Daily sync", "Student ID", "phone_types", "contact_types"),
    *("clever_shares.contact_types", "Deletion Threshold", "permissions"),
    *("setup_step", "self_check_done", "rollover.from", "rollover.to"),
)


def sheet() -> str:
    """Write the sheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADINGS)
    writer.writerows(_rows())
    return text.getvalue()


def _rows() -> Iterator[tuple[object, ...]]:
    for number, (first, second) in enumerate(product(FIRST, SECOND)):
        state = "tx" if number % 3 == 2 else "ca"
        key = f"{first}-{second}".lower()
        running = number % 8 not in {3, 7}
        yield (
            key,
            f"{first} {second} {KINDS[state]}",
            "clever-standard",
            ", ".join([state, *(["pilot"] if number % 20 == 0 else [])]),
            f"58da8a43cc70ab00{number + 1:08x}",
            f"env:{key.upper().replace('-', '_')}_TOKEN",
            str(running).lower(),
            "STUDENT NUMBER" if number % 5 else "STUDENT ID",
            "Home" if number % 16 == 5 else "",
            *([EMERGENCY, EMERGENCY] if number % 27 == 11 else ["", ""]),
            45 if number % 13 == 4 else 15,
            "Family Access, School-Wide Communications"
            if number % 4
            else "Family Access",
            9 if running else 5,
            str(running).lower(),
            "2027-06-14",
            "2027-08-27" if number % 2 else "2027-08-13",
        )


def live() -> str:
    """Write what Connect holds of them: in four of them someone changed a form."""
    districts = list[object]()
    for row in csv.DictReader(io.StringIO(sheet())):
        number = len(districts)
        contacts = row["contact_types"] or "Parent/Guardian"
        settings = {
            "archived_students": "(placeholder) Leave archived",
            "contact_relationships": ["Other", "Parent", "Grandparent"],
            "contact_types": contacts.split(", "),
            "deletion_threshold": int(row["Deletion Threshold"]),
            "district_id": row["District ID"],
            "enable_daily_sync": row["Enable Daily sync"] == "true",
            "manage_guardians": True,
            "permissions": row["permissions"].split(", "),
            "phone_types": [row["phone_types"] or "Cell"],
            "student_id": row["Student ID"],
            "unarchive_classrooms": False,
            "update_active_users": False,
        }
        if number % 20 == 12:
            settings["deletion_threshold"] = 30
        districts.append(
            {
                "district": row["District"],
                "name": row["Name"],
                "version": "1",
                "settings": settings,
            }
        )
    seed = {
        "schema": 1,
        "source": "made up",
        "taken": "2027-08-30T06:00:00+00:00",
        "districts": districts,
    }
    return json.dumps(seed, indent=1) + "\n"
