"""The file of a new district, at step 5 of the setup, with its sync off."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectsync.config.discovery import PROFILES, below, relative, stem_of
from connectsync.config.intake import SIZE_LIMIT
from connectsync.config.rendering import render_district
from connectsync.config.shelf import profile_files
from connectsync.domain.suggest import did_you_mean
from connectsync.errors import UsageError
from connectsync.files.reading import read_regular
from connectsync.files.writing import replace_file

_VARIABLE = re.compile(r"\benv:[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Asked:
    """A district to be made; ``folder`` is below the districts' folder."""

    key: str
    name: str
    profiles: tuple[str, ...] = ()
    folder: str = ""


def new_district(root: Path, districts_dir: Path, asked: Asked) -> Path:
    """
    Write the file and give its path.

    Raises ``UsageError``, with nothing written, if a district of that key is there,
    a profile is not, or the folder lies outside the districts' folder.
    """
    path = districts_dir / asked.folder / f"{asked.key}.yaml"
    insist_inside(path, districts_dir, asked.folder)
    _insist_new(districts_dir, root, asked.key)
    _insist_profiles(root, districts_dir, asked.profiles)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make {path.parent}: {error.strerror}") from error
    taken = references_in(districts_dir)
    replace_file(path, district_text(path, root, _data(asked, taken)))
    return path


def insist_inside(path: Path, districts_dir: Path, folder: str) -> None:
    """Refuse a folder that is not for districts. Raises ``UsageError``."""
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


def _data(asked: Asked, taken: set[str]) -> dict[str, Any]:
    data: dict[str, Any] = {"schema": 1, "district": asked.key, "name": asked.name}
    if asked.profiles:
        data["profile"] = _profile(asked.profiles)
    else:
        data["provider"] = "clever"
    data["credentials"] = {"oauth_token": free_reference(asked.key, taken)}
    data["facts"] = {"setup_step": 5, "self_check_done": False}
    data["settings"] = {"enable_daily_sync": False}
    return data


def _profile(profiles: tuple[str, ...]) -> str | list[str]:
    return profiles[0] if len(profiles) == 1 else list(profiles)


def token_reference(key: str) -> str:
    """Name the variable that is to hold a district's token."""
    name = re.sub("[^A-Z0-9]+", "_", key.upper())
    # no variable begins with a digit
    return f"env:{'DISTRICT_' if name[0].isdigit() else ''}{name}_TOKEN"


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
    """Find every variable that a file of the districts' folder names for a token."""
    found: set[str] = set()
    for path in below(districts_dir):
        with suppress(OSError):
            text = read_regular(path, SIZE_LIMIT).decode("utf-8", "replace")
            found.update(_VARIABLE.findall(text))
    return found


def district_text(path: Path, root: Path, data: dict[str, Any]) -> str:
    """Write a new district's file, so that editors find its schema."""
    up = "../" * (len(path.relative_to(root).parts) - 1)
    modeline = f"# yaml-language-server: $schema={up}schema/district.schema.json\n"
    return modeline + render_district(data)
