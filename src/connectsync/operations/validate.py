"""Validate files: run the rules, merge findings, split them by shard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from connectsync.config.discovery import below, relative
from connectsync.config.fleet import Fleet, LoadedDistrict, idle_nulls
from connectsync.domain.district import Allow
from connectsync.domain.finding import (
    AllowedFinding,
    Finding,
    Place,
    ValidationReport,
    order,
    with_fingerprints,
)
from connectsync.domain.policy import ALL, Shard
from connectsync.rules.allow_entries import AllowOnDay
from connectsync.rules.catalogue import (
    ALLOW_RULES,
    BY_NAME,
    DISTRICT_RULES,
    FLEET_RULES,
)
from connectsync.rules.engine import Found, Rule, Subject, problems
from connectsync.rules.fleet import null_takes_nothing_back, unused_profile
from connectsync.rules.subjects import DistrictOnDay, FleetOnDay, place_problem


def share_of_report(
    report: ValidationReport, fleet: Fleet, shard: Shard
) -> ValidationReport:
    """
    Give the findings that a shard tells, of all that were found.

    A finding is told by the shard that holds the district of its file; one in a
    profile, by the shard of the first district it reaches; one that is of no district,
    by shard 1. So each is told once, and all shards together tell the whole.
    """
    if shard == ALL:
        return report
    districts = _districts(fleet)
    told = [one for one in report.findings if _tells(shard, one, districts)]
    allowed = [one for one in report.allowed if _tells(shard, one.finding, districts)]
    files = len(share_of_files(fleet, shard))
    return ValidationReport(files, tuple(told), tuple(allowed))


def share_of_files(fleet: Fleet, shard: Shard) -> tuple[str, ...]:
    """Give the files that a shard counts, of all that were read."""
    districts = _districts(fleet)
    return tuple(file for file in fleet.files if _counts(shard, file, districts))


def _districts(fleet: Fleet) -> frozenset[str]:
    return frozenset(fleet.files).difference(fleet.shelf.names.values())


def _tells(shard: Shard, finding: Finding, districts: frozenset[str]) -> bool:
    if finding.place.file not in districts and finding.districts:
        return shard.holds(min(finding.districts))
    return _counts(shard, finding.place.file, districts)


def _counts(shard: Shard, file: str, districts: frozenset[str]) -> bool:
    if file not in districts:
        return shard.index == 1
    # its name, for what is in it may not be readable
    return shard.holds(PurePosixPath(file).stem)


def is_whole(fleet: Fleet, root: Path, districts_dir: Path) -> bool:
    """Say whether every district was read, so that rules about all may speak."""
    read = frozenset(fleet.files)
    return all(relative(path, root) in read for path in below(districts_dir))


NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ValidationOptions:
    """
    What a validation is to look at.

    ``options`` are the labels that drop-downs were seen to offer; ``select`` None
    means every rule; ``whole_fleet`` says that all districts were read, so that
    rules about the fleet can speak.
    """

    today: date
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    select: frozenset[str] | None = None
    ignore: frozenset[str] = NOTHING
    whole_fleet: bool = False

    def wants(self, rule: str) -> bool:
        """Say whether findings of a rule were asked for."""
        return rule not in self.ignore and (self.select is None or rule in self.select)


def validate_fleet(fleet: Fleet, asked: ValidationOptions) -> ValidationReport:
    """
    Run every rule that was asked for; findings come sorted by file and place.

    A finding that stands in a profile is told once, with the districts it reaches.
    """
    of_fleet = _of_fleet(fleet, asked) if asked.whole_fleet else _FleetFindings({}, [])
    findings = [one for one in fleet.findings if asked.wants(one.rule)]
    findings += of_fleet.in_profiles
    allowed: list[AllowedFinding] = []
    for position, loaded in enumerate(fleet.districts):
        found = [*_own(loaded, asked), *of_fleet.in_districts.get(position, ())]
        kept, accepted = _settle_allowances(loaded, found, asked)
        findings += kept
        allowed += accepted
    return ValidationReport(
        files=len(fleet.files),
        findings=with_fingerprints(sorted(_merge_findings(findings), key=order)),
        allowed=tuple(sorted(allowed, key=lambda one: order(one.finding))),
    )


def _own(loaded: LoadedDistrict, asked: ValidationOptions) -> Sequence[Found]:
    stem = PurePosixPath(loaded.file).stem
    subject = DistrictOnDay(loaded.district, asked.today, stem, asked.options)
    return examine_district(subject, select=asked.select, ignore=asked.ignore)


def _settle_allowances(
    loaded: LoadedDistrict, found: Iterable[Found], asked: ValidationOptions
) -> tuple[list[Finding], list[AllowedFinding]]:
    ran = names_that_run(
        select=asked.select, ignore=asked.ignore, with_fleet=asked.whole_fleet
    )
    settled = settle(found, loaded.district.allow, asked.today, ran)
    kept = [_at(loaded, one) for one in (*settled.kept, *settled.problems)]
    accepted = [
        AllowedFinding(_at(loaded, one.found), one.by.reason, one.by.until)
        for one in settled.accepted
    ]
    return kept, accepted


@dataclass(frozen=True, slots=True)
class _FleetFindings:
    in_districts: Mapping[int, Sequence[Found]]
    in_profiles: Sequence[Finding]


def _of_fleet(fleet: Fleet, asked: ValidationOptions) -> _FleetFindings:
    """Run the fleet rules, and sort what they find by the file it stands in."""
    subject = FleetOnDay(
        districts=tuple(one.district for one in fleet.districts),
        profiles=fleet.profiles,
        today=asked.today,
        files=tuple(one.file for one in fleet.districts),
        root=fleet.shelf.root,
        idle_nulls=idle_nulls(fleet),
    )
    whole = {unused_profile.name, null_takes_nothing_back.name}
    ignore = asked.ignore if fleet.complete else asked.ignore | whole
    in_districts: dict[int, list[Found]] = defaultdict(list)
    in_profiles: list[Finding] = []
    for rule, problem in examine_fleet(subject, select=asked.select, ignore=ignore):
        inside = place_problem(problem)
        if inside.district is not None:
            in_districts[inside.district].append((rule, inside.problem))
        elif inside.profile is not None:
            place = fleet.place_in_profile(inside.profile, inside.problem.path)
            in_profiles.append(_finding((rule, inside.problem), place))
    return _FleetFindings(in_districts, in_profiles)


def _at(loaded: LoadedDistrict, found: Found) -> Finding:
    _, problem = found
    place = loaded.locate(problem.path, on_key=problem.on_key)
    in_profile = place.file != loaded.file
    reached = (loaded.district.key,) if in_profile else ()
    return _finding(found, place, districts=reached)


def _finding(found: Found, place: Place, *, districts: tuple[str, ...] = ()) -> Finding:
    rule, problem = found
    return Finding(
        rule=rule.name,
        severity=rule.severity,
        message=problem.message,
        place=place,
        path=problem.path,
        hint=problem.hint,
        districts=districts,
        stands_for=problem.stands_for,
    )


def _merge_findings(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Tell a finding in a profile once, with every district it reaches."""
    merged: dict[Finding, list[str]] = {}
    for finding in findings:
        alike = replace(finding, districts=()) if finding.districts else finding
        merged.setdefault(alike, []).extend(finding.districts)
    for finding, districts in merged.items():
        yield replace(finding, districts=tuple(sorted(set(districts))))


