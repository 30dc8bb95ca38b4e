"""``connectsync approve``: approve a plan file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connectsync.apply.state.queries import StateReader
from connectsync.cli.fleets import any_scope
from connectsync.cli.plan_source import open_state, plan_in
from connectsync.cli.session import Session
from connectsync.cli.terminal import ExitStatus
from connectsync.domain.plan_file import plan_digest
from connectsync.errors import StalePlan
from connectsync.operations.approve import (
    applied_before,
    approver,
    look_alike,
    record_approval,
)
from connectsync.operations.changes import limits_before
from connectsync.operations.gate import as_it_is
from connectsync.operations.plan import PlanContext
from connectsync.report.outcome_text import approval_text
from connectsync.report.plan_text import render_summary
from connectsync.report.terminal import inert


def approve(
    context: typer.Context,
    plan: Annotated[Path, typer.Argument(help="The plan file that you reviewed.")],
    name: Annotated[
        str,
        typer.Option("--as", metavar="NAME", help="Name of the person who approves."),
    ],
) -> int:
    """
    Approve a plan file, for a project that requires approvals.

    The yes is kept with the plan's digest: it is worth nothing for any other plan. The
    name is not checked: anyone who may write to the state store can approve.
    """
    session: Session = context.obj
    return ExitStatus(approve_file(session, plan, name))


def approve_file(session: Session, path: Path, given: str) -> ExitStatus:
    """
    Approve the plan in a file.

    Connect is not asked: whether a plan is stale is judged when it is applied.
    Raises ``DamagedPlan``, ``StalePlan`` where it was applied already, and
    ``UsageError`` for a name that is none.
    """
    name, plan = approver(given), plan_in(path)
    session.terminal.place.plan = str(path)
    project, terminal, digest = session.project(), session.terminal, plan_digest(plan)
    with open_state(session, project) as store:
        archive = StateReader(store)
        if done := applied_before(archive, plan):
            raise StalePlan(done)
        scope, now = any_scope(session, ()), session.now()
        context = PlanContext(
            now=now,
            tool=plan.tool,
            scope=plan.scope,
            fleet=scope.fleet_size,
            policy=project.policy,
            baselines=archive.baselines(plan.backend),
            recent=archive.recent(plan.backend, now),
            before=limits_before(project, plan.since, session.environment)
            if plan.since
            else None,
        )
        begun = archive.last_run(digest, plan.backend) is not None
        shown = as_it_is(plan, scope.districts, context, begun=begun)
        doubt = look_alike(name, archive.approvals(digest))
        said = record_approval(store, digest, name, at=now)
    colour, width = terminal.colour, terminal.width
    if doubt:
        terminal.complain(f"warning: {inert(doubt)}")
    terminal.show(render_summary(shown, digest, colour=colour, width=width))
    asked = project.policy.approval
    terminal.show(approval_text(said, asked, colour=colour, width=width))
    return ExitStatus.FINE
