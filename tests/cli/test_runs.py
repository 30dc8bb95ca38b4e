"""Looking back at what was run, on the command line."""

from __future__ import annotations

import csv
import json
import os
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from console import Console, Said
from fitting import insist_fits
from forging import Entry
from stores import left_open

from connectsync.cli.terminal import ExitStatus
from connectsync.config.discovery import below, relative
from connectsync.config.project import load_project
from connectsync.domain.foreign_text import SECRETS
from connectsync.files.sheets import csv_table
from connectsync.operations.changes import checked_out

KEY, OTHER = "lakeview-usd", "harbor-point-usd"
FILE = f"districts/ca/{KEY}.yaml"
NOT_THERE = "sha256:" + "a" * 64


def threshold(console: Console, before: int, after: int) -> None:
    console.replace(
        FILE, f"deletion_threshold: {before}", f"deletion_threshold: {after}"
    )
    assert console.run("apply", FILE, "--yes").status == 0


def told(console: Console, *arguments: str) -> Any:
    """Give what a command says as JSON, held against its schema."""
    said = console.run("runs", *arguments, "--format", "json")
    data = json.loads(said.out)
    insist_fits(data, "runs")
    return data


def tampered(console: Console, statement: str) -> Said:
    """Do something to the state store behind our back; give what `verify` says."""
    path = console.folder / ".connectsync" / "state.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)
    return console.run("runs", "verify")


def on_a_gateway(entry: Entry) -> None:
    """Let the second run have been on another backend."""
    if (entry["run"], entry["action"]) == (2, "run begun"):
        entry["detail"]["backend"] = "gateway"


@pytest.fixture
def applied(valley: Console) -> Console:
    """Give the project after two runs, the second on one district alone."""
    assert valley.run("apply", "--yes").status == 0
    threshold(valley, 15, 12)
    return valley


