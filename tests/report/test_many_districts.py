"""A large fleet in a few lines: every district counted once, whatever is cut."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from review_scenes import country

from connectsync.domain.drift import DistrictDrift, MovedBy, Movement
from connectsync.domain.outcome import DistrictOutcome, Ending
from connectsync.domain.schedule import Turn
from connectsync.report.many_districts import (
    MANY,
    drift_tables,
    outcome_tables,
    plan_tables,
)
from connectsync.report.plan_text import render_plan
from connectsync.report.terminal import columns
from connectsync.values import replace

OURS = Movement("deletion_threshold", MovedBy.US, 10, 15, 10)


def drifted(number: int, folder: str, *, pending: bool = False) -> DistrictDrift:
    file = f"districts/{folder}district-{number}.yaml"
    return DistrictDrift(f"district-{number}", file, (OURS,) if pending else ())


def test_a_country_fits_on_a_screen() -> None:
    review = country(1_000)
    assert plan_tables(review, colour=False) == (
        """\
by folder  districts  to change  in step
state-00          20         16        4
state-01          20         16        4
state-03          20         16        4
state-05          20         16        4
state-06          20         16        4
state-07          20         16        4
state-08          20         16        4
state-10          20         16        4
state-12          20         16        4
state-14          20         16        4
… 41 more        800        640      160""",
        """\
by wave  to change
canary         267
first          267
rest           266""",
    )


def test_the_tables_stand_above_the_count_and_what_apply_needs() -> None:
    review = country(100)
    tables = plan_tables(review, colour=False)
    text = render_plan(review.plan, colour=False, width=80, tables=tables)
    _, _, end = text.partition("\n\nby folder  ")
    assert end.index("\n\nby wave  ") < end.index("\n\n100 districts: ")


def test_no_name_draws_a_line_of_a_plan_on_a_narrow_terminal() -> None:
    plan = country(3).plan
    name = f"Lake{' ' * 70}+ permissions            Family Access      caution"
    named = tuple(replace(one, name=name) for one in plan.districts)
    text = render_plan(replace(plan, districts=named), colour=False, width=80)
    assert "Lake + permissions Family Access caution" in text


def test_of_many_districts_it_is_told_what_changes_by_itself_later_on() -> None:
    plan = country(20).plan
    turn = Turn("deletion_threshold", 20, date(2027, 1, 20), 60, "rollover", "UTC")
    turning = tuple(replace(one, turns=(turn,)) for one in plan.districts)
    text = render_plan(replace(plan, districts=turning), colour=False, width=80)
    assert "deletion_threshold 20 until 2027-01-20, then 60 (rollover)" in text
    named = text.partition("then 60 (rollover)\n")[2].partition("\n\n")[0]
    assert all(one.district in named for one in turning)


def test_the_largest_come_first_and_those_of_no_folder_are_counted_too() -> None:
    found = [drifted(number, "ca/") for number in range(12)]
    found += [drifted(number, "tx/north/", pending=True) for number in range(12, 25)]
    found += [drifted(number, "", pending=number < 26) for number in range(25, 27)]
    assert drift_tables(found, "districts", colour=False) == (
        """\
by folder   districts  pending  in step
tx                 13       13        ·
ca                 12        ·       12
districts/          2        1        1""",
    )


def test_eleven_groups_are_shown_rather_than_one_line_about_the_last() -> None:
    found = [
        drifted(number, f"s{number % 11:02}/", pending=True) for number in range(44)
    ]
    (table,) = drift_tables(found, "districts", colour=False)
    assert len(table.split("\n")) == 12
    assert "more" not in table


def test_of_endings_the_bad_ones_are_seen() -> None:
    review = country(30)
    ended = [
        DistrictOutcome(
            one.district, Ending.FAILED if number == 3 else Ending.DONE, 1, 1
        )
        for number, one in enumerate(review.plan.districts)
    ]
    ended += [
        DistrictOutcome(key, Ending.NOT_REACHED, 0, 0) for key in review.plan.in_step
    ]
    _, by_wave = outcome_tables(ended, review, colour=False)
    assert (
        by_wave
        == """\
by wave  districts    done  failed
canary           8       8       ·
first            8       7       1
rest             8       8       ·"""
    )


@pytest.mark.parametrize("count", [0, 1, MANY])
def test_few_districts_are_looked_at_instead(count: int) -> None:
    found = [drifted(number, f"{number}/", pending=True) for number in range(count)]
    assert drift_tables(found, "districts", colour=False) == ()
    assert plan_tables(country(count), colour=False) == ()
    ended = [DistrictOutcome(str(n), Ending.FAILED, 0, 0) for n in range(count)]
    assert outcome_tables(ended, country(count), colour=False) == ()


def test_where_all_is_well_or_all_is_in_one_place_there_is_nothing_to_compare() -> None:
    calm = [drifted(number, f"{number % 3}/") for number in range(60)]
    assert drift_tables(calm, "districts", colour=False) == ()
    alone = [drifted(number, "ca/", pending=number < 9) for number in range(60)]
    assert drift_tables(alone, "districts", colour=False) == ()


FOLDERS = st.text(st.characters(exclude_characters="/"), min_size=1, max_size=40)
FLEETS = st.lists(
    st.tuples(st.sampled_from(["", *"abcdefghijklmnop"]) | FOLDERS, st.booleans()),
    min_size=MANY + 1,
    max_size=60,
)


@given(FLEETS)
def test_every_district_is_counted_once_in_eighty_columns(
    fleet: list[tuple[str, bool]],
) -> None:
    found = [
        drifted(number, f"{folder}/" if folder else "", pending=pending)
        for number, (folder, pending) in enumerate(fleet)
    ]
    for table in drift_tables(found, "districts", colour=False):
        head, *rows = table.split("\n")
        assert max(map(columns, [head, *rows])) <= 80
        kinds = [kind for kind in ("pending", "in step") if head.count(kind)]
        numbers = [word for row in rows for word in row.split()[-len(kinds) :]]
        counts = [int(number) for number in numbers if number != "·"]
        assert sum(counts) == len(fleet)


def test_colour_is_there_only_where_wanted() -> None:
    plain = "\n".join(plan_tables(country(60), colour=False))
    coloured = "\n".join(plan_tables(country(60), colour=True))
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert coloured != plain
