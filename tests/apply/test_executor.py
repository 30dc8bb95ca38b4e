from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from apply_world import CELL, KEYS, World, reading

from connectsync.apply.state.opening import open_store
from connectsync.apply.state.queries import StateReader
from connectsync.backends import embedded
from connectsync.backends.seam import Reader, Writer
from connectsync.domain.live import ListedDistrict, Live
from connectsync.domain.outcome import Ending, Outcome
from connectsync.domain.settings import SWITCH, Form
from connectsync.errors import (
    Bug,
    ConnectError,
    FormRefused,
    StalePlan,
    Unreachable,
)
from connectsync.providers.clever import PhoneType, Settings, StudentId

Meddle = Callable[[str], Awaitable[None]]


class Flaky:
    """A real writer with a fault around its save."""

    def __init__(
        self,
        writer: Writer,
        *,
        before: Meddle | None = None,
        after: Meddle | None = None,
    ) -> None:
        self.writer = writer
        self.before = before
        self.after = after
        self.saves: list[tuple[str, Form]] = []

    async def save(
        self,
        key: str,
        desired: Form,
        *,
        expected_version: str,
        set_token: bool = False,
    ) -> Live:
        if self.before:
            await self.before(key)
        live = await self.writer.save(
            key, desired, expected_version=expected_version, set_token=set_token
        )
        self.saves.append((key, desired))
        if self.after:
            await self.after(key)
        return live


def journal(tmp_path: Path) -> list[tuple[str, int, str]]:
    """Read district, phase and ending of each save, as another runner would."""
    with open_store(tmp_path) as store:
        reader = StateReader(store)
        return [
            (entry.intent.district, entry.intent.phase, entry.settled.value)
            for run in reversed(reader.runs())
            for entry in reader.journal(run.number)
        ]


def lost(_: str) -> Awaitable[None]:
    async def drop() -> None:
        raise Unreachable("the connection was dropped")

    return drop()


async def applied(world: World, flaky: Callable[[Writer], Writer]) -> list[Ending]:
    plan = await world.plan(CELL)
    async with embedded.open_writer(world.app) as writer:
        outcome = await world.run(plan, flaky(writer))
    return [one.ending for one in outcome.districts]


def test_a_plan_becomes_true_and_a_second_plan_is_empty(world: World) -> None:
    outcome = asyncio.run(_apply(world, CELL))
    assert [one.ending for one in outcome.districts] == [Ending.DONE] * len(KEYS)
    assert outcome.changes == 2 * len(KEYS)
    assert asyncio.run(world.plan(CELL)).empty


async def _apply(world: World, settings: Settings) -> Outcome:
    return await world.run(await world.plan(settings))


def test_each_save_is_intended_before_and_confirmed_after(
    world: World, tmp_path: Path
) -> None:
    asyncio.run(_apply(world, CELL))
    assert journal(tmp_path) == [(key, 1, "confirmed") for key in KEYS]


def test_a_save_is_in_the_journal_before_it_is_made(
    world: World, tmp_path: Path
) -> None:
    seen: list[list[tuple[str, int, str]]] = []

    async def look(_: str) -> None:
        seen.append(journal(tmp_path))

    asyncio.run(applied(world, lambda writer: Flaky(writer, before=look)))
    assert seen[0] == [(KEYS[0], 1, "intended")]


def test_what_was_last_applied_is_remembered(world: World) -> None:
    asyncio.run(_apply(world, CELL))
    baseline = world.archive.baselines("embedded")["lakeview"]
    assert baseline.form == {
        "manage_guardians": True,
        "phone_types": frozenset(["Cell"]),
    }
    assert not baseline.was_running


def test_a_sync_that_was_on_once_is_remembered(world: World) -> None:
    asyncio.run(world.edit("lakeview", {SWITCH: True}))
    asyncio.run(_apply(world, Settings(enable_daily_sync=False)))
    asyncio.run(_apply(world, CELL))
    baselines = world.archive.baselines("embedded")
    assert baselines["lakeview"].was_running
    assert not baselines["elm-grove"].was_running


def test_a_plan_with_two_saves_makes_them_in_order(
    world: World, tmp_path: Path
) -> None:
    asyncio.run(world.edit("lakeview", {SWITCH: True}))
    settings = Settings(enable_daily_sync=False, student_id=StudentId.STUDENT_NUMBER)
    asyncio.run(_apply(world, settings))
    phases = [row for row in journal(tmp_path) if row[0] == "lakeview"]
    assert phases == [("lakeview", 1, "confirmed"), ("lakeview", 2, "confirmed")]


