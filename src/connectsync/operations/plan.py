"""Compare the files with Connect and make a plan."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from connectsync.apply.saving import OpenSaves, with_what_arrived
from connectsync.backends.seam import Reader
from connectsync.domain.district import (
    District,
    Facts,
    Untouched,
    WhyUntouched,
    kept_labels,
    turns_to_come,
    unpublished,
    without,
)
from connectsync.domain.drift import (
    Baseline,
    Baselines,
    ChangedSince,
    DistrictDrift,
    drift_of,
    is_launched,
    movements,
)
from connectsync.domain.live import Live
from connectsync.domain.plan import (
    DistrictPlan,
    NotPlanned,
    Plan,
    PlannedChange,
    Save,
    StillRunning,
    saves_for,
)
from connectsync.domain.policy import Policy
from connectsync.domain.run import RecentSaves
from connectsync.domain.settings import (
    BY_NAME,
    Change,
    Form,
    changes_of,
    crowded_out,
    form_spelled_as,
    labels_in,
    list_differing,
    running,
)
from connectsync.errors import Bug, ConnectError, DistrictNotFound
from connectsync.providers.form import Risk, Value
from connectsync.rules.catalogue import PLAN_RULES
from connectsync.rules.engine import PlanAtHour, guard_finding, problems
from connectsync.rules.scheduled import find_overdue
from connectsync.values import dataclass, field, replace


def changes_between(live: Form, desired: Form) -> tuple[Change, ...]:
    """
    Give the changes that make the managed settings true, in the form's order.

    A setting that ``desired`` does not name is not managed: never compared. One that
    ``live`` does not name is unknown: never compared either.
    """
    return tuple(
        change
        for name in find_differing(live, desired)
        for change in changes_of(name, live.get(name), desired[name])
    )


def find_differing(live: Form, desired: Form) -> tuple[str, ...]:
    """Name the settings of ``desired`` that ``live`` holds otherwise, in form order."""
    names = list_differing(live, desired)
    # DeepDiff is asked about sets of labels that differ; Python knows all the rest
    held = {name: live[name] for name in names}
    labels = {name: labels_in(value) for name, value in held.items()}
    wanted = form_spelled_as({name: desired[name] for name in names}, labels)
    return tuple(name for name in names if _is_apart(held[name], wanted[name]))


def _is_apart(held: Value, wanted: Value) -> bool:
    plain = (str, int, type(None))
    if isinstance(held, plain) and isinstance(wanted, plain):
        # to Python 1 and true are the same
        return (type(held), held) != (type(wanted), wanted)
    return _are_apart(held, wanted)


@lru_cache(maxsize=4096)
def _are_apart(held: Value, wanted: Value) -> bool:
    """Ask DeepDiff once about what many districts have in common: it takes long."""
    from deepdiff import DeepDiff  # noqa: PLC0415 - with what it needs an eighth of a start

    return bool(DeepDiff(held, wanted))


def find_kept_labels(
    district: District, live: Form, baseline: Baseline, desired: Form
) -> dict[str, frozenset[str]]:
    """Give the ticked labels of a district that its files do not know, by setting."""
    if desired.items() <= live.items():
        return {}
    ours = {name: baseline.form[name] for name in desired if name in baseline.form}
    return kept_labels(live, desired, district.named | unpublished(ours))


def assess_again(
    plan: Plan,
    districts: Sequence[District],
    baselines: Baselines,
    *,
    begun: bool = False,
) -> Plan:
    """
    Give a plan with risks and drift worked out again from its own values.

    A risk that the plan states is never lowered: files or state may have known more
    when it was made.
    """
    # what a way back overwrites was asked about when it was planned
    stated = begun or plan.rollback_of is not None
    facts = {district.key: district.facts for district in districts}

    def again(one: DistrictPlan) -> DistrictPlan:
        saves = saves_of(one, baselines, facts.get(one.district, Facts()))
        one = replace(one, saves=_as_risky(saves, one))
        if stated:
            return one
        baseline = baselines.get(one.district, Baseline())
        known = without(one.live, one.kept)
        return replace(one, drift=drift_of(baseline, one.desired, known))

    return replace(plan, districts=tuple(map(again, plan.districts)))


def _as_risky(saves: tuple[Save, ...], stated: DistrictPlan) -> tuple[Save, ...]:
    """Give saves with the risk that a plan states of a change where it is higher."""
    order = list(Risk)
    known = {one.change: one.risk for one in stated.changes()}

    def riskier(one: PlannedChange) -> PlannedChange:
        both = one.risk, known.get(one.change, one.risk)
        return replace(one, risk=max(both, key=order.index))

    return tuple(
        replace(one, changes=tuple(map(riskier, one.changes))) for one in saves
    )


def saves_of(
    planned: DistrictPlan, baselines: Baselines, facts: Facts | None = None
) -> tuple[Save, ...]:
    """Work out from a plan's live form and desired values what must be saved."""
    changes = changes_between(without(planned.live, planned.kept), planned.desired)
    launched = is_launched(facts or Facts(), baselines.get(planned.district))
    typed = planned.set_token
    return saves_for(changes, planned.live, launched=launched, set_token=typed)


