"""How messages spell labels: quoted, sorted, joined as in speech."""

from __future__ import annotations

from collections.abc import Iterable


def quoted(labels: Iterable[str]) -> str:
    """Spell labels as ``'A', 'B' and 'C'``, sorted."""
    return joined([repr(str(label)) for label in sorted(labels)])


def joined(words: list[str]) -> str:
    """Join words as in speech: ``a, b and c``."""
    if len(words) < 2:  # noqa: PLR2004 - one word needs no joint
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
