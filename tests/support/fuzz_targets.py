"""
What is fuzzed: everything that others write and we read.

A target takes bytes. What it may end in is what the project promises: nothing at all,
or an error with a sentence and a documented exit status, after a bounded amount of
work. Everything else is raised as it is, or as ``Broken``.
"""

from __future__ import annotations

import asyncio
import atexit
import io
import json
import os
import re
import shutil
import sqlite3
import sys
import tempfile
import zipfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import httpx2
from browser_world import World, session_of
from clever_world import district as clever_district
from console import Console
from emulator_browser import Browser as Client
from hostile import wicked_plan
from ics import calendar_of, day
from rosters import clever, guardians, oneroster, zip_roster
from tampered_page import Tampered, on_the_form

from connectsync.backends import snapshot
from connectsync.backends.browser.chromium import launch_browser
from connectsync.backends.browser.evidence import inert as inert_page
from connectsync.backends.contract import ContractReader, ContractWriter
from connectsync.backends.exchange import Exchange
from connectsync.cli.terminal import ExitStatus, status_of
from connectsync.config.decode import text_of
from connectsync.config.edit import canonical
from connectsync.config.fleet import fleet_of_texts, load_fleet
from connectsync.config.policy_check import freezes_in
from connectsync.config.project import load_project, project_of_text
from connectsync.domain.calendar import HolidayFile, Moment
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import digest_of, plan_text, read_plan
from connectsync.domain.schedule import Days
from connectsync.emulator.app import create_app
from connectsync.emulator.seed import MadeUpRoster, enrol
from connectsync.emulator.users import DEMO_EMAIL, DEMO_PASSWORD, add_demo_user
from connectsync.errors import Bug, ConnectsyncError
from connectsync.files.workbook import read_sheet
from connectsync.operations.baseline import baseline_of, baseline_text
from connectsync.operations.checking import ValidationOptions
from connectsync.operations.roster_files import RosterFileOptions, check_roster_files
from connectsync.operations.sheet_rows import read_rows
from connectsync.operations.sheets import SheetField, sheet_fields
from connectsync.operations.validate import validate_fleet
from connectsync.report import findings_json, findings_text
from connectsync.report.markdown import plan_markdown
from connectsync.report.plan_text import render_plan
from connectsync.roster.clever import PEOPLE, CleverRoster, ReadBounds
from connectsync.roster.clever_users import UserListing
from connectsync.roster.layouts import open_roster_files
from connectsync.web.http import client, once

VALLEY = Path(__file__).resolve().parent.parent / "cli" / "projects" / "valley"
NASTY = Path(__file__).resolve().parent.parent / "config" / "nasty"
DISTRICT = "districts/ca/lakeview-usd.yaml"
PROFILE = "districts/_profiles/clever-standard.yaml"
TODAY = date(2027, 1, 15)

DOCUMENTED = frozenset(ExitStatus) - {ExitStatus.BUG}

MOST_CALLS = 1_000_000
CALLS_PER_BYTE = 300
"""Function calls that one input may cost: counted, so that no machine is too slow."""


class Broken(AssertionError):
    """Something that the project promises does not hold."""


class TooMuchWork(BaseException):
    """An input cost more calls than one of its size may; nothing of ours catches it."""


@dataclass(frozen=True)
class Target:
    """
    Something that reads what others wrote.

    ``seeds`` gives inputs to begin with; ``costly`` ones are tried less often.
    """

    name: str
    read: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    costly: bool = False
    counted: bool = True
    """Whether its work is counted; the time of a page is bounded as a whole."""

    def __call__(self, data: bytes) -> None:
        """Hold one input against what the project promises. Raises ``Broken``."""
        try:
            most = MOST_CALLS + CALLS_PER_BYTE * len(data)
            with bounded(most) if self.counted else nullcontext():
                self.read(data)
        except TooMuchWork as error:
            raise Broken(str(error)) from error
        except ConnectsyncError as error:
            insist_sentence(error)