@dataclass(frozen=True, slots=True)
class PlannedDistrict:
    """A district to plan for, and the file it stands in."""

    district: District
    file: str


CountImpact = Callable[[tuple[DistrictPlan, ...]], Awaitable[tuple[DistrictPlan, ...]]]
"""Gives districts with what their changes do on their rosters."""


@dataclass(frozen=True, slots=True)
class PlanContext:
    """
    What a plan depends on besides files and Connect.

    ``now`` has a time zone; ``fleet`` is the number of districts in all files; ``tool``
    names this version. ``set_token`` are the districts whose token is to be typed.
    ``recent`` is what was saved lately. With ``since`` only what that change to the
    files causes is planned. ``gone`` are districts that were applied once and have no
    file now, with the file if it is known. ``open_saves`` may arrive late: what arrived
    of ours is no person's change. ``taken`` is when Connect was read, where it is a
    file; ``before`` are the limits from before the change that a plan to apply is of;
    ``connection`` are digests of how the project file reaches Connect. ``count`` counts
    whom a district's changes reach, where that was asked for.
    """

    now: datetime
    tool: str
    scope: tuple[str, ...]
    fleet: int
    policy: Policy
    baselines: Baselines
    recent: RecentSaves = field(default_factory=RecentSaves)
    set_token: frozenset[str] = frozenset()
    since: ChangedSince | None = None
    gone: Mapping[str, str] = field(default_factory=dict)
    open_saves: OpenSaves = field(default_factory=dict)
    taken: datetime | None = None
    before: Policy | None = None
    connection: Mapping[str, str] = field(default_factory=dict)
    count: CountImpact | None = None

    async def counted(self, outcomes: Iterable[object]) -> tuple[DistrictPlan, ...]:
        """Give what is planned, with whom it reaches where that was asked for."""
        planned = tuple(one for one in outcomes if isinstance(one, DistrictPlan))
        return await self.count(planned) if self.count else planned

    def part(self, district: District) -> Form:
        """Give what is planned of a district: all of it, or what the change causes."""
        return self.since.of(district.key) if self.since else district.desired()

    def policy_for(self, plan: Plan) -> Policy:
        """Give the policy, or what held before the change of a plan if stricter."""
        return self.policy.stricter(plan.limits).stricter(self.before)


