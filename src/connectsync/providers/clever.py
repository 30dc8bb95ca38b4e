"""
The form of a district whose roster comes from Clever, each setting once.

Labels and help are those of the page (C5), of Clever's contacts (CV-contacts) and of
the article on thresholds (T1).
"""

from __future__ import annotations

from enum import StrEnum

from connectsync.providers.form import (
    Effect,
    Kind,
    ProviderForm,
    Setting,
    Value,
    When,
    caution,
    disruptive,
    plain_value,
    published,
    safe,
)
from connectsync.values import dataclass


class StudentId(StrEnum):
    """Which of Clever's ids a student carries on Connect (C5)."""

    STUDENT_ID = "STUDENT ID"
    STUDENT_NUMBER = "STUDENT NUMBER"


class ContactType(StrEnum):
    """Clever's contact types (CV-contacts)."""

    PARENT_GUARDIAN = "Parent/Guardian"
    EMERGENCY = "Emergency"
    PRIMARY = "Primary"
    SECONDARY = "Secondary"
    FAMILY = "Family"
    OTHER = "Other"


class ContactRelationship(StrEnum):
    """Clever's contact relationships (CV-contacts)."""

    PARENT = "Parent"
    GRANDPARENT = "Grandparent"
    SELF = "Self"
    AUNT_UNCLE = "Aunt/Uncle"
    SIBLING = "Sibling"
    OTHER = "Other"


class PhoneType(StrEnum):
    """Clever's phone types (CV-contacts)."""

    CELL = "Cell"
    HOME = "Home"
    WORK = "Work"
    OTHER = "Other"


class Permission(StrEnum):
    """The permission titles of the form (C5)."""

    PERMISSIONS_ADMIN = "Permissions Admin"
    SCHOOL_WIDE_COMMUNICATIONS = "School-Wide Communications"
    ROSTERING_ADMINISTRATOR = "Rostering Administrator"
    CONTENT_MODERATOR = "Content Moderator"
    USERS_MANAGER = "Users Manager"
    FAMILY_ACCESS = "Family Access"


@dataclass(frozen=True, slots=True)
class Settings:
    """
    What the layers say about the form; ``None`` means not managed.

    Sets are frozen: the order in a file never makes a change. Labels are those of the
    classes above, or others that were recorded from the live page.
    """

    enable_daily_sync: bool | None = None
    student_id: str | None = None
    archived_students: str | None = None
    manage_guardians: bool | None = None
    unarchive_classrooms: bool | None = None
    update_active_users: bool | None = None
    contact_types: frozenset[str] | None = None
    contact_relationships: frozenset[str] | None = None
    phone_types: frozenset[str] | None = None
    deletion_threshold: int | None = None
    permissions: frozenset[str] | None = None

    def managed(self) -> dict[str, Value]:
        """Give the settings that a layer names, by name, in the form's order."""
        # files of one mold share their settings, and a country has 13,318 files
        same, known = _MANAGED.get(id(self), (None, {}))
        if same is not self:
            known = {
                setting.name: plain_value(value)
                for setting in CLEVER.settings
                if (value := getattr(self, setting.name, None)) is not None
            }
            if len(_MANAGED) >= _MOST_MANAGED:
                _MANAGED.clear()
            _MANAGED[id(self)] = self, known
        return {**known}


_MOST_MANAGED = 1_000
_MANAGED: dict[int, tuple[Settings, dict[str, Value]]] = {}
"""What settings manage, by identity: comparing them takes as long as asking again."""


LEAST_ADVISED = 10
"""Percent; the lowest deletion threshold that Connect advises (T1)."""

_NONE_IS_ARCHIVED = (
    "If a sync would archive more than {after} percent of the people, it archives no"
    " one"
)


def _contact_effects(kind: str) -> dict[When, Effect]:
    return {
        When.ADDED: disruptive(
            f"Contacts {kind} become guardians and can be messaged at once."
        ),
        When.REMOVED: disruptive(
            f"Contacts {kind} stop being guardians and receive no more messages"
            " (inferred)."
        ),
        When.EMPTIED: disruptive(
            "No contact becomes a guardian, and those who are receive no more messages"
            " (inferred)."
        ),
        When.FILLED: disruptive(
            "Contacts like these become guardians and can be messaged at once; others"
            " may stop being guardians (inferred)."
        ),
        When.CHANGED: disruptive("Different contacts become guardians (inferred)."),
    }


