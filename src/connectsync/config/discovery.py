"""Which files an argument of the command line means."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from operator import attrgetter
from pathlib import Path, PurePath

from connectsync.config.decode import SUFFIXES, Ground
from connectsync.config.source import spell_control_characters
from connectsync.domain.settings import compose_accents
from connectsync.domain.wording import did_you_mean
from connectsync.errors import InvalidFiles, NothingMatched
from connectsync.values import Texts, dataclass, field, in_order

PROFILES = "_profiles"
PROJECT_FILE = "connectsync.yaml"

MOST_ENTRIES = 100_000
"""Names below one folder; the whole country has 13,318 districts."""

_KEY = re.compile("[a-z0-9]+(-[a-z0-9]+)*")
_MAGIC = re.compile(r"[*?\[]")
_HIDDEN = ("_", ".")

_WHY_HIDDEN = (
    "a file that begins with a dot, or lies in a folder that begins with _ or a dot,"
    " holds no district"
)
_WHY_PROJECT_FILE = (
    "the project file is checked with every command; name districts instead"
)


@dataclass(frozen=True, slots=True)
class Discovered:
    """
    The files that arguments name, sorted, each once.

    ``left_out`` holds by reason what was named and is no district.
    """

    files: tuple[Path, ...]
    left_out: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)


def discover(
    root: Path, arguments: Sequence[str], districts_dir: Path | None = None
) -> Discovered:
    """
    Find the files that arguments name.

    An argument is a file, a folder or a glob, from ``root`` unless absolute. A folder
    gives the YAML files below it, but nothing below a folder whose name begins with
    ``_`` or ``.``; no glob goes into one either. In a project, a folder or a glob gives
    only what lies with the districts; a file that is named itself may lie anywhere. A
    file that is a district's or a profile's by another name, as a link or the target of
    one, goes by its own. Raises NothingMatched, naming the argument, if one gives
    nothing, and InvalidFiles for a folder that cannot be read.
    """
    home, ground = root / (districts_dir or "districts"), Ground.of(root)
    files: set[Path] = set()
    why_elsewhere = (
        f"outside {relative(home, root)}/, where the districts are; to have such a file"
        " read, name it"
    )
    left_out: defaultdict[str, set[Path]] = defaultdict(set)
    for argument in arguments:
        matched = set(_as_walked(_match(root, argument, ground), home, ground))
        if not matched:
            named = argument.replace("\n", r"\n")
            raise NothingMatched(f"'{named}' matches no district file")
        hidden = {path for path in matched if _is_hidden(path, root, home)}
        left_out[_WHY_HIDDEN] |= hidden
        own = {path for path in matched - hidden if path.name == PROJECT_FILE}
        left_out[_WHY_PROJECT_FILE] |= own
        matched -= hidden | own
        if matched != {root / argument} and os.path.lexists(root / PROJECT_FILE):
            elsewhere = {path for path in matched if not path.is_relative_to(home)}
            left_out[why_elsewhere] |= elsewhere
            matched -= elsewhere
        files |= matched
    return Discovered(
        _sort_paths(files),
        {why: _sort_paths(paths - files) for why, paths in left_out.items()},
    )


def discover_all(root: Path, districts_dir: Path) -> Texts:
    """
    Find the files of all districts, sorted; none of them can be hidden or elsewhere.

    They are spelled as paths are: making 13,318 paths takes as long as reading a fifth
    of the files. Raises InvalidFiles for a folder that cannot be read.
    """
    return in_order(names_below(root / districts_dir, Ground.of(root)))


def _as_walked(paths: Iterable[Path], home: Path, ground: Ground) -> Iterator[Path]:
    """Give files by the names that districts and profiles have for them, if any."""
    # calendars and rules go by those, and no other link is a way around them
    top = os.path.join(os.path.realpath(home), "")  # noqa: PTH118 - as it says
    folders, linked = dict[Path, str](), dict[str, str]()
    for path in paths:
        folder = folders.get(path.parent) or os.path.realpath(path.parent)
        folders[path.parent] = folder
        end = os.path.join(folder, path.name)  # noqa: PTH118 - hot: of every file
        end = os.path.realpath(end) if path.is_symlink() else end
        *above, name = PurePath(end.removeprefix(top)).parts
        shown = above == [PROFILES] or not any(one[0] in _HIDDEN for one in above)
        if f"{folder}{os.sep}" == f"{top}{PROFILES}{os.sep}":
            yield home / PROFILES / path.name
        elif end.startswith(top) and shown and _is_for_a_district(name):
            yield home.joinpath(*above, name)
        else:
            linked = linked or {"": "", **_linked(home, ground)}
            yield Path(linked.get(end, path))


def _linked(home: Path, ground: Ground) -> dict[str, str]:
    """Give what is reached through a link below a folder, by where it ends."""
    found: dict[str, str] = {}
    real, top = os.path.realpath(home), str(home)
    for parent, names in walk(home, ground=ground, enters=_enters_profiles(top)):
        plain = os.path.realpath(parent) == real + parent.removeprefix(top)
        shared = parent == os.path.join(top, PROFILES)  # noqa: PTH118 - a name
        for name in filter(_is_for_a_district, names):
            path = os.path.join(parent, name)  # noqa: PTH118 - hot: of every file
            if not plain or os.path.islink(path):  # noqa: PTH114 - hot
                end = os.path.realpath(path)
                found[end] = path if shared else found.get(end, path)
    return found


def _enters_profiles(top: str) -> Callable[[str, str], bool]:
    """Give what says that a walk goes to districts, and to the profiles beside them."""
    return lambda parent, name: (
        name[0] not in _HIDDEN or (name == PROFILES and parent == top)
    )


def _sort_paths(paths: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(sorted(paths, key=Path.as_posix))


def file_of(districts_dir: Path, key: str) -> Path:
    """
    Find the file that is named after a district.

    Raises NothingMatched, with the key that was meant perhaps, if there is none.
    """
    if (found := key_file(districts_dir, key)) is not None:
        return found
    files = map(stem_of, below(districts_dir))
    raise NothingMatched(
        f"'{key}' matches no district file",
        remedy=did_you_mean(key, sorted(files)) or None,
    )


def key_file(districts_dir: Path, key: str) -> Path | None:
    """Find the file that is named after a district, if there is one."""
    names = list(names_below(districts_dir))
    spelled = tuple(f"{os.sep}{key}{suffix}" for suffix in SUFFIXES)
    # making paths of 13,318 names takes longer than reading the files
    if found := [Path(name) for name in names if name.endswith(spelled)]:
        return max(found)
    alike = (path for path in map(Path, names) if stem_of(path) == key)
    return max(alike, default=None)


def is_key(argument: str) -> bool:
    """Say whether an argument is spelled like a district, and not like a path."""
    return _KEY.fullmatch(argument) is not None


def stem_of(path: PurePath) -> str:
    """Give a file's stem as files spell it: some systems take letters apart."""
    return compose_accents(path.stem)


