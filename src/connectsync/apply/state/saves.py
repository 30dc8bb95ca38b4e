"""Saves and what they prove: the journal, baselines and launches."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from connectsync.apply.journal import BaselineUpdate, Entry, Intent, Settled
from connectsync.apply.state.projections import facts_of
from connectsync.apply.state.tables import (
    AUDIT,
    BASELINES,
    JOURNAL,
    LAUNCHES,
    RUNS,
)
from connectsync.domain.baseline import Baseline
from connectsync.domain.change import Set
from connectsync.domain.run import JournalEntry, SettingOutcome
from connectsync.domain.run_diff import ConfirmedSave
from connectsync.domain.settings import Value
from connectsync.domain.values import is_same, value_of

_INTENDED = AUDIT.alias("intended")
_SEEN = AUDIT.alias("seen_entry")


def _saves() -> Select[Any]:
    """Give every save with the facts of it, in the order they were intended."""
    return (
        select(
            JOURNAL,
            _INTENDED.c.detail.label("to_send"),
            _INTENDED.c.runner,
            _SEEN.c.detail.label("saw"),
            _SEEN.c.at.label("settled_at"),
        )
        .join(_INTENDED, _INTENDED.c.seq == JOURNAL.c.row)
        .outerjoin(_SEEN, _SEEN.c.seq == JOURNAL.c.seen)
        .order_by(JOURNAL.c.row)
    )


def saves(
    connection: Connection, *, run: int, district: str | None = None
) -> list[Entry]:
    """Give the saves of a run, of one district if it is named."""
    wanted = _saves().where(JOURNAL.c.run == run)
    if district is not None:
        wanted = wanted.where(JOURNAL.c.district == district)
    return [_entry(row) for row in connection.execute(wanted)]


def open_saves(
    connection: Connection, backend: str, district: str | None = None
) -> list[Entry]:
    """Give the saves on a backend that may still be found to have been made."""
    wanted = (
        _saves()
        .join(RUNS, RUNS.c.run == JOURNAL.c.run)
        .where(RUNS.c.backend == backend, JOURNAL.c.open)
    )
    if district is not None:
        wanted = wanted.where(JOURNAL.c.district == district)
    return [_entry(row) for row in connection.execute(wanted)]


def later(connection: Connection, backend: str, district: str, run: int) -> list[Entry]:
    """Give the saves that runs after ``run`` made on a district, in their order."""
    wanted = (
        _saves()
        .join(RUNS, RUNS.c.run == JOURNAL.c.run)
        .where(RUNS.c.backend == backend, JOURNAL.c.run > run)
        .where(JOURNAL.c.district == district)
    )
    return [_entry(row) for row in connection.execute(wanted)]


def _entry(row: Row[Any]) -> Entry:
    facts = facts_of(
        json.loads(row.to_send), None if row.saw is None else json.loads(row.saw)
    )
    intent = Intent(
        row.district,
        row.phase,
        facts.before,
        facts.after,
        facts.expected_version,
        set_token=facts.set_token,
    )
    settled = Settled(row.settled)
    return Entry(row.row, row.run, intent, settled, facts, bool(row.open))


def told(connection: Connection, run: int) -> dict[str, tuple[JournalEntry, ...]]:
    """Give a run's saves by district, with who made them, as people read them."""
    found: dict[str, list[JournalEntry]] = defaultdict(list)
    for row in connection.execute(_saves().where(JOURNAL.c.run == run)):
        found[row.district].append(_told(row))
    return {district: tuple(entries) for district, entries in found.items()}


def _told(row: Row[Any]) -> JournalEntry:
    facts = _entry(row).facts
    at = row.settled_at
    return JournalEntry(
        district=row.district,
        phase=row.phase,
        settled=Settled(row.settled).value,
        changes=tuple(
            Set(name, facts.before[name], facts.after[name]) for name in facts.changed
        ),
        set_token=facts.set_token,
        runner=row.runner,
        intended_at=datetime.fromisoformat(row.intended_at),
        settled_at=None if at is None else datetime.fromisoformat(at),
        note="" if row.saw is None else json.loads(row.saw)["note"],
        sent=None if facts.sent is None else facts.sent.value,
        outcomes=tuple(
            SettingOutcome(name, made, (facts.observed or {}).get(name))
            for name, made in facts.made.items()
        ),
    )


def confirmed(
    connection: Connection, backend: str, numbers: Sequence[int]
) -> tuple[ConfirmedSave, ...]:
    """
    Give what was seen to be made on a backend, of the districts that some runs saved.

    All runs up to the last of ``numbers`` count; saves are in the order they were
    intended. Of a save that was made in part, ``after`` is what was made of it.
    """
    is_made = (JOURNAL.c.settled == Settled.CONFIRMED) | (JOURNAL.c.changes > 0)
    saved = (
        select(JOURNAL.c.district).where(is_made, JOURNAL.c.run.in_(numbers)).distinct()
    )
    rows = (
        _saves()
        .join(RUNS, RUNS.c.run == JOURNAL.c.run)
        .where(RUNS.c.backend == backend, is_made, JOURNAL.c.run <= max(numbers))
        .where(JOURNAL.c.district.in_(saved))
    )
    entries = (_entry(row) for row in connection.execute(rows))
    return tuple(
        ConfirmedSave(
            one.run,
            one.intent.district,
            one.facts.before,
            {**one.facts.before, **one.facts.held},
        )
        for one in entries
    )


def taken_back(connection: Connection, backend: str) -> dict[str, int]:
    """Give the districts whose last confirmed save undid a run, and the run."""
    last = (
        select(JOURNAL.c.district, func.max(JOURNAL.c.run).label("run"))
        .join(RUNS, RUNS.c.run == JOURNAL.c.run)
        .where(RUNS.c.backend == backend, JOURNAL.c.settled == Settled.CONFIRMED)
        .group_by(JOURNAL.c.district)
        .subquery()
    )
    rows = select(last.c.district, RUNS.c.run).join(RUNS, RUNS.c.run == last.c.run)
    back = rows.where(RUNS.c.rollback_of.is_not(None))
    return {row.district: row.run for row in connection.execute(back)}


def baselines(
    connection: Connection, backend: str, districts: Sequence[str] | None = None
) -> dict[str, Baseline]:
    """Give what is known of districts on a backend, of some if they are named."""
    forms: dict[str, dict[str, Value]] = defaultdict(dict)
    rows = select(BASELINES).where(BASELINES.c.backend == backend)
    if districts is not None:
        rows = rows.where(BASELINES.c.district.in_(districts))
    for row in connection.execute(rows):
        value = value_of(row.setting, json.loads(row.value))
        forms[row.district][row.setting] = value
    running = launched(connection, backend, districts)
    return {
        district: Baseline(forms.get(district, {}), district in running)
        for district in forms.keys() | running
    }


def launched(
    connection: Connection, backend: str, districts: Sequence[str] | None = None
) -> frozenset[str]:
    """Name the districts whose nightly sync ran at any time that we know of."""
    rows = select(LAUNCHES.c.district).where(LAUNCHES.c.backend == backend)
    if districts is not None:
        rows = rows.where(LAUNCHES.c.district.in_(districts))
    return frozenset(connection.execute(rows).scalars())


def is_news(known: Baseline | None, update: BaselineUpdate) -> bool:
    """Say whether what was seen of a district is not known yet."""
    if known is None:
        return bool(update.form) or update.running
    if update.running and not known.was_running:
        return True
    if not update.merged and known.form.keys() - update.form.keys():
        return True
    return any(
        name not in known.form or not is_same(name, known.form[name], value)
        for name, value in update.form.items()
    )
