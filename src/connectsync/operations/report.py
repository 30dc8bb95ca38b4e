"""The whole fleet on one day: put together of files, state, git and live forms."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

from connectsync.apply.saving import OpenSaves
from connectsync.config.discovery import PROJECT_FILE, relative
from connectsync.config.fleet import LoadedDistrict
from connectsync.config.policy_check import holiday_reader
from connectsync.config.project import Project
from connectsync.domain.calendar import DateKind
from connectsync.domain.drift import Baseline, DistrictDrift
from connectsync.domain.finding import Finding, GuardFinding, ValidationReport
from connectsync.domain.fleet_report import (
    NOT_READ,
    AcceptedBy,
    AcceptedException,
    AcceptedKind,
    DueDate,
    DueKind,
    DueWhen,
    FleetReport,
    ReportedDistrict,
    ReportedRun,
    when_due,
)
from connectsync.domain.live import ExceptionStanding
from connectsync.domain.run import LastRun
from connectsync.domain.schedule import Days, local_time
from connectsync.domain.settings import Form, is_same, value_data
from connectsync.domain.wording import many
from connectsync.operations.audit import exceptions_of
from connectsync.operations.calendar import dates_of
from connectsync.operations.commit import Authors
from connectsync.operations.drift import DriftReading
from connectsync.rules.catalogue import BY_NAME
from connectsync.rules.engine import page_of
from connectsync.rules.scheduled import overdue_on
from connectsync.values import dataclass, field, replace

THRESHOLD = "deletion_threshold"
STILL_RAISED = "threshold-still-raised"
"""The rule that finds a threshold of which no period says that it returns."""

A_YEAR = timedelta(days=365)
"""How far back what was accepted for runs is told, and how far ahead freezes are."""


@dataclass(frozen=True, slots=True)
class StateSeen:
    """
    What the state knows: the runs, and by district what was applied and by which.

    ``open_saves`` are saves of which no one knows yet whether they were made.
    """

    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    last: Mapping[str, LastRun] = field(default_factory=dict)
    runs: tuple[ReportedRun, ...] = ()
    total_runs: int = 0
    open_saves: OpenSaves = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReportSources:
    """
    What a report is made of.

    ``checked`` is what rules say of the files. ``readings`` are what was read of
    Connect by district, None where it was not asked; ``unread`` says why where nothing
    at all came. ``report`` holds what is known of the report itself already.
    """

    project: Project
    loaded: Sequence[LoadedDistrict]
    checked: ValidationReport
    state: StateSeen
    report: FleetReport
    readings: Mapping[str, DriftReading] | None = None
    unread: str = ""


def make_report(sources: ReportSources, authors: Authors) -> FleetReport:
    """Put the report together; nothing is read but git, and nothing is written."""
    found, checked = _by_place(sources.checked.findings), sources.checked
    accepted = [*checked.known, *(one.finding for one in checked.allowed)]
    raised = _by_place(
        one for one in (*checked.findings, *accepted) if one.rule == STILL_RAISED
    )
    districts, due = list[ReportedDistrict](), defaultdict[DueDate, list[str]](list)
    for loaded in sorted(sources.loaded, key=lambda one: one.district.key):
        districts.append(_district(loaded, _about(loaded, found), sources))
        for day in _due(loaded, _about(loaded, raised), sources):
            due[day].append(loaded.district.key)
    alike = [replace(one, districts=tuple(keys)) for one, keys in due.items()]
    state = sources.state
    return replace(
        sources.report,
        districts=tuple(districts),
        due=tuple(sorted([*alike, *_freezes(sources)], key=_by_day)),
        accepted=tuple(_accepted(sources, authors)),
        runs=state.runs,
        total_runs=state.total_runs,
    )


def _by_day(one: DueDate) -> tuple[date, str, str]:
    return one.day, one.kind, one.message


def _by_place(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Give findings by their file, and by each district that they reach."""
    found = defaultdict[str, list[Finding]](list)
    for one in findings:
        for where in dict.fromkeys((one.place.file, *one.districts)):
            found[where].append(one)
    return found


def _about(
    loaded: LoadedDistrict, found: Mapping[str, Sequence[Finding]]
) -> list[Finding]:
    """Give the findings about a district, each once."""
    both = (found.get(where, ()) for where in (loaded.file, loaded.district.key))
    return list(dict.fromkeys(one for some in both for one in some))


