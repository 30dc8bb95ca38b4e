"""Calendars of groups: whom they take, what they close, and everything with a date."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar as Written
from ics import calendar_of, day

from connectsync.config.policy_check import holiday_reader, with_holidays
from connectsync.config.project import load_project
from connectsync.domain.calendar import (
    Calendar,
    CalendarReport,
    Freeze,
    HolidayFile,
    Moment,
    Window,
    calendars_data,
    calendars_of,
)
from connectsync.domain.district import Allow, District, Facts
from connectsync.domain.policy import Policy, limits_data, limits_of
from connectsync.domain.schedule import Days, Period, Schedule
from connectsync.errors import ProjectError
from connectsync.operations.calendar import calendar_file, dates_of
from connectsync.providers.clever import Settings
from connectsync.rules.hours import closed, closed_for

NOW = datetime(2027, 1, 15, 16, tzinfo=UTC)
FINALS = Freeze(Days(date(2027, 1, 14), date(2027, 1, 16)), "Finals")
SUNDAY = Window(frozenset([6]), time(8), time(16), "America/Chicago")
NOON = Window(frozenset(range(7)), time(9), time(17), "America/Chicago")


def district(key: str, **said: Any) -> District:
    return District(key, key.title(), file=f"districts/{key}.yaml", **said)


LAKE = district("ca/lake", labels=frozenset(["pilot"]), builds_on=frozenset(["all"]))
ELM = district("oh/elm", labels=frozenset(["pilot", "north"]))
FLEET = (LAKE, ELM)
KEYS = tuple(one.key for one in FLEET)


@pytest.mark.parametrize(
    ("calendar", "taken"),
    [
        (Calendar("x", label="pilot"), {"ca/lake", "oh/elm"}),
        (Calendar("x", label="north"), {"oh/elm"}),
        (Calendar("x", profile="all"), {"ca/lake"}),
        (Calendar("x", paths=("districts/oh",)), {"oh/elm"}),
        (Calendar("x", label="north", paths=("districts/ca",)), set()),
        (Calendar("x", label="pilot", paths=("districts/o*",)), {"oh/elm"}),
    ],
)
def test_a_calendar_takes_the_districts_that_fit_all_that_it_states(
    calendar: Calendar, taken: set[str]
) -> None:
    assert set(calendar.settled(FLEET, KEYS).members or ()) == taken


def test_a_district_of_which_no_file_is_known_is_in_every_calendar() -> None:
    (settled,) = (
        Policy(calendars=(Calendar("x", label="north"),))
        .settled(FLEET, ["oh/elm", "gone"])
        .calendars
    )
    assert set(settled.members or ()) == {"oh/elm", "gone"}


def reasons(*calendars: Calendar, policy: Policy | None = None) -> tuple[str, str]:
    given = replace(policy or Policy(), calendars=calendars).settled(FLEET, KEYS)
    assert closed(given, NOW) == closed(replace(given, calendars=()), NOW)
    return closed_for(given, "ca/lake", NOW), closed_for(given, "oh/elm", NOW)


def test_a_freeze_of_any_calendar_freezes_its_districts_and_no_other() -> None:
    frozen = Calendar("north", label="north", freezes=(FINALS,))
    free = Calendar("pilots", label="pilot")
    lake, elm = reasons(free, frozen)
    assert lake == ""
    assert elm == (
        "nothing is applied from 2027-01-14 to 2027-01-16 by the calendar north: Finals"
    )


def test_of_each_list_of_windows_one_has_to_be_open() -> None:
    open_, shut = (
        Calendar(name, label="north", windows=(window,))
        for name, window in (("noon", NOON), ("sunday", SUNDAY))
    )
    assert reasons(open_) == ("", "")
    said = "no change window of the calendar sunday is open now"
    assert reasons(open_, shut) == ("", said)
    assert reasons(shut, open_) == ("", said)


def test_the_nightly_sync_of_a_calendar_closes_the_hour_for_its_districts() -> None:
    lake, elm = reasons(Calendar("north", label="north", nightly_syncs=(NOON,)))
    assert lake == ""
    assert elm.startswith("by the calendar north the nightly sync may be running now")


def test_what_is_overridden_no_longer_holds_a_district_back() -> None:
    given = Policy(calendars=(Calendar("n", label="north", freezes=(FINALS,)),))
    settled = given.settled(FLEET, KEYS)
    assert closed_for(settled, "oh/elm", NOW)
    assert not closed_for(settled, "oh/elm", NOW, {"in-a-freeze"})


def test_calendars_of_a_plan_are_read_as_they_were_written() -> None:
    north = Calendar("n", label="north", freezes=(FINALS,), windows=(NOON,))
    policy = Policy(calendars=(north, Calendar("none", label="x", freezes=(FINALS,))))
    settled = policy.settled(FLEET, KEYS)
    data = limits_data(settled.limits())
    assert [one["districts"] for one in data["calendars"]] == [["oh/elm"]]
    assert limits_data(limits_of(data)) == data
    again = calendars_of(calendars_data(settled.calendars))
    assert closed_for(Policy(calendars=again), "oh/elm", NOW)
    assert "calendars" not in limits_data(Policy().settled(FLEET, KEYS).limits())


def test_the_last_calendar_that_states_them_gives_zone_and_rollover() -> None:
    summer, autumn = (
        Days(date(2027, month, 1), date(2027, month, 20)) for month in (6, 9)
    )
    moment = Moment(
        NOW,
        "UTC",
        (
            Calendar("a", label="pilot", timezone="America/Denver", rollover=summer),
            Calendar("b", label="pilot", rollover=autumn),
            Calendar("c", label="other", timezone="America/Chicago", rollover=summer),
        ),
    )
    assert moment.of({"pilot"}, (), "x") == ("America/Denver", autumn)
    assert moment.of((), (), "x") == ("UTC", None)


PROJECT = """\
schema: 1
timezone: America/Chicago
holidays: [school.ics]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "connectsync.yaml").write_text(PROJECT, "utf-8")
    (tmp_path / "school.ics").write_bytes(calendar_of(f"{day(15)}\nSUMMARY:Finals"))
    return tmp_path


