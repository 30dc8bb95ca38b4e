"""Which plan a merge applies: the reviewed one, and none that only looks like it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from gitlab_site import BOT, TOKEN, GitLab, gitlab
from step_scripts import ROOT, TEMPLATE, WORKFLOW, Desk, desk, step

HEAD, OTHER = "a" * 40, "b" * 40
DIGEST = f"sha256:{'1' * 64}"
MARKER = "<!-- connectsync:plan -->"
LONGEST_URL = 2000

Row = dict[str, Any]


@pytest.fixture
def github(tmp_path: Path) -> Desk:
    return desk(tmp_path)


def pull(github: Desk, **more: Any) -> Row:
    row = {
        "number": 7,
        "merged_at": "2027-01-15T10:00:00Z",
        "merge_commit_sha": github.commit,
        "base": {"ref": "main"},
        "head": {"sha": HEAD},
    }
    return row | more


RUNS = "https://github.example.org/example-org/fleet/actions/runs/1/artifacts"


def written(head: str = HEAD, into: str = "main") -> str:
    return f"{MARKER}\n<!-- of {head} {DIGEST} into {into} -->\nthe plan\n\n"


def comment(
    head: str = HEAD, login: str = "github-actions[bot]", into: str = "main"
) -> Row:
    link = f"Once {head} is merged, exactly [this plan]({RUNS}/1) is applied."
    body = f"{written(head, into)}{link}"
    shown = {"updated_at": "2027-01-15T09:00:00Z", "user": {"login": login}}
    return {"id": 1, "number": 7, "body": body, **shown}


def artifact(number: int = 1, **more: Any) -> Row:
    row = {
        "id": number,
        "name": f"connectsync-plan-{HEAD}",
        "file": "plan.json",
        "comment": written(),
        "expired": False,
        "created_at": f"2027-01-1{number}T10:00:00Z",
        "workflow_run": {"head_sha": HEAD},
    }
    return row | more


Found = tuple[subprocess.CompletedProcess[str], dict[str, str]]
"""How the step ended, and what it handed on."""


def found(github: Desk, ref: str = "refs/heads/main") -> Found:
    script = step("apply", "Find the plan that was reviewed")["run"]
    given = {"COMMIT": github.commit, "BRANCH": "main", "REF": ref}
    return github.run(script, **given)


def test_the_plan_of_the_pull_request_that_was_merged_is_found(github: Desk) -> None:
    noise = [comment(login="mallory"), comment(OTHER), comment(login="mallory")]
    github.know(
        pulls=[pull(github, base={"ref": "other"}), pull(github)],
        comments=[*noise, comment()],
        artifacts=[artifact(2), artifact(1), artifact(3, expired=True)],
    )
    for number in (1, 2, 3):
        github.keep(number, f"plan {number}")
    done, out = found(github)
    assert done.returncode == 0, done.stderr
    assert (out["go"], out["digest"]) == ("yes", DIGEST)
    # of two that were kept the later one is what the comment shows
    assert (github.folder / "reviewed" / "plan.json").read_text() == "plan 2"


@pytest.mark.parametrize(
    "more",
    [
        {"merged_at": None},
        {"base": {"ref": "release"}},
        {"merge_commit_sha": OTHER},
    ],
    ids=str,
)
def test_a_push_that_merged_nothing_into_this_branch_applies_nothing(
    github: Desk, more: Row
) -> None:
    github.know(
        pulls=[pull(github, **more)], comments=[comment()], artifacts=[artifact()]
    )
    github.keep(1, "plan")
    done, out = found(github)
    assert (done.returncode, out["go"]) == (0, "no")
    assert "nothing is applied" in done.stdout


@pytest.mark.parametrize(
    "said",
    [
        comment(OTHER),
        comment(login="mallory"),
        comment(login="bot[bot]"),
        comment(into="stack"),
    ],
    ids=["another commit", "a person", "another bot", "into another branch"],
)
def test_a_comment_of_others_or_of_another_commit_shows_no_plan(
    github: Desk, said: Row
) -> None:
    github.know(pulls=[pull(github)], comments=[said], artifacts=[artifact()])
    github.keep(1, "plan")
    done, out = found(github)
    assert (done.returncode, out["go"]) == (3, "no")


@pytest.mark.parametrize("ref", ["refs/tags/main", "refs/heads/MAIN"])
def test_only_the_default_branch_itself_applies(github: Desk, ref: str) -> None:
    """Expressions of GitHub tell neither a tag of that name nor its other letters."""
    github.know(pulls=[pull(github)], comments=[comment()], artifacts=[artifact()])
    github.keep(1, "plan")
    done, out = found(github, ref)
    assert (done.returncode, out["go"]) == (0, "no")
    assert f"{ref} is not the branch main: nothing is applied" in done.stdout


def test_where_more_than_one_pull_request_was_merged_nothing_is_applied(
    github: Desk,
) -> None:
    """Two pull requests of one commit: only one of them was reviewed."""
    others = [pull(github, number=8, merged_at=None)] * 2
    pulls = [pull(github), *others, pull(github, number=9)]
    github.know(pulls=pulls, comments=[comment()], artifacts=[artifact()])
    github.keep(1, "plan")
    done, out = found(github)
    assert (done.returncode, out["go"]) == (4, "no")
    assert "more than one pull request (#7 #9)" in done.stdout


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("the plan\n", "a lesser plan\n"),
        ("the plan\n", ""),
        (f"{RUNS}/1", "https://example.org/another"),
        (" is applied.", " is applied. Never mind the table."),
    ],
)
def test_a_comment_that_somebody_edited_shows_no_plan(
    github: Desk, old: str, new: str
) -> None:
    """Whoever may push may edit it, and it stays the bot's."""
    one = comment()
    assert old in one["body"]
    edited = one | {"body": one["body"].replace(old, new)}
    github.know(pulls=[pull(github)], comments=[edited], artifacts=[artifact()])
    github.keep(1, "plan")
    done, out = found(github)
    assert (done.returncode, out["go"]) == (4, "no")
    assert "the comment on #7 is not what the job wrote" in done.stdout
    # white space at the ends of lines is not what anybody reads
    spaced = one | {"body": one["body"].replace("the plan\n", "the plan  \r\n")}
    github.know(pulls=[pull(github)], comments=[spaced], artifacts=[artifact()])
    assert found(github)[1]["go"] == "yes"


