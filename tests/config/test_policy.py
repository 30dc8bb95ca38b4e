from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import time
from pathlib import Path

import pytest

from connectsync.config.project import load_project
from connectsync.domain.calendar import END_OF_DAY, Window
from connectsync.domain.policy import Approval, Policy, Rollout, Wave
from connectsync.errors import ProjectError
from connectsync.providers.form import Risk

Write = Callable[[str, str], Path]
Policies = Callable[[str], Policy]

EVERY_DAY = frozenset(range(7))
WAVES = """\
rollout:
  waves:
    - {name: canary, districts: [lakeview-usd, elm-grove]}
    - {name: early, label: early-adopter}
    - {name: tenth, percent: 10.0}
"""


@pytest.fixture
def policy(tmp_path: Path, write: Write) -> Policies:
    """Read the policy of a project file, less its first line."""

    def policy_of(text: str) -> Policy:
        write("connectsync.yaml", f"schema: 1\n{text}")
        return load_project(tmp_path).policy

    return policy_of


def refused(root: Path, write: Write, text: str) -> str:
    write("connectsync.yaml", f"schema: 1\n{text}")
    with pytest.raises(ProjectError) as failure:
        load_project(root)
    return failure.value.message


def test_waves_come_in_the_order_of_the_file(policy: Policies) -> None:
    rollout = policy(f"{WAVES}  max_failures_percent: 5\n").rollout
    assert rollout == Rollout(
        (
            Wave("canary", districts=frozenset({"lakeview-usd", "elm-grove"})),
            Wave("early", labels=frozenset({"early-adopter"})),
            Wave("tenth", percent=10),
        ),
        max_failures_percent=5,
    )
    assert isinstance(rollout.waves[2].percent, int)


def test_a_wave_may_take_districts_in_every_way_at_once(policy: Policies) -> None:
    wave = "{name: one, districts: [a], label: b, percent: 100}"
    assert policy(f"rollout: {{waves: [{wave}]}}\n").rollout.waves == (
        Wave("one", frozenset({"a"}), frozenset({"b"}), 100),
    )


def test_one_failure_stops_the_next_wave_unless_the_file_says_otherwise(
    policy: Policies,
) -> None:
    assert policy(WAVES).rollout.max_failures_percent == 0
    assert policy("").rollout.max_failures_percent is None
    assert policy("rollout: {}\n").rollout == Rollout()
    without = policy("rollout: {max_failures_percent: 20}\n").rollout
    assert without == Rollout((), 20)


def test_the_figures_of_a_day_are_those_of_a_plan_unless_stated(
    policy: Policies,
) -> None:
    usual = policy("")
    assert usual.max_districts_a_day == usual.max_districts
    assert usual.max_percent_a_day == usual.max_percent
    stated = policy("guards: {max_districts: 3, max_percent: 10}\n")
    assert (stated.max_districts_a_day, stated.max_percent_a_day) == (3, 10)
    own = policy("guards: {max_districts_a_day: 7, max_percent_a_day: 8}\n")
    assert (own.max_districts, own.max_percent) == (25, 50)
    assert (own.max_districts_a_day, own.max_percent_a_day) == (7, 8)


def test_a_nightly_sync_is_of_every_day_unless_days_are_named(policy: Policies) -> None:
    syncs = policy(
        "nightly_sync:\n"
        "  - {from: '01:00', to: '05:00', timezone: America/Chicago}\n"
        "  - {days: [sunday], from: '22:00', to: '02:00', timezone: UTC}\n"
    ).nightly_syncs
    assert syncs == (
        Window(EVERY_DAY, time(1), time(5), "America/Chicago"),
        Window(frozenset({6}), time(22), time(2), "UTC"),
    )


def test_a_freeze_is_of_utc_unless_a_zone_is_named(policy: Policies) -> None:
    days = "from: 2027-08-23, to: 2027-08-23, reason: x"
    zone = "timezone: America/Chicago"
    here, there = policy(f"freezes: [{{{days}}}, {{{days}, {zone}}}]\n").freezes
    assert (here.timezone, there.timezone) == ("UTC", "America/Chicago")


def test_nobody_has_to_approve_unless_the_file_says_so(policy: Policies) -> None:
    assert policy("").approval == Approval(0, Risk.SAFE)
    assert policy("approval: {names: 2}\n").approval == Approval(2, Risk.SAFE)
    stated = policy("approval: {names: 1, at: disruptive}\n").approval
    assert stated == Approval(1, Risk.DISRUPTIVE)


