"""A snapshot as a JSON file: read whole or not at all, written in one stroke."""

from __future__ import annotations

import json
from pathlib import Path

from connectsync.connect.snapshot_parsing import SCHEMA, parsed
from connectsync.connect.values import json_of
from connectsync.domain.settings import SETTINGS
from connectsync.domain.snapshot import Entry, Snapshot
from connectsync.errors import Unreachable
from connectsync.files.reading import read_regular
from connectsync.files.writing import write_whole

TAKE = "`connectsync --backend NAME snapshot --output FILE`"
"""The command that takes a snapshot; it reads from a backend that is none."""


def spelled(snapshot: Snapshot) -> str:
    """Give the text of a snapshot; the same snapshot is always the same text."""
    body: dict[str, object] = {
        "schema": SCHEMA,
        "taken": snapshot.taken.isoformat(),
        "source": snapshot.source,
    }
    if snapshot.unread:
        body["unread"] = [
            {"district": key, "reason": reason}
            for key, reason in sorted(snapshot.unread.items())
        ]
    if snapshot.options:
        body["options"] = {
            setting.name: list(snapshot.options[setting.name])
            for setting in SETTINGS
            if setting.name in snapshot.options
        }
    ordered = sorted(snapshot.entries, key=lambda entry: entry.live.key)
    body["districts"] = [_entry_body(entry) for entry in ordered]
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


LIMIT = 1 << 28
"""Bytes of a snapshot; that of the whole country has some thirty million."""


def write(path: Path, snapshot: Snapshot) -> None:
    """Write a snapshot in one stroke. Raises ``OSError``."""
    write_whole(path, spelled(snapshot))


def read(path: Path) -> Snapshot:
    """Read a snapshot. Raises ``Unreachable`` if it is not there or not whole."""
    try:
        return parsed(read_regular(path, LIMIT))
    except OSError as error:
        raise _refused(f"cannot be read: {error.strerror}", path) from error
    except (ValueError, RecursionError) as error:
        raise _refused(f"is not a snapshot: {error}", path) from error


def _refused(why: str, path: Path) -> Unreachable:
    return Unreachable(f"{path} {why}", remedy=f"make it again with {TAKE}")


def _entry_body(entry: Entry) -> dict[str, object]:
    form, confirmed = entry.live.form, entry.confirmed
    body: dict[str, object] = {
        "district": entry.live.key,
        "name": entry.name,
        "version": entry.live.version,
    }
    if confirmed is not None:
        body["confirmed"] = {"by": confirmed.by, "at": confirmed.at.isoformat()}
    settings = {
        setting.name: json_of(setting, form[setting.name])
        for setting in SETTINGS
        if setting.name in form
    }
    return body | {"settings": settings}
