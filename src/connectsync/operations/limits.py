"""What a plan of a change is held to: what the project allowed before that change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from connectsync.config.discovery import PROJECT_FILE
from connectsync.config.policy_check import ReadBytes, with_holidays
from connectsync.config.project import Project, project_of_text
from connectsync.domain.calendar import Calendar
from connectsync.domain.district import District
from connectsync.domain.policy import Policy
from connectsync.domain.wording import few
from connectsync.errors import ProjectError, UsageError
from connectsync.operations.git import GitRefused, file_at


def project_at(root: Path, commit: str, environment: Mapping[str, str]) -> Project:
    """
    Give the project as the file of a commit describes it, which is asked for by name.

    Raises ``ProjectError``, ``UsageError``, and ``GitRefused`` if it cannot be read.
    """
    raw = file_at(root, commit, PROJECT_FILE, environment)
    return project_of_text(root, b"schema: 1\n" if raw is None else raw)


def limits_before(
    project: Project,
    commit: str | None,
    environment: Mapping[str, str],
    now: datetime,
) -> Policy | None:
    """
    Give the limits that the project file stated at a commit; None if unknown.

    None also for no commit: then nothing was compared. Its calendar files are those of
    the commit.
    """
    if not commit:
        return None

    def read(name: str) -> bytes:
        try:
            return file_at(project.root, commit, name, environment) or b""
        except GitRefused as refusal:
            raise ProjectError(str(refusal)) from refusal

    try:
        policy = project_at(project.root, commit, environment).policy.limits()
        return with_holidays(policy, read, now.date())
    except ProjectError:
        return project.policy.limits()
    except (GitRefused, UsageError):
        return None


def limits_then(
    before: Policy,
    read: ReadBytes,
    today: datetime | None,
    districts: Mapping[str, District],
) -> Policy:
    """
    Give what the project allowed before a change, for the districts as they were then.

    A change that takes a label off a district leaves it in the calendar of that label.
    Calendar files are ``read`` as they were.
    """
    if today is not None:
        # with a file that could not be read nothing was applied
        with suppress(ProjectError):
            before = with_holidays(before, read, today.date())
    return before.limits().settled(districts.values(), districts)


def hours_loosened(before: Policy, after: Policy) -> Iterator[str]:
    """
    Tell which freezes and hours a change takes out, and which districts leave one.

    Both have their calendar files read, and ``before`` is settled for the districts of
    then.
    """
    yield from _fewer(before, after, "")
    now = {one.name: one for one in after.calendars}
    for calendar in before.calendars:
        whose = f" of the calendar {calendar.name}"
        if (other := now.get(calendar.name)) is None:
            yield f"the calendar {calendar.name} is gone"
            continue
        yield from _fewer(calendar, other, whose)
        if other.whom != calendar.whom:
            yield (
                f"the calendar {calendar.name} took {calendar.whom}, and takes"
                f" {other.whom}"
            )
        elif left := sorted((calendar.members or set()) - (other.members or set())):
            yield f"{few(left)} left the calendar {calendar.name}"


def _fewer(
    before: Policy | Calendar, after: Policy | Calendar, whose: str
) -> Iterator[str]:
    for freeze in before.freezes:
        if freeze not in after.freezes:
            days = f"{freeze.days.first} to {freeze.days.last}"
            yield f"the freeze{whose} from {days} is gone: {freeze.reason}"
    if set(after.windows) - set(before.windows) or (
        before.windows and not after.windows
    ):
        yield f"the change windows{whose} are others"
    if set(before.nightly_syncs) - set(after.nightly_syncs):
        yield f"the hours of the nightly sync{whose} are others"
