"""Rules about people's accounts, what staff may do, and archived sections."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.district import ContactDetailsKeptIn
from connectsync.domain.finding import KeyPath, Problem, Severity
from connectsync.providers.clever import Permission
from connectsync.rules.engine import DISTRICT, DistrictOnDay, quote_labels

UPDATE_ACTIVE_USERS: KeyPath = ("settings", "update_active_users")


@DISTRICT.rule(Severity.ERROR, source="U1")
def older_details_overwrite_newer(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Older contact details from Clever overwrite newer ones on Connect.

    With this setting on, only the sync changes the name, email and phone of people who
    have joined. If people keep their details up to date on Connect, the sync replaces
    them with Clever's older ones: their login changes, and messages go to a number
    they no longer use.

    Bad:

        facts:
          contact_details_kept_in: connect
        settings:
          update_active_users: true

    Good:

        facts:
          contact_details_kept_in: connect
        settings:
          update_active_users: false
    """
    if not district.settings.update_active_users:
        return
    if district.facts.contact_details_kept_in is ContactDetailsKeptIn.CONNECT:
        yield Problem(
            UPDATE_ACTIVE_USERS,
            "the sync overwrites the contact details of people who have joined, but"
            " facts.contact_details_kept_in says that Connect has the newest ones",
            hint="set update_active_users to false; or update Clever first, then set"
            " contact_details_kept_in to clever",
        )


