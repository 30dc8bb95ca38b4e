"""Connect has a name: another address forgets nothing that the state knows of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from console import Console, Said
from served_gateway import ENVIRONMENT, served, use

from connectsync.cli.terminal import ExitStatus
from connectsync.domain.plan_file import digest_of

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
CREEK = "districts/tx/dry-creek-isd.yaml"
DAY = "too-many-districts-a-day"


@pytest.fixture
def applied(valley: Console) -> tuple[Console, Path]:
    """Give the project, where one district may change a day, and Connect's store."""
    assert valley.run("plan").status == ExitStatus.FINE
    valley.replace("connectsync.yaml", "guards:", "guards:\n  max_districts_a_day: 1")
    valley.replace(CREEK, "settings:\n", "settings:\n  deletion_threshold: 15\n")
    return valley, valley.connect


def run(console: Console, *arguments: str) -> Said:
    return console.run(*arguments, environment=ENVIRONMENT)


def called(console: Console, name: str) -> None:
    console.replace("connectsync.yaml", "schema: 1\n", f"schema: 1\nconnect: {name}\n")


def spelled(console: Console, old: str, new: str) -> None:
    console.replace("connectsync.yaml", f"'{old}'", f"'{new}'")


def is_remembered(console: Console) -> bool:
    """Say whether today's save, and what was applied, are known."""
    refused = run(console, "apply", "--yes", CREEK)
    drift = run(console, "drift", LAKEVIEW)
    return DAY in refused.err and "in step" in drift.out


@pytest.mark.parametrize("spelling", ["localhost", "LOCALHOST"])
def test_another_spelling_of_the_address_forgets_nothing(
    applied: tuple[Console, Path], spelling: str
) -> None:
    console, connect = applied
    with served(connect) as url:
        use(console, url)
        assert run(console, "apply", "--yes", LAKEVIEW).status == ExitStatus.FINE
        assert is_remembered(console)
        other = url.replace("127.0.0.1", spelling) + "/"
        spelled(console, url, other)
        assert is_remembered(console)
        spelled(console, other, f"{url}/")
        assert is_remembered(console)


def test_the_first_use_of_a_name_takes_over_what_the_address_knew(
    applied: tuple[Console, Path],
) -> None:
    console, connect = applied
    with served(connect) as url:
        use(console, url)
        assert run(console, "apply", "--yes", LAKEVIEW).status == ExitStatus.FINE
        called(console, "production")
        assert is_remembered(console)
        assert "apply on production" in console.run("runs").out
        assert console.run("runs", "verify").status == ExitStatus.FINE
    # the address is transport: another one is the same Connect
    with served(connect) as elsewhere:
        spelled(console, url, elsewhere)
        assert is_remembered(console)
        back = run(console, "rollback", "1", "--yes")
        assert back.status == ExitStatus.FINE, back.both


def test_ways_that_share_a_name_share_what_is_known(
    applied: tuple[Console, Path],
) -> None:
    console, connect = applied
    called(console, "production")
    assert console.run("apply", "--yes", LAKEVIEW).status == ExitStatus.FINE
    with served(connect) as url:
        use(console, url)
        assert is_remembered(console)


def test_a_plan_that_names_the_address_is_applied_under_the_name(
    applied: tuple[Console, Path],
) -> None:
    console, connect = applied
    with served(connect) as url:
        use(console, url)
        assert run(console, "plan", "--out", "plan.json", LAKEVIEW).status == 0
        path = console.folder / "connectsync.yaml"
        path.write_text(path.read_text() + "approval: {names: 1}\n")
        assert run(console, "approve", "plan.json", "--as", "Ada").status == 0
        called(console, "production")
        done = run(console, "apply", "plan.json")
        assert done.status == ExitStatus.FINE, done.both
        assert "apply on production" in console.run("runs").out


def test_a_stopped_run_of_the_address_is_resumed_under_the_name(
    stopped: Console,
) -> None:
    called(stopped, "production")
    said = stopped.run("resume")
    assert said.status == ExitStatus.FINE, said.both


