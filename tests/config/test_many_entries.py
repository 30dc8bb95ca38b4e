"""A file of endless entries is refused before anything is made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectsync.config.fleet import load_text
from connectsync.config.intake import MOST_ENTRIES, entries_of

HEAD = "schema: 1\ndistrict: elm\nname: Elm\n"
ENTRY = "{rule: a, reason: b, until: 2027-01-01}"
BODIES = {
    "profile names": "profile: [" + "a," * 500_000 + "a]\n",
    "profile lines": "profile:\n" + "- p\n" * 140_000,
    "allow entries": "allow:\n"
    + "- {rule: a, reason: b, until: 2027-01-01}\n" * 23_000,
    "complex keys": "? a\n" * 200_000,
    "repeated labels": "settings:\n  phone_types: [" + "Cell, " * 150_000 + "Cell]\n",
    "repeated keys": "name: a\n" * 120_000,
    "unknown keys": "".join(f"k{number}: a\n" for number in range(90_000)),
    "nested dashes": "a:\n" + "- " * 400_000 + "\n",
}


@pytest.mark.parametrize("body", BODIES)
def test_a_file_of_endless_entries_is_refused_before_it_is_read(body: str) -> None:
    text = (HEAD + BODIES[body]).encode()
    assert entries_of(text) > MOST_ENTRIES
    fleet = load_text(
        "elm.yaml",
        text,
        project_root=Path("/nonexistent"),
        districts_dir=Path("districts"),
    )
    (finding,) = fleet.findings
    assert finding.rule == "file-too-large"
    assert f"more than {MOST_ENTRIES:,}" in finding.message


def test_a_wave_of_the_whole_country_is_not_too_many() -> None:
    lines = "".join(f"      - district-{number}\n" for number in range(13_318))
    assert entries_of(lines.encode()) < MOST_ENTRIES
