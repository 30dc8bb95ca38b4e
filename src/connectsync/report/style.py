"""Text styles for a terminal, and text made harmless for one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from connectsync.domain.finding import Severity
from connectsync.domain.risk import Risk


class Style(Enum):
    """What a piece of text is, not how it looks."""

    PLAIN = "plain"
    BOLD = "bold"
    DIM = "dim"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    SAFE = "safe"
    CAUTION = "caution"
    DISRUPTIVE = "disruptive"
    ADDED = "added"
    REMOVED = "removed"
    FRAME = "frame"
    NAME = "name"


_CODES: Mapping[Style, str] = {
    Style.BOLD: "1",
    Style.DIM: "2",
    Style.ERROR: "1;91",
    Style.WARNING: "1;33",
    Style.INFO: "1;94",
    Style.SAFE: "32",
    Style.CAUTION: "33",
    Style.DISRUPTIVE: "1;91",
    Style.ADDED: "32",
    Style.REMOVED: "91",
    Style.FRAME: "94",
    Style.NAME: "36",
}
"""
The 16 colours every terminal has, so that people's own palettes hold.

Red and blue are the bright ones, which are legible on black; yellow and green are not,
since bright ones vanish on white.
"""


@dataclass(frozen=True, slots=True)
class Paint:
    """Puts styles on text; without colour it gives the text as it is."""

    colour: bool

    def __call__(self, style: Style, text: str) -> str:
        """Give the text in a style. The text must be inert already."""
        code = _CODES.get(style)
        if not (self.colour and code and text):
            return text
        return f"\x1b[{code}m{text}\x1b[0m"


def style_of(word: Severity | Risk) -> Style:
    """Give the style of a severity or of a risk."""
    return Style(word.value)


# Printable to Python, yet nothing is seen of them: they can hide or join words.
_UNSEEN = frozenset(
    [
        "\u034f",
        "\u115f",
        "\u1160",
        "\u17b4",
        "\u17b5",
        "\u2800",
        "\u3164",
        "\uffa0",
        *map(chr, range(0x180B, 0x1810)),
        *map(chr, range(0xFE00, 0xFE10)),
        *map(chr, range(0xE0100, 0xE01F0)),
    ]
)


def inert(text: str) -> str:
    r"""
    Give untrusted text so that a terminal can only show it.

    Controls, escapes, line ends, bidirectional marks, blanks other than the space and
    everything invisible come out spelled: ``\x1b``, ``\n``, ``\u202e``. Each character
    is treated by itself, so ``inert(a + b) == inert(a) + inert(b)``.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_seen(character) for character in text)


_COMMAND = re.compile(
    r"^(?P<margin>(?:[ ]|\x1b\[[0-9;]*m)*):(?=:)|(?P<hash>\#)(?=\#(?:vso|teamcity)?\[)",
    re.MULTILINE,
)


def unheeded(text: str) -> str:
    r"""
    Give a whole report so that no CI takes what it quotes for a command of its own.

    Runners read what a step prints. GitHub's obeys lines that begin with ``::``, be
    they indented, and its older ``##[…]`` anywhere; Azure and TeamCity have the like.
    The first sign of such a command comes out spelled: ``\x3a``, ``\x23``.
    """
    return _COMMAND.sub(_spelled, text)


def _spelled(command: re.Match[str]) -> str:
    return r"\x23" if command["hash"] else rf"{command['margin']}\x3a"


def _seen(character: str) -> str:
    if character.isprintable() and character not in _UNSEEN:
        return character
    return ascii(character)[1:-1]
