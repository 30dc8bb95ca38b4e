"""Importing: live districts become files, and files take over what is live."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from connectsync.config.building import district_of
from connectsync.config.discovery import below, relative
from connectsync.config.editing import KeyPath, edited
from connectsync.config.fleet import Fleet, LoadedDistrict
from connectsync.config.schemas import schema
from connectsync.config.shelf import Shelf, checked
from connectsync.connect.seam import Reader
from connectsync.domain.adoption import Adopted, Adoption, Taken
from connectsync.domain.live import Listed, Live
from connectsync.domain.settings import BY_NAME
from connectsync.errors import ConnectError, ConnectsyncError, InvalidFiles
from connectsync.operations.compare import differing
from connectsync.operations.likening import (
    Likeness,
    closest,
    likeness,
    notes,
    sayable,
    spelled,
    unknown_labels,
)
from connectsync.operations.new_district import district_text, token_reference
from connectsync.operations.writing import replace_file


@dataclass(frozen=True, slots=True)
class Home:
    """
    Where districts are to live.

    ``fleet`` is what is there already, None if nothing is; ``folder`` takes new
    files, which build on ``profile``, or on the closest if it is empty.
    """

    root: Path
    districts_dir: Path
    folder: Path
    shelf: Shelf
    fleet: Fleet | None
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A live district, or why it could not be read."""

    listed: Listed
    live: Live | ConnectError


async def find_live(reader: Reader, keys: Sequence[str]) -> tuple[Found, ...]:
    """
    Read these districts, all if none is named, sorted by key.

    Raises ``ConnectError`` only where nothing at all could be read.
    """
    listed = {one.key: one for one in await reader.list_districts()}
    wanted = sorted(set(keys)) or list(listed)
    lives = await reader.read_many(wanted)
    return tuple(Found(listed.get(key, Listed(key, key)), lives[key]) for key in wanted)


def adopt(found: Sequence[Found], home: Home, *, write: bool) -> Iterator[Adopted]:
    """
    Make or change the file of each district; without ``write`` only say so.

    One that is refused does not stop the others. Nothing is ever deleted.
    """
    there = _files(home)
    for one in found:
        try:
            adopted, path, text = _adopted(one, home, there)
            if write and text is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                replace_file(path, text)
            yield adopted
        except ConnectsyncError as error:
            yield Adopted(
                one.listed.key,
                Adoption.REFUSED,
                message=error.message,
                remedy=error.remedy,
            )


def _files(home: Home) -> Mapping[str, Path]:
    paths = sorted(below(home.districts_dir), key=Path.as_posix, reverse=True)
    return {path.stem: path for path in paths}


def _adopted(
    found: Found, home: Home, there: Mapping[str, Path]
) -> tuple[Adopted, Path, str | None]:
    """Give what comes of a district, its file, and the new text if there is one."""
    key, live = found.listed.key, found.live
    if isinstance(live, ConnectError):
        raise live
    districts = home.fleet.districts if home.fleet else ()
    loaded = next((one for one in districts if one.district.key == key), None)
    if loaded is not None:
        adopted, text = _taken_over(loaded, live)
        return adopted, home.root / loaded.file, text
    if key in there:
        raise InvalidFiles(
            f"{relative(there[key], home.root)} has errors, so it was left as it is"
        )
    path = home.folder / f"{_sound(key)}.yaml"
    adopted, text = _made(found.listed, live, path, home)
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


def _made(listed: Listed, live: Live, path: Path, home: Home) -> tuple[Adopted, str]:
    alike = _alike(live, home)
    text = district_text(path, home.root, _data(listed, live, alike))
    file = relative(path, home.root)
    _insist_valid(file, text)
    adopted = Adopted(
        listed.key,
        Adoption.MADE,
        file,
        profile=alike.profile,
        own=len(alike.stated),
        notes=notes(live.form),
    )
    return adopted, text


def _alike(live: Live, home: Home) -> Likeness:
    if home.profile:
        return likeness(home.shelf, home.profile, live.form)
    return closest(home.shelf, live.form)


def _data(listed: Listed, live: Live, alike: Likeness) -> dict[str, Any]:
    data: dict[str, Any] = {"schema": 1, "district": listed.key, "name": listed.name}
    data |= {"profile": alike.profile} if alike.profile else {"provider": "clever"}
    own_id = live.form["district_id"]
    data["credentials"] = {"district_id": own_id} if own_id else {}
    # the token never comes back from Connect: only where it is to be found is known
    data["credentials"]["oauth_token"] = token_reference(listed.key)
    return data | ({"settings": dict(alike.stated)} if alike.stated else {})


def _insist_valid(file: str, text: str) -> None:
    findings = checked(file, text.encode(), "district").findings
    if findings:
        first = findings[0]
        raise InvalidFiles(
            f"what Connect holds cannot be written to {file}: {first.message}",
            remedy=first.hint,
        )


def _taken_over(loaded: LoadedDistrict, live: Live) -> tuple[Adopted, str | None]:
    """Take over the managed values that differ; what is not managed stays so."""
    desired = loaded.district.desired()
    remarks = []
    taken = []
    for name in differing(live.form, desired):
        after = live.form[name]
        if unknown := unknown_labels(BY_NAME[name], after):
            remarks.append(f"{name} holds {unknown[0]!r} on Connect; no longer managed")
        if name == "district_id" and not after:
            remarks.append("district_id is empty on Connect; left as the file has it")
            continue
        taken.append(Taken(name, desired[name], after))
    adopted = Adopted(
        loaded.district.key,
        Adoption.CHANGED if taken else Adoption.LEFT,
        loaded.file,
        taken=tuple(taken),
        notes=tuple(remarks),
    )
    return adopted, _edited(loaded, taken) if taken else None


def _edited(loaded: LoadedDistrict, taken: Sequence[Taken]) -> str:
    changes: dict[KeyPath, Any] = {
        BY_NAME[one.setting].path: spelled(BY_NAME[one.setting], one.after)
        for one in taken
    }
    own = loaded.layers[-1]
    try:
        text = edited(own.source.text, changes)
    except InvalidFiles as error:
        raise InvalidFiles(
            f"{loaded.file}: {error.message}", remedy=error.remedy
        ) from error
    _insist_valid(loaded.file, text)
    _insist_taken(loaded, taken, text)
    return text


def _insist_taken(loaded: LoadedDistrict, taken: Sequence[Taken], text: str) -> None:
    """Hold what the new text comes to against what it should."""
    document = checked(loaded.file, text.encode(), "district").document
    wanted = {one.setting: sayable(BY_NAME[one.setting], one.after) for one in taken}
    expected = loaded.district.desired() | wanted
    held = {name: value for name, value in expected.items() if value is not None}
    if (
        document is None
        or district_of((*loaded.layers[:-1], replace(document))).desired() != held
    ):
        raise InvalidFiles(f"{loaded.file} would not come to what Connect holds")
