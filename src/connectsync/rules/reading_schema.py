"""Pages of what can be wrong with keys, values and layers."""

from __future__ import annotations

from connectsync.domain.finding import Severity
from connectsync.rules.subjects import READING


@READING.page(Severity.ERROR, source="design")
def unknown_key() -> None:
    """
    A key is not one that the format knows.

    A misspelled key would set nothing, and no one would notice until families are not
    reached. So an unknown key is never ignored.

    Bad:

        settings:
          manage_guardian: true

    Good:

        settings:
          manage_guardians: true
    """


@READING.page(Severity.ERROR, source="design")
def missing_key() -> None:
    """
    A required key is missing.

    Without it, this part of the file has no clear meaning. The finding names the key
    and the part of the file that it belongs to.

    Bad:

        facts:
          rollover:
            from: 2027-06-15

    Good:

        facts:
          rollover:
            from: 2027-06-15
            to: 2027-08-20
    """


@READING.page(Severity.ERROR, source="design")
def wrong_type() -> None:
    """
    A value is not of the kind that the key takes.

    A single label in place of a list, or a list in place of a number, could be read in
    more than one way, and a program must not guess settings that reach people.

    Bad:

        settings:
          phone_types: Cell

    Good:

        settings:
          phone_types: [Cell]
    """


@READING.page(Severity.WARNING, source="design")
def empty_value() -> None:
    """
    A setting has no value, which is read as null.

    Null stops managing a setting, for every district of a profile. A key without a
    value is often what is left after every item of a list was commented out, and then
    it is rarely intended: the setting is no longer compared or written. If you intend
    it, write `null`.

    Bad:

        settings:
          phone_types:
            # - Cell

    Good:

        settings:
          phone_types: null
    """


@READING.page(Severity.ERROR, source="C5")
def unknown_label() -> None:
    """
    A label is not one that the page has.

    Labels are written exactly as the page spells them, so that a person who compares
    the file with the page sees the same words. The finding lists the allowed labels.

    Bad:

        settings:
          contact_types: [Mother]

    Good:

        settings:
          contact_types: [Parent/Guardian]
    """


@READING.page(Severity.ERROR, source="design")
def number_for_id() -> None:
    """
    An id is written without quotes and is read as a number.

    Numbers lose leading zeros, and long numbers lose digits: the id then belongs to
    another district, or to none. In quotes it stays as it is.

    Bad:

        credentials:
          district_id: 580043012200700017110870
          oauth_token: env:LAKEVIEW_TOKEN

    Good:

        credentials:
          district_id: "580043012200700017110870"
          oauth_token: env:LAKEVIEW_TOKEN
    """


@READING.page(Severity.ERROR, source="YAML")
def boolean_for_label() -> None:
    """
    A yes or no is written where a label of the page belongs.

    Without quotes, true and false are not text, and older programs read yes, no, on and
    off the same way. A drop-down on the page has only its own labels.

    Bad:

        settings:
          archived_students: false

    Good:

        settings:
          archived_students: "false"
    """


@READING.page(Severity.ERROR, source="YAML")
def not_a_boolean() -> None:
    """
    A box is set with a word other than true or false.

    YAML 1.2 has only true and false. What yes, on or 1 means differs from one program
    to the next, and a box that was meant to be off may be on.

    Bad:

        settings:
          manage_guardians: yes

    Good:

        settings:
          manage_guardians: true
    """


@READING.page(Severity.ERROR, source="design")
def wrong_format() -> None:
    """
    A value is text, but not in the format that the key takes.

    Dates are written year-month-day, and the last day of a span is not before the
    first. District keys have lowercase letters, digits and dashes. In other formats one
    person reads April 3 where another reads March 4.

    Bad:

        facts:
          rollover:
            from: 15 June 2027
            to: 20 August 2027

    Good:

        facts:
          rollover:
            from: 2027-06-15
            to: 2027-08-20
    """


@READING.page(Severity.ERROR, source="design")
def repeated_label() -> None:
    """
    A label is listed twice.

    A box is selected or not, so listing it again does nothing. Usually a different
    label was meant, and its contacts are missing.

    Bad:

        settings:
          contact_types: [Parent/Guardian, Parent/Guardian]

    Good:

        settings:
          contact_types: [Parent/Guardian, Primary]
    """


@READING.page(Severity.ERROR, source="design")
def unknown_schema_version() -> None:
    """
    The file is written for another version of the format.

    In a later version the same key may mean something else. Use a release of
    connectsync that knows the version of the file.

    Bad:

        schema: 99

    Good:

        schema: 1
    """


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
