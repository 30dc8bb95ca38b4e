"""Every command: the module that has its function, and its line in the help."""

from __future__ import annotations

from collections.abc import Mapping

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