CLEVER = ProviderForm(
    "clever",
    (
        Setting(
            "district_id",
            Kind.TEXT,
            "District ID",
            "districtId",
            "The district's id at Clever, as the form holds it.",
            section="credentials",
            hexadecimal=True,
            effects={
                When.EMPTIED: disruptive(
                    "No roster is named for the sync, which is likely to fail every"
                    " night (inferred)."
                ),
                When.FILLED: caution(
                    "The roster with this district id is read (inferred)."
                ),
                When.CHANGED: disruptive(
                    "Another district's roster is read, and everyone who is not in it"
                    " is archived (inferred)."
                ),
            },
        ),
        Setting(
            "student_id",
            Kind.CHOICE,
            "Student ID",
            "studentId",
            "Which of Clever's ids a student carries.",
            "which of Clever's ids a student carries on Connect. A STUDENT NUMBER may"
            " be empty in Clever. It may be changed at any time, but a guardians.csv"
            " that links by the old id stops matching.",
            labels=published(StudentId),
            example="STUDENT NUMBER",
            checks={"minLength": "unknown-label"},
            radios=True,
            effects={
                When.EMPTIED: caution(
                    "Students have the id that Connect uses by default, which is not"
                    " published."
                ),
                When.FILLED: caution(
                    "Students have their {after} as their id on Connect."
                ),
                When.CHANGED: caution(
                    "Students have their {after} as their id on Connect; files that"
                    " link by the old one stop matching (inferred)."
                ),
            },
        ),
        Setting(
            "archived_students",
            Kind.CHOICE,
            "Archived students",
            "archivedStudents",
            "The chosen label of the drop-down for archived students.",
            "what the sync does with students who were archived. The labels of this"
            " drop-down are not published: write the label exactly as your page shows"
            " it, and list the labels under `options` in connectsync.yaml so that they"
            " can be checked.",
            checks={"boolean": "boolean-for-label"},
            effects={
                When.EMPTIED: caution(
                    "Archived students are handled in Connect's default way, which is"
                    " not published."
                ),
                When.CHANGED: caution(
                    "Archived students are handled as the option '{after}' says; what"
                    " it does is not published."
                ),
            },
        ),
        Setting(
            "enable_daily_sync",
            Kind.BOX,
            "Enable Daily sync",
            "enableDailySync",
            "Whether the nightly sync is on.",
            "On, the roster creates, updates and archives people on Connect every"
            " night. Off through setup step 5, on at step 7; it may be paused later,"
            " for example over summer.",
            example=False,
            waits_for_sync=False,
            effects={
                When.TURNED_ON: caution(
                    "Every night the roster creates, updates and archives people on"
                    " Connect."
                ),
                When.CHANGED: caution(
                    "Roster updates stop: new and departing students and staff are no"
                    " longer synced."
                ),
            },
        ),
        Setting(
            "manage_guardians",
            Kind.BOX,
            "Allow sync to manage Guardians",
            "manageGuardians",
            "Whether the sync manages guardians.",
            "On: contacts in Clever become guardians, who can be messaged at once"
            " without an invitation. Off: guardians come from elsewhere, for example a"
            " guardians.csv.",
            example=True,
            reaches_people=True,
            effects={
                When.TURNED_ON: disruptive(
                    "Contacts from Clever become guardians, who can be messaged at"
                    " once, without an invitation."
                ),
                When.CHANGED: disruptive(
                    "Guardians are not added or updated by the sync: new families are"
                    " not reached."
                ),
            },
        ),
        Setting(
            "unarchive_classrooms",
            Kind.BOX,
            "Unarchive classrooms that reappear in the roster data",
            "unarchiveClassrooms",
            "Whether classrooms that reappear in the roster are unarchived.",
            "On: classrooms that Clever shares are always active. Off: sections"
            " archived by hand stay archived.",
            example=True,
            effects={
                When.TURNED_ON: caution(
                    "Classrooms that were archived by hand come back if Clever shares"
                    " them."
                ),
                When.CHANGED: safe(
                    "Classrooms that were archived by hand stay archived."
                ),
            },
        ),
        Setting(
            "update_active_users",
            Kind.BOX,
            "Allow the sync to update contact details of active users",
            "updateActiveUsers",
            "Whether the sync may change contact details of people who have joined.",
            "On: only the sync changes name, email and phone of people who have"
            " joined; they are notified, their own edits are locked, and their login"
            " changes too. Off: people and Users Managers edit. People who have not"
            " joined are always updated.",
            example=False,
            effects={
                When.TURNED_ON: disruptive(
                    "People who have joined get their name, email and phone from"
                    " Clever: their login changes, they are notified, and they can no"
                    " longer edit them."
                ),
                When.CHANGED: caution(
                    "Users and Users Managers edit contact details; Clever does not"
                    " overwrite them."
                ),
            },
        ),
        Setting(
            "contact_types",
            Kind.BOXES,
            "Contact Types to sync",
            "contactTypes",
            "The contact types that are synced.",
            "which contacts become guardians, by type. An emergency contact who is"
            " selected gets every message a parent gets. The order does not matter.",
            labels=published(ContactType),
            label_about="A contact type as Clever spells it.",
            example=["Parent/Guardian"],
            reaches_people=True,
            effects=_contact_effects("of this type"),
        ),
        Setting(
            "contact_relationships",
            Kind.BOXES,
            "Contact Relationships to sync",
            "contactRelationships",
            "The contact relationships that are synced.",
            "which contacts become guardians, by relationship to the student. Real"
            " rosters hold parents whose relationship is `Other`; they are left out if"
            " it is not selected. The order does not matter.",
            labels=published(ContactRelationship),
            label_about="A contact relationship as Clever spells it.",
            example=["Parent", "Grandparent"],
            reaches_people=True,
            effects=_contact_effects("with this relationship"),
        ),
        Setting(
            "phone_types",
            Kind.BOXES,
            "Phone Types to sync",
            "phoneTypes",
            "The phone types that are synced.",
            "the type of number that fills a guardian's SMS field, used for texts,"
            " calls and login. With Clever at most one. `Home` fills the Phone field"
            " instead, which is neither texted nor called nor a login. A guardian with"
            " neither email nor a usable number is not created at all.",
            labels=published(PhoneType),
            label_about="A phone type as Clever spells it.",
            example=["Cell"],
            one_label=True,
            effects={
                When.EMPTIED: disruptive(
                    "Numbers of this type are no longer synced; people who have joined"
                    " keep theirs unless the sync updates active users (inferred)."
                ),
                When.BECOMES: disruptive(
                    "Home numbers fill the Phone field, which is not used for texts,"
                    " calls or login.",
                    PhoneType.HOME,
                ),
                When.FILLED: disruptive(
                    "Numbers of this type are used for texts, calls and login."
                ),
                When.CHANGED: disruptive(
                    "Families are reached at different numbers (inferred)."
                ),
            },
        ),
        Setting(
            "deletion_threshold",
            Kind.PERCENT,
            # not named by C5; spelled as the article on thresholds does (T1)
            "Deletion Threshold",
            "deletionThreshold",
            "The percentage above which a sync archives no one; null where the page"
            " shows none.",
            "in percent: a sync that would archive more people than this archives no"
            " one and reads `Failed: threshold`. 10 to 20 in term; at rollover just"
            " above the `Tried to Archive` figure, and put back afterward. Its default"
            " and range are not published.",
            example=15,
            checks={
                "minimum": "threshold-out-of-range",
                "maximum": "threshold-out-of-range",
            },
            effects={
                When.EMPTIED: caution(
                    "A sync may archive as much as Connect allows by default, which is"
                    " not published."
                ),
                When.FILLED: caution(
                    f"{_NONE_IS_ARCHIVED}; the limit before is not known (inferred)."
                ),
                When.RAISED: caution(
                    "One sync may archive up to {after} percent of the people instead"
                    " of {before}."
                ),
                When.BELOW: caution(
                    f"{_NONE_IS_ARCHIVED}: an ordinary week may be enough to stop it"
                    " (inferred).",
                    LEAST_ADVISED,
                ),
                When.CHANGED: safe(f"{_NONE_IS_ARCHIVED}."),
            },
        ),
        Setting(
            "permissions",
            Kind.BOXES,
            "Permissions",
            "permissions",
            "The permissions that are granted.",
            "the boxes ticked on the form. Which staff they apply to, and when, is not"
            " published. Rostering Administrator and Content Moderator require Family"
            " Access. The order does not matter.",
            labels=published(Permission),
            label_about="A permission as the page titles it.",
            example=["Family Access", "School-Wide Communications"],
            # permissions may not wait for the sync: when they count is not published
            waits_for_sync=False,
            effects={
                When.GRANTED: caution(
                    "Staff may be able to change the permissions of other staff; for"
                    " which staff and from when is not published.",
                    Permission.PERMISSIONS_ADMIN,
                ),
                When.EMPTIED: caution(
                    "Staff may lose permissions that they use today; for which staff"
                    " and from when is not published."
                ),
                When.FILLED: caution(
                    "Staff may be able to do more than before; for which staff and from"
                    " when is not published."
                ),
                When.CHANGED: caution(
                    "Staff may be able to do different things than before; for which"
                    " staff and from when is not published."
                ),
            },
        ),
    ),
)
"""In the order of the form; every ordered output follows it."""
