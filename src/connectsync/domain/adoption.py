"""How live districts became files."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connectsync.domain.settings import Value


class Adoption(StrEnum):
    """What came of one district."""

    MADE = "made"
    CHANGED = "changed"
    LEFT = "left"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Taken:
    """A value that a file takes over: what it said, and what Connect holds."""

    setting: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Adopted:
    """
    One district as it was adopted.

    ``profile`` is what a new file builds on and ``own`` how many settings it states
    itself. ``notes`` say what of the live form no file can say; ``message`` and
    ``remedy`` say why a district is refused.
    """

    district: str
    adoption: Adoption
    file: str = ""
    profile: str = ""
    own: int = 0
    taken: tuple[Taken, ...] = ()
    notes: tuple[str, ...] = ()
    message: str = ""
    remedy: str = ""
