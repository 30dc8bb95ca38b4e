"""Rules about Clever's sharing rules: what is shared against what is chosen."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.district import CleverShares
from connectsync.domain.finding import Problem, Severity
from connectsync.domain.settings import ContactRelationship, ContactType
from connectsync.rules.subjects import DISTRICT, DistrictOnDay
from connectsync.rules.wording import quoted

LEFT_OUT_ON_PURPOSE = frozenset(
    {ContactType.EMERGENCY, ContactType.SECONDARY, ContactRelationship.SELF}
)
"""Those have rules against choosing them; leaving them out needs no warning."""

NOTHING_STATED = CleverShares()


@DISTRICT.rule(Severity.ERROR, source="C2")
def guardians_managed_but_not_shared(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The sync manages guardians, but Clever shares no contacts with Connect.

    The sync then finds no contact at all: no family comes through, and nothing on the
    page says so.

    Bad:

        facts:
          clever_shares:
            contacts: false
        settings:
          manage_guardians: true

    Good:

        facts:
          clever_shares:
            contacts: true
            contact_types: [Parent/Guardian]
        settings:
          manage_guardians: true
    """
    if district.settings.manage_guardians and _shares(district).contacts is False:
        yield Problem(
            ("settings", "manage_guardians"),
            "the sync manages guardians, while facts.clever_shares says that Clever"
            " shares no contacts",
            hint="share contacts at Clever, or set manage_guardians to false",
        )


@DISTRICT.rule(Severity.ERROR, source="C2")
def contact_type_not_shared(district: DistrictOnDay) -> Iterator[Problem]:
    """
    A contact type is chosen on Connect that Clever does not share.

    Connect sees only what the district's sharing rules let through. Those contacts
    never arrive, while the form says that they do.

    Bad:

        facts:
          clever_shares:
            contact_types: [Parent/Guardian]
        settings:
          contact_types: [Parent/Guardian, Primary]

    Good:

        facts:
          clever_shares:
            contact_types: [Parent/Guardian, Primary]
        settings:
          contact_types: [Parent/Guardian, Primary]
    """
    chosen, shared = district.settings.contact_types, _shares(district).contact_types
    if _compared(district) and chosen and shared is not None and chosen - shared:
        yield Problem(
            ("settings", "contact_types"),
            f"the file selects {quoted(chosen - shared)}, but Clever shares"
            f" {quoted(shared) or 'no contact type'}",
            hint="share it at Clever and state so in clever_shares, or remove it",
        )


@DISTRICT.rule(Severity.ERROR, source="C2")
def contact_relationship_not_shared(district: DistrictOnDay) -> Iterator[Problem]:
    """
    A contact relationship is chosen on Connect that Clever does not share.

    Connect sees only what the district's sharing rules let through. Those contacts
    never arrive, while the form says that they do.

    Bad:

        facts:
          clever_shares:
            contact_relationships: [Parent]
        settings:
          contact_relationships: [Grandparent, Parent]

    Good:

        facts:
          clever_shares:
            contact_relationships: [Grandparent, Parent]
        settings:
          contact_relationships: [Grandparent, Parent]
    """
    chosen = district.settings.contact_relationships
    shared = _shares(district).contact_relationships
    if _compared(district) and chosen and shared is not None and chosen - shared:
        yield Problem(
            ("settings", "contact_relationships"),
            f"the file selects {quoted(chosen - shared)}, but Clever shares"
            f" {quoted(shared) or 'no relationship'}",
            hint="share it at Clever and state so in clever_shares, or remove it",
        )


@DISTRICT.rule(Severity.WARNING, source="C2")
def shared_contact_type_left_out(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Clever shares a contact type that is not chosen on Connect.

    The district let these contacts through on purpose, and they stop at the form: they
    do not become guardians and hear nothing. Emergency and Secondary are left out of
    this rule, for they are better not chosen.

    Bad:

        facts:
          clever_shares:
            contact_types: [Parent/Guardian, Primary]
        settings:
          contact_types: [Parent/Guardian]

    Good:

        facts:
          clever_shares:
            contact_types: [Parent/Guardian, Primary]
        settings:
          contact_types: [Parent/Guardian, Primary]
    """
    chosen, shared = district.settings.contact_types, _shares(district).contact_types
    if _compared(district) and chosen and shared:
        missing = shared - chosen - LEFT_OUT_ON_PURPOSE
        if missing:
            yield Problem(
                ("settings", "contact_types"),
                f"Clever shares {quoted(missing)}, not chosen here: those contacts do"
                " not become guardians",
                hint="choose what is missing, or stop sharing it at Clever",
            )


@DISTRICT.rule(Severity.WARNING, source="C2")
def shared_relationship_left_out(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Clever shares a contact relationship that is not chosen on Connect.

    The district let these contacts through on purpose, and they stop at the form: they
    do not become guardians and hear nothing. Self is left out of this rule, for it is
    better not chosen.

    Bad:

        facts:
          clever_shares:
            contact_relationships: [Grandparent, Parent]
        settings:
          contact_relationships: [Parent]

    Good:

        facts:
          clever_shares:
            contact_relationships: [Grandparent, Parent]
        settings:
          contact_relationships: [Grandparent, Parent]
    """
    chosen = district.settings.contact_relationships
    shared = _shares(district).contact_relationships
    if _compared(district) and chosen and shared:
        missing = shared - chosen - LEFT_OUT_ON_PURPOSE
        if missing:
            yield Problem(
                ("settings", "contact_relationships"),
                f"Clever shares {quoted(missing)}, not chosen here: those contacts do"
                " not become guardians",
                hint="choose what is missing, or stop sharing it at Clever",
            )


@DISTRICT.rule(Severity.WARNING, source="C2")
def shared_and_not_shared(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The facts say that Clever shares no contacts, and list what it shares.

    One of the two is wrong. Until somebody looks at Clever's sharing rules, nobody
    knows whether families come through.

    Bad:

        facts:
          clever_shares:
            contacts: false
            contact_types: [Parent/Guardian]

    Good:

        facts:
          clever_shares:
            contacts: true
            contact_types: [Parent/Guardian]
    """
    shares = _shares(district)
    listed = shares.contact_types or shares.contact_relationships
    if shares.contacts is False and listed:
        yield Problem(
            ("facts", "clever_shares", "contacts"),
            "contacts is false, while types or relationships are listed as shared",
            hint="look at the sharing rules at Clever and correct the facts",
        )


@DISTRICT.rule(Severity.INFO, source="C2")
def sharing_not_stated(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The sync manages guardians, but the file does not say what Clever shares.

    A choice on Connect only works for what the district shares at Clever, and the form
    cannot show that. Without the fact nobody, and no rule, can compare the two.

    Bad:

        settings:
          manage_guardians: true
          contact_types: [Parent/Guardian]

    Good:

        facts:
          clever_shares:
            contacts: true
            contact_types: [Parent/Guardian]
        settings:
          manage_guardians: true
          contact_types: [Parent/Guardian]
    """
    if district.settings.manage_guardians and district.facts.clever_shares is None:
        yield Problem(
            ("settings", "manage_guardians"),
            "the sync manages guardians, and facts.clever_shares does not say which"
            " contacts Clever shares",
            hint="note the shared contact types and relationships from Clever's sharing"
            " rules",
        )


def _shares(district: DistrictOnDay) -> CleverShares:
    return district.facts.clever_shares or NOTHING_STATED


def _compared(district: DistrictOnDay) -> bool:
    """Say whether a comparison means anything: contacts are shared and brought."""
    managed = district.settings.manage_guardians is not False
    return managed and _shares(district).contacts is not False