def below(folder: Path, ground: Ground | None = None) -> Iterator[Path]:
    """
    Walk the YAML files below a folder, skipping ``_`` and ``.`` folders and dot files.

    A linked folder is read like any other, each folder once. Raises InvalidFiles,
    naming the folder, for one that cannot be read, for a link that leads out of the
    ground or nowhere, and where there is no end to it.
    """
    return map(Path, names_below(folder, ground))


def names_below(folder: Path, ground: Ground | None = None) -> Iterator[str]:
    """Walk as `below` does, without making a path of each of 13,318 files."""
    for parent, names in walk(folder, ground=ground):
        inside = os.path.join(parent, "")  # noqa: PTH118 - as it says
        yield from (inside + name for name in names if _is_for_a_district(name))


def _is_for_a_district(name: str) -> bool:
    return name.endswith(SUFFIXES) and name[0] != "." and name != PROJECT_FILE


def holds_others(folder: Path, root: Path, read: Collection[str]) -> bool:
    """
    Say whether a folder itself surely holds a district's file that was not read.

    It stops at the first: who names one of 13,318 files does not wait for the others.
    """
    if Ground.around(folder, PROJECT_FILE).way_out(folder) is not None:
        return False
    with suppress(OSError), os.scandir(folder) as entries:
        return any(
            _is_for_a_district(entry.name)
            and entry.is_file()
            and relative(entry.path, root) not in read
            for entry in entries
        )
    return False