def test_runs_are_listed_without_asking_connect(
    applied: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("Connect was asked")

    monkeypatch.setattr("connectsync.cli.backends.open_reader", refuse)
    monkeypatch.setattr("connectsync.backends.embedded.open_reader", refuse)
    for arguments in (["runs"], ["runs", "show", "1"], ["runs", "diff", "1", "2"]):
        assert applied.run(*arguments).status == 0
    # files of districts are not asked either
    applied.replace(FILE, "district: lakeview-usd", "district: [")
    assert applied.run("runs").status == 0


def test_the_newest_is_listed_first_and_no_more_than_were_asked_for(
    applied: Console,
) -> None:
    runs = told(applied)["runs"]
    assert [(one["run"], one["districts"]["done"]) for one in runs] == [(2, 1), (1, 2)]
    limited = told(applied, "--limit", "1")
    assert [one["run"] for one in limited["runs"]] == [2]
    assert limited["total"] == 2


def test_a_rollback_is_told_apart_from_what_files_wanted(applied: Console) -> None:
    assert applied.run("rollback", "2", "--yes").status == 0
    assert [(one["kind"], one["rollback_of"]) for one in told(applied)["runs"]] == [
        ("rollback", 2),
        ("apply", None),
        ("apply", None),
    ]


def test_a_run_shows_what_was_saved_and_on_what_grounds(valley: Console) -> None:
    valley.replace("connectsync.yaml", "max_districts: 2", "max_districts: 1")
    valley.run("plan", "--out", "plan.json")
    valley.run("approve", "plan.json", "--as", "Ada")
    said = valley.run("apply", "plan.json", "--accept", "too-many-districts=2")
    assert said.status == 0, said.err
    run = told(valley, "show", "1")
    assert run["run"]["accepted"] == {"too-many-districts": 2}
    assert [one["name"] for one in run["run"]["approved"]] == ["Ada"]
    assert [one["district"] for one in run["districts"]] == [OTHER, KEY]
    (save,) = run["districts"][1]["saves"]
    assert save["settled"] == "confirmed"
    assert save["changes"] == [
        {
            "setting": "deletion_threshold",
            "before": 45,
            "after": 15,
            "outcome": "made",
            "observed": 15,
        }
    ]


def test_named_districts_are_shown_alone(applied: Console) -> None:
    (district,) = told(applied, "show", "1", KEY)["districts"]
    assert district["district"] == KEY
    text = applied.run("runs", "show", "1", KEY).out
    assert KEY in text
    assert OTHER not in text
    refused = applied.run("runs", "show", "1", "lakeview-isd")
    assert refused.status == ExitStatus.USAGE
    assert f"did you mean '{KEY}'?" in refused.err


def test_a_difference_names_the_setting_and_both_values(applied: Console) -> None:
    diff = told(applied, "diff", "1", "2")
    assert [(one["district"], one["saved_by"]) for one in diff["districts"]] == [
        (OTHER, [1]),
        (KEY, [1, 2]),
    ]
    assert diff["districts"][1]["settings"] == [
        {
            "setting": "deletion_threshold",
            "after_a": {"known": True, "value": 15},
            "after_b": {"known": True, "value": 12},
        }
    ]
    # a person's own save is in no journal
    applied.edit(KEY, {"deletion_threshold": 60})
    assert told(applied, "diff", "1", "2") == diff


def test_runs_of_two_backends_are_not_compared(applied: Console) -> None:
    applied.forge(on_a_gateway)
    said = applied.run("runs", "diff", "1", "2")
    assert said.status == ExitStatus.USAGE
    assert "run 1 was on embedded, and run 2 on gateway" in said.err


def test_a_store_that_is_as_logged_gives_a_head_that_stays_true(
    applied: Console,
) -> None:
    said = applied.run("runs", "verify")
    assert said.status == 0
    head = told(applied, "verify")["head"]
    assert said.out.endswith(f" entries, head {head}\n")
    assert told(applied, "show", "2")["head"] == head
    assert head in applied.run("runs", "show", "2").out
    threshold(applied, 12, 9)
    assert told(applied, "verify")["head"] != head
    assert applied.run("runs", "verify", "--head", head).status == 0


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "UPDATE audit SET runner = 'nobody' WHERE seq = 3",
            "entry 3 of the audit log was edited, moved or cut off",
        ),
        ("DELETE FROM audit WHERE seq = 2", "entry 2 of the audit log is missing"),
        ("DELETE FROM audit WHERE seq > 5", "the end of the audit log was cut off"),
        ("DELETE FROM audit_head", "the end of the audit log was cut off"),
    ],
)
def test_a_store_that_is_not_is_told_sentence_by_sentence(
    applied: Console, statement: str, sentence: str
) -> None:
    said = tampered(applied, statement)
    assert said.status == ExitStatus.FINDINGS
    assert sentence in said.out.splitlines()
    data = told(applied, "verify")
    assert data["as_logged"] is False
    assert sentence in data["problems"]


def test_a_log_that_was_written_anew_is_found_by_a_head_noted_elsewhere(
    applied: Console,
) -> None:
    said = applied.run("runs", "verify", "--head", NOT_THERE)
    assert said.status == ExitStatus.FINDINGS
    assert "does not hold" in said.out
    assert NOT_THERE in said.out


def test_a_save_of_which_nobody_knows_is_shown_as_such(applied: Console) -> None:
    left_open(applied.folder / ".connectsync", 2, KEY)
    said = applied.run("runs", "show", "2").out
    assert "save 1: intended" in said
    assert "`connectsync resume 2` settles that by reading" in said


