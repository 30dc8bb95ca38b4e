"""Text that the other side wrote, made fit to be shown among ours."""

from __future__ import annotations

_LONGEST = 300


def one_line(text: str) -> str:
    """Make foreign text one short line, so that it cannot pose as ours."""
    line = "".join(mark if mark.isprintable() else " " for mark in text)
    return f"{line[:_LONGEST]}…" if len(line) > _LONGEST else line
