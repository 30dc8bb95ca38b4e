from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from connectsync.domain.outcome import DistrictOutcome, Ending, Outcome
from connectsync.domain.plan import NotPlanned, Plan
from connectsync.report.outcome_text import BY_A_PERSON, ended_line, outcome_text

PLAN = Plan(
    datetime(2027, 1, 15, tzinfo=UTC), "connectsync 1", "embedded", (), 3, (), (), ()
)
DONE = DistrictOutcome("elm", Ending.DONE, 1, 2)
FAILED = DistrictOutcome("oak", Ending.FAILED, 0, 0, "no answer", "try again")
CONFLICT = DistrictOutcome("fir", Ending.CONFLICT, 1, 1, "somebody saved", "plan anew")


def told(*outcomes: DistrictOutcome, plan: Plan = PLAN) -> str:
    return outcome_text(Outcome(7, outcomes), plan, colour=False)


def test_only_what_was_confirmed_is_counted() -> None:
    assert told(DONE, FAILED, CONFLICT) == (
        "Run 7: 1 done, 1 failed, 1 conflict; 3 changes confirmed by reading back\n"
        "  = help: `connectsync resume 7` tries what is left"
        "; what is in conflict needs a new plan\n"
    )


def test_by_hand_nobody_is_sent_to_a_command_that_would_refuse() -> None:
    said = outcome_text(Outcome(7, (FAILED,)), PLAN, colour=False, proof=BY_A_PERSON)
    assert "resume" not in said


def test_one_change_is_one_change() -> None:
    assert told(CONFLICT).endswith("; 1 change confirmed by reading back\n")


def test_what_was_never_read_is_not_forgotten() -> None:
    failed = NotPlanned("yew", "districts/yew.yaml", "no answer", "try again")
    said = told(DONE, plan=replace(PLAN, failed=(failed,)))
    assert "1 done, 1 not read;" in said
    assert said.endswith(
        "1 district was not read when the plan was made, so nothing was applied"
        " there: yew\n  = help: make a new plan, which reads them again\n"
    )
    assert "there: yew\n" in told(plan=replace(PLAN, failed=(failed,)))


def test_where_nothing_was_planned_nothing_is_claimed() -> None:
    assert told() == "Nothing was applied: nothing was planned\n"


def test_a_district_that_is_done_takes_one_line() -> None:
    said = ended_line(DONE, colour=False)
    assert said == "done  elm  2 changes confirmed by reading back"


def test_a_district_that_is_not_done_says_why_and_what_next() -> None:
    assert ended_line(FAILED, colour=False) == (
        "failed  oak  0 changes confirmed by reading back\n"
        "  no answer\n  = help: try again"
    )


def test_what_connect_says_cannot_steer_the_terminal() -> None:
    nasty = replace(FAILED, district="\x1b[2J", message="\x07", remedy="\r")
    said = ended_line(nasty, colour=False)
    assert all(line.isprintable() for line in said.split("\n"))


def test_colour_is_there_only_where_wanted() -> None:
    assert "\x1b[" in ended_line(DONE, colour=True)
    assert "\x1b[" in outcome_text(Outcome(7, (FAILED,)), PLAN, colour=True)
