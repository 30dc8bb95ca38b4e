"""What holding the store against its audit log found, as people read it."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.audit import Audited
from connectsync.domain.counting import many
from connectsync.report.columns import wrapped
from connectsync.report.style import Paint, Style, inert


def audit_text(found: Audited, *, colour: bool, width: int) -> str:
    """Give the length and the head of a log that is true, else what is not."""
    return "\n".join(_lines(found, Paint(colour), width)) + "\n"


def _lines(found: Audited, paint: Paint, width: int) -> Iterator[str]:
    counted = many(found.entries, "entry", "entries")
    if not found.problems:
        yield paint(Style.SAFE, "all is as the audit log says")
        yield f"{counted}, head {inert(found.head)}"
        return
    for sentence in found.problems:
        for line in wrapped(inert(sentence), width, hang=2):
            yield paint(Style.ERROR, line)
    number = len(found.problems)
    verb = "are" if number != 1 else "is"
    yield f"{many(number, 'thing')} {verb} not as the audit log says"
    said = (
        "  = help: keep a copy of the store as it is, and find out who can write to it"
    )
    for line in wrapped(said, width, hang=4):
        yield paint(Style.DIM, line)
