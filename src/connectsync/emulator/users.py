"""Who may sign in to the emulator, and which districts they see."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from connectsync.emulator import store
from connectsync.emulator.http import SeedRefused

DEMO_EMAIL = "demo@example.org"
DEMO_PASSWORD = "rehearsal"  # noqa: S105 - opens a stand-in that holds nothing real

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_NOBODY = "0" * 32 + ":"


@dataclass(frozen=True, slots=True)
class User:
    """A person who may sign in; ``everywhere`` reaches every district there is."""

    email: str
    everywhere: bool


def add_user(
    store_path: Path | str,
    email: str,
    password: str,
    *,
    districts: Iterable[str] | None = None,
) -> None:
    """
    Let a person sign in, or replace what they may; None reaches every district.

    ``districts`` are keys; with None the user also reaches those that are enrolled
    later. The password is kept hashed. Raises ``SeedRefused`` and ``StoreUnusable``.
    """
    spelled = _normalize_email(email)
    if not _EMAIL.fullmatch(spelled) or not password:
        raise SeedRefused(f"{email!r} needs to be an email address, with a password")
    reached = None if districts is None else sorted(set(districts))
    row = (spelled, _hash_password(password), reached is None)
    with store.open_store(store_path).writing() as connection:
        connection.execute("REPLACE INTO user VALUES (?, ?, ?)", row)
        _reach(connection, spelled, reached or [])


def add_demo_user(store_path: Path | str) -> None:
    """Let ``DEMO_EMAIL`` sign in with ``DEMO_PASSWORD``, and reach every district."""
    add_user(store_path, DEMO_EMAIL, DEMO_PASSWORD)


def signed_in(connection: sqlite3.Connection, email: str, password: str) -> User | None:
    """Give the user whose password this is, or None."""
    row = connection.execute(
        "SELECT password, everywhere FROM user WHERE email = ?",
        (_normalize_email(email),),
    ).fetchone()
    # hashed for no one too, so that the time does not tell who is known
    kept, everywhere = row or (_NOBODY, False)
    if not hmac.compare_digest(_hash_password(password, kept.partition(":")[0]), kept):
        return None
    return User(_normalize_email(email), bool(everywhere))


def find_user(connection: sqlite3.Connection, email: str) -> User | None:
    """Give a user by the address that a session holds, or None."""
    row = connection.execute(
        "SELECT everywhere FROM user WHERE email = ?", (email,)
    ).fetchone()
    return None if row is None else User(email, bool(row[0]))


def _normalize_email(email: str) -> str:
    return email.strip().casefold()


def _hash_password(password: str, salt: str = "") -> str:
    salt = salt or secrets.token_hex(16)
    digest = hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"), salt=salt.encode(), n=2**14, r=8, p=1
    )
    return f"{salt}:{digest.hex()}"


def _reach(connection: sqlite3.Connection, email: str, keys: list[str]) -> None:
    known = {row.key for row in store.find_many(connection, keys)}
    if missing := sorted(set(keys) - known):
        raise SeedRefused(f"there is no district {missing[0]!r} for {email}")
    connection.execute("DELETE FROM user_district WHERE email = ?", (email,))
    connection.executemany(
        "INSERT INTO user_district VALUES (?, ?)", [(email, key) for key in keys]
    )


COOKIE = "connect_session"


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """
    A browser that came by; ``email`` is empty until a person signs in.

    The store holds only a digest of what the cookie carries.
    """

    digest: str
    email: str
    csrf: str
    visits: int


def begin(
    connection: sqlite3.Connection, email: str, *, now: float, lifetime_seconds: float
) -> tuple[str, BrowserSession]:
    """Begin a session, and give what its cookie carries."""
    connection.execute("DELETE FROM session WHERE ends <= ?", (now,))
    secret = secrets.token_urlsafe(32)
    session = BrowserSession(_digest(secret), email, secrets.token_urlsafe(32), 0)
    connection.execute(
        "INSERT INTO session VALUES (?, ?, ?, ?, 0)",
        (session.digest, email, session.csrf, now + lifetime_seconds),
    )
    return secret, session


def find(
    connection: sqlite3.Connection, secret: str, *, now: float
) -> BrowserSession | None:
    """Give the session of a cookie, or None if there is none or it has ended."""
    row = connection.execute(
        "SELECT digest, email, csrf, visits FROM session WHERE digest = ? AND ends > ?",
        (_digest(secret), now),
    ).fetchone()
    return None if row is None else BrowserSession(*row)


def visit(
    connection: sqlite3.Connection, session: BrowserSession, *, most: int
) -> bool:
    """Count a visit; a session that already had ``most`` ends, and gives False."""
    if session.visits >= most:
        end(connection, session)
        return False
    connection.execute(
        "UPDATE session SET visits = visits + 1 WHERE digest = ?", (session.digest,)
    )
    return True


def end(connection: sqlite3.Connection, session: BrowserSession) -> None:
    """End a session now."""
    connection.execute("DELETE FROM session WHERE digest = ?", (session.digest,))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


_WHERE = """
    FROM district WHERE (:everywhere OR key IN (
        SELECT district FROM user_district WHERE email = :email
    )) AND (
        :wanted = '' OR name LIKE :pattern ESCAPE '!' OR key LIKE :pattern ESCAPE '!'
    )
