"""Pages on what can be wrong with a file as a whole."""

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
