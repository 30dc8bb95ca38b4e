"""The old name of ``state.opening``."""

from __future__ import annotations

from connectsync.apply.state.opening import FILE, LEASE_SECONDS, open_store

__all__ = ["FILE", "LEASE_SECONDS", "open_store"]
