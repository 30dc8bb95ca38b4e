"""Files outside a scope that may describe the same district as one inside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from connectsync.config.discovery import PROJECT_FILE, below
from connectsync.config.ground import Ground
from connectsync.config.intake import bytes_of
from connectsync.domain.district import District
from connectsync.domain.finding import Finding

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
    return {
        word
        for district in districts
        for word in (district.credentials.district_id, district.credentials.oauth_token)
        if word
    }


def _holds(path: Path, words: Sequence[bytes], ground: Ground) -> bool:
    content = bytes_of(path, path.name, ground)
    # what cannot be read may be anyone's: loading it says why
    return isinstance(content, Finding) or any(word in content for word in words)
