from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from fitting import insist_fits
from generated_plans import movements
from hypothesis import given
from hypothesis import strategies as st

from connectsync.domain.drift import DistrictDrift, MovedBy, Movement
from connectsync.report.drift import drift_json, drift_text

CELL, HOME, WORK = (frozenset([label]) for label in ("Cell", "Home", "Work"))
THEIRS = Movement("phone_types", MovedBy.THEM, CELL, CELL, HOME)
OURS = Movement("phone_types", MovedBy.US, CELL, HOME, CELL)
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


def told(*movements: Movement, applied: bool = True, error: str = "") -> str:
    one = DistrictDrift("elm", "districts/elm.yaml", movements, applied, error)
    return drift_text([one], colour=False, width=80)


SAID = {
    THEIRS: """\
drift  elm  districts/elm.yaml
  phone_types            changed by hand on Connect
    applied Cell, file Cell, Connect Home

1 district: 1 drift
`connectsync drift --adopt` takes what people changed into the files
`connectsync plan` shows what `apply` would change on Connect
""",
    OURS: """\
pending  elm  districts/elm.yaml
  phone_types            the file changed
    file Home, Connect Cell

1 district: 1 pending
`connectsync plan` shows what `apply` would change on Connect
""",
    BOTH: """\
conflict  elm  districts/elm.yaml
  phone_types            both changed
    applied Cell, file Home, Connect Work

1 district: 1 conflict
`connectsync drift --adopt --adopt-conflict elm:phone_types` says that Connect
  is right where both changed
`connectsync plan` shows what `apply` would change on Connect
""",
}


@pytest.mark.parametrize(("movement", "said"), SAID.items(), ids=["them", "us", "both"])
def test_it_is_said_who_moved_and_what_each_side_holds(
    movement: Movement, said: str
) -> None:
    assert told(movement) == said


def test_adopting_is_suggested_only_as_it_would_not_be_refused() -> None:
    # one conflict that is not named refuses its whole district
    second = replace(BOTH, setting="permissions")
    said = " ".join(told(THEIRS, BOTH, second).split())
    flags = "--adopt-conflict elm:phone_types --adopt-conflict elm:permissions"
    assert f"`connectsync drift --adopt {flags}` says that Connect is right" in said
    assert "`connectsync drift --adopt`" not in said


def test_before_we_applied_anything_nobody_is_said_to_have_moved() -> None:
    said = told(OURS, applied=False)
    assert "never applied yet" in said
    assert "the file changed" not in said


def test_a_district_that_could_not_be_read_is_told_with_the_reason() -> None:
    assert told(error="no answer").startswith(
        "unread  elm  districts/elm.yaml\n  no answer\n\n1 district: 1 unread\n"
    )


def test_districts_in_step_are_counted_and_not_shown() -> None:
    one = DistrictDrift("elm", "districts/elm.yaml", applied=True)
    found = [one, replace(one, district="oak")]
    assert drift_text(found, colour=False, width=80) == "2 districts: 2 in step\n"


@given(DRIFTS)
def test_json_is_of_the_shape_that_its_schema_promises(
    found: list[DistrictDrift],
) -> None:
    data = json.loads(drift_json(found))
    insist_fits(data, "drift")
    assert sum(data["summary"].values()) == len(found) == len(data["districts"])


@given(DRIFTS)
def test_every_line_can_only_be_shown_and_colour_changes_nothing_but_colour(
    found: list[DistrictDrift],
) -> None:
    plain = drift_text(found, colour=False, width=80)
    assert all(line.isprintable() for line in plain.split("\n"))
    coloured = drift_text(found, colour=True, width=80)
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == plain