def _district(
    loaded: LoadedDistrict, found: Sequence[Finding], sources: ReportSources
) -> ReportedDistrict:
    district, baseline = (
        loaded.district,
        sources.state.baselines.get(loaded.district.key),
    )
    reported = ReportedDistrict(
        district.key,
        district.name,
        loaded.file,
        district.values(),
        _applied(loaded, baseline),
        last=sources.state.last.get(district.key),
        findings=Counter(one.severity for one in found),
        rules=tuple(sorted({one.rule for one in found})),
    )
    if sources.unread:
        return replace(reported, error=sources.unread)
    reading = (sources.readings or {}).get(district.key)
    if reading is None:
        return reported
    drift: DistrictDrift = reading.drift
    return replace(
        reported,
        standing=NOT_READ if reading.live is None else drift.standing,
        moved=drift.movements,
        error=drift.error,
        live=None if reading.live is None else _data_of(reading.live.form),
    )


def _data_of(form: Form) -> dict[str, Any]:
    return {name: value_data(one) for name, one in form.items() if one is not None}


def _applied(loaded: LoadedDistrict, baseline: Baseline | None) -> str:
    if baseline is None or not baseline.applied:
        return "never applied"
    form = baseline.form
    pending = any(
        name not in form or not is_same(name, form[name], value)
        for name, value in loaded.district.desired().items()
    )
    return "changed since" if pending else "as applied"


def _due(
    loaded: LoadedDistrict, raised: Sequence[Finding], sources: ReportSources
) -> Iterator[DueDate]:
    """Give what ends, returns or begins in a district, and what is late."""
    district, report = loaded.district, sources.report
    today = district.day or report.today
    for entry in exceptions_of(district, today):
        if entry.standing is not ExceptionStanding.NO_EFFECT:
            when = when_due(entry.until, today)
            said = f"{entry.rule}: {entry.reason}"
            yield DueDate(entry.until, DueKind.ALLOWANCE, when, said)
    for turn in district.schedule.turns(today):
        yield DueDate(
            turn.until,
            _kind(turn.setting),
            when_due(turn.until, today),
            f"{turn.setting}: {turn}",
        )
    for guard in _overdue(loaded, sources):
        kind = _kind(guard.message.partition(" ")[0])
        yield DueDate(today, kind, DueWhen.LATE, guard.message)
    rollover = district.facts.rollover
    for one in raised:
        late_since = rollover.last if rollover else today
        late = (DueKind.THRESHOLD, DueWhen.LATE)
        yield DueDate(late_since, *late, one.message)
    yield from _span(rollover, DueKind.ROLLOVER, today)
    yield from _span(district.facts.clever_paused, DueKind.PAUSE, today)


def _kind(setting: str) -> DueKind:
    return DueKind.THRESHOLD if setting == THRESHOLD else DueKind.RETURN


def _overdue(
    loaded: LoadedDistrict, sources: ReportSources
) -> tuple[GuardFinding, ...]:
    """Give values whose period is over: by what is live, or by what was applied."""
    key = loaded.district.key
    reading = (sources.readings or {}).get(key)
    if reading is not None and reading.live is not None:
        return reading.drift.overdue
    baseline = sources.state.baselines.get(key)
    return tuple(overdue_on(loaded.district, baseline.form)) if baseline else ()


def _span(
    days: Days | None, kind: DueKind, today: date, about: str = ""
) -> Iterator[DueDate]:
    """Give the next end of a span of days that is not over."""
    if days is None or days.last < today:
        return
    begun = days.first <= today
    day = days.last if begun else days.first
    when = DueWhen.NOW if begun else when_due(day, today)
    said = f"from {days.first} to {days.last}"
    yield DueDate(day, kind, when, f"{said}: {about}" if about else said)


def _freezes(sources: ReportSources) -> Iterator[DueDate]:
    """Give the freezes of the project and of its calendars for a year to come."""
    today = sources.report.today
    districts = [one.district for one in sources.loaded]
    read = holiday_reader(sources.project.root)
    found = dates_of(
        sources.project.policy, districts, Days(today, today + A_YEAR), read
    )
    for one in found.dates:
        if one.kind is DateKind.FREEZE:
            here = local_time(sources.report.at, one.zone).date()
            for due in _span(one.days, DueKind.FREEZE, here, one.reason):
                yield replace(due, districts=one.districts)


def _accepted(sources: ReportSources, authors: Authors) -> Iterator[AcceptedException]:
    yield from _allowed(sources, authors)
    yield from _rule_settings(sources, authors)
    yield from _known(sources, authors)
    yield from _guards(sources)


