"""A district's token: asked for when it is about to be typed, and never shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from connectsync.domain.foreign_text import SECRETS
from connectsync.errors import ConnectError, ProjectError

Tokens = Callable[[str], str | None]
"""
Finds a district's token, by the district's key.

Gives None where the district names no reference. Raises ``ProjectError`` where the
reference gives nothing here.
"""

_TELLING = 8
"""So many characters of a token are taken for a quotation; what is cut is one too."""


def nowhere(key: str) -> None:
    """Find no token: no district names one."""
    del key


def needed(tokens: Tokens, key: str) -> str:
    """Give a token that was asked for. Raises ``ProjectError`` if there is none."""
    token = _learned(tokens(key))
    if token is None:
        raise ProjectError(
            f"district {key!r} names no token that could be set",
            remedy="state credentials.oauth_token in its file: env:NAME, file:PATH or"
            " command:ARGV",
        )
    return token


def at_hand(tokens: Tokens, key: str) -> str | None:
    """Give a token if there is one here; that there is none is no error."""
    try:
        return _learned(tokens(key))
    except ProjectError:
        return None


def _learned(token: str | None) -> str | None:
    """Remember a token that may be typed, so that no text of others shows it."""
    if token:
        SECRETS.learn(token)
    return token


@contextmanager
def unquoted(key: str, token: str | None) -> Iterator[None]:
    """Keep a token out of what Connect says when it refuses it."""
    try:
        yield
    except ConnectError as error:
        if token is None or token[:_TELLING] not in error.message:
            raise
        said = f"district {key!r}: what Connect says quotes the token: it is not shown"
        raise type(error)(said, remedy=error.remedy) from None
