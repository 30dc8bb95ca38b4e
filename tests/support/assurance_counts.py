"""
What the tests tried on connectsync and what was lost: recorded, counted, told.

Tests record nothing unless ``CONNECTSYNC_ASSURANCE`` names a folder. Then each test of
``TRIALS`` leaves a file there: how often it tried, and whether all held. A test that
tries much in a loop says how much with ``record_property(TALLY, number)``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from campaign import CRASH

VARIABLE = "CONNECTSYNC_ASSURANCE"
TALLY = "tally"

Properties = Sequence[tuple[str, object]]


@dataclass(frozen=True)
class Trial:
    """Something that is tried, counted in ``unit``, by the tests in a file."""

    what: str
    file: str
    tests: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Give every test, with its file."""
        return tuple(f"{self.file}::{test}" for test in self.tests)


STORM = ("test_what_is_planned_comes_true_in_any_weather_and_no_save_is_made_twice",)

TRIALS: Mapping[str, Sequence[Trial]] = {
    "Attacks tried": (
        Trial(
            "Broken inputs of every kind that `make fuzz` tries (a sample)",
            "tests/fuzz/test_fuzz.py",
            ("test_whatever_others_write_ends_in_a_sentence",),
        ),
        Trial(
            "Plans whose values were changed and that were signed again",
            "tests/cli/test_mutated_files.py",
            ("test_a_plan_of_wrong_types_is_refused_in_a_sentence_whoever_signed_it",),
        ),
        Trial(
            "Plans that were forged to look harmless",
            "tests/cli/test_forged_plans.py",
            (
                "test_saves_that_no_file_wants_are_refused_whoever_signed_them",
                "test_a_risk_that_was_talked_down_is_taken_afresh",
                "test_a_fleet_that_was_talked_up_is_counted_afresh",
            ),
        ),
        Trial(
            "Links out of the project, pipes, devices, sockets, `districts: /`",
            "tests/cli/test_hostile_files.py",
            (
                "test_a_district_that_links_out_of_the_project_is_refused_by_name",
                "test_no_profile_project_file_or_seed_is_read_out_of_the_project",
                "test_no_pipe_device_or_socket_is_waited_for",
                "test_a_linked_folder_that_leaves_the_project_is_refused",
                "test_districts_are_no_folder_of_the_machine",
            ),
        ),
        Trial(
            "File names that try to forge a line of output",
            "tests/cli/test_hostile_files.py",
            (
                "test_no_name_of_a_file_forges_a_line",
                "test_no_name_in_an_error_of_the_project_file_begins_a_line",
            ),
        ),
        Trial(
            "Commands in the files of a pull request",
            "tests/cli/test_hostile_files.py",
            (
                "test_no_command_of_the_project_file_runs",
                "test_doctor_runs_the_commands_of_districts_only_if_asked",
                "test_scripts_of_workflows_import_nothing_of_the_repository",
            ),
        ),
        Trial(
            "Files that are small and take long",
            "tests/config/test_many_entries.py",
            ("test_a_file_of_endless_entries_is_refused_before_it_is_read",),
        ),
        Trial(
            "Answers of a gateway or of Clever without end",
            "tests/connect/test_connect_limits.py",
            (
                "test_a_gateway_without_end_is_one_that_does_not_answer",
                "test_a_clever_without_end_is_one_that_does_not_answer",
                "test_a_save_without_end_may_or_may_not_have_happened",
                "test_a_list_with_ever_new_cursors_ends",
                "test_all_answers_of_a_run_together_have_an_end",
            ),
        ),
        Trial(
            "Pages that lead to another origin (a sample)",
            "tests/connect/browser/test_browser_origin.py",
            (
                "test_no_token_is_sent_to_another_origin",
                "test_a_redirect_to_another_origin_is_refused",
                "test_a_password_is_not_typed_at_another_origin",
            ),
        ),
        Trial(
            "Pages that never end, such as `while(true){}` (a sample)",
            "tests/connect/browser/test_browser_stuck.py",
            (
                "test_a_page_that_does_not_come_to_an_end_is_given_up",
                "test_a_page_that_hangs_before_the_save_is_known_not_to_be_saved",
                "test_an_answer_without_end_is_told_in_a_sentence",
            ),
        ),
    ),
    "Secrets searched for": (
        Trial(
            "Texts printed and files written that were searched for marked secrets",
            "tests/cli/test_canaries.py",
            ("test_no_secret_is_printed_or_written_whatever_the_gateway_repeats",),
        ),
        Trial(
            "Texts, files, children and services that were searched for a secret of"
            " every place where one can stand",
            "tests/cli/test_planted_secrets.py",
            (
                "test_no_secret_of_a_project_is_shown_written_or_sent_elsewhere",
                "test_no_secret_is_shown_or_written_where_every_service_refuses",
                "test_no_secret_is_shown_of_a_line_that_is_wrong",
                "test_no_log_of_a_bug_holds_a_secret",
            ),
        ),
        Trial(
            "Shapes in which a secret came back and was masked",
            "tests/domain/test_foreign_text.py",
            (
                "test_a_secret_is_masked_in_whatever_shape_it_comes_back",
                "test_an_accepted_answer_that_repeats_a_secret_is_noticed",
            ),
        ),
    ),
    "Faults injected": (
        Trial(
            "Commands run on a state store that was damaged",
            "tests/cli/test_stores_on_disk.py",
            ("test_a_damaged_store_is_told_in_a_sentence_by_every_command",),
        ),
        Trial(
            "Streams that were closed or full, and disks that were full",
            "tests/cli/test_streams.py",
            (
                "test_with_closed_streams_every_command_ends_as_it_does_without",
                "test_on_a_full_disk_work_that_was_done_is_told_as_done",
                "test_a_full_standard_error_changes_no_status",
                "test_a_disk_that_is_full_is_told_and_leaves_no_half_file",
            ),
        ),
        Trial(
            "Roll-outs through a gateway that fails (a sample)",
            "tests/campaigns/test_storm.py",
            STORM,
        ),
    ),
    "Crashes survived": (
        Trial(
            "Runs killed with `kill -9` and then resumed (a sample)",
            "tests/campaigns/test_crashes.py",
            (
                "test_a_run_that_is_killed_anywhere_can_be_resumed",
                "test_a_run_that_is_killed_where_it_hurts_can_be_resumed",
                "test_a_run_that_is_killed_while_answers_are_lost_can_be_resumed",
                "test_a_resume_that_is_killed_too_can_be_resumed",
            ),
        ),
    ),
}

