"""
Markdown pages as tests see them: console blocks, files they write, links, anchors.

A comment before a block tells the tests what readers learn from the sentence above it:

- ``<!-- run in: an empty folder -->``, ``the sample fleet`` or ``a folder with the
  eighty districts``: where a page begins
- ``<!-- file: PATH -->``: the next block is the content of that file
- ``<!-- not run: REASON -->``: the next console block cannot be run in a test
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from warm import warm_folder

ROOT = Path(__file__).resolve().parents[2]
ELISION = "…"

_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>file|not run): (?P<told>.+?) -->\n)?"
    r"^```(?P<language>[\w-]*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_VARIABLE = re.compile(r"(?:export|unset) (?P<name>\w+)(?:=(?P<value>\S+))?")
_RUN_IN = re.compile(r"^<!-- run in: (.+?) -->$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; ``mark`` and ``told`` are of the comment before it, if any."""

    language: str
    body: str
    mark: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A command as a page shows it, and the lines shown below it."""

    command: str
    shown: tuple[str, ...]


def documents() -> tuple[Path, ...]:
    """Give every Markdown page of the project, but not those of `init`'s template."""
    return (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))


def blocks(text: str) -> Iterator[Block]:
    """Give the fenced blocks of a page in order."""
    for found in _BLOCK.finditer(text):
        yield Block(
            found["language"],
            found["body"],
            found["mark"] or "",
            found["told"] or "",
        )


def steps(body: str) -> Iterator[Step]:
    """Take a console block apart; a command goes on where a line begins with ``>``."""
    command, shown = "", list[str]()
    for line in body.splitlines():
        if line.startswith("$ "):
            if command:
                yield Step(command, tuple(shown))
            command, shown = line[2:], []
        elif line.startswith("> ") and not shown:
            command = f"{command.removesuffix(chr(92)).rstrip()} {line[2:].strip()}"
        else:
            assert command, f"output before the first command: {line}"
            shown.append(line)
    yield Step(command, tuple(shown))


def place(text: str) -> str:
    """Say where a page's commands are run; pages without commands say nothing."""
    found = _RUN_IN.search(text)
    return found[1] if found else ""


def matches(shown: tuple[str, ...], printed: str) -> bool:
    """
    Hold what a page shows against what was printed.

    A line with nothing but ``…`` stands for any number of lines, a ``…`` within a
    line for any text.
    """
    lines = printed.splitlines()
    return bool(re.fullmatch(_pattern(shown), "".join(f"{line}\n" for line in lines)))


def _pattern(shown: tuple[str, ...]) -> str:
    return "".join(
        "(?:.*\n)*?" if line.strip() == ELISION else f"{_line(line)}\n"
        for line in shown
    )


def _line(line: str) -> str:
    return ".*?".join(map(re.escape, line.rstrip().split(ELISION))) + " *"


@dataclass(slots=True)
class Shell:
    """A shell at a project, as a reader's terminal would be."""

    folder: Path
    status: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, command: str) -> str:
        """Run one command; give what it printed, output and complaints together."""
        if command.startswith("cd "):
            self.folder /= command.removeprefix("cd ")
            assert self.folder.is_dir(), command
            return ""
        if found := _VARIABLE.fullmatch(command):
            # each command has a shell of its own: what one sets, the next ones get
            kept = {**self.environment, found["name"]: found["value"]}
            self.environment = {one: told for one, told in kept.items() if told}
            return ""
        done = subprocess.run(
            ["sh", "-c", f"(exit {self.status}); {command}"],
            cwd=self.folder,
            env={**os.environ, "PATH": _path(), **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=False,
        )
        self.status = done.returncode
        return done.stdout


def _path() -> str:
    scripts = str(Path(sys.executable).parent)
    return os.pathsep.join([str(warm_folder()), scripts, os.environ["PATH"]])


def lay_out(where: str, folder: Path) -> None:
    """Make a folder what a page says its commands are run in."""
    match where:
        case "an empty folder":
            return
        case "the sample fleet":
            for name in ("districts", "schema"):
                shutil.copytree(ROOT / name, folder / name)
            shutil.copy(ROOT / "connectsync.yaml", folder)
        case "a folder with the eighty districts":
            for name in ("eighty-districts.csv", "eighty-live.json"):
                shutil.copy(ROOT / "docs" / "assets" / name, folder)
        case _:
            raise AssertionError(f"no page is run in {where!r}")


def anchors(text: str) -> frozenset[str]:
    """Give every anchor of a page: of its headings, and those it sets itself."""
    prose = _BLOCK.sub("", text)
    headings = re.findall(r"^#{1,6} (.+)$", prose, re.MULTILINE)
    own = re.findall(r'<a id="([^"]+)"></a>', prose)
    return frozenset([*map(slug, headings), *own])


def slug(heading: str) -> str:
    """Give the anchor that GitHub gives a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    kept = re.sub(r"[^\w\- ]", "", plain.lower())
    return kept.strip().replace(" ", "-")


def links(text: str) -> Iterator[str]:
    """Give the targets of a page's links, outside of its blocks and code."""
    prose = re.sub(r"`[^`\n]*`", "`code`", _BLOCK.sub("", text))
    yield from re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", prose)