async def make_plan(
    wanted: Sequence[PlannedDistrict], reader: Reader, circumstances: PlanContext
) -> Plan:
    """
    Compare every wanted district with Connect.

    A district that cannot be read is listed as failed, never as empty. Raises
    ``ConnectError`` only where nothing at all could be read.
    """
    lives = await reader.read_many([want.district.key for want in wanted])
    given = _as_before(circumstances, lives)
    ordered = sorted(wanted, key=lambda want: want.district.key)
    answers = [(want, _answer(lives, want.district.key)) for want in ordered]
    left = {want.district.key: _left_alone(want, live, given) for want, live in answers}
    same = {want.district.key: want.district for want in ordered}
    parts = {key: given.part(one) for key, one in same.items()}
    outcomes = [
        _planned(want, live, parts[want.district.key], given)
        for want, live in answers
        if not (one := left[want.district.key]) or not one.error
    ]
    in_step = tuple(k for k in outcomes if isinstance(k, str) and not left[k])
    plan = Plan(
        *(given.now, given.tool, reader.described, given.scope, given.fleet),
        districts=await given.counted(outcomes),
        in_step=in_step,
        failed=tuple(failed for failed in outcomes if isinstance(failed, NotPlanned)),
        since=given.since.commit if given.since else None,
        left_alone=tuple(one for one in left.values() if one),
        untouched=tuple(
            one
            for want, live in answers
            for one in untouched_on(want, live, given, parts[want.district.key])
        ),
        still_running=await _running_on(reader, given),
        token_not_typed=tokens_not_typed(answers, given),
        limits=given.policy.limits() if given.since else None,
        comes_in=given.since.comes_in if given.since else (),
        goes_out=given.since.goes_out if given.since else (),
        later=given.since.later if given.since else {},
        loosened=given.since.loosened if given.since else (),
        connection=given.connection,
        scheduled=turns_to_come((same[key], parts[key]) for key in in_step),
    )
    return _add_objections(plan, [want.district for want in wanted], given)


def _planned(
    want: PlannedDistrict, live: Live | ConnectError, part: Form, given: PlanContext
) -> DistrictPlan | NotPlanned | str:
    key = want.district.key
    asked = {
        "set_token": key in given.set_token,
        "launched": given.since is not None and key in given.since.launched,
    }
    return plan_district(want, live, given.baselines, desired=part, **asked)


def _as_before(
    given: PlanContext, lives: Mapping[str, Live | ConnectError]
) -> PlanContext:
    """Know what arrived late of ours, which no person changed, and earlier limits."""
    known = with_what_arrived(given.baselines, given.open_saves, lives)
    # a change may loosen the limits of the project file
    earlier = given.since.limits if given.since else None
    return replace(given, baselines=known, policy=given.policy.stricter(earlier))


async def _running_on(reader: Reader, given: PlanContext) -> tuple[StillRunning, ...]:
    """Find the districts that lost their file, and whose sync runs on."""
    gone = given.gone if given.since is None else given.since.gone
    lives = await reader.read_many(sorted(gone)) if gone else {}
    found = []
    for key in sorted(gone):
        live = lives.get(key)
        if isinstance(live, Live):
            if running(live.form):
                found.append(StillRunning(key, gone[key]))
        elif live is not None and not isinstance(live, DistrictNotFound):
            found.append(StillRunning(key, gone[key], live.message))
    return tuple(found)


def plan_district(  # noqa: PLR0913 - each by its name
    want: PlannedDistrict,
    live: Live | ConnectError,
    baselines: Baselines,
    *,
    set_token: bool = False,
    desired: Form | None = None,
    launched: bool = False,
) -> DistrictPlan | NotPlanned | str:
    """
    Plan one district, by itself: its neighbours change neither answer nor cost.

    ``desired`` is the part of what the files say that is planned; without it, all.
    ``launched`` says that its file called it so before the change that is planned.
    Gives its key alone where nothing would change.
    """
    key = want.district.key
    desired = want.district.desired() if desired is None else desired
    if isinstance(live, ConnectError):
        return NotPlanned(key, want.file, live.message, live.remedy)
    if not set_token and desired.items() <= live.form.items():
        return key
    baseline = baselines.get(key, Baseline())
    kept = find_kept_labels(want.district, live.form, baseline, desired)
    known = without(live.form, kept)
    changes = changes_between(known, desired)
    if not changes and not set_token:
        return key
    if crowded := crowded_out(kept, desired, changes):
        return NotPlanned(key, want.file, *crowded)
    launched = launched or is_launched(want.district.facts, baselines.get(key))
    return DistrictPlan(
        district=key,
        name=want.district.name,
        file=want.file,
        live_version=live.version,
        read_at=live.read_at,
        live=live.form,
        desired=desired,
        saves=saves_for(changes, live.form, launched=launched, set_token=set_token),
        drift=drift_of(baseline, desired, known),
        kept=kept,
        token=(want.district.credentials.oauth_token or "") * set_token,
        turns=want.district.turns(desired),
    )


