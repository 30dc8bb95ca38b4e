"""
The one translation: our name of a setting, the gateway's, and the page's.

When Connect's page or the gateway's contract renames something, this file changes
and no other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from connectsync.connect.values import Unfit, json_of, value_of
from connectsync.domain.settings import BY_NAME, FIRST_FORM, SETTINGS, Form, Value
from connectsync.errors import Bug


@dataclass(frozen=True, slots=True)
class Spelling:
    """How one setting is spelled: by us, in the gateway's JSON, on the page (C5)."""

    setting: str
    json: str
    label: str


SPELLINGS: tuple[Spelling, ...] = (
    Spelling("district_id", "districtId", "District ID"),
    Spelling("student_id", "studentId", "Student ID"),
    Spelling("archived_students", "archivedStudents", "Archived students"),
    Spelling("enable_daily_sync", "enableDailySync", "Enable Daily sync"),
    Spelling("manage_guardians", "manageGuardians", "Allow sync to manage Guardians"),
    Spelling(
        "unarchive_classrooms",
        "unarchiveClassrooms",
        "Unarchive classrooms that reappear in the roster data",
    ),
    Spelling(
        "update_active_users",
        "updateActiveUsers",
        "Allow the sync to update contact details of active users",
    ),
    Spelling("contact_types", "contactTypes", "Contact Types to sync"),
    Spelling(
        "contact_relationships", "contactRelationships", "Contact Relationships to sync"
    ),
    Spelling("phone_types", "phoneTypes", "Phone Types to sync"),
    # not named by C5; spelled as the article on thresholds does (T1)
    Spelling("deletion_threshold", "deletionThreshold", "Deletion Threshold"),
    Spelling("permissions", "permissions", "Permissions"),
)
"""In the order of the form."""

PAGE_PATH: tuple[str, ...] = (
    "the drop-down",
    "District Home Page",
    "the 3 black dots",
    "Settings",
    "SIS Rostering",
    "District-Level Daily Sync",
)
"""What a person clicks on to come to the form (C5)."""

SAVE = "Save"
"""The button below the form (C5)."""

DROP_DOWN = "Drop-down"
DISTRICT_HOME = "District Home Page"
DOTS = "3 black dots"
GROUP_OF_BOXES = "Settings"
"""The group of the four single boxes; the page before it has the same name (C5)."""
SIS_ROSTERING = "SIS Rostering"
DAILY_SYNC = "District-Level Daily Sync"
TOKEN_LABEL = "District OAuth Token"  # noqa: S105 - the label of a field
CLICKS: tuple[str, ...] = (
    DROP_DOWN,
    DISTRICT_HOME,
    DOTS,
    GROUP_OF_BOXES,
    SIS_ROSTERING,
    DAILY_SYNC,
)
"""The labels of what is clicked on, in the order of the clicks (C5)."""

TOKEN_KEPT = re.compile(
    r"\b(saved?|keep|kept|stored?|sets?|exists?|already|unchanged|current(ly)?|hidden"
    r"|configured|connected|on file)\b|[•●*∙·]{3}",
    re.IGNORECASE,
)
"""
How a page may say that it holds a token; nobody publishes how Connect's does.

Widely meant: where it is in doubt, nothing is typed over a token.
"""

SIGN_IN, EMAIL, PASSWORD = "Sign in", "Email", "Password"
"""What asks who you are, as far as it is not somebody else's page."""

SEARCH_BOX, SEARCH, NEXT = "Search by name or key", "Search", "Next"
"""The search of districts, where the drop-down does not list them all."""

SAVED = "Saved"
CONFIRM = "Confirm"
RADIOS = frozenset({"student_id"})
"""Choices that are radio buttons in a group; the others are drop-downs."""

TOKEN_JSON = "districtOauthToken"  # noqa: S105 - the name of a field, not a secret
"""The gateway's name for the field that may be sent and must never come back."""

_BY_SETTING = {spelling.setting: spelling for spelling in SPELLINGS}
_BY_JSON = {spelling.json: spelling.setting for spelling in SPELLINGS}


def spelling_of(setting: str) -> Spelling:
    """Give the spellings of one of our settings; a name we do not have is a bug."""
    if setting not in _BY_SETTING:
        raise Bug(f"there is no setting {setting!r} to translate")
    return _BY_SETTING[setting]


def setting_of(json_name: str) -> str:
    """Give our name for a name of the gateway; one that we do not know stays."""
    return _BY_JSON.get(json_name, json_name)


def to_json(form: Form) -> dict[str, object]:
    """Spell the settings in ``form`` as the gateway does, in the form's order."""
    for name in form:
        spelling_of(name)
    return {
        spelling_of(setting.name).json: json_of(setting, form[setting.name])
        for setting in SETTINGS
        if setting.name in form
    }


def from_json(settings: Mapping[str, object]) -> dict[str, Value]:
    """
    Read a whole form as the gateway spells it; members we do not know are left out.

    A gateway may be older than a setting, and then does not name it. Raises ``Unfit``
    with a sentence if a setting of the first form is missing, if one is not of its
    kind, or if the token came back.
    """
    if TOKEN_JSON in settings:
        raise Unfit(f"{TOKEN_JSON} came back, which must never be shown")
    for spelling in SPELLINGS:
        if spelling.json not in settings and spelling.setting in FIRST_FORM:
            raise Unfit(f"{spelling.json} is missing")
    return {
        spelling.setting: _read(spelling, settings)
        for spelling in SPELLINGS
        if spelling.json in settings
    }


def _read(spelling: Spelling, settings: Mapping[str, object]) -> Value:
    try:
        return value_of(BY_NAME[spelling.setting], settings[spelling.json])
    except Unfit as error:
        raise Unfit(f"{spelling.json} {error}") from error
