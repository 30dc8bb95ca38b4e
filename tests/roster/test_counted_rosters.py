"""What reading a roster takes, counted: no test here looks at a clock."""

from __future__ import annotations

import subprocess
import sys
import threading
from asyncio import Event
from pathlib import Path
from typing import Self

import httpx2
import pytest
from served_clever import a_district, made_up, serving_clever

from connectsync.domain.impact import Selection
from connectsync.roster import clever_pages, clever_users
from connectsync.roster.clever import CleverRoster
from connectsync.roster.clever_pages import cursor_ahead
from connectsync.roster.files import RosterFile
from connectsync.roster.layouts import open_roster_files
from connectsync.roster.opening import DeliveredFile
from connectsync.roster.tables import RosterTables, measure

HEADER = (
    "Student_id,Contact_sis_id,Contact_type,Contact_relationship,Contact_phone_type\n"
)
CHOSEN = Selection(
    "STUDENT ID",
    guardians=True,
    contact_types=frozenset(["Parent/Guardian"]),
    contact_relationships=frozenset(["Parent"]),
    phone_types=frozenset(["Cell"]),
)


def written(folder: Path, *rows: str) -> Path:
    path = folder / "students.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return path


def test_a_file_is_scanned_once_whatever_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements, opened = [], []
    plain_run, plain_sample = RosterTables.run, RosterFile.sample

    def run(
        self: RosterTables, sql: str, given: object = None, *, beside: bool = False
    ) -> object:
        statements.append((sql, beside))
        return plain_run(self, sql, given, beside=beside)  # type: ignore[arg-type]

    def sample(self: RosterFile, *asked: object) -> object:
        opened.append(self.name)
        return plain_sample(self, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(RosterTables, "run", run)
    monkeypatch.setattr(RosterFile, "sample", sample)
    path = written(tmp_path, *(f"s{n},c{n},Emergency,Self,Home" for n in range(50)))
    with open_roster_files(path, schools=False) as read:
        found = measure(read.tables, (CHOSEN, CHOSEN))
    # both selections, and what each label that is not chosen would bring
    assert found.tallies[0] == found.tallies[1]
    assert len(found.suggestions) > 10
    assert sum("read_csv" in sql for sql, _ in statements) == 1
    assert len(opened) == 1
    # of the large steps, each goes through all rows once: what two cores do at the
    # same time goes through half of them, or counts something else
    halves = [sql for sql, beside in statements if beside and "rows.rowid" in sql]
    assert len(halves) == 1
    assert sum("FROM rows" in sql for sql, _ in statements) <= 6
    assert sum(beside for _, beside in statements) == 5
    assert len(statements) <= 24


def test_rows_keep_no_words_that_the_first_rows_hold(tmp_path: Path) -> None:
    rows = [f"s{n},c{n},guardian,Mom,Mobile" for n in range(600)]
    path = written(tmp_path, *rows, "s600,c600,Guardian of late,Mom,Mobile")
    with open_roster_files(path, schools=False) as read:
        assert read.tables.run("SELECT count(own) FROM rows") == [(1,)]
        assert read.tables.words()["type"] == {"guardian": 600, "guardian of late": 1}
        assert read.tables.words()["relationship"] == {"mom": 601}


def test_a_column_of_names_is_not_taken_for_words(tmp_path: Path) -> None:
    rows = [f"s{n},c{n},Name {n},Parent,Cell" for n in range(200)]
    with open_roster_files(written(tmp_path, *rows), schools=False) as read:
        ((known,),) = read.tables.run("SELECT count(*) FROM known")
        assert known < 600
        assert len(read.tables.words()["type"]) == 200


def test_only_a_head_is_read_for_the_words_of_a_file() -> None:
    class Endless:
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def read(self, size: int = -1) -> bytes:
            assert 0 < size <= 1 << 16
            return (b"id,type\n" + b"1,Parent\n" * size)[:size]

    source = DeliveredFile("x.csv", "x.csv", Endless)  # type: ignore[arg-type]
    assert RosterFile(source).sample([1]) == [{"Parent"}]


DISTRICT = """\
schema: 1
district: bay
name: Bay
provider: clever
credentials: {district_id: 58da8a43cc70ab00017a1a10, oauth_token: env:BAY_TOKEN}
settings: {student_id: STUDENT ID, manage_guardians: true, phone_types: [Cell]}
"""

RUN = """
import sys
from connectsync.__main__ import run
sys.argv = ["connectsync", "impact", "bay", "--roster", "students.csv"]
try:
    run()
finally:
    print("loaded:", *sorted({"duckdb", "_duckdb", "sqlalchemy"} & sys.modules.keys()))
"""


def test_impact_loads_the_engine_alone_and_no_store(tmp_path: Path) -> None:
    written(tmp_path, "s1,c1,Parent/Guardian,Parent,Cell")
    (tmp_path / "connectsync.yaml").write_text("schema: 1\n")
    (tmp_path / "districts").mkdir()
    (tmp_path / "districts" / "bay.yaml").write_text(DISTRICT)
    told = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.splitlines()[-1] == "loaded: _duckdb"


class Asked(list[str]):
    """What was asked, and that the second page of students was."""

    def __init__(self) -> None:
        self.second = threading.Event()

    def append(self, one: str) -> None:
        super().append(one)
        if "role=student" in one and "starting_after" in one:
            self.second.set()


def test_the_next_page_is_on_its_way_while_one_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, came, plain = Asked(), list[bool](), clever_pages.page_of

    def look(content: bytes, role: str, *given: object) -> clever_pages.UserPage:
        if not came:
            came.append(asked.second.wait(30))
        return plain(content, role, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(clever_users, "page_of", look)
    with serving_clever(a_district(made_up(40))) as clever:
        clever.api.asked = asked
        clever.read(lambda _, __: None)
    assert came == [True]
    people = [one for one in asked if "role=" in one]
    roles = [one.split("role=")[1].split("&")[0] for one in people]
    # one after the other, and each once, as if none was asked for ahead
    assert list(dict.fromkeys(roles)) == ["student", "contact", "teacher", "staff"]
    assert roles == sorted(roles, key=list(dict.fromkeys(roles)).index)
    assert len(people) == len(set(people))


def test_a_page_is_looked_at_once_the_next_one_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # a page that is looked at holds the interpreter: a request would wait for it, and
    # the line stand still
    on_its_way, looked_at = list[Event](), list[int]()
    plain_get, plain_look = CleverRoster.get, clever_pages.page_of

    async def get(
        self: CleverRoster,
        path: str,
        *given: object,
        sent: Event | None = None,
        **more: object,
    ) -> httpx2.Response:
        on_its_way.extend([] if sent is None else [sent])
        return await plain_get(self, path, *given, sent=sent, **more)  # type: ignore[arg-type]

    def look(*given: object) -> clever_pages.UserPage:
        looked_at.append(sum(one.is_set() for one in on_its_way))
        return plain_look(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(CleverRoster, "get", get)
    monkeypatch.setattr(clever_users, "page_of", look)
    with serving_clever(a_district(made_up(40))) as clever:
        clever.read(lambda _, __: None, page=10)
    pages = len(looked_at)
    assert pages > 4
    # all but the last are looked at with one more request sent than pages came
    assert looked_at == [*range(2, pages + 1), pages]


NEXT = '[{"rel":"next","uri":"/v3.1/users?starting_after=a1"}]'


@pytest.mark.parametrize(
    ("content", "ahead"),
    [
        ('{"data":[],"links":' + NEXT + "}", "a1"),
        ('{"data": [], "links" : ' + NEXT + "\n}\n", "a1"),
        ('{"data":[],"links":[]}', ""),
        ('{"data":[],"links":[{"rel":"self","uri":"/v3.1/users"}]}', ""),
        ('{"links":' + NEXT + ',"data":[]}', "a1"),
        (' { "links": [], "data":[]}', ""),
        # what cannot be told from an end is left to who reads the whole page
        ('{"more":1,"links":' + NEXT + ',"data":[]}', None),
        ('{"data":[{"links":' + NEXT + '}],"more":[]}', None),
        ('{"data":[],"links":' + NEXT, None),
        ('{"data":[],"links":[1]}', None),
        ('{"data":[],"links":[{"rel":"next","uri":"https://elsewhere.test/a"}]}', None),
        ("", None),
    ],
)
def test_either_end_of_a_page_says_where_the_list_goes_on(
    content: str, ahead: str | None
) -> None:
    asked = httpx2.URL("https://api.clever.test/v3.1/users")
    assert cursor_ahead(content.encode(), asked) == ahead
