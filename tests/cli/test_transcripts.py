"""
Every transcript is what the command line says today, to the letter.

To add one, write a file with its project and its commands, and run once with
``CONNECTSYNC_GOLDEN=write``; then read what was written as a user would.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import transcript
from console import Console

from connectsync.cli.commands import COMMANDS, WITHIN

FOLDER = Path(__file__).parent / "transcripts"
STORIES = sorted(FOLDER.glob("*.txt"))
WRITE = os.environ.get("CONNECTSYNC_GOLDEN") == "write"


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.stem)
def test_the_story_is_told_to_the_letter(
    story: Path, copied: Callable[[str], Console]
) -> None:
    text = story.read_text("utf-8")
    told = transcript.read(text)
    now = transcript.played(told, copied(told.project))
    if WRITE:
        story.write_text(now, "utf-8")
    assert now == story.read_text("utf-8")


NAMES = [
    *COMMANDS,
    *(f"{name} {one}" for name, behind in WITHIN.items() for one in behind),
]


@pytest.mark.parametrize("command", NAMES)
def test_every_command_is_told_about_in_fair_and_foul_weather(command: str) -> None:
    said = "".join(story.read_text("utf-8") for story in STORIES).split("\n$ ")
    endings = {
        "[exit" in told
        for told in said
        if told.partition("\n")[0].removeprefix("connectsync ").startswith(command)
    }
    # a server that runs on and a person in a window fit into no transcript
    fair = {True} if command in {"emulator", "login"} else {False, True}
    assert endings >= fair
