"""Sessions of the pages: kept in the store, carried by a cookie, ended by time."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass

COOKIE = "connect_session"


@dataclass(frozen=True, slots=True)
class Session:
    """
    A browser that came by; ``email`` is empty until somebody signs in.

    The store holds only a digest of what the cookie carries.
    """

    digest: str
    email: str
    csrf: str
    visits: int


def begin(
    connection: sqlite3.Connection, email: str, *, now: float, lifetime_seconds: float
) -> tuple[str, Session]:
    """Begin a session, and give what its cookie carries."""
    connection.execute("DELETE FROM session WHERE ends <= ?", (now,))
    secret = secrets.token_urlsafe(32)
    session = Session(_digest(secret), email, secrets.token_urlsafe(32), 0)
    connection.execute(
        "INSERT INTO session VALUES (?, ?, ?, ?, 0)",
        (session.digest, email, session.csrf, now + lifetime_seconds),
    )
    return secret, session


def find(connection: sqlite3.Connection, secret: str, *, now: float) -> Session | None:
    """Give the session of a cookie, or None if there is none or it has ended."""
    row = connection.execute(
        "SELECT digest, email, csrf, visits FROM session WHERE digest = ? AND ends > ?",
        (_digest(secret), now),
    ).fetchone()
    return None if row is None else Session(*row)


def visit(connection: sqlite3.Connection, session: Session, *, most: int) -> bool:
    """Count a visit; a session that already had ``most`` ends, and gives False."""
    if session.visits >= most:
        end(connection, session)
        return False
    connection.execute(
        "UPDATE session SET visits = visits + 1 WHERE digest = ?", (session.digest,)
    )
    return True


def end(connection: sqlite3.Connection, session: Session) -> None:
    """End a session now."""
    connection.execute("DELETE FROM session WHERE digest = ?", (session.digest,))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
