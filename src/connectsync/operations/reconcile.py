"""Split a fleet's plan into what is safe unattended and what needs a person."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache

from connectsync.apply.journal import BaselineUpdate, JournalRow
from connectsync.apply.saving import OpenSaves, has_arrived
from connectsync.apply.state.queries import StateReader
from connectsync.domain.district import without
from connectsync.domain.drift import Baseline, Baselines, MovedBy, is_launched
from connectsync.domain.finding import Finding, GuardFinding, KeyPath, Severity
from connectsync.domain.live import Live
from connectsync.domain.outcome import (
    DistrictOutcome,
    DistrictResult,
    Ending,
    Outcome,
    Reason,
    ReasonKind,
    ReconcileReport,
    Result,
)
from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.run import Run, RunHead
from connectsync.domain.settings import spell
from connectsync.domain.wording import few
from connectsync.errors import ConnectError, DamagedPlan, NotApproved, StalePlan
from connectsync.operations.apply import orders_for
from connectsync.operations.approve import insist_approved
from connectsync.operations.drift import observe_district
from connectsync.operations.plan import PlanContext, PlannedDistrict, add_guards
from connectsync.providers.form import Risk
from connectsync.rules.scheduled import OVERDUE
from connectsync.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class Split:
    """
    A plan divided into what may go unattended, and what waits for a person.

    ``going`` is a plan of its own, guarded by itself. ``held`` says by district why it
    waits; ``reasons`` speak against all of ``going``.
    """

    going: Plan
    held: Mapping[str, tuple[Reason, ...]]
    reasons: tuple[Reason, ...]


def divide_plan(
    plan: Plan,
    wanted: Sequence[PlannedDistrict],
    given: PlanContext,
    archive: StateReader,
    findings: Sequence[Finding] = (),
) -> Split:
    """
    Divide the plan of a fleet; ``findings`` are those of its files.

    A district may go if each of its changes is at most as risky as the project allows
    unattended, it was applied before, as a whole or with these settings, and not
    changed by hand since, no roll-out stopped before it, no run was undone there, and
    neither a guard nor a rule about the changed settings says anything: an unread
    warning is no warning. Where a district waits, those of later waves that want the
    same settings do as well.
    """
    districts = [want.district for want in wanted]
    before = _History(
        given.baselines,
        _stopped_before(archive, plan, last := archive.last_saved(plan.backend)),
        last,
        _arrivals(given.open_saves, lives_of(plan)),
    )
    held = {
        planned.district: (*reasons, *_late(plan, planned.district))
        for planned in plan.districts
        if (
            reasons := (
                *_own(planned, given.policy.unattended, before),
                *_file_warnings(planned, findings),
            )
        )
    }
    waves = orders_for(plan, given.policy.rollout, districts, {}, {}).waves
    order = {key: number for number, (_, keys) in enumerate(waves) for key in keys}
    held |= _behind(plan, held, order)
    fresh = _fresh(plan, wanted, given.baselines)
    going = add_guards(_without(fresh, held), districts, given)
    while found := _guard_reasons(going):
        held |= found
        held |= _behind(plan, held, order)
        going = add_guards(_without(going, held), districts, given)
    # a district that lost its file is named, and holds nothing else up
    lost = {one.district for one in plan.still_running}
    for guard in going.guards:
        if guard.district in lost:
            held[guard.district] = (_reason(guard),)
    against = tuple(
        _reason(guard)
        for guard in going.guards
        if _speaks(guard) and guard.district not in lost
    )
    return Split(going, held, (*against, *_unapproved(going, given, archive)))


def _fresh(plan: Plan, wanted: Sequence[PlannedDistrict], baselines: Baselines) -> Plan:
    """Leave out what is in step and known to be: it need not be read once more."""
    desired = {want.district.key: want.district.desired() for want in wanted}

    def is_known(key: str) -> bool:
        kept = baselines.get(key)
        if kept is None or not (kept.was_running or kept.told):
            return False
        here = desired[key]
        return not (kept.taken or kept.partly) and here == {
            n: kept.form.get(n) for n in here
        }

    # those that could not be read stay: guards do not count them as part of the fleet
    return replace(plan, in_step=tuple(k for k in plan.in_step if not is_known(k)))


def _behind(
    plan: Plan, held: Mapping[str, tuple[Reason, ...]], order: Mapping[str, int]
) -> dict[str, tuple[Reason, ...]]:
    """Let wait what wants a setting that a district of an earlier wave waits with."""
    first: dict[str, str] = {}
    for one in sorted(plan.districts, key=lambda d: order[d.district]):
        kinds = {reason.why for reason in held.get(one.district, ())}
        # one that was never applied comes into the fleet, and tries nothing out
        if kinds and ReasonKind.UNKNOWN not in kinds:
            for name in _changed(one):
                first.setdefault(name, one.district)
    found: dict[str, tuple[Reason, ...]] = {}
    for one in plan.districts if first else ():
        before = (first[name] for name in sorted(_changed(one)) if name in first)
        key = next((k for k in before if order[k] < order[one.district]), None)
        if key is not None and one.district not in held:
            said = f"{key} waits, which is of an earlier wave"
            found[one.district] = (Reason(ReasonKind.ROLLOUT, said),)
    return found


def _without(plan: Plan, held: Mapping[str, object]) -> Plan:
    going = tuple(one for one in plan.districts if one.district not in held)
    return replace(plan, districts=going)


def _arrivals(
    open_: OpenSaves, lives: Mapping[str, Live | ConnectError]
) -> dict[str, JournalRow]:
    """Give the last save of each district that got no answer and a reading shows."""
    return {
        district: entry
        for district, entries in open_.items()
        if isinstance(live := lives.get(district), Live)
        for entry in entries
        if has_arrived(entry, live)
    }


@dataclass(frozen=True, slots=True)
class _History:
    """
    What came before, by district.

    ``stopped`` are runs that stopped before it, ``last`` those that saved each setting
    last, and ``arrived`` saves of ours that got no answer and are there now.
    """

    baselines: Baselines
    stopped: Mapping[str, int]
    last: Mapping[str, Mapping[str, RunHead]]
    arrived: Mapping[str, JournalRow]

    def reasons(self, planned: DistrictPlan) -> Iterator[Reason]:
        key = planned.district
        known = self.baselines.get(key, Baseline())
        if key in self.arrived:
            entry = self.arrived[key]
            sent = f"a save of run {entry.run} that got no answer has arrived since"
            yield Reason(ReasonKind.ROLLOUT, f"{sent}: {few(entry.facts.changed)}")
        elif not known.applied:
            yield Reason(
                ReasonKind.UNKNOWN, "nothing is known of it: it was never applied"
            )
        elif never := known.unknown(_changed(planned)):
            said = f"never applied, as others of it alone were: {', '.join(never)}"
            yield Reason(ReasonKind.UNKNOWN, said)
        if key in self.stopped:
            said = (
                f"run {self.stopped[key]} left it alone, after failures or taken back"
            )
            yield Reason(ReasonKind.ROLLOUT, said)
        yield from self._undone(key, _changed(planned))

    def _undone(self, key: str, names: set[str]) -> Iterator[Reason]:
        """Say which run took back what was saved last there, or one of the settings."""
        saved = self.last.get(key, {})
        newest = max(saved.values(), key=lambda one: one.number, default=None)
        if newest is not None and newest.rollback_of:
            said = f"run {newest.number} took a run back there"
            yield Reason(ReasonKind.ROLLBACK, said)
            return
        for name in sorted(names & saved.keys()):
            if saved[name].rollback_of:
                said = f"run {saved[name].number} took a run back there: {name}"
                yield Reason(ReasonKind.ROLLBACK, said)


def _changed(planned: DistrictPlan) -> set[str]:
    return {one.change.setting for one in planned.changes()}


def _own(planned: DistrictPlan, at_most: Risk, before: _History) -> Iterator[Reason]:
    """Say why a district waits, whatever the others do."""
    for move in planned.drift:
        was = f"was {spell(move.baseline)}, is now {spell(move.live)}"
        if move.who is MovedBy.BOTH:
            said = f"{move.setting} was changed on Connect and in the file: {was}"
            yield Reason(ReasonKind.CONFLICT, said)
        else:
            said = f"{move.setting} was changed on Connect by hand: {was}"
            yield Reason(ReasonKind.DRIFT, said)
    yield from _risky(planned, at_most)
    yield from before.reasons(planned)


def _risky(planned: DistrictPlan, at_most: Risk) -> Iterator[Reason]:
    order = list(Risk)
    for risk in order[order.index(at_most) + 1 :]:
        risky = [one for one in planned.changes() if one.risk is risk]
        if risky:
            names = dict.fromkeys(one.change.setting for one in risky)
            yield Reason(ReasonKind.RISK, f"{risk.value}: {', '.join(names)}")


def _late(plan: Plan, district: str) -> Iterator[Reason]:
    """Say what should have returned by now on a district that waits."""
    for guard in plan.guards:
        if guard.district == district and guard.rule in OVERDUE:
            said = f"{guard.severity.value}: {guard.rule}: {guard.message}"
            yield Reason(ReasonKind.GUARD, said)


def _file_warnings(
    planned: DistrictPlan, findings: Sequence[Finding]
) -> Iterator[Reason]:
    """Say what rules warn of in its files, as far as it concerns what would change."""
    settings = _changed(planned)
    for one in findings:
        own = one.place.file == planned.file or planned.district in one.districts
        # what is only ahead holds nothing up today
        grave = one.severity is Severity.WARNING and one.day is None
        if own and grave and _concerns(one.path, settings):
            yield Reason(ReasonKind.FILE, f"{one.rule}: {one.message}")


def _concerns(path: KeyPath, settings: Collection[str]) -> bool:
    """Say whether a finding may be about these settings: not if it names another."""
    # a period sets what `settings` sets on other days
    section, *rest = (path[2:] if path[:1] == ("scheduled",) else path) or ("",)
    if section in {"settings", "credentials"} and rest:
        return rest[0] in settings
    return section != "allow"


def _speaks(guard: GuardFinding) -> bool:
    # that a return is late speaks for making it
    return guard.severity is not Severity.INFO and guard.rule not in OVERDUE


def _guard_reasons(going: Plan) -> dict[str, tuple[Reason, ...]]:
    """Give what guards say of single districts."""
    there = {one.district for one in going.districts}
    found: dict[str, tuple[Reason, ...]] = {}
    for guard in going.guards:
        if guard.district in there and _speaks(guard):
            found[guard.district] = (*found.get(guard.district, ()), _reason(guard))
    return found


def _reason(guard: GuardFinding) -> Reason:
    why = ReasonKind.HOUR if guard.needs_reason else ReasonKind.GUARD
    return Reason(why, f"{guard.rule}: {guard.message}")


def _unapproved(
    going: Plan, given: PlanContext, archive: StateReader
) -> Iterator[Reason]:
    digest = plan_digest(going)
    try:
        insist_approved(going, digest, given.policy, archive.approvals(digest), None)
    except NotApproved:
        names = given.policy.approval.names
        people = f"{names} people have" if names > 1 else "a person has"
        yield Reason(
            ReasonKind.APPROVAL, f"{people} to approve a plan with such changes"
        )


def _stopped_before(
    archive: StateReader, plan: Plan, last: Mapping[str, Mapping[str, RunHead]]
) -> dict[str, int]:
    """
    Give the districts that a roll-out left alone because others failed, and its run.

    So does one that was taken back: what it had not reached was not to be made either.
    A later run settles that of the settings that it saved: its author looked at these.
    """
    left, behind = archive.unended(plan.backend), archive.left_behind(plan.backend)
    stopped = cache(lambda number: _stopped_by_failures(archive.run(number)))
    planned_by = cache(lambda number: _planned_by(archive, number))
    found = {key: run for key, run in left.items() if stopped(run)}
    now = _changes_of(plan)
    for key, run, surely in behind:
        saved = last.get(key, {}).items()
        names = now.get(key, set()) - {n for n, head in saved if head.number > run}
        left_alone = names and (surely or stopped(run))
        if left_alone and names & planned_by(run).get(key, names):
            found.setdefault(key, run)
    return found


def _planned_by(archive: StateReader, number: int) -> dict[str, set[str]]:
    with suppress(DamagedPlan):
        return _changes_of(archive.plan(number)[0])
    # whatever it may have been about
    return {}


def _changes_of(plan: Plan) -> dict[str, set[str]]:
    return {one.district: _changed(one) for one in plan.districts}


def _stopped_by_failures(run: Run) -> bool:
    # a runner that was killed did not write down that it stops
    return run.ended is None and run.tally.failed + run.tally.conflict > 0


def lives_of(plan: Plan) -> Mapping[str, Live]:
    """Give what was read of the districts that a plan changes."""
    return {
        one.district: Live(one.district, one.live_version, one.live, one.read_at)
        for one in plan.districts
    }


def observe_plan(
    plan: Plan, wanted: Sequence[PlannedDistrict], baselines: Baselines
) -> dict[str, BaselineUpdate]:
    """Say what the reading of a plan proves of the districts that it changes."""
    launched = {
        want.district.key for want in wanted if is_launched(want.district.facts, None)
    }
    return {
        one.district: observe_district(
            one.desired,
            without(one.live, one.kept),
            baselines.get(one.district, Baseline()),
            launched=one.district in launched,
        )
        for one in plan.districts
    }


FATES = {
    Ending.DONE: Result.DONE,
    Ending.FAILED: Result.FAILED,
    Ending.CONFLICT: Result.CONFLICT,
    Ending.WAITING: Result.LEFT,
    Ending.SKIPPED: Result.LEFT,
    Ending.NOT_REACHED: Result.LEFT,
}


@dataclass(frozen=True, slots=True)
class ReconcileSummary:
    """
    A pass as it went: the plan of everything, its division, and how its run ended.

    ``came`` is the outcome of the run, or why there was none though one was tried; None
    where none was.
    """

    plan: Plan
    wanted: Sequence[PlannedDistrict]
    division: Split
    came: Outcome | StalePlan | None

    def told(self, *, at_most: Risk, dry_run: bool) -> ReconcileReport:
        """Sum the pass up."""
        came, reasons = self.came, self.division.reasons
        if isinstance(came, StalePlan):
            reasons = (Reason(ReasonKind.CONNECT, " ".join(came.message.split())),)
        outcome = came if isinstance(came, Outcome) else None
        return ReconcileReport(
            at=self.plan.created,
            backend=self.plan.backend,
            at_most=at_most,
            dry_run=dry_run,
            districts=tuple(sorted(self._fared(outcome), key=lambda one: one.district)),
            reasons=reasons,
            run=(outcome.run or None) if outcome else None,
        )

    def _fared(self, outcome: Outcome | None) -> Iterator[DistrictResult]:
        files = {want.district.key: want.file for want in self.wanted}
        for key in self.plan.in_step:
            yield DistrictResult(key, files[key], Result.IN_STEP)
        for one in self.plan.failed:
            reason = Reason(ReasonKind.CONNECT, one.message)
            yield DistrictResult(one.district, one.file, Result.UNREAD, (reason,))
        for lost in self.plan.still_running:
            reasons = self.division.held.get(lost.district, ())
            yield DistrictResult(lost.district, lost.file, Result.HELD, reasons)
        ended = {one.district: one for one in outcome.districts} if outcome else {}
        for planned in self.plan.districts:
            yield self._of(planned, ended)

    def _of(
        self, planned: DistrictPlan, ended: Mapping[str, DistrictOutcome]
    ) -> DistrictResult:
        key, file = planned.district, planned.file
        if held := self.division.held.get(key):
            return DistrictResult(key, file, Result.HELD, held)
        outcome = ended.get(key)
        if outcome is None:
            return DistrictResult(key, file, Result.READY)
        reasons = (
            (Reason(ReasonKind.CONNECT, outcome.message),) if outcome.message else ()
        )
        return DistrictResult(
            key,
            file,
            FATES[outcome.ending],
            reasons,
            outcome.changes,
            outcome.remedy,
        )
