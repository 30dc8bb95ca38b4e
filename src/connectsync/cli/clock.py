"""What time it is: told by the environment, or by the machine's clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from connectsync.errors import UsageError

TOLD = "CONNECTSYNC_NOW"
ANYWHERE = "CONNECTSYNC_NOW_ANYWHERE"
"""Set to 1: the time may be told to a Connect that is not on this machine."""


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
        raise UsageError(f"{TOLD} is not a time: {told!r}") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def insist_own_clock(environment: Mapping[str, str], address: str) -> str:
    """
    Refuse to tell the time to a Connect that is not on this machine.

    Gives a sentence where it is told all the same, because that is asked for; empty
    where the clock is the machine's or the address is here. Raises ``UsageError``.
    """
    told, host = environment.get(TOLD), _host(address)
    if not told or is_here(host):
        return ""
    if environment.get(ANYWHERE) != "1":
        raise UsageError(
            f"{TOLD} is set, and {host} is not this machine: freezes, windows and ages"
            " would be judged by a time that is not the real one",
            remedy=f"unset {TOLD}; to use it all the same, set {ANYWHERE}=1",
        )
    return f"the time is told by {TOLD}: {told}, on {host}"


def _host(address: str) -> str:
    # of an address that is none only its own check speaks: it may hold a password
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def is_here(host: str) -> bool:
    """Say whether a host is this machine, or none is named."""
    try:
        return not host or host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def now_at_least(environment: Mapping[str, str]) -> datetime:
    """Give the time, from the machine where what is told is no time."""
    try:
        return now(environment)
    except UsageError:
        return utc_now()
