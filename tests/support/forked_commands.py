"""Many commands in one process: each in a child of its own, which ends as it would."""

from __future__ import annotations

from pathlib import Path

RUN_EACH = f"""
import json, os, sys
sys.path.append({str(Path(__file__).parent)!r})
from connectsync.cli import app
from warm import import_everything

# a child that has nothing left to import begins at once
import_everything()

def run_each(commands):
    ended = {{}}
    for command in commands:
        child = os.fork()
        if not child:
            sys.argv = ["connectsync", *command.split()]
            try:
                app.run()
            except SystemExit as end:
                os._exit(end.code or 0)
            except BaseException:
                os._exit(99)
        ended[command] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return ended
"""
"""Code that runs commands one after the other and gives how each ended."""
