"""What a provider answers is told with the district it concerns, never the token."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from connectsync.domain.district import Credentials, District
from connectsync.domain.live import Check, CheckStatus
from connectsync.errors import (
    ConnectError,
    CredentialsRefused,
    ProjectError,
    Unreachable,
)
from connectsync.operations.roster_check import (
    AT_ONCE,
    RosterAnswers,
    RosterCheck,
    judge,
)
from connectsync.roster.seam import RosterDistrict

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)
FRESH = datetime(2027, 1, 15, 4, tzinfo=UTC)


def there(district_id: str, **known: object) -> RosterDistrict:
    usual: dict[str, object] = {"state": "running", "last_sync": FRESH}
    return RosterDistrict(district_id, f"Name of {district_id}", **usual | known)  # type: ignore[arg-type]


def one(
    key: str, *, district_id: str | None = "", reference: str | None = ""
) -> District:
    """Give a district with an id and a reference of its own, unless told."""
    given = f"id-{key}" if district_id == "" else district_id
    named = f"env:{key}" if reference == "" else reference
    return District(key, key, credentials=Credentials(given, named))


class Provider:
    """Answers each token; counts how many calls are open at once."""

    described = "Clever at https://clever.test"

    def __init__(self, answers: Mapping[str, RosterDistrict | ConnectError]) -> None:
        self.answers = answers
        self.tokens: list[str] = []
        self.open = self.most = 0

    async def district(self, token: str) -> RosterDistrict:
        self.tokens.append(token)
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0)
        self.open -= 1
        answer = self.answers[token]
        if isinstance(answer, ConnectError):
            raise answer
        return answer


def resolves(reference: str) -> str:
    key = reference.removeprefix("env:")
    if key.startswith("gone"):
        raise ProjectError(f"{reference} gives no token")
    return f"s3cret-{key}"


def asked(
    districts: list[District], answers: Mapping[str, RosterDistrict | ConnectError]
) -> tuple[RosterAnswers, Provider]:
    provider = Provider({f"s3cret-{key}": answers[key] for key in answers})
    return asyncio.run(RosterCheck(provider, districts, resolves).ask()), provider


def judged(
    districts: list[District], answers: Mapping[str, RosterDistrict | ConnectError]
) -> dict[str, Check]:
    """Ask and judge; give the checks by topic, of which each is told once."""
    outcome, provider = asked(districts, answers)
    checks = list(judge(outcome, districts, provider.described, NOW))
    assert "s3cret" not in repr((outcome, checks))
    by_topic = {check.topic: check for check in checks}
    assert len(by_topic) == len(checks)
    return by_topic


def test_each_district_is_asked_about_with_its_own_token() -> None:
    districts = [one("a"), one("b")]
    outcome, provider = asked(districts, {"a": there("id-a"), "b": there("id-b")})
    assert outcome.answers == {"a": there("id-a"), "b": there("id-b")}
    assert sorted(provider.tokens) == ["s3cret-a", "s3cret-b"]


def test_where_all_is_well_it_is_said_in_two_lines() -> None:
    checks = judged([one("a"), one("b")], {"a": there("id-a"), "b": there("ID-B")})
    assert [(topic, check.standing) for topic, check in checks.items()] == [
        ("clever", CheckStatus.OK),
        ("clever ids", CheckStatus.OK),
    ]
    assert checks["clever"].message == f"{Provider.described} answers for 2 districts"


def test_a_token_of_another_district_fails_with_both_ids_and_what_to_do() -> None:
    check = judged([one("a"), one("b")], {"a": there("id-x"), "b": there("id-b")})[
        "clever ids"
    ]
    assert check.standing is CheckStatus.ERROR
    assert check.message == (
        "1 token of another district: a states id-a, its token is of id-x"
        " (Name of id-x)"
    )
    assert "correct district_id or oauth_token" in check.remedy


def test_districts_without_a_token_here_are_counted_and_not_asked() -> None:
    districts = [one("a"), one("gone-1"), one("gone-2")]
    outcome, provider = asked(districts, {"a": there("id-a")})
    assert provider.tokens == ["s3cret-a"]
    assert outcome.silent == ("gone-1", "gone-2")
    said = judged(districts, {"a": there("id-a")})["clever"]
    assert said.standing is CheckStatus.OK
    assert said.message.endswith("1 district; 2 districts not asked: no token here")


def test_where_no_token_is_here_nobody_is_asked() -> None:
    check = judged([one("gone-1")], {})["clever"]
    assert check.standing is CheckStatus.WARNING
    assert check.message == "1 district not asked: no token here"


@pytest.mark.parametrize(
    "district", [one("a", district_id=None), one("a", reference=None)]
)
def test_a_district_that_lacks_id_or_reference_is_not_asked_about(
    district: District,
) -> None:
    outcome, provider = asked([district], {})
    assert provider.tokens == []
    assert outcome == RosterAnswers({})
    check = judged([district], {})["clever"]
    assert check.message == "no district states both district_id and oauth_token"


def test_a_refused_token_fails_under_the_name_of_its_district() -> None:
    checks = judged(
        [one("a"), one("b")], {"a": CredentialsRefused("refused"), "b": there("id-b")}
    )
    assert checks["clever"].standing is CheckStatus.ERROR
    assert checks["clever"].message == "1 token refused: a (refused)"
    assert checks["clever"].remedy
    assert checks["clever ids"].standing is CheckStatus.OK


def test_a_provider_that_does_not_answer_is_left_alone_after_five_times() -> None:
    districts = [one(f"d{number:02}") for number in range(40)]
    answers = {each.key: Unreachable("no answer") for each in districts}
    outcome, provider = asked(districts, answers)
    assert len(provider.tokens) <= 5 + AT_ONCE
    assert outcome.unasked == 40 - len(outcome.answers)
    check = judged(districts, answers)["clever"]
    assert check.standing is CheckStatus.ERROR
    assert f"{outcome.unasked} more were not asked (no answer)" in check.message


def test_one_answer_that_is_lost_hides_no_other() -> None:
    checks = judged(
        [one("a"), one("b")], {"a": Unreachable("lost"), "b": there("id-x")}
    )
    assert checks["clever"].message == "1 district without an answer: a (lost)"
    assert checks["clever ids"].standing is CheckStatus.ERROR


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({}, "1 paused at Clever: a"),
        (
            {"pause_start": NOW, "pause_end": datetime(2027, 2, 1, tzinfo=UTC)},
            "1 paused at Clever: a since 2027-01-15 until 2027-02-01",
        ),
    ],
)
def test_a_paused_district_is_one_to_look_at_and_its_roster_is_not_old_as_well(
    known: dict[str, object], words: str
) -> None:
    old = datetime(2026, 6, 1, tzinfo=UTC)
    paused = there("id-a", state="paused", last_sync=old, **known)
    checks = judged([one("a")], {"a": paused})
    assert checks["clever state"].standing is CheckStatus.WARNING
    assert checks["clever state"].message == words
    assert "last sync" not in checks


@pytest.mark.parametrize("state", ["", "running", "success"])
def test_a_usual_state_is_not_mentioned(state: str) -> None:
    assert "clever state" not in judged([one("a")], {"a": there("id-a", state=state)})


@pytest.mark.parametrize("state", ["error", "pending", "a new word"])
def test_any_other_state_is_one_to_look_at(state: str) -> None:
    check = judged([one("a")], {"a": there("id-a", state=state)})["clever state"]
    assert check.standing is CheckStatus.WARNING
    assert check.message == f"1 not running at Clever: a ({state})"


def test_an_old_roster_is_one_to_look_at() -> None:
    answers = {
        "a": there("id-a", last_sync=datetime(2027, 1, 11, 9, tzinfo=UTC)),
        "b": there("id-b", last_sync=datetime(2027, 1, 11, 11, tzinfo=UTC)),
        "c": there("id-c", last_sync=None),
    }
    check = judged([one("a"), one("b"), one("c")], answers)["last sync"]
    assert check.standing is CheckStatus.WARNING
    assert check.message == (
        "2 rosters not renewed for 4 days: a (2027-01-11), c (never)"
    )


def test_of_many_five_are_named_and_the_rest_is_counted() -> None:
    districts = [one(f"d{number:02}") for number in range(30)]
    wrong = {each.key: there("id-x") for each in districts}
    ids = judged(districts, wrong)["clever ids"].message
    assert ids.startswith("30 tokens of another district: d00 states id-d00")
    assert ids.count(" states ") == 5
    assert ids.endswith(" and 25 more")
    refused = {each.key: CredentialsRefused("refused") for each in districts}
    said = judged(districts, refused)["clever"].message
    assert said == ("30 tokens refused: d00, d01, d02, d03, d04 and 25 more (refused)")


def test_a_few_are_asked_about_at_once_and_the_order_does_not_matter() -> None:
    districts = [one(f"d{number:03}") for number in reversed(range(100))]
    answers = {each.key: there(f"id-{each.key}") for each in districts}
    outcome, provider = asked(districts, answers)
    assert 1 < provider.most <= AT_ONCE
    assert list(outcome.answers) == sorted(answers)


def test_a_reference_that_takes_its_time_does_not_hold_up_the_others() -> None:
    together = threading.Barrier(2, timeout=20)

    def slow(reference: str) -> str:
        together.wait()  # breaks unless two references are resolved at once
        return resolves(reference)

    provider = Provider({"s3cret-a": there("id-a"), "s3cret-b": there("id-b")})
    asking = RosterCheck(provider, [one("a"), one("b")], slow)
    assert len(asyncio.run(asking.ask()).answers) == 2
