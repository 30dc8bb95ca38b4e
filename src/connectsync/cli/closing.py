"""What ``connectsync runs close`` does: end a run, and say what it leaves."""

from __future__ import annotations

from connectsync.apply.state.queries import StateReader
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.session import Session
from connectsync.cli.state import open_state
from connectsync.domain.visible import said
from connectsync.errors import UsageError
from connectsync.operations.accepting import LONGEST_REASON
from connectsync.report.runs_text import closed_text


def close_run(session: Session, run: int, reason: str) -> ExitStatus:
    """Close a run. Raises ``UnknownRun``, ``RunInHand``, ``UsageError``."""
    why = said(reason)
    if not 0 < len(why) <= LONGEST_REASON:
        raise UsageError(
            f"--reason needs from 1 to {LONGEST_REASON} characters",
            remedy="say in a sentence why the run is abandoned",
        )
    terminal = session.terminal
    with open_state(session, session.project()) as store:
        if not StateReader(store).run(run).left:
            terminal.say(f"nothing of run {run} is left")
            return ExitStatus.FINE
        left = store.close(run, why, at=session.now())
    terminal.show(closed_text(run, left))
    return ExitStatus.FINE
