"""Lines of JSON: one for each event, its keys in order, nothing in it that acts."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import timedelta, timezone
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from run_events import BEGAN, MESSAGE, at, ended, story

from connectsync.domain.outcome import (
    DistrictOutcome,
    Ending,
    Event,
    RunBegan,
    RunEnded,
    WaveEnded,
)
from connectsync.telemetry.events import Level, event_line, level_of, message_line

ANY = st.text(st.characters())
"""Any text, halves of characters among it."""

HOSTILE = "\x1b]0;mine\x07 \x7f \u202egnp.exe \x9b31m \u2028 \udc80 \n\r\t é"

NAMES = {
    "run_began",
    "wave_began",
    "district_began",
    "save_intended",
    "save_settled",
    "district_ended",
    "wave_ended",
    "run_ended",
}


def lines(events: tuple[Event, ...]) -> list[dict[str, Any]]:
    return [json.loads(event_line(event)) for event in events]


def test_the_story_that_observers_are_tried_on_has_every_kind_of_event() -> None:
    assert {type(event) for event in story()} == set(get_args(Event))
    assert {line["event"] for line in lines(story())} == NAMES


def test_a_line_says_when_how_bad_and_what_before_anything_else() -> None:
    for line in lines(story()):
        assert list(line)[:4] == ["time", "level", "event", "run"]


def test_lines_are_what_they_are_to_the_letter() -> None:
    said = [event_line(event) for event in story()]
    assert said[0] == (
        '{"time": "2027-01-15T10:00:00.000+00:00", "level": "info",'
        ' "event": "run_began", "run": 7, "plan": "sha256:0f1e2d",'
        ' "backend": "embedded", "districts": 6, "joined": false}'
    )
    assert said[4] == (
        '{"time": "2027-01-15T10:00:02.000+00:00", "level": "info",'
        ' "event": "save_intended", "run": 7, "district": "lakeview-usd", "phase": 1,'
        ' "settings": ["contact_types", "phone_types"]}'
    )
    assert said[9] == (
        '{"time": "2027-01-15T10:00:07.000+00:00", "level": "error",'
        ' "event": "district_ended", "run": 7, "district": "riverside-isd",'
        ' "ending": "failed", "saves": 0, "changes": 0,'
        f' "message": {json.dumps(MESSAGE)}, "remedy": "look at it",'
        ' "unproven": 0}'
    )
    assert json.loads(said[-1])["counts"] == {
        "done": 1,
        "failed": 2,
        "conflict": 1,
        "skipped": 1,
        "not reached": 1,
    }


def test_no_field_of_an_event_is_left_out() -> None:
    for event, line in zip(story(), lines(story()), strict=True):
        names = {field.name for field in fields(event)} - {"at", "outcome"}
        if hasattr(event, "outcome"):
            names |= {field.name for field in fields(DistrictOutcome)}
        assert set(line) == names | {"time", "level", "event"}


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (ended("a", Ending.DONE, 1), Level.INFO),
        (ended("a", Ending.FAILED, 1), Level.ERROR),
        (ended("a", Ending.CONFLICT, 1), Level.ERROR),
        (ended("a", Ending.SKIPPED, 1), Level.WARNING),
        (ended("a", Ending.NOT_REACHED, 1), Level.WARNING),
        (WaveEnded(7, "rest", 0, at(1)), Level.INFO),
        (WaveEnded(7, "rest", 1, at(1)), Level.WARNING),
        (RunEnded(7, (), at(1)), Level.INFO),
        (RunEnded(7, (), at(1), "too many failures"), Level.ERROR),
    ],
)
def test_what_went_wrong_can_be_told_by_its_level(event: Event, level: Level) -> None:
    assert level_of(event) is level


def test_whatever_a_message_holds_a_line_stays_one_line_of_printable_ascii() -> None:
    line = event_line(ended("a", Ending.FAILED, 1, HOSTILE))
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["message"] == HOSTILE.replace("\udc80", "\\udc80")


@given(ANY, ANY)
@example("a\udc80", "b\udc80")
def test_any_text_can_be_read_back(message: str, remedy: str) -> None:
    line = message_line(Level.ERROR, message, BEGAN, remedy)
    assert line.isascii()
    assert line.isprintable()
    read = json.loads(line)
    assert read["message"].encode() == message.encode("utf-8", "backslashreplace")
    assert "\udc80" not in read["message"]


def test_a_message_stands_beside_events_in_the_same_form() -> None:
    assert message_line(Level.WARNING, "look", BEGAN) == (
        '{"time": "2027-01-15T10:00:00.000+00:00", "level": "warning",'
        ' "event": "message", "message": "look"}'
    )


def test_times_of_any_zone_are_told_in_one() -> None:
    west = BEGAN.astimezone(timezone(timedelta(hours=-8)))
    line = json.loads(event_line(RunBegan(7, "", "", 0, west)))
    assert line["time"] == "2027-01-15T10:00:00.000+00:00"
