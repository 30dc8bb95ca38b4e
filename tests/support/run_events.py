"""A run told in events: every kind of them, good endings and bad."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectsync.domain.outcome import (
    DistrictBegan,
    DistrictEnded,
    DistrictOutcome,
    Ending,
    Event,
    RunBegan,
    RunEnded,
    SaveIntended,
    SaveSettled,
    WaveBegan,
    WaveEnded,
)

PLAN = "sha256:0f1e2d"
FIRST_LINE = "Connect refused the form: phone_types"
MESSAGE = f"{FIRST_LINE}\nsecond line"
STOPPED = "1 of 2 districts of the wave canary failed\nmore than 10 % may not"
BEGAN = datetime(2027, 1, 15, 10, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def ended(
    district: str, ending: Ending, seconds: float, message: str = ""
) -> DistrictEnded:
    done = ending is Ending.DONE
    remedy = "" if done else "look at it"
    outcome = DistrictOutcome(district, ending, done * 1, done * 2, message, remedy)
    return DistrictEnded(7, outcome, at(seconds))


def story(message: str = MESSAGE, backend: str = "embedded") -> tuple[Event, ...]:
    """
    Tell of a canary wave with two districts under way together, then of a stop.

    One is done, one fails; of the third a save is never settled; the rest is left.
    """
    return (
        RunBegan(7, PLAN, backend, 6, at(0)),
        WaveBegan(7, "canary", 3, at(0.5)),
        DistrictBegan(7, "lakeview-usd", "canary", at(1)),
        DistrictBegan(7, "riverside-isd", "canary", at(1.5)),
        SaveIntended(7, "lakeview-usd", 1, ("contact_types", "phone_types"), at(2)),
        SaveIntended(7, "riverside-isd", 1, ("phone_types",), at(2.25)),
        SaveSettled(7, "lakeview-usd", 1, "confirmed", at(4)),
        SaveSettled(7, "riverside-isd", 1, "failed", at(5)),
        ended("lakeview-usd", Ending.DONE, 6),
        ended("riverside-isd", Ending.FAILED, 7, message),
        DistrictBegan(7, "hill-valley", "canary", at(8)),
        SaveIntended(7, "hill-valley", 1, ("student_id",), at(8.25)),
        ended(
            "hill-valley", Ending.CONFLICT, 9, "someone else saved the form meanwhile"
        ),
        WaveEnded(7, "canary", 2, at(10)),
        ended("oak-hill", Ending.SKIPPED, 11, "another runner holds it"),
        ended("pine-grove", Ending.NOT_REACHED, 11),
        ended("elm-park", Ending.FAILED, 12, "Connect gave no answer"),
        RunEnded(
            7,
            (
                (Ending.DONE, 1),
                (Ending.FAILED, 2),
                (Ending.CONFLICT, 1),
                (Ending.SKIPPED, 1),
                (Ending.NOT_REACHED, 1),
            ),
            at(13),
            STOPPED,
        ),
    )
