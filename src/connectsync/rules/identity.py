"""Rules about how a district is known: its file, its id, its token."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectsync.domain.finding import Path, Problem, Severity
from connectsync.rules.subjects import DISTRICT, DistrictOnDay

DISTRICT_ID: Path = ("credentials", "district_id")
OAUTH_TOKEN: Path = ("credentials", "oauth_token")

CLEVER_ID = re.compile(r"[0-9a-f]{24}", re.IGNORECASE)


@DISTRICT.rule(Severity.ERROR, source="design", refused=True)
def file_named_otherwise(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The file is called otherwise than the district it describes.

    Plans, reports and the journal name a district as its file does. Where the two
    differ a person reviews one district and changes the families of another.

    The example stands in the file districts/lakeview-usd.yaml.

    Bad:

        district: lakeside-usd

    Good:

        district: lakeview-usd
    """
    key, stem = district.district.key, district.stem
    if key != stem:
        yield Problem(
            ("district",),
            f"the file is called {stem!r}, and it describes district {key!r}",
            hint=f"rename the file to {key}.yaml, or write district: {stem}",
        )


@DISTRICT.rule(Severity.WARNING, source="C5")
def missing_district_id(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The district has no district_id yet.

    Connect needs the District ID before anything else on the form; its support hands
    it out. Until it is there, nobody can check that the settings belong to the
    district whose families they reach.

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
            hint="ask Connect's support for the District ID",
        )


@DISTRICT.rule(Severity.ERROR, source="C5")
def sync_without_district_id(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The nightly sync is on, and the file does not say which district it reads.

    The District ID decides whose roster is read. If a wrong one stands on the page,
    everybody who is not in that other roster is archived, and the file would not
    notice.

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
            hint="copy the District ID from the page, and compare it with Clever's",
        )


@DISTRICT.rule(Severity.WARNING, source="CV-districts", inferred=True)
def district_id_not_clever(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The district_id does not look like one of Clever's.

    Clever's ids have 24 digits from 0 to f. Another form is most likely a state's
    number, a tenant's name, or an id that lost a digit when it was copied; the sync
    then fails, or reads another district.

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
            f"{stated!r} ({len(stated)} characters) is not 24 digits from 0 to f, as"
            " Clever's ids are",
            hint="copy the id from Clever's dashboard or from the page, whole",
        )


@DISTRICT.rule(Severity.ERROR, source="C5")
def missing_token_reference(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The file does not say where the district's token is kept.

    Connect needs the District OAuth Token before anything else on the form, and the
    token never stands in a file: a reference says where it is. Without one nobody who
    takes over knows where to find it when it has to be changed in a hurry.

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
            hint="name where the token is kept: env:NAME, file:PATH or command:ARGV",
        )
