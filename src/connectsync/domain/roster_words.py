"""
The words of a roster: what they mean, and which of them may be shown.

A word in a list, or the id of a school, can be a name that stands in the wrong column.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from connectsync.domain.impact import Selection
from connectsync.providers.clever import ContactRelationship, ContactType, PhoneType
from connectsync.values import dataclass, field

LABELS: Mapping[str, type[StrEnum]] = {
    "type": ContactType,
    "relationship": ContactRelationship,
    "phone_type": PhoneType,
}
"""The fields of a roster that hold labels, and Clever's own."""

FEWEST = 10
"""
How many people have to share a word or a school before it is shown.

What a few rows alone hold may be a name in the wrong column, or tell who they are.
"""

MOST_VALUES = 25

NOT_SHOWN = "(not shown)"
"""What stands for values that may be no labels at all."""

_COMMON = (
    "abuela abuelo aunt babysitter brother caregiver caretaker caseworker celular cell"
    " cellphone child cousin custodial custodian dad daddy daughter daycare daytime"
    " emergency extended family father fax friend godfather godmother godparent grandma"
    " grandfather grandmother grandpa grandparent grandparents guardian guardians"
    " hermana hermano home household husband landline madre mobile mom mommy mother"
    " nanny neighbor neighbour nephew niece office other pager padre parent parents"
    " phone phones primary relative secondary self sibling sister sitter son spouse"
    " stepbrother stepdad stepfather stepmom stepmother stepparent stepsister student"
    " text uncle unknown wife work worker"
)
COMMON_WORDS = frozenset(_COMMON.split())
"""Words for kin and phones, which tell of no one, however few rows hold them."""

_BESIDE = (
    "a adoptive alternate alternative and appointed biological birth business case"
    " contact court day evening ex foster great half host in law legal lives living"
    " male female night no non not number of only or paternal maternal personal second"
    " social state step the third to with"
)
BESIDE = COMMON_WORDS | frozenset(_BESIDE.split())
"""Words beside which a common one still tells of no one."""

_SCHOOL = (
    "academy center charter elementary elem es high hs intermediate junior k8"
    " kindergarten magnet middle ms prep preschool primary school senior"
)
_SCHOOL_WORDS = frozenset(_SCHOOL.split())

_LABEL = re.compile(r"[A-Za-z][A-Za-z /&'-]{0,29}")


class Choice(NamedTuple):
    """The words of a roster that a selection takes, folded; none of them is blank."""

    types: frozenset[str] = frozenset()
    relationships: frozenset[str] = frozenset()
    phone_types: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ComparedValue:
    """
    What a value is made of, and which parts stand in a name, email, phone or id.

    A part is a word or a number in small letters without accents; ``squeezed`` is the
    whole value without what stands between them. What is in other letters is ``odd``.
    """

    parts: frozenset[str]
    squeezed: str
    theirs: frozenset[str]
    odd: bool = False

    @property
    def is_of_a_person(self) -> bool:
        """Say whether the whole of it may be the name or id of someone."""
        whole = {one for one in self.parts if len(one) > 1}
        return (
            self.odd
            or self.squeezed in self.theirs
            or (bool(whole) and whole <= self.theirs)
        )


@dataclass(frozen=True, slots=True)
class KnownPeople:
    """
    What is known of values that stand where names may stand by mistake.

    ``named`` says whether the roster has names of most people to compare with.
    """

    named: bool = False
    values: Mapping[str, ComparedValue] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Sequence[Any]]) -> KnownPeople:
        """Make it of rows: a value, what is known of it, and whether most are named."""
        named, values = False, {}
        for value, parts, squeezed, theirs, odd, most in rows:
            values[value] = ComparedValue(
                frozenset(parts), squeezed, frozenset(theirs), odd
            )
            named = most
        return cls(named, values)

    def may_show_word(self, value: str) -> bool:
        """Say whether no part of a word is one of a person."""
        asked = self.values.get(value)
        if asked is None or asked.odd or not self.named:
            return False
        # initials tell of no one
        telling = {one for one in asked.theirs if len(one) > 1}
        return not telling - COMMON_WORDS

    def may_show_school(self, school: str) -> bool:
        """Say whether a school's id is no name and no id of a person."""
        asked = self.values.get(school)
        if asked is None or asked.is_of_a_person:
            return False
        # without names to compare with, only what is surely of a school
        code = any(map(str.isdigit, school))
        return self.named or code or bool(asked.parts & _SCHOOL_WORDS)


