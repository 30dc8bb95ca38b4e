"""Run the command line as ``python -m connectsync``."""

from connectsync.cli.entry import run

if __name__ == "__main__":
    run()
