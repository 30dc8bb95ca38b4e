"""A file takes over what is live, and keeps every other letter."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from connectsync.config.checking import Recorded
from connectsync.config.editing import KeyPath, edited
from connectsync.config.fleet import LoadedDistrict
from connectsync.config.shelf import checked
from connectsync.connect.values import json_of
from connectsync.domain.adoption import Adopted, Adoption, Taken
from connectsync.domain.live import Live
from connectsync.domain.settings import BY_NAME
from connectsync.domain.values import is_same
from connectsync.errors import InvalidFiles
from connectsync.operations.compare import differing
from connectsync.operations.likening import note_on, sayable, unknown_labels


def take_over(
    loaded: LoadedDistrict,
    live: Live,
    recorded: Recorded,
    only: Collection[str] | None = None,
) -> tuple[Adopted, str | None]:
    """
    Take over the managed values that differ; what is not managed stays so.

    ``only`` names the settings to look at, all of them where it is None. Files may name
    the labels that are ``recorded`` beside the published ones; a ticked label that is
    neither stays on Connect, and out of the file. Gives the
    district's new text, None if it stays as it is. Raises ``InvalidFiles`` if the file
    cannot be changed without losing something.
    """
    desired = loaded.district.desired()
    remarks = []
    taken = []
    for name in differing(live.form, desired):
        if only is not None and name not in only:
            continue
        setting = BY_NAME[name]
        if unknown := unknown_labels(setting, live.form[name], recorded):
            remarks.append(
                note_on(setting, live.form[name], unknown, "no longer managed")
            )
        after = sayable(setting, live.form[name], recorded)
        if isinstance(after, frozenset) and is_same(name, after, desired[name]):
            continue
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
    return adopted, _edited(loaded, taken, recorded) if taken else None


def _edited(loaded: LoadedDistrict, taken: Sequence[Taken], recorded: Recorded) -> str:
    changes: dict[KeyPath, Any] = {
        BY_NAME[one.setting].path: json_of(BY_NAME[one.setting], one.after)
        for one in taken
    }
    own = loaded.layers[-1]
    try:
        text = edited(own.source.text, changes)
    except InvalidFiles as error:
        raise InvalidFiles(
            f"{loaded.file}: {error.message}", remedy=error.remedy
        ) from error
    insist_valid(loaded.file, text, recorded)
    return text


def insist_valid(file: str, text: str, recorded: Recorded) -> None:
    """Refuse text that `validate` would not read. Raises ``InvalidFiles``."""
    findings = checked(file, text.encode(), "district", recorded).errors
    if findings:
        first = findings[0]
        raise InvalidFiles(
            f"what Connect holds cannot be written to {file}: {first.message}",
            remedy=first.hint,
        )
