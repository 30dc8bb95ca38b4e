"""The text of a file, decoded and limited, and places in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from connectsync.domain.finding import Finding, KeyPath, Place, Severity
from connectsync.domain.foreign_text import no_command
from connectsync.values import dataclass, replace

MASK = "***"

_SECRETIVE = r"(?<![\w-])[\w-]*(?:token|secret|password|bearer|auth)[\w-]*"
_REFERENCE = re.compile(
    r"""["']?(?:env:[A-Za-z_][A-Za-z0-9_]*["']?\s*(?:$|[,}\]#])|(?:file|command):\S)"""
)
_AFTER_KEY = re.compile(rf"{_SECRETIVE}[\"']?\s*[:=]\s*(?=[^\s#])", re.IGNORECASE)
_NO_COLON = re.compile(rf"^\s*{_SECRETIVE}[\"']?\s+(?=[^\s:=#])", re.IGNORECASE)
_CREDENTIALS = re.compile(r"""["']?credentials["']?\s*:\s*(?=[^\s{#])""")
_IN_CREDENTIALS = re.compile(
    r"""(?:^|[{,])\s*(?!\s|["']?(?:district_id|credentials)\b)[^:,{}#]+:\s*(?=[^\s#])"""
)
_TOKEN_LIKE = re.compile(r"(?=[0-9]*[A-Za-z])(?=[A-Za-z]*[0-9])[A-Za-z0-9]{32,}")
_TOKEN_AS_KEY = re.compile(
    r"(?<![\w-])(?=[\w-]*[0-9])(?=[\w-]*[A-Za-z])[\w-]{8,}(?=[\"']?\s*:)"
)
_SECRET_PARENT = re.compile(rf"^\s*(?:- )?[\"']?{_SECRETIVE}[\"']?\s*:", re.IGNORECASE)
_CREDENTIALS_PARENT = re.compile(r"""^\s*["']?credentials["']?\s*:""")
_IN_ADDRESS = re.compile(
    r"""(?<=://)([^\s:/@]*:)(?:.*(?=@)|(?![0-9]{1,5}(?:[/?#"'\s,}\]]|$)).*)"""
)
_BEARER = re.compile(r"\bBearer\s+(?=\S)", re.IGNORECASE)
_QUOTED_OR_COMMENT = re.compile(
    # a quote opens a text only where a value can begin, or `it's # ...` would hide one
    r"""(?:^|[:\-\[{,?]|[&!*]\S+)\s*(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')"""
    r"""|(?P<comment>(?:^|(?<=\s))\#.*)"""
)
_FAR = 50
_WIDTH = 400


def mask_source(text: str) -> str:
    """Hide what follows a key that names a secret, and whatever looks like a token."""
    text = text[:_WIDTH]
    for key in (_AFTER_KEY, _NO_COLON, _CREDENTIALS, _BEARER):
        text = _cut_text(key, text)
    if "credentials" in text:
        text = _pair(text)
    text = _IN_ADDRESS.sub(rf"\1{MASK}", text)
    return _TOKEN_LIKE.sub(MASK, text)


def mask_line(lines: Sequence[str], number: int) -> str:
    """
    Hide the secrets of one line, which may go on from a line above (zero-based).

    So is its comment: people note there what was valid before.
    """
    line = _without_comment(lines[number][:_WIDTH])
    parent = _parent(lines, number)
    if _SECRET_PARENT.match(parent):
        return _indent(line) + MASK
    if _CREDENTIALS_PARENT.match(parent):
        return mask_source(_pair(line) if ":" in line else _hide_secret(line))
    return mask_source(line)


def mask_row(lines: Sequence[str], number: int) -> str:
    """
    Hide the secrets of one line of a change, whose comments are shown (zero-based).

    Beside a secret, or where one belongs, they are hidden as well.
    """
    line = lines[number]
    for one in (line, _parent(lines, number)):
        if _SECRET_PARENT.match(one) or _CREDENTIALS_PARENT.match(one):
            return mask_line(lines, number)
    return mask_source(line)


def _without_comment(line: str) -> str:
    if "#" not in line:
        return line
    for match in _QUOTED_OR_COMMENT.finditer(line):
        if match["comment"]:
            return f"{line[: match.start('comment')]}# {MASK}"
    return line


def _cut_text(key: re.Pattern[str], text: str) -> str:
    for match in key.finditer(text):
        if not _REFERENCE.match(text, match.end()):
            return text[: match.end()] + MASK
    return text


