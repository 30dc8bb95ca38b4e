"""
The text of a snapshot, read strictly; its shape is schema/snapshot.schema.json.

A snapshot that is not whole is refused, since what it leaves out would be taken for
empty.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from connectsync.connect.values import Unfit, labels_of, text_of, value_of
from connectsync.domain.live import Live
from connectsync.domain.settings import FIRST_FORM, SETTINGS, Kind, Setting, Value
from connectsync.domain.shape import kind_of
from connectsync.domain.snapshot import Confirmed, Entry, Snapshot
from connectsync.files.reading import text_of_json

SCHEMA = 1

_TOP = ("schema", "taken", "source", "districts")
_ENTRY = ("district", "name", "version", "settings")
_UNREAD = ("district", "reason")
_CONFIRMED = ("by", "at")


def parsed(content: bytes) -> Snapshot:
    """Read the text of a snapshot. Raises ``ValueError`` with a sentence."""
    raw = json.loads(text_of_json(content), object_pairs_hook=_members)
    body = _object(raw, _TOP, "the snapshot", optional=("options", "unread"))
    if body["schema"] != SCHEMA or isinstance(body["schema"], bool):
        raise Unfit(f"schema is not {SCHEMA}")
    taken = _time(body, "taken")
    districts = _list(body, "districts")
    entries = {entry.live.key: entry for entry in (_entry(d, taken) for d in districts)}
    unread = dict(map(_unread, _list(body, "unread"))) if "unread" in body else {}
    if len(entries) != len(districts) or entries.keys() & unread.keys():
        raise Unfit("a district stands in it twice")
    return Snapshot(
        taken,
        _text(body, "source"),
        tuple(entries[key] for key in sorted(entries)),
        _options(body.get("options", {})),
        dict(sorted(unread.items())),
    )


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # typed in by hand, a form may name a setting twice; no one knows which is meant
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unfit("a name stands twice in one object")
    return members


def _entry(raw: object, taken: datetime) -> Entry:
    body = _object(raw, _ENTRY, "a district", optional=("confirmed",))
    key, version = _text(body, "district"), _text(body, "version")
    if not key or not version:
        raise Unfit("a district has an empty key or version")
    names = [setting.name for setting in SETTINGS]
    first = tuple(name for name in names if name in FIRST_FORM)
    # one that was taken before a setting was known does not name it
    settings = _object(
        body["settings"], first, f"the form of {key!r}", optional=tuple(names)
    )
    try:
        form = {
            setting.name: _value(setting, settings)
            for setting in SETTINGS
            if setting.name in settings
        }
    except Unfit as error:
        raise Unfit(f"the form of {key!r}: {error}") from error
    live = Live(key, version, form, taken)
    return Entry(_text(body, "name"), live, _confirmed(body))


def _confirmed(body: Mapping[str, object]) -> Confirmed | None:
    if "confirmed" not in body:
        return None
    note = _object(body["confirmed"], _CONFIRMED, "confirmed")
    return Confirmed(_text(note, "by"), _time(note, "at"))


def _unread(raw: object) -> tuple[str, str]:
    body = _object(raw, _UNREAD, "an entry of unread")
    return _text(body, "district"), _text(body, "reason")


def _options(raw: object) -> dict[str, tuple[str, ...]]:
    offering = [s.name for s in SETTINGS if s.kind in {Kind.CHOICE, Kind.BOXES}]
    body = _object(raw, (), "options", optional=tuple(offering))
    return {name: _labels(body, name) for name in offering if name in body}


def _labels(body: Mapping[str, object], name: str) -> tuple[str, ...]:
    labels = _list(body, name)
    try:
        labels_of(labels)
    except Unfit as error:
        raise Unfit(f"the list of options of {name} {error}") from error
    if not labels:
        raise Unfit(f"the list of options of {name} is empty")
    return tuple(map(str, labels))


def _value(setting: Setting, settings: Mapping[str, object]) -> Value:
    try:
        return value_of(setting, settings[setting.name])
    except Unfit as error:
        raise Unfit(f"{setting.name} {error}") from error


def _object(
    raw: object, names: tuple[str, ...], what: str, *, optional: tuple[str, ...] = ()
) -> dict[str, object]:
    if not isinstance(raw, dict):
        raise Unfit(f"{what} is {kind_of(raw)}, not an object")
    if missing := [name for name in names if name not in raw]:
        raise Unfit(f"{what} has no {', '.join(missing)}")
    if unknown := sorted(raw.keys() - {*names, *optional}):
        raise Unfit(f"{what} has the unknown {', '.join(unknown)}")
    return raw


def _list(body: Mapping[str, object], name: str) -> list[object]:
    value = body[name]
    if not isinstance(value, list):
        raise Unfit(f"{name} is {kind_of(value)}, not a list")
    return value


def _text(body: Mapping[str, object], name: str) -> str:
    try:
        return text_of(body[name])
    except Unfit as error:
        raise Unfit(f"{name} {error}") from error


def _time(body: Mapping[str, object], name: str) -> datetime:
    time = datetime.fromisoformat(_text(body, name))
    if time.tzinfo is None:
        raise Unfit(f"{name} has no time zone")
    return time