def walk(
    folder: Path,
    *,
    ground: Ground | None = None,
    enters: Callable[[str, str], bool] = lambda _, name: name[0] not in _HIDDEN,
) -> Iterator[tuple[str, list[str]]]:
    """
    Walk folders as `below` does; give each with the names of what is no folder.

    ``enters`` says of a folder and a name in it whether to go there.
    """
    ground = ground or Ground.around(folder, PROJECT_FILE)
    top, count = str(folder), 0
    seen: dict[tuple[int, int], str] = {}
    real, linked = [top], list[str]()
    while real or linked:
        # links last: what is reached without one goes by that name
        parent = real.pop() if real else linked.pop(0)
        names, others = _entries(parent, seen, ground, is_top=parent == top)
        count += len(names) + len(others)
        for entry in others:
            if not _is_folder(entry, ground):
                names.append(entry.name)
            elif enters(parent, entry.name):
                (linked if entry.is_symlink() else real).append(entry.path)
        names.sort()
        if count > MOST_ENTRIES:
            raise InvalidFiles(
                f"below {ground.named(top)} there are more than {MOST_ENTRIES:,} files",
                remedy="let `districts` name a folder that holds districts only",
            )
        yield parent, names


def _entries(
    folder: str, seen: dict[tuple[int, int], str], ground: Ground, *, is_top: bool
) -> tuple[list[str], list[os.DirEntry[str]]]:
    names, others = list[str](), list[os.DirEntry[str]]()
    if (end := ground.way_out(folder)) is not None:
        raise InvalidFiles(
            f"the folder {ground.named(folder)} is a link that leads out of the"
            f" project, to {spell_control_characters(end)}",
            remedy="put the folder itself here; what lies outside is not read",
        )
    try:
        status = os.stat(folder)  # noqa: PTH116 - a name, not a path
        first = seen.setdefault((status.st_dev, status.st_ino), folder)
        if first != folder:
            _insist_one_link(next(iter(seen.values())), first, folder, ground)
            return names, others
        with os.scandir(folder) as entries:
            for one in entries:
                # an entry takes twice the memory of its name
                is_file = one.is_file(follow_symlinks=False)
                names.append(one.name) if is_file else others.append(one)
        return names, sorted(others, key=attrgetter("name"))
    except OSError as error:
        if is_top and isinstance(error, FileNotFoundError | NotADirectoryError):
            return names, others
        raise InvalidFiles(
            f"the folder {ground.named(folder)} cannot be read: {error.strerror}",
            remedy="give this user the right to list it: a district that is not read"
            " is not checked",
        ) from error


def _insist_one_link(top: str, first: str, second: str, ground: Ground) -> None:
    """Refuse a second link to a folder: by which its files go, a new one would say."""
    real = os.path.realpath(top) + first.removeprefix(top)
    if os.path.realpath(first) != real:
        raise InvalidFiles(
            f"{ground.named(first)} and {ground.named(second)} are one folder, both"
            " reached through a link",
            remedy="keep one of the links: calendars and rules go by a folder's name",
        )


def _is_folder(entry: os.DirEntry[str], ground: Ground) -> bool:
    """Say whether an entry is a folder. Raises InvalidFiles where no one can tell."""
    try:
        if entry.is_dir():
            return True
        if entry.is_symlink() and "." not in entry.name:
            entry.stat()
    except OSError as error:
        if "." in entry.name:
            # reading a file says what is wrong with it
            return False
        raise InvalidFiles(
            f"{ground.named(entry.path)} is a link that cannot be followed:"
            f" {error.strerror}",
            remedy="repair the link or remove it; it may have been a folder of"
            " districts",
        ) from error
    return False


def relative(path: Path | str, root: Path) -> str:
    """
    Name a file as reports do: from the project, with forward slashes.

    A file that is reached by another name of the project's folder is the same file.
    """
    name, folder = str(path).replace(os.sep, "/"), f"{root.as_posix()}/"
    if name.startswith(folder) and "/.." not in name:
        # a whole country has 13,318 files, and pathlib takes its time with each
        return name.removeprefix(folder)
    # `resolve` would follow links out of the project
    lies = Path(os.path.abspath(path))  # noqa: PTH100
    with suppress(ValueError):
        return lies.relative_to(root.absolute()).as_posix()
    real = Path(os.path.realpath(root))
    for above in (*reversed(lies.parents), lies):
        inside = Path(os.path.realpath(above))
        if inside.is_relative_to(real):
            rest = lies.relative_to(above)
            return (inside.relative_to(real) / rest).as_posix()
    return name


