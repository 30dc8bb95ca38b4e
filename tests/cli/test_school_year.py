"""A school year on the stand-in: a threshold is raised for the rollover and returns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from console import Console, Said
from fitting import insist_fits
from repositories import git
from told_people import Hook, listening

from connectsync.cli.runner import CommandLineHost
from connectsync.domain.plan_file import plan_text, read_plan

PROJECT = """schema: 1
timezone: America/Chicago
reconcile: {at_most: caution}
"""
DISTRICT = """schema: 1
district: lakeview-usd
name: Lakeview Unified School District
provider: clever
credentials:
  district_id: 58da8a43cc70ab00017a1a87
  oauth_token: env:LAKEVIEW_TOKEN
facts:
  rollover: {from: 2027-06-15, to: 2027-08-20}
  tried_to_archive: 55
settings:
  unarchive_classrooms: true
  deletion_threshold: 15
scheduled:
  - from: 2027-06-15
    to: 2027-08-20
    settings:
      unarchive_classrooms: false
      deletion_threshold: 60  # just above what last summer's sync tried
    reason: rollover
"""
FILE = "districts/lakeview-usd.yaml"


class Year(Console):
    """A project, and commands on days of its year."""

    def on(self, day: str, *arguments: str) -> Said:
        told = day if "T" in day else f"{day}T12:00:00-05:00"
        return self.run(*arguments, environment={"CONNECTSYNC_NOW": told})

    def threshold(self) -> object:
        return self.live("lakeview-usd")["deletion_threshold"]


@pytest.fixture
def year(tmp_path: Path) -> Year:
    (tmp_path / "districts").mkdir()
    (tmp_path / "connectsync.yaml").write_text(PROJECT)
    (tmp_path / FILE).write_text(DISTRICT)
    year = Year(tmp_path)
    assert year.on("2027-03-01", "apply", "--yes").status == 0
    assert year.threshold() == 15
    return year


def test_the_threshold_is_raised_for_the_rollover_and_returns_by_itself(
    year: Year,
) -> None:
    # the evening before, in Chicago: nothing is due, though it is the day in UTC
    assert "1 in step" in year.on("2027-06-14T23:59:00-05:00", "reconcile").out
    assert year.threshold() == 15

    raised = year.on("2027-06-15T00:00:00-05:00", "reconcile")
    assert (raised.status, year.threshold()) == (0, 60), raised.both
    assert "1 in step" in year.on("2027-07-01", "reconcile").out

    assert "1 in step" in year.on("2027-08-20T23:59:00-05:00", "reconcile").out
    assert year.threshold() == 60
    returned = year.on("2027-08-21T00:00:00-05:00", "reconcile")
    assert (returned.status, year.threshold()) == (0, 15), returned.both
    assert year.live("lakeview-usd")["unarchive_classrooms"] is True


def test_an_edit_by_a_person_in_july_is_found_and_adopted_where_it_counts(
    year: Year,
) -> None:
    assert year.on("2027-06-15", "reconcile").status == 0
    year.edit("lakeview-usd", {**year.live("lakeview-usd"), "deletion_threshold": 58})
    found = year.on("2027-07-10", "drift")
    assert found.status == 1
    assert "applied 60, file 60, Connect 58" in found.out
    held = year.on("2027-07-10", "reconcile")
    assert (held.status, year.threshold()) == (1, 58)

    adopted = year.on("2027-07-10", "drift", "--adopt")
    assert adopted.status == 0, adopted.both
    text = (year.folder / FILE).read_text()
    assert "deletion_threshold: 58  # just above what" in text
    assert "  deletion_threshold: 15\n" in text
    # once it is merged, the pass of that night goes by it
    assert year.on("2027-07-11", "reconcile").status == 0
    # it is the period that took it over, so the return stays what it was
    assert year.on("2027-08-21", "reconcile").status == 0
    assert year.threshold() == 15


def test_a_person_who_edits_what_returns_is_asked_first(year: Year) -> None:
    assert year.on("2027-06-15", "reconcile").status == 0
    year.edit("lakeview-usd", {**year.live("lakeview-usd"), "deletion_threshold": 100})
    held = year.on("2027-08-21", "reconcile")
    assert (held.status, year.threshold()) == (1, 100)
    assert "deletion_threshold was changed on Connect and in the file" in " ".join(
        held.out.split()
    )


def test_a_return_that_no_one_applied_grows_from_a_warning_to_an_error(
    year: Year,
) -> None:
    assert year.on("2027-06-15", "reconcile").status == 0
    due = year.on("2027-08-21", "plan", "--format", "json")
    assert json.loads(due.out)["guards"] == []

    for day, severity, rule in (
        ("2027-08-22", "warning", "return-overdue"),
        ("2027-08-28", "warning", "return-overdue"),
        ("2027-08-29", "error", "return-long-overdue"),
    ):
        planned = json.loads(year.on(day, "plan", "--format", "json").out)
        guards = [
            one for one in planned["guards"] if "deletion_threshold" in one["message"]
        ]
        assert [(one["severity"], one["rule"]) for one in guards] == [(severity, rule)]
        drift = year.on(day, "drift", "--format", "json")
        (district,) = json.loads(drift.out)["districts"]
        assert {one["severity"] for one in district["overdue"]} == {severity}
        assert drift.status == (severity == "error")

    # an error of this kind never stops what puts it right
    assert year.on("2027-08-29", "plan", "--out", "plan.json").status == 0
    assert year.on("2027-08-29", "apply", "plan.json").status == 0
    assert year.threshold() == 15
    assert year.on("2027-08-30", "drift").status == 0


def test_an_unattended_run_makes_a_return_that_is_long_overdue(year: Year) -> None:
    assert year.on("2027-06-15", "reconcile").status == 0
    assert year.on("2027-09-30", "reconcile").status == 0
    assert year.threshold() == 15


def test_a_held_return_says_how_late_it_is(year: Year) -> None:
    assert year.on("2027-06-15", "reconcile").status == 0
    # classrooms that come back are caution, and now only safe changes go unattended
    year.replace("connectsync.yaml", "at_most: caution", "at_most: safe")
    held = year.on("2027-09-30", "reconcile")
    said = " ".join(held.out.split())
    assert held.status == 1
    assert "error: return-long-overdue: deletion_threshold should have returned" in said
    assert "that is 40 days late" in said


@pytest.mark.parametrize("flags", [(), ("--ignore-files",)])
@pytest.mark.parametrize(
    ("made", "applied"), [("2027-06-14", "2027-06-15"), ("2027-08-20", "2027-08-21")]
)
def test_a_plan_of_a_day_that_is_over_is_stale(
    year: Year, made: str, applied: str, flags: tuple[str, ...]
) -> None:
    if made.startswith("2027-08"):
        assert year.on("2027-06-15", "reconcile").status == 0
    year.edit("lakeview-usd", {**year.live("lakeview-usd"), "deletion_threshold": 30})
    assert year.on(made, "plan", "--out", "plan.json").status == 0
    late = year.on(
        applied, "apply", "plan.json", "--accept", "overwrites-drift=1", *flags
    )
    assert late.status == 4
    assert "the day is over for which the plan was made" in late.err
    assert f"until {made} (America/Chicago)" in late.err
    assert year.threshold() == 30


def test_a_plan_that_was_approved_on_one_day_is_stale_on_the_next(year: Year) -> None:
    file = year.folder / "connectsync.yaml"
    file.write_text(PROJECT + "approval: {names: 1}\n")
    assert year.on("2027-06-15", "plan", "--out", "plan.json").status == 0
    assert year.on("2027-06-16", "approve", "plan.json", "--as", "Ana").status == 0
    late = year.on("2027-08-21", "apply", "plan.json")
    assert late.status == 4
    assert "make a new plan: it holds what is scheduled for today" in late.err


def test_plans_and_show_say_what_returns_when(year: Year) -> None:
    shown = year.on("2027-07-01", "show", "lakeview-usd").out
    assert "60 until 2027-08-20, then 15 (rollover)" in shown
    assert "15 until 2027-06-14, then 60 (rollover)" in (
        year.on("2027-03-01", "show", "lakeview-usd").out
    )
    text = year.on("2027-07-01", "plan").out
    assert "@ scheduled: deletion_threshold 60 until 2027-08-20, then 15" in text
    markdown = year.on("2027-07-01", "plan", "--format", "markdown").out
    assert (
        "| `lakeview-usd` | `deletion_threshold` |"
        " 60 until 2027-08-20, then 15 (rollover) |" in markdown
    )
    html = year.on("2027-07-01", "plan", "--format", "html").out
    assert "scheduled: deletion_threshold 60 until 2027-08-20, then 15 (rollover)" in (
        html
    )
    data = json.loads(year.on("2027-07-01", "plan", "--format", "json").out)
    (district,) = data["districts"]
    assert district["scheduled"][0] == {
        "setting": "unarchive_classrooms",
        "now": False,
        "until": "2027-08-20",
        "then": True,
        "reason": "rollover",
        "timezone": "America/Chicago",
    }


COMING = "deletion_threshold 15 until 2027-06-14, then 60 (rollover)"
BACK = "deletion_threshold 60 until 2027-08-20, then 15 (rollover)"


def test_a_plan_says_what_returns_when_of_a_district_in_step_too(year: Year) -> None:
    text = year.on("2027-03-01", "plan").out
    told, _, rest = text.partition("Nothing to do: 1 district in step")
    assert rest
    assert told.startswith("Scheduled, where nothing changes now\n")
    assert told.index(f"@ {COMING}") < told.index(f"@ {BACK}")

    assert year.on("2027-06-15", "reconcile").status == 0
    running = year.on("2027-07-01", "plan").out
    assert f"  @ {BACK}\n    1 district: lakeview-usd\n" in running
    assert "until 2027-06-14" not in running
    markdown = year.on("2027-07-01", "plan", "--format", "markdown").out
    value = BACK.removeprefix("deletion_threshold ")
    assert f"| `lakeview-usd` | `deletion_threshold` | {value} |" in markdown
    html = year.on("2027-07-01", "plan", "--format", "html").out
    told = html.partition('<section id="scheduled">')[2].partition("</section>")[0]
    assert f"<td>{BACK}</td><td>1 district: lakeview-usd</td>" in " ".join(told.split())

    made = year.on("2027-07-01", "plan", "--format", "json").out
    data = json.loads(made)
    insist_fits(data, "plan")
    (scheduled,) = data["scheduled"]
    assert scheduled["district"] == "lakeview-usd"
    assert scheduled["turns"][1] == {
        "setting": "deletion_threshold",
        "now": 60,
        "until": "2027-08-20",
        "then": 15,
        "reason": "rollover",
        "timezone": "America/Chicago",
    }
    assert plan_text(read_plan(made)) == made

    assert year.on("2027-08-21", "reconcile").status == 0
    over = year.on("2027-08-22", "plan", "--format", "json")
    assert "scheduled" not in json.loads(over.out)


def test_a_turn_that_many_districts_in_step_share_is_told_once(year: Year) -> None:
    for key, last in (("elm-usd", "a88"), ("oak-usd", "a89")):
        text = DISTRICT.replace("lakeview-usd", key).replace("a1a87", f"a1{last}")
        text = text.replace("LAKEVIEW", key[:3].upper())
        if key == "oak-usd":
            text = text.replace("from: 2027-06-15", "from: 2027-06-10")
        (year.folder / f"districts/{key}.yaml").write_text(text)
    accepted = ("too-much-of-the-fleet=2", "too-much-of-the-fleet-a-day=3")
    taken = (word for one in accepted for word in ("--accept", one))
    assert year.on("2027-03-01", "apply", "--yes", *taken).status == 0
    said = year.on("2027-03-02", "plan").out
    assert said.count(COMING) == 1
    assert "    2 districts: elm-usd, lakeview-usd\n" in said
    assert "    3 districts: elm-usd, lakeview-usd, oak-usd\n" in said
    # by day, whatever the districts are called
    assert said.index("until 2027-06-09") < said.index(COMING) < said.index(BACK)
    markdown = year.on("2027-03-02", "plan", "--format", "markdown").out
    assert markdown.count("15 until 2027-06-14") == 1
    assert "| `elm-usd`, `lakeview-usd` | `deletion_threshold` |" in markdown


def test_a_plan_of_a_change_tells_no_turn_that_it_does_not_bring(year: Year) -> None:
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "files"]):
        git(year, *command)
    (year.folder / FILE).write_text(DISTRICT + "labels: [small]\n")
    said = year.on("2027-03-02", "plan", "--changed-since", "HEAD")
    assert "Nothing to do: 1 district in step" in said.out
    assert "until 2027" not in said.out


def test_validate_checks_every_period_on_its_own_day(year: Year) -> None:
    year.replace(FILE, "deletion_threshold: 60", "deletion_threshold: 95")
    found = year.on("2027-03-01", "validate", "--format", "json")
    assert found.status == 1
    (finding,) = json.loads(found.out)["findings"]
    assert finding["rule"] == "threshold-above-any-rollover"
    assert finding["path"] == "scheduled[0].settings.deletion_threshold"
    assert finding["day"] == "2027-06-15"
    assert finding["message"].startswith(
        "on 2027-06-15, in the period from 2027-06-15 to 2027-08-20: one sync may"
    )

    year.replace(FILE, "deletion_threshold: 95", "deletion_threshold: 60")
    year.replace(FILE, "    to: 2027-08-20\n", "    to: 2027-09-05\n")
    found = year.on("2027-03-01", "validate", "--format", "json")
    rules = {(one["rule"], one["day"]) for one in json.loads(found.out)["findings"]}
    assert ("threshold-still-raised", "2027-09-05") in rules


def test_a_run_that_passes_midnight_saves_nothing_of_the_day_before(
    year: Year, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert year.on("2027-06-15", "reconcile").status == 0
    year.edit("lakeview-usd", {**year.live("lakeview-usd"), "deletion_threshold": 30})
    midnight = datetime.fromisoformat("2027-08-21T00:00:00-05:00")
    monkeypatch.setattr(CommandLineHost, "now", lambda _: midnight)
    accepted = ("--accept", "overwrites-drift=1")
    late = year.on("2027-08-20T23:59:00-05:00", "apply", "--yes", *accepted)
    assert (late.status, year.threshold()) == (4, 30)
    assert "that day ended during the run" in late.both


def test_all_formats_of_a_plan_name_what_changes_by_itself(year: Year) -> None:
    for how in ("junit", "github"):
        shown = year.on("2027-07-01", "plan", "--format", how).out
        assert "deletion_threshold 60 until 2027-08-20, then 15 (rollover)" in shown


TOKEN = {"LAKEVIEW_TOKEN": "a-token-of-no-district-at-all"}
RUNNING = """schema: 1
district: lakeview-usd
name: Lakeview Unified School District
provider: clever
credentials:
  district_id: 58da8a43cc70ab00017a1a87
  oauth_token: env:LAKEVIEW_TOKEN
