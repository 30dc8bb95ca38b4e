from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from begun_runs import CONFIRMED, DONE, INTENT, NOW, begun, claimed, planned
from sqlalchemy import update
from stores import Place

from connectsync.apply.journal import (
    LeasedElsewhere,
    RunOptions,
    SaveResult,
    SaveStatus,
)
from connectsync.apply.state.database import LEASES
from connectsync.apply.state.opening import Presence, present
from connectsync.apply.state.queries import StateReader
from connectsync.apply.state.store import Store
from connectsync.domain.outcome import Sent
from connectsync.errors import LeaseLost


def elsewhere(kept: Place) -> Path:
    return kept.folder / "another machine"


def test_two_runners_never_hold_one_district(kept: Place) -> None:
    with kept.open() as one, kept.open() as other:
        run = begun(one, "lakeview", "elm-grove")
        claimed(one, run)
        held = other.claim(run, "one", "lakeview", at=NOW)
        assert isinstance(held, LeasedElsewhere)
        assert held.runner == one.runner
        assert 0 < held.seconds <= one.lease_seconds
        claimed(other, run, "elm-grove")


def test_the_same_plan_is_joined_and_not_begun_twice(kept: Place) -> None:
    plan, orders = planned("lakeview"), RunOptions((("rest", ("lakeview",)),))
    with kept.open() as one, kept.open() as other:
        assert one.begin(plan, "sha256:1", orders, at=NOW) == (1, False)
        assert other.begin(plan, "sha256:1", orders, at=NOW) == (1, True)
        assert other.begin(plan, "sha256:2", orders, at=NOW) == (2, False)


def test_what_a_runner_ended_is_told_to_the_others(kept: Place) -> None:
    with kept.open() as one, kept.open() as other:
        run = begun(one, "lakeview")
        claim = claimed(one, run)
        one.settle(claim, one.intend(claim, INTENT, at=NOW), CONFIRMED, at=NOW)
        one.finish(claim, DONE, at=NOW)
        assert other.claim(run, "one", "lakeview", at=NOW) == DONE
        # who asks does not keep it
        assert one.claim(run, "one", "lakeview", at=NOW) == DONE


def set_expiry(store: Store, seconds: float) -> None:
    """Let all leases run out in so many seconds, or that long ago."""
    with store.database.writing() as connection:
        expires = store.database.now(connection) + seconds
        connection.execute(update(LEASES).values(expires=expires))


def test_a_district_is_free_again_once_its_runner_was_silent_too_long(
    kept: Place,
) -> None:
    with kept.open() as silent, kept.open(folder=elsewhere(kept)) as other:
        run = begun(silent, "lakeview")
        claimed(silent, run)
        assert isinstance(other.claim(run, "one", "lakeview", at=NOW), LeasedElsewhere)
        set_expiry(silent, -0.1)
        claimed(other, run)


def test_a_sign_of_life_keeps_a_district(kept: Place) -> None:
    with kept.open() as alive, kept.open(folder=elsewhere(kept)) as other:
        run = begun(alive, "lakeview")
        claim = claimed(alive, run)
        set_expiry(alive, -0.1)
        alive.renew(claim)
        held = other.claim(run, "one", "lakeview", at=NOW)
        assert isinstance(held, LeasedElsewhere)
        assert held.seconds > alive.lease_seconds / 2


def test_who_lost_a_district_writes_nothing_any_more(kept: Place) -> None:
    with kept.open() as slow, kept.open(folder=elsewhere(kept)) as other:
        run = begun(slow, "lakeview")
        old = claimed(slow, run)
        row = slow.intend(old, INTENT, at=NOW)
        set_expiry(slow, -0.1)
        claimed(other, run)
        for write in (
            lambda: slow.intend(old, replace(INTENT, phase=2), at=NOW),
            lambda: slow.settle(old, row, CONFIRMED, at=NOW),
            lambda: slow.finish(old, DONE, at=NOW),
            lambda: slow.renew(old),
            lambda: slow.release(old),
        ):
            with pytest.raises(LeaseLost):
                write()
        (entry,) = other.entries(run, "lakeview")
        assert entry.settled is SaveStatus.INTENDED
        assert other.outcomes(run) == {}


