"""The provider that a project names, asked about its districts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from connectsync.cli.clock import is_here
from connectsync.config.project import Project
from connectsync.domain.checkup import Check, fail
from connectsync.domain.district import District
from connectsync.errors import ProjectError
from connectsync.operations.roster_checking import Asking, judge
from connectsync.roster.clever import open_roster

CLEVER = "clever.com"
CLEVER_HOST = "CONNECTSYNC_CLEVER_HOST"
"""The variable that names another host which may be asked: a file cannot."""


async def roster_checks(
    project: Project,
    districts: Sequence[District],
    resolves: Callable[[str], str],
    now: datetime,
    environment: Mapping[str, str],
) -> list[Check]:
    """Ask Clever about every district whose token is here; nobody if none is named."""
    if project.clever is None:
        return []
    try:
        _insist_clever(project.clever.url, environment)
        async with open_roster(project.clever.url) as roster:
            asked = await Asking(roster, districts, resolves).ask()
            return list(judge(asked, districts, roster.described, now))
    except ProjectError as error:
        return [fail("clever", error.message, error.remedy)]


def _insist_clever(url: str, environment: Mapping[str, str]) -> None:
    """
    Refuse a host that is not Clever's: the tokens of all districts would go there.

    Raises ``ProjectError``.
    """
    try:
        address = urlsplit(url)
        host = address.hostname or ""
    except ValueError:
        return
    if address.scheme != "https":
        # what no token is sent to is refused where it is opened
        return
    named = environment.get(CLEVER_HOST, "").lower()
    if host in {CLEVER, named} or host.endswith(f".{CLEVER}") or is_here(host):
        return
    raise ProjectError(
        f"{host} is not Clever's, so no token is sent there: a file does not decide"
        " alone who gets them",
        remedy=f"correct roster.clever.url; if that host is yours, set"
        f" {CLEVER_HOST}={host} where this command runs",
    )
