"""An hour at which nothing is applied is overridden by name, with a reason."""

from __future__ import annotations

import pytest
from console import Console

LAKEVIEW = "districts/ca/lakeview-usd.yaml"
HARBOR = "districts/ca/harbor-point-usd.yaml"
HOURS = "days: [sunday], from: '01:00', to: '02:00', timezone: America/Chicago"
CLOSED = {
    "in-a-freeze": "freezes: [{from: '2027-01-15', to: '2027-01-15', reason: Finals}]",
    "outside-the-window": f"windows: [{{{HOURS}}}]",
    "during-the-nightly-sync": (
        "nightly_sync: [{from: '04:00', to: '06:00', timezone: America/New_York}]"
    ),
}
REASON = "Logins are broken"


def closed(valley: Console, *guards: str) -> None:
    lines = "".join(f"{CLOSED[guard]}\n" for guard in guards)
    valley.replace("connectsync.yaml", "guards:", f"{lines}guards:")


@pytest.mark.parametrize("guard", CLOSED)
def test_an_hour_is_closed_until_somebody_says_why_not(
    valley: Console, guard: str
) -> None:
    closed(valley, guard)
    planned = valley.run("plan", "--out", "plan.json", LAKEVIEW)
    assert planned.status == 0
    assert f"error[{guard}]" in planned.out
    assert f"apply needs --override {guard}=REASON" in planned.out
    before = valley.live("lakeview-usd")
    others = [other for other in CLOSED if other != guard]
    for given in ([], [f"{others[0]}={REASON}"], [f"{guard}={'x' * 501}"]):
        flags = [word for one in given for word in ("--override", one)]
        said = valley.run("apply", "plan.json", *flags)
        assert said.status == 3, said.both
        assert said.err.endswith(f"you mean it, add --override {guard}=REASON\n")
    assert valley.live("lakeview-usd") == before
    done = valley.run("apply", "plan.json", "--override", f"{guard}={REASON}")
    assert done.status == 0, done.both
    assert valley.live("lakeview-usd") != before


def test_every_guard_of_an_hour_needs_a_reason_of_its_own(valley: Console) -> None:
    closed(valley, *CLOSED)
    flags: list[str] = []
    for guard in CLOSED:
        said = valley.run("apply", "--yes", LAKEVIEW, *flags)
        assert said.status == 3
        flags += ["--override", f"{guard}={REASON}"]
    assert valley.run("apply", "--yes", LAKEVIEW, *flags).status == 0


def test_a_reason_that_nothing_asks_for_is_refused(valley: Console) -> None:
    said = valley.run("apply", "--yes", LAKEVIEW, "--override", f"in-a-freeze={REASON}")
    assert said.status == 3
    assert "there is nothing to override in this plan" in said.err
    assert "leave out what this plan does not need" in said.err


@pytest.mark.parametrize(
    ("given", "help_"),
    [
        ("in-a-freeze", "write it as --override in-a-freeze=REASON"),
        ("in-a-freeze=", "write it as --override"),
        ("in-a-freeze= \t", "write it as --override"),
        ("=why", "write it as --override"),
        ("", "write it as --override"),
        ("in_freeze=why", "did you mean 'in-a-freeze'? guards: "),
        ("zzz=why", "= help: guards: during-the-nightly-sync, in-a-freeze,"),
        ("disruptive=2", "accept it by number: --accept disruptive=COUNT"),
        ("stale-live=old", "accept it by number: --accept stale-live=COUNT"),
    ],
)
def test_a_malformed_or_unknown_override_is_wrong_usage(
    valley: Console, given: str, help_: str
) -> None:
    said = valley.run("apply", "--yes", LAKEVIEW, "--override", given)
    assert said.status == 64
    assert help_ in said.err


def test_the_same_guard_is_overridden_once(valley: Console) -> None:
    twice = ["--override", "in-a-freeze=a", "--override", "in-a-freeze=b"]
    said = valley.run("apply", "--yes", LAKEVIEW, *twice)
    assert said.status == 64
    assert "--override names 'in-a-freeze' twice" in said.err


def test_an_hour_cannot_be_accepted_by_number(valley: Console) -> None:
    closed(valley, "in-a-freeze")
    said = valley.run("apply", "--yes", LAKEVIEW, "--accept", "in-a-freeze=1")
    assert said.status == 64
    assert "override it with a reason: --override in-a-freeze=REASON" in said.err


def test_what_was_saved_today_counts_for_the_next_plan(valley: Console) -> None:
    valley.replace("connectsync.yaml", "max_districts: 2", "max_districts: 1")
    assert valley.run("apply", "--yes", LAKEVIEW).status == 0
    said = valley.run("apply", "--yes", HARBOR)
    assert said.status == 3
    assert "too-many-districts-a-day: the plan holds 2, none was accepted" in said.err
    tomorrow = {"CONNECTSYNC_NOW": "2027-01-16T10:00:01+00:00"}
    assert valley.run("apply", "--yes", HARBOR, environment=tomorrow).status == 0


@pytest.mark.parametrize("word", ["REASON", "why", "<reason>", "Why?", "text"])
def test_a_placeholder_is_no_reason(valley: Console, word: str) -> None:
    closed(valley, "in-a-freeze")
    said = valley.run("apply", "--yes", LAKEVIEW, "--override", f"in-a-freeze={word}")
    assert said.status == 64
    assert "is the placeholder of a suggestion" in said.err
    assert "No run yet" in valley.run("runs").out


def test_every_suggestion_is_refused_as_it_stands(stopped: Console) -> None:
    closed(stopped, "in-a-freeze")
    refused = stopped.run("resume")
    assert refused.status == 3
    assert "add --override in-a-freeze=REASON" in refused.err
    for words in (
        ("resume", "--override", "in-a-freeze=REASON"),
        ("runs", "close", "1", "--reason", "REASON"),
        ("approve", "plan.json", "--as", "NAME"),
    ):
        said = stopped.run(*words)
        assert said.status == 64
        assert "is the placeholder of a suggestion" in said.err
    assert stopped.run("runs", "show", "1").out.count("left  lakeview-usd") == 1
