"""Planning: read Connect, compare, and say what would change. It cannot write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from connectsync.apply.settling import OpenSaves, with_what_arrived
from connectsync.connect.seam import Reader
from connectsync.domain.baseline import Baseline, Baselines, is_launched
from connectsync.domain.district import District
from connectsync.domain.drift import DistrictDrift, movements
from connectsync.domain.finding import Problem
from connectsync.domain.guard import GuardFinding
from connectsync.domain.live import Live
from connectsync.domain.plan import (
    DistrictPlan,
    NotPlanned,
    Plan,
    StillRunning,
    saves_for,
)
from connectsync.domain.policy import Policy
from connectsync.domain.recent import Recent
from connectsync.domain.risk import running
from connectsync.domain.settings import BY_NAME, Form
from connectsync.domain.since import Since
from connectsync.domain.untouched import (
    Untouched,
    WhyUntouched,
    without,
)
from connectsync.errors import Bug, ConnectError, DistrictNotFound
from connectsync.operations.compare import changes_between, crowded_out, kept_on
from connectsync.operations.plan_values import afresh, drift_of
from connectsync.rules.catalogue import PLAN_RULES
from connectsync.rules.engine import Rule, problems
from connectsync.rules.plan_subject import Objection, PlanAtHour


@dataclass(frozen=True, slots=True)
class Wanted:
    """A district to plan for, and the file it stands in."""

    district: District
    file: str


@dataclass(frozen=True, slots=True)
class Circumstances:
    """
    What a plan depends on besides files and Connect.

    ``now`` has a time zone; ``fleet`` is the number of districts in all files,
    whatever the scope; ``tool`` names this version of connectsync. ``set_token`` are
    the districts whose token is to be typed, ``recent`` what was saved lately. With
    ``since`` only what that change to the files causes is planned. ``gone`` are
    districts that were applied once and have no file now, with the file if it is known.
    ``open_saves`` may arrive late: what arrived of ours is no person's change.
    """

    now: datetime
    tool: str
    scope: tuple[str, ...]
    fleet: int
    policy: Policy
    baselines: Baselines
    recent: Recent = field(default_factory=Recent)
    set_token: frozenset[str] = frozenset()
    since: Since | None = None
    gone: Mapping[str, str] = field(default_factory=dict)
    open_saves: OpenSaves = field(default_factory=dict)


async def make_plan(
    wanted: Sequence[Wanted], reader: Reader, circumstances: Circumstances
) -> Plan:
    """
    Compare every wanted district with Connect.

    A district that cannot be read is listed as failed, never as empty. Raises
    ``ConnectError`` only where nothing at all could be read.
    """
    lives = await reader.read_many([want.district.key for want in wanted])
    given = _with_late_saves(circumstances, lives)
    ordered = sorted(wanted, key=lambda want: want.district.key)
    answers = [(want, _answer(lives, want)) for want in ordered]
    left = {want.district.key: _left_alone(want, live, given) for want, live in answers}
    outcomes = [
        plan_district(
            want,
            live,
            given.baselines,
            set_token=want.district.key in given.set_token,
            desired=_part(want, given),
            launched=given.since is not None
            and want.district.key in given.since.launched,
        )
        for want, live in answers
        if not (one := left[want.district.key]) or not one.error
    ]
    plan = Plan(
        created=given.now,
        tool=given.tool,
        backend=reader.described,
        scope=given.scope,
        fleet=given.fleet,
        districts=tuple(_changed(outcomes)),
        in_step=tuple(
            key for key in outcomes if isinstance(key, str) and not left[key]
        ),
        failed=tuple(failed for failed in outcomes if isinstance(failed, NotPlanned)),
        since=given.since.commit if given.since else None,
        left_alone=tuple(one for one in left.values() if one),
        untouched=tuple(
            found
            for want, live in answers
            if isinstance(live, Live)
            for found in untouched_on(want, live, given)
        ),
        still_running=await _still_running(reader, given),
    )
    return _objected(plan, [want.district for want in wanted], given)


def _with_late_saves(
    given: Circumstances, lives: Mapping[str, Live | ConnectError]
) -> Circumstances:
    """Know what arrived late of ours: it is no person's change."""
    known = with_what_arrived(given.baselines, given.open_saves, lives)
    return replace(given, baselines=known)


