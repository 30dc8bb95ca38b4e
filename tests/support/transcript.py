"""
Transcripts: a story told at a console, one file each.

The first line names the project to copy (``# project: valley``); then each line
that begins with ``$`` is run, and what follows it is what must be said, to the
letter. Besides ``connectsync`` (with ``NAME=value`` before it and ``< FILE`` behind
it), a story may use ``cd FOLDER``, ``cat FILE``, ``rm FILE``, ``replace FILE OLD
NEW`` for an editor (a backslash and an n in NEW end a line), and ``by-hand DISTRICT
SETTING=VALUE`` for a person who presses Save on Connect.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from console import Console

from connectsync.domain.settings import BY_NAME
from connectsync.providers.form import Kind, Value

PROMPT = "$ "
HEADER = re.compile(r"# project: (?P<project>[a-z-]+)\n")


@dataclass(frozen=True)
class Transcript:
    """A story: what was there before it, and the commands in order."""

    header: str
    project: str
    commands: tuple[str, ...]


def read(text: str) -> Transcript:
    """Read a transcript; what the commands said is left out."""
    head, _, _ = text.partition(f"\n{PROMPT}")
    named = HEADER.match(text)
    assert named, "a transcript begins with `# project: NAME`"
    commands = [line for line in text.split("\n") if line.startswith(PROMPT)]
    return Transcript(head, named["project"], tuple(line[2:] for line in commands))


def played(transcript: Transcript, console: Console) -> str:
    """Run every command, and give the transcript as it is now."""
    stage = _Stage(console, console.folder)
    return f"{transcript.header}\n" + "".join(
        f"{PROMPT}{command}\n{console.plain(stage.said(command))}"
        for command in transcript.commands
    )


@dataclass
class _Stage:
    console: Console
    here: Path

    def said(self, command: str) -> str:
        given, name, *words = _words(command)
        match name, words:
            case "connectsync", _:
                return self._connectsync(words, given)
            case "cd", [folder]:
                self.here = self.console.folder / folder
                return ""
            case "cat", [file]:
                return (self.here / file).read_text("utf-8")
            case "rm", [file]:
                (self.here / file).unlink()
                return ""
            case "replace", [file, old, new]:
                self.console.replace(file, old, new.replace(r"\n", "\n"))
                return ""
            case "by-hand", [district, *settings]:
                self.console.edit(district, dict(map(_setting, settings)))
                return ""
            case _:
                raise AssertionError(f"a transcript cannot run {command!r}")

    def _connectsync(self, words: list[str], given: str) -> str:
        stdin = b""
        if "<" in words:
            stdin = (self.here / words[words.index("<") + 1]).read_bytes()
            words = words[: words.index("<")]
        environment = dict([given.split("=", 1)]) if given else {}
        done = Console(self.here).run(*words, stdin=stdin, environment=environment)
        ended = f"[exit {done.status}]\n" if done.status else ""
        return done.both + ended


def _words(command: str) -> Iterator[str]:
    words = shlex.split(command)
    if "=" not in words[0]:
        yield ""
    yield from words


def _setting(text: str) -> tuple[str, Value]:
    name, _, value = text.partition("=")
    match BY_NAME[name].kind:
        case Kind.BOX:
            return name, value == "on"
        case Kind.BOXES:
            return name, frozenset(filter(None, value.split(",")))
        case Kind.PERCENT:
            return name, int(value)
        case Kind.TEXT | Kind.CHOICE:
            return name, value
