"""Districts for planning: only from files without errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from connectsync.cli.commands import quote_word
from connectsync.cli.machine import is_unattended
from connectsync.cli.session import Session
from connectsync.cli.terminal import say_share
from connectsync.config.decode import Ground
from connectsync.config.discovery import PROJECT_FILE, names_below
from connectsync.config.fleet import ChosenFiles, choose_files, rivals
from connectsync.config.policy_check import check_policy
from connectsync.config.project import Project
from connectsync.config.source import spell_control_characters
from connectsync.domain.district import District
from connectsync.domain.finding import Finding, Severity, ValidationReport
from connectsync.domain.policy import ALL, Shard, split_shard
from connectsync.errors import DamagedPlan, InvalidFiles, NothingMatched, UsageError
from connectsync.operations.checking import CheckedFleet, options_of
from connectsync.operations.comparison import insist_checked_out
from connectsync.operations.plan import PlannedDistrict
from connectsync.operations.validate import (
    begin_whole,
    is_whole,
    report_on,
    share_of_report,
    validate_fleet,
)
from connectsync.report.terminal import inert
from connectsync.rules.catalogue import FLEET_RULES
from connectsync.values import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class FleetScope:
    """
    What the command line named, and the whole fleet around it.

    ``arguments`` are spelled as a plan keeps them, the shard last; ``wanted`` are the
    districts that fall into the shard. ``findings`` are what is known of their files;
    none of them is an error where the scope is planned.
    """

    project: Project
    arguments: tuple[str, ...]
    wanted: tuple[PlannedDistrict, ...]
    fleet_size: int
    findings: ValidationReport = field(default_factory=lambda: ValidationReport(0))

    @property
    def districts(self) -> tuple[District, ...]:
        """The districts in scope."""
        return tuple(want.district for want in self.wanted)


def insist_as_reviewed(
    session: Session, project: Project, *, committed: bool = False
) -> None:
    """
    Insist that files say what git says of them, for commands that save or accept.

    What a person edits here stands, unless only what is ``committed`` may be read.
    Raises ``InvalidFiles``, and ``UsageError`` where git cannot be asked.
    """
    environment = session.environment
    insist_checked_out(project.root, environment, whole=True, committed=committed)
    session.shared["as reviewed"] = True


def load_planned_scope(
    session: Session,
    arguments: Sequence[str],
    shard: Shard = ALL,
    project: Project | None = None,
) -> FleetScope:
    """
    Load what the arguments name, for planning the share of it that a shard holds.

    Raises ``InvalidFiles`` if any file in scope has an error, whichever shard holds
    it: a plan from half of what people wrote would be another plan.
    """
    return begin_scope(session, arguments, shard, project, here=True)()


def begin_scope(
    session: Session,
    arguments: Sequence[str],
    shard: Shard = ALL,
    project: Project | None = None,
    *,
    here: bool = False,
) -> Callable[[], FleetScope]:
    """
    Begin to load as above, in other processes; give what gives the scope.

    So a command can import meanwhile what it needs to go on.
    """
    project = project or session.project()
    named = session.named(project, arguments)
    if split_shard(named)[1] != ALL:
        raise UsageError(
            f"{named[-1]!r} is no file",
            remedy=f"give --shard {split_shard(named)[1]} for that share of them",
        )
    return _scope(session, project, named, shard, aloud=True, here=here)


def load_alone(session: Session, project: Project, named: str) -> District:
    """
    Load one district file by itself, wherever it lies, on the project's profiles.

    A copy to be tried describes a district that another file describes as well, and is
    not called after it. Raises ``UsageError`` for what means several, and
    ``InvalidFiles`` for one with errors.
    """
    files = session.files(project, session.named(project, [named]))
    chosen = _choose(session, project, files)
    if len(chosen.paths) != 1:
        raise UsageError(
            f"{inert(named)!r} means {len(chosen.paths)} districts, and one is taken",
            remedy="name one district file",
        )
    asked = options_of(project, session.today())
    asked = replace(asked, ignore=frozenset(["file-named-otherwise"]))
    fleet = begin_whole(chosen, asked, every_profile=False, here=True)()
    remedy = f"`connectsync validate {quote_word(inert(named))}` says what to correct"
    _refuse(report_on(fleet, asked).findings, remedy)
    district: District = fleet.districts[0].district
    return district


def load_named_scope(
    session: Session, project: Project, named: tuple[str, ...]
) -> FleetScope:
    """
    Load what arguments spelled from the project's folder name, such as a plan's.

    Raises ``InvalidFiles`` as `planned_scope` does.
    """
    arguments, shard = split_shard(named)
    _insist_inside(project, arguments)
    return _scope(session, project, arguments, shard)()


def _insist_inside(project: Project, named: Sequence[str]) -> None:
    """Refuse a scope that names files elsewhere: a plan is not the operator."""
    ground = Ground.of(project.root)
    for one in named:
        if "\0" not in one and not ground.holds(project.root / one):
            raise DamagedPlan(
                f"the plan is of files outside the project: {inert(one[:200])}",
                remedy="name the districts: `connectsync apply PATH`",
            )


def any_scope(
    session: Session, named: tuple[str, ...], *, saves: bool = True
) -> FleetScope:
    """
    Load every district that can be read, whatever is wrong with the others.

    For what must work while files of others are broken: continuing a run, undoing one.
    ``findings`` may hold errors, for `insist_files` to judge.
    """
    project = session.project()
    if saves:
        insist_as_reviewed(session, project)
    try:
        fleet = session.fleet(project, ())
    except NothingMatched:
        return FleetScope(project, named, (), 0)
    wanted = tuple(PlannedDistrict(one.district, one.file) for one in fleet.districts)
    asked = options_of(project, session.today(), whole_fleet=True)
    findings = validate_fleet(fleet, asked)
    return FleetScope(project, named, wanted, session.count(project), findings)


def _scope(
    session: Session,
    project: Project,
    named: tuple[str, ...],
    shard: Shard,
    *,
    aloud: bool = False,
    here: bool = True,
) -> Callable[[], FleetScope]:
    environment = session.environment
    if "as reviewed" not in session.shared:
        insist_checked_out(project.root, environment, whole=is_unattended(environment))
    files = session.files(project, named) if named else session.every_file(project)
    chosen = _choose(session, project, files)
    whole = not named or is_whole(chosen.paths, project.root, project.districts_dir)
    asked = options_of(project, session.today(), whole_fleet=whole)
    check = begin_whole(chosen, asked, every_profile=not named, here=here)

    def finish() -> FleetScope:
        fleet = check()
        if project.policy.names_districts(whole=whole):
            today = session.today()
            found = check_policy(project, fleet, whole=whole, today=today)
            fleet = fleet.with_findings(found)
        findings = report_on(fleet, asked)
        _refuse(findings.findings)
        # without a name every file was read, and none of them has an error
        names = tuple(names_below(project.districts_dir)) if named else ()
        if not whole:
            _insist_alone(session, project, fleet, names)
        wanted = tuple(
            PlannedDistrict(one.district, one.file)
            for one in fleet.districts
            if shard == ALL or shard.holds(one.member.key)
        )
        if aloud:
            say_share(session.terminal, shard, len(wanted), len(fleet.districts))
        return FleetScope(
            project=project,
            arguments=(*named, *shard.entries),
            wanted=wanted,
            fleet_size=len(names) if named else len(fleet.districts),
            findings=share_of_report(findings, fleet, shard),
        )

    return finish


def _choose(
    session: Session, project: Project, files: Sequence[Path | str]
) -> ChosenFiles:
    """Choose these files to read, as the project reads them today."""
    return choose_files(
        project.root,
        files,
        districts_dir=project.districts_dir,
        recorded=project.options,
        at=session.moment(project),
    )


def _insist_alone(
    session: Session, project: Project, fleet: CheckedFleet, names: Sequence[str]
) -> None:
    """Refuse a district that another file describes as well, in the scope or not."""
    scope = [project.root / one.file for one in fleet.districts]
    districts = [one.district for one in fleet.districts]
    others = rivals(
        districts,
        scope,
        names,
        Ground.around(project.districts_dir, PROJECT_FILE),
    )
    select = frozenset(rule.name for rule in FLEET_RULES)
    asked = options_of(project, session.today(), whole_fleet=True)
    asked = replace(asked, select=select)
    both = fleet
    if others:
        chosen = _choose(session, project, [*scope, *others])
        both = begin_whole(chosen, asked, every_profile=False, here=True)()
    inside = frozenset(fleet.files)
    found = report_on(both, asked).findings
    _refuse([one for one in found if one.place.file in inside])


def _refuse(findings: Sequence[Finding], remedy: str | None = None) -> None:
    errors = [one for one in findings if one.severity is Severity.ERROR]
    if errors:
        place = errors[0].place
        left = sum(one.stands_for for one in errors) - 1
        more = f", and {left:,} more" if left else ""
        where = f"{spell_control_characters(place.file)}:{place.line}:{place.column}"
        raise InvalidFiles(
            "these files have errors, so the command stopped:"
            f" {where}: {spell_control_characters(errors[0].message)}{more}",
            remedy=remedy,
        )