def _is_hidden(path: Path, root: Path, home: Path) -> bool:
    """Say whether a file is none that holds a district or a profile."""
    if path.name.startswith("."):
        return True
    base = home if path.is_relative_to(home) else root
    if not path.is_relative_to(base):
        return False
    *folders, _ = path.relative_to(base).parts
    if base == home and folders == [PROFILES]:
        return False
    return any(folder.startswith(_HIDDEN) and folder != ".." for folder in folders)


def _match(root: Path, argument: str, ground: Ground) -> Iterable[Path]:
    if "\0" in argument or not argument:
        return ()
    path, there = root / argument, set[Path]()
    if os.path.lexists(path):
        there = set(below(path, ground)) if path.is_dir() else {path}
    parts = Path(argument).parts
    is_pattern = _MAGIC.search(argument) and not Path(argument).is_absolute()
    meant = set(_glob(root, parts, ground, strictly=True)) if is_pattern else there
    if not os.path.lexists(path):
        return meant or _glob(Path(path.anchor), path.parts[1:], ground)
    if meant <= there:
        return there
    # a change could bring it, for less to be checked, or more to be applied
    raise NothingMatched(
        f"'{spell_control_characters(argument)}' is a pattern, and a file or folder"
        " here is called so as well",
        remedy="rename it: names with *, ? or [ are read as patterns",
    )


def _glob(
    folder: Path, parts: Sequence[str], ground: Ground, *, strictly: bool = False
) -> Iterator[Path]:
    """
    Match the parts of a pattern below a folder; what is there is no pattern.

    Unless ``strictly``: then what has the signs of a pattern always is one.
    """
    while parts and (folder / parts[0]).is_dir():
        if strictly and _MAGIC.search(parts[0]):
            break
        folder, parts = folder / parts[0], parts[1:]
    if not parts:
        yield from below(folder, ground)
        return
    part, *rest = parts
    if part == "**":
        for parent, _ in walk(folder, ground=ground):
            inside = rest or ["*"]
            yield from _match_folder(Path(parent), inside, ground, strictly=strictly)
    else:
        yield from _match_folder(folder, parts, ground, strictly=strictly)


def _match_folder(
    folder: Path, parts: Sequence[str], ground: Ground, *, strictly: bool
) -> Iterator[Path]:
    from fnmatch import fnmatchcase  # noqa: PLC0415 - few arguments are patterns

    part, *rest = parts
    if part == "**":
        yield from _glob(folder, parts, ground, strictly=strictly)
        return
    if not _MAGIC.search(part):
        names = [part] if os.path.lexists(folder / part) else []
    else:
        files, others = _entries(str(folder), {}, ground, is_top=True)
        names = [
            name
            for name in sorted([*files, *(entry.name for entry in others)])
            if fnmatchcase(name, part) and (name[0] != "." or part[0] == ".")
        ]
    for name in names:
        path = folder / name
        if path.is_dir():
            if name[0] in _HIDDEN and part[0] != name[0]:
                continue
            inside = _glob(path, rest, ground, strictly=strictly)
            yield from inside if rest else below(path, ground)
        elif not rest and name.endswith(SUFFIXES):
            yield path


MEANT = (*SUFFIXES, ".json")
"""Endings, in any case of letters, that a file of settings may be given."""


def overlooked(folder: Path) -> tuple[Path, ...]:
    """Find files below a folder whose ending keeps them from being read; sorted."""
    return tuple(sorted(_find_files(folder), key=Path.as_posix))


def _find_files(folder: Path) -> Iterator[Path]:
    for parent, names in walk(folder, enters=_enters_profiles(str(folder))):
        yield from (
            Path(parent, name)
            for name in names
            if name.lower().endswith(MEANT)
            and not name.endswith(SUFFIXES)
            and not name.startswith(".")
        )