@pytest.mark.parametrize(
    "wrong",
    [
        ["runs", "--format", "json", "show", "1"],
        ["runs", "--limit", "3", "verify"],
        ["runs", "--limit", "0"],
        ["runs", "show"],
        ["runs", "show", "one"],
        ["runs", "diff", "1"],
        ["runs", "diff", "2", "2"],
        ["runs", "verify", "--head", "abc"],
        ["runs", "list"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_wrong_usage(applied: Console, wrong: list[str]) -> None:
    assert applied.run(*wrong).status == ExitStatus.USAGE


def test_nothing_is_written_by_looking_back(applied: Console) -> None:
    before = applied.state()
    head = told(applied, "verify")["head"]
    for arguments in (["runs"], ["runs", "show", "1"], ["runs", "diff", "2", "1"]):
        applied.run(*arguments)
    assert applied.state() == before
    assert told(applied, "verify")["head"] == head


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET detail = replace(detail, '12', '99') WHERE run = 2",
        "UPDATE audit SET subject = 'elsewhere' WHERE action = 'save seen'",
        "DELETE FROM audit WHERE action = 'save intended'",
        "DELETE FROM audit WHERE seq > 4",
    ],
)
def test_an_edited_state_is_refused_by_whatever_plans_saves_or_undoes(
    applied: Console, statement: str
) -> None:
    threshold(applied, 12, 9)
    assert applied.run("plan", "--out", "plan.json").status == 0
    applied.replace(FILE, "deletion_threshold: 9", "deletion_threshold: 8")
    applied.statement(statement)
    rows, live = applied.state(), [applied.live(key) for key in (KEY, OTHER)]
    for words in (
        ("plan",),
        ("apply", "--yes"),
        ("apply", "plan.json", "--ignore-files"),
        ("resume",),
        ("rollback", "1"),
        ("rollback", "2", "--out", "back.json"),
        ("reconcile",),
        ("drift",),
        ("approve", "plan.json", "--as", "Ada"),
        ("runs", "show", "1"),
    ):
        said = applied.run(*words)
        assert said.status == ExitStatus.FINDINGS, words
        assert "the state store was edited: " in said.err, words
        assert "`connectsync runs verify`" in said.err, words
    assert applied.state() == rows
    assert [applied.live(key) for key in (KEY, OTHER)] == live


def repository(folder: Path) -> str:
    """Make the folder a commit; give its name."""
    git = ("git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@y.org")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "as it is"]):
        subprocess.run([*git, *words], check=True)
    asked = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True)
    return asked.stdout.decode().strip()


def origin(console: Console, run: int) -> Any:
    return told(console, "show", str(run))["run"]["origin"]


@pytest.mark.parametrize(
    "when", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2027-01-15"]
)
def test_a_time_that_no_clock_has_is_told_as_an_edited_state(
    applied: Console, when: str
) -> None:
    """Whoever edits it may chain it anew."""

    def other(entry: Entry) -> None:
        entry["at"] = when

    applied.forge(other)
    for command in (("history", "lakeview-usd"), ("runs",), ("plan",), ("status",)):
        said = applied.run(*command)
        assert said.status == ExitStatus.FINDINGS, said.err
        assert "holds no fact of ours" in said.err


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("plan approved", {"name": 1}),
        ("plan approved", {"plan": [], "name": "Ada"}),
        ("run begun", {"backend": 1}),
        ("run begun", {"approved_elsewhere": "no"}),
        ("run begun", {"accepted": {"disruptive": "9"}}),
        ("run begun", {"reasons": {"in-a-freeze": 1}}),
        ("save intended", {"phase": "1"}),
        ("save intended", {"set_token": 0}),
        ("save seen", {"note": 1}),
        ("district ended", {"message": []}),
    ],
    ids=json.dumps,
)
@pytest.mark.sampled(4)
def test_an_entry_of_other_types_is_told_as_an_edited_state(
    valley: Console, action: str, said: dict[str, Any]
) -> None:
    valley.run("plan", "--out", "plan.json", "lakeview-usd")
    for name in ("Ada Lovelace", "Grace Hopper"):
        valley.run("approve", "plan.json", "--as", name)
    assert valley.run("apply", "plan.json").status == ExitStatus.FINE
    once: list[Entry] = []

    def other(entry: Entry) -> None:
        if entry["action"] == action and not once:
            once.append(entry)
            entry["detail"] |= said

    valley.forge(other)
    assert once
    for command in (("runs", "show", "1"), ("resume",), ("approve", "plan.json")):
        refused = valley.run(
            *command, *(["--as", "Eve"] if "plan.json" in command else [])
        )
        assert refused.status == ExitStatus.FINDINGS, refused.both
        assert "holds no fact of ours" in refused.err


