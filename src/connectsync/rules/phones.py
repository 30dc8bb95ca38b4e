"""Rules about phone types: which number becomes the one for texts and login."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.finding import Path, Problem, Severity
from connectsync.domain.settings import PhoneType
from connectsync.rules.subjects import DISTRICT, DistrictOnDay
from connectsync.rules.wording import quoted

PHONE_TYPES: Path = ("settings", "phone_types")

HOME_ALONE = frozenset({PhoneType.HOME})
WORK_ALONE = frozenset({PhoneType.WORK})
OTHER_ALONE = frozenset({PhoneType.OTHER})


@DISTRICT.rule(Severity.ERROR, source="C5", refused=True)
def two_phone_types(district: DistrictOnDay) -> Iterator[Problem]:
    """
    More than one phone type is chosen, and Connect takes only one from Clever.

    A contact at Clever has a single number of a single type, so Connect's form lets
    one type be chosen. Which of two would win is not for a file to leave open:
    families would be reached by chance.

    Bad:

        settings:
          phone_types: [Cell, Home]

    Good:

        settings:
          phone_types: [Cell]
    """
    chosen = district.settings.phone_types
    if chosen is not None and len(chosen) > 1:
        yield Problem(
            PHONE_TYPES,
            f"{len(chosen)} phone types are chosen ({quoted(chosen)}), and Connect"
            " takes one from Clever",
            hint="keep the type that most families are texted at, usually 'Cell'",
        )


@DISTRICT.rule(Severity.WARNING, source="C5")
def home_phone_for_texts(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Home numbers are synced, so no family can be texted, called or log in by phone.

    Connect keeps a number of type Home apart from the mobile number, in a field that
    it uses neither for messages nor for login. Families without an email hear nothing.

    Bad:

        settings:
          phone_types: [Home]

    Good:

        settings:
          phone_types: [Cell]
    """
    if district.settings.phone_types == HOME_ALONE:
        yield Problem(
            PHONE_TYPES,
            "phone type 'Home' is never texted, called or used for login",
            hint="choose 'Cell', or allow this rule and say how families are reached",
        )


@DISTRICT.rule(Severity.WARNING, source="M1")
def home_phone_drops_guardians(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Guardians without an email are not created, because only Home numbers are synced.

    The sync adds a guardian only with an email or a number that can be texted. A Home
    number does not count, so a parent who gave the school nothing else is missing on
    Connect, and the child may have no guardian there at all.

    Bad:

        settings:
          manage_guardians: true
          phone_types: [Home]

    Good:

        settings:
          manage_guardians: true
          phone_types: [Cell]
    """
    settings = district.settings
    if settings.manage_guardians and settings.phone_types == HOME_ALONE:
        yield Problem(
            PHONE_TYPES,
            "guardians without an email are not created: a number of type 'Home' cannot"
            " be texted, and the sync manages guardians",
            hint="choose 'Cell', or see that every guardian has an email at Clever",
        )


@DISTRICT.rule(Severity.WARNING, source="C5", inferred=True)
def work_phone_for_login(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Work numbers are synced, so families are texted and log in by an office phone.

    The chosen type fills the number that Connect texts, calls and accepts for login.
    An office phone is often a landline, is shared by colleagues, and changes with the
    job: a message about a child may reach somebody else.

    Bad:

        settings:
          phone_types: [Work]

    Good:

        settings:
          phone_types: [Cell]
    """
    if district.settings.phone_types == WORK_ALONE:
        yield Problem(
            PHONE_TYPES,
            "phone type 'Work' becomes the number for texts, calls and login",
            hint="choose 'Cell', unless families gave their mobile numbers as 'Work'",
        )


@DISTRICT.rule(Severity.WARNING, source="C5", inferred=True)
def other_phone_for_login(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Numbers of type Other are synced: nobody knows whose phone is texted.

    The chosen type fills the number that Connect texts, calls and accepts for login.
    At Clever, Other is what is left when a number is neither Cell, Home nor Work, and
    contacts without any number carry it too.

    Bad:

        settings:
          phone_types: [Other]

    Good:

        settings:
          phone_types: [Cell]
    """
    if district.settings.phone_types == OTHER_ALONE:
        yield Problem(
            PHONE_TYPES,
            "phone type 'Other' becomes the number for texts, calls and login",
            hint="choose 'Cell', unless the roster keeps mobile numbers under 'Other'",
        )


@DISTRICT.rule(Severity.WARNING, source="M1")
def no_phone_type(district: DistrictOnDay) -> Iterator[Problem]:
    """
    No phone type is chosen, so guardians come to Connect without any number.

    Nobody can be texted, and the sync does not add a guardian who has neither an email
    nor a number that can be texted.

    Bad:

        settings:
          manage_guardians: true
          phone_types: []

    Good:

        settings:
          manage_guardians: true
          phone_types: [Cell]
    """
    settings = district.settings
    if settings.manage_guardians and settings.phone_types == frozenset():
        yield Problem(
            PHONE_TYPES,
            "the sync manages guardians, and no phone type is chosen: they come without"
            " a number",
            hint="choose 'Cell'; remove the key to leave the choice to the page",
        )
