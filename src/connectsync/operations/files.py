"""Create, format and write files of a project."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from typing import Any

from connectsync.config.decode import SIZE_LIMIT, Ground, bytes_of, text_of
from connectsync.config.discovery import (
    PROFILES,
    PROJECT_FILE,
    below,
    relative,
    stem_of,
)
from connectsync.config.document import references_of
from connectsync.config.edit import canonical, edit_values
from connectsync.config.fleet import LoadedDistrict
from connectsync.config.layers import merge_section
from connectsync.config.profiles import Profiles, check_bytes, profile_files
from connectsync.config.schema_check import NOTHING_RECORDED, Recorded
from connectsync.config.schemas import render_district, schema_text, spell_flow
from connectsync.config.source import spell_control_characters
from connectsync.domain.district import DISTRICT_VARIABLE
from connectsync.domain.finding import Finding, KeyPath, Severity, pointer
from connectsync.domain.schedule import Turn
from connectsync.domain.settings import BY_NAME, SETTINGS, value_data
from connectsync.domain.wording import did_you_mean
from connectsync.errors import InvalidFiles, UsageError
from connectsync.files.access import not_written, read_regular, steps_on
from connectsync.files.writing import make_folder, replace_file
from connectsync.operations.editing import ValueEdit
from connectsync.operations.git import MOST_LISTED, Git
from connectsync.report.show_text import EffectiveValue
from connectsync.values import dataclass

EDITOR_SCHEMAS = ("district", "profile", "project")


def fresh_files(version: str) -> dict[str, str]:
    """Give the files of a fresh project by relative POSIX path, sorted."""
    template = files("connectsync.operations") / "fresh"
    texts = {
        _template_path(path): text.replace("@VERSION@", version)
        for path, text in _walk(template, PurePosixPath())
    }
    for name in EDITOR_SCHEMAS:
        texts[f"schema/{name}.schema.json"] = schema_text(name)
    return dict(sorted(texts.items()))


def start(folder: Path, texts: Mapping[str, str]) -> None:
    """
    Write the files into a folder, making it if needed.

    Raises ``UsageError``, with nothing written, if one of them is there already, or if
    a link in the folder leads out of it.
    """
    try:
        ground = Ground.of(folder)
    except OSError as error:
        raise not_written(folder, error) from error
    for name in texts:
        if (end := ground.way_out(folder / name)) is not None:
            raise UsageError(
                f"{folder / name} would be written through a link, to {end}; nothing"
                " was written",
                remedy="remove the link, or choose an empty folder",
            )
    there = [name for name in texts if os.path.lexists(folder / name)]
    if there:
        more = f", and {len(there) - 1} more" if len(there) > 1 else ""
        raise UsageError(
            f"{folder / there[0]} is there already{more}; nothing was written",
            remedy="choose an empty folder, or add a district to this one:"
            " `connectsync new KEY --name NAME`",
        )
    for name, text in texts.items():
        path = folder / name
        make_folder(path.parent)
        replace_file(path, text)


def _walk(folder: Traversable, below: PurePosixPath) -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        path = below / entry.name
        if entry.is_dir():
            yield from _walk(entry, path)
        else:
            yield path.as_posix(), entry.read_text(encoding="utf-8")


def _template_path(path: str) -> str:
    """Spell a template's path; a dot in front is `dot-`, so that tools leave it be."""
    parts = PurePosixPath(path).parts
    return "/".join(
        f".{part[4:]}" if part.startswith("dot-") else part for part in parts
    )


@dataclass(frozen=True, slots=True)
class NewDistrict:
    """
    A district to be made; ``folder`` is below the districts' folder.

    ``district_id`` and ``token``, a reference, may be left empty; ``values`` are laid
    over what a new district has.
    """

    key: str
    name: str
    profiles: tuple[str, ...] = ()
    folder: str = ""
    district_id: str = ""
    token: str = ""
    values: tuple[ValueEdit, ...] = ()


