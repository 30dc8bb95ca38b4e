"""Hosts: which an address names, which is this machine, and which is Clever's."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from connectsync.domain.live import BY_ADDRESS
from connectsync.errors import ProjectError


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
    raise ProjectError(
        f"{host} is not Clever's, so no token is sent there: a file does not decide"
        " alone who gets them",
        remedy=f"correct roster.clever.url; if that host is yours, set"
        f" {CLEVER_HOST}={place if here else host} where this command runs",
    )
