"""Tallies equal those of plain loops, for every kind of source."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
import slow_tally as slow

from connectsync.domain.impact import Measured, Selection, alternatives
from connectsync.roster.layouts import open_roster_files
from connectsync.roster.tables import measure, open_tables

TYPES = ("Parent/Guardian", "parent/guardian ", "Emergency", "Primary", "", "Guardian")
TIES = ("Parent", "PARENT", "Grandparent", "Self", "Other", "", "Mother", " parent")
PHONES = (
    *["({0}) 880-2855"] * 8,
    "({0})880-2855 ",
    *["{0}.880.2855"] * 4,
    "+1 {0} 880 2855",
    "1{0}8802855",
    "10{0}802855",
    "23488802855",
    "880-2855",
    "{0}-880-2855 x12",
    "({0}) 880-285x",
    "(x{0}) 880-2855",
    "( {0}) 88-2855",
    "1e00000{0}",
    "0xfffff{0}",
    "00000{0}00",
    "٣٤٨٨٨٠٢٨٥٥",
    "",
    " ",
)
PHONE_TYPES = ("Cell", "cell", " Cell", "Cell", "Home", "Work", "", "Mobile")
EMAILS = ("", " ", "a{0}@example.org", "A{0}@example.org ", "é{0}@x.org")
NAMES = ("Ana Elm {0}", "ana elm {0} ", "  Bo Oak {0}", 'C{0} "C", D')


def made(chance: Random, block: int) -> slow.MadeRoster:
    """Make a small roster that shares no one, and no number, with other blocks."""

    def one(words: Sequence[str]) -> str:
        return chance.choice(words).format(200 + block)

    students = tuple(
        slow.Student(f"{block}-{place:03}", one(["", f"9{place}"]), f"school {block}")
        for place in range(chance.randint(1, 5))
    )
    contacts = []
    for place in range(chance.randint(0, 8)):
        mine = f"P{block}-{place}"
        ids = ["", "", " ", mine, f" {mine} ", f"P{block}-{place % 2}"]
        who = one(ids), one(NAMES), one(EMAILS), one(PHONES), one(PHONE_TYPES)
        contacts.append(slow.Contact(place, *who))
    pairs = [(a, b) for a in range(len(students)) for b in range(len(contacts))]
    # in some, nearly all match: only so a student has six guardians
    types, ties = chance.choice([(TYPES, TIES), (TYPES[:2], TIES[:2])])
    links = [
        slow.Link(*pair, chance.choice(types), chance.choice(ties))
        for pair in chance.sample(pairs, chance.randint(0, len(pairs)))
        for _ in range(chance.choice([1, 1, 1, 2]))
    ]
    return slow.MadeRoster(students, tuple(contacts), tuple(links))


def some(chance: Random, labels: Sequence[str]) -> frozenset[str]:
    return frozenset(chance.sample(labels, chance.choice([0, 1, 2, 2, 3, 3])))


def made_form(chance: Random) -> slow.Form:
    return slow.Form(
        chance.choice(["STUDENT ID", "STUDENT NUMBER"]),
        chance.random() < 0.8,
        some(chance, ("Parent/Guardian", "Emergency", "Primary")),
        some(chance, ("Parent", "Grandparent", "Self", "Other")),
        some(chance, ("Cell", "Home", "Work")),
    )


def selection(form: slow.Form) -> Selection:
    return Selection(
        form.student_id, form.manage, form.types, form.relationships, form.phones
    )


Write = Callable[[slow.MadeRoster, Path], Path]


def zipped(write: Write) -> Write:
    return lambda made, folder: slow.pack(write(made, folder).parent)


def one_roster(*, newer: bool, packed: bool = False) -> Write:
    def write(made: slow.MadeRoster, folder: Path) -> Path:
        slow.write_one_roster(made, folder, newer=newer)
        return slow.pack(folder) if packed else folder

    return write


KINDS: Mapping[str, tuple[str, Write | None]] = {
    "answers of Clever": ("api", None),
    "users.json": ("api", partial(slow.write_dump, kind="json")),
    "users.ndjson": ("api", partial(slow.write_dump, kind="ndjson")),
    "users.parquet": ("api", partial(slow.write_dump, kind="parquet")),
    "students.csv": ("students", slow.write_students),
    "students.csv in a zip": ("students", zipped(slow.write_students)),
    "contacts.csv": ("contacts", slow.write_contacts),
    "OneRoster 1.1 in a folder": ("oneroster", one_roster(newer=False)),
    "OneRoster 1.1 in a zip": ("oneroster", one_roster(newer=False, packed=True)),
    "OneRoster 1.2 in a folder": ("oneroster", one_roster(newer=True)),
    "OneRoster 1.2 in a zip": ("oneroster", one_roster(newer=True, packed=True)),
}
"""How each is written, and what the slow tally calls it."""


def measured(
    write: Write | None, roster: slow.MadeRoster, before: slow.Form, after: slow.Form
) -> Measured:
    selections = (selection(before), selection(after))
    if write is None:
        with open_tables() as tables:
            for page in slow.pages_of(roster, 25):
                tables.take_page("contact", page)
            tables.settle()
            return measure(tables, selections, by_school=True)
    with (
        TemporaryDirectory() as folder,
        open_roster_files(write(roster, Path(folder))) as found,
    ):
        return measure(found.tables, selections, gaps=found.gaps, by_school=True)


Told = dict[str, int | None]


def expected(roster: slow.MadeRoster, form: slow.Form, how: str) -> Told:
    """Count in plain loops; None for what the kind of file cannot tell."""
    counted = slow.slow_tally(roster, form, "api" if how == "oneroster" else how)
    told: Told = {**counted}
    nothing = not (form.manage and form.types and form.relationships)
    if how == "contacts" and form.student_id == "STUDENT NUMBER":
        told["students_without_id"] = None
    if how == "oneroster":
        told["contacts_without_id"] = 0
        unknown = {"students_without_id", "self_contacts"}
        always = {"students", "links", "contacts_without_id"}
        for name in unknown if nothing else told.keys() - always:
            told[name] = None
    return told


def added(each: Sequence[Told]) -> Told:
    def total(values: Sequence[int | None]) -> int | None:
        return None if None in values else sum(one or 0 for one in values)

    return {name: total([one[name] for one in each]) for name in each[0]}


MANY = os.environ.get("HYPOTHESIS_PROFILE") == "campaign"
BATCHES, AT_ONCE = 150 if MANY else 1, 20
"""A sample; `make model-test` tries thousands of rosters of each kind."""

pytestmark = [pytest.mark.timeout(3600)] if MANY else []


@pytest.mark.parametrize("kind", KINDS)
def test_tallies_are_those_of_plain_loops(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # each roster is a school of one, so that one count tells of all of them
    monkeypatch.setattr("connectsync.roster.tables.FEWEST", 1)
    how, write = KINDS[kind]
    for batch in range(BATCHES):
        chance = Random(f"{kind} {batch}")  # noqa: S311 - the same each time
        rosters = [made(chance, block) for block in range(AT_ONCE)]
        forms = made_form(chance), made_form(chance)
        found = measured(write, slow.joined(rosters), *forms)
        for tally, form in zip(found.tallies, forms, strict=True):
            assert tally is not None
            wanted = added([expected(one, form, how) for one in rosters])
            assert asdict(tally) == wanted, f"batch {batch}"
        if how == "contacts":  # it names no schools
            continue
        assert len(found.schools) == AT_ONCE
        for school in found.schools:
            roster = rosters[int(school.school.split()[1])].linked()
            for tally, form in zip((school.before, school.after), forms, strict=True):
                assert tally is not None
                wanted = expected(roster, form, how)
                assert asdict(tally) == wanted, f"batch {batch}: {roster}"


@pytest.mark.parametrize("batch", range(300 if MANY else 6))
def test_a_suggestion_says_what_the_tallies_would_say(batch: int) -> None:
    chance = Random(f"suggestions {batch}")  # noqa: S311 - the same each time
    rosters, form = [made(chance, block) for block in range(5)], made_form(chance)
    roster = slow.joined(rosters)
    found = measured(None, roster, form, form)
    after = slow.slow_tally(roster, form, "api")
    others = list(alternatives(selection(form)))
    assert [(s, label) for s, label, _ in others] == [
        (one.setting, one.label) for one in found.suggestions
    ]
    for one, (_, _, other) in zip(found.suggestions, others, strict=True):
        changed = slow.Form(
            form.student_id,
            form.manage,
            other.contact_types or frozenset(),
            other.contact_relationships or frozenset(),
            other.phone_types or frozenset(),
        )
        then = slow.slow_tally(roster, changed, "api")
        for name, gain, lose in (
            ("created", one.gain.created, one.lose.created),
            ("by_text", one.gain.by_text, one.lose.by_text),
        ):
            assert then[name] - after[name] == gain - lose
        without = after["students_without_guardian"] - then["students_without_guardian"]
        assert without == one.gain.students - one.lose.students


def test_a_child_that_the_roster_does_not_list_makes_no_contact_partial() -> None:
    roster = slow.MadeRoster(
        (slow.Student("1", "1", "A"),),
        (slow.Contact(0, "c", "Ana Elm", "a@example.org", "348-880-2855", "Cell"),),
        (slow.Link(0, 0, "Parent/Guardian", "Parent"),),
    )
    (page,) = slow.pages_of(roster)
    gone = '{"student": "gone", "type": "Other", "relationship": "Other"}, {"student"'
    with open_tables() as tables:
        tables.take_page("contact", page.replace('{"student": "s0"', f'{gone}: "s0"'))
        tables.settle()
        found = measure(tables, (None, selection(slow.Form())))
    after = found.tallies[1]
    assert (after.links, after.guardians, after.partial_contacts) == (1, 1, 0)
