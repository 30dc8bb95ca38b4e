"""The process's own front door: an interrupt ends it quietly from the first moment."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence

INTERRUPTED = 130
ASKED_BY_A_SHELL = "_CONNECTSYNC_COMPLETE"
"""The variable by which a shell asks for words at the tab key."""


def is_plain_check(arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Say whether `validate` is called with paths alone, as commit hooks do."""
    command, *rest = arguments or [""]
    asks = command == "validate" and ASKED_BY_A_SHELL not in environment
    return asks and not any(one.startswith("-") for one in rest)


def run() -> None:
    """Run the command line of this process and exit."""
    # nearly all that is made stays to the end: looking often for what could go is a
    # quarter of the time over many districts, and a start makes 75,000 things
    gc.set_threshold(200_000, 20, 50)
    try:
        # most of a start is imports, and people press Ctrl-C then, too
        if is_plain_check(sys.argv[1:], os.environ):
            from connectsync.cli.file_check import check_plainly

            sys.exit(check_plainly(sys.argv[2:]))
        from connectsync.cli.app import run as run_main

        run_main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        # nothing is looked for once more when the process is about to end anyway
        gc.freeze()


if __name__ == "__main__":
    run()
