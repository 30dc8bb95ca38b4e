"""The time to work with: the machine's, or the one that CONNECTSYNC_NOW tells."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from connectsync import errors
from connectsync.cli.hosts import is_here

TOLD = "CONNECTSYNC_NOW"
ANYWHERE = "CONNECTSYNC_NOW_ANYWHERE"
"""Set to 1: the time may be told to a Connect that is not on this machine."""


_FIRST_YEAR, _LAST_YEAR = 1970, 9000


def utc_now() -> datetime:
    """Give the time by the clock of the machine."""
    return datetime.now(UTC)


def now(environment: Mapping[str, str]) -> datetime:
    """Give the time, from CONNECTSYNC_NOW if set. Raises ``UsageError``."""
    told = environment.get(TOLD)
    if not told:
        return utc_now()
    try:
        at = datetime.fromisoformat(told)
    except ValueError as error:
        raise errors.UsageError(f"{TOLD} is not a time: {told!r}") from error
    # days and years are added to it and taken off
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise errors.UsageError(
            f"{TOLD} is {told}: it has to be of a year from {_FIRST_YEAR} to"
            f" {_LAST_YEAR}"
        )
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def insist_own_clock(environment: Mapping[str, str], host: str) -> str:
    """
    Refuse to tell the time to a Connect that is not on this machine.

    Gives a sentence where it is told all the same, because that is asked for; empty
    where the clock is the machine's or the host is this one. Raises ``UsageError``.
    """
    told = environment.get(TOLD)
    if not told or is_here(host):
        return ""
    if environment.get(ANYWHERE) != "1":
        raise errors.UsageError(
            f"{TOLD} is set, and {host} is not this machine: freezes, windows and ages"
            " would be judged by a time that is not the real one",
            remedy=f"unset {TOLD}; to use it all the same, set {ANYWHERE}=1",
        )
    return f"the time is told by {TOLD}: {told}, on {host}"


def now_at_least(environment: Mapping[str, str]) -> datetime:
    """Give the time, from the machine where what is told is no time."""
    try:
        return now(environment)
    except errors.UsageError:
        return utc_now()
