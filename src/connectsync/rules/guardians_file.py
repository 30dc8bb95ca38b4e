"""Rules about guardians.csv: its name, its level, its encoding, its ids."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.district import GuardiansCsv, GuardiansFrom
from connectsync.domain.finding import Path, Problem, Severity
from connectsync.domain.settings import StudentId
from connectsync.domain.suggest import folded
from connectsync.rules.subjects import DISTRICT, DistrictOnDay

FILE: Path = ("facts", "guardians_csv")
FILE_NAME = "guardians.csv"
READ_ANYWAY = frozenset({"utf8", "ascii", "usascii"})
READ_ON_REQUEST = frozenset({"iso88591", "latin1"})


@DISTRICT.rule(Severity.ERROR, source="G1")
def guardians_file_misnamed(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The guardians file has another name than the one Connect looks for.

    The daily sync picks up a file that is called exactly guardians.csv. Any other name
    is passed over, so no family comes through.

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
    stated = _stated(district).file_name
    if stated is not None and stated != FILE_NAME:
        yield Problem(
            (*FILE, "file_name"),
            f"the file is called {stated!r}, and Connect looks for {FILE_NAME!r}",
            hint=f"have the export renamed to {FILE_NAME}, in small letters",
        )


@DISTRICT.rule(Severity.ERROR, source="G1")
def guardians_file_at_other_level(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The guardians file is delivered at another level than the daily sync runs at.

    The file belongs to the daily sync of the same level: a district's file with the
    district's sync, a school's file with the school's. At another level it is not
    picked up, so no family comes through.

    Bad:

        facts:
          guardians_from: guardians_csv
          guardians_csv:
            level: school
            sync_level: district

    Good:

        facts:
          guardians_from: guardians_csv
          guardians_csv:
            level: district
            sync_level: district
    """
    stated = _stated(district)
    if stated.level and stated.sync_level and stated.level != stated.sync_level:
        yield Problem(
            (*FILE, "level"),
            f"the file is delivered for the {stated.level}, and the daily sync runs for"
            f" the {stated.sync_level}",
            hint=f"deliver the file for the {stated.sync_level}",
        )


@DISTRICT.rule(Severity.ERROR, source="G1")
def guardians_file_encoding(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The guardians file has an encoding that Connect does not read.

    UTF-8 and ASCII are read, and ISO-8859-1 once it is agreed with support. With any
    other, names with accents break or the file is not understood at all.

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
    stated = _stated(district).encoding
    if stated is not None and folded(stated) not in READ_ANYWAY | READ_ON_REQUEST:
        yield Problem(
            (*FILE, "encoding"),
            f"Connect does not read {stated!r}: it reads UTF-8 and ASCII, and"
            " ISO-8859-1 where support was told",
            hint="have the file exported as UTF-8",
        )


@DISTRICT.rule(Severity.WARNING, source="G1")
def guardians_file_encoding_not_agreed(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The guardians file is ISO-8859-1, and nobody says that support was told.

    Connect takes the file as UTF-8 unless its support was told otherwise. Until then
    names such as Núñez may arrive broken.

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
    stated = _stated(district)
    on_request = folded(stated.encoding or "") in READ_ON_REQUEST
    if on_request and not stated.encoding_agreed:
        yield Problem(
            (*FILE, "encoding"),
            f"{stated.encoding!r} is read only where Connect's support was told",
            hint="export as UTF-8, or tell support and set encoding_agreed to true",
        )


@DISTRICT.rule(Severity.WARNING, source="G1", inferred=True)
def guardians_file_by_student_number(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The guardians file links by STUDENT NUMBER, which some students may not have.

    The file finds its students by the id that the sync uses. At Clever the student
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
    from_file = district.facts.guardians_from is GuardiansFrom.GUARDIANS_CSV
    if from_file and district.settings.student_id == StudentId.STUDENT_NUMBER:
        yield Problem(
            ("settings", "student_id"),
            "guardians.csv links by 'STUDENT NUMBER', which may be empty at Clever:"
            " guardians of those students are not linked",
            hint="check that every student has a number, then allow this rule",
        )


@DISTRICT.rule(Severity.INFO, source="design")
def guardians_file_not_in_use(district: DistrictOnDay) -> Iterator[Problem]:
    """
    A guardians file is described, but guardians come from elsewhere.

    The description is left over, or guardians_from is wrong. Whoever looks for the
    families of the district later will look in the wrong place.

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
            f"a guardians file is described, while guardians_from says '{source}'",
            hint="remove guardians_csv, or set guardians_from to guardians_csv",
            on_key=True,
        )


def _stated(district: DistrictOnDay) -> GuardiansCsv:
    return district.facts.guardians_csv or _NOTHING


_NOTHING = GuardiansCsv()