def test_where_two_comments_show_a_plan_nothing_is_applied(github: Desk) -> None:
    two = [comment(), comment() | {"id": 2}]
    github.know(pulls=[pull(github)], comments=two, artifacts=[artifact()])
    github.keep(1, "plan")
    done, out = found(github)
    assert (done.returncode, out["go"]) == (4, "no")
    assert "more than one comment on #7" in done.stdout


@pytest.mark.parametrize("base", ["stack", "Main", ""])
@pytest.mark.parametrize("fork", ["true", "false"])
def test_only_what_goes_to_the_default_branch_is_planned(
    github: Desk, base: str, fork: str
) -> None:
    """Else its author writes the project file, and who gets the tokens."""
    script = step("plan", "Decide what to plan against")["run"]
    summary = {"GITHUB_STEP_SUMMARY": str(github.folder / "summary")}
    given = {"SNAPSHOT": "live.json", "DEFAULT": "main", "FORK": fork, **summary}
    done, out = github.run(script, BASE=base, **given)
    assert (done.returncode, out) == (0, {"go": "no"}), done.stderr
    assert "does not go to main" in (github.folder / "summary").read_text()
    done, out = github.run(script, BASE="main", **given)
    assert out["go"] == ("snapshot" if fork == "true" else "connect")


def test_no_step_that_plans_runs_where_nothing_is_to_be_planned() -> None:
    first, *steps = WORKFLOW["jobs"]["plan"]["steps"]
    assert (first["id"], "if" in first) == ("way", False)
    for one in steps:
        assert one["if"] in {
            "steps.way.outputs.go != 'no'",
            "steps.way.outputs.go == 'connect'",
            "steps.plan.outputs.status == '1'",
        }


@pytest.mark.parametrize(
    "more", [{"expired": True}, {"workflow_run": {"head_sha": OTHER}}], ids=str
)
def test_a_plan_that_is_gone_or_of_another_commit_is_not_applied(
    github: Desk, more: Row
) -> None:
    github.know(
        pulls=[pull(github)], comments=[comment()], artifacts=[artifact(**more)]
    )
    github.keep(1, "plan")
    done, out = found(github)
    assert (done.returncode, out["go"]) == (4, "no")


LINE = f"Connectsync-Accept: disruptive=3 of {'1' * 12}"
ACCEPTS = f"Merge it\n\n{LINE}\n"


def review(login: str = "reviewer", body: str = LINE, **more: Any) -> Row:
    return {"number": 7, "login": login, "body": body, "head": HEAD} | more


def looked_for(github: Desk, *reviews: Row, **more: Any) -> Found:
    """Let the step look for the plan of a request that has these reviews."""
    github.know(
        pulls=[pull(github, **more)],
        comments=[comment()],
        artifacts=[artifact()],
        reviews=list(reviews),
    )
    github.keep(1, "plan")
    done, out = found(github)
    # an approval that counts for nothing stops the job, if there is no other
    assert (done.returncode, out["go"]) in {(0, "yes"), (4, "no")}, done.stderr
    return done, out


def accepted(github: Desk, *reviews: Row, **more: Any) -> bool:
    """Say whether the step that finds the plan finds it accepted as well."""
    _, out = looked_for(github, *reviews, **more)
    return out.get("disruptive") == "3"


EARLIER = "changed after the last approving review"


def told_to_apply(github: Desk, *reviews: Row, **more: Any) -> str:
    """Give what the step says against applying the plan, or nothing."""
    done, _ = looked_for(github, *reviews, **more)
    return done.stdout if done.returncode else ""


@pytest.mark.parametrize("merged", [True, False], ids=["a merge", "squashed"])
def test_no_message_of_a_commit_accepts_what_guards_hold_against_a_plan(
    tmp_path: Path, *, merged: bool
) -> None:
    """The title of a pull request becomes the body of its merge: it is the author's."""
    github = desk(tmp_path, ACCEPTS, merged=merged)
    assert not accepted(github)


