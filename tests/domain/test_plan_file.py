from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectsync.config.schemas import schema
from connectsync.domain.change import changes_of
from connectsync.domain.drift import Moved, Movement
from connectsync.domain.finding import Severity
from connectsync.domain.guard import GuardFinding
from connectsync.domain.plan import DistrictPlan, NotPlanned, Plan, saves_for
from connectsync.domain.plan_data import plan_data
from connectsync.domain.plan_file import digest_of, plan_digest, plan_text, read_plan
from connectsync.domain.settings import SETTINGS, Form, Kind, Setting, Value
from connectsync.errors import DamagedPlan

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
KEYS = st.from_regex("[a-z0-9]+(-[a-z0-9]+)?", fullmatch=True)
MOMENTS = st.datetimes(
    datetime.fromisoformat("2020-01-01"),
    datetime.fromisoformat("2035-01-01"),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-8))]),
)


def values(setting: Setting) -> st.SearchStrategy[Value]:
    match setting.kind:
        case Kind.BOX:
            return st.booleans()
        case Kind.BOXES:
            return st.frozensets(st.sampled_from(setting.labels))
        case Kind.PERCENT:
            return st.none() | st.integers(0, 100)
        case Kind.TEXT | Kind.CHOICE:
            return WORDS


BOXES = [setting.name for setting in SETTINGS if setting.kind is Kind.BOX]
FORMS: st.SearchStrategy[dict[str, Value]] = st.fixed_dictionaries(
    {setting.name: values(setting) for setting in SETTINGS}
)
SOME: st.SearchStrategy[dict[str, Value]] = st.fixed_dictionaries(
    {}, optional={setting.name: values(setting) for setting in SETTINGS}
)


@st.composite
def movements(draw: st.DrawFn) -> Movement:
    setting = draw(st.sampled_from(SETTINGS))
    baseline, desired, live = (draw(values(setting)) for _ in range(3))
    return Movement(setting.name, draw(st.sampled_from(Moved)), baseline, desired, live)


@st.composite
def district_plans(draw: st.DrawFn) -> DistrictPlan:
    live: Form = draw(FORMS)
    named = draw(st.sampled_from(BOXES))
    desired: Form = {
        **draw(SOME),
        named: not live[named],
    }  # what is planned has changes
    changes = [
        change
        for name in live
        if name in desired
        for change in changes_of(name, live[name], desired[name])
    ]
    return DistrictPlan(
        district=draw(KEYS),
        name=draw(WORDS),
        file=draw(WORDS),
        live_version=draw(WORDS),
        read_at=draw(MOMENTS),
        live=live,
        desired=desired,
        saves=saves_for(changes, live),
        drift=tuple(draw(st.lists(movements(), max_size=2))),
    )


GUARDS = st.builds(
    GuardFinding,
    rule=KEYS,
    severity=st.sampled_from(Severity),
    message=WORDS,
    hint=WORDS,
    district=KEYS | st.just(""),
    accept=KEYS,
    count=st.integers(1, 1000),
)
PLANS = st.builds(
    Plan,
    created=MOMENTS,
    tool=WORDS,
    backend=WORDS,
    scope=st.lists(WORDS, max_size=2).map(tuple),
    fleet=st.integers(0, 14_000),
    districts=st.lists(district_plans(), max_size=2).map(tuple),
    in_step=st.lists(KEYS, max_size=2).map(tuple),
    failed=st.lists(
        st.builds(NotPlanned, district=KEYS, file=WORDS, message=WORDS, remedy=WORDS),
        max_size=2,
    ).map(tuple),
    guards=st.lists(GUARDS, max_size=2).map(tuple),
)


@given(PLANS)
def test_what_was_written_is_what_is_read(plan: Plan) -> None:
    assert read_plan(plan_text(plan)) == plan
    assert plan_text(read_plan(plan_text(plan))) == plan_text(plan)


@given(PLANS)
def test_the_digest_in_the_file_is_that_of_the_plan(plan: Plan) -> None:
    assert json.loads(plan_text(plan))["digest"] == plan_digest(plan)


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
    jsonschema.validate(json.loads(plan_text(plan)), schema("plan"))


@given(st.text() | st.binary().map(lambda content: content.decode(errors="replace")))
def test_text_that_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(DamagedPlan):
        read_plan(text)
