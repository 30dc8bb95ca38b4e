"""A snapshot is whole, or says what it lacks; and it is never younger than it is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from connectsync.backends.snapshot import render_snapshot
from connectsync.domain.live import ListedDistrict, Live, Snapshot
from connectsync.domain.settings import BY_NAME, SETTINGS
from connectsync.errors import ConnectError, DistrictNotFound, Incomplete, Unreachable
from connectsync.operations.import_ import insist_whole, take_snapshot
from connectsync.providers.form import Kind, Value

READ = datetime(2027, 1, 15, 10, tzinfo=UTC)
BLANK: dict[Kind, Value] = {
    Kind.TEXT: "",
    Kind.CHOICE: "x",
    Kind.BOX: False,
    Kind.BOXES: frozenset(),
    Kind.PERCENT: None,
}
FORM = {setting.name: BLANK[setting.kind] for setting in SETTINGS}


@dataclass
class Connect:
    """A Connect whose districts, labels and failures are given."""

    lives: dict[str, Live]
    without: frozenset[str] = frozenset()
    failing: frozenset[str] = frozenset()
    described: str = "made up"
    asked: list[str] = field(default_factory=list)

    async def list_districts(self) -> tuple[ListedDistrict, ...]:
        return tuple(ListedDistrict(key, f"The {key}") for key in sorted(self.lives))

    async def read(self, key: str) -> Live:
        return self.lives[key]

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, Live | ConnectError]:
        return {key: self._answer(key) for key in keys}

    def _answer(self, key: str) -> Live | ConnectError:
        if key in self.failing:
            return Unreachable(f"{key} gave no answer")
        return self.lives.get(key) or DistrictNotFound(f"there is no {key}")

    async def options(self, setting: str) -> tuple[str, ...]:
        self.asked.append(setting)
        if setting in self.without:
            raise Unreachable("no labels")
        return BY_NAME[setting].labels or ("x",)


def connect(*keys: str) -> Connect:
    return Connect({key: Live(key, "1", FORM, READ) for key in keys})


def taken(reader: Connect, *keys: str) -> Snapshot:
    return asyncio.run(take_snapshot(reader, keys))


def test_all_districts_are_taken_unless_some_are_named() -> None:
    reader = connect("elm", "bay", "oak")
    assert [one.live.key for one in taken(reader).entries] == ["bay", "elm", "oak"]
    named = taken(reader, "oak", "bay", "oak").entries
    assert [(one.live.key, one.name) for one in named] == [
        ("bay", "The bay"),
        ("oak", "The oak"),
    ]


def test_it_says_where_it_is_from_and_is_as_old_as_its_oldest_reading() -> None:
    reader = connect("elm", "bay")
    old = READ - timedelta(hours=3)
    reader.lives["bay"] = replace(reader.lives["bay"], read_at=old)
    snapshot = taken(reader)
    assert (snapshot.taken, snapshot.source) == (old, "made up")


def test_the_same_live_gives_the_same_bytes_but_for_the_time() -> None:
    one, other = connect("elm", "bay"), connect("bay", "elm")
    later = READ + timedelta(days=1)
    for key, live in other.lives.items():
        other.lives[key] = replace(live, read_at=later)
    first, second = render_snapshot(taken(one)), render_snapshot(taken(other))
    assert first != second
    assert first == second.replace(later.isoformat(), READ.isoformat())


def test_labels_are_recorded_where_they_are_given() -> None:
    reader = connect("bay")
    reader.without = frozenset({"archived_students"})
    snapshot = taken(reader)
    assert set(snapshot.options) == set(reader.asked) - {"archived_students"}
    assert snapshot.options["phone_types"] == BY_NAME["phone_types"].labels


def test_what_could_not_be_read_is_named_and_refused() -> None:
    reader = connect("bay", "elm")
    reader.failing = frozenset({"elm"})
    snapshot = taken(reader, "bay", "elm", "oak")
    assert dict(snapshot.unread) == {
        "elm": "elm gave no answer",
        "oak": "there is no oak",
    }
    with pytest.raises(Incomplete) as refused:
        insist_whole(snapshot)
    assert refused.value.message == (
        "2 districts could not be read, so nothing was written:\n"
        "  elm: elm gave no answer\n  oak: there is no oak"
    )
    insist_whole(taken(connect("bay")))


def test_nothing_at_all_is_an_error_and_never_an_empty_snapshot() -> None:
    with pytest.raises(DistrictNotFound, match="no district on made up"):
        taken(connect())
    with pytest.raises(DistrictNotFound, match="there is no oak"):
        taken(connect("bay"), "oak")
