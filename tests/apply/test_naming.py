"""A Connect that gets a name: what the store knew of its addresses stays known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from stores import place

from connectsync.apply.journal import BaselineUpdate
from connectsync.apply.state.opening import open_store
from connectsync.apply.state.queries import StateReader, recognize
from connectsync.apply.state.store import Store
from connectsync.domain.live import connect_key
from connectsync.errors import ConnectRenamed, StateError

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)
GATEWAY = "gateway https://connect.example.org"
PAGE = "browser https://page.example.org"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path) as opened:
        yield opened


def keep(store: Store, backend: str, value: int, *, running: bool, days: int) -> None:
    kept = BaselineUpdate({"deletion_threshold": value}, running)
    store.note(backend, {"lakeview": kept}, at=NOW + timedelta(days=days))


def test_of_two_addresses_the_later_baseline_stays_and_the_launch_does(
    store: Store,
) -> None:
    keep(store, GATEWAY, 10, running=True, days=0)
    keep(store, PAGE, 12, running=False, days=1)
    for described in (GATEWAY, PAGE):
        recognize(store, connect_key(described, "production"), at=NOW)
    reader = StateReader(store)
    (baseline,) = reader.baselines("production").values()
    assert baseline.form == {"deletion_threshold": 12}
    assert baseline.was_running
    assert reader.baselines(GATEWAY) == reader.baselines(PAGE) == {}
    assert reader.audited().problems == ()


def test_an_older_baseline_of_another_address_does_not_come_back(store: Store) -> None:
    keep(store, PAGE, 12, running=True, days=0)
    keep(store, "production", 10, running=False, days=1)
    recognize(store, connect_key(PAGE, "production"), at=NOW)
    (baseline,) = StateReader(store).baselines("production").values()
    assert baseline.form == {"deletion_threshold": 10}
    assert baseline.was_running


def test_another_spelling_of_the_last_release_is_taken_over_without_a_name(
    store: Store,
) -> None:
    keep(store, f"{GATEWAY}:443", 10, running=True, days=0)
    recognize(store, connect_key(f"{GATEWAY}:443", None), at=NOW)
    assert list(StateReader(store).baselines(GATEWAY)) == ["lakeview"]


def test_what_is_known_by_its_key_is_written_once(store: Store) -> None:
    keep(store, GATEWAY, 10, running=True, days=0)
    reader = StateReader(store)
    for name in (None, "production"):
        recognize(store, connect_key(GATEWAY, name), at=NOW)
        head = reader.head()
        recognize(store, connect_key(GATEWAY, name), at=NOW)
        assert reader.head() == head


def test_a_connect_is_not_taken_for_a_neighbor_whose_name_it_is_given(
    store: Store,
) -> None:
    """A change of one word would put what is known of the other in its place."""
    recognize(store, connect_key(GATEWAY, "lincoln"), at=NOW)
    recognize(store, connect_key(PAGE, "oregon"), at=NOW)
    for name in ("lincoln", "oregon"):
        keep(store, name, 10, running=True, days=0)
    with pytest.raises(ConnectRenamed, match="knows this Connect as 'lincoln'"):
        recognize(store, connect_key(GATEWAY, "oregon"), at=NOW)
    # a new address of a Connect is one of it all the same
    recognize(store, connect_key("gateway https://new.example.org", "oregon"), at=NOW)


def test_other_connects_of_the_store_keep_their_keys(store: Store) -> None:
    keep(store, PAGE, 12, running=True, days=0)
    recognize(store, connect_key(GATEWAY, "production"), at=NOW)
    assert list(StateReader(store).baselines(PAGE)) == ["lakeview"]


def test_another_name_for_the_same_address_is_refused(store: Store) -> None:
    recognize(store, connect_key(GATEWAY, "production"), at=NOW)
    for name in ("prod", None):
        with pytest.raises(ConnectRenamed) as refused:
            recognize(store, connect_key(GATEWAY, name), at=NOW)
        assert "'production'" in refused.value.message
    recognize(store, connect_key(PAGE, "prod"), at=NOW)


@pytest.mark.parametrize("described", ["embedded", "snapshot:live.json"])
def test_projects_that_share_a_server_share_no_stand_in_and_no_snapshot(
    tmp_path: Path, described: str
) -> None:
    with place("postgresql", tmp_path).open() as shared:
        keep(shared, described, 10, running=True, days=0)
        with pytest.raises(StateError, match="of another project") as refused:
            recognize(shared, connect_key(described, None), at=NOW)
        assert "`connect: " in refused.value.remedy
        # what was known before goes to the first that gets a name, and to no other
        for name in ("north", "south", "north", "south"):
            recognize(shared, connect_key(described, name), at=NOW)
        keep(shared, "south", 20, running=False, days=1)
        reader = StateReader(shared)
        values = {
            name: [one.form for one in reader.baselines(name).values()]
            for name in ("north", "south", described)
        }
        assert values == {
            "north": [{"deletion_threshold": 10}],
            "south": [{"deletion_threshold": 20}],
            described: [],
        }
        assert reader.audited().problems == ()
        # an address is the same Connect for all of them
        recognize(shared, connect_key(GATEWAY, "north"), at=NOW)
        with pytest.raises(ConnectRenamed):
            recognize(shared, connect_key(GATEWAY, "west"), at=NOW)


@pytest.mark.parametrize("described", ["embedded", "snapshot:live.json"])
def test_in_a_file_beside_the_project_a_stand_in_needs_no_name(
    store: Store, described: str
) -> None:
    recognize(store, connect_key(described, None), at=NOW)
