"""``connectsync drift``: what changed since the last apply, and who changed it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer

from connectsync.apply.state.queries import StateReader
from connectsync.cli.backends import connect_of
from connectsync.cli.commands import quote_word
from connectsync.cli.fleets import FleetScope
from connectsync.cli.formats import insist_free, show_drift
from connectsync.cli.options import (
    DriftFormat,
    choose_shard,
    option_notify,
    option_output,
    option_shard,
    paths_argument,
    where_option,
)
from connectsync.cli.plan_source import DriftFound, look, open_state
from connectsync.cli.session import Session, wait_for
from connectsync.cli.terminal import ExitStatus
from connectsync.config.discovery import below, relative
from connectsync.config.fleet import Fleet
from connectsync.config.project import Project
from connectsync.domain.drift import (
    AdoptedDistrict,
    AdoptionResult,
    DistrictDrift,
    MovedBy,
)
from connectsync.domain.finding import Severity
from connectsync.domain.wording import did_you_mean, many
from connectsync.errors import UsageError
from connectsync.operations.checking import options_of
from connectsync.operations.drift import (
    AdoptionBranch,
    AdoptionDraft,
    DriftedDistrict,
    draft_adoption,
    without_adopted,
    write_adopted,
)
from connectsync.operations.git import Git
from connectsync.report.reporter import DriftToReport, formats_told
from connectsync.report.show_text import adoption_text
from connectsync.values import replace


def drift(
    context: typer.Context,
    paths: paths_argument = None,
    format_: Annotated[
        DriftFormat,
        typer.Option("--format", help=f"Output format: {formats_told('drift')}."),
    ] = DriftFormat("text"),
    output: option_output = None,
    where: where_option = None,
    shard: option_shard = None,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt",
            help="Write what people changed on Connect to the files; changes made"
            " in the files stay.",
        ),
    ] = False,
    adopt_conflict: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DISTRICT:SETTING",
            help="With --adopt: keep Connect's value of this conflicting setting.",
        ),
    ] = None,
    branch: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="With --adopt: commit the adopted files to this new git branch; your"
            " files stay as they are, and nothing is pushed.",
        ),
    ] = None,
    notify: option_notify = False,
) -> int:
    """
    Compare files, Connect and the last apply, and show which side changed.

    With --adopt, files take over what people changed; Connect is never changed. With
    --branch too, a new git branch does, for a pull request.

    Exits with 1 if drift is left, if a scheduled return is more than a week late, or if
    a district could not be read.
    """
    from connectsync.cli.asked import chosen_by
    from connectsync.cli.fleets import load_planned_scope

    session: Session = context.obj
    if adopt_conflict and not adopt:
        raise UsageError("--adopt-conflict goes with --adopt")
    if branch is not None and not adopt:
        raise UsageError("--branch goes with --adopt")
    insist_free(session, output)
    share = choose_shard(shard, session.environment)
    scope = load_planned_scope(session, chosen_by(session, paths, where), share)
    if notify:
        from connectsync.cli.notify import insist_notifies

        insist_notifies(scope.project)
    into = None if branch is None else _new_branch(session, scope.project, branch)
    looked = wait_for(look(session, scope))
    found = looked.drift
    if adopt:
        aloud = format_ == "text" and output is None
        found = take_what_people_changed(
            session, looked, adopt_conflict or [], aloud=aloud, into=into
        )
    folder = relative(scope.project.districts_dir, scope.project.root)
    report = DriftToReport(found, folder, paths or [])
    show_drift(session.terminal, report, format_, output)
    if notify:
        _notify(session, scope, found)
    calm = all(
        one.standing in {"in step", "pending"} and not one.is_long_overdue
        for one in found
    )
    return ExitStatus.FINE if calm else ExitStatus.FINDINGS


def _notify(
    session: Session, scope: FleetScope, found: Sequence[DistrictDrift]
) -> None:
    """Tell people of what others changed, and of returns that are late."""
    from connectsync.cli.notify import People
    from connectsync.operations.notify import watch_drift

    people = People(session, scope.project, scope.districts)
    wait_for(people.tell(connect_of(session), (watch_drift(found),)))


WRITTEN = frozenset([AdoptionResult.MADE, AdoptionResult.CHANGED])


def show_findings(
    session: Session, project: Project, adopted: Sequence[AdoptedDistrict]
) -> int:
    """Show what the rules say of the files that were written; count the errors."""
    from connectsync.operations.validate import validate_fleet
    from connectsync.report.findings_text import render

    files = [one.file for one in adopted if one.adoption in WRITTEN]
    if not files:
        return 0
    asked = options_of(project, session.today())
    report = validate_fleet(session.fleet(project, files), asked)
    terminal = session.terminal
    # of many districts there are too many notes to find anything else among them
    grave = [one for one in report.findings if one.severity is not Severity.INFO]
    if grave:
        shown = replace(report, findings=tuple(grave))
        text = render(shown, colour=terminal.colour, width=terminal.width)
        terminal.show(f"\n{text}")
    if report.infos:
        notes = many(report.infos, "note")
        terminal.say(f"{notes}; `connectsync validate --show info` shows them")
    return report.errors


def take_what_people_changed(
    session: Session,
    found: DriftFound,
    conflicts: Sequence[str],
    *,
    aloud: bool,
    into: AdoptionBranch | None = None,
) -> tuple[DistrictDrift, ...]:
    """
    Let files take over what people changed, say what was taken, and give what is left.

    ``conflicts`` are spelled DISTRICT:SETTING. ``aloud`` says that what was taken is a
    result; else it is said aside. A branch that it goes ``into`` leaves the files, so
    all that drifted is left. Raises ``UsageError`` where a conflict is none.
    """
    agreed = _agreed(found.drift, conflicts)
    project = found.scope.project
    fleet = _around(session, found.scope)
    asked = options_of(project, session.today(), whole_fleet=True)
    with open_state(session, project) as store:
        busy = StateReader(store).unended(found.backend)
        drafts = draft_adoption(
            _drifted_districts(found, fleet), agreed, busy, fleet, asked
        )
        if into is not None:
            _say_branch(session, drafts, project, into, aloud=aloud)
            return found.drift
        note = partial(store.note, found.backend, mark=found.mark)
        remember = partial(note, at=session.now())
        adopted = tuple(write_adopted(drafts, project.root, remember))
    _say(session, found, adopted, aloud=aloud)
    left = {one.district: one for one in adopted}
    return tuple(
        without_adopted(one, left[one.district]) if one.district in left else one
        for one in found.drift
    )


def _new_branch(session: Session, project: Project, name: str) -> AdoptionBranch:
    """Begin a branch before anything is read. Raises ``UsageError``."""
    return AdoptionBranch.new(Git(project.root, session.environment), name)


def _say_branch(
    session: Session,
    drafts: Sequence[AdoptionDraft],
    project: Project,
    into: AdoptionBranch,
    *,
    aloud: bool,
) -> None:
    """Commit what is adopted to a branch, and say what comes next."""
    terminal = session.terminal
    show = terminal.show if aloud else terminal.say
    if not drafts:
        show("Nothing to take over: Connect was not changed by hand")
        return
    adopted, made = into.commit(drafts, project.root)
    colour = terminal.colour and aloud
    show(adoption_text(adopted, written=True, colour=colour, width=terminal.width))
    if not made:
        show(f"No branch {into.name} was made: there is nothing to commit")
        return
    count = many(sum(one.adoption in WRITTEN for one in adopted), "file")
    show(
        f"Branch {into.name}: commit {made[:12]}, with {count}; yours are as they were"
    )
    name = quote_word(into.name)
    terminal.say(
        f"next: `git push origin {name}`, and open a pull request; once it is merged,"
        " `connectsync drift` finds them in step"
    )


def _agreed(
    found: Sequence[DistrictDrift], conflicts: Sequence[str]
) -> dict[str, list[str]]:
    """Read the conflicts that were named, each of which has to be one."""
    there = {
        f"{one.district}:{move.setting}": (one.district, move.setting)
        for one in found
        for move in one.movements
        if move.who is MovedBy.BOTH
    }
    agreed: dict[str, list[str]] = {}
    for named in conflicts:
        if named not in there:
            raise UsageError(
                f"--adopt-conflict {named!r}: there is no conflict on that setting",
                remedy=did_you_mean(named, there)
                or f"conflicts, as DISTRICT:SETTING: {', '.join(there) or '(none)'}",
            )
        district, setting = there[named]
        agreed.setdefault(district, []).append(setting)
    return agreed


def _around(session: Session, scope: FleetScope) -> Fleet:
    """Load the whole fleet, for a file has to fit the others as well."""
    project = scope.project
    named = {project.root / want.file for want in scope.wanted}
    files = sorted({*below(project.districts_dir), *named})
    return session.load(project, files)


def _drifted_districts(found: DriftFound, fleet: Fleet) -> tuple[DriftedDistrict, ...]:
    loaded = {one.file: one for one in fleet.districts}
    return tuple(
        DriftedDistrict(
            loaded[one.drift.file],
            one.live,
            one.drift,
            is_recent=one.drift.district in found.recent,
        )
        for one in found.looked
        if one.live is not None
        and any(move.who is not MovedBy.US for move in one.drift.movements)
    )


def _say(
    session: Session,
    found: DriftFound,
    adopted: Sequence[AdoptedDistrict],
    *,
    aloud: bool,
) -> None:
    terminal = session.terminal
    show = terminal.show if aloud else terminal.say
    if not adopted:
        show("Nothing to take over: Connect was not changed by hand")
    else:
        colour = terminal.colour and aloud
        show(adoption_text(adopted, written=True, colour=colour, width=terminal.width))
    if aloud:
        show_findings(session, found.scope.project, adopted)
        show("")