def test_what_is_tried_on_a_stand_in_is_nothing_that_the_named_connect_has(
    applied: tuple[Console, Path], tmp_path: Path
) -> None:
    console, connect = applied
    apart = tmp_path / "connect.db"
    # what the name stands for is elsewhere, and knows nothing of what is tried here
    connect.rename(apart)
    called(console, "production")
    with served(apart) as url:
        use(console, url)
        before = run(console, "drift", LAKEVIEW)
        for command in (("demo",), ("--backend", "embedded", "apply", "--yes")):
            tried = run(console, *command, LAKEVIEW)
            assert tried.status == ExitStatus.FINE, tried.both
            assert "1 done" in tried.out
            assert "production" not in tried.out
            assert run(console, "drift", LAKEVIEW) == before
        assert "production" not in run(console, "runs").out


def test_nor_is_what_a_snapshot_of_one_look_has(applied: tuple[Console, Path]) -> None:
    """A guard on the first time goes by what was seen of the named Connect."""
    console, connect = applied
    called(console, "production")
    with served(connect) as url:
        use(console, url)
        assert (
            run(console, "snapshot", "--output", "ours.json").status == ExitStatus.FINE
        )
        data = json.loads((console.folder / "ours.json").read_text("utf-8"))
        for one in data["districts"]:
            one["settings"]["enable_daily_sync"] = True
        (console.folder / "theirs.json").write_text(json.dumps(data), "utf-8")
        known = console.state()
        for look in (("drift",), ("list", "--live")):
            asked = ("--backend", "snapshot:theirs.json", *look)
            anywhere = {**ENVIRONMENT, "CONNECTSYNC_NOW_ANYWHERE": "1"}
            said = console.run(*asked, environment=anywhere)
            assert said.status in {ExitStatus.FINE, ExitStatus.FINDINGS}, said.both
        assert console.state() == known
        run(console, "drift")
        assert console.state() != known


@pytest.mark.parametrize("later", ["connect: rehearsal\n", ""])
def test_a_connect_that_changed_its_name_is_refused_in_a_sentence(
    valley: Console, later: str
) -> None:
    called(valley, "production")
    assert valley.run("apply", "--yes", LAKEVIEW).status == ExitStatus.FINE
    rows = valley.state()
    valley.replace("connectsync.yaml", "connect: production\n", later)
    for command in (("plan",), ("apply", "--yes"), ("resume",), ("reconcile",)):
        refused = valley.run(*command)
        assert refused.status == ExitStatus.FINDINGS, refused.both
        assert "the state knows this Connect as 'production'" in refused.err
        assert "write `connect: production` in connectsync.yaml" in refused.err
    assert valley.state() == rows


def test_a_run_of_a_named_connect_is_continued_on_the_backend_at_hand(
    stopped: Console,
) -> None:
    called(stopped, "production")
    assert stopped.run("drift").status == ExitStatus.FINE
    for command in (("runs", "show", "1"), ("runs",)):
        said = stopped.run(*command).out
        assert "production" in said
        assert "--backend" not in said
    assert stopped.run("resume", "1").status == ExitStatus.FINE


def test_every_address_that_a_name_was_used_at_is_known_as_that_connect(
    applied: tuple[Console, Path],
) -> None:
    console, connect = applied
    called(console, "production")
    with served(connect) as url, served(connect) as elsewhere:
        use(console, url)
        assert run(console, "apply", "--yes", LAKEVIEW).status == ExitStatus.FINE
        spelled(console, url, elsewhere)
        assert run(console, "drift", LAKEVIEW).status == ExitStatus.FINE
        console.replace("connectsync.yaml", "production", "staging")
        for old, new in ((elsewhere, elsewhere), (elsewhere, url)):
            spelled(console, old, new)
            refused = run(console, "plan")
            assert refused.status == ExitStatus.FINDINGS, refused.both
            assert "knows this Connect as 'production'" in refused.err


@pytest.mark.parametrize("name", ["embedded", "Production", "a b", "", "-x"])
def test_a_name_that_is_none_is_refused_by_the_project_file(
    valley: Console, name: str
) -> None:
    called(valley, f"'{name}'")
    refused = valley.run("plan")
    assert refused.status == ExitStatus.FINDINGS
    assert "connectsync.yaml:2:" in refused.err


REACHED = """backends:
  gateway: {url: 'https://gateway.example.org', token: 'env:GATEWAY_TOKEN'}
  browser:
    url: https://connect.example.org
    labels: {Save: Apply}
"""


