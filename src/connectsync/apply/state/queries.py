"""Read the state store: for planning, resuming, rolling back and reports."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Connection, select

from connectsync.apply.journal import JournalRow, KnownSave, RunOptions
from connectsync.apply.state import audit
from connectsync.apply.state.database import AUDIT, move_leases
from connectsync.apply.state.known import Known
from connectsync.apply.state.store import Store
from connectsync.config.state_address import POSTGRESQL
from connectsync.domain.drift import Baseline
from connectsync.domain.live import ConnectKey, is_of_project
from connectsync.domain.outcome import LastSave
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import digest_of, plan_of_data
from connectsync.domain.run import (
    ApprovalRecord,
    AuditResult,
    ConfirmedSave,
    JournalEntry,
    LastRun,
    RecentSaves,
    Run,
    RunHead,
    RunLine,
    RunList,
    SettingOutcome,
    superseded,
)
from connectsync.domain.settings import Set
from connectsync.errors import ConnectRenamed, DamagedPlan, StateError


class StateReader:
    """Looks into a store. All methods raise ``StateError``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._database = store.database

    # — districts —

    def baselines(self, backend: str) -> dict[str, Baseline]:
        """Give what was last confirmed or seen in step on a backend, by district."""
        known = self._store.known()
        applied = {key for key, form in known.baselines[backend].items() if form}
        running, told = known.launches[backend], known.told[backend]

        def baseline(key: str) -> Baseline:
            held, partly = known.baselines[backend][key].items(), known.partly[backend]
            form = {name: value for name, (value, _, _) in held}
            taken = {name: was for name, (_, _, was) in held if was}
            return Baseline(form, key in running, key in told, taken, key in partly)

        return {key: baseline(key) for key in sorted(applied | running | told)}

    def recent(self, backend: str, now: datetime) -> RecentSaves:
        """Give what was saved in the last 24 hours, or is about to be."""
        return self._store.known().recent(backend, now)

    def unended(self, backend: str) -> dict[str, int]:
        """Give the districts that their newest run has not ended yet, and that run."""
        newest = self.newest_runs(backend)
        runs = self._store.known().runs_on(backend)
        found = ((key, run.head.number) for run in runs for key in run.unended)
        return {key: number for key, number in found if newest[key] == number}

    def newest_runs(self, backend: str) -> dict[str, int]:
        """Give the newest run that holds a district, by district."""
        return self._store.known().newest_runs(backend)

    def last_saved(self, backend: str) -> dict[str, dict[str, RunHead]]:
        """
        Give the run that saved each setting last, by district.

        Or one that saved others, and whose files said of this one what was there.
        """
        found = defaultdict[str, dict[str, RunHead]](dict)
        for run in self._store.known().runs_on(backend):
            for key, saves in run.saves.items():
                for save in saves:
                    if held := save.entry.facts.held:
                        names = (*held, *save.intended["agreed"])
                        found[key] |= dict.fromkeys(names, run.head)
        return dict(found)

    def left_behind(self, backend: str) -> Iterator[tuple[str, int, bool]]:
        """Give districts that runs left; see ``Known.left_behind``."""
        return self._store.known().left_behind(backend)

    def connect_called(self, name: str | None, kind: str) -> str:
        """
        Give the key of the Connect that a project uses, without asking it.

        ``name`` is what the project calls it, ``kind`` its backend. Where several are
        known of that kind, it is the one of the newest run. Empty: none is known.
        """
        keys = self._store.known().backends
        if name in keys:
            return str(name)
        alike = {key for key in keys if re.split("[ :]", key)[0] == kind}
        runs = reversed(self._store.known().runs.values())
        newest = (run.head.backend for run in runs if run.head.backend in alike)
        return next(newest, min(alike, default=""))

    def key_of(self, connect: ConnectKey) -> str:
        """Give the key by which the store knows a Connect; nothing is renamed."""
        keys = self._store.known().backends
        known = (key for key in (connect.key, *sorted(connect.known_as)) if key in keys)
        return next(known, connect.key)

    def last_of_each(self, backend: str) -> dict[str, LastRun]:
        """Give the newest run of each district, and how that ended, by district."""
        return {
            key: LastRun(
                run.head.number,
                run.head.began.date().isoformat(),
                part.outcome.ending.value if part.outcome else "",
            )
            for run in self._store.known().runs_on(backend)
            for key, part in run.parts.items()
        }

    # — runs —

    def run(self, number: int) -> Run:
        """Give one run. Raises ``UnknownRun``."""
        return self._store.known().run(number).told()

    def runs(self, backend: str | None = None) -> tuple[Run, ...]:
        """Give all runs on a backend, or on any, newest first."""
        return tuple(
            run.told()
            for run in reversed(self._store.known().runs.values())
            if backend in {None, run.head.backend}
        )

    def newest(
        self, limit: int, district: str | None = None, since: datetime | None = None
    ) -> RunList:
        """
        Give the newest runs, on whatever backend, at most ``limit``.

        Only those that hold a ``district``, or began at ``since`` or later.
        """
        runs = [
            run
            for run in reversed(self._store.known().runs.values())
            if (district is None or district in run.parts)
            and (since is None or run.head.began >= since)
        ]
        each = self.each_superseded(run.told() for run in runs[:limit])
        return RunList(tuple(RunLine(r, r.tally, by) for r, by in each), len(runs))

    def superseded(self, run: Run) -> dict[str, int]:
        """Give the districts left of a run that a newer run planned, and that run."""
        return next(self.each_superseded([run]))[1]

    def each_superseded(
        self, runs: Iterable[Run]
    ) -> Iterator[tuple[Run, dict[str, int]]]:
        """Give each run with what `superseded` gives of it."""
        newest = cache(self.newest_runs)
        for run in runs:
            yield run, superseded(run, newest(run.backend)) if run.left else {}

    def run_of(self, plan: str) -> int | None:
        """Give the last run of the plan with this digest that confirmed anything."""
        runs = self._store.known().runs.items()
        saved = (n for n, run in runs if run.head.plan == plan and run.confirmed)
        return max(saved, default=None)

    def last_run(self, plan: str, backend: str) -> Run | None:
        """Give the last run of the plan with this digest, if there is one."""
        runs = self._store.known().runs_of(plan, backend)
        return runs[0].told() if runs else None

    def plan(self, run: int) -> tuple[Plan, RunOptions]:
        """
        Give the plan that a run makes true, and its options.

        Raises ``UnknownRun``, and ``DamagedPlan`` if it is not kept, or was edited.
        """
        known = self._store.known().run(run)
        begun = select(AUDIT.c.detail).where(AUDIT.c.seq == known.begun)
        with self._database.reading() as connection:
            detail = json.loads(connection.execute(begun).scalar_one())
        if detail["plan"] is None:
            raise DamagedPlan(
                f"run {run} is from before plans were kept with their runs"
            )
        if digest_of(detail["plan"]) != known.head.plan:
            raise DamagedPlan(
                f"the plan of run {run} was edited in the state store after it began",
                remedy="`connectsync runs verify` says what was edited; plan again",
            )
        waves = tuple((wave, tuple(keys)) for wave, keys in detail["waves"])
        options = RunOptions(waves, known.head.accepted, known.head.reasons)
        plan = plan_of_data(detail["plan"])
        planned = sorted(one.district for one in plan.districts)
        if sorted(key for _, keys in waves for key in keys) != planned:
            raise DamagedPlan(
                f"the waves of run {run} were edited in the state store: they do not"
                " hold each district of its plan once",
                remedy="make a new plan",
            )
        return plan, options

    # — saves —

    def journal(self, run: int) -> tuple[JournalRow, ...]:
        """Give every save of a run, in the order they were intended."""
        saves = self._store.known().run(run).saves.values()
        entries = (save.entry for of_district in saves for save in of_district)
        return tuple(sorted(entries, key=lambda entry: entry.row))

    def entries(self, run: int) -> dict[str, tuple[JournalEntry, ...]]:
        """Give every save of a run by district, and who made it."""
        saves = self._store.known().run(run).saves
        return {key: tuple(map(_told, found)) for key, found in saves.items()}

    def confirmed(
        self, backend: str, numbers: Sequence[int]
    ) -> tuple[ConfirmedSave, ...]:
        """
        Give what was seen to be made on a backend, of the districts some runs saved.

        All runs up to the last of ``numbers`` count; saves are in the order they were
        intended. Of a save that was made in part, ``after`` is what was made of it.
        """
        saves = [
            save.entry
            for save in self._store.known().saves_on(backend)
            if save.is_made and save.entry.run <= max(numbers)
        ]
        saved = {one.intent.district for one in saves if one.run in numbers}
        return tuple(
            ConfirmedSave(
                one.run,
                one.intent.district,
                one.facts.before,
                {**one.facts.before, **one.facts.held},
            )
            for one in saves
            if one.intent.district in saved
        )

    def last_saves(self, connect: ConnectKey) -> dict[str, LastSave]:
        """
        Give the last save that was seen to be made on a Connect, by district.

        A run that the state knows by another spelling of its address counts as well.
        """
        ours = {connect.key, *connect.known_as}
        if self._database.kind == POSTGRESQL:
            # another project calls its own stand-in or snapshot the same
            ours = {one for one in ours if not is_of_project(one)}
        found: dict[str, LastSave] = {}
        for run in self._store.known().runs.values():
            if run.head.backend not in ours:
                continue
            undoable = run.undoable
            for key, saves in run.saves.items():
                times = [s.settled_at or s.intended_at for s in saves if s.is_made]
                if times and (key not in found or found[key].at <= max(times)):
                    found[key] = LastSave(
                        run.head.number,
                        max(times),
                        undoable.get(key, False),
                        len(undoable),
                        run.head.rollback_of,
                    )
        return found

    def districts(self) -> frozenset[str]:
        """Give the keys of all districts that any run had in hand."""
        return frozenset(
            key for run in self._store.known().runs.values() for key in run.parts
        )

    def history(
        self, district: str
    ) -> Iterator[tuple[RunHead, JournalRow, datetime, datetime]]:
        """
        Give what was seen to be made on a district, by backend and as it was intended.

        With each save its run, when it was intended, and when it was seen.
        """
        known = self._store.known()
        runs = sorted(known.runs.values(), key=lambda run: run.head.backend)
        for backend in dict.fromkeys(run.head.backend for run in runs):
            for save in known.saves_on(backend):
                if save.entry.intent.district == district and save.is_made:
                    head = known.runs[save.entry.run].head
                    seen = save.settled_at or save.intended_at
                    yield head, save.entry, save.intended_at, seen

    # — approvals —

    def approvals(self, plan: str) -> tuple[str, ...]:
        """Name who approved a plan, sorted."""
        return tuple(sorted(self._store.known().approvals[plan]))

    def approved(self, plan: str) -> tuple[ApprovalRecord, ...]:
        """Give who approved a plan and when, the first one first."""
        given = self._store.known().approvals[plan].values()
        return tuple(sorted(given, key=lambda one: (one.at, one.name)))

    # — the log —

    def head(self) -> str:
        """Give the hash at which the audit log ends."""
        return self._store.known().end.hash

    def audited(self, noted: str | None = None) -> AuditResult:
        """
        Read the whole audit log again, as it is at one moment, and check it.

        ``noted`` is a hash at which it ended at some time: it may have grown since,
        and must still hold it.
        """
        with self._database.reading() as connection:
            return audited(connection, noted)