NAMES = frozenset(
    name for several in TRIALS.values() for one in several for name in one.names
)


def record(folder: Path, test: str, properties: Properties, *, passed: bool) -> None:
    """Keep what one case of a test tried; cases that tell of nothing are one try."""
    file, *_, case = test.split("::")
    name = f"{file}::{case.partition('[')[0]}"
    if name not in NAMES:
        return
    told = [int(str(value)) for key, value in properties if key == TALLY]
    crashes = sum(key == CRASH for key, _ in properties)
    kept = {"test": name, "tried": sum(told) or crashes or 1, "passed": passed}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha256(test.encode()).hexdigest()[:16]}.json"
    path.write_text(json.dumps(kept), "utf-8")


@dataclass(frozen=True)
class Counted:
    """How often a test tried, and how many of its cases did not hold."""

    tried: int = 0
    lost: int = 0

    def __add__(self, other: Counted) -> Counted:
        """Count both."""
        return Counted(self.tried + other.tried, self.lost + other.lost)


def counted(folder: Path) -> dict[str, Counted]:
    """Add up what the tests left in a folder, by test."""
    found: dict[str, Counted] = {}
    for path in sorted(folder.glob("*.json")):
        kept = json.loads(path.read_text("utf-8"))
        one = Counted(kept["tried"], 0 if kept["passed"] else 1)
        found[kept["test"]] = found.get(kept["test"], Counted()) + one
    return found


def page(found: Mapping[str, Counted], *, commit: str, date: str) -> str:
    """Write the page; the same counts of the same commit are the same bytes."""
    return "\n".join(_lines(found, commit, date)) + "\n"


def _lines(found: Mapping[str, Counted], commit: str, date: str) -> Iterator[str]:
    total = _sum(found.get(name, Counted()) for name in NAMES)
    yield "<!-- Generated by `make assurance` from what tests count. Do not edit. -->"
    yield ""
    yield "# What was tried"
    yield ""
    yield (
        f"The tests below attacked connectsync {total.tried:,} times and lost"
        f" {'nothing' if total.lost == 0 else f'{total.lost:,} times'}. Nothing lost"
        " means: no secret left, nothing was changed that was not reviewed, no save was"
        " made twice or forgotten, and each attempt ended in a sentence with a"
        " documented exit status."
    )
    yield ""
    yield (
        f"Counted by the tests on {date}, at commit `{commit}`. They run with every"
        " change; `make assurance` counts again. What each defense is and whom it"
        " stops: [Security](../explanation/security.md)."
    )
    for title, trials in TRIALS.items():
        yield ""
        yield f"## {title}"
        yield ""
        yield "| What was tried | Times | Lost | Tests |"
        yield "| --- | ---: | --- | --- |"
        for one in trials:
            count = _sum(found.get(name, Counted()) for name in one.names)
            tests = f"[`{one.file}`](../../{one.file}): {len(one.tests)}"
            if any(name not in found for name in one.names):
                yield f"| {one.what} | not counted | | {tests} |"
                continue
            lost = count.lost or "nothing"
            yield f"| {one.what} | {count.tried:,} | {lost} | {tests} |"
    yield ""
    yield (
        "*A sample* means that every run of the tests tries part of it; `make fuzz`,"
        " `make browser-test`, `make crash-test` and `make storm-test` try all of it."
    )


def _sum(several: Iterable[Counted]) -> Counted:
    return sum(several, Counted())
