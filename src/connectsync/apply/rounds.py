"""The old name of ``rollout``."""

from __future__ import annotations

from connectsync.apply.rollout import Pace
from connectsync.apply.rollout import WaveRunner as Rounds

__all__ = ["Pace", "Rounds"]
