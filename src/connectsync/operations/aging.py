"""How old the live settings are that a snapshot holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from connectsync.connect.seam import Reader
from connectsync.domain.checkup import Check, ok, warn
from connectsync.domain.counting import many


async def examine_age(reader: Reader, now: datetime, oldest: timedelta) -> list[Check]:
    """
    Say when the forms were read, and whether a plan may still rest on them.

    Says nothing where there is no form. Raises ``ConnectError``.
    """
    listed = await reader.list_districts()
    taken = [(await reader.read(one.key)).read_at for one in listed[:1]]
    return [check for read_at in taken for check in _judged(read_at, now, oldest)]


def _judged(read_at: datetime, now: datetime, oldest: timedelta) -> Iterator[Check]:
    age = max(now - read_at, timedelta())
    said = f"taken {read_at:%Y-%m-%d %H:%M %Z}, {_spelled(age)} ago"
    if age <= oldest:
        yield ok("age", said)
    else:
        hours = f"{oldest.total_seconds() / 3600:g} hours"
        yield warn(
            "age",
            f"{said}: older than {hours}, so `apply` refuses what is planned on it",
            "take another one with `connectsync --backend NAME snapshot --output FILE`",
        )


def _spelled(age: timedelta) -> str:
    """Spell a span of time in its largest unit."""
    hours = int(age.total_seconds() // 3600)
    for count, noun in ((age.days, "day"), (hours, "hour")):
        if count:
            return many(count, noun)
    return "less than an hour"
