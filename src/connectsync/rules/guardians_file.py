"""Rules about guardians.csv: its name, its level, its encoding, its ids."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.district import GuardiansCsv, GuardiansFrom
from connectsync.domain.finding import KeyPath, Problem, Severity
from connectsync.domain.wording import fold_word
from connectsync.providers.clever import StudentId
from connectsync.rules.engine import DISTRICT, DistrictOnDay

FILE: KeyPath = ("facts", "guardians_csv")
FILE_NAME = "guardians.csv"
THIS_LEVEL = "district"
THIS_FORM = "District-Level Daily Sync"
READ_ANYWAY = frozenset({"utf8", "ascii", "usascii"})
READ_ON_REQUEST = frozenset({"iso88591", "latin1"})


@DISTRICT.rule(Severity.ERROR, source="G1")
def guardians_file_misnamed(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The guardians file does not have the name that Connect looks for.

    The daily sync picks up a file named exactly guardians.csv. A file with any other
    name is ignored, so no family comes through.

    Bad:

        facts:
          guardians_from: guardians_csv
          guardians_csv:
            file_name: Guardians_2027.csv

    Good:

        facts:
          guardians_from: guardians_csv
          guardians_csv:
            file_name: guardians.csv
    """
    stated = _stated_file(district).file_name
    if stated is not None and stated != FILE_NAME:
        yield Problem(
            (*FILE, "file_name"),
            f"the file is named {stated!r}, but Connect looks for {FILE_NAME!r}",
            hint=f"rename the export to {FILE_NAME}, in lowercase",
        )


@DISTRICT.rule(Severity.ERROR, source="G1")
def guardians_file_at_other_level(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The guardians file is not delivered for the district, as this daily sync needs it.

    A guardians file belongs to the daily sync of the same level: a district's file to
    the district's sync, a school's file to that school's sync. The form that these
    settings are for is the District-Level Daily Sync. It does not pick up a file that
    is delivered for a school, so no family comes through.

    Bad:

        facts:
          guardians_from: guardians_csv
          guardians_csv:
            level: school

    Good:

        facts:
          guardians_from: guardians_csv
          guardians_csv:
            level: district
            sync_level: district
    """
    stated = _stated_file(district)
    if stated.level not in {None, THIS_LEVEL}:
        yield Problem(
            (*FILE, "level"),
            "the file is delivered for each school, but these settings are"
            f" those of the {THIS_FORM}",
            hint="deliver the file for the district, then set level to district",
        )
    if stated.sync_level not in {None, THIS_LEVEL}:
        yield Problem(
            (*FILE, "sync_level"),
            "the daily sync is said to run for each school, but these"
            f" settings are those of the {THIS_FORM}",
            hint="set sync_level to district, or remove it",
        )


@DISTRICT.rule(Severity.ERROR, source="G1")
def guardians_file_encoding(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The guardians file has an encoding that Connect does not read.

    Connect reads UTF-8 and ASCII, and ISO-8859-1 after its support has been told. In
    any other encoding, names with accents may arrive damaged, or the whole file may be
    rejected.

    Bad:

        facts:
          guardians_from: guardians_csv
          guardians_csv:
            encoding: UTF-16

    Good:

        facts:
          guardians_from: guardians_csv
          guardians_csv:
            encoding: UTF-8
    """
    stated = _stated_file(district).encoding
    if stated is not None and fold_word(stated) not in READ_ANYWAY | READ_ON_REQUEST:
        yield Problem(
            (*FILE, "encoding"),
            f"Connect does not read {stated!r}; it reads UTF-8 and ASCII, and"
            " ISO-8859-1 after its support was told",
            hint="export the file as UTF-8, then set encoding to UTF-8",
        )


@DISTRICT.rule(Severity.WARNING, source="G1")
def guardians_file_encoding_not_agreed(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The guardians file is ISO-8859-1, and the file does not say that support was told.

    Connect reads the file as UTF-8 unless its support was told about another encoding.
    Until then, names such as Núñez may arrive damaged.

    Bad:

        facts:
          guardians_from: guardians_csv
          guardians_csv:
            encoding: ISO-8859-1

    Good:

        facts:
          guardians_from: guardians_csv
          guardians_csv:
            encoding: ISO-8859-1
            encoding_agreed: true
    """
    stated = _stated_file(district)
    on_request = fold_word(stated.encoding or "") in READ_ON_REQUEST
    if on_request and not stated.encoding_agreed:
        yield Problem(
            (*FILE, "encoding"),
            f"Connect reads {stated.encoding!r} only after its support was told",
            hint="export the file as UTF-8 and set encoding to UTF-8; or tell Connect"
            " support and set encoding_agreed to true",
        )


@DISTRICT.rule(Severity.WARNING, source="G1", inferred=True)
def guardians_file_by_student_number(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The guardians file links by STUDENT NUMBER, which some students may not have.

    The file finds its students by the id that the sync uses. In Clever the student
    number may be empty, and the guardians of such a student cannot be linked.

    Bad:

        facts:
          guardians_from: guardians_csv
        settings:
          student_id: STUDENT NUMBER

    Good:

        facts:
          guardians_from: guardians_csv
        settings:
          student_id: STUDENT ID
    """
    by_number = district.settings.student_id == StudentId.STUDENT_NUMBER
    if by_number and district.facts.guardians_from is GuardiansFrom.GUARDIANS_CSV:
        yield Problem(
            ("settings", "student_id"),
            "guardians.csv links by 'STUDENT NUMBER', which may be empty in Clever: the"
            " guardians of those students are not linked",
            hint="check that every student has a number, then allow this rule",
        )


@DISTRICT.rule(Severity.INFO, source="design")
def guardians_file_not_in_use(district: DistrictOnDay) -> Iterator[Problem]:
    """
    A guardians file is described, but guardians come from another source.

    Either the description is left over, or guardians_from is wrong. The next person who
    looks for the source of a family's data will look in the wrong place.

    Bad:

        facts:
          guardians_from: clever
          guardians_csv:
            file_name: guardians.csv

    Good:

        facts:
          guardians_from: guardians_csv
          guardians_csv:
            file_name: guardians.csv
    """
    source = district.facts.guardians_from
    described = district.facts.guardians_csv is not None
    if described and source not in {None, GuardiansFrom.GUARDIANS_CSV}:
        yield Problem(
            FILE,
            f"a guardians file is described, but guardians_from says '{source}'",
            hint="remove guardians_csv",
            on_key=True,
        )


def _stated_file(district: DistrictOnDay) -> GuardiansCsv:
    return district.facts.guardians_csv or GuardiansCsv()