def new_district(
    root: Path,
    districts_dir: Path,
    asked: NewDistrict,
    recorded: Recorded = NOTHING_RECORDED,
) -> Path:
    """
    Write the file and give its path.

    Raises ``UsageError``, with nothing written, if a district of that key is there,
    a profile is not, or the folder lies outside the districts' folder; and
    ``InvalidFiles`` if a value that was given is none.
    """
    path = districts_dir / asked.folder / f"{asked.key}.yaml"
    insist_inside(path, districts_dir, asked.folder)
    _insist_new(districts_dir, root, asked.key)
    _insist_profiles(root, districts_dir, asked.profiles)
    text = new_text(path, root, asked, references_in(districts_dir))
    found = check_bytes(relative(path, root), text.encode(), "district", recorded)
    for one in found.findings:
        if one.severity is Severity.ERROR:
            raise InvalidFiles(
                f"the file would have an error: {one.message}; nothing was written",
                remedy=one.hint or None,
            )
    make_folder(path.parent)
    replace_file(path, text)
    return path


def new_text(path: Path, root: Path, asked: NewDistrict, taken: set[str]) -> str:
    """
    Give the text of a new district's file.

    A variable that it names for the token is none of those ``taken``, and taken then.
    """
    text = district_text(path, root, _data(asked, taken))
    return edit_values(text, {one.path: one.value for one in asked.values})


def insist_inside(path: Path, districts_dir: Path, folder: str) -> None:
    """
    Refuse a folder that is not for districts, or that a link leads out of the project.

    ``path`` is a file in it, ``folder`` its name as it was given. Raises
    ``UsageError``.
    """
    ground = Ground.around(districts_dir, PROJECT_FILE)
    if (end := ground.way_out(path)) is not None and ".." not in Path(folder).parts:
        raise UsageError(
            f"{folder!r} is a link that leads out of the project, to"
            f" {spell_control_characters(str(Path(end).parent))}",
            remedy="name a folder itself; what lies outside the project is not read",
        )
    inside = path.resolve().is_relative_to(districts_dir.resolve())
    skipped = any(part.startswith(("_", ".")) for part in Path(folder).parts)
    if not inside or skipped:
        raise UsageError(
            f"{folder!r} is no folder for districts",
            remedy="name a folder below that of the districts, without _ or . in front",
        )


def _insist_new(districts_dir: Path, root: Path, key: str) -> None:
    for other in below(districts_dir):
        if other.stem == key:
            raise UsageError(
                f"district {key!r} is there already: {relative(other, root)}",
                remedy="choose another key; no two districts can have the same",
            )


def _insist_profiles(
    root: Path, districts_dir: Path, profiles: tuple[str, ...]
) -> None:
    there = [stem_of(path) for path in profile_files(root, districts_dir)]
    for profile in profiles:
        if profile not in there:
            raise UsageError(
                f"there is no profile {profile!r} in {PROFILES}",
                remedy=did_you_mean(profile, there)
                or f"choose one of: {', '.join(sorted(there)) or '(none yet)'}",
            )


def _data(asked: NewDistrict, taken: set[str]) -> dict[str, Any]:
    data: dict[str, Any] = {"schema": 1, "district": asked.key, "name": asked.name}
    if asked.profiles:
        several = len(asked.profiles) > 1
        data["profile"] = list(asked.profiles) if several else asked.profiles[0]
    else:
        data["provider"] = "clever"
    data["credentials"] = {
        **({"district_id": asked.district_id} if asked.district_id else {}),
        "oauth_token": asked.token or free_reference(asked.key, taken),
    }
    data["facts"] = {"setup_step": 5, "self_check_done": False}
    data["settings"] = {"enable_daily_sync": False}
    return data


def token_reference(key: str) -> str:
    """
    Name the variable that is to hold a district's token.

    It is one that no other program has, whatever the key: Connect lists keys, and one
    such as ``node-auth`` would name the secret of something else.
    """
    name = re.sub("[^A-Z0-9]+", "_", key.upper())
    return f"env:{DISTRICT_VARIABLE}{name}_TOKEN"


