"""What every way to Connect tells of the last nightly sync, and what none believes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connectsync.backends.seam import OutcomeReader, Reader, Writer
from connectsync.backends.snapshot import parse_snapshot, render_snapshot
from connectsync.cli.backends import outcomes_of
from connectsync.domain.sync import NO_SYNC, SchoolOutcome, SyncEnding, SyncOutcome
from connectsync.emulator import store
from connectsync.errors import ConnectError, DistrictNotFound, NotOffered, Unreachable
from connectsync.operations.import_ import take_snapshot

KEY, NIGHT = "lakeview-usd", datetime(2026, 11, 28, 8, 30, tzinfo=UTC)
KEYS = (KEY, "bay", "no-such-district")
FORM = {
    "districtId": "",
    "studentId": "STUDENT ID",
    "archivedStudents": "Restore",
    "enableDailySync": True,
    "manageGuardians": True,
    "unarchiveClassrooms": False,
    "updateActiveUsers": False,
    "contactTypes": [],
    "contactRelationships": [],
    "phoneTypes": [],
    "deletionThreshold": 15,
    "permissions": [],
}
Seen = Mapping[str, SyncOutcome | ConnectError]


def note(
    path: Path,
    status: str,
    tried: int | None = None,
    schools: tuple[store.SchoolReport, ...] = (),
) -> None:
    """Let the stand-in show a night of one district."""
    with store.open_store(path).writing() as connection:
        report = store.SyncReport(status, NIGHT.isoformat(), tried, schools)
        store.put_sync(connection, KEY, report)


def seen(backend: Any) -> Seen:
    async def act(reader: Reader, _: Writer) -> Seen:
        return await outcomes_of(reader, KEYS)

    found: Seen = backend.run(act)
    return found


def test_a_night_is_told_as_connect_shows_it(
    backend: Any,
) -> None:
    note(backend.store, "Failed: threshold", 34)
    found = seen(backend)
    assert list(found) == list(KEYS)
    assert found[KEY] == SyncOutcome("Failed: threshold", NIGHT, 34)
    assert isinstance(found["no-such-district"], DistrictNotFound)
    # a snapshot has no room for a night that was not there
    none = found["bay"]
    assert none == NO_SYNC or isinstance(none, NotOffered)


def test_schools_are_told_where_connect_shows_them(backend: Any) -> None:
    schools = (
        store.SchoolReport("Bay Elementary", "Success"),
        store.SchoolReport("Hill High", "Failed: threshold", 40),
    )
    note(backend.store, "Failed: threshold", 40, schools)
    (told, *_) = seen(backend).values()
    assert isinstance(told, SyncOutcome)
    assert told.schools == (
        SchoolOutcome("Bay Elementary", "Success"),
        SchoolOutcome("Hill High", "Failed: threshold", 40),
    )
    note(backend.store, "Success")
    (told, *_) = seen(backend).values()
    assert isinstance(told, SyncOutcome)
    assert told.schools == ()


def test_a_form_and_its_night_are_read_at_once_as_they_are_one_by_one(
    backend: Any,
) -> None:
    note(backend.store, "Failed: threshold", 34)

    async def act(reader: Any, _: Writer) -> Any:
        forms, seen = await reader.read_many(KEYS), await reader.outcomes(KEYS)
        return forms, seen, await reader.read_with_outcomes(KEYS)

    forms, seen, both = backend.run(act)
    assert list(both) == list(KEYS)
    for key in KEYS[:2]:
        live, night = both[key]
        assert (live.version, live.form) == (forms[key].version, forms[key].form)
        same = (type(night), str(night)) == (type(seen[key]), str(seen[key]))
        assert night == seen[key] or same
    assert {type(one) for one in both["no-such-district"]} == {DistrictNotFound}


def test_a_lie_about_a_night_does_not_touch_the_form_that_came_with_it(
    mock: Any,
) -> None:
    async def act(reader: Any, _: object) -> Any:
        return await reader.read_with_outcomes([KEY])

    requests: list[object] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        found: httpx2.Response = answering(sync(at=TOMORROW))(request)
        return found

    live, night = mock(answer).run(act)[KEY]
    assert live.form["deletion_threshold"] == 15
    assert isinstance(night, Unreachable)
    assert len(requests) == 1


def test_a_night_makes_no_other_version_of_the_form(backend: Any) -> None:
    async def act(reader: Reader, _: Writer) -> str:
        return (await reader.read(KEY)).version

    if backend.versions_recur:
        return  # a page has no version
    before = backend.run(act)
    note(backend.store, "Success")
    assert backend.run(act) == before


def answering(item: Mapping[str, object]) -> Callable[[httpx2.Request], Any]:
    def answer(request: httpx2.Request) -> httpx2.Response:
        keys = json.loads(request.content)["districts"]
        items = [
            {"district": key, "name": key, "version": "1", "settings": FORM, **item}
            for key in keys
        ]
        return httpx2.Response(200, json={"items": items, "errors": []})

    return answer


@pytest.fixture
def told(mock: Any) -> Callable[[Mapping[str, object]], Any]:
    """Give what a gateway is understood to say of a night."""

    def tell(item: Mapping[str, object]) -> Any:
        async def act(reader: OutcomeReader, _: object) -> Seen:
            return await reader.outcomes([KEY])

        return mock(answering(item)).run(act)[KEY]

    return tell


def sync(**members: object) -> dict[str, object]:
    whole = {"status": "Success", "at": NIGHT.isoformat(), "triedToArchive": None}
    return {"lastSync": whole | members}


def test_an_older_gateway_does_not_offer_it(told: Callable[..., Any]) -> None:
    found = told({})
    assert isinstance(found, NotOffered)
    assert found.message == "this gateway does not tell how the last sync ended"


def test_a_gateway_may_leave_out_what_the_page_does_not_show(
    told: Callable[..., Any],
) -> None:
    assert told({"lastSync": None}) == NO_SYNC
    assert told({"lastSync": {"status": "Success"}}) == SyncOutcome("Success")
    assert told(sync(at="2026-11-28T02:30:00-06:00")) == SyncOutcome("Success", NIGHT)


def test_a_gateway_that_shows_no_schools_says_nothing_of_any(
    told: Callable[..., Any],
) -> None:
    for nothing in (None, list[object]()):
        assert told(sync(schools=nothing)) == SyncOutcome("Success", NIGHT)
    one = {"school": "Hill High", "status": "Running"}
    found = told(sync(schools=[one, one | {"triedToArchive": 2.5}]))
    assert found.schools == (
        SchoolOutcome("Hill High", "Running"),
        SchoolOutcome("Hill High", "Running", 2.5),
    )
    assert found.schools[0].ending is SyncEnding.OTHER


def school(**members: object) -> dict[str, object]:
    return {"school": "Hill High", "status": "Success"} | members


TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (sync(at=TOMORROW), "which is yet to come"),
        (sync(at="9999-12-31T23:59:59Z"), "which is yet to come"),
        (sync(at="last night"), "its time is not a time"),
        (sync(at="2026-11-28T08:30:00"), "its time has no time zone"),
        (sync(at="0001-01-01T00:00:00+14:00"), "its time is not a time"),
        (sync(at=1764318600), "not text"),
        (sync(at=["2026-11-28"]), "not text"),
        (sync(status=""), "its status is empty"),
        (sync(status=None), "not text"),
        (sync(status=200), "not text"),
        (sync(status="x" * 1001), "longer than 1,000 characters"),
        (sync(triedToArchive=101), "not within 0-100"),
        (sync(triedToArchive=-1), "not within 0-100"),
        (sync(triedToArchive="34"), "not within 0-100"),
        (sync(triedToArchive=True), "not within 0-100"),
        (sync(schools="all"), "its schools are text, not a list"),
        (sync(schools=["Hill High"]), "a school of lastSync is text, not an object"),
        (sync(schools=[{"school": "Hill High"}]), "not text"),
        (sync(schools=[school(school=" ")]), "the name of a school is empty"),
        (sync(schools=[school(status="")]), "a school's status is empty"),
        (sync(schools=[school(triedToArchive=101)]), "not within 0-100"),
        (sync(schools=[school()] * 5001), "it has more than 5,000 schools"),
        ({"lastSync": "Success"}, "lastSync is text, not an object"),
        ({"lastSync": []}, "lastSync is a list, not an object"),
    ],
)
def test_a_gateway_that_lies_about_a_night_is_told_in_a_sentence(
    item: dict[str, object], why: str, told: Callable[..., Any]
) -> None:
    found = told(item)
    assert isinstance(found, Unreachable)
    assert why in found.message
    assert "\n" not in found.message
    assert "schema/gateway.openapi.yaml" in found.remedy


@pytest.mark.parametrize("item", [sync(at=TOMORROW), sync(status=7), {"lastSync": 1}])
def test_a_lie_about_a_night_stops_no_plan(item: dict[str, object], mock: Any) -> None:
    async def act(reader: Reader, _: object) -> Mapping[str, object]:
        return await reader.read_many([KEY])

    found = mock(answering(item)).run(act)[KEY]
    assert found.form["deletion_threshold"] == 15


@pytest.mark.parametrize(
    ("words", "ending"),
    [
        ("Success", SyncEnding.SUCCESS),
        (" success ", SyncEnding.SUCCESS),
        ("Failed: threshold", SyncEnding.THRESHOLD),
        ("FAILED: Deletion Threshold reached", SyncEnding.THRESHOLD),
        ("Failed: wrong credentials", SyncEnding.CREDENTIALS),
        ("Failed: schools not found", SyncEnding.SCHOOLS),
        ("Failed", SyncEnding.FAILED),
        ("Failed: the server is tired", SyncEnding.FAILED),
        ("Success with warnings", SyncEnding.OTHER),
        ("Running", SyncEnding.OTHER),
        ("", SyncEnding.NONE),
    ],
)
def test_only_the_word_success_is_one(words: str, ending: SyncEnding) -> None:
    assert SyncOutcome(words).ending is ending


def test_a_snapshot_keeps_the_nights_and_one_of_before_is_read_as_ever(
    backend: Any,
) -> None:
    if backend.runner is not None or not backend.types_tokens:
        return  # it is taken over the embedded stand-in and a gateway
    note(backend.store, "Success", None, (store.SchoolReport("Hill", "Failed", 3),))

    async def act(reader: Reader, _: Writer) -> str:
        return render_snapshot(await take_snapshot(reader, ()))

    text = backend.run(act)
    taken = parse_snapshot(text.encode())
    nights = {entry.live.key: entry.last_sync for entry in taken.entries}
    assert nights == {
        KEY: SyncOutcome("Success", NIGHT, None, (SchoolOutcome("Hill", "Failed", 3),)),
        "bay": None,
        "elm.park_1": None,
    }
    assert render_snapshot(taken) == text
    body = json.loads(text)
    later = json.loads(text)
    for one in body["districts"]:
        one.pop("last_sync", None)
    assert parse_snapshot(json.dumps(body).encode()).entries[-1].last_sync is None
    empty = json.loads(text)
    empty["districts"][-1]["last_sync"]["schools"][0]["school"] = ""
    with pytest.raises(ValueError, match="'lakeview-usd': the name of a school is"):
        parse_snapshot(json.dumps(empty).encode())
    later["districts"][-1]["last_sync"]["at"] = "2999-01-01T00:00:00Z"
    with pytest.raises(ValueError, match=r"'lakeview-usd': it is of 2999.*yet to come"):
        parse_snapshot(json.dumps(later).encode())
