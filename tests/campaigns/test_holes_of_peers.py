"""
What tools like this one have got wrong, and what must never happen here.

Real sockets, a gateway that lies where it is told to, and Connect's own database as
the witness of what was saved.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from console import Console, Said
from fleets_of import TOKEN, Fleet, alike, planned_saves
from lying_gateway import LyingGateway, honest, json_answer, lying
from processes import WITHOUT_CERTIFICATES
from served_connect import ServedConnect, watch
from starlette.requests import Request
from starlette.responses import Response

from connectsync.backends import embedded
from connectsync.backends import snapshot as snapshot_file
from connectsync.cli.terminal import ExitStatus
from connectsync.emulator.seed import Seed, sow

SECRET = "t0ken-of-the-gateway"  # noqa: S105 - of a stand-in that lives for one test
THIRD = "district-0002"
COUNT = 5
AT_ONCE = 8
OVER = f"{THIRD}:deletion_threshold"


@dataclass(frozen=True)
class Town:
    """Five districts, each of which wants two changes in one save."""

    fleet: Fleet
    connect: ServedConnect
    gateway: LyingGateway

    def run(self, *words: str) -> Said:
        console = Console(self.fleet.folder)
        known = {TOKEN: SECRET, **WITHOUT_CERTIFICATES}
        return console.run(*words, environment=known)

    def planned(self) -> None:
        said = self.run("plan", "--out", "plan.json")
        assert said.status == ExitStatus.FINE, said.both
        assert f"{len(self.fleet.districts)} to change" in said.out


@pytest.fixture
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    count = getattr(request, "param", COUNT)
    fleet = Fleet(tmp_path / "project", tuple(alike(count)))
    fleet.write()
    store = tmp_path / "connect.db"
    snapshot = snapshot_file.read_snapshot(fleet.folder / "live.json")
    sow(store, [Seed(*one) for one in embedded.seeds(snapshot)])
    watch(store)
    with lying(store, SECRET) as gateway:
        fleet.configure(gateway.url)
        yield Town(fleet, ServedConnect(gateway.url, SECRET, store), gateway)


# — a plan that saw one world is not applied to another —


def test_a_world_that_moved_in_one_district_of_many_refuses_the_whole_plan(
    town: Town,
) -> None:
    town.planned()
    town.connect.edit(THIRD, phoneTypes=["Home"])
    before = town.connect.history()
    said = town.run("apply", "plan.json")
    assert said.status == ExitStatus.STALE
    assert f"{THIRD}: phone_types was Cell, is now Home" in said.err
    assert town.connect.history() == before
    assert town.gateway.writes == []


def test_a_world_that_moves_while_a_plan_is_applied_loses_nothing(town: Town) -> None:
    town.planned()

    def meddle(request: Request, _: bytes) -> None:
        if request.method == "PATCH" and f"/{THIRD}/" in request.url.path:
            town.gateway.lie = honest
            town.connect.edit(THIRD, phoneTypes=["Home"])

    town.gateway.lie = meddle
    said = town.run("apply", "plan.json")
    assert said.status == ExitStatus.STALE
    assert f"{COUNT - 1} done, 1 conflict" in said.out
    form = town.connect.forms(THIRD)[THIRD]
    assert form["phone_types"] == frozenset(["Home"])
    assert form["unarchive_classrooms"] is False, "the district is left alone"


# — a summary counts what is confirmed, not what was planned —


def changing(key: str, answer: Callable[[Request, bytes], Response | bytes | None]):  # type: ignore[no-untyped-def] # noqa: ANN201
    """Lie about the saves of one district."""

    def lie(request: Request, body: bytes) -> Response | bytes | None:
        mine = request.method == "PATCH" and f"/{key}/" in request.url.path
        return answer(request, body) if mine else None

    return lie


def saved_in_name_only(request: Request, body: bytes) -> Response:
    """Say that a save was made, and make none."""
    del request, body
    said = {"district": THIRD, "version": "2-made-up"}
    return json_answer(said, ETag='"2-made-up"')


def saved_in_part(request: Request, body: bytes) -> bytes:
    """Make a save, but forget one of its fields."""
    del request
    fields = json.loads(body)
    del fields["deletionThreshold"]
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    ("lie", "ending", "made", "status"),
    [
        (saved_in_name_only, "1 failed", "0 changes", ExitStatus.FINDINGS),
        (saved_in_part, "1 conflict", "1 change", ExitStatus.STALE),
    ],
)
def test_of_a_save_that_was_not_made_as_it_says_only_what_was_made_is_counted(
    town: Town,
    lie: Callable[[Request, bytes], Response | bytes | None],
    ending: str,
    made: str,
    status: ExitStatus,
) -> None:
    town.planned()
    town.gateway.lie = changing(THIRD, lie)
    said = town.run("apply", "plan.json")
    assert said.status == status, said.both
    assert f"{COUNT - 1} done, {ending}" in said.out
    # two changes each, and one more where the switch goes off
    total = 2 * (COUNT - 1) + 1 + int(made[0])
    assert f"; {total} changes confirmed by reading back" in said.out
    assert f"{THIRD}  {made} confirmed by reading back" in said.err


# — what is saved is what was asked for, and nothing beside it —


def saved_and_more(request: Request, body: bytes) -> bytes:
    """Make a save, and change a setting that no file manages along with it."""
    del request
    return json.dumps({**json.loads(body), "updateActiveUsers": True}).encode()


def test_a_save_that_changes_more_than_was_asked_for_is_not_done(town: Town) -> None:
    town.planned()
    town.gateway.lie = changing(THIRD, saved_and_more)
    said = town.run("apply", "plan.json")
    moved = "update_active_users was off, is now on"
    assert said.status == ExitStatus.STALE, said.both
    assert f"{COUNT - 1} done, 1 conflict" in said.out
    assert f"{THIRD}  2 changes confirmed by reading back" in said.err
    assert f"by our save or by someone else: {moved}" in said.err
    town.gateway.lie = honest
    saved = town.connect.history()
    again = town.run("resume")
    assert again.status == ExitStatus.STALE, again.both
    assert moved in again.err
    planned = town.run("plan")
    assert planned.status == ExitStatus.FINE, planned.both
    assert "Nothing to do" in planned.out
    assert town.run("drift").status == ExitStatus.FINE
    assert town.run("reconcile").status == ExitStatus.FINE
    assert town.connect.history() == saved, "nothing is saved again for it"
    town.connect.edit(THIRD, updateActiveUsers=False)
    resumed = town.run("resume")
    assert resumed.status == ExitStatus.FINE, resumed.both
    assert "nothing to resume" in town.run("resume").err


# — one district's failure never stops the fleet —


def refused(request: Request, body: bytes) -> Response:
    """Take no form."""
    del request, body
    kind = "urn:connectsync:problem:form-refused"
    problem = {"type": kind, "title": "no", "status": 422, "detail": "no"}
    return Response(json.dumps(problem), 422, media_type="application/problem+json")


@pytest.mark.parametrize("town", [COUNT, 3 * AT_ONCE], indirect=True)
def test_one_that_fails_is_all_that_is_left_for_resume(town: Town) -> None:
    town.planned()
    town.gateway.lie = changing(THIRD, refused)
    said = town.run("apply", "plan.json")
    assert said.status == ExitStatus.FINDINGS
    assert f"{len(town.fleet.districts) - 1} done, 1 failed" in said.out
    assert "It stopped" not in said.out
    others = [one for one in town.fleet.districts if one.key != THIRD]
    assert town.connect.saves() == planned_saves(others)
    town.gateway.lie = honest
    town.gateway.asked.clear()
    resumed = town.run("resume")
    assert resumed.status == ExitStatus.FINE, resumed.both
    assert {path for _, path in town.gateway.writes} == {
        f"/v1/districts/{THIRD}/settings"
    }
    assert town.connect.saves() == planned_saves(town.fleet.districts)


# — planning never writes —


@pytest.mark.parametrize(
    "command",
    [
        ["validate"],
        ["plan"],
        ["plan", "--out", "plan.json"],
        ["drift"],
        ["drift", "--adopt"],
        ["snapshot", "--output", "snapshot.json"],
        ["import"],
        ["doctor"],
        ["rollback", "1", "--over", OVER, "--out", "back.json"],
    ],
    ids=" ".join,
)
def test_what_is_no_apply_sends_nothing_but_reads(
    town: Town, command: list[str]
) -> None:
    assert town.run("apply", "--yes").status == ExitStatus.FINE
    town.connect.edit(THIRD, deletionThreshold=33)
    before = town.connect.history()
    town.gateway.asked.clear()
    said = town.run(*command)
    assert said.status in {ExitStatus.FINE, ExitStatus.FINDINGS}, said.both
    assert town.gateway.asked or command == ["validate"]
    assert town.gateway.writes == []
    assert town.connect.history() == before


# — a read that fails or comes back empty is never 'live is empty' —


def bulk(answer: Callable[[], Response]) -> Callable[[Request, bytes], Response | None]:
    def lie(request: Request, body: bytes) -> Response | None:
        del body
        return answer() if request.url.path == "/v1/districts:read" else None

    return lie


EMPTY_FORM = {"district": THIRD, "name": "x", "version": "1", "settings": {}}

NOTHINGS = {
    "no content": lambda: Response(status_code=204),
    "an empty body": lambda: Response(b"", 200, media_type="application/json"),
    "null": lambda: json_answer(None),
    "an empty object": lambda: json_answer({}),
    "no items": lambda: json_answer({"items": [], "errors": []}),
    "an empty form": lambda: json_answer({"items": [EMPTY_FORM], "errors": []}),
    "a page of HTML": lambda: Response("<p>Sign in</p>", 200, media_type="text/html"),
    "a failure": lambda: Response("down", 503, headers={"Retry-After": "9999"}),
}


@pytest.mark.parametrize("nothing", NOTHINGS)
def test_a_reading_that_holds_nothing_is_no_empty_form(
    town: Town, nothing: str
) -> None:
    town.gateway.lie = bulk(NOTHINGS[nothing])
    said = town.run("plan", "--out", "plan.json")
    assert said.status in {ExitStatus.FINDINGS, ExitStatus.UNREACHABLE}, said.both
    assert "to change" not in said.out.replace("0 to change", "")
    applied = town.run("apply", "--yes")
    assert applied.status != ExitStatus.FINE
    assert town.gateway.writes == []
    assert town.connect.history() == []


def test_a_read_back_that_holds_nothing_confirms_nothing(town: Town) -> None:
    town.planned()

    def lie(request: Request, _: bytes) -> Response | None:
        reading_back = request.method == "GET" and request.url.path.endswith(THIRD)
        form = {**EMPTY_FORM, "version": "2"}
        return json_answer(form, ETag='"2"') if reading_back else None

    town.gateway.lie = lie
    said = town.run("apply", "plan.json")
    assert said.status == ExitStatus.FINDINGS
    assert f"{COUNT - 1} done, 1 failed" in said.out
    assert "it is not known whether the save happened" in said.err
    town.gateway.lie = honest
    resumed = town.run("resume")
    assert resumed.status == ExitStatus.FINE, resumed.both
    assert town.connect.saves() == planned_saves(town.fleet.districts)