def now_allowed(root: Path) -> Policy:
    policy = load_project(root).policy
    return with_holidays(policy, holiday_reader(root), NOW.date())


def test_events_of_a_calendar_file_are_freezes(project: Path) -> None:
    policy = now_allowed(project)
    freeze = Freeze(Days(*[date(2027, 1, 15)] * 2), "Finals", "America/Chicago")
    assert policy.freezes == (freeze,)
    assert closed(policy, NOW) == "nothing is applied on 2027-01-15: Finals"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing", "cannot be read: No such file"),
        ("link", "lies outside of the project, or behind a link"),
        ("link out", "lies outside of the project, or behind a link"),
        ("folder beside", "lies outside of the project, or behind a link"),
        ("folder above", "lies outside of the project, or behind a link"),
        ("pipe", "not a regular file"),
        ("folder", "not a regular file"),
        ("large", "larger than 1,048,576 bytes"),
        ("no calendar", "cannot be read as a calendar"),
    ],
)
def test_a_calendar_file_that_cannot_be_read_stops_what_it_would_close(
    project: Path, tmp_path_factory: pytest.TempPathFactory, kind: str, said: str
) -> None:
    path, elsewhere = project / "school.ics", tmp_path_factory.mktemp("other")
    raw = path.read_bytes()
    path.unlink()
    match kind:
        case "link":
            (project / "real.ics").write_bytes(raw)
            path.symlink_to("real.ics")
        case "link out":
            (elsewhere / "real.ics").write_bytes(raw)
            path.symlink_to(elsewhere / "real.ics")
        case "folder beside":
            (project / "real").mkdir()
            (project / "real" / "school.ics").write_bytes(raw)
            (project / "up").symlink_to("real")
            text = PROJECT.replace("school.ics", "up/school.ics")
            (project / "connectsync.yaml").write_text(text, "utf-8")
        case "folder above":
            (elsewhere / "real.ics").write_bytes(raw)
            (project / "up").symlink_to(elsewhere)
            text = PROJECT.replace("school.ics", "up/real.ics")
            (project / "connectsync.yaml").write_text(text, "utf-8")
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "large":
            path.write_bytes(raw + b"\n" * (1 << 20))
        case "no calendar":
            path.write_text("hello", "utf-8")
        case _:
            assert kind == "missing"
    with pytest.raises(ProjectError) as refused:
        now_allowed(project)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "name",
    ["/etc/school.ics", "https://x.example/school.ics", "~/school.ics", "school.txt"],
)
def test_a_calendar_file_is_named_within_the_project(project: Path, name: str) -> None:
    text = PROJECT.replace("school.ics", f"'{name}'")
    (project / "connectsync.yaml").write_text(text, "utf-8")
    with pytest.raises(ProjectError, match=r"connectsync.yaml:3:12"):
        load_project(project)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{name: a}", "does not say which districts it takes"),
        ("{name: a, label: x}\n  - {name: a, label: y}", "there are two calendars 'a'"),
        ("{name: a, label: x, timezone: Moon}", "'Moon' is not a time zone"),
        (
            "{name: a, label: x, rollover: {from: 2027-08-01, to: 2027-06-01}}",
            "the last day '2027-06-01' is before the first",
        ),
        (
            (
                "{name: a, label: x, freezes: [{from: 2027-08-02, to: 2027-08-01,"
                " reason: y}]}"
            ),
            "the last day '2027-08-01' is before the first",
        ),
        (
            (
                "{name: a, label: x, windows: [{days: [monday], from: '08:00',"
                " to: '08:00'}]}"
            ),
            "the hours end at '08:00', when they begin",
        ),
        ("{name: a, lable: x}", "lable"),
    ],
)
def test_what_is_wrong_with_a_calendar_is_told_with_its_place(
    project: Path, entry: str, said: str
) -> None:
    text = f"schema: 1\ntimezone: UTC\ncalendars:\n  - {entry}\n"
    (project / "connectsync.yaml").write_text(text, "utf-8")
    with pytest.raises(ProjectError, match=r"connectsync.yaml:[45]:") as refused:
        load_project(project)
    assert said in refused.value.message


