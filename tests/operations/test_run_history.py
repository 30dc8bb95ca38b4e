"""What runs left behind, told from a real store after real runs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from apply_world import KEYS, NOW, World
from begun_runs import begun
from forging import forge
from stores import Place, place

from connectsync.apply.journal import Claim, Intent
from connectsync.apply.state.opening import open_store
from connectsync.apply.state.queries import StateReader
from connectsync.domain.outcome import Ending
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.run import (
    DistrictDiff,
    KnownValue,
    RunState,
    RunTally,
    SettingDiff,
)
from connectsync.domain.settings import Set
from connectsync.emulator.app import create_app
from connectsync.emulator.seed import enrol
from connectsync.errors import StateError, UnknownRun, UsageError
from connectsync.operations.runs import (
    audit_store,
    diff_of,
    district_history,
    history_of,
)
from connectsync.providers.clever import Permission, PhoneType, Settings

ELM, HARBOR, LAKEVIEW = KEYS


def phones(phone: PhoneType) -> Settings:
    return Settings(phone_types=frozenset([phone]))


CELL, WORK, HOME = map(phones, (PhoneType.CELL, PhoneType.WORK, PhoneType.HOME))
ADMIN = Settings(permissions=frozenset([Permission.PERMISSIONS_ADMIN]))


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    enrol(tmp_path / "connect.db", [(key, key) for key in KEYS])
    with place(request.param, tmp_path).open() as store:
        yield World(create_app(tmp_path / "connect.db"), store)


def ran(world: World, settings: Settings, *keys: str) -> None:
    async def go() -> None:
        await world.run(await world.plan(settings, keys))

    asyncio.run(go())


def broken_off(world: World, settings: Settings, *keys: str) -> int:
    """Begin a run that dies between its first save and its answer."""

    async def begin() -> int:
        plan = await world.plan(settings, keys)
        run, _ = world.store.begin(plan, plan_digest(plan), world.orders(plan), at=NOW)
        claim = world.store.claim(run, plan.backend, keys[0], at=NOW)
        assert isinstance(claim, Claim)
        first = plan.districts[0]
        after = first.saves[0].after(first.live)
        intent = Intent(keys[0], 1, first.live, after, first.live_version)
        world.store.intend(claim, intent, at=NOW)
        return run

    return asyncio.run(begin())


def of(form: str) -> KnownValue:
    return KnownValue(frozenset([form]))


def test_the_newest_runs_come_first_and_the_rest_is_counted(world: World) -> None:
    ran(world, CELL, ELM, LAKEVIEW)
    broken_off(world, WORK, ELM, LAKEVIEW)
    found = world.archive.newest(1)
    assert [one.head.number for one in found.lines] == [2]
    assert found.total == 2
    newest, first = world.archive.newest(20).lines
    assert (newest.head.state, newest.tally) == (RunState.OPEN, RunTally(0, 0, 0, 0, 2))
    assert (first.head.state, first.tally) == (RunState.ENDED, RunTally(2, 0, 0, 0, 0))
    assert first.head.seconds == 0


def test_a_run_tells_every_save_and_who_said_yes(world: World) -> None:
    ran(world, CELL, ELM, LAKEVIEW)
    plan = world.archive.run(1).plan
    world.store.approve(plan, "Ada", at=NOW)
    told = history_of(world.archive, 1)
    assert [part.district for part in told.parts] == [ELM, LAKEVIEW]
    (save,) = told.entries[ELM]
    assert save.changes == (Set("phone_types", frozenset(), frozenset(["Cell"])),)
    assert (save.settled, save.runner) == ("confirmed", world.store.runner)
    assert [(one.name, one.at) for one in told.approved] == [("Ada", NOW)]
    assert told.head == world.archive.head()


def test_history_tells_what_others_changed_between_two_runs(world: World) -> None:
    ran(world, CELL, ELM)
    ran(world, HOME, ELM)
    found = district_history(world.archive, ELM, ["phone_types"])
    assert [(one.run and one.run.number, *one.changes) for one in found.entries] == [
        (1, Set("phone_types", frozenset(), frozenset(["Cell"]))),
        (2, Set("phone_types", frozenset(["Cell"]), frozenset(["Home"]))),
    ]
    asyncio.run(world.edit(ELM, {"phone_types": frozenset(["Work"])}))
    ran(world, CELL, ELM)
    *_, person, ours = district_history(world.archive, ELM).entries
    assert (person.run, person.changes) == (
        None,
        (Set("phone_types", frozenset(["Home"]), frozenset(["Work"])),),
    )
    assert (ours.run and ours.run.number) == 3
    assert person.after is not None
    assert person.after <= person.at <= ours.at


def test_a_save_that_nobody_settled_is_told_as_such(world: World) -> None:
    run = broken_off(world, CELL, ELM)
    (save,) = history_of(world.archive, run).entries[ELM]
    assert (save.settled, save.settled_at) == ("intended", None)


def test_only_the_districts_that_are_asked_for_are_told(world: World) -> None:
    ran(world, CELL, *KEYS)
    told = history_of(world.archive, 1, [LAKEVIEW, ELM])
    assert [part.district for part in told.parts] == [ELM, LAKEVIEW]
    assert told.entries.keys() == {ELM, LAKEVIEW}
    assert told.run.tally.done == len(KEYS), "the header speaks of the whole run"
    with pytest.raises(UsageError) as failure:
        history_of(world.archive, 1, ["lakevew"])
    assert failure.value.remedy == "did you mean 'lakeview'?"


def test_two_runs_differ_in_what_either_of_them_changed(world: World) -> None:
    ran(world, CELL, ELM, LAKEVIEW)
    ran(world, WORK, ELM, LAKEVIEW)
    assert diff_of(world.archive, 1, 2).districts == tuple(
        DistrictDiff(key, (1, 2), (SettingDiff("phone_types", of("Cell"), of("Work")),))
        for key in (ELM, LAKEVIEW)
    )
    there, back = (diff_of(world.archive, *pair) for pair in ((1, 2), (2, 1)))
    assert [one.district for one in there.districts] == [
        one.district for one in back.districts
    ]
    assert back.districts[0].settings == (
        SettingDiff("phone_types", of("Work"), of("Cell")),
    )


def test_districts_that_are_the_same_after_both_are_counted(world: World) -> None:
    ran(world, CELL, ELM)
    ran(world, WORK, ELM)
    ran(world, CELL, ELM)
    diff = diff_of(world.archive, 1, 3)
    assert diff.districts == (DistrictDiff(ELM, (1, 3), ()),)
    assert diff.alike == 1


def test_a_district_that_one_run_alone_saved_is_told_with_what_was_before(
    world: World,
) -> None:
    ran(world, CELL, ELM, HARBOR)
    ran(world, WORK, HARBOR)
    ran(world, HOME, HARBOR, LAKEVIEW)
    elm, harbor, lakeview = diff_of(world.archive, 1, 3).districts
    assert elm == DistrictDiff(ELM, (1,), ()), "no run has saved it since"
    assert harbor.saved_by == (1, 3)
    assert harbor.settings == (SettingDiff("phone_types", of("Cell"), of("Home")),)
    assert lakeview == DistrictDiff(
        LAKEVIEW, (3,), (SettingDiff("phone_types", None, of("Home")),)
    )
    # what runs in between made of it counts, where the later run did not save it
    (elm, harbor) = diff_of(world.archive, 1, 2).districts
    assert elm == DistrictDiff(ELM, (1,), ())
    assert harbor.settings == (SettingDiff("phone_types", of("Cell"), of("Work")),)


def test_settings_that_neither_run_changed_are_left_out(world: World) -> None:
    ran(world, CELL, ELM)
    ran(world, ADMIN, ELM)
    ran(world, WORK, ELM)
    (elm,) = diff_of(world.archive, 1, 3).districts
    assert [one.setting for one in elm.settings] == ["phone_types"]


def test_a_save_that_was_not_confirmed_changed_nothing(world: World) -> None:
    ran(world, CELL, ELM)
    run = broken_off(world, WORK, ELM, LAKEVIEW)
    assert diff_of(world.archive, 1, run).districts == (DistrictDiff(ELM, (1,), ()),)


def test_runs_that_cannot_be_compared_are_refused(world: World) -> None:
    ran(world, CELL, ELM)
    with pytest.raises(UsageError, match="differ from itself"):
        diff_of(world.archive, 1, 1)
    with pytest.raises(UnknownRun):
        diff_of(world.archive, 1, 7)
    begun(world.store, ELM)
    with pytest.raises(UsageError, match="run 1 was on embedded, and run 2 on one"):
        diff_of(world.archive, 1, 2)


@pytest.mark.parametrize("head", ["", "sha256:", "ab" * 32, "sha256:" + "A" * 64])
def test_what_cannot_be_a_head_is_not_looked_for(tmp_path: Path, head: str) -> None:
    with open_store(tmp_path) as store, pytest.raises(UsageError, match="no head"):
        audit_store(World(create_app(tmp_path / "x.db"), store).archive, head)


def test_a_new_store_verifies(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        found = audit_store(World(create_app(tmp_path / "x.db"), store).archive)
    assert (found.entries, found.problems) == (0, ())
    assert re.fullmatch("sha256:0{64}", found.head)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET at = 'yesterday'",
        "UPDATE audit SET action = 'sat down'",
        "UPDATE audit SET subject = 'nowhere'",
        'UPDATE audit SET detail = \'{"before": {"colour": 1}}\'',
        "UPDATE audit SET detail = 'x'",
    ],
)
@pytest.mark.parametrize("chained", [False, True])
def test_rows_that_nobody_can_read_are_told_and_are_no_bug(
    tmp_path: Path, statement: str, *, chained: bool
) -> None:
    kept = Place(tmp_path, place("sqlite", tmp_path).address)
    enrol(tmp_path / "connect.db", [(key, key) for key in KEYS])
    with kept.open() as store:
        ran(World(create_app(tmp_path / "connect.db"), store), CELL, ELM)
    kept.run(statement)
    if chained:
        forge(kept.address.url, lambda _: None)
    with kept.open() as store, pytest.raises(StateError, match="store was edited"):
        _told(StateReader(store))
    with kept.open() as store:
        assert StateReader(store).audited().problems


def _told(archive: StateReader) -> None:
    archive.newest(9)
    history_of(archive, 1)


def test_a_district_that_was_doubted_is_told_as_a_conflict(world: World) -> None:
    ran(world, CELL, ELM)
    world.store.doubt(1, ELM, "it is not as saved", at=NOW)
    (part,) = history_of(world.archive, 1).parts
    assert part.outcome is not None
    assert part.outcome.ending is Ending.CONFLICT
