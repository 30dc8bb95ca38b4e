"""
The snapshot backend: a file of live settings, and a person who presses Save.

A reader needs no credentials. A writer reaches nobody: it asks whether a person made
the save, and only then notes in the file what Connect holds from now on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from connectsync.connect import snapshot_file
from connectsync.connect.contract import Clock, utc_now
from connectsync.connect.form_fit import insist_fits
from connectsync.connect.names import to_json
from connectsync.domain.labels import form_spelled_as
from connectsync.domain.live import Listed, Live
from connectsync.domain.settings import BY_NAME, Form, Kind
from connectsync.domain.snapshot import Confirmed, Entry, Snapshot
from connectsync.errors import (
    Bug,
    ConnectError,
    DistrictNotFound,
    Unreachable,
    VersionMoved,
)

Confirm = Callable[[str, Form], str]
"""
Asks whether a person saved these settings of this district on Connect.

Gives who says so, in words. Raises ``NotConfirmed``.
"""


class SnapshotReader:
    """
    Reads live settings from a file, anew each time. See ``seam.Reader``.

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
        return snapshot_file.read(self._path)

    async def list_districts(self) -> tuple[Listed, ...]:
        """Give every district of the file, sorted by key."""
        entries = self.snapshot().entries
        return tuple(Listed(entry.live.key, entry.name) for entry in entries)

    async def read(self, key: str) -> Live:
        """Give one district's form as of the time the snapshot was taken."""
        return found(self.snapshot(), key).live

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, Live | ConnectError]:
        """Give many forms; every key is answered, by a form or an error."""
        if not keys:
            return {}
        snapshot = self.snapshot()
        forms = {entry.live.key: entry.live for entry in snapshot.entries}
        return {key: forms.get(key) or _missing(snapshot, key) for key in keys}

    async def options(self, setting: str) -> tuple[str, ...]:
        """Give the labels that were offered when the snapshot was taken."""
        if BY_NAME[setting].kind not in {Kind.CHOICE, Kind.BOXES}:
            raise Bug(f"{setting} offers no labels")
        offered = self.snapshot().options.get(setting)
        if offered is None:
            raise Unreachable(
                f"the labels of {setting} were not recorded in {self._described}",
                remedy=f"take the snapshot again with {snapshot_file.TAKE}",
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
        Raises ``NotConfirmed``, with nothing noted, if nobody says so.
        """
        snapshot = snapshot_file.read(self._path)
        entry = _expected(snapshot, key, expected_version)
        held = entry.live.form
        desired = form_spelled_as(desired, snapshot.options)
        insist_fits(desired, snapshot.options, held)
        differs = any(held.get(name) != value for name, value in desired.items())
        if not differs and not set_token:
            return entry.live
        by = self._confirm(key, desired)
        # a person takes their time, and the file may have moved meanwhile
        snapshot = snapshot_file.read(self._path)
        entry = _expected(snapshot, key, expected_version)
        saved = _saved(entry, desired, Confirmed(by, self._clock()))
        self._write(_with(snapshot, saved))
        return saved.live

    def _write(self, snapshot: Snapshot) -> None:
        try:
            snapshot_file.write(self._path, snapshot)
        except OSError as error:
            raise Unreachable(
                f"{self._path} cannot be written: {error.strerror}",
                remedy="take a new snapshot: this one does not tell of the save",
            ) from error


def found(snapshot: Snapshot, key: str) -> Entry:
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


def _expected(snapshot: Snapshot, key: str, version: str) -> Entry:
    entry = found(snapshot, key)
    if entry.live.version != version:
        raise VersionMoved(
            f"district {key!r} is no longer at the version that was planned from"
        )
    return entry


def _saved(entry: Entry, desired: Form, confirmed: Confirmed) -> Entry:
    form = {name: desired.get(name, held) for name, held in entry.live.form.items()}
    version = _following(entry.live.version, form)
    return Entry(entry.name, replace(entry.live, version=version, form=form), confirmed)


def _following(version: str, form: Form) -> str:
    """Name the form after a version: changed and changed back is not the same."""
    spelled = repr((version, to_json(form)))
    return f"by-hand-{hashlib.sha256(spelled.encode()).hexdigest()[:16]}"


def _with(snapshot: Snapshot, saved: Entry) -> Snapshot:
    key = saved.live.key
    entries = (saved if one.live.key == key else one for one in snapshot.entries)
    return replace(snapshot, entries=tuple(entries))
