"""One save: the version checked and the form written in one transaction."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace

from connectsync.emulator import store
from connectsync.emulator.form import TOKEN, in_page_order, refusals, token_refusal
from connectsync.emulator.problem import Problem, district_not_found

REMEMBERED_SECONDS = 24 * 60 * 60
"""How long an idempotency key keeps its answer."""


@dataclass(frozen=True, slots=True)
class Save:
    """
    What was asked: which fields of which district, at which version.

    No ``expected_version`` means whichever is there: the last who saves wins.
    ``idempotency_key`` is empty where the request names none.
    """

    district: str
    fields: Mapping[str, object]
    expected_version: str | None
    idempotency_key: str = ""

    @property
    def fingerprint(self) -> str:
        """Tell one save from another; it gives away nothing of its content."""
        spelled = json.dumps(
            [self.district, self.expected_version, self.fields], sort_keys=True
        )
        return hashlib.sha256(spelled.encode("ascii")).hexdigest()


def saved(connection: sqlite3.Connection, save: Save, *, now: float) -> str:
    """
    Make a save and give the version the form then has.

    ``now`` is in seconds since the epoch. A save that changes nothing keeps the
    version. Raises ``Problem``: 404, 412, or 422; then nothing was written.
    """
    _forget(connection, before=now - REMEMBERED_SECONDS)
    if version := _remembered(connection, save):
        return version
    version = _written(connection, save)
    _remember(connection, save, version, now)
    return version


def _written(connection: sqlite3.Connection, save: Save) -> str:
    row = store.find(connection, save.district)
    if row is None:
        raise district_not_found(save.district)
    if save.expected_version not in {None, row.version}:
        raise Problem(
            412,
            "version-moved",
            "the form was saved by somebody else meanwhile",
            f"it is at version {row.version}, not {save.expected_version}",
        )
    after = _filled_in(connection, row, save.fields)
    if (after.form, after.token_digest) == (row.form, row.token_digest):
        return row.version
    saves = row.saves + 1
    version = store.version_of(saves, after.form)
    store.put(connection, replace(after, saves=saves, version=version))
    return version


def _filled_in(
    connection: sqlite3.Connection, row: store.Row, fields: Mapping[str, object]
) -> store.Row:
    offered = store.options(connection)
    form = row.form | {name: fields[name] for name in fields if name != TOKEN}
    token = fields.get(TOKEN, "")
    found = refusals(form, offered)
    if (refusal := token_refusal(token)) is not None:
        found.append(refusal)
    if found:
        raise Problem(
            422, "form-refused", "the form does not accept this", refusals=found
        )
    digest = _digest(str(token)) if TOKEN in fields else row.token_digest
    return replace(row, form=in_page_order(form, offered), token_digest=digest)


def _digest(token: str) -> str:
    # enough to tell a new token from the old; what is not kept cannot be shown
    return hashlib.sha256(token.encode("utf-8")).hexdigest() if token else ""


def _remembered(connection: sqlite3.Connection, save: Save) -> str:
    row = connection.execute(
        "SELECT fingerprint, version FROM remembered WHERE key = ?",
        (save.idempotency_key,),
    ).fetchone()
    if row is None:
        return ""
    fingerprint, version = row
    if fingerprint != save.fingerprint:
        raise Problem(
            422,
            "idempotency-key-reused",
            "this Idempotency-Key was used for another save",
        )
    return str(version)


def _remember(
    connection: sqlite3.Connection, save: Save, version: str, now: float
) -> None:
    if save.idempotency_key:
        connection.execute(
            "INSERT INTO remembered VALUES (?, ?, ?, ?, ?)",
            (save.idempotency_key, save.fingerprint, save.district, version, now),
        )


def _forget(connection: sqlite3.Connection, *, before: float) -> None:
    connection.execute("DELETE FROM remembered WHERE at < ?", (before,))
