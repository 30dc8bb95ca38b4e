"""Pages on secrets, limits, `allow` entries and layers, found while files are read."""

from __future__ import annotations

from connectsync.domain.finding import Severity
from connectsync.rules.subjects import READING


@READING.page(Severity.ERROR, source="design")
def literal_secret() -> None:
    """
    A secret is written in the file itself.

    The District OAuth Token most likely gives access to the roster of every child in
    the district. A file is copied, reviewed and kept in history, and everyone with a
    copy has the token. Have the token replaced, and refer to where the new one is kept.

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
    The deletion threshold is not a percentage.

    It says how many of every hundred people one sync may archive, so it is between 0
    and 100. Any other number is a typing error, and a program must not guess which.

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
    A finding is allowed without a reason.

    A person who reads the file next year has to know why a risk for families was
    accepted, and whether the reason still applies.

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
    A finding is allowed without a last day.

    A finding that is allowed without an end is never looked at again. A last day makes
    a person check it before the next school year.

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
def district_fact_in_profile() -> None:
    """
    A profile states a fact that is true of one district only.

    The setup step, the self-check and the percentage that a failed sync tried to
    archive are found out for each district by itself. In a profile they speak for every
    district that builds on it, including districts that were never checked: the rules
    would let a sync be turned on without a self-check, or a threshold be raised.

    Bad:

        # districts/lakeview-usd.yaml
        district: lakeview-usd
        profile: clever-standard

        # districts/_profiles/clever-standard.yaml
        facts:
          self_check_done: true

    Good:

        # districts/lakeview-usd.yaml
        district: lakeview-usd
        profile: clever-standard
        facts:
          self_check_done: true

        # districts/_profiles/clever-standard.yaml
        facts:
          guardians_from: clever
    """


@READING.page(Severity.ERROR, source="design")
def missing_profile() -> None:
    """
    The district builds on a profile that does not exist.

    Everything that the profile should set is missing, so the district would be checked
    and planned without it.

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
    A profile builds on itself, through other profiles.

    If two profiles build on each other, neither can win, so what the district gets is
    not defined.

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
