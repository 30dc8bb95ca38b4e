"""Findings: data with a place. A rule yields a problem; others add the rest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Path = tuple[str | int, ...]
"""Keys and positions from the top of a document to a value."""


class Severity(StrEnum):
    """How bad a finding is: it blocks, it warns, or it informs."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Give 0 for the worst."""
        return ("error", "warning", "info").index(self.value)


@dataclass(frozen=True, slots=True)
class Problem:
    """
    What a rule yields: a path into the district and a sentence.

    ``on_key`` points at the key of the path instead of its value. ``stands_for`` is
    more than 1 for what only counts others.
    """

    path: Path
    message: str
    hint: str = ""
    on_key: bool = False
    stands_for: int = 1


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where in a file: one-based line and column, end column exclusive.

    ``text`` is the offending source, used for the fingerprint; ``line_text`` is the
    whole line, for the frame.
    """

    file: str
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1
    text: str = ""
    line_text: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One mistake: which rule, how bad, what, where, and what next.

    ``districts`` lists the districts it reaches when it stands in a shared layer.
    ``stands_for`` is more than 1 for what only counts the mistakes behind a limit.
    """

    rule: str
    severity: Severity
    message: str
    place: Place
    path: Path = ()
    hint: str = ""
    districts: tuple[str, ...] = ()
    fingerprint: str = ""
    stands_for: int = 1


def pointer(path: Path) -> str:
    """Spell a path as people write it: ``settings.contact_types[1]``."""
    spelled = ""
    for part in path:
        spelled += f"[{part}]" if isinstance(part, int) else f".{part}"
    return spelled.removeprefix(".")


def order(finding: Finding) -> tuple[str, int, int, int, str, str]:
    """Give the key that sorts findings: by file, place, severity, rule."""
    place = finding.place
    return (
        place.file,
        place.line,
        place.column,
        finding.severity.rank,
        finding.rule,
        finding.message,
    )