ZONE = "timezone: UTC"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "rollout: {waves: [{name: rest, percent: 5}]}",
            "2:26: 'rest' is the wave of the districts that no wave takes",
        ),
        (
            "rollout: {waves: [{name: a, percent: 5}, {name: a, label: b}]}",
            "2:49: there are two waves 'a'",
        ),
        ("rollout: {waves: [{name: a}]}", "2:26: the wave 'a' takes no district"),
        ("rollout: {waves: [{percent: 5}]}", "2:19: the key 'name' is missing"),
        (
            "rollout: {waves: [{name: a, districts: []}]}",
            "2:40: 'districts' is empty",
        ),
        (
            "rollout: {waves: [{name: a, percent: 0}]}",
            "2:38: '0' is out of range for 'percent'",
        ),
        (
            "rollout: {waves: [{name: a, labels: b}]}",
            "2:29: the key 'labels' is not known here (did you mean 'label'?",
        ),
        (
            f"nightly_sync: [{{from: '01:00', to: '01:00', {ZONE}}}]",
            "2:36: the hours end at '01:00', when they begin",
        ),
        (
            f"windows: [{{days: [monday], from: '08:00', to: '08:00', {ZONE}}}]",
            "2:47: the hours end at '08:00', when they begin",
        ),
        (
            "nightly_sync: [{from: '01:00', to: '05:00', timezone: Chicago}]",
            "2:55: 'Chicago' is not a time zone",
        ),
        (
            "freezes: [{from: 2027-01-01, to: 2027-01-01, reason: x, timezone: CST6}]",
            "2:67: 'CST6' is not a time zone",
        ),
        (
            f"nightly_sync: [{{from: 1:00, to: '05:00', {ZONE}}}]",
            "2:23: '1:00' is not what 'from' takes",
        ),
        (
            "approval: {names: 1, at: disruptve}",
            "2:26: 'disruptve' is not a label of 'at' (did you mean 'disruptive'?",
        ),
        ("approval: {names: -1}", "2:19: '-1' is out of range for 'names'"),
        ("guards: {max_percent_a_day: 101}", "2:29: '101' is out of range"),
        ("state: {lease_seconds: 4}", "2:24: '4' is out of range"),
        ("state: {lease_seconds: 3601}", "2:24: '3601' is out of range"),
    ],
)
def test_what_a_policy_cannot_mean_is_refused_at_its_place(
    tmp_path: Path, write: Write, text: str, said: str
) -> None:
    message = refused(tmp_path, write, f"{text}\n")
    assert message.startswith(f"connectsync.yaml:{said}")
    assert "\n" not in message


DAYTIME = "from: '08:00', to: '16:00'"
FROZEN = "freezes: [{from: 2027-08-23, to: 2027-09-03, reason: x"


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        (f"{FROZEN}}}]", "UTC"),
        (f"timezone: America/Chicago\n{FROZEN}}}]", "America/Chicago"),
        (
            f"timezone: America/Chicago\n{FROZEN}, timezone: America/Denver}}]",
            "America/Denver",
        ),
    ],
)
def test_a_freeze_has_the_zone_of_the_project_unless_it_has_its_own(
    tmp_path: Path, text: str, zone: str
) -> None:
    (tmp_path / "connectsync.yaml").write_text(f"schema: 1\n{text}\n")
    (freeze,) = load_project(tmp_path).policy.freezes
    assert freeze.timezone == zone


@pytest.mark.parametrize("section", ["windows", "nightly_sync"])
def test_a_whole_day_can_be_written(tmp_path: Path, section: str) -> None:
    (tmp_path / "connectsync.yaml").write_text(
        f"schema: 1\n{section}: [{{days: [saturday], from: '00:00', to: '24:00',"
        " timezone: America/Chicago}]\n"
    )
    policy = load_project(tmp_path).policy
    (window,) = policy.windows or policy.nightly_syncs
    assert (window.opens, window.closes) == (time(0), END_OF_DAY)


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ("from: '00:00', to: '00:00'", "or '24:00' for the end of the day"),
        ("from: '24:00', to: '05:00'", "'24:00' is not what 'from' takes"),
        ("from: '00:00', to: '24:01'", "'24:01' is not what 'to' takes"),
        ("from: '00:00', to: '25:00'", "'24:00' for the end of the day"),
    ],
)
def test_hours_that_no_day_has_are_refused_with_what_to_write(
    tmp_path: Path, hours: str, said: str
) -> None:
    (tmp_path / "connectsync.yaml").write_text(
        f"schema: 1\nnightly_sync: [{{{hours}, timezone: America/Chicago}}]\n"
    )
    with pytest.raises(ProjectError, match=said):
        load_project(tmp_path)


