"""Every command that a page shows is run, and what it prints is what the page shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from documents import ROOT, Shell, blocks, documents, lay_out, matches, place, steps

MAKEFILE = ROOT / "Makefile"

NOT_RUN = {
    (
        "README.md",
        "make run",
    ): "the recipe of the Makefile is run instead, line by line",
    ("README.md", "python3 -m venv .venv"): "needs a package index",
    ("docs/tutorial.md", "python3 -m venv .venv"): "needs a package index",
    ("docs/how-to/install.md", "uv build --wheel connectsync"): "needs a package index",
    ("docs/how-to/install.md", "make single-file"): "needs a package index",
    (
        "docs/how-to/install.md",
        "uv tool install './connectsync-0.1.0-py3-none-any.whl[query]'",
    ): "needs a package index",
    (
        "docs/how-to/install.md",
        "uvx --from ./connectsync-0.1.0-py3-none-any.whl connectsync init trial",
    ): "needs a package index",
    (
        "docs/how-to/install.md",
        (
            "uvx pex './connectsync-0.1.0-py3-none-any.whl[query,sheets]'"
            " -c connectsync --venv prepend -o connectsync.pex"
        ),
    ): "needs a package index",
    ("CONTRIBUTING.md", "make run"): (
        "each sets up an environment from a package index"
    ),
    ("docs/how-to/validate-in-pre-commit.md", "pre-commit install"): (
        "needs a repository with this file"
    ),
    ("docs/how-to/tell-people-what-needs-them.md", "connectsync notify --test"): (
        "needs a webhook and a mail server"
    ),
    ("docs/how-to/answer-drift.md", "connectsync drift"): (
        "needs a person who changes Connect by hand"
    ),
    ("docs/how-to/answer-drift.md", "connectsync emulator"): (
        "needs a person who changes Connect by hand"
    ),
    (
        "docs/how-to/answer-drift.md",
        "connectsync drift --adopt --branch adopt-july",
    ): "needs a person who changes Connect by hand",
    ("docs/how-to/answer-drift.md", "connectsync drift --adopt"): (
        "needs a person who changes Connect by hand"
    ),
    (
        "docs/reference/clever.md",
        "export CONNECTSYNC_CLEVER_HOST=127.0.0.1:8765",
    ): "needs the emulator in another terminal",
    (
        "docs/how-to/run-many-workers.md",
        "docker build -f deploy/Dockerfile -t registry.example.org/connectsync:0.1.0 .",
    ): "needs a container engine and a cluster",
    ("docs/how-to/use-the-browser.md", "connectsync demo --browser"): (
        "opens a real browser, which takes a while"
    ),
    (
        "docs/how-to/recover-a-failed-run.md",
        "connectsync runs close 1 --reason 'planned again after the self-check'",
    ): "nothing is left of the run above",
    ("docs/how-to/pull-requests-on-github.md", "git switch main && git pull"): (
        "needs a gateway and a database"
    ),
    ("docs/how-to/use-the-browser.md", "connectsync doctor"): (
        "opens a real browser, which takes a while"
    ),
    ("docs/how-to/use-the-browser.md", "connectsync login"): (
        "waits for a person in a window"
    ),
}
"""Blocks that are not run, by page and first command, and why."""

GIT = {
    f"GIT_{who}_{what}": text
    for who in ("AUTHOR", "COMMITTER")
    for what, text in (("NAME", "A reader"), ("EMAIL", "reader@example.org"))
}


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


PAGES = [page for page in documents() if "```console" in page.read_text("utf-8")]

FIXED = re.compile(r"^\$ export CONNECTSYNC_NOW=\S+$", re.MULTILINE)


def on_days() -> Iterator[tuple[Path, int]]:
    """
    Give every page with the days from today on which it is followed.

    One that sets the day itself, before anything else, is the same on all of them.
    """
    for page in PAGES:
        text = page.read_text("utf-8")
        first = next(one for one in blocks(text) if one.language == "console")
        yield page, 0
        if not FIXED.match(first.body):
            yield page, 366


ON_DAYS = list(on_days())


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("page", "days"),
    [
        pytest.param(
            page,
            days,
            # of all pages some are followed on a later day each time
            marks=pytest.mark.every_case if days and PAGES.index(page) % 6 else (),
            id=f"{named(page)}-in {days} days",
        )
        for page, days in ON_DAYS
    ],
)
def test_a_page_prints_what_it_shows_on_any_day(
    page: Path, days: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONNECTSYNC_NOW")
    if days:
        later = datetime.now(UTC) + timedelta(days=days)
        monkeypatch.setenv("CONNECTSYNC_NOW", later.isoformat())
    text = page.read_text("utf-8")
    ran = Shell(tmp_path, environment=GIT)
    if place(text):
        lay_out(place(text), tmp_path)
    for block in blocks(text):
        if block.mark == "file":
            target = ran.folder / block.told
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.body, encoding="utf-8")
        elif block.language == "console" and block.mark != "not run":
            assert place(text), f"{named(page)} does not say where its commands are run"
            _run(block.body, ran)


def _run(body: str, shell: Shell) -> None:
    shown = list(steps(body))
    for step, following in zip(shown, [*shown[1:], None], strict=True):
        printed = shell.run(step.command)
        assert matches(step.shown, printed), f"$ {step.command}\n{printed}"
        asked = following is not None and following.command == "echo $?"
        assert shell.status == 0 or asked, f"{step.command} fails, and nobody says so"


def test_what_is_not_run_is_listed_with_its_reason() -> None:
    found = {
        (named(page), next(steps(block.body)).command): block.told
        for page in documents()
        for block in blocks(page.read_text("utf-8"))
        if block.mark == "not run"
    }
    assert found == NOT_RUN


def test_commands_stand_in_console_blocks_alone() -> None:
    for page in documents():
        languages = {block.language for block in blocks(page.read_text("utf-8"))}
        assert languages <= {"console", "yaml", "text", "powershell"}, named(page)


def test_make_run_prints_what_the_readme_shows(tmp_path: Path) -> None:
    lay_out("the sample fleet", tmp_path)
    shell = Shell(tmp_path, environment=_exported())
    printed, commands = "", list[str]()
    for line in _recipe("run"):
        said = "" if line.startswith("@") else f"{line}\n"
        command = line.removeprefix("@").replace(_variables()["BIN"] + "/", "")
        printed += said + shell.run(command)
        assert shell.status == 0, f"{command}\n{printed}"
        commands += [command] if command.startswith("connectsync") else []
    assert [command.split()[3] for command in commands] == [
        "validate",
        "plan",
        "impact",
        "apply",
        "plan",
        "drift",
        "runs",
    ]
    assert commands[4].endswith("plan --detailed-exitcode"), "0 says: nothing to do"
    readme = (ROOT / "README.md").read_text("utf-8")
    shown = next(
        step
        for block in blocks(readme)
        if block.mark == "not run"
        for step in steps(block.body)
        if step.command == "make run"
    )
    assert matches(shown.shown, printed), printed


def _recipe(target: str) -> Iterator[str]:
    """Give the lines of a recipe as make would, `@` kept."""
    found = re.search(
        rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE.read_text("utf-8"), re.MULTILINE
    )
    assert found is not None
    for line in found[1].replace("\\\n", "").splitlines():
        yield _expanded(line.strip())


def _expanded(text: str) -> str:
    variables = _variables()
    while re.search(r"\$\(\w+\)", text):
        text = re.sub(r"\$\((\w+)\)", lambda name: variables[name[1]], text)
    return text


def _variables() -> dict[str, str]:
    found = re.findall(
        r"^(\w+) [:?]?= (.+)$", MAKEFILE.read_text("utf-8"), re.MULTILINE
    )
    variables = dict(found)
    for name, value in variables.items():
        variables[name] = re.sub(
            r"\$\((\w+)\)", lambda one: variables.get(one[1], ""), value
        )
    return variables


def _exported() -> dict[str, str]:
    """Give what the Makefile puts into the environment of the recipe."""
    return dict(
        re.findall(
            r"^run: export (\w+) [:?]?= (.+)$",
            MAKEFILE.read_text("utf-8"),
            re.MULTILINE,
        )
    )
