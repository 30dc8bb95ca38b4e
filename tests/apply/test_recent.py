from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from apply_world import CELL, district
from stores import Place

from connectsync.apply.journal import Claim, RunOptions
from connectsync.apply.state.queries import StateReader
from connectsync.apply.state.store import Store
from connectsync.domain.live import Live
from connectsync.domain.outcome import DistrictOutcome, Ending
from connectsync.domain.plan import DistrictPlan, Plan
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.run import RecentSaves
from connectsync.domain.settings import Form
from connectsync.errors import Overtaken
from connectsync.operations.plan import PlannedDistrict, plan_district

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)
TOMORROW = NOW + timedelta(hours=25)


def planned(*keys: str) -> Plan:
    form: Form = {"manage_guardians": False, "phone_types": frozenset[str]()}
    districts = []
    for key in keys:
        want = PlannedDistrict(district(key, CELL), f"districts/{key}.yaml")
        made = plan_district(want, Live(key, "v1", form, NOW), {})
        assert isinstance(made, DistrictPlan)
        districts.append(made)
    return Plan(NOW, "test", "one", (), 9, tuple(districts), (), ())


def begun(
    store: Store, *keys: str, known: RecentSaves | None, at: datetime = NOW
) -> tuple[int, bool]:
    orders = RunOptions((("rest", keys),), recent=known)
    return store.begin(planned(*keys), f"sha256:{'-'.join(keys)}", orders, at=at)


def recent(store: Store, at: datetime = NOW) -> set[str]:
    return set(StateReader(store).recent("one", at).districts)


def test_what_a_run_is_yet_to_save_counts_for_the_day(kept: Place) -> None:
    with kept.open() as store:
        begun(store, "lakeview", "elm-grove", known=RecentSaves())
        assert recent(store) == {"lakeview", "elm-grove"}
        assert StateReader(store).recent("other", NOW) == RecentSaves()
        assert recent(store, TOMORROW) == set()


def test_what_a_run_left_alone_does_not_count(kept: Place) -> None:
    with kept.open() as store:
        run, _ = begun(store, "lakeview", "elm-grove", known=RecentSaves())
        claim = store.claim(run, "one", "lakeview", at=NOW)
        assert isinstance(claim, Claim)
        failed = DistrictOutcome("lakeview", Ending.FAILED, 0, 0, "no answer")
        store.finish(claim, failed, at=NOW)
        assert recent(store) == {"elm-grove"}


def test_of_two_runs_that_knew_nothing_of_each_other_only_one_begins(
    kept: Place,
) -> None:
    with kept.open() as one, kept.open() as other:
        nothing = RecentSaves()
        begun(one, "lakeview", known=nothing)
        with pytest.raises(Overtaken, match="began on 1 district after the guards"):
            begun(other, "elm-grove", known=nothing)
        assert len(StateReader(one).runs()) == 1
        known = StateReader(other).recent("one", NOW)
        assert begun(other, "elm-grove", known=known) == (2, False)


def test_the_run_of_the_same_plan_is_joined_whatever_was_known(kept: Place) -> None:
    with kept.open() as one, kept.open() as other:
        begun(one, "lakeview", known=RecentSaves())
        assert begun(other, "lakeview", known=RecentSaves()) == (1, True)


def test_yesterday_overtakes_nobody(kept: Place) -> None:
    with kept.open() as store:
        begun(store, "lakeview", known=RecentSaves())
        assert begun(store, "elm-grove", known=RecentSaves(), at=TOMORROW) == (2, False)


@pytest.mark.parametrize("way", ["resumed", "joined"])
def test_what_an_older_run_goes_on_with_counts_for_the_day(
    kept: Place, way: str
) -> None:
    """Together with a run that begins at that moment it may be more than a day's."""
    with kept.open() as one, kept.open() as other:
        nothing = RecentSaves()
        run, _ = begun(one, "lakeview", known=nothing)
        assert recent(other, TOMORROW) == set()
        if way == "resumed":
            one.reopen(run, at=TOMORROW, orders=RunOptions((), recent=nothing))
        else:
            assert begun(one, "lakeview", known=nothing, at=TOMORROW) == (run, True)
        assert recent(other, TOMORROW) == {"lakeview"}
        with pytest.raises(Overtaken, match="began on 1 district after the guards"):
            begun(other, "elm-grove", known=nothing, at=TOMORROW)


@pytest.mark.parametrize("way", ["resumed", "joined"])
def test_an_older_run_goes_on_only_if_it_knows_what_others_began(
    kept: Place, way: str
) -> None:
    def go_on(store: Store, known: RecentSaves) -> None:
        if way == "resumed":
            store.reopen(1, at=TOMORROW, orders=RunOptions((), recent=known))
        else:
            begun(store, "lakeview", known=known, at=TOMORROW)

    with kept.open() as one, kept.open() as other:
        begun(one, "lakeview", known=RecentSaves())
        begun(other, "elm-grove", known=RecentSaves(), at=TOMORROW)
        with pytest.raises(Overtaken):
            go_on(one, RecentSaves())
        go_on(one, StateReader(one).recent("one", TOMORROW))


def test_what_a_closed_run_promised_does_not_count(kept: Place) -> None:
    with kept.open() as store:
        plan, orders = planned("lakeview"), RunOptions((("rest", ("lakeview",)),))
        run, _ = store.begin(plan, plan_digest(plan), orders, at=NOW)
        assert recent(store) == {"lakeview"}
        store.close(run, "planned again", at=NOW)
        assert recent(store) == set()
