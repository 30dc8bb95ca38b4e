"""The provider that a project names, asked about its districts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from connectsync.config.project import Project
from connectsync.domain.checkup import Check, fail
from connectsync.domain.district import District
from connectsync.errors import ProjectError
from connectsync.operations.roster_checking import Asking, judge
from connectsync.roster.clever import open_roster


async def roster_checks(
    project: Project,
    districts: Sequence[District],
    resolves: Callable[[str], str],
    now: datetime,
) -> list[Check]:
    """Ask Clever about every district whose token is here; nobody if none is named."""
    if project.clever is None:
        return []
    try:
        async with open_roster(project.clever.url) as roster:
            asked = await Asking(roster, districts, resolves).ask()
            return list(judge(asked, districts, roster.described, now))
    except ProjectError as error:
        return [fail("clever", error.message, error.remedy)]
