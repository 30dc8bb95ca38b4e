"""Rules about the accounts of people who have joined: who may change them."""

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
    Clever overwrites contact details that are newer on Connect.

    With the setting on, only the sync changes the name, email and phone of people who
    have joined. Where they keep their details on Connect, Clever's older ones come
    back: their login changes, and messages go to a number they gave up.

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
            "the sync overwrites contact details of people who have joined, while"
            " facts.contact_details_kept_in says that Connect holds the newest",
            hint="set update_active_users to false, or bring Clever up to date first",
        )


@DISTRICT.rule(Severity.WARNING, source="C5")
def source_of_details_not_stated(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The sync changes people's logins, and nobody says that Clever's details are newest.

    The setting is meant for districts where Clever is the most up-to-date source. The
    file does not say so, so nobody can tell whether people lose the login they use.

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
            "the sync overwrites contact details of people who have joined, and"
            " facts.contact_details_kept_in does not say who holds the newest",
            hint="find out who does; state it as clever or connect",
        )


@DISTRICT.rule(Severity.WARNING, source="P3")
def edits_locked_without_requests(district: DistrictOnDay) -> Iterator[Problem]:
    """
    People cannot edit their details, and have no way to ask for a correction.

    With the setting on, people who have joined cannot change their own email or phone.
    Without profile update requests a parent with a new number has to find somebody who
    changes it in the school's system.

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
            "people who have joined cannot edit their details, and"
            " facts.profile_update_requests is false: nobody can ask for a correction",
            hint="turn on profile update requests on Connect, and state it",
        )


@DISTRICT.rule(Severity.INFO, source="U1")
def users_manager_without_effect(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Users Manager is granted, but only the sync may edit people who have joined.

    The permission is for changing accounts by hand. While the sync owns the contact
    details of people who have joined, those who hold it cannot correct them, and will
    be asked to.

    Bad:

        facts:
          contact_details_kept_in: clever
        settings:
          update_active_users: true
          permissions: [Users Manager]

    Good:

        facts:
          contact_details_kept_in: clever
        settings:
          update_active_users: false
          permissions: [Users Manager]
    """
    granted = district.settings.permissions or frozenset()
    if district.settings.update_active_users and Permission.USERS_MANAGER in granted:
        yield Problem(
            ("settings", "permissions"),
            "'Users Manager' cannot edit contact details of people who have joined"
            " while update_active_users is true",
            hint="tell those who hold it that corrections go through the roster",
        )
