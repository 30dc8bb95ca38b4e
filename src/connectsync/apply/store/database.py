"""The old name of ``state.database``."""

from __future__ import annotations

from connectsync.apply.state.database import Address, in_file, opened
from connectsync.apply.state.postgres_address import at_url

__all__ = ["Address", "at_url", "in_file", "opened"]
