"""Approving: a person says yes to a plan, by its digest."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime

from connectsync.apply.state.queries import StateReader
from connectsync.domain.assent import SaidYes
from connectsync.domain.baseline import Baselines
from connectsync.domain.district import District
from connectsync.domain.plan import Plan
from connectsync.domain.visible import alike, foreign_letters, looks
from connectsync.errors import UsageError
from connectsync.operations.applying import insist_honest
from connectsync.operations.plan_values import afresh
from connectsync.report.style import inert

LONGEST_NAME = 100
"""Characters of a name."""


def approver(given: str) -> str:
    """
    Read the name of somebody who approves, spelled in one way.

    Raises ``UsageError`` for a name that is empty, too long, or cannot be seen whole:
    one person must not be able to look like two.
    """
    name = re.sub(" +", " ", unicodedata.normalize("NFKC", given)).strip(" ")
    if not name:
        raise UsageError("--as gives no name", remedy="say who approves the plan")
    if len(name) > LONGEST_NAME:
        raise UsageError(
            f"--as gives a name of {len(name)} characters, more than {LONGEST_NAME}",
            remedy="give the name by which colleagues know you",
        )
    if inert(name) != name:
        raise UsageError(
            f"--as gives a name with characters that are not shown: {inert(name)}",
            remedy="type the name as colleagues see it",
        )
    return name


def look_alike(name: str, approvals: Iterable[str]) -> str:
    """Say that a name looks like one that approved before; nothing if none does."""
    for other in approvals:
        if looks(other) == looks(name) and alike(other) != alike(name):
            letters = ", ".join((*foreign_letters(name), *foreign_letters(other)))
            return (
                f"{inert(name)!r} looks like {inert(other)!r}, which approved this plan"
                f" before, and is spelled with other letters ({letters}): it does not"
                " count as another person"
            )
    return ""


def as_it_is(plan: Plan, districts: Sequence[District], baselines: Baselines) -> Plan:
    """
    Give a plan with its risks taken afresh: a file may lie about them.

    ``districts`` are those of the files, as far as they can be read.

    Raises ``DamagedPlan`` if its changes are not those that its own values call for.
    """
    insist_honest(plan, baselines)
    return afresh(plan, districts, baselines)


def approve(archive: StateReader, digest: str, name: str, *, at: datetime) -> SaidYes:
    """
    Write down that somebody says yes to a plan; the same name twice changes nothing.

    Names that differ in small and capital letters alone, or that look the same, are
    the same.
    """
    before = {looks(one) for one in archive.approvals(digest)}
    new = looks(name) not in before and archive.approve(digest, name, at=at)
    return SaidYes(name, archive.approvals(digest), new)