def test_a_lease_that_ran_out_and_that_nobody_took_is_still_good(kept: Place) -> None:
    with kept.open() as slow:
        run = begun(slow, "lakeview")
        claim = claimed(slow, run)
        set_expiry(slow, -0.1)
        slow.intend(claim, INTENT, at=NOW)


HOLDING = """
import sys, time
from pathlib import Path
from connectsync.apply.state.opening import present
with present(Path(sys.argv[1])) as here:
    print(here.runner, flush=True)
    time.sleep(60)
"""


def test_a_runner_that_was_killed_is_known_to_be_gone_at_once(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    runner = process.stdout.readline().strip()
    with present(tmp_path) as here:
        assert not here.is_gone(runner)
        process.kill()
        process.wait()
        process.stdout.close()
        assert here.is_gone(runner)
        assert not here.is_gone(here.runner)


def test_of_a_runner_elsewhere_nothing_is_known(tmp_path: Path) -> None:
    elsewhere = "another-machine:1:abc"
    # its file is here and not locked here, as on a drive that shares no locks
    (tmp_path / "another-machine-1-abc.lock").touch()
    assert not Presence("here:1:def", tmp_path).is_gone(elsewhere)
    assert Presence("another-machine:2:def", tmp_path).is_gone(elsewhere)


def test_a_runner_that_ends_leaves_nothing_behind(tmp_path: Path) -> None:
    with present(tmp_path):
        assert list((tmp_path / "runners").iterdir()) != []
    assert list((tmp_path / "runners").iterdir()) == []


def test_a_token_grows_each_time_a_district_changes_hands(kept: Place) -> None:
    """Whoever comes with an old one writes nothing, even if it is the same runner."""
    with kept.open() as one, kept.open() as other:
        run = begun(one, "lakeview")
        first = claimed(one, run)
        one.release(first)
        tokens = [first.token]
        for runner in (other, one, one):
            claim = claimed(runner, run)
            tokens.append(claim.token)
            runner.release(claim)
        assert tokens == sorted(set(tokens))
        with pytest.raises(LeaseLost):
            one.intend(first, INTENT, at=NOW)


def test_what_is_settled_stays_as_it_was_settled_first(kept: Place) -> None:
    with kept.open() as store:
        claim = claimed(store, begun(store, "lakeview"))
        row = store.intend(claim, INTENT, at=NOW)
        store.settle(claim, row, replace(CONFIRMED, note="first"), at=NOW)
        refused = SaveResult(SaveStatus.FAILED, Sent.REFUSED, note="second")
        store.settle(claim, row, refused, at=NOW)
        (entry,) = store.entries(claim.run, "lakeview")
        assert entry.settled is SaveStatus.CONFIRMED
        (saves,) = StateReader(store).entries(claim.run).values()
        assert [one.note for one in saves] == ["first"]


def test_what_is_overridden_by_whoever_joins_is_kept_as_well(kept: Place) -> None:
    plan, orders = planned("lakeview"), RunOptions((("rest", ("lakeview",)),))
    said = replace(orders, reasons={"in-a-freeze": "Logins are broken"})
    with kept.open() as one, kept.open() as other:
        one.begin(plan, "sha256:1", orders, at=NOW)
        for _ in range(2):
            assert other.begin(plan, "sha256:1", said, at=NOW) == (1, True)
        entries = kept.run("SELECT detail FROM audit WHERE action = 'run joined'")
        assert ["Logins are broken" in str(detail) for (detail,) in entries] == [True]
        assert StateReader(other).run(1).reasons == said.reasons
