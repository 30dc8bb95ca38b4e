from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectsync.domain.policy import LAST, Rollout, Wave, by_chance, wave_by_district

KEYS = [f"district-{number}" for number in range(40)]
NO_LABELS = dict.fromkeys(KEYS, frozenset[str]())


def held(rollout: Rollout, wave: str, labels: dict[str, frozenset[str]]) -> set[str]:
    found = wave_by_district(rollout, labels)
    return {key for key, name in found.items() if name == wave}


def test_a_wave_holds_what_it_lists_and_what_has_its_label() -> None:
    labels = NO_LABELS | {"district-3": frozenset(["early"])}
    wave = Wave("first", frozenset(["district-7"]), frozenset(["early"]))
    assert held(Rollout((wave,)), "first", labels) == {"district-3", "district-7"}


def test_a_district_is_in_the_first_wave_that_takes_it() -> None:
    rollout = Rollout((Wave("one", frozenset(KEYS[:2])), Wave("two", frozenset(KEYS))))
    assert held(rollout, "one", NO_LABELS) == set(KEYS[:2])
    assert held(rollout, "two", NO_LABELS) == set(KEYS[2:])


def test_a_percentage_counts_what_the_wave_names_already() -> None:
    wave = Wave("tenth", frozenset(KEYS[:3]), percent=10)
    found = held(Rollout((wave,)), "tenth", NO_LABELS)
    assert len(found) == 4
    assert found >= set(KEYS[:3])


def test_a_percentage_is_at_least_one_district() -> None:
    assert len(held(Rollout((Wave("few", percent=1),)), "few", NO_LABELS)) == 1


@given(st.sets(st.sampled_from(KEYS), min_size=1), st.integers(1, 100))
def test_a_percentage_takes_the_same_districts_each_time(
    keys: set[str], percent: int
) -> None:
    labels = dict.fromkeys(keys, frozenset[str]())
    found = held(Rollout((Wave("some", percent=percent),)), "some", labels)
    assert found == set(by_chance(keys)[: len(found)])
    assert len(found) == -(-len(keys) * percent // 100)


def test_what_no_wave_takes_comes_last() -> None:
    assert set(wave_by_district(Rollout(), NO_LABELS).values()) == {LAST}
