from __future__ import annotations

import subprocess
import sys
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectsync.domain.policy import ALL, MOST, Shard, shard_of, split_shard

PROMISED = {
    "lakeview-usd": {2: 2, 3: 3, 8: 6, 16: 6, 100: 22},
    "harbor-point-usd": {2: 2, 3: 2, 8: 4, 16: 12, 100: 36},
    "dry-creek-isd": {2: 1, 3: 2, 8: 1, 16: 1, 100: 37},
    "a": {2: 2, 3: 2, 8: 4, 16: 12, 100: 100},
    "ñandú-usd": {2: 2, 3: 2, 8: 6, 16: 14, 100: 42},
}
"""Kept for good: a plan that names its shard is read by later versions too."""

keys = st.text(min_size=1)
counts = st.integers(1, 64)


def home(key: str, count: int) -> int:
    (index,) = (
        index for index in range(1, count + 1) if Shard(index, count).holds(key)
    )
    return index


@pytest.mark.parametrize("key", PROMISED)
def test_a_district_stays_in_its_shard_for_good(key: str) -> None:
    assert {count: home(key, count) for count in PROMISED[key]} == PROMISED[key]


@given(keys, counts)
def test_every_key_falls_into_exactly_one_shard(key: str, count: int) -> None:
    assert sum(Shard(one, count).holds(key) for one in range(1, count + 1)) == 1


@given(keys, counts)
def test_the_shard_is_the_hash_that_the_page_promises(key: str, count: int) -> None:
    number = int(sha256(key.encode("utf-8", "surrogateescape")).hexdigest(), 16)
    assert home(key, count) == number % count + 1


def test_the_shard_depends_on_nothing_of_this_process() -> None:
    code = (
        "from connectsync.domain.policy import Shard;"
        "print([Shard(6, 8).holds(key) for key in ('lakeview-usd', 'a')])"
    )
    for seed in ("0", "1", "4711"):
        said = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        )
        assert said.stdout == "[True, False]\n"


def test_shards_are_about_as_large_as_each_other() -> None:
    country = [f"district-{number}" for number in range(13_318)]
    sizes = [sum(Shard(one, 8).holds(key) for key in country) for one in range(1, 9)]
    assert sum(sizes) == 13_318
    assert max(sizes) < 1.08 * 13_318 / 8


def test_a_name_that_is_no_text_falls_somewhere_too() -> None:
    assert home(b"caf\xe9".decode("utf-8", "surrogateescape"), 8)


@pytest.mark.parametrize(
    ("index", "count"), [(0, 8), (9, 8), (-1, 8), (1, 0), (0, 0), (1, MOST + 1)]
)
def test_a_shard_that_cannot_be_is_refused(index: int, count: int) -> None:
    with pytest.raises(ValueError, match="shard"):
        Shard(index, count)


def test_a_shard_reads_back_as_it_is_spelled() -> None:
    for shard in (ALL, Shard(3, 8), Shard(MOST, MOST)):
        assert shard_of(str(shard)) == shard


@pytest.mark.parametrize(
    "text", ["", "3", "3/", "/8", "3/8/1", "3 / 8", "three/8", "³/8", "3/8\n", "-3/8"]
)
def test_what_is_not_spelled_as_a_shard_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="as in 3/8"):
        shard_of(text)


@given(st.lists(st.text(), max_size=3).map(tuple), counts, st.data())
def test_the_scope_of_a_plan_gives_its_shard_back(
    named: tuple[str, ...], count: int, data: st.DataObject
) -> None:
    shard = Shard(data.draw(st.integers(1, count)), count)
    if split_shard(named) == (named, ALL):
        assert split_shard((*named, *shard.entries)) == (named, shard)


@pytest.mark.parametrize(
    "scope",
    [
        (),
        ("districts/ca",),
        ("shard:3/8", "districts/ca"),
        ("shard:9/8",),
        ("shard:03/8",),
        ("shard:1/1",),
        ("shard:",),
    ],
)
def test_what_a_plan_never_writes_is_no_shard(scope: tuple[str, ...]) -> None:
    assert split_shard(scope) == (scope, ALL)
