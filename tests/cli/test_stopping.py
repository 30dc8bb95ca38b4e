"""
Ctrl-C on a real terminal, which every process of ours gets that is not set apart.

The run is held right after its first save was written down; then the signal comes.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from browser_world import sampled, session_of
from console import Console
from screen import Seen, up_to_points
from served_app import listening_at

from connectsync.emulator.app import create_app
from connectsync.emulator.seed import enrol

TOKEN = "the-token-of-the-gateway-42"  # noqa: S105 - of a stand-in
FIRST_SAVE = "1:after save intended"
FIRST_SAVED = "1:before save seen"
KEYS = [f"d{number:02}" for number in range(16)]
"""More districts than any backend has in hand at a time, taken ahead or in progress."""

PROJECT = """\
schema: 1
backends:
  gateway: {{url: "{address}", token: env:GATEWAY_TOKEN}}
  browser: {{url: "{address}", contexts: 1}}
guards: {{max_percent: 100, max_districts: 100}}
"""

DISTRICT = """\
schema: 1
district: {key}
name: District {key}
provider: clever
credentials:
  district_id: 58da8a43cc70ab00017a{number:04x}
  oauth_token: env:TOKEN_{number}
facts: {{setup_step: 5, guardians_from: clever}}
settings: {{student_id: STUDENT NUMBER, deletion_threshold: {number}}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Console]:
    console = Console(tmp_path)
    console.connect.parent.mkdir()
    enrol(console.connect, [(key, f"District {key}") for key in KEYS])
    session_of(console.connect, console.connect.parent / "session.json")
    districts = tmp_path / "districts"
    districts.mkdir()
    for number, key in enumerate(KEYS):
        text = DISTRICT.format(key=key, number=number)
        districts.joinpath(f"{key}.yaml").write_text(text, "utf-8")
    with listening_at(create_app(console.connect, token=TOKEN)) as address:
        text = PROJECT.format(address=address)
        tmp_path.joinpath("connectsync.yaml").write_text(text, "utf-8")
        yield console


@dataclass
class Hold:
    """Sends signals, one each time that the run is held, and lets it go on."""

    signals: list[bytes | signal.Signals]
    held: int = field(default=0, init=False)

    def __call__(self, text: str, typed: object, number: int) -> None:
        """See whether the run is held."""
        if text.count("struck at") <= self.held:
            return
        _, status = os.waitpid(number, os.WUNTRACED)
        assert os.WIFSTOPPED(status), text
        sent = self.signals[self.held]
        self.held += 1
        if isinstance(sent, bytes):
            assert callable(typed)
            typed(sent)
        else:
            os.kill(number, sent)
        os.kill(number, signal.SIGCONT)


CTRL_C = b"\x03"


def apply(
    project: Console,
    backend: str,
    hold: Hold,
    *more: str,
    points: str = FIRST_SAVED,
) -> Seen:
    """Apply on a terminal, held at the points."""
    words = ("--backend", backend, "apply", "--yes", *more)
    seen = up_to_points(
        (points, "--signal", "STOP"),
        words,
        project.folder,
        more={"GATEWAY_TOKEN": TOKEN, "NO_COLOR": "1"},
        watch=hold,
    )
    assert hold.held == len(hold.signals), seen.text
    return seen


def insist_finished(project: Console, backend: str, seen: Seen, *more: str) -> None:
    """See that what was in progress is done, and the rest can be resumed."""
    assert seen.status == 130, seen.text
    assert "stopping after the district in progress" in seen.text
    assert "failed" not in seen.text
    assert "not reached" in seen.text
    done = [key for key in KEYS if project.live(key)["deletion_threshold"] is not None]
    assert 1 <= len(done) < len(chosen(more))
    resumed = project.run(
        *("--backend", backend, "resume"), environment={"GATEWAY_TOKEN": TOKEN}
    )
    assert resumed.status == 0, resumed.both
    for number, key in enumerate(chosen(more)):
        assert project.live(key)["deletion_threshold"] == number


def chosen(more: tuple[str, ...]) -> list[str]:
    return [Path(one).stem for one in more] or KEYS


FEW = ("districts/d00.yaml", "districts/d01.yaml", "districts/d02.yaml")
"""Fewer for the browser, which takes its time, and has one in progress at a time."""


@pytest.mark.timeout(600)
# that no signal of a terminal reaches a browser is tested in every run, beside it
@pytest.mark.parametrize(
    "backend", sampled(["embedded", "gateway", "browser"], "browser")
)
def test_ctrl_c_at_a_terminal_finishes_the_district_in_progress(
    project: Console, backend: str
) -> None:
    paths = FEW[:2] if backend == "browser" else ()
    seen = apply(project, backend, Hold([CTRL_C]), *paths)
    insist_finished(project, backend, seen, *paths)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_end_of_a_job_or_a_terminal_finishes_the_district_in_progress(
    project: Console, number: signal.Signals
) -> None:
    seen = apply(project, "embedded", Hold([number]))
    insist_finished(project, "embedded", seen)


def test_a_second_ctrl_c_stops_at_once_and_resume_settles_the_rest(
    project: Console,
) -> None:
    seen = apply(
        project,
        "embedded",
        Hold([CTRL_C, CTRL_C]),
        points=f"{FIRST_SAVE},{FIRST_SAVED}",
    )
    assert seen.status == 130, seen.text
    assert "stopped at once" in seen.text
    resumed = project.run("--backend", "embedded", "resume")
    assert resumed.status == 0, resumed.both
    for number, key in enumerate(KEYS):
        assert project.live(key)["deletion_threshold"] == number


def test_ctrl_c_finishes_what_a_person_confirmed_on_a_snapshot(
    project: Console,
) -> None:
    assert project.run("snapshot", "-o", "live.json").status == 0
    backend = "snapshot:live.json"
    listed = project.run("--backend", backend, "apply", *FEW, "--click-list", "clicks")
    assert "3 waiting" in listed.out, listed.both
    confirmed = [f"--confirmed={key}" for key in chosen(FEW)]
    words = ("--backend", backend, "apply", "clicks/plan.json", *confirmed)
    hold = Hold([CTRL_C])
    seen = up_to_points(
        (FIRST_SAVE, "--signal", "STOP"),
        words,
        project.folder,
        more={"NO_COLOR": "1"},
        watch=hold,
    )
    assert hold.held == 1
    assert seen.status == 130, seen.text
    assert "1 done, 2 not reached" in seen.text
    again = project.run(*words)
    assert again.status == 0, again.both
    assert "3 done" in again.out


def test_ctrl_c_at_the_question_of_a_click_list_confirms_nothing(
    project: Console,
) -> None:
    assert project.run("snapshot", "-o", "live.json").status == 0
    asked: list[str] = []

    def interrupt(text: str, typed: object, number: int) -> None:
        del number
        if "done? yes/no/skip" in text and not asked:
            asked.append(text)
            assert callable(typed)
            typed(CTRL_C)

    words = ("--backend", "snapshot:live.json", "apply", *FEW)
    seen = up_to_points(
        ("0",),
        words,
        project.folder,
        more={"NO_COLOR": "1"},
        watch=interrupt,
    )
    assert seen.status == 130, seen.text
    assert "confirmed" not in project.folder.joinpath("live.json").read_text("utf-8")
