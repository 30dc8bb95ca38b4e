"""``connectsync emulator``: serve the emulator of Connect."""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
import sqlite3
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from starlette.applications import Starlette
from starlette.middleware.trustedhost import TrustedHostMiddleware

from connectsync.backends import embedded
from connectsync.backends import snapshot as snapshot_file
from connectsync.cli.machine import is_here
from connectsync.cli.session import Session
from connectsync.config.decode import Ground
from connectsync.config.project import Project
from connectsync.domain.district import District
from connectsync.domain.wording import did_you_mean
from connectsync.emulator import seed
from connectsync.emulator.app import LOOPBACK, Server, create_app, server
from connectsync.emulator.http import EmulatorError, UvicornMissing
from connectsync.emulator.seed import Seed, enrol, sow
from connectsync.emulator.users import add_demo_user
from connectsync.errors import ProjectError, StateError, UsageError, how_to_add
from connectsync.files.access import STATE_NOT_WRITABLE, is_no_place, state_folder
from connectsync.report.terminal import inert


def emulator(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="Address to listen on; by default only this machine.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on.")
    ] = 8765,
    run_sync: Annotated[
        bool,
        typer.Option(
            "--run-sync",
            help="Run a nightly sync on the embedded stand-in, and serve nothing.",
        ),
    ] = False,
    archives: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DISTRICT=PERCENT",
            help="With --run-sync: how much of a district, or of DISTRICT/SCHOOL, it"
            " would archive.",
        ),
    ] = None,
    not_found: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DISTRICT/SCHOOL",
            help="With --run-sync: a school that the roster does not have.",
        ),
    ] = None,
    rosters: Annotated[
        list[str] | None,
        typer.Option(
            "--roster",
            metavar="DISTRICT=PATH",
            help="With --run-sync: a district's roster of tonight; what the night would"
            " archive is the largest share of its records that are gone.",
        ),
    ] = None,
    previous: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DISTRICT=PATH",
            help="With --roster: that district's roster of the night before.",
        ),
    ] = None,
) -> int:
    """
    Serve a stand-in for Connect (its pages and the gateway API) to try things out.

    It holds the districts of this project. Its token is new at every start, and so is
    its password where others may reach it. Beside it is one for Clever, with a made-up
    roster for each district that states an id.
    """
    from connectsync.emulator.clever import CLEVER_PATH, VERSION, made_up_token
    from connectsync.emulator.users import DEMO_EMAIL, DEMO_PASSWORD, add_user

    session: Session = context.obj
    night = _NightOptions(
        *(tuple(one or ()) for one in (archives, not_found, rosters, previous))
    )
    if run_sync:
        return _run_night(session, night)
    if night != _NightOptions():
        raise UsageError(
            "--archives, --not-found, --roster and --previous go with --run-sync"
        )
    if not host:
        raise UsageError(
            "--host is empty, which would mean every address of this machine",
            remedy="leave it out for this machine alone, or write 0.0.0.0 for all",
        )
    token = secrets.token_urlsafe(24)
    serving = make_server(session, session.project(), token, host, port)
    password = DEMO_PASSWORD
    if not is_here(host):
        # everyone on that network may read the usual one in our files
        password = secrets.token_urlsafe(12)
        store = session.state(session.project()) / "connect.db"
        add_user(store, DEMO_EMAIL, password)
    with listen_at(host, port) as listening:
        port = listening.getsockname()[1]
        session.terminal.show(
            f"Connect (a stand-in) on http://{host}:{port}\nbearer token: {token}\n"
            f"sign in as {DEMO_EMAIL}, password: {password}\n"
            f"Clever (a stand-in) on http://{host}:{port}{CLEVER_PATH}{VERSION}\n"
            f"token of a district: {made_up_token('DISTRICT')}\n"
            "stop it with Ctrl-C"
        )
        serving.run(sockets=[listening])
    return 0


@dataclass(frozen=True, slots=True)
class _NightOptions:
    """What was said of a night, as it was written."""

    archives: tuple[str, ...] = ()
    not_found: tuple[str, ...] = ()
    rosters: tuple[str, ...] = ()
    previous: tuple[str, ...] = ()