def _pair(line: str) -> str:
    return _TOKEN_AS_KEY.sub(MASK, _cut_text(_IN_CREDENTIALS, line))


def _hide_secret(line: str) -> str:
    bare = line.strip()
    return line if not bare or bare.startswith(("#", "}")) else _indent(line) + MASK


def _parent(lines: Sequence[str], number: int) -> str:
    """Give the nearest line above that is less indented; a far one does not count."""
    depth = len(_indent(lines[number]))
    for above in reversed(lines[max(0, number - _FAR) : number]):
        if above.strip() and len(_indent(above)) < depth:
            return above
    return ""


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


Point = tuple[int, int]
"""Line and column, both from zero, as libyaml counts."""

INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2028\u2029"
    "\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff]"
)
"""What no file may hold: it cannot be seen, and some of it steers terminals."""

_LINE_LIMIT = 240
_TEXT_LIMIT = 200
_MOST_ROWS = 20
_SPACES = re.compile(r"[ \t\r\n]+")
_LINE_BREAK = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Source:
    """A file's name, relative to the project, and its text."""

    file: str
    text: str

    def place(self, start: Point, end: Point) -> Place:
        """Give the place between two points, its secrets masked."""
        lines = lines_of(self.text)
        row = min(start[0], len(lines) - 1)
        column = start[1] if row == start[0] else len(lines[row])
        end = max(end, (row, column))
        return Place(
            file=self.file,
            line=row + 1,
            column=column + 1,
            end_line=end[0] + 1,
            end_column=end[1] + 1,
            text=_show_text(lines, (row, column), end),
            line_text=_shorten(mask_line(lines, row), _LINE_LIMIT),
        )


def error(
    rule: str, message: str, place: Place, *, path: KeyPath = (), hint: str = ""
) -> Finding:
    """Make a finding; what cannot be read is always an error."""
    return Finding(rule, Severity.ERROR, message, place, path=path, hint=hint)


def and_more(shown: Sequence[Finding], left: int) -> tuple[Finding, ...]:
    """Give findings of one file, and behind the last how many more there are."""
    if not left:
        return tuple(shown)
    last = shown[-1]
    place = replace(last.place, line=last.place.end_line, column=last.place.end_column)
    message = f"and {left:,} more {'mistake' if left == 1 else 'mistakes'} in this file"
    hint = "fix those that are shown, then validate again"
    return (
        *shown,
        replace(last, message=message, place=place, hint=hint, stands_for=left),
    )


IN_QUOTES = re.compile(r"""(["'])(?:(?!\1).)*\1""", re.DOTALL)
"""Text with one pair of quotes around it."""


def quote_text(text: str) -> str:
    """
    Quote source text for a sentence: on one line, short, its secrets masked.

    Spaces that only look like spaces are spelled out: they are the mistake. What the
    file has in quotes keeps them, and gets no others.
    """
    one_line = _SPACES.sub(" ", no_command(text[:_LINE_LIMIT].strip()))
    shown = _shorten(mask_source(spell_control_characters(one_line)), 60)
    return shown if IN_QUOTES.fullmatch(shown) else f"'{shown}'"


def spell_control_characters(text: str) -> str:
    """Spell what cannot be seen, so that a name of a file stays on its line."""
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1]
        for character in text
    )


@lru_cache(maxsize=16)
def lines_of(text: str) -> list[str]:
    """Split a text as editors and libyaml count lines; at least one, maybe empty."""
    return _LINE_BREAK.split(text)


def _show_text(lines: list[str], start: Point, end: Point) -> str:
    row, column = start
    whole = mask_line(lines, row)
    if end[0] == row:
        part = lines[row][column : end[1]]
        return _shorten(part if part in whole else MASK, _TEXT_LIMIT)
    below = range(row + 1, min(end[0] + 1, row + _MOST_ROWS, len(lines)))
    rows = [whole[column:], *(mask_line(lines, other) for other in below)]
    return _shorten("\n".join(rows), _TEXT_LIMIT)


def _shorten(text: str, limit: int) -> str:
    visible = INVISIBLE.sub("\ufffd", text[:limit])
    return visible if len(text) <= limit else f"{visible[:-1]}…"


MOST_FINDINGS = 100
"""A file with more mistakes than this is not helped by hearing of them all."""
