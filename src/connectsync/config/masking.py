"""
Keep secrets out of every text that is shown.

A literal token in a file is a mistake; repeating it in a log or in a pull request
would be the greater one. Whatever comes from a file is masked before it is shown:
too much rather than too little, because the reader has the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

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


def masked(text: str) -> str:
    """Hide what follows a key that names a secret, and whatever looks like a token."""
    text = text[:_WIDTH]
    for key in (_AFTER_KEY, _NO_COLON, _CREDENTIALS, _BEARER):
        text = _cut(key, text)
    if "credentials" in text:
        text = _pair(text)
    text = _IN_ADDRESS.sub(rf"\1{MASK}", text)
    return _TOKEN_LIKE.sub(MASK, text)


def masked_line(lines: Sequence[str], number: int) -> str:
    """
    Hide the secrets of one line, which may go on from a line above (zero-based).

    So is its comment: people note there what was valid before.
    """
    line = _without_comment(lines[number][:_WIDTH])
    parent = _parent(lines, number)
    if _SECRET_PARENT.match(parent):
        return _indent(line) + MASK
    if _CREDENTIALS_PARENT.match(parent):
        return masked(_pair(line) if ":" in line else _hidden(line))
    return masked(line)


def _without_comment(line: str) -> str:
    if "#" not in line:
        return line
    for match in _QUOTED_OR_COMMENT.finditer(line):
        if match["comment"]:
            return f"{line[: match.start('comment')]}# {MASK}"
    return line


def _cut(key: re.Pattern[str], text: str) -> str:
    for match in key.finditer(text):
        if not _REFERENCE.match(text, match.end()):
            return text[: match.end()] + MASK
    return text


def _pair(line: str) -> str:
    return _TOKEN_AS_KEY.sub(MASK, _cut(_IN_CREDENTIALS, line))


def _hidden(line: str) -> str:
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
