"""Bytes to text: what is refused before anything looks at the YAML."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from connectsync.config.source import (
    INVISIBLE,
    MOST_FINDINGS,
    Point,
    Source,
    and_more,
    error,
    lines_of,
    quote_text,
    spell_control_characters,
)
from connectsync.domain.finding import Finding, Place
from connectsync.domain.foreign_text import APART
from connectsync.files.access import TooLarge, glance_at, read_regular
from connectsync.values import dataclass, field, in_order


@dataclass(frozen=True, slots=True)
class Ground:
    """
    The folder within which a project's files lie, spelled without links.

    It is the git work tree that holds the project, or the project's own folder where
    there is none. Who wrote a project could otherwise link to any file of the machine.
    """

    folder: str
    _known: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, root: Path) -> Ground:
        """Give the ground of the project in a folder."""
        real = Path(os.path.realpath(root))
        return cls(str(_holding(real, ".git") or real))

    @classmethod
    def around(cls, folder: Path, project_file: str) -> Ground:
        """Find the ground of the project that a folder belongs to."""
        real = Path(os.path.realpath(folder))
        return cls.of(_holding(real, project_file) or real)

    def holds(self, path: Path | str) -> bool:
        """
        Say whether a path ends within the ground once its links are followed.

        What git keeps for itself is no part of it: credentials lie there, and hooks.
        Nor is what a link of the ground leads to that is no path from where it lies.
        """
        if names_machine(str(path)) and not names_machine(self.folder):
            return False
        real = os.path.realpath(path)
        top = self.folder if self.folder == os.sep else f"{self.folder}{os.sep}"
        if not real.startswith(top):
            return real == self.folder
        # a system may not tell .GIT from .git
        inside = ".git" not in Path(real.removeprefix(top).lower()).parts
        return inside and (real == str(path) or not self._strays(path, top))

    def _strays(self, path: Path | str, top: str) -> bool:
        """
        Say whether a link of the ground ends elsewhere in a clone that lies elsewhere.

        It is spelled from the root, or leaves the ground on its way.
        """
        whole = Path(_spelled_whole(path))
        at, ahead = whole.anchor, [(one, False) for one in whole.parts[:0:-1]]
        for _ in range(_MOST_STEPS):
            if not ahead:
                return False
            part, linked = ahead.pop()
            at = os.path.dirname(at) if part == ".." else os.path.join(at, part)  # noqa: PTH118, PTH120
            if linked and not f"{at}{os.sep}".startswith(top):
                return True
            if part != ".." and os.path.islink(at):  # noqa: PTH114
                ours, target = at.startswith(top), Path(os.readlink(at))  # noqa: PTH115
                # spelled from the root, it begins outside of the ground
                at = target.anchor or os.path.dirname(at)  # noqa: PTH120
                parts = target.parts[1:] if target.anchor else target.parts
                ahead += [(one, ours) for one in reversed(parts)]
        return True

    def named(self, path: Path | str) -> str:
        """Spell a path for people: from the ground if it lies in it."""
        lies = os.path.abspath(path)  # noqa: PTH100 - links keep their names
        return spell_control_characters(lies.removeprefix(f"{self.folder}{os.sep}"))

    def way_out(self, path: Path | str) -> str | None:
        """
        Give where a path of the project ends if a link leads it out of the ground.

        A path that lies elsewhere from the start, as its spelling says, is none.
        """
        spelled = _spelled_whole(path)
        parent = os.path.dirname(spelled)  # noqa: PTH120
        if not os.path.islink(spelled) and self.holds_folder(parent):  # noqa: PTH114
            return None
        if self.holds(spelled):
            return None
        if not any(self.holds(above) for above in Path(spelled).parents):
            return None
        end = os.path.realpath(spelled)
        back = f"{end}{os.sep}".startswith(os.path.join(self.folder, ""))  # noqa: PTH118
        return f"(spelled in full) {end}" if back else end

    def holds_folder(self, folder: str) -> bool:
        """Say what `holds` says of a folder, and remember it."""
        if folder not in self._known:
            self._known[folder] = self.holds(folder)
        return self._known[folder]


def names_machine(path: str) -> bool:
    """
    Say whether a path may be one on another machine: it begins with two slashes.

    Windows signs in there as soon as such a path is looked at.
    """
    return path[:1] in _SLASHES and path[1:2] in _SLASHES


_SLASHES = frozenset("/\\")


_MOST_STEPS = 4_000
"""Parts of a path that are gone through, with those of its links."""


def _spelled_whole(path: Path | str) -> str:
    """Spell a path from the root; ``..`` stays behind its link."""
    # pathlib is slow, and a country has 13,318 files
    spelled = str(path)
    if (_ROOT and spelled[:1] == _ROOT) or os.path.isabs(spelled):  # noqa: PTH117
        return spelled
    return os.path.join(os.getcwd(), spelled)  # noqa: PTH109, PTH118


_ROOT = "/" if os.sep == "/" else ""
"""What a path begins with where it is whole, as far as one character can tell."""


def without_steps_up(path: Path) -> Path:
    """
    Take each plain ``..`` out of a path, which the current folder completes.

    One behind a link stays, and so does what follows: it leads where the link does.
    """
    whole = Path.cwd() / path
    spelled = whole.anchor
    for part in whole.parts[1:]:
        plain = os.path.basename(spelled) != ".." and not os.path.islink(spelled)  # noqa: PTH114, PTH119
        if part == ".." and plain:
            spelled = os.path.dirname(spelled)  # noqa: PTH120
        else:
            spelled = os.path.join(spelled, part)  # noqa: PTH118
    return Path(spelled)


def _holding(folder: Path, name: str) -> Path | None:
    """Find the nearest folder, from this one up, that holds an entry of that name."""
    for one in (folder, *folder.parents):
        if os.path.lexists(one / name):
            return one
    return None


SUFFIXES = (".yaml", ".yml")

SIZE_LIMIT = 1 << 20
"""Bytes. A district file has about two thousand; a million is a mistake."""

MOST_ENTRIES = 20_000
"""
Lines and items of a file. A district has some fifty, a wave of the whole country
13,318. What is read is looked at many times over, so entries are bounded as well.
"""

_USUAL = bytes([9, 10, 13, *range(32, 127)])
_TAB_INDENT = re.compile(r"^ *\t[ \t]*(?=[^ \t\r\n])", re.MULTILINE)
_LONE_RETURN = re.compile(r"\r(?!\n)")
_BOM = "\ufeff"
_UTF_16 = frozenset([b"\xff\xfe", b"\xfe\xff"])


def bytes_of(
    path: Path | str, name: str, ground: Ground | None = None
) -> bytes | Finding:
    """
    Read a regular file of at most ``SIZE_LIMIT`` bytes, or say why not.

    With a ``ground``, a link that leads out of it, or to a file of another kind, is not
    followed: a session or a token may lie in the project, where no commit holds it.
    """
    spelled = _spelled_whole(path)
    # `dirname` takes as long as opening a file
    folder = spelled.rpartition("/")[0] if _ROOT else ""
    folder = folder or os.path.dirname(spelled)  # noqa: PTH120
    is_inside = ground is None or ground.holds_folder(folder)
    if is_inside and (content := glance_at(spelled)) is not None:
        return content
    message, hint = "", "put the file itself here; what lies outside is not read"
    try:
        if ground is not None and (end := ground.way_out(path)) is not None:
            message = f"a link that leads out of the project, to {quote_text(end)}"
        elif ground is not None and (other := _other_kind(path)) is not None:
            end = quote_text(ground.named(other))
            message = f"a link to {end}, which is no YAML file"
            hint = "let it lead to a file whose name ends in .yaml"
        if message:
            return _not_read(name, f"the file is {message}", hint)
        return read_regular(Path(path), SIZE_LIMIT)
    except TooLarge:
        return _too_large(name)
    except (OSError, ValueError) as failure:
        why = getattr(failure, "strerror", None) or str(failure)
        hint = "check its path and its rights"
        return _not_read(name, f"the file cannot be read: {why}", hint)


def _other_kind(path: Path | str) -> str | None:
    """Give where a link ends if that is no YAML file."""
    if not os.path.islink(path):  # noqa: PTH114 - hot: of every file
        return None
    end = os.path.realpath(path)
    return None if end.endswith(SUFFIXES) else end


def home_of(environment: Mapping[str, str]) -> str:
    """Give the home of this person as libraries find it: without HOME, by who it is."""
    if home := environment.get("HOME"):
        return home
    try:
        from pwd import getpwuid  # noqa: PLC0415 - not on Windows

        return getpwuid(os.geteuid()).pw_dir or APART
    except (ImportError, KeyError):
        return APART


_MISNAMED = re.compile(
    r"\.?connect[-_ ]?sync(?:\.(?:ya?ml|json|toml))+(?:\.txt)?", re.IGNORECASE
)


def misnamed(folder: Path, meant: str) -> tuple[str, ...]:
    """Give the names in a folder that were ``meant`` as this one, and are not it."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names, not paths
    except OSError:
        return ()
    found = (name for name in names if _MISNAMED.fullmatch(name))
    return tuple(sorted(name for name in found if name != meant))


