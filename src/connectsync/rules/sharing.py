"""Rules about Clever's sharing rules: what is shared against what is chosen."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from connectsync.domain.district import GuardiansFrom
from connectsync.domain.finding import Problem, Severity
from connectsync.providers.clever import ContactRelationship, ContactType
from connectsync.rules.contacts import PARENTAL_TYPES
from connectsync.rules.subjects import (
    DISTRICT,
    DistrictOnDay,
    how_to_share,
    how_to_stop_managing,
    quote_labels,
    shares_of,
)

TYPES_LEFT_OUT_ON_PURPOSE = frozenset(
    {ContactType.EMERGENCY, ContactType.SECONDARY, ContactType.OTHER}
)
"""Contacts who often are not the parents; leaving them out needs no warning."""

RELATIONSHIPS_LEFT_OUT_ON_PURPOSE = frozenset(
    {ContactRelationship.SELF, ContactRelationship.SIBLING}
)
"""Contacts who often are children; leaving them out needs no warning."""


@DISTRICT.rule(Severity.ERROR, source="C2")
def guardians_managed_but_not_shared(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The sync manages guardians, but Clever shares no contacts with Connect.

    The sync then finds no contact at all: no family comes through, and the page does
    not point that out.

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
    settings = district.settings
    # where guardians come from Clever, another rule asks to manage them
    source = district.facts.guardians_from
    stop = how_to_stop_managing(settings, source=source is not None)
    otherwise = "" if source is GuardiansFrom.CLEVER else f"; or {stop}"
    if settings.manage_guardians and shares_of(district).contacts is False:
        yield Problem(
            ("settings", "manage_guardians"),
            "the sync manages guardians, but facts.clever_shares says that Clever"
            " shares no contacts",
            hint=f"share contacts in Clever, then set contacts to true{otherwise}",
        )


@DISTRICT.rule(Severity.ERROR, source="C2")
def contact_type_not_shared(district: DistrictOnDay) -> Iterator[Problem]:
    """
    A contact type is selected on Connect, but Clever does not share it.

    Connect sees only what the district's sharing rules let through. Those contacts
    never arrive, although the form says that they do.

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
    chosen, shared = district.settings.contact_types, shares_of(district).contact_types
    if _is_compared(district) and chosen and shared is not None and chosen - shared:
        yield Problem(
            ("settings", "contact_types"),
            f"the file selects {quote_labels(chosen - shared)}, but Clever shares"
            f" {quote_labels(shared) or 'no contact type'}",
            hint=_how_to_match(chosen, shared, PARENTAL_TYPES),
        )


@DISTRICT.rule(Severity.ERROR, source="C2")
def contact_relationship_not_shared(district: DistrictOnDay) -> Iterator[Problem]:
    """
    A contact relationship is selected on Connect, but Clever does not share it.

    Connect sees only what the district's sharing rules let through. Those contacts
    never arrive, although the form says that they do.

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
    shared = shares_of(district).contact_relationships
    if _is_compared(district) and chosen and shared is not None and chosen - shared:
        yield Problem(
            ("settings", "contact_relationships"),
            f"the file selects {quote_labels(chosen - shared)}, but Clever shares"
            f" {quote_labels(shared) or 'no relationship'}",
            hint=_how_to_match(chosen, shared, frozenset({ContactRelationship.PARENT})),
        )


@DISTRICT.rule(Severity.WARNING, source="C2")
def shared_contact_type_left_out(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Clever shares a contact type that is not selected on Connect.

    The district shares these contacts, but the form leaves them out: they do not become
    guardians and get no messages. Emergency, Secondary and Other are left out of this
    rule, because those contacts often are not the parents.

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
    chosen, shared = district.settings.contact_types, shares_of(district).contact_types
    if _is_compared(district) and chosen and shared:
        missing = shared - chosen - TYPES_LEFT_OUT_ON_PURPOSE
        if missing:
            yield Problem(
                ("settings", "contact_types"),
                f"Clever shares {quote_labels(missing)}, which is not selected here:"
                " those"
                " contacts do not become guardians",
                hint=_how_to_take_in(missing),
            )


@DISTRICT.rule(Severity.WARNING, source="C2")
def shared_relationship_left_out(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Clever shares a contact relationship that is not selected on Connect.

    The district shares these contacts, but the form leaves them out: they do not become
    guardians and get no messages. Self and Sibling are left out of this rule, because
    those contacts often are children.

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
    shared = shares_of(district).contact_relationships
    if _is_compared(district) and chosen and shared:
        missing = shared - chosen - RELATIONSHIPS_LEFT_OUT_ON_PURPOSE
        if missing:
            yield Problem(
                ("settings", "contact_relationships"),
                f"Clever shares {quote_labels(missing)}, which is not selected here:"
                " those"
                " contacts do not become guardians",
                hint=_how_to_take_in(missing),
            )


@DISTRICT.rule(Severity.WARNING, source="C2")
def shared_and_not_shared(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The facts say that Clever shares no contacts, but list contacts that it shares.

    One of the two is wrong. Until the sharing rules in Clever are checked, it is not
    clear whether families come through.

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
    shares = shares_of(district)
    listed = shares.contact_types or shares.contact_relationships
    if shares.contacts is False and listed:
        yield Problem(
            ("facts", "clever_shares", "contacts"),
            "contacts is false, but types or relationships are listed as shared",
            hint="check the sharing rules in Clever, then set contacts to true or"
            " remove the lists",
        )


@DISTRICT.rule(Severity.INFO, source="C2")
def sharing_not_stated(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The sync manages guardians, but the file does not say what Clever shares.

    A selection on Connect only works for contacts that the district shares in Clever,
    and the form does not show those. Without the fact, neither a reviewer nor a rule
    can compare the two.

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
            hint="list the shared contact types and relationships from Clever's sharing"
            " rules in clever_shares",
        )


def _how_to_take_in(missing: Collection[str]) -> str:
    them = "it" if len(missing) == 1 else "them"
    return (
        f"add {quote_labels(missing)} here; or stop sharing {them} in Clever, then"
        " correct"
        " clever_shares"
    )


def _how_to_match(
    chosen: Collection[str], shared: Collection[str], parents: frozenset[str]
) -> str:
    """Say what to do about labels that Clever does not share, and keep the parents."""
    missing = frozenset(chosen) - frozenset(shared)
    share = how_to_share(missing)
    # removing them must not leave the parents out
    rest = frozenset(chosen) & frozenset(shared)
    if rest & parents or (rest and not missing & parents):
        return f"{share}, or remove {quote_labels(missing)} here"
    return share


def _is_compared(district: DistrictOnDay) -> bool:
    """Say whether sharing matters: contacts are shared, and the sync uses them."""
    managed = district.settings.manage_guardians is not False
    return managed and shares_of(district).contacts is not False
