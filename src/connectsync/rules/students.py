"""Rules about students: which id they have, and labels read from the live page."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.finding import KeyPath, Problem, Severity
from connectsync.domain.settings import SETTINGS
from connectsync.domain.wording import did_you_mean
from connectsync.providers.clever import StudentId
from connectsync.providers.form import Kind
from connectsync.rules.subjects import DISTRICT, DistrictOnDay, quote_labels

ARCHIVED_STUDENTS: KeyPath = ("settings", "archived_students")


@DISTRICT.rule(Severity.INFO, source="CV-users")
def student_number_may_be_empty(district: DistrictOnDay) -> Iterator[Problem]:
    """
    Students are identified by their STUDENT NUMBER, which a roster may leave empty.

    Clever does not guarantee a student number. A student without one has no id on
    Connect by which staff, or a file that links by it, could find the student.

    Bad:

        settings:
          student_id: STUDENT NUMBER

    Good:

        settings:
          student_id: STUDENT ID
    """
    if district.settings.student_id == StudentId.STUDENT_NUMBER:
        yield Problem(
            ("settings", "student_id"),
            "'STUDENT NUMBER' may be empty in Clever for some students",
            hint="count the students without a number; if there are any, select"
            " 'STUDENT ID', and if not, allow this rule",
        )


@DISTRICT.rule(Severity.ERROR, source="C5", refused=True)
def archived_students_unknown(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The option for archived students is not one that the live page offers.

    The drop-down was read from the page and does not have this label, so it cannot be
    selected there. Archived students would be handled as the page is set today.

    The labels in the example are made up: it stands for a page that offers Archive and
    Keep.

    Bad:

        settings:
          archived_students: Archiv

    Good:

        settings:
          archived_students: Archive
    """
    label = district.settings.archived_students
    offered = district.options.get("archived_students")
    if label is not None and offered is not None and label not in offered:
        yield Problem(
            ARCHIVED_STUDENTS,
            f"the page does not offer {label!r} for archived students; it offers"
            f" {quote_labels(offered) or 'nothing'}",
            hint=did_you_mean(label, offered) or "use a label that the page offers",
        )


@DISTRICT.rule(Severity.INFO, source="C5", inferred=True)
def archived_students_unverified(district: DistrictOnDay) -> Iterator[Problem]:
    """
    The option for archived students has not been compared with the live page.

    The labels of this drop-down are not published, so a wrong one is found only after
    the page is read. Once the labels are recorded, this finding goes away.

    Bad:

        settings:
          archived_students: Archive

    Good:

        settings:
          archived_students: null
    """
    label = district.settings.archived_students
    if label is not None and "archived_students" not in district.options:
        yield Problem(
            ARCHIVED_STUDENTS,
            f"whether the page offers {label!r} for archived students has not been"
            " checked",
            hint="list the labels of your page under options in connectsync.yaml",
        )


@DISTRICT.rule(Severity.ERROR, source="C5", refused=True)
def label_not_offered(district: DistrictOnDay) -> Iterator[Problem]:
    """
    A label is selected that the live page does not offer.

    The label is one that was published, but the page decides: it was read, and this
    label was not on it. It cannot be selected there.

    The example stands for a page that offers only Cell and Home as phone types.

    Bad:

        settings:
          phone_types: [Work]

    Good:

        settings:
          phone_types: [Cell]
    """
    if not district.options:
        return
    for setting in SETTINGS:
        offered = district.options.get(setting.name)
        if offered is None or setting.path == ARCHIVED_STUDENTS:
            continue
        for label in _chosen_labels(district, setting.name, setting.kind):
            if label not in offered:
                yield Problem(
                    setting.path,
                    f"the page does not offer '{label}' for {setting.name}; it offers"
                    f" {quote_labels(offered) or 'nothing'}",
                    hint=did_you_mean(label, offered)
                    or "use a label that the page offers",
                )


def _chosen_labels(district: DistrictOnDay, name: str, kind: Kind) -> tuple[str, ...]:
    value = getattr(district.settings, name, None)
    match kind:
        case Kind.CHOICE if value is not None:
            return (value,)
        case Kind.BOXES if value is not None:
            return tuple(sorted(value))
        case _:
            return ()
