"""The gate: what a plan has to pass before anything is saved, by any command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath

from connectsync.apply.state.queries import StateReader
from connectsync.config.discovery import PROFILES
from connectsync.domain.district import District, token_identity
from connectsync.domain.drift import Baselines
from connectsync.domain.finding import Finding, GuardFinding, Severity, closing, needed
from connectsync.domain.live import CLOCKS_DIFFER, ConnectKey
from connectsync.domain.plan import REACHED_BY, DistrictPlan, Plan, RosterImpact, Save
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.policy import ALL, WAVES, Shard
from connectsync.domain.run import LATELY, RunHead, close_command
from connectsync.domain.schedule import spell_managed
from connectsync.domain.settings import BY_NAME, FIRST_FORM, Form, is_same, spell
from connectsync.errors import (
    DamagedPlan,
    GuardRefused,
    InvalidFiles,
    StalePlan,
    UsageError,
)
from connectsync.operations.approve import (
    insist_accepted,
    insist_approved,
    with_names,
    with_turns,
)
from connectsync.operations.plan import (
    PlanContext,
    PlannedDistrict,
    add_guards,
    saves_of,
)
from connectsync.operations.rollback import (
    find_later_saves,
    insist_told,
    insist_way_back,
    undone,
)
from connectsync.rules.catalogue import acceptable, lasting, overridable
from connectsync.values import dataclass, field, replace

LOOSENED = (
    "  connectsync.yaml allows more now than before the change that this plan is of;"
    " for this plan what it allowed before holds as well"
)
"""What is said where a plan is refused, and the project file is looser by now."""


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """
    What a person, or a job, decided about a run.

    ``accepted`` are guards with the number that is accepted, ``reasons`` those that
    are overridden, ``approved`` is the digest of a plan that was approved elsewhere.
    ``only`` are districts of the plan that are applied; None for all that the shard
    holds.
    """

    accepted: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    approved: str | None = None
    ignore_files: bool = False
    shard: Shard = ALL
    only: frozenset[str] | None = None


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
    options: ApplyOptions = field(default_factory=ApplyOptions)
    begun: RunHead | None = None

    def insist_honest(self, plan: Plan) -> None:
        """
        Refuse a plan that does not follow from its own values.

        Of a way back, the values are those that the journal holds from before the run,
        and what a person or a later run changed since is told in it, until it is
        begun. Raises ``DamagedPlan``, and ``StalePlan`` for a plan of a change that
        does not say what held before it.
        """
        insist_honest(plan, self.given.baselines)
        latest = self.given.now + CLOCKS_DIFFER
        if ahead := [one.district for one in plan.districts if one.read_at > latest]:
            raise DamagedPlan(
                f"the plan says that {ahead[0]} was read at a time which is yet to come"
            )
        begun = self.archive.last_run(plan_digest(plan), plan.backend) is not None
        if plan.since is not None and not begun:
            self._insist_limits(plan, plan.since)
        if plan.rollback_of is not None:
            back = self.archive.run(plan.rollback_of)
            steps = undone(self.archive.journal(back.number))
            insist_way_back(plan, back, steps)
            if not begun:
                newest = self.archive.newest(1).lines[0].head.number
                saves = self.archive.confirmed(back.backend, (back.number, newest))
                later = find_later_saves(saves, back.number)
                insist_told(plan, steps, self.given.baselines, later)

    def _insist_limits(self, plan: Plan, since: str) -> None:
        """Refuse a plan of a change of which it is not known what held before it."""
        if plan.limits is None and self.given.before is None:
            raise StalePlan(
                "the plan is of one change, and does not say what connectsync.yaml"
                " allowed before it: it is of an older version, and git does not know"
                f" the commit {since[:12]} here"
            )

    def insist_same_connection(self, plan: Plan) -> None:
        """
        Refuse a plan if the project file reaches Connect in another way by now.

        The name of a Connect stays where its address, or a label of its page, changes.
        A plan of an older version does not say how it was. Raises ``StalePlan``.
        """
        then, now = plan.connection, self.given.connection
        moved = [key for key in REACHED_BY if then.get(key) != now.get(key)]
        if not then or not moved:
            return
        remedy = None
        if self.begun is not None:
            end = close_command(self.begun.number)
            remedy = f"make a new plan, and end this run: {end}"
        raise StalePlan(
            "connectsync.yaml says otherwise how Connect is reached than when the plan"
            f" was made: {', '.join(moved)}",
            remedy=remedy,
        )

    def insist_allowed(self, plan: Plan, digest: str = "") -> None:
        """
        Refuse a plan unless its guards are accepted, and it is approved.

        ``digest`` is that of the plan as it was reviewed, where ``plan`` is what is
        left of it. Raises ``Refused``.
        """
        policy, digest = self.given.policy, digest or plan_digest(plan)
        begun = self.archive.last_run(digest, plan.backend) is not None
        given = replace(self.given, policy=self.given.policy_for(plan))
        now = add_guards(plan, self.districts, given, begun=begun)
        now = replace(now, guards=(*now.guards, *self._no_longer_told(plan, now)))
        try:
            insist_accepted(now, self._accepted(now), self._reasons(now))
        except GuardRefused as refused:
            if given.policy == policy:
                raise
            raise GuardRefused(
                refused.sentence,
                below=(*refused.below, LOOSENED),
                remedy=refused.remedy,
            ) from refused
        approved = self.options.approved
        if approved is None and self.begun is not None:
            approved = digest if self.begun.approved_elsewhere else None
        insist_approved(now, digest, policy, self.archive.approvals(digest), approved)

    def _no_longer_told(self, plan: Plan, now: Plan) -> Iterator[GuardFinding]:
        """
        Give guards that a plan was reviewed with and the files of now do not raise.

        A change that raises a limit along with the districts would accept itself. What
        was counted of a day holds for a day.
        """
        held, told = lasting(), {one.accept for one in now.guards}
        if self.begun is None and self.given.now - plan.created < LATELY:
            held = frozenset(acceptable())
        for one in plan.guards:
            if one.accept in held and one.accept not in told:
                yield one

    def _accepted(self, plan: Plan) -> Mapping[str, int]:
        """Give what is accepted, now or of the whole plan when its run was begun."""
        begun = self.begun.accepted if self.begun is not None else {}
        before = {
            name: count
            for name, count in needed(plan.guards).items()
            if name in lasting() and count <= begun.get(name, 0)
        }
        return {**before, **self.options.accepted}

    def _reasons(self, plan: Plan) -> Mapping[str, str]:
        """Give the reasons without the one for the waves, which no guard asks for."""
        said = self.options.reasons
        if WAVES in said and not self.given.policy.rollout.waves:
            raise UsageError(
                "the project has no waves to override",
                remedy=f"leave --override {WAVES} out",
            )
        begun = lasting_reasons(self.begun, self.given.now) if self.begun else {}
        closed = closing(plan.guards)
        before = {name: why for name, why in begun.items() if name in closed}
        return before | {name: why for name, why in said.items() if name != WAVES}


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


def of_connect(plan: Plan, connect: ConnectKey, remedy: str | None = None) -> Plan:
    """
    Give a plan with the key of the Connect it was made on, however it was spelled.

    Raises ``StalePlan`` with the remedy if it was made on another one.
    """
    if not connect.means(plan.backend):
        raise StalePlan(
            f"the plan was made on {plan.backend}, and this is {connect.key}",
            remedy=remedy,
        )
    return replace(plan, backend=connect.key)


def insist_honest(plan: Plan, baselines: Baselines) -> None:
    """
    Refuse a plan whose saves are not those its own values call for.

    Someone who edits a plan can compute its digest again; what its files wanted and
    what Connect held must still explain every change. Raises ``DamagedPlan``.
    """
    seen: set[str] = set()
    for planned in plan.districts:
        if planned.district in seen:
            raise DamagedPlan(f"the plan holds {planned.district} twice")
        seen.add(planned.district)
        if unseen := FIRST_FORM - planned.live.keys():
            raise DamagedPlan(
                f"the plan does not say what {min(unseen)} of {planned.district} was"
            )
        _insist_unknown(planned)
        if _changes(planned.saves) != _changes(saves_of(planned, baselines)):
            raise DamagedPlan(
                f"the plan's changes of {planned.district} are not those that its"
                " files and its live form call for"
            )
        if isinstance(told := planned.impact, RosterImpact):
            of = tuple(one.setting for one in told.settings)
            if of != planned.counted() or not told.adds_up():
                raise DamagedPlan(
                    f"the plan's tallies of {planned.district} do not fit its changes"
                )


def _insist_unknown(planned: DistrictPlan) -> None:
    """Refuse labels that are said to be kept and that a file could have named."""
    for name, labels in planned.kept.items():
        desired, live = planned.desired.get(name), planned.live.get(name)
        strange: frozenset[str] = frozenset()
        if isinstance(desired, frozenset) and isinstance(live, frozenset):
            strange = live - desired - set(BY_NAME[name].labels)
        if not labels <= strange:
            raise DamagedPlan(
                f"the plan keeps {spell(labels)} in {name} of {planned.district},"
                " which is not there or which files can name"
            )


def _changes(saves: tuple[Save, ...]) -> list[list[object]]:
    return [[planned.change for planned in save.changes] for save in saves]


def insist_same_files(plan: Plan, wanted: Sequence[PlannedDistrict]) -> None:
    """
    Refuse a plan whose districts' files say something else now.

    Of a plan of one change to the files, what it does not speak of may be otherwise.
    Raises ``StalePlan`` naming district, setting, old and new value.
    """
    desired = {want.district.key: want.district.desired() for want in wanted}
    moved = [
        f"{planned.district}: {sentence}"
        for planned in plan.districts
        for sentence in _moved_settings(
            planned.desired, desired.get(planned.district), whole=not plan.partial
        )
    ]
    if moved:
        raise StalePlan(
            "the files changed since the plan was made:",
            below=(f"  {one}" for one in moved),
        )


def insist_same_days(plan: Plan, now: datetime) -> None:
    """
    Refuse a plan of values that were scheduled to end, or to begin, before now.

    This holds whatever the files say by now. Raises ``StalePlan`` naming each.
    """
    over = [
        f"  {one.district}: {turn.setting} was to be {spell_managed(turn.now)} until"
        f" {turn.until} ({turn.zone}), and {spell_managed(turn.then)} from then on"
        for one in plan.districts
        for turn in one.turned(now)
    ]
    if over:
        raise StalePlan(
            "the day is over for which the plan was made:",
            below=over,
            remedy="make a new plan: it holds what is scheduled for today",
        )


def insist_same_tokens(plan: Plan, wanted: Sequence[PlannedDistrict]) -> None:
    """
    Refuse a plan that may type a token which the district's file names otherwise now.

    Another reference is another roster, so it is not looked over where files are to be
    ignored. Raises ``StalePlan``, and ``DamagedPlan`` for a way back that types one.
    """
    named = {one.district.key: one.district.credentials.oauth_token for one in wanted}
    for one in plan.districts:
        now = named.get(one.district) or ""
        if not one.set_token:
            continue
        if plan.rollback_of is not None:
            raise DamagedPlan(
                f"the plan takes a run back, and types a token on {one.district}"
            )
        if not one.token:
            raise StalePlan(
                f"the plan types a token on {one.district}, and does not say which: it"
                " is of an older version"
            )
        if token_identity(one.token) != token_identity(now):
            raise StalePlan(
                f"the token of {one.district} was {one.token} when the plan was made,"
                f" and is {now or 'named nowhere'} now"
            )


def _moved_settings(then: Form, now: Form | None, *, whole: bool) -> list[str]:
    if now is None:
        return ["its file is gone"]
    return [
        f"{name} was {_spell_setting(then, name)}, is now {_spell_setting(now, name)}"
        for name in BY_NAME
        if (whole or name in then) and not _is_same(then, now, name)
    ]


def _is_same(then: Form, now: Form, name: str) -> bool:
    if (name in then) != (name in now):
        return False
    return is_same(name, then.get(name), now.get(name))


def _spell_setting(form: Form, name: str) -> str:
    return spell(form[name]) if name in form else "not managed"


def as_it_is(
    plan: Plan, districts: Sequence[District], given: PlanContext, *, begun: bool
) -> Plan:
    """
    Give a plan with guards, risks, effects and names taken again: a file may lie.

    ``districts`` are those of the files, as far as they can be read. What only the plan
    says that guards hold against it is told as well, as files may have moved on; of an
    hour that is closed just now nothing, as nothing is applied now. Raises
    ``DamagedPlan`` if its changes are not those that its own values call for.
    """
    insist_honest(plan, given.baselines)
    given = replace(given, policy=given.policy_for(plan))
    plan = with_turns(plan, districts)
    now = with_names(add_guards(plan, districts, given, begun=begun), districts)
    hours = frozenset(overridable())
    found = [one for one in now.guards if one.accept not in hours]
    told = {one.accept for one in found}
    before = (one for one in plan.guards if one.accept not in told)
    return replace(now, guards=(*found, *before))