def _run_night(session: Session, night: _NightOptions) -> int:
    """Let the stand-in live through a night: it syncs nothing, and shows how it was."""
    project = session.project()
    fleet = session.whole_fleet(project)
    districts = [one.district for one in fleet.districts]
    known = {one.key for one in districts}
    tried = dict(_shares(session, project, night, known))
    schools: dict[str, dict[str, int | None]] = {}
    for key, school, percent in _figures(night.archives, known):
        if school:
            schools.setdefault(key, {})[school] = percent
        else:
            tried[key] = percent
    for text in night.not_found:
        key, school = _home(text, known, "--not-found")
        if not school:
            raise UsageError(
                f"--not-found {inert(text)!r} is not DISTRICT/SCHOOL",
                remedy="write for example --not-found 'lakeview-usd/Hill High'",
            )
        schools.setdefault(key, {})[school] = None
    path = session.state(project) / "connect.db"
    store = make_embedded_store(path, project, districts)
    found = seed.run_sync(store, now=session.now(), archives=tried, schools=schools)
    session.terminal.show(
        "\n".join(f"{key}  {shown}" for key, shown in found.items())
        or "no district has its daily sync on"
    )
    return 0


def _figures(
    given: Sequence[str], known: Collection[str]
) -> Iterator[tuple[str, str, int]]:
    for text in given:
        whose, _, percent = text.rpartition("=")
        if not re.fullmatch("[0-9]{1,2}|100", percent):
            raise UsageError(
                f"--archives {inert(text)!r} is not DISTRICT=PERCENT",
                remedy="write for example --archives lakeview-usd=34",
            )
        yield (*_home(whose, known, "--archives"), int(percent))


def _home(text: str, known: Collection[str], option: str) -> tuple[str, str]:
    """Give the district that is meant, and its school if one is."""
    key, _, school = text.partition("/")
    if key not in known:
        raise UsageError(
            f"{option} names no district of this project: {inert(key)!r}",
            remedy=did_you_mean(key, known),
        )
    return key, school.strip()


def _shares(
    session: Session, project: Project, night: _NightOptions, known: Collection[str]
) -> Iterator[tuple[str, int]]:
    """Give what a night over rosters would archive, by district, rounded up."""
    from connectsync.cli.roster import named_paths
    from connectsync.operations.roster_files import RosterFileOptions, share_gone

    now, before = (
        dict(_paths(given, known, option))
        for given, option in (
            (night.rosters, "--roster"),
            (night.previous, "--previous"),
        )
    )
    if alone := sorted(now.keys() ^ before.keys()):
        raise UsageError(
            f"{inert(alone[0])} has one roster: two nights are to be compared",
            remedy="name both with --roster and --previous",
        )
    options = RosterFileOptions(
        Ground.of(project.root).way_out,
        session.today(),
        encoding=project.roster.encoding,
    )
    for key, path in now.items():
        tonight = named_paths(session, project, [path])
        last = named_paths(session, project, [before[key]])
        yield key, share_gone(tonight, last, options)


def _paths(
    given: Sequence[str], known: Collection[str], option: str
) -> Iterator[tuple[str, str]]:
    for text in given:
        key, _, path = text.partition("=")
        if not path:
            raise UsageError(f"{option} {inert(text)!r} is not DISTRICT=PATH")
        yield _home(key, known, option)[0], path


def listen_at(host: str, port: int) -> socket.socket:
    """Take the address before saying so. Raises ``UsageError`` if it is not free."""
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        raise UsageError(
            f"cannot listen on {host}:{port}: {reason}",
            remedy="choose another --port, or 0 for any that is free",
        ) from error
    # else each answer waits 40 ms until its head is acknowledged
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


@asynccontextmanager
async def serve_districts(session: Session, project: Project) -> AsyncIterator[str]:
    """Serve the project's districts while it is needed; give the address."""
    with listen_at(LOOPBACK, 0) as listening:
        port = listening.getsockname()[1]
        token = secrets.token_urlsafe(24)
        serving = make_server(session, project, token, LOOPBACK, port)
        task = asyncio.create_task(serving.serve(sockets=[listening]))
        try:
            yield f"http://{LOOPBACK}:{port}"
        finally:
            serving.should_exit = True
            await task