NONE: frozenset[str] = frozenset()


def examine_district(
    subject: DistrictOnDay,
    *,
    select: frozenset[str] | None = None,
    ignore: frozenset[str] = NONE,
) -> tuple[Found, ...]:
    """
    Run the district rules on one district, in the catalog's order.

    ``select`` names the rules to run, or None for all; ``ignore`` names those to leave
    out. Names are not checked here: ``catalogue.by_name`` does that.
    """
    return tuple(problems(_district_rules(select, ignore), subject))


def examine_fleet(
    subject: FleetOnDay,
    *,
    select: frozenset[str] | None = None,
    ignore: frozenset[str] = NONE,
) -> tuple[Found, ...]:
    """Run the fleet rules; ``place_problem`` says which file a problem is in."""
    return tuple(problems(_choose_rules(FLEET_RULES, select, ignore), subject))


@lru_cache(maxsize=8)
def names_that_run(
    *,
    select: frozenset[str] | None = None,
    ignore: frozenset[str] = NONE,
    with_fleet: bool,
) -> frozenset[str]:
    """Name the rules that run on a district this time; ``settle`` asks for them."""
    rules: tuple[Rule[Any], ...] = (*DISTRICT_RULES, *ALLOW_RULES)
    if with_fleet:
        rules += FLEET_RULES
    names = frozenset(rule.name for rule in rules)
    return (names if select is None else names & select) - ignore


