"""Applying: hold a plan against everything that may stop it, then make it true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connectsync.apply.executor import Executor, Reached
from connectsync.connect.seam import Reader
from connectsync.domain.baseline import Baselines
from connectsync.domain.change import Change
from connectsync.domain.guard import Unaccepted, needed, unaccepted
from connectsync.domain.live import Live
from connectsync.domain.outcome import Outcome
from connectsync.domain.plan import SWITCH, Plan, Save
from connectsync.domain.settings import BY_NAME, Form
from connectsync.domain.values import spell
from connectsync.errors import DamagedPlan, GuardRefused, StalePlan
from connectsync.operations.compare import changes_between
from connectsync.operations.planning import Wanted, saves_of


def insist_same_backend(plan: Plan, reader: Reader) -> None:
    """Refuse a plan that was made on another backend. Raises ``StalePlan``."""
    if plan.backend != reader.described:
        raise StalePlan(
            f"the plan was made on {plan.backend}, and this is {reader.described}"
        )


def insist_honest(plan: Plan, baselines: Baselines) -> None:
    """
    Refuse a plan whose saves are not those its own values call for.

    A digest can be made anew by whoever edits a plan; what its files wanted and what
    Connect held must still explain every change. Raises ``DamagedPlan``.
    """
    seen: set[str] = set()
    for planned in plan.districts:
        if planned.district in seen:
            raise DamagedPlan(f"the plan holds {planned.district} twice")
        seen.add(planned.district)
        if _changes(planned.saves) != _changes(saves_of(planned, baselines)):
            raise DamagedPlan(
                f"the plan's changes of {planned.district} are not those that its"
                " files and its live form call for"
            )


def _changes(saves: tuple[Save, ...]) -> list[list[Change]]:
    return [[planned.change for planned in save.changes] for save in saves]


def insist_same_files(plan: Plan, wanted: Sequence[Wanted]) -> None:
    """
    Refuse a plan whose districts' files say something else now.

    Raises ``StalePlan`` naming district, setting, old and new value.
    """
    desired = {want.district.key: want.district.desired() for want in wanted}
    moved = [
        f"{planned.district}: {sentence}"
        for planned in plan.districts
        for sentence in _moved(planned.desired, desired.get(planned.district))
    ]
    if moved:
        raise StalePlan(
            "the files changed since the plan was made:\n  " + "\n  ".join(moved)
        )


def _moved(then: Form, now: Form | None) -> list[str]:
    if now is None:
        return ["its file is gone"]
    return [
        f"{name} was {_stated(then, name)}, is now {_stated(now, name)}"
        for name in BY_NAME
        if then.get(name) != now.get(name)
    ]


def _stated(form: Form, name: str) -> str:
    return spell(form[name]) if name in form else "not managed"


def insist_accepted(plan: Plan, accepted: Mapping[str, int]) -> None:
    """
    Refuse a plan with guards that are not accepted by name and exact number.

    Raises ``GuardRefused``.
    """
    missing = unaccepted(plan.guards, accepted)
    if missing:
        raise GuardRefused(
            "the plan is refused:\n  " + "\n  ".join(map(_refusal, missing)),
            remedy=_acceptance(plan),
        )


def _refusal(missing: Unaccepted) -> str:
    holds = f"{missing.name}: the plan holds {missing.needed}"
    if missing.given is None:
        return f"{holds}, none was accepted"
    were = "was" if missing.given == 1 else "were"
    return f"{holds}, {missing.given} {were} accepted"


def _acceptance(plan: Plan) -> str:
    counts = needed(plan.guards).items()
    if not counts:
        return "leave out what the plan does not hold"
    given = " ".join(f"--accept {name}={count}" for name, count in counts)
    return f"read the plan; if it is what you mean, give {given}"


@dataclass(frozen=True, slots=True)
class Application:
    """A plan that nothing speaks against, and the districts it was made from."""

    plan: Plan
    wanted: Sequence[Wanted]

    async def run(
        self, executor: Executor, reached: Reached = lambda _: None
    ) -> Outcome:
        """
        Make the plan true, then remember districts that were in step all along.

        Raises ``StalePlan``, with nothing written, if Connect moved meanwhile.
        """
        outcome = await executor.run(self.plan, reached)
        return replace(outcome, moved=await self._adopt(executor))

    async def _adopt(self, executor: Executor) -> tuple[str, ...]:
        """
        Give districts in step a baseline, so that later drift can be told.

        Gives those that are in step no longer.
        """
        moved = []
        in_step = frozenset(self.plan.in_step)
        adopted = [want for want in self.wanted if want.district.key in in_step]
        lives = await executor.reader.read_many([want.district.key for want in adopted])
        for want in adopted:
            live, desired = lives[want.district.key], want.district.desired()
            if not isinstance(live, Live):
                continue
            if changes_between(live.form, desired):
                moved.append(want.district.key)
            else:
                executor.journal.record_baseline(
                    self.plan.backend,
                    want.district.key,
                    desired,
                    running=live.form.get(SWITCH) is True,
                    at=executor.clock(),
                )
        return tuple(moved)
