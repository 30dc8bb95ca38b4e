"""Taking a run back: planned from the journal, then applied or written to a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from connectsync.apply.state.queries import StateReader
from connectsync.cli.applying import shown_and_applied
from connectsync.cli.backends import open_reader
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.fleets import any_scope
from connectsync.cli.going import Going, Said
from connectsync.cli.session import Session
from connectsync.cli.state import circumstances, open_state
from connectsync.cli.suggested import quoted
from connectsync.cli.terminal import STDOUT
from connectsync.domain.plan_file import plan_text
from connectsync.operations.gate import insist_files
from connectsync.operations.planning import guarded
from connectsync.operations.rolling_back import Over, Rollback, saved_later, undone
from connectsync.report.plan_text import render_plan
from connectsync.report.style import inert


async def roll_back(
    session: Session,
    run: int,
    only: tuple[str, ...],
    over: Over,
    said: Said,
    out: Path | None,
) -> ExitStatus:
    """
    Plan the way back from a run; write the plan, or show it and apply it.

    Raises ``UnknownRun``, ``RollbackRefused`` if it would undo what was saved since,
    and ``Refused``.
    """
    project, scope = session.project(), any_scope(session, ())
    with open_state(session, project) as store:
        archive = StateReader(store)
        plan, _ = archive.plan(run)
        newest = archive.newest(1).lines[0].head.number
        changed = undone(archive.journal(run))
        async with open_reader(session, project, scope.districts) as reader:
            given = circumstances(session, scope, store, reader)
            # the run's, not the plan's: the state may know that Connect by a name now
            plan = replace(plan, backend=archive.run(run).backend)
            saves = archive.confirmed(plan.backend, (run, newest))
            later = saved_later(saves, run)
            way = Rollback(run, plan, changed, only, over, later)
            back = guarded(await way.planned(reader, given), scope.districts, given)
            if not said.ignore_files:
                insist_files(back, scope.wanted, scope.findings.findings)
            if out is None:
                going = Going(session, scope, said, reader, store, given)
                return await shown_and_applied(going, back)
    terminal = session.terminal
    terminal.show(render_plan(back, colour=terminal.colour, width=terminal.width))
    terminal.deliver(plan_text(back), out)
    if out != STDOUT:
        next_ = f"`connectsync apply {quoted(str(out))}`"
        terminal.say(inert(f"wrote {out}; next: {next_}"))
    return ExitStatus.FINDINGS if back.failed else ExitStatus.FINE
