"""Texts for a page's script: each kept once, inert, and named by its number."""

from __future__ import annotations

from collections.abc import Iterable

from connectsync.report.style import inert


class Texts:
    """
    Collects texts.

    A fleet says the same few hundred things about thousands of districts.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """Give the number of a text."""
        return self._numbers.setdefault(text, len(self._numbers))

    def numbers(self, texts: Iterable[str]) -> list[int]:
        """Give the numbers of several texts."""
        return [self.number(text) for text in texts]

    def all(self) -> list[str]:
        """Give every text, by number."""
        return [inert(text) for text in self._numbers]
