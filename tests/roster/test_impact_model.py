"""Tallies equal those of plain loops, for every kind of source."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import slow_tally as slow
from hypothesis import given, settings
from hypothesis import strategies as st

from connectsync.domain.impact import Measured, Selection
from connectsync.roster.layouts import open_roster_files
from connectsync.roster.tables import alternatives, measure, open_tables

TYPES = ("Parent/Guardian", "parent/guardian ", "Emergency", "Primary", "", "Guardian")
TIES = ("Parent", "PARENT", "Grandparent", "Self", "Other", "", "Mother")
PHONES = (
    "(348) 880-2855",
    "348.880.2855",
    "+1 348 880 2855",
    "13488802855",
    "23488802855",
    "880-2855",
    "348-880-2855 x12",
    "1e9",
    "0000000000",
    "",
    " ",
)
PHONE_TYPES = ("Cell", "cell", "Home", "Work", "", "Mobile")


@st.composite
def rosters(draw: st.DrawFn) -> slow.MadeRoster:
    students = [
        slow.Student(f"{place:03}", draw(st.sampled_from(["", f"9{place}"])), "A")
        for place in range(draw(st.integers(1, 5)))
    ]
    contacts = [
        slow.Contact(
            place,
            draw(st.sampled_from(["", " ", f"P{place}"])),
            draw(st.sampled_from(["Ana Elm", "ana elm ", "Bo Oak", 'C "C", D'])),
            draw(st.sampled_from(["", "a@example.org", "A@example.org ", "é@x.org"])),
            draw(st.sampled_from(PHONES)),
            draw(st.sampled_from(PHONE_TYPES)),
        )
        for place in range(draw(st.integers(0, 8)))
    ]
    pairs = [
        (student, contact)
        for student in range(len(students))
        for contact in range(len(contacts))
    ]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    links = [
        slow.Link(*pair, draw(st.sampled_from(TYPES)), draw(st.sampled_from(TIES)))
        for pair in chosen
        for _ in range(draw(st.sampled_from([1, 1, 1, 2])))
    ]
    return slow.MadeRoster(tuple(students), tuple(contacts), tuple(links))


def some(labels: tuple[str, ...]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(labels))


forms = st.builds(
    slow.Form,
    st.sampled_from(["STUDENT ID", "STUDENT NUMBER"]),
    st.sampled_from([True, True, True, False]),
    some(("Parent/Guardian", "Emergency", "Primary")),
    some(("Parent", "Grandparent", "Self", "Other")),
    some(("Cell", "Home", "Work")),
)


def selection(form: slow.Form) -> Selection:
    return Selection(
        form.student_id, form.manage, form.types, form.relationships, form.phones
    )


def measured_in_pages(
    roster: slow.MadeRoster, before: slow.Form, after: slow.Form
) -> Measured:
    with open_tables() as tables:
        for page in slow.pages_of(roster):
            tables.take_page("contact", page)
        tables.settle()
        return measure(tables, (selection(before), selection(after)))


def measured_in_file(
    write: Callable[[slow.MadeRoster, Path], Path],
    roster: slow.MadeRoster,
    before: slow.Form,
    after: slow.Form,
) -> Measured:
    with TemporaryDirectory() as folder:
        path = write(roster, Path(folder))
        with open_roster_files(path) as found:
            return measure(
                found.tables, (selection(before), selection(after)), gaps=found.gaps
            )


def told(measured: Measured) -> list[dict[str, Any]]:
    before, after = measured.tallies
    assert before is not None
    return [asdict(before), asdict(after)]


MANY = os.environ.get("HYPOTHESIS_PROFILE") == "campaign"
FEW = settings(max_examples=1000 if MANY else 8)
"""A sample; `make model-test` tries thousands of rosters."""

pytestmark = [pytest.mark.timeout(3600)] if MANY else []


@FEW
@given(rosters(), forms, forms)
def test_answers_of_clever_are_tallied_as_plain_loops_tally_them(
    roster: slow.MadeRoster, before: slow.Form, after: slow.Form
) -> None:
    expected = [slow.slow_tally(roster, form, "api") for form in (before, after)]
    assert told(measured_in_pages(roster, before, after)) == expected


@FEW
@given(rosters(), forms, forms)
def test_students_csv_is_tallied_as_plain_loops_tally_it(
    roster: slow.MadeRoster, before: slow.Form, after: slow.Form
) -> None:
    expected = [slow.slow_tally(roster, form, "students") for form in (before, after)]
    assert (
        told(measured_in_file(slow.write_students, roster, before, after)) == expected
    )


@FEW
@given(rosters(), forms, forms)
def test_contacts_csv_is_tallied_as_plain_loops_tally_it(
    roster: slow.MadeRoster, before: slow.Form, after: slow.Form
) -> None:
    if not roster.links:
        return
    expected = [slow.slow_tally(roster, form, "contacts") for form in (before, after)]
    for one, form in zip(expected, (before, after), strict=True):
        if form.student_id == "STUDENT NUMBER":
            one["students_without_id"] = None  # type: ignore[assignment]
    assert (
        told(measured_in_file(slow.write_contacts, roster, before, after)) == expected
    )


@FEW
@given(rosters(), forms, st.sampled_from(["json", "ndjson", "parquet"]))
def test_answers_in_files_are_tallied_as_plain_loops_tally_them(
    roster: slow.MadeRoster, form: slow.Form, kind: str
) -> None:
    def write(made: slow.MadeRoster, folder: Path) -> Path:
        return slow.write_dump(made, folder, kind)

    expected = slow.slow_tally(roster, form, "api")
    assert told(measured_in_file(write, roster, form, form))[1] == expected


@FEW
@given(roster=rosters(), form=forms, newer=st.booleans())
def test_one_roster_tells_no_more_than_it_holds(
    roster: slow.MadeRoster, form: slow.Form, *, newer: bool
) -> None:
    def write(made: slow.MadeRoster, folder: Path) -> Path:
        return slow.write_one_roster(made, folder, newer=newer)

    found = told(measured_in_file(write, roster, form, form))[1]
    expected = slow.slow_tally(roster, form, "api")
    nothing = not (form.manage and form.types and form.relationships)
    known = {"students", "links"} | (
        {"links_matched", "guardians", "created", "by_text", "dropped", "email_only"}
        | {"students_without_guardian", "shared_numbers", "partial_contacts"}
        | {"students_with_six_or_more"}
        if nothing
        else set()
    )
    assert {name for name, value in found.items() if value is not None} == known | {
        "contacts_without_id"
    }
    assert {name: found[name] for name in known} == {
        name: expected[name] for name in known
    }
    assert found["contacts_without_id"] == 0


@FEW
@given(rosters(), forms)
def test_a_suggestion_says_what_the_tallies_would_say(
    roster: slow.MadeRoster, form: slow.Form
) -> None:
    found = measured_in_pages(roster, form, form)
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
        (slow.Contact(0, "c", "Ana Elm", "a@example.org", PHONES[0], "Cell"),),
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