facts:
  setup_step: 9
  self_check_done: true
  rollover: {from: 2027-06-15, to: 2027-08-20}
  tried_to_archive: 43
settings:
  enable_daily_sync: true
  unarchive_classrooms: true
  deletion_threshold: 15
scheduled:
  - from: 2027-06-15
    to: 2027-08-20
    settings: {unarchive_classrooms: false, deletion_threshold: 45}
    reason: rollover
"""


@dataclass(frozen=True)
class Told:
    """A year in which people are told by a webhook."""

    year: Year
    hook: Hook

    def on(self, day: str, *arguments: str) -> Said:
        told = day if "T" in day else f"{day}T12:00:00-05:00"
        environment = {"CONNECTSYNC_NOW": told, **TOKEN, **self.hook.environment}
        return self.year.run(*arguments, environment=environment)

    def heard(self) -> list[tuple[str, str]]:
        """Give what was news since this was asked last."""
        new = [one for body in self.hook.bodies for one in body["new"]]
        self.hook.bodies.clear()
        return [(one["kind"], one["message"]) for one in new]


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    (tmp_path / "districts").mkdir()
    (tmp_path / FILE).write_text(RUNNING)
    notify = "notify: {webhooks: [{name: a, url: 'env:CONNECTSYNC_NOTIFY_URL'}]}\n"
    (tmp_path / "connectsync.yaml").write_text(PROJECT + notify)
    with listening() as hook:
        told = Told(Year(tmp_path), hook)
        said = told.on(
            "2027-03-01",
            "apply",
            "--yes",
            "--set-token",
            "lakeview-usd",
            "--accept",
            "first-enable=1",
            "--accept",
            "enable-with-other-changes=1",
        )
        assert said.status == 0, said.both
        yield told


def test_a_whole_year_is_watched_told_and_answered(told: Told) -> None:
    year = told.year
    night = ("emulator", "--run-sync", "--archives")
    # a school night
    told.on("2027-03-02T03:00:00-05:00", *night, "lakeview-usd=4")
    assert told.on("2027-03-02", "status", "--notify").status == 0
    assert told.heard() == []

    # rollover raises the threshold, and the first night tries more than that
    assert told.on("2027-06-15", "reconcile", "--notify").status == 0
    assert year.threshold() == 45
    told.on("2027-06-16T03:00:00-05:00", *night, "lakeview-usd=50")
    failed = told.on("2027-06-16", "status", "--record", "--notify")
    assert failed.status == 1, failed.both
    ((kind, message),) = told.heard()
    assert kind == "failed-sync"
    assert message == (
        "the last sync failed: threshold (tried to archive 50%); it is the first one"
        " known after run 2"
    )
    assert "tried_to_archive: 50" in (year.folder / FILE).read_text()

    # a person finds the figure right, and answers it
    year.replace(FILE, "deletion_threshold: 45", "deletion_threshold: 52")
    assert told.on("2027-06-16", "validate").status == 0
    assert told.on("2027-06-16", "reconcile", "--notify").status == 0
    told.on("2027-06-17T03:00:00-05:00", *night, "lakeview-usd=50")
    night_after = told.on("2027-06-17", "status", "--notify")
    assert night_after.status == 0
    assert "first night after run 3: success" in " ".join(night_after.out.split())

    # a person's edit in July is found by drift, and judged by audit
    year.edit("lakeview-usd", {**year.live("lakeview-usd"), "deletion_threshold": 100})
    assert told.on("2027-07-10", "drift", "--notify").status == 1
    assert told.heard() == [("drift", "changed on Connect by hand: deletion_threshold")]
    audited = json.loads(told.on("2027-07-10", "audit", "--format", "json").out)
    (district,) = audited["districts"]
    assert "threshold-above-any-rollover" in {
        one["rule"] for one in district["findings"]
    }
    put_back = told.on("2027-07-11", "apply", "--yes", "--accept", "overwrites-drift=1")
    assert put_back.status == 0, put_back.both
    assert told.on("2027-07-11", "drift", "--notify").status == 0
    audited = json.loads(told.on("2027-07-11", "audit", "--format", "json").out)
    assert audited["fine"] is True

    # the calendar names the days on which it changed, and on which it returns
    calendar = told.on("2027-06-01", "calendar", "--ics")
    assert calendar.status == 0, calendar.both
    days = set(re.findall(r"DT(?:START|END);VALUE=DATE:(\d{8})", calendar.out))
    # the end of a day of iCalendar is the day after it
    assert {"20270615", "20270821"} <= days

    # no job ran on the day of the return: people hear of it, and once more when grave
    for day in ("2027-08-22", "2027-08-23", "2027-08-29"):
        told.on(day, "drift", "--notify")
    assert [kind for kind, _ in told.heard()] == ["overdue-return"] * 4
    assert told.on("2027-08-30", "reconcile", "--notify").status == 0
    assert year.threshold() == 15
    assert told.on("2027-08-31", "notify", "--dry-run").out == (
        "Nothing to tell anyone now\n"
    )
