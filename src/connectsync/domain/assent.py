"""Saying yes to a plan."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SaidYes:
    """
    Who said yes to a plan so far: ``names``, sorted.

    ``name`` is who says it now; ``new`` that nobody of this name had yet.
    """

    name: str
    names: tuple[str, ...]
    new: bool
