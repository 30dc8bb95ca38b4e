"""Looking back at runs: which there were, what they saved, who said yes to them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from connectsync.apply.journal import Settled
from connectsync.apply.state import runs
from connectsync.apply.state.tables import APPROVALS, DISTRICTS, JOURNAL, RUNS
from connectsync.domain.change import Set
from connectsync.domain.outcome import Ending
from connectsync.domain.run import (
    Approved,
    JournalEntry,
    RunLine,
    RunList,
    Tally,
    tally,
)
from connectsync.domain.run_diff import ConfirmedSave
from connectsync.domain.values import differing, form_of
from connectsync.errors import StateError


@contextmanager
def legible() -> Iterator[None]:
    """Read rows. Raises ``StateError`` if one holds what no release ever wrote."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(
            "the state store holds what no connectsync wrote there",
            remedy="`connectsync runs verify` says what was edited",
        ) from error


def newest(connection: Connection, limit: int) -> RunList:
    """Give the newest runs, at most ``limit``, with counts of their districts."""
    total = connection.execute(select(func.count()).select_from(RUNS)).scalar_one()
    rows = connection.execute(
        select(RUNS).order_by(RUNS.c.run.desc()).limit(limit)
    ).all()
    counts = _counts(connection, [row.run for row in rows])
    lines = tuple(RunLine(runs.head_of(row), counts[row.run]) for row in rows)
    return RunList(lines, total)


def _counts(connection: Connection, numbers: Sequence[int]) -> dict[int, Tally]:
    counted = (
        select(DISTRICTS.c.run, DISTRICTS.c.ending, func.count())
        .where(DISTRICTS.c.run.in_(numbers))
        .group_by(DISTRICTS.c.run, DISTRICTS.c.ending)
    )
    counts: dict[int, dict[Ending | None, int]] = {number: {} for number in numbers}
    for number, ending, count in connection.execute(counted):
        counts[number][None if ending is None else Ending(ending)] = count
    return {number: tally(found) for number, found in counts.items()}


def entries_of(connection: Connection, run: int) -> dict[str, tuple[JournalEntry, ...]]:
    """Give a run's saves by district, in the order they were intended."""
    rows = select(JOURNAL).where(JOURNAL.c.run == run).order_by(JOURNAL.c.row)
    found: dict[str, list[JournalEntry]] = defaultdict(list)
    for row in connection.execute(rows):
        found[row.district].append(_entry(row))
    return {district: tuple(entries) for district, entries in found.items()}


def taken_back(connection: Connection, backend: str) -> dict[str, int]:
    """Give the districts whose last confirmed save took a run back, and the run."""
    last = (
        select(JOURNAL.c.district, func.max(JOURNAL.c.run).label("run"))
        .join(RUNS, RUNS.c.run == JOURNAL.c.run)
        .where(RUNS.c.backend == backend, JOURNAL.c.settled == Settled.CONFIRMED)
        .group_by(JOURNAL.c.district)
        .subquery()
    )
    rows = select(last.c.district, RUNS).join(RUNS, RUNS.c.run == last.c.run)
    return {
        row.district: row.run
        for row in connection.execute(rows)
        if runs.head_of(row).rollback_of is not None
    }


def newest_runs(connection: Connection, backend: str) -> dict[str, int]:
    """Give the newest run on a backend that holds a district, by district."""
    rows = (
        select(DISTRICTS.c.district, func.max(DISTRICTS.c.run).label("run"))
        .join(RUNS, RUNS.c.run == DISTRICTS.c.run)
        .where(RUNS.c.backend == backend)
        .group_by(DISTRICTS.c.district)
    )
    return {row.district: row.run for row in connection.execute(rows)}


def _entry(row: Row[Any]) -> JournalEntry:
    before, after = form_of(json.loads(row.before)), form_of(json.loads(row.after))
    return JournalEntry(
        district=row.district,
        phase=row.phase,
        settled=Settled(row.settled).value,
        changes=tuple(
            Set(name, before.get(name), after.get(name))
            for name in differing(before, after)
        ),
        set_token=row.set_token,
        runner=row.runner,
        intended_at=datetime.fromisoformat(row.intended_at),
        settled_at=runs.time_of(row.settled_at),
        note=row.note,
    )


def approved(connection: Connection, plan: str) -> tuple[Approved, ...]:
    """Say who said yes to a plan and when, the first one first."""
    rows = (
        select(APPROVALS)
        .where(APPROVALS.c.plan == plan)
        .order_by(APPROVALS.c.at, APPROVALS.c.name)
    )
    return tuple(
        Approved(row.name, datetime.fromisoformat(row.at))
        for row in connection.execute(rows)
    )


def confirmed(
    connection: Connection, backend: str, numbers: Sequence[int]
) -> tuple[ConfirmedSave, ...]:
    """
    Give what was confirmed on a backend of the districts that some runs saved.

    All runs up to the last of ``numbers`` count; saves are in the order they were
    intended.
    """
    on_backend = (RUNS.c.backend == backend, JOURNAL.c.settled == Settled.CONFIRMED)
    saved = (
        select(JOURNAL.c.district)
        .where(JOURNAL.c.settled == Settled.CONFIRMED, JOURNAL.c.run.in_(numbers))
        .distinct()
    )
    rows = (
        select(JOURNAL.c.run, JOURNAL.c.district, JOURNAL.c.before, JOURNAL.c.after)
        .join(RUNS, RUNS.c.run == JOURNAL.c.run)
        .where(*on_backend, JOURNAL.c.run <= max(numbers))
        .where(JOURNAL.c.district.in_(saved))
        .order_by(JOURNAL.c.row)
    )
    return tuple(
        ConfirmedSave(
            row.run,
            row.district,
            form_of(json.loads(row.before)),
            form_of(json.loads(row.after)),
        )
        for row in connection.execute(rows)
    )
