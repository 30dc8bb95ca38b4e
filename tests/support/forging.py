"""A forger who knows how the log of a store is chained, and chains it anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import create_engine, select, update
from sqlalchemy.engine import URL

from connectsync.apply.state import audit
from connectsync.apply.state.database import AUDIT, HEAD

Entry = dict[str, Any]
"""A row of the log; its ``detail`` is read, and may be changed."""


def forge(url: URL, change: Callable[[Entry], object]) -> None:
    """Let a function change each entry of a log, and make all hashes fit again."""
    engine = create_engine(url)
    with engine.begin() as connection:
        previous = audit.NOTHING
        for row in connection.execute(select(AUDIT).order_by(AUDIT.c.seq)).all():
            entry = row._asdict()
            with suppress(ValueError):
                entry["detail"] = json.loads(row.detail)
                change(entry)
                entry["detail"] = audit.canonical(entry["detail"])
            previous = entry["hash"] = audit.chained(previous, entry)
            connection.execute(
                update(AUDIT).where(AUDIT.c.seq == row.seq).values(**entry)
            )
        connection.execute(update(HEAD).values(hash=previous))
    engine.dispose()