def make_server(
    session: Session, project: Project, token: str, host: str, port: int
) -> Server:
    """
    Make a server of a stand-in with the project's districts and the demo user.

    ``token`` is what its gateway asks for. Raises ``UsageError`` where what it needs
    is not installed.
    """
    from connectsync.emulator.clever import beside

    fleet = session.whole_fleet(project)
    store = make_embedded_store(
        session.state(project) / "connect.db",
        project,
        [one.district for one in fleet.districts],
    )
    add_demo_user(store)
    known = [
        (one.district.key, one.district.credentials.district_id, one.district.name)
        for one in fleet.districts
    ]
    at_clever = [(key, there, name) for key, there, name in known if there]
    try:
        app = beside(create_app(store, token=token), at_clever)
        if is_here(host):
            # a page of others can have its own name lead to this machine
            names = [LOOPBACK, "localhost", "*.localhost", host]
            app = TrustedHostMiddleware(app, names, www_redirect=False)
        return server(app, host, port)
    except UvicornMissing as error:
        raise UsageError(
            "serving the emulator needs uvicorn", remedy=how_to_add("emulator")
        ) from error


def make_embedded_store(
    path: Path, project: Project, districts: Sequence[District]
) -> Path:
    """
    Make the embedded Connect's store, with every district of the files enrolled.

    A new store is given the forms of the project's seed. Raises ``StateError``, and
    ``ProjectError`` for a seed that the form does not accept: then there is no store.
    """
    try:
        state_folder(path.parent)
        if not path.exists() and project.embedded_seed is not None:
            _insist_inside(project, project.embedded_seed)
            _sow(path, project.embedded_seed)
        enrol(path, [(district.key, district.name) for district in districts])
    except (OSError, EmulatorError, sqlite3.Error, *_DAMAGED) as error:
        raise StateError(
            f"the embedded Connect cannot be opened: {_reason(error)}",
            remedy=STATE_NOT_WRITABLE if _is_of_the_disk(error) else _AFRESH,
        ) from error
    return path


_DAMAGED = (ValueError, TypeError, LookupError, OverflowError)
"""What reading a row raises that another program wrote."""


_AFRESH = (
    "check the folder's rights and disk; a damaged connect.db can be moved away, and"
    " the embedded Connect starts over"
)


def guard_store(app: Starlette, path: Path) -> embedded.App:
    """Let a damaged store be told as one, wherever in the stand-in it is met."""

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        try:
            await app(scope, receive, send)
        except (EmulatorError, sqlite3.Error, *_DAMAGED) as error:
            what = f"{error}" if isinstance(error, EmulatorError) else "it is damaged"
            disk = _is_of_the_disk(error)
            raise StateError(
                f"the embedded Connect at {path} cannot be used:"
                f" {error if disk else what}",
                remedy=STATE_NOT_WRITABLE if disk else _AFRESH,
            ) from error

    return guarded


def _insist_inside(project: Project, seed: Path) -> None:
    if (end := Ground.of(project.root).way_out(seed)) is not None:
        raise ProjectError(
            f"{seed.name} is a link that leads out of the project, to {end}",
            remedy="put the file itself where backends.embedded.seed names it",
        )


def _sow(path: Path, seed: Path) -> None:
    snapshot = snapshot_file.read_snapshot(seed)
    try:
        sow(path, [Seed(*one) for one in embedded.seeds(snapshot)])
    except EmulatorError as error:
        # left behind, it would be taken for a Connect on which every form is blank
        path.unlink(missing_ok=True)
        raise ProjectError(
            f"the embedded Connect cannot begin with {seed.name}: {error}",
            remedy="fix that file, which backends.embedded.seed names",
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"cannot make {error.filename}: {error.strerror}"
    return str(error)


def _is_of_the_disk(error: BaseException) -> bool:
    """Say whether the place is at fault, not what the file holds."""
    cause = error.__cause__ if isinstance(error, EmulatorError) else error
    if isinstance(cause, sqlite3.Error):
        return is_no_place(str(cause))
    return isinstance(cause, OSError)
