from __future__ import annotations

import re
from dataclasses import replace

import pytest
from told_runs import (
    BROKEN_OFF,
    DIFF,
    HEAD,
    LIST,
    ONE,
    OTHER,
    PLAN,
    entry,
    history,
    part,
    run,
)

from connectsync.domain.outcome import Ending
from connectsync.domain.policy import Approval
from connectsync.domain.run import (
    Approvals,
    AuditResult,
    RunHistory,
    RunLine,
    RunList,
    RunTally,
)
from connectsync.providers.form import Risk
from connectsync.report.outcome_text import approval_text, audit_text, run_diff_text
from connectsync.report.runs_text import run_text, runs_text, took
from connectsync.report.terminal import columns


def shown(told: RunHistory) -> str:
    return run_text(told, colour=False, width=80)


def test_the_list_tells_what_was_run_the_newest_first() -> None:
    assert runs_text(LIST, colour=False, width=80) == (
        """\
run  began (UTC)       took        state    what
 12  2027-01-15 10:00  -           stopped  apply on embedded
                                            plan 0123456789ab: 3 done, 1 failed,
                                            1 conflict, 7 left; stopped: it was
                                            interrupted
  3  2027-01-15 10:00  -           open     apply on embedded
                                            plan 0123456789ab: 2 left
  2  2027-01-15 10:00  1 min 15 s  ended    rollback of run 1 on embedded
                                            plan 0123456789ab: 5 done

3 of 57 runs; `--limit 57` shows them all
to finish it: `connectsync resume 12`
"""
    )


def test_a_list_without_runs_says_how_one_begins() -> None:
    said = runs_text(RunList((), 0), colour=False, width=80)
    assert said == "No run yet: `connectsync apply` begins one\n"


def test_a_list_of_ended_runs_ends_with_the_last_of_them() -> None:
    told = RunList(LIST.lines[2:], 1)
    assert runs_text(told, colour=False, width=80).endswith(": 5 done\n")


@pytest.mark.parametrize(
    ("counts", "hint"),
    [
        (RunTally(1, 1, 0, 0, 0), "to finish it: `connectsync resume 2`\n"),
        (RunTally(1, 0, 0, 0, 0, waiting=1), "`connectsync resume 2`\n"),
        (
            RunTally(1, 0, 1, 0, 0),
            "to end this run:\n  `connectsync runs close 2 --reason REASON`\n",
        ),
    ],
)
def test_an_ended_run_with_something_unfinished_says_what_to_do(
    counts: RunTally, hint: str
) -> None:
    told = RunList((RunLine(run(number=2, ended=True), counts),), 1)
    assert runs_text(told, colour=False, width=80).endswith(hint)


def test_of_the_unfinished_runs_one_that_is_not_superseded_is_offered() -> None:
    newer = RunLine(run(number=7), RunTally(0, 0, 0, 0, 1), {"elm": 9})
    older = RunLine(run(number=6), RunTally(0, 0, 0, 0, 1))
    said = runs_text(RunList((newer, older), 2), colour=False, width=80)
    assert said.endswith("to finish it: `connectsync resume 6`\n")
    said = runs_text(RunList((newer,), 1), colour=False, width=80)
    assert "run 7 was superseded by run 9 on elm; to end it:" in said
    assert "`connectsync runs close 7 --reason REASON`" in said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "-"),
        (0.2, "0 s"),
        (59.6, "1 min"),
        (3725, "1 h 2 min"),
        (90061, "1 d 1 h"),
        (86405, "1 d 5 s"),
    ],
)
def test_a_duration_takes_two_units_at_most(seconds: float | None, said: str) -> None:
    assert took(seconds) == said


def test_a_run_tells_of_each_save_what_it_changed_when_and_who_made_it() -> None:
    assert shown(BROKEN_OFF) == (
        "run 2: stopped\n"
        "apply on embedded\n"
        "began 2027-01-15 10:00:00 UTC\n"
        f"runner {ONE}\n"
        f"plan {PLAN}\n"
        "stopped: it was interrupted\n"
        "accepted disruptive=3\n"
        "overridden freeze: the board asked\n"
        "approved by Ada (unchecked), 2027-01-15 09:59:00 UTC\n"
        "approved by Bo (unchecked), 2027-01-15 09:59:30 UTC\n"
        "4 districts: 1 done, 1 conflict, 2 left\n"
        "\n"
        "wave canary: 1 done\n"
        "  done  elm  2027-01-15 10:00:09 UTC\n"
        "    save 1: confirmed 2027-01-15 10:00:02 UTC\n"
        "      phone_types  Cell, Home → Cell\n"
        "      oauth_token  was typed\n"
        "    save 2: confirmed 2027-01-15 10:00:02 UTC\n"
        f"      by {OTHER}\n"
        "      deletion_threshold  45 → (empty)\n"
        "\n"
        "wave rest: 1 conflict, 2 left\n"
        "  conflict  oak  2027-01-15 10:00:09 UTC\n"
        "    a person saved it\n"
        "    = help: make a new plan\n"
        "    save 1: conflict 2027-01-15 10:00:02 UTC\n"
        "      phone_types  Cell, Home → Cell: sent, and Connect holds Work\n"
        "\n"
        "  left  fir\n"
        "    save 1: failed 2027-01-15 10:00:02 UTC\n"
        f"      by {ONE}\n"
        "      not made, or not to be seen: made again\n"
        "      phone_types  Cell, Home → Cell: sent, and not known whether it was"
        " made\n"
        "    save 1: intended 2027-01-15 10:00:01 UTC\n"
        f"      by {OTHER}\n"
        "      phone_types  Cell, Home → Cell\n"
        "      it is not known yet whether it happened\n"
        "      = help: `connectsync resume 2` settles that by reading\n"
        "\n"
        "  left  yew\n"
        "\n"
        "  = help: to finish it: `connectsync resume 2`\n"
        f"audit log head {HEAD}\n"
    )


