"""Pages of what can be wrong with keys and values: the schema's side."""

from __future__ import annotations

from connectsync.domain.finding import Severity
from connectsync.rules.subjects import READING


@READING.page(Severity.ERROR, source="design")
def unknown_key() -> None:
    """
    A key is none that the format knows.

    A misspelled key would set nothing, and nobody would notice until families are not
    reached. So a key that is not known is never passed over.

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
    A key is missing without which the rest has no meaning.

    The finding names the key and the part of the file it belongs to.

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
    A value is of another kind than the key takes.

    A single label where a list belongs, or a list where a number belongs, could be
    read in more than one way. People's settings are not for a program to guess.

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
    A setting stands there without a value, which reads as null.

    Null stops managing a setting, for every district of a profile. It is what is left
    when each item of a list was commented out, and then it is seldom meant: nothing is
    compared or written any more. What is meant is written `null`.

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
    A label is none that the page has.

    Labels are written as the page spells them, to the letter, so that whoever compares
    the file with the page sees the same words. The finding names the labels there are.

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
    An id is written without quotes and reads as a number.

    Numbers lose leading zeros and long ones lose digits: the id then belongs to
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
    A yes or a no stands where a label of the page belongs.

    Without quotes true and false are no text, and older programs read yes, no, on and
    off in the same way. The page's drop-downs know only their own labels.

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
    A box is set with another word than true or false.

    YAML 1.2 knows true and false. What yes, on or 1 means differs from one program to
    the next, and a box that was meant to be off may be on.

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
    A value is text, but not in the form that the key takes.

    Dates are written year, month, day, and a span of them ends after it begins; keys of
    districts have small letters, digits and dashes. In another form one person reads
    the third of April where another reads the fourth of March.

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
    A label stands twice in a list.

    Boxes are ticked or not; a second mention does nothing. Mostly another label was
    meant, and its contacts are missing.

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

    A later version may mean something else by the same key. Read the file with the
    release of connectsync that knows its version.

    Bad:

        schema: 99

    Good:

        schema: 1
    """
