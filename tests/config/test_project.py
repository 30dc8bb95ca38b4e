from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from connectsync.config.project import CleverConfig, GatewayConfig, load_project
from connectsync.domain.calendar import Freeze, Window
from connectsync.domain.policy import Policy
from connectsync.domain.schedule import Days
from connectsync.errors import ProjectError

Write = Callable[[str, str], Path]

WHOLE = """\
schema: 1
districts: files
backend: gateway
backends:
  embedded: {seed: live.json}
  gateway: {url: "https://gateway.example.org", token: env:TOKEN}
roster: {clever: {url: "https://clever.example.org/v3.1"}}
guards: {max_districts: 3, max_percent: 10, max_live_age_hours: 2}
freezes:
  - {from: 2027-08-23, to: 2027-09-03, reason: First weeks}
windows:
  - {days: [monday, sunday], from: 08:00, to: "17:30", timezone: America/Chicago}
options: {archived_students: [One, Two]}
state: {dir: /var/lib/x}
"""


def test_without_a_project_file_everything_has_its_default(tmp_path: Path) -> None:
    project = load_project(tmp_path)
    assert project.districts_dir == tmp_path / "districts"
    assert project.state_dir == tmp_path / ".connectsync"
    assert project.backend == "embedded"
    assert project.embedded_seed is None
    assert project.gateway is None
    assert project.clever is None, "nothing leaves the machine unasked"
    assert project.policy == Policy()
    assert project.options == {}


def test_an_almost_empty_file_changes_nothing(tmp_path: Path, write: Write) -> None:
    default = load_project(tmp_path)
    write("connectsync.yaml", "schema: 1\nguards: {}\n")
    assert load_project(tmp_path) == default


def test_every_key_of_the_file_is_taken(tmp_path: Path, write: Write) -> None:
    write("connectsync.yaml", WHOLE)
    project = load_project(tmp_path)
    assert project.districts_dir == tmp_path / "files"
    assert project.state_dir == Path("/var/lib/x")
    assert project.backend == "gateway"
    assert project.embedded_seed == tmp_path / "live.json"
    assert project.gateway == GatewayConfig("https://gateway.example.org", "env:TOKEN")
    assert project.clever == CleverConfig("https://clever.example.org/v3.1")
    assert project.options == {"archived_students": ("One", "Two")}
    assert project.policy == Policy(
        max_districts=3,
        max_percent=10,
        max_live_age=timedelta(hours=2),
        max_districts_a_day=3,
        max_percent_a_day=10,
        freezes=(Freeze(Days(date(2027, 8, 23), date(2027, 9, 3)), "First weeks"),),
        windows=(Window(frozenset({0, 6}), time(8), time(17, 30), "America/Chicago"),),
    )


def _window(zone: str) -> str:
    hours = 'from: "08:00", to: "09:00"'
    return f"schema: 1\nwindows:\n  - {{days: [monday], {hours}, timezone: {zone}}}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schema: [\n", "connectsync.yaml:1:10: a value is expected here"),
        (
            "schema: 1\nguard: {}\n",
            "connectsync.yaml:2:1: the key 'guard' is not known",
        ),
        (
            "schema: 1\nbackend: gatway\n",
            (
                "connectsync.yaml:2:10: 'gatway' is not a label of 'backend' (did you"
                " mean 'gateway'? allowed: 'embedded', 'gateway', 'browser',"
                " 'snapshot:FILE')"
            ),
        ),
        (
            "schema: 1\nbackend: snapshot\n",
            (
                "connectsync.yaml:2:10: 'snapshot' is not a label of 'backend' (did you"
                " mean 'snapshot:FILE'? allowed: "
            ),
        ),
        (
            "schema: 1\nbackend: live.json\n",
            "connectsync.yaml:2:10: 'live.json' is not a label of 'backend' (allowed: ",
        ),
        (
            "schema: 1\nbackend: [gateway]\n",
            "connectsync.yaml:2:10: '[gateway]' is a list; 'backend' wants text",
        ),
        (
            "schema: 1\nroster: {clevr: {}}\n",
            (
                "connectsync.yaml:2:10: the key 'clevr' is not known here (did you mean"
                " 'clever'?"
            ),
        ),
        (
            "schema: 1\nroster: {clever: {url: api.clever.com}}\n",
            "connectsync.yaml:2:24: 'api.clever.com' is not what 'url' takes",
        ),
        (
            "schema: 1\nroster: {clever: {url: https://u:p@clever.test}}\n",
            "connectsync.yaml:2:24: ",
        ),
        (
            "schema: 1\nwindows: [{days: [monday], from: 8, to: 24:00, timezone: x}]\n",
            "connectsync.yaml:2:34: '8' is a number; 'from' wants text",
        ),
        (
            _window("Mars/Dome"),
            "connectsync.yaml:3:60: 'Mars/Dome' is not a time zone",
        ),
        (
            _window("../etc"),
            "connectsync.yaml:3:60: '../etc' is not a time zone",
        ),
        *(
            (_window(zone), f"connectsync.yaml:3:60: {zone!r} is not a time zone")
            for zone in ("localtime", "posixrules", "right/America/Chicago")
        ),
        (
            "schema: 1\nfreezes: [{from: 2027-09-03, to: 2027-08-23, reason: x}]\n",
            "connectsync.yaml:2:34: the last day '2027-08-23' is before the first",
        ),
        (
            "schema: 1\nbackends: {gateway: {url: gateway.example.org}}\n",
            "connectsync.yaml:2:27: 'gateway.example.org' is not what 'url' takes",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, write: Write, text: str, message: str
) -> None:
    write("connectsync.yaml", text)
    with pytest.raises(ProjectError) as failure:
        load_project(tmp_path)
    assert failure.value.message.startswith(message)
    assert "connectsync.yaml" in failure.value.remedy


@pytest.mark.parametrize("spelled", ["roster: {clever: {}}", "roster:\n  clever: {}"])
def test_clever_is_asked_at_its_own_address_unless_another_is_named(
    tmp_path: Path, write: Write, spelled: str
) -> None:
    write("connectsync.yaml", f"schema: 1\n{spelled}\n")
    assert load_project(tmp_path).clever == CleverConfig("https://api.clever.com/v3.1")


def test_a_roster_that_names_no_provider_asks_nobody(
    tmp_path: Path, write: Write
) -> None:
    write("connectsync.yaml", "schema: 1\nroster: {}\n")
    assert load_project(tmp_path).clever is None


@pytest.mark.parametrize(
    ("stated", "path"),
    [
        ("snapshot:live.json", "live.json"),
        ("snapshot:districts/_connect/live.json", "districts/_connect/live.json"),
        ('"snapshot:our live: settings.json"', "our live: settings.json"),
    ],
)
def test_a_snapshot_is_found_from_the_folder_of_the_project_file(
    tmp_path: Path, write: Write, stated: str, path: str
) -> None:
    write("connectsync.yaml", f"schema: 1\nbackend: {stated}\n")
    assert load_project(tmp_path).backend == f"snapshot:{tmp_path / path}"


def test_a_literal_gateway_token_is_never_repeated(
    tmp_path: Path, write: Write
) -> None:
    write(
        "connectsync.yaml",
        "schema: 1\nbackends: {gateway: {url: 'https://x', token: Zq7wXr93Kd}}\n",
    )
    with pytest.raises(ProjectError) as failure:
        load_project(tmp_path)
    assert "must say where the token is" in failure.value.message
    assert "Zq7w" not in failure.value.message


def test_a_project_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "connectsync.yaml").mkdir()
    with pytest.raises(ProjectError, match="not a regular file"):
        load_project(tmp_path)