def test_hours_of_a_calendar_need_a_zone_from_somewhere(project: Path) -> None:
    span = "{days: [monday], from: '08:00', to: '09:00'}"
    text = f"schema: 1\ncalendars:\n  - {{name: a, label: x, windows: [{span}]}}\n"
    path = project / "connectsync.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ProjectError, match="in which time zone"):
        load_project(project)
    for given in ("timezone: America/Denver\n" + text, text):
        zone = given if given != text else text.replace("label", "timezone: UTC, label")
        path.write_text(zone, "utf-8")
        (calendar,) = load_project(project).policy.calendars
        assert calendar.windows[0].timezone in {"America/Denver", "UTC"}


SUMMER = Days(date(2027, 6, 1), date(2027, 8, 1))
RICH = district(
    "tx/rich",
    labels=frozenset(["north"]),
    facts=Facts(rollover=SUMMER, clever_paused=SUMMER),
    allow=(Allow("home-phone", "Ms Doe agreed", date(2027, 6, 30)),),
    schedule=Schedule(
        Settings(deletion_threshold=15),
        (Period(SUMMER, {"deletion_threshold": 60}, "Ms Roe asked"),),
        zone="America/Chicago",
    ),
)
EVERYTHING = Policy(
    freezes=(replace(FINALS, reason="Finals; all, of them\nand more"),),
    windows=(NOON, Window(frozenset([4]), time(22), time(4), "America/Denver")),
    calendars=(
        Calendar("north", label="north", freezes=(FINALS,), nightly_syncs=(SUNDAY,)),
        Calendar("none", label="nobody", freezes=(FINALS,)),
    ),
)
YEAR = Days(date(2027, 1, 1), date(2027, 12, 31))


