from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from fitting import insist_fits
from generated_plans import PLANS
from hypothesis import given
from hypothesis import strategies as st

from connectsync.domain import plan_file
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import (
    digest_of,
    plan_data,
    plan_digest,
    plan_text,
    read_plan,
)
from connectsync.errors import DamagedPlan


@given(PLANS)
def test_what_was_written_is_what_is_read(plan: Plan) -> None:
    assert read_plan(plan_text(plan)) == plan
    assert plan_text(read_plan(plan_text(plan))) == plan_text(plan)


@given(PLANS)
def test_the_digest_in_the_file_is_that_of_the_plan(plan: Plan) -> None:
    assert json.loads(plan_text(plan))["digest"] == plan_digest(plan)


@given(PLANS)
def test_a_digest_is_taken_once_and_anew_for_a_plan_made_from_it(plan: Plan) -> None:
    taken: list[Plan] = []

    def count(plan: Plan) -> dict[str, Any]:
        taken.append(plan)
        return plan_data(plan)

    plan = replace(plan)
    other = replace(plan, fleet=plan.fleet + 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan_file, "plan_data", count)
        assert plan_digest(plan) == plan_digest(plan)
        assert plan_digest(other) != plan_digest(plan)
    assert taken == [plan, other]


def leaves(
    data: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[str | int, ...]]:
    if isinstance(data, dict | list) and data:
        items = data.items() if isinstance(data, dict) else enumerate(data)
        for key, value in items:
            yield from leaves(value, (*path, key))
    else:
        yield path


def edited(data: Any, path: tuple[str | int, ...], value: object) -> Any:
    data = copy.deepcopy(data)
    inner = data
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return data


@given(PLANS, st.data())
def test_a_plan_with_any_value_edited_is_refused(
    plan: Plan, draw: st.DataObject
) -> None:
    data = json.loads(plan_text(plan))
    path = draw.draw(st.sampled_from(sorted(leaves(data), key=str)))
    other = edited(
        data, path, draw.draw(st.sampled_from(["x", -1, True, None, [], {}]))
    )
    if other != data or json.dumps(other) != json.dumps(data):
        with pytest.raises(DamagedPlan):
            read_plan(json.dumps(other))


@given(PLANS, st.data())
def test_a_plan_edited_and_signed_again_is_read_or_refused_and_never_a_bug(
    plan: Plan, draw: st.DataObject
) -> None:
    data = plan_data(plan)
    path = draw.draw(st.sampled_from(sorted(leaves(data), key=str)))
    value: object = draw.draw(st.sampled_from(["x", -1, True, None, [], 1.5, "\ud800"]))
    other = edited(data, path, value)
    with suppress(DamagedPlan):
        read_plan(json.dumps({"digest": digest_of(other)} | other))


@given(PLANS)
def test_every_plan_is_of_the_shape_that_its_schema_promises(plan: Plan) -> None:
    insist_fits(json.loads(plan_text(plan)), "plan")


@given(st.text() | st.binary().map(lambda content: content.decode(errors="replace")))
def test_text_that_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(DamagedPlan):
        read_plan(text)


@given(PLANS)
def test_a_plan_that_says_something_twice_is_refused(plan: Plan) -> None:
    # one reader shows a reviewer the first, another applies the last
    text = plan_text(plan).replace('"scope"', '"scope": ["elm"],\n  "scope"', 1)
    with pytest.raises(DamagedPlan, match="in which each name stands once"):
        read_plan(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        ('{\n  "digest": "sha', "it is cut off at its end, in line 2"),
        ('{\n  "digest" 1}', "see line 2, column 12"),
    ],
)
def test_a_plan_that_is_not_valid_json_says_where(text: str, said: str) -> None:
    sentence = f"the plan cannot be read: it is not valid JSON: {said}"
    with pytest.raises(DamagedPlan, match=sentence):
        read_plan(text)