def test_a_run_that_is_done_asks_for_nothing() -> None:
    said = shown(history(run(ended=True, rollback_of=1)))
    assert "rollback of run 1 on embedded\n" in said
    assert "took 1 min 15 s" in said
    assert "help" not in said


def test_a_run_by_hand_goes_on_with_its_plan() -> None:
    told = run(part("elm", Ending.FAILED, "nobody said so"), backend="snapshot:a.json")
    said = shown(history(told, entry("elm", "intended")))
    assert "resume" not in said
    assert "with the plan beside its click list" in said


def test_a_run_of_before_runners_were_kept_names_none() -> None:
    assert "\nby " not in shown(history(run(runner="")))


def test_the_difference_names_who_saved_what_alone() -> None:
    assert run_diff_text(DIFF, colour=False, width=80) == (
        "after run 1 → after run 2, on embedded\n"
        "\n"
        "fir\n"
        "  phone_types  (none) → Cell, Home\n"
        "\n"
        "oak  saved by run 1 alone\n"
        "  the same after both\n"
        "\n"
        "yew  saved by run 2 alone\n"
        "  student_id  not known → X\n"
        "\n"
        "4 districts: 1 not the same, 1 the same, 1 by run 1 alone, 1 by run 2 alone\n"
    )


def test_a_log_that_is_true_gives_its_length_and_its_head() -> None:
    said = audit_text(AuditResult(31, HEAD, ()), colour=False, width=80)
    assert said == f"all is as the audit log says\n31 entries, head {HEAD}\n"


def test_a_log_that_is_not_gives_every_sentence() -> None:
    problems = ("row 1 of the journal was edited", "run 2 was removed")
    said = audit_text(AuditResult(1, HEAD, problems), colour=False, width=80)
    assert said.startswith(
        "row 1 of the journal was edited\nrun 2 was removed\n"
        "2 things are not as the audit log says\n  = help: "
    )
    assert HEAD not in said, "a head that is worth nothing is not to be noted"
    one = audit_text(AuditResult(1, HEAD, problems[:1]), colour=False, width=80)
    assert "\n1 thing is not as" in one


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            Approval(),
            "the project does not require approval; it is recorded all the same",
        ),
        (Approval(2), "the project asks for 2"),
        (
            Approval(1, Risk.CAUTION),
            "the project asks for 1 where a change is caution or disruptive",
        ),
        (
            Approval(3, Risk.DISRUPTIVE),
            "the project asks for 3 where a change is disruptive",
        ),
    ],
)
def test_an_approval_says_who_did_and_how_many_are_asked_for(
    asked: Approval, told: str
) -> None:
    said = Approvals("Bo", ("Ada", "Bo"), new=True)
    assert approval_text(said, asked, colour=False, width=80) == (
        f"approved by Bo\napproved so far by 2 people: Ada, Bo\n"
        f"unchecked: who may write to the state can give any name\n{told}\n"
    )


def test_saying_yes_twice_is_said_to_change_nothing() -> None:
    said = Approvals("ada", ("Ada",), new=False)
    assert approval_text(said, Approval(), colour=False, width=80).startswith(
        "ada approved this plan before: nothing changed\n"
        "approved so far by 1 person: Ada\n"
    )


NASTY = "\x1b[2J\u202e\n"


def everything(
    text: str, *, colour: bool, width: int, key: str | None = None
) -> list[str]:
    """Give all reports, with a text wherever people or backends may have put one."""
    told = run(
        part("elm", Ending.FAILED, text, text),
        replace(part("oak"), district=key or text, wave=key or text, runner=text),
        backend=text,
        runner=text,
        plan=text,
        stopped=text,
        accepted={text: 1},
        reasons={text: text},
    )
    whole = history(told, entry("elm", note=f"{text}!", runner=text))
    line = replace(LIST.lines[0], head=told)
    diff = replace(
        DIFF,
        backend=text,
        districts=(replace(DIFF.districts[3], district=key or text),),
    )
    said = Approvals(text, (text,), new=True)
    return [
        run_text(
            replace(whole, approved=(replace(whole.approved[0], name=text),)),
            colour=colour,
            width=width,
        ),
        runs_text(RunList((line,), 1), colour=colour, width=width),
        run_diff_text(diff, colour=colour, width=width),
        audit_text(AuditResult(1, text, (text,)), colour=colour, width=width),
        audit_text(AuditResult(1, text, ()), colour=colour, width=width),
        approval_text(said, Approval(), colour=colour, width=width),
    ]


def test_nothing_that_is_told_can_steer_the_terminal() -> None:
    for text in everything(NASTY, colour=False, width=80):
        assert all(line.isprintable() for line in text.split("\n"))
        assert r"\x1b[2J" in text


WHOLE = {"by", "runner", "plan", "audit", "1"}
"""How lines begin that hold a name or a digest, which is never broken."""


def test_lines_fit_where_words_allow() -> None:
    for text in everything("some words " * 9, colour=False, width=60, key="oak"):
        long = [line for line in text.split("\n") if columns(line) > 60]
        assert [line for line in long if line.split()[0] not in WHOLE] == []


def test_colour_is_there_only_where_wanted_and_changes_nothing_else() -> None:
    plain = everything("elm", colour=False, width=80)
    coloured = everything("elm", colour=True, width=80)
    assert all("\x1b[" in text for text in [*coloured[:4], coloured[5]])
    assert [re.sub(r"\x1b\[[0-9;]*m", "", text) for text in coloured] == plain
