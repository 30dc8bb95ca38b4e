"""Files edited in bulk, and slips in them set right: what their texts become."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from difflib import unified_diff
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from connectsync.config.decode import Ground, bytes_of, text_of
from connectsync.config.discovery import PROFILES, relative
from connectsync.config.document import Document, data_of_text
from connectsync.config.edit import canonical, edit_values, remove_value
from connectsync.config.fleet import Fleet, fleet_of_texts, with_texts
from connectsync.config.layers import LAYERED, merge_section
from connectsync.config.profiles import check_bytes
from connectsync.config.schema_check import NOTHING_RECORDED, Recorded
from connectsync.config.schemas import labels_of, schema, spell_flow, types_of
from connectsync.config.source import mask_row
from connectsync.config.yaml_tree import BLOCK_SCALARS, plain, tree_of
from connectsync.domain.finding import KeyPath
from connectsync.domain.wording import many, only_near
from connectsync.errors import InvalidFiles
from connectsync.report.terminal import Paint, Style, inert, wrap
from connectsync.values import dataclass

BOOLS = {"true": True, "on": True, "yes": True}
BOOLS |= {"false": False, "off": False, "no": False}
"""What people type for a box, in small letters."""


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


@dataclass(frozen=True, slots=True)
class FixedText:
    """A text with its slips set right, and how many guesses were left."""

    text: str
    guesses: int = 0


class Slip(NamedTuple):
    """
    A value, or a key, that is meant otherwise than it is spelled.

    ``start`` and ``end`` are where it stands in the text, ``spelled`` is what belongs
    there. What is only near to something that is known is a ``guess``.
    """

    start: int
    end: int
    spelled: str
    path: KeyPath
    value: Any
    is_key: bool = False
    guess: bool = False


def fix_text(
    text: str,
    name: str,
    recorded: Recorded = NOTHING_RECORDED,
    *,
    with_guesses: bool = False,
) -> FixedText:
    """
    Set right what is surely a slip in a file, and put its keys in order.

    ``name`` is the schema: ``district`` or ``profile``. Only what `validate` calls an
    error is changed. A text that is no YAML we read is given back as it is. Doing it
    twice changes nothing more.
    """
    left = text
    with suppress(InvalidFiles):
        # what stands below a key that was renamed can be judged only then
        while slips := _slips_that_help(left, name, recorded):
            chosen = [one for one in slips if with_guesses or not one.guess]
            before, left = left, _without_slips(left, chosen)
            if left == before:
                break
        return FixedText(canonical(left), sum(one.guess for one in slips))
    return FixedText(text)


def fix_files(
    root: Path,
    districts_dir: Path,
    files: Iterable[Path],
    recorded: Recorded = NOTHING_RECORDED,
    *,
    with_guesses: bool = False,
) -> tuple[list[EditedFile], int]:
    """
    Give the files that have slips, with them set right, and how many guesses are left.

    Files that cannot be read are left out, and so is a second name of a file.
    """
    ground, folder = Ground.of(root), (districts_dir / PROFILES).resolve()
    edited, guesses, seen = list[EditedFile](), 0, set[Path]()
    for path in files:
        end, name = path.resolve(), relative(path, root)
        raw = b"" if end in seen else bytes_of(path, name, ground)
        text = text_of(name, raw) if isinstance(raw, bytes) else raw
        seen.add(end)
        if not isinstance(text, str):
            continue
        kind = "profile" if path.parent.resolve() == folder else "district"
        fixed = fix_text(text, kind, recorded, with_guesses=with_guesses)
        guesses += fixed.guesses
        if fixed.text != text:
            edited.append(EditedFile(name, text, fixed.text))
    return edited, guesses


def _slips_that_help(text: str, name: str, recorded: Recorded) -> list[Slip]:
    """Find the slips whose place has an error now, and none once they are right."""
    data_of_text(text)
    wrong = _wrong_paths(text, name, recorded)
    if not wrong:
        return []
    found = _find_slips(tree_of(text), schema(name), (), recorded)
    slips = _without_repeated(one for one in found if one.path in wrong)
    after = _wrong_paths(_without_slips(text, slips), name, recorded)
    return [one for one in slips if one.is_key or one.path not in after]


def _wrong_paths(text: str, name: str, recorded: Recorded) -> set[KeyPath]:
    return {one.path for one in check_bytes("", text.encode(), name, recorded).errors}


def _without_repeated(slips: Iterable[Slip]) -> list[Slip]:
    """Keep the first of those that would make one key, or one label, stand twice."""
    kept: dict[tuple[object, ...], Slip] = {}
    for one in slips:
        is_one_of_many = one.is_key or isinstance(one.path[-1], int)
        kept.setdefault(
            (*one.path[:-1], one.value) if is_one_of_many else one.path, one
        )
    return list(kept.values())


def _find_slips(
    node: Node, part: Mapping[str, Any], path: KeyPath, recorded: Recorded
) -> Iterator[Slip]:
    if isinstance(node, MappingNode):
        known: Mapping[str, Any] = part.get("properties", {})
        there = {key.value for key, _ in node.value}
        for key, below in node.value:
            inside = (*path, key.value)
            if key.value in known:
                yield from _find_slips(below, known[key.value], inside, recorded)
            else:
                meant, guess = _meant(key.value, known)
                if meant is not None and meant not in there and _is_on_one_line(key):
                    yield _slip(key, inside, meant, is_key=True, guess=guess)
    elif isinstance(node, SequenceNode):
        held = Counter(one.value for one in node.value if isinstance(one, ScalarNode))
        for at, one in enumerate(node.value):
            for slip in _find_slips(one, part.get("items", {}), (*path, at), recorded):
                others = held[slip.value] - (one.value == slip.value)
                if not (isinstance(one, ScalarNode) and others):
                    yield slip
    elif isinstance(node, ScalarNode) and _is_on_one_line(node):
        yield from _slips_of(node, part, path, recorded)


def _is_on_one_line(node: Node) -> bool:
    block = getattr(node, "style", None) in BLOCK_SCALARS
    return not block and node.start_mark.line == node.end_mark.line


_YES, _NO = (
    frozenset({"yes", "on", "y", "true"}),
    frozenset({"no", "off", "n", "false"}),
)
_NOTHING = frozenset({"none", "null"})
"""Who writes `None` for a label may mean that the key is not stated."""


def _slips_of(
    node: ScalarNode, part: Mapping[str, Any], path: KeyPath, recorded: Recorded
) -> Iterator[Slip]:
    """Find what is wrong with how one value is spelled, of what its schema takes."""
    value = node.value if node.style else plain(node.value)
    kinds = types_of(part, "")
    setting = next((key for key in reversed(path) if isinstance(key, str)), "")
    labels = (*labels_of(part), *recorded.get(setting, ()))
    if isinstance(value, str) and "boolean" in kinds:
        said = value.strip().casefold()
        if said in _YES | _NO:
            yield _slip(node, path, said in _YES)
    elif isinstance(value, str) and labels:
        meant, guess = _meant(value, labels)
        if meant is not None:
            unsure = value.strip().casefold() in _NOTHING
            yield _slip(node, path, meant, guess=guess or unsure)
    elif _is_number(value) and "string" in kinds and not labels:
        # a number has lost zeros in front; what is written has not
        yield _slip(node, path, node.value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _meant(word: str, known: Iterable[str]) -> tuple[str | None, bool]:
    """Give the one known word that is meant, and whether that is a guess."""
    words = tuple(dict.fromkeys(known))
    said = word.strip().casefold()
    alike = [one for one in words if one.casefold() == said]
    if alike:
        return (alike[0] if len(alike) == 1 else None), False
    return only_near(word, words), True


def _slip(
    node: Node, path: KeyPath, value: Any, *, is_key: bool = False, guess: bool = False
) -> Slip:
    spelled, quote = spell_flow(value), getattr(node, "style", None)
    if quote and spelled == value and quote not in spelled:
        spelled = f"{quote}{spelled}{quote}"
    start, end = node.start_mark.index, node.end_mark.index
    return Slip(start, end, spelled, path, value, is_key, guess)


def _without_slips(text: str, slips: Sequence[Slip]) -> str:
    """
    Give the text with slips set right.

    Raises ``InvalidFiles`` if anything else would change.
    """
    wanted = deepcopy(dict(data_of_text(text)))
    # keys last: the paths of values are as they were
    for one in sorted(slips, key=lambda slip: slip.is_key):
        *above, last = one.path
        held: Any = wanted
        for part in above:
            held = held[part]
        if one.is_key:
            held[one.value] = held.pop(last)
        else:
            held[last] = one.value
    after = text
    for one in sorted(slips, key=lambda slip: slip.start, reverse=True):
        after = after[: one.start] + one.spelled + after[one.end :]
    if data_of_text(after) != wanted:
        raise InvalidFiles("a slip is written in a way that cannot be changed")
    return after


WIDTH = 80
"""Columns of the names of files that change alike."""

ALIKE = 3
"""Files that change alike, from which on the change is shown once."""

_HUNK = re.compile("[-+]([0-9]+)")


def diff_lines(edited: Sequence[EditedFile], paint: Paint) -> Iterator[str]:
    """
    Give the change of files as git shows one.

    Where lines that go and come are the same in several, the first file stands for
    them, and the others are named.
    """
    alike: dict[object, list[EditedFile]] = {}
    for one in edited:
        alike.setdefault(_going_and_coming(one), []).append(one)
    for several in [same for some in alike.values() for same in _same_values(some)]:
        shown = several if len(several) < ALIKE else several[:1]
        for one in shown:
            yield from _diff_of(one, paint)
        if others := [*map(inert, map(_named, several[len(shown) :]))]:
            count = many(len(others), "other file")
            named = wrap(f"the same in {count}: {', '.join(others)}", WIDTH, hang=2)
            yield from (paint(Style.DIM, line) for line in named)


def _named(one: EditedFile) -> str:
    path = PurePosixPath(one.file)
    # the stem of a district is its key, and is in the project once
    return one.file if path.parent.name == PROFILES else path.stem


def _going_and_coming(one: EditedFile) -> tuple[str, ...]:
    before, after = (text.splitlines() for text in (one.before, one.after))
    lines = unified_diff(before, after, lineterm="", n=0)
    return tuple(line for line in list(lines)[2:] if line[:1] != "@")


def _same_values(some: list[EditedFile]) -> Iterable[list[EditedFile]]:
    """Part files with the same lines by what these come to: a line has its section."""
    if len(some) < ALIKE:
        return [some]
    parts: dict[object, list[EditedFile]] = {}
    for one in some:
        # of what cannot be read, such as a key that stands twice, all of it
        comes_to: object = one.before
        with suppress(InvalidFiles):
            texts = (one.before or "{}", one.after)
            comes_to = frozenset(_changed_values((), *map(data_of_text, texts)))
        is_profile = PurePosixPath(one.file).parent.name == PROFILES
        parts.setdefault((comes_to, is_profile), []).append(one)
    return parts.values()


def _changed_values(path: KeyPath, before: Any, after: Any) -> Iterator[object]:
    """Give where data differ, and how; of a list, what goes and what comes."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in {**before, **after}:
            yield from _changed_values((*path, key), before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list):
        gone = [repr(one) for one in before if one not in after]
        yield path, tuple(gone), tuple(repr(one) for one in after if one not in before)
    else:
        yield path, repr(before), repr(after)


def _diff_of(one: EditedFile, paint: Paint) -> Iterator[str]:
    styles = {"+": Style.ADDED, "-": Style.REMOVED, "@": Style.DIM}
    before, after = (text.splitlines() for text in (one.before, one.after))
    lines = unified_diff(before, after, lineterm="", n=2)
    old = new = 0
    for number, line in enumerate(lines):
        sign = line[:1]
        if number < 2:  # noqa: PLR2004 - the two lines that name the file
            name = f"{'ab'[number]}/{inert(one.file)}"
            name = name if one.before or number else "/dev/null"
            yield paint(Style.BOLD, f"{'-+'[number] * 3} {name}")
            continue
        if sign == "@":
            old, new = (int(begin) for begin in _HUNK.findall(line))
            shown = line
        else:
            rows, row = (after, new) if sign == "+" else (before, old)
            shown = sign + mask_row(rows, row - 1)
            old, new = old + (sign != "+"), new + (sign != "-")
        yield paint(styles.get(sign, Style.PLAIN), inert(shown))
