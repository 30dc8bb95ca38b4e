"""Pages on secrets, limits, acceptances and layers: what reading must not pass over."""

from __future__ import annotations

from connectsync.domain.finding import Severity
from connectsync.rules.subjects import READING


@READING.page(Severity.ERROR, source="design")
def literal_secret() -> None:
    """
    A secret stands in the file itself.

    The District OAuth Token most likely opens the roster of every child in the
    district. A file is copied, reviewed and kept in history, and whoever has a copy
    has the token. Have the token replaced, and refer to where the new one is kept.

    Bad:

        credentials:
          district_id: 58da8a43cc70ab00017a1a87
          oauth_token: 0123456789abcdef0123456789abcdef01234567

    Good:

        credentials:
          district_id: 58da8a43cc70ab00017a1a87
          oauth_token: env:LAKEVIEW_TOKEN
    """


@READING.page(Severity.ERROR, source="design")
def threshold_out_of_range() -> None:
    """
    The deletion threshold is no percentage.

    It says how many of a hundred people one sync may archive, so it lies between 0 and
    100. Another figure is a slip, and it is not for a program to guess which.

    Bad:

        settings:
          deletion_threshold: 150

    Good:

        settings:
          deletion_threshold: 15
    """


@READING.page(Severity.ERROR, source="design")
def allow_without_reason() -> None:
    """
    A finding is accepted without a reason.

    Whoever reads the file next year has to know why families were put at risk on
    purpose, and whether that still holds.

    Bad:

        allow:
          - rule: home-phone-for-texts
            until: 2027-06-30
        settings:
          phone_types: [Home]

    Good:

        allow:
          - rule: home-phone-for-texts
            reason: Rural district, landlines only
            until: 2027-06-30
        settings:
          phone_types: [Home]
    """


@READING.page(Severity.ERROR, source="design")
def allow_without_date() -> None:
    """
    A finding is accepted without a last day.

    What is accepted without an end is never looked at again. With a day somebody does,
    before the next school year's families pay for it.

    Bad:

        allow:
          - rule: home-phone-for-texts
            reason: Rural district, landlines only
        settings:
          phone_types: [Home]

    Good:

        allow:
          - rule: home-phone-for-texts
            reason: Rural district, landlines only
            until: 2027-06-30
        settings:
          phone_types: [Home]
    """


@READING.page(Severity.ERROR, source="design")
def missing_profile() -> None:
    """
    The district builds on a profile that does not exist.

    Everything that the profile was to set is missing, so the district would be checked
    and planned as something else than was meant.

    Bad:

        # districts/lakeview-usd.yaml
        district: lakeview-usd
        profile: clever-standart

        # districts/_profiles/clever-standard.yaml
        settings:
          phone_types: [Cell]

    Good:

        # districts/lakeview-usd.yaml
        district: lakeview-usd
        profile: clever-standard

        # districts/_profiles/clever-standard.yaml
        settings:
          phone_types: [Cell]
    """


@READING.page(Severity.ERROR, source="design")
def profile_cycle() -> None:
    """
    A profile builds on itself, by way of others.

    Of two profiles that build on each other neither can win, so what the district gets
    is not defined.

    Bad:

        # districts/lakeview-usd.yaml
        district: lakeview-usd
        profile: rural

        # districts/_profiles/rural.yaml
        profile: small

        # districts/_profiles/small.yaml
        profile: rural

    Good:

        # districts/lakeview-usd.yaml
        district: lakeview-usd
        profile: rural

        # districts/_profiles/rural.yaml
        profile: small

        # districts/_profiles/small.yaml
        settings:
          phone_types: [Cell]
    """