@dataclass(frozen=True, slots=True)
class Dictionary:
    """
    What words of a roster mean where they are none of the provider's labels.

    ``stated`` gives, by field and folded word, the label that the project says it is.
    """

    stated: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def words(self, name: str, labels: Iterable[str]) -> frozenset[str]:
        """Give the folded words of a field that mean one of these labels."""
        wanted = {label.lower() for label in labels}
        stated = self.stated.get(name, {})
        meant = {word for word, label in stated.items() if label.lower() in wanted}
        return frozenset(meant | (wanted - stated.keys()))

    def asked(self, found: Mapping[str, Mapping[str, int]]) -> frozenset[str]:
        """Give the words that are shown unless they are of a person."""
        return frozenset(
            value
            for name in LABELS
            for value in _frequent(self._others(name, found))
            if not _is_common(value)
        )

    def outside(
        self, found: Mapping[str, Mapping[str, int]], people: KnownPeople
    ) -> dict[str, dict[str, int]]:
        """
        Give the words that mean nothing, by field, with their counts.

        Those that may be of ``people``, who have been ``asked`` for, count as one.
        """
        return {
            name: _shown(others, people)
            for name in LABELS
            if (others := self._others(name, found))
        }

    def _others(
        self, name: str, found: Mapping[str, Mapping[str, int]]
    ) -> Mapping[str, int]:
        known = {*map(str.lower, LABELS[name]), *self.stated.get(name, {})}
        told = found.get(name, {}).items()
        return {value: count for value, count in told if value not in known}

    def choice(self, selection: Selection) -> Choice:
        """Give the words that a selection takes."""
        if selection.matches_nothing or not selection.says_who:
            return Choice()
        # a number of the type Home fills a field that is not texted
        texted = (selection.phone_types or frozenset()) - {PhoneType.HOME}
        return Choice(
            self.words("type", selection.contact_types or ()),
            self.words("relationship", selection.contact_relationships or ()),
            self.words("phone_type", texted),
        )


NO_WORDS_STATED = Dictionary()


def _frequent(others: Mapping[str, int]) -> Iterator[str]:
    """Give the values that look like labels and stand in many rows."""
    if len(others) <= MOST_VALUES:
        yield from (
            value
            for value, count in others.items()
            if count >= FEWEST and _LABEL.fullmatch(value)
        )


def _is_common(value: str) -> bool:
    """Say whether a value is made of words that tell of no one."""
    parts = set(re.findall("[a-z]+", value))
    plain = bool(_LABEL.fullmatch(value)) and bool(parts & COMMON_WORDS)
    return plain and parts <= BESIDE


def _shown(others: Mapping[str, int], people: KnownPeople) -> dict[str, int]:
    """Give values outside a list with their counts; what may be no label as one."""
    frequent = frozenset(_frequent(others))
    shown: Counter[str] = Counter()
    for value, count in others.items():
        safe = _is_common(value) or (value in frequent and people.may_show_word(value))
        shown[value if safe or not value else NOT_SHOWN] += count
    return dict(sorted(shown.items()))


_SPLIT = re.compile(r"(name|mail)$")
_WHOLE = re.compile(r"(id|number|identifier|phone|sms|login|username)$")
_OF_NO_PERSON = re.compile("school|section|course|class|term|org|primaryorg")


def columns_of_people(columns: Sequence[str]) -> Iterator[tuple[int, str]]:
    """
    Give the places of columns that say who people are, by their folded headers.

    With each comes what is made of it: nothing of a name, which is in parts, the
    ``mailbox`` of an email, and an id or number ``squeezed`` into one.
    """
    for place, name in enumerate(columns):
        if _OF_NO_PERSON.match(name):
            continue
        if _WHOLE.search(name):
            yield place, "squeezed"
        elif _SPLIT.search(name):
            yield place, "mailbox" if name.endswith("mail") else ""