def test_a_run_tells_who_began_it_and_from_which_commit(valley: Console) -> None:
    commit = repository(valley.folder)
    assert valley.run("apply", "--yes").status == 0
    said = origin(valley, 1)
    assert (said["user"], said["commit"], said["clean"]) == ("operator", commit, True)
    assert said["host"] == socket.gethostname()
    assert "by operator" in valley.run("runs").out
    shown = valley.run("runs", "show", "1").out
    assert f"begun by operator on {socket.gethostname()}" in shown
    assert f"from commit {commit[:12]}\n" in shown
    # a file that was changed, and not committed
    threshold(valley, 15, 12)
    assert origin(valley, 2)["clean"] is False
    assert "and not committed" in valley.run("runs", "show", "2").out


def _without_project_file(folder: Path) -> None:
    (folder / "connectsync.yaml").unlink()


def _without_profile(folder: Path) -> None:
    # nobody builds on it, so that the run itself goes on as before
    (folder / "districts/_profiles/spare.yaml").unlink()


def _without_other_district(folder: Path) -> None:
    (folder / "districts/ca/harbor-point-usd.yaml").unlink()


def _link_to_other_file(folder: Path) -> None:
    district = folder / "districts/ca/lakeview-usd.yaml"
    district.unlink()
    district.symlink_to("../../attic/lakeview-usd.yaml")


def _link_above_files(folder: Path) -> None:
    shutil.rmtree(folder / "districts/ca")
    (folder / "districts/ca").symlink_to("../attic")


@pytest.mark.parametrize(
    "change",
    [
        _without_project_file,
        _without_profile,
        _without_other_district,
        _link_to_other_file,
        _link_above_files,
    ],
)
def test_a_run_is_of_a_commit_only_with_all_that_the_commit_has(
    valley: Console, change: Callable[[Path], None]
) -> None:
    folder = valley.folder
    (folder / "connectsync.yaml").write_text("schema: 1\n", "utf-8")
    spare = "schema: 1\nprovider: clever\nsettings:\n  phone_types: [Cell]\n"
    (folder / "districts/_profiles/spare.yaml").write_text(spare, "utf-8")
    shutil.copytree(folder / "districts/ca", folder / "attic")
    commit = repository(folder)
    project = load_project(folder)
    files = [relative(path, folder) for path in below(project.districts_dir)]
    assert checked_out(project, files, os.environ) == (commit, True)
    change(folder)
    files = [relative(path, folder) for path in below(project.districts_dir)]
    assert checked_out(load_project(folder), files, os.environ) == (commit, False)


def test_a_link_that_the_commit_has_is_no_change_of_a_run(valley: Console) -> None:
    folder = valley.folder
    shutil.move(folder / "districts/ca", folder / "attic")
    (folder / "districts/ca").symlink_to("../attic")
    commit = repository(folder)
    file = "districts/ca/lakeview-usd.yaml"
    assert checked_out(load_project(folder), [file], os.environ) == (commit, True)
    (folder / "attic/lakeview-usd.yaml").write_text("schema: 1\n", "utf-8")
    assert checked_out(load_project(folder), [file], os.environ) == (commit, False)


def test_a_project_out_of_git_has_no_commit(applied: Console) -> None:
    said = origin(applied, 1)
    assert (said["commit"], said["clean"]) == ("", None)
    assert "commit" not in applied.run("runs", "show", "1").out


@pytest.mark.parametrize(
    ("variables", "actor", "job"),
    [
        (
            {
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTOR": "maria",
                "GITHUB_SERVER_URL": "https://github.example",
                "GITHUB_REPOSITORY": "valley/fleet",
                "GITHUB_RUN_ID": "7",
            },
            "maria",
            "https://github.example/valley/fleet/actions/runs/7",
        ),
        (
            {
                "GITLAB_CI": "true",
                "GITLAB_USER_LOGIN": "maria",
                "CI_JOB_URL": "https://gitlab.example/valley/-/jobs/7",
            },
            "maria",
            "https://gitlab.example/valley/-/jobs/7",
        ),
    ],
    ids=["github", "gitlab"],
)
def test_a_run_tells_the_job_that_began_it_and_the_pull_request(
    valley: Console,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    actor: str,
    job: str,
) -> None:
    for name, value in {**variables, "CONNECTSYNC_PULL_REQUEST": "#12"}.items():
        monkeypatch.setenv(name, value)
    assert valley.run("apply", "--yes").status == 0
    said = origin(valley, 1)
    assert (said["actor"], said["job"], said["pull_request"]) == (actor, job, "#12")
    shown = valley.run("runs", "show", "1").out
    assert "pull request #12" in shown
    assert "by maria" in valley.run("runs").out


