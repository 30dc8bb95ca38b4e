"""The districts that a user reaches: one, some of them, or how many."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from connectsync.emulator import store
from connectsync.emulator.users import User

_WHERE = """
    FROM district WHERE (:everywhere OR key IN (
        SELECT district FROM user_district WHERE email = :email
    )) AND (
        :wanted = '' OR name LIKE :pattern ESCAPE '!' OR key LIKE :pattern ESCAPE '!'
    )
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """Some of the districts that match, and how many match in all."""

    districts: list[store.Row]
    total: int


def listed(
    connection: sqlite3.Connection,
    user: User,
    *,
    wanted: str = "",
    skip: int = 0,
    limit: int,
) -> Listed:
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
    found = [store.Row(key, name, 0, "", {}) for key, name in rows]
    (total,) = connection.execute(f"SELECT count(*) {_WHERE}", asked).fetchone()
    return Listed(found, total)


def reached(connection: sqlite3.Connection, user: User, key: str) -> store.Row | None:
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
