"""
Whom settings reach on a real roster: the model, and each assumption it makes.

Tables of a roster count people by what each selection does with them; what those counts
mean is said here. No value here belongs to a person.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from connectsync.domain.settings import Form
from connectsync.domain.wording import many
from connectsync.providers.clever import (
    ContactRelationship,
    ContactType,
    PhoneType,
    StudentId,
)
from connectsync.values import dataclass, replace


class Standing(StrEnum):
    """How sure an assumption is."""

    DOCUMENTED = "documented"
    INFERRED = "inferred"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Assumption:
    """One thing the model takes for granted, and the key of the source it rests on."""

    name: str
    standing: Standing
    sentence: str
    source: str = ""


@cache
def assumptions() -> tuple[Assumption, ...]:
    """Give all that the model assumes, in the order of the page on it."""
    text = (files("connectsync.domain") / "assumptions.json").read_text("utf-8")
    return tuple(
        Assumption(**{**one, "standing": Standing(one["standing"])})
        for one in json.loads(text)
    )


@dataclass(frozen=True, slots=True)
class Selection:
    """
    What a form selects, as far as it decides whom a sync reaches.

    None where nothing says what the form holds. ``guardians`` says whether the sync
    manages them.
    """

    student_id: str | None = None
    guardians: bool | None = None
    contact_types: frozenset[str] | None = None
    contact_relationships: frozenset[str] | None = None
    phone_types: frozenset[str] | None = None

    @property
    def matches_nothing(self) -> bool:
        """Say whether no contact can become a guardian."""
        chosen = (self.contact_types, self.contact_relationships)
        return self.guardians is False or frozenset() in chosen

    @property
    def says_who(self) -> bool:
        """Say whether it is known which contacts become guardians."""
        stated = (self.guardians, self.contact_types, self.contact_relationships)
        return self.matches_nothing or None not in stated


def selection_of(form: Form) -> Selection:
    """Take from a form what decides whom a sync reaches."""

    def labels(name: str) -> frozenset[str] | None:
        value = form.get(name)
        return value if isinstance(value, frozenset) else None

    student_id, guardians = form.get("student_id"), form.get("manage_guardians")
    return Selection(
        student_id if isinstance(student_id, str) else None,
        guardians if isinstance(guardians, bool) else None,
        labels("contact_types"),
        labels("contact_relationships"),
        labels("phone_types"),
    )


class Gap(StrEnum):
    """What a source of a roster does not tell."""

    LABELS = "contact types, relationships and phone types"
    STUDENTS = "students with their ids"


def alternatives(after: Selection) -> Iterator[tuple[str, str, Selection]]:
    """
    Give each label that is not chosen, and the selection with it.

    Of phone types one alone can be chosen, so another one takes its place.
    """
    types, relationships = after.contact_types, after.contact_relationships
    if after.matches_nothing or types is None or relationships is None:
        return
    for label in PhoneType if after.phone_types is not None else ():
        if label not in (after.phone_types or ()):
            other = replace(after, phone_types=frozenset([label]))
            yield "phone_types", label, other
    for type_ in ContactType:
        if type_ not in types:
            yield "contact_types", type_, replace(after, contact_types=types | {type_})
    for one in ContactRelationship:
        if one not in relationships:
            other = replace(after, contact_relationships=relationships | {one})
            yield "contact_relationships", one, other


class PeopleCount(NamedTuple):
    """
    How many contacts are alike.

    Of the masks, a bit stands for each selection: whether the contact is a guardian,
    has a number that is texted, and matches for one student but not for another.
    """

    guardian: int
    text: int
    partial: int
    email: bool
    own: bool
    self_: bool
    total: int


class StudentCount(NamedTuple):
    """
    How many students are alike.

    ``reached`` has a bit for each selection under which a guardian is created, ``six``
    where six contacts or more match. None where the source cannot say.
    """

    reached: int
    six: int
    has_id: bool | None
    has_number: bool | None
    total: int


class LinkCount(NamedTuple):
    """How many links match under the same selections."""

    mask: int
    total: int


class SharedCount(NamedTuple):
    """How many numbers several guardians are texted at, under the same selections."""

    mask: int
    total: int


@dataclass(frozen=True, slots=True)
class Counts:
    """All that leaves the tables of a roster, or of one school in it."""

    people: Sequence[PeopleCount] = ()
    students: Sequence[StudentCount] = ()
    links: Sequence[LinkCount] = ()
    shared: Sequence[SharedCount] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """
    What one selection does to a roster; None where that cannot be known.

    ``dropped`` are guardians who are not created, having neither email nor number.
    """

    students: int
    students_without_id: int | None
    links: int
    links_matched: int | None
    guardians: int | None
    by_text: int | None
    email_only: int | None
    dropped: int | None
    created: int | None
    students_without_guardian: int | None
    partial_contacts: int | None
    contacts_without_id: int
    students_with_six_or_more: int | None
    self_contacts: int | None
    shared_numbers: int | None


def tally(
    counts: Counts, number: int, selection: Selection, gaps: frozenset[Gap]
) -> Tally:
    """Count what a selection does; ``number`` is the place of its bit."""
    bit = 1 << number
    people = [one for one in counts.people if one.guardian & bit]
    by_text = _sum(one for one in people if one.text & bit)
    email_only = _sum(one for one in people if one.email and not one.text & bit)
    guardians = _sum(people)
    who = selection.says_who and (Gap.LABELS not in gaps or selection.matches_nothing)
    # without guardians it does not matter which numbers are taken
    how = who and (selection.phone_types is not None or selection.matches_nothing)
    students = _sum(counts.students)
    reached = _sum(one for one in counts.students if one.reached & bit)
    return Tally(
        students=students,
        students_without_id=_without_id(counts.students, selection.student_id),
        links=_sum(counts.links),
        links_matched=_sum(one for one in counts.links if one.mask & bit)
        if who
        else None,
        guardians=guardians if who else None,
        by_text=by_text if how else None,
        email_only=email_only if how else None,
        dropped=guardians - by_text - email_only if how else None,
        created=by_text + email_only if how else None,
        students_without_guardian=students - reached if how else None,
        partial_contacts=_sum(one for one in people if one.partial & bit)
        if who
        else None,
        contacts_without_id=_sum(one for one in counts.people if not one.own),
        students_with_six_or_more=_sum(one for one in counts.students if one.six & bit)
        if who
        else None,
        self_contacts=None
        if Gap.LABELS in gaps
        else _sum(one for one in counts.people if one.self_),
        shared_numbers=_sum(one for one in counts.shared if one.mask & bit)
        if how
        else None,
    )


def _sum(
    counts: Iterable[PeopleCount | StudentCount | LinkCount | SharedCount],
) -> int:
    return sum(one.total for one in counts)


def _without_id(students: Sequence[StudentCount], chosen: str | None) -> int | None:
    if chosen == StudentId.STUDENT_ID:
        has = [(one.has_id, one.total) for one in students]
    elif chosen == StudentId.STUDENT_NUMBER:
        has = [(one.has_number, one.total) for one in students]
    else:
        return None
    if any(there is None for there, _ in has):
        return None
    return sum(count for there, count in has if not there)


class Reach(NamedTuple):
    """How many people: guardians created, those by text, students with a guardian."""

    created: int = 0
    by_text: int = 0
    students: int = 0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What choosing one more label, or another phone type, would gain and lose."""

    setting: str
    label: str
    gain: Reach
    lose: Reach


