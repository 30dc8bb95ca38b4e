"""Rules about contacts: who becomes a guardian, and who should not."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.finding import KeyPath, Problem, Severity
from connectsync.providers.clever import ContactRelationship, ContactType
from connectsync.rules.subjects import (
    DISTRICT,
    DistrictOnDay,
    how_to_add,
    how_to_remove,
    quote_labels,
    shares_of,
)

CONTACT_TYPES: KeyPath = ("settings", "contact_types")
CONTACT_RELATIONSHIPS: KeyPath = ("settings", "contact_relationships")

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
