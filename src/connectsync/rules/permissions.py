"""Rules about the permissions of staff."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.finding import KeyPath, Problem, Severity
from connectsync.providers.clever import Permission
from connectsync.rules.subjects import DISTRICT, DistrictOnDay, quote_labels

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
