"""Districts for planning: only from files without errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectsync.cli.session import Session
from connectsync.config.fleet import Fleet, load_fleet
from connectsync.config.project import Project
from connectsync.config.rivals import rivals
from connectsync.domain.district import District
from connectsync.domain.finding import Finding, Severity
from connectsync.errors import InvalidFiles
from connectsync.operations.planning import Wanted
from connectsync.operations.validating import Asked, validate_fleet
from connectsync.rules.catalogue import FLEET_RULES


@dataclass(frozen=True, slots=True)
class Scope:
    """What the command line named, and the whole fleet around it."""

    project: Project
    arguments: tuple[str, ...]
    wanted: tuple[Wanted, ...]
    fleet_size: int

    @property
    def districts(self) -> tuple[District, ...]:
        """The districts in scope."""
        return tuple(want.district for want in self.wanted)


def planned_scope(session: Session, arguments: Sequence[str]) -> Scope:
    """
    Load what the arguments name, for planning.

    Raises ``InvalidFiles`` if any file in scope has an error: a plan from half of
    what people wrote would be another plan.
    """
    project = session.project()
    return named_scope(session, project, session.named(project, arguments))


def named_scope(session: Session, project: Project, named: tuple[str, ...]) -> Scope:
    """
    Load what arguments spelled from the project's folder name, such as a plan's.

    Raises ``InvalidFiles`` as `planned_scope` does.
    """
    fleet = session.fleet(project, named)
    _insist_valid(session, project, fleet)
    if named:
        _insist_alone(session, project, fleet)
    return Scope(
        project=project,
        arguments=named,
        wanted=tuple(Wanted(one.district, one.file) for one in fleet.districts),
        fleet_size=session.count(project),
    )


def _insist_valid(session: Session, project: Project, fleet: Fleet) -> None:
    asked = Asked(today=session.today(), options=project.options, whole_fleet=True)
    _refuse(validate_fleet(fleet, asked).findings)


def _insist_alone(session: Session, project: Project, fleet: Fleet) -> None:
    """Refuse a district of the scope that a file outside it describes as well."""
    scope = [project.root / one.file for one in fleet.districts]
    districts = [one.district for one in fleet.districts]
    others = rivals(districts, scope, project.districts_dir)
    if not others:
        return
    both = load_fleet(
        project.root,
        [*scope, *others],
        districts_dir=project.districts_dir,
        every_profile=False,
    )
    select = frozenset(rule.name for rule in FLEET_RULES)
    asked = Asked(today=session.today(), select=select, whole_fleet=True)
    inside = frozenset(fleet.files)
    found = validate_fleet(both, asked).findings
    _refuse([one for one in found if one.place.file in inside])


def _refuse(findings: Sequence[Finding]) -> None:
    errors = [one for one in findings if one.severity is Severity.ERROR]
    if errors:
        place = errors[0].place
        more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
        raise InvalidFiles(
            "nothing is planned from files with errors:"
            f" {place.file}:{place.line}:{place.column}: {errors[0].message}{more}"
        )
