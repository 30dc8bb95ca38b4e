"""Importing: live districts become files, and files take over what is live."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from connectsync.backends.seam import OutcomeReader, Reader
from connectsync.config.discovery import below, relative
from connectsync.config.fleet import Fleet
from connectsync.config.profiles import Profiles
from connectsync.config.schemas import schema
from connectsync.domain.drift import AdoptedDistrict, AdoptionResult
from connectsync.domain.live import ListedDistrict, Live, Snapshot, SnapshotEntry
from connectsync.domain.settings import SETTINGS
from connectsync.domain.sync import NO_SYNC, SyncOutcome
from connectsync.domain.wording import many
from connectsync.errors import (
    ConnectError,
    ConnectsyncError,
    DistrictNotFound,
    Incomplete,
    InvalidFiles,
)
from connectsync.files.writing import make_folder, replace_file
from connectsync.operations.files import district_text, free_reference, references_in
from connectsync.operations.from_live import (
    ProfileMatch,
    closest,
    insist_valid,
    likeness,
    notes,
    take_over,
)
from connectsync.providers.form import Kind
from connectsync.values import dataclass


@dataclass(frozen=True, slots=True)
class ImportTarget:
    """
    Where districts are to live.

    ``fleet`` is what is there already, None if nothing is; ``folder`` takes new
    files, which build on ``profile``, or on the closest if it is empty.
    """

    root: Path
    districts_dir: Path
    folder: Path
    shelf: Profiles
    fleet: Fleet | None
    profile: str = ""


@dataclass(frozen=True, slots=True)
class LiveDistrict:
    """A live district, or why it could not be read."""

    listed: ListedDistrict
    live: Live | ConnectError


async def find_live(reader: Reader, keys: Sequence[str]) -> tuple[LiveDistrict, ...]:
    """
    Read these districts, all if none is named, sorted by key.

    Raises ``ConnectError`` only where nothing at all could be read.
    """
    listed = {one.key: one for one in await reader.list_districts()}
    wanted = sorted(set(keys)) or list(listed)
    lives = await reader.read_many(wanted)
    return tuple(
        LiveDistrict(listed.get(key, ListedDistrict(key, key)), lives[key])
        for key in wanted
    )


def adopt(
    found: Sequence[LiveDistrict], home: ImportTarget, *, write: bool
) -> Iterator[AdoptedDistrict]:
    """
    Make or change the file of each district; without ``write`` only say so.

    One that is refused does not stop the others. Nothing is ever deleted.
    """
    there = _files(home)
    taken = references_in(home.districts_dir)
    for one in found:
        try:
            adopted, path, text = _adopt(one, home, there, taken)
            if write and text is not None:
                _write(path, text)
            yield adopted
        except ConnectsyncError as error:
            yield AdoptedDistrict(
                one.listed.key,
                AdoptionResult.REFUSED,
                message=error.message,
                remedy=error.remedy,
            )


def _write(path: Path, text: str) -> None:
    make_folder(path.parent)
    replace_file(path, text)


def _files(home: ImportTarget) -> Mapping[str, Path]:
    paths = sorted(below(home.districts_dir), key=Path.as_posix, reverse=True)
    return {path.stem: path for path in paths}


def _adopt(
    found: LiveDistrict, home: ImportTarget, there: Mapping[str, Path], taken: set[str]
) -> tuple[AdoptedDistrict, Path, str | None]:
    """Give what comes of a district, its file, and the new text if there is one."""
    key, live = found.listed.key, found.live
    if isinstance(live, ConnectError):
        raise live
    districts = home.fleet.districts if home.fleet else ()
    loaded = next((one for one in districts if one.district.key == key), None)
    if loaded is not None:
        adopted, text = take_over(loaded, live, home.shelf.recorded)
        return adopted, home.root / loaded.file, text
    if key in there:
        raise InvalidFiles(
            f"{relative(there[key], home.root)} has errors, so it was left as it is"
        )
    path = home.folder / f"{_sound(key)}.yaml"
    adopted, text = _make_file(found.listed, live, path, home, taken)
    return adopted, path, text


def _sound(key: str) -> str:
    """Give a key that files can have. Raises ``InvalidFiles`` for any other."""
    rule = schema("district")["properties"]["district"]
    if not re.fullmatch(rule["pattern"], key) or len(key) > rule["maxLength"]:
        raise InvalidFiles(
            f"the key {key!r} on Connect cannot be the name of a file",
            remedy=f"a key is {rule['x-wanted']}; ask for another key on Connect",
        )
    return key


def _make_file(
    listed: ListedDistrict, live: Live, path: Path, home: ImportTarget, taken: set[str]
) -> tuple[AdoptedDistrict, str]:
    alike = _alike(live, home)
    text = district_text(
        path, home.root, _data(listed, live, alike, free_reference(listed.key, taken))
    )
    file = relative(path, home.root)
    insist_valid(file, text, home.shelf.recorded)
    adopted = AdoptedDistrict(
        listed.key,
        AdoptionResult.MADE,
        file,
        profile=alike.profile,
        own=len(alike.stated),
        open_facts=len(alike.facts),
        open_periods=alike.periods,
        notes=notes(live.form, home.shelf.recorded),
    )
    return adopted, text


def _alike(live: Live, home: ImportTarget) -> ProfileMatch:
    if home.profile:
        # who names a profile says that its facts and its periods hold
        return likeness(home.shelf, home.profile, live.form, by_form=False)
    return closest(home.shelf, live.form)


def _data(
    listed: ListedDistrict, live: Live, alike: ProfileMatch, token: str
) -> dict[str, Any]:
    data: dict[str, Any] = {"schema": 1, "district": listed.key, "name": listed.name}
    data |= {"profile": alike.profile} if alike.profile else {"provider": "clever"}
    own_id = live.form.get("district_id")
    data["credentials"] = {"district_id": own_id} if own_id else {}
    # the token never comes back from Connect: only where it is to be found is known
    data["credentials"]["oauth_token"] = token
    # that a profile fits the form says nothing of what is true of the district
    data |= {"facts": dict.fromkeys(alike.facts)} if alike.facts else {}
    data |= {"settings": dict(alike.stated)} if alike.stated else {}
    # nor of what is to happen to it later
    return data | ({"scheduled": []} if alike.periods else {})


OFFERING = tuple(
    setting.name for setting in SETTINGS if setting.kind in {Kind.CHOICE, Kind.BOXES}
)
"""Settings that offer labels."""


async def take_snapshot(reader: Reader, keys: Sequence[str]) -> Snapshot:
    """
    Read the forms of these districts, of all if none is named.

    It is as old as the oldest reading in it. A district that cannot be read stands
    in ``unread``; labels that are not given are left out. Raises ``ConnectError``
    where nothing could be read at all.
    """
    names = {listed.key: listed.name for listed in await reader.list_districts()}
    wanted = sorted(set(keys)) or list(names)
    if not wanted:
        raise DistrictNotFound(
            f"there is no district on {reader.described}",
            remedy="check the backend, and what its credentials reach",
        )
    answers, seen = await _visited(reader, wanted)
    lives = [answer for answer in answers.values() if isinstance(answer, Live)]
    failed = {key: one for key, one in answers.items() if not isinstance(one, Live)}
    if not lives:
        raise next(iter(failed.values()))
    return Snapshot(
        taken=min(live.read_at for live in lives),
        source=reader.described,
        entries=tuple(
            SnapshotEntry(
                names.get(live.key, live.key), live, last_sync=seen.get(live.key)
            )
            for live in lives
        ),
        options=await _options(reader),
        unread={key: failed[key].message for key in sorted(failed)},
    )


def insist_whole(snapshot: Snapshot) -> None:
    """Refuse a snapshot that lacks districts. Raises ``Incomplete``, naming each."""
    if snapshot.unread:
        raise Incomplete(
            f"{many(len(snapshot.unread), 'district')} could not be read, so nothing"
            " was written:",
            below=(f"  {key}: {reason}" for key, reason in snapshot.unread.items()),
        )


async def _visited(
    reader: Reader, keys: Sequence[str]
) -> tuple[Mapping[str, Live | ConnectError], Mapping[str, SyncOutcome]]:
    """Read forms and last syncs; a sync not shown, or not understood, is left out."""
    if not isinstance(reader, OutcomeReader):
        return await reader.read_many(keys), {}
    found = await reader.read_with_outcomes(keys)
    forms = {key: form for key, (form, _) in found.items()}
    seen = {key: one for key, (_, one) in found.items() if isinstance(one, SyncOutcome)}
    return forms, {key: one for key, one in seen.items() if one != NO_SYNC}


async def _options(reader: Reader) -> dict[str, tuple[str, ...]]:
    options = {}
    for setting in OFFERING:
        try:
            options[setting] = await reader.options(setting)
        except ConnectError:
            continue
    return options
