"""Plans of every shape that planning can give, for property tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from connectsync.domain.drift import DistrictDrift, MovedBy, Movement
from connectsync.domain.finding import GuardFinding, Severity
from connectsync.domain.plan import (
    DistrictPlan,
    NotCounted,
    NotPlanned,
    PeopleTally,
    Plan,
    RosterImpact,
    SettingImpact,
    saves_for,
)
from connectsync.domain.settings import SETTINGS, Form, changes_of
from connectsync.providers.form import Kind, Setting, Value

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
    return Movement(
        setting.name, draw(st.sampled_from(MovedBy)), baseline, desired, live
    )


COUNTS = st.none() | st.integers(0, 99_999)
TALLIES = st.builds(
    PeopleTally,
    students=st.integers(0, 99_999),
    **dict.fromkeys(
        (
            *("students_without_guardian", "students_without_id"),
            *("created", "by_text", "email_only", "dropped"),
        ),
        COUNTS,
    ),
)


@st.composite
def impacts(draw: st.DrawFn, planned: DistrictPlan) -> RosterImpact | NotCounted | None:
    """Give what a plan may say of a roster: of each setting that decides who."""
    counted = planned.counted()
    if not counted or draw(st.booleans()):
        return draw(st.none() | st.builds(NotCounted, WORDS))
    tallies = [draw(TALLIES) for _ in range(len(counted) + 1)]
    steps = map(SettingImpact, counted, tallies, tallies[1:])
    contacts = draw(st.integers(0, 99_999))
    return RosterImpact(draw(WORDS), draw(MOMENTS), contacts, tuple(steps))


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
    planned = DistrictPlan(
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
    return replace(planned, impact=draw(impacts(planned)))


GUARDS = st.builds(
    GuardFinding,
    rule=KEYS,
    severity=st.sampled_from(Severity),
    message=WORDS,
    hint=WORDS,
    district=KEYS | st.just(""),
    accept=KEYS,
    count=st.integers(1, 1000),
    needs_reason=st.booleans(),
)
LEFT = st.builds(
    DistrictDrift,
    district=KEYS,
    file=WORDS,
    movements=st.lists(movements(), max_size=2).map(tuple),
    applied=st.booleans(),
    error=WORDS,
)
ORIGINS = st.fixed_dictionaries({"rollback_of": st.none() | st.integers(1, 99)}) | (
    st.fixed_dictionaries(
        {
            "since": st.from_regex("[0-9a-f]{40}", fullmatch=True),
            "left_alone": st.lists(LEFT, max_size=2).map(tuple),
        }
    )
)
_PLANS = st.builds(
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
PLANS = st.builds(lambda plan, origin: replace(plan, **origin), _PLANS, ORIGINS)