@lru_cache(maxsize=8)
def _district_rules(
    select: frozenset[str] | None, ignore: frozenset[str]
) -> tuple[Rule[DistrictOnDay], ...]:
    """Select once for a whole fleet: selecting costs more than running a rule."""
    return _choose_rules(DISTRICT_RULES, select, ignore)


def _choose_rules(
    rules: tuple[Rule[Subject], ...],
    select: frozenset[str] | None,
    ignore: frozenset[str],
) -> tuple[Rule[Subject], ...]:
    return tuple(
        rule
        for rule in rules
        if (select is None or rule.name in select) and rule.name not in ignore
    )


MOST_PROBLEMS = 100
"""A district with more wrong entries than this is not helped by hearing of them all."""


@dataclass(frozen=True, slots=True)
class AcceptedFinding:
    """A finding that the district allows, with the entry that says so."""

    found: Found
    by: Allow


@dataclass(frozen=True, slots=True)
class AllowResult:
    """
    What counts, what is allowed, and what is wrong with the `allow` entries.

    Every finding that went in is in ``kept`` or in ``accepted``, in the same order.
    """

    kept: tuple[Found, ...]
    accepted: tuple[AcceptedFinding, ...]
    problems: tuple[Found, ...]


def settle(
    found: Iterable[Found],
    allow: tuple[Allow, ...],
    today: date,
    ran: frozenset[str],
) -> AllowResult:
    """
    Separate a district's findings from those that it allows.

    ``found`` are the findings in the district's file, including those of fleet rules
    (``place_problem`` gives their path inside the file). ``ran`` names all rules that
    were selected and ran on the district: an entry for a rule that did not run is not
    reported as unused, and an allow rule that is not among them does not run.
    """
    everything = tuple(found)
    if not allow:
        return AllowResult(everything, (), ())
    occurred = frozenset(rule.name for rule, _ in everything)
    subject = AllowOnDay(allow, today, BY_NAME, ran, occurred)
    entries = {
        entry.rule: entry for entry in reversed(allow) if subject.in_force(entry)
    }
    return AllowResult(
        kept=tuple(one for one in everything if one[0].name not in entries),
        accepted=tuple(
            AcceptedFinding(one, entries[one[0].name])
            for one in everything
            if one[0].name in entries
        ),
        problems=_first(
            problems((rule for rule in ALLOW_RULES if rule.name in ran), subject)
        ),
    )


def _first(found: Iterator[Found]) -> tuple[Found, ...]:
    """Give so many problems, and behind the last how many more there are."""
    shown = tuple(islice(found, MOST_PROBLEMS))
    left = sum(1 for _ in found)
    if not left:
        return shown
    rule, last = shown[-1]
    message = f"and {left:,} more wrong {'entry' if left == 1 else 'entries'}"
    hint = "fix those that are shown, then validate again"
    counted = replace(last, message=message, hint=hint, stands_for=left)
    return (*shown, (rule, counted))
