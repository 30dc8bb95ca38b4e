"""The snapshot backend: a file of live settings, saved by a person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from connectsync.backends.answers import sync_of
from connectsync.backends.contract import Clock, utc_now
from connectsync.backends.names import (
    Unfit,
    insist_fits,
    json_of,
    labels_of,
    text_of,
    to_json,
    value_of,
)
from connectsync.backends.seam import Visit
from connectsync.domain.live import (
    HandConfirmation,
    ListedDistrict,
    Live,
    Snapshot,
    SnapshotEntry,
)
from connectsync.domain.plan_shape import kind_of, read_json
from connectsync.domain.settings import (
    BY_NAME,
    FIRST_FORM,
    SETTINGS,
    Form,
    form_spelled_as,
)
from connectsync.domain.sync import SyncOutcome
from connectsync.errors import (
    Bug,
    ConnectError,
    DistrictNotFound,
    NotOffered,
    Unreachable,
    VersionMoved,
)
from connectsync.files.access import read_regular, text_of_json
from connectsync.files.writing import write_whole
from connectsync.providers.form import Kind, Setting, Value
from connectsync.values import replace

SCHEMA = 1

_TOP = ("schema", "taken", "source", "districts")
_ENTRY = ("district", "name", "version", "settings")
_UNREAD = ("district", "reason")
_CONFIRMED = ("by", "at")
_LAST_SYNC = ("status", "at", "tried_to_archive")
_SCHOOL = ("school", "status", "tried_to_archive")


def parse_snapshot(content: bytes) -> Snapshot:
    """Read the text of a snapshot. Raises ``ValueError`` with a sentence."""
    raw = read_json(text_of_json(content))
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


def _entry(raw: object, taken: datetime) -> SnapshotEntry:
    body = _object(raw, _ENTRY, "a district", optional=("confirmed", "last_sync"))
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
    return SnapshotEntry(
        _text(body, "name"), live, _read_confirmation(body), _read_sync(body, taken)
    )


def _read_sync(body: Mapping[str, object], taken: datetime) -> SyncOutcome | None:
    if "last_sync" not in body:
        return None
    noted = _object(body["last_sync"], _LAST_SYNC, "last_sync", optional=("schools",))
    shown, at, tried = (noted[name] for name in _LAST_SYNC)
    named = _list(noted, "schools") if "schools" in noted else []
    each = [_object(one, _SCHOOL, "a school of last_sync") for one in named]
    try:
        return sync_of(shown, at, tried, taken, [[*map(o.get, _SCHOOL)] for o in each])
    except Unfit as error:
        raise Unfit(f"the last sync of {body['district']!r}: {error}") from error


def _read_confirmation(body: Mapping[str, object]) -> HandConfirmation | None:
    if "confirmed" not in body:
        return None
    note = _object(body["confirmed"], _CONFIRMED, "confirmed")
    return HandConfirmation(_text(note, "by"), _time(note, "at"))


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


TAKE = "`connectsync --backend NAME snapshot --output FILE`"
"""The command that takes a snapshot; it reads from a backend that is none."""


def render_snapshot(snapshot: Snapshot) -> str:
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
    write_whole(path, render_snapshot(snapshot))


def read_snapshot(path: Path) -> Snapshot:
    """Read a snapshot. Raises ``Unreachable`` if it is not there or not whole."""
    try:
        return parse_snapshot(read_regular(path, LIMIT))
    except OSError as error:
        raise _unusable(f"cannot be read: {error.strerror}", path) from error
    except (ValueError, RecursionError) as error:
        raise _unusable(f"is not a snapshot: {error}", path) from error


def _unusable(why: str, path: Path) -> Unreachable:
    return Unreachable(f"{path} {why}", remedy=f"make it again with {TAKE}")


def _entry_body(entry: SnapshotEntry) -> dict[str, object]:
    form, confirmed = entry.live.form, entry.confirmed
    body: dict[str, object] = {
        "district": entry.live.key,
        "name": entry.name,
        "version": entry.live.version,
    }
    if confirmed is not None:
        body["confirmed"] = {"by": confirmed.by, "at": confirmed.at.isoformat()}
    if (sync := entry.last_sync) is not None:
        at = sync.at and sync.at.isoformat()
        noted = (sync.shown, at, sync.tried_to_archive)
        body["last_sync"] = dict(zip(_LAST_SYNC, noted, strict=True)) | _schools(sync)
    settings = {
        setting.name: json_of(setting, form[setting.name])
        for setting in SETTINGS
        if setting.name in form
    }
    return body | {"settings": settings}


def _schools(sync: SyncOutcome) -> dict[str, object]:
    each = ((one.school, one.shown, one.tried_to_archive) for one in sync.schools)
    named = [dict(zip(_SCHOOL, one, strict=True)) for one in each]
    return {"schools": named} if named else {}


Confirm = Callable[[str, Form], str]
"""
Asks whether a person saved these settings of this district on Connect.

