"""Numbers, lists and suggestions as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

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


def nearest(word: str, allowed: Iterable[str]) -> str | None:
    """Give the allowed word most like ``word``, never itself; None if none is near."""
    by_folded = {fold_word(choice): choice for choice in allowed if choice != word}
    close = get_close_matches(fold_word(word), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """Give the sentence ``did you mean 'X'?``, or nothing."""
    choice = nearest(word, allowed)
    return f"did you mean {choice!r}?" if choice else ""


def fold_word(word: str) -> str:
    """Forget case, spaces, dashes and underscores."""
    return "".join(character for character in word.casefold() if character.isalnum())


def spell_character(character: str) -> str:
    """Spell one character in quotes, or as ``U+0430`` if it is not printable ASCII."""
    if "!" <= character <= "~":
        return f"'{character}'"
    return "a blank" if character == " " else f"U+{ord(character):04X}"


def foreign_character(text: str) -> str:
    """Name the first character outside ASCII, and its position; empty if none."""
    for position, character in enumerate(text, start=1):
        if not character.isascii():
            return f"character {position} is {spell_character(character)}"
    return ""