@pytest.mark.parametrize(
    ("zone", "meant"),
    [
        ("America/Chicaco", "America/Chicago"),
        ("america/chicago", "America/Chicago"),
        ("America/New York", "America/New_York"),
        ("CST", "America/Chicago"),
        ("Pacific Time", "America/Los_Angeles"),
        ("Eastern", "America/New_York"),
    ],
)
@pytest.mark.parametrize(
    "frame", ["timezone: 'ZONE'", f"{FROZEN}, timezone: 'ZONE'}}]"], ids=["all", "one"]
)
def test_a_misspelt_zone_gets_the_one_that_is_meant(
    tmp_path: Path, frame: str, zone: str, meant: str
) -> None:
    (tmp_path / "connectsync.yaml").write_text(
        f"schema: 1\n{frame.replace('ZONE', zone)}\n"
    )
    with pytest.raises(ProjectError, match=f"did you mean '{meant}'"):
        load_project(tmp_path)


IN_A_BARE_MACHINE = """
import sys
sys.modules["tzdata"] = None
from pathlib import Path
from connectsync.config.project import load_project
load_project(Path(sys.argv[1]))
"""


def test_a_machine_without_zones_is_told_apart_from_a_misspelt_zone(
    tmp_path: Path,
) -> None:
    text = "schema: 1\ntimezone: America/Chicago\n"
    (tmp_path / "connectsync.yaml").write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", IN_A_BARE_MACHINE, str(tmp_path)],
        env={"PYTHONTZPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "this machine has no time zone data" in done.stderr
    assert "is not a time zone" not in done.stderr


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("timezone: America/Chicago", b"no such thing as a zone"),
        (f"{FROZEN}, timezone: America/Chicago}}]", b""),
        (
            f"windows: [{{days: [monday], {DAYTIME}, timezone: America/Chicago}}]",
            b"TZif2",
        ),
        (
            "nightly_sync: [{from: '01:00', to: '05:00', timezone: America/Chicago}]",
            b"TZif2" + bytes(30),
        ),
    ],
    ids=["project, garbage", "freeze, empty", "window, cut", "nightly sync, cut"],
)
def test_damaged_data_of_a_time_zone_is_named_with_its_file(
    tmp_path: Path, text: str, raw: bytes
) -> None:
    zones = tmp_path / "zones"
    (zones / "America").mkdir(parents=True)
    (zones / "America/Chicago").write_bytes(raw)
    (tmp_path / "connectsync.yaml").write_text(f"schema: 1\n{text}\n")
    done = subprocess.run(
        [sys.executable, "-m", "connectsync", "-C", str(tmp_path), "validate"],
        env={"PYTHONTZPATH": str(zones), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    said = " ".join(done.stderr.split())
    assert done.returncode == 1
    assert "time zone data of 'America/Chicago' on this machine cannot be used" in said
    assert "zones/America/Chicago is damaged or not readable" in said
    assert "install the time zone data again" in said
    assert "Traceback" not in said


def test_zones_come_along_where_the_system_has_none(tmp_path: Path) -> None:
    text = "schema: 1\ntimezone: America/Chicago\n"
    (tmp_path / "connectsync.yaml").write_text(text)
    script = IN_A_BARE_MACHINE.replace('sys.modules["tzdata"] = None', "")
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env={"PYTHONTZPATH": ""},
        check=True,
    )


@pytest.mark.parametrize(
    ("name", "end"), [("America/Chicago ", "end"), (" America/Chicago", "beginning")]
)
def test_a_blank_beside_the_name_of_a_zone_is_named(
    tmp_path: Path, name: str, end: str
) -> None:
    text = f"schema: 1\nguards: {{}}\ntimezone: '{name}'\n"
    (tmp_path / "connectsync.yaml").write_text(text, "utf-8")
    with pytest.raises(ProjectError, match=f"has a blank at the {end}") as caught:
        load_project(tmp_path)
    assert "did you mean" not in caught.value.message
