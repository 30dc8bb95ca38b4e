"""Text that others must be able to read."""

from __future__ import annotations

LONGEST = 300
"""Characters of a message that are handed on where a line has to do."""


def decodable(text: str) -> str:
    r"""
    Spell halves of characters, as file names may hold them, as ``\udc80``.

    They cannot be encoded, and a strict reader would refuse all that stands beside.
    """
    return text.encode("utf-8", "backslashreplace").decode()


def first_line(message: str) -> str:
    """Give the first line of a message, cut if it is too long."""
    line = next(iter(message.splitlines()), "")
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
