"""Runs and their districts, as rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, union, update

from connectsync.apply.journal import RunOptions
from connectsync.apply.state.audit import stamp
from connectsync.apply.state.tables import DISTRICTS, JOURNAL, RUNS
from connectsync.domain.counting import many
from connectsync.domain.outcome import DistrictOutcome, Ending
from connectsync.domain.plan import Plan
from connectsync.domain.plan_data import plan_data
from connectsync.domain.plan_file import digest_of, plan_of_data
from connectsync.domain.recent import LATELY, Recent
from connectsync.domain.run import Part, Run, RunHead
from connectsync.errors import DamagedPlan, Overtaken, StateError, UnknownRun

NO_PLAN = "{}"
"""The header of runs from before plans were kept."""

WAVES = "waves"
"""Where a header holds the digest of the run's waves, which are not in its plan."""

ELSEWHERE = "approved_elsewhere"
"""What a header says where the digest of the plan was given with it."""


def written(  # noqa: PLR0913 - the columns of a row
    connection: Connection,
    plan: Plan,
    digest: str,
    orders: RunOptions,
    *,
    runner: str,
    at: datetime,
) -> int:
    """Write a new run with all its districts; give its number."""
    data = plan_data(plan)
    planned = {one["district"]: one for one in data.pop("districts")}
    data[WAVES] = waves_digest(orders)
    if orders.approved_elsewhere:
        data[ELSEWHERE] = True
    key = connection.execute(
        insert(RUNS).values(
            plan=digest,
            backend=plan.backend,
            header=json.dumps(data),
            accepted=json.dumps(dict(orders.accepted)),
            reasons=json.dumps(dict(orders.reasons)),
            runner=runner,
            began=stamp(at),
            stopped="",
        )
    ).inserted_primary_key
    if key is None:  # pragma: no cover - every table here has a key
        raise StateError("the state store gave no number for a new run")
    run = int(key[0])
    connection.execute(
        insert(DISTRICTS), list(_parts(run, orders, planned, list(planned)))
    )
    return run


def said_more(connection: Connection, run: int, orders: RunOptions) -> bool:
    """Keep with a run what whoever joins it overrides; say whether that is new."""
    row = connection.execute(select(RUNS.c.reasons).where(RUNS.c.run == run)).one()
    known = json.loads(row.reasons)
    if orders.reasons.items() <= known.items():
        return False
    reasons = json.dumps({**known, **orders.reasons})
    connection.execute(update(RUNS).where(RUNS.c.run == run).values(reasons=reasons))
    return True


def _parts(
    run: int, orders: RunOptions, planned: Mapping[str, Any], order: Sequence[str]
) -> Iterator[dict[str, object]]:
    position = {district: place for place, district in enumerate(order)}
    turn = 0
    for wave, districts in orders.waves:
        for district in districts:
            turn += 1
            yield {
                "run": run,
                "district": district,
                "position": position[district],
                "turn": turn,
                "wave": wave,
                "planned": json.dumps(planned[district]),
                "saves": 0,
                "changes": 0,
                "message": "",
                "remedy": "",
                "runner": "",
            }


def waves_digest(orders: RunOptions) -> str:
    """Give the digest of the waves that a run was begun with."""
    return digest_of({WAVES: orders.waves})


def plan_of(connection: Connection, run: int) -> Plan:
    """
    Put a run's plan together again.

    Raises ``UnknownRun``, and ``DamagedPlan`` if it is no plan any more.
    """
    header = connection.execute(select(RUNS.c.header).where(RUNS.c.run == run)).scalar()
    if header is None:
        raise _unknown(run)
    if header == NO_PLAN:
        raise DamagedPlan(f"run {run} is from before plans were kept with their runs")
    planned = connection.execute(
        select(DISTRICTS.c.planned)
        .where(DISTRICTS.c.run == run)
        .order_by(DISTRICTS.c.position)
    ).scalars()
    data = {**json.loads(header), "districts": [json.loads(one) for one in planned]}
    digest = connection.execute(select(RUNS.c.plan).where(RUNS.c.run == run)).scalar()
    unsigned = {key: data[key] for key in data.keys() - {WAVES, ELSEWHERE}}
    if digest_of(unsigned) != digest:
        raise DamagedPlan(
            f"the plan of run {run} was edited in the state store after it began",
            remedy="`connectsync runs verify` says what was edited; make a new plan",
        )
    return plan_of_data(unsigned)