@DISTRICT.rule(Severity.WARNING, source="C5")
def source_of_details_not_stated(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The sync changes people's logins, and the file does not say who has the newest data.

    The setting is meant for districts where Clever is the most up-to-date source of
    contact details. Until the file says so, a reviewer cannot tell whether people will
    lose the login they use.

    Bad:

        settings:
          update_active_users: true

    Good:

        facts:
          contact_details_kept_in: clever
        settings:
          update_active_users: true
    """
    on = district.settings.update_active_users
    if on and district.facts.contact_details_kept_in is None:
        yield Problem(
            UPDATE_ACTIVE_USERS,
            "the sync overwrites the contact details of people who have joined, and"
            " facts.contact_details_kept_in does not say who has the newest ones",
            hint="if Clever has them, set contact_details_kept_in to clever; if not,"
            " set update_active_users to false",
        )


@DISTRICT.rule(Severity.WARNING, source="P3")
def edits_locked_without_requests(district: DistrictOnDay) -> Iterator[Problem]:
    """
    People cannot edit their contact details or request a correction.

    With this setting on, people who have joined cannot change their own email or phone.
    Without profile update requests, a parent with a new number has to ask the school to
    change it in the student information system.

    Bad:

        facts:
          contact_details_kept_in: clever
          profile_update_requests: false
        settings:
          update_active_users: true

    Good:

        facts:
          contact_details_kept_in: clever
          profile_update_requests: true
        settings:
          update_active_users: true
    """
    on = district.settings.update_active_users
    if on and district.facts.profile_update_requests is False:
        yield Problem(
            UPDATE_ACTIVE_USERS,
            "people who have joined cannot edit their contact details, and"
            " facts.profile_update_requests is false: they cannot request a correction",
            hint="turn on profile update requests on Connect, then set"
            " profile_update_requests to true",
        )


@DISTRICT.rule(Severity.INFO, source="U1")
def users_manager_without_effect(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Users Manager is granted, but only the sync may edit people who have joined.

    The permission is for changing accounts by hand. While the sync owns the contact
    details of people who have joined, staff with this permission cannot correct them,
    although families will ask them to.

    Bad:

        facts:
          contact_details_kept_in: clever
        settings:
          update_active_users: true
          permissions: [Family Access, Users Manager]

    Good:

        facts:
          contact_details_kept_in: connect
        settings:
          update_active_users: false
          permissions: [Family Access, Users Manager]
    """
    granted = district.settings.permissions or frozenset()
    if district.settings.update_active_users and Permission.USERS_MANAGER in granted:
        yield Problem(
            ("settings", "permissions"),
            "staff with 'Users Manager' cannot edit the contact details of people who"
            " have joined while update_active_users is true",
            hint="tell those staff that corrections are made in the school's system,"
            " then allow this rule",
        )


UNARCHIVE: KeyPath = ("settings", "unarchive_classrooms")


@DISTRICT.rule(Severity.ERROR, source="C2")
def archived_sections_come_back(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Sections that were archived by hand come back with the next sync.

    Some districts share more sections than they want and archive the rest by hand.
    Those sections stay archived only while this setting is off. With it on, they come
    back to teachers and families.

    Bad:

        facts:
          sections_archived_by_hand: true
        settings:
          unarchive_classrooms: true

    Good:

        facts:
          sections_archived_by_hand: true
        settings:
          unarchive_classrooms: false
    """
    back = district.settings.unarchive_classrooms
    if back and district.facts.sections_archived_by_hand:
        yield Problem(
            UNARCHIVE,
            "the sync brings classrooms back, but facts.sections_archived_by_hand says"
            " that some must stay archived",
            hint="set unarchive_classrooms to false",
        )


@DISTRICT.rule(Severity.WARNING, source="R1")
def classrooms_come_back_in_rollover(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Archived classrooms can come back while the school year changes.

    The vendor's rollover checklist turns this setting off: classrooms of the old year
    are archived then, and the sync would bring back every one that Clever still shares.
    Turn the setting on again after the rollover, if your district uses it.

    Bad:

        facts:
          rollover:
            from: 2027-01-10
            to: 2027-01-31
        settings:
          unarchive_classrooms: true

    Good:

        facts:
          rollover:
            from: 2027-01-10
            to: 2027-01-31
        settings:
          unarchive_classrooms: false
    """
    settings = district.settings
    if not settings.unarchive_classrooms or settings.enable_daily_sync is False:
        return
    rollover = district.rollover_now
    # archived-sections-come-back already says so, as an error
    if rollover and not district.facts.sections_archived_by_hand:
        yield Problem(
            UNARCHIVE,
            "the sync brings back archived classrooms that Clever still shares, and the"
            f" rollover lasts until {rollover.last}",
            hint="set unarchive_classrooms to false until the rollover is over",
        )


@DISTRICT.rule(Severity.INFO, source="C5")
def shared_sections_stay_archived(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Classrooms that reappear in the roster stay archived, although none should.

    The setting keeps the classrooms that Clever shares active. With it off, a class
    that was archived by mistake stays archived until it is noticed. During the rollover
    the setting is off on purpose, and this rule is silent.

    Bad:

        facts:
          sections_archived_by_hand: false
        settings:
          unarchive_classrooms: false

    Good:

        facts:
          sections_archived_by_hand: false
        settings:
          unarchive_classrooms: true
    """
    if district.settings.unarchive_classrooms is not False:
        return
    none_by_hand = district.facts.sections_archived_by_hand is False
    if none_by_hand and not district.rollover_now:
        yield Problem(
            UNARCHIVE,
            "classrooms that reappear in the roster stay archived, but"
            " facts.sections_archived_by_hand says that none should",
            hint="set unarchive_classrooms to true, or set sections_archived_by_hand to"
            " true if some must stay archived",
        )


PERMISSIONS: KeyPath = ("settings", "permissions")

NEED_FAMILY_ACCESS = frozenset(
    {Permission.ROSTERING_ADMINISTRATOR, Permission.CONTENT_MODERATOR}
)
BRING_FAMILY_ACCESS = frozenset(
    {Permission.SCHOOL_WIDE_COMMUNICATIONS, Permission.PERMISSIONS_ADMIN}
)


@DISTRICT.rule(Severity.ERROR, source="P1")
def permission_without_family_access(district: DistrictOnDay) -> Iterator[Problem]:
    """
    A permission is granted that requires Family Access, which is not granted.

    Rostering Administrator and Content Moderator require Family Access. Without it,
    staff may not be able to do the work they were given the permission for.

    Bad:

        settings:
          permissions: [Rostering Administrator]

    Good:

        settings:
          permissions: [Family Access, Rostering Administrator]
    """
    granted = district.settings.permissions or frozenset()
    needing = granted & NEED_FAMILY_ACCESS
    if Permission.FAMILY_ACCESS not in granted | _included_permissions(granted):
        for label in sorted(needing):
            yield Problem(
                PERMISSIONS,
                f"'{label}' requires 'Family Access', which is not granted",
                hint="add 'Family Access'",
            )


@DISTRICT.rule(Severity.INFO, source="P1")
def family_access_comes_along(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Family Access is included in a permission, and the file does not list it.

    School-Wide Communications and Permissions Admin bring Family Access with them:
    staff with either can see and contact families. A reviewer of the file should be
    able to read that in it.

    Bad:

        settings:
          permissions: [School-Wide Communications]

    Good:

        settings:
          permissions: [Family Access, School-Wide Communications]
    """
    granted = district.settings.permissions or frozenset()
    if _included_permissions(granted) and Permission.FAMILY_ACCESS not in granted:
        yield Problem(
            PERMISSIONS,
            "'Family Access' is included in"
            f" {quote_labels(granted & BRING_FAMILY_ACCESS)}, and is not listed",
            hint="add 'Family Access', so that the file shows what staff can do",
        )


@DISTRICT.rule(Severity.WARNING, source="P1")
def permissions_admin_granted(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Permissions Admin is granted, so staff can give permissions to other staff.

    A person with this permission can let any staff member see and contact families.
    Which staff a box on this form applies to is not published, so it is safer to give
    it to individual people on Connect.

    Bad:

        settings:
          permissions: [Family Access, Permissions Admin]

    Good:

        settings:
          permissions: [Family Access]
    """
    granted = district.settings.permissions or frozenset()
    if Permission.PERMISSIONS_ADMIN in granted:
        kept = Permission.FAMILY_ACCESS in granted
        yield Problem(
            PERMISSIONS,
            "'Permissions Admin' lets staff change the permissions of other staff",
            hint=("remove it" if kept else "replace it with 'Family Access'")
            + ", and give it to individual people on Connect",
        )


@DISTRICT.rule(Severity.INFO, source="P1", inferred=True)
def nobody_changes_permissions(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Permissions Admin is not granted here, so a person must have it on Connect.

    Only staff with Permissions Admin can change the permissions of others. If no one in
    the district has it, corrections most likely have to wait for Connect's support.
    Granting it on this form is not the answer, because which staff that applies to is
    not published: give it to one person on Connect, and write down who has it.

    Bad:

        settings:
          permissions: [Family Access]

    Good:

        settings:
          permissions: [Family Access]
        allow:
          - rule: nobody-changes-permissions
            reason: The technology coordinator has Permissions Admin on Connect
            until: 2027-09-30
    """
    granted = district.settings.permissions
    if granted and Permission.PERMISSIONS_ADMIN not in granted:
        yield Problem(
            PERMISSIONS,
            "'Permissions Admin' is not granted here",
            hint="make sure that a person in the district has it on Connect, then allow"
            " this rule and say who",
        )


@DISTRICT.rule(Severity.WARNING, source="C5", inferred=True)
def no_permissions(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The list of permissions is empty, so every permission box is cleared.

    Which staff these boxes apply to, and from when, is not published. Cleared boxes may
    take permissions from staff who contact families, manage rosters or moderate
    messages today. To leave the boxes as they are on the page, remove the key.

    Bad:

        settings:
          permissions: []

    Good:

        settings:
          permissions: null
    """
    if district.settings.permissions == frozenset():
        yield Problem(
            PERMISSIONS,
            "no permission is selected: every box is cleared, and staff may lose"
            " permissions they use today",
            hint="remove permissions to leave the boxes as they are, or list those that"
            " staff need",
        )


def _included_permissions(granted: frozenset[str]) -> frozenset[str]:
    """Give the permissions that are included in those that are granted."""
    if granted & BRING_FAMILY_ACCESS:
        return frozenset({Permission.FAMILY_ACCESS})
    return frozenset()