def untouched_on(
    want: PlannedDistrict, live: Live | ConnectError, given: PlanContext, planned: Form
) -> Iterator[Untouched]:
    """Say what of the planned part of a district stays as it is, and why, in order."""
    if isinstance(live, ConnectError):
        return
    key = want.district.key
    released = given.since.released_on(key) if given.since else ()
    if not released and planned.items() <= live.form.items():
        return
    baseline = given.baselines.get(key, Baseline())
    kept = find_kept_labels(want.district, live.form, baseline, planned)
    for name in BY_NAME:
        if name in kept:
            yield Untouched(key, name, WhyUntouched.KEPT, kept[name])
        if name in planned and name not in live.form:
            yield Untouched(key, name, WhyUntouched.NOT_SHOWN, planned[name])
        if name in released and name in live.form:
            yield Untouched(key, name, WhyUntouched.RELEASED, live.form[name])


def tokens_not_typed(
    answers: Iterable[tuple[PlannedDistrict, Live | ConnectError]], given: PlanContext
) -> tuple[str, ...]:
    """Give the districts whose files name a token that Connect lacks and none types."""
    return tuple(
        want.district.key
        for want, live in answers
        if isinstance(live, Live) and live.lacks_token
        if want.district.credentials.oauth_token is not None
        if want.district.key not in given.set_token
        if given.since is None or given.part(want.district) != {}
    )


def _left_alone(
    want: PlannedDistrict, live: Live | ConnectError, given: PlanContext
) -> DistrictDrift | None:
    """Say what is not as the files say on a district, and not caused by the change."""
    if given.since is None:
        return None
    key, caused = want.district.key, given.since.of(want.district.key)
    if isinstance(live, ConnectError):
        planned = caused or key in given.set_token
        return None if planned else DistrictDrift(key, want.file, error=live.message)
    desired = want.district.desired()
    rest = {name: desired[name] for name in desired if name not in caused}
    known = given.baselines.get(key, Baseline())
    kept = find_kept_labels(want.district, live.form, known, rest)
    moved = movements(known.form, rest, without(live.form, kept))
    return DistrictDrift(key, want.file, moved, known.applied) if moved else None


def add_guards(
    plan: Plan,
    districts: Sequence[District],
    circumstances: PlanContext,
    *,
    begun: bool = False,
) -> Plan:
    """
    Give the plan with what the guards say of it at this hour.

    Risks, drift, age and the size of the fleet are worked out again: a plan file may
    lie about them. Of a plan that is ``begun`` the drift stays: what it saved itself
    since is in the baselines now, and is no edit of a person.
    """
    fresh = assess_again(plan, districts, circumstances.baselines, begun=begun)
    aged = [
        replace(one, read_at=min(one.read_at, circumstances.taken or one.read_at))
        for one in fresh.districts
    ]
    sized = replace(fresh, fleet=circumstances.fleet, districts=tuple(aged))
    return _add_objections(sized, districts, circumstances)


def _add_objections(
    plan: Plan, districts: Sequence[District], circumstances: PlanContext
) -> Plan:
    planned = [one.district for one in plan.districts]
    if plan.limits is not None:
        plan = replace(plan, limits=plan.limits.settled(districts, planned))
    subject = PlanAtHour(
        plan=plan,
        policy=circumstances.policy.settled(districts, planned),
        now=circumstances.now,
        districts={district.key: district for district in districts},
        baselines=circumstances.baselines,
        recent=circumstances.recent,
    )
    guards = (guard_finding(*found) for found in problems(PLAN_RULES, subject))
    late = find_overdue(plan, districts, circumstances.baselines)
    return replace(plan, guards=(*guards, *late))


def _answer(lives: Mapping[str, Live | ConnectError], key: str) -> Live | ConnectError:
    if key not in lives:
        raise Bug(f"the backend did not answer for district {key!r}")
    return lives[key]
