"""``connectsync approve``: approve a plan file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connectsync.apply.state.queries import StateReader
from connectsync.cli.commands import quote_word
from connectsync.cli.fleets import FleetScope, any_scope
from connectsync.cli.machine import ci_job
from connectsync.cli.plan_source import open_state, plan_in, policy_now
from connectsync.cli.session import Session
from connectsync.cli.terminal import ExitStatus, Terminal
from connectsync.config.project import Project
from connectsync.domain.finding import acceptance
from connectsync.domain.live import ConnectKey, is_of_project, one_spelling
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.policy import split_shard
from connectsync.domain.run import Approvals, NameCheck
from connectsync.domain.wording import many
from connectsync.errors import ConnectsyncError, NotApproved, StalePlan
from connectsync.operations.approve import (
    applied_before,
    approver,
    check_name,
    has_approved,
    look_alike,
    needed_names,
    people_here,
    record_approval,
)
from connectsync.operations.baseline import Untold, untold
from connectsync.operations.commit import limits_before
from connectsync.operations.gate import Gate, as_it_is, of_connect
from connectsync.operations.git import Git
from connectsync.operations.plan import PlanContext
from connectsync.report.outcome_text import approval_text
from connectsync.report.plan_text import render_plan, render_summary
from connectsync.report.terminal import inert

GIT = "git here"
"""What is asked where no CI runs this."""


def approve(
    context: typer.Context,
    plan: Annotated[Path, typer.Argument(help="The plan file that you reviewed.")],
    name: Annotated[
        str,
        typer.Option("--as", metavar="NAME", help="Name of the person who approves."),
    ],
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Approve without asking first.")
    ] = False,
) -> int:
    """
    Approve a plan file, for a project that requires approvals.

    On a terminal the plan is shown and the yes is asked for. It is kept with the plan's
    digest: it is worth nothing for any other plan. The name is held against who began
    the job of a CI, or elsewhere against git's user.name and user.email; what they say
    is kept, and where they name another person, or no one, the name is unchecked. None
    of this is proof: anyone who may write to the state store can approve.
    """
    session: Session = context.obj
    return ExitStatus(approve_file(session, plan, name, asks=not yes))


def approve_file(
    session: Session, path: Path, given: str, *, asks: bool = True
) -> ExitStatus:
    """
    Approve the plan in a file; on a terminal it is shown before, if it ``asks``.

    Connect is not asked: whether a plan is stale is judged when it is applied.
    Raises ``DamagedPlan``, ``StalePlan`` where it was applied already or is of another
    Connect, ``UsageError`` for a name that is none, and ``NotApproved`` for a no.
    """
    name, plan = approver(given), plan_in(path)
    session.terminal.place.plan = str(path)
    project, terminal, digest = session.project(), session.terminal, plan_digest(plan)
    plan = _of_stated_connect(session, project, plan)
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
            policy=policy_now(session, project),
            baselines=archive.baselines(plan.backend),
            recent=archive.recent(plan.backend, now),
            before=limits_before(project, plan.since, session.environment, now),
        )
        begun = archive.last_run(digest, plan.backend) is not None
        Gate(context, scope.districts, archive).insist_honest(plan)
        left_out = _left_out(session, scope, plan)
        shown = as_it_is(left_out.added_to(plan), scope.districts, context, begun=begun)
        again = has_approved(archive, digest, name)
    check = _checked(session, project, name)
    if asks and terminal.watched and not again:
        # the store is not held while a person reads
        _insist_yes(terminal, shown, digest, name)
    with open_state(session, project) as store:
        archive = StateReader(store)
        if done := applied_before(archive, plan):
            raise StalePlan(done)
        doubt = look_alike(name, archive.approvals(digest))
        said = record_approval(store, digest, name, at=now, check=check)
    colour, width = terminal.colour, terminal.width
    _tell_doubts(terminal, plan, left_out, doubt)
    terminal.show(render_summary(shown, digest, colour=colour, width=width))
    _tell_approvals(terminal, said, project)
    terminal.say(_next_step(path, shown, project, len(said.names)))
    return ExitStatus.FINE


def _checked(session: Session, project: Project, name: str) -> NameCheck:
    """Check a name; another one is told."""
    check = _check(session, project, name)
    if check.named:
        session.terminal.complain(
            f"warning: {inert(check.by)} names {inert(check.named)!r}, not"
            f" {inert(name)!r}"
        )
    return check


def _check(session: Session, project: Project, name: str) -> NameCheck:
    """Hold a name against who began this job of a CI; elsewhere against git's."""
    job = ci_job(session.environment)
    if job.ci:
        # in a job git's name is that of the job, whoever began it
        return check_name(name, job.ci, job.names)
    return check_name(name, GIT, people_here(Git(project.root, session.environment)))


