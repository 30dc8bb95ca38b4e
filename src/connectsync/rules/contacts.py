"""Rules about contacts: who becomes a guardian, and who had better not."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.finding import Path, Problem, Severity
from connectsync.domain.settings import ContactRelationship, ContactType
from connectsync.rules.subjects import DISTRICT, DistrictOnDay
from connectsync.rules.wording import quoted

CONTACT_TYPES: Path = ("settings", "contact_types")
CONTACT_RELATIONSHIPS: Path = ("settings", "contact_relationships")

PARENTAL_TYPES = frozenset(
    {ContactType.PARENT_GUARDIAN, ContactType.PRIMARY, ContactType.FAMILY}
)


@DISTRICT.rule(Severity.WARNING, source="N3")
def emergency_contacts_as_guardians(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Emergency contacts become guardians and get every message about the child.

    A synced guardian can be messaged at once, without an invitation. A neighbour who
    was named for emergencies gets what is meant for the parents, and can log in.

    Bad:

        settings:
          contact_types: [Emergency, Parent/Guardian]

    Good:

        settings:
          contact_types: [Parent/Guardian]
    """
    if ContactType.EMERGENCY in _types(district):
        yield Problem(
            CONTACT_TYPES,
            "contacts of type 'Emergency' become guardians and can be messaged at once",
            hint="remove 'Emergency', unless parents are marked so in the roster",
        )


@DISTRICT.rule(Severity.WARNING, source="N3", inferred=True)
def secondary_contacts_as_guardians(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Secondary contacts become guardians, and nobody published who they are.

    Schools use the type Secondary for a second parent, but also for anybody who may be
    called next. Every one of them can be messaged at once, without an invitation.

    Bad:

        settings:
          contact_types: [Parent/Guardian, Secondary]

    Good:

        settings:
          contact_types: [Parent/Guardian]
    """
    if ContactType.SECONDARY in _types(district):
        yield Problem(
            CONTACT_TYPES,
            "contacts of type 'Secondary' become guardians and can be messaged at once",
            hint="look who is marked so in the roster, then allow this rule or remove"
            " 'Secondary'",
        )


@DISTRICT.rule(Severity.WARNING, source="CV-contacts", inferred=True)
def students_as_guardians(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The relationship Self is chosen, so students become their own guardians.

    Self most likely marks contacts who are the student. On Connect such a student gets
    what is meant for the parents, and counts as a guardian who was reached.

    Bad:

        settings:
          contact_relationships: [Parent, Self]

    Good:

        settings:
          contact_relationships: [Parent]
    """
    if ContactRelationship.SELF in _relationships(district):
        yield Problem(
            CONTACT_RELATIONSHIPS,
            "relationship 'Self' makes students their own guardians",
            hint="remove 'Self', unless the district's students are adults",
        )


@DISTRICT.rule(Severity.INFO, source="CV-contacts", inferred=True)
def guardians_marked_other_left_out(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Only the relationship Parent is chosen; guardians marked otherwise are left out.

    Real rosters hold contacts of type Parent/Guardian whose relationship is Other:
    foster parents, step-parents, or simply what the school's system exported. A child
    whose only guardian is marked so has nobody on Connect.

    Bad:

        settings:
          contact_types: [Parent/Guardian]
          contact_relationships: [Parent]

    Good:

        settings:
          contact_types: [Parent/Guardian]
          contact_relationships: [Other, Parent]
    """
    parent_only = _relationships(district) == {ContactRelationship.PARENT}
    if parent_only and ContactType.PARENT_GUARDIAN in _types(district):
        yield Problem(
            CONTACT_RELATIONSHIPS,
            "contacts of type 'Parent/Guardian' whose relationship is not 'Parent' are"
            " left out; rosters hold some marked 'Other'",
            hint="count them in the roster; add 'Other' if they are guardians",
        )


@DISTRICT.rule(Severity.WARNING, source="CV-contacts", inferred=True)
def parents_left_out(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Contacts are chosen such that parents do not become guardians.

    Parents are marked with the relationship Parent and, as a rule, with one of the
    types Parent/Guardian, Primary or Family. Without those others are messaged about
    the child, and the parents hear nothing.

    Bad:

        settings:
          contact_types: [Parent/Guardian]
          contact_relationships: [Grandparent]

    Good:

        settings:
          contact_types: [Parent/Guardian]
          contact_relationships: [Grandparent, Other, Parent]
    """
    types, relationships = _types(district), _relationships(district)
    if types and not types & PARENTAL_TYPES:
        yield Problem(
            CONTACT_TYPES,
            f"of contact types only {quoted(types)} chosen: parents are left out",
            hint="add 'Parent/Guardian'",
        )
    if relationships and ContactRelationship.PARENT not in relationships:
        yield Problem(
            CONTACT_RELATIONSHIPS,
            f"of relationships only {quoted(relationships)} chosen: parents are left"
            " out",
            hint="add 'Parent'",
        )


def _types(district: DistrictOnDay) -> frozenset[str]:
    """Give the chosen types; none where the sync brings no guardians."""
    settings = district.settings
    if settings.manage_guardians is False:
        return frozenset()
    return settings.contact_types or frozenset()


def _relationships(district: DistrictOnDay) -> frozenset[str]:
    """Give the chosen relationships; none where the sync brings no guardians."""
    settings = district.settings
    if settings.manage_guardians is False:
        return frozenset()
    return settings.contact_relationships or frozenset()
