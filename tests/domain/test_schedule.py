"""Every day has one form: periods, edges in time zones, what returns when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectsync.domain.calendar import Moment
from connectsync.domain.schedule import Days, Period, Schedule, is_skipped
from connectsync.providers.clever import Settings
from connectsync.providers.form import Value

FIRST = date(2027, 1, 1)
USUAL = Settings(deletion_threshold=15, unarchive_classrooms=True)
NAMES = ("deletion_threshold", "unarchive_classrooms", "enable_daily_sync")
VALUES = {
    "deletion_threshold": st.sampled_from([None, 15, 20, 60]),
    "unarchive_classrooms": st.booleans() | st.none(),
    "enable_daily_sync": st.booleans(),
}


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Give periods of which no two set one setting on one day, as files must."""
    taken: set[tuple[str, date]] = set()
    periods = []
    for _ in range(draw(st.integers(0, 5))):
        first = FIRST + timedelta(days=draw(st.integers(0, 40)))
        last = first + timedelta(days=draw(st.integers(0, 12)))
        names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
        held = {
            (name, first + timedelta(days=number))
            for name in names
            for number in range((last - first).days + 1)
        }
        if not held & taken:
            taken |= held
            values: dict[str, Value] = {name: draw(VALUES[name]) for name in names}
            periods.append(Period(Days(first, last), values, "rollover"))
    return Schedule(USUAL, tuple(periods), "America/Chicago", is_named=True)


def slowly(schedule: Schedule, name: str, day: date) -> Value:
    """Say what a setting is on a day by writing out every day of every period."""
    every: dict[date, Value] = {}
    for period in schedule.periods:
        each = period.days.first
        while each <= period.days.last:
            if name in period.settings:
                every[each] = period.settings[name]
            each += timedelta(days=1)
    usual: Value = getattr(schedule.usual, name)
    return every.get(day, usual)


@given(schedules())
def test_each_day_has_the_form_that_writing_out_all_days_gives(
    schedule: Schedule,
) -> None:
    for number in range(-2, 60):
        day = FIRST + timedelta(days=number)
        form = schedule.settings_on(day)
        assert {name: getattr(form, name) for name in NAMES} == {
            name: slowly(schedule, name, day) for name in NAMES
        }


@given(schedules(), st.integers(-2, 60))
def test_turns_are_the_days_on_which_the_value_becomes_another(
    schedule: Schedule, number: int
) -> None:
    today = FIRST + timedelta(days=number)
    ahead = [today + timedelta(days=days) for days in range(80)]
    turns = list(schedule.turns(today))
    for name in NAMES:
        values = [(day, slowly(schedule, name, day)) for day in ahead]
        assert [
            (turn.now, turn.until, turn.then) for turn in turns if turn.setting == name
        ] == [
            (now, day, then)
            for (day, now), (_, then) in pairwise(values)
            if then != now
        ]


@given(schedules())
def test_both_sides_of_every_change_are_looked_at(schedule: Schedule) -> None:
    looked = {day for day, _ in schedule.looked_at(FIRST - timedelta(days=9))}
    for number in range(-2, 60):
        day = FIRST + timedelta(days=number)
        if schedule.settings_on(day) != schedule.settings_on(day + timedelta(days=1)):
            assert {day, day + timedelta(days=1)} <= looked


@given(schedules(), st.integers(-2, 60), st.sampled_from([15, 20, 60]))
def test_what_is_overdue_was_wanted_once_and_is_not_any_more(
    schedule: Schedule, number: int, applied: int
) -> None:
    today = FIRST + timedelta(days=number)
    late = list(schedule.overdue(today, {"deletion_threshold": applied}))
    for one in late:
        period = schedule.periods[one.period]
        assert period.settings["deletion_threshold"] == applied
        assert today - period.days.last == timedelta(days=one.days + 1)
        assert slowly(schedule, "deletion_threshold", today) == one.wanted != applied
    due = slowly(schedule, "deletion_threshold", today)
    before = [
        period.days.last
        for period in schedule.periods
        if period.settings.get("deletion_threshold") == applied
        and period.days.last < today - timedelta(days=1)
    ]
    assert bool(late) == bool(before and due not in {applied, None}) or (
        # it ended yesterday as well, and that is not late
        any(
            period.days.last == today - timedelta(days=1)
            and period.settings.get("deletion_threshold") == applied
            for period in schedule.periods
        )
    )


@pytest.mark.parametrize(
    ("zone", "now", "day"),
    [
        ("America/Chicago", "2027-08-21T04:59:59+00:00", "2027-08-20"),
        ("America/Chicago", "2027-08-21T05:00:00+00:00", "2027-08-21"),
        ("America/Adak", "2027-08-21T08:59:00+00:00", "2027-08-20"),
        ("Pacific/Kiritimati", "2027-08-20T10:00:00+00:00", "2027-08-21"),
        ("UTC", "2027-08-21T00:00:00-05:00", "2027-08-21"),
        # Cairo's clocks go from 0:00 to 1:00: the day begins with its first moment
        ("Africa/Cairo", "2027-04-29T21:59:59+00:00", "2027-04-29"),
        ("Africa/Cairo", "2027-04-29T22:00:00+00:00", "2027-04-30"),
        # the hour that Chicago has twice is of one day
        ("America/Chicago", "2027-11-07T06:30:00+00:00", "2027-11-07"),
        ("America/Chicago", "2027-11-07T07:30:00+00:00", "2027-11-07"),
    ],
)
def test_a_day_begins_and_ends_in_the_zone_of_the_district(
    zone: str, now: str, day: str
) -> None:
    assert Moment(datetime.fromisoformat(now)).day_in(zone).isoformat() == day


def test_a_day_that_the_clocks_of_a_zone_left_out_is_known() -> None:
    assert is_skipped(date(2011, 12, 30), "Pacific/Apia")
    assert not is_skipped(date(2011, 12, 29), "Pacific/Apia")
    assert not is_skipped(date(2011, 12, 30), "Pacific/Pago_Pago")
    assert not is_skipped(date(2027, 4, 30), "Africa/Cairo")
    assert not is_skipped(date(2027, 3, 14), "America/Chicago")


@pytest.mark.parametrize("day", [date.min, date.max])
def test_a_period_may_reach_to_an_end_of_the_calendar(day: date) -> None:
    settings: dict[str, Value] = {"deletion_threshold": 60}
    schedule = Schedule(USUAL, (Period(Days(day, day), settings, "ever"),))
    assert schedule.settings_on(day).deletion_threshold == 60
    assert list(schedule.looked_at(date.min))
    assert not is_skipped(day, "America/Chicago")
    assert list(schedule.turns(date(2027, 1, 1))) or day == date.min


def test_a_turn_is_over_when_its_last_day_is() -> None:
    settings: dict[str, Value] = {"deletion_threshold": 60}
    days = Days(date(2027, 6, 15), date(2027, 8, 20))
    schedule = Schedule(USUAL, (Period(days, settings, "rollover"),), "America/Chicago")
    (turn,) = schedule.turns(date(2027, 7, 1))
    assert str(turn) == "60 until 2027-08-20, then 15 (rollover)"
    assert not turn.is_over(datetime(2027, 8, 21, 4, 59, tzinfo=UTC))
    assert turn.is_over(datetime(2027, 8, 21, 5, tzinfo=UTC))
