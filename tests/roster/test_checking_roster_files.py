"""Clean rosters have no finding, forecasts are right, and memory stays flat."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rosters import clever, lay_roster, oneroster, rows_of, zip_roster

from connectsync.domain.finding import ValidationReport
from connectsync.operations.roster_files import (
    RosterFileOptions,
    TypeChange,
    check_roster_files,
    compare,
)
from connectsync.roster.formats import Records
from connectsync.roster.opening import BadRoster, DeliveredFile, Rows

OPTIONS = RosterFileOptions(lambda _: None, date(2027, 1, 15))

texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cc"])
    | st.sampled_from('",\n é'),
    min_size=1,
    max_size=8,
).filter(str.strip)
phones = st.from_regex(r"\A(1-)?\([2-9][0-9]{2}\) [0-9]{3}-[0-9]{4}\Z") | st.just("")
emails = st.from_regex(r"\A[a-z.]{1,9}@[a-z]{1,9}\.(org|us)\Z") | st.just("")
TYPES = ["Parent/Guardian", "emergency", "PRIMARY", "Secondary", "Family", "Other"]
KIN = ["Parent", "grandparent", "Self", "Aunt/Uncle", "Sibling", "Other", ""]
headers = st.sampled_from([str.lower, str.upper, lambda name: name.replace("_", " ")])
contacts = st.tuples(
    *(st.sampled_from(KIN), st.sampled_from(TYPES), texts, phones),
    *(st.sampled_from(["Cell", "home", "Work", "Other", ""]), emails),
)
STUDENTS = [
    *("School_id", "Student_id", "Last_name", "First_name", "Contact_relationship"),
    *("Contact_type", "Contact_name", "Contact_phone", "Contact_phone_type"),
    *("Contact_email", "Contact_sis_id"),
]


def check(path: Path, before: Path | None = None) -> ValidationReport:
    previous = [] if before is None else [(before, "before")]
    return check_roster_files([(path, "roster")], previous, OPTIONS)[0]


@given(
    people=st.lists(st.tuples(texts, texts, st.lists(contacts, max_size=5))),
    spelled=headers,
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    end=st.sampled_from([b"\r\n", b"\n"]),
)
def test_a_clean_file_of_clever_has_no_finding(
    people: list[tuple[str, str, list[tuple[str, ...]]]],
    spelled: Callable[[str], str],
    mark: bytes,
    end: bytes,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    rows, contact = [["9", "99999", "Chen", "Li", *[""] * 7]], 0
    for number, (last, first, known) in enumerate(people):
        student = ["9", f"{10000 + number}", last, first]
        rows += [[*student, *[""] * 7]] if not known else []
        for one in known:
            contact += 1
            rows.append([*student, *one, f"c{contact}"])
    folder = tmp_path_factory.mktemp("roster")
    raw = mark + rows_of(list(map(spelled, STUDENTS)), rows).replace(b"\r\n", end)
    lay_roster({"students.csv": raw}, folder)
    assert check(folder).findings == ()


@given(
    size=st.integers(1, 12),
    version=st.sampled_from(["1.1", "1.2"]),
    packed=st.booleans(),
    data=st.randoms(use_true_random=False),
)
def test_a_clean_package_of_oneroster_has_no_finding(
    size: int,
    version: str,
    packed: bool,  # noqa: FBT001 - a case
    data: random.Random,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    files = oneroster(version, size)
    for name, raw in files.items():
        header, *rows = raw.splitlines(keepends=True)
        data.shuffle(rows)
        files[name] = b"".join([header, *rows])
    folder = tmp_path_factory.mktemp("roster")
    path = folder / "r.zip"
    report = check(zip_roster(files, path) if packed else lay_roster(files, folder))
    assert report.findings == ()
    assert report.files == len(files)


records = st.dictionaries(st.integers(0, 20), st.integers(0, 2), min_size=1)


@given(records, records)
def test_a_forecast_counts_as_one_would_by_hand(
    before: dict[int, int], now: dict[int, int]
) -> None:
    kept = [Records(), Records()]
    for one, rows in zip(kept, (before, now), strict=True):
        for key, value in rows.items():
            one.add("students", key, value)
    (found,) = compare(*kept)
    both = before.keys() & now.keys()
    assert (found.before, found.now) == (len(before), len(now))
    assert found.deleted == len(before.keys() - now.keys())
    assert found.added == len(now.keys() - before.keys())
    assert found.updated == sum(before[key] != now[key] for key in both)
    assert bool(found.held) == (
        found.deleted / len(before) > 0.1 or found.updated / len(before) > 0.75
    )


def test_clevers_hold_names_each_bound_that_is_passed() -> None:
    bounds = [
        TypeChange("students", 100, 100 - gone, gone, changed, 0).held
        for gone, changed in ((12, 80), (12, 10), (0, 80), (10, 75))
    ]
    both, deleted, updated, neither = (one.partition(" Clever")[0] for one in bounds)
    assert both == "students: 12.0 % deleted and 80.0 % updated; over 10 % and 75 %"
    assert deleted == "students: 12.0 % deleted; over 10 %"
    assert updated == "students: 80.0 % updated; over 75 %"
    assert neither == ""


@given(
    rows=st.lists(
        st.lists(texts | st.just(""), min_size=2, max_size=5).filter(any), min_size=1
    )
)
def test_every_field_is_where_it_is_said_to_be(
    rows: list[list[str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    raw = rows_of(rows[0], rows[1:])
    path = tmp_path_factory.mktemp("rows") / "a.csv"
    path.write_bytes(raw)
    lines = raw.decode().split("\n")

    def fail(bad: BadRoster) -> None:
        raise bad

    with path.open("rb") as stream:
        found = Rows(stream, fail)
        for row, fields in zip(rows, found, strict=True):
            assert fields == row
            for number, value in enumerate(fields):
                line, column, end = found.place(number)
                there = lines[line - 1][column - 1 :]
                quoted = '"' + value.replace('"', '""') + '"'
                first = (value if not there.startswith('"') else quoted).split("\n")[0]
                assert there.startswith(first)
                assert end - column == len(first)


def test_memory_stays_flat_however_long_the_rows_are(tmp_path: Path) -> None:
    def peak(notes: int) -> int:
        folder = tmp_path / str(notes)
        folder.mkdir()
        with (folder / "students.csv").open("w") as stream:
            stream.write("School_id,Student_id,Last_name,First_name,Notes\n")
            for number in range(20_000):
                stream.write(f"9,{100_000 + number},Chen,Li,{'x' * notes}\n")
        tracemalloc.start()
        report = check(folder)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert report.findings == ()
        return most

    small, large = peak(10), peak(1000)
    # 20 MB more of text, and what is kept are the hashes of ids and rows
    assert large < small + 1_000_000
    assert large < 8_000_000


def test_a_broken_file_gives_its_rows_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'a,b\n1,2\n"x"y,3\n4,5\n')
    told: list[int] = []
    file = DeliveredFile("a.csv", "a.csv", lambda: path.open("rb"))
    with file.opened() as stream:
        rows = list(Rows(stream, lambda bad: told.append(bad.line)))
    assert rows == [["a", "b"], ["1", "2"], ["4", "5"]]
    assert told == [3]


def test_the_order_of_rows_and_columns_is_no_update(tmp_path: Path) -> None:
    before = lay_roster({"students.csv": clever(5)["students.csv"]}, tmp_path / "a")
    lines = [
        line.split(b",") for line in clever(5)["students.csv"].strip().split(b"\r\n")
    ]
    turned = [b",".join(reversed(line)) for line in (lines[0], *reversed(lines[1:]))]
    raw = b"\r\n".join(turned) + b"\r\n"
    now = lay_roster({"students.csv": raw}, tmp_path / "b")
    told = [one.message for one in check(now, before).findings]
    assert told == [
        "contacts: 10 before, 10 now; 0.0 % deleted, 0.0 % updated, 0.0 % added",
        "students: 5 before, 5 now; 0.0 % deleted, 0.0 % updated, 0.0 % added",
    ]
