"""Rules about what Clever lets through: what it shares, and when it holds it back."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.district import GuardiansFrom
from connectsync.domain.finding import Problem, Severity
from connectsync.providers.clever import ContactRelationship, ContactType
from connectsync.rules.contacts import PARENTAL_TYPES
from connectsync.rules.engine import (
    DISTRICT,
    DistrictOnDay,
    how_to_share,
    how_to_stop_managing,
    quote_labels,
    shares_of,
)
from connectsync.rules.threshold import TERM_LIMIT, THRESHOLD

MOST_DELETED, MOST_UPDATED = 10, 75
"""Percent of any kind of record, past which Clever holds a roster (CV-safety)."""

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
    if settings.manage_guardians and shares_of(district).contacts is False:
        # where guardians come from Clever, another rule asks to manage them
        source = district.facts.guardians_from
        stop = how_to_stop_managing(settings, source=source is not None)
        otherwise = "" if source is GuardiansFrom.CLEVER else f"; or {stop}"
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
    yield from _not_shared(district, "contact_types", PARENTAL_TYPES)


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
    parents = frozenset({ContactRelationship.PARENT})
    yield from _not_shared(district, "contact_relationships", parents)


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
    yield from _left_out(district, "contact_types", TYPES_LEFT_OUT_ON_PURPOSE)


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
    on_purpose = RELATIONSHIPS_LEFT_OUT_ON_PURPOSE
    yield from _left_out(district, "contact_relationships", on_purpose)


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


@DISTRICT.rule(Severity.INFO, source="CV-pause", inferred=True)
def sync_while_clever_pauses(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The nightly sync is on while Clever keeps the roster as it was.

    A district that is paused in Clever, usually over the summer, sends no changes
    until the pause is over. An app is asked for its own pause: a sync that is on goes
    through the same old roster every night, and its status *Success* says nothing
    about the roster.

    Bad:

        facts:
          clever_paused:
            from: 2027-01-10
            to: 2027-01-31
          setup_step: 9
          self_check_done: true
        settings:
          enable_daily_sync: true

    Good:

        facts:
          clever_paused:
            from: 2027-01-10
            to: 2027-01-31
          setup_step: 9
          self_check_done: true
        settings:
          enable_daily_sync: false
    """
    if not district.settings.enable_daily_sync:
        return
    paused = district.clever_pause_now
    if paused is not None:
        yield Problem(
            ("settings", "enable_daily_sync"),
            f"the sync is on, and Clever is paused until {paused.last}: each night"
            " reads the same roster as the one before",
            hint="set enable_daily_sync to false for these days, such as under"
            " scheduled",
        )


@DISTRICT.rule(Severity.INFO, source="CV-safety", inferred=True)
def clever_holds_large_changes(district: DistrictOnDay) -> Iterator[Problem]:
    """
    A raised threshold alone does not let a large change of the roster through.

    Where Clever's safety thresholds are on for an app, it holds back a change that
    deletes more than 10 percent or updates more than 75 percent of any kind of record,
    until the district reverts it or the app's team approves it. That comes before the
    deletion threshold of Connect. Whether they are on for Connect is not published:
    ask, and state the answer in `facts.clever_safety_thresholds`.

    Bad:

        facts:
          rollover:
            from: 2027-01-10
            to: 2027-01-31
          tried_to_archive: 43
          clever_safety_thresholds: true
        settings:
          deletion_threshold: 45

    Good:

        facts:
          rollover:
            from: 2027-01-10
            to: 2027-01-31
          tried_to_archive: 43
          clever_safety_thresholds: false
        settings:
          deletion_threshold: 45
    """
    threshold = district.settings.deletion_threshold
    raised = threshold is not None and threshold > TERM_LIMIT
    if raised and district.rollover_now and district.facts.clever_safety_thresholds:
        yield Problem(
            THRESHOLD,
            f"Clever holds back a change that deletes more than {MOST_DELETED} percent"
            f" or updates more than {MOST_UPDATED} percent of any kind of record: a"
            f" threshold of {threshold} comes after that",
            hint="agree with Connect support on who approves the held change in Clever,"
            " and allow this rule",
        )


def _not_shared(
    district: DistrictOnDay, setting: str, parents: frozenset[str]
) -> Iterator[Problem]:
    chosen, shared = _compared(district, setting)
    if chosen and shared is not None and chosen - shared:
        none = "no contact type" if setting == "contact_types" else "no relationship"
        yield Problem(
            ("settings", setting),
            f"the form selects {quote_labels(chosen - shared)}, but Clever shares"
            f" {quote_labels(shared) or none}",
            hint=_how_to_match(chosen, shared, parents),
        )


def _left_out(
    district: DistrictOnDay, setting: str, on_purpose: frozenset[str]
) -> Iterator[Problem]:
    chosen, shared = _compared(district, setting)
    missing = (shared or frozenset()) - (chosen or frozenset()) - on_purpose
    if chosen and missing:
        them = "it" if len(missing) == 1 else "them"
        yield Problem(
            ("settings", setting),
            f"Clever shares {quote_labels(missing)}, which is not selected here: those"
            " contacts do not become guardians",
            hint=f"add {quote_labels(missing)} here; or stop sharing {them} in Clever,"
            " then correct clever_shares",
        )


def _how_to_match(
    chosen: frozenset[str], shared: frozenset[str], parents: frozenset[str]
) -> str:
    """Say what to do about labels that Clever does not share, and keep the parents."""
    missing = chosen - shared
    share = how_to_share(missing)
    # removing them must not leave the parents out
    rest = chosen & shared
    if rest & parents or (rest and not missing & parents):
        return f"{share}, or remove {quote_labels(missing)} here"
    return share


def _compared(
    district: DistrictOnDay, setting: str
) -> tuple[frozenset[str] | None, frozenset[str] | None]:
    """Give the chosen and the shared labels, where the sync uses what is shared."""
    chosen = district.chosen(setting)
    if not chosen:
        return None, None
    shares = shares_of(district)
    if shares.contacts is False:
        return None, None
    return chosen, getattr(shares, setting)
