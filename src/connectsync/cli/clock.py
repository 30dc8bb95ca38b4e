"""What time it is: told by the environment, or by the machine's clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from connectsync.errors import UsageError

TOLD = "CONNECTSYNC_NOW"


def utc_now() -> datetime:
    """Give the time by the clock of the machine."""
    return datetime.now(UTC)


def now(environment: Mapping[str, str]) -> datetime:
    """Give the time, from CONNECTSYNC_NOW if set. Raises ``UsageError``."""
    told = environment.get(TOLD)
    if not told:
        return utc_now()
    try:
        at = datetime.fromisoformat(told)
    except ValueError as error:
        raise UsageError(f"{TOLD} is not a time: {told!r}") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def now_at_least(environment: Mapping[str, str]) -> datetime:
    """Give the time, from the machine where what is told is no time."""
    try:
        return now(environment)
    except UsageError:
        return utc_now()
