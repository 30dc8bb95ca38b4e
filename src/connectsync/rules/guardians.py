"""Rules about the source of guardians: exactly one, and chosen on purpose."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.district import GuardiansFrom
from connectsync.domain.finding import Path, Problem, Severity
from connectsync.rules.subjects import DISTRICT, DistrictOnDay

MANAGE_GUARDIANS: Path = ("settings", "manage_guardians")

OTHER_SOURCES = {
    GuardiansFrom.GUARDIANS_CSV: "they come from guardians.csv",
    GuardiansFrom.MANUAL: "people enter them by hand",
}


@DISTRICT.rule(Severity.ERROR, source="C5")
def two_guardian_sources(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Guardians come from Clever and from elsewhere at once.

    Connect asks for the setting to be off where guardians come from another source.
    With two sources families appear twice, or the numbers of one source replace those
    of the other.

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
    source = district.facts.guardians_from
    if district.settings.manage_guardians and source in OTHER_SOURCES:
        yield Problem(
            MANAGE_GUARDIANS,
            "the sync manages guardians, while facts.guardians_from says that"
            f" {OTHER_SOURCES[source]}",
            hint="set manage_guardians to false, or guardians_from to clever",
        )


@DISTRICT.rule(Severity.WARNING, source="C5")
def guardians_not_wanted(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The sync creates guardians in a district that is said to have none.

    Every contact that matches the chosen types becomes a guardian who can be messaged
    at once. A district that planned without guardians did not tell its families.

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
    nobody = district.facts.guardians_from is GuardiansFrom.NONE
    if district.settings.manage_guardians and nobody:
        yield Problem(
            MANAGE_GUARDIANS,
            "the sync creates guardians, while facts.guardians_from says that the"
            " district has none",
            hint="set manage_guardians to false, or guardians_from to clever",
        )


@DISTRICT.rule(Severity.WARNING, source="C5")
def no_guardian_source(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Guardians come from nowhere, so no family is reached.

    The sync does not manage guardians, and the file names no other source. Unless
    somebody brings them by another way, Connect knows no family of the district.

    Bad:

        settings:
          manage_guardians: false

    Good:

        facts:
          guardians_from: manual
        settings:
          manage_guardians: false
    """
    source = district.facts.guardians_from
    nowhere = source is None or source is GuardiansFrom.NONE
    if district.settings.manage_guardians is False and nowhere:
        yield Problem(
            MANAGE_GUARDIANS,
            "the sync does not manage guardians, and facts.guardians_from names no"
            " other source",
            hint="say where guardians come from: clever, guardians_csv or manual",
        )


@DISTRICT.rule(Severity.WARNING, source="C5")
def guardian_sync_left_off(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Guardians are to come from Clever, but the sync is told not to bring them.

    The setting is off, so new families do not reach Connect and the numbers of the
    others are not kept up.

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
    clever = district.facts.guardians_from is GuardiansFrom.CLEVER
    if district.settings.manage_guardians is False and clever:
        yield Problem(
            MANAGE_GUARDIANS,
            "the sync does not manage guardians, while facts.guardians_from says that"
            " they come from Clever",
            hint="set manage_guardians to true, or name the source they come from",
        )


@DISTRICT.rule(Severity.ERROR, source="C5", inferred=True)
def no_contact_types(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The sync manages guardians, but no contact type is chosen.

    Only contacts of a chosen type become guardians. With none chosen no family comes
    through, and nothing on the page says so.

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
        yield Problem(
            ("settings", "contact_types"),
            "the sync manages guardians, and no contact type is chosen: no contact"
            " becomes a guardian",
            hint="choose 'Parent/Guardian', or set manage_guardians to false",
        )


@DISTRICT.rule(Severity.ERROR, source="C5", inferred=True)
def no_contact_relationships(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The sync manages guardians, but no contact relationship is chosen.

    Only contacts of a chosen relationship become guardians. With none chosen no family
    comes through, and nothing on the page says so.

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
        yield Problem(
            ("settings", "contact_relationships"),
            "the sync manages guardians, and no contact relationship is chosen: no"
            " contact becomes a guardian",
            hint="choose 'Parent' at least, or set manage_guardians to false",
        )


@DISTRICT.rule(Severity.WARNING, source="C5", inferred=True)
def contact_choices_without_effect(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Contacts are chosen, but the sync does not manage guardians.

    Types and relationships say which contacts become guardians. While the sync brings
    no guardians the choice does nothing, and whoever reads it believes the opposite.

    Bad:

        facts:
          guardians_from: manual
        settings:
          manage_guardians: false
          contact_types: [Parent/Guardian]

    Good:

        facts:
          guardians_from: manual
        settings:
          manage_guardians: false
    """
    settings = district.settings
    if settings.manage_guardians is False:
        for name in ("contact_types", "contact_relationships"):
            if getattr(settings, name):
                yield Problem(
                    ("settings", name),
                    f"{name} does nothing while manage_guardians is false",
                    hint=f"remove {name}, or set manage_guardians to true",
                    on_key=True,
                )
