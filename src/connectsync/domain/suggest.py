"""Did you mean: the nearest allowed word to one that is not."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, allowed: Iterable[str]) -> str | None:
    """Give the allowed word most like ``word``, never itself; None if none is near."""
    by_folded = {folded(choice): choice for choice in allowed if choice != word}
    close = get_close_matches(folded(word), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """Give the sentence ``did you mean 'X'?``, or nothing."""
    choice = nearest(word, allowed)
    return f"did you mean {choice!r}?" if choice else ""


def folded(word: str) -> str:
    """Forget case, spaces, dashes and underscores."""
    return "".join(character for character in word.casefold() if character.isalnum())