def audited(connection: Connection, noted: str | None) -> AuditResult:
    """Check a whole log, as it is at one moment. See ``StateReader.audited``."""
    # SQLite shows one moment anyway
    if connection.dialect.name == POSTGRESQL:
        connection.execution_options(isolation_level="REPEATABLE READ")
    known, found = Known(), noted in {None, audit.NOTHING}
    problems: list[str] = []
    for row in audit.rows(connection):
        problems += known.replay([row])
        found = found or row.hash == noted
        if row.kind == audit.FACT and not _is_its_plan(row.detail):
            problems.append(f"the plan of run {row.run} was edited")
    if audit.end(connection) != known.end:
        problems.append("the end of the audit log was cut off")
    if not found:
        problems.append(
            f"the audit log does not hold {noted}: it was rewritten, or cut off, since"
            " that was noted"
        )
    return AuditResult(known.end.seq, known.end.hash, tuple(problems))


def _is_its_plan(detail: str) -> bool:
    """Say whether the plan that a run began with has the digest that is noted."""
    try:
        begun = json.loads(detail)
        plan = begun["plan"] if "waves" in begun else None
        return plan is None or digest_of(plan) == begun["digest"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _told(save: KnownSave) -> JournalEntry:
    entry, facts = save.entry, save.entry.facts
    return JournalEntry(
        district=entry.intent.district,
        phase=entry.intent.phase,
        settled=entry.settled.value,
        changes=tuple(
            Set(name, facts.before[name], facts.after[name]) for name in facts.changed
        ),
        set_token=facts.set_token,
        runner=save.runner,
        intended_at=save.intended_at,
        settled_at=save.settled_at,
        note=save.note,
        sent=None if facts.sent is None else facts.sent.value,
        outcomes=tuple(
            SettingOutcome(name, made, (facts.observed or {}).get(name))
            for name, made in facts.made.items()
        ),
    )


def _insist_named(connect: ConnectKey) -> None:
    """Refuse a key that another project of the same server has as well."""
    if is_of_project(connect.key):
        raise StateError(
            f"the state is kept on a server, where {connect.key} of another project"
            " would be taken for this one: baselines, leases and limits of a day would"
            " be shared",
            remedy="give this Connect a name that no other project of that server has,"
            " such as `connect: rehearsal-of-ours`, in connectsync.yaml; what the state"
            " knows is taken over",
        )


def recognize(store: Store, connect: ConnectKey, *, at: datetime) -> None:
    """
    Let the store know a Connect by its key, with all it knows of it by other names.

    Raises ``ConnectRenamed`` if the store knows it by another name that people gave,
    and ``StateError`` if it may not be written, or if several projects may keep their
    state in it and nothing but a name tells this Connect from theirs.
    """
    known = store.known()
    ours = connect.known_as
    if store.database.kind == POSTGRESQL:
        # another project calls its own stand-in or snapshot the same
        ours = frozenset(one for one in ours if not is_of_project(one))
        _insist_named(connect)
    keys = known.backends
    others = sorted((connect.known_as - {connect.key}) & keys)
    named = connect.key not in connect.known_as
    here = {name for name, said in known.names.items() if connect.known_as & said}
    called = sorted(one for one in here - {connect.key} if ours & known.names[one])
    # a name that is known for other addresses alone is that of another Connect
    strange = connect.key not in (here if named else keys)
    if strange and not others and called:
        calls = f"calls it {connect.key!r}" if named else "gives it no name"
        raise ConnectRenamed(
            f"the state knows this Connect as {called[0]!r}, and connectsync.yaml"
            f" {calls}",
            remedy=f"write `connect: {called[0]}` in connectsync.yaml: launches, limits"
            " of a day and what was applied are kept under that name",
        )
    # an address that is reached by this name from now on, so that no other may have it
    if others or (named and connect.key not in here):
        detail = {"known_as": sorted(connect.known_as), "was": others}
        try:
            with store.changing() as connection:
                action = audit.CONNECT_NAMED
                store.log(action, detail, at, subject=connect.key)
                move_leases(connection, others, connect.key)
        except StateError as error:
            if not others:
                return  # nothing is known of it yet, so nothing is lost by waiting
            raise StateError(
                f"the state knows this Connect as {others[0]!r} still, and may not be"
                f" written here: {error.message}",
                remedy="run `connectsync drift` once where the state may be written",
            ) from error
