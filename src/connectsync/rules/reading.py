"""Pages of what can be wrong with a file as a whole."""

from __future__ import annotations

from connectsync.domain.finding import Severity
from connectsync.rules.subjects import READING


@READING.page(Severity.ERROR, source="design")
def file_too_large() -> None:
    """
    The file is far larger than any district needs.

    A district fits on a page or two. A larger file is an export or a paste that went
    wrong, and reading it would delay the check of every other district.

    The first example stands for a file of more than a million characters.

    Bad:

        name: Lakeview Unified School District ... and a million characters more

    Good:

        name: Lakeview Unified School District
    """


@READING.page(Severity.ERROR, source="design")
def file_not_readable() -> None:
    """
    The file cannot be opened.

    It may be a folder, a link to a file that does not exist, or a file that you have no
    permission to read. A district that is not read is not checked, so this is never
    ignored.

    The first example stands for a file that you have no permission to read.

    Bad:

        # chmod 000 lakeview-usd.yaml

    Good:

        # chmod 644 lakeview-usd.yaml
    """


@READING.page(Severity.ERROR, source="YAML")
def not_utf_8() -> None:
    r"""
    The file is not encoded as UTF-8.

    Names such as Núñez would be read as something else, on one machine but not on the
    next. Save the file as UTF-8; every editor can do that.

    In the example `\xf1` stands for that one byte, an ñ in ISO-8859-1.

    Bad:

        name: Ca\xf1on City Schools

    Good:

        name: Cañon City Schools
    """


@READING.page(Severity.ERROR, source="YAML")
def byte_order_mark() -> None:
    r"""
    The file begins with a byte order mark.

    Some editors put this invisible character first. Other tools read it as part of the
    first key and then do not find the key.

    In the example `\ufeff` stands for the mark.

    Bad:

        \ufeffname: Lakeview Unified School District

    Good:

        name: Lakeview Unified School District
    """


@READING.page(Severity.ERROR, source="YAML")
def control_character() -> None:
    r"""
    The file contains a character that YAML does not allow.

    It is invisible in most editors and usually comes from a paste. A label with such a
    character looks right, but is not one that the page offers.

    In the example `\x07` stands for that one character.

    Bad:

        name: Lakeview\x07 Unified School District

    Good:

        name: Lakeview Unified School District
    """


@READING.page(Severity.ERROR, source="design")
def empty_file() -> None:
    """
    The file is empty.

    An empty file says nothing about its district. It is usually the result of an
    interrupted write or a wrong redirection, so it is not taken as intended.

    Bad:

        # nothing but a comment

    Good:

        name: Lakeview Unified School District
    """


@READING.page(Severity.ERROR, source="design")
def not_a_mapping() -> None:
    """
    The file has no keys at its top level.

    A district file consists of keys such as name and settings. A list or a sentence is
    something else that was saved under this name.

    Bad:

        - phone_types: [Cell]

    Good:

        settings:
          phone_types: [Cell]
    """


@READING.page(Severity.ERROR, source="YAML")
def tab_indentation() -> None:
    r"""
    A line is indented with a tab.

    YAML indents with spaces only. How wide a tab is differs from one editor to the
    next, so a setting could end up under a different key than a reviewer saw.

    In the example `\t` stands for a tab.

    Bad:

        settings:
        \tmanage_guardians: true

    Good:

        settings:
          manage_guardians: true
    """


@READING.page(Severity.ERROR, source="YAML")
def yaml_syntax() -> None:
    """
    The file is not valid YAML.

    Nothing in it can be checked until it is. Usually a bracket or a quote is not
    closed, or a line is indented differently from the lines around it.

    Bad:

        settings:
          phone_types: [Cell

    Good:

        settings:
          phone_types: [Cell]
    """


@READING.page(Severity.ERROR, source="YAML")
def yaml_tag() -> None:
    """
    A value has a tag.

    Tags such as `!!python/object` or `!secret` mean something in one program and
    nothing in another, and can do harm. A district file needs none: its values are what
    a person reads.

    Bad:

        name: !secret lakeview_name

    Good:

        name: Lakeview Unified School District
    """


