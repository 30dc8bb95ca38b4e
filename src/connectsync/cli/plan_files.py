"""Reading the plan file that the command line names."""

from __future__ import annotations

from pathlib import Path

from connectsync.cli.suggested import quoted
from connectsync.cli.terminal import SOURCES
from connectsync.config.ground import Ground
from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import read_plan
from connectsync.errors import DamagedPlan, UsageError
from connectsync.files.reading import read_regular, text_of_json

LIMIT = 1 << 28
"""Bytes of a plan; that of the whole country has some fifty million."""


def plan_in(path: Path) -> Plan:
    """
    Read a plan file.

    Raises ``UsageError`` if it cannot be read, and ``DamagedPlan`` if it is no plan.
    """
    try:
        if (end := Ground.of(path.parent).way_out(path)) is not None:
            raise UsageError(
                f"the plan {path} is a link that leads out of the project, to {end}",
                remedy="name the file itself",
            )
        return read_plan(text_of_json(read_regular(path, LIMIT)))
    except OSError as error:
        raise UsageError(
            f"cannot read the plan {path}: {error.strerror}",
            remedy=f"make one with `connectsync plan --out {_free(path)}`",
        ) from error
    except ValueError as error:
        raise DamagedPlan(f"the plan is not JSON: {error}") from error


def _free(path: Path) -> str:
    """Give the name that was asked for, if a plan can be written there."""
    free = not path.exists() and path.suffix not in SOURCES
    return quoted(str(path)) if free else "plan.json"