async def _still_running(
    reader: Reader, given: Circumstances
) -> tuple[StillRunning, ...]:
    """Find the districts that lost their file, and whose sync runs on."""
    gone = given.gone if given.since is None else given.since.gone
    if not gone:
        return ()
    lives = await reader.read_many(sorted(gone))
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
    want: Wanted,
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
    baseline = baselines.get(key, Baseline())
    kept = kept_on(want.district, live.form, baseline, desired)
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
    )


def untouched_on(want: Wanted, live: Live, given: Circumstances) -> Iterator[Untouched]:
    """Say what stays as it is on a district, and why, in the order of the form."""
    key, desired = want.district.key, want.district.desired()
    part = _part(want, given)
    planned = desired if part is None else part
    baseline = given.baselines.get(key, Baseline())
    kept = kept_on(want.district, live.form, baseline, planned)
    released = given.since.released_on(key) if given.since else ()
    for name in BY_NAME:
        if name in kept:
            yield Untouched(key, name, WhyUntouched.KEPT, kept[name])
        if name in planned and name not in live.form:
            yield Untouched(key, name, WhyUntouched.NOT_SHOWN, planned[name])
        if name in released and name in live.form:
            yield Untouched(key, name, WhyUntouched.RELEASED, live.form[name])


def _part(want: Wanted, given: Circumstances) -> Form | None:
    return None if given.since is None else given.since.of(want.district.key)


def _left_alone(
    want: Wanted, live: Live | ConnectError, given: Circumstances
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
    kept = kept_on(want.district, live.form, known, rest)
    moved = movements(known.form, rest, without(live.form, kept))
    return DistrictDrift(key, want.file, moved, known.applied) if moved else None


def guarded(
    plan: Plan,
    districts: Sequence[District],
    circumstances: Circumstances,
    *,
    begun: bool = False,
) -> Plan:
    """
    Give the plan with what the guards say of it at this hour.

    Risks, drift and the size of the fleet are worked out again: a plan file may lie
    about them. Of a plan that is ``begun`` the drift stays: what it saved itself since
    is in the baselines now, and is no edit of a person.
    """
    fresh = afresh(plan, districts, circumstances.baselines, begun=begun)
    sized = replace(fresh, fleet=circumstances.fleet)
    return _objected(sized, districts, circumstances)


def _objected(
    plan: Plan, districts: Sequence[District], circumstances: Circumstances
) -> Plan:
    subject = PlanAtHour(
        plan=plan,
        policy=circumstances.policy,
        now=circumstances.now,
        districts={district.key: district for district in districts},
        baselines=circumstances.baselines,
        recent=circumstances.recent,
    )
    guards = tuple(
        _guard_finding(rule, problem) for rule, problem in problems(PLAN_RULES, subject)
    )
    return replace(plan, guards=guards)


def _guard_finding(rule: Rule[PlanAtHour], problem: Problem) -> GuardFinding:
    objection = problem if isinstance(problem, Objection) else None
    return GuardFinding(
        rule=rule.name,
        severity=rule.severity,
        message=problem.message,
        hint=problem.hint,
        district=str(problem.path[0]) if problem.path else "",
        accept=(objection.accept if objection else "") or rule.name,
        count=objection.count if objection else 1,
        needs_reason=objection.needs_reason if objection else False,
    )


def _answer(
    lives: Mapping[str, Live | ConnectError], want: Wanted
) -> Live | ConnectError:
    if want.district.key not in lives:
        raise Bug(f"the backend did not answer for district {want.district.key!r}")
    return lives[want.district.key]


def _changed(outcomes: Sequence[DistrictPlan | NotPlanned | str]) -> list[DistrictPlan]:
    return [outcome for outcome in outcomes if isinstance(outcome, DistrictPlan)]
