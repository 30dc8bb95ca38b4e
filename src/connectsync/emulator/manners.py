"""How the page behaves where nobody publishes how it does, each with a choice."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class SavedToken(Enum):
    """What the page shows of a token that is saved."""

    NOTED = "noted"
    """An empty field, and a note that a token is saved."""
    SILENT = "silent"
    """An empty field, as if there were none."""
    MASKED = "masked"
    """A field of dots, which are sent back where nobody types over them."""


class SavedMeanwhile(Enum):
    """What becomes of a save whose form somebody else saved meanwhile."""

    LAST_WINS = "last-wins"
    """It is made, as on most pages: what the other one changed is lost."""
    REFUSED = "refused"
    """It is refused, and what was typed is kept on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """
    Choices where the real page's behaviour is unknown.

    ``session_seconds`` is how long a session lasts from its sign-in.
    """

    session_seconds: float = 3600.0
    saved_token: SavedToken = SavedToken.NOTED
    saved_meanwhile: SavedMeanwhile = SavedMeanwhile.LAST_WINS
