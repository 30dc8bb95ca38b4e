"""The process's own front door: an interrupt ends it quietly from the first moment."""

from __future__ import annotations

import sys

INTERRUPTED = 130


def run() -> None:
    """Run the command line of this process and exit."""
    try:
        # most of a start is imports, and people press Ctrl-C then, too
        from connectsync.cli.app import run as run_main

        run_main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    run()
