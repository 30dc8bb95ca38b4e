"""The old name of ``deps``."""

from __future__ import annotations

from connectsync.apply.deps import Observe, Rest, ignored, never
from connectsync.apply.deps import RunDeps as Means

__all__ = ["Means", "Observe", "Rest", "ignored", "never"]
