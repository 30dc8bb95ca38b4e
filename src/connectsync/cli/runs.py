"""``connectsync runs`` and ``history``: what was done, when, and who began it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from connectsync.apply.state.queries import StateReader
from connectsync.cli.backends import is_by_hand, stand_on
from connectsync.cli.options import TextOrJson, text_or_json_option
from connectsync.cli.plan_source import open_state
from connectsync.cli.session import Session
from connectsync.cli.terminal import ExitStatus
from connectsync.domain.run import DistrictHistory, RunHead, RunList
from connectsync.domain.settings import BY_NAME
from connectsync.domain.wording import did_you_mean, visible_line
from connectsync.errors import UsageError
from connectsync.operations.approve import LONGEST_REASON, insist_own_words
from connectsync.operations.runs import (
    audit_store,
    diff_of,
    district_history,
    history_of,
)
from connectsync.report.outcome_text import audit_text, history_text, run_diff_text
from connectsync.report.runs_json import (
    audit_json,
    history_csv,
    history_json,
    run_diff_json,
    run_json,
    runs_csv,
    runs_json,
)
from connectsync.report.runs_text import (
    closed_run_text,
    newest_unended,
    run_text,
    runs_text,
)
from connectsync.report.terminal import inert

LATELY = 20
"""Runs that are listed by default."""


TableFormat = StrEnum("TableFormat", ["TEXT", "JSON", "CSV"])
"""How a list is shown."""


option_table = Annotated[
    TableFormat, typer.Option("--format", help="Output format: text, json or csv.")
]
option_since = Annotated[
    str,
    typer.Option(
        "--since", metavar="DATE", help="Only from this date on, such as 2027-01-15."
    ),
]


def runs(
    context: typer.Context,
    format_: option_table = TableFormat.TEXT,
    limit: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many to list, newest first.")
    ] = LATELY,
    district: Annotated[
        str, typer.Option(metavar="KEY", help="Only runs that hold this district.")
    ] = "",
    since: option_since = "",
) -> int:
    """
    List runs, newest first; show one, compare two, verify the audit log.

    Connect is not read, and nothing is changed.
    """
    if context.invoked_subcommand is not None:
        _insist_bare(context.invoked_subcommand, format_, limit)
        return ExitStatus.FINE
    session: Session = context.obj
    with _archive(session) as archive:
        began = midnight(session, since)
        if district:
            _insist_saved(archive, district)
        found = archive.newest(limit, district or None, began)
    return list_runs(session, found, format_, narrowed=bool(district or since))


def history(
    context: typer.Context,
    district: Annotated[str, typer.Argument(help="The key of the district.")],
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SETTING]...", help="Only these (default: all)."),
    ] = None,
    since: option_since = "",
    format_: option_table = TableFormat.TEXT,
) -> int:
    """
    Show what became of a district's settings: when, in which run, and who began it.

    What others changed on Connect is told where a save found it. Connect is not read.
    """
    session: Session = context.obj
    for name in settings or ():
        _insist_setting(name)
    began = midnight(session, since)
    with _archive(session) as archive:
        _insist_saved(archive, district)
        found = district_history(archive, district, settings or (), began)
    show_history(session, found, format_)
    return ExitStatus.FINE


def _insist_saved(archive: StateReader, district: str) -> None:
    """Refuse a district that no run had in hand, unless there was no run yet."""
    known = archive.districts()
    if known and district not in known:
        raise UsageError(
            f"no run had a district {inert(district)!r} in hand",
            remedy=did_you_mean(district, known) or "`connectsync runs` lists all runs",
        )


def _insist_setting(name: str) -> None:
    if name not in BY_NAME:
        raise UsageError(
            f"there is no setting {inert(name)!r}",
            remedy=did_you_mean(name, BY_NAME)
            or "`connectsync show DISTRICT` lists the settings",
        )


def midnight(session: Session, date: str) -> datetime | None:
    """Give when a day begins here; None if none is named. Raises ``UsageError``."""
    if not date:
        return None
    try:
        day = datetime.fromisoformat(date)
    except ValueError as error:
        raise UsageError(
            f"--since needs a date, and {inert(date)!r} is none",
            remedy="write it as 2027-01-15",
        ) from error
    return day if day.tzinfo else day.replace(tzinfo=session.now().tzinfo)


def _insist_bare(command: str, format_: TableFormat, limit: int) -> None:
    """Refuse options of the list with a command that would not heed them."""
    if format_ is not TableFormat.TEXT:
        raise UsageError(
            f"--format belongs after `runs {command}`",
            remedy=f"see `connectsync runs {command} --help`",
        )
    if limit != LATELY:
        raise UsageError(f"--limit goes with the list, not with `runs {command}`")


def show(
    context: typer.Context,
    run: Annotated[int, typer.Argument(help="The number of the run.")],
    districts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DISTRICT]...", help="Only these (default: all)."),
    ] = None,
    format_: text_or_json_option = TextOrJson.TEXT,
) -> int:
    """Show a run: the result of each district and what each save changed."""
    session: Session = context.obj
    as_json = format_ is TextOrJson.JSON
    return show_run(session, run, tuple(districts or ()), as_json=as_json)


def diff(
    context: typer.Context,
    run_a: Annotated[int, typer.Argument(metavar="A", help="The number of a run.")],
    run_b: Annotated[
        int, typer.Argument(metavar="B", help="Number of the run to compare with.")
    ],
    format_: text_or_json_option = TextOrJson.TEXT,
) -> int:
    """
    Compare what two runs on one backend left behind, setting by setting.

    Of the districts that either saved: what a save of it changed, as the last confirmed
    save up to the one run says, and up to the other. People's own saves are not seen.
    """
    return diff_runs(context.obj, run_a, run_b, as_json=format_ is TextOrJson.JSON)


def close(
    context: typer.Context,
    run: Annotated[int, typer.Argument(help="The number of the run.")],
    reason: Annotated[
        str, typer.Option(metavar="REASON", help="Why this run is abandoned.")
    ],
) -> int:
    """
    Abandon an unfinished run; districts not applied yet stay as they are.

    The reason goes to the audit log. Connect is not read. Refused while a
    runner has a district of it, or while it is not known whether a save happened.
    """
    return close_run(context.obj, run, reason)


def verify(
    context: typer.Context,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="HASH",
            help="The head of the audit log as it was noted elsewhere: the log must"
            " still hold it.",
        ),
    ] = None,
    format_: text_or_json_option = TextOrJson.TEXT,
) -> int:
    """
    Check runs, journal, baselines and approvals against the audit log.

    Exits with 1 if any entry was edited, removed, inserted or reordered.
    """
    return verify_log(context.obj, head, as_json=format_ is TextOrJson.JSON)


@contextmanager
def _archive(session: Session) -> Iterator[StateReader]:
    with open_state(session, session.project()) as store:
        yield StateReader(store)


def _stand_on(session: Session, run: RunHead) -> bool:
    """Stand on the backend of a run; say whether a person saves there."""
    from connectsync.cli.manual import name_kept_plan

    project = session.project()
    stand_on(session, project, run.backend)
    name_kept_plan(session, project, run.plan)
    return is_by_hand(session, project)


def show_history(
    session: Session, found: DistrictHistory, format_: TableFormat
) -> None:
    """Show what became of a district."""
    terminal = session.terminal
    match format_:
        case TableFormat.JSON:
            terminal.deliver(history_json(found), None)
        case TableFormat.CSV:
            terminal.deliver(history_csv(found), None)
        case TableFormat.TEXT:
            colour, width = terminal.colour, terminal.width
            terminal.present(history_text(found, colour=colour, width=width), None)


def list_runs(
    session: Session, found: RunList, format_: TableFormat, *, narrowed: bool
) -> ExitStatus:
    """List runs; ``narrowed`` says that they are not all there are."""
    terminal = session.terminal
    if format_ is TableFormat.JSON:
        terminal.deliver(runs_json(found), None)
    elif format_ is TableFormat.CSV:
        terminal.deliver(runs_csv(found), None)
    elif narrowed and not found.lines:
        terminal.show("No such run: `connectsync runs` lists them all\n")
    else:
        by_hand = False
        if (unended := newest_unended(found)) is not None:
            by_hand = _stand_on(session, unended.head)
        text = runs_text(
            found, colour=terminal.colour, width=terminal.width, by_hand=by_hand
        )
        terminal.present(text, None)
    return ExitStatus.FINE


def show_run(
    session: Session, number: int, districts: tuple[str, ...], *, as_json: bool
) -> ExitStatus:
    """Show a run, or some of its districts. Raises ``UnknownRun``."""
    with _archive(session) as archive:
        history = history_of(archive, number, districts)
    terminal = session.terminal
    if as_json:
        terminal.deliver(run_json(history), None)
    else:
        by_hand = _stand_on(session, history.run)
        text = run_text(
            history, colour=terminal.colour, width=terminal.width, by_hand=by_hand
        )
        terminal.present(text, None)
    return ExitStatus.FINE


def diff_runs(session: Session, run_a: int, run_b: int, *, as_json: bool) -> ExitStatus:
    """Compare two runs. Raises ``UnknownRun``, and ``UsageError`` where none can be."""
    with _archive(session) as archive:
        diff = diff_of(archive, run_a, run_b)
    terminal = session.terminal
    if as_json:
        terminal.deliver(run_diff_json(diff), None)
    else:
        text = run_diff_text(diff, colour=terminal.colour, width=terminal.width)
        terminal.present(text, None)
    return ExitStatus.FINE


def verify_log(session: Session, noted: str | None, *, as_json: bool) -> ExitStatus:
    """Verify the audit log. Raises ``UsageError`` for what cannot be a head."""
    with _archive(session) as archive:
        found = audit_store(archive, noted)
    terminal = session.terminal
    if as_json:
        terminal.deliver(audit_json(found), None)
    else:
        terminal.show(audit_text(found, colour=terminal.colour, width=terminal.width))
    return ExitStatus.FINDINGS if found.problems else ExitStatus.FINE


def close_run(session: Session, run: int, reason: str) -> ExitStatus:
    """Close a run. Raises ``UnknownRun``, ``RunInHand``, ``UsageError``."""
    why = visible_line(reason)
    insist_own_words("--reason", why)
    if not 0 < len(why) <= LONGEST_REASON:
        raise UsageError(
            f"--reason needs from 1 to {LONGEST_REASON} characters",
            remedy="say in a sentence why the run is abandoned",
        )
    terminal = session.terminal
    with open_state(session, session.project()) as store:
        found = StateReader(store).run(run)
        stand_on(session, session.project(), found.backend)
        if not found.left:
            terminal.say(f"nothing of run {run} is left")
            return ExitStatus.FINE
        left = store.close(run, why, at=session.now())
    terminal.show(closed_run_text(run, left))
    return ExitStatus.FINE
