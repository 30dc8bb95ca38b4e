"""Rules about students and guardians: their ids, their labels, and their source."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.district import GuardiansFrom
from connectsync.domain.finding import KeyPath, Problem, Severity
from connectsync.domain.settings import SETTINGS
from connectsync.domain.wording import did_you_mean
from connectsync.providers.clever import ContactRelationship, ContactType, StudentId
from connectsync.providers.form import Kind
from connectsync.rules.engine import (
    DISTRICT,
    OF_GUARDIANS,
    DistrictOnDay,
    how_to_add,
    how_to_stop_managing,
    quote_labels,
    shares_of,
)
from connectsync.rules.sharing import (
    RELATIONSHIPS_LEFT_OUT_ON_PURPOSE,
    TYPES_LEFT_OUT_ON_PURPOSE,
)

ARCHIVED_STUDENTS: KeyPath = ("settings", "archived_students")
MANAGE_GUARDIANS: KeyPath = ("settings", "manage_guardians")

OTHER_SOURCES = {
    GuardiansFrom.GUARDIANS_CSV: "they come from guardians.csv",
    GuardiansFrom.MANUAL: "they are entered by hand",
}


@DISTRICT.rule(Severity.INFO, source="CV-users")
def student_number_may_be_empty(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Students are identified by their STUDENT NUMBER, which a roster may leave empty.

    Clever does not guarantee a student number. A student without one has no id on
    Connect by which staff, or a file that links by it, could find the student.

    Bad:

        settings:
          student_id: STUDENT NUMBER

    Good:

        settings:
          student_id: STUDENT ID
    """
    if district.settings.student_id == StudentId.STUDENT_NUMBER:
        yield Problem(
            ("settings", "student_id"),
            "'STUDENT NUMBER' may be empty in Clever for some students",
            hint="count the students without a number; if there are any, select"
            " 'STUDENT ID', and if not, allow this rule",
        )


@DISTRICT.rule(Severity.ERROR, source="C5", refused=True)
def archived_students_unknown(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The option for archived students is not one that the live page offers.

    The drop-down was read from the page and does not have this label, so it cannot be
    selected there. Archived students would be handled as the page is set today.

    The labels in the example are made up: it stands for a page that offers Archive and
    Keep.

    Bad:

        settings:
          archived_students: Archiv

    Good:

        settings:
          archived_students: Archive
    """
    label = district.settings.archived_students
    offered = district.options.get("archived_students")
    if label is not None and offered is not None and label not in offered:
        yield Problem(
            ARCHIVED_STUDENTS,
            f"the page does not offer {label!r} for archived students; it offers"
            f" {quote_labels(offered) or 'nothing'}",
            hint=did_you_mean(label, offered) or "use a label that the page offers",
        )


@DISTRICT.rule(Severity.INFO, source="C5", inferred=True)
def archived_students_unverified(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The option for archived students has not been compared with the live page.

    The labels of this drop-down are not published, so a wrong one is found only after
    the page is read. Once the labels are recorded, this finding goes away.

    Bad:

        settings:
          archived_students: Archive

    Good:

        settings:
          archived_students: null
    """
    label = district.settings.archived_students
    if label is not None and "archived_students" not in district.options:
        yield Problem(
            ARCHIVED_STUDENTS,
            f"whether the page offers {label!r} for archived students has not been"
            " checked",
            hint="list the labels of your page under options in connectsync.yaml",
        )


@DISTRICT.rule(Severity.ERROR, source="C5", refused=True)
def label_not_offered(district: DistrictOnDay) -> Iterator[Problem]:
    """
    A label is selected that the live page does not offer.

    The label is one that was published, but the page decides: it was read, and this
    label was not on it. It cannot be selected there.

    The example stands for a page that offers only Cell and Home as phone types.

    Bad:

        settings:
          phone_types: [Work]

    Good:

        settings:
          phone_types: [Cell]
    """
    if not district.options:
        return
    for setting in SETTINGS:
        offered = district.options.get(setting.name)
        if offered is None or setting.path == ARCHIVED_STUDENTS:
            continue
        for label in _chosen_labels(district, setting.name, setting.kind):
            if label not in offered:
                yield Problem(
                    setting.path,
                    f"the page does not offer '{label}' for {setting.name}; it offers"
                    f" {quote_labels(offered) or 'nothing'}",
                    hint=did_you_mean(label, offered)
                    or "use a label that the page offers",
                )


def _chosen_labels(district: DistrictOnDay, name: str, kind: Kind) -> tuple[str, ...]:
    value = getattr(district.settings, name, None)
    match kind:
        case Kind.CHOICE if value is not None:
            return (value,)
        case Kind.BOXES if value is not None:
            return tuple(sorted(value))
        case _:
            return ()


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
