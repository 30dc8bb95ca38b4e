"""The gate: what a plan has to pass before anything is saved, by any command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import PurePosixPath

from connectsync.apply.state.queries import StateReader
from connectsync.domain.district import District
from connectsync.domain.finding import Finding, Severity
from connectsync.domain.guard import GuardFinding, closing, needed
from connectsync.domain.live import CLOCKS_DIFFER
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.policy import WAVES
from connectsync.domain.run import LATELY, RunHead
from connectsync.errors import DamagedPlan, InvalidFiles, UsageError
from connectsync.operations.approve import insist_accepted, insist_approved
from connectsync.operations.plan import PlanContext, PlannedDistrict, add_guards
from connectsync.operations.plan_checks import insist_honest
from connectsync.operations.rollback import insist_told, insist_way_back, undone
from connectsync.rules.catalogue import lasting

PROFILES = "_profiles"
"""The folder of the layers that districts build on."""


@dataclass(frozen=True, slots=True)
class Consent:
    """
    What a person said to a plan.

    ``accepted`` are counts by guard, ``reasons`` overrides by guard, and ``approved``
    the digest that was approved elsewhere, None where none was given.
    """

    accepted: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    approved: str | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """
    The gate that `apply`, `resume`, `rollback` and `reconcile` pass.

    ``districts`` are those of the files now, ``given`` is the hour, the policy and the
    last day. ``begun`` is the run that a plan was begun in: what was accepted of the
    plan itself then still holds for the part that is left, and so does its approval.
    """

    given: PlanContext
    districts: Sequence[District]
    archive: StateReader
    consent: Consent = field(default_factory=Consent)
    begun: RunHead | None = None

    def insist_honest(self, plan: Plan) -> None:
        """
        Refuse a plan that does not follow from its own values.

        Of a way back, the values are those that the journal holds from before the run,
        and what a person changed since is told in it, until it is begun. Raises
        ``DamagedPlan``.
        """
        insist_honest(plan, self.given.baselines)
        latest = self.given.now + CLOCKS_DIFFER
        if ahead := [one.district for one in plan.districts if one.read_at > latest]:
            raise DamagedPlan(
                f"the plan says that {ahead[0]} was read at a time which is yet to come"
            )
        if plan.rollback_of is not None:
            back = self.archive.run(plan.rollback_of)
            steps = undone(self.archive.journal(back.number))
            insist_way_back(plan, back, steps)
            digest = plan_digest(plan)
            if self.archive.last_run(digest, plan.backend) is None:
                insist_told(plan, steps, self.given.baselines)

    def insist_allowed(self, plan: Plan, digest: str = "") -> None:
        """
        Refuse a plan unless its guards are accepted, and it is approved.

        ``digest`` is that of the plan as it was reviewed, where ``plan`` is what is
        left of it. Raises ``Refused``.
        """
        policy, digest = self.given.policy, digest or plan_digest(plan)
        begun = self.archive.last_run(digest, plan.backend) is not None
        now = add_guards(plan, self.districts, self.given, begun=begun)
        now = replace(now, guards=(*now.guards, *_no_longer_told(plan, now)))
        insist_accepted(now, self._accepted(now), self._reasons(now))
        approved = self.consent.approved
        if approved is None and self.begun is not None:
            approved = digest if self.begun.approved_elsewhere else None
        insist_approved(now, digest, policy, self.archive.approvals(digest), approved)

    def _accepted(self, plan: Plan) -> Mapping[str, int]:
        """Give what is accepted, now or of the whole plan when its run was begun."""
        begun = self.begun.accepted if self.begun is not None else {}
        before = {
            name: count
            for name, count in needed(plan.guards).items()
            if name in lasting() and count <= begun.get(name, 0)
        }
        return {**before, **self.consent.accepted}

    def _reasons(self, plan: Plan) -> Mapping[str, str]:
        """Give the reasons without the one for the waves, which no guard asks for."""
        said = self.consent.reasons
        if WAVES in said and not self.given.policy.rollout.waves:
            raise UsageError(
                "the project has no waves to override",
                remedy=f"leave --override {WAVES} out",
            )
        begun = lasting_reasons(self.begun, self.given.now) if self.begun else {}
        closed = closing(plan.guards)
        before = {name: why for name, why in begun.items() if name in closed}
        return before | {name: why for name, why in said.items() if name != WAVES}


def _no_longer_told(plan: Plan, now: Plan) -> Iterator[GuardFinding]:
    """
    Give guards that a plan was reviewed with, and that the files of now do not raise.

    A change that raises a limit along with the districts would accept itself.
    """
    told = {one.accept for one in now.guards}
    for one in plan.guards:
        if one.accept in lasting() and one.accept not in told:
            yield one


def lasting_reasons(run: RunHead, now: datetime) -> dict[str, str]:
    """
    Give the reasons of a run that still hold.

    An hour is overridden for a day: a reason of last week says nothing of tonight. The
    waves are part of the run for good.
    """
    fresh = now - run.began < LATELY
    return {name: why for name, why in run.reasons.items() if fresh or name == WAVES}


def insist_files(
    plan: Plan, wanted: Sequence[PlannedDistrict], findings: Sequence[Finding]
) -> None:
    """
    Refuse a plan of a district whose file has an error now.

    ``findings`` are those of all files; what is wrong with other districts does not
    matter, so that a run can be resumed or undone meanwhile. Raises ``InvalidFiles``.
    """
    known = {want.district.key: want.file for want in wanted}
    keys = {one.district for one in plan.districts}
    files = {known.get(one.district, one.file) for one in plan.districts}
    unread = bool(keys - known.keys())
    errors = [
        one
        for one in findings
        if one.severity is Severity.ERROR
        and (
            one.place.file in files
            or keys & set(one.districts)
            # a layer that cannot be read takes its districts along
            or (unread and PROFILES in PurePosixPath(one.place.file).parts)
        )
    ]
    if errors:
        place = errors[0].place
        more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
        raise InvalidFiles(
            "a file of the districts to be saved has an error:"
            f" {place.file}:{place.line}:{place.column}: {errors[0].message}{more}",
            remedy="run `connectsync validate` and fix the errors first; or give"
            " --ignore-files to apply it all the same",
        )
