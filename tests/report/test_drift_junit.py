from __future__ import annotations

from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

import pytest
from generated_plans import movements
from hypothesis import given
from hypothesis import strategies as st
from junit_shape import misshapen

from connectsync.domain.drift import DistrictDrift, MovedBy, Movement
from connectsync.report.junit import drift_junit

CELL, HOME, WORK = (frozenset([label]) for label in ("Cell", "Home", "Work"))
THEIRS = Movement("phone_types", MovedBy.THEM, CELL, CELL, HOME)
OURS = Movement("deletion_threshold", MovedBy.US, 15, 12, 15)
BOTH = Movement("phone_types", MovedBy.BOTH, CELL, HOME, WORK)
DRIFTS = st.lists(
    st.builds(
        DistrictDrift,
        district=st.text(max_size=8),
        file=st.text(max_size=8),
        movements=st.lists(movements(), max_size=3).map(tuple),
        applied=st.booleans(),
        error=st.just("") | st.text(max_size=20),
    ),
    max_size=4,
)


def told(*found: DistrictDrift) -> Element:
    root = ET.fromstring(drift_junit(found))  # noqa: S314 - our own words
    assert not list(misshapen(root))
    return root


def one(*moves: Movement, applied: bool = True, error: str = "") -> DistrictDrift:
    return DistrictDrift("elm", "districts/elm.yaml", moves, applied, error)


def case(drift: DistrictDrift) -> Element:
    (only,) = told(drift).iter("testcase")
    return only


def test_drift_fails_and_says_who_moved_what() -> None:
    (failure,) = case(one(THEIRS))
    assert failure.tag == "failure"
    assert failure.attrib == {
        "type": "drift",
        "message": "phone_types: changed by hand on Connect",
    }
    assert failure.text == (
        "districts/elm.yaml\n"
        "phone_types: changed by hand on Connect\n"
        "  applied Cell, file Cell, Connect Home"
    )


def test_a_conflict_fails_and_tells_of_what_is_pending_as_well() -> None:
    (failure,) = case(one(BOTH, OURS))
    assert failure.get("type") == "conflict"
    assert failure.get("message") == (
        "phone_types: both changed; deletion_threshold: the file changed"
    )


def test_what_is_pending_passes_and_says_so() -> None:
    (output,) = case(one(OURS))
    assert output.tag == "system-out"
    assert (output.text or "").startswith("pending: districts/elm.yaml\n")


def test_a_district_that_could_not_be_read_is_an_error_with_its_reason() -> None:
    (error,) = case(one(error="no answer"))
    assert (error.tag, error.attrib) == (
        "error",
        {"type": "unread", "message": "no answer"},
    )


def test_a_district_in_step_passes_in_silence() -> None:
    assert list(case(one())) == []


def test_no_district_is_a_suite_without_cases() -> None:
    (suite,) = told()
    assert suite.attrib == {
        "name": "connectsync drift",
        "tests": "0",
        "failures": "0",
        "errors": "0",
        "skipped": "0",
    }


@given(DRIFTS)
def test_whatever_is_found_is_well_shaped_and_counted(
    found: list[DistrictDrift],
) -> None:
    root = told(*found)
    cases = list(root.iter("testcase"))
    standings = [one.standing for one in found]
    assert len(cases) == len(found)
    (suite,) = root
    for element in (root, suite):
        assert int(element.attrib["tests"]) == len(found)
        assert int(element.attrib["failures"]) == len(list(root.iter("failure")))
        assert int(element.attrib["errors"]) == standings.count("unread")
    failing = [standing in {"drift", "conflict"} for standing in standings]
    assert [case.find("failure") is not None for case in cases] == failing


@given(DRIFTS)
def test_the_same_drift_is_the_same_text_in_any_encoding(
    found: list[DistrictDrift],
) -> None:
    text = drift_junit(found)
    assert text == drift_junit(tuple(found))
    assert text.isascii()
    assert not set(map(chr, range(32))) & set(text) - {"\n"}


def test_marks_and_controls_cannot_break_out() -> None:
    wicked = '</failure><testcase name="&lt;"/>]]>\x1b[31m\x00\u202e'
    move = Movement("archived_students", MovedBy.THEM, "Keep", "Keep", wicked)
    drift = DistrictDrift(wicked, wicked, (move,), applied=True)
    root = told(drift)
    assert len(list(root.iter("testcase"))) == 1
    name = next(root.iter("testcase")).attrib["name"]
    assert name.startswith('</failure><testcase name="&lt;"/>]]>\\x1b')


@pytest.mark.parametrize(
    "broken",
    [
        "<testsuite/>",
        '<testsuites><testsuite name="a" tests="1" failures="0"/></testsuites>',
        "<testsuites><testcase name='a'/></testsuites>",
        "<testsuites><case/></testsuites>",
        '<testsuites speed="1"/>',
        "<testsuites>text</testsuites>",
    ],
)
def test_the_check_of_the_shape_finds_what_jenkins_would_refuse(broken: str) -> None:
    element = ET.fromstring(broken)  # noqa: S314 - our own words
    assert list(misshapen(element))
