"""A plan as people read it: every change, and what it does to people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from connectsync.domain.change import Add, Change, Remove, Set
from connectsync.domain.drift import DistrictDrift
from connectsync.domain.guard import GuardFinding, acceptance
from connectsync.domain.plan import DistrictPlan, NotPlanned, Plan, PlannedChange
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.risk import Risk
from connectsync.report.columns import columns, padded, wrapped
from connectsync.report.drift import district_lines
from connectsync.report.plan_words import (
    LEFT_ALONE,
    TOKEN,
    by_hand,
    caused_since,
    counted,
    held_against,
    sign,
    step,
    taken_back,
    totals,
)
from connectsync.report.style import Paint, Style, inert, style_of, unheeded

SETTING_ROOM = 23


def render_plan(
    plan: Plan, *, colour: bool, width: int, tables: Sequence[str] = ()
) -> str:
    """
    Give the whole plan as text of at most ``width`` columns where words allow.

    ``tables`` stand above the summary: the fleet in a few lines.
    """
    page = _Page(Paint(colour), width)
    blocks = [
        *map(page.district, plan.districts),
        *page.left_alone(plan.left_alone),
        *page.failed(plan.failed),
        *page.guards(plan.guards),
        *tables,
        page.summary(plan, plan_digest(plan)),
    ]
    return unheeded("\n\n".join(blocks) + "\n")


def render_summary(plan: Plan, digest: str, *, colour: bool, width: int) -> str:
    """Give what stands at the end of a plan: counts, risks, digest, what it needs."""
    return _Page(Paint(colour), width).summary(plan, digest) + "\n"


class _Page:
    def __init__(self, paint: Paint, width: int) -> None:
        self.paint = paint
        self.width = width

    def district(self, planned: DistrictPlan) -> str:
        head = self._head(planned)
        return "\n".join([head, *self._saves(planned), *self._drift(planned)])

    def _head(self, planned: DistrictPlan) -> str:
        key, name = inert(planned.district), inert(planned.name)
        file = inert(planned.file)
        fits = columns(f"{key}  {name}  {file}") <= self.width
        title = f"{self.paint(Style.BOLD, key)}  {name}"
        gap = "  " if fits else "\n  "
        return f"{title}{gap}{self.paint(Style.DIM, file)}"

    def _saves(self, planned: DistrictPlan) -> Iterator[str]:
        for number, save in enumerate(planned.saves, 1):
            if len(planned.saves) > 1:
                said = f"  save {number} of {len(planned.saves)}"
                yield self.paint(Style.DIM, said)
            yield from self._changes(save.changes)
            if save.set_token:
                yield f"  {self.paint(Style.WARNING, '*')} {TOKEN}"

    def _changes(self, changes: Sequence[PlannedChange]) -> Iterator[str]:
        """Say what changes; an effect that several share is said once, after them."""
        for effect, group in groupby(changes, key=lambda planned: planned.effect):
            yield from map(self._change, group)
            for line in wrapped(inert(effect), self.width - 4):
                yield self.paint(Style.DIM, f"    {line}")

    def _change(self, planned: PlannedChange) -> str:
        mark, text = sign(planned.change), inert(step(planned.change))
        style = _style(planned.change)
        setting = padded(planned.change.setting, SETTING_ROOM)
        left = f"  {mark} {setting}{text}"
        risk = planned.risk.value
        gap = " " * max(2, self.width - columns(left) - columns(risk))
        painted = f"  {self.paint(style, mark)} {setting}{self.paint(style, text)}"
        return painted + gap + self.paint(style_of(planned.risk), risk)

    def _drift(self, planned: DistrictPlan) -> Iterator[str]:
        for move in planned.drift:
            said = f"  ! changed by hand since we last applied: {inert(by_hand(move))}"
            yield from (
                self.paint(Style.WARNING, line)
                for line in wrapped(said, self.width, hang=4)
            )

    def left_alone(self, left: tuple[DistrictDrift, ...]) -> Iterator[str]:
        if left:
            yield self.paint(Style.BOLD, LEFT_ALONE)
        for one in left:
            yield "\n".join(district_lines(one, self.paint, self.width))

    def failed(self, failed: tuple[NotPlanned, ...]) -> Iterator[str]:
        if failed:
            head = self.paint(Style.ERROR, "Not read, so not planned")
            lines = (line for one in failed for line in self._unread(one))
            yield "\n".join([head, *lines])

    def _unread(self, failed: NotPlanned) -> Iterator[str]:
        said = f"  {failed.district} ({failed.file}): {failed.message}"
        yield from wrapped(inert(said), self.width, hang=4)
        if failed.remedy:
            help_ = inert(f"    = help: {failed.remedy}")
            yield from wrapped(help_, self.width, hang=6)

    def guards(self, guards: tuple[GuardFinding, ...]) -> Iterator[str]:
        if guards:
            head = self.paint(Style.BOLD, "Guards")
            yield "\n".join(
                [head, *(line for guard in guards for line in self._guard(guard))]
            )

    def _guard(self, guard: GuardFinding) -> Iterator[str]:
        label = f"{guard.severity.value}[{guard.rule}]"
        about = f"{guard.district}: " if guard.district else ""
        said = f"  {label} {about}{held_against(guard)}"
        lines = wrapped(inert(said), self.width, hang=4)
        painted = self.paint(style_of(guard.severity), label)
        yield lines[0].replace(label, painted, 1)
        yield from lines[1:]
        if guard.hint:
            for line in wrapped(inert(f"    = help: {guard.hint}"), self.width, hang=6):
                yield self.paint(Style.DIM, line)

    def summary(self, plan: Plan, digest: str) -> str:
        lines = [counted(plan)]
        lines += filter(None, [taken_back(plan), inert(caused_since(plan))])
        if plan.districts:
            lines.append(totals(plan, self._risk))
        lines.append(self.paint(Style.DIM, f"on {inert(plan.backend)}, {digest}"))
        if given := acceptance(plan.guards):
            lines.append(inert(f"apply needs {given}"))
        return "\n".join(lines)

    def _risk(self, risk: Risk, said: str) -> str:
        return self.paint(style_of(risk), said)


def _style(change: Change) -> Style:
    match change:
        case Set():
            return Style.NAME
        case Add():
            return Style.ADDED
        case Remove():
            return Style.REMOVED
