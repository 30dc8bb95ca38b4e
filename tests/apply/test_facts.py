"""What was sent, what was seen, and what follows: nobody is blamed for our own save."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from apply_world import CELL, KEYS, NOW, World, district
from fate import Killed
from trial import Trial, endings

from connectsync.apply.journal import BaselineUpdate
from connectsync.apply.saving import results_of
from connectsync.apply.state import audit
from connectsync.apply.state.known import Known
from connectsync.apply.state.queries import recognize
from connectsync.backends import embedded
from connectsync.domain.district import District, Facts
from connectsync.domain.drift import Baseline, DistrictDrift
from connectsync.domain.live import Live, connect_key
from connectsync.domain.outcome import Made, Outcome, Sent
from connectsync.domain.plan import Plan
from connectsync.domain.policy import Rollout
from connectsync.domain.settings import SWITCH, Form
from connectsync.errors import (
    FormRefused,
    NeverSent,
    PageChanged,
    RollbackRefused,
    StalePlan,
    Unreachable,
)
from connectsync.operations.apply import in_step_of, orders_for
from connectsync.operations.drift import find_drift
from connectsync.operations.plan import PlannedDistrict, make_plan
from connectsync.operations.reconcile import Split, divide_plan
from connectsync.operations.rollback import Rollback, undone
from connectsync.operations.runs import settle_open
from connectsync.providers.clever import Settings, StudentId

ELM, HARBOR, LAKE = KEYS
BACKEND = embedded.DESCRIBED
Happens = Callable[[str], Awaitable[None]]
THRESHOLD = Settings(deletion_threshold=5, manage_guardians=True)


class Clamped:
    """A real writer on a Connect that makes 10 of any threshold below."""

    def __init__(self, writer: object) -> None:
        self.writer = writer

    async def save(self, key: str, desired: Form, **given: object) -> Live:
        sent = dict(desired)
        if sent.get("deletion_threshold") == 5:
            sent["deletion_threshold"] = 10
        return await self.writer.save(key, sent, **given)  # type: ignore[attr-defined, no-any-return]


async def clamped(world: World, plan: Plan) -> Outcome:
    async with embedded.open_writer(world.app) as writer:
        return await world.run(plan, Clamped(writer))


def made(world: World, run: int = 1) -> dict[str, str]:
    (entry,) = world.archive.journal(run)
    return {name: what.value for name, what in entry.facts.made.items()}


async def back_from(world: World, run: int = 1) -> Plan:
    plan, _ = world.archive.plan(run)
    way = Rollback(run, plan, undone(world.archive.journal(run)))
    async with embedded.open_reader(world.app) as reader:
        return await way.planned(reader, world.given())


async def drift(world: World, settings: Settings, key: str = LAKE) -> DistrictDrift:
    async with embedded.open_reader(world.app) as reader:
        wanted = [PlannedDistrict(district(key, settings), f"districts/{key}.yaml")]
        open_ = world.store.open_saves(BACKEND)
        known = world.archive.baselines(BACKEND)
        (one,) = await find_drift(wanted, reader, known, open_)
    if one.seen is not None and one.live is not None:
        world.store.look(BACKEND, results_of(open_, {key: one.live}), at=NOW)
        world.store.note(BACKEND, {key: one.seen}, at=NOW)
    return one.drift


def who(found: DistrictDrift) -> dict[str, str]:
    return {move.setting: move.who.value for move in found.movements}


def recent(world: World) -> set[str]:
    return set(world.archive.recent(BACKEND, NOW).districts)


# — a field that Connect clamps —


def test_what_connect_makes_of_a_value_is_told_and_counted(world: World) -> None:
    async def story() -> Outcome:
        return await clamped(world, await world.plan(THRESHOLD, keys=(LAKE,)))

    (one,) = asyncio.run(story()).districts
    assert one.ending.value == "conflict"
    assert (one.saves, one.changes, one.unproven) == (1, 1, 1)
    assert one.message == (
        "Connect does not hold what was saved: deletion_threshold should be 5, is 10"
    )
    assert made(world) == {"manage_guardians": "made", "deletion_threshold": "differs"}
    assert recent(world) == {LAKE}


def test_what_connect_made_of_our_save_is_rolled_back(world: World) -> None:
    async def story() -> tuple[Form, Form]:
        before = await world.live(LAKE)
        await clamped(world, await world.plan(THRESHOLD, keys=(LAKE,)))
        await world.run(await back_from(world))
        return before, await world.live(LAKE)

    before, after = asyncio.run(story())
    assert after == before


def test_what_connect_made_of_our_save_is_no_persons_change(world: World) -> None:
    async def story() -> DistrictDrift:
        await clamped(world, await world.plan(THRESHOLD, keys=(LAKE,)))
        return await drift(world, THRESHOLD)

    assert who(asyncio.run(story())) == {"deletion_threshold": "pending"}


def test_going_on_after_a_clamped_save_blames_nobody(world: World) -> None:
    async def story() -> str:
        await clamped(world, await world.plan(THRESHOLD, keys=(LAKE,)))
        (one,) = (await Trial(world).resume()).districts
        return one.message

    assert asyncio.run(story()) == (
        "Connect does not hold what was saved: manage_guardians should be off, is on;"
        " deletion_threshold should be (empty), is 10"
    )


BESIDE = "beside what was asked for, the form changed, by our save or by someone else:"

# — an answer that is lost, and a person who saves something else —


def losing(world: World, meanwhile: Form) -> Happens:
    async def lose(key: str) -> None:
        await world.edit(key, meanwhile)
        raise Unreachable("the connection was dropped")

    return lose


def test_a_lost_answer_and_a_persons_edit_elsewhere_is_a_save_of_ours(
    world: World,
) -> None:
    trial = Trial(world, after=losing(world, {"student_id": "STUDENT NUMBER"}))
    plan = asyncio.run(world.plan(CELL, keys=(LAKE,)))
    outcome = asyncio.run(trial.run(plan))
    (one,) = outcome.districts
    assert (one.ending.value, one.saves, one.changes) == ("conflict", 1, 2)
    assert one.message == (f"{BESIDE} student_id was STUDENT ID, is now STUDENT NUMBER")
    assert set(made(world).values()) == {"made"}
    back = asyncio.run(back_from(world))
    (planned,) = back.districts
    assert planned.desired.keys() == {"manage_guardians", "phone_types"}


def test_a_lost_answer_and_a_persons_edit_of_what_files_manage_is_told_as_theirs(
    world: World,
) -> None:
    async def story() -> tuple[Outcome, DistrictDrift]:
        await world.run(await world.plan(Settings(unarchive_classrooms=True)))
        wanted = replace(CELL, unarchive_classrooms=True)
        lose = losing(world, {"unarchive_classrooms": False})
        plan = await world.plan(wanted, keys=(LAKE,))
        return await Trial(world, after=lose).run(plan), await drift(world, wanted)

    outcome, found = asyncio.run(story())
    (one,) = outcome.districts
    assert (one.ending.value, one.saves, one.changes) == ("conflict", 1, 2)
    assert one.message == (f"{BESIDE} unarchive_classrooms was on, is now off")
    assert who(found) == {"unarchive_classrooms": "drift"}


def test_a_page_that_asks_after_saving_has_saved(world: World) -> None:
    async def ask(_: str) -> None:
        raise PageChanged("the page asks: Start a sync now?")

    outcome = asyncio.run(Trial(world, after=ask).run())
    assert set(endings(outcome).values()) == {"done"}


def test_a_page_that_changed_before_the_save_has_not_saved(world: World) -> None:
    async def change(_: str) -> None:
        raise PageChanged("Save is not there")

    outcome = asyncio.run(Trial(world, before=change).run())
    assert {one.message for one in outcome.districts} == {"Save is not there"}
    assert set(endings(outcome).values()) == {"failed"}


# — a save that arrives after every try was given up —


async def given_up(world: World, settings: Settings = CELL) -> Plan:
    """Send a save that gets no answer and is not there yet."""

    async def lose(_: str) -> None:
        raise Unreachable("the connection was dropped")

    plan = await world.plan(settings, keys=(LAKE,))
    (one,) = (await Trial(world, before=lose).run(plan)).districts
    assert (one.ending.value, one.unproven) == ("failed", len(settings.managed()))
    return plan


def test_a_save_that_was_given_up_may_still_arrive(world: World) -> None:
    asyncio.run(given_up(world))
    (entry,) = world.archive.journal(1)
    assert (entry.settled.value, entry.facts.sent) == ("failed", Sent.UNANSWERED)
    assert entry.is_open
    assert set(entry.facts.made.values()) == {Made.UNKNOWN}
    assert recent(world) == {LAKE}


def test_rolling_back_what_was_given_up_never_says_that_there_is_nothing_to_do(
    world: World,
) -> None:
    async def story() -> Plan:
        await given_up(world)
        return await back_from(world)

    back = asyncio.run(story())
    (one,) = back.failed
    assert "sent manage_guardians, phone_types and got no answer" in one.message
    assert "it may still arrive" in one.message
    assert not back.empty


def test_what_arrives_late_is_rolled_back(world: World) -> None:
    async def story() -> Form:
        await given_up(world)
        await world.edit(LAKE, dict(CELL.managed()))
        await world.run(await back_from(world))
        return await world.live(LAKE)

    live = asyncio.run(story())
    assert (live["manage_guardians"], live["phone_types"]) == (False, frozenset())


def test_what_arrives_late_is_found_by_drift_and_is_no_persons_change(
    world: World,
) -> None:
    async def story() -> DistrictDrift:
        await world.run(await world.plan(Settings(manage_guardians=False)))
        await given_up(world)
        await world.edit(LAKE, dict(CELL.managed()))
        # the files went back meanwhile
        return await drift(world, Settings(manage_guardians=False))

    assert who(asyncio.run(story())) == {"manage_guardians": "pending"}
    run = world.archive.runs()[0].number
    (save,) = world.archive.entries(run)[LAKE]
    assert (save.settled, save.note) == (
        "confirmed",
        "arrived late: settled by reading",
    )
    (part,) = world.archive.run(run).parts
    assert part.outcome is not None
    assert (part.outcome.saves, part.outcome.changes) == (1, 2)


def test_what_arrives_late_is_found_by_a_plan_which_writes_nothing(
    world: World,
) -> None:
    async def story() -> Plan:
        await given_up(world)
        await world.edit(LAKE, dict(CELL.managed()))
        rows = world.archive.journal(1)
        plan = await world.plan(Settings(manage_guardians=False), keys=(LAKE,))
        assert world.archive.journal(1) == rows
        return plan

    (planned,) = asyncio.run(story()).districts
    assert planned.drift == (), "it was us"


def test_what_arrives_late_is_found_by_resume(world: World) -> None:
    async def story() -> Trial:
        await given_up(world)
        await world.edit(LAKE, dict(CELL.managed()))
        trial = Trial(world)
        assert endings(await trial.resume()) == {LAKE: "done"}
        return trial

    assert asyncio.run(story()).saved == []


def test_what_arrives_late_is_found_by_the_next_apply_where_all_is_in_step(
    world: World,
) -> None:
    async def story() -> None:
        await given_up(world)
        await world.edit(LAKE, dict(CELL.managed()))
        plan = await world.plan(CELL, keys=(LAKE,))
        wanted = [PlannedDistrict(district(LAKE, CELL), "x.yaml")]
        async with world.executor() as executor:
            in_step = in_step_of(plan, wanted, world.archive.baselines(BACKEND))
            await executor.run(plan, world.orders(plan), in_step)

    asyncio.run(story())
    assert [one.settled.value for one in world.archive.journal(1)] == ["confirmed"]


def test_a_plan_that_a_late_arrival_made_stale_says_so(world: World) -> None:
    async def story() -> None:
        await given_up(world)
        plan = await world.plan(
            Settings(student_id=StudentId.STUDENT_NUMBER), keys=(LAKE,)
        )
        await world.edit(LAKE, dict(CELL.managed()))
        await world.run(plan)

    with pytest.raises(StalePlan, match="a save of run 1 that got no answer has arr"):
        asyncio.run(story())


def test_another_run_that_meets_a_late_arrival_names_it(world: World) -> None:
    async def arrive(key: str) -> None:
        await world.edit(key, dict(CELL.managed()))

    async def story() -> Outcome:
        await given_up(world)
        number = Settings(student_id=StudentId.STUDENT_NUMBER)
        plan = await world.plan(number, keys=(LAKE,))
        return await Trial(world, before=arrive).run(plan)

    (one,) = asyncio.run(story()).districts
    assert one.message == (
        "a save of run 1 that got no answer arrived only now: the plan was made before"
        " it"
    )
    assert [one.settled.value for one in world.archive.journal(1)] == ["confirmed"]


def test_what_was_sent_in_vain_cannot_arrive_once_another_save_was_made(
    world: World,
) -> None:
    async def story() -> None:
        await given_up(world)
        await world.run(await world.plan(CELL, keys=(LAKE,)))

    asyncio.run(story())
    assert world.store.open_saves(BACKEND) == {}
    assert [one.settled.value for one in world.archive.journal(1)] == ["failed"]


def test_a_save_that_never_left_is_not_made_and_counts_for_nothing(
    world: World,
) -> None:
    async def refuse(_: str) -> None:
        raise NeverSent("connection refused")

    asyncio.run(Trial(world, before=refuse).run())
    assert recent(world) == set()
    assert world.store.open_saves(BACKEND) == {}


def test_a_page_that_was_not_as_we_know_it_was_sent_nothing(world: World) -> None:
    async def refuse(_: str) -> None:
        asked = PageChanged("after Save Connect asks 'Sure?', answered with no")
        asked.unsent = True
        raise asked

    plan = asyncio.run(world.plan(CELL, keys=(LAKE,)))
    (one,) = asyncio.run(Trial(world, before=refuse).run(plan)).districts
    assert (one.ending.value, one.unproven) == ("failed", 0)
    (save,) = world.archive.journal(1)
    assert save.facts.sent is Sent.NO
    assert set(save.facts.made.values()) == {Made.NOT_MADE}
    assert world.store.open_saves(BACKEND) == {}


def test_a_question_after_something_was_sent_leaves_the_save_open(
    world: World,
) -> None:
    async def asks(_: str) -> None:
        raise PageChanged("Connect asks 'Sure?'")

    plan = asyncio.run(world.plan(CELL, keys=(LAKE,)))
    (one,) = asyncio.run(Trial(world, before=asks).run(plan)).districts
    assert (one.ending.value, one.unproven) == ("failed", 2)
    assert list(world.store.open_saves(BACKEND)) == [LAKE]


def test_a_save_that_connect_refused_counts_for_nothing(world: World) -> None:
    async def refuse(_: str) -> None:
        raise FormRefused("no")

    asyncio.run(Trial(world, before=refuse).run())
    assert recent(world) == set()


def test_a_person_who_was_first_leaves_nothing_of_ours_to_undo(world: World) -> None:
    async def they_do(key: str) -> None:
        await world.edit(key, {"phone_types": frozenset(["Work"])})

    plan = asyncio.run(world.plan(CELL, keys=(LAKE,)))
    (one,) = asyncio.run(Trial(world, before=they_do).run(plan)).districts
    assert (one.ending.value, one.unproven) == ("conflict", 0)
    assert undone(world.archive.journal(1)) == {}
    assert recent(world) == set()


def test_open_saves_are_settled_without_saving(world: World) -> None:
    async def story() -> None:
        await given_up(world)
        await world.edit(LAKE, dict(CELL.managed()))
        async with embedded.open_reader(world.app) as reader:
            await settle_open(world.archive.run(1), world.store, reader, NOW)

    asyncio.run(story())
    assert [one.settled.value for one in world.archive.journal(1)] == ["confirmed"]


def test_a_district_in_hand_is_left_to_its_runner(world: World) -> None:
    async def story() -> None:
        await given_up(world)
        await world.edit(LAKE, dict(CELL.managed()))
        world.store.reopen(1, at=NOW)
        world.store.claim(1, BACKEND, LAKE, at=NOW)
        await drift(world, CELL)

    asyncio.run(story())
    assert [one.settled.value for one in world.archive.journal(1)] == ["failed"]


# — half of a run: baselines and launches after the first of two saves —

HALF = Settings(
    enable_daily_sync=False, deletion_threshold=15, phone_types=CELL.phone_types
)


async def half(world: World) -> None:
    """Turn the sync off, and fail with the rest."""
    await world.edit(LAKE, {SWITCH: True})
    plan = await world.plan(HALF, keys=(LAKE,))
    trial = Trial(world)

    async def second(_: str) -> None:
        if trial.saved:
            raise FormRefused("no")

    trial.before = second
    assert endings(await trial.run(plan)) == {LAKE: "failed"}


def test_after_the_first_of_two_saves_a_persons_edit_is_told_as_theirs(
    world: World,
) -> None:
    async def story() -> DistrictDrift:
        await half(world)
        await world.edit(LAKE, {SWITCH: True, "deletion_threshold": 40})
        return await drift(world, HALF)

    assert who(asyncio.run(story())) == {
        SWITCH: "drift",
        "phone_types": "pending",
        "deletion_threshold": "conflict",
    }


def test_a_sync_that_we_turn_off_is_remembered_before_it_is_touched(
    world: World,
) -> None:
    seen: list[frozenset[str]] = []

    async def look(_: str) -> None:
        seen.append(frozenset(world.store.known().launches[BACKEND]))

    async def story() -> None:
        await world.edit(LAKE, {SWITCH: True})
        plan = await world.plan(Settings(enable_daily_sync=False), keys=(LAKE,))
        await Trial(world, before=look).run(plan)

    asyncio.run(story())
    assert seen == [frozenset([LAKE])]
    assert world.archive.baselines(BACKEND)[LAKE].was_running


def test_a_sync_that_a_run_turned_on_and_that_then_failed_is_launched(
    world: World,
) -> None:
    asyncio.run(half(world))
    assert world.store.known().launches[BACKEND] == {LAKE}


def test_a_run_that_sees_a_sync_on_remembers_it_before_any_save(world: World) -> None:
    async def refuse(_: str) -> None:
        raise FormRefused("no")

    async def story() -> None:
        await world.edit(LAKE, {SWITCH: True})
        plan = await world.plan(CELL, keys=(LAKE,))
        await Trial(world, before=refuse).run(plan)

    asyncio.run(story())
    known = world.archive.baselines(BACKEND)[LAKE]
    assert known == Baseline({}, was_running=True)
    assert not known.applied


# — by hand what the file says, and undone —


def test_who_makes_by_hand_what_the_file_says_and_undoes_it_is_seen(
    world: World,
) -> None:
    lower = Settings(deletion_threshold=15)

    async def story() -> DistrictDrift:
        await world.run(await world.plan(Settings(deletion_threshold=20)))
        await world.edit(LAKE, {"deletion_threshold": 15})
        assert who(await drift(world, lower)) == {}
        await world.edit(LAKE, {"deletion_threshold": 20})
        return await drift(world, lower)

    assert who(asyncio.run(story())) == {"deletion_threshold": "drift"}


def test_a_district_that_was_never_applied_does_not_become_known_by_a_look(
    world: World,
) -> None:
    found = asyncio.run(drift(world, Settings(manage_guardians=False)))
    assert not found.applied
    assert not world.archive.baselines(BACKEND).get(LAKE, Baseline()).applied


# — a kill between the last district and the notes —


@pytest.mark.parametrize("last", ["finish", "end"])
def test_districts_in_step_are_remembered_before_the_first_save(
    world: World, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    def kill(*_: object, **__: object) -> None:
        raise Killed

    async def story() -> None:
        await world.edit(ELM, dict(CELL.managed()))
        plan = await world.plan(CELL)
        wanted = [PlannedDistrict(district(key, CELL), f"{key}.yaml") for key in KEYS]
        async with world.executor() as executor:
            in_step = in_step_of(plan, wanted, {})
            await executor.run(plan, world.orders(plan), in_step)

    monkeypatch.setattr(world.store, last, kill)
    with pytest.raises(Killed):
        asyncio.run(story())
    assert world.archive.baselines(BACKEND)[ELM].form == CELL.managed()


def test_half_a_run_does_not_take_a_persons_change_for_ours(world: World) -> None:
    """Only the first of two saves is made, and the second was to undo theirs."""
    ours = Settings(enable_daily_sync=True, deletion_threshold=10)
    wanted = Settings(enable_daily_sync=False, deletion_threshold=20)

    async def story() -> DistrictDrift:
        for settings in (Settings(deletion_threshold=10), ours):
            await world.run(await world.plan(settings, keys=(LAKE,)))
        await world.edit(LAKE, {"deletion_threshold": 15})
        plan = await world.plan(wanted, keys=(LAKE,))
        async with embedded.open_writer(world.app) as writer:
            outcome = await world.run(plan, OnlyOnce(writer))
        assert outcome.districts[0].saves == 1
        return await drift(world, wanted)

    assert who(asyncio.run(story())) == {"deletion_threshold": "conflict"}


class OnlyOnce:
    """A real writer that saves once, and is not reached again."""

    def __init__(self, writer: object) -> None:
        self.writer = writer
        self.saves = 0

    async def save(self, key: str, desired: Form, **given: object) -> Live:
        self.saves += 1
        if self.saves > 1:
            raise NeverSent("Connect is not reached")
        return await self.writer.save(key, desired, **given)  # type: ignore[attr-defined, no-any-return]


def test_of_two_addresses_the_later_save_stays(world: World) -> None:
    other = "gateway https://connect.example.org"
    seen = BaselineUpdate({"deletion_threshold": 99}, running=False)
    world.store.note(other, {LAKE: seen}, at=NOW)

    async def story() -> None:
        wanted = Settings(deletion_threshold=10)
        await world.run(await world.plan(wanted, keys=(LAKE,)))

    asyncio.run(story())
    for described in (other, BACKEND):
        recognize(world.store, connect_key(described, "production"), at=NOW)
    assert world.archive.baselines("production")[LAKE].form == {
        "deletion_threshold": 10
    }


def test_districts_that_are_in_step_no_longer_are_named_and_not_remembered(
    world: World,
) -> None:
    async def story() -> Outcome:
        await world.edit(ELM, dict(CELL.managed()))
        plan = await world.plan(CELL)
        await world.edit(ELM, {"manage_guardians": False})
        wanted = [PlannedDistrict(district(key, CELL), f"{key}.yaml") for key in KEYS]
        async with world.executor() as executor:
            in_step = in_step_of(plan, wanted, {})
            return await executor.run(plan, world.orders(plan), in_step)

    assert asyncio.run(story()).moved == (ELM,)
    assert ELM not in world.archive.baselines(BACKEND)


def test_a_district_in_step_whose_sync_began_to_run_is_launched(world: World) -> None:
    async def story() -> None:
        wanted = [PlannedDistrict(district(ELM, CELL), "x.yaml")]
        for running in (False, True):
            await world.edit(ELM, {**CELL.managed(), SWITCH: running})
            plan = await world.plan(CELL, keys=(ELM,))
            async with world.executor() as executor:
                known = world.archive.baselines(BACKEND)
                in_step = in_step_of(plan, wanted, known)
                await executor.run(plan, world.orders(plan), in_step)

    asyncio.run(story())
    assert world.archive.baselines(BACKEND)[ELM].was_running


# — rolling back over what people did —


def test_what_somebody_saved_over_us_is_refused_and_named(world: World) -> None:
    async def story() -> None:
        await world.run(await world.plan(CELL, keys=(LAKE,)))
        await world.edit(LAKE, {"phone_types": frozenset(["Work"])})
        await back_from(world)

    with pytest.raises(RollbackRefused, match="lakeview:phone_types was Cell after"):
        asyncio.run(story())


def test_what_nobody_saw_of_a_lost_save_is_named_and_holds_nothing_up(
    world: World,
) -> None:
    async def story() -> Plan:
        await given_up(world)
        await world.edit(LAKE, {"phone_types": frozenset(["Work"])})
        return await back_from(world)

    (one,) = asyncio.run(story()).failed
    assert "Connect does not hold what was sent" in one.message


def test_six_districts_in_three_plans_do_not_pass_a_cap_of_two_a_day(
    world: World,
) -> None:
    """However their saves ended: clamped, without an answer, or confirmed."""

    async def story() -> None:
        await clamped(world, await world.plan(THRESHOLD, keys=(ELM,)))
        lose = losing(world, {"phone_types": frozenset(["Work"])})
        plan = await world.plan(Settings(phone_types=CELL.phone_types), keys=(HARBOR,))
        await Trial(world, after=lose).run(plan)
        await given_up(world)

    asyncio.run(story())
    assert recent(world) == set(KEYS)
    tomorrow = NOW + timedelta(hours=25)
    assert world.archive.recent(BACKEND, tomorrow).districts == frozenset()


# — what a file says once —


def launched_by_file(settings: Settings, key: str = LAKE) -> District:
    return replace(district(key, settings), facts=Facts(setup_step=9))


def test_a_launch_that_a_file_tells_is_remembered_before_the_first_save(
    world: World,
) -> None:
    """A fact that is taken out of the file later makes no district new again."""
    seen: list[bool] = []

    async def look(_: str) -> None:
        known = world.archive.baselines(BACKEND)[LAKE]
        # what a file says is told apart from what was seen
        seen.append(known.told and not known.was_running)

    async def story() -> None:
        plan = await world.plan(CELL, keys=(LAKE, ELM))
        files = [launched_by_file(CELL), district(ELM, CELL)]
        orders = orders_for(plan, Rollout(), files, {}, {})
        await Trial(world, before=look, orders=orders).run(plan)

    asyncio.run(story())
    assert seen == [True, True]
    assert not world.archive.baselines(BACKEND)[ELM].told


def test_a_launch_that_a_file_tells_is_remembered_when_it_is_seen(
    world: World,
) -> None:
    async def story() -> None:
        wanted = [PlannedDistrict(launched_by_file(CELL), f"districts/{LAKE}.yaml")]
        async with embedded.open_reader(world.app) as reader:
            (one,) = await find_drift(wanted, reader, {}, {})
        assert one.seen is not None
        world.store.note(BACKEND, {LAKE: one.seen}, at=NOW)

    asyncio.run(story())
    assert world.archive.baselines(BACKEND) == {LAKE: Baseline({}, told=True)}


def test_a_launch_that_a_file_tells_is_remembered_of_a_district_in_step(
    world: World,
) -> None:
    async def story() -> None:
        plan = await world.plan(CELL, keys=(ELM,))
        live = await world.live(LAKE)
        assert live["student_id"] == StudentId.STUDENT_ID.value
        same = Settings(student_id=StudentId.STUDENT_ID)
        wanted = [PlannedDistrict(launched_by_file(same), f"districts/{LAKE}.yaml")]
        plan = replace(plan, in_step=(LAKE,))
        async with world.executor() as executor:
            in_step = in_step_of(plan, wanted, {})
            await executor.run(plan, world.orders(plan), in_step)

    asyncio.run(story())
    assert world.archive.baselines(BACKEND)[LAKE].told


# — what arrives late, and nobody there —


def test_what_arrives_late_is_found_and_named_by_reconcile(world: World) -> None:
    more = replace(CELL, deletion_threshold=15)

    async def story() -> Split:
        await given_up(world)
        await world.edit(LAKE, CELL.managed())
        wanted = [PlannedDistrict(district(LAKE, more), f"districts/{LAKE}.yaml")]
        given = world.given()
        async with embedded.open_reader(world.app) as reader:
            plan = await make_plan(wanted, reader, given)
        return divide_plan(plan, wanted, given, world.archive)

    division = asyncio.run(story())
    said = [reason.message for reason in division.held[LAKE]]
    assert "a save of run 1 that got no answer has arrived since:" in str(said)
    assert "manage_guardians, phone_types" in str(said)
    assert "nothing is known of it" not in str(said)


def test_that_parts_of_a_file_alone_were_applied_is_known_by_every_name(
    world: World,
) -> None:
    """What stores of before this was written down know counts as it did."""

    async def story() -> None:
        plan = await world.plan(CELL)
        await world.run(replace(plan, since="0" * 40))

    asyncio.run(story())
    known = world.archive.baselines(BACKEND)
    assert {key: one.partly for key, one in known.items()} == dict.fromkeys(KEYS, True)
    assert known[LAKE].unknown(["student_id", *known[LAKE].form]) == ("student_id",)
    with world.store.database.reading() as connection:
        entries = [audit.read_entry(row) for row in audit.rows(connection)]
    older = Known()
    for entry in entries:
        detail = {n: v for n, v in entry.detail.items() if n != "partial"}
        older.add(replace(entry, detail=detail))
    assert older.form(BACKEND, LAKE) == known[LAKE].form
    assert not older.partly[BACKEND]
    recognize(world.store, connect_key(BACKEND, "production"), at=NOW)
    named = world.archive.baselines("production")
    assert all(named[key].partly for key in KEYS)
    # what is seen of all that its file says, even where nothing is new, ends it
    whole = BaselineUpdate(named[LAKE].form, running=False, merged=True, all=True)
    world.store.note("production", {LAKE: whole}, at=NOW)
    assert not world.archive.baselines("production")[LAKE].partly
    assert world.archive.baselines("production")[ELM].partly
