"""Rolling back: a plan from the values that the journal holds from before a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connectsync.apply.journal import JournalRow, SaveStatus
from connectsync.backends.seam import Reader
from connectsync.domain.district import Facts, kept_labels, unpublished, without
from connectsync.domain.drift import (
    Baseline,
    Baselines,
    Movement,
    drift_of,
    is_launched,
)
from connectsync.domain.live import Live
from connectsync.domain.outcome import Made, SaveFacts, Sent
from connectsync.domain.plan import DistrictPlan, NotPlanned, Plan, saves_for
from connectsync.domain.run import ConfirmedSave, Run, close_command
from connectsync.domain.settings import Form, is_same, list_differing, spell
from connectsync.domain.wording import did_you_mean
from connectsync.errors import ConnectError, DamagedPlan, RollbackRefused, UsageError
from connectsync.operations.plan import PlanContext, changes_between
from connectsync.providers.form import Value
from connectsync.values import dataclass, field

Over = frozenset[tuple[str, str]]
"""Pairs of district and setting that are undone though someone saved them since."""

LaterRuns = Mapping[tuple[str, str], tuple[int, ...]]
"""Runs that saved a setting of a district after the one that is taken back."""

KeptLabels = Mapping[str, frozenset[str]]
"""Labels that stay ticked, by setting."""


@dataclass(frozen=True, slots=True)
class UndoStep:
    """
    What a run did on one district, as its journal tells.

    ``before`` are the values before it. ``after`` are those that it sent, ``held`` what
    Connect made of them where that is known. What is in ``unsure`` was sent, and not
    seen; the run that is ``waiting`` sent a save that may still arrive, or ``asked`` a
    person who has not said that it is done.
    """

    district: str
    before: Form
    after: Form
    held: Form = field(default_factory=dict)
    unsure: frozenset[str] = frozenset()
    waiting: bool = False
    asked: bool = False

    def is_ours(self, name: str, here: Value) -> bool:
        """Say whether a value that Connect holds is what the run left there."""
        ours = [self.after[name], *([self.held[name]] if name in self.held else [])]
        return any(is_same(name, here, value) for value in ours)

    def and_then(self, facts: SaveFacts, *, waiting: bool) -> UndoStep:
        """Add what one more save of the run did."""
        held = facts.held
        made = facts.made
        sent = [
            name
            for name, what in made.items()
            if name in held or what in {Made.UNKNOWN, Made.DIFFERS}
        ]
        unsure = {name for name in sent if name not in held}
        return UndoStep(
            self.district,
            {**{name: facts.before[name] for name in sent}, **self.before},
            {**self.after, **{name: facts.after[name] for name in sent}},
            {**self.held, **held},
            frozenset((self.unsure | unsure) - held.keys()),
            self.waiting or waiting,
            facts.sent is Sent.ASKED,
        )


def undone(entries: Sequence[JournalRow]) -> dict[str, UndoStep]:
    """
    Work out what a run changed, or may have changed, from its journal, by district.

    What is proven not to have been made is left out. Raises ``RollbackRefused`` if
    nothing at all is known of a save.
    """
    found: dict[str, UndoStep] = {}
    for entry in entries:
        key = entry.intent.district
        if entry.settled is SaveStatus.INTENDED:
            raise RollbackRefused(
                f"it is not known yet whether a save of {key!r} happened",
                remedy="`connectsync resume` settles that by reading; with a click"
                " list `connectsync apply PLAN` does, with the plan beside it",
            )
        if not entry.facts.unmade:
            so_far = found.get(key, UndoStep(key, {}, {}))
            found[key] = so_far.and_then(entry.facts, waiting=entry.is_open)
    return found


@dataclass(frozen=True, slots=True)
class Rollback:
    """
    The way back from a run.

    ``only`` are the districts to take back, all if there are none; ``over`` what is
    undone though someone saved it since; ``later`` gives the runs that did.
    """

    run: int
    plan: Plan
    undone: Mapping[str, UndoStep]
    only: tuple[str, ...] = ()
    over: Over = frozenset()
    later: LaterRuns = field(default_factory=dict)

    async def planned(self, reader: Reader, given: PlanContext) -> Plan:
        """
        Plan the way back, from what Connect holds now.

        Raises ``RollbackRefused`` on another backend and if someone saved the same
        settings since, and ``UsageError`` for what the run did not change.
        """
        if self.plan.backend != reader.described:
            raise RollbackRefused(
                f"run {self.run} was made on {self.plan.backend}, and this is"
                f" {reader.described}",
                remedy="name the run's own backend, with --backend",
            )
        keys = self._keys()
        self._insist_changed()
        lives = await reader.read_many(keys)
        _refuse(list(self._later(lives)))
        parts = [self._part(key, lives[key], given) for key in keys]
        return Plan(
            created=given.now,
            tool=given.tool,
            backend=reader.described,
            scope=given.scope,
            fleet=given.fleet,
            districts=tuple(one for one in parts if isinstance(one, DistrictPlan)),
            in_step=tuple(one for one in parts if isinstance(one, str)),
            failed=tuple(one for one in parts if isinstance(one, NotPlanned)),
            rollback_of=self.run,
            connection=given.connection,
        )

    def _keys(self) -> list[str]:
        for key in self.only:
            if key not in self.undone:
                raise UsageError(
                    f"run {self.run} changed nothing on a district {key!r}",
                    remedy=f"it changed: {', '.join(sorted(self.undone)) or '(none)'}",
                )
        return sorted(self.only or self.undone)

    def _insist_changed(self) -> None:
        """Refuse to undo over what the run did not change: it is a slip."""
        there = {
            f"{key}:{name}" for key, one in self.undone.items() for name in one.after
        }
        for key, name in sorted(self.over):
            if f"{key}:{name}" not in there:
                raise UsageError(
                    f"--over names {key}:{name}, which run {self.run} did not change",
                    remedy=did_you_mean(f"{key}:{name}", there)
                    or f"`connectsync runs show {self.run}` says what it changed",
                )

    def _later(self, lives: Mapping[str, Live | ConnectError]) -> Iterator[str]:
        for key, live in lives.items():
            one = self.undone[key]
            left = self._left(one, live.form) if isinstance(live, Live) else ()
            for name in left:
                # what may never have been made is no reason to refuse all the rest
                if name not in one.unsure and isinstance(live, Live):
                    runs = self.later.get((key, name))
                    by = f", last saved in run {runs[-1]}" if runs else ""
                    yield (
                        f"{key}:{name} was {spell(one.after[name])} after the run, and"
                        f" is {spell(live.form.get(name))} now{by}"
                    )

    def _left(self, one: UndoStep, form: Form) -> tuple[str, ...]:
        """Name the settings that hold neither what was before nor what the run left."""
        return tuple(
            name
            for name, before in one.before.items()
            if not is_same(name, form.get(name), before)
            and not one.is_ours(name, form.get(name))
            and (one.district, name) not in self.over
        )

    def _part(
        self, key: str, live: Live | ConnectError, given: PlanContext
    ) -> DistrictPlan | NotPlanned | str:
        then = next(one for one in self.plan.districts if one.district == key)
        if isinstance(live, ConnectError):
            return NotPlanned(key, then.file, live.message, live.remedy)
        one = self.undone[key]
        left = self._left(one, live.form)
        back = {n: value for n, value in one.before.items() if n not in left}
        known = given.baselines.get(key)
        # labels that no file knows were there before the run, and stay unknown to it
        kept = _kept_labels(back, live.form, known or Baseline())
        desired = without(back, kept)
        changes = changes_between(without(live.form, kept), desired)
        if not changes:
            unseen = one.waiting or one.asked or bool(left)
            return _unseen(one, then.file, self.run) if unseen else key
        launched = is_launched(Facts(), known)
        return DistrictPlan(
            district=key,
            name=then.name,
            file=then.file,
            live_version=live.version,
            read_at=live.read_at,
            live=live.form,
            desired=desired,
            saves=saves_for(changes, live.form, launched=launched),
            drift=_by_a_person(one, known or Baseline(), desired, live.form, kept),
            kept=kept,
            later={
                change.setting: self.later[key, change.setting]
                for change in changes
                if (key, change.setting) in self.later
            },
        )


def _by_a_person(
    step: UndoStep, known: Baseline, desired: Form, live: Form, kept: KeptLabels
) -> tuple[Movement, ...]:
    """Give what a person changed after the run, and the way back overwrites."""
    return tuple(
        move
        for move in drift_of(known, desired, without(live, kept))
        if not step.is_ours(move.setting, live.get(move.setting))
    )


def _kept_labels(before: Form, live: Form, known: Baseline) -> KeptLabels:
    """Give the labels that stay ticked, and that we never applied."""
    applied = {name: known.form[name] for name in before if name in known.form}
    nothing = {name: frozenset[str]() for name in before}
    there = kept_labels(before, nothing, unpublished(applied))
    still = kept_labels(live, nothing, frozenset())
    both = {name: there[name] & still.get(name, frozenset()) for name in there}
    return {name: labels for name, labels in both.items() if labels}


def _unseen(one: UndoStep, file: str, run: int) -> NotPlanned:
    """Say of a save that is not seen that there is nothing to undo, or not yet."""
    if one.asked:
        return NotPlanned(
            one.district,
            file,
            f"the click list of run {run} asks a person for {', '.join(one.after)}, and"
            " it is not known whether that was done",
            "look at the district on Connect. If it was done, take a new snapshot and"
            " undo it there. If not, discard the click list:"
            f" {close_command(run)} ends the run",
        )
    later = "; it may still arrive" if one.waiting else ""
    return NotPlanned(
        one.district,
        file,
        f"run {run} sent {', '.join(one.after)} and got no answer, and Connect does not"
        f" hold what was sent{later}",
        "look at the district on Connect; `connectsync drift` finds what arrives late,"
        " and then the run can be rolled back",
    )


def find_later_saves(
    saves: Sequence[ConfirmedSave], run: int
) -> dict[tuple[str, str], tuple[int, ...]]:
    """Give the runs after ``run`` that saved a setting of a district, in order."""
    found: dict[tuple[str, str], set[int]] = {}
    for one in saves:
        if one.run > run:
            for name in list_differing(one.before, one.after):
                found.setdefault((one.district, name), set()).add(one.run)
    return {place: tuple(sorted(runs)) for place, runs in found.items()}


def insist_way_back(plan: Plan, run: Run, undone: Mapping[str, UndoStep]) -> None:
    """
    Refuse a plan that says it takes a run back, and would do something else.

    Raises ``DamagedPlan``.
    """
    if plan.backend != run.backend:
        raise DamagedPlan(
            f"the plan says that it takes run {run.number} back, which was made on"
            f" {run.backend}, and it is for {plan.backend}"
        )
    for planned in plan.districts:
        one = undone.get(planned.district)
        if one is None or not _is_way_back(planned, one.before):
            raise DamagedPlan(
                f"the plan says that it takes run {plan.rollback_of} back, and"
                f" {planned.district} was not as the plan wants it before that run"
            )


def insist_told(
    plan: Plan,
    undone: Mapping[str, UndoStep],
    baselines: Baselines,
    later: LaterRuns,
) -> None:
    """
    Refuse a way back that hides what it overwrites of a person or of later runs.

    `rollback` asks for each of them by name; a plan file may leave that out. Raises
    ``DamagedPlan``.
    """
    for one in plan.districts:
        known = baselines.get(one.district, Baseline())
        step, told = undone[one.district], {move.setting for move in one.drift}
        for move in _by_a_person(step, known, one.desired, one.live, one.kept):
            if move.setting not in told:
                raise DamagedPlan(
                    f"the plan takes back {move.setting} of {one.district}, which was"
                    " changed by hand on Connect since, and does not say so"
                )
        for name in (planned.change.setting for planned in one.changes()):
            runs = later.get((one.district, name), ())
            if not set(runs) <= set(one.later.get(name, ())):
                raise DamagedPlan(
                    f"the plan takes back {name} of {one.district}, which run"
                    f" {runs[-1]} saved since, and does not say so"
                )


def _is_way_back(planned: DistrictPlan, before: Form) -> bool:
    """Say whether a plan wants what was before, of some settings at least."""
    wanted, there = planned.desired, without(before, planned.kept)
    return bool(wanted) and all(
        name in there and there[name] == value for name, value in wanted.items()
    )


def _refuse(later: Sequence[str]) -> None:
    if later:
        named = " ".join(f"--over {one.split(' ', 1)[0]}" for one in later)
        raise RollbackRefused(
            "someone changed since then what the run had saved:",
            below=(f"  {one}" for one in later),
            remedy=f"if that is to be undone as well, give {named}",
        )


def overs(given: Sequence[str]) -> Over:
    """Read ``DISTRICT:SETTING``. Raises ``UsageError``."""
    found = set()
    for text in given:
        district, _, setting = text.partition(":")
        if not (district and setting):
            raise UsageError(
                f"--over {text!r} is not DISTRICT:SETTING",
                remedy="write for example --over lakeview-usd:phone_types",
            )
        found.add((district, setting))
    return frozenset(found)
