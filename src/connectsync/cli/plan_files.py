"""Reading the plan file that the command line names."""

from __future__ import annotations

from pathlib import Path

from connectsync.domain.plan import Plan
from connectsync.domain.plan_file import read_plan
from connectsync.errors import UsageError


def plan_in(path: Path) -> Plan:
    """
    Read a plan file.

    Raises ``UsageError`` if it cannot be read, and ``DamagedPlan`` if it is no plan.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(
            f"cannot read the plan {path}: {error.strerror}",
            remedy="make one with `connectsync plan --out plan.json`",
        ) from error
    return read_plan(text)
