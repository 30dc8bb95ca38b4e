"""Saves, endings and baselines, as rows of the store and back."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from connectsync.apply.journal import BaselineUpdate, Claim, Entry, Intent, Settled
from connectsync.apply.state.audit import stamp
from connectsync.apply.state.tables import BASELINES
from connectsync.domain.outcome import DistrictOutcome
from connectsync.domain.settings import Form
from connectsync.domain.values import form_data, form_of

Columns = dict[str, object]


def intended(claim: Claim, intent: Intent, *, runner: str, at: datetime) -> Columns:
    """Give the row of a save that is about to be made."""
    return {
        "run": claim.run,
        "district": intent.district,
        "phase": intent.phase,
        "settled": Settled.INTENDED.value,
        "before": _spelled(intent.before),
        "after": _spelled(intent.after),
        "expected_version": intent.expected_version,
        "set_token": intent.set_token,
        "runner": runner,
        "lease": claim.token,
        "intended_at": stamp(at),
        "note": "",
    }


def entry_of(row: Row[Any]) -> Entry:
    """Read a row of the journal."""
    intent = Intent(
        row.district,
        row.phase,
        form_of(json.loads(row.before)),
        form_of(json.loads(row.after)),
        row.expected_version,
        set_token=row.set_token,
    )
    return Entry(row.row, intent, Settled(row.settled))


def ended(outcome: DistrictOutcome, *, runner: str, at: datetime) -> Columns:
    """Give the columns that say how a district ended."""
    return {
        "ending": outcome.ending.value,
        "saves": outcome.saves,
        "changes": outcome.changes,
        "message": outcome.message,
        "remedy": outcome.remedy,
        "runner": runner,
        "ended": stamp(at),
    }


def keep(
    connection: Connection,
    place: tuple[str, str],
    kept: BaselineUpdate,
    *,
    at: datetime,
) -> None:
    """Write a baseline, over what was there or in its place."""
    backend, district = place
    here = (BASELINES.c.backend == backend, BASELINES.c.district == district)
    old = connection.execute(select(BASELINES).where(*here)).first()
    before = form_of(json.loads(old.form)) if old and kept.merged else {}
    row = {
        "form": _spelled({**before, **kept.form}),
        "was_running": bool(old and old.was_running) or kept.running,
        "at": stamp(at),
    }
    if old is None:
        key = {"backend": backend, "district": district}
        connection.execute(insert(BASELINES).values(key | row))
    else:
        connection.execute(update(BASELINES).where(*here).values(row))


def _spelled(form: Form) -> str:
    return json.dumps(form_data(form))