def free_reference(key: str, taken: set[str]) -> str:
    """Name a variable that no district of the project has, and take it."""
    wanted = token_reference(key)
    reference, number = wanted, 1
    while reference in taken:
        number += 1
        reference = f"{wanted}_{number}"
    taken.add(reference)
    return reference


def references_in(districts_dir: Path) -> set[str]:
    """Find what files of the districts' folder name for a token, broken ones too."""
    found: set[str] = set()
    for path in below(districts_dir):
        with suppress(OSError):
            found |= references_of(read_regular(path, SIZE_LIMIT))
    return found


def district_text(path: Path, root: Path, data: dict[str, Any]) -> str:
    """Write a new district's file, so that editors find its schema."""
    up = "../" * (len(path.relative_to(root).parts) - 1)
    modeline = f"# yaml-language-server: $schema={up}schema/district.schema.json\n"
    return modeline + render_district(data)


def format_file(path: Path, *, root: Path, write: bool) -> bool:
    """
    Bring one file into canonical order; say whether it was not.

    Raises ``InvalidFiles`` if it is not YAML we read, ``UsageError`` if it cannot be
    written; then it is as it was.
    """
    name = spell_control_characters(relative(path, root))
    try:
        text = _text(path, name, Ground.of(root))
        formatted = canonical(text)
    except InvalidFiles as error:
        raise InvalidFiles(f"{name}, {error.message}", remedy=error.remedy) from error
    if formatted == text:
        return False
    if write:
        replace_file(path, formatted)
    return True


def _text(path: Path, name: str, ground: Ground) -> str:
    raw = bytes_of(path, name, ground)
    found = (raw,) if isinstance(raw, Finding) else text_of(name, raw)
    if isinstance(found, str):
        return found
    raise InvalidFiles(found[0].message, remedy=found[0].hint)


TOP = ("district", "name", "profile", "provider", "timezone", "labels")
SECTIONS = ("credentials", "facts", "settings")


def effective(loaded: LoadedDistrict) -> tuple[EffectiveValue, ...]:
    """Give every effective value with the file and line it came from."""
    # of several turns of a setting the first one counts
    turns = {one.setting: one for one in reversed(loaded.district.turns(BY_NAME))}
    return tuple(
        EffectiveValue(path, _said(path, value, turns), _origin(loaded, stated))
        for path, value, stated in _values(loaded)
    )


def _said(path: KeyPath, value: Any, turns: Mapping[str, Turn]) -> str:
    turn = turns.get(str(path[-1])) if path[0] == "settings" else None
    if turn is None:
        return _managed(value)
    then = _managed(value_data(turn.then))
    return f"{_managed(value)} until {turn.until}, then {then} ({turn.reason})"


def _managed(value: Any) -> str:
    return "not managed" if value is None else spell_flow(value)


def unmanaged(loaded: LoadedDistrict) -> tuple[str, ...]:
    """Name the settings that no layer names, in the form's order."""
    district = loaded.district
    managed = {*district.desired(), *district.schedule.settings()}
    return tuple(
        setting.name
        for setting in SETTINGS
        if setting.section == "settings" and setting.name not in managed
    )


def shown_data(loaded: LoadedDistrict) -> dict[str, Any]:
    """Give every effective value and its origin as JSON data."""
    return {
        "district": loaded.district.key,
        "file": loaded.file,
        "values": [
            dict(path=pointer(path), value=value, file=at.file, line=at.line)  # noqa: C408 - one line
            for path, value, stated in _values(loaded)
            for at in [loaded.origin(stated)]
        ],
        "unmanaged": list(unmanaged(loaded)),
    }


