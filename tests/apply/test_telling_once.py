"""What people were told is a fact of the log: no two runners tell it twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from stores import AT, Place

from connectsync.apply.state.queries import recognize
from connectsync.domain.live import connect_key
from connectsync.domain.notice import (
    Notice,
    NoticeKind,
    NotifySettings,
    Watch,
    Webhook,
)
from connectsync.domain.run import RunHead, RunLine, RunTally
from connectsync.operations.notify import tell, untell, watch_runs

BACKEND = "gateway https://connect.example.org"
SETTINGS = NotifySettings((Webhook("desk", "env:A"), Webhook("pager", "env:B")))
MOVED = Notice(NoticeKind.DRIFT, "bay", "changed by hand", "look", "a")
SEEN = Watch({NoticeKind.DRIFT: {"bay"}}, (MOVED,))
EARLY = AT.replace(hour=6)


def test_of_two_runners_one_tells_and_the_other_finds_it_told(kept: Place) -> None:
    with kept.open() as one, kept.open() as other:
        first = tell(one, BACKEND, SEEN, SETTINGS, at=EARLY)
        assert [message.hook for message in first] == ["desk", "pager"]
        assert tell(other, BACKEND, SEEN, SETTINGS, at=EARLY) == ()


def test_what_did_not_arrive_is_told_again_by_any_runner_and_to_that_hook_alone(
    kept: Place,
) -> None:
    with kept.open() as one, kept.open() as other:
        desk, _ = tell(one, BACKEND, SEEN, SETTINGS, at=EARLY)
        untell(one, BACKEND, [desk], at=EARLY)
        again = tell(other, BACKEND, SEEN, SETTINGS, at=EARLY)
        assert [message.hook for message in again] == ["desk"]


def test_a_digest_that_did_not_arrive_is_due_again(kept: Place) -> None:
    late = AT.replace(hour=8)
    with kept.open() as store:
        desk, _ = tell(store, BACKEND, SEEN, SETTINGS, at=late)
        assert desk.day == "2027-01-15"
        assert tell(store, BACKEND, SEEN, SETTINGS, at=late) == ()
        untell(store, BACKEND, [desk], at=late)
        (again,) = tell(store, BACKEND, SEEN, SETTINGS, at=late)
        assert (again.hook, again.day) == ("desk", "2027-01-15")


def test_what_was_told_stays_told_once_a_connect_has_a_name(kept: Place) -> None:
    with kept.open() as store:
        tell(store, BACKEND, SEEN, SETTINGS, at=EARLY)
        recognize(store, connect_key(BACKEND, "production"), at=EARLY)
        assert tell(store, "production", SEEN, SETTINGS, at=EARLY) == ()


def test_another_connect_is_told_of_by_itself(kept: Place) -> None:
    with kept.open() as store:
        tell(store, BACKEND, SEEN, SETTINGS, at=EARLY)
        assert len(tell(store, "gateway https://b.example", SEEN, SETTINGS, at=EARLY))


NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)


def line(
    tally: RunTally,
    *,
    began: timedelta = timedelta(hours=1),
    stopped: str = "it failed too often",
    backend: str = BACKEND,
    superseded: dict[str, int] | None = None,
) -> RunLine:
    start = NOW - began
    head = RunHead(
        7, "sha256:0", backend, "a", start, None, stopped, {}, {}, None, False, False
    )
    return RunLine(head, tally, superseded or {})


STUCK = RunTally(done=3, failed=2, conflict=1, skipped=0, left=4, waiting=0)


def test_a_run_is_told_with_what_became_of_its_districts() -> None:
    (found,) = watch_runs([line(STUCK)], BACKEND, NOW).found
    assert found.kind is NoticeKind.FAILED_RUN
    assert found.message == (
        "run 7 is not done: 2 failed, 1 in conflict, 4 not reached"
    )


@pytest.mark.parametrize(
    "quiet",
    [
        line(
            RunTally(done=3, failed=0, conflict=0, skipped=0, left=4, waiting=0),
            stopped="",
        ),
        line(STUCK, backend="gateway https://b.example"),
        line(STUCK, began=timedelta(days=8)),
        line(STUCK, superseded={f"d{number}": 8 for number in range(7)}),
    ],
    ids=["still going on", "of another Connect", "of long ago", "superseded"],
)
def test_a_run_that_needs_no_one_is_not_told(quiet: RunLine) -> None:
    assert watch_runs([quiet], BACKEND, NOW).found == []
