"""What follows from the facts: runs, saves, baselines, launches, approvals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Connection, Row

from connectsync.apply.journal import (
    BaselineUpdate,
    Intent,
    JournalRow,
    KnownRun,
    KnownSave,
    SaveStatus,
)
from connectsync.apply.state import audit
from connectsync.apply.state.audit import AuditEntry, End
from connectsync.domain.district import without
from connectsync.domain.notice import insist_entry
from connectsync.domain.outcome import DistrictOutcome, Ending, Made, SaveFacts, Sent
from connectsync.domain.run import (
    LATELY,
    ApprovalRecord,
    RecentSaves,
    RunDistrict,
    RunHead,
    approval_of,
    origin_of,
)
from connectsync.domain.settings import SWITCH, form_of, is_same
from connectsync.errors import UnknownRun
from connectsync.providers.form import Value
from connectsync.values import dataclass, field, replace

Data = Mapping[str, Any]
KnownValue = tuple[Value, int, tuple[Value, ...]]


@dataclass(slots=True)
class Known:
    """
    All that follows from the facts, up to where the log ended as it was read.

    ``baselines`` are by backend, district and setting, each value with the entry that
    proves it, and those it replaced in a draft; ``launches`` name the districts of a
    backend whose nightly sync ran at any time, ``told`` those whose files said that
    they were launched, ``partly`` those of which nothing but parts of their files was
    ever applied; ``approvals`` are by plan and name; ``names`` give the addresses
    that each name was used at. ``open`` are saves that may still be found to have been
    made, ``notices`` what was said of telling people, which a ``NoticeBook`` reads.
    """

    runs: dict[int, KnownRun] = field(default_factory=dict)
    open: dict[int, KnownSave] = field(default_factory=dict)
    baselines: dict[str, dict[str, dict[str, KnownValue]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(dict))
    )
    launches: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    told: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    partly: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    approvals: dict[str, dict[str, ApprovalRecord]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    notices: dict[str, list[Data]] = field(default_factory=lambda: defaultdict(list))
    end: End = field(default_factory=End)

    def catch_up(self, connection: Connection) -> None:
        """
        Learn what was written since. Raises ``StateError`` if the log was edited.

        Whatever plans, saves or undoes comes by here first.
        """
        end = audit.end(connection)
        up_to = end.seq if end else None
        problem = next(self.replay(audit.rows(connection, self.end.seq, up_to)), None)
        if problem is not None:
            raise audit.edited(problem)
        if self.end != end:
            raise audit.edited("the end of the audit log was cut off")

    def replay(self, rows: Iterable[Row[Any]]) -> Iterator[str]:
        """Learn from entries; give a sentence for all that is not as we wrote it."""
        for row in rows:
            if row.seq != self.end.seq + 1:
                yield f"entry {self.end.seq + 1} of the audit log is missing"
            if not audit.is_chained(self.end.hash, row):
                yield f"entry {row.seq} of the audit log was edited, moved or cut off"
            try:
                if row.kind == audit.FACT:
                    self.add(audit.read_entry(row))
            except Exception:  # noqa: BLE001 - whatever an edited entry leads to
                yield f"entry {row.seq} of the audit log holds no fact of ours"
            self.end = End(row.seq, row.hash)

    def add(self, entry: AuditEntry) -> None:
        """Learn what follows from one more fact."""
        self._BY_ACTION[entry.action](self, entry)
        if audit.TOLD_TIME in entry.detail and entry.run in self.runs:
            run = self._run(entry)
            run.head = replace(run.head, told_time=True)

    # — questions —

    def run(self, number: int) -> KnownRun:
        """Give a run. Raises ``UnknownRun``."""
        if number not in self.runs:
            raise UnknownRun(f"there is no run {number}")
        return self.runs[number]

    def runs_of(self, plan: str, backend: str) -> list[KnownRun]:
        """Give the runs of the plan with this digest, newest first."""
        return [
            run
            for run in reversed(self.runs.values())
            if (run.head.plan, run.head.backend) == (plan, backend)
        ]

    @property
    def backends(self) -> set[str]:
        """Give every key by which anything is known of a Connect."""
        known = (self.baselines, self.launches, self.told, self.notices)
        learned = [one for each in known for one in each.items()]
        runs = {run.head.backend for run in self.runs.values()}
        return runs | {backend for backend, districts in learned if districts}

    def form(self, backend: str, district: str) -> dict[str, Value]:
        """Give what was last confirmed, or seen in step, of a district."""
        return {n: held[0] for n, held in self.baselines[backend][district].items()}

    def recent(self, backend: str, now: datetime, but: int = 0) -> RecentSaves:
        """Name the districts that runs, but one, saved of late, may have, or will."""
        since = now - LATELY
        runs = [run for run in self.runs_on(backend) if run.head.number != but]
        promised = {key for run in runs if run.at_work >= since for key in run.unended}
        saves = (save for run in runs for some in run.saves.values() for save in some)
        late = (save.entry for save in saves if save.intended_at >= since)
        saved = {one.intent.district for one in late if not one.facts.unmade}
        return RecentSaves(frozenset(promised | saved))

    def left_behind(self, backend: str) -> Iterator[tuple[str, int, bool]]:
        """
        Give districts that runs left, and the run: not ended, and a newer one has them.

        True: whatever else was there, as the run was closed after failures, or undone.
        """
        runs, newest = [*self.runs_on(backend)], self.newest_runs(backend)
        undone = {run.head.rollback_of for run in runs}
        for run in runs:
            number, left = run.head.number, run.unended
            if number in undone:
                yield from ((key, number, True) for key in (*left, *run.skipped))
            else:
                yield from (
                    (key, number, False) for key in left if newest[key] > number
                )
                if {Ending.FAILED, Ending.CONFLICT} & {*run.skipped.values()}:
                    yield from ((key, number, True) for key in run.skipped)

    def newest_runs(self, backend: str) -> dict[str, int]:
        """Give the newest run that holds a district, by district."""
        runs = self.runs_on(backend)
        return {key: run.head.number for run in runs for key in run.parts}

    def runs_on(self, backend: str) -> Iterator[KnownRun]:
        """Give the runs on a backend, oldest first."""
        return (run for run in self.runs.values() if run.head.backend == backend)

    def saves_on(self, backend: str) -> list[KnownSave]:
        """Give every save on a backend, in the order they were intended."""
        runs = self.runs_on(backend)
        saves = (save for run in runs for some in run.saves.values() for save in some)
        return sorted(saves, key=lambda save: save.entry.row)

    def open_saves(self, backend: str, district: str | None = None) -> list[JournalRow]:
        """Give the saves on a backend that may still be found to have been made."""
        return [
            save.entry
            for save in self.open.values()
            if self.runs[save.entry.run].head.backend == backend
            and district in {None, save.entry.intent.district}
        ]

    def as_of(
        self, mark: int, backend: str, district: str, seen: BaselineUpdate
    ) -> BaselineUpdate:
        """Leave out what was learned since a reading began: it may have come before."""
        held = self.baselines[backend][district]
        late = {name for name, (_, proven, _) in held.items() if proven > mark}
        if late.isdisjoint(seen.form):
            return seen
        form = {name: value for name, value in seen.form.items() if name not in late}
        return replace(seen, form=form, merged=True, all=False)

    def is_news(self, backend: str, district: str, seen: BaselineUpdate) -> bool:
        """Say whether what was seen of a district is not known yet."""
        held, form = self.baselines[backend][district], seen.form
        return (
            (seen.running and district not in self.launches[backend])
            or (seen.launched and district not in self.told[backend])
            or (seen.all and district in self.partly[backend])
            or bool(not seen.merged and held.keys() - form.keys())
            or (not seen.draft and any(held[name][2] for name in form if name in held))
            or any(n not in held or not is_same(n, held[n][0], form[n]) for n in form)
        )

    # — what each fact says of runs, saves and readings —

    def _run(self, entry: AuditEntry) -> KnownRun:
        return self.runs[entry.run or 0]

    def _run_begun(self, entry: AuditEntry) -> None:
        detail, plan = entry.detail, entry.detail["plan"]
        head = RunHead(
            number=entry.run or 0,
            plan=detail["digest"],
            backend=detail["backend"],
            runner=entry.runner,
            began=entry.at,
            ended=None,
            stopped="",
            accepted=dict(detail["accepted"]),
            reasons=dict(detail["reasons"]),
            rollback_of=(plan or {}).get("rollback_of"),
            approved_elsewhere=detail["approved_elsewhere"],
            told_time=False,
            origin=origin_of(detail.get("origin")),
        )
        parts = {
            district: RunDistrict(district, wave, "", None, None)
            for wave, districts in detail["waves"]
            for district in districts
        }
        # what runs of before this was written down did counts as the whole
        partial = detail.get("partial", False)
        self.runs[head.number] = KnownRun(head, entry.seq, entry.at, parts, partial)
        planned = plan["districts"] if plan is not None else ()
        on = (one["district"] for one in planned if one["live"].get(SWITCH) is True)
        self.launches[head.backend].update(on)
        self.told[head.backend].update(detail.get("launched", ()))

    def _run_joined(self, entry: AuditEntry) -> None:
        run = self._run(entry)
        reasons = {**run.head.reasons, **entry.detail["reasons"]}
        run.head, run.at_work = replace(run.head, reasons=reasons), entry.at

    def _run_resumed(self, entry: AuditEntry) -> None:
        run, detail = self._run(entry), entry.detail
        for district in detail["districts"]:
            run.parts[district] = replace(run.parts[district], outcome=None, ended=None)
            run.skipped.pop(district, None)
        said = {n: detail[n] for n in ("reasons", "accepted") if n in detail}
        if "origin" in detail:
            said["origin"] = origin_of(detail["origin"])
        run.head = replace(run.head, ended=None, stopped="", **said)
        run.at_work = entry.at

    def _run_stopped(self, entry: AuditEntry) -> None:
        run = self._run(entry)
        run.head = replace(run.head, stopped=str(entry.detail["why"]))

    def _run_ended(self, entry: AuditEntry) -> None:
        run = self._run(entry)
        run.head = replace(run.head, ended=entry.at, stopped="")

    def _district_ended(self, entry: AuditEntry) -> None:
        run, detail = self._run(entry), entry.detail
        ending = Ending(detail["ending"])
        said = detail["message"], detail["remedy"]
        outcome = DistrictOutcome(entry.subject, ending, 0, 0, *said)
        if ending is Ending.SKIPPED:
            was = run.parts[entry.subject].outcome
            run.skipped[entry.subject] = was.ending if was else None
        run.parts[entry.subject] = replace(
            run.parts[entry.subject],
            runner=entry.runner,
            outcome=outcome,
            ended=entry.at,
        )
        if detail["managed"] is not None:  # as older versions have it
            self._forget_all_but(detail["managed"], run.head.backend, entry.subject)
        if ending is Ending.DONE and not run.partial:
            self.partly[run.head.backend].discard(entry.subject)

    def _save_intended(self, entry: AuditEntry) -> None:
        run, detail = self._run(entry), entry.detail
        before = form_of(detail["before"])
        after = {**before, **form_of(detail["changes"])}
        facts = SaveFacts(before, after, detail["version"], detail["set_token"])
        intent = Intent(
            entry.subject,
            detail["phase"],
            before,
            after,
            facts.expected_version,
            set_token=facts.set_token,
        )
        settled, number = SaveStatus.INTENDED, run.head.number
        row = JournalRow(entry.seq, number, intent, settled, facts, is_open=True)
        save = KnownSave(row, detail, entry.runner, entry.at)
        run.saves.setdefault(entry.subject, []).append(save)
        self.open[entry.seq] = save
        # remembered before the switch is touched: a paused sync is one that ran
        if before.get(SWITCH) is True:
            self.launches[run.head.backend].add(entry.subject)

    def _save_seen(self, entry: AuditEntry) -> None:
        run, detail = self._run(entry), entry.detail
        save = next(
            one for one in run.saves[entry.subject] if one.entry.row == detail["save"]
        )
        observed = detail["observed"]
        facts = replace(
            save.entry.facts,
            sent=Sent(detail["sent"]),
            observed=None if observed is None else form_of(observed),
            version=detail["version"],
        )
        is_open = facts.may_arrive and not detail["closed"]
        save.entry = replace(
            save.entry,
            settled=SaveStatus(detail["settled"]),
            facts=facts,
            is_open=is_open,
        )
        save.settled_at, save.note = entry.at, detail["note"]
        self.open.pop(save.entry.row, None)
        if is_open:
            self.open[save.entry.row] = save
        held = facts.held
        if held or facts.sent is Sent.ANSWERED:
            self._learn(save, run.head.backend, entry.seq)
        if held.get(SWITCH) is True:
            self.launches[run.head.backend].add(entry.subject)

    def _learn(self, save: KnownSave, backend: str, seq: int) -> None:
        """
        Keep what a save proves: what it made, and what else was as the files say.

        What the file wants and this save did not bring yet is kept where nothing was:
        from now on it can be told who changes it.
        """
        facts, intended = save.entry.facts, save.intended
        observed, made = facts.observed or {}, facts.made
        known: dict[str, Value] = dict(facts.held)
        first: dict[str, Value] = {}
        unseen = {name for name, what in made.items() if what is Made.UNKNOWN}
        for name in (*intended["agreed"], *intended["pending"]):
            if name in unseen | known.keys() or name not in facts.after:
                continue
            planned = facts.before[name] if name in made else facts.after[name]
            agreed = name in intended["agreed"] and name not in made
            if agreed and name in observed and is_same(name, observed[name], planned):
                known[name] = planned
            else:
                first[name] = planned
        kept = {name: frozenset(labels) for name, labels in intended["kept"].items()}
        here = self.baselines[backend][save.entry.intent.district]
        new = without({n: v for n, v in first.items() if n not in here}, kept)
        proven = {**new, **without(known, kept)}
        if self.runs[save.entry.run].partial and proven and not here:
            self.partly[backend].add(save.entry.intent.district)
        here.update({name: (value, seq, ()) for name, value in proven.items()})

    def _forget_all_but(
        self, managed: Collection[str], backend: str, district: str
    ) -> None:
        """Forget what is known of settings that are not managed any more."""
        here = self.baselines[backend][district]
        self.baselines[backend][district] = {n: here[n] for n in here if n in managed}

    def _district_seen(self, entry: AuditEntry) -> None:
        backend = entry.detail["backend"]
        for district, seen in entry.detail["districts"].items():
            form = form_of(seen["form"])
            if seen["whole"]:
                self._forget_all_but(form, backend, district)
            if seen["whole"] or seen.get("all"):
                self.partly[backend].discard(district)
            here = self.baselines[backend][district]
            for name, value in form.items():
                if seen.get("draft") and name not in here:
                    continue  # what a branch says of a setting makes it no known one
                old, _, was = here.get(name, (value, 0, ()))
                taken = was if is_same(name, old, value) else (*was, old)
                here[name] = value, entry.seq, taken if seen.get("draft") else ()
            if seen["running"]:
                self.launches[backend].add(district)
            if seen.get("launched"):
                self.told[backend].add(district)

    def _plan_approved(self, entry: AuditEntry) -> None:
        approval = approval_of(entry.detail, entry.at)
        self.approvals[entry.detail["plan"]][approval.name] = approval

    def _connect_named(self, entry: AuditEntry) -> None:
        """Know by one key what was known by others; of two values the later stays."""
        key, others = entry.subject, entry.detail["was"]
        self.names[key].update(entry.detail["known_as"])
        for run in self.runs.values():
            if run.head.backend in others:
                run.head = replace(run.head, backend=key)
        for other in others:
            self.launches[key] |= self.launches.pop(other, set())
            self.told[key] |= self.told.pop(other, set())
            self.notices[key] += self.notices.pop(other, [])
            partly = self.partly.pop(other, set())
            for district, values in self.baselines.pop(other, {}).items():
                here = self.baselines[key][district]
                if values and district not in partly:
                    self.partly[key].discard(district)
                elif values and not here:
                    self.partly[key].add(district)
                for name, held in values.items():
                    if name not in here or here[name][1] < held[1]:
                        here[name] = held

    def _people_told(self, entry: AuditEntry) -> None:
        insist_entry(entry.detail)
        self.notices[entry.detail["backend"]].append(entry.detail)

    _BY_ACTION: ClassVar[Mapping[str, Callable[[Known, AuditEntry], None]]] = {
        audit.RUN_BEGUN: _run_begun,
        audit.RUN_JOINED: _run_joined,
        audit.RUN_RESUMED: _run_resumed,
        audit.RUN_STOPPED: _run_stopped,
        audit.RUN_ENDED: _run_ended,
        audit.RUN_CLOSED: _run_ended,
        audit.DISTRICT_ENDED: _district_ended,
        audit.SAVE_INTENDED: _save_intended,
        audit.SAVE_SEEN: _save_seen,
        audit.DISTRICT_SEEN: _district_seen,
        audit.PLAN_APPROVED: _plan_approved,
        audit.CONNECT_NAMED: _connect_named,
        audit.PEOPLE_TOLD: _people_told,
    }
