"""
Any story of files, people, plans, crashes and ways back ends in a true state.

Hypothesis tells the stories; a trigger in Connect's own database tells what happened.
"""

from __future__ import annotations

import atexit
import functools
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import fate
import pytest
from apply_world import KEYS, NOW
from fate import CALLS, CLAMPED, INTO, Deed, Fate
from hypothesis import Phase, currently_in_test_context, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from model_world import (
    BACKEND,
    PERSON,
    Committed,
    Row,
    copied,
    spelled,
    template,
)

from connectsync.apply.journal import BaselineUpdate
from connectsync.apply.rollout import Executor
from connectsync.domain.drift import Baseline
from connectsync.domain.outcome import Ending, Made, Outcome, SaveFacts, Sent
from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.policy import Rollout
from connectsync.domain.settings import SWITCH, Form
from connectsync.errors import RollbackRefused, RunInHand, StalePlan
from connectsync.operations.apply import in_step_of, orders_for
from connectsync.operations.gate import insist_honest, insist_same_files
from connectsync.operations.plan import make_plan
from connectsync.operations.rollback import Rollback, undone
from connectsync.providers.clever import PhoneType, Settings

CELL, HOME = frozenset([PhoneType.CELL]), frozenset([PhoneType.HOME])


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


SETTINGS = st.builds(
    Settings,
    enable_daily_sync=maybe(st.booleans()),
    unarchive_classrooms=maybe(st.booleans()),
    phone_types=maybe(st.sampled_from([frozenset(), CELL, HOME])),
    deletion_threshold=maybe(st.sampled_from([5, 10])),
)
EDITS: st.SearchStrategy[Form] = st.sampled_from(
    [
        {SWITCH: True},
        {SWITCH: False},
        {"unarchive_classrooms": True},
        {"unarchive_classrooms": False},
        {"phone_types": CELL},
        {"phone_types": frozenset()},
        {"deletion_threshold": 5},
        {"deletion_threshold": None},
        {"unarchive_classrooms": True, "deletion_threshold": 10},
    ]
)
PICKS = st.integers(0, 9)
DISTRICTS = st.sampled_from(KEYS)


@dataclass(frozen=True)
class Drawn:
    """A fate as it is drawn: a person saves ``form`` on ``district``, if one does."""

    deed: Deed
    name: str
    count: int
    late: bool
    district: str
    form: Form


FATES = st.builds(
    Drawn,
    deed=st.just(Deed.NOTHING) | st.sampled_from(Deed),
    name=st.sampled_from(CALLS) | st.just("save"),
    count=st.integers(1, 3),
    late=st.booleans(),
    district=DISTRICTS,
    form=EDITS,
)


def is_clamped(facts: SaveFacts) -> bool:
    """Say whether Connect took a save and holds another value, or still the old one."""
    made = facts.made.values()
    kept = facts.sent is Sent.ANSWERED and Made.NOT_MADE in made
    return kept or Made.DIFFERS in made