def _allowed(sources: ReportSources, authors: Authors) -> Iterator[AcceptedException]:
    """Give what files allow; what is alike in all but the district, once."""
    alike = defaultdict[AcceptedException, list[str]](list)
    for loaded in sources.loaded:
        entries = exceptions_of(loaded.district, sources.report.today)
        for at, one in enumerate(entries):
            place = loaded.locate(("allow", at))
            lines = range(place.line, place.end_line + 1)
            accepted = AcceptedException(
                AcceptedKind.ALLOWED,
                one.rule,
                _meaning(one.rule),
                "",
                (),
                "",
                one.reason,
                one.until,
                one.standing,
                authors.of_lines(loaded.file, lines),
            )
            alike[accepted].append(one.district)
    for accepted, keys in sorted(alike.items(), key=lambda one: _order(one[0])):
        yield replace(accepted, districts=tuple(sorted(keys)))


def _order(one: AcceptedException) -> tuple[str, str, str, str]:
    return one.about, str(one.until), one.reason, one.by.name


@cache
def _meaning(rule: str) -> str:
    return page_of(BY_NAME[rule]).summary if rule in BY_NAME else ""


def _rule_settings(
    sources: ReportSources, authors: Authors
) -> Iterator[AcceptedException]:
    """Give the rules that the project turns off or tells less strictly."""
    for one in sources.project.rules.entries:
        rule = BY_NAME.get(one.rule)
        if rule is not None and one.rank <= rule.severity.rank:
            continue  # as strict as it is by itself, or stricter
        where = [f"files {', '.join(one.paths)}"] if one.paths else []
        where += [f"districts labeled {one.label}"] if one.label else []
        told = "turned off" if one.severity is None else f"told as {one.severity.value}"
        yield AcceptedException(
            AcceptedKind.RULE,
            one.rule,
            _meaning(one.rule),
            told,
            (),
            " and ".join(where) or "every district",
            one.reason,
            None,
            ExceptionStanding.IN_FORCE,
            authors.of_lines(PROJECT_FILE, range(one.line, one.line + 1)),
        )


def _known(sources: ReportSources, authors: Authors) -> Iterator[AcceptedException]:
    """Give what the baseline of findings puts off, by rule."""
    baseline, project = sources.project.baseline, sources.project
    if baseline is None:
        return
    by_rule = defaultdict[str, list[Finding]](list)
    for one in sources.checked.known:
        by_rule[one.rule].append(one)
    keys = {one.file: one.district.key for one in sources.loaded}
    file = relative(baseline, project.root)
    by = authors.of_file(file) if by_rule else AcceptedBy()
    for rule, found in sorted(by_rule.items()):
        reached = {
            key
            for one in found
            for key in (*one.districts, keys.get(one.place.file, ""))
            if key
        }
        yield AcceptedException(
            AcceptedKind.KNOWN,
            rule,
            _meaning(rule),
            f"{many(len(found), 'finding')} put off",
            tuple(sorted(reached)),
            "" if reached else name_files(found),
            "was there when checks began",
            None,
            ExceptionStanding.IN_FORCE,
            by,
        )


def name_files(found: Iterable[Finding]) -> str:
    """Name the files of findings that are of no district."""
    return ", ".join(sorted({one.place.file for one in found}))


_BY_FLAG = {"disruptive": "Changes that affect some families."}
"""What is accepted by a flag of its own, which is no rule's name."""


def _guards(sources: ReportSources) -> Iterator[AcceptedException]:
    """Give what was accepted for runs of the last year, the newest first."""
    for run in sources.state.runs:
        head = run.line.head
        if sources.report.at - head.began > A_YEAR:
            continue
        day = head.began.date()
        who = head.origin.actor or head.origin.user
        how = f"began run {head.number}" if who else ""
        if run.approved:
            who, how = (
                ", ".join(sorted(one.name for one in run.approved)),
                f"approved the plan of run {head.number}",
            )
        told = {
            name: f"{many(count, 'objection')} accepted"
            for name, count in head.accepted.items()
        }
        told |= dict.fromkeys(head.reasons, "overridden")
        for name, what in sorted(told.items()):
            yield AcceptedException(
                AcceptedKind.GUARD,
                name,
                _meaning(name) or _BY_FLAG.get(name, ""),
                what,
                (),
                f"run {head.number}, {many(count_districts(run), 'district')}",
                head.reasons.get(name, ""),
                None,
                None,
                AcceptedBy(who, day, how),
            )


def count_districts(run: ReportedRun) -> int:
    """Count the districts of a run."""
    tally = run.line.tally
    return tally.done + tally.skipped + tally.unfinished