def test_a_stale_plan_writes_nothing_and_names_district_setting_old_and_new(
    world: World, tmp_path: Path
) -> None:
    async def story() -> None:
        plan = await world.plan(CELL)
        await world.edit("lakeview", {"phone_types": frozenset(["Home"])})
        await world.run(plan)

    with pytest.raises(StalePlan) as stale:
        asyncio.run(story())
    assert "lakeview: phone_types was (none), is now Home" in stale.value.message
    assert journal(tmp_path) == []
    assert asyncio.run(world.live("elm-grove"))["phone_types"] == frozenset()


def test_a_form_saved_again_with_the_same_values_is_stale_too(world: World) -> None:
    async def story() -> None:
        plan = await world.plan(CELL)
        await world.edit("lakeview", {SWITCH: True})
        await world.edit("lakeview", {SWITCH: False})
        await world.run(plan)

    with pytest.raises(StalePlan, match="lakeview: saved again since"):
        asyncio.run(story())


def test_many_moved_districts_are_counted_in_one_error(world: World) -> None:
    async def story() -> None:
        plan = await world.plan(CELL)
        everything: Form = {
            "update_active_users": True,
            "unarchive_classrooms": True,
            "student_id": "STUDENT NUMBER",
            "deletion_threshold": 10,
        }
        for key in KEYS:
            await world.edit(key, everything)
        await world.run(plan)

    with pytest.raises(StalePlan, match="and 2 more"):
        asyncio.run(story())


def test_a_person_who_saves_in_between_is_never_overwritten(
    world: World, tmp_path: Path
) -> None:
    async def meddle(key: str) -> None:
        if key == "harbor-point":
            await world.edit(key, {"phone_types": frozenset(["Work"])})

    endings = asyncio.run(applied(world, lambda writer: Flaky(writer, before=meddle)))
    assert endings == [Ending.DONE, Ending.CONFLICT, Ending.DONE]
    assert asyncio.run(world.live("harbor-point"))["phone_types"] == frozenset(["Work"])
    assert journal(tmp_path)[1] == ("harbor-point", 1, "conflict")
    assert "harbor-point" not in world.archive.baselines("embedded")


def test_a_save_whose_answer_was_lost_is_settled_by_reading_and_made_once(
    world: World, tmp_path: Path
) -> None:
    endings = asyncio.run(applied(world, lambda writer: Flaky(writer, after=lost)))
    assert endings == [Ending.DONE] * len(KEYS)
    assert journal(tmp_path) == [(key, 1, "confirmed") for key in KEYS]


def test_a_save_that_never_arrived_fails_and_changes_nothing(
    world: World, tmp_path: Path
) -> None:
    endings = asyncio.run(applied(world, lambda writer: Flaky(writer, before=lost)))
    assert endings == [Ending.FAILED] * len(KEYS)
    assert journal(tmp_path) == [(key, 1, "failed") for key in KEYS]
    assert asyncio.run(world.live("lakeview"))["phone_types"] == frozenset()


def test_a_lost_answer_and_a_person_who_saved_is_a_conflict(world: World) -> None:
    async def meddle_and_lose(key: str) -> None:
        await world.edit(key, {"phone_types": frozenset(["Work"])})
        raise Unreachable("the connection was dropped")

    endings = asyncio.run(
        applied(world, lambda writer: Flaky(writer, before=meddle_and_lose))
    )
    assert endings == [Ending.CONFLICT] * len(KEYS)


def test_a_save_that_nobody_can_settle_stays_intended(
    world: World, tmp_path: Path
) -> None:
    class Blind:
        described = "embedded"

        def __init__(self, reader: object) -> None:
            self.read_many = reader.read_many  # type: ignore[attr-defined]

        async def read(self, key: str) -> Live:
            raise Unreachable(f"{key} cannot be read")

    async def story() -> list[str]:
        plan = await world.plan(CELL, keys=("lakeview",))
        async with (
            embedded.open_writer(world.app) as writer,
            world.executor(Flaky(writer, after=lost)) as executor,
        ):
            blind = reading(executor, Blind(executor.means.reader))
            outcome = await blind.run(plan, world.orders(plan))
        return [one.message for one in outcome.districts]

    (message,) = asyncio.run(story())
    assert "it is not known whether the save happened" in message
    assert journal(tmp_path) == [("lakeview", 1, "intended")]


