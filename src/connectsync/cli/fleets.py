"""Districts for planning: only from files without errors."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from connectsync.cli.options import say_share
from connectsync.cli.session import Session
from connectsync.config.decode import Ground
from connectsync.config.discovery import PROJECT_FILE, below
from connectsync.config.document import Document
from connectsync.config.fleet import Fleet, load_fleet, rivals
from connectsync.config.policy import waves_in
from connectsync.config.profiles import read_and_check
from connectsync.config.project import Project
from connectsync.config.source import error, quote_text, spell_control_characters
from connectsync.domain.district import District
from connectsync.domain.finding import (
    Finding,
    KeyPath,
    Severity,
    ValidationReport,
    order,
)
from connectsync.domain.policy import ALL, Shard, split_shard
from connectsync.domain.wording import did_you_mean
from connectsync.errors import InvalidFiles, NothingMatched, UsageError
from connectsync.operations.plan import PlannedDistrict
from connectsync.operations.validate import (
    ValidationOptions,
    share_of_report,
    validate_fleet,
)
from connectsync.rules.catalogue import FLEET_RULES


def check_waves(project: Project, fleet: Fleet, *, whole: bool) -> Fleet:
    """
    Add to a fleet's findings those of waves that name no district, and of freezes.

    A wave may name any district of the project, whatever was read of it. Labels are
    held against the fleet only where it is the ``whole`` one, without a file that
    could not be read.
    """
    policy = project.policy
    named = any(wave.districts or wave.labels for wave in policy.rollout.waves)
    if not (named or (whole and policy.freezes)):
        return fleet
    ground = Ground.of(project.root)
    path = project.root / PROJECT_FILE
    reading = read_and_check(path, PROJECT_FILE, "project", ground=ground)
    if reading.document is None:
        return fleet
    there = _KnownDistricts(
        districts=frozenset(path.stem for path in below(project.districts_dir)),
        labels=_labels(fleet) if whole and fleet.complete else None,
    )
    found = [*fleet.findings, *_nobody(reading.document, there)]
    found += _without_zone(reading.document) if whole else ()
    return replace(fleet, findings=tuple(sorted(found, key=order)))


@dataclass(frozen=True, slots=True)
class _KnownDistricts:
    """Every district's key, and every label; None where not all are known."""

    districts: frozenset[str]
    labels: frozenset[str] | None


def _labels(fleet: Fleet) -> frozenset[str]:
    return frozenset().union(*(one.district.labels for one in fleet.districts))


def _nobody(document: Document, there: _KnownDistricts) -> Iterator[Finding]:
    for position, wave in enumerate(waves_in(document)):
        place: KeyPath = ("rollout", "waves", position)
        who = f"the wave {quote_text(wave['name'])} names no district"
        for number, key in enumerate(wave.get("districts", ())):
            if key not in there.districts:
                said = f"{who}: no file describes the district {quote_text(key)}"
                path = (*place, "districts", number)
                yield _finding(document, path, said, _hint(key, there.districts))
        label = wave.get("label")
        if label is not None and there.labels is not None and label not in there.labels:
            said = f"{who}: no district has the label {quote_text(label)}"
            hint = _hint(label, there.labels)
            yield _finding(document, (*place, "label"), said, hint)


def _without_zone(document: Document) -> Iterator[Finding]:
    if "timezone" in document.data:
        return
    for position, freeze in enumerate(document.data.get("freezes", ())):
        if "timezone" not in freeze:
            path: KeyPath = ("freezes", position)
            yield Finding(
                "freeze-without-zone",
                Severity.WARNING,
                f"the freeze until {freeze['to']} names no time zone, so its days end"
                " at midnight UTC: in Chicago its last evening is open from 18:00 or"
                " 19:00 on",
                document.locate(path),
                path=path,
                hint="write `timezone: America/Chicago`, or your own zone, once at the"
                " top of the file",
            )


