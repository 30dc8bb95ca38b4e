from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from plan_scenes import planned

from connectsync.domain.plan import Plan, Save
from connectsync.domain.policy import Approval, Policy
from connectsync.errors import GuardRefused, NotApproved
from connectsync.operations.approve import (
    LONGEST_REASON,
    insist_accepted,
    insist_approved,
)
from connectsync.providers.form import Risk

FREEZE = {"from": "2027-01-11", "to": "2027-01-22", "reason": "Finals"}
NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)
DIGEST = "sha256:" + "1" * 64
OTHER = "sha256:" + "2" * 64
FLAGS = "--accept too-many-districts=3 --override in-a-freeze=REASON"


def frozen(districts: int = 3) -> Plan:
    policy = {"freeze": FREEZE, "max_districts": 2}
    return planned({"policy": policy, "districts": districts})


def refusal(
    plan: Plan, accepted: dict[str, int], reasons: dict[str, str]
) -> GuardRefused:
    with pytest.raises(GuardRefused) as refused:
        insist_accepted(plan, accepted, reasons)
    return refused.value


def test_a_plan_is_accepted_by_the_exact_number_and_a_reason() -> None:
    insist_accepted(frozen(), {"too-many-districts": 3}, {"in-a-freeze": "Logins"})
    insist_accepted(planned({}), {}, {})


def test_a_refusal_says_everything_that_is_missing_and_the_exact_flags() -> None:
    refused = refusal(frozen(), {}, {})
    assert refused.message == (
        "the plan is refused:\n"
        "  too-many-districts: the plan holds 3, none was accepted\n"
        "  in-a-freeze: it needs a reason to be overridden (nothing is applied from"
        " 2027-01-11 to 2027-01-22: Finals)"
    )
    assert refused.remedy == f"read the plan; if you mean it, add {FLAGS}"


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_a_reason_does_not_make_up_for_a_wrong_number(count: int) -> None:
    given = {"too-many-districts": count}
    refused = refusal(frozen(), given, {"in-a-freeze": "Logins"})
    assert f"too-many-districts: the plan holds 3, {count} w" in refused.message
    assert refused.remedy.endswith(FLAGS)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", "the reason is blank"),
        (" \t\n", "the reason is blank"),
        ("x" * (LONGEST_REASON + 1), "the reason has 501 characters, more than 500"),
    ],
)
def test_a_reason_has_to_say_something_that_somebody_reads(
    reason: str, said: str
) -> None:
    refused = refusal(frozen(1), {}, {"in-a-freeze": reason})
    assert f"in-a-freeze: {said} (" in refused.message


def test_a_reason_may_be_as_long_as_that_and_as_short_as_a_letter() -> None:
    insist_accepted(frozen(1), {}, {"in-a-freeze": "x" * LONGEST_REASON})
    insist_accepted(frozen(1), {}, {"in-a-freeze": "x"})


def test_a_reason_for_a_guard_that_does_not_speak_is_refused() -> None:
    refused = refusal(planned({}), {}, {"in-a-freeze": "just in case"})
    assert refused.message.endswith(
        "in-a-freeze: there is nothing to override in this plan"
    )
    assert refused.remedy == "leave out what this plan does not need"


def test_what_is_counted_cannot_be_overridden_nor_the_hour_counted() -> None:
    refused = refusal(
        frozen(), {"in-a-freeze": 1}, {"too-many-districts": "we mean it"}
    )
    number, counted, unsaid, reason = refused.message.splitlines()[1:]
    assert number == "  in-a-freeze: override it with a reason, not a number"
    assert counted == "  too-many-districts: the plan holds 3, none was accepted"
    assert unsaid.startswith("  in-a-freeze: it needs a reason to be overridden (")
    assert reason == "  too-many-districts: accept it by number, not with a reason"


SAFE = planned(
    {"desired": {"unarchive_classrooms": False}, "live": {"unarchive_classrooms": True}}
)
CAUTION = planned({})
DISRUPTIVE = planned(
    {"live": {"enable_daily_sync": True}, "desired": {"manage_guardians": False}}
)


def approved(
    plan: Plan,
    names: list[str],
    *,
    needs: int = 1,
    at: Risk = Risk.SAFE,
    digest: str | None = None,
) -> bool:
    policy = Policy(approval=Approval(needs, at))
    try:
        insist_approved(plan, DIGEST, policy, names, digest)
    except NotApproved:
        return False
    return True


def test_the_scenes_are_of_the_three_risks() -> None:
    risks = [list(+plan.risks()) for plan in (SAFE, CAUTION, DISRUPTIVE)]
    assert risks == [[Risk.SAFE], [Risk.CAUTION], [Risk.DISRUPTIVE]]


@pytest.mark.parametrize(
    ("at", "asked"),
    [
        (Risk.SAFE, [True, True, True]),
        (Risk.CAUTION, [False, True, True]),
        (Risk.DISRUPTIVE, [False, False, True]),
    ],
)
def test_people_are_asked_from_the_risk_that_the_project_says(
    at: Risk, asked: list[bool]
) -> None:
    plans = (SAFE, CAUTION, DISRUPTIVE)
    assert [not approved(plan, [], at=at) for plan in plans] == asked
    assert all(approved(plan, ["ana"], at=at) for plan in plans)


def test_nobody_is_asked_about_a_plan_that_changes_nothing() -> None:
    assert approved(planned({"districts": 0}), [])


def test_nobody_is_asked_unless_the_project_says_so() -> None:
    assert approved(DISRUPTIVE, [], needs=0)


def test_typing_a_token_is_never_safe() -> None:
    (one,) = SAFE.districts
    typed = replace(one, saves=(Save((), set_token=True),))
    plan = replace(SAFE, districts=(typed,))
    assert not approved(plan, [], at=Risk.DISRUPTIVE)


@pytest.mark.parametrize(
    ("names", "enough"),
    [
        (["ana"], False),
        (["ana", "ana"], False),
        (["ana", " Ana "], False),
        (["STRASSE", "straße"], False),
        (["ana", "", "  "], False),
        (["ana", "bo"], True),
        (["ana", "bo", "cy"], True),
    ],
)
def test_the_same_name_twice_is_one_person(*, names: list[str], enough: bool) -> None:
    assert approved(DISRUPTIVE, names, needs=2) is enough


def test_a_refusal_says_how_many_are_missing_and_both_ways() -> None:
    with pytest.raises(NotApproved) as refused:
        insist_approved(DISRUPTIVE, DIGEST, Policy(approval=Approval(3)), ["ana"], None)
    assert refused.value.message == (
        "the plan is not approved: 2 of 3 approvals are missing"
    )
    assert "`connectsync approve PLAN --as NAME`" in refused.value.remedy
    assert "`connectsync apply PLAN --approved DIGEST`" in refused.value.remedy


def test_the_digest_of_this_plan_says_that_it_was_approved_elsewhere() -> None:
    assert approved(DISRUPTIVE, [], needs=2, digest=DIGEST)
    assert approved(DISRUPTIVE, [], needs=2, digest=f" {DIGEST}\n")


@pytest.mark.parametrize("digest", [OTHER, "", DIGEST[:-1], DIGEST.upper()])
def test_another_plans_digest_is_refused_even_where_nobody_is_asked(
    digest: str,
) -> None:
    assert not approved(SAFE, ["ana", "bo"], needs=0, digest=digest)
    assert not approved(DISRUPTIVE, ["ana", "bo"], needs=1, digest=digest)
