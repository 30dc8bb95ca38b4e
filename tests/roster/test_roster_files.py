"""What is wrong with a file of a roster is one clear sentence; nothing is written."""

from __future__ import annotations

import gzip
import json
import os
import traceback
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectsync.domain.impact import Gap, Selection
from connectsync.domain.roster_words import Dictionary
from connectsync.errors import RosterUnreadable
from connectsync.roster import layouts, tables
from connectsync.roster.layouts import RosterInFiles, open_roster_files
from connectsync.roster.opening import BadRoster, Rows, uneven
from connectsync.roster.tables import measure

HEADER = b"Student_id,Contact_name,Contact_type,Contact_relationship,Contact_phone\n"
ROW = b"s1,Secretname,Parent/Guardian,Parent,3485550173\n"
SECRETS = ("ecretname", "3485550173", "s1")

CHOSEN = Selection(
    "STUDENT ID",
    guardians=True,
    contact_types=frozenset(["Parent/Guardian"]),
    contact_relationships=frozenset(["Parent"]),
    phone_types=frozenset(["Cell"]),
)


def in_file(folder: Path, content: bytes, name: str = "students.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def packed(folder: Path, *files: tuple[str, bytes], name: str = "roster.zip") -> Path:
    path = folder / name
    with ZipFile(path, "w", ZIP_DEFLATED) as made:
        for each, content in files:
            made.writestr(each, content)
    return path


def cut_off(folder: Path) -> Path:
    path = packed(folder, ("students.csv", HEADER + os.urandom(9000).hex().encode()))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path


def damaged(folder: Path) -> Path:
    path = packed(folder, ("students.csv", HEADER + ROW * 9000))
    whole = bytearray(path.read_bytes())
    whole[120:140] = bytes(20)
    path.write_bytes(whole)
    return path


def bomb(folder: Path) -> Path:
    return packed(folder, ("students.csv", HEADER + bytes(300 << 20)))


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "students.csv")
    return folder / "students.csv"


def led_away(folder: Path) -> Path:
    inside = folder / "export"
    inside.mkdir()
    (inside / "students.csv").symlink_to(in_file(folder, HEADER + ROW, "other.csv"))
    return inside


def empty_folder(folder: Path) -> Path:
    (folder / "export").mkdir()
    return folder / "export"


