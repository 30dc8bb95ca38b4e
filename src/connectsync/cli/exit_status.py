"""Exit statuses: a contract with every script that calls us."""

from __future__ import annotations

from enum import IntEnum

from connectsync.errors import (
    Bug,
    ConnectError,
    ConnectsyncError,
    DistrictNotFound,
    InvalidFiles,
    PlanError,
    Refused,
    UsageError,
)


class ExitStatus(IntEnum):
    """What the process says when it ends."""

    FINE = 0
    FINDINGS = 1
    PENDING = 2
    REFUSED = 3
    STALE = 4
    UNREACHABLE = 5
    USAGE = 64
    BUG = 70
    UNWRITTEN = 74
    INTERRUPTED = 130


_BY_ERROR: tuple[tuple[type[ConnectsyncError], ExitStatus], ...] = (
    (Bug, ExitStatus.BUG),
    (UsageError, ExitStatus.USAGE),
    (InvalidFiles, ExitStatus.FINDINGS),
    (PlanError, ExitStatus.STALE),
    (Refused, ExitStatus.REFUSED),
    (DistrictNotFound, ExitStatus.FINDINGS),
    (ConnectError, ExitStatus.UNREACHABLE),
)


def status_of(error: ConnectsyncError) -> ExitStatus:
    """Give the exit status of an error; what is not listed is a finding."""
    for kind, status in _BY_ERROR:
        if isinstance(error, kind):
            return status
    return ExitStatus.FINDINGS
