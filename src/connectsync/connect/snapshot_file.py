"""
A snapshot: live forms in a JSON file, schema/snapshot.schema.json.

Reading is strict: a snapshot that is not whole is refused, since what it leaves out
would be taken for empty.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from connectsync.connect.values import Unfit, described, json_of, text_of, value_of
from connectsync.domain.live import Live
from connectsync.domain.settings import SETTINGS, Setting, Value
from connectsync.errors import Unreachable

SCHEMA = 1

_TOP = ("schema", "taken", "source", "districts")
_ENTRY = ("district", "name", "version", "settings")
_SETTINGS = tuple(setting.name for setting in SETTINGS)


@dataclass(frozen=True, slots=True)
class Entry:
    """A district of a snapshot: its name on Connect and its form."""

    name: str
    live: Live


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    Live forms as they were at one time, sorted by key.

    ``taken`` has a time zone; ``source`` names the backend they were read from.
    """

    taken: datetime
    source: str
    entries: tuple[Entry, ...]


def spelled(snapshot: Snapshot) -> str:
    """Give the text of a snapshot; the same snapshot is always the same text."""
    ordered = sorted(snapshot.entries, key=lambda entry: entry.live.key)
    body = {
        "schema": SCHEMA,
        "taken": snapshot.taken.isoformat(),
        "source": snapshot.source,
        "districts": [_entry_body(entry) for entry in ordered],
    }
    return json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write(path: Path, snapshot: Snapshot) -> None:
    """Write a snapshot in one stroke: a reader sees the old file or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    beside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(spelled(snapshot))
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def read(path: Path) -> Snapshot:
    """Read a snapshot. Raises ``Unreachable`` if it is not there or not whole."""
    try:
        return parsed(path.read_bytes())
    except OSError as error:
        raise _refused(f"cannot be read: {error.strerror}", path) from error
    except (ValueError, RecursionError) as error:
        raise _refused(f"is not a snapshot: {error}", path) from error


def parsed(content: bytes) -> Snapshot:
    """Read the text of a snapshot. Raises ``ValueError`` with a sentence."""
    raw = json.loads(content.decode("utf-8"), object_pairs_hook=_members)
    body = _object(raw, _TOP, "the snapshot")
    if body["schema"] != SCHEMA or isinstance(body["schema"], bool):
        raise Unfit(f"schema is not {SCHEMA}")
    taken = _time(_text(body, "taken"))
    districts = body["districts"]
    if not isinstance(districts, list):
        raise Unfit(f"districts is {described(districts)}, not a list")
    entries = {entry.live.key: entry for entry in (_entry(d, taken) for d in districts)}
    if len(entries) != len(districts):
        raise Unfit("a district stands in it twice")
    in_order = tuple(entries[key] for key in sorted(entries))
    return Snapshot(taken, _text(body, "source"), in_order)


def _refused(why: str, path: Path) -> Unreachable:
    return Unreachable(
        f"{path} {why}", remedy="make it again with `connectsync snapshot`"
    )


def _entry_body(entry: Entry) -> dict[str, object]:
    form = entry.live.form
    return {
        "district": entry.live.key,
        "name": entry.name,
        "version": entry.live.version,
        "settings": {
            setting.name: json_of(setting, form[setting.name]) for setting in SETTINGS
        },
    }


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # typed in by hand, a form may name a setting twice; no one knows which is meant
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unfit("a name stands twice in one object")
    return members


def _entry(raw: object, taken: datetime) -> Entry:
    body = _object(raw, _ENTRY, "a district")
    key, version = _text(body, "district"), _text(body, "version")
    if not key or not version:
        raise Unfit("a district has an empty key or version")
    settings = _object(body["settings"], _SETTINGS, f"the form of {key!r}")
    try:
        form = {setting.name: _value(setting, settings) for setting in SETTINGS}
    except Unfit as error:
        raise Unfit(f"the form of {key!r}: {error}") from error
    return Entry(_text(body, "name"), Live(key, version, form, taken))


def _value(setting: Setting, settings: Mapping[str, object]) -> Value:
    try:
        return value_of(setting, settings[setting.name])
    except Unfit as error:
        raise Unfit(f"{setting.name} {error}") from error


def _object(raw: object, names: tuple[str, ...], what: str) -> dict[str, object]:
    if not isinstance(raw, dict):
        raise Unfit(f"{what} is {described(raw)}, not an object")
    if missing := [name for name in names if name not in raw]:
        raise Unfit(f"{what} has no {', '.join(missing)}")
    if unknown := sorted(raw.keys() - set(names)):
        raise Unfit(f"{what} has the unknown {', '.join(unknown)}")
    return raw


def _text(body: Mapping[str, object], name: str) -> str:
    try:
        return text_of(body[name])
    except Unfit as error:
        raise Unfit(f"{name} {error}") from error


def _time(spelled_time: str) -> datetime:
    time = datetime.fromisoformat(spelled_time)
    if time.tzinfo is None:
        raise Unfit("taken has no time zone")
    return time