def text_of(name: str, raw: bytes) -> str | tuple[Finding, ...]:
    """Decode a file, or give the findings that forbid it."""
    if len(raw) > SIZE_LIMIT or entries_of(raw) > MOST_ENTRIES:
        return (_too_large(name, entries=len(raw) <= SIZE_LIMIT),)
    if raw[:2] in _UTF_16 or (len(raw) > 1 and 0 in raw[:2] and raw[:2] != b"\0\0"):
        hint = "save it as UTF-8 without a byte order mark"
        message = "the file is saved as UTF-16"
        return (error("not-utf-8", message, Place(name), hint=hint),)
    try:
        source = Source(name, raw.decode())
    except UnicodeDecodeError as failure:
        return (_not_utf_8(name, raw, failure.start),)
    found = _characters(source) if raw.translate(None, _USUAL) else ()
    if not found and b"\t" in raw:
        found = _each(
            source,
            _TAB_INDENT,
            "tab-indentation",
            lambda _: "the line is indented with a tab; YAML takes only spaces",
            "indent by two spaces",
        )
    if not found and b"\r" in raw and b"\n" in raw:
        found = _each(
            source,
            _LONE_RETURN,
            "control-character",
            lambda _: (
                "the file holds a carriage return alone: to YAML a line ends there,"
                " and in what git and reviews show it does not"
            ),
            "end the line as the others end",
        )
    return found or source.text


