"""Pages on what can be wrong with the YAML itself."""

from __future__ import annotations

from connectsync.domain.finding import Severity
from connectsync.rules.subjects import READING


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
