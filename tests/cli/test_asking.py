"""Applying on the spot asks first, and only `yes` is taken for yes."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time

import pytest
from console import Console
from processes import answered
from screen import on_a_terminal
from warm import WarmPopen

LAKEVIEW = "districts/ca/lakeview-usd.yaml"


def test_yes_is_yes(valley: Console) -> None:
    status, said = answered(valley.folder, ["apply", LAKEVIEW], b"yes\n")
    assert (
        "Apply these changes to 1 district on embedded? Type `yes` to continue:" in said
    )
    assert (status, "1 change confirmed" in said) == (0, True)
    assert valley.live("lakeview-usd")["deletion_threshold"] == 15


@pytest.mark.parametrize(
    "answer", [b"no\n", b"y\n", b"YES\n", b"\n", b"\x04", b"\xff\n"]
)
def test_anything_else_is_no(valley: Console, answer: bytes) -> None:
    status, said = answered(valley.folder, ["apply", LAKEVIEW], answer)
    assert status == 3
    assert "error: you did not confirm, so nothing was applied" in said
    assert valley.live("lakeview-usd")["deletion_threshold"] == 45
    assert valley.state() == ()


def test_one_ctrl_c_ends_the_question_and_applies_nothing(valley: Console) -> None:
    ours, theirs = pty.openpty()
    with WarmPopen(
        ["apply", LAKEVIEW],
        cwd=valley.folder,
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        while "Type `yes`" not in process.stderr.readline():
            pass
        time.sleep(0.3)  # the question is out before the answer is waited for
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait(timeout=10) == 130
    os.close(ours)
    os.close(theirs)
    assert said == "interrupted\n"
    assert valley.live("lakeview-usd")["deletion_threshold"] == 45


def test_who_is_asked_has_seen_every_district_and_every_value(valley: Console) -> None:
    """Who passes ``--yes`` is not asked, and sees some of many on a screen."""
    text = (valley.folder / LAKEVIEW).read_text("utf-8")
    keys = [f"lake-{number:02}-usd" for number in range(12)]
    for number, key in enumerate(keys):
        mine = text.replace("lakeview-usd", key)
        mine = re.sub("(deletion_threshold:) .*", rf"\1 {number + 2}", mine)
        mine = re.sub("env:[A-Z_]*", f"env:TOKEN_{number}", mine)
        mine = re.sub("[0-9a-f]{24}", f"58da8a43cc70ab00017a1a{number:02x}", mine)
        (valley.folder / "districts" / "ca" / f"{key}.yaml").write_text(mine, "utf-8")
    command = [sys.executable, "-m", "connectsync", "apply"]
    asked = on_a_terminal(command, valley.folder, more={"NO_COLOR": "1", "PAGER": ""})
    for number, key in enumerate(keys):
        assert f"{key}: (empty) → {number + 2}" in asked.text
    some = on_a_terminal([*command, "--yes"], valley.folder, more={"NO_COLOR": "1"})
    assert re.search("and [0-9]+ more", some.text)


INTERRUPTED_IMPORT = """\
import sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "connectsync.cli.app":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
from connectsync.__main__ import run
run()
"""


def test_an_interrupt_while_it_starts_is_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IMPORT], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, b"")


def test_where_nobody_can_answer_nothing_is_applied(valley: Console) -> None:
    said = valley.run("apply", LAKEVIEW, stdin=b"yes\n")
    assert said.status == 3
    assert "there is no terminal to ask on" in said.err
    assert valley.live("lakeview-usd")["deletion_threshold"] == 45
    assert valley.state() == ()
