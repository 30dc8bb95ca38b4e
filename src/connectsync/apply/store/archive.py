"""The old name of ``state.queries``."""

from __future__ import annotations

from connectsync.apply.state.queries import StateReader as Archive

__all__ = ["Archive"]
