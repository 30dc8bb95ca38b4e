"""Reconciling: which part of a plan may be made true with nobody there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from connectsync.apply.journal import BaselineUpdate, Entry
from connectsync.apply.settling import arrivals
from connectsync.apply.state.queries import StateReader
from connectsync.domain.baseline import Baseline, Baselines, is_launched
from connectsync.domain.counting import few
from connectsync.domain.drift import Moved
from connectsync.domain.finding import Finding, Path, Severity
from connectsync.domain.guard import GuardFinding
from connectsync.domain.live import Live
from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.reconciled import Reason, Why
from connectsync.domain.risk import Risk
from connectsync.domain.run import Run, RunState
from connectsync.domain.untouched import without
from connectsync.domain.values import spell
from connectsync.errors import NotApproved
from connectsync.operations.accepting import insist_approved
from connectsync.operations.drifting import seen_of
from connectsync.operations.planning import Circumstances, Wanted, guarded


@dataclass(frozen=True, slots=True)
class Division:
    """
    A plan divided into what may go unattended, and what waits for a person.

    ``going`` is a plan of its own, guarded by itself. ``held`` says by district why it
    waits; ``reasons`` speak against all of ``going``.
    """

    going: Plan
    held: Mapping[str, tuple[Reason, ...]]
    reasons: tuple[Reason, ...]


def divided(
    plan: Plan,
    wanted: Sequence[Wanted],
    given: Circumstances,
    archive: StateReader,
    findings: Sequence[Finding] = (),
) -> Division:
    """
    Divide the plan of a fleet; ``findings`` are those of its files.

    A district may go if each of its changes is at most as risky as the project allows
    unattended, it was applied before and not changed by hand since, no roll-out stopped
    before it, no run was undone there, and neither a guard nor a rule about the changed
    settings says anything: an unread warning is no warning.
    """
    districts = [want.district for want in wanted]
    before = _Before(
        given.baselines,
        _stopped_before(archive, plan.backend),
        archive.taken_back(plan.backend),
        arrivals(given.open_saves, lives_of(plan)),
    )
    held = {
        planned.district: reasons
        for planned in plan.districts
        if (
            reasons := (
                *_own(planned, given.policy.unattended, before),
                *_warned(planned, findings),
            )
        )
    }
    fresh = _fresh(plan, wanted, given.baselines)
    going = guarded(_without(fresh, held), districts, given)
    while found := _objected(going):
        held |= found
        going = guarded(_without(going, held), districts, given)
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
    return Division(going, held, (*against, *_unapproved(going, given, archive)))


def _fresh(plan: Plan, wanted: Sequence[Wanted], baselines: Baselines) -> Plan:
    """Leave out what is in step and known to be: it need not be read once more."""
    desired = {want.district.key: want.district.desired() for want in wanted}

    def is_known(key: str) -> bool:
        kept = baselines.get(key)
        return kept is not None and kept.was_running and kept.form == desired[key]

    unknown = tuple(key for key in plan.in_step if not is_known(key))
    return replace(plan, in_step=unknown, failed=())


def _without(plan: Plan, held: Mapping[str, object]) -> Plan:
    going = tuple(one for one in plan.districts if one.district not in held)
    return replace(plan, districts=going)


@dataclass(frozen=True, slots=True)
class _Before:
    """
    What came before, by district.

    ``stopped`` are runs that stopped before it, ``back`` runs that took it back, and
    ``arrived`` saves of ours that got no answer and are there now.
    """

    baselines: Baselines
    stopped: Mapping[str, int]
    back: Mapping[str, int]
    arrived: Mapping[str, Entry]

    def reasons(self, key: str) -> Iterator[Reason]:
        if key in self.arrived:
            entry = self.arrived[key]
            sent = f"a save of run {entry.run} that got no answer has arrived since"
            yield Reason(Why.ROLLOUT, f"{sent}: {few(entry.facts.changed)}")
        elif not self.baselines.get(key, Baseline()).applied:
            yield Reason(Why.UNKNOWN, "nothing is known of it: it was never applied")
        if key in self.stopped:
            said = f"run {self.stopped[key]} stopped before it, after failures"
            yield Reason(Why.ROLLOUT, said)
        if key in self.back:
            yield Reason(Why.ROLLBACK, f"run {self.back[key]} took a run back there")


def _own(planned: DistrictPlan, at_most: Risk, before: _Before) -> Iterator[Reason]:
    """Say why a district waits, whatever the others do."""
    for move in planned.drift:
        was = f"was {spell(move.baseline)}, is now {spell(move.live)}"
        if move.who is Moved.BOTH:
            said = f"{move.setting} was changed on Connect and in the file: {was}"
            yield Reason(Why.CONFLICT, said)
        else:
            said = f"{move.setting} was changed on Connect by hand: {was}"
            yield Reason(Why.DRIFT, said)
    yield from _risky(planned, at_most)
    yield from before.reasons(planned.district)


def _risky(planned: DistrictPlan, at_most: Risk) -> Iterator[Reason]:
    order = list(Risk)
    for risk in order[order.index(at_most) + 1 :]:
        risky = [one for one in planned.changes() if one.risk is risk]
        if risky:
            names = dict.fromkeys(one.change.setting for one in risky)
            yield Reason(Why.RISK, f"{risk.value}: {', '.join(names)}")


def _warned(planned: DistrictPlan, findings: Sequence[Finding]) -> Iterator[Reason]:
    """Say what rules warn of in its files, as far as it concerns what would change."""
    settings = {one.change.setting for one in planned.changes()}
    for one in findings:
        own = one.place.file == planned.file or planned.district in one.districts
        if own and one.severity is Severity.WARNING and _concerns(one.path, settings):
            yield Reason(Why.FILE, f"{one.rule}: {one.message}")


def _concerns(path: Path, settings: Collection[str]) -> bool:
    """Say whether a finding may be about these settings: not if it names another."""
    section, *rest = path or ("",)
    if section in {"settings", "credentials"} and rest:
        return rest[0] in settings
    return section != "allow"


def _speaks(guard: GuardFinding) -> bool:
    return guard.severity is not Severity.INFO


def _objected(going: Plan) -> dict[str, tuple[Reason, ...]]:
    """Give what guards say of single districts."""
    there = {one.district for one in going.districts}
    found: dict[str, tuple[Reason, ...]] = {}
    for guard in going.guards:
        if guard.district in there and _speaks(guard):
            found[guard.district] = (*found.get(guard.district, ()), _reason(guard))
    return found


def _reason(guard: GuardFinding) -> Reason:
    why = Why.HOUR if guard.needs_reason else Why.GUARD
    return Reason(why, f"{guard.rule}: {guard.message}")


def _unapproved(
    going: Plan, given: Circumstances, archive: StateReader
) -> Iterator[Reason]:
    digest = plan_digest(going)
    try:
        insist_approved(going, digest, given.policy, archive.approvals(digest), None)
    except NotApproved:
        names = given.policy.approval.names
        people = f"{names} people have" if names > 1 else "a person has"
        yield Reason(Why.APPROVAL, f"{people} to approve a plan with such changes")


def _stopped_before(archive: StateReader, backend: str) -> dict[str, int]:
    """
    Give the districts that a roll-out left alone because others failed, and its run.

    A later run of the same district settles that; whoever made it looked.
    """
    newest = archive.newest_runs(backend)
    left = {
        key: run for key, run in archive.unended(backend).items() if newest[key] == run
    }
    stopped = {
        number
        for number in set(left.values())
        if _stopped_by_failures(archive.run(number))
    }
    return {key: run for key, run in left.items() if run in stopped}


def _stopped_by_failures(run: Run) -> bool:
    tally = run.tally
    return run.state is RunState.STOPPED and tally.failed + tally.conflict > 0


def lives_of(plan: Plan) -> Mapping[str, Live]:
    """Give what was read of the districts that a plan changes."""
    return {
        one.district: Live(one.district, one.live_version, one.live, one.read_at)
        for one in plan.districts
    }


def seen_in(
    plan: Plan, wanted: Sequence[Wanted], baselines: Baselines
) -> dict[str, BaselineUpdate]:
    """Say what the reading of a plan proves of the districts that it changes."""
    launched = {
        want.district.key for want in wanted if is_launched(want.district.facts, None)
    }
    return {
        one.district: seen_of(
            one.desired,
            without(one.live, one.kept),
            baselines.get(one.district, Baseline()),
            launched=one.district in launched,
        )
        for one in plan.districts
    }