class Stories(RuleBasedStateMachine):
    """What people and runners do, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory(prefix="connectsync-model-")
        self.world = copied(first(), Path(self.folder.name) / "world")
        self.began: dict[int, int] = {}
        self.ended: set[tuple[int, str]] = set()
        self.known: dict[str, Form] = {}
        self.told: dict[int, tuple[object, ...]] = {}
        self.looked = 0
        self.plans: list[Plan] = []
        self.on_its_way: list[tuple[int, fate.Sent]] = []

    @initialize(wanted=st.tuples(SETTINGS, SETTINGS, SETTINGS), fate=FATES)
    def somebody_begins(self, wanted: tuple[Settings, ...], fate: Drawn) -> None:
        self.world.files = dict(zip(KEYS, wanted, strict=True))
        self.applied(self.planned(), fate)

    def teardown(self) -> None:
        problems = self.world.archive.audited().problems
        self.world.close()
        self.folder.cleanup()
        assert problems == (), "the audit log tells of all that is there"

    # — what people do —

    @rule(key=DISTRICTS, wanted=SETTINGS)
    def somebody_edits_a_file(self, key: str, wanted: Settings) -> None:
        self.world.files[key] = wanted

    @rule(key=DISTRICTS, form=EDITS)
    def a_person_saves(self, key: str, form: Form) -> None:
        self.world.edit(key, form)

    @rule(key=DISTRICTS)
    def a_person_puts_back_what_was_there_before(self, key: str) -> None:
        saves = [one for one in self.world.true if one.district == key]
        if saves:
            self.world.put(key, saves[-1].before)

    @rule(key=DISTRICTS)
    def somebody_adopts_what_connect_holds(self, key: str) -> None:
        world = self.world
        live = world.reading(lambda reader: reader.read(key))
        taken = {name: live.form[name] for name in world.files[key].managed()}
        if taken:
            world.files[key] = settings_of(taken)
            kept = BaselineUpdate(taken, live.form[SWITCH] is True, merged=True)
            world.store.note(BACKEND, {key: kept}, at=NOW)
            self.known[key] = {**self.known.get(key, {}), **taken}

    # — what runners do —

    @rule(key=DISTRICTS, wanted=SETTINGS, fate=FATES)
    def somebody_edits_a_file_and_applies(
        self, key: str, wanted: Settings, fate: Drawn
    ) -> None:
        self.world.files[key] = wanted
        self.applied(self.planned(), fate)

    @rule(pick=PICKS, fate=FATES, ignore_files=st.booleans())
    def somebody_applies_an_old_plan(
        self, pick: int, fate: Drawn, *, ignore_files: bool
    ) -> None:
        plan = self.plans[pick % len(self.plans)]
        try:
            if not ignore_files:
                insist_same_files(plan, self.world.wanted)
        except StalePlan:
            return
        self.applied(plan, fate)

    def planned(self) -> Plan:
        world = self.world
        plan = world.reading(lambda one: make_plan(world.wanted, one, world.given))
        self.plans.append(plan)
        return plan

    @rule(pick=PICKS, fate=FATES)
    def somebody_resumes(self, pick: int, fate: Drawn) -> None:
        left = [run.number for run in self.world.archive.runs() if run.left]
        if not left:
            return
        run = left[pick % len(left)]
        plan, orders = self.world.archive.plan(run)
        self.world.store.reopen(run, at=NOW)
        alone = self._untouched(run)

        async def deed(executor: Executor) -> Outcome:
            in_step = in_step_of(plan, self.world.wanted, self.world.baselines)
            return await executor.resume(run, plan, orders, in_step)

        outcome = self._carried_out(run, fate, deed)
        if outcome is None or fate.deed is not Deed.NOTHING:
            return
        for one in outcome.districts:
            if one.district in alone - self._clamped(run):
                assert one.ending is Ending.DONE, "nobody else was here"

    @rule(pick=PICKS)
    def a_save_arrives_late(self, pick: int) -> None:
        if self.on_its_way:
            run, sent = self.on_its_way.pop(pick % len(self.on_its_way))
            self.world.arrive(sent, by=run)

    @rule(pick=PICKS)
    def somebody_closes_a_run(self, pick: int) -> None:
        left = [run.number for run in self.world.archive.runs() if run.left]
        if left:
            with suppress(RunInHand):
                self.world.store.close(left[pick % len(left)], "enough", at=NOW)

    @rule(pick=PICKS, fate=FATES)
    def somebody_rolls_back(self, pick: int, fate: Drawn) -> None:
        world = self.world
        runs = world.archive.runs()
        if not runs:
            return
        run = runs[pick % len(runs)].number
        try:
            way = Rollback(run, world.plan_of(run), undone(world.archive.journal(run)))
            back = world.reading(lambda reader: way.planned(reader, world.given))
        except RollbackRefused:
            return
        self._insist_whole(run, back)
        self.applied(back, fate)

    def _insist_whole(self, run: int, back: Plan) -> None:
        """Insist that whatever a run left on Connect is undone, or at least named."""
        named = {one.district for one in back.districts}
        named |= {one.district for one in back.failed}
        for one in self.world.true:
            if one.by == run and one.district not in named:
                live = self.world.live(one.district)
                first = next(
                    other.before
                    for other in self.world.true
                    if (other.by, other.district) == (run, one.district)
                )
                for name, value in one.after.items():
                    undone_or_not_ours = value in (one.before[name], first[name])
                    assert undone_or_not_ours or live[name] != value, (
                        f"{name} of run {run} is still on {one.district}"
                    )

    def _clamped(self, run: int) -> set[str]:
        rows = [row for row in self.world.journal() if row.run == run]
        return {row.district for row in rows if is_clamped(row.facts)}

    def applied(self, plan: Plan, fate: Drawn) -> None:
        world = self.world
        insist_honest(plan, world.baselines)
        run = self._number(plan)
        new = run not in self.began
        self.began.setdefault(run, len(world.true))
        orders = orders_for(plan, Rollout(), [], {}, {})

        async def deed(executor: Executor) -> Outcome:
            in_step = in_step_of(plan, world.wanted, world.baselines)
            return await executor.run(plan, orders, in_step)

        rows = world.journal()
        try:
            outcome = self._carried_out(run, fate, deed)
        except StalePlan:
            assert world.journal() == rows, "a plan that is refused writes nothing"
            del self.began[run]
            return
        if outcome is not None and new and fate.deed is Deed.NOTHING:
            assert all(one.ending is Ending.DONE for one in outcome.districts)

    def _number(self, plan: Plan) -> int:
        """Give the run that applying a plan joins, or begins."""
        world = self.world
        joined = world.store.open_run(plan_digest(plan), BACKEND)
        return joined or 1 + max(
            (run.number for run in world.archive.runs()), default=0
        )

    def _carried_out(
        self, run: int, drawn: Drawn, deed: Callable[[Executor], Awaitable[Outcome]]
    ) -> Outcome | None:
        world = self.world
        fate = Fate(
            drawn.deed,
            drawn.name,
            drawn.count,
            late=drawn.late,
            meddle=lambda: world.edit(drawn.district, drawn.form),
        )
        world.author = run
        try:
            outcome = world.carried_out(fate, deed)
        finally:
            world.look(by=run)
            world.author = PERSON
        if currently_in_test_context():
            struck = "it struck" if fate.struck else "it passed"
            event(f"{drawn.deed.value}: {struck}")
        self.on_its_way += [(run, sent) for sent in fate.on_its_way]
        if outcome is None:
            world.another_runner(known_to_be_gone=drawn.late)
        return outcome

    def _untouched(self, run: int) -> set[str]:
        """Name the districts that nobody else saved since a run began."""
        since = self.world.true[self.began[run] :]
        return set(KEYS) - {one.district for one in since if one.by != run}

    # — what is true, whatever they do —

    @invariant()
    def every_save_is_in_the_journal_as_it_happened(self) -> None:
        """With the form that it found, and never as one that was not made."""
        # one that failed and was made again is told by two rows: take the better one
        rows = sorted(self.world.journal(), key=lambda row: GOOD.index(row.settled))
        for number, one in enumerate(self.world.true):
            if one.by == PERSON:
                continue
            row = next((row for row in rows if tells(row, one)), None)
            assert row is not None, f"{one} is not in the journal: {rows}"
            rows.remove(row)
            # what arrived late is found by the next look, and nothing else is
            late = row.is_open and row.facts.sent is Sent.UNANSWERED
            assert row.settled != "failed" or late, f"{row} was made"
            if row.settled == "conflict":
                later = self.world.true[number + 1 :]
                clamped = is_clamped(row.facts)
                assert clamped or any(other.district == one.district for other in later)
        for row in rows:
            if row.settled == "confirmed":
                assert self._somebody_did_the_same(row), f"{row} was never made"

    def _somebody_did_the_same(self, row: Row) -> bool:
        """
        Say whether people made by hand what a run meant to, maybe one by one.

        A reading cannot tell who made it. The form that was read is one a person left.
        """
        facts = row.facts
        if facts.sent is not Sent.UNANSWERED or facts.observed is None:
            return False
        read = spelled(facts.observed)
        return set(facts.made.values()) == {Made.MADE} and any(
            one.by == PERSON and one.after == read
            for one in self.world.true[self.began[row.run] :]
            if one.district == row.district
        )

    @invariant()
    def no_save_is_made_that_its_plan_does_not_hold(self) -> None:
        plans = {row.run: self.world.plan_of(row.run) for row in self.world.journal()}
        for row in self.world.journal():
            (planned,) = [
                one for one in plans[row.run].districts if one.district == row.district
            ]
            assert row.before == spelled(after(planned, row.phase - 1))
            assert row.after == spelled(after(planned, row.phase))

    @invariant()
    def what_ended_has_nothing_open_and_counts_what_is_confirmed(self) -> None:
        for run in self.world.archive.runs():
            rows = [row for row in self.world.journal() if row.run == run.number]
            for part in run.parts:
                if part.outcome is None:
                    continue
                mine = [row.settled for row in rows if row.district == part.district]
                if part.outcome.ending is not Ending.FAILED:
                    assert "intended" not in mine
                    assert part.outcome.saves == sum(
                        row.settled == "confirmed" or row.facts.changes > 0
                        for row in rows
                        if row.district == part.district
                    )

    @invariant()
    def a_day_counts_every_save_that_was_made(self) -> None:
        counted = self.world.archive.recent(BACKEND, NOW).districts
        for one in self.world.true:
            assert one.by == PERSON or one.district in counted

    @invariant()
    def baselines_are_what_was_confirmed_last(self) -> None:
        """Setting by setting: what a save made, and what was seen in step."""
        self._learn_saves()
        world = self.world
        for run in reversed(world.archive.runs()):
            plan = world.plan_of(run.number)
            for planned in plan.districts:
                self._learn_end(run.number, planned)
        for want in world.wanted:
            key, desired = want.district.key, want.district.desired()
            kept = world.baselines.get(key, Baseline()).form
            if desired.items() <= kept.items() and self._was_held(key, desired):
                # it was in step, and seen to be; what its file leaves out may be known
                more = {} if kept == desired else self.known.get(key, {})
                self.known[key] = {**more, **desired}
            assert kept == self.known.get(key, {})
        self.looked = len(world.true)

    def _was_held(self, key: str, form: Form) -> bool:
        """Say whether Connect held a form now, or at any time since we last looked."""
        since = [one for one in self.world.true[self.looked :] if one.district == key]
        held = [
            self.world.live(key),
            *(f for one in since for f in (one.before, one.after)),
        ]
        return any(spelled(form).items() <= one.items() for one in held)

    def _learn_saves(self) -> None:
        """Learn what saves proved of which more is known than when we last looked."""
        news: dict[str, list[Row]] = {}
        for row in sorted(self.world.journal(), key=lambda row: row.row):
            told = (row.facts.sent, row.facts.version, row.settled)
            if self.told.get(row.row) != told:
                self.told[row.row] = told
                news.setdefault(row.district, []).append(row)
        for key, rows in news.items():
            facts = [row.facts for row in rows if row.facts.sent is not None]
            old = self.known.get(key, {})
            new = {**old, **{n: v for one in facts for n, v in one.held.items()}}
            proved = {name for one in facts for name in one.held}
            now = self.world.baselines.get(key, Baseline()).form
            for name in now.keys() - proved:
                if name in old and old[name] == now[name]:
                    continue
                # it was as the file wants it, or nothing was known of it before
                seen = [one.observed[name] for one in facts if one.observed]
                planned = [
                    form[name] for one in facts for form in (one.before, one.after)
                ]
                assert now[name] in (seen if name in old else seen + planned)
                new[name] = now[name]
            self.known[key] = new

    def _learn_end(self, run: int, planned: DistrictPlan) -> None:
        key = planned.district
        outcome = self.world.store.outcomes(run).get(key)
        if outcome is None or outcome.ending is not Ending.DONE:
            return
        if (run, key) in self.ended:
            return
        self.ended.add((run, key))
        form = after(planned, len(planned.saves))
        kept = {name: form[name] for name in planned.desired}
        self.known[key] = {**self.known.get(key, {}), **kept}


NOBODY = Drawn(Deed.NOTHING, "", 1, late=False, district="lakeview", form={})


def killed(*, late: bool) -> Drawn:
    """Kill the runner around its first save."""
    return replace(NOBODY, deed=Deed.KILL, name="save", late=late)


@pytest.fixture
def story() -> Iterator[Stories]:
    """Tell a story by hand: one of those that were found."""
    stories = Stories()
    stories.somebody_edits_a_file("lakeview", Settings(unarchive_classrooms=True))
    try:
        yield stories
        stories.every_save_is_in_the_journal_as_it_happened()
        stories.no_save_is_made_that_its_plan_does_not_hold()
        stories.what_ended_has_nothing_open_and_counts_what_is_confirmed()
    finally:
        stories.teardown()


def test_what_a_person_put_back_after_a_crash_is_not_made_again(story: Stories) -> None:
    story.applied(story.planned(), killed(late=True))
    story.a_person_puts_back_what_was_there_before("lakeview")
    story.somebody_resumes(0, NOBODY)
    assert [row.settled for row in story.world.journal()] == ["conflict"]
    assert story.world.live("lakeview")["unarchiveClassrooms"] is False


def test_a_save_left_open_is_settled_before_another_run_saves_over_it(
    story: Stories,
) -> None:
    story.applied(story.planned(), killed(late=True))
    story.somebody_edits_a_file_and_applies(
        "lakeview", Settings(unarchive_classrooms=True, deletion_threshold=5), NOBODY
    )
    told = [(row.run, row.settled) for row in story.world.journal()]
    assert told == [(1, "confirmed"), (2, "confirmed")]


def test_a_save_left_open_that_another_run_made_was_not_made_by_the_first(
    story: Stories,
) -> None:
    story.applied(story.planned(), killed(late=False))
    story.applied(replace(story.planned(), tool="another"), NOBODY)
    story.somebody_resumes(0, NOBODY)
    told = [(row.run, row.settled) for row in story.world.journal()]
    assert told == [(1, "failed"), (2, "confirmed")]


def test_a_runner_that_is_killed_twice_leaves_no_save_open(story: Stories) -> None:
    blind = replace(NOBODY, deed=Deed.BLIND, name="save")
    story.applied(story.planned(), blind)
    story.somebody_resumes(0, killed(late=False))
    story.somebody_resumes(0, NOBODY)
    told = [(row.settled, row.is_open) for row in story.world.journal()]
    assert told == [("failed", False), ("failed", False), ("confirmed", False)]


def test_of_two_saves_alike_of_a_run_one_was_made(story: Stories) -> None:
    blind = replace(NOBODY, deed=Deed.BLIND, name="save")
    story.applied(story.planned(), blind)
    story.somebody_resumes(0, killed(late=True))
    story.somebody_resumes(0, NOBODY)
    told = [row.settled for row in story.world.journal()]
    assert told == ["failed", "confirmed"]


def test_what_people_made_one_by_one_is_read_as_made(story: Stories) -> None:
    never_sent = replace(NOBODY, deed=Deed.BLIND, name="save")
    story.applied(story.planned(), never_sent)
    story.a_person_saves("lakeview", {"phone_types": CELL})
    story.a_person_saves("lakeview", {"unarchive_classrooms": True})
    story.somebody_edits_a_file_and_applies("lakeview", Settings(), NOBODY)
    (row,) = story.world.journal()
    assert (row.settled, row.facts.sent) == ("confirmed", Sent.UNANSWERED)


def test_a_value_that_connect_keeps_as_it_was_is_told_as_not_made(
    story: Stories,
) -> None:
    story.somebody_edits_a_file_and_applies(
        "lakeview", Settings(deletion_threshold=INTO), NOBODY
    )
    story.somebody_edits_a_file_and_applies(
        "lakeview",
        Settings(unarchive_classrooms=True, deletion_threshold=CLAMPED),
        replace(NOBODY, deed=Deed.CLAMP, name="save"),
    )
    row = story.world.journal()[-1]
    assert row.settled == "conflict"
    assert row.facts.made == {
        "unarchive_classrooms": Made.MADE,
        "deletion_threshold": Made.NOT_MADE,
    }


@functools.cache
def first() -> Path:
    """Make the files that every story starts from, once a process."""
    folder = Path(mkdtemp(prefix="connectsync-model-"))
    atexit.register(shutil.rmtree, folder)
    template(folder)
    return folder


GOOD = ("confirmed", "intended", "conflict", "failed")


def tells(row: Row, one: Committed) -> bool:
    """Say whether a row of the journal tells of a save."""
    of_it = (row.run, row.district, row.before)
    came = dict(row.after)
    if came["deletionThreshold"] == CLAMPED and row.before != row.after:
        came["deletionThreshold"] = INTO
    return of_it == (one.by, one.district, one.before) and one.after in (
        row.after,
        came,
    )


def after(planned: DistrictPlan, phases: int) -> Form:
    """Give the whole form after so many saves."""
    form = planned.live
    for save in planned.saves[:phases]:
        form = save.after(form)
    return form


def settings_of(form: Form) -> Settings:
    """Manage exactly what a form names."""
    labels = form.get("phone_types")
    given: dict[str, Any] = dict(form)
    if isinstance(labels, frozenset):
        given["phone_types"] = frozenset(map(PhoneType, labels))
    return Settings(**given)


TestStories = pytest.mark.timeout(7200)(Stories.TestCase)
TestStories.settings = settings(
    max_examples=max(1, settings().max_examples // 8),
    stateful_step_count=12,
    report_multiple_bugs=False,
    # a story of twelve steps can be read as it is; to shrink it takes minutes
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
