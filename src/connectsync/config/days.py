"""Days of the calendar, as files spell them."""

from __future__ import annotations

from datetime import date

_LENGTH = len("2027-06-15")


def is_day(text: object) -> bool:
    """Say whether a text is a day of the calendar, spelled year-month-day."""
    if not isinstance(text, str):
        return True
    try:
        # `fromisoformat` also takes 20270615 and 2027-W24-2
        return len(text) == _LENGTH and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
