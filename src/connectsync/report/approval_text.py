"""Who said yes to a plan, as people read it."""

from __future__ import annotations

from connectsync.domain.assent import SaidYes
from connectsync.domain.policy import Approval
from connectsync.domain.risk import Risk
from connectsync.report.columns import wrapped
from connectsync.report.style import Paint, Style, inert


def approval_text(said: SaidYes, asked: Approval, *, colour: bool, width: int) -> str:
    """Say who approved a plan so far, and how many people the project asks for."""
    paint = Paint(colour)
    style = Style.SAFE if said.new else Style.PLAIN
    lines = [
        *(paint(style, line) for line in wrapped(_said(said), width, hang=2)),
        *wrapped(_so_far(said), width, hang=2),
        *(paint(Style.DIM, line) for line in wrapped(_asked(asked), width, hang=2)),
    ]
    return "\n".join(lines) + "\n"


def _said(said: SaidYes) -> str:
    name = inert(said.name)
    if said.new:
        return f"approved by {name}"
    return f"{name} approved this plan before: nothing changed"


def _so_far(said: SaidYes) -> str:
    people = f"{len(said.names)} {'people' if len(said.names) != 1 else 'person'}"
    return f"approved so far by {people}: {', '.join(map(inert, said.names))}"


def _asked(asked: Approval) -> str:
    if not asked.names:
        return "the project does not require approval; it is recorded all the same"
    from_here = {
        Risk.SAFE: "",
        Risk.CAUTION: " where a change is caution or disruptive",
        Risk.DISRUPTIVE: " where a change is disruptive",
    }
    return f"the project asks for {asked.names}{from_here[asked.at]}"
