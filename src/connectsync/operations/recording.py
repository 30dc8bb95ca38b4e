"""Writing down the labels that the page offers and nobody publishes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectsync.config.discovery import PROJECT_FILE
from connectsync.config.editing import KeyPath, edited
from connectsync.config.shelf import checked
from connectsync.connect.seam import Reader
from connectsync.domain.settings import BY_NAME, SETTINGS, Kind
from connectsync.errors import ConnectError, InvalidFiles, UsageError
from connectsync.files.writing import replace_file

Options = Mapping[str, tuple[str, ...]]

OFFERING = tuple(
    setting.name for setting in SETTINGS if setting.kind in {Kind.CHOICE, Kind.BOXES}
)
"""The settings that offer labels."""

FRESH = "schema: 1\n"
"""What a project file holds that says nothing yet."""


async def offered_labels(reader: Reader) -> Options:
    """
    Read what every drop-down and box group offers.

    Where it is not told, published labels stand for themselves. Raises
    ``ConnectError`` for a setting whose labels are published nowhere.
    """
    offered = {}
    for name in OFFERING:
        try:
            offered[name] = await reader.options(name)
        except ConnectError:
            if not BY_NAME[name].labels:
                raise
    return offered


def record(root: Path, offered: Options, recorded: Options) -> tuple[str, ...]:
    """
    Write labels into the project file; give the settings whose labels were new.

    A setting that offers just the published labels is left out. Comments and
    everything else stay. Another order makes no difference. Without a project file one
    is made. Raises ``InvalidFiles`` or ``UsageError``, with nothing written, if it
    cannot be done.
    """
    new = {
        name: labels
        for name, labels in offered.items()
        if set(labels) != set(recorded.get(name, BY_NAME[name].labels))
    }
    if new:
        changes: dict[KeyPath, Any] = {
            ("options", name): list(labels) for name, labels in new.items()
        }
        text = edited(_text(root), changes, name="project")
        _insist_valid(text)
        replace_file(root / PROJECT_FILE, text)
    return tuple(new)


def _text(root: Path) -> str:
    path = root / PROJECT_FILE
    if not path.exists():
        return FRESH
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}") from error


def _insist_valid(text: str) -> None:
    for finding in checked(PROJECT_FILE, text.encode(), "project").findings:
        raise InvalidFiles(
            f"the labels cannot be recorded: {finding.message}",
            remedy=finding.hint,
        )
