"""How people are told numbers: with a noun, and of many things the first few."""

from __future__ import annotations

from collections.abc import Sequence

SHOWN = 5
"""How many things are named."""


def few(things: Sequence[str], *, joint: str = ", ") -> str:
    """Name the first things, and count the rest."""
    shown = joint.join(things[:SHOWN])
    rest = len(things) - SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown


def many(count: int, noun: str, nouns: str = "") -> str:
    """
    Spell a number with its noun: ``1 district``, ``1,200 districts``.

    ``nouns`` is its plural, where that is not the noun with an *s*.
    """
    return f"{count:,} {noun if count == 1 else nouns or f'{noun}s'}"
