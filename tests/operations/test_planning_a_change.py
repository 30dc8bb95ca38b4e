"""A plan of one change to the files: what it causes, all of that, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from generated_plans import FORMS, SOME
from hypothesis import given
from hypothesis import strategies as st

from connectsync.domain.district import Credentials, District
from connectsync.domain.drift import Baseline, ChangedSince, caused_changes
from connectsync.domain.live import ListedDistrict, Live
from connectsync.domain.plan import Plan
from connectsync.domain.policy import Policy
from connectsync.domain.settings import Form, apply_changes
from connectsync.errors import ConnectError, DistrictNotFound
from connectsync.operations.plan import PlanContext, PlannedDistrict, make_plan
from connectsync.providers.clever import Settings

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)
COMMIT = "0123456789" * 4
KEYS = ("a", "b", "c")


@dataclass(frozen=True)
class Table:
    """A reader over a table of answers."""

    answers: Mapping[str, Live | ConnectError]
    described: str = "table"

    async def list_districts(self) -> tuple[ListedDistrict, ...]:
        return ()

    async def read(self, key: str) -> Live:
        raise NotImplementedError(key)

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, Live | ConnectError]:
        return {key: self.answers[key] for key in keys}

    async def options(self, setting: str) -> tuple[str, ...]:
        return (setting,)


@dataclass(frozen=True)
class Scene:
    """Districts before and after a change to their files, and on Connect."""

    before: Mapping[str, Form]
    after: Mapping[str, Form]
    live: Mapping[str, Form]
    baselines: Mapping[str, Form]

    @property
    def since(self) -> ChangedSince:
        found = {
            key: caused_changes(self.before.get(key, {}), form)
            for key, form in self.after.items()
        }
        return ChangedSince(COMMIT, {key: form for key, form in found.items() if form})

    def plan(
        self, since: ChangedSince | None, live: Mapping[str, Form] | None = None
    ) -> Plan:
        answers = {
            key: Live(key, "1", form, NOW) for key, form in (live or self.live).items()
        }
        kept = {key: Baseline(form) for key, form in self.baselines.items()}
        given = PlanContext(NOW, "test", (), 3, Policy(), kept, since=since)
        wanted = [
            PlannedDistrict(_district(key, form), key)
            for key, form in self.after.items()
        ]
        return asyncio.run(make_plan(wanted, Table(answers), given))


def _district(key: str, form: Form) -> District:
    settings: dict[str, Any] = dict(form)
    district_id = settings.pop("district_id", None)
    assert district_id is None or isinstance(district_id, str)
    return District(
        key,
        key,
        credentials=Credentials(district_id),
        settings=Settings(**settings),
    )


def managed(form: Form) -> Form:
    """Leave out what no file can say: that a setting is managed as nothing."""
    return {name: value for name, value in form.items() if value is not None}


FILES = SOME.map(managed)
SCENES = st.builds(
    Scene,
    before=st.dictionaries(st.sampled_from(KEYS), FILES),
    after=st.fixed_dictionaries(dict.fromkeys(KEYS, FILES)),
    live=st.fixed_dictionaries(dict.fromkeys(KEYS, FORMS)),
    baselines=st.dictionaries(st.sampled_from(KEYS), FILES),
)

Where = set[tuple[str, str]]


def saved(plan: Plan) -> Where:
    return {
        (one.district, change.change.setting)
        for one in plan.districts
        for change in one.changes()
    }


def left(plan: Plan) -> Where:
    return {
        (one.district, move.setting)
        for one in plan.left_alone
        for move in one.movements
    }


@given(SCENES)
def test_it_saves_what_the_change_causes_and_all_of_it(scene: Scene) -> None:
    made = scene.plan(scene.since)
    assert saved(made) == {
        (key, name)
        for key, form in scene.after.items()
        for name, value in form.items()
        if (name not in scene.before.get(key, {}) or scene.before[key][name] != value)
        and scene.live[key][name] != value
    }


@given(SCENES)
def test_what_it_saves_and_what_it_leaves_is_what_the_whole_plan_saves(
    scene: Scene,
) -> None:
    made, whole = scene.plan(scene.since), scene.plan(None)
    assert saved(made).isdisjoint(left(made))
    assert saved(made) | left(made) == saved(whole)
    assert set(made.in_step) == set(whole.in_step)
    assert made.size == whole.size


@given(SCENES)
def test_once_it_is_applied_only_what_it_left_alone_is_left(scene: Scene) -> None:
    made = scene.plan(scene.since)
    live = dict(scene.live)
    for one in made.districts:
        live[one.district] = apply_changes(
            live[one.district], [change.change for change in one.changes()]
        )
    again = scene.plan(scene.since, live)
    assert not again.districts
    assert left(again) == left(made)
    assert saved(scene.plan(None, live)) == left(made)


@given(SCENES)
def test_nothing_changed_causes_nothing(scene: Scene) -> None:
    same = Scene(scene.after, scene.after, scene.live, scene.baselines)
    assert not same.plan(same.since).districts


def test_a_district_that_cannot_be_read_fails_the_plan_only_if_it_is_changed() -> None:
    form: Form = {"deletion_threshold": 15}
    other: Form = {"deletion_threshold": 12}
    gone = DistrictNotFound("no such district")
    given = PlanContext(
        NOW, "test", (), 2, Policy(), {}, since=ChangedSince(COMMIT, {"a": other})
    )
    wanted = [
        PlannedDistrict(_district("a", other), "a"),
        PlannedDistrict(_district("b", form), "b"),
    ]
    made = asyncio.run(make_plan(wanted, Table({"a": gone, "b": gone}), given))
    assert [one.district for one in made.failed] == ["a"]
    assert [(one.district, one.error) for one in made.left_alone] == [
        ("b", "no such district")
    ]
