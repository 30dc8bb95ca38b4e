"""The old name of ``state.database``."""

from __future__ import annotations

from connectsync.apply.state.database import Address, at_url, in_file, opened

__all__ = ["Address", "at_url", "in_file", "opened"]