def _left_out(session: Session, scope: FleetScope, plan: Plan) -> Untold:
    """Give what the change of a plan does, and the plan does not say."""
    if plan.since is None:
        return Untold()
    (named, shard), wanted = split_shard(plan.scope), scope.wanted
    if named:
        try:
            files = frozenset(session.fleet(scope.project, named).files)
        except ConnectsyncError:
            # what was named is not there: nothing can be told of it
            return Untold()
        wanted = tuple(one for one in wanted if one.file in files)
    wanted = tuple(one for one in wanted if shard.holds(one.district.key))
    return untold(scope.project, plan, wanted, session.environment, session.now())


def _tell_approvals(terminal: Terminal, said: Approvals, project: Project) -> None:
    asked, colour, width = project.policy.approval, terminal.colour, terminal.width
    terminal.show(approval_text(said, asked, colour=colour, width=width))


def _next_step(path: Path, plan: Plan, project: Project, approved: int) -> str:
    missing = needed_names(plan, project.policy) - approved
    if missing > 0:
        return f"next: {many(missing, 'more person', 'more people')} to approve"
    command = f"connectsync apply {quote_word(str(path))} {acceptance(plan.guards)}"
    return f"next: `{command.strip()}`"


def _tell_doubts(
    terminal: Terminal, plan: Plan, left_out: Untold, doubt: str | None
) -> None:
    if doubt:
        terminal.complain(f"warning: {inert(doubt)}")
    told = (f"rules-loosened: {one}" for one in plan.loosened)
    for one in (*told, *left_out.lines()):
        terminal.complain(f"warning: {inert(one)}")


def _of_stated_connect(session: Session, project: Project, plan: Plan) -> Plan:
    """
    Give a plan with the key that `apply` knows its Connect by, however it is spelled.

    By another one nothing would be known of its districts, so that no guard that goes
    by what was applied would be shown. Raises ``StalePlan``.
    """
    kind, _, page = (session.backend or project.backend).partition(":")
    stated = [f"{kind} {page}"] if page else []
    stated += [f"gateway {project.gateway.url}"] if project.gateway else []
    stated += [f"browser {project.browser.url}"] if project.browser else []
    known, spelled = frozenset(map(one_spelling, stated)), one_spelling(plan.backend)
    if spelled in known or is_of_project(spelled):
        return of_connect(
            plan, ConnectKey(project.connect or spelled, frozenset([spelled]))
        )
    return of_connect(plan, ConnectKey(project.connect or kind, known))


def _insist_yes(terminal: Terminal, plan: Plan, digest: str, name: str) -> None:
    """Show the whole plan to who looks at it, and ask; in a job no one answers."""
    width, colour = terminal.width, terminal.colour
    terminal.page(
        render_plan(plan, colour=colour, width=width, whole=True, digest=digest)
    )
    answer = terminal.ask(
        f"Approve this plan as {inert(name)}? Type `yes` to continue:"
    )
    if answer not in {None, "yes"}:
        raise NotApproved("you did not confirm, so nothing was approved", remedy="")
