"""What is known of this machine: its hosts, and the time that it tells or is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from connectsync import errors
from connectsync.domain.live import BY_ADDRESS


def host_of(address: str) -> str:
    """Give the host of an address; empty where it names none."""
    # of an address that is none only its own check speaks: it may hold a password
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def host_of_snapshot(source: str) -> str:
    """Give the host that a snapshot was taken on; in words where it is not known."""
    kind, _, address = source.partition(" ")
    if source == "embedded":
        return ""
    host = host_of(address) if kind in BY_ADDRESS else ""
    return host or f"what the snapshot was taken of ({source!r})"


def is_here(host: str) -> bool:
    """Say whether a host is this machine, or none is named."""
    try:
        return not host or host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


CLEVER = "clever.com"
CLEVER_HOST = "CONNECTSYNC_CLEVER_HOST"
"""The variable that names another host which may be asked: a file cannot."""


def insist_clever(url: str, environment: Mapping[str, str]) -> None:
    """
    Refuse a host that is not Clever's: the tokens of all districts would go there.

    Raises ``ProjectError``.
    """
    try:
        address = urlsplit(url)
        host = address.hostname or ""
    except ValueError:
        return
    here = bool(host) and is_here(host)
    if address.scheme != "https" and not here:
        # what no token is sent to is refused where it is opened
        return
    named = environment.get(CLEVER_HOST, "").lower()
    # on this machine any user may listen at a port
    place = address.netloc.lower().rpartition("@")[2]
    if (named and named in {host, place}) or host == CLEVER:
        return
    if host.endswith(f".{CLEVER}"):
        return
    raise errors.ProjectError(
        f"{host} is not Clever's, so no token is sent there: a file does not decide"
        " alone who gets them",
        remedy=f"correct roster.clever.url; if that host is yours, set"
        f" {CLEVER_HOST}={place if here else host} where this command runs",
    )


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
