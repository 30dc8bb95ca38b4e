"""Run the command line as ``python -m connectsync``."""

from connectsync.cli.main import run

if __name__ == "__main__":
    run()
