"""How live districts became files, for people at a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from connectsync.domain.adoption import Adopted, Adoption
from connectsync.domain.counting import many
from connectsync.domain.values import spell
from connectsync.report.columns import padded, wrapped
from connectsync.report.style import Paint, Style, inert

SETTING_ROOM = 23

_STYLES = {
    Adoption.MADE: Style.ADDED,
    Adoption.CHANGED: Style.NAME,
    Adoption.LEFT: Style.DIM,
    Adoption.REFUSED: Style.ERROR,
}


def adopted_text(
    adopted: Sequence[Adopted], *, written: bool, colour: bool, width: int
) -> str:
    """Say of each district what came of it; ``written`` False: what would come."""
    paint = Paint(colour)
    lines = [line for one in adopted for line in _district(one, paint, width)]
    return "\n".join([*lines, _summary(adopted, paint, written=written)]) + "\n"


def _district(one: Adopted, paint: Paint, width: int) -> Iterator[str]:
    word = paint(_STYLES[one.adoption], padded(one.adoption.value, 7))
    yield f"{word}  {inert(one.file or one.district)}{_about(one)}"
    for taken in one.taken:
        values = inert(f"{spell(taken.before)} → {spell(taken.after)}")
        yield f"  {padded(taken.setting, SETTING_ROOM)}{values}"
    said = [*one.notes, *([one.message] if one.message else [])]
    for sentence in said:
        yield from wrapped(f"  {inert(sentence)}", width, hang=4)
    if one.remedy:
        yield from wrapped(f"  = help: {inert(one.remedy)}", width, hang=4)


def _about(one: Adopted) -> str:
    if one.adoption is not Adoption.MADE:
        return ""
    on = f"profile {inert(one.profile)}" if one.profile else "no profile"
    return f"  {on}, {many(one.own, 'setting')} of its own"


def _summary(adopted: Sequence[Adopted], paint: Paint, *, written: bool) -> str:
    counts = Counter(one.adoption for one in adopted)
    parts = [
        paint(_STYLES[adoption], f"{counts[adoption]} {adoption.value}")
        for adoption in Adoption
        if counts[adoption]
    ]
    total = many(len(adopted), "district")
    lead = "" if written else "Nothing was written; it would be: "
    return f"{lead}{total}: {', '.join(parts)}" if parts else f"{lead}{total}"