def insist_sentence(error: ConnectsyncError) -> None:
    """Raise ``Broken`` unless an error tells a user what they have to know."""
    if isinstance(error, Bug) or status_of(error) not in DOCUMENTED:
        raise Broken(f"ends in {type(error).__name__}") from error
    if not error.message.strip() or not error.remedy.strip():
        raise Broken(f"{type(error).__name__} says nothing") from error
    if "Traceback" in error.message:
        raise Broken("a traceback is shown") from error


@contextmanager
def bounded(calls: int) -> Iterator[None]:
    """Count the calls of functions; raise ``TooMuchWork`` for one too many."""
    left = calls

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal left
        if event in {"call", "c_call"}:
            left -= 1
            if left < 0:
                # whatever catches it: the next call ends it again
                raise TooMuchWork

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)
        if left < 0:
            raise TooMuchWork(f"costs more than {calls:,} calls")


def _validated(district: bytes, profile: bytes) -> None:
    at = Moment(datetime.combine(TODAY, time(12), UTC), "America/Chicago")
    fleet = fleet_of_texts({DISTRICT: district}, {PROFILE: profile}, {}, at)
    for one in fleet.districts:
        one.district.desired()
    report = validate_fleet(fleet, ValidationOptions(today=TODAY, whole_fleet=True))
    shown = findings_text.render(report, colour=False, width=80)
    if not all(line.isprintable() for line in shown.split("\n")):
        raise Broken("what is shown holds a control character")
    json.loads(findings_json.render(report))


def _district(data: bytes) -> None:
    _validated(data, (VALLEY / PROFILE).read_bytes())
    text = text_of(DISTRICT, data)
    if isinstance(text, str):
        formatted = canonical(text)
        if canonical(formatted) != formatted:
            raise Broken("what is formatted is formatted again")


def _profile(data: bytes) -> None:
    _validated((VALLEY / DISTRICT).read_bytes(), data)


def _project(data: bytes) -> None:
    project_of_text(VALLEY, data)


HOLIDAYS = HolidayFile("school.ics", "America/Chicago")
A_YEAR = Days(date(2027, 1, 1), date(2028, 1, 31))


def _holidays(data: bytes) -> None:
    for freeze in freezes_in(HOLIDAYS, lambda _: data, A_YEAR):
        if not (freeze.reason.isprintable() and freeze.reason):
            raise Broken("a title is not one printable line")


def _calendar_files() -> Sequence[bytes]:
    weekly = "SUMMARY:Staff day\nRRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20270601T000000Z"
    yearly = "SUMMARY:Holiday\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;INTERVAL=2"
    break_ = "DTEND;VALUE=DATE:20270120\nSUMMARY:Winter\\, break\nSTATUS:CONFIRMED"
    hours = "DTSTART;TZID=America/Chicago:20270112T080000\nDURATION:PT6H\nSUMMARY:Half"
    left = "RDATE;VALUE=DATE:20270302\nEXDATE;VALUE=DATE:20270104"
    return [
        calendar_of(f"{day(4)}\n{weekly}\n{left}", f"{day(10)}\n{break_}"),
        calendar_of(f"{day(5)}\n{yearly}", hours),
    ]