def test_a_secret_in_a_variable_of_the_job_is_not_kept(
    valley: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "a-token-of-lakeview-0123"  # noqa: S105 - made up
    monkeypatch.setenv("LAKEVIEW_USD_TOKEN", token)
    monkeypatch.setenv("GITLAB_CI", "true")
    monkeypatch.setenv("GITLAB_USER_LOGIN", f"maria\x1b[2J{token}")
    monkeypatch.setenv("CI_JOB_URL", f"https://bot:{token}@gitlab.example/jobs/7")
    SECRETS.learn(token)
    assert valley.run("apply", "--yes").status == 0
    said = origin(valley, 1)
    assert said["actor"].startswith("maria")
    assert token not in json.dumps(said)
    assert "\x1b" not in said["actor"]


def test_runs_are_chosen_by_district_and_by_day(applied: Console) -> None:
    assert [one["run"] for one in told(applied, "--district", OTHER)["runs"]] == [1]
    assert told(applied, "--since", "2027-01-16")["runs"] == []
    assert len(told(applied, "--since", "2027-01-15")["runs"]) == 2
    assert "No such run" in applied.run("runs", "--since", "2027-01-16").out
    said = applied.run("runs", "--since", "yesterday")
    assert (said.status, "needs a date" in said.err) == (ExitStatus.USAGE, True)


def test_runs_are_a_table_for_a_spreadsheet(applied: Console) -> None:
    out = applied.run("runs", "--format", "csv").out
    first, second = csv.DictReader(out.splitlines())
    assert (first["run"], first["user"], first["done"]) == ("2", "operator", "1")
    assert second["ended"].startswith("2027-01-15T10:00:00")


def history(console: Console, *arguments: str) -> Any:
    said = console.run("history", *arguments, "--format", "json")
    data = json.loads(said.out)
    insist_fits(data, "runs")
    return data["entries"]


def test_history_says_when_a_setting_changed_and_in_which_run(applied: Console) -> None:
    first, second = history(applied, KEY, "deletion_threshold")
    assert first["changes"][0]["after"] == 15
    assert second["changes"] == [
        {"setting": "deletion_threshold", "before": 15, "after": 12}
    ]
    assert (second["run"], second["origin"]["user"]) == (2, "operator")
    text = applied.run("history", KEY, "deletion_threshold").out
    assert "deletion_threshold  15 → 12" in text
    rows = csv.DictReader(
        applied.run("history", KEY, "--format", "csv").out.splitlines()
    )
    assert [row["now"] for row in rows if row["run"] == "2"] == ["12"]


def test_history_of_what_is_not_there_says_what_may_be_meant(applied: Console) -> None:
    for arguments in (["history", "lakeview"], ["runs", "--district", "lakeview"]):
        said = applied.run(*arguments)
        assert said.status == ExitStatus.USAGE
        assert f"did you mean '{KEY}'?" in said.err
    wrong = applied.run("history", KEY, "deletion_treshold")
    assert wrong.status == ExitStatus.USAGE
    assert "did you mean 'deletion_threshold'?" in wrong.err


def test_before_the_first_run_no_district_is_called_wrong(valley: Console) -> None:
    said = valley.run("history", "lakeview")
    assert (said.status, "no save of it is known" in said.out) == (0, True)


def test_a_table_holds_no_formula_of_others() -> None:
    shown = csv_table(["name"], [["=HYPERLINK(1)"], ["-2+3"], [None], [True], [-2]])
    assert shown == "name\n'=HYPERLINK(1)\n'-2+3\n\"\"\ntrue\n-2\n"
