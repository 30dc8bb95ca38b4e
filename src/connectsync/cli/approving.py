"""What ``connectsync approve`` does: read the plan, sum it up, keep the yes."""

from __future__ import annotations

from pathlib import Path

from connectsync.apply.state.queries import StateReader
from connectsync.cli.exit_status import ExitStatus
from connectsync.cli.fleets import any_scope
from connectsync.cli.plan_files import plan_in
from connectsync.cli.session import Session
from connectsync.cli.state import open_state
from connectsync.domain.plan_file import plan_digest
from connectsync.operations.approving import approve, approver, as_it_is, look_alike
from connectsync.report.approval_text import approval_text
from connectsync.report.plan_text import render_summary
from connectsync.report.style import inert


def approve_file(session: Session, path: Path, given: str) -> ExitStatus:
    """
    Approve the plan in a file.

    Connect is not asked: whether a plan is stale is judged when it is applied.
    Raises ``DamagedPlan``, and ``UsageError`` for a name that is none.
    """
    name, plan = approver(given), plan_in(path)
    project, terminal, digest = session.project(), session.terminal, plan_digest(plan)
    with open_state(session, project) as store:
        archive = StateReader(store)
        districts = any_scope(session, ()).districts
        shown = as_it_is(plan, districts, archive.baselines(plan.backend))
        doubt = look_alike(name, archive.approvals(digest))
        said = approve(archive, digest, name, at=session.now())
    colour, width = terminal.colour, terminal.width
    if doubt:
        terminal.complain(f"warning: {inert(doubt)}")
    terminal.show(render_summary(shown, digest, colour=colour, width=width))
    asked = project.policy.approval
    terminal.show(approval_text(said, asked, colour=colour, width=width))
    return ExitStatus.FINE
