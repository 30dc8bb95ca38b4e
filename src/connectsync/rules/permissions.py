"""Rules about the permissions of staff."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.finding import Path, Problem, Severity
from connectsync.domain.settings import Permission
from connectsync.rules.subjects import DISTRICT, DistrictOnDay
from connectsync.rules.wording import quoted

PERMISSIONS: Path = ("settings", "permissions")

NEED_FAMILY_ACCESS = frozenset(
    {Permission.ROSTERING_ADMINISTRATOR, Permission.CONTENT_MODERATOR}
)
BRING_FAMILY_ACCESS = frozenset(
    {Permission.SCHOOL_WIDE_COMMUNICATIONS, Permission.PERMISSIONS_ADMIN}
)


@DISTRICT.rule(Severity.ERROR, source="P1")
def permission_without_family_access(district: DistrictOnDay) -> Iterator[Problem]:
    """
    A permission is granted that requires Family Access, and that is missing.

    Rostering Administrator and Content Moderator work on families and their messages,
    and need Family Access to see them. Staff would find a task that they cannot do.

    Bad:

        settings:
          permissions: [Rostering Administrator]

    Good:

        settings:
          permissions: [Family Access, Rostering Administrator]
    """
    granted = district.settings.permissions or frozenset()
    needing = granted & NEED_FAMILY_ACCESS
    if Permission.FAMILY_ACCESS not in granted | _brought(granted):
        for label in sorted(needing):
            yield Problem(
                PERMISSIONS,
                f"'{label}' requires 'Family Access', which is not granted",
                hint="add 'Family Access'",
            )


@DISTRICT.rule(Severity.INFO, source="P1")
def family_access_comes_along(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Family Access comes along with a permission, and the file does not say so.

    School-Wide Communications and Permissions Admin bring Family Access with them: the
    staff who hold one see and contact every family. Whoever reviews the file should
    read that in it.

    Bad:

        settings:
          permissions: [School-Wide Communications]

    Good:

        settings:
          permissions: [Family Access, School-Wide Communications]
    """
    granted = district.settings.permissions or frozenset()
    if _brought(granted) and Permission.FAMILY_ACCESS not in granted:
        yield Problem(
            PERMISSIONS,
            "'Family Access' comes along with"
            f" {quoted(granted & BRING_FAMILY_ACCESS)}, and is not written down",
            hint="add 'Family Access', so that the file says what staff can do",
        )


@DISTRICT.rule(Severity.WARNING, source="P1")
def permissions_admin_granted(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Permissions Admin is granted: staff can give permissions to other staff.

    Who holds it can let anybody on the staff see and contact every family. No page
    says which staff a tick on the form reaches, so keep it for persons, not for all.

    Bad:

        settings:
          permissions: [Family Access, Permissions Admin]

    Good:

        settings:
          permissions: [Family Access]
    """
    if Permission.PERMISSIONS_ADMIN in (district.settings.permissions or ()):
        yield Problem(
            PERMISSIONS,
            "'Permissions Admin' lets staff change the permissions of other staff",
            hint="remove it and grant it to named persons on Connect",
        )


@DISTRICT.rule(Severity.INFO, source="P1", inferred=True)
def nobody_changes_permissions(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Permissions Admin is not granted here, so somebody must hold it otherwise.

    Only staff who hold Permissions Admin change the permissions of others. If nobody
    in the district does, every correction waits for Connect's support.

    Bad:

        settings:
          permissions: [Family Access]

    Good:

        settings:
          permissions: [Family Access, Permissions Admin]
    """
    granted = district.settings.permissions
    if granted and Permission.PERMISSIONS_ADMIN not in granted:
        yield Problem(
            PERMISSIONS,
            "'Permissions Admin' is not granted here",
            hint="make sure that a named person in the district holds it on Connect",
        )


def _brought(granted: frozenset[str]) -> frozenset[str]:
    """Give what comes along with the permissions that are granted."""
    if granted & BRING_FAMILY_ACCESS:
        return frozenset({Permission.FAMILY_ACCESS})
    return frozenset()
