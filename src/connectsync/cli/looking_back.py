"""What ``connectsync runs`` does: look into the state store, and report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connectsync.apply.state.queries import StateReader
from connectsync.cli.backends import is_by_hand
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.session import Session
from connectsync.cli.state import open_state
from connectsync.operations.run_diff import diff_of
from connectsync.operations.run_history import audited, history_of
from connectsync.report.audit_text import audit_text
from connectsync.report.run_diff_text import run_diff_text
from connectsync.report.run_text import run_text
from connectsync.report.runs_json import (
    audit_json,
    run_diff_json,
    run_json,
    runs_json,
)
from connectsync.report.runs_text import newest_unended, runs_text


@contextmanager
def _archive(session: Session) -> Iterator[StateReader]:
    with open_state(session, session.project()) as store:
        yield StateReader(store)


def _stand_on(session: Session, backend: str) -> bool:
    """Stand on the backend of a run; say whether a person saves there."""
    project = session.project()
    session.stand_on(project, backend)
    return is_by_hand(session, project)


def list_runs(session: Session, limit: int, *, as_json: bool) -> ExitStatus:
    """List the newest runs. Raises ``StateError``."""
    with _archive(session) as archive:
        found = archive.newest(limit)
    terminal = session.terminal
    if as_json:
        terminal.deliver(runs_json(found), None)
    else:
        by_hand = False
        if (unended := newest_unended(found)) is not None:
            by_hand = _stand_on(session, unended.head.backend)
        text = runs_text(
            found, colour=terminal.colour, width=terminal.width, by_hand=by_hand
        )
        terminal.show(text)
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
        by_hand = _stand_on(session, history.run.backend)
        text = run_text(
            history, colour=terminal.colour, width=terminal.width, by_hand=by_hand
        )
        terminal.show(text)
    return ExitStatus.FINE


def diff_runs(session: Session, run_a: int, run_b: int, *, as_json: bool) -> ExitStatus:
    """Compare two runs. Raises ``UnknownRun``, and ``UsageError`` where none can be."""
    with _archive(session) as archive:
        diff = diff_of(archive, run_a, run_b)
    terminal = session.terminal
    if as_json:
        terminal.deliver(run_diff_json(diff), None)
    else:
        terminal.show(run_diff_text(diff, colour=terminal.colour, width=terminal.width))
    return ExitStatus.FINE


def verify_log(session: Session, noted: str | None, *, as_json: bool) -> ExitStatus:
    """Verify the audit log. Raises ``UsageError`` for what cannot be a head."""
    with _archive(session) as archive:
        found = audited(archive, noted)
    terminal = session.terminal
    if as_json:
        terminal.deliver(audit_json(found), None)
    else:
        terminal.show(audit_text(found, colour=terminal.colour, width=terminal.width))
    return ExitStatus.FINDINGS if found.problems else ExitStatus.FINE
