"""``connectsync demo``: the whole way once, on a stand-in that is thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from connectsync.cli.options import parse_accepted
from connectsync.cli.session import Session, wait_for
from connectsync.domain.plan import DistrictPlan
from connectsync.errors import UsageError
from connectsync.files.access import remove_state, state_folder
from connectsync.values import replace


def demo(
    context: typer.Context,
    district: Annotated[
        str,
        typer.Argument(
            help="File of a district (default: the first with something to apply).",
            show_default=False,
        ),
    ] = "",
    browser: Annotated[
        bool,
        typer.Option("--browser", help="Click through the page in a real browser."),
    ] = False,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=COUNT", help="Accept a guard's objection by number."
        ),
    ] = None,
) -> int:
    """
    Plan and apply one district of this project on a stand-in, to see how it goes.

    The stand-in is new each time, from the project's seed; nothing leaves this machine.
    With --browser the settings are saved on its page, and pictures of it are kept.
    """
    import asyncio

    given: Session = context.obj
    home = given.state(given.project())
    # a failure is told where the folder is used
    with suppress(OSError):
        state_folder(home)
    state = home / "demo"
    remove_state(state)
    session = replace(given, state_dir=state, backend="embedded", on_trial=True)
    counts = parse_accepted(accept or [])
    run = _through_the_page if browser else _apply
    return asyncio.run(run(session, district or _first(session), counts))


async def _apply(session: Session, path: str, accepted: Mapping[str, int]) -> int:
    from connectsync.cli.apply import apply_paths
    from connectsync.cli.runner import RunArguments
    from connectsync.operations.gate import ApplyOptions

    count = partial(_count_made_up, session)
    options = ApplyOptions(accepted=accepted)
    said = RunArguments(options, yes=True, on_trial=True, count=count)
    return await apply_paths(session, [path], said)


async def _count_made_up(
    session: Session, planned: tuple[DistrictPlan, ...]
) -> tuple[DistrictPlan, ...]:
    """Count whom plans reach on made-up rosters, which a stand-in for Clever gives."""
    try:
        return tuple(
            [
                await _count_one(session, one) if one.counted() else one
                for one in planned
            ]
        )
    except UsageError:
        # what counts is an extra, and the rest of the way goes without it
        return planned


async def _count_one(session: Session, planned: DistrictPlan) -> DistrictPlan:
    import httpx2

    from connectsync.domain.roster_words import NO_WORDS_STATED
    from connectsync.emulator.clever import VERSION, made_up_clever, made_up_token
    from connectsync.operations.roster_check import count_plan
    from connectsync.roster.clever import CleverRoster, usual_patience
    from connectsync.roster.clever_users import CleverPeople
    from connectsync.roster.tables import open_tables
    from connectsync.web.http import client

    key = planned.district
    url = f"http://clever.invalid{VERSION}"
    clever = httpx2.ASGITransport(made_up_clever([(key, key, planned.name)]).app())
    async with client(clever, base_url=url) as asking:
        with open_tables() as tables:
            tables.shown = False
            tables.expect({})
            people = CleverPeople(CleverRoster(asking, url, usual_patience()))
            await people.read(made_up_token(key), "", tables.take_page)
            tables.settle()
            impact = count_plan(
                planned,
                tables,
                source="made up, from a stand-in for Clever",
                read_at=session.now(),
                gaps=frozenset(),
                dictionary=NO_WORDS_STATED,
            )
    return replace(planned, impact=impact)


async def _through_the_page(
    session: Session, path: str, accepted: Mapping[str, int]
) -> int:
    from connectsync.cli.backend_setup import insist_playwright, website
    from connectsync.cli.emulator import serve_districts
    from connectsync.emulator.users import DEMO_EMAIL, DEMO_PASSWORD

    insist_playwright()
    from connectsync.backends.browser.session import sign_in

    project = session.project()
    async with serve_districts(session, project) as address:
        session.terminal.say(f"Connect (a stand-in) is on {address}")
        await sign_in(website(session, project, address), DEMO_EMAIL, DEMO_PASSWORD)
        through = replace(session, backend=f"browser:{address}")
        status = await _apply(through, path, accepted)
    _show_pictures(session, session.state(project))
    return status


def _show_pictures(session: Session, state: Path) -> None:
    for picture in sorted((state / "evidence").glob("*/*-after-*.png")):
        session.terminal.show(f"the page after Save: {picture}")


def _first(session: Session) -> str:
    """Find the first district that has something to apply, and no guard against it."""
    from connectsync.cli.plan_source import plan_now
    from connectsync.domain.finding import needed

    plan = wait_for(plan_now(session, [])).plan
    guarded = {guard.district for guard in plan.guards if needed([guard])}
    for planned in plan.districts:
        if planned.district not in guarded:
            return str(session.project().root / planned.file)
    raise UsageError(
        "no district has something to apply that no guard counts",
        remedy="name the file of a district, and --accept what the guards count",
    )