Gives who says so, in words. Raises ``NotConfirmed``.
"""


class SnapshotReader:
    """
    Reads live settings from a file, again each time. See ``seam.Reader``.

    ``described`` names the file without what is special to this machine.
    """

    def __init__(self, path: Path, *, described: str) -> None:
        self._path = path
        self._described = described

    @property
    def described(self) -> str:
        """Name the file."""
        return self._described

    def snapshot(self) -> Snapshot:
        """Give the whole snapshot. Raises ``Unreachable``."""
        return read_snapshot(self._path)

    async def list_districts(self) -> tuple[ListedDistrict, ...]:
        """Give every district of the file, sorted by key."""
        entries = self.snapshot().entries
        return tuple(ListedDistrict(entry.live.key, entry.name) for entry in entries)

    async def read(self, key: str) -> Live:
        """Give one district's form as of the time the snapshot was taken."""
        return find_entry(self.snapshot(), key).live

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, Live | ConnectError]:
        """Give many forms; every key is answered, by a form or an error."""
        if not keys:
            return {}
        snapshot = self.snapshot()
        forms = {entry.live.key: entry.live for entry in snapshot.entries}
        return {key: forms.get(key) or _missing(snapshot, key) for key in keys}

    async def outcomes(
        self, keys: Sequence[str]
    ) -> Mapping[str, SyncOutcome | ConnectError]:
        """Give the last nightly syncs as they were when the snapshot was taken."""
        snapshot = self.snapshot()
        entries = {entry.live.key: entry for entry in snapshot.entries}
        return {
            key: entries[key].last_sync or _not_recorded(self._described)
            if key in entries
            else _missing(snapshot, key)
            for key in keys
        }

    async def read_with_outcomes(self, keys: Sequence[str]) -> Mapping[str, Visit]:
        """Give forms and last nightly syncs. See ``seam.OutcomeReader``."""
        forms, seen = await self.read_many(keys), await self.outcomes(keys)
        return {key: (forms[key], seen[key]) for key in keys}

    async def options(self, setting: str) -> tuple[str, ...]:
        """Give the labels that were offered when the snapshot was taken."""
        if BY_NAME[setting].kind not in {Kind.CHOICE, Kind.BOXES}:
            raise Bug(f"{setting} offers no labels")
        offered = self.snapshot().options.get(setting)
        if offered is None:
            raise Unreachable(
                f"the labels of {setting} were not recorded in {self._described}",
                remedy=f"take the snapshot again with {TAKE}",
            )
        return offered


class SnapshotWriter:
    """Notes what a person saved by hand. See ``seam.Writer``."""

    def __init__(self, path: Path, confirm: Confirm, *, clock: Clock = utc_now) -> None:
        self._path = path
        self._confirm = confirm
        self._clock = clock

    async def save(
        self,
        key: str,
        desired: Form,
        *,
        expected_version: str,
        set_token: bool = False,
    ) -> Live:
        """
        Ask whether a person made this save; note it if so.

        It is the person who has the token, and the click list that asks for it.
        Raises ``NotConfirmed``, with nothing noted, if no one says so.
        """
        snapshot = read_snapshot(self._path)
        entry = _expected(snapshot, key, expected_version)
        held = entry.live.form
        desired = form_spelled_as(desired, snapshot.options)
        insist_fits(desired, snapshot.options, held)
        differs = any(held.get(name) != value for name, value in desired.items())
        if not differs and not set_token:
            return entry.live
        by = self._confirm(key, desired)
        # a person takes their time, and the file may have moved meanwhile
        snapshot = read_snapshot(self._path)
        entry = _expected(snapshot, key, expected_version)
        saved = _save_entry(entry, desired, HandConfirmation(by, self._clock()))
        self._write(_with(snapshot, saved))
        return saved.live

    def _write(self, snapshot: Snapshot) -> None:
        try:
            write(self._path, snapshot)
        except OSError as error:
            raise Unreachable(
                f"{self._path} cannot be written: {error.strerror}",
                remedy="take a new snapshot: this one does not tell of the save",
            ) from error


def find_entry(snapshot: Snapshot, key: str) -> SnapshotEntry:
    """Find a district in a snapshot. Raises ``DistrictNotFound``."""
    for entry in snapshot.entries:
        if entry.live.key == key:
            return entry
    raise _missing(snapshot, key)


def _missing(snapshot: Snapshot, key: str) -> DistrictNotFound:
    if key in snapshot.unread:
        return DistrictNotFound(
            f"district {key!r} was not read when the snapshot was taken:"
            f" {snapshot.unread[key]}",
            remedy="take the snapshot again once it can be read",
        )
    return DistrictNotFound(
        f"district {key!r} is not in the snapshot",
        remedy="check the spelling, or take a snapshot that holds it",
    )


def _not_recorded(described: str) -> NotOffered:
    return NotOffered(
        f"{described} records no sync",
        remedy=f"take the snapshot again, over a way that shows it, with {TAKE}",
    )


def _expected(snapshot: Snapshot, key: str, version: str) -> SnapshotEntry:
    entry = find_entry(snapshot, key)
    if entry.live.version != version:
        raise VersionMoved(
            f"district {key!r} is no longer at the version that was planned from"
        )
    return entry


def _save_entry(
    entry: SnapshotEntry, desired: Form, confirmed: HandConfirmation
) -> SnapshotEntry:
    form = {name: desired.get(name, held) for name, held in entry.live.form.items()}
    version = _following(entry.live.version, form)
    return SnapshotEntry(
        entry.name,
        replace(entry.live, version=version, form=form),
        confirmed,
        entry.last_sync,
    )


def _following(version: str, form: Form) -> str:
    """Name the form after a version: changed and changed back is not the same."""
    spelled = repr((version, to_json(form)))
    return f"by-hand-{hashlib.sha256(spelled.encode()).hexdigest()[:16]}"


def _with(snapshot: Snapshot, saved: SnapshotEntry) -> Snapshot:
    key, entries = saved.live.key, snapshot.entries
    each = (saved if one.live.key == key else one for one in entries)
    return replace(snapshot, entries=tuple(each))
