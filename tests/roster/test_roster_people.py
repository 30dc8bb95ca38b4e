"""People come from Clever's list a page at a time, all of them or an error."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hostile_service import serving
from served_clever import ID, TOKEN, a_district, made_up, serving_clever

from connectsync.emulator.clever import CleverFaults
from connectsync.emulator.seed import ROLES, MadeUpRoster
from connectsync.errors import (
    ConnectError,
    CredentialsRefused,
    RosterUnreadable,
    Unreachable,
)
from connectsync.roster.clever import ReadBounds, open_roster
from connectsync.roster.clever_users import (
    MOST_EMPTY,
    CleverPeople,
    UserListing,
)
from connectsync.roster.seam import RosterReading
from connectsync.roster.tables import RosterTables, open_tables
from connectsync.web.http import ATTEMPTS, MEBIBYTE, Limits, once


class Taken(defaultdict[str, list[str]]):
    """Keeps the ids that were handed on, by role."""

    def __init__(self) -> None:
        super().__init__(list)
        self.pages: list[int] = []

    def __call__(self, role: str, page: str) -> None:
        rows = json.loads(page)["data"]
        self.pages.append(len(rows))
        self[role] += [row["data"]["id"] for row in rows]


def nobody(_: str, __: str) -> None:
    """Take pages and keep none."""


def failure(
    faults: CleverFaults, *, students: int = 40, **given: object
) -> ConnectError:
    """Read a roster at a Clever with faults; give the error."""
    with (
        serving_clever(a_district(made_up(students)), faults) as clever,
        pytest.raises(ConnectError) as failed,
    ):
        clever.read(nobody, **given)  # type: ignore[arg-type]
    assert failed.value.remedy
    assert failed.value.__context__ is None
    return failed.value


@pytest.mark.parametrize("page", [1, 7, 16, 64, 10_000])
def test_everyone_comes_once_in_pages_no_larger_than_asked_for(page: int) -> None:
    roster, taken = made_up(23), Taken()
    with serving_clever(a_district(roster)) as clever:
        reading = clever.read(taken, page=page)
    assert reading.came == {role: roster.count(role) for role in ROLES}
    for role in ROLES:
        assert taken[role] == [one["id"] for one in roster.people(role)]
    assert max(taken.pages) <= page
    assert reading.missing == {}
    assert clever.api.largest == page


def test_the_seed_alone_decides_who_is_made_up() -> None:
    one, same, other = made_up(50), made_up(50), made_up(50, seed=2)
    for role in ROLES:
        assert list(one.people(role)) == list(same.people(role))
        assert list(one.people(role)) != list(other.people(role))
        people = list(one.people(role))
        assert list(one.people(role, 1, 3)) == people[1:3]
        assert len(people) == one.count(role)


def counted(roster: MadeUpRoster) -> dict[str, int]:
    """Count what the tables should hold, row by row in plain Python."""
    students = list(roster.people("student"))
    contacts = list(roster.people("contact"))
    told = [one["roles"]["contact"] for one in contacts]  # type: ignore[index]
    links = [link for one in told for link in one["student_relationships"]]
    digits = ["".join(filter(str.isdigit, one["phone"])) for one in told]
    return {
        "students": len({one["id"] for one in students}),
        "numbered": sum(
            bool(one["roles"]["student"]["student_number"])  # type: ignore[index]
            for one in students
        ),
        "contacts": len({one["id"] for one in contacts}),
        "own": sum(bool(one["sis_id"]) for one in told),
        "links": len(links),
        "typed": sum(bool(link["type"]) for link in links),
        "mails": sum(bool(one["email"]) for one in contacts),
        "texts": sum(
            len(one) == 10 or (len(one) == 11 and one[0] == "1") for one in digits
        ),
    }


def tabled(tables: RosterTables) -> dict[str, int]:
    """Count the same in the tables."""
    asked = {
        "students": "count(DISTINCT student) FILTER (noted(notes, 3))",
        "numbered": "count(DISTINCT student) FILTER (noted(notes, 6))",
        "contacts": "count(DISTINCT contact) FILTER (noted(notes, 2))",
        "own": "count(DISTINCT contact) FILTER (noted(notes, 1))",
        "links": "count(*) FILTER (contact IS NOT NULL AND student IS NOT NULL)",
        "typed": "count(*) FILTER (trim(coalesce(own[1], known.type)) <> '')",
        "mails": "count(DISTINCT contact) FILTER (email IS NOT NULL)",
        "texts": "count(DISTINCT contact) FILTER (number IS NOT NULL)",
    }
    (row,) = tables.run(
        f"SELECT {', '.join(asked.values())}"  # noqa: S608 - ours
        " FROM rows LEFT JOIN known USING (words)"
    )
    return dict(zip(asked, row, strict=True))


@pytest.mark.parametrize("students", [1, 5, 203])
def test_the_tables_hold_the_roster_that_clever_has(students: int) -> None:
    roster = made_up(students)
    with serving_clever(a_district(roster)) as clever, open_tables() as tables:
        clever.read(tables.take_page, page=50)
        assert tabled(tables) == counted(roster)


def test_a_roster_says_when_and_of_which_state_it_is() -> None:
    district = a_district(
        state="paused", pause_start="2027-06-01", pause_end="2027-08-01"
    )
    with serving_clever(district) as clever:
        reading = clever.read(nobody)
    assert reading.source == f"Clever at {clever.url}"
    assert reading.read_at == clever.clock.now()
    assert reading.district.state == "paused"
    paused, taken_in = reading.notes()
    assert paused == (
        "paused at Clever since 2027-06-01 until 2027-08-01: its roster may be an old"
        " one"
    )
    assert taken_in == "Clever took the roster in on 2027-01-15 04:12 UTC"


def test_a_roster_that_was_renewed_while_it_was_read_says_so() -> None:
    with serving_clever(a_district(), CleverFaults(resyncs_after=2)) as clever:
        reading = clever.read(nobody)
    assert reading.renewed
    assert "renewed the roster while it was read" in list(reading.notes())[-1]


def test_no_contact_that_came_is_told_apart_from_one_that_was_kept_back() -> None:
    said = {}
    for how in ("unshared", "hidden"):
        roles = frozenset({"contact", "teacher"})
        district = replace(a_district(), **{how: roles})  # type: ignore[arg-type]
        with serving_clever(district) as clever:
            reading = clever.read(nobody)
        assert reading.came["contact"] == 0
        assert reading.came["student"] == 40
        said[how], remedy = reading.missing["contact"]
        assert "in Clever, look at what the district shares" in remedy
        assert set(reading.missing) == {"contact", "teacher"}
    assert said == {
        "unshared": "no contacts came: Clever gives an empty list where there are none"
        " and where the district shares none",
        "hidden": "Clever has no contacts for this token, as it says of what is not"
        " shared (status 404)",
    }


def test_students_that_are_not_shared_are_an_error() -> None:
    district = a_district(hidden=frozenset({"student"}))
    with (
        serving_clever(district) as clever,
        pytest.raises(Unreachable, match="Clever has no students for this token"),
    ):
        clever.read(nobody)


def test_the_token_of_another_district_reads_nobody() -> None:
    with (
        serving_clever(a_district()) as clever,
        pytest.raises(Unreachable, match="the token is of another district") as failed,
    ):
        clever.read(nobody, district_id="5" * 24)
    assert "nobody of that roster was read" in failed.value.remedy
    assert [one for one in clever.api.asked if "/users" in one] == []


MISLEADING = {
    "still": "its list of students comes to a page again",
    "circle": "its list of students comes to a page again",
    "repeat": "its list of students comes to a page again",
    "empty": f"{MOST_EMPTY + 1} pages of students in a row are empty",
    "away": "its next page is at another address",
    "unspelled": "its next page is at another address",
    "lost": "its next page begins at no id",
}


@pytest.mark.parametrize(("cursor", "said"), MISLEADING.items(), ids=MISLEADING)
def test_a_cursor_that_leads_nowhere_is_an_error(cursor: str, said: str) -> None:
    assert said in failure(CleverFaults(cursor=cursor), page=8).message


@pytest.mark.parametrize("body", ["message", "error", "text", "html"])
@pytest.mark.parametrize(
    ("status", "kind", "said", "remedy"),
    [
        (401, CredentialsRefused, "refused the token", "token reference"),
        (403, Unreachable, "does not let this token read students", "shares"),
        (404, Unreachable, "{}", "{}"),
        (413, Unreachable, "a page of 8 students too large", "use an export"),
        (429, Unreachable, "got too many requests", "run fewer commands"),
        (503, Unreachable, "failed at its list of students", "disturbance"),
        (418, Unreachable, "did not give its list of students", "roster.clever.url"),
    ],
)
@pytest.mark.sampled(14)
def test_each_refusal_has_a_sentence_and_a_remedy_of_its_own(
    status: int, kind: type[ConnectError], said: str, remedy: str, body: str
) -> None:
    if status == 404:
        said = "at this address" if body == "html" else "no students for this token"
        remedy = "roster.clever.url" if body == "html" else "shares"
    error = failure(CleverFaults(status=status, body=body))
    assert isinstance(error, kind)
    assert said in error.message
    assert f"status {status}" in error.message
    assert remedy in error.remedy
    assert "as asked for" not in error.message


def test_a_page_that_is_too_large_is_asked_for_by_the_half_once() -> None:
    roster, taken = made_up(40), Taken()
    with serving_clever(a_district(roster), CleverFaults(largest_limit=8)) as clever:
        reading = clever.read(taken, page=16)
    assert reading.came["contact"] == roster.count("contact")
    assert set(taken.pages[:-1]) >= {8}
    assert sum("limit=16" in one for one in clever.api.asked) == 1
    error = failure(CleverFaults(largest_limit=7), page=16)
    assert "a page of 8 students too large" in error.message


def test_the_window_of_a_token_is_waited_for_before_a_call_is_refused() -> None:
    roster = made_up(200)
    with serving_clever(a_district(roster), window_calls=10) as clever:
        reading = clever.read(nobody, page=8)
    calls = len(clever.api.asked)
    assert reading.came["student"] == 200
    assert clever.api.refused == 0
    assert len(clever.clock.waits) == (calls - 1) // 10
    assert all(59 <= wait <= 60 for wait in clever.clock.waits)


def test_each_token_has_a_window_of_its_own() -> None:
    tokens = [f"t0ken-of-district-{number:02}" for number in range(6)]
    districts = {token: a_district(made_up(30, seed=3)) for token in tokens}
    with serving_clever(districts, window_calls=12) as clever:

        async def read_all() -> list[RosterReading]:
            async with open_roster(
                clever.url, now=clever.clock.now, sleep=clever.clock.sleep
            ) as roster:
                people = CleverPeople(roster, page=60, clock=clever.clock.time)
                reading = [people.read(token, ID, nobody) for token in tokens]
                return await asyncio.gather(*reading)

        came = [reading.came for reading in asyncio.run(read_all())]
    assert came == [came[0]] * 6
    assert clever.clock.waits == []
    assert clever.api.refused == 0


def test_a_window_that_others_use_up_is_waited_for_as_clever_says() -> None:
    with serving_clever(a_district(), CleverFaults(statuses={2: 429})) as clever:
        reading = clever.read(nobody)
    assert reading.came["student"] == 40
    assert [round(wait) for wait in clever.clock.waits] == [60]


def test_a_storm_of_refusals_ends() -> None:
    statuses = dict.fromkeys(range(2, 100), 429)
    with (
        serving_clever(a_district(), CleverFaults(statuses=statuses)) as clever,
        pytest.raises(Unreachable, match="got too many requests"),
    ):
        clever.read(nobody)
    assert len(clever.api.asked) <= 2 + ATTEMPTS
    assert sum(clever.clock.waits) <= 120


def test_an_answer_that_is_cut_is_asked_for_again() -> None:
    roster, taken = made_up(40), Taken()
    with serving_clever(a_district(roster), CleverFaults(cut=frozenset({2}))) as clever:
        clever.read(taken)
    assert taken["student"] == [one["id"] for one in roster.people("student")]
    error = failure(CleverFaults(cut=frozenset(range(1, 20))))
    assert "a page of students did not come whole" in error.message


STUDENT: Mapping[str, object] = {"id": "5fac00", "roles": {"student": {}}}


def page(*users: object, links: object = ()) -> str:
    """Spell a page as Clever does."""
    rows = [{"data": one} for one in users]
    return json.dumps({"data": rows, "links": links})


def following(*uris: object) -> str:
    links = [{"rel": "next", "uri": uri} for uri in uris]
    return page(STUDENT, links=links)


def student(**told: object) -> str:
    return page({**STUDENT, "roles": {"student": told}})


MALFORMED = {
    "nothing": ("", "it is empty"),
    "a page": ("<html></html>", "not valid JSON"),
    "cut off": ('{"data": [', "cut off at its end"),
    "too deep": ("[" * 100_000, "nested too deeply"),
    "a list": ("[]", "not an object"),
    "no data": ('{"links": []}', "no list 'data'"),
    "no links": ('{"data": []}', "no list 'links'"),
    "links of another kind": ('{"data": [], "links": [1]}', "no list 'links'"),
    "a row of another kind": ('{"data": ["x"], "links": []}', "not a user"),
    "no id": (page({"roles": {"student": {}}}), "no id"),
    "an id of another kind": (page({**STUDENT, "id": 5}), "no id"),
    "another role": (page({**STUDENT, "roles": {"contact": {}}}), "is no student"),
    "no role": (page({"id": "a1"}), "is no student"),
    "an email of another kind": (page({**STUDENT, "email": ["x"]}), "email of a user"),
    "a name of another kind": (page({**STUDENT, "name": "x"}), "name is not an object"),
    "a first name of another kind": (page({**STUDENT, "name": {"first": []}}), "first"),
    "an id of the SIS of another kind": (student(sis_id={}), "sis_id of a student"),
    "schools of another kind": (student(schools="x"), "schools is not a list"),
    "links to children": (student(student_relationships="x"), "is not a list"),
    "a link of another kind": (student(student_relationships=["x"]), "not an object"),
    "two next pages": (following("/v3.1/users?a", "/v3.1/users?b"), "one next page"),
    "a next page of another kind": (following(5), "one next page"),
    "a next page that is no address": (following("http://x:bad/"), "is none"),
    "another path": (following("/v3.1/schools?starting_after=a"), "another address"),
    "another host": (
        following("https://elsewhere.test/v3.1/users?starting_after=a"),
        "another address",
    ),
    "two cursors": (
        following("/v3.1/users?starting_after=a&starting_after=b"),
        "no id",
    ),
    "a cursor that is none": (following("/v3.1/users?starting_after=%0a"), "no id"),
    "the token": (student(school=TOKEN), "it repeats the token"),
    "the token where nothing is shown": (
        page({**STUDENT, "email": TOKEN}),
        "it repeats the token",
    ),
    "the token, encoded": (student(school=TOKEN.encode().hex()), "repeats the token"),
}


@pytest.mark.parametrize(("text", "said"), MALFORMED.values(), ids=MALFORMED)
@pytest.mark.sampled(15)
def test_a_page_that_is_not_understood_is_an_error_and_leaves_nobody_out(
    text: str, said: str
) -> None:
    error = failure(CleverFaults(replaced={2: text}))
    assert error.message.startswith("Clever's answer is not understood: ")
    assert said in error.message
    assert TOKEN not in error.message


def test_behind_a_proxy_the_folder_of_the_address_may_be_missing_in_links() -> None:
    text = following("/users?starting_after=5fac" + "0" * 18 + "15")
    with serving_clever(a_district(), CleverFaults(replaced={1: text})) as clever:
        assert clever.read(nobody).came["student"] == 1 + 40 - 16


def test_half_a_letter_in_a_name_does_not_stop_a_roster() -> None:
    text = page({**STUDENT, "name": {"first": "x\ud83d", "last": "ok \U0001f600"}})
    assert "\\ud83d" in text
    with (
        serving_clever(a_district(), CleverFaults(replaced={1: text})) as clever,
        open_tables() as tables,
    ):
        assert clever.read(tables.take_page).came["student"] == 1


def test_only_the_cursor_of_a_link_is_used() -> None:
    uri = "/v3.1/users?limit=9999&role=teacher&starting_after=5fac" + "0" * 18 + "15"
    text = following(uri)
    with serving_clever(a_district(), CleverFaults(replaced={1: text})) as clever:
        clever.read(nobody)
    asked = [one for one in clever.api.asked if "starting_after" in one]
    assert "role=student&limit=16&" in asked[0]


BOUNDS = {
    "pages": (ReadBounds(pages=3), "more than 3 pages"),
    "bytes": (ReadBounds(size=MEBIBYTE // 64), "more than 0.015625 MiB"),
    "time": (ReadBounds(seconds=120), "more than 2 minutes"),
}


@pytest.mark.parametrize(("bounds", "said"), BOUNDS.values(), ids=BOUNDS)
def test_a_roster_without_end_is_given_up(bounds: ReadBounds, said: str) -> None:
    ticks = iter(range(0, 10_000, 30))
    error = failure(
        CleverFaults(), students=400, bounds=bounds, ticking=lambda: float(next(ticks))
    )
    assert said in error.message


def test_what_a_failing_table_says_is_passed_on() -> None:
    def full(_: str, __: str) -> None:
        raise RosterUnreadable("no memory")

    with (
        serving_clever(a_district()) as clever,
        pytest.raises(RosterUnreadable, match="no memory"),
    ):
        clever.read(full)


MARK = "Zq7Marked"


@pytest.mark.parametrize(
    "faults",
    [
        CleverFaults(),
        CleverFaults(cut=frozenset(range(2, 30))),
        CleverFaults(cursor="circle"),
        CleverFaults(status=418, said=MARK),
        *[
            CleverFaults(replaced={2: text})
            for text in (
                f'{{"data": [{{"data": {{"id": "{MARK} x"}}}}], "links": []}}',
                f'{{"data": ["{MARK}"], "links": []}}',
                f'{{"data": [], "links": [{{"rel": "next", "uri": "/{MARK}"}}]}}',
                f'{{"data": [{{"{MARK}": 1, "{MARK}": 2}}]}}',
                f'{{"data": "{MARK}',
            )
        ],
    ],
)
def test_no_error_and_no_reading_names_a_person(
    faults: CleverFaults, capfd: pytest.CaptureFixture[str]
) -> None:
    import traceback

    said = ""
    with serving_clever(a_district(made_up(mark=MARK)), faults) as clever:
        try:
            said = repr(clever.read(nobody))
        except ConnectError as error:
            said = "".join(traceback.format_exception(error)) + error.remedy
    assert said
    assert MARK not in said
    assert MARK not in "".join(capfd.readouterr())


RAW = {
    "a status line": f"HTTP/1.1 {MARK}\r\n\r\n",
    "no HTTP": f'{{"data": "{MARK}"}}\r\n\r\n',
    "a header": f"HTTP/1.1 200 OK\r\n{MARK} {MARK}\r\n\r\n",
    "a length": f"HTTP/1.1 200 OK\r\ncontent-length: {MARK}\r\n\r\n",
    "an encoding": f"HTTP/1.1 200 OK\r\ncontent-encoding: {MARK}\r\n\r\n",
    "packed": f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n{MARK}",
    "chunks": f"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{MARK}\r\n",
    "too short": f"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{MARK}",
}


@pytest.mark.parametrize("raw", RAW.values(), ids=RAW)
def test_what_is_no_http_is_an_error_that_quotes_none_of_it(raw: str) -> None:
    import traceback

    async def answered(_: object, writer: asyncio.StreamWriter) -> None:
        writer.write(raw.encode())
        await writer.drain()

    async def read(url: str) -> None:
        async with open_roster(url, patience=once) as roster:
            listing = UserListing(roster, TOKEN, 9, ReadBounds(), lambda: 0.0)
            async for _ in listing.pages("contact"):
                pass

    with serving(answered) as service, pytest.raises(Unreachable) as failed:
        asyncio.run(read(service.url))
    said = "".join(traceback.format_exception(failed.value)) + failed.value.remedy
    assert "of contacts" in said
    assert MARK not in said


def test_what_is_left_over_on_a_connection_is_quoted_by_no_later_call() -> None:
    import traceback

    body = json.dumps({"data": [{"data": {"id": ID, "name": "Bay"}}], "links": []})
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n"

    async def answered(_: object, writer: asyncio.StreamWriter) -> None:
        # the rest of a page whose length was stated too short
        writer.write(f'{head}{body}{{"email": "{MARK}"}}\r\n\r\n'.encode())
        await asyncio.Event().wait()

    async def ask_twice(url: str) -> None:
        async with open_roster(url, patience=once) as roster:
            assert (await roster.district(TOKEN)).name == "Bay"
            with pytest.raises(Unreachable) as failed:
                await roster.district(TOKEN)
        said = "".join(traceback.format_exception(failed.value))
        assert "illegal status line" in said
        assert MARK not in said

    with serving(answered) as service:
        asyncio.run(ask_twice(service.url))


def test_an_answer_of_another_size_is_no_roster() -> None:
    error = failure(
        CleverFaults(),
        bounds=ReadBounds(seconds=1, size=0),
        ticking=lambda: 0.0,
        students=9000,
        page=9000,
    )
    assert "cannot be used: it is larger than 1 MiB" in error.message


def test_limits_of_one_answer_come_out_of_those_of_the_roster() -> None:
    limits = ReadBounds(seconds=60, size=2 * MEBIBYTE).limits()
    assert isinstance(limits, Limits)
    assert limits.run_seconds == 60
    assert limits.bytes == 3 * MEBIBYTE