def _finding(document: Document, path: KeyPath, said: str, hint: str) -> Finding:
    place = document.locate(path)
    return error("wave-names-nobody", said, place, path=path, hint=hint)


def _hint(word: str, known: Collection[str]) -> str:
    return did_you_mean(word, known) or "correct the spelling, or remove it"


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


def load_planned_scope(
    session: Session, arguments: Sequence[str], shard: Shard = ALL
) -> FleetScope:
    """
    Load what the arguments name, for planning the share of it that a shard holds.

    Raises ``InvalidFiles`` if any file in scope has an error, whichever shard holds
    it: a plan from half of what people wrote would be another plan.
    """
    project = session.project()
    named = session.named(project, arguments)
    if split_shard(named)[1] != ALL:
        raise UsageError(
            f"{named[-1]!r} is no file",
            remedy=f"give --shard {split_shard(named)[1]} for that share of them",
        )
    return _scope(session, project, named, shard, aloud=True)


def load_named_scope(
    session: Session, project: Project, named: tuple[str, ...]
) -> FleetScope:
    """
    Load what arguments spelled from the project's folder name, such as a plan's.

    Raises ``InvalidFiles`` as `planned_scope` does.
    """
    arguments, shard = split_shard(named)
    return _scope(session, project, arguments, shard)


def any_scope(session: Session, named: tuple[str, ...]) -> FleetScope:
    """
    Load every district that can be read, whatever is wrong with the others.

    For what must work while files of others are broken: continuing a run, undoing one.
    ``findings`` may hold errors, for `insist_files` to judge.
    """
    project = session.project()
    try:
        fleet = session.fleet(project, ())
    except NothingMatched:
        return FleetScope(project, named, (), 0)
    wanted = tuple(PlannedDistrict(one.district, one.file) for one in fleet.districts)
    asked = ValidationOptions(
        today=session.today(), options=project.options, whole_fleet=True
    )
    findings = validate_fleet(fleet, asked)
    return FleetScope(project, named, wanted, session.count(project), findings)


def _scope(
    session: Session,
    project: Project,
    named: tuple[str, ...],
    shard: Shard,
    *,
    aloud: bool = False,
) -> FleetScope:
    fleet = session.fleet(project, named)
    fleet = check_waves(project, fleet, whole=not named)
    findings = _insist_valid(session, project, fleet)
    if named:
        _insist_alone(session, project, fleet)
    wanted = tuple(
        PlannedDistrict(one.district, one.file)
        for one in fleet.districts
        if shard.holds(one.district.key)
    )
    if aloud:
        say_share(session.terminal, shard, len(wanted), len(fleet.districts))
    return FleetScope(
        project=project,
        arguments=(*named, *shard.entries),
        wanted=wanted,
        fleet_size=session.count(project),
        findings=share_of_report(findings, fleet, shard),
    )


def _insist_valid(session: Session, project: Project, fleet: Fleet) -> ValidationReport:
    asked = ValidationOptions(
        today=session.today(), options=project.options, whole_fleet=True
    )
    report = validate_fleet(fleet, asked)
    _refuse(report.findings)
    return report


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
        recorded=project.options,
    )
    select = frozenset(rule.name for rule in FLEET_RULES)
    asked = ValidationOptions(today=session.today(), select=select, whole_fleet=True)
    inside = frozenset(fleet.files)
    found = validate_fleet(both, asked).findings
    _refuse([one for one in found if one.place.file in inside])


def _refuse(findings: Sequence[Finding]) -> None:
    errors = [one for one in findings if one.severity is Severity.ERROR]
    if errors:
        place = errors[0].place
        left = sum(one.stands_for for one in errors) - 1
        more = f", and {left:,} more" if left else ""
        where = f"{spell_control_characters(place.file)}:{place.line}:{place.column}"
        raise InvalidFiles(
            "nothing is planned from files with errors:"
            f" {where}: {spell_control_characters(errors[0].message)}{more}"
        )
