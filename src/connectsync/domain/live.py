"""What Connect holds: a district's whole form at one version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connectsync.domain.settings import Form


@dataclass(frozen=True, slots=True)
class Listed:
    """A district as Connect lists it."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Live:
    """
    A district's form as it was read.

    ``version`` is opaque; equal versions mean that nobody saved in between. The
    token is never part of ``form``.
    """

    key: str
    version: str
    form: Form
    read_at: datetime
