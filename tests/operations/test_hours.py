"""When nothing is applied, told before a run and asked again all through it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, reset_tzpath

import pytest
from plan_scenes import guards_of

from connectsync.domain.calendar import END_OF_DAY, Freeze, Window
from connectsync.domain.finding import acceptance, closing, needed
from connectsync.domain.policy import Policy
from connectsync.domain.schedule import Days
from connectsync.errors import ProjectError
from connectsync.rules.hours import HOUR_GUARDS, closed, closings

CHICAGO = "America/Chicago"
NIGHT = Window(frozenset(range(7)), time(1), time(5), CHICAGO)
DAY = Window(frozenset(range(5)), time(8), time(16), CHICAGO)
FREEZE = Freeze(Days(date(2027, 1, 11), date(2027, 1, 22)), "Finals")
FRIDAY = datetime(2027, 1, 15, 16, tzinfo=UTC)
SATURDAY_NIGHT = datetime(2027, 1, 16, 8, tzinfo=UTC)


def test_an_hour_at_which_nothing_speaks_against_it_is_open() -> None:
    assert closed(Policy(), FRIDAY) == ""
    assert closed(Policy(windows=(DAY,), nightly_syncs=(NIGHT,)), FRIDAY) == ""


def test_everything_that_closes_an_hour_is_told() -> None:
    policy = Policy(freezes=(FREEZE,), windows=(DAY,), nightly_syncs=(NIGHT,))
    found = [(one.guard, one.why) for one in closings(policy, SATURDAY_NIGHT)]
    assert found == [
        ("in-a-freeze", "nothing is applied from 2027-01-11 to 2027-01-22: Finals"),
        ("outside-the-window", "no change window of the project is open now"),
        (
            "during-the-nightly-sync",
            "the nightly sync may be running now: 01:00 to 05:00 America/Chicago",
        ),
    ]
    assert {name for name, _ in found} == {guard.name for guard in HOUR_GUARDS}


def test_what_is_overridden_no_longer_closes_the_hour_and_the_rest_still_does() -> None:
    policy = Policy(freezes=(FREEZE,), windows=(DAY,), nightly_syncs=(NIGHT,))
    names = [guard.name for guard in HOUR_GUARDS]
    for count, name in enumerate(names):
        (found,) = (
            one for one in closings(policy, SATURDAY_NIGHT) if one.guard == name
        )
        assert closed(policy, SATURDAY_NIGHT, names[:count]) == found.why
    assert closed(policy, SATURDAY_NIGHT, names) == ""


def test_a_window_that_closes_during_a_run_closes_the_hour() -> None:
    policy = Policy(windows=(DAY,))
    last = datetime(2027, 1, 15, 15, 59, 59, tzinfo=ZoneInfo(CHICAGO))
    assert closed(policy, last) == ""
    assert closed(policy, last + timedelta(seconds=1))
    assert closed(policy, last + timedelta(seconds=1), {"in-a-freeze"})


@pytest.mark.parametrize(
    ("day", "hour"),
    [("winter", 1), ("winter", 4.99), ("summer", 1), ("summer", 4.99)],
)
def test_a_nightly_sync_keeps_its_local_hours_all_year(day: str, hour: float) -> None:
    month = 1 if day == "winter" else 7
    local = datetime(2027, month, 15, tzinfo=ZoneInfo(CHICAGO)) + timedelta(hours=hour)
    policy = Policy(nightly_syncs=(NIGHT,))
    assert closed(policy, local.astimezone(UTC))
    assert not closed(policy, local.astimezone(UTC) + timedelta(hours=4.5))


def test_the_hour_that_summer_time_skips_is_no_hour_of_its_own() -> None:
    policy = Policy(nightly_syncs=(NIGHT,))
    spring = datetime(2027, 3, 14, 6, tzinfo=UTC)
    hours = [
        bool(closed(policy, spring + timedelta(minutes=30 * n))) for n in range(10)
    ]
    # 01:00 CST to 05:00 CDT are three hours in this night
    assert hours == [False, False, *[True] * 6, False, False]


@pytest.mark.parametrize(
    ("now", "zone", "frozen"),
    [
        ("2027-01-22T23:59:00", "UTC", True),
        ("2027-01-23T00:00:00", "UTC", False),
        ("2027-01-23T00:00:00", CHICAGO, True),
        ("2027-01-23T05:59:00", CHICAGO, True),
        ("2027-01-23T06:00:00", CHICAGO, False),
        ("2027-01-11T05:59:00", CHICAGO, False),
        ("2027-01-11T06:00:00", CHICAGO, True),
    ],
)
def test_a_freeze_lasts_until_midnight_where_the_districts_are(
    *, now: str, zone: str, frozen: bool
) -> None:
    freeze = f"{{from: 2027-01-11, to: 2027-01-22, reason: Finals, timezone: {zone}}}"
    guards = guards_of(f"{{now: '{now}', policy: {{freeze: {freeze}}}}}")
    assert closing(guards) == (("in-a-freeze",) if frozen else ())


def test_an_hour_is_not_counted_but_needs_a_reason() -> None:
    freeze = "{from: 2027-01-15, to: 2027-01-15, reason: Finals}"
    sync = "{from: '00:00', to: '23:00'}"
    guards = guards_of(
        f"{{policy: {{freeze: {freeze}, nightly_sync: {sync}, max_districts: 1}},"
        " districts: 2}"
    )
    assert needed(guards) == {"too-many-districts": 2}
    assert closing(guards) == ("during-the-nightly-sync", "in-a-freeze")
    assert {one.rule: one.needs_reason for one in guards} == {
        "too-many-districts": False,
        "in-a-freeze": True,
        "during-the-nightly-sync": True,
    }
    assert acceptance(guards) == (
        "--accept too-many-districts=2 --override during-the-nightly-sync=REASON"
        " --override in-a-freeze=REASON"
    )


def test_a_plan_that_changes_nothing_has_no_hour_to_wait_for() -> None:
    freeze = "{from: 2027-01-15, to: 2027-01-15, reason: Finals}"
    night = "{from: '00:00', to: '23:00'}"
    window = "{days: [sunday], from: '01:00', to: '02:00'}"
    policy = f"{{freeze: {freeze}, window: {window}, nightly_sync: {night}}}"
    assert len(closing(guards_of(f"{{policy: {policy}}}"))) == 3
    assert guards_of(f"{{policy: {policy}, districts: 0}}") == ()


def test_a_nightly_sync_says_until_when_to_wait() -> None:
    sync = f"{{from: '01:00', to: '05:00', timezone: {CHICAGO}}}"
    (guard,) = guards_of(
        f"{{now: '2027-01-15T08:00:00', policy: {{nightly_sync: {sync}}}}}"
    )
    assert guard.hint == "wait until 05:00 America/Chicago"


WHOLE_SATURDAY = Window(frozenset({5}), time(0), END_OF_DAY, CHICAGO)


@pytest.mark.parametrize(
    ("at", "open_"),
    [
        ("2027-01-15T23:59:59.999999", False),
        ("2027-01-16T00:00:00", True),
        ("2027-01-16T23:59:59.999999", True),
        ("2027-01-17T00:00:00", False),
        # the days on which clocks change have 23 and 25 hours
        ("2027-03-13T23:59:59", True),
        ("2027-03-14T03:00:00", False),
        ("2027-11-06T23:59:59", True),
        ("2027-11-07T01:30:00", False),
    ],
)
def test_a_window_of_a_whole_day_has_every_moment_of_it(at: str, open_: bool) -> None:  # noqa: FBT001 - one case
    now = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(CHICAGO))
    assert (closed(Policy(windows=(WHOLE_SATURDAY,)), now) == "") is open_


@pytest.mark.parametrize("sunday", [date(2027, 3, 14), date(2027, 11, 7)])
def test_a_whole_day_is_whole_when_clocks_change(sunday: date) -> None:
    policy = Policy(windows=(Window(frozenset({6}), time(0), END_OF_DAY, CHICAGO),))
    began = datetime.combine(sunday, time(0), ZoneInfo(CHICAGO)).astimezone(UTC)
    moments = [began + timedelta(minutes=15 * step) for step in range(4 * 26)]
    for now in moments:
        is_sunday = now.astimezone(ZoneInfo(CHICAGO)).date() == sunday
        assert (closed(policy, now) == "") is is_sunday


def test_a_whole_day_is_spelled_as_it_was_written() -> None:
    sync = Window(frozenset(range(7)), time(22), END_OF_DAY, CHICAGO)
    (found,) = closings(Policy(nightly_syncs=(sync,)), SATURDAY_NIGHT.replace(hour=5))
    assert found.why.endswith("22:00 to 24:00 America/Chicago")


def test_a_freeze_without_end_is_told_and_waits_for_nothing() -> None:
    freeze = Freeze(Days(date(2027, 1, 11), date.max), "Closed for good", CHICAGO)
    (found,) = closings(Policy(freezes=(freeze,)), FRIDAY)
    assert found.until == "it has no end: change the freeze in connectsync.yaml first"


SUNDAY_NIGHT = Window(frozenset({6}), time(22), time(2), CHICAGO)
MONDAY_NIGHT = Window(frozenset({0}), time(22), time(2), CHICAGO)


@pytest.mark.parametrize(
    ("window", "hour", "is_closed"),
    [
        (SUNDAY_NIGHT, "2027-01-17T21:59", True),
        (SUNDAY_NIGHT, "2027-01-17T22:00", False),
        (SUNDAY_NIGHT, "2027-01-18T01:59", False),
        (SUNDAY_NIGHT, "2027-01-18T02:00", True),
        (SUNDAY_NIGHT, "2027-01-17T01:00", True),
        (MONDAY_NIGHT, "2027-01-18T01:00", True),
        (MONDAY_NIGHT, "2027-01-19T01:00", False),
    ],
)
def test_a_window_past_midnight_belongs_to_the_day_it_opens_on_also_from_sunday(
    *, window: Window, hour: str, is_closed: bool
) -> None:
    """2027-01-17 is a Sunday: the day before a Monday is the last of the week."""
    now = datetime.fromisoformat(hour).replace(tzinfo=ZoneInfo(CHICAGO))
    assert bool(closed(Policy(windows=(window,)), now)) is is_closed


def test_a_zone_whose_data_was_damaged_since_is_named_with_its_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "America").mkdir()
    (tmp_path / "America/Chicago").write_bytes(b"TZif2")
    reset_tzpath([tmp_path])
    ZoneInfo.clear_cache()
    try:
        for policy in (
            Policy(windows=(DAY,)),
            Policy(nightly_syncs=(NIGHT,)),
            Policy(freezes=(Freeze(FREEZE.days, "Finals", CHICAGO),)),
        ):
            with pytest.raises(ProjectError) as refused:
                closed(policy, FRIDAY)
            assert str(refused.value).startswith(
                "the time zone data of 'America/Chicago' on this machine cannot be"
                f" used: {tmp_path}/America/Chicago is damaged or not readable"
            )
            assert "install the time zone data again" in refused.value.remedy
    finally:
        reset_tzpath()
        ZoneInfo.clear_cache()