def one_roster(manifest: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        users = b"sourcedId,role,agentSourcedIds\ns1,student,\n"
        return packed(folder, ("users.csv", users), ("manifest.csv", manifest))

    return make


def a_file(content: bytes, name: str = "students.csv") -> Callable[[Path], Path]:
    return lambda folder: in_file(folder, content, name)


def a_zip(*files: tuple[str, bytes]) -> Callable[[Path], Path]:
    return lambda folder: packed(folder, *files)


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "no file": (lambda folder: folder / "none.csv", "there is no file or folder"),
    "an empty folder": (empty_folder, "holds no file of a roster"),
    "a named pipe": (pipe, "it is a named pipe, not a regular file"),
    "a device": (lambda _: Path("/dev/zero"), "it is a device, not a regular file"),
    "a link out of the folder": (led_away, "is a link that leads out of its folder"),
    "an empty file": (a_file(b""), "there is nothing in it"),
    "only blanks": (a_file(b" \n\n"), "there is nothing in it"),
    "only a header": (a_file(HEADER), "it lists no students"),
    "NUL": (a_file(HEADER + ROW + b"s\0,,,,\n"), "line 3: there is a NUL character"),
    "Latin-1": (
        a_file(HEADER + ROW.replace(b"S", b"\xe9")),
        "line 2: the byte 0xE9 is not UTF-8",
    ),
    "a letter cut off": (
        a_file(HEADER + ROW[:-1] + b"\xc3"),
        "line 2: the byte 0xC3 is not UTF-8",
    ),
    "UTF-16": (a_file((HEADER + ROW).decode().encode("utf-16")), "saved as UTF-16"),
    "semicolons": (
        a_file((HEADER + ROW).replace(b",", b";")),
        "its columns are separated by semicolons, not by commas",
    ),
    "tabs": (a_file((HEADER + ROW).replace(b",", b"\t")), "separated by tabs"),
    "the same header twice": (
        a_file(b"Student_id,student ID,Contact_name\n" + ROW),
        "column 2 has the name of another one",
    ),
    "a million columns": (
        a_file(b",".join(b"c%d" % one for one in range(100_000)) + b"\n"),
        "the row has 100,000 columns",
    ),
    "a header without an end": (
        a_file(b"x" * (2 << 20)),
        "the row is longer than 1,048,576 bytes",
    ),
    "no header": (a_file(ROW), "its header is not that of a roster"),
    "too few columns": (
        a_file(HEADER + ROW + b"s1,Secretname\n"),
        "line 3: the row has 2 fields, the header 5",
    ),
    "too many columns": (
        a_file(HEADER + ROW[:-1] + b",s1,Secretname\n"),
        "line 2: the row has 7 fields, the header 5",
    ),
    "too many columns that are empty": (
        a_file(HEADER + ROW + ROW[:-1] + b",,\n"),
        "line 3: the row has 7 fields, the header 5",
    ),
    "one too many, an empty one in quotes": (
        a_file(HEADER + ROW[:-1] + b',""\r\n'),
        "line 2: the row has 6 fields, the header 5",
    ),
    "a row of a million empty columns": (
        a_file(HEADER + ROW + ROW[:-1] + b"," * 1_000_000 + b"\n"),
        "line 3: the row has 1,000,005 columns; no roster has so many",
    ),
    "a row of a million columns in a zip": (
        a_zip(("students.csv", HEADER + ROW[:-1] + b",x" * 500_000 + b"\n")),
        "line 2: the row has 500,005 columns; no roster has so many",
    ),
    "too many columns of OneRoster": (
        a_file(b"sourcedId,role,agentSourcedIds\ns1,student,,,\n", "users.csv"),
        "line 2: the row has 5 fields, the header 3",
    ),
    "a carriage return alone": (
        a_file(HEADER + ROW + ROW.replace(b"\n", b"\r") + ROW),
        "line 3: a line ends in a carriage return alone",
    ),
    "text behind a quote": (
        a_file(HEADER + b's1,"Secretname"x,,,\n'),
        "line 2: there is text behind the quote",
    ),
    "an open quote": (
        a_file(HEADER + b's1,"Secretname,,,\n' + ROW * 3),
        "never closed",
    ),
    "gzip": (a_file(gzip.compress(HEADER + ROW)), "it is packed with gzip"),
    "half a zip": (cut_off, "it is no zip that can be read"),
    "a damaged zip": (damaged, "it is no zip that can be read"),
    "a zip of something else": (
        a_zip(("letter.txt", b"x"), ("b.txt", b"y")),
        "holds no file of a roster",
    ),
    "a zip bomb": (bomb, "it would unpack to"),
    "two files of a name": (
        a_zip(("a/students.csv", HEADER), ("b/students.csv", HEADER)),
        "it holds two files 'students.csv'",
    ),
    "NUL in a zip": (
        a_zip(("students.csv", HEADER + ROW + b"s\0,,,,\n")),
        "line 3: there is a NUL character",
    ),
    "Latin-1 in a zip": (
        a_zip(("students.csv", HEADER + ROW.replace(b"S", b"\xe9"))),
        "line 2: the byte 0xE9 is not UTF-8",
    ),
    "a delta": (
        one_roster(b"propertyName,value\nfile.users,delta\n"),
        "users.csv holds only what changed (delta)",
    ),
    "no roles": (
        a_file(b"sourcedId,agentSourcedIds\ns1,\n", "users.csv"),
        "it has no column role",
    ),
    "broken JSON": (a_file(b'{"id": "s1", "Secretname', "a.json"), "not valid JSON"),
    "JSON of something else": (
        a_file(b"[1, 2]", "a.json"),
        "user 1 is not understood: it is no object",
    ),
    "JSON of others": (a_file(b'[{"id": "1"}]', "a.json"), "it lists no students"),
    "no Parquet": (a_file(b"PAR1Secretname", "a.parquet"), "not a whole Parquet file"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.sampled(17)
def test_a_bad_file_is_told_in_one_sentence_without_what_stands_in_it(
    name: str, tmp_path: Path
) -> None:
    make, said = BAD[name]
    path = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RosterUnreadable) as caught, open_roster_files(path):
        pass
    told = f"{caught.value.message} {caught.value.remedy}"
    assert said in told
    assert "\n" not in told
    assert caught.value.remedy
    # neither the sentence nor a traceback quotes the roster
    trace = "".join(
        line
        for line in traceback.format_exception(caught.value)
        if not line.lstrip().startswith(("File ", "make", "BAD"))
    )
    assert not any(secret in f"{told}{trace}" for secret in SECRETS)
    assert sorted(tmp_path.rglob("*")) == before


STUDENT = {"id": "s1", "roles": {"student": {"sis_id": "1", "school": "n"}}}
LINK = {"student": "s1", "type": "Parent/Guardian", "relationship": "Parent"}


def of_contact(**told: object) -> dict[str, object]:
    return {"id": "c2", "roles": {"contact": {"student_relationships": [LINK], **told}}}


NOT_USERS: dict[str, tuple[object, str]] = {
    "text": ("Secretname", "it is no object"),
    "a list": ([STUDENT], "it is no object"),
    "data that is text": ({"data": "Secretname"}, "its data is no object"),
    "data that is nothing": ({"data": None}, "its data is no object"),
    "roles that are text": ({**STUDENT, "roles": "Secretname"}, "its roles are no"),
    "roles that are a list": ({**STUDENT, "roles": ["student"]}, "its roles are no"),
    "a role that is text": (
        {**STUDENT, "roles": {"student": "Secretname"}},
        "one of its roles is no object",
    ),
    "a contact that is text": (
        {**STUDENT, "roles": {"contact": "Secretname"}},
        "one of its roles is no object",
    ),
    "no id": ({"roles": STUDENT["roles"]}, "it has no id"),
    "an id that is null": ({**STUDENT, "id": None}, "it has no id"),
    "a blank id": ({**STUDENT, "id": " "}, "it has no id"),
    "an id that is more": ({**STUDENT, "id": {"of": "Secretname"}}, "it has no id"),
    "relationships that are text": (
        of_contact(student_relationships="Secretname"),
        "its student_relationships are no list",
    ),
    "a relationship that is text": (
        of_contact(student_relationships=[LINK, "s1"]),
        "one of its student_relationships names no student",
    ),
    "a student that is more": (
        of_contact(student_relationships=[{**LINK, "student": {"id": "s1"}}]),
        "one of its student_relationships names no student",
    ),
    "a phone that is more": (
        of_contact(phone={"number": "3485550173"}),
        "its phone is no text",
    ),
}


@pytest.mark.parametrize("name", NOT_USERS)
@pytest.mark.parametrize("kind", ["array", "lines", "pages", "zip"])
@pytest.mark.sampled(20)
def test_nobody_in_json_is_left_out_for_being_of_another_kind(
    name: str, kind: str, tmp_path: Path
) -> None:
    wrong, said = NOT_USERS[name]
    everyone = [STUDENT, of_contact(), wrong, STUDENT]
    raw = json.dumps(everyone).encode()
    if kind == "lines":
        raw = b"".join(json.dumps(one).encode() + b"\n" for one in everyone)
    if kind == "pages":
        wrapped = [
            one if isinstance(one, dict) and "data" in one else {"data": one}
            for one in everyone
        ]
        pages = [{"data": wrapped[:1]}, {"data": wrapped[1:]}]
        raw = json.dumps(pages).encode()
        said = "" if not isinstance(wrong, dict) else said
    path = in_file(tmp_path, raw, "users.json")
    if kind == "zip":
        path = packed(tmp_path, ("users.json", raw))
    with pytest.raises(RosterUnreadable) as caught, open_roster_files(path):
        pass
    where = "a user in it" if kind == "zip" else "user 3"
    assert f"users.json: {where} is not understood: {said}" in caught.value.message
    assert not any(secret in caught.value.message for secret in SECRETS)


def test_nobody_in_parquet_is_left_out_for_being_of_another_kind(
    tmp_path: Path,
) -> None:
    path = tmp_path / "users.parquet"
    users = "SELECT 's1' AS id, '{\"student\": {}}' AS roles"
    duckdb.execute(f"COPY ({users}) TO '{path}'")
    said = "users.parquet: user 1 is not understood: its roles are no object"
    with pytest.raises(RosterUnreadable, match=said), open_roster_files(path):
        pass


def test_who_has_no_role_of_a_student_or_contact_is_passed_over(tmp_path: Path) -> None:
    others: list[object] = [{"id": "x"}, {"id": "y", "roles": None}, {"name": "North"}]
    others += [{"id": "t", "roles": {"teacher": {}}}, of_contact(phone=None)]
    raw = json.dumps([STUDENT, *others]).encode()
    with open_roster_files(in_file(tmp_path, raw, "users.json")) as read:
        assert links(read) == (1, 1)


def links(read: RosterInFiles) -> tuple[int, int | None]:
    after = measure(read.tables, (None, CHOSEN), gaps=read.gaps).tallies[1]
    return after.links, after.links_matched


GOOD: dict[str, Callable[[Path], Path]] = {
    "underscores": a_file(HEADER + ROW),
    "spaces, another case, another name": a_file(
        HEADER.replace(b"_", b" ").upper() + ROW, "export of today.CSV"
    ),
    "a byte order mark and CRLF": a_file(
        b"\xef\xbb\xbf" + (HEADER + ROW).replace(b"\n", b"\r\n")
    ),
    "a quote with line breaks": a_file(
        HEADER + ROW.replace(b"Secretname", b'"Secret\n""name"""')
    ),
    "no line break at the end": a_file(HEADER + ROW[:-1]),
    "a folder": lambda folder: in_file(folder, HEADER + ROW).parent,
    "a zip": a_zip(("out/students.csv", HEADER + ROW), ("__MACOSX/students.csv", b"")),
    "blank lines before the header": a_file(b"\n\r\n\n" + HEADER + b"\n" + ROW),
    "a byte order mark, and a blank line": a_file(b"\xef\xbb\xbf\n" + HEADER + ROW),
    "blank lines that end otherwise": a_file(
        HEADER.replace(b"\n", b"\r\n\n") + ROW.replace(b"\n", b"\r\n\n")
    ),
    "a carriage return at the end alone": a_file(HEADER + ROW[:-1] + b"\r"),
    "a header that ends otherwise": a_file(HEADER.replace(b"\n", b"\r\n") + ROW * 2),
    "lines that end in two ways, in a zip": a_zip(
        ("students.csv", b"\n" + HEADER.replace(b"\n", b"\r\n") + ROW)
    ),
    "line ends over the edges of parts": a_file(
        HEADER.replace(b"\n", b"\r\n")
        + ROW.replace(b"Secretname\n", b"x" * 51 + b"\r\n") * 30_000
    ),
    "line breaks in quotes that end otherwise": a_file(
        (HEADER + ROW).replace(b"\n", b"\r\n").replace(b"Secretname", b'"Secret\nname"')
    ),
    "letters of several bytes over the edge of a part": a_file(
        HEADER + ROW.replace(b"Secretname", "é".encode() * 400_000) * 2
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_files_are_read_however_they_were_saved(name: str, tmp_path: Path) -> None:
    with open_roster_files(GOOD[name](tmp_path)) as read:
        assert links(read) == (1, 1)


@pytest.mark.parametrize("packed_in", ["file", "zip"])
def test_latin_1_is_read_where_the_project_says_so_with_what_windows_adds(
    tmp_path: Path, packed_in: str
) -> None:
    for name in (b"S\xe9cret", b"O\x92Secret \x96 \x80"):
        raw = HEADER + ROW.replace(b"Secret", name) * 2
        path = in_file(tmp_path, raw)
        if packed_in == "zip":
            path = packed(tmp_path, ("students.csv", raw))
        with open_roster_files(path, "latin-1") as read:
            assert links(read) == (1, 1)


@pytest.mark.parametrize("byte", [0x81, 0x8D, 0x8F, 0x90, 0x9D])
def test_a_byte_that_is_no_letter_of_latin_1_is_told_with_its_line(
    tmp_path: Path, byte: int
) -> None:
    path = in_file(tmp_path, HEADER + ROW + ROW.replace(b"S", bytes([byte])))
    with (
        pytest.raises(RosterUnreadable) as caught,
        open_roster_files(path, "latin-1"),
    ):
        pass
    assert f"line 3: the byte 0x{byte:02X} is not Latin-1" in caught.value.message


def test_answers_of_clever_are_utf_8_whatever_is_said_of_other_files(
    tmp_path: Path,
) -> None:
    student = b'{"id": "s\xc3\xa9", "roles": {"student": {"sis_id": "1"}}}'
    with open_roster_files(in_file(tmp_path, student, "a.json"), "latin-1") as read:
        assert measure(read.tables, (None, CHOSEN)).tallies[1].students == 1


def test_no_contacts_came_is_told_apart_from_none_match(tmp_path: Path) -> None:
    path = in_file(tmp_path, b"Student_id,Student_number\ns1,\n")
    with open_roster_files(path) as read:
        assert "no contacts came" in read.notes[0]
        assert links(read) == (0, 0)
    path = in_file(tmp_path, HEADER + ROW.replace(b"Parent/Guardian", b"Emergency"))
    with open_roster_files(path) as read:
        assert read.notes == ()
        assert links(read) == (1, 0)


def test_who_is_listed_nowhere_is_not_counted(tmp_path: Path) -> None:
    in_file(tmp_path, b"Student_id\ns1\n")
    in_file(
        tmp_path,
        b"contact_id,student_id,type,relationship,phone\n"
        b"c1,s1,Parent/Guardian,Parent,\nc1,gone,Parent/Guardian,Parent,\n",
        "contacts.csv",
    )
    with open_roster_files(tmp_path) as read:
        assert links(read) == (1, 1)
        assert read.kind == "Clever students.csv and contacts.csv"


def test_a_teacher_among_the_agents_is_no_contact(tmp_path: Path) -> None:
    in_file(
        tmp_path,
        b'sourcedId,status,role,agentSourcedIds\ns1,,student,"p1, t1,x"\n'
        b"p1,,guardian,s1\nt1,,teacher,\np2,tobedeleted,parent,\n",
        "users.csv",
    )
    with open_roster_files(tmp_path) as read:
        assert links(read) == (1, None)
        assert read.gaps == frozenset([Gap.LABELS])


def test_what_words_mean_is_what_the_project_states(tmp_path: Path) -> None:
    path = in_file(
        tmp_path, HEADER + ROW.replace(b",Parent,", b", MOTHER ,") + ROW[:-1]
    )
    stated = Dictionary({"relationship": {"mother": "Parent", "parent": "Other"}})
    with open_roster_files(path) as read:
        found = measure(read.tables, (None, CHOSEN), dictionary=stated)
        assert found.tallies[1].links_matched == 1
        assert found.unknown == {"phone_type": {"": 2}}
        plain = measure(read.tables, (None, CHOSEN))
        assert plain.unknown == {"relationship": {"mother": 1}, "phone_type": {"": 2}}


@pytest.mark.parametrize("blank", ["type", "relationship", "phone_type", "all"])
def test_a_row_counts_once_however_many_of_its_words_are_blank(
    tmp_path: Path, blank: str
) -> None:
    """Words that many rows hold are looked up, and a blank is one of them, once."""
    words = {"type": "Parent/Guardian", "relationship": "Parent", "phone_type": "Cell"}
    names = [*words] if blank == "all" else [blank]
    header = "Student_id,Contact_name,Contact_phone,Contact_type,Contact_relationship,"
    cells = ",".join("" if name in names else word for name, word in words.items())
    content = f"{header}Contact_phone_type\n" + f"s1,Ana Elm,3125550100,{cells}\n" * 10
    with open_roster_files(in_file(tmp_path, content.encode())) as read:
        found = measure(read.tables, (None, CHOSEN)).unknown
    assert found == {name: {"": 10} for name in names}


def test_values_that_may_be_names_are_counted_and_not_shown(tmp_path: Path) -> None:
    rows = b"".join(
        b"s1,Ana Elm,Parent/Guardian,%b,\n" % word
        for word in (
            [b"Foster Smith", b"Legal Guardian", b"Zoe"] + [b"Court Appointed"] * 10
        )
    )
    with open_roster_files(in_file(tmp_path, HEADER + rows)) as read:
        assert measure(read.tables, (None, CHOSEN)).unknown == {
            "relationship": {
                "(not shown)": 2,
                "court appointed": 10,
                "legal guardian": 1,
            }
        }


def test_names_in_the_column_of_relationships_are_refused(tmp_path: Path) -> None:
    rows = b"".join(b"s1,x,y,name %d,\n" % one for one in range(20_002))
    path = in_file(tmp_path, HEADER + rows)
    with (
        open_roster_files(path) as read,
        pytest.raises(RosterUnreadable, match="are not words from a list"),
    ):
        measure(read.tables, (None, CHOSEN))


def test_small_schools_are_counted_as_one(tmp_path: Path) -> None:
    rows = [b"North High,b%d,\n" % one for one in range(10)]
    rows += [b"tiny,t1,\n", b"=evil,e1,\n"]
    content = b"School_id,Student_id,Contact_name\n" + b"".join(rows)
    with open_roster_files(in_file(tmp_path, content)) as read:
        found = measure(read.tables, (None, CHOSEN), by_school=True)
    assert [(one.school, one.after.students) for one in found.schools] == [
        ("", 2),
        ("North High", 10),
    ]


def test_where_memory_does_not_suffice_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectsync.roster.tables.MEMORY", "4MB")
    rows = b"".join(b"s%d,Secretname%d,,,\n" % (one, one) for one in range(20_000))
    path = in_file(tmp_path, HEADER + rows)
    with pytest.raises(RosterUnreadable) as caught, open_roster_files(path) as read:
        measure(read.tables, (None, CHOSEN))
    assert "of memory that it may have" in caught.value.message
    assert "split the export by school" in (caught.value.remedy or "")
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_bytes_that_stand_for_any_number_of_users_are_not_gone_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four kilobytes of Parquet can say so of a hundred million."""
    path = tmp_path / "users.parquet"
    of_users = "SELECT 's1' AS id FROM range(5000)"
    duckdb.execute(f"COPY ({of_users}) TO '{path}' (ROW_GROUP_SIZE 2048)")
    assert path.stat().st_size < 2000
    with (
        pytest.raises(RosterUnreadable, match="it lists no students"),
        open_roster_files(path),
    ):
        pass
    monkeypatch.setattr(layouts, "MOST_USERS", 4999)
    with (
        pytest.raises(RosterUnreadable, match=r"users.parquet: it says that it holds"),
        open_roster_files(path),
    ):
        pass


@pytest.mark.parametrize("query", ["SELECT count(*) FROM range(1000000000000)", "0"])
def test_a_roster_gets_a_time_in_all(
    monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(tables, "MOST_SECONDS", 0.05 if query != "0" else -1.0)
    with (
        pytest.raises(RosterUnreadable, match="it takes more than 60 minutes"),
        tables.open_tables() as opened,
    ):
        opened.run(query)


FIELDS = st.sampled_from(
    [
        *(b"", b"1", b"2", b"3", b"x y", b'"a,b"', b'"l\nm"', b'"l\r\nm"', b'"q""q"'),
        *(b'"', b"\xc3\xa9", b"\xe9", b"\x92", b"\x81", b'"a"b', b'a"b', b"\r"),
    ]
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\r\n\n", b"\n\r\n", b"\r"])
FEW = st.sampled_from([b"\n", b"\r\n"])
PLAIN = st.sampled_from([b"1", b"2", b"3", b"4"])
WIDE = st.lists(FIELDS, min_size=1, max_size=3) | st.just([b"", b"", b"", b""])


def told_by_the_check(path: Path, encoding: str) -> tuple[int, list[BadRoster]]:
    """Give how many students `roster check` reads, and all that it says is wrong."""
    students, found, width = set[str](), list[BadRoster](), 2
    try:
        with path.open("rb") as stream:
            rows = Rows(stream, found.append, encoding)
            for fields in islice(rows, 1, None):
                if len(fields) != width:
                    found.append(uneven(len(fields), width, rows.line))
                students.add(fields[0].strip())
    except BadRoster as bad:
        found.append(bad)
    return len(students - {""}), found


def texts() -> st.SearchStrategy[bytes]:
    """Give files of students, saved as hands and machines do."""
    first = st.sampled_from([b"", b"", b"\n", b"\r\n\n", b"\xef\xbb\xbf"])
    row = st.tuples(PLAIN, WIDE | st.just([b"x"]), FEW | ENDS)
    return st.builds(
        lambda start, end, rows: b"".join(
            [start, b"Student_id,Contact_name", end]
            + [b"%b,%b%b" % (one, b",".join(more), last) for one, more, last in rows]
        ),
        *(first, FEW, st.lists(row, max_size=5)),
    )


@given(
    raw=texts(), encoding=st.sampled_from(["utf-8", "latin-1"]), in_zip=st.booleans()
)
@settings(max_examples=60)
def test_impact_reads_what_roster_check_reads_and_refuses_what_it_refuses(
    raw: bytes,
    encoding: str,
    in_zip: bool,  # noqa: FBT001 - a case
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("roster")
    path = in_file(folder, raw)
    students, wrong = told_by_the_check(path, encoding)
    if in_zip:
        path = packed(folder, ("students.csv", raw))
    told = [f"line {one.line:,}: {one.message}" for one in wrong]
    try:
        with open_roster_files(path, encoding) as read:
            counted = measure(read.tables, (None, CHOSEN)).tallies[1].students
    except RosterUnreadable as error:
        refusal = error.message
        told = told or ["it lists no students"] * (not students)
    else:
        refusal = ""
        assert counted == students
    # with a file of which several things are wrong, that of its bytes comes first
    assert any(map(refusal.endswith, told)) if refusal else not told
