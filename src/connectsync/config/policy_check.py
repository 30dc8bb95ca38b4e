"""The project file held against the fleet: waves, calendars, and holidays."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from connectsync.config.decode import Ground, bytes_of
from connectsync.config.discovery import PROJECT_FILE, below
from connectsync.config.document import Document
from connectsync.config.fleet import ReadFiles
from connectsync.config.policy import WEEKDAYS, calendars_in, waves_in, windows_of
from connectsync.config.profiles import read_and_check
from connectsync.config.project import Project
from connectsync.config.source import error, quote_text
from connectsync.domain.calendar import END_OF_DAY, Freeze, HolidayFile
from connectsync.domain.finding import Finding, KeyPath, Severity
from connectsync.domain.policy import Policy
from connectsync.domain.schedule import Days, before
from connectsync.domain.wording import did_you_mean
from connectsync.errors import ProjectError
from connectsync.values import replace

LOOKED_AHEAD = timedelta(days=400)
"""How far ahead holidays are read: no plan is older than a year when it is applied."""

COMPARED_AHEAD = timedelta(days=3_653)
"""How far ahead events count where what a change takes out is looked for."""

A_DAY = 24 * 60


def check_policy(
    project: Project, fleet: ReadFiles[Any], *, whole: bool, today: date
) -> tuple[Finding, ...]:
    """
    Find waves and calendars that take no district, and what calendars get wrong.

    A wave may name any district of the project, whatever was read of it. What the files
    say of districts counts only where all could be read, and the fleet is the ``whole``
    one.
    """
    ground = Ground.of(project.root)
    path = project.root / PROJECT_FILE
    document = read_and_check(path, PROJECT_FILE, "project", ground=ground).document
    if document is None:
        return ()
    districts = frozenset(path.stem for path in below(project.districts_dir))
    found = [*_nobody(document, districts, fleet.labels if whole else None)]
    if whole:
        found += _without_zone(document)
        found += _overlapping(document)
        found += _unread_holidays(project, document, today)
        found += _takes_nobody(document, project, fleet) if fleet.complete else ()
    return tuple(found)


def _nobody(
    document: Document, districts: frozenset[str], labels: frozenset[str] | None
) -> Iterator[Finding]:
    """Find what waves name in vain; ``labels`` is None where not all are known."""
    for position, wave in enumerate(waves_in(document)):
        place: KeyPath = ("rollout", "waves", position)
        who = f"the wave {quote_text(wave['name'])} names no district"
        for number, key in enumerate(wave.get("districts", ())):
            if key not in districts:
                said = f"{who}: no file describes the district {quote_text(key)}"
                path = (*place, "districts", number)
                yield _finding(document, path, said, _hint(key, districts))
        label = wave.get("label")
        if label is not None and labels is not None and label not in labels:
            said = f"{who}: no district has the label {quote_text(label)}"
            hint = _hint(label, labels)
            yield _finding(document, (*place, "label"), said, hint)


def _takes_nobody(
    document: Document, project: Project, fleet: ReadFiles[Any]
) -> Iterator[Finding]:
    """Find calendars that take no district: their freezes would freeze nothing."""
    for position, calendar in enumerate(project.policy.calendars):
        if any(calendar.takes(*one) for one in fleet.members()):
            continue
        place: KeyPath = ("calendars", position)
        said, hint, key = f"no district fits {calendar.whom}", "", "name"
        if calendar.label and calendar.label not in (labels := fleet.labels or ()):
            key, said = "label", f"no district has the label {calendar.label!r}"
            hint = did_you_mean(calendar.label, labels)
        elif calendar.profile and calendar.profile not in (known := fleet.shelf.names):
            key, said = "profile", f"there is no profile {calendar.profile!r}"
            hint = did_you_mean(calendar.profile, known)
        yield Finding(
            "calendar-takes-nobody",
            Severity.WARNING,
            f"the calendar {quote_text(calendar.name)} takes no district: {said}",
            document.locate((*place, key)),
            path=(*place, key),
            hint=hint or "correct the spelling, or remove the calendar",
        )


def _without_zone(document: Document) -> Iterator[Finding]:
    for place, stated in calendars_in(document):
        if "timezone" in document.data or "timezone" in stated:
            continue
        for position, freeze in enumerate(stated.get("freezes", ())):
            if "timezone" not in freeze:
                path: KeyPath = (*place, "freezes", position)
                yield Finding(
                    "freeze-without-zone",
                    Severity.WARNING,
                    f"the freeze until {freeze['to']} names no time zone, so its days"
                    " end at midnight UTC: in Chicago its last evening is open from"
                    " 18:00 or 19:00 on",
                    document.locate(path),
                    path=path,
                    hint="write `timezone: America/Chicago`, or your own zone, once at"
                    " the top of the file",
                )


def _overlapping(document: Document) -> Iterator[Finding]:
    """Find windows that have hours in common with one above them, in one zone."""
    for place, stated in calendars_in(document):
        before: list[tuple[int, Mapping[str, Any], frozenset[int]]] = []
        for position, span in enumerate(stated.get("windows", ())):
            minutes = _minutes(span)
            for earlier, other, held in before:
                same = span.get("timezone") == other.get("timezone")
                if same and (both := minutes & held):
                    path: KeyPath = (*place, "windows", position)
                    yield Finding(
                        "overlapping-windows",
                        Severity.WARNING,
                        f"this window and number {earlier + 1} of the list are both"
                        f" open on {_spelled_minute(min(both))}",
                        document.locate(path),
                        path=path,
                        hint="one open window is enough: correct the hours, or make"
                        " one of both",
                    )
                    break
            before.append((position, span, minutes))


def _finding(document: Document, path: KeyPath, said: str, hint: str) -> Finding:
    place = document.locate(path)
    return error("wave-names-nobody", said, place, path=path, hint=hint)


def _hint(word: str, known: Collection[str]) -> str:
    return did_you_mean(word, known) or "correct the spelling, or remove it"


def _minutes(span: Mapping[str, Any]) -> frozenset[int]:
    """Give the minutes of a week, from Monday on, that a window is open."""
    (window,) = windows_of([span])
    opens = window.opens.hour * 60 + window.opens.minute
    closes = window.closes.hour * 60 + window.closes.minute
    if window.closes == END_OF_DAY:
        closes = A_DAY
    length = closes - opens if closes > opens else closes - opens + A_DAY
    return frozenset(
        (day * A_DAY + opens + minute) % (7 * A_DAY)
        for day in window.weekdays
        for minute in range(length)
    )


def _spelled_minute(minute: int) -> str:
    day, rest = divmod(minute, A_DAY)
    return f"{WEEKDAYS[day].capitalize()} at {rest // 60:02d}:{rest % 60:02d}"


ReadBytes = Callable[[str], bytes]
"""Gives a file of the project by its name. Raises ``ProjectError``."""


def holiday_reader(root: Path) -> ReadBytes:
    """
    Give what reads calendar files of the project that lies in a folder.

    No link leads to one: git follows fewer than a disk does, and what it cannot read of
    a commit would be compared with nothing.
    """
    ground, top = Ground.of(root), os.path.realpath(root)

    def read(name: str) -> bytes:
        path = root / name
        linked = os.path.realpath(path) != os.path.normpath(Path(top, name))
        if linked or not ground.holds(path.parent):
            said = f"{quote_text(name)} lies outside of the project, or behind a link"
            raise ProjectError(said, remedy="put the calendar file itself here")
        found = bytes_of(path, name, ground)
        if isinstance(found, Finding):
            raise ProjectError(
                f"{quote_text(name)}: {found.message}",
                remedy=found.hint or "correct the path, or take it out",
            )
        return found

    return read


def _ahead(today: date, days: timedelta = LOOKED_AHEAD) -> Days:
    latest = min(today, date.max - days) + days
    # it may be yesterday still, in another zone
    return Days(before(today) or today, latest)


def with_holidays(
    policy: Policy, read: ReadBytes, today: date, *, far: bool = False
) -> Policy:
    """
    Give the policy with the events of its calendar files as freezes.

    Those are read that are not over ``today`` and begin within 400 days, or ``far``
    ahead, where they are not too many. Raises ``ProjectError`` for a file that cannot
    be read whole: its days would be open.
    """
    if not policy.reads_files:
        return policy

    def freezes(files: Iterable[HolidayFile]) -> Iterator[Freeze]:
        for file in files:
            found: Iterable[Freeze] | None = None
            if far:
                with suppress(ProjectError):
                    found = freezes_in(file, read, _ahead(today, COMPARED_AHEAD))
            yield from found or freezes_in(file, read, _ahead(today))

    return replace(
        policy,
        freezes=(*policy.freezes, *freezes(policy.holidays)),
        calendars=tuple(
            replace(one, freezes=(*one.freezes, *freezes(one.holidays)))
            for one in policy.calendars
        ),
    )


def freezes_in(file: HolidayFile, read: ReadBytes, within: Days) -> Iterator[Freeze]:
    """Give the freezes of one calendar file. Raises ``ProjectError``."""
    from connectsync.files.calendars import (  # noqa: PLC0415 - slow, and few have any
        UnreadableCalendar,
        read_days,
    )

    try:
        found = read_days(read(file.name), file.timezone, within)
    except UnreadableCalendar as error:
        raise ProjectError(
            f"{quote_text(file.name)} cannot be read as a calendar: {error}",
            remedy="export it once more as iCalendar (.ics), or state its days as"
            " freezes",
        ) from error
    return (Freeze(days, title, file.timezone) for days, title in found)


def _unread_holidays(
    project: Project, document: Document, today: date
) -> Iterator[Finding]:
    read = holiday_reader(project.root)
    within = _ahead(today)
    for place, stated in calendars_in(document):
        for position, name in enumerate(stated.get("holidays", ())):
            path: KeyPath = (*place, "holidays", position)
            zone = stated.get("timezone", document.data.get("timezone", "UTC"))
            try:
                tuple(freezes_in(HolidayFile(name, zone), read, within))
            except ProjectError as problem:
                yield error(
                    "file-not-readable",
                    problem.sentence,
                    document.locate(path),
                    path=path,
                    hint=problem.remedy or "",
                )
