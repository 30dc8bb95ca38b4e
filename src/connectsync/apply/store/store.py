"""The old name of ``state.store``."""

from __future__ import annotations

from connectsync.apply.state.store import Store

__all__ = ["Store"]
