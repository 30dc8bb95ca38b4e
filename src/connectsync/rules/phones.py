"""Rules about phone types: which number is used for texts, calls and login."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.finding import KeyPath, Problem, Severity
from connectsync.providers.clever import PhoneType
from connectsync.rules.subjects import DISTRICT, DistrictOnDay, quote_labels

PHONE_TYPES: KeyPath = ("settings", "phone_types")

HOME_ALONE = frozenset({PhoneType.HOME})


@DISTRICT.rule(Severity.ERROR, source="C5", refused=True)
def two_phone_types(district: DistrictOnDay) -> Iterator[Problem]:
    """
    More than one phone type is selected, and Connect takes only one from Clever.

    With Clever, Connect's form allows one phone type. A file that lists two leaves open
    which of them families are reached at.

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
            f"{len(chosen)} phone types are selected ({quote_labels(chosen)}), but"
            " Connect"
            " takes only one from Clever",
            hint="keep the one that most families are texted at, usually 'Cell'",
        )


@DISTRICT.rule(Severity.WARNING, source="C5")
def home_phone_for_texts(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Home numbers are synced, and families cannot be texted, called or log in with them.

    Connect stores a number of type Home in the Phone field, which it uses neither for
    messages nor for login. A number that families use for texts does not come through.

    Bad:

        settings:
          phone_types: [Home]

    Good:

        settings:
          phone_types: [Cell]
    """
    if district.chosen("phone_types") == HOME_ALONE:
        yield Problem(
            PHONE_TYPES,
            "numbers of type 'Home' are not texted, called or used for login",
            hint="select 'Cell', or allow this rule and say how families are reached",
        )


@DISTRICT.rule(Severity.WARNING, source="M1")
def home_phone_drops_guardians(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Guardians without an email are not created, because only Home numbers are synced.

    The sync creates a guardian only with an email or a number that can be texted. A
    Home number does not count, so a parent who gave the school no email is not created
    on Connect, and the child may have no guardian there at all.

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
            "the sync manages guardians, and does not create one who has no email: a"
            " number of type 'Home' cannot be texted",
            hint="select 'Cell', or make sure that every guardian has an email in"
            " Clever and allow this rule",
        )


@DISTRICT.rule(Severity.WARNING, source="U1", inferred=True)
def home_phone_for_active_users(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The sync updates people who have joined, but only their Home numbers are synced.

    With update_active_users on, the contact details of people who have joined come from
    the sync alone, and they can no longer edit them. Home numbers do not fill the
    number for texts, calls and login. What happens to the mobile number that a family
    uses today is not published: it may be kept or cleared, and the family cannot
    correct it.

    Bad:

        facts:
          contact_details_kept_in: clever
        settings:
          update_active_users: true
          phone_types: [Home]

    Good:

        facts:
          contact_details_kept_in: clever
        settings:
          update_active_users: true
          phone_types: [Cell]
    """
    on = district.settings.update_active_users
    if on and district.chosen("phone_types") == HOME_ALONE:
        yield Problem(
            PHONE_TYPES,
            "update_active_users locks the contact details of people who have joined,"
            " and numbers of type 'Home' cannot be their number for texts and login",
            hint="select 'Cell', or set update_active_users to false",
        )


@DISTRICT.rule(Severity.WARNING, source="C5", inferred=True)
def work_phone_for_login(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Work numbers are synced, so families are texted and log in with an office phone.

    The selected type fills the number that Connect uses for texts, calls and login. An
    office phone is often a landline, may be shared by colleagues, and changes with the
    job: a message about a child may reach another person.

    Bad:

        settings:
          phone_types: [Work]

    Good:

        settings:
          phone_types: [Cell]
    """
    yield from _used_for_login(district, PhoneType.WORK)


@DISTRICT.rule(Severity.WARNING, source="C5", inferred=True)
def other_phone_for_login(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Numbers of type Other are synced, and it is not known whose phones those are.

    The selected type fills the number that Connect uses for texts, calls and login. In
    Clever, Other is any number that is not Cell, Home or Work, and contacts without any
    number can have this type too.

    Bad:

        settings:
          phone_types: [Other]

    Good:

        settings:
          phone_types: [Cell]
    """
    yield from _used_for_login(district, PhoneType.OTHER)


@DISTRICT.rule(Severity.WARNING, source="M1", inferred=True)
def no_phone_type(district: DistrictOnDay) -> Iterator[Problem]:
    """
    No phone type is selected, so guardians most likely come without a number.

    The sync does not create a guardian who has neither an email nor a number that can
    be texted. With no type selected, no number is likely to come through: new guardians
    cannot be texted, and those without an email are not created.

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
            "the sync manages guardians, and no phone type is selected: they most"
            " likely come without a number",
            hint="select 'Cell', or remove phone_types to leave it to the page",
        )


def _used_for_login(district: DistrictOnDay, label: PhoneType) -> Iterator[Problem]:
    if district.chosen("phone_types") == {label}:
        yield Problem(
            PHONE_TYPES,
            f"numbers of type '{label}' are used for texts, calls and login",
            hint="select 'Cell', or allow this rule if the roster keeps mobile numbers"
            f" under '{label}'",
        )
