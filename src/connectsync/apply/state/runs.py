"""Runs and their districts, as the tables hold them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, union

from connectsync.apply.journal import RunOptions, Settled
from connectsync.apply.state.audit import TOLD_TIME, stamp
from connectsync.apply.state.tables import APPROVALS, AUDIT, DISTRICTS, JOURNAL, RUNS
from connectsync.domain.counting import many
from connectsync.domain.outcome import DistrictOutcome, Ending
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import digest_of, plan_of_data
from connectsync.domain.recent import LATELY, Recent
from connectsync.domain.run import (
    Approved,
    Part,
    Run,
    RunHead,
    RunLine,
    RunList,
    Tally,
    tally,
)
from connectsync.errors import DamagedPlan, Overtaken, RunInHand, UnknownRun


def plan_of(connection: Connection, run: int) -> tuple[Plan, RunOptions]:
    """
    Give the plan of a run, and the options it was begun with.

    Raises ``UnknownRun``, and ``DamagedPlan`` if it is not kept, or was edited.
    """
    row = _row(connection, run)
    begun = connection.execute(select(AUDIT.c.detail).where(AUDIT.c.seq == row.begun))
    detail = json.loads(begun.scalar_one())
    if detail["plan"] is None:
        raise DamagedPlan(f"run {run} is from before plans were kept with their runs")
    if digest_of(detail["plan"]) != row.plan:
        raise DamagedPlan(
            f"the plan of run {run} was edited in the state store after it began",
            remedy="`connectsync runs verify` says what was edited; make a new plan",
        )
    waves = tuple((wave, tuple(keys)) for wave, keys in detail["waves"])
    options = RunOptions(waves, json.loads(row.accepted), json.loads(row.reasons))
    return plan_of_data(detail["plan"]), options


def run_of(connection: Connection, run: int) -> Run:
    """Give a run as it stands. Raises ``UnknownRun``."""
    return _run(connection, _row(connection, run), _told(connection, [run]))


def all_runs(connection: Connection, backend: str | None) -> tuple[Run, ...]:
    """Give all runs on a backend, or on any, newest first."""
    wanted = select(RUNS).order_by(RUNS.c.run.desc())
    if backend is not None:
        wanted = wanted.where(RUNS.c.backend == backend)
    found = connection.execute(wanted).all()
    told = _told(connection, [row.run for row in found])
    return tuple(_run(connection, row, told) for row in found)


def newest(connection: Connection, limit: int) -> RunList:
    """Give the newest runs, at most ``limit``, with counts of their districts."""
    total = connection.execute(select(func.count()).select_from(RUNS)).scalar_one()
    rows = connection.execute(
        select(RUNS).order_by(RUNS.c.run.desc()).limit(limit)
    ).all()
    counts = _counts(connection, [row.run for row in rows])
    told = _told(connection, list(counts))
    lines = tuple(
        RunLine(RunHead(**_facts(row, told)), counts[row.run]) for row in rows
    )
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


def last_of(connection: Connection, plan: str, backend: str) -> int | None:
    """Give the last run of the plan with this digest, if there is one."""
    found = (
        select(RUNS.c.run)
        .where(RUNS.c.plan == plan, RUNS.c.backend == backend)
        .order_by(RUNS.c.run.desc())
    )
    return connection.execute(found).scalar()


def last_that_saved(connection: Connection, plan: str) -> int | None:
    """Give the last run of the plan with this digest that confirmed anything."""
    found = (
        select(RUNS.c.run)
        .join(JOURNAL, JOURNAL.c.run == RUNS.c.run)
        .where(RUNS.c.plan == plan)
        .where(JOURNAL.c.settled == Settled.CONFIRMED.value)
        .order_by(RUNS.c.run.desc())
    )
    return connection.execute(found).scalar()


def _row(connection: Connection, run: int) -> Row[Any]:
    row = connection.execute(select(RUNS).where(RUNS.c.run == run)).first()
    if row is None:
        raise UnknownRun(f"there is no run {run}")
    return row


def _told(connection: Connection, numbers: Sequence[int]) -> frozenset[int]:
    """Give the runs of which a fact has a time that was told."""
    # the details are JSON without spaces, in which no text has quotes of its own
    marked = AUDIT.c.detail.contains(f'"{TOLD_TIME}":', autoescape=True)
    found = select(AUDIT.c.run).where(AUDIT.c.run.in_(numbers), marked).distinct()
    return frozenset(connection.execute(found).scalars())


def _run(connection: Connection, row: Row[Any], told: frozenset[int]) -> Run:
    ended = outcomes(connection, row.run)
    rows = select(DISTRICTS).where(DISTRICTS.c.run == row.run)
    parts = tuple(
        Part(
            one.district,
            one.wave,
            one.runner,
            ended.get(one.district),
            time_of(one.ended),
        )
        for one in connection.execute(rows.order_by(DISTRICTS.c.turn))
    )
    return Run(**_facts(row, told), parts=parts)


def _facts(row: Row[Any], told: frozenset[int]) -> dict[str, Any]:
    return {
        "number": row.run,
        "plan": row.plan,
        "backend": row.backend,
        "runner": row.runner,
        "began": datetime.fromisoformat(row.began),
        "ended": time_of(row.ended),
        "stopped": row.stopped,
        "accepted": dict(json.loads(row.accepted)),
        "reasons": dict(json.loads(row.reasons)),
        "rollback_of": row.rollback_of,
        "approved_elsewhere": row.approved_elsewhere,
        "told_time": row.run in told,
    }


def outcomes(
    connection: Connection, run: int, district: str | None = None
) -> dict[str, DistrictOutcome]:
    """Give how districts of a run ended, counted from its saves."""
    wanted = select(DISTRICTS).where(
        DISTRICTS.c.run == run, DISTRICTS.c.ending.is_not(None)
    )
    if district is not None:
        wanted = wanted.where(DISTRICTS.c.district == district)
    counts = _saved(connection, run, district)
    return {
        row.district: replace(
            counts.get(row.district, DistrictOutcome(row.district, Ending.DONE, 0, 0)),
            ending=Ending(row.ending),
            message=row.message,
            remedy=row.remedy,
        )
        for row in connection.execute(wanted)
    }


def _saved(
    connection: Connection, run: int, district: str | None
) -> Mapping[str, DistrictOutcome]:
    """Count what was made of a run by district; what its last save left unproven."""
    rows = select(JOURNAL).where(JOURNAL.c.run == run).order_by(JOURNAL.c.row)
    if district is not None:
        rows = rows.where(JOURNAL.c.district == district)
    counts: dict[str, DistrictOutcome] = {}
    for row in connection.execute(rows):
        before = counts.get(row.district)
        made = row.settled == Settled.CONFIRMED or row.changes > 0
        counts[row.district] = DistrictOutcome(
            row.district,
            Ending.DONE,
            (before.saves if before else 0) + made,
            (before.changes if before else 0) + row.changes,
            unproven=row.unproven,
        )
    return counts


def insist_settled(connection: Connection, run: int) -> None:
    """Raise ``RunInHand`` if nothing is known of a save of a run."""
    unsettled = select(JOURNAL.c.district).where(
        JOURNAL.c.run == run, JOURNAL.c.settled == Settled.INTENDED
    )
    if district := connection.execute(unsettled).scalar():
        raise RunInHand(
            f"it is not known yet whether a save of {district!r} in run {run} happened",
            remedy=f"`connectsync resume {run} --ignore-files` settles that by"
            " reading; close the run then",
        )


def insist_known(
    connection: Connection, backend: str, known: Recent, now: datetime
) -> None:
    """Raise ``Overtaken`` if more happened of late than the guards knew of."""
    unknown = recent(connection, backend, now).districts - known.districts
    if unknown:
        raise Overtaken(
            f"another run began on {many(len(unknown), 'district')} after the guards"
            " were asked"
        )


def recent(connection: Connection, backend: str, now: datetime) -> Recent:
    """Name the districts that were saved of late, or may have been, or will be."""
    since = stamp(now - LATELY)
    saved = (
        select(JOURNAL.c.district)
        .join(RUNS, RUNS.c.run == JOURNAL.c.run)
        .where(RUNS.c.backend == backend, JOURNAL.c.intended_at >= since)
        .where(JOURNAL.c.unmade.is_(False))
    )
    promised = (
        select(DISTRICTS.c.district)
        .join(RUNS, RUNS.c.run == DISTRICTS.c.run)
        .where(RUNS.c.backend == backend, RUNS.c.began >= since)
        .where(RUNS.c.ended.is_(None), DISTRICTS.c.ending.is_(None))
    )
    return Recent(frozenset(connection.execute(union(saved, promised)).scalars()))


def unended(connection: Connection, backend: str) -> dict[str, int]:
    """Give the districts that a run on a backend has not ended yet, and the run."""
    rows = (
        select(DISTRICTS.c.district, RUNS.c.run)
        .join(RUNS, RUNS.c.run == DISTRICTS.c.run)
        .where(RUNS.c.backend == backend)
        .where(RUNS.c.ended.is_(None), DISTRICTS.c.ending.is_(None))
        .order_by(RUNS.c.run)
    )
    return {row.district: row.run for row in connection.execute(rows)}


def newest_runs(connection: Connection, backend: str) -> dict[str, int]:
    """Give the newest run on a backend that holds a district, by district."""
    rows = (
        select(DISTRICTS.c.district, func.max(DISTRICTS.c.run).label("run"))
        .join(RUNS, RUNS.c.run == DISTRICTS.c.run)
        .where(RUNS.c.backend == backend)
        .group_by(DISTRICTS.c.district)
    )
    return {row.district: row.run for row in connection.execute(rows)}


def approved(connection: Connection, plan: str) -> tuple[Approved, ...]:
    """Give who approved a plan and when, the first one first."""
    rows = (
        select(APPROVALS)
        .where(APPROVALS.c.plan == plan)
        .order_by(APPROVALS.c.at, APPROVALS.c.name)
    )
    return tuple(
        Approved(row.name, datetime.fromisoformat(row.at))
        for row in connection.execute(rows)
    )


def time_of(spelled: str | None) -> datetime | None:
    """Read a time; None where there is none."""
    return None if spelled is None else datetime.fromisoformat(spelled)