@pytest.mark.parametrize(
    "body",
    [
        LINE,
        f"Looks good.\r\n\r\n{LINE}\r\n",
        f"{LINE}  \nThanks",
        LINE.replace("1" * 12, DIGEST),
    ],
)
def test_who_approved_just_this_commit_accepts(github: Desk, body: str) -> None:
    assert accepted(github, review(body=body))


AUTHORS = [["co-author", "committer"], [None, None]]

DECOYS = [
    review("author"),
    review("committer"),
    review("co-author"),
    review(head=OTHER),
    review(state="COMMENTED"),
    review(state="CHANGES_REQUESTED"),
    review(state="DISMISSED"),
    review(association="CONTRIBUTOR"),
    review(association="NONE"),
    review(pushes=False),
    review(type="Bot"),
    review(editor="author"),
    review(body=f"> {LINE}"),
    review(body=f"Do not write {LINE}"),
    review(body=LINE.replace("=3", "=three")),
    review(body=LINE.replace("1" * 12, "1" * 11)),
    review(body=LINE.replace("1" * 12, "2" * 12)),
    review(body=LINE.partition(" of ")[0]),
]
"""What looks like an acceptance and is none."""


@pytest.mark.parametrize("decoy", DECOYS, ids=str)
@pytest.mark.sampled(6)
def test_a_decoy_accepts_nothing(github: Desk, decoy: Row) -> None:
    assert not accepted(github, decoy, commits=AUTHORS)


def test_no_decoy_takes_away_what_was_accepted(github: Desk) -> None:
    assert accepted(github, *DECOYS, review(), commits=AUTHORS)


@pytest.mark.parametrize(
    "authors",
    [
        [["author", "reviewer"], *[["author", "author"]] * 250],
        [[[*(f"author-{number}" for number in range(20)), "reviewer"], "author"]],
    ],
    ids=["more commits than are told", "more authors than are told"],
)
def test_nothing_is_accepted_where_not_every_author_is_told(
    github: Desk, authors: list[list[Any]]
) -> None:
    assert "GitHub does not tell all" in told_to_apply(github, commits=authors)
    assert not accepted(github, review(), commits=authors)
    assert accepted(github, review(), commits=[["author", "author"]] * 250)


@pytest.mark.parametrize("at", ["2027-01-15T08:59:59Z", "2027-01-15T09:00:00Z"])
@pytest.mark.parametrize("body", [LINE, "looks good"])
@pytest.mark.sampled(2)
def test_a_plan_that_changed_after_the_last_approval_is_not_applied(
    github: Desk, at: str, body: str
) -> None:
    assert EARLIER in told_to_apply(github, review(body=body, at=at))
    assert told_to_apply(github, review(at=at), review("another", body="yes")) == ""
    assert told_to_apply(github) == ""


@pytest.mark.parametrize(
    "stale",
    [
        {"head": OTHER},
        {"head": OTHER, "at": "2027-01-15T08:00:00Z"},
        {"login": "author", "at": "2027-01-15T08:00:00Z"},
        {"pushes": False},
        {"association": "NONE"},
        {"type": "Bot"},
    ],
    ids=str,
)
@pytest.mark.sampled(2)
def test_where_anybody_approved_somebody_who_may_has_approved_just_this(
    github: Desk, stale: Row
) -> None:
    """An approval that does not count is not the same as nobody being asked."""
    one = {"login": "reviewer", "body": "fine"} | stale
    assert EARLIER in told_to_apply(github, review(**one))
    assert told_to_apply(github, review(**one), review("another")) == ""
    dismissed = review(**one, state="DISMISSED")
    assert told_to_apply(github, dismissed) == ""


@pytest.mark.parametrize(
    "authors",
    [
        [[["author", "reviewer"], "author"]],
        [[["author", *[None] * 20], "author"]],
        [["author", "author"]] * 251,
    ],
    ids=["a co-author", "more authors than are told", "more commits than are told"],
)
def test_no_commit_of_an_author_makes_an_early_approval_go_away(
    github: Desk, authors: list[list[Any]]
) -> None:
    early = review(body="fine", at="2027-01-15T08:00:00Z")
    assert "nothing is applied" in told_to_apply(github, early, commits=authors)


def test_no_number_of_remarks_makes_an_early_approval_go_away(github: Desk) -> None:
    early = review(body="fine", at="2027-01-15T08:00:00Z")
    remarks = [review("anybody", "?", state="COMMENTED")] * 100
    assert EARLIER in told_to_apply(github, early, *remarks)
    assert told_to_apply(github, review(), *remarks) == ""
    refusals = [review("anybody", "no", state="CHANGES_REQUESTED")] * 100
    assert "GitHub does not tell all" in told_to_apply(github, early, *refusals)


