"""How a good input becomes a bad one; the same chance gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

LARGEST = 64 * 1024
"""Bytes of an input, unless it begins as more: large files have tests of their own."""

WORDS = (
    *(b"\x00", b"\xff", b"\xc3", b"\xef\xbb\xbf", b"\r", b"\n", b"\t", b"\x1b[31m"),
    *(
        b"\x85",
        "\u2028".encode(),
        "\u202e".encode(),
        "e\u0301".encode(),
        "\ufffd".encode(),
    ),
    *(b"---\n", b"...\n", b"!!python/object ", b"!x ", b"&a ", b"*a ", b"<<: *a\n"),
    *(b"? a\n", b"? ", b": ", b"- ", b"- - ", b"|\n", b">-\n", b"%YAML 1.2\n", b"#"),
    *(b"{", b"}", b"[", b"]", b",", b'"', b"'", b"\\", b"\\ud800", b"\\u0000"),
    *(b"null", b"true", b"yes", b"~", b"0", b"-1", b"20.0", b"1e999", b"0x1F"),
    *(b"9" * 5000, b"0123", b"1_000", b"12:30:45", b"NaN", b"Infinity", b"2027-02-30"),
    *(b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00", b"9999-12-31"),
    *(b"schema: 1\n", b"profile: [", b"settings: {", b"allow:\n", b"env:", b"file:"),
    *(b"command:touch ran", b"../../../etc/passwd", b"/dev/zero", b"https://u:p@x/"),
    *(b"<script>", b"</form>", b"<base href=//x.test>", b"<!--", b"&#0;", b"<select>"),
    *(b"\n::error::forged", b"connectsync.yaml:1:1: ", b"x" * 3000),
)
"""Pieces that readers of such files are known to stumble over."""

REPEATED = (b"[", b"{a: ", b"- ", b"? a\n", b"a: b\n", b"<div>", b"- {rule: x}\n", b"&")
"""Pieces that hurt in numbers."""

VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 20.0, 1.5, 10**30, float("nan"), float("inf"), "", "x"),
    *("\ud800", "\x00", "a\nb", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z"),
    *([], ["x"], [1], [[]], {}, {"x": 1}, "../x", "x" * 2000, 2**63, -(2**63)),
)
"""Values of every kind, to stand where another is expected."""


def mutated(seed: bytes, chance: Random) -> bytes:
    """Change an input in one to four places."""
    largest = max(LARGEST, len(seed))
    for _ in range(chance.randint(1, 4)):
        change = chance.choice(CHANGES)
        seed = change(seed, chance)[:largest]
    return seed


def _flipped(seed: bytes, chance: Random) -> bytes:
    content = bytearray(seed or b"\0")
    for _ in range(chance.randint(1, 8)):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(content)


def _cut(seed: bytes, chance: Random) -> bytes:
    first, last = _span(seed, chance)
    return seed[:first] + seed[last:]


def _ended(seed: bytes, chance: Random) -> bytes:
    return seed[: chance.randint(0, len(seed))]


def _doubled(seed: bytes, chance: Random) -> bytes:
    first, last = _span(seed, chance)
    return seed[:last] + seed[first:last] * chance.randint(1, 4) + seed[last:]


def _with_word(seed: bytes, chance: Random) -> bytes:
    return _with(seed, chance.choice(WORDS), chance)


def _with_many(seed: bytes, chance: Random) -> bytes:
    times = chance.choice((10, 150, 2500))
    return _with(seed, chance.choice(REPEATED) * times, chance)


def _with(seed: bytes, piece: bytes, chance: Random) -> bytes:
    place = chance.randint(0, len(seed))
    over = chance.choice((0, 0, len(piece)))
    return seed[:place] + piece + seed[place + over :]


def _lines(seed: bytes, chance: Random) -> bytes:
    """Move, drop, repeat or indent a line."""
    lines = seed.splitlines(keepends=True) or [b""]
    place, line = chance.randrange(len(lines)), b""
    match chance.randrange(4):
        case 0:
            line = lines.pop(place)
            lines.insert(chance.randint(0, len(lines)), line)
        case 1:
            lines.pop(place)
        case 2:
            lines.insert(place, lines[place])
        case _:
            lines[place] = b"  " * chance.randint(1, 3) + lines[place]
    return b"".join(lines)


def _other_text(seed: bytes, chance: Random) -> bytes:
    """Put another text behind a colon."""
    lines = seed.splitlines(keepends=True)
    found = [number for number, line in enumerate(lines) if b":" in line]
    if not found:
        return _with_word(seed, chance)
    place = chance.choice(found)
    key = lines[place].partition(b":")[0]
    lines[place] = key + b": " + chance.choice(WORDS) + b"\n"
    return b"".join(lines)


def _other_value(seed: bytes, chance: Random) -> bytes:
    """Put another value into JSON, or lose one; what is no JSON is flipped."""
    head, _, body = seed.partition(b"\n{")
    whole = b"{" + body if body else seed
    try:
        data = json.loads(whole)
        spots = list(_spots(data))
    except (ValueError, RecursionError):
        return _flipped(seed, chance)
    if not spots:
        return json.dumps(chance.choice(VALUES)).encode()
    holder, key = chance.choice(spots)
    if chance.randrange(4):
        holder[key] = chance.choice(VALUES)
    else:
        del holder[key]
    spelled = json.dumps(data, indent=2).encode()
    return head + b"\n" + spelled if body else spelled


def _spots(data: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(data, dict | list):
        items = data.items() if isinstance(data, dict) else enumerate(data)
        for key, value in list(items):
            yield data, key
            yield from _spots(value)


def _span(seed: bytes, chance: Random) -> tuple[int, int]:
    first = chance.randint(0, len(seed))
    return first, min(len(seed), first + chance.choice((1, 4, 40, 400)))


Changing = Callable[[bytes, Random], bytes]

CHANGES: Sequence[Changing] = (
    *(_flipped, _cut, _ended, _doubled, _with_word, _with_many, _lines),
    *(_other_text, _other_text, _other_value, _other_value),
)
