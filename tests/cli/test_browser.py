"""The command line through a real browser, on a stand-in with a real socket."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from browser_world import session_of
from console import Console
from playwright.async_api import Browser
from processes import environment
from served_app import listening_at
from warm import run_warm, warm_folder

from connectsync.backends.browser.chromium import launch_browser
from connectsync.cli.terminal import ExitStatus
from connectsync.config.fleet import load_fleet
from connectsync.domain.plan_file import digest_of
from connectsync.emulator import store
from connectsync.emulator.app import create_app
from connectsync.emulator.form import BLANK
from connectsync.emulator.seed import Seed, enrol, sow
from connectsync.emulator.users import DEMO_EMAIL, DEMO_PASSWORD, add_demo_user

DISTRICTS = 12
"""More than the menu of the page lists, so that one is searched for."""

TOKEN = "the-token-of-the-gateway-42"  # noqa: S105 - of a stand-in
DISTRICT_TOKEN = "the-token-of-d03-0123456789"  # noqa: S105 - of a stand-in as well

WHEN = ("before", "after")

PROJECT = """\
schema: 1
backend: browser
backends:
  browser:
    url: {address}
    contexts: 2
guards: {{max_percent: 100}}
options:
  archived_students: ["(placeholder) Leave archived", "(placeholder) Restore"]
"""

DISTRICT = """\
schema: 1
district: {key}
name: District {key}
provider: clever
credentials:
  district_id: 58da8a43cc70ab00017a{number:04x}
  oauth_token: env:TOKEN_{number}
facts: {{setup_step: 5, guardians_from: clever}}
settings:
  student_id: STUDENT NUMBER
  archived_students: (placeholder) Restore
  manage_guardians: true
  contact_types: [Parent/Guardian]
  contact_relationships: [Parent, Grandparent, Other]
  phone_types: [Cell]
  deletion_threshold: {number}
  permissions: [Family Access]
"""


def keys() -> list[str]:
    return [f"d{number:02}" for number in range(DISTRICTS)]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Console]:
    console = Console(tmp_path)
    console.connect.parent.mkdir()
    enrol(console.connect, [(key, f"District {key}") for key in keys()])
    add_demo_user(console.connect)
    districts = tmp_path / "districts"
    districts.mkdir()
    for number, key in enumerate(keys()):
        text = DISTRICT.format(key=key, number=number)
        districts.joinpath(f"{key}.yaml").write_text(text, "utf-8")
    with listening_at(create_app(console.connect, token=TOKEN)) as address:
        text = PROJECT.format(address=address)
        tmp_path.joinpath("connectsync.yaml").write_text(text, "utf-8")
        yield console


@pytest.fixture
def launches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give an entry for each browser that is started."""
    started: list[str] = []

    def counted(**how: Any) -> AbstractAsyncContextManager[Browser]:
        started.append("Chromium")
        return launch_browser(**how)

    monkeypatch.setattr("connectsync.backends.browser.session.launch_browser", counted)
    return started


def tokens(console: Console) -> dict[str, str]:
    """Give the digest of every token that the stand-in keeps."""
    with store.open_store(console.connect).reading() as connection:
        rows = store.find_many(connection, keys())
    return {row.key: row.token_digest for row in rows if row.token_digest}


def log_in(console: Console) -> None:
    said = console.run(
        *("login", "--email", DEMO_EMAIL, "--password-from", "env:PASSWORD"),
        environment={"PASSWORD": DEMO_PASSWORD},
    )
    assert said.status == 0, said.both
    kept = console.folder / ".connectsync" / "session.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert json.loads(kept.read_text("utf-8"))["cookies"]
    assert DEMO_PASSWORD not in said.both


def without_a_login(console: Console) -> None:
    """Keep a session as `login` does; what it does itself is tried in other tests."""
    session_of(console.connect, console.folder / ".connectsync" / "session.json")


PERMISSIONS = "permissions: [Family Access]"
KEPT = ("Attendance Visibility",)


def an_older_plan(console: Console) -> None:
    """Make a plan name a token that it did not tell of, as an older version did."""
    path = console.folder / "plan.json"
    data = json.loads(path.read_text("utf-8"))
    data["districts"][2]["token"] = "env:TOKEN_11"  # noqa: S105 - a name
    path.write_text(json.dumps(data | {"digest": digest_of(data)}), "utf-8")


def no_plan_is_applied_with_another_token(console: Console, kept: str) -> None:
    """Have another reference in the file of the district whose token is to be typed."""
    console.replace("districts/d03.yaml", "env:TOKEN_3", "env:OTHER")
    refused = console.run("apply", "plan.json", environment={"OTHER": kept})
    assert refused.status == ExitStatus.STALE
    assert "env:TOKEN_3" in refused.err
    assert "env:OTHER" in refused.err
    console.replace("districts/d03.yaml", "env:OTHER", "env:TOKEN_3")


