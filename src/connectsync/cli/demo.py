"""``connectsync demo``: the whole way once, on a stand-in that is thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from connectsync.cli.options import parse_accepted
from connectsync.cli.session import Session, wait_for
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

    said = RunArguments(ApplyOptions(accepted=accepted), yes=True, on_trial=True)
    return await apply_paths(session, [path], said)


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