def gathered(policy: Policy = EVERYTHING, *more: District) -> CalendarReport:
    return dates_of(policy, (RICH, *more), YEAR, lambda _: b"")


def test_everything_with_a_date_is_gathered_once_for_districts_that_have_it_alike() -> (
    None
):
    twin = replace(RICH, key="tx/twin")
    told = [
        (one.kind.value, one.says, one.calendar, one.districts)
        for one in gathered(EVERYTHING, twin).dates
    ]
    both = ("tx/rich", "tx/twin")
    nothing = "nothing is applied"
    every_day = (
        "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday 09:00 to 17:00"
        " America/Chicago"
    )
    assert told == [
        ("window", "Friday 22:00 to 04:00 America/Denver", "", ()),
        ("window", every_day, "", ()),
        ("nightly sync", "Sunday 08:00 to 16:00 America/Chicago", "north", both),
        ("freeze", nothing, "", ()),
        ("freeze", nothing, "north", both),
        ("rollover", "the school year changes", "", both),
        ("pause at Clever", "Clever does not renew the roster", "", both),
        ("period", "deletion_threshold 60", "", both),
        ("exception ends", "home-phone", "", both),
        ("return", "deletion_threshold 15", "", both),
    ]


def written(policy: Policy = EVERYTHING) -> Any:
    raw = calendar_file(gathered(policy), tool="connectsync", today=NOW.date())
    assert max(map(len, raw.split(b"\r\n"))) <= 75
    return Written.from_ical(raw)


def test_the_calendar_for_other_programs_reads_back_as_what_was_gathered() -> None:
    calendar = written()
    events = {str(one["UID"]): one for one in calendar.walk("VEVENT")}
    assert len(events) == len(gathered().dates)
    zones = {str(one["TZID"]) for one in calendar.walk("VTIMEZONE")}
    assert zones == {"America/Chicago", "America/Denver"}
    by_title = {str(one["SUMMARY"]): one for one in events.values()}
    freeze = by_title["Freeze: Finals; all, of them\nand more (all districts)"]
    assert (freeze.start, freeze.end) == (date(2027, 1, 14), date(2027, 1, 17))
    (night,) = (one for title, one in by_title.items() if "Friday 22:00" in title)
    assert (night.start.isoformat(), night.end.isoformat()) == (
        "2027-01-01T22:00:00-07:00",
        "2027-01-02T04:00:00-07:00",
    )
    assert night["RRULE"]["BYDAY"] == ["FR"]


def test_the_calendar_for_other_programs_holds_no_reasons_of_exceptions() -> None:
    raw = written().to_ical()
    assert b"Doe" not in raw
    assert b"Roe" not in raw


def test_an_event_that_moves_stays_the_event_it_was() -> None:
    def uids(policy: Policy) -> set[str]:
        return {str(one["UID"]) for one in written(policy).walk("VEVENT")}

    later = Days(date(2027, 5, 1), date(2027, 5, 2))
    moved = replace(EVERYTHING, freezes=(replace(EVERYTHING.freezes[0], days=later),))
    assert uids(moved) == uids(EVERYTHING)
    assert len(uids(moved)) == len(gathered().dates)
    assert written().to_ical() == written().to_ical()


def test_holidays_are_told_with_their_file() -> None:
    policy = Policy(holidays=(HolidayFile("a.ics", "America/Chicago"),))
    raw = calendar_of(f"{day(15)}\nSUMMARY:Finals")
    (one,) = dates_of(policy, (), YEAR, lambda _: raw).dates
    assert (one.file, one.reason, one.zone) == ("a.ics", "Finals", "America/Chicago")
