"""Who may sign in to the stand-in, and to which districts."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from connectsync.emulator import store
from connectsync.emulator.errors import SeedRefused

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
    spelled = _spelled(email)
    if not _EMAIL.fullmatch(spelled) or not password:
        raise SeedRefused(f"{email!r} needs to be an email address, with a password")
    reached = None if districts is None else sorted(set(districts))
    row = (spelled, _hashed(password), reached is None)
    with store.opened(store_path).writing() as connection:
        connection.execute("REPLACE INTO user VALUES (?, ?, ?)", row)
        _reach(connection, spelled, reached or [])


def add_demo_user(store_path: Path | str) -> None:
    """Let ``DEMO_EMAIL`` sign in with ``DEMO_PASSWORD``, and reach every district."""
    add_user(store_path, DEMO_EMAIL, DEMO_PASSWORD)


def signed_in(connection: sqlite3.Connection, email: str, password: str) -> User | None:
    """Give the user whose password this is, or None."""
    row = connection.execute(
        "SELECT password, everywhere FROM user WHERE email = ?", (_spelled(email),)
    ).fetchone()
    # hashed for nobody too, so that the time does not tell who is known
    kept, everywhere = row or (_NOBODY, False)
    if not hmac.compare_digest(_hashed(password, kept.partition(":")[0]), kept):
        return None
    return User(_spelled(email), bool(everywhere))


def find_user(connection: sqlite3.Connection, email: str) -> User | None:
    """Give a user by the address that a session holds, or None."""
    row = connection.execute(
        "SELECT everywhere FROM user WHERE email = ?", (email,)
    ).fetchone()
    return None if row is None else User(email, bool(row[0]))


def _spelled(email: str) -> str:
    return email.strip().casefold()


def _hashed(password: str, salt: str = "") -> str:
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
