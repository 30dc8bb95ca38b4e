"""Suggested commands, spelled so that they work where the user stands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from connectsync.report.terminal import inert
from connectsync.values import dataclass, fields

_IN_TEXT = re.compile(r"(?<=`)connectsync [^`]+(?=`)")
_IN_HTML = re.compile(r"(?<=<code>)connectsync [^<]+(?=</code>)")
_COMMAND = re.compile(r"connectsync(?: --?[a-z-]+(?:[= ][A-Z]+)?)* (?P<name>[a-z]+)")

_ANYWHERE = frozenset(["demo", "explain", "init", "rules", "schema"])
"""Commands that look at no project: they are the same wherever they are called."""


@dataclass(slots=True)
class CommandPlace:
    """
    Where the user stands: how connectsync was called there.

    A sentence names a command as it is spelled in the project's folder, between
    backticks, and knows nothing of options. On its way to the user the command gets
    those that it was called with, so that it means the same project, state and backend
    when it is pasted. ``plan`` is the plan file that a PLAN in it stands for.
    """

    project: str = ""
    state_dir: str = ""
    backend: str = ""
    headed: bool = False
    slow_ms: int = 0
    plan: str = ""

    def take(self, other: CommandPlace) -> None:
        """Become the same as another place."""
        for one in fields(self):
            setattr(self, one.name, getattr(other, one.name))

    def complete(self, text: str) -> str:
        """Complete every suggested command in a text."""
        if "`connectsync " not in text:
            return text
        return _IN_TEXT.sub(lambda found: self._completed(found[0]), text)

    def complete_html(self, page: str) -> str:
        """Complete every suggested command in a page."""
        import html

        return _IN_HTML.sub(
            lambda found: html.escape(
                self._completed(html.unescape(found[0])), quote=False
            ),
            page,
        )

    def _completed(self, command: str) -> str:
        found = _COMMAND.match(command)
        if found is None or "--help" in command or found["name"] in _ANYWHERE:
            return command
        rest = command.removeprefix("connectsync")
        if self.plan:
            rest = re.sub(r" PLAN\b", lambda _: f" {quote_word(self.plan)}", rest)
        return f"connectsync{''.join(self._options(rest))}{rest}"

    def _options(self, rest: str) -> Iterator[str]:
        given = {
            "--project": self.project,
            "--state-dir": self.state_dir,
            "--backend": self.backend,
            "--slow": str(self.slow_ms) if self.slow_ms else "",
        }
        for name, value in given.items():
            short = " -C " if name == "--project" else f" {name} "
            if value and f" {name}" not in rest and short not in rest:
                yield f"{short}{quote_word(value)}"
        if self.headed and " --headed" not in rest:
            yield " --headed"


def quote_word(word: str) -> str:
    """Quote a word for a shell; what a terminal cannot show is spelled, as in bash."""
    if (shown := inert(word)) != word:
        escaped = inert(word.replace("\\", "\\\\")).replace("'", "\\'")
        return f"$'{escaped}'"
    return shlex.quote(shown)
