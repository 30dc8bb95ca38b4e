"""The old name of ``state.closing``."""

from __future__ import annotations

from connectsync.apply.state.closing import close

__all__ = ["close"]
