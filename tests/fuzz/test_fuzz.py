"""A small sample of what `make fuzz` tries, and everything that it ever found."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from types import ModuleType

import pytest
from assurance_counts import TALLY
from fuzz_mutations import mutated
from fuzz_targets import TARGETS, Broken, Target

from connectsync.errors import Bug, UsageError

HERE = Path(__file__).parent
REGRESSIONS = sorted(path for path in HERE.glob("regressions/*/*") if path.is_file())

SAMPLE, COSTLY_SAMPLE = 40, 2
"""Inputs that each target is given in a run of all tests."""


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_whatever_others_write_ends_in_a_sentence(
    target: Target, record_property: Callable[[str, object], None]
) -> None:
    seeds = target.seeds()
    inputs = COSTLY_SAMPLE if target.costly else SAMPLE
    for number in range(inputs):
        chance = Random(f"{target.name} {number}")  # noqa: S311 - repeatable
        target(mutated(chance.choice(seeds), chance))
    record_property(TALLY, inputs)


@pytest.mark.parametrize("name", [name for name in TARGETS if name != "page"])
def test_a_target_reads_what_it_begins_with(name: str) -> None:
    for seed in TARGETS[name].seeds()[:2]:
        TARGETS[name](seed)


def test_what_was_found_once_is_not_found_again() -> None:
    for path in REGRESSIONS:
        TARGETS[path.parent.name](path.read_bytes())


def _target(read: Callable[[bytes], None]) -> Target:
    return Target("trial", read, lambda: [b"schema: 1\n"])


def _fine(_: bytes) -> None:
    pass


def _endless(_: bytes) -> None:
    number = 0
    while True:
        number = max(number, len("x"))


def _stubborn(_: bytes) -> None:
    with suppress(BaseException):  # what no code of ours should do
        _endless(b"")


def _a_bug(_: bytes) -> None:
    raise Bug("impossible")


def _silent(_: bytes) -> None:
    raise UsageError(" ")


@pytest.mark.parametrize("read", [_endless, _stubborn, _a_bug, _silent])
def test_what_breaks_a_promise_is_told(read: Callable[[bytes], None]) -> None:
    with pytest.raises(Broken):
        _target(read)(b"")


def _run() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz_run", HERE / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


def test_an_input_that_breaks_a_promise_is_kept_as_small_as_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(data: bytes) -> None:
        if b"---" in data:
            raise ValueError("two documents")

    monkeypatch.setattr("fuzz_targets.TARGETS", {"trial": _target(read)})
    path = _run().by_hypothesis("trial", 20, tmp_path)
    assert path is not None
    assert path.parent == tmp_path / "trial"
    assert b"---" in path.read_bytes()
    assert len(path.read_bytes()) < 20


def test_a_target_that_cannot_be_tried_does_not_count_as_one_that_holds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = _run()
    monkeypatch.setattr(run, "WORK", tmp_path)
    monkeypatch.setattr(run, "__file__", str(tmp_path / "gone.py"))
    with pytest.raises(SystemExit, match="trial could not be tried"):
        run.led("trial", 1)


def test_a_target_that_holds_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fuzz_targets.TARGETS", {"trial": _target(_fine)})
    assert _run().by_hypothesis("trial", 0, tmp_path) is None
    assert list(tmp_path.iterdir()) == []