SAID = {
    "of another plan": (
        LINE.replace("1" * 12, "2" * 64),
        f"accepts disruptive=3 of the plan {'2' * 12}, and the plan in the",
        f"is {'1' * 12}, so it accepts nothing",
    ),
    "of no plan": (
        LINE.partition(" of ")[0],
        "accepts disruptive=3 and names no plan, so it accepts nothing",
        f"the line is '{LINE}' for the plan in the",
    ),
    "of an earlier comment": (
        LINE,
        f"accepts disruptive=3 of {'1' * 12} and is older than the",
        "as it is now, so it accepts nothing",
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_an_acceptance_of_another_plan_accepts_nothing_and_is_told(
    github: Desk, case: str
) -> None:
    body, *sentences = SAID[case]
    at = "2027-01-15T08:00:00Z" if "earlier" in case else "2027-01-15T10:00:00Z"
    reviews = [review(body=body, at=at), review("another", body="looks good")]
    github.know(
        pulls=[pull(github)],
        comments=[comment()],
        artifacts=[artifact()],
        reviews=reviews,
    )
    github.keep(1, "plan")
    done, out = found(github)
    assert (done.returncode, out["go"]) == (0, "yes"), done.stderr
    assert "disruptive" not in out
    for sentence in ("::warning::a review of #7 ", *sentences):
        assert sentence in done.stdout


@pytest.mark.parametrize("case", SAID)
def test_gitlab_tells_of_an_acceptance_of_another_plan(
    github: Desk, site: GitLab, case: str
) -> None:
    body, *sentences = SAID[case]
    if "earlier" in case:
        site.note(5, 60, body)
    note(site)
    site.approve(5, 60)
    if "earlier" not in case:
        site.note(5, 60, body)
    site.requests[:] = [request_of(github.commit)]
    site.artifacts["41"] = b"{}"
    done, told = applied(github, site)
    assert (done.returncode, told[4:]) == (0, []), done.stderr
    for sentence in sentences:
        assert sentence in done.stdout


def test_who_took_the_approval_back_accepts_nothing(github: Desk) -> None:
    later = review(state="CHANGES_REQUESTED", body="", at="2027-01-15T11:00:00Z")
    assert not accepted(github, review(), later)
    remark = review(state="COMMENTED", body="nice", at="2027-01-15T12:00:00Z")
    assert accepted(github, review(), remark)


def taken(github: Desk, site: GitLab) -> list[str]:
    site.requests[:] = [request_of(github.commit)]
    site.artifacts["41"] = b"{}"
    done, told = applied(github, site)
    assert done.returncode == 0, done.stderr
    return told[4:]


@pytest.mark.parametrize("merged", [True, False], ids=["a merge", "fast-forward"])
def test_gitlab_takes_no_message_of_a_commit_as_accepted(
    tmp_path: Path, site: GitLab, *, merged: bool
) -> None:
    """A merge commit that was fast-forwarded to is the author's own."""
    note(site)
    site.approve(5, 60)
    assert taken(desk(tmp_path, ACCEPTS, merged=merged), site) == []


@pytest.mark.parametrize("timed", [True, False])
def test_gitlab_takes_as_accepted_what_an_approver_says(
    github: Desk, site: GitLab, *, timed: bool
) -> None:
    site.timed = timed
    note(site)
    site.approve(5, 60)
    site.note(5, 60, f"Fine.\n{LINE}")
    assert taken(github, site) == ["--accept", "disruptive=3"]


@pytest.mark.parametrize(
    "decoy",
    ["author", "no approver", "before the plan", "edited", "a quotation", "system"],
)
def test_gitlab_is_not_taken_in_by_a_decoy(
    github: Desk, site: GitLab, decoy: str
) -> None:
    if decoy == "before the plan":
        site.note(5, 60, LINE)
    note(site)
    site.approve(5, 50)
    site.approve(5, 60)
    by = {"author": 50, "no approver": 61}.get(decoy, 60)
    if decoy != "before the plan":
        one = site.note(5, by, f"> {LINE}" if decoy == "a quotation" else LINE)
        one["system"] = decoy == "system"
        if decoy == "edited":
            one["updated_at"] = "2027-01-15T11:00:00.000Z"
    assert taken(github, site) == []


def test_gitlab_is_told_its_token_and_no_one_it_sends_to(
    tmp_path: Path, site: GitLab
) -> None:
    github = desk(tmp_path)
    note(site)
    site.requests[:] = [request_of(github.commit)]
    site.artifacts["41"] = b"{}"
    with gitlab() as other:
        site.moved = other.url
        done, told = applied(github, site)
        assert other.tokens == [None]
    assert (done.returncode, told) == (1, [])


@pytest.mark.parametrize("timed", [True, False], ids=["newer GitLab", "older GitLab"])
@pytest.mark.parametrize("when", ["before", "unknown", "taken back", "again"])
@pytest.mark.sampled(3)
def test_gitlab_takes_no_approval_from_before_the_plan_was_shown(
    tmp_path: Path, site: GitLab, when: str, *, timed: bool
) -> None:
    """The same approval stands on GitLab whatever the note says by now."""
    github, site.timed = desk(tmp_path), timed
    if when in {"before", "again"}:
        site.approve(5, 60)
    note(site)
    if when == "unknown":
        site.approved_by[60] = ""
        # anybody may write those words; GitLab's own note says that it is one
        site.note(5, 60, "approved this merge request")
    if when == "taken back":
        site.approve(5, 60)
        site.note(5, 60, "unapproved this merge request")["system"] = True
        site.approved_by[60] = ""
    if when == "again":
        site.approve(5, 60)
    site.note(5, 60, LINE)
    site.requests[:] = [request_of(github.commit)]
    site.artifacts["41"] = b"{}"
    done, told = applied(github, site)
    if when == "again":
        assert (done.returncode, told[4:]) == (0, ["--accept", "disruptive=3"])
        return
    assert (done.returncode, told) == (1, []), done.stderr
    how = "before the note with the plan" if when == "before" else "does not tell"
    assert "User 60 approved !5 at " in done.stdout
    assert f"{how}" in done.stdout
    assert "changed after the last approval: nothing is applied" in done.stderr


def test_gitlab_takes_the_word_only_of_who_approved_the_plan_that_is_shown(
    github: Desk, site: GitLab
) -> None:
    site.approve(5, 60)
    note(site)
    site.approve(5, 61)
    site.note(5, 60, LINE)
    assert taken(github, site) == []


def test_a_token_is_sent_to_the_server_that_the_job_is_on_and_to_no_other() -> None:
    """Told no host, gh asks github.com, also on a server of one's own."""
    asking = [
        one
        for job in WORKFLOW["jobs"].values()
        for one in job["steps"]
        if "gh api" in one.get("run", "")
    ]
    assert len(asking) == 2
    for one in asking:
        assert one["env"]["SERVER"] == "${{ github.server_url }}"
        # the second is for servers of one's own
        tokens = one["env"]["GH_TOKEN"], one["env"]["GH_ENTERPRISE_TOKEN"]
        assert tokens == ("${{ github.token }}",) * 2
        before = one["run"].partition("gh api")[0]
        assert 'export GH_HOST="${SERVER#*://}"\n' in before


def test_a_call_that_fails_is_not_taken_for_nothing_to_do(github: Desk) -> None:
    github.know(pulls=[pull(github)], comments=[comment()], artifacts=[artifact()])
    (github.site / "knows.json").write_text("out of order")
    done, out = found(github)
    assert done.returncode not in {0, 3, 4}
    assert out["go"] == "no"
    assert commented(github, "text").returncode != 0


def commented(
    github: Desk, text: str, run: str = "1", *, status: str = "2"
) -> subprocess.CompletedProcess[str]:
    report = github.folder / "connectsync-report"
    report.mkdir(exist_ok=True)
    (report / "plan.md").write_text(text)
    url = f"{RUNS}/{run * (LONGEST_URL - len(RUNS) - 1)}"
    given = {"NUMBER": "7", "HEAD": HEAD, "DIGEST": DIGEST, "STATUS": status}
    # between these steps what the first one wrote is kept with the plan
    steps = ("Write the comment", "Comment on the pull request")
    script = "\n".join(step("plan", name)["run"] for name in steps)
    given |= {"PLAN_URL": url, "BASE": "main"}
    return github.run(script, LC_ALL="C.UTF-8", **given)[0]


@pytest.mark.parametrize(("status", "lacks"), [("0", 0), ("1", 1), ("2", 0)])
def test_the_comment_says_that_a_plan_lacks_districts(
    github: Desk, status: str, lacks: int
) -> None:
    github.know()
    assert commented(github, "the plan", status=status).returncode == 0
    (one,) = github.knows()["comments"]
    said = one["body"].rstrip()
    assert said.count("The districts that were not read are not in it.") == lacks
    assert f"Once {HEAD} is merged, exactly [this plan](" in said.split("\n")[-1]


def test_one_comment_stays_the_one_however_many_there_are(github: Desk) -> None:
    noise = [comment(login="mallory") for _ in range(5)]
    others = [one | {"id": number} for number, one in enumerate(noise, 1)]
    github.know(comments=[*others, comment(OTHER) | {"id": 9}])
    for text in ("first", "second"):
        assert commented(github, text).returncode == 0
        rows = github.knows()["comments"]
        assert len(rows) == len(others) + 1
        assert rows[-1]["body"].startswith(written().partition("the plan")[0])
        assert f"\n{text}\n" in rows[-1]["body"]
        assert all("the plan" in one["body"] for one in rows[:-1])


def test_the_same_plan_of_another_run_is_not_shown_a_second_time(github: Desk) -> None:
    """What was accepted stays accepted: the comment is not younger than its review."""
    github.know()
    assert commented(github, "first", "1").returncode == 0
    before = github.knows()
    assert commented(github, "first", "2").returncode == 0
    assert github.knows() == before
    assert commented(github, "second", "2").returncode == 0
    assert github.knows() != before


def test_what_somebody_edited_is_shown_anew_by_the_next_run(github: Desk) -> None:
    github.know()
    assert commented(github, "first", "1").returncode == 0
    (before,) = github.knows()["comments"]
    for old, new in (("first", "nothing"), (" is applied.", " is nothing.")):
        edited = before | {"body": before["body"].replace(old, new)}
        assert edited != before
        github.know(comments=[edited])
        assert commented(github, "first", "1").returncode == 0
        (after,) = github.knows()["comments"]
        assert after["body"] == before["body"]


def test_a_comment_that_is_too_long_is_refused_before_anybody_is_asked(
    github: Desk,
) -> None:
    github.know()
    done = commented(github, "é" * 65_536)
    assert done.returncode == 1
    assert "more than 65536" in done.stdout
    assert github.knows()["comments"] == []


def test_what_the_plan_may_have_of_a_comment_leaves_room_for_the_rest(
    github: Desk,
) -> None:
    github.know()
    steps = (ROOT / "action.yml", ROOT / "deploy/gitlab/connectsync.gitlab-ci.yml")
    for file in steps:
        (limit,) = re.findall(r"--limit (\d+)", file.read_text("utf-8"))
        assert commented(github, "é" * int(limit)).returncode == 0


def test_only_main_applies_and_only_in_its_environment() -> None:
    job = WORKFLOW["jobs"]["apply"]
    assert job["environment"] == "${{ inputs.environment }}"
    assert job["if"] == (
        "github.event_name == 'push'"
        " && github.ref_name == github.event.repository.default_branch"
    )
    now = step("apply", "Check out the districts as they are now")
    assert now["with"]["ref"] == "${{ github.ref }}"


def test_forks_upload_nothing_and_what_is_not_planned_is_red() -> None:
    upload = step("validate", "Upload the findings")["if"]
    ours = "github.event.pull_request.head.repo.full_name == github.repository"
    assert ours in upload.split(" && ")
    red = step("plan", "Fail if a district could not be planned")
    assert red["if"] == "steps.plan.outputs.status == '1'"
    assert red["run"].rstrip().endswith("exit 1")


@pytest.fixture
def site() -> Iterator[GitLab]:
    with gitlab() as served:
        yield served


def request_of(commit: str, **more: Any) -> Row:
    row = {"iid": 5, "sha": HEAD, "state": "merged", "target_branch": "main"}
    return row | {"merge_commit_sha": commit} | more


def note(
    site: GitLab,
    head: str = HEAD,
    author: int = BOT,
    job: int = 41,
    into: str = "main",
) -> Row:
    of = f"{head} {DIGEST} {job} into {into}"
    body = f"{MARKER}\n<!-- of {of} -->\nthe plan"
    # as a job writes it, with an end that GitLab takes off
    site.kept_notes[str(job)] = f"{body}\n"
    return site.note(5, author, body)


def applied(
    github: Desk, site: GitLab
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run the job that applies, with a command that only says how it was called."""
    bin_ = github.folder / "bin"
    bin_.mkdir(exist_ok=True)
    told = github.folder / "told"
    (bin_ / "connectsync").write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {told}\ncp "$2" {github.folder}/applied\n'
        f"git rev-parse HEAD > {github.folder}/stood-on\n"
    )
    (bin_ / "connectsync").chmod(0o755)
    clone = "git clone --quiet --branch main site/remote.git clone && cd clone && "
    (script,) = TEMPLATE["connectsync-apply"]["script"]
    remote = github.site / "remote.git"
    subprocess.run(
        ["git", "-C", remote, "update-ref", "refs/heads/main", github.commit],
        check=True,
    )
    done, _ = github.run(
        f'PATH="{bin_}:$PATH"; {clone}\n{script}',
        CI_API_V4_URL=site.url,
        CI_PROJECT_ID="1",
        CI_COMMIT_SHA=github.commit,
        CI_DEFAULT_BRANCH="main",
        CONNECTSYNC_NOTE_TOKEN=TOKEN,
    )
    return done, told.read_text().split("\n")[:-1] if told.exists() else []


def test_gitlab_applies_the_plan_that_its_own_note_shows(
    github: Desk, site: GitLab
) -> None:
    site.requests[:] = [
        request_of(github.commit, iid=4, target_branch="release"),
        request_of(github.commit),
    ]
    note(site, author=99, job=66)
    note(site, OTHER, job=67)
    note(site)
    site.artifacts["41"] = json.dumps({"plan": 41}).encode()
    done, told = applied(github, site)
    assert done.returncode == 0, done.stderr
    assert (told[0], told[2:]) == ("apply", ["--approved", DIGEST])
    assert json.loads((github.folder / "applied").read_text()) == {"plan": 41}


def test_gitlab_applies_what_was_reviewed_whatever_files_a_commit_brings(
    tmp_path: Path, site: GitLab
) -> None:
    """A checkout puts back what a commit holds: nothing of ours lies in the clone."""
    names = ("accept", "digest", "plan.json")
    github = desk(
        tmp_path,
        files={f"reviewed/{name}": "disruptive=3\n" for name in names},
    )
    site.requests[:] = [request_of(github.commit)]
    note(site)
    site.approve(5, 60)
    site.artifacts["41"] = json.dumps({"plan": 41}).encode()
    done, told = applied(github, site)
    assert done.returncode == 0, done.stderr
    assert (told[0], told[2:]) == ("apply", ["--approved", DIGEST])
    assert json.loads((tmp_path / "applied").read_text()) == {"plan": 41}
    look = ["git", "-C", str(tmp_path / "clone"), "status", "--porcelain", "--ignored"]
    assert subprocess.check_output(look) == b""


@pytest.mark.parametrize(
    "more",
    [{"state": "opened"}, {"target_branch": "release"}, {"merge_commit_sha": OTHER}],
    ids=str,
)
def test_gitlab_applies_nothing_for_a_push_that_merged_nothing_here(
    github: Desk, site: GitLab, more: Row
) -> None:
    site.requests[:] = [request_of(github.commit, **more)]
    note(site)
    site.artifacts["41"] = b"{}"
    done, told = applied(github, site)
    assert (done.returncode, told) == (0, []), done.stderr
    assert "nothing is applied" in done.stdout


def test_gitlab_applies_on_the_branch_and_on_no_tag_of_its_name(
    github: Desk, site: GitLab
) -> None:
    """Whoever may push a tag would say who gets the token that saves."""
    remote = ["git", "-C", str(github.site / "remote.git")]
    theirs = f"{github.commit}^1"
    subprocess.run([*remote, "update-ref", "refs/tags/main", theirs], check=True)
    note(site)
    assert taken(github, site) == []
    assert (github.folder / "stood-on").read_text().strip() == github.commit


def test_gitlab_applies_nothing_where_more_than_one_request_was_merged(
    github: Desk, site: GitLab
) -> None:
    """Two requests of one commit: only one of them was approved."""
    site.requests[:] = [request_of(github.commit, iid=6), request_of(github.commit)]
    note(site)
    site.artifacts["41"] = b"{}"
    done, told = applied(github, site)
    assert (done.returncode, told) == (1, [])
    assert "this push merged !6, !5" in done.stderr


def test_gitlab_applies_nothing_where_two_notes_show_a_plan(
    github: Desk, site: GitLab
) -> None:
    """Two pipelines of one commit may have written one each, of two plans."""
    note(site)
    note(site, job=42)
    site.approve(5, 60)
    site.requests[:] = [request_of(github.commit)]
    site.artifacts["41"] = site.artifacts["42"] = b"{}"
    done, told = applied(github, site)
    assert (done.returncode, told) == (1, [])
    assert f"more than one note on !5 shows a plan of {HEAD}" in done.stderr


def test_gitlab_takes_a_note_that_is_listed_twice_for_one(
    github: Desk, site: GitLab
) -> None:
    """A note that is written while pages are turned pushes one onto the next page."""
    site.notes.append(dict(note(site)))
    site.approve(5, 60)
    site.requests[:] = [request_of(github.commit)]
    site.artifacts["41"] = b"{}"
    done, told = applied(github, site)
    assert (done.returncode, told[0]) == (0, "apply"), done.stderr


def test_gitlab_applies_nothing_that_the_job_did_not_write(
    github: Desk, site: GitLab
) -> None:
    one = note(site)
    one["body"] = one["body"].replace("the plan", "a lesser plan")
    site.approve(5, 60)
    site.requests[:] = [request_of(github.commit)]
    site.artifacts["41"] = b"{}"
    done, told = applied(github, site)
    assert (done.returncode, told) == (1, [])
    assert "the note on !5 was edited" in done.stderr


OTHER_JOBS: Mapping[str, Row] = {
    "of another name": {"name": "lint"},
    "of another request": {"ref": "refs/merge-requests/6/head"},
    "of a branch": {"ref": "main"},
    "of a branch of such a name": {"ref": "heads/refs/merge-requests/5/head"},
    "of another commit": {"commit": {"id": OTHER}},
    "of a pipeline of others": {"pipeline": {"id": 1, "project_id": 1}},
    "of another project": {"pipeline": {"id": 941, "project_id": 2}},
    "that failed": {"status": "failed"},
    "that merged another commit": {
        "ref": "refs/merge-requests/5/merge",
        "commit": {"id": HEAD, "parent_ids": [OTHER]},
    },
}


@pytest.mark.parametrize("kind", OTHER_JOBS)
def test_gitlab_takes_a_plan_from_no_job_but_that_of_the_request(
    github: Desk, site: GitLab, kind: str
) -> None:
    """Who has the token of the notes could name one that keeps a plan of theirs."""
    note(site)
    site.approve(5, 60)
    site.requests[:] = [request_of(github.commit)]
    site.artifacts["41"] = b"{}"
    site.jobs["41"] = OTHER_JOBS[kind]
    done, told = applied(github, site)
    assert (done.returncode, told) == (1, [])
    assert f"the job 41, which made no plan of {HEAD} for it" in done.stderr


@pytest.mark.parametrize("told", [True, False], ids=["with its job", "apart"])
@pytest.mark.parametrize("way", ["merge", "train"])
def test_gitlab_takes_a_plan_of_merged_results(
    github: Desk, site: GitLab, way: str, *, told: bool
) -> None:
    """Its pipeline is of a commit that merges it; older versions say less of that."""
    note(site)
    site.approve(5, 60)
    site.requests[:] = [request_of(github.commit)]
    site.artifacts["41"] = b"{}"
    parents = [OTHER, HEAD]
    commit: Row = {"id": "c" * 40} | ({"parent_ids": parents} if told else {})
    site.parents[:] = [] if told else parents
    site.jobs["41"] = {"ref": f"refs/merge-requests/5/{way}", "commit": commit}
    done, called = applied(github, site)
    assert (done.returncode, called[:1]) == (0, ["apply"]), done.stderr


def test_gitlab_takes_no_early_approval_of_the_author_alone(
    github: Desk, site: GitLab
) -> None:
    site.approve(5, 50)
    note(site)
    site.requests[:] = [request_of(github.commit)]
    site.artifacts["41"] = b"{}"
    done, told = applied(github, site)
    assert (done.returncode, told) == (1, [])
    assert "changed after the last approval" in done.stderr


@pytest.mark.parametrize(
    "given",
    [{"author": 99}, {"head": OTHER}, {"into": "stack"}],
    ids=["of others", "of another commit", "into another branch"],
)
def test_gitlab_applies_nothing_that_no_note_of_the_bot_shows(
    github: Desk, site: GitLab, given: Row
) -> None:
    site.requests[:] = [request_of(github.commit)]
    note(site, **given)
    site.artifacts["41"] = b"{}"
    done, told = applied(github, site)
    assert (done.returncode, told) == (1, [])
    assert f"no note on !5 shows the plan of {HEAD}" in done.stderr


def test_gitlab_makes_a_plan_red_that_lacks_districts() -> None:
    (script,) = TEMPLATE["connectsync-plan"]["script"]
    assert script.rstrip().endswith('if [ "$status" = 1 ]; then exit 1; fi')


def _project_taken_on_github() -> str:
    taken = step("plan", "Take the project file from what it is merged into")["run"]
    begin = taken.index("# a link of the change")
    return f"ln -s . fleet\n{taken[begin:]}"


def _project_taken_on_gitlab() -> str:
    (script,) = TEMPLATE["connectsync-plan"]["script"]
    begin, end = script.index("git fetch"), script.index("status=0")
    there = "git remote add origin . && git branch --force release HEAD^1"
    name = "CI_MERGE_REQUEST_TARGET_BRANCH_NAME=release"
    # where the branch began, long ago
    old = "CI_MERGE_REQUEST_DIFF_BASE_SHA=HEAD^1^1"
    return f"{there}\n{name} {old}\n{script[begin:end]}"


@pytest.mark.parametrize(
    "script",
    [_project_taken_on_github(), _project_taken_on_gitlab()],
    ids=["github", "gitlab"],
)
@pytest.mark.parametrize("linked", [False, True])
def test_no_author_writes_the_project_file_that_a_plan_is_made_with(
    tmp_path: Path, script: str, *, linked: bool
) -> None:
    """Where main holds a link, what it leads to is the author's."""

    def git(*words: str) -> None:
        run = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *words]
        subprocess.run(run, cwd=tmp_path, check=True)

    shared, project = tmp_path / "shared.yaml", tmp_path / "connectsync.yaml"
    git("init", "--quiet")
    shared.write_text("schema: 1\n")
    if linked:
        project.symlink_to("shared.yaml")
    else:
        project.write_text("schema: 1\n")
    oldest, theirs = "schema: 1\nbackend: browser\n", "schema: 1\nbackend: gateway\n"
    for text in (oldest, "schema: 1\n", theirs):
        for file in (shared, project):
            file.write_text(text)
        git("add", "--all")
        git("commit", "--quiet", "--allow-empty", "--message", "A change")
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == int(linked), done.stderr
    if linked:
        assert "connectsync.yaml is a link where this goes" in done.stdout
    assert linked or project.read_text() == "schema: 1\n"


@pytest.mark.parametrize(
    "script",
    [_project_taken_on_github(), _project_taken_on_gitlab()],
    ids=["github", "gitlab"],
)
def test_the_project_file_of_the_target_is_taken_byte_for_byte(
    tmp_path: Path, script: str
) -> None:
    """A change could say how it is to be read, or lay a link where it is written."""

    def git(*words: str) -> None:
        run = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *words]
        subprocess.run(run, cwd=tmp_path, check=True)

    project, other = tmp_path / "connectsync.yaml", tmp_path / "other"
    text = b"schema: 1\nbackend: embedded\n"
    git("init", "--quiet")
    other.write_text("mine\n")
    for _ in range(2):
        project.write_bytes(text)
        git("add", "--all")
        git("commit", "--quiet", "--allow-empty", "--message", "A change")
    project.unlink()
    project.symlink_to("other")
    attributes = "connectsync.yaml text eol=crlf\n"
    (tmp_path / ".gitattributes").write_text(attributes)
    git("add", "--all")
    git("commit", "--quiet", "--message", "A change of how files are read")
    run = ["bash", "-eo", "pipefail", "-c", script]
    subprocess.run(run, cwd=tmp_path, check=True)
    assert project.read_bytes() == text
    assert not project.is_symlink()
    assert other.read_text() == "mine\n"
