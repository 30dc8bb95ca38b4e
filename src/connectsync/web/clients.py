"""HTTP clients: certificates verified, no redirect followed, no cookie kept."""

from __future__ import annotations

import re
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2

from connectsync.domain.foreign_text import SECRETS
from connectsync.errors import CredentialsRefused

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