def invisible(text: str) -> str | None:
    """Name the first character that cannot be seen, as ``U+0007``; None if none."""
    match = INVISIBLE.search(text)
    return f"U+{ord(match[0]):04X}" if match else None


def _characters(source: Source) -> tuple[Finding, ...]:
    if source.text.startswith(_BOM):
        return (
            error(
                "byte-order-mark",
                "the file begins with a byte order mark (U+FEFF)",
                source.place((0, 0), (0, 1)),
                hint="save it as UTF-8 without a byte order mark",
            ),
        )
    return _each(
        source,
        INVISIBLE,
        "control-character",
        lambda one: f"the file holds {invisible(one)}, a character that cannot be seen",
        "delete it and type the text again",
    )


def _each(
    source: Source,
    pattern: re.Pattern[str],
    rule: str,
    message: Callable[[str], str],
    hint: str,
) -> tuple[Finding, ...]:
    """Tell of what matches, up to a limit, and how much more does."""
    matches = pattern.finditer(source.text)
    found = [
        error(
            rule,
            message(match[0]),
            source.place((row, column), (row, column + len(match[0]))),
            hint=hint,
        )
        for match, (row, column) in _points(source.text, islice(matches, MOST_FINDINGS))
    ]
    return and_more(found, sum(1 for _ in matches))


def _points(
    text: str, matches: Iterator[re.Match[str]]
) -> Iterator[tuple[re.Match[str], Point]]:
    row, begin, done = 0, 0, 0
    for match in matches:
        above = lines_of(text[done : match.start()])
        row += len(above) - 1
        begin = match.start() - len(above[-1]) if len(above) > 1 else begin
        done = match.start()
        yield match, (row, match.start() - begin)


def _not_utf_8(name: str, raw: bytes, at: int) -> Finding:
    rows = lines_of(raw[:at].decode())
    point = (len(rows) - 1, len(rows[-1]))
    source = Source(name, raw.decode(errors="replace"))
    return error(
        "not-utf-8",
        f"the byte 0x{raw[at]:02X} is not UTF-8",
        source.place(point, (point[0], point[1] + 1)),
        hint="save the file as UTF-8",
    )


def entries_of(raw: bytes) -> int:
    """Count at most what a file can hold: its lines, and items and keys within them."""
    lines = max(raw.count(b"\n"), raw.count(b"\r"))
    marks = raw.count(b"- ") + raw.count(b"? ")
    opened = raw.count(b"[") + raw.count(b"{")
    return lines + raw.count(b",") + max(0, marks + opened - lines)


def _too_large(name: str, *, entries: bool = False) -> Finding:
    how = f"is larger than {SIZE_LIMIT:,} bytes"
    if entries:
        how = f"has more than {MOST_ENTRIES:,} lines or items"
    hint = "one file describes one district; is this another file?"
    return error("file-too-large", f"the file {how}", Place(name), hint=hint)


def _not_read(name: str, message: str, hint: str) -> Finding:
    return error("file-not-readable", message, Place(name), hint=hint)


class NamedPaths:
    """
    Paths by their names in reports, sorted.

    Of what lies in the project by that name nothing more is kept: a country has 13,318.
    """

    def __init__(self, root: Path, paths: Iterable[tuple[str, str]]) -> None:
        self._inside = f"{root.as_posix()}/"
        self._elsewhere: dict[str, str] = {}
        self.names = in_order(self._noted(name, path) for name, path in paths)

    def _noted(self, name: str, path: str) -> str:
        if path != f"{self._inside}{name}":
            self._elsewhere[name] = path
        elif self._elsewhere:
            self._elsewhere.pop(name, None)
        return name

    def __getitem__(self, name: str) -> str:
        """Give the path of a name."""
        return self._elsewhere.get(name) or f"{self._inside}{name}"

    def __iter__(self) -> Iterator[str]:
        """Give the names."""
        return iter(self.names)

    def __len__(self) -> int:
        """Count them."""
        return len(self.names)
