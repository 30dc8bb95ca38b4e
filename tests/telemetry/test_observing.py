"""Observers hear the same, and not one of them can stop a run."""

from __future__ import annotations

import pytest
from run_events import story

from connectsync.domain.outcome import Event
from connectsync.errors import UsageError
from connectsync.telemetry.events import NamedObserver, Observers

TOKEN = "tok-2d9c-never-shown"  # noqa: S105 - made up, to look for it


class Failing:
    def __init__(self, error: BaseException, after: int = 0) -> None:
        self.error = error
        self.after = after
        self.heard = 0
        self.closed = 0

    def __call__(self, event: Event) -> None:
        del event
        self.heard += 1
        if self.heard > self.after:
            raise self.error

    def close(self) -> None:
        self.closed += 1


def told(watching: Observers) -> None:
    for event in story():
        watching(event)


def test_every_observer_hears_every_event_in_order() -> None:
    first: list[Event] = []
    second: list[Event] = []
    watching = Observers(
        [NamedObserver("a", first.append), NamedObserver("b", second.append)], print
    )
    told(watching)
    watching.close()
    assert tuple(first) == tuple(second) == story()


def test_an_observer_that_fails_is_switched_off_with_one_complaint() -> None:
    complaints: list[str] = []
    heard: list[Event] = []
    failing = Failing(OSError(28, "No space left on device"), after=2)
    watching = Observers(
        [
            NamedObserver("the metrics", failing, failing.close),
            NamedObserver("the others", heard.append),
        ],
        complaints.append,
    )
    told(watching)
    watching.close()
    assert tuple(heard) == story()
    assert failing.heard == 3
    assert failing.closed == 1
    assert complaints == [
        "the metrics failed, and the run continues: No space left on device"
    ]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError(TOKEN), "RuntimeError"),
        (OSError(TOKEN), "OSError"),
        (UsageError("cannot write run.prom: no rights"), "cannot write run.prom"),
    ],
)
def test_a_complaint_says_what_happened_and_quotes_nothing_strange(
    error: Exception, said: str
) -> None:
    complaints: list[str] = []
    Observers([NamedObserver("the log", Failing(error))], complaints.append)(story()[0])
    assert said in complaints[0]
    assert TOKEN not in complaints[0]


def test_closing_goes_on_where_one_cannot_be_closed() -> None:
    complaints: list[str] = []
    closed: list[str] = []

    def refuse() -> None:
        raise ValueError

    watching = Observers(
        [
            NamedObserver("a", lambda _: None, refuse),
            NamedObserver("b", lambda _: None, lambda: closed.append("b")),
        ],
        complaints.append,
    )
    watching.close()
    watching.close()
    assert closed == ["b"]
    assert len(complaints) == 1


def test_a_complaint_that_cannot_be_made_stops_nothing_either() -> None:
    def refuse(text: str) -> None:
        raise BrokenPipeError(text)

    failing = Failing(RuntimeError())
    told(Observers([NamedObserver("a", failing)], refuse))
    assert failing.heard == 1


def test_ctrl_c_is_no_failure_of_an_observer() -> None:
    watching = Observers([NamedObserver("a", Failing(KeyboardInterrupt()))], print)
    with pytest.raises(KeyboardInterrupt):
        told(watching)
