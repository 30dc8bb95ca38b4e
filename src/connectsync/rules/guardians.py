"""Rules about where guardians come from: one source, selected on purpose."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.district import GuardiansFrom
from connectsync.domain.finding import KeyPath, Problem, Severity
from connectsync.providers.clever import ContactRelationship, ContactType
from connectsync.rules.sharing import (
    RELATIONSHIPS_LEFT_OUT_ON_PURPOSE,
    TYPES_LEFT_OUT_ON_PURPOSE,
)
from connectsync.rules.subjects import (
    DISTRICT,
    OF_GUARDIANS,
    DistrictOnDay,
    how_to_add,
    how_to_stop_managing,
    shares_of,
)

MANAGE_GUARDIANS: KeyPath = ("settings", "manage_guardians")

OTHER_SOURCES = {
    GuardiansFrom.GUARDIANS_CSV: "they come from guardians.csv",
    GuardiansFrom.MANUAL: "they are entered by hand",
}


@DISTRICT.rule(Severity.ERROR, source="C5")
def two_guardian_sources(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Guardians come from Clever and from another source at the same time.

    Connect asks you to leave this setting off if guardians come from another source.
    With two sources, families may appear twice, or the numbers from one source may
    replace those from the other.

    Bad:

        facts:
          guardians_from: guardians_csv
        settings:
          manage_guardians: true

    Good:

        facts:
          guardians_from: guardians_csv
        settings:
          manage_guardians: false
    """
    if not district.settings.manage_guardians:
        return
    source = district.facts.guardians_from
    if source in OTHER_SOURCES:
        yield Problem(
            MANAGE_GUARDIANS,
            "the sync manages guardians, but facts.guardians_from says that"
            f" {OTHER_SOURCES[source]}",
            hint=f"{how_to_stop_managing(district.settings, source=True)}; or set"
            " guardians_from to clever",
        )


@DISTRICT.rule(Severity.WARNING, source="C5")
def guardians_not_wanted(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The sync creates guardians in a district that is meant to have none.

    Every contact that matches the selected types becomes a guardian who can be messaged
    at once. A district that planned to have no guardians has not told its families.

    Bad:

        facts:
          guardians_from: none
        settings:
          manage_guardians: true

    Good:

        facts:
          guardians_from: none
        settings:
          manage_guardians: false
    """
    managed = district.settings.manage_guardians
    if managed and district.facts.guardians_from is GuardiansFrom.NONE:
        yield Problem(
            MANAGE_GUARDIANS,
            "the sync creates guardians, but facts.guardians_from says that the"
            " district has none",
            hint=f"{how_to_stop_managing(district.settings, source=True)}; or set"
            " guardians_from to clever",
        )


@DISTRICT.rule(Severity.WARNING, source="C5")
def no_guardian_source(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The file does not say where guardians come from.

    The sync does not manage guardians, and no other source is stated. Unless guardians
    are added another way, no family in the district can be reached. A district that
    wants no guardians states `guardians_from: none`.

    Bad:

        settings:
          manage_guardians: false

    Good:

        facts:
          guardians_from: manual
        settings:
          manage_guardians: false
    """
    unmanaged = district.settings.manage_guardians is False
    if unmanaged and district.facts.guardians_from is None:
        yield Problem(
            MANAGE_GUARDIANS,
            "the sync does not manage guardians, and facts.guardians_from does not say"
            " where they come from",
            hint="set guardians_from to guardians_csv, manual or none",
        )


@DISTRICT.rule(Severity.WARNING, source="C5")
def guardian_sync_left_off(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Guardians should come from Clever, but the sync does not manage them.

    With the setting off, new families are not added to Connect and the numbers of the
    others are not kept up to date.

    Bad:

        facts:
          guardians_from: clever
        settings:
          manage_guardians: false

    Good:

        facts:
          guardians_from: clever
        settings:
          manage_guardians: true
    """
    unmanaged = district.settings.manage_guardians is False
    if unmanaged and district.facts.guardians_from is GuardiansFrom.CLEVER:
        yield Problem(
            MANAGE_GUARDIANS,
            "the sync does not manage guardians, but facts.guardians_from says that"
            " they come from Clever",
            hint="set manage_guardians to true, or set guardians_from to their actual"
            " source",
        )


@DISTRICT.rule(Severity.ERROR, source="C5", inferred=True)
def no_contact_types(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The sync manages guardians, but no contact type is selected.

    Only contacts of a selected type become guardians. With none selected, no family
    comes through, and the page does not point that out.

    Bad:

        settings:
          manage_guardians: true
          contact_types: []

    Good:

        settings:
          manage_guardians: true
          contact_types: [Parent/Guardian]
    """
    settings = district.settings
    if settings.manage_guardians and settings.contact_types == frozenset():
        shared = shares_of(district).contact_types
        usual = (shared or frozenset()) - TYPES_LEFT_OUT_ON_PURPOSE
        usual = usual or frozenset({ContactType.PARENT_GUARDIAN})
        yield Problem(
            ("settings", "contact_types"),
            "the sync manages guardians, and no contact type is selected: no contact"
            " becomes a guardian",
            hint=how_to_add(usual, shared),
        )


@DISTRICT.rule(Severity.ERROR, source="C5", inferred=True)
def no_contact_relationships(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The sync manages guardians, but no contact relationship is selected.

    Only contacts with a selected relationship become guardians. With none selected, no
    family comes through, and the page does not point that out.

    Bad:

        settings:
          manage_guardians: true
          contact_relationships: []

    Good:

        settings:
          manage_guardians: true
          contact_relationships: [Parent, Grandparent]
    """
    settings = district.settings
    if settings.manage_guardians and settings.contact_relationships == frozenset():
        shared = shares_of(district).contact_relationships
        usual = (shared or frozenset()) - RELATIONSHIPS_LEFT_OUT_ON_PURPOSE
        yield Problem(
            ("settings", "contact_relationships"),
            "the sync manages guardians, and no contact relationship is selected: no"
            " contact becomes a guardian",
            hint=how_to_add({ContactRelationship.PARENT, *usual}, shared),
        )


@DISTRICT.rule(Severity.WARNING, source="C5", inferred=True)
def contact_choices_without_effect(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Contacts are selected, but the sync does not manage guardians.

    Contact types, relationships and phone types say which contacts become guardians and
    which of their numbers is used. While the sync does not manage guardians they have
    no effect, and a reader of the file would believe the opposite.

    Bad:

        facts:
          guardians_from: manual
        settings:
          manage_guardians: false
          contact_types: [Parent/Guardian]
          phone_types: [Cell]

    Good:

        facts:
          guardians_from: manual
        settings:
          manage_guardians: false
    """
    settings = district.settings
    if settings.manage_guardians is False:
        for name in OF_GUARDIANS:
            if getattr(settings, name):
                yield Problem(
                    ("settings", name),
                    f"{name} has no effect while manage_guardians is false",
                    hint=f"remove {name}; where a profile sets it, write {name}: null",
                    on_key=True,
                )
