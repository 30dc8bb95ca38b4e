"""The age of a snapshot is told in words, and whether a plan may rest on it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from plan_scenes import BLANK

from connectsync.domain.live import Check, ListedDistrict, Live
from connectsync.errors import ConnectError
from connectsync.operations.doctor import examine_age

TAKEN = datetime(2027, 1, 15, 6, tzinfo=UTC)


class Taken:
    """A reader whose forms were all read at one time."""

    described = "snapshot:live.json"

    def __init__(self, *keys: str) -> None:
        self.keys = keys

    async def list_districts(self) -> tuple[ListedDistrict, ...]:
        return tuple(ListedDistrict(key, key) for key in self.keys)

    async def read(self, key: str) -> Live:
        return Live(key, "1", BLANK, TAKEN)

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, Live | ConnectError]:
        return {key: await self.read(key) for key in keys}

    async def options(self, setting: str) -> tuple[str, ...]:
        return (setting,)


def examined(age: timedelta, *keys: str) -> list[Check]:
    return asyncio.run(examine_age(Taken(*keys), TAKEN + age, timedelta(hours=24)))


@pytest.mark.parametrize(
    ("age", "standing", "words"),
    [
        (timedelta(minutes=-4), "ok", "less than an hour ago"),
        (timedelta(), "ok", "less than an hour ago"),
        (timedelta(minutes=59), "ok", "less than an hour ago"),
        (timedelta(hours=1), "ok", "1 hour ago"),
        (timedelta(hours=23), "ok", "23 hours ago"),
        (timedelta(hours=24), "ok", "1 day ago"),
        (timedelta(hours=24, seconds=1), "warning", "1 day ago: older than 24 hours"),
        (timedelta(days=400), "warning", "400 days ago: older than 24 hours"),
    ],
)
def test_an_age_is_told_in_its_largest_unit_and_judged_as_plans_are(
    age: timedelta, standing: str, words: str
) -> None:
    (check,) = examined(age, "a", "b")
    assert check.standing == standing
    assert check.message.startswith(f"taken 2027-01-15 06:00 UTC, {words}")
    assert bool(check.remedy) is (standing == "warning")


def test_a_snapshot_of_nothing_has_no_age() -> None:
    assert examined(timedelta()) == []
