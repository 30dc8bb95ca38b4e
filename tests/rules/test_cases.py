"""Every rule in more situations: a file of cases each, with the exact words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from yaml import CSafeLoader

from connectsync.domain.finding import Problem
from connectsync.rules.catalogue import ALLOW_RULES, DISTRICT_RULES, FLEET_RULES
from connectsync.rules.engine import Rule

CASES = Path(__file__).parent / "cases"
RULES: tuple[Rule[Any], ...] = (*DISTRICT_RULES, *ALLOW_RULES, *FLEET_RULES)
NAMES = [rule.name for rule in RULES]


def cases() -> list[Any]:
    return [
        pytest.param(file.stem, case, id=f"{file.stem}: {case['title']}")
        for file in sorted(CASES.glob("*.yaml"))
        for case in yaml.load(file.read_text(), CSafeLoader)
    ]


@pytest.mark.parametrize(("name", "case"), cases())
def test_a_rule_finds_exactly_this(
    name: str, case: dict[str, Any], situation: Any
) -> None:
    known = {"today", "stem", "options", "applied"}
    how = {key: value for key, value in case.items() if key in known}
    here = situation(case.get("district"), case.get("files"), **how)
    found = [
        told(here.where(problem), problem)
        for rule, problem in here.found()
        if rule.name == name
    ]
    assert found == case["findings"]


def told(where: str, problem: Problem) -> dict[str, Any]:
    """Spell a problem as the files of cases do."""
    words = {"path": where, "message": problem.message, "hint": problem.hint}
    return {**words, "on_key": True} if problem.on_key else words


def test_every_rule_has_a_file_of_cases_and_every_file_a_rule() -> None:
    assert sorted(file.stem for file in CASES.glob("*.yaml")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_cases_of_a_rule_hold_one_it_finds_and_one_it_passes_over(
    name: str,
) -> None:
    listed = yaml.load((CASES / f"{name}.yaml").read_text(), CSafeLoader)
    assert any(case["findings"] for case in listed)
    assert any(not case["findings"] for case in listed)