def test_connect_holding_something_else_than_was_saved_is_not_confirmed(
    world: World, tmp_path: Path
) -> None:
    class Forgetful(Flaky):
        async def save(
            self,
            key: str,
            desired: Form,
            *,
            expected_version: str,
            set_token: bool = False,
        ) -> Live:
            live = await super().save(
                key, desired, expected_version=expected_version, set_token=set_token
            )
            form = {**live.form, "phone_types": frozenset(["Home"])}
            return Live(live.key, live.version, form, live.read_at)

    endings = asyncio.run(applied(world, Forgetful))
    assert endings == [Ending.CONFLICT] * len(KEYS)
    assert journal(tmp_path)[0] == ("elm-grove", 1, "conflict")


def test_one_district_that_fails_does_not_stop_the_others(
    world: World, tmp_path: Path
) -> None:
    async def refuse(key: str) -> None:
        if key == "elm-grove":
            raise FormRefused("no")

    endings = asyncio.run(applied(world, lambda writer: Flaky(writer, before=refuse)))
    assert endings == [Ending.FAILED, Ending.DONE, Ending.DONE]
    assert journal(tmp_path)[0] == ("elm-grove", 1, "failed")


def test_what_was_confirmed_is_counted_not_what_was_planned(world: World) -> None:
    asyncio.run(world.edit("lakeview", {SWITCH: True}))
    settings = Settings(
        enable_daily_sync=False, phone_types=frozenset([PhoneType.CELL])
    )

    async def story() -> tuple[int, int]:
        plan = await world.plan(settings, keys=("lakeview",))
        async with embedded.open_writer(world.app) as writer:
            flaky = Flaky(writer)

            async def second_fails(_: str) -> None:
                if flaky.saves:
                    raise FormRefused("no")

            flaky.before = second_fails
            outcome = await world.run(plan, flaky)
        return outcome.districts[0].saves, outcome.changes

    assert asyncio.run(story()) == (1, 1)


def test_an_empty_plan_opens_no_run(world: World, tmp_path: Path) -> None:
    outcome = asyncio.run(_apply(world, Settings()))
    assert outcome.districts == ()
    assert journal(tmp_path) == []


def test_a_version_that_comes_twice_does_not_hide_what_was_changed(
    world: World, tmp_path: Path
) -> None:
    async def story() -> None:
        plan = await world.plan(CELL)
        (first, *rest) = plan.districts
        lying = replace(first, live={**first.live, "update_active_users": True})
        await world.run(replace(plan, districts=(lying, *rest)))

    with pytest.raises(StalePlan, match="update_active_users was on, is now off"):
        asyncio.run(story())
    assert journal(tmp_path) == []


class Partial:
    """A reader that leaves out, or cannot read, one district."""

    described = "embedded"

    def __init__(self, reader: Reader, error: ConnectError | None) -> None:
        self.reader = reader
        self.error = error

    async def list_districts(self) -> tuple[ListedDistrict, ...]:
        return await self.reader.list_districts()

    async def read(self, key: str) -> Live:
        return await self.reader.read(key)

    async def options(self, setting: str) -> tuple[str, ...]:
        return await self.reader.options(setting)

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, Live | ConnectError]:
        answers = dict(await self.reader.read_many(keys))
        del answers[KEYS[0]]
        return answers if self.error is None else answers | {KEYS[0]: self.error}


async def _partially(world: World, error: ConnectError | None) -> list[Ending]:
    plan = await world.plan(CELL)
    async with world.executor() as executor:
        partial = reading(executor, Partial(executor.means.reader, error))
        outcome = await partial.run(plan, world.orders(plan))
    return [one.ending for one in outcome.districts]


def test_a_district_that_cannot_be_read_is_not_written(
    world: World, tmp_path: Path
) -> None:
    endings = asyncio.run(_partially(world, Unreachable("no answer")))
    assert endings == [Ending.FAILED, Ending.DONE, Ending.DONE]
    assert [row[0] for row in journal(tmp_path)] == list(KEYS[1:])


def test_a_district_that_was_left_out_is_a_bug_and_nothing_is_written(
    world: World, tmp_path: Path
) -> None:
    with pytest.raises(Bug, match="did not answer"):
        asyncio.run(_partially(world, None))
    assert journal(tmp_path) == []


def test_a_bug_is_not_taken_for_a_district_that_failed(world: World) -> None:
    async def break_down(_: str) -> None:
        raise Bug("impossible")

    with pytest.raises(Bug, match="impossible"):
        asyncio.run(applied(world, lambda writer: Flaky(writer, before=break_down)))
