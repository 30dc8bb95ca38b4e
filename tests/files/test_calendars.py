"""What is read of a school's calendar file, and what is refused whole."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from ics import calendar_of, day

from connectsync.domain.schedule import Days
from connectsync.files import calendars
from connectsync.files.calendars import MOST_REPEATING, UnreadableCalendar, read_days

CHICAGO = "America/Chicago"
WITHIN = Days(date(2027, 1, 1), date(2028, 1, 31))


def read(*events: str, zone: str = CHICAGO) -> list[tuple[str, str, str]]:
    found = read_days(calendar_of(*events), zone, WITHIN)
    return [(str(days.first), str(days.last), title) for days, title in found]


@pytest.mark.parametrize(
    ("event", "spans"),
    [
        (day(10), [("01-10", "01-10")]),
        (f"{day(10)}\nDTEND;VALUE=DATE:20270113", [("01-10", "01-12")]),
        (f"{day(10)}\nDURATION:P2D", [("01-10", "01-11")]),
        ("DTSTART:20270312T040000Z\nDTEND:20270312T060000Z", [("03-11", "03-11")]),
        ("DTSTART:20270312T040000Z\nDTEND:20270312T070000Z", [("03-11", "03-12")]),
        (
            (
                f"DTSTART;TZID={CHICAGO}:20270312T200000\n"
                f"DTEND;TZID={CHICAGO}:20270313T000000"
            ),
            [("03-12", "03-12")],
        ),
        (f"{day(4)}\nRRULE:FREQ=WEEKLY;COUNT=2", [("01-04", "01-04"), ("01-11",) * 2]),
        (
            f"{day(4)}\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20270105",
            [("01-04",) * 2, ("01-06",) * 2],
        ),
        (
            f"{day(4)}\nRRULE:FREQ=DAILY;UNTIL=20270105T235959Z",
            [("01-04",) * 2, ("01-05",) * 2],
        ),
        (f"{day(4)}\nRDATE;VALUE=DATE:20270302", [("01-04",) * 2, ("03-02",) * 2]),
        (f"{day(4)}\nSTATUS:CANCELLED", []),
        # without an end: the fourth Thursday of each November since long ago
        (
            "DTSTART;VALUE=DATE:20101125\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
            [("11-25", "11-25")],
        ),
        ("DTSTART;VALUE=DATE:00010704\nRRULE:FREQ=YEARLY", [("07-04", "07-04")]),
        # a rule that never fits comes to an end
        (f"{day(1)}\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", [("01-01",) * 2]),
    ],
)
def test_the_days_that_an_event_touches_are_told_in_the_zone_of_the_calendar(
    event: str, spans: list[tuple[str, str]]
) -> None:
    found = [(first[5:], last[5:]) for first, last, _ in read(event)]
    assert found == spans


def test_a_time_of_a_series_that_was_moved_is_free_and_its_new_day_is_not() -> None:
    series = f"{day(4)}\nRRULE:FREQ=WEEKLY;COUNT=2\nSUMMARY:Staff day".replace(
        "DTSTART", "UID:series\nDTSTART"
    )
    moved = (
        "UID:series\nRECURRENCE-ID;VALUE=DATE:20270111\nDTSTART;VALUE=DATE:20270113"
        "\nSUMMARY:Staff day"
    )
    raw = calendar_of(series, moved)
    for number in (b"UID:0\r\n", b"UID:1\r\n"):
        raw = raw.replace(number, b"")
    found = [days.first.day for days, _ in read_days(raw, CHICAGO, WITHIN)]
    assert found == [4, 13]


@pytest.mark.parametrize("zone", [CHICAGO, "Pacific/Auckland", "UTC"])
def test_a_series_of_hours_takes_the_days_of_each_time_when_clocks_change(
    zone: str,
) -> None:
    """Else a freeze lost its first day, or its last, for half of the year."""
    begin = datetime(2027, 1, 5, 5, 30, tzinfo=UTC)

    def at(weeks: int) -> str:
        there = begin + timedelta(weeks=weeks)
        over = there + timedelta(hours=1)
        return f"DTSTART:{there:%Y%m%dT%H%M%SZ}\nDTEND:{over:%Y%m%dT%H%M%SZ}"

    series = read(f"{at(0)}\nRRULE:FREQ=WEEKLY;COUNT=50", zone=zone)
    assert series == [day for weeks in range(50) for day in read(at(weeks), zone=zone)]
    lengths = {first == last for first, last, _ in series}
    assert lengths == ({True, False} if zone == CHICAGO else {True})


def test_a_title_is_one_short_harmless_line() -> None:
    long = "x" * 300
    ((_, _, title),) = read(f"{day(4)}\nSUMMARY:Win\\nter\\, \x1b[31m{long}")
    assert title.startswith("Win ter, xxx")
    assert len(title) <= 100
    assert read(day(4))[0][2] == "a day of the calendar"


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("SUMMARY:nothing", "No DTSTART given"),
        ("DTSTART:garbage", "has a DTSTART"),
        (
            f"{day(5)}\nDTEND;VALUE=DATE:20270101",
            "ends on 2027-01-01, before it begins",
        ),
        (f"{day(5)}\nRRULE:FREQ=HOURLY", "repeats by HOURLY"),
        (f"{day(5)}\nRRULE:FREQ=DAILY;BYHOUR=3", "repeats by BYHOUR"),
        (f"{day(5)}\nRRULE:FREQ=DAILY;INTERVAL=0", "INTERVAL below 1"),
        (
            f"{day(5)}\nRRULE:FREQ=DAILY;BYYEARDAY={','.join(['366'] * 401)}",
            "repeats on more days than a year has",
        ),
        (f"{day(5)}\nRRULE:FREQ=NEVER", "has a RRULE"),
        (f"{day(5)}\nRRULE:FREQ=DAILY;UNTIL=soon", "has a RRULE"),
        (f"{day(5)}\nEXDATE:soon", "has a EXDATE"),
    ],
)
def test_an_event_that_is_not_understood_whole_is_named_and_refuses_the_file(
    event: str, said: str
) -> None:
    with pytest.raises(UnreadableCalendar, match="the event ") as refused:
        read(day(1), event)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"hello",
        b"\0\xff\xfe",
        b"BEGIN:VEVENT\nEND:VEVENT\n",
        calendar_of(day(1)) * 2,
        calendar_of(day(1))[:60],
        calendar_of(*[f"{day(1)}\nRRULE:FREQ=YEARLY"] * (MOST_REPEATING + 1)),
        b"BEGIN:VCALENDAR\n" * 5000,
    ],
    ids=["empty", "text", "bytes", "event", "two", "cut", "many", "nested"],
)
def test_what_is_no_calendar_or_too_much_of_one_is_a_sentence(raw: bytes) -> None:
    with pytest.raises(UnreadableCalendar) as refused:
        read_days(raw, CHICAGO, WITHIN)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 400


def test_all_events_of_a_file_together_get_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two hundred that repeat each day since the year 1 took nine minutes."""
    monkeypatch.setattr(calendars, "MOST_SECONDS", -1.0)
    with pytest.raises(UnreadableCalendar, match="take too long to work out"):
        read(day(4))


