"""A run waits within one budget, honours Retry-After, and knows when to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2
import pytest

from connectsync.web.http import RetryBudget

NOW = datetime(2026, 11, 2, 12, 0, 0, tzinfo=UTC)
REQUEST = httpx2.Request("GET", "https://gateway.test/")


class Sleeps(list[float]):
    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


class Answers:
    """Answer with a list of outcomes, one an attempt."""

    def __init__(self, *outcomes: httpx2.Response | Exception) -> None:
        self._left: Iterator[httpx2.Response | Exception] = iter(outcomes)
        self.attempts = 0

    async def __call__(self) -> httpx2.Response:
        self.attempts += 1
        outcome = next(self._left)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def busy(retry_after: str = "", status: int = 429) -> httpx2.Response:
    spelled = retry_after.encode("latin-1")
    headers = {b"Retry-After": spelled} if spelled else {}
    return httpx2.Response(status, headers=headers)


def patience(sleeps: Sleeps, *, budget_seconds: float = 120.0) -> RetryBudget:
    return RetryBudget(budget_seconds=budget_seconds, sleep=sleeps, now=lambda: NOW)


FINE = httpx2.Response(200)
LOST = httpx2.ConnectTimeout("lost", request=REQUEST)


def test_what_may_pass_is_tried_again_with_growing_waits() -> None:
    sleeps, answers = Sleeps(), Answers(busy(), busy(status=503), LOST, FINE)
    assert asyncio.run(patience(sleeps)(answers)) is FINE
    assert answers.attempts == 4
    for sleep, longest in zip(sleeps, (0.5, 1.0, 2.0), strict=True):
        assert longest / 2 <= sleep <= longest


@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 412, 422, 501])
def test_what_will_not_pass_is_not_tried_again(status: int) -> None:
    sleeps, answers = Sleeps(), Answers(busy(status=status))
    assert asyncio.run(patience(sleeps)(answers)).status_code == status
    assert not sleeps


def test_an_answer_that_cannot_be_decoded_is_not_asked_for_again() -> None:
    sleeps, answers = Sleeps(), Answers(httpx2.DecodingError("gzip", request=REQUEST))
    with pytest.raises(httpx2.DecodingError):
        asyncio.run(patience(sleeps)(answers))
    assert not sleeps


@pytest.mark.parametrize(
    ("spelled", "seconds"),
    [
        ("7", 7.0),
        ("Mon, 02 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 02 Nov 2026 12:00:30 -0000", 30.0),
    ],
)
def test_retry_after_is_honoured(spelled: str, seconds: float) -> None:
    sleeps, answers = Sleeps(), Answers(busy(spelled), FINE)
    assert asyncio.run(patience(sleeps)(answers)) is FINE
    assert sleeps == [seconds]


@pytest.mark.parametrize(
    "spelled",
    [
        "0",
        "soon",
        "-5",
        "Mon, 02 Nov 2026 11:00:00 GMT",
        "\u00b2",
        "Wed, 21 Oct 2015 07:28:00 +99999999999999999999",
        "Wed, 21 Oct 2026 07:28:00 -9999",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Mon, 01 Jan 0001 00:00:00 +2359",
        "Mon, 02 Nov 99999 12:00:30 GMT",
        "Mon, 99 Nov 2026 12:00:30 GMT",
        "9" * 400,
        "86401",
        "1e400",
        "nan",
        "-inf",
        "inf",
        "0x10",
        "7, 8",
        ", ",
        "\u00e9" * 50,
    ],
)
def test_a_retry_after_that_says_nothing_is_waited_for_as_without(
    spelled: str,
) -> None:
    sleeps, answers = Sleeps(), Answers(busy(spelled), FINE)
    assert asyncio.run(patience(sleeps)(answers)) is FINE
    assert 0.25 <= sleeps[0] <= 0.5


def test_who_asks_to_wait_too_long_gets_no_further_call() -> None:
    sleeps, answers = Sleeps(), Answers(busy("3600"))
    assert asyncio.run(patience(sleeps)(answers)).status_code == 429
    assert not sleeps


def test_after_the_last_attempt_its_outcome_stands() -> None:
    sleeps, answers = Sleeps(), Answers(LOST, LOST, LOST, LOST, LOST)
    with pytest.raises(httpx2.ConnectTimeout):
        asyncio.run(patience(sleeps)(answers))
    assert (answers.attempts, len(sleeps)) == (5, 4)


def test_the_budget_is_spent_once_for_all_calls_of_a_run() -> None:
    sleeps = Sleeps()
    shared = patience(sleeps, budget_seconds=10)
    for _ in range(100):
        with pytest.raises(httpx2.ConnectTimeout):
            asyncio.run(shared(Answers(LOST, LOST, LOST, LOST, LOST)))
    assert 9 < sum(sleeps) <= 10
