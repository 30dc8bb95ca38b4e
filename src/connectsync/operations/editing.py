"""Files edited in bulk: what their texts become, and the fleet that they would make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from connectsync.config.document import Document, data_of_text
from connectsync.config.edit import edit_values, remove_value
from connectsync.config.fleet import Fleet, fleet_of_texts, with_texts
from connectsync.config.layers import LAYERED, merge_section
from connectsync.errors import InvalidFiles


@dataclass(frozen=True, slots=True)
class ValueEdit:
    """
    A change of one value: ``sign`` is ``=``, ``+=`` or ``-=``; empty takes it out.

    ``value`` is plain data, a list where labels come or go.
    """

    path: tuple[str, ...]
    sign: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class EditedFile:
    """A file by its name, and its text before and after."""

    file: str
    before: str
    after: str


def edit_layers(layers: Sequence[Document], edits: Iterable[ValueEdit]) -> EditedFile:
    """
    Edit the last of some layers, so that its effective values are as asked for.

    A value that is so already is left as it is. Raises ``InvalidFiles`` where the file
    cannot be changed without losing something.
    """
    file, before = layers[-1].file, layers[-1].source.text
    text = before
    try:
        for edit in edits:
            whole = _whole_section(layers, text, edit)
            text = _edited(text, whole, _stated(layers, whole.path))
    except InvalidFiles as error:
        raise InvalidFiles(f"{file}: {error.message}", remedy=error.remedy) from error
    return EditedFile(file, before, text)


def _edited(text: str, edit: ValueEdit, held: Any) -> str:
    if not edit.sign:
        return remove_value(text, edit.path)
    wanted = edit.value
    if edit.sign != "=":
        there = list(held or [])
        gone = edit.value if edit.sign == "-=" else ()
        added = edit.value if edit.sign == "+=" else ()
        wanted = [one for one in there if one not in gone]
        wanted += [one for one in added if one not in there]
        if wanted == there:
            return text
    alike = isinstance(held, list) and isinstance(wanted, list)
    if held == wanted or (alike and sorted(map(str, held)) == sorted(wanted)):
        return text
    return edit_values(text, {edit.path: wanted})


def _whole_section(layers: Sequence[Document], text: str, edit: ValueEdit) -> ValueEdit:
    """
    Make an edit within a mapping that a profile states one of the mapping.

    A file that states such a mapping states all of it: what the profile says beside
    the value would be gone.
    """
    top, inside = edit.path[:2], edit.path[2:]
    shared = _stated(layers, top) if inside and edit.sign == "=" else None
    own = data_of_text(text).get(top[0]) if isinstance(shared, dict) else None
    if not isinstance(shared, dict) or (own and top[1] in own):
        return edit
    whole = deepcopy(shared)
    within = whole
    for key in inside[:-1]:
        within = within.setdefault(key, {})
    if within.get(inside[-1]) == edit.value:
        return edit
    within[inside[-1]] = edit.value
    return ValueEdit(top, "=", whole)


def _stated(layers: Sequence[Document], path: tuple[str, ...]) -> Any:
    if path[0] not in LAYERED:
        value: Any = layers[-1].data
    else:
        value, path = merge_section(layers, path[0]), path[1:]
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def fleet_with(fleet: Fleet, edited: Iterable[EditedFile]) -> Fleet:
    """Give the fleet as it is once these districts and profiles are written."""
    texts = {one.file: one.after for one in edited}
    if texts.keys().isdisjoint(fleet.shelf.names.values()):
        return with_texts(fleet, texts)
    held = {one.file: one.layers[-1].source.text for one in fleet.districts}
    shared = {one.file: one.source.text for one in fleet.shelf.documents.values()}
    return fleet_of_texts(
        {file: texts.get(file, text).encode() for file, text in held.items()},
        {file: texts.get(file, text).encode() for file, text in shared.items()},
        fleet.shelf.recorded,
        fleet.shelf.at,
    )
