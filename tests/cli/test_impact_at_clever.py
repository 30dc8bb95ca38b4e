"""`impact --roster clever` counts what Clever has, and lets no one's data out."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from console import Console, Said
from processes import connectsync
from processes import environment as bare_environment
from served_app import listening_at
from served_clever import TOKEN, ServedClever, a_district, made_up, serving_clever
from starlette.requests import Request
from starlette.responses import Response

from connectsync.cli import backends
from connectsync.cli.terminal import ExitStatus
from connectsync.emulator.clever import (
    VERSION,
    CleverApi,
    CleverDistrict,
    CleverFaults,
)
from connectsync.emulator.seed import ROLES, MadeUpRoster, Person
from connectsync.roster import clever_users
from connectsync.roster.files import find_files
from connectsync.roster.tables import RosterTables

ID = "58da8a43cc70ab00017a1a10"
MARK = "ZqxMarked"

COMMAND = ("impact", "lakeview-usd", "--roster", "clever")


def lakeview(students: int = 30, **told: object) -> CleverDistrict:
    return replace(a_district(made_up(students, mark=MARK)), id=ID, **told)  # type: ignore[arg-type]


def configure(console: Console, clever: ServedClever) -> Mapping[str, str]:
    """Let the project name this Clever; give what a runner has to know."""
    roster = f"roster:\n  clever: {{url: '{clever.url}'}}\nguards:\n"
    console.replace("connectsync.yaml", "guards:\n", roster)
    return {
        "LAKEVIEW_USD_TOKEN": TOKEN,
        "CONNECTSYNC_CLEVER_HOST": urlsplit(clever.url).netloc,
    }


def counted(
    console: Console, faults: CleverFaults | None = None, *more: str
) -> tuple[Said, ServedClever]:
    with serving_clever(lakeview(), faults) as clever:
        environment = configure(console, clever)
        return console.run(*COMMAND, *more, environment=environment), clever


def test_clevers_roster_and_a_dump_of_it_count_the_same(
    valley: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clever_users.CleverPeople.__init__, "__kwdefaults__", SMALL)
    said, clever = counted(valley, None, "--format", "json")
    assert said.status == ExitStatus.FINE, said.both
    roster = made_up(30, mark=MARK)
    at_clever = json.loads(said.out)
    assert at_clever["roster"]["source"] == f"Clever at {clever.url}"
    assert at_clever["roster"]["students"] == 30
    assert at_clever["roster"]["contacts"] == roster.count("contact")
    assert at_clever["after"]["created"] > 0
    assert sum("/users" in one for one in clever.api.asked) > 4
    _dump(roster, valley.folder / "dump.ndjson")
    dumped = valley.run(*COMMAND[:-1], "dump.ndjson", "--format", "json")
    in_file = json.loads(dumped.out)
    for one in (at_clever, in_file):
        del one["roster"]["source"], one["roster"]["read_at"], one["notes"]
    assert at_clever == in_file


class Misplaced(MadeUpRoster):
    """A roster with a surname as type, relationship and phone type of many contacts."""

    NAME = f"Alder{MARK}"

    def _contact(self, number: int) -> Person:
        person = super()._contact(number)
        role: Any = person["roles"]
        if number % 2:
            role["contact"]["phone_type"] = self.NAME
            for tie in role["contact"]["student_relationships"]:
                tie |= {"type": self.NAME, "relationship": self.NAME}
        return person


class Asked(list[str]):
    """What Clever was asked, and that people were."""

    def __init__(self) -> None:
        self.people = threading.Event()

    def append(self, one: str) -> None:
        super().append(one)
        if "/users" in one:
            self.people.set()


@pytest.mark.parametrize("roster", ["clever", "dump.ndjson"])
def test_the_roster_is_on_its_way_while_the_settings_on_connect_are_read(
    valley: Console, monkeypatch: pytest.MonkeyPatch, roster: str
) -> None:
    _dump(made_up(30), valley.folder / "dump.ndjson")
    asked, looked_at, began = Asked(), threading.Event(), list[bool]()
    plain_open = backends.open_reader

    def find(*given: object) -> object:
        looked_at.set()
        return find_files(*given)  # type: ignore[arg-type]

    def open_reader(*given: object) -> object:
        # nothing else of this loop can go on now: it is on its way already, or beside
        began.append((asked.people if roster == "clever" else looked_at).wait(30))
        return plain_open(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(backends, "open_reader", open_reader)
    monkeypatch.setattr("connectsync.roster.layouts.find_files", find)
    with serving_clever(lakeview()) as clever:
        clever.api.asked = asked
        environment = configure(valley, clever)
        said = valley.run(*COMMAND[:-1], roster, environment=environment)
    assert said.status == ExitStatus.FINE, said.both
    assert began == [True]


SMALL = {
    **(clever_users.CleverPeople.__init__.__kwdefaults__ or {}),
    "page": 20,
}


def _dump(roster: MadeUpRoster, path: Path) -> None:
    rows = [{"data": one} for role in ROLES for one in roster.people(role)]
    path.write_text("\n".join(json.dumps(row) for row in rows))


def test_contacts_that_did_not_come_are_no_contacts_that_do_not_match(
    valley: Console,
) -> None:
    unshared = lakeview(unshared=frozenset({"contact"}), state="paused")
    with serving_clever(unshared) as clever:
        environment = configure(valley, clever)
        said = valley.run(*COMMAND, environment=environment)
    assert said.status == ExitStatus.FINE
    told = " ".join(said.both.split())
    assert "no contacts came" in told
    assert "paused at Clever" in told


def test_without_a_token_or_with_that_of_another_district_nobody_is_read(
    valley: Console,
) -> None:
    with serving_clever(replace(lakeview(), id="5" * 24)) as clever:
        environment = configure(valley, clever)
        other = valley.run(*COMMAND, environment=environment)
        none = valley.run(*COMMAND)
        here = valley.run(*COMMAND, environment={"LAKEVIEW_USD_TOKEN": TOKEN})
    assert other.status == ExitStatus.UNREACHABLE
    assert "another district" in other.err
    assert none.status != ExitStatus.FINE
    assert "is not Clever's, so no token is sent there" in here.err
    assert not any("/users" in one for one in clever.api.asked)
    assert len(clever.api.asked) == 1


def values(roster: MadeUpRoster) -> set[str]:
    """Give what tells of people, in the spellings that may be seen."""
    found = {MARK, "@example.org", "5fac0000"}
    for one in roster.people("contact"):
        phone = str(one["roles"]["contact"]["phone"]).replace(MARK, "")  # type: ignore[index]
        digits = "".join(filter(str.isdigit, phone))
        if len(digits) >= 10:
            found |= {phone, digits}
    return {one.casefold() for one in found}


def insist_nobody(text: str, wanted: set[str]) -> None:
    told = text.casefold()
    assert [one for one in wanted if one in told] == []


def written(*folders: Path) -> str:
    """Give every byte of every file, and every name, below some folders."""
    paths = [path for folder in folders for path in folder.rglob("*")]
    kept = [path.read_bytes() for path in paths if path.is_file()]
    return "\n".join([*map(str, paths), *(one.decode("latin-1") for one in kept)])


WEATHER: Mapping[str, CleverFaults] = {
    "fine": CleverFaults(),
    "cut": CleverFaults(cut=frozenset(range(1, 30))),
    "circle": CleverFaults(cursor="repeat"),
    "refused": CleverFaults(status=403, body="html", said=MARK),
    "failing": CleverFaults(status=418, said=MARK),
    "strange": CleverFaults(
        replaced=dict.fromkeys(
            range(1, 9), json.dumps({"data": [{"data": {"id": f"{MARK} x"}}]})
        )
    ),
    "no JSON": CleverFaults(replaced=dict.fromkeys(range(1, 9), f'{{"data": "{MARK}')),
}

FORMATS = ("text", "json", "markdown", "html", "csv")


@pytest.mark.parametrize("name", WEATHER)
@pytest.mark.sampled(3)
def test_nothing_of_a_person_is_printed_or_written_whatever_happens(
    valley: Console,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    elsewhere = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("connectsync.web.http._backoff_seconds", lambda _: 0.0)
    formats = FORMATS if name == "fine" else FORMATS[:1]
    misplaced = Misplaced(30, seed=1, district=ID, mark=MARK)
    spoiled = replace(lakeview(), roster=misplaced)
    with serving_clever(spoiled, WEATHER[name]) as clever:
        environment = {
            **configure(valley, clever),
            "OTEL_TRACES_EXPORTER": "console",
        }
        said = [
            valley.run(
                *COMMAND,
                "--school",
                *("--format", spelled, "--output", f"out.{spelled}"),
                environment=environment,
            )
            for spelled in formats
        ]
        said.append(valley.run(*COMMAND, environment=environment))
    assert {one.status for one in said} == (
        {ExitStatus.FINE} if name == "fine" else {ExitStatus.UNREACHABLE}
    )
    told = "".join(one.both for one in said) + written(valley.folder, elsewhere)
    insist_nobody(told, values(misplaced))
    assert TOKEN not in told
    assert ("may be of a person (not shown)" in told) == (name == "fine")


@pytest.mark.parametrize("where", ["take_page", "settle"])
def test_a_bug_while_people_are_counted_tells_of_nobody(
    valley: Console,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    elsewhere = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    monkeypatch.setattr(RosterTables, where, _failing)
    said, _ = counted(valley)
    assert said.status == ExitStatus.BUG, said.both
    told = said.both + written(valley.folder, elsewhere)
    insist_nobody(told, values(made_up(30, mark=MARK)))


def _failing(*page: object) -> None:
    raise ValueError(f"{MARK} {page}")


def test_a_command_that_is_killed_while_it_reads_leaves_nothing_of_a_person(
    valley: Console, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("temporary")
    held = CleverFaults(held=frozenset({3}))
    with serving_clever(lakeview(), held) as clever:
        environment = {
            **bare_environment(),
            **configure(valley, clever),
            "TMPDIR": str(elsewhere),
        }
        with subprocess.Popen(
            connectsync(*COMMAND),
            cwd=valley.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as running:
            _wait_for(lambda: sum("/users" in one for one in clever.api.asked) == 3)
            os.kill(running.pid, signal.SIGKILL)
            said = running.communicate()[0].decode()
    assert running.returncode == -signal.SIGKILL
    insist_nobody(
        said + written(valley.folder, elsewhere), values(made_up(30, mark=MARK))
    )


def _wait_for(happened: Callable[[], bool]) -> None:
    ends = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < ends, "it never came so far"
        time.sleep(0.05)


FLEET = {
    "lakeview-usd": ("LAKEVIEW_USD_TOKEN", ID),
    "harbor-point-usd": ("HARBOR_POINT_USD_TOKEN", "58da8a43cc70ab00017a1a11"),
    "dry-creek-isd": ("DRY_CREEK_ISD_TOKEN", "58da8a43cc70ab00017a1a12"),
}


class HeldClever(CleverApi):
    """A Clever whose first page of people comes once several districts asked for it."""

    def __init__(self, districts: Mapping[str, CleverDistrict], several: int) -> None:
        super().__init__(districts)
        self.several = several
        self.callers: set[str] = set()
        self.together: list[int] = []
        self._came = asyncio.Event()

    async def _list_users(self, request: Request) -> Response:
        self.callers.add(request.headers["Authorization"])
        if len(self.callers) >= self.several:
            self._came.set()
        with suppress(TimeoutError):
            # whoever asks for one after another only waits for it in vain
            await asyncio.wait_for(self._came.wait(), 20)
        self._came.set()
        self.together.append(len(self.callers))
        return await super()._list_users(request)


def lay_fleet(console: Console, several: int) -> tuple[HeldClever, dict[str, str]]:
    """Give a Clever of all districts of the valley, and their tokens."""
    console.run("plan")
    environment, served = {}, {}
    for number, (key, (variable, identifier)) in enumerate(FLEET.items()):
        environment[variable] = f"token-of-{key}-4f1c9a7d2b"
        served[environment[variable]] = replace(
            a_district(made_up(20 + number)), id=identifier
        )
    return HeldClever(served, several), environment


@contextmanager
def asked_there(
    console: Console, held: HeldClever, environment: dict[str, str]
) -> Iterator[None]:
    """Have the project read its rosters at a Clever while that is served."""
    with listening_at(held.app()) as address:
        url = f"{address}{VERSION}"
        console.replace(
            "connectsync.yaml",
            "guards:\n",
            f"roster:\n  source: clever\n  clever: {{url: '{url}'}}\nguards:\n",
        )
        environment["CONNECTSYNC_CLEVER_HOST"] = urlsplit(url).netloc
        yield


@pytest.mark.parametrize("command", ["impact", "plan"])
def test_rosters_at_clever_are_read_at_the_same_time_and_told_in_order(
    valley: Console, command: str
) -> None:
    held, environment = lay_fleet(valley, len(FLEET))
    valley.replace(
        "districts/_profiles/clever-standard.yaml", "STUDENT ID", "STUDENT NUMBER"
    )
    with asked_there(valley, held, environment):
        asked = ["impact"] if command == "impact" else ["plan", "--impact"]
        said = valley.run(*asked, "--format", "json", environment=environment)
    assert said.status == ExitStatus.FINE, said.both
    data = json.loads(said.out)
    # none was answered before the others had asked
    assert set(held.together) == {len(FLEET)}
    if command == "impact":
        counted = [
            (one["district"], one["after"]["students"]) for one in data["districts"]
        ]
        assert counted == [
            ("dry-creek-isd", 22),
            ("harbor-point-usd", 21),
            ("lakeview-usd", 20),
        ]
    else:
        impacts = {one["district"]: one["impact"] for one in data["districts"]}
        assert {key: one["before"]["students"] for key, one in impacts.items()} == {
            "lakeview-usd": 20,
            "harbor-point-usd": 21,
            "dry-creek-isd": 22,
        }


def test_one_roster_that_is_refused_leaves_the_others(valley: Console) -> None:
    held, environment = lay_fleet(valley, 1)
    environment["LAKEVIEW_USD_TOKEN"] = "of-no-one"  # noqa: S105 - no token at all
    with asked_there(valley, held, environment):
        said = valley.run("impact", "--format", "json", environment=environment)
    assert said.status == ExitStatus.FINDINGS
    data = json.loads(said.out)
    assert len(data["districts"]) == 2
    (left,) = data["not_counted"]
    assert left["district"] == "lakeview-usd"
    assert "Clever refused the token" in left["why"]
