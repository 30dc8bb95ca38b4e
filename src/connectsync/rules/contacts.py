"""Rules about contacts: who becomes a guardian, and by which of their numbers."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.finding import KeyPath, Problem, Severity
from connectsync.providers.clever import ContactRelationship, ContactType, PhoneType
from connectsync.rules.engine import (
    DISTRICT,
    DistrictOnDay,
    how_to_add,
    how_to_remove,
    quote_labels,
    shares_of,
)

CONTACT_TYPES: KeyPath = ("settings", "contact_types")
CONTACT_RELATIONSHIPS: KeyPath = ("settings", "contact_relationships")
PHONE_TYPES: KeyPath = ("settings", "phone_types")
HOME_ALONE = frozenset({PhoneType.HOME})

PARENTAL_TYPES = frozenset(
    {ContactType.PARENT_GUARDIAN, ContactType.PRIMARY, ContactType.FAMILY}
)


@DISTRICT.rule(Severity.WARNING, source="N3")
def emergency_contacts_as_guardians(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Emergency contacts become guardians and get every message about the child.

    A synced guardian can be messaged at once, without an invitation. A neighbor who
    is listed for emergencies gets the messages meant for parents, and can log in.

    Bad:

        settings:
          contact_types: [Emergency, Parent/Guardian]

    Good:

        settings:
          contact_types: [Parent/Guardian]
    """
    if ContactType.EMERGENCY in district.chosen("contact_types"):
        yield Problem(
            CONTACT_TYPES,
            "contacts of type 'Emergency' become guardians and can be messaged at once",
            hint=f"{_without_type(district, ContactType.EMERGENCY)}, or allow this rule"
            " if the roster lists parents under it",
        )


@DISTRICT.rule(Severity.WARNING, source="N3", inferred=True)
def secondary_contacts_as_guardians(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Secondary contacts become guardians, and who they are is not published.

    Schools use the type Secondary for a second parent, but also for the next person to
    call. Each of them can be messaged at once, without an invitation.

    Bad:

        settings:
          contact_types: [Parent/Guardian, Secondary]

    Good:

        settings:
          contact_types: [Parent/Guardian]
    """
    if ContactType.SECONDARY in district.chosen("contact_types"):
        yield Problem(
            CONTACT_TYPES,
            "contacts of type 'Secondary' become guardians and can be messaged at once",
            hint="check which people the roster lists under it, then allow this rule or"
            f" {_without_type(district, ContactType.SECONDARY)}",
        )


@DISTRICT.rule(Severity.WARNING, source="CV-contacts", inferred=True)
def students_as_guardians(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The relationship Self is selected, so students become their own guardians.

    Self most likely marks a contact who is the student. On Connect that student gets
    the messages meant for parents, and counts as a guardian who was reached.

    Some districts select Self on purpose: their student information system exports the
    students' own phones as Self contacts, so that students can be reached. If yours
    does, allow this rule and give that as the reason.

    Bad:

        settings:
          contact_relationships: [Parent, Self]

    Good:

        settings:
          contact_relationships: [Parent]
    """
    relationships = district.chosen("contact_relationships")
    if ContactRelationship.SELF in relationships:
        shared = shares_of(district).contact_relationships
        adding = how_to_add({ContactRelationship.PARENT}, shared)
        removed = how_to_remove(ContactRelationship.SELF, relationships, adding)
        yield Problem(
            CONTACT_RELATIONSHIPS,
            "relationship 'Self' makes students their own guardians",
            hint=f"{removed}, or allow this rule if the roster uses it for students'"
            " own phones",
        )


@DISTRICT.rule(Severity.INFO, source="CV-fields", inferred=True)
def custody_not_filtered(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Contacts without custody are not left out, and the form cannot tell them apart.

    Clever takes no fields of a district's own for contacts, and its contact says
    nothing about custody or about who may receive mail. A parent without rights
    becomes a guardian who can be messaged at once, unless the student information
    system leaves that contact out of its export.

    Bad:

        facts:
          custody_filtered: false
        settings:
          manage_guardians: true
          contact_types: [Parent/Guardian]
          contact_relationships: [Parent, Other]
          phone_types: [Cell]

    Good:

        facts:
          custody_filtered: true
        settings:
          manage_guardians: true
          contact_types: [Parent/Guardian]
          contact_relationships: [Parent, Other]
          phone_types: [Cell]
    """
    managed = district.settings.manage_guardians
    if managed and district.facts.custody_filtered is False:
        yield Problem(
            ("settings", "manage_guardians"),
            "no custody flag travels with a contact from Clever, and"
            " facts.custody_filtered says that the export does not leave out parents"
            " without rights",
            hint="have the export leave them out, then set custody_filtered to true; or"
            " allow this rule",
        )


@DISTRICT.rule(Severity.INFO, source="CV-contacts", inferred=True)
def guardians_marked_other_left_out(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Only the relationship Parent is selected, so guardians with another are left out.

    Real rosters hold contacts of type Parent/Guardian whose relationship is Other:
    foster parents, stepparents, or simply what the school's system exported. A child
    whose only guardian is listed that way has no guardian on Connect.

    Bad:

        settings:
          contact_types: [Parent/Guardian]
          contact_relationships: [Parent]

    Good:

        settings:
          contact_types: [Parent/Guardian]
          contact_relationships: [Other, Parent]
    """
    relationships = district.chosen("contact_relationships")
    parent_only = relationships == {ContactRelationship.PARENT}
    guardians = ContactType.PARENT_GUARDIAN in district.chosen("contact_types")
    if not (parent_only and guardians):
        return
    shared = shares_of(district).contact_relationships
    # what Clever does not share, no choice on Connect can bring
    if shared is None or ContactRelationship.OTHER in shared:
        yield Problem(
            CONTACT_RELATIONSHIPS,
            "contacts of type 'Parent/Guardian' whose relationship is not 'Parent' are"
            " left out; many rosters list some as 'Other'",
            hint="count them in the roster, and add 'Other' if they are guardians",
        )


@DISTRICT.rule(Severity.WARNING, source="CV-contacts", inferred=True)
def parents_left_out(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The contacts that are selected do not include parents.

    Parents have the relationship Parent and usually one of the types Parent/Guardian,
    Primary or Family. Without those, other people get messages about the child and the
    parents get none.

    Bad:

        settings:
          contact_types: [Parent/Guardian]
          contact_relationships: [Grandparent]

    Good:

        settings:
          contact_types: [Parent/Guardian]
          contact_relationships: [Grandparent, Other, Parent]
    """
    types = district.chosen("contact_types")
    relationships = district.chosen("contact_relationships")
    if types and not types & PARENTAL_TYPES:
        shares = shares_of(district)
        yield Problem(
            CONTACT_TYPES,
            f"only {quote_labels(types)} selected as contact types: parents are left"
            " out",
            hint=how_to_add({ContactType.PARENT_GUARDIAN}, shares.contact_types),
        )
    if relationships and ContactRelationship.PARENT not in relationships:
        shares = shares_of(district)
        yield Problem(
            CONTACT_RELATIONSHIPS,
            f"only {quote_labels(relationships)} selected as relationships: parents"
            " are left"
            " out",
            hint=how_to_add({ContactRelationship.PARENT}, shares.contact_relationships),
        )


def _without_type(district: DistrictOnDay, label: ContactType) -> str:
    shared = shares_of(district).contact_types
    adding = how_to_add({ContactType.PARENT_GUARDIAN}, shared)
    return how_to_remove(label, district.chosen("contact_types"), adding)


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
            " Connect takes only one from Clever",
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
