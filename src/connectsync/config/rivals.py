"""Files outside a scope that may describe the same district as one inside it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from connectsync.config.discovery import PROJECT_FILE, below
from connectsync.config.ground import Ground
from connectsync.config.intake import bytes_of
from connectsync.domain.district import District, token_identity
from connectsync.domain.finding import Finding

_PLAIN = re.compile("[A-Za-z0-9_]+")

MANY = 50
"""Districts in scope beyond which reading every file costs less than searching it."""


def rivals(
    districts: Sequence[District], scope: Iterable[Path], districts_dir: Path
) -> tuple[Path, ...]:
    """
    Find the other files in which a key, an id or a token reference of these stands.

    They are searched as bytes: reading the YAML of a whole country takes seconds,
    looking for a word does not. What is found is a candidate, not yet a finding.
    """
    inside = {path.resolve() for path in scope}
    others = [
        path for path in sorted(below(districts_dir)) if path.resolve() not in inside
    ]
    if len(districts) > MANY:
        return tuple(others)
    stems = {district.key for district in districts}
    words = [word.encode() for word in sorted(_words(districts))]
    ground = Ground.around(districts_dir, PROJECT_FILE)
    return tuple(
        path for path in others if path.stem in stems or _holds(path, words, ground)
    )


def _words(districts: Sequence[District]) -> set[str]:
    """Give words in small letters that no other spelling of these can do without."""
    return {
        word.lower()
        for district in districts
        for word in (district.credentials.district_id, _word(district))
        if word
    }


def _word(district: District) -> str:
    """Give the part of a token reference that is spelled alike however it is named."""
    scheme, *parts = token_identity(district.credentials.oauth_token or "")
    if scheme == "file":
        return posixpath.basename(parts[0])
    # in a quoted command a quote may stand anywhere, so its longest plain word counts
    plain = [word for part in parts for word in _PLAIN.findall(part)]
    return max(plain, key=len, default="")


def _holds(path: Path, words: Sequence[bytes], ground: Ground) -> bool:
    content = bytes_of(path, path.name, ground)
    # what cannot be read may be anyone's: loading it says why
    return isinstance(content, Finding) or any(
        word in content.lower() for word in words
    )