MARK = "cAnary-4b-Zk81"


@pytest.mark.parametrize(
    "text",
    [
        MARK,
        f"{MARK}:x",
        f"BEGIN:VCALENDAR\n{MARK}\nEND:VCALENDAR",
        f"BEGIN:{MARK}\nEND:{MARK}",
        *(
            f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{event}\nEND:VEVENT\nEND:VCALENDAR"
            for event in (
                MARK,
                f"DTSTART:{MARK}",
                f"DTSTART;TZID={MARK}:{MARK}",
                f"DTSTART:20270101\nRRULE:FREQ={MARK}",
                f"DTSTART:20270101\nRRULE:FREQ=DAILY;UNTIL={MARK}",
                f"DTSTART:20270101\nDURATION:{MARK}",
                f"DTSTART:20270101\nRDATE:{MARK}\nEXDATE:{MARK}",
            )
        ),
    ],
)
def test_what_is_no_calendar_is_not_quoted(text: str) -> None:
    """A project file may name a calendar that is no one's to read in a log."""
    with pytest.raises(UnreadableCalendar) as caught:
        read_days(text.encode(), CHICAGO, WITHIN)
    assert MARK not in str(caught.value)
    assert str(caught.value).isprintable()


def test_the_line_that_is_no_calendar_is_told() -> None:
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\n{MARK}\nEND:VCALENDAR"
    with pytest.raises(UnreadableCalendar, match="in line 3"):
        read_days(text.encode(), CHICAGO, WITHIN)


@pytest.mark.parametrize("name", ["VEVENT ", "VEVENTS", "VEVENT\u00a0"])
def test_a_part_that_others_may_take_for_an_event_is_refused(name: str) -> None:
    """What is left out would be open."""
    event = f"BEGIN:{name}\n{day(10)}\nEND:{name}"
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\n{event}\nEND:VCALENDAR"
    with pytest.raises(UnreadableCalendar, match="a part that is no event"):
        read_days(text.encode(), CHICAGO, WITHIN)


def test_tasks_zones_and_parts_of_programs_are_passed_over() -> None:
    parts = "".join(
        f"BEGIN:{name}\nUID:1\nEND:{name}\n" for name in ("VTODO", "VJOURNAL", "X-WR")
    )
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\n{parts}END:VCALENDAR"
    assert read_days(text.encode(), CHICAGO, WITHIN) == ()
