from __future__ import annotations

from dataclasses import replace
from xml.etree.ElementTree import Element

from generated_plans import PLANS
from hypothesis import given
from junit_shape import read_junit
from plan_scenes import planned

from connectsync.domain.drift import DistrictDrift, MovedBy, Movement
from connectsync.domain.finding import GuardFinding, Severity
from connectsync.domain.plan import NotPlanned, Plan
from connectsync.report.junit import WHOLE, plan_junit
from connectsync.report.plan_text import guard_text
from connectsync.report.terminal import inert

CALM = planned({"districts": 2, "desired": {"deletion_threshold": 10}})
GUARD = GuardFinding(
    "some-guard", Severity.ERROR, "it hurts", "ask", district="d0", accept="hurt"
)


def cases(plan: Plan) -> dict[str, Element]:
    root = read_junit(plan_junit(plan))
    return {one.attrib["name"]: one for one in root.iter("testcase")}


def test_changes_alone_pass_and_say_what_they_are() -> None:
    found = cases(replace(CALM, in_step=("c9",)))
    assert list(found) == ["c9", "d0", "d1"]
    assert list(found["c9"]) == []
    (told,) = found["d0"]
    assert told.tag == "system-out"
    assert told.text == (
        "districts/d0.yaml\n~ deletion_threshold (empty) → 10 (caution)"
    )


def test_what_apply_would_refuse_fails_and_says_how_to_accept_it() -> None:
    (failure,) = cases(replace(CALM, guards=(GUARD,)))["d0"]
    assert failure.attrib == {"type": "guard", "message": "some-guard: it hurts"}
    assert (failure.text or "").endswith(
        "error[some-guard] it hurts (counts as hurt)\n"
        "  help: ask\napply needs --accept hurt=1"
    )


def test_a_warning_of_a_guard_passes() -> None:
    guard = replace(GUARD, severity=Severity.WARNING)
    (told,) = cases(replace(CALM, guards=(guard,)))["d0"]
    assert told.tag == "system-out"


def test_what_guards_say_of_all_has_a_case_of_its_own() -> None:
    (failure,) = cases(replace(CALM, guards=(replace(GUARD, district=""),)))[WHOLE]
    assert failure.tag == "failure"


def test_a_district_that_was_not_read_is_an_error() -> None:
    failed = NotPlanned("elm", "districts/elm.yaml", "no answer", "try again")
    (error,) = cases(replace(CALM, failed=(failed,)))["elm"]
    assert error.attrib == {"type": "unread", "message": "no answer"}
    assert error.text == "districts/elm.yaml\n  help: try again"


def test_what_is_left_alone_passes_and_says_so() -> None:
    move = Movement("phone_types", MovedBy.THEM, None, None, frozenset(["Home"]))
    left = tuple(DistrictDrift(key, "", (move,), applied=True) for key in ("d1", "e1"))
    found = cases(replace(CALM, since="0" * 40, left_alone=left))
    said = "left alone: phone_types: changed by hand on Connect: applied (empty), "
    for key in ("d1", "e1"):
        (told,) = found[key]
        assert told.tag == "system-out"
        assert said in (told.text or "")


@given(PLANS)
def test_every_district_of_a_plan_is_a_case(plan: Plan) -> None:
    root = read_junit(plan_junit(plan))
    total = len(plan.districts) + len(plan.in_step) + len(plan.failed)
    cases = list(root.iter("testcase"))
    assert total <= len(cases) <= total + len(plan.left_alone) + 1
    said = "".join(str(text) for one in cases for text in one.itertext())
    for guard in plan.guards:
        assert f"[{inert(guard.rule)}] {inert(guard_text(guard))}" in said
    assert plan_junit(plan).isascii()