def compare(counts: Counts, after: int, other: int) -> tuple[Reach, Reach]:
    """Count whom another selection reaches and ``after`` does not, and the reverse."""
    return _beyond(counts, other, after), _beyond(counts, after, other)


def _beyond(counts: Counts, more: int, less: int) -> Reach:
    new, old = 1 << more, 1 << less
    created = by_text = 0
    for one in counts.people:
        text = one.guardian & one.text
        reached = one.guardian if one.email else text
        created += one.total * bool(reached & new and not reached & old)
        by_text += one.total * bool(text & new and not text & old)
    students = _sum(
        one for one in counts.students if one.reached & new and not one.reached & old
    )
    return Reach(created, by_text, students)


@dataclass(frozen=True, slots=True)
class SchoolImpact:
    """The tallies of one school, by its id; empty for those that are not named."""

    school: str
    before: Tally | None
    after: Tally


@dataclass(frozen=True, slots=True)
class Measured:
    """
    What two selections do to a roster. Tallies only.

    ``staff`` are contacts who share their email with a member of staff, None where the
    roster knows no staff. ``unknown`` are words outside Clever's lists, by field.
    ``unnamed`` counts schools that are not small and whose id may be a person's.
    """

    contacts: int
    staff: int | None
    tallies: tuple[Tally | None, Tally]
    unknown: Mapping[str, Mapping[str, int]]
    suggestions: tuple[Suggestion, ...]
    schools: tuple[SchoolImpact, ...] = ()
    unnamed: int = 0

    def notes(self) -> Iterator[str]:
        """Say what a reader of the figures has to know of them."""
        if self.unnamed:
            yield (
                f"{many(self.unnamed, 'school')} counted with the smaller ones: the id"
                " may be the name or id of a person"
            )


@dataclass(frozen=True, slots=True)
class Impact:
    """
    What the files would change for the people of a district's roster.

    ``source`` says where the roster came from, ``compared_with`` where the settings
    before did, empty without any. ``notes`` say what a reader should know.
    """

    district: str
    source: str
    read_at: datetime
    compared_with: str
    measured: Measured
    notes: tuple[str, ...] = ()


def differences(before: Tally, after: Tally) -> Iterator[tuple[str, int, float | None]]:
    """
    Give each figure that differs: by how many people, and by how much in percent.

    The percentage is None where there was none before.
    """
    for name in Tally.__dataclass_fields__:
        old, new = getattr(before, name), getattr(after, name)
        if old is None or new is None or old == new:
            continue
        yield name, new - old, 100 * (new - old) / old if old else None
