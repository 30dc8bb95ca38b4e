"""Calendar files as other programs write them."""

from __future__ import annotations


def calendar_of(*events: str) -> bytes:
    """Give a calendar of events, each the lines between BEGIN and END."""
    told = "".join(
        f"BEGIN:VEVENT\nUID:{number}\n{event}\nEND:VEVENT\n"
        for number, event in enumerate(events)
    )
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//school//EN\n{told}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def day(number: int) -> str:
    """Spell a whole day of January 2027 as an event begins on it."""
    return f"DTSTART;VALUE=DATE:202701{number:02d}"
