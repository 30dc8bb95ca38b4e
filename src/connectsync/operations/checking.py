"""What files come to one by one: read, held against the schema, judged by rules."""

from __future__ import annotations

import json
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import chain, islice
from pathlib import PurePosixPath
from typing import Any

from connectsync.config.document import Document, Reading
from connectsync.config.fleet import (
    Fleet,
    LoadedDistrict,
    ReadFiles,
    build_district,
    key_of,
)
from connectsync.config.layers import named_profiles
from connectsync.config.profiles import Null, Profiles, nulls_that_undo, waiting_nulls
from connectsync.config.project import Project
from connectsync.domain.district import Allow, FleetMember
from connectsync.domain.finding import KeyPath, Place, Problem
from connectsync.domain.rule_settings import KnownFindings, RuleSettings
from connectsync.domain.schedule import Schedule
from connectsync.files.writing import digest
from connectsync.operations.checked import (
    CheckedDistrict,
    CheckedDistricts,
    CheckedFile,
    FileResult,
    Judgement,
    ResultBatch,
    RuleFinding,
    joined,
)
from connectsync.rules.allow_entries import AllowOnDay
from connectsync.rules.catalogue import (
    ALLOW_RULES,
    BY_NAME,
    DISTRICT_RULES,
    FLEET_RULES,
)
from connectsync.rules.engine import (
    DistrictOnDay,
    FleetOnDay,
    Found,
    Rule,
    Subject,
    problems,
)
from connectsync.values import dataclass, field, replace, spell

NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ValidationOptions:
    """
    What a validation is to look at.

    ``options`` are the labels that drop-downs were seen to offer; ``select`` None
    means every rule; ``whole_fleet`` says that all districts were read, so that
    rules about the fleet can speak. ``rules`` are what the project says of rules,
    ``known`` the findings of its baseline. ``keeps_districts`` says that districts are
    kept with all that their files say, to be planned.
    """

    today: date
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    select: frozenset[str] | None = None
    ignore: frozenset[str] = NONE
    whole_fleet: bool = False
    rules: RuleSettings = field(default_factory=RuleSettings)
    known: KnownFindings = field(default_factory=KnownFindings)
    keeps_districts: bool = False

    def wants(self, rule: str) -> bool:
        """Say whether findings of a rule were asked for."""
        return rule not in self.ignore and (self.select is None or rule in self.select)


def options_of(
    project: Project, today: date, *, whole_fleet: bool = False
) -> ValidationOptions:
    """
    Give what a project has its files checked by, on a day.

    Raises ``ProjectError`` if the baseline of findings that it names is no such file.
    """
    known = KnownFindings()
    if project.baseline is not None:
        # few projects have one
        from connectsync.operations.baseline import read_baseline  # noqa: PLC0415

        known = replace(read_baseline(project), before=project.known_before)
    return ValidationOptions(
        today=today,
        options=project.options,
        whole_fleet=whole_fleet,
        rules=project.rules,
        known=known,
    )


def looked_at_by(
    fleet: CheckedFleet, asked: ValidationOptions
) -> tuple[frozenset[str], frozenset[str]]:
    """
    Give the districts and files of which all was found, and the rules that ran.

    What a profile is found to have depends on every district that builds on it.
    """
    districts = frozenset(one.member.key for one in fleet.districts)
    whole = asked.whole_fleet and fleet.complete
    ran = (
        name
        for name, rule in BY_NAME.items()
        if asked.wants(name) and (whole or rule.subject != "fleet")
    )
    if not whole:
        return districts, frozenset(ran)
    # what is there no more was looked at as well
    known = (key.where for key in asked.known.entries)
    return districts.union(known, fleet.files), frozenset(ran)


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


@lru_cache(maxsize=8)
def _district_rules(
    select: frozenset[str] | None, ignore: frozenset[str]
) -> tuple[Rule[DistrictOnDay], ...]:
    """Select once for a whole fleet: selecting costs more than running a rule."""
    return choose_rules(DISTRICT_RULES, select, ignore)


def choose_rules(
    rules: tuple[Rule[Subject], ...],
    select: frozenset[str] | None,
    ignore: frozenset[str],
) -> tuple[Rule[Subject], ...]:
    """Give the rules that were asked for, in their order."""
    return tuple(
        rule
        for rule in rules
        if (select is None or rule.name in select) and rule.name not in ignore
    )


def check_district(
    loaded: LoadedDistrict, shelf: Profiles, asked: ValidationOptions
) -> CheckedDistrict:
    """Run the rules about one district on it, and place what they find."""
    placed = [
        RuleFinding(
            rule.name, problem, loaded.locate(problem.path, on_key=problem.on_key)
        )
        for rule, problem in _on_every_side(loaded, asked)
    ]
    undoes: frozenset[Null] = frozenset()
    if len(loaded.layers) > 1:
        undoes = nulls_that_undo(shelf, loaded.layers)
    district = loaded.district
    stated = json.dumps(district.values(), separators=(",", ":"))
    file = loaded.file
    whole, like = district if asked.keeps_districts else None, district.member
    judged = Judgement(
        *(file, tuple(placed), district.allow, undoes, (stated,), whole),
        like._replace(key="", district_id=None, oauth_token=None),
    )
    own = (like.key, district.name, like.district_id, like.oauth_token)
    return CheckedDistrict(file, joined(own), judged)


