"""What stands in a list's column is shown, unless it may be of a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest
import slow_tally as slow

from connectsync.domain.impact import Measured, Selection
from connectsync.roster.files import RosterFile
from connectsync.roster.layouts import open_roster_files
from connectsync.roster.tables import RosterTables, measure, open_tables

CHOSEN = Selection(
    "STUDENT ID",
    guardians=True,
    contact_types=frozenset(["Parent/Guardian"]),
    contact_relationships=frozenset(["Parent"]),
    phone_types=frozenset(["Cell"]),
)
MANY = 10

PERSONAL = (
    "Rivera",  # a surname
    " LUZ ",  # a first name
    "Oneil",  # O'Neil
    "Munoz Family",  # Muñoz
    "Elm-Oak",  # two of them
    "bigfan",  # from an email
    "zuid",  # an id
)
PLAIN = ("Court Appointed", "Concerned Citizen", "Foster Parent")
NAMES = ("Luz Rivera", "Pat O'Neil", "Ana Muñoz", "Bo Elm", "Cy Oak")


def roster(
    words: Sequence[str], names: Sequence[str] = NAMES, schools: Sequence[str] = ()
) -> slow.MadeRoster:
    """Give a roster in which each word is the relationship of ten contacts."""
    schools = schools or ("5",)
    students = tuple(
        slow.Student(f"st{place}-{number}", f"77{place}{number}", school)
        for place, school in enumerate(schools)
        for number in range(MANY)
    )
    contacts = tuple(
        slow.Contact(
            place,
            "zuid" if place == 0 else f"c{place}",
            names[place % len(names)] if names else "",
            "bigfan@example.org" if place == 1 else "",
            "(348) 555-0123",
            "Cell",
        )
        for place in range(MANY * len(words))
    )
    links = tuple(
        slow.Link(place % len(students), place, "Parent/Guardian", words[place // MANY])
        for place in range(len(contacts))
    )
    return slow.MadeRoster(students, contacts, links)


Write = Callable[[slow.MadeRoster, Path], Path]


def zipped(write: Write) -> Write:
    def pack(made: slow.MadeRoster, folder: Path) -> Path:
        file, path = write(made, folder), folder / "roster.zip"
        with ZipFile(path, "w") as packed:
            packed.write(file, file.name)
        return path

    return pack


def dumped(kind: str) -> Write:
    return lambda made, folder: slow.write_dump(made, folder, kind)


KINDS: dict[str, Write | None] = {
    "Clever's API": None,
    "json": dumped("json"),
    "json in a zip": zipped(dumped("json")),
    "ndjson": dumped("ndjson"),
    "parquet": dumped("parquet"),
    "students.csv": slow.write_students,
    "students.csv in a zip": zipped(slow.write_students),
    "contacts.csv": slow.write_contacts,
}


def measured(
    made: slow.MadeRoster, folder: Path, write: Write | None, *, by_school: bool = False
) -> Measured:
    if write is None:
        with open_tables() as tables:
            tables.expect({})
            for page in slow.pages_of(made, 25):
                tables.take_page("contact", page)
            tables.settle()
            return measure(tables, (None, CHOSEN), by_school=by_school)
    with open_roster_files(write(made, folder)) as read:
        return measure(read.tables, (None, CHOSEN), gaps=read.gaps, by_school=by_school)


@pytest.mark.parametrize("kind", KINDS)
def test_a_word_of_many_rows_is_shown_unless_it_is_of_a_person(
    kind: str, tmp_path: Path
) -> None:
    made = roster([*PERSONAL, *PLAIN])
    found = measured(made, tmp_path, KINDS[kind]).unknown
    assert found == {
        "relationship": {"(not shown)": MANY * len(PERSONAL)}
        | {one.lower(): MANY for one in PLAIN}
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.sampled(3)
@pytest.mark.parametrize("field", ["type", "phone_type"])
def test_a_name_is_shown_in_no_column_of_words(
    kind: str, field: str, tmp_path: Path
) -> None:
    made = roster(["Parent"])
    contacts, links = made.contacts, made.links
    if field == "type":
        links = tuple(replace(one, type="Rivera") for one in links)
    else:
        contacts = tuple(replace(one, phone_type="Rivera") for one in contacts)
    spoiled = slow.MadeRoster(made.students, contacts, links)
    found = measured(spoiled, tmp_path, KINDS[kind]).unknown
    assert found == {field: {"(not shown)": MANY}}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.sampled(3)
def test_without_names_to_compare_with_only_what_is_never_one_is_shown(
    kind: str, tmp_path: Path
) -> None:
    made = roster(["Rivera", "Court Appointed", "Foster Parent"], names=())
    found = measured(made, tmp_path, KINDS[kind]).unknown
    assert found == {"relationship": {"(not shown)": 2 * MANY, "foster parent": MANY}}


SCHOOLS = ("Rivera", "7720", "st0-3", "Lincoln Elementary", "SCH 7")


@pytest.mark.parametrize("kind", [one for one in KINDS if one != "contacts.csv"])
@pytest.mark.sampled(3)
def test_a_school_is_named_unless_its_id_is_of_a_person(
    kind: str, tmp_path: Path
) -> None:
    made = roster(["Parent"] * 5, [*NAMES, "Abe Lincoln"], SCHOOLS)
    found = measured(made, tmp_path, KINDS[kind], by_school=True)
    assert [(one.school, one.after.students) for one in found.schools] == [
        ("", 3 * MANY),
        ("Lincoln Elementary", MANY),
        ("SCH 7", MANY),
    ]
    (said,) = found.notes()
    assert said.startswith("3 schools counted with the smaller ones")


@pytest.mark.parametrize("newer", [False, True])
def test_a_school_of_oneroster_is_named_unless_its_id_is_of_a_person(
    tmp_path: Path,
    newer: bool,  # noqa: FBT001 - as parametrized
) -> None:
    made = roster(["Parent"], schools=("s3", "SCH 7"))

    def write(made: slow.MadeRoster, folder: Path) -> Path:
        slow.write_one_roster(made, folder, newer=newer)
        return slow.pack(folder)

    found = measured(made, tmp_path, write, by_school=True)
    assert [one.school for one in found.schools] == ["", "SCH 7"]


@pytest.mark.parametrize(
    ("words", "scans"), [(["Foster Parent", "Mom"], 1), (["Court Appointed"], 2)]
)
def test_a_file_is_read_again_only_where_a_word_has_to_be_compared(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: Sequence[str],
    scans: int,
) -> None:
    statements = []
    plain_run = RosterTables.run

    def run(self: RosterTables, sql: str, *given: object, **more: object) -> object:
        statements.append(sql)
        return plain_run(self, sql, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(RosterTables, "run", run)
    found = measured(roster(words), tmp_path, slow.write_students).unknown
    assert found == {"relationship": {one.lower(): MANY for one in words}}
    assert sum("read_csv" in one for one in statements) == scans


def test_a_file_that_is_gone_as_it_is_read_again_is_a_sentence(
    tmp_path: Path,
) -> None:
    from connectsync.errors import RosterUnreadable

    path = slow.write_students(roster(["Court Appointed"]), tmp_path)
    with open_roster_files(path) as read:
        path.unlink()
        with pytest.raises(RosterUnreadable) as caught:
            measure(read.tables, (None, CHOSEN))
    assert "students.csv" in caught.value.message


def test_the_second_pipe_of_a_zip_is_closed_with_it(tmp_path: Path) -> None:
    file = slow.pack(slow.write_students(roster(["Parent"]), tmp_path).parent)
    opened: list[RosterFile] = []
    from connectsync.roster.files import find_files

    with find_files(file, "x", "utf-8", lambda _: None) as found:
        opened += found
        assert all(one.again is not None and one.again.ends for one in found)
    assert all(one.again is not None and not one.again.ends for one in opened)
