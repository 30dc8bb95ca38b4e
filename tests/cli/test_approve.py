"""Saying yes to a plan, on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from console import Console
from fitting import insist_fits
from screen import on_a_terminal

from connectsync.cli.terminal import ExitStatus
from connectsync.domain.plan_file import digest_of
from connectsync.domain.run import approval_of


@pytest.fixture
def asking(valley: Console) -> Console:
    """Give the project with a plan file that two people have to approve."""
    valley.replace("connectsync.yaml", "guards:", "approval: {names: 2}\nguards:")
    assert valley.run("plan", "--out", "plan.json").status == 0
    return valley


def yes(console: Console, name: str, plan: str = "plan.json") -> str:
    said = console.run("approve", plan, "--as", name)
    assert said.status == 0, said.err
    return said.out


def test_a_plan_is_applied_once_enough_people_said_yes(asking: Console) -> None:
    assert "approved so far by 1 person: Ada" in yes(asking, "Ada")
    assert asking.run("apply", "plan.json").status == ExitStatus.REFUSED
    assert "approved so far by 2 people: Ada, Bo" in yes(asking, "Bo")
    assert asking.run("apply", "plan.json").status == 0


def test_a_plan_that_was_applied_is_not_approved_again(asking: Console) -> None:
    for name in ("Ada", "Bo"):
        yes(asking, name)
    assert asking.run("apply", "plan.json").status == 0
    again = asking.run("approve", "plan.json", "--as", "Cy")
    assert again.status == ExitStatus.STALE
    assert "this plan was applied in run 1: nothing of it is left" in again.err
    assert not again.out
    assert "Cy" not in asking.run("runs", "show", "1").out


def test_a_plan_that_waits_is_named_by_its_file(asking: Console) -> None:
    (asking.folder / "plan.json").rename(asking.folder / "my plan.json")
    refused = asking.run("apply", "my plan.json")
    assert "`connectsync approve 'my plan.json' --as NAME`" in refused.err
    assert "`connectsync apply 'my plan.json' --approved DIGEST`" in refused.err


def test_a_plan_made_on_the_spot_is_written_to_a_file_before_it_is_approved(
    asking: Console,
) -> None:
    (asking.folder / "plan.json").unlink()
    refused = asking.run("apply", "districts/ca", "--yes")
    assert refused.status == ExitStatus.REFUSED
    assert "PLAN" not in refused.err
    command = "plan districts/ca --out plan.json"
    assert f"`connectsync {command}`" in refused.err
    assert asking.run(*command.split()).status == 0
    for name in ("Ada", "Bo"):
        yes(asking, name)
    assert "`connectsync apply plan.json`" in refused.err
    assert asking.run("apply", "plan.json").status == 0
    undone = asking.run("rollback", "1", "--yes")
    assert undone.status == ExitStatus.REFUSED
    assert "`connectsync rollback 1 --out plan.json`" in undone.err


def test_the_yes_is_worth_nothing_for_another_plan(asking: Console) -> None:
    yes(asking, "Ada")
    yes(asking, "Bo")
    asking.run("plan", "districts/ca/lakeview-usd.yaml", "--out", "other.json")
    assert asking.run("apply", "other.json").status == ExitStatus.REFUSED


@pytest.mark.parametrize(
    "again", ["Ada Ito", "ada ito", "  Ada   Ito ", "\uff21da Ito", "ADA ITO"]
)
def test_one_person_counts_once_however_they_spell_their_name(
    asking: Console, again: str
) -> None:
    yes(asking, "Ada Ito")
    before = asking.run("runs", "verify").out
    assert "approved this plan before: nothing changed" in yes(asking, again)
    assert "approved so far by 1 person: Ada Ito\n" in yes(asking, again)
    assert asking.run("runs", "verify").out == before


@pytest.mark.parametrize(
    "name",
    ["", " ", "x" * 101, "Ada\n", "Ada\x1b[1m", "Ada\u200bIto", "A\u202eda", "\t"],
)
def test_a_name_that_nobody_could_read_is_none(asking: Console, name: str) -> None:
    said = asking.run("approve", "plan.json", "--as", name)
    assert said.status == ExitStatus.USAGE
    assert all(line.isprintable() for line in said.err.splitlines())
    assert "so far by 1 person" in yes(asking, "x" * 100)


def test_the_summary_says_what_the_yes_is_to(asking: Console) -> None:
    digest = json.loads((asking.folder / "plan.json").read_text("utf-8"))["digest"]
    said = yes(asking, "Ada")
    assert "3 districts: 2 to change, 1 in step\n" in said
    assert "8 changes: 1 safe, 7 caution\n" in said
    assert f"on embedded\n{digest}\n" in said
    assert "the project asks for 2\n" in said


def test_what_has_to_be_accepted_is_said_as_well(asking: Console) -> None:
    asking.replace("connectsync.yaml", "max_districts: 2", "max_districts: 1")
    asking.run("plan", "--out", "plan.json")
    assert "apply needs --accept too-many-districts=2\n" in yes(asking, "Ada")


def test_a_plan_that_was_edited_cannot_be_approved(asking: Console) -> None:
    asking.replace("plan.json", '"fleet": 3', '"fleet": 4')
    said = asking.run("approve", "plan.json", "--as", "Ada")
    assert said.status == ExitStatus.STALE
    assert "it was edited" in said.err


def forged(asking: Console, data: dict[str, Any]) -> None:
    """Write a plan with a digest of its own, as a forger would."""
    data["digest"] = digest_of(data)
    (asking.folder / "plan.json").write_text(json.dumps(data), "utf-8")


def test_the_guards_are_those_of_the_connect_however_a_plan_spells_it(
    valley: Console,
) -> None:
    """What a person changed by hand is known by the name of the Connect alone."""
    valley.replace("connectsync.yaml", "guards:", "connect: main\nguards:")
    assert valley.run("apply", "--yes").status == 0
    live = valley.live("lakeview-usd")
    valley.edit("lakeview-usd", {**live, "deletion_threshold": 60})
    assert valley.run("plan", "--out", "plan.json").status == 0
    data = json.loads((valley.folder / "plan.json").read_text("utf-8"))
    (guard,) = {one["rule"] for one in data["guards"]} & {"overwrites-drift"}
    for one in data["districts"]:
        one["drift"] = []
    forged(valley, data | {"backend": "embedded", "guards": []})
    assert f"--accept {guard}=1" in yes(valley, "Ada")


@pytest.mark.parametrize("name", [None, "main"])
@pytest.mark.parametrize("backend", ["Embedded", "other", "gateway https://a.example"])
def test_a_plan_of_another_connect_cannot_be_approved(
    asking: Console, backend: str, name: str | None
) -> None:
    if name:
        asking.replace("connectsync.yaml", "guards:", f"connect: {name}\nguards:")
    data = json.loads((asking.folder / "plan.json").read_text("utf-8"))
    forged(asking, data | {"backend": backend})
    for words in (("approve", "plan.json", "--as", "Ada"), ("apply", "plan.json")):
        said = asking.run(*words)
        assert said.status == ExitStatus.STALE, said.both
        assert f"the plan was made on {backend}, and this is" in said.err


def test_a_plan_that_takes_back_a_run_that_never_was_cannot_be_approved(
    asking: Console,
) -> None:
    data = json.loads((asking.folder / "plan.json").read_text("utf-8"))
    forged(asking, data | {"rollback_of": 77})
    for words in (("approve", "plan.json", "--as", "Ada"), ("apply", "plan.json")):
        said = asking.run(*words)
        assert said.status == ExitStatus.FINDINGS, said.both
        assert "there is no run 77" in said.err


def test_a_plan_that_does_not_explain_its_saves_cannot_be_approved(
    asking: Console,
) -> None:
    data = json.loads((asking.folder / "plan.json").read_text("utf-8"))
    data["districts"][1]["saves"][0]["changes"][0]["after"] = 99
    forged(asking, data)
    said = asking.run("approve", "plan.json", "--as", "Ada")
    assert said.status == ExitStatus.STALE
    assert "lakeview-usd" in said.err


def test_risks_that_were_talked_down_are_told_as_they_are(asking: Console) -> None:
    data = json.loads((asking.folder / "plan.json").read_text("utf-8"))
    for change in data["districts"][0]["saves"][0]["changes"]:
        change["risk"] = "safe"
    data["summary"]["changes"] = {"safe": 8, "caution": 0, "disruptive": 0}
    forged(asking, data)
    said = yes(asking, "Ada")
    assert "8 changes: 1 safe, 7 caution\n" in said
    assert f"\n{data['digest']}\n" in said, "the yes is to the file that was read"
    yes(asking, "Bo")
    assert asking.run("apply", "plan.json").status == 0


def test_guards_that_a_plan_leaves_out_are_told_as_they_are(asking: Console) -> None:
    asking.replace("connectsync.yaml", "max_districts: 2", "max_districts: 1")
    asking.run("plan", "--out", "plan.json")
    data = json.loads((asking.folder / "plan.json").read_text("utf-8"))
    data["guards"], data["fleet"] = [], 1000
    forged(asking, data)
    said = yes(asking, "Ada")
    assert "apply needs --accept too-many-districts=2\n" in said


def test_guards_that_only_the_plan_holds_are_told_as_well(asking: Console) -> None:
    asking.replace("connectsync.yaml", "max_districts: 2", "max_districts: 1")
    asking.run("plan", "--out", "plan.json")
    asking.replace("connectsync.yaml", "max_districts: 1", "max_districts: 2")
    said = yes(asking, "Ada")
    assert "apply needs --accept too-many-districts=2\n" in said


def test_an_hour_that_is_closed_at_a_yes_is_none_that_apply_waits_for(
    asking: Console,
) -> None:
    asking.replace(
        "connectsync.yaml",
        "guards:",
        "freezes: [{from: 2000-01-01, to: 2200-01-01, reason: always}]\nguards:",
    )
    assert "in-a-freeze" not in yes(asking, "Ada")


def test_a_plan_that_is_not_there_is_wrong_usage(asking: Console) -> None:
    said = asking.run("approve", "other.json", "--as", "Ada")
    assert said.status == ExitStatus.USAGE
    assert asking.run("approve", "plan.json").status == ExitStatus.USAGE


def test_a_digest_that_was_approved_elsewhere_leaves_a_trace(asking: Console) -> None:
    """A pipeline may give it after a review; whoever looks back sees that it did."""
    digest = json.loads((asking.folder / "plan.json").read_text())["digest"]
    assert asking.run("apply", "plan.json", "--approved", digest).status == 0
    assert (
        "approved elsewhere: its digest was given"
        in asking.run("runs", "show", "1").out
    )
    run = json.loads(asking.run("runs", "show", "1", "--format", "json").out)["run"]
    assert (run["approved"], run["approved_elsewhere"]) == ([], True)
    assert asking.run("runs", "verify").status == 0
    asking.statement("UPDATE audit SET detail = replace(detail, ':true', ':false')")
    assert asking.run("runs", "verify").status == 1


def test_who_approved_here_says_nothing_of_elsewhere(asking: Console) -> None:
    yes(asking, "Ada")
    yes(asking, "Bo")
    asking.run("apply", "plan.json")
    said = asking.run("runs", "show", "1")
    assert "approved by Ada" in said.out
    assert "elsewhere" not in said.out


def test_the_plan_says_who_comes_before_apply(asking: Console) -> None:
    said = asking.run("plan", "--out", "plan.json")
    assert said.err == (
        "wrote plan.json; next: have it approved by 2 people with `connectsync approve"
        " plan.json --as NAME`, then `connectsync apply plan.json`\n"
    )


@pytest.mark.parametrize(
    ("answer", "status"), [(b"yes\n", 0), (b"no\n", ExitStatus.REFUSED)]
)
def test_at_a_terminal_the_plan_is_shown_and_the_yes_asked_for(
    asking: Console, answer: bytes, status: int
) -> None:
    digest = digest_of(json.loads((asking.folder / "plan.json").read_text()))
    typed = list[bytes]()

    def watch(text: str, type_: Callable[[bytes], None], process: int) -> None:
        del process
        if "Type `yes`" in text and not typed:
            typed.append(answer)
            type_(answer)

    seen = on_a_terminal(
        [sys.executable, "-m", "connectsync", "approve", "plan.json", "--as", "Ada"],
        asking.folder,
        more={"NO_COLOR": "1"},
        watch=watch,
    )
    assert seen.status == status
    assert "~ deletion_threshold     45 → 15" in seen.text
    assert digest in seen.text
    assert "Approve this plan as Ada?" in seen.text
    assert ("approved by Ada" in seen.text) == (status == 0)
    assert ("nothing was approved" in seen.text) == (status != 0)
    assert ("approved so far by 1 person: Bo" in yes(asking, "Bo")) == (status != 0)


def test_what_comes_after_an_approval_is_said(asking: Console) -> None:
    first = asking.run("approve", "plan.json", "--as", "Ada")
    assert "next: 1 more person to approve" in first.err
    second = asking.run("approve", "plan.json", "--as", "Bo")
    assert "next: `connectsync apply plan.json`" in second.err


def test_who_approved_before_is_not_asked_again(asking: Console) -> None:
    yes(asking, "Ada")
    seen = on_a_terminal(
        [sys.executable, "-m", "connectsync", "approve", "plan.json", "--as", "ada"],
        asking.folder,
        more={"NO_COLOR": "1"},
    )
    assert seen.status == 0
    assert "ada approved this plan before: nothing changed" in seen.text
    assert "Type `yes`" not in seen.text


def test_a_name_is_told_as_unchecked(asking: Console) -> None:
    assert "unchecked: who may write to the state can give any name" in (
        yes(asking, "Ada")
    )
    yes(asking, "Bo")
    assert asking.run("apply", "plan.json").status == 0
    shown = asking.run("runs", "show", "1").out
    assert "approved by Ada (unchecked), " in shown


def in_git(console: Console, name: str, address: str) -> None:
    """Let git know who is here, in this repository."""
    for arguments in (
        ("init", "--quiet"),
        ("config", "user.name", name),
        ("config", "user.email", address),
    ):
        subprocess.run(["git", *arguments], cwd=console.folder, check=True)


@pytest.mark.parametrize("name", ["Ada Li", "ada li", "ADA@example.org"])
def test_a_name_that_git_knows_is_checked(asking: Console, name: str) -> None:
    in_git(asking, "Ada Li", "ada@example.org")
    said = asking.run("approve", "plan.json", "--as", name)
    assert "checked: git here names the same, which is worth what" in words(said.out)
    assert "unchecked" not in said.both
    assert "warning" not in said.err


def test_a_name_that_git_does_not_know_is_told_and_stays_unchecked(
    asking: Console,
) -> None:
    in_git(asking, "Bo Chen", "bo@example.org")
    said = asking.run("approve", "plan.json", "--as", "Ada Li")
    assert said.status == 0
    assert "warning: git here names 'Bo Chen', not 'Ada Li'" in said.err
    assert "unchecked: git here names Bo Chen; who may write" in words(said.out)


GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "maria"}
GITLAB = {"GITLAB_CI": "true", "GITLAB_USER_LOGIN": "maria"}


@pytest.mark.parametrize(
    ("variables", "name", "told"),
    [
        (GITHUB, "Maria", "checked: GitHub names the same"),
        (GITLAB, "maria", "checked: GitLab names the same"),
        (
            GITLAB | {"GITLAB_USER_NAME": "Maria Ortiz"},
            "Maria Ortiz",
            "checked: GitLab names the same",
        ),
        # who ran the job again answers for it
        (
            GITHUB | {"GITHUB_TRIGGERING_ACTOR": "bo"},
            "maria",
            "unchecked: GitHub names bo",
        ),
        (GITHUB, "Ada Li", "unchecked: GitHub names maria"),
        # git's name is that of the job, whoever began it
        ({"GITHUB_ACTIONS": "true"}, "Ada Li", "unchecked"),
    ],
    ids=["github", "gitlab", "gitlab-name", "again", "another", "no-actor"],
)
def test_in_a_job_a_name_is_held_against_who_began_it(
    asking: Console,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    name: str,
    told: str,
) -> None:
    in_git(asking, "Ada Li", "ada@example.org")
    for one, value in variables.items():
        monkeypatch.setenv(one, value)
    for one in (name, "Cy"):
        yes(asking, one)
    assert asking.run("apply", "plan.json").status == 0
    assert f"approved by {name} ({told}), " in words(
        asking.run("runs", "show", "1").out
    )
    shown = json.loads(asking.run("runs", "show", "1", "--format", "json").out)
    insist_fits(shown, "runs")
    (one,) = [one for one in shown["run"]["approved"] if one["name"] == name]
    by = told.split()[1] if told != "unchecked" else None
    assert one["checked_by"] == by
    assert (one["named"] is None) is ("unchecked:" not in told)


def test_an_approval_from_before_names_were_checked_is_unchecked() -> None:
    at = datetime(2027, 1, 15, tzinfo=UTC)
    assert str(approval_of({"plan": "x", "name": "Ada"}, at).check) == "unchecked"


def words(text: str) -> str:
    return " ".join(text.split())