def _plan(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for spelled in (text, _signed(text)):
        try:
            plan = read_plan(spelled)
        except ConnectsyncError as error:
            insist_sentence(error)
            continue
        _shown(plan)


def _signed(text: str) -> str:
    """Sign a plan again, as somebody who edits one can."""
    try:
        data = json.loads(text)
        return json.dumps({**data, "digest": digest_of(data)})
    except (ValueError, TypeError, RecursionError):
        return text


def _shown(plan: Plan) -> None:
    shown = render_plan(plan, colour=False, width=80)
    if not all(line.isprintable() for line in shown.split("\n")):
        raise Broken("what is shown holds a control character")
    plan_markdown(plan)


def _snapshot(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "live.json"
        path.write_bytes(data)
        snapshot.render_snapshot(snapshot.read_snapshot(path))


def _answering(data: bytes) -> httpx2.MockTransport:
    """Answer every request alike: a line of status, type and tag, then the body."""
    first, _, body = data.partition(b"\n")
    words = [*first.decode("latin-1").split(" "), "", "", ""]
    status = int(words[0]) if re.fullmatch("[0-9]{3}", words[0]) else 200
    headers = {"Content-Type": words[1], "ETag": words[2]}
    sent = {
        key: value
        for key, value in headers.items()
        if value.isascii() and value.isprintable()
    }

    def answer(request: httpx2.Request) -> httpx2.Response:
        del request
        usual = status if 200 <= status < 600 else 200
        return httpx2.Response(usual, headers=sent, content=body)

    return httpx2.MockTransport(answer)


Act = Callable[[ContractReader, ContractWriter], Awaitable[object]]

ACTS: Sequence[Act] = (
    lambda reader, _: reader.list_districts(),
    lambda reader, _: reader.read("bay"),
    lambda reader, _: reader.read_many(["bay", "elm"]),
    lambda reader, _: reader.outcomes(["bay", "elm"]),
    lambda reader, _: reader.options("archived_students"),
    lambda _, writer: writer.save(
        "bay", {"manage_guardians": True}, expected_version="1-a"
    ),
)


def _gateway(data: bytes) -> None:
    async def asked() -> None:
        async with client(_answering(data), base_url="https://gateway.test") as http:
            reader = ContractReader(Exchange(http), described="gateway")
            writer = ContractWriter(Exchange(http), reader)
            for act in ACTS:
                try:
                    await act(reader, writer)
                except ConnectsyncError as error:
                    insist_sentence(error)

    asyncio.run(asked())


def _clever(data: bytes) -> None:
    async def asked() -> None:
        async with client(_answering(data), base_url="https://clever.test") as http:
            roster = CleverRoster(http, "https://clever.test", once)
            await roster.district("t0ken-of-lakeview-4f1c9a7d")

    asyncio.run(asked())


def _people(data: bytes) -> None:
    async def asked() -> None:
        async with client(_answering(data), base_url="https://clever.test") as http:
            roster = CleverRoster(http, "https://clever.test", once)
            token, bounds = "t0ken-of-lakeview-4f1c9a7d", ReadBounds(pages=50)
            for role in PEOPLE:
                listing = UserListing(roster, token, 100, bounds, lambda: 0.0)
                try:
                    async for page in listing.pages(role):
                        json.loads(page.text)
                except ConnectsyncError as error:
                    insist_sentence(error)

    asyncio.run(asked())


HARMFUL = frozenset(
    [
        *("script", "iframe", "frame", "object", "embed", "base", "link", "meta"),
        *("form", "svg", "math", "style"),
    ]
)
LEADING = frozenset(
    [
        *("href", "src", "srcset", "action", "formaction"),
        *("srcdoc", "style", "ping", "data"),
    ]
)


class _Harm(HTMLParser):
    """Reads evidence as a browser would, and keeps what could do something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [tag] if tag in HARMFUL else []
        self.found += [
            f"{tag} {name}"
            for name, _ in attrs
            if name in LEADING or name.startswith("on")
        ]


def _evidence(data: bytes) -> None:
    kept = inert_page(data.decode("utf-8", "replace"))
    harm = _Harm()
    harm.feed(kept.partition("<body>")[2])
    harm.close()
    if harm.found:
        raise Broken(f"evidence holds {harm.found[0]}")


_OPENED = ExitStack()
"""A browser that all inputs share; it ends with the process."""

atexit.register(_OPENED.close)


@cache
def _browser() -> World:
    folder = Path(_OPENED.enter_context(tempfile.TemporaryDirectory()))
    enrol(folder / "connect.db", [("bay", "Bay")])
    session_of(folder / "connect.db", folder / "session.json")
    runner = _OPENED.enter_context(asyncio.Runner())
    opened = launch_browser()
    browser = runner.run(opened.__aenter__())
    _OPENED.callback(lambda: runner.run(opened.__aexit__(None, None, None)))
    return World(runner, browser, folder)


def _page(data: bytes) -> None:
    html = data.decode("utf-8", "replace")
    _browser().run(
        lambda reader, _: reader.read("bay"),
        around=lambda app: Tampered(app, on_the_form(lambda _: html)),
        wait_seconds=0.3,
        load_seconds=5,
    )


COMMANDS = ("runs verify", "runs show 1", "resume", "plan", "drift")


@cache
def _ran() -> Path:
    """Give a project in which a plan was applied; it is made once."""
    folder = Path(tempfile.mkdtemp(prefix="connectsync-fuzz-")) / "valley"
    shutil.copytree(VALLEY, folder)
    console = Console(folder)
    if console.run("apply", "--yes", "lakeview-usd").status != ExitStatus.FINE:
        raise Broken("the sample project cannot be applied")
    for name in ("state.db", "connect.db"):
        with closing(sqlite3.connect(folder / ".connectsync" / name)) as store:
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder


def _store(name: str) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            project = Path(folder) / "valley"
            shutil.copytree(_ran(), project)
            (project / ".connectsync" / name).write_bytes(data)
            for command in COMMANDS:
                said = Console(project).run(*command.split())
                if said.status not in DOCUMENTED or "Traceback" in said.both:
                    raise Broken(f"`{command}` ends with {said.status}: {said.err}")

    return read


def _stored(name: str) -> Callable[[], Sequence[bytes]]:
    return lambda: [(_ran() / ".connectsync" / name).read_bytes()]


def _nasty(only: str = "*") -> list[bytes]:
    return [path.read_bytes() for path in sorted(NASTY.glob(f"{only}.yaml"))]


def _districts() -> Sequence[bytes]:
    return [(VALLEY / DISTRICT).read_bytes(), *_nasty()]


def _projects() -> Sequence[bytes]:
    return [(VALLEY / "connectsync.yaml").read_bytes(), FULL.encode()]


FULL = """\
schema: 1
connect: production
districts: districts
backend: gateway
timezone: America/Los_Angeles
backends:
  gateway: {url: https://gateway.example, token: env:GATEWAY_TOKEN}
  browser: {url: https://connect.example, session: .connectsync/session.json}
state: {dir: .connectsync, lease_seconds: 30}
roster: {clever: {url: https://api.clever.com/v3.1}}
guards: {max_districts: 20, max_percent: 10, max_districts_a_day: 40}
approval: {from: disruptive, people: 2}
rollout:
  waves:
    - {name: canary, districts: [lakeview-usd]}
    - {name: rest, percent: 100}
  max_failed_percent: 10
freezes:
  - {name: testing, from: 2027-05-01, to: 2027-05-14}
windows:
  - {days: [mon, tue], from: "18:00", to: "23:00", timezone: America/Los_Angeles}
nightly_sync: {from: "22:00", to: "04:00", timezone: America/Chicago}
options: {archived_students: [Archive, Keep]}
"""


def _plans() -> Sequence[bytes]:
    wicked = wicked_plan()
    few = replace(
        wicked,
        districts=wicked.districts[:2],
        guards=wicked.guards[:2],
        failed=wicked.failed[:1],
        left_alone=wicked.left_alone[:1],
    )
    return [plan_text(few).encode("utf-8", "replace"), _usual_plan()]


@cache
def _usual_plan() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "valley"
        shutil.copytree(VALLEY, project)
        Console(project).run("plan", "--out", "plan.json")
        return (project / "plan.json").read_bytes()


def _snapshots() -> Sequence[bytes]:
    return [(VALLEY / "live.json").read_bytes()]


FORM: Mapping[str, Any] = {
    "district": "bay",
    "name": "Bay",
    "version": "1-a",
    "settings": {
        "districtId": "",
        "studentId": "STUDENT ID",
        "archivedStudents": "whatever the page shows",
        "enableDailySync": False,
        "manageGuardians": True,
        "unarchiveClassrooms": False,
        "updateActiveUsers": False,
        "contactTypes": ["Parent/Guardian"],
        "contactRelationships": [],
        "phoneTypes": ["Cell"],
        "deletionThreshold": 15,
        "permissions": [],
    },
}


def _answers() -> Sequence[bytes]:
    night = {"status": "Failed: threshold", "at": "2026-11-28T08:30:00Z"}
    synced = {**FORM, "lastSync": {**night, "triedToArchive": 34}}
    listed = {"items": [{"key": "bay", "name": "Bay"}], "nextCursor": "a"}
    refused = {"type": "about:blank", "title": "no", "status": 422, "errors": []}
    bodies: Mapping[str, Sequence[object]] = {
        '200 application/json "1-a"': [
            *(FORM, listed, {"items": [synced], "errors": []}, {"labels": ["Archive"]}),
        ],
        "422 application/problem+json": [refused],
        "429 application/json": [{}],
    }
    return [
        f"{head}\n{json.dumps(body)}".encode()
        for head, several in bodies.items()
        for body in several
    ]


def _clever_answers() -> Sequence[bytes]:
    body = {"data": [{"data": clever_district(), "uri": "/v3.1/districts/1"}]}
    error = {"error": "Invalid token"}
    return [
        b"200 application/json\n" + json.dumps(body).encode(),
        b"401 application/json\n" + json.dumps(error).encode(),
    ]


def _roster_pages() -> Sequence[bytes]:
    following = "/users?limit=100&starting_after=5fac"
    links = [{"rel": "self", "uri": "/users"}, {"rel": "next", "uri": following}]
    return [
        b"200 application/json\n" + json.dumps({"links": links, "data": rows}).encode()
        for role in PEOPLE
        for rows in [[{"data": one} for one in MadeUpRoster(2).people(role)]]
    ]


@cache
def _form_page() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "connect.db"
        enrol(store, [("bay", "Bay")])
        add_demo_user(store)
        page = Client(create_app(store))
        page.sign_in(DEMO_EMAIL, DEMO_PASSWORD)
        form = "/districts/bay/settings/sis-rostering/daily-sync"
        return page.ask("GET", form).content


def _pages() -> Sequence[bytes]:
    return [_form_page()]


@cache
def _rosters() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="connectsync-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _roster(name: str) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        path = _rosters() / name
        path.write_bytes(data)
        options = RosterFileOptions(lambda _: None, TODAY)
        named = [(path, name)]
        report, _ = check_roster_files(named, named, options)
        findings_json.render(report)
        findings_text.render(report, colour=False, width=80)

    return read


def _roster_files() -> Sequence[bytes]:
    return [*guardians().values(), *clever().values(), *oneroster().values()]


def _roster_zips() -> Sequence[bytes]:
    packed = (clever(), oneroster(), oneroster("1.2"))
    return [zip_roster(one, _rosters() / "seed.zip").read_bytes() for one in packed]


@cache
def _sheets() -> Mapping[str, bytes]:
    """Give a fleet as sheets, as `export` writes them; they are made once."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "valley"
        shutil.copytree(VALLEY, project)
        for name in ("fleet.xlsx", "fleet.csv"):
            Console(project).run("export", "--output", name)
        written = project.glob("fleet.*")
        return {one.suffix: one.read_bytes() for one in written}


@cache
def _fields() -> Mapping[str, SheetField]:
    project = load_project(VALLEY)
    return sheet_fields(load_fleet(VALLEY, (), districts_dir=project.districts_dir))


def _sheet(suffix: str) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        path = _rosters() / f"fleet{suffix}"
        path.write_bytes(data)
        reading = read_rows(read_sheet(path, path.name), _fields())
        for one in (*reading.problems, *reading.ignored):
            if "\n" in one:
                raise Broken("what is wrong with a cell has lines")

    return read


def _repacked(suffix: str) -> Sequence[bytes]:
    """Give a workbook, and the same with its parts unpacked, so that they change."""
    packed, open_ = _sheets()[suffix], io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(packed)) as parts,
        zipfile.ZipFile(open_, "w", zipfile.ZIP_STORED) as stored,
    ):
        for one in parts.namelist():
            stored.writestr(zipfile.ZipInfo(one), parts.read(one))
    return [packed, open_.getvalue()]


def _baseline(data: bytes) -> None:
    spelled = data.decode("utf-8", "replace")
    try:
        known = baseline_of(spelled)
    except ValueError as error:
        if not str(error).strip() or "\n" in str(error):
            raise Broken("a baseline is refused in no sentence") from error
        return
    again = baseline_text(known)
    if baseline_text(baseline_of(again)) != again:
        raise Broken("a baseline that was read reads otherwise once it is written")


@cache
def _baselines() -> Sequence[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "valley"
        shutil.copytree(VALLEY, project)
        lakeview = project / DISTRICT
        text = lakeview.read_text("utf-8")
        lakeview.write_text(f"{text}  phone_types: [Home]\n", "utf-8")
        Console(project).run("validate", "--write-baseline")
        return [(project / ".connectsync-baseline.json").read_bytes()]


def _parquet(data: bytes) -> None:
    """Count a roster in a process of its own, which a reader written in C may end."""
    path = _rosters() / "users.parquet"
    path.write_bytes(data)
    child = os.fork()
    if not child:
        os._exit(_counted(path))
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if ended:
        raise Broken(f"a roster in Parquet ends its reader with {ended}")


def _counted(path: Path) -> int:
    try:
        with open_roster_files(path) as roster:
            roster.tables.words()
    except ConnectsyncError as error:
        try:
            insist_sentence(error)
        except Broken:
            return 2
    except BaseException:  # noqa: BLE001 - the status is told to the parent
        return 3
    return 0


@cache
def _parquets() -> Sequence[bytes]:
    kept = []
    for compression in ("uncompressed", "snappy", "zstd"):
        path = _rosters() / f"seed-{compression}.parquet"
        people = (one for role in PEOPLE for one in MadeUpRoster(2).people(role))
        lines = path.with_suffix(".ndjson")
        lines.write_text("\n".join(map(json.dumps, people)), "utf-8")
        rows = duckdb.read_json(str(lines))
        rows.write_parquet(str(path), compression=compression)
        kept.append(path.read_bytes())
    return kept


TARGETS: Mapping[str, Target] = {
    one.name: one
    for one in (
        Target("district", _district, _districts),
        Target("profile", _profile, lambda: [(VALLEY / PROFILE).read_bytes()]),
        Target("project", _project, _projects),
        # a rule that never fits is looked for through 400 years, by a library
        Target("holidays", _holidays, _calendar_files, counted=False),
        Target("plan", _plan, _plans),
        Target("snapshot", _snapshot, _snapshots),
        Target("gateway", _gateway, _answers),
        Target("clever", _clever, _clever_answers),
        Target("people", _people, _roster_pages),
        Target("roster", _roster("guardians.csv"), _roster_files),
        Target("roster-file", _roster("roster.csv"), _roster_files),
        Target("roster-zip", _roster("roster.zip"), _roster_zips),
        # DuckDB counts in C, which no one counts
        Target("parquet", _parquet, _parquets, costly=True, counted=False),
        Target("workbook", _sheet(".xlsx"), lambda: _repacked(".xlsx")),
        Target("sheet", _sheet(".csv"), lambda: [_sheets()[".csv"]]),
        Target("baseline", _baseline, _baselines),
        Target("evidence", _evidence, _pages),
        Target("state", _store("state.db"), _stored("state.db"), costly=True),
        Target("connect", _store("connect.db"), _stored("connect.db"), costly=True),
        Target("page", _page, _pages, costly=True, counted=False),
    )
}
