"""Rules about how a district is known: its file, its id, its token."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectsync.domain.finding import KeyPath, Problem, Severity
from connectsync.domain.wording import spell_character
from connectsync.rules.engine import DISTRICT, DistrictOnDay

DISTRICT_ID: KeyPath = ("credentials", "district_id")
OAUTH_TOKEN: KeyPath = ("credentials", "oauth_token")

CLEVER_ID = re.compile(r"[0-9a-f]{24}", re.IGNORECASE)


@DISTRICT.rule(Severity.ERROR, source="design", refused=True)
def file_named_otherwise(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The file name does not match the district that the file describes.

    Plans, reports and the journal use the name of the file for the district. If the two
    differ, a person reviews one district and changes the families of another.

    The example is the file districts/lakeview-usd.yaml.

    Bad:

        district: lakeside-usd

    Good:

        district: lakeview-usd
    """
    key, stem = district.district.key, district.stem
    if key != stem:
        yield Problem(
            ("district",),
            f"the file name {stem!r} does not match district {key!r}",
            hint=f"rename the file to {key}.yaml, or write district: {stem}",
        )


@DISTRICT.rule(Severity.WARNING, source="C5")
def missing_district_id(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The file does not state the district_id.

    Connect needs the District ID before anything else on the form, and its support
    provides it. Without it, neither a reviewer nor a rule can check that the settings
    belong to the district whose families they reach.

    Bad:

        credentials:
          oauth_token: env:LAKEVIEW_TOKEN

    Good:

        credentials:
          district_id: 58da8a43cc70ab00017a1a87
          oauth_token: env:LAKEVIEW_TOKEN
    """
    on = district.settings.enable_daily_sync
    if district.credentials.district_id is None and not on:
        yield Problem(
            DISTRICT_ID,
            "district_id is not stated",
            hint="ask Connect's support for the District ID, then add district_id",
        )


@DISTRICT.rule(Severity.ERROR, source="C5")
def sync_without_district_id(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The nightly sync is on, and the file does not say which district it reads.

    The District ID most likely decides whose roster is read. If the page has a wrong
    one, everyone who is not in that other roster would be archived, and nothing in the
    file would show it.

    Bad:

        credentials:
          oauth_token: env:LAKEVIEW_TOKEN
        settings:
          enable_daily_sync: true

    Good:

        credentials:
          district_id: 58da8a43cc70ab00017a1a87
          oauth_token: env:LAKEVIEW_TOKEN
        settings:
          enable_daily_sync: true
    """
    on = district.settings.enable_daily_sync
    if on and district.credentials.district_id is None:
        yield Problem(
            DISTRICT_ID,
            "the sync is on, and district_id is not stated",
            hint="copy the District ID from the page, compare it with the one in"
            " Clever, then add district_id",
        )


@DISTRICT.rule(Severity.WARNING, source="CV-districts", inferred=True)
def district_id_not_clever(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The district_id does not look like a Clever id.

    Clever's ids have 24 characters from 0 to 9 and a to f. Anything else is most likely
    a state's number, a tenant name, or an id that lost a character when it was copied;
    the sync would then fail, or read another district.

    Bad:

        credentials:
          district_id: CA-1964733
          oauth_token: env:LAKEVIEW_TOKEN

    Good:

        credentials:
          district_id: 58da8a43cc70ab00017a1a87
          oauth_token: env:LAKEVIEW_TOKEN
    """
    stated = district.credentials.district_id
    if stated is not None and not CLEVER_ID.fullmatch(stated):
        yield Problem(
            DISTRICT_ID,
            f"{stated!r} has {len(stated)} characters{_wrong_character(stated)};"
            " Clever's ids have 24, from 0 to 9 and a to f",
            hint="copy the whole id from Clever's dashboard or from the page",
        )


def _wrong_character(stated: str) -> str:
    """Name the first character that no Clever id has, and where it stands."""
    found = _NOT_IN_AN_ID.search(stated)
    if found is None:
        return ""
    digit = _READ_AS_DIGITS.get(found[0])
    mistaken = f", a letter, not the digit {digit}" if digit else ""
    return (
        f", and character {found.start() + 1} is {spell_character(found[0])}{mistaken}"
    )


_NOT_IN_AN_ID = re.compile(r"[^0-9a-fA-F]")
_READ_AS_DIGITS = {"O": "0", "o": "0", "I": "1", "l": "1"}


@DISTRICT.rule(Severity.ERROR, source="C5")
def missing_token_reference(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The file does not say where the district's token is kept.

    Connect needs the District OAuth Token before anything else on the form. The token
    itself is never written in a file: a reference says where it is. Without one, the
    next person cannot find the token when it has to be replaced in a hurry.

    Bad:

        credentials:
          district_id: 58da8a43cc70ab00017a1a87

    Good:

        credentials:
          district_id: 58da8a43cc70ab00017a1a87
          oauth_token: env:LAKEVIEW_TOKEN
    """
    if district.credentials.oauth_token is None:
        yield Problem(
            OAUTH_TOKEN,
            "oauth_token is not stated",
            hint="add oauth_token and say where it is kept: env:NAME, file:PATH or"
            " command:ARGV",
        )
