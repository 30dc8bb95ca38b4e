"""Addresses to which a token may go, and the certificates that prove them."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx2

from connectsync.errors import ProjectError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def insist_safe(address: str, whose: str) -> None:
    """
    Refuse an address over which a token would be read on the way, or is in it.

    ``whose`` begins the sentence, e.g. ``the gateway's address``. Raises
    ``ProjectError``.
    """
    try:
        url = httpx2.URL(address)
    except httpx2.InvalidURL as error:
        raise ProjectError(f"{whose} is not one: {error}") from error
    if url.userinfo:
        raise ProjectError(f"{whose} must not hold a user or password")
    if url.query or url.fragment:
        raise ProjectError(f"{whose} must end before any ? or #")
    if url.scheme != "https" and not (url.scheme == "http" and url.host in _LOOPBACK):
        raise ProjectError(
            f"{whose} {address} must start with https://:"
            " the token would travel in the clear"
        )
    if not url.host:
        raise ProjectError(f"{whose} names no host")


def trusted(ca_file: Path | None = None) -> ssl.SSLContext:
    """
    Trust the system's certificates, or those of a file instead.

    Raises ``ProjectError`` if the file cannot be used.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ProjectError(
            f"the certificates in {ca_file} cannot be used: {error}"
        ) from error
