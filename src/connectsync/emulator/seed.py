"""Bringing districts and forms into the stand-in, past its gateway."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from connectsync.emulator import store
from connectsync.emulator.form import (
    BLANK,
    BOX_GROUPS,
    CHOICES,
    in_page_order,
    refusals,
)
from connectsync.emulator.http import SeedRefused

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What a district's key looks like; it is part of addresses."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A district with its whole form, in the field names of the gateway."""

    key: str
    name: str
    form: Mapping[str, object]


def enrol(store_path: Path | str, districts: Iterable[tuple[str, str]]) -> int:
    """
    Make districts, each a key and a name, with a blank form; say how many are new.

    Those that exist are left alone. Raises ``SeedRefused`` and ``StoreUnusable``.
    """
    with store.open_store(store_path).writing() as connection:
        return sum(_enroll(connection, key, name) for key, name in districts)


def sow(store_path: Path | str, seeds: Iterable[Seed]) -> int:
    """
    Give districts the forms of a snapshot; say how many changed or are new.

    A label that the form does not know is learnt: a snapshot of a live page proves
    that the page offers it. Raises ``SeedRefused`` and ``StoreUnusable``; then
    nothing at all was sown.
    """
    with store.open_store(store_path).writing() as connection:
        return sum(_sown(connection, seed) for seed in seeds)


SUCCESS = "Success"
THRESHOLD = "Failed: threshold"
CREDENTIALS = "(placeholder) Failed: wrong credentials"
SCHOOLS = "(placeholder) Failed: schools not found"
NOT_FOUND = "(placeholder) Failed: school not found"
"""What a night comes to; the words of the last three are published nowhere."""

NO_SCHOOLS: Mapping[str, int | None] = {}
NO_NIGHTS: Mapping[str, Mapping[str, int | None]] = {}


def run_sync(
    store_path: Path | str,
    *,
    now: datetime,
    archives: Mapping[str, int],
    schools: Mapping[str, Mapping[str, int | None]] = NO_NIGHTS,
) -> dict[str, str]:
    """
    Run a night over every district whose daily sync is on; give each one's status.

    It syncs nothing: who has no District ID or no token does not get in, and where
    more than the threshold would be archived, by the percentage in ``archives``, the
    night fails on it. ``schools`` says so of schools, by district: None of one that
    the roster does not have. Raises ``StoreUnusable``.
    """
    with store.open_store(store_path).writing() as connection:
        keys = [key for (key,) in connection.execute("SELECT key FROM district")]
        rows = store.find_many(connection, keys)
        on = [row for row in rows if row.form["enableDailySync"]]
        reports = {
            row.key: _night(
                row, now, archives.get(row.key, 0), schools.get(row.key, NO_SCHOOLS)
            )
            for row in on
        }
        for key, report in reports.items():
            store.put_sync(connection, key, report)
    return {key: report.status for key, report in reports.items()}


def _night(
    row: store.DistrictRow,
    now: datetime,
    tried: int,
    schools: Mapping[str, int | None],
) -> store.SyncReport:
    at, threshold = now.astimezone(UTC).isoformat(), row.form["deletionThreshold"]
    if not (row.form["districtId"] and row.token_digest):
        return store.SyncReport(CREDENTIALS, at)
    each = tuple(_of_school(name, schools[name], threshold) for name in sorted(schools))
    # of the figures in a report the highest counts (T1)
    tried = max([tried, *(one for one in schools.values() if one is not None)])
    if None in schools.values():
        return store.SyncReport(SCHOOLS, at, schools=each)
    if isinstance(threshold, int) and tried > threshold:
        return store.SyncReport(THRESHOLD, at, tried, each)
    return store.SyncReport(SUCCESS, at, schools=each)


def _of_school(name: str, tried: int | None, threshold: object) -> store.SchoolReport:
    if tried is None:
        return store.SchoolReport(name, NOT_FOUND)
    if isinstance(threshold, int) and tried > threshold:
        return store.SchoolReport(name, THRESHOLD, tried)
    return store.SchoolReport(name, SUCCESS)


def _enroll(connection: sqlite3.Connection, key: str, name: str) -> bool:
    if store.find(connection, key) is not None:
        return False
    store.put_row(connection, _row(key, name, 1, dict(BLANK)))
    return True


def _sown(connection: sqlite3.Connection, seed: Seed) -> bool:
    form = _accept_seed(connection, seed)
    row = store.find(connection, seed.key)
    if row is not None and (row.name, row.form) == (seed.name, form):
        return False
    saves, token_digest = (row.saves, row.token_digest) if row is not None else (0, "")
    after = _row(seed.key, seed.name, saves + 1, form, token_digest)
    store.put_row(connection, after)
    return True


def _row(
    key: str, name: str, saves: int, form: dict[str, object], token_digest: str = ""
) -> store.DistrictRow:
    if not KEY.fullmatch(key):
        raise SeedRefused(f"{key!r} cannot be the key of a district")
    version = store.version_of(saves, form)
    return store.DistrictRow(key, name, saves, version, form, token_digest)


def _accept_seed(connection: sqlite3.Connection, seed: Seed) -> dict[str, object]:
    for field in (*CHOICES, *BOX_GROUPS):
        _learn(connection, field, seed.form.get(field))
    offered = store.options(connection)
    if found := refusals(seed.form, offered):
        why = "; ".join(f"{refusal.field} {refusal.detail}" for refusal in found)
        raise SeedRefused(f"the form of district {seed.key!r} is not accepted: {why}")
    return in_page_order(seed.form, offered)


def _learn(connection: sqlite3.Connection, field: str, value: object) -> None:
    known = [choice.label for choice in store.options(connection)[field]]
    for label in value if isinstance(value, list) else [value]:
        if isinstance(label, str) and label.strip() and label not in known:
            store.learn(connection, field, label)