@pytest.mark.timeout(600)
def test_a_fleet_is_planned_applied_and_proven_through_the_page(
    project: Console, launches: list[str]
) -> None:
    """
    No token is typed that the plan does not name, whatever an older one holds.

    A box that files do not know stays ticked.
    """
    form = {**BLANK, "permissions": ["Family Access", *KEPT]}
    sow(project.connect, [Seed("d00", "District d00", form)])
    project.replace("districts/d00.yaml", PERMISSIONS, "permissions: [Users Manager]")
    log_in(project)
    launches.clear()
    some = ["d00", "d03", "d11"]
    planned = project.run("plan", *some, "--set-token", "d03", "--out", "plan.json")
    assert planned.status == 0, planned.both
    assert len(launches) == 1
    # the page has none of any district, and a token is typed only as the plan says
    assert "the OAuth token of env:TOKEN_3 is typed" in planned.out
    assert "Connect shows no OAuth token, and this plan types none" in planned.out
    assert "permissions: Attendance Visibility is kept" in planned.out
    an_older_plan(project)
    no_plan_is_applied_with_another_token(project, DISTRICT_TOKEN)
    assert len(launches) == 1
    environment = {f"TOKEN_{number}": DISTRICT_TOKEN for number in range(DISTRICTS)}
    applied = project.run("apply", "plan.json", environment=environment)
    assert applied.status == 0, applied.both
    assert len(launches) == 2
    assert tokens(project) == {"d03": sha256(DISTRICT_TOKEN.encode()).hexdigest()}
    assert DISTRICT_TOKEN not in planned.both + applied.both
    assert f"{len(some)} done" in applied.out
    folder = project.folder / "districts"
    files = [folder / f"{key}.yaml" for key in some]
    loaded = load_fleet(project.folder, files, districts_dir=folder)
    for one in loaded.districts:
        desired = dict(one.district.desired())
        if one.district.key == "d00":
            desired["permissions"] = frozenset({"Users Manager", *KEPT})
        live = project.live(one.district.key)
        assert {name: live[name] for name in desired} == desired
    assert "Nothing to do" in project.run("plan", "districts/d00.yaml").out
    evidence = project.folder / ".connectsync" / "evidence"
    pictures = {path.name for path in evidence.rglob("*.png")}
    # of the district whose token was typed there are the pages alone
    assert pictures == {
        f"{key}-{when}-1.png" for key in ("d00", "d11") for when in WHEN
    }
    pages = {path.name for path in evidence.rglob("*.html")}
    assert pages >= {f"{key}-{when}-1.html" for key in some for when in WHEN}
    session = (project.folder / ".connectsync" / "session.json").read_text("utf-8")
    secret = json.loads(session)["cookies"][0]["value"].encode()
    for path in evidence.rglob("*.*"):
        assert secret not in path.read_bytes()
    for path in project.folder.rglob("*"):
        assert not path.is_file() or DISTRICT_TOKEN.encode() not in path.read_bytes()


def test_without_a_session_it_is_said_how_to_get_one(project: Console) -> None:
    said = project.run("plan")
    assert said.status == 5
    assert "connectsync login" in said.err


def test_a_wrong_password_keeps_no_session(project: Console) -> None:
    said = project.run(
        *("login", "--email", DEMO_EMAIL, "--password-from", "env:PASSWORD"),
        environment={"PASSWORD": "wrong"},
    )
    assert said.status == 5
    assert not (project.folder / ".connectsync" / "session.json").exists()


def test_email_and_password_belong_together(project: Console) -> None:
    assert project.run("login", "--email", DEMO_EMAIL).status == 64


def test_a_page_must_be_named(tmp_path: Path) -> None:
    console = Console(tmp_path)
    said = console.run("--backend", "browser", "login")
    assert said.status == 1
    assert "backends.browser.url is missing" in said.err


def test_the_host_of_a_page_is_one_for_every_program(tmp_path: Path) -> None:
    said = Console(tmp_path).run(
        *("login", "https://meßages.example"),
        *("--email", DEMO_EMAIL, "--password-from", "env:PASSWORD"),
        environment={"PASSWORD": DEMO_PASSWORD},
    )
    assert said.status == 1
    assert "names a host with letters beyond a to z" in said.err


def test_a_page_must_be_safe_to_talk_to(tmp_path: Path) -> None:
    said = Console(tmp_path).run(
        *("login", "http://page.example"),
        *("--email", DEMO_EMAIL, "--password-from", "env:PASSWORD"),
        environment={"PASSWORD": DEMO_PASSWORD},
    )
    assert said.status == 1
    assert "must start with https://" in said.err