@READING.page(Severity.ERROR, source="YAML")
def yaml_alias() -> None:
    """
    The file repeats part of itself with an anchor or an alias.

    A change to the anchor changes every place that refers to it, even those that a
    reviewer does not see, and a few lines of aliases can grow to millions. Use profiles
    to share settings.

    Bad:

        settings:
          contact_types: &types [Parent/Guardian]
        facts:
          clever_shares:
            contact_types: *types

    Good:

        settings:
          contact_types: [Parent/Guardian]
        facts:
          clever_shares:
            contact_types: [Parent/Guardian]
    """


@READING.page(Severity.ERROR, source="YAML")
def merge_key() -> None:
    """
    The file merges one part into another with `<<`.

    YAML 1.2 no longer has this key, and programs differ in which side wins. What a
    district gets must not depend on the program. Use profiles to share settings.

    Bad:

        settings:
          <<: {manage_guardians: true}
          phone_types: [Cell]

    Good:

        settings:
          manage_guardians: true
          phone_types: [Cell]
    """


@READING.page(Severity.ERROR, source="YAML")
def several_documents() -> None:
    """
    The file contains more than one document.

    A file describes one district and is named for it. Some programs would read a second
    document after `---`, and others would ignore it.

    Bad:

        name: Lakeview Unified School District
        ---
        name: Riverside Unified School District

    Good:

        name: Lakeview Unified School District
    """


@READING.page(Severity.ERROR, source="design")
def nesting_too_deep() -> None:
    """
    The file is nested far deeper than any district needs.

    Settings are three levels deep. Anything much deeper is a paste that went wrong, or
    is meant to exhaust the program that reads it.

    The first example stands for hundreds of nested brackets.

    Bad:

        settings:
          phone_types: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[ and so on

    Good:

        settings:
          phone_types: [Cell]
    """


@READING.page(Severity.ERROR, source="YAML")
def duplicate_key() -> None:
    """
    The same key is written twice in one place.

    Most programs use the last one without a warning. The one that a reviewer saw
    further up is then not the one that families get.

    Bad:

        settings:
          manage_guardians: false
          phone_types: [Cell]
          manage_guardians: true

    Good:

        settings:
          manage_guardians: false
          phone_types: [Cell]
    """


@READING.page(Severity.ERROR, source="YAML")
def key_not_text() -> None:
    """
    A key is not plain text.

    YAML allows numbers, lists and even nothing as keys, but no setting has such a name.
    Usually a colon or a dash is in the wrong place.

    Bad:

        settings:
          [Cell, Home]: phone_types

    Good:

        settings:
          phone_types: [Cell]
    """


@READING.page(Severity.WARNING, source="design")
def freeze_without_zone() -> None:
    """
    A freeze does not say in which time zone its days begin and end.

    Without a zone they are days in UTC: in the United States the last evening of the
    freeze is open, and the evening before it is closed. Files from before July 2027
    may leave the zone out; a later version will ask for it.

    Bad:

        # connectsync.yaml
        freezes:
          - {from: 2027-08-23, to: 2027-09-03, reason: First two weeks of school}

        # districts/lakeview-usd.yaml
        district: lakeview-usd

    Good:

        # connectsync.yaml
        timezone: America/Chicago
        freezes:
          - {from: 2027-08-23, to: 2027-09-03, reason: First two weeks of school}

        # districts/lakeview-usd.yaml
        district: lakeview-usd
    """


@READING.page(Severity.ERROR, source="design")
def wave_names_nobody() -> None:
    """
    A wave names a district that no file describes, or a label that no district has.

    A canary wave is there so that few districts meet a mistake first. A district whose
    name is misspelled would be left out of it, and all others would meet the mistake
    first.

    Bad:

        # connectsync.yaml
        rollout:
          waves:
            - {name: canary, districts: [lakevew-usd]}

        # districts/lakeview-usd.yaml
        district: lakeview-usd

    Good:

        # connectsync.yaml
        rollout:
          waves:
            - {name: canary, districts: [lakeview-usd]}

        # districts/lakeview-usd.yaml
        district: lakeview-usd
    """
