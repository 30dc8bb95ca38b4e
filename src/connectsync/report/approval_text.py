"""Who said yes to a plan, as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectsync.report.columns import wrapped
from connectsync.report.style import Paint, Style, inert


def approval_text(  # noqa: PLR0913 - what there is to be said
    name: str,
    names: Sequence[str],
    *,
    new: bool,
    wanted: int,
    colour: bool,
    width: int,
) -> str:
    """
    Say whether the plan was approved now, by whom so far, and how many are asked for.

    ``wanted`` is how many the project asks for, 0 if nobody has to.
    """
    return "\n".join(_lines(name, names, new, wanted, Paint(colour), width)) + "\n"
