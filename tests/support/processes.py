"""Real processes of the command line, each in an environment that is told."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from warm import WarmPopen

HERMETIC = Path(__file__).resolve().parent.parent / "hermetic"
NOW = "2027-01-15T10:00:00+00:00"
PATIENCE_SECONDS = 600

WITHOUT_CERTIFICATES = {"SSL_CERT_FILE": os.devnull}
"""Loopback needs none, and loading them takes 50 ms a client."""


def environment(**more: str) -> dict[str, str]:
    """Give what a process may know: no home, no network, a day, and what is told."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "PYTHONPATH": str(HERMETIC),
        "CONNECTSYNC_NOW": NOW,
        "NO_COLOR": "1",
        "COLUMNS": "80",
        "LOGNAME": "operator",
        **WITHOUT_CERTIFICATES,
        **more,
    }


def connectsync(*arguments: str | Path) -> list[str]:
    """Give the command line that runs connectsync."""
    return [sys.executable, "-m", "connectsync", *map(str, arguments)]


@dataclass(frozen=True)
class Ended:
    """What a process left behind."""

    status: int
    out: str
    err: str

    @property
    def both(self) -> str:
        """Give all it said."""
        return f"{self.out}\n{self.err}"


@dataclass(frozen=True)
class Running:
    """A process on its way; what it says is read at its end."""

    process: subprocess.Popen[str]

    def ended(self, seconds: float = PATIENCE_SECONDS) -> Ended:
        """Wait for its end."""
        try:
            out, err = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return Ended(self.process.returncode, out, err)

    def over(self) -> None:
        """End it, whatever it is at."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def suspended(self) -> None:
        """Wait until it is suspended."""
        _, status = os.waitpid(self.process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), f"it ended instead: {self.ended().both}"

    def tell(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.process.pid, number)

    def go_on(self) -> None:
        """Let it go on."""
        self.tell(signal.SIGCONT)


@dataclass(frozen=True)
class Machine:
    """
    A machine on which commands run: a project, a folder for its state, and secrets.

    Two with the same folder are one machine: they see of each other who is alive.
    """

    project: Path
    state: Path
    secrets: Mapping[str, str] = field(default_factory=dict)

    def start(self, *arguments: str | Path) -> Running:
        """Start a command."""
        return self._started(self.spelled(*arguments))

    def start_up_to(
        self, point: str | int, *arguments: str | Path, number: str = "KILL"
    ) -> Running:
        """Start a command that gets a signal at a point. See ``crashing``."""
        points = (str(point), "--signal", number)
        return self._started(self.spelled(*arguments), points)

    def run(self, *arguments: str | Path) -> Ended:
        """Run a command to its end."""
        return self.start(*arguments).ended()

    def spelled(self, *arguments: str | Path) -> list[str]:
        """Spell a command's arguments."""
        told = ("--project", self.project, "--state-dir", self.state, *arguments)
        return list(map(str, told))

    def _started(self, words: list[str], points: tuple[str, ...] = ()) -> Running:
        process = WarmPopen(
            words,
            points=points,
            env=environment(**self.secrets),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started = Running(process)
        _STARTED.append(started)
        return started


_STARTED: list[Running] = []


def all_over() -> None:
    """End every process that a test left behind, suspended ones as well."""
    while _STARTED:
        _STARTED.pop().over()


def answered(folder: Path, arguments: Sequence[str], answer: bytes) -> tuple[int, str]:
    """Run a command at a terminal of its own and type; give its status and words."""
    ours, theirs = pty.openpty()
    with WarmPopen(
        arguments,
        cwd=folder,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        os.write(ours, answer)
        said, _ = process.communicate(timeout=30)
    os.close(ours)
    os.close(theirs)
    return process.returncode, said
