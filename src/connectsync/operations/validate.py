"""Validate files: run the rules, merge findings, split them by shard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from heapq import merge
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import Any

from connectsync.config.discovery import below, holds_others, relative
from connectsync.config.fleet import (
    STANDARD_INPUT,
    Builder,
    ChosenFiles,
    Fleet,
    LoadedDistrict,
    ReadFile,
    ReadFiles,
    build_district,
    profiles_that_count,
)
from connectsync.domain.finding import (
    AllowedFinding,
    Finding,
    KeyPath,
    Place,
    TurnedOff,
    ValidationReport,
    order,
    with_fingerprints,
)
from connectsync.domain.policy import ALL, Shard
from connectsync.operations.check_cache import CheckCache, begin_parts
from connectsync.operations.checked import (
    CheckedDistrict,
    CheckedDistricts,
    CheckedFile,
    CheckedFiles,
    RuleFinding,
    batches,
)
from connectsync.operations.checking import (
    NONE,
    CheckedFleet,
    ValidationOptions,
    check_fleet,
    check_reading,
    choose_rules,
    fleet_on_day,
    names_that_run,
    pack,
    pack_whole,
    settle,
    unpack,
    unpack_whole,
)
from connectsync.rules.catalogue import BY_NAME, FLEET_RULES
from connectsync.rules.engine import FleetOnDay, Found, place_problem, problems
from connectsync.rules.fleet import null_takes_nothing_back, unused_profile
from connectsync.values import Texts, dataclass, in_order, replace


def share_of_report(
    report: ValidationReport, fleet: ReadFiles[Any], shard: Shard
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
    off = [one for one in report.turned_off if _tells(shard, one.finding, districts)]
    known = [one for one in report.known if _tells(shard, one, districts)]
    files = len(share_of_files(fleet, shard))
    return ValidationReport(
        files, tuple(told), tuple(allowed), tuple(off), tuple(known)
    )


def share_of_files(fleet: ReadFiles[Any], shard: Shard) -> Sequence[str]:
    """Give the files that a shard counts, of all that were read."""
    if shard == ALL:
        return fleet.files
    districts = _districts(fleet)
    return tuple(file for file in fleet.files if _counts(shard, file, districts))


def _districts(fleet: ReadFiles[Any]) -> frozenset[str]:
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


def is_whole(files: Iterable[str], root: Path, districts_dir: Path) -> bool:
    """Say whether every district is among files, so that rules about all may speak."""
    read = frozenset(files)
    if holds_others(districts_dir, root, read):
        return False
    return all(relative(path, root) in read for path in below(districts_dir))


def validate_fleet(fleet: Fleet, asked: ValidationOptions) -> ValidationReport:
    """Run every rule that was asked for on a fleet that was loaded."""
    districts = None
    if len(fleet.districts) > FEW:
        # as below
        from connectsync.operations.molds import check_by_loaded_mold  # noqa: PLC0415

        districts = check_by_loaded_mold(fleet, asked)
    return report_on(check_fleet(fleet, asked, districts), asked)


def check_named(
    chosen: ChosenFiles,
    names: Sequence[str],
    asked: ValidationOptions,
    *,
    remember: bool,
) -> Iterable[CheckedFile]:
    """Read and check files one after the other."""
    if len(names) > FEW:
        # a commit hook would wait for its import
        from connectsync.operations.molds import check_by_mold  # noqa: PLC0415

        return check_by_mold(chosen, names, asked, remember=remember)
    shelf = chosen.shelf
    return (
        check_reading(shelf, name, chosen.read(name), asked, remember=remember)
        for name in names
    )


def reader_for(
    files: Sequence[Path | str],
) -> Callable[[ChosenFiles], Mapping[str, ReadFile]] | None:
    """Give how `load_fleet` is to read files: many by their molds, few one by one."""
    if len(files) <= FEW:
        return None
    from connectsync.operations.molds import read_by_mold  # noqa: PLC0415 - as above

    return read_by_mold


FEW = 20
"""Files among which it is no use to look for those that are alike."""


def begin_whole(
    chosen: ChosenFiles, asked: ValidationOptions, *, every_profile: bool, here: bool
) -> Callable[[], CheckedFleet]:
    """
    Begin to check files as below, with districts kept whole; give what gives them.

    Only where there is nothing else to do meanwhile this process works ``here`` too.
    """
    keeping = replace(asked, keeps_districts=True)

    def check(names: Sequence[str]) -> Iterable[CheckedFile]:
        return check_named(chosen, names, keeping, remember=False)

    names = chosen.paths.names
    if len(names) <= FEW:
        few = CheckedFiles(names, batches(check(names)))
        return lambda: _fleet_of(chosen, few, every_profile=every_profile)
    finish = begin_parts(check, names, pack=pack_whole, unpack=unpack_whole, here=here)
    return lambda: _fleet_of(chosen, finish(), every_profile=every_profile)


def check_files(
    chosen: ChosenFiles,
    asked: ValidationOptions,
    *,
    every_profile: bool,
    cache: CheckCache | None = None,
) -> CheckedFleet:
    """
    Read and check files, with all cores where there are many.

    Without ``every_profile`` only those profiles count that are among the files or
    that one of the districts builds on. What the ``cache`` knows is not read again.
    """
    names = chosen.paths.names
    known = CheckedFiles.of(()) if cache is None else cache.known(chosen)
    ahead = Texts(_without(names, known.names)) if len(known) else names
    files = begin_parts(
        lambda part: check_named(chosen, part, asked, remember=cache is not None),
        ahead,
        pack=pack,
        unpack=unpack,
    )()
    if len(known) and len(ahead):
        files = CheckedFiles.of(merge(known.drain(), files, key=attrgetter("file")))
    elif len(known):
        files = known
    if cache is not None and len(ahead):
        cache.keep(chosen, files, len(known))
    return _fleet_of(chosen, files, every_profile=every_profile)


def _without(names: Iterable[str], some: Iterable[str]) -> Iterator[str]:
    """Leave out some of names, both sorted."""
    left_out = iter(some)
    other = next(left_out, None)
    for name in names:
        if name == other:
            other = next(left_out, None)
        else:
            yield name


@dataclass(frozen=True, slots=True)
class BuildersOf:
    """Who builds on which profiles, told as often as that is asked, and not kept."""

    checked: CheckedFiles

    def __iter__(self) -> Iterator[Builder]:
        """Give the districts and the profiles that they name."""
        return (one.builder for one in self.checked if one.builder is not None)


def _fleet_of(
    chosen: ChosenFiles, checked: CheckedFiles, *, every_profile: bool
) -> CheckedFleet:
    names, shelf = chosen.paths.names, chosen.shelf
    asked = None if every_profile else chosen.profiles
    counted, shared = profiles_that_count(shelf, BuildersOf(checked), asked)
    told = (at for at, (one, _) in enumerate(checked.shared()) if one.findings)
    findings = [finding for at in told for finding in checked[at].findings]
    districts = CheckedDistricts(checked)

    @lru_cache(maxsize=64)
    def load_again(file: str) -> LoadedDistrict | None:
        return build_district(shelf, file, chosen.read(file))[1]

    def locate(position: int, path: KeyPath, on_key: bool) -> Place:  # noqa: FBT001 - a position
        file = districts[position].file
        loaded = load_again(file)
        return Place(file) if loaded is None else loaded.locate(path, on_key=on_key)

    return CheckedFleet(
        days=frozenset(one.day for one, _ in checked.shared() if one.day is not None),
        districts=districts,
        findings=tuple(sorted([*findings, *shared], key=order)),
        files=in_order(merge(names, sorted(counted))) if counted else names,
        shelf=shelf,
        locate=locate,
    )


def report_on(fleet: CheckedFleet, asked: ValidationOptions) -> ValidationReport:
    """
    Run the rules about the fleet, and put together what was found.

    Findings come sorted by file and place. One that stands in a profile is told once,
    with the districts it reaches.
    """
    of_fleet = _of_fleet(fleet, asked) if asked.whole_fleet else _FleetFindings({}, [])
    rules, labels = asked.rules, dict[str, frozenset[str]]()
    judge: Callable[[Finding, str, frozenset[str]], Finding | TurnedOff] = _as_it_is
    if rules.entries or rules.before:
        judge, labels = rules.judge, {one.file: one.labels for one in fleet.districts}
    read = [one for one in fleet.findings if asked.wants(one.rule)]
    judged = [
        judge(one, one.place.file, labels.get(one.place.file, NONE))
        for one in (*read, *of_fleet.in_profiles)
    ]
    allowed: list[AllowedFinding] = []
    for position, like in enumerate(fleet.districts.judgements()):
        own = of_fleet.in_districts.get(position, ())
        if not (like.found or own or like.allow):
            continue
        district = fleet.districts[position]
        kept, accepted = _settle_allowances(fleet, position, own, asked)
        judged += [judge(one, district.file, district.labels) for one in kept]
        allowed += accepted
    told = _merge_findings(one for one in judged if isinstance(one, Finding))
    found = with_fingerprints(told)
    new, known = [*found], list[Finding]()
    if asked.known.entries:
        new, known = asked.known.split(found, district_keys(fleet))
    return ValidationReport(
        files=len(fleet.files),
        findings=tuple(new),
        allowed=tuple(sorted(allowed, key=lambda one: order(one.finding))),
        turned_off=_merge_turned_off(judged),
        known=tuple(known),
    )


def _as_it_is(
    finding: Finding, _file: str, _labels: frozenset[str]
) -> Finding | TurnedOff:
    return finding


def district_keys(fleet: ReadFiles[Any]) -> dict[str, str]:
    """
    Give the key of each district by its file, which is named after it.

    So it is told also where the file cannot be read as a district.
    """
    files = _districts(fleet)
    return {file: PurePosixPath(file).stem for file in files if file != STANDARD_INPUT}


def _merge_turned_off(judged: Iterable[Finding | TurnedOff]) -> tuple[TurnedOff, ...]:
    """Give what is turned off, once for each place, with every district it reaches."""
    by_reason: dict[str, list[Finding]] = defaultdict(list)
    for one in judged:
        if isinstance(one, TurnedOff):
            by_reason[one.reason].append(one.finding)
    merged = [
        TurnedOff(finding, reason)
        for reason, findings in by_reason.items()
        for finding in _merge_findings(findings)
    ]
    return tuple(sorted(merged, key=lambda one: (order(one.finding), one.reason)))


def _settle_allowances(
    fleet: CheckedFleet,
    position: int,
    of_fleet: Iterable[Found],
    asked: ValidationOptions,
) -> tuple[list[Finding], list[AllowedFinding]]:
    district = fleet.districts[position]
    if not (district.allow or of_fleet):
        return [_place_found(one, district) for one in district.found], []
    ran = names_that_run(
        select=asked.select, ignore=asked.ignore, with_fleet=asked.whole_fleet
    )
    found = district.found
    own = [(BY_NAME[one.rule], one.problem) for one in found]
    places = {id(one): each.place for one, each in zip(own, found, strict=True)}

    def placed(found: Found) -> Finding:
        _, problem = found
        place = places.get(id(found)) or fleet.locate(
            position, problem.path, problem.on_key
        )
        in_profile = place.file != district.file
        reached = (district.member.key,) if in_profile else ()
        return _finding(found, place, districts=reached)

    settled = settle([*own, *of_fleet], district.allow, asked.today, ran)
    kept = [placed(one) for one in (*settled.kept, *settled.problems)]
    accepted = [
        AllowedFinding(placed(one.found), one.by.reason, one.by.until)
        for one in settled.accepted
    ]
    return kept, accepted


@dataclass(frozen=True, slots=True)
class _FleetFindings:
    in_districts: Mapping[int, Sequence[Found]]
    in_profiles: Sequence[Finding]


def _of_fleet(fleet: CheckedFleet, asked: ValidationOptions) -> _FleetFindings:
    """Run the fleet rules, and sort what they find by the file it stands in."""
    subject = fleet_on_day(fleet, asked.today)
    whole = {unused_profile.name, null_takes_nothing_back.name}
    ignore = asked.ignore if fleet.complete else asked.ignore | whole
    in_districts: dict[int, list[Found]] = defaultdict(list)
    in_profiles: list[Finding] = []
    for rule, problem in examine_fleet(subject, select=asked.select, ignore=ignore):
        inside = place_problem(problem)
        if inside.district is not None:
            in_districts[inside.district].append((rule, inside.problem))
        elif inside.profile is not None:
            document = fleet.shelf.documents[inside.profile]
            place = document.locate(inside.problem.path)
            in_profiles.append(_finding((rule, inside.problem), place))
    return _FleetFindings(in_districts, in_profiles)


def _place_found(found: RuleFinding, district: CheckedDistrict) -> Finding:
    """Give what a rule found in a district, as it stands in a report."""
    rule, problem, place = found
    in_profile = place.file != district.file
    reached = (district.member.key,) if in_profile else ()
    return _finding((BY_NAME[rule], problem), place, districts=reached)


def _finding(found: Found, place: Place, *, districts: tuple[str, ...] = ()) -> Finding:
    rule, problem = found
    # by position, for this is made as often as there are findings
    return Finding(
        rule.name,
        rule.severity,
        problem.message,
        place,
        problem.path,
        problem.hint,
        districts,
        stands_for=problem.stands_for,
        day=problem.day,
    )


def _merge_findings(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Tell a finding in a profile once, with every district it reaches."""
    by_file: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_file[finding.place.file].append(finding)
    for together in by_file.values():
        if len(together) == 1:
            # comparing findings takes longer than making them
            yield together[0]
            continue
        merged: dict[Finding, list[str]] = {}
        for finding in together:
            alike = replace(finding, districts=()) if finding.districts else finding
            merged.setdefault(alike, []).extend(finding.districts)
        for finding, districts in merged.items():
            reached = tuple(sorted(set(districts)))
            yield replace(finding, districts=reached) if reached else finding


def examine_fleet(
    subject: FleetOnDay,
    *,
    select: frozenset[str] | None = None,
    ignore: frozenset[str] = NONE,
) -> tuple[Found, ...]:
    """Run the fleet rules; ``place_problem`` says which file a problem is in."""
    return tuple(problems(choose_rules(FLEET_RULES, select, ignore), subject))