@pytest.fixture
def planned(valley: Console) -> Console:
    """Give a project with a plan of one district, on a Connect that has a name."""
    called(valley, "production")
    valley.replace("connectsync.yaml", "backends:\n", REACHED)
    said = valley.run("plan", "--out", "plan.json", LAKEVIEW)
    assert said.status == ExitStatus.FINE, said.both
    return valley


@pytest.mark.parametrize(
    ("old", "new", "moved"),
    [
        ("https://gateway.", "https://other.", "backends.gateway.url"),
        ("env:GATEWAY_TOKEN", "env:OTHER_TOKEN", "backends.gateway.token"),
        ("https://connect.", "https://other.", "backends.browser.url"),
        # what is one Connect to the state may be two servers
        ("example.org'", "example.org/a%2Fb'", "backends.gateway.url"),
        ("gateway.example.org", "Gateway.example.org", "backends.gateway.url"),
        ("gateway.example.org", "gateway.example.org.", "backends.gateway.url"),
        ("connect.example.org", "connect.example.org/?t=2", "backends.browser.url"),
        ("connect.example.org", "connect.example.org/#/2", "backends.browser.url"),
        ("{Save: Apply}", "{Save: Delete}", "backends.browser.labels"),
        ("    labels: {Save: Apply}\n", "", "backends.browser.labels"),
        (
            "    labels:",
            "    accept_confirmation: Delete all?\n    labels:",
            "backends.browser.accept_confirmation",
        ),
        (
            "    labels:",
            "    session: other.json\n    labels:",
            "backends.browser.session",
        ),
        ("connect: production\n", "connect: production\nbackend: browser\n", "backend"),
    ],
)
@pytest.mark.sampled(5)
def test_a_plan_is_of_a_connect_as_it_was_reached(
    planned: Console, old: str, new: str, moved: str
) -> None:
    before, path = planned.live("lakeview-usd"), planned.folder / "connectsync.yaml"
    text = path.read_text()
    planned.replace("connectsync.yaml", old, new)
    refused = planned.run("--backend", "snapshot:live.json", "apply", "plan.json")
    assert refused.status == ExitStatus.STALE, refused.both
    assert f"than when the plan was made: {moved}\n" in refused.err
    assert "make a new plan, have it reviewed" in refused.err
    assert planned.live("lakeview-usd") == before
    path.write_text(text)
    assert planned.run("apply", "plan.json").status == ExitStatus.FINE


def test_a_run_goes_on_only_where_connect_is_reached_as_it_was(
    planned: Console, stopping: Callable[[], AbstractContextManager[None]]
) -> None:
    with stopping():
        assert planned.run("apply", "--yes").status == ExitStatus.FINDINGS
    rows = planned.state()
    planned.replace("connectsync.yaml", "{Save: Apply}", "{Save: Delete}")
    refused = planned.run("resume")
    assert refused.status == ExitStatus.STALE, refused.both
    assert "backends.browser.labels" in refused.err
    assert "make a new plan, and end this run: `connectsync runs close 1" in refused.err
    assert planned.state() == rows
    planned.replace("connectsync.yaml", "{Save: Delete}", "{Save: Apply}")
    assert planned.run("resume").status == ExitStatus.FINE


def test_a_plan_that_says_nothing_of_the_way_to_connect_is_applied(
    planned: Console,
) -> None:
    path = planned.folder / "plan.json"
    data = json.loads(path.read_text())
    del data["connection"]
    path.write_text(json.dumps(data | {"digest": digest_of(data)}))
    planned.replace("connectsync.yaml", "{Save: Apply}", "{Save: Delete}")
    assert planned.run("apply", "plan.json").status == ExitStatus.FINE


def test_another_pace_is_the_same_way_to_connect(planned: Console) -> None:
    planned.replace(
        "connectsync.yaml", "url: https://connect.", "url:  https://connect."
    )
    planned.replace("connectsync.yaml", "    labels:", "    slow_ms: 5\n    labels:")
    assert planned.run("apply", "plan.json").status == ExitStatus.FINE


def test_no_plan_holds_an_address_or_a_reference_of_the_project_file(
    planned: Console,
) -> None:
    text = (planned.folder / "plan.json").read_text()
    assert '"connection"' in text
    assert "example.org" not in text
    assert "GATEWAY_TOKEN" not in text
