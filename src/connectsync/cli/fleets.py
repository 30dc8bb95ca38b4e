"""Districts for planning: only from files without errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectsync.cli.session import Session
from connectsync.config.fleet import Fleet
from connectsync.config.project import Project
from connectsync.domain.district import District
from connectsync.errors import InvalidFiles
from connectsync.operations.planning import Wanted
from connectsync.operations.validating import Asked, validate_fleet


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
    return Scope(
        project=project,
        arguments=named,
        wanted=tuple(Wanted(one.district, one.file) for one in fleet.districts),
        fleet_size=session.count(project),
    )


def _insist_valid(session: Session, project: Project, fleet: Fleet) -> None:
    asked = Asked(today=session.today(), options=project.options, whole_fleet=True)
    report = validate_fleet(fleet, asked)
    if report.errors:
        first = next(one for one in report.findings if one.severity.rank == 0)
        place = f"{first.place.file}:{first.place.line}:{first.place.column}"
        more = f", and {report.errors - 1} more" if report.errors > 1 else ""
        raise InvalidFiles(
            f"nothing is planned from files with errors: {place}: {first.message}{more}"
        )
