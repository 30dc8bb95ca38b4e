"""Labels of the live page get into the project file, and nothing else changes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from connectsync.config.project import load_project
from connectsync.domain.settings import BY_NAME
from connectsync.errors import ConnectError, InvalidFiles, Unreachable, UsageError
from connectsync.operations.doctor import OFFERING, offered_labels, record
from connectsync.operations.files import fresh_files

OFFERED: dict[str, tuple[str, ...]] = {
    "archived_students": ("Leave archived", "Restore")
}
LABELS = "[Leave archived, Restore]"


def written(root: Path, text: str, offered: dict[str, tuple[str, ...]]) -> str:
    """Record labels in a project file that holds ``text``; give what it holds then."""
    path = root / "connectsync.yaml"
    path.write_bytes(text.encode())
    record(root, offered, load_project(root).options)
    return path.read_bytes().decode()


class Page:
    """A reader that knows labels, and nothing else."""

    described = "page"

    def __init__(self, fails: ConnectError | None = None) -> None:
        self.asked: list[str] = []
        self.fails = fails

    async def options(self, setting: str) -> tuple[str, ...]:
        self.asked.append(setting)
        if self.fails:
            raise self.fails
        return ("B", "A")


def test_every_drop_down_and_box_group_is_asked_for_its_labels() -> None:
    page = Page()
    offered = asyncio.run(offered_labels(page))  # type: ignore[arg-type]
    assert offered == dict.fromkeys(OFFERING, ("B", "A"))
    assert page.asked == list(OFFERING)
    assert {"archived_students", "permissions", "student_id"} < set(OFFERING)


def test_published_labels_alone_are_not_written_down(tmp_path: Path) -> None:
    offered = {"phone_types": BY_NAME["phone_types"].labels}
    assert written(tmp_path, "schema: 1\n", offered) == "schema: 1\n"


def test_a_label_beyond_the_published_ones_is_written_down(tmp_path: Path) -> None:
    offered = {"phone_types": (*BY_NAME["phone_types"].labels, "Pager")}
    text = written(tmp_path, "schema: 1\n", offered)
    assert "phone_types: [Cell, Home, Work, Other, Pager]" in text


def test_labels_that_cannot_be_read_are_not_recorded() -> None:
    with pytest.raises(Unreachable):
        asyncio.run(offered_labels(Page(Unreachable("no"))))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("schema: 1\n", f"schema: 1\noptions:\n  archived_students: {LABELS}\n"),
        (
            "schema: 1  # ours\nstate: {dir: x}  # last\n",
            (
                "schema: 1  # ours\noptions:\n"
                f"  archived_students: {LABELS}\nstate: {{dir: x}}  # last\n"
            ),
        ),
        (
            "schema: 1\r\nguards: {max_districts: 3}\r\n",
            (
                "schema: 1\r\nguards: {max_districts: 3}\r\noptions:\r\n"
                f"  archived_students: {LABELS}\r\n"
            ),
        ),
        (
            "schema: 1\noptions: {}  # none yet\n",
            f"schema: 1\noptions: {{archived_students: {LABELS}}}  # none yet\n",
        ),
        (
            "schema: 1\noptions:\n  # seen in May\n  archived_students: [Gone]\n",
            f"schema: 1\noptions:\n  # seen in May\n  archived_students: {LABELS}\n",
        ),
        (
            (
                "schema: 1\noptions:\n  archived_students:\n    - Gone  # old\n"
                "    - Restore  # kept\n"
            ),
            (
                "schema: 1\noptions:\n  archived_students:\n    # old\n"
                "    - Restore  # kept\n    - Leave archived\n"
            ),
        ),
        (
            "schema: 1\noptions:\n  archived_students: [Restore, Leave archived]\n",
            "schema: 1\noptions:\n  archived_students: [Restore, Leave archived]\n",
        ),
    ],
    ids=[
        "nothing there",
        "between others",
        "Windows line ends",
        "an empty mapping",
        "other labels",
        "a line each",
        "another order",
    ],
)
def test_labels_are_written_where_they_belong_and_comments_stay(
    tmp_path: Path, before: str, after: str
) -> None:
    assert written(tmp_path, before, OFFERED) == after
    assert written(tmp_path, after, OFFERED) == after, "once more changes nothing"


def test_the_project_file_that_init_makes_takes_them(tmp_path: Path) -> None:
    before = fresh_files("1.0")["connectsync.yaml"]
    after = written(tmp_path, before, OFFERED)
    assert set(before.splitlines()) < set(after.splitlines())
    assert load_project(tmp_path).options == OFFERED


def test_without_a_project_file_one_is_made(tmp_path: Path) -> None:
    assert record(tmp_path, OFFERED, {}) == ("archived_students",)
    assert (tmp_path / "connectsync.yaml").read_text("utf-8") == (
        f"schema: 1\noptions:\n  archived_students: {LABELS}\n"
    )


def test_what_is_recorded_already_is_not_written_again(tmp_path: Path) -> None:
    assert (
        record(tmp_path, OFFERED, {"archived_students": ("Restore", "Leave archived")})
        == ()
    )
    assert not (tmp_path / "connectsync.yaml").exists()


@pytest.mark.parametrize(
    "label", ["yes", "null", "a: b", "a # b", "[x]", "1.5", "- x", 'say "no"', "é, è"]
)
def test_a_label_of_any_spelling_is_read_back_as_it_was(
    tmp_path: Path, label: str
) -> None:
    record(tmp_path, {"archived_students": (label, "Other")}, {})
    assert load_project(tmp_path).options == {"archived_students": (label, "Other")}


def test_a_file_that_would_lose_something_is_left_as_it_is(tmp_path: Path) -> None:
    text = "schema: 1\noptions:\n  archived_students: [\n    A, # ours\n    B]\n"
    path = tmp_path / "connectsync.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidFiles, match="cannot be changed without losing"):
        record(tmp_path, OFFERED, load_project(tmp_path).options)
    assert path.read_text("utf-8") == text


@pytest.mark.parametrize("labels", [(), ("",), ("A", "A")])
def test_labels_that_no_project_file_may_hold_are_refused(
    tmp_path: Path, labels: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidFiles, match="the labels cannot be recorded"):
        record(tmp_path, {"archived_students": labels}, {"archived_students": ("x",)})
    assert not (tmp_path / "connectsync.yaml").exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        record(tmp_path / "nowhere", OFFERED, {})
