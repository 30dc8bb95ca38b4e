"""What follows from the facts: runs, saves, baselines, launches, approvals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from connectsync.apply.journal import Settled
from connectsync.apply.state.audit import (
    CONNECT_NAMED,
    FACT,
    AuditEntry,
    append,
    read_entry,
    stamp,
)
from connectsync.apply.state.proofs import forget_all_but, keep, launch, learn, move
from connectsync.apply.state.tables import (
    APPROVALS,
    AUDIT,
    DISTRICTS,
    JOURNAL,
    PROJECTIONS,
    RUNS,
)
from connectsync.domain.plan import SWITCH
from connectsync.domain.save import SaveFacts, Sent
from connectsync.domain.values import form_of

Data = Mapping[str, Any]


def project(connection: Connection, entry: AuditEntry) -> None:
    """Let the tables say what follows from one more fact."""
    _BY_ACTION[entry.action](connection, entry)


def record(connection: Connection, entry: AuditEntry) -> int:
    """Append a fact to the log, and let the tables say what follows; give its place."""
    seq = append(connection, entry)
    project(connection, replace(entry, seq=seq))
    return seq


def rebuild(connection: Connection) -> None:
    """Rebuild all tables from the facts."""
    for table in PROJECTIONS:
        connection.execute(delete(table))
    facts = select(AUDIT.c.seq).where(AUDIT.c.kind == FACT).order_by(AUDIT.c.seq)
    for seq in connection.execute(facts).scalars().all():
        row = connection.execute(select(AUDIT).where(AUDIT.c.seq == seq)).one()
        project(connection, read_entry(row))


def facts_of(intended: Data, seen: Data | None) -> SaveFacts:
    """Put what was to be sent and what was seen together."""
    before = form_of(intended["before"])
    observed = None if seen is None else seen["observed"]
    return SaveFacts(
        before,
        {**before, **form_of(intended["changes"])},
        intended["version"],
        intended["set_token"],
        None if seen is None else Sent(seen["sent"]),
        None if observed is None else form_of(observed),
        None if seen is None else seen["version"],
    )


# — runs —


def _run_begun(connection: Connection, entry: AuditEntry) -> None:
    detail, plan = entry.detail, entry.detail["plan"]
    connection.execute(
        insert(RUNS).values(
            run=entry.run,
            begun=entry.seq,
            plan=detail["digest"],
            backend=detail["backend"],
            rollback_of=(plan or {}).get("rollback_of"),
            approved_elsewhere=detail["approved_elsewhere"],
            accepted=json.dumps(detail["accepted"]),
            reasons=json.dumps(detail["reasons"]),
            runner=entry.runner,
            began=stamp(entry.at),
            stopped="",
        )
    )
    if parts := list(_parts(entry)):
        connection.execute(insert(DISTRICTS), parts)
    if plan is not None:
        running = [one for one in plan["districts"] if one["live"].get(SWITCH) is True]
        districts = [one["district"] for one in running]
        launch(connection, detail["backend"], districts, entry.seq)


def _parts(entry: AuditEntry) -> Iterator[dict[str, object]]:
    turn = 0
    for wave, districts in entry.detail["waves"]:
        for district in districts:
            turn += 1
            yield {
                "run": entry.run,
                "district": district,
                "turn": turn,
                "wave": wave,
                "message": "",
                "remedy": "",
                "runner": "",
            }


def _run_joined(connection: Connection, entry: AuditEntry) -> None:
    row = connection.execute(select(RUNS.c.reasons).where(RUNS.c.run == entry.run))
    reasons = {**json.loads(row.scalar_one()), **entry.detail["reasons"]}
    _set_run(connection, entry, reasons=json.dumps(reasons))


def _run_resumed(connection: Connection, entry: AuditEntry) -> None:
    tried_again = DISTRICTS.c.district.in_(entry.detail["districts"])
    connection.execute(
        update(DISTRICTS)
        .where(DISTRICTS.c.run == entry.run, tried_again)
        .values(ending=None, ended=None, message="", remedy="")
    )
    values: dict[str, object] = {"ended": None, "stopped": ""}
    for name in ("reasons", "accepted"):
        if name in entry.detail:
            values[name] = json.dumps(entry.detail[name])
    _set_run(connection, entry, **values)


def _run_stopped(connection: Connection, entry: AuditEntry) -> None:
    _set_run(connection, entry, stopped=entry.detail["why"])


def _run_ended(connection: Connection, entry: AuditEntry) -> None:
    _set_run(connection, entry, ended=stamp(entry.at), stopped="")


def _set_run(connection: Connection, entry: AuditEntry, **values: object) -> None:
    connection.execute(update(RUNS).where(RUNS.c.run == entry.run).values(values))


def _district_ended(connection: Connection, entry: AuditEntry) -> None:
    connection.execute(
        update(DISTRICTS)
        .where(DISTRICTS.c.run == entry.run, DISTRICTS.c.district == entry.subject)
        .values(
            ending=entry.detail["ending"],
            message=entry.detail["message"],
            remedy=entry.detail["remedy"],
            runner=entry.runner,
            ended=stamp(entry.at),
        )
    )
    if (managed := entry.detail["managed"]) is not None:
        place = (_backend(connection, entry.run), entry.subject)
        forget_all_but(connection, place, managed)


# — saves —


def _save_intended(connection: Connection, entry: AuditEntry) -> None:
    connection.execute(
        insert(JOURNAL).values(
            row=entry.seq,
            run=entry.run,
            district=entry.subject,
            phase=entry.detail["phase"],
            settled=Settled.INTENDED.value,
            open=True,
            unmade=False,
            changes=0,
            unproven=0,
            intended_at=stamp(entry.at),
        )
    )
    # remembered before the switch is touched: a paused sync is one that was launched
    if entry.detail["before"].get(SWITCH) is True:
        backend = _backend(connection, entry.run)
        launch(connection, backend, [entry.subject], entry.seq)


def _save_seen(connection: Connection, entry: AuditEntry) -> None:
    detail = entry.detail
    row = connection.execute(
        select(AUDIT.c.detail).where(AUDIT.c.seq == detail["save"])
    )
    intended = json.loads(row.scalar_one())
    facts = facts_of(intended, detail)
    connection.execute(
        update(JOURNAL)
        .where(JOURNAL.c.row == detail["save"])
        .values(
            settled=detail["settled"],
            seen=entry.seq,
            open=facts.may_arrive and not detail["closed"],
            unmade=facts.unmade,
            changes=facts.changes,
            unproven=facts.unproven,
        )
    )
    held = facts.held
    if held or facts.sent is Sent.ANSWERED:
        place = (_backend(connection, entry.run), entry.subject)
        learn(connection, place, facts, intended, entry.seq)
        if held.get(SWITCH) is True:
            launch(connection, place[0], [place[1]], entry.seq)


# — what was read —


def _district_seen(connection: Connection, entry: AuditEntry) -> None:
    backend = entry.detail["backend"]
    running = []
    for district, seen in entry.detail["districts"].items():
        form = form_of(seen["form"])
        if seen["whole"]:
            forget_all_but(connection, (backend, district), form)
        keep(connection, (backend, district), form, entry.seq)
        if seen["running"]:
            running.append(district)
    launch(connection, backend, running, entry.seq)


def _connect_named(connection: Connection, entry: AuditEntry) -> None:
    key, others = entry.subject, entry.detail["was"]
    was_other = RUNS.c.backend.in_(others)
    connection.execute(update(RUNS).where(was_other).values(backend=key))
    move(connection, others, key)


def _plan_approved(connection: Connection, entry: AuditEntry) -> None:
    connection.execute(
        insert(APPROVALS).values(
            plan=entry.detail["plan"], name=entry.detail["name"], at=stamp(entry.at)
        )
    )


def _backend(connection: Connection, run: int | None) -> str:
    found = select(RUNS.c.backend).where(RUNS.c.run == run)
    return str(connection.execute(found).scalar_one())


RUN_BEGUN = "run begun"
RUN_JOINED = "run joined"
RUN_RESUMED = "run resumed"
RUN_STOPPED = "run stopped"
RUN_ENDED = "run ended"
RUN_CLOSED = "run closed"
DISTRICT_ENDED = "district ended"
SAVE_INTENDED = "save intended"
SAVE_SEEN = "save seen"
DISTRICT_SEEN = "district seen"
PLAN_APPROVED = "plan approved"

_BY_ACTION: Mapping[str, Callable[[Connection, AuditEntry], None]] = {
    RUN_BEGUN: _run_begun,
    RUN_JOINED: _run_joined,
    RUN_RESUMED: _run_resumed,
    RUN_STOPPED: _run_stopped,
    RUN_ENDED: _run_ended,
    RUN_CLOSED: _run_ended,
    DISTRICT_ENDED: _district_ended,
    SAVE_INTENDED: _save_intended,
    SAVE_SEEN: _save_seen,
    DISTRICT_SEEN: _district_seen,
    PLAN_APPROVED: _plan_approved,
    CONNECT_NAMED: _connect_named,
}