def test_the_demo_saves_one_district_through_the_page(project: Console) -> None:
    said = project.run("demo", "--browser", "districts/d03.yaml")
    assert said.status == 0, said.both
    assert "1 done" in said.out
    picture = Path(said.out.strip().rpartition(": ")[2])
    assert picture.name == "d03-after-1.png"
    assert picture.is_file()
    # the page of the project itself was left alone
    assert project.live("d03")["manage_guardians"] is False


def test_the_demo_chooses_a_district_by_itself(project: Console) -> None:
    said = project.run("demo")
    assert said.status == 0, said.both
    assert "1 done" in said.out


def pasted(command: str, here: Path) -> str:
    """Give a command to a shell as it is printed, in another folder; give all said."""
    path = f"{warm_folder()}:{os.environ['PATH']}"
    more = {"PASSWORD": DEMO_PASSWORD, "TMPDIR": str(here)}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=here,
        env=environment(**more) | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ExitStatus.FINE, f"$ {command}\n{done.stderr}"
    return done.stdout + done.stderr


def named(command: str, text: str) -> str:
    """Give the one suggestion of a command of connectsync."""
    found = re.findall(rf"`(connectsync [^`]*\b{command}\b[^`]*)`", text)
    assert len(set(found)) == 1, text
    return str(found[0])


def backend_apart(console: Console) -> list[str]:
    """Let the project say nothing of its page; give how a command is told of it."""
    console.replace("connectsync.yaml", "backend: browser\n", "")
    return ["-C", str(console.folder), "--backend", "browser"]


@pytest.mark.timeout(600)
def test_what_is_suggested_on_the_browser_works_when_a_shell_is_given_it(
    project: Console, tmp_path_factory: pytest.TempPathFactory
) -> None:
    here = tmp_path_factory.mktemp("another folder")
    place = backend_apart(project)
    unknown = project.run(*place, "plan", "d03")
    assert unknown.status == ExitStatus.UNREACHABLE, unknown.both
    login = named("login", unknown.both)
    pasted(f"{login} --email {DEMO_EMAIL} --password-from env:PASSWORD", here)
    plan = str(here / "our plan.json")
    planned = project.run(*place, "plan", "d03", "--out", plan)
    assert planned.status == ExitStatus.FINE, planned.both
    said = pasted(named("apply", planned.err), here)
    assert "1 done" in said
    assert project.live("d03")["deletion_threshold"] == 3


def test_a_check_up_shows_where_every_label_stands(
    project: Console, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """And what it suggests writes those down that the project does not know."""
    here = tmp_path_factory.mktemp("another folder")
    place = backend_apart(project)
    without_a_login(project)
    labels = '["(placeholder) Leave archived", "(placeholder) Restore"]'
    project.replace("connectsync.yaml", f"  archived_students: {labels}\n", "")
    project.replace("connectsync.yaml", "options:\n", "")
    said = project.run(*place, "doctor")
    assert "ok       page                   all 45 labels are there\n" in said.out
    assert "\n  found        > District-Level Daily Sync\n" in said.out
    assert "\n  found            Aunt/Uncle\n" in said.out
    pasted(named("doctor --record", said.out), here)
    text = project.folder.joinpath("connectsync.yaml").read_text("utf-8")
    assert "(placeholder) Restore" in text


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _deep(path: Path) -> None:
    path.write_text("[" * 300_000, "utf-8")


def _list(path: Path) -> None:
    path.write_text("[1]", "utf-8")


@pytest.mark.parametrize("make", [_pipe, _device, _deep, _list])
def test_what_is_no_session_is_neither_waited_for_nor_replaced(
    valley: Console, make: Callable[[Path], None]
) -> None:
    (valley.folder / "connectsync.yaml").write_text(
        "schema: 1\nbackend: browser\nbackends:\n"
        "  browser: {url: 'http://127.0.0.1:9', session: kept.json}\n",
        "utf-8",
    )
    path = valley.folder / "kept.json"
    make(path)
    for command in (
        ["plan"],
        ["login", "--email", DEMO_EMAIL, "--password-from", "env:PASSWORD"],
    ):
        done = run_warm(
            command,
            folder=valley.folder,
            environment={**os.environ, "PASSWORD": DEMO_PASSWORD},
        )
        assert done.returncode in {ExitStatus.FINDINGS, ExitStatus.UNREACHABLE}
        assert "session" in done.stderr
        assert path.is_symlink() == (make is _device)
        assert os.path.lexists(path)
    if make is _list:
        assert path.read_text("utf-8") == "[1]"
