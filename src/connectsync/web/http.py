"""HTTP clients: allowed addresses, certificates and foreign text."""

from __future__ import annotations

import re
import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx2

from connectsync.domain.foreign_text import SECRETS
from connectsync.errors import CredentialsRefused, ProjectError

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


_BEARER = re.compile("[!-~]+")


def client(
    transport: httpx2.AsyncBaseTransport,
    *,
    base_url: str,
    token: str | None = None,
    timeout_seconds: float = 60.0,
) -> httpx2.AsyncClient:
    """
    Make a client that sends ``token`` as bearer and follows no redirect.

    Environment, netrc and cookies do not reach it: what it sends is what it was given.
    Raises ``CredentialsRefused`` if the token is not one.
    """
    credentials = {} if token is None else bearer(token)
    return httpx2.AsyncClient(
        transport=transport,
        base_url=base_url,
        headers={
            "Accept": "application/json, application/problem+json",
            # a proxy that compresses changes or drops the ETag of an answer
            "Accept-Encoding": "identity",
        }
        | credentials,
        timeout=timeout_seconds,
        follow_redirects=False,
        trust_env=False,
        # what one answer sets must not go along with the next call, nor its token
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
    )


def bearer(token: str) -> dict[str, str]:
    """Give the header that carries a token. Raises ``CredentialsRefused``."""
    # checked here, since the error of the HTTP library would quote the token
    if not _BEARER.fullmatch(token):
        raise CredentialsRefused(
            "the token is empty, or holds spaces, line breaks or letters outside ASCII"
        )
    SECRETS.learn(token)
    return {"Authorization": f"Bearer {token}"}
