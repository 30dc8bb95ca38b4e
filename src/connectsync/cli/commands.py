"""Every command: its module, its line in the help, and how one is suggested."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping

from connectsync.report.terminal import inert
from connectsync.values import dataclass, fields

COMMANDS: Mapping[str, str] = {
    "init": "init",
    "new": "init",
    "validate": "validate",
    "explain": "explain",
    "rules": "explain",
    "list": "list_",
    "show": "list_",
    "compare": "list_",
    "set": "set_",
    "unset": "set_",
    "fmt": "init",
    "roster": "roster",
    "import": "import_",
    "export": "import_",
    "snapshot": "snapshot",
    "plan": "plan",
    "approve": "approve",
    "apply": "apply",
    "resume": "resume",
    "rollback": "rollback",
    "runs": "runs",
    "history": "runs",
    "drift": "drift",
    "status": "status",
    "audit": "audit",
    "report": "report",
    "reconcile": "reconcile",
    "notify": "notify",
    "calendar": "calendar",
    "impact": "impact",
    "login": "login",
    "doctor": "doctor",
    "emulator": "emulator",
    "demo": "demo",
    "schema": "explain",
}
"""Every command in order, and the module that has its function."""

WITHIN: Mapping[str, tuple[str, ...]] = {
    "runs": ("show", "diff", "verify", "close"),
    "roster": ("check",),
}
"""Commands that stand behind another one, in the same module."""

PANELS: Mapping[str, Mapping[str, str]] = {
    "Start": {
        "init": "Create a new project.",
        "new": "Create a file for a new district (sync off).",
        "import": "Write the settings on Connect, or a sheet, to district files.",
        "export": "Write districts to a spreadsheet, to change them there.",
    },
    "Check files": {
        "validate": "Check district files against the schema and every rule.",
        "explain": "Explain a rule or a key, with examples.",
        "rules": "List every rule.",
        "list": "List districts by their values; ask with an expression.",
        "show": "Show districts' values with file and line, or a saved plan.",
        "compare": "Show two districts side by side, or files and Connect.",
        "set": "Set values in many files at once, after a look at the change.",
        "unset": "Take a value out of many files at once.",
        "fmt": "Put keys in schema order; comments are kept.",
        "schema": "Print a schema, for editors and other tools.",
        "roster": "Check roster files before they are sent.",
    },
    "Plan and apply": {
        "snapshot": "Write live settings to a file to plan from.",
        "plan": "Compare the files with Connect; reads only.",
        "approve": "Approve a plan file.",
        "apply": "Apply a plan to Connect and verify the result.",
        "resume": "Continue an interrupted or failed run.",
        "rollback": "Undo a run.",
        "reconcile": "Apply safe changes unattended; list the rest.",
    },
    "Inspect": {
        "runs": "List, show, compare or close runs; verify the audit log.",
        "history": "Show when each setting of a district changed, and who did it.",
        "drift": "Show what changed since the last apply, and where.",
        "status": "Show whether last night's sync worked.",
        "audit": "Check what is live against every rule, also where no file is.",
        "notify": "Tell people what waits, what ends soon and what is still open.",
        "calendar": "Show everything with a date; write it for other calendars.",
        "report": "Write the whole fleet as one page, or a pack to print.",
        "impact": "Count whom a change reaches on the district's roster.",
        "doctor": "Check project, state and backend for problems.",
    },
    "Connect": {
        "login": "Sign in to Connect's page, for the browser backend.",
        "emulator": "Serve a stand-in for Connect to try things out.",
        "demo": "Plan and apply one district on a stand-in.",
    },
}
"""Every command once more, in a line each: what the help of connectsync shows."""


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
