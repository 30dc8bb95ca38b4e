"""Texts as people see them: what cannot be seen is not there, look-alikes are one."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that are drawn as nothing."""

_ALIKE: Mapping[str, str] = {
    "\u0430": "a",
    "\u0441": "c",
    "\u0435": "e",
    "\u04bb": "h",
    "\u0456": "i",
    "\u0458": "j",
    "\u04cf": "l",
    "\u043c": "m",
    "\u043d": "h",
    "\u043e": "o",
    "\u0440": "p",
    "\u051b": "q",
    "\u0455": "s",
    "\u0442": "t",
    "\u0443": "y",
    "\u051d": "w",
    "\u0445": "x",
    "\u0432": "b",
    "\u043a": "k",
    "\u03b1": "a",
    "\u03b2": "b",
    "\u03b5": "e",
    "\u03b7": "h",
    "\u03b9": "i",
    "\u03ba": "k",
    "\u03bc": "m",
    "\u03bd": "n",
    "\u03bf": "o",
    "\u03c1": "p",
    "\u03c4": "t",
    "\u03c5": "y",
    "\u03c7": "x",
    "\u03b6": "z",
}
"""Cyrillic and Greek letters, in small, by the Latin letter they look like."""


def said(text: str) -> str:
    """
    Give what a person said, on one line; nothing if nothing of it can be seen.

    White space of every script counts as a space; zero-width and blank letters alone
    say nothing.
    """
    line = " ".join(text.split())
    return line if any(_is_seen(character) for character in line) else ""


def _is_seen(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] not in "ZCM" and character not in _BLANK


def alike(name: str) -> str:
    """Give a name as it is compared: one spelling of each letter, in small letters."""
    spelled = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(unicodedata.normalize("NFKC", spelled).split())


def looks(name: str) -> str:
    """Give what a name looks like: letters of other alphabets as Latin ones."""
    return "".join(_ALIKE.get(letter, letter) for letter in alike(name))


def foreign_letters(name: str) -> tuple[str, ...]:
    """Name the letters, as ``U+0430``, that only look like Latin ones."""
    found = [letter for letter in alike(name) if letter in _ALIKE]
    return tuple(f"U+{ord(letter):04X}" for letter in dict.fromkeys(found))