def orders_of(connection: Connection, run: int) -> RunOptions:
    """Give the orders a run was begun with. Raises ``UnknownRun``."""
    row = connection.execute(select(RUNS).where(RUNS.c.run == run)).first()
    if row is None:
        raise _unknown(run)
    waves: dict[str, list[str]] = {}
    for part in _part_rows(connection, run):
        waves.setdefault(part.wave, []).append(part.district)
    return RunOptions(
        tuple((wave, tuple(districts)) for wave, districts in waves.items()),
        json.loads(row.accepted),
        json.loads(row.reasons),
    )


def run_of(connection: Connection, run: int) -> Run:
    """Give a run as it stands. Raises ``UnknownRun``."""
    row = connection.execute(select(RUNS).where(RUNS.c.run == run)).first()
    if row is None:
        raise _unknown(run)
    return _run(connection, row)


def all_runs(connection: Connection, backend: str | None) -> tuple[Run, ...]:
    """Give all runs on a backend, or on any, newest first."""
    wanted = select(RUNS).order_by(RUNS.c.run.desc())
    if backend is not None:
        wanted = wanted.where(RUNS.c.backend == backend)
    return tuple(_run(connection, row) for row in connection.execute(wanted).all())


def _run(connection: Connection, row: Row[Any]) -> Run:
    parts = tuple(_part(one) for one in _part_rows(connection, row.run))
    return Run(**_facts(row), parts=parts)


def head_of(row: Row[Any]) -> RunHead:
    """Read a row of the runs."""
    return RunHead(**_facts(row))


def _facts(row: Row[Any]) -> dict[str, Any]:
    header = json.loads(row.header)
    return {
        "number": row.run,
        "plan": row.plan,
        "backend": row.backend,
        "runner": row.runner,
        "began": datetime.fromisoformat(row.began),
        "ended": time_of(row.ended),
        "stopped": row.stopped,
        "accepted": json.loads(row.accepted),
        "reasons": json.loads(row.reasons),
        "rollback_of": header.get("rollback_of"),
        "approved_elsewhere": header.get(ELSEWHERE, False),
    }


def _part_rows(connection: Connection, run: int) -> Sequence[Row[Any]]:
    columns = [column for column in DISTRICTS.c if column.name != "planned"]
    return connection.execute(
        select(*columns).where(DISTRICTS.c.run == run).order_by(DISTRICTS.c.turn)
    ).all()


def _part(row: Row[Any]) -> Part:
    ended = outcome_of(row) if row.ending is not None else None
    return Part(row.district, row.wave, row.runner, ended, time_of(row.ended))


def outcome_of(row: Row[Any]) -> DistrictOutcome:
    """Read how a district ended."""
    return DistrictOutcome(
        row.district,
        Ending(row.ending),
        row.saves,
        row.changes,
        row.message,
        row.remedy,
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
        .where(JOURNAL.c.settled.in_(["confirmed", "intended"]))
    )
    promised = (
        select(DISTRICTS.c.district)
        .join(RUNS, RUNS.c.run == DISTRICTS.c.run)
        .where(RUNS.c.backend == backend, RUNS.c.began >= since)
        .where(RUNS.c.ended.is_(None), DISTRICTS.c.ending.is_(None))
    )
    return Recent(frozenset(connection.execute(union(saved, promised)).scalars()))


def unended(connection: Connection, backend: str) -> dict[str, int]:
    """Give the districts that a run on a backend has yet to end, and the run."""
    rows = (
        select(DISTRICTS.c.district, RUNS.c.run)
        .join(RUNS, RUNS.c.run == DISTRICTS.c.run)
        .where(RUNS.c.backend == backend)
        .where(RUNS.c.ended.is_(None), DISTRICTS.c.ending.is_(None))
        .order_by(RUNS.c.run)
    )
    return {row.district: row.run for row in connection.execute(rows)}


def time_of(spelled: str | None) -> datetime | None:
    """Read a time; None where there is none."""
    return None if spelled is None else datetime.fromisoformat(spelled)


def _unknown(run: int) -> UnknownRun:
    return UnknownRun(f"there is no run {run}")
