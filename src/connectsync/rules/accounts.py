"""Rules about the accounts of people who have joined, and who may change them."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.district import ContactDetailsKeptIn
from connectsync.domain.finding import Path, Problem, Severity
from connectsync.domain.settings import Permission
from connectsync.rules.subjects import DISTRICT, DistrictOnDay

UPDATE_ACTIVE_USERS: Path = ("settings", "update_active_users")


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
    kept_in = district.facts.contact_details_kept_in
    on = district.settings.update_active_users
    if on and kept_in is ContactDetailsKeptIn.CONNECT:
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
    unstated = district.facts.contact_details_kept_in is None
    if district.settings.update_active_users and unstated:
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
    unasked = district.facts.profile_update_requests is False
    if district.settings.update_active_users and unasked:
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
