"""What planning many districts costs, counted: nothing here looks at a clock."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from console import Console
from hypothesis import given, strategies

from connectsync.backends.contract import ContractReader
from connectsync.backends.exchange import Exchange, GatewayAnswer, GatewayCall
from connectsync.cli.session import wait_for
from connectsync.config import yaml_tree
from connectsync.config.decode import Ground, bytes_of
from connectsync.config.discovery import names_below
from connectsync.config.fleet import load_fleet, rivals
from connectsync.domain import plan_file
from connectsync.domain.district import District, kept_labels
from connectsync.domain.drift import Baseline
from connectsync.domain.plan import DistrictPlan, Plan, PlannedChange, Save, saves_for
from connectsync.domain.settings import BY_NAME, Form, Set, is_same, list_differing
from connectsync.emulator import seed
from connectsync.operations import plan as planning
from connectsync.operations.molds import Molds
from connectsync.operations.plan import (
    changes_between,
    find_differing,
    find_kept_labels,
)
from connectsync.providers.form import Risk, Value
from connectsync.report import markdown


def test_deepdiff_is_asked_once_about_what_districts_have_in_common(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []

    def counted(*pair: object) -> bool:
        asked.append(pair)
        return True

    monkeypatch.setattr("deepdiff.DeepDiff", counted)
    planning._are_apart.cache_clear()  # noqa: SLF001 - what others asked is not counted
    for number in range(100):
        live: Form = {"district_id": None, "phone_types": frozenset(["Cell", "Home"])}
        desired: Form = {
            "district_id": f"{number:024}",
            "phone_types": frozenset(["Cell"]),
        }
        assert find_differing(live, desired) == ("district_id", "phone_types")
    planning._are_apart.cache_clear()  # noqa: SLF001 - as above
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("held", "wanted", "apart"),
    [
        (1, True, True),
        (0, False, True),
        (None, False, True),
        (None, "", True),
        ("a", "a", False),
        (10, 10, False),
        (frozenset(["a"]), frozenset(["a", "b"]), True),
        (frozenset(["a"]), frozenset(["a"]), False),
        (None, frozenset(), True),
    ],
)
def test_single_values_are_told_apart_as_deepdiff_does(
    held: Value,
    wanted: Value,
    apart: bool,  # noqa: FBT001 - a case
) -> None:
    from deepdiff import DeepDiff

    assert bool(DeepDiff(held, wanted)) is apart
    assert planning._is_apart(held, wanted) is apart  # noqa: SLF001 - the choice


TEXT = """\
schema: 1
district: {key}
name: {key}
provider: clever
credentials: {{district_id: "{number:024}", oauth_token: "env:{token}_TOKEN"}}
"""


def district(folder: Path, number: int, *, key: str = "", of: int = -1) -> Path:
    key = key or f"d-{number}"
    path = folder / "districts" / f"{key}.yaml"
    path.parent.mkdir(exist_ok=True)
    told = TEXT.format(
        key=key, number=number if of < 0 else of, token=key.upper().replace("-", "_")
    )
    path.write_text(told)
    return path


def test_planning_one_district_reads_no_other_that_does_not_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [district(tmp_path, number) for number in range(30)]
    alike = district(tmp_path, 99, key="alike", of=7)
    linked = tmp_path / "districts" / "linked.yaml"
    linked.symlink_to(paths[7])
    (tmp_path / "districts" / "large.yaml").write_text("#" * 70_000)
    read: Counter[str] = Counter()
    whole = bytes_of

    def counted(path: Path, *rest: object) -> object:
        read[path.name] += 1
        return whole(path, *rest)  # type: ignore[arg-type]

    loaded = load_fleet(tmp_path, [paths[7]], districts_dir=Path("districts"))
    monkeypatch.setattr("connectsync.config.fleet.bytes_of", counted)
    own = [one.district for one in loaded.districts]
    names = names_below(tmp_path / "districts")
    found = rivals(own, [paths[7]], names, Ground.of(tmp_path))
    assert found == (alike,)
    # the strict way reads links and what is large
    assert read == Counter({"linked.yaml": 1, "large.yaml": 1})


def test_one_district_of_many_is_planned_with_every_other_file_opened_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = Console(tmp_path)
    (tmp_path / "connectsync.yaml").write_text("schema: 1\n")
    paths = [district(tmp_path, number) for number in range(30)]
    assert fleet.run("plan", "d-7").status == 0
    opened: Counter[str] = Counter()
    listed: list[str] = []
    real_open, real_scan = os.open, os.scandir

    def counted_open(path: str, *rest: Any, **more: Any) -> int:
        opened[os.fspath(path)] += 1
        return real_open(path, *rest, **more)

    def counted_scan(path: str) -> Any:
        listed.append(os.fspath(path))
        return real_scan(path)

    monkeypatch.setattr(os, "open", counted_open)
    monkeypatch.setattr(os, "scandir", counted_scan)
    assert fleet.run("plan", "d-7").status == 0
    others = {path: opened[str(path)] for path in paths if path.stem != "d-7"}
    assert set(others.values()) == {1}
    # once for its name, once to see that it is not all of them, once for the others
    assert listed.count(str(tmp_path / "districts")) == 3
    # the folder of the test is removed as others are
    monkeypatch.undo()


def test_equal_changes_of_a_plan_are_one_value_and_are_spelled_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = many_alike(200)
    assert len({id(one) for of in plan.districts for one in of.changes()}) == 3
    spelled: list[object] = []
    whole = plan_file._change_data  # noqa: SLF001 - what is counted

    def counted(one: PlannedChange) -> Any:
        spelled.append(one)
        return whole(one)

    monkeypatch.setattr(plan_file, "_change_data", counted)
    text = plan_file.plan_text(plan)
    # the digest, which reports ask for again, comes from the same data
    assert plan_file.plan_digest(plan) in text
    assert len(spelled) == 3
    data = plan_file.plan_data(plan)
    whole_data = {"digest": plan_file.digest_of(data)} | data
    assert text == json.dumps(whole_data, indent=2) + "\n"
    assert plan_file.read_plan(text) == plan


def many_alike(count: int) -> Plan:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    live: Form = {"deletion_threshold": None, "phone_types": frozenset(["Cell"])}
    desired: Form = {"deletion_threshold": 10, "phone_types": frozenset(["Home"])}
    districts = tuple(
        DistrictPlan(
            district=f"d-{number}",
            name="D é",
            file=f"districts/d-{number}.yaml",
            live_version="1",
            read_at=at,
            live=live,
            desired=desired,
            saves=saves_for(changes_between(live, desired), live),
        )
        for number in range(count)
    )
    return Plan(at, "connectsync", "embedded", (), count, districts, (), ())


_TEXT = strategies.text()
JSON = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | _TEXT,
    lambda inner: strategies.lists(inner) | strategies.dictionaries(_TEXT, inner),
)


@given(strategies.dictionaries(_TEXT, JSON))
def test_data_are_spelled_as_the_library_spells_them(data: dict[str, Any]) -> None:
    shared = plan_file.Repeated(data)
    twice = {"a": shared, "b": [shared, {"deeper": shared}], "c": shared}
    told = {"a": data, "b": [data, {"deeper": data}], "c": data}
    assert plan_file.spell_indented(twice) == json.dumps(told, indent=2)


def test_forms_are_asked_for_once_and_some_at_a_time() -> None:
    class Slow(Exchange):
        def __init__(self) -> None:
            # it has no client: it answers itself
            self.asked: list[int] = []
            self.waiting = self.most = 0

        @property
        def address(self) -> str:
            return "https://connect.example"

        async def read(self, call: GatewayCall) -> GatewayAnswer:
            keys = dict(call.body or {})["districts"]
            assert isinstance(keys, list)
            self.asked.append(len(keys))
            self.waiting += 1
            self.most = max(self.most, self.waiting)
            await asyncio.sleep(0)
            self.waiting -= 1
            return GatewayAnswer({"items": [], "errors": []}, None)

    slow = Slow()
    reader = ContractReader(slow, described="gateway")
    found = wait_for(reader.read_many([f"d-{number}" for number in range(5_200)]))
    assert len(found) == 5_200
    assert sorted(slow.asked) == [200, *[500] * 10]
    assert slow.most == 4


def test_no_loop_spells_what_its_work_gives() -> None:
    class Unspeakable:
        def __repr__(self) -> str:
            raise AssertionError

    one = Unspeakable()

    async def work() -> Unspeakable:
        return one

    assert wait_for(work()) is one


def test_a_comment_writes_only_the_rows_that_have_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    districts = tuple(
        DistrictPlan(
            district=f"d-{number}",
            name="D",
            file=f"districts/d-{number}.yaml",
            live_version="1",
            read_at=at,
            live={"deletion_threshold": None},
            desired={"deletion_threshold": number},
            saves=(Save((_change(number),)),),
        )
        for number in range(2000)
    )
    plan = Plan(at, "connectsync", "embedded", (), 2000, districts, (), ())
    written: list[object] = []
    shown = markdown._kind  # noqa: SLF001 - a row

    def counted(kind: PlannedChange | str, more: Iterable[str]) -> tuple[str, ...]:
        written.append(kind)
        return shown(kind, more)

    monkeypatch.setattr(markdown, "_kind", counted)
    page = markdown.plan_markdown(plan, limit=4000)
    assert "different change" in page
    assert len(written) < 100


def _change(number: int) -> PlannedChange:
    return PlannedChange(Set("deletion_threshold", None, number), Risk.CAUTION, "x")


@pytest.mark.parametrize("asked", [(), ("districts",)])
def test_each_file_of_a_plan_is_read_once_and_each_mold_composed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...]
) -> None:
    fleet = Console(tmp_path)
    (tmp_path / "connectsync.yaml").write_text("schema: 1\n")
    paths = [district(tmp_path, number) for number in range(40)]
    for path in paths:
        # on lines of their own, as most files have them
        said = path.read_text().replace("{", "\n  ").replace(", ", "\n  ")
        path.write_text(said.replace("}", ""))
    assert fleet.run("plan", *asked).status == 0
    opened: Counter[str] = Counter()
    taken_apart: Counter[str] = Counter()
    composed: list[bytes] = []
    real_open, compose, take_apart = os.open, yaml_tree.compose, Molds.take_apart

    def counted_open(path: str, *rest: Any, **more: Any) -> int:
        opened[os.fspath(path)] += 1
        return real_open(path, *rest, **more)

    def counted_compose(raw: bytes) -> object:
        composed.append(raw)
        return compose(raw)

    def counted_take_apart(self: Molds[Any], raw: bytes, file: str) -> object:
        taken_apart[file] += 1
        return take_apart(self, raw, file)

    monkeypatch.setattr(os, "open", counted_open)
    monkeypatch.setattr("connectsync.config.document.compose", counted_compose)
    monkeypatch.setattr(Molds, "take_apart", counted_take_apart)
    assert fleet.run("plan", *asked).status == 0
    assert {opened[str(path)] for path in paths} == {1}
    assert {taken_apart[f"districts/{path.name}"] for path in paths} == {1}
    assert sum(b"\ndistrict: " in raw for raw in composed) == 1


def test_the_embedded_connect_is_asked_once_whom_it_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "connect.db"
    every = [(f"d-{number}", f"D {number}") for number in range(30)]
    assert seed.enrol(store, [*every[:20], every[3]]) == 20
    asked: list[str] = []
    connect = sqlite3.connect

    def traced(*given: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*given, **named)
        connection.set_trace_callback(asked.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    assert seed.enrol(store, every) == 10
    assert seed.enrol(store, every) == 0
    assert sum("SELECT key" in one for one in asked) == 2
    assert sum("REPLACE INTO district" in one for one in asked) == 10


_LABELS = strategies.frozensets(
    strategies.sampled_from(["Cell", "Home", "Élève", "E\u0301le\u0300ve", "Odd"])
)
_FORMS = strategies.fixed_dictionaries(
    {},
    optional={
        "district_id": strategies.sampled_from(["", "0a", "0A", "zz", None]),
        "student_id": strategies.sampled_from(["STUDENT ID", "É", "E\u0301", None]),
        "phone_types": _LABELS,
        "permissions": _LABELS,
        "enable_daily_sync": strategies.booleans(),
        "deletion_threshold": strategies.sampled_from([None, 0, 1, 20]),
    },
)


@given(_FORMS, _FORMS, strategies.booleans())
def test_a_form_that_is_as_files_say_is_known_at_once_and_as_surely(
    live: Form,
    desired: Form,
    same: bool,  # noqa: FBT001 - a case
) -> None:
    if same:
        live = {**live, **desired}
    apart = tuple(
        name
        for name in BY_NAME
        if name in live and name in desired
        if not is_same(name, live[name], desired[name])
    )
    assert list_differing(live, desired) == apart
    kept = kept_labels(live, desired, frozenset())
    assert find_kept_labels(District("d", "D"), live, Baseline(), desired) == kept
    if same:
        assert (apart, kept) == ((), {})