"""


@dataclass(frozen=True, slots=True)
class DistrictListing:
    """Some of the districts that match, and how many match in all."""

    districts: list[store.DistrictRow]
    total: int


def list_reachable(
    connection: sqlite3.Connection,
    user: User,
    *,
    wanted: str = "",
    skip: int = 0,
    limit: int,
) -> DistrictListing:
    """Give districts by name whose name or key contains ``wanted``, without forms."""
    asked = {
        "everywhere": user.everywhere,
        "email": user.email,
        "wanted": wanted,
        "pattern": f"%{_literal(wanted)}%",
        "skip": skip,
        "limit": limit,
    }
    rows = connection.execute(
        f"SELECT key, name {_WHERE} ORDER BY name COLLATE NOCASE, key"
        " LIMIT :limit OFFSET :skip",
        asked,
    )
    found = [store.DistrictRow(key, name, 0, "", {}) for key, name in rows]
    (total,) = connection.execute(f"SELECT count(*) {_WHERE}", asked).fetchone()
    return DistrictListing(found, total)


def find_reachable(
    connection: sqlite3.Connection, user: User, key: str
) -> store.DistrictRow | None:
    """Give a district with its form; None if there is none, or not for this user."""
    mine = connection.execute(
        "SELECT 1 FROM user_district WHERE email = ? AND district = ?",
        (user.email, key),
    ).fetchone()
    return store.find(connection, key) if user.everywhere or mine else None


def _literal(wanted: str) -> str:
    for special in "!%_":
        wanted = wanted.replace(special, f"!{special}")
    return wanted


class SavedToken(Enum):
    """What the page shows of a token that is saved."""

    NOTED = "noted"
    """An empty field, and a note that a token is saved."""
    SILENT = "silent"
    """An empty field, as if there were none."""
    MASKED = "masked"
    """A field of dots, which are sent back where no one types over them."""


class SavedMeanwhile(Enum):
    """What becomes of a save whose form another person saved meanwhile."""

    LAST_WINS = "last-wins"
    """It is made, as on most pages: what the other one changed is lost."""
    REFUSED = "refused"
    """It is refused, and what was typed is kept on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """
    Choices where the real page's behavior is unknown.

    ``session_seconds`` is how long a session lasts from its sign-in.
    """

    session_seconds: float = 3600.0
    saved_token: SavedToken = SavedToken.NOTED
    saved_meanwhile: SavedMeanwhile = SavedMeanwhile.LAST_WINS