def _on_every_side(loaded: LoadedDistrict, asked: ValidationOptions) -> Iterator[Found]:
    """
    Run the rules as of today, and on both sides of every edge that is ahead.

    What was found already, of the same value in the same place, is not told again for
    a later day.
    """
    district = loaded.district
    today = district.day or asked.today
    known: set[tuple[str, KeyPath, object]] = set()
    ahead = district.schedule.looked_at(today) if district.schedule.periods else ()
    for day, words in chain([(today, "")], ahead):
        there = district.on(day) if words else district
        stem = PurePosixPath(loaded.file).stem
        subject = DistrictOnDay(there, day, stem, asked.options)
        found = examine_district(subject, select=asked.select, ignore=asked.ignore)
        for rule, problem in found:
            told = _in_period(problem, there.schedule, day, words)
            name = _setting_of(problem.path)
            same = (rule.name, told.path, getattr(there.settings, name, None))
            if words and same in known:
                continue
            known.add(same)
            yield rule, told


def _setting_of(path: KeyPath) -> str:
    """Name the setting that a path leads to; empty if it is none."""
    return str(path[1]) if path[:1] == ("settings",) and len(path) > 1 else ""


def _in_period(problem: Problem, schedule: Schedule, day: date, words: str) -> Problem:
    """Point at the period that sets a value, and say on which day it will."""
    path, position = problem.path, None
    if schedule.periods:
        position = schedule.in_force(_setting_of(path), day)
    if position is not None:
        path = ("scheduled", position, *path)
    if not words:
        return replace(problem, path=path)
    message = f"on {day}, {words}: {problem.message}"
    return replace(problem, path=path, message=message, day=day)


def check_fleet(
    fleet: Fleet,
    asked: ValidationOptions,
    districts: Sequence[CheckedDistrict] | None = None,
) -> CheckedFleet:
    """Check the ``districts`` of a fleet that was loaded, if that was not done."""

    def locate(position: int, path: KeyPath, on_key: bool) -> Place:  # noqa: FBT001 - a position
        return fleet.districts[position].locate(path, on_key=on_key)

    shelf = fleet.shelf
    if districts is None:
        districts = [check_district(one, shelf, asked) for one in fleet.districts]
    kept = CheckedDistricts.of(districts)
    return CheckedFleet(kept, fleet.findings, fleet.files, shelf, locate)


def check_reading(
    shelf: Profiles,
    name: str,
    reading: Reading,
    asked: ValidationOptions,
    *,
    remember: bool = False,
) -> CheckedFile:
    """
    Check one file that was read, on the profiles that it names.

    With ``remember`` it can be told later whether the file is still the same.
    """
    found, loaded = build_district(shelf, name, reading)
    document: Document | None = reading.document
    if document is None:
        return CheckedFile(name, FileResult(name, found))
    district = None if loaded is None else check_district(loaded, shelf, asked)
    text = digest(document.source.text.encode()) if remember else ""
    day = None
    if loaded is not None and loaded.district.day is not None:
        day = (loaded.district.day.isoformat(), loaded.district.schedule.zone)
    key, profiles = key_of(document), named_profiles(document)
    result = FileResult(name, found, key, profiles, day)
    return CheckedFile(name, result, district, text)


@dataclass(frozen=True, slots=True)
class FleetMembers(Sequence[FleetMember]):
    """What rules of a fleet look at in its districts, made when it is looked at."""

    districts: CheckedDistricts

    def __len__(self) -> int:
        """Count the districts."""
        return len(self.districts)

    def __getitem__(self, position: Any) -> Any:
        """Give one of them."""
        return self.districts[position].member

    def __iter__(self) -> Iterator[FleetMember]:
        """Give one after the other, and keep none."""
        return self.districts.members()


Locate = Callable[[int, KeyPath, bool], Place]
"""Gives the place of a path in the district at a position; True for the key's own."""


@dataclass(frozen=True, slots=True)
class CheckedFleet(ReadFiles[CheckedDistrict]):
    """
    All files that were checked; ``locate`` finds places in their districts.

    ``days`` are those on which files were judged, in which time zones, where one names
    its own.
    """

    districts: CheckedDistricts
    locate: Locate
    days: frozenset[tuple[str, str]] = frozenset()


def fleet_on_day(fleet: CheckedFleet, today: date) -> FleetOnDay:
    """Give a fleet as its rules look at it."""
    shelf = fleet.shelf
    if waiting := waiting_nulls(shelf):
        undone = (one.undoes for one in fleet.districts.judgements())
        waiting = waiting.difference(*undone)
    return FleetOnDay(
        districts=FleetMembers(fleet.districts),
        profiles=shelf.named,
        today=today,
        files=fleet.districts.files,
        root=shelf.root,
        idle_nulls=tuple(sorted(waiting)),
    )


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

    def accepts(found: Found) -> bool:
        rule, problem = found
        entry = entries.get(rule.name)
        return entry is not None and (problem.day or today) <= entry.until

    return AllowResult(
        kept=tuple(one for one in everything if not accepts(one)),
        accepted=tuple(
            AcceptedFinding(one, entries[one[0].name])
            for one in everything
            if accepts(one)
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


def pack_whole(batch: ResultBatch) -> bytes:
    """Spell what files came to, with their districts; see `pack`."""
    import pickle  # noqa: PLC0415 - for a process of our own, and slow to import

    whole = [judged and judged.whole for _, judged in batch.shared]
    return b2a_base64(pickle.dumps((pack(batch), whole)), newline=False)


def unpack_whole(packed: bytes) -> ResultBatch:
    """Read what `pack_whole` spelled."""
    import pickle  # noqa: PLC0415 - as above

    data, whole = pickle.loads(a2b_base64(packed))  # noqa: S301
    return ResultBatch.read(json.loads(data), whole)


def pack(batch: ResultBatch) -> bytes:
    """Spell what files came to."""
    return spell(batch.data)


def unpack(packed: bytes) -> ResultBatch:
    """Read what `pack` spelled. Raises ``ValueError`` or the like for anything else."""
    return ResultBatch.read(json.loads(packed))