def profile_values(shelf: Profiles, stem: str) -> dict[str, Any]:
    """Give what a profile and those under it say, as `District.values` gives it."""
    layers = [shelf.documents[one] for one in shelf.chains.by_stem.get(stem, (stem,))]
    values: dict[str, Any] = {}
    for section in ("facts", "settings"):
        for path, value in _leaves((section,), merge_section(layers, section)):
            if value is not None:
                listed = isinstance(value, list)
                values[pointer(path)] = sorted(value) if listed else value
    for layer in layers:
        if "provider" in layer.data:
            values["provider"] = layer.data["provider"]
    return values


def _values(loaded: LoadedDistrict) -> Iterator[tuple[KeyPath, Any, KeyPath]]:
    """Give each path, its value today, and the path of what states that."""
    for key in TOP:
        if (stated := _last(loaded, key)) is not None:
            yield (key,), stated, (key,)
    for section in SECTIONS:
        values = merge_section(loaded.layers, section)
        today = {}
        if section == "settings":
            today = _scheduled_today(loaded)
            for name in loaded.district.schedule.settings():
                values.setdefault(name, None)
        for path, value in _leaves((section,), values):
            yield (path, *today.get(path, (value, path)))


def _scheduled_today(
    loaded: LoadedDistrict,
) -> dict[KeyPath, tuple[Any, KeyPath]]:
    """Give the values that periods set today by path, and where they stand."""
    found: dict[KeyPath, tuple[Any, KeyPath]] = {}
    schedule, day = loaded.district.schedule, loaded.district.day
    for name in schedule.settings() if day else ():
        position = schedule.in_force(name, day) if day else None
        if position is not None:
            entry = _last(loaded, "scheduled")[position]
            where: KeyPath = ("scheduled", position, "settings", name)
            found["settings", name] = (entry["settings"][name], where)
    return found


def _last(loaded: LoadedDistrict, key: str) -> Any:
    """Give what the last layer that has a key says; None if none has."""
    said = (layer.data[key] for layer in reversed(loaded.layers) if key in layer.data)
    return next(said, None)


def _leaves(path: KeyPath, values: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves((*path, key), value)
        else:
            yield (*path, key), value


def _origin(loaded: LoadedDistrict, path: KeyPath) -> str:
    place = loaded.origin(path)
    return f"{place.file}:{place.line}"


def files_brought(
    root: Path, base: str, environment: Mapping[str, str], snapshot: Path | None
) -> Iterator[str]:
    """
    Tell which files a change brings, or edits, that others go by than its author.

    They are other project files, for who stands there uses one, and the ``snapshot``
    that its own plan is held against, or a link that leads to it. Raises
    ``GitRefused``, and ``UsageError`` where there is no git.
    """
    git = Git(root, environment)
    # without the end of commits, a file called HEAD may be meant as well
    ends = (base, "HEAD", "--")
    compared = ("diff-tree", "-r", "-z", "--name-only", "--diff-filter=d", *ends)
    names = os.fsdecode(git.run(*compared, most=MOST_LISTED)).split("\0")
    # a disk may not tell ConnectSync.yaml from connectsync.yaml
    files = [one for one in names if Path(one).name.casefold() == PROJECT_FILE]
    top = git.line("rev-parse", "--show-toplevel") if files or snapshot else ""
    own = os.path.realpath(root)
    for one in files:
        here = os.path.realpath(Path(top, one).parent) == own
        if not here or Path(one).name != PROJECT_FILE:
            yield f"{one} is a project file of its own, for all who stand in its folder"
    if snapshot is None:
        return
    places = {snapshot.absolute()}
    with suppress(OSError):
        # a link on the way to it may be what the change brings
        places = {at for at, _, _ in steps_on(snapshot)}
    for one in filter(None, names):
        if Path(os.path.realpath(top), one) in places:
            yield f"{one} is of this change: what Connect has is as its author says"


def snapshot_of(backend: str, folder: Path) -> Path | None:
    """Give the file behind ``snapshot:``, from a folder; None of other backends."""
    kind, _, path = backend.partition(":")
    return folder / path if kind == "snapshot" else None
