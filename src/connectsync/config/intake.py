"""Bytes to text: what is refused before anything looks at the YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from stat import S_ISREG

from connectsync.config.rule_names import MOST_FINDINGS
from connectsync.config.source import INVISIBLE, Point, Source, error, lines_of
from connectsync.domain.finding import Finding, Place

SIZE_LIMIT = 1 << 20
"""Bytes. A district file has about two thousand; a million is a mistake."""

_USUAL = bytes([9, 10, 13, *range(32, 127)])
_TAB_INDENT = re.compile(r"^ *\t[ \t]*(?=[^ \t\r\n])", re.MULTILINE)
_BOM = "\ufeff"


def bytes_of(path: Path, name: str) -> bytes | Finding:
    """Read a regular file of at most ``SIZE_LIMIT`` bytes, or say why not."""
    try:
        status = path.stat()
        if not S_ISREG(status.st_mode):
            return _unreadable(name, "it is not a regular file")
        if status.st_size > SIZE_LIMIT:
            return _too_large(name)
        with path.open("rb") as file:
            raw = file.read(SIZE_LIMIT + 1)
    except (OSError, ValueError) as failure:
        return _unreadable(name, getattr(failure, "strerror", None) or str(failure))
    return raw


def text_of(name: str, raw: bytes) -> str | tuple[Finding, ...]:
    """Decode a file, or give the findings that forbid it."""
    if len(raw) > SIZE_LIMIT:
        return (_too_large(name),)
    try:
        text = raw.decode()
    except UnicodeDecodeError as failure:
        return (_not_utf_8(name, raw, failure.start),)
    if raw.translate(None, _USUAL) and (found := _characters(Source(name, text))):
        return found
    if b"\t" in raw:
        return tuple(_tabs(Source(name, text))) or text
    return text


def invisible(text: str) -> str | None:
    """Name the first character that cannot be seen, as ``U+0007``; None if none."""
    match = INVISIBLE.search(text)
    return f"U+{ord(match[0]):04X}" if match else None


def _characters(source: Source) -> tuple[Finding, ...]:
    if source.text.startswith(_BOM):
        return (_byte_order_mark(source),)
    found = islice(INVISIBLE.finditer(source.text), MOST_FINDINGS)
    return tuple(
        error(
            "control-character",
            f"the file holds {invisible(match[0])}, a character that cannot be seen",
            source.place(start, (start[0], start[1] + 1)),
            hint="delete it and type the text anew",
        )
        for match, start in _points(source.text, found)
    )


def _byte_order_mark(source: Source) -> Finding:
    return error(
        "byte-order-mark",
        "the file begins with a byte order mark (U+FEFF)",
        source.place((0, 0), (0, 1)),
        hint="save it as UTF-8 without a byte order mark",
    )


def _tabs(source: Source) -> Iterator[Finding]:
    found = islice(_TAB_INDENT.finditer(source.text), MOST_FINDINGS)
    for match, start in _points(source.text, found):
        yield error(
            "tab-indentation",
            "the line is indented with a tab; YAML takes only spaces",
            source.place(start, (start[0], len(match[0]))),
            hint="indent by two spaces",
        )


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
        hint=_encoding_hint(raw),
    )


def _encoding_hint(raw: bytes) -> str:
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "the file is UTF-16; save it as UTF-8"
    return "save the file as UTF-8"


def _too_large(name: str) -> Finding:
    return error(
        "file-too-large",
        f"the file is larger than {SIZE_LIMIT:,} bytes",
        Place(name),
        hint="one file describes one district; is this another file?",
    )


def _unreadable(name: str, why: str) -> Finding:
    return error(
        "file-not-readable",
        f"the file cannot be read: {why}",
        Place(name),
        hint="check its path and its rights",
    )
