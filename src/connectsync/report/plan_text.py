"""A plan as text: every change, and what it does to people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, groupby

from connectsync.domain.change import Add, Change, Remove, Set
from connectsync.domain.drift import DistrictDrift, Movement
from connectsync.domain.finding import GuardFinding, acceptance
from connectsync.domain.foreign_text import no_command
from connectsync.domain.plan import DistrictPlan, NotPlanned, Plan, PlannedChange
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.schedule import Turn
from connectsync.domain.settings import spell
from connectsync.domain.wording import many
from connectsync.providers.form import Risk
from connectsync.report.drift import district_lines
from connectsync.report.terminal import (
    Paint,
    Style,
    columns,
    inert,
    pad,
    style_of,
    unheeded,
    wrap,
)

TOKEN = "the OAuth token is typed"  # noqa: S105 - no token


def sign(change: Change) -> str:
    """Give the sign of a change: another value, one more label, one less."""
    match change:
        case Set():
            return "~"
        case Add():
            return "+"
        case Remove():
            return "-"


def step(change: Change) -> str:
    """Say what a change does to the value of its setting."""
    match change:
        case Set(_, before, after):
            return f"{spell(before)} → {spell(after)}"
        case Add(_, label) | Remove(_, label):
            return spell(label)


def lines_of(planned: DistrictPlan) -> Iterator[str]:
    """Give a line for every change of a district, save by save."""
    for number, save in enumerate(planned.saves, 1):
        if len(planned.saves) > 1:
            yield f"save {number} of {len(planned.saves)}"
        for one in save.changes:
            yield f"{spell_change(one.change)} ({one.risk.value})"
        if save.set_token:
            yield f"* {token_text(planned)}"
    yield from (f"@ scheduled: {turn_text(turn)}" for turn in planned.turns)


def token_text(planned: DistrictPlan) -> str:
    """Say that a token is typed, and where it is taken from."""
    whose = f"the OAuth token of {planned.token} is typed"
    return whose if planned.token else TOKEN


def spell_change(change: Change) -> str:
    """Spell a change in one line."""
    return f"{sign(change)} {change.setting} {step(change)}"


def by_hand(move: Movement) -> str:
    """Say what a person changed since we last applied."""
    return f"{move.setting} was {spell(move.baseline)}, is now {spell(move.live)}"


def guard_text(guard: GuardFinding) -> str:
    """Say what a guard objects to, and the name it counts as if not its own."""
    own = guard.accept in {guard.rule, ""}
    return guard.message if own else f"{guard.message} (counts as {guard.accept})"


def count_text(plan: Plan) -> str:
    """Count the districts of a plan: to change, in step, left alone, not read."""
    other = plan.left_alone or plan.still_running or plan.comes_in or plan.goes_out
    if plan.empty and not other:
        return f"Nothing to do: {districts(plan.size)} in step with Connect"
    parts = [f"{len(plan.districts):,} to change", f"{len(plan.in_step):,} in step"]
    if left := plan.size - len(plan.districts) - len(plan.in_step) - len(plan.failed):
        parts.append(f"{left:,} left alone")
    if plan.failed:
        parts.append(f"{len(plan.failed):,} not read")
    if plan.still_running:
        parts.append(f"{len(plan.still_running):,} still running without a file")
    if plan.comes_in:
        parts.append(f"{len(plan.comes_in):,} new to the fleet")
    if plan.goes_out:
        parts.append(f"{len(plan.goes_out):,} no longer in it")
    return f"{districts(plan.size)}: {', '.join(parts)}"


def districts(count: int) -> str:
    """Count districts."""
    return many(count, "district")


def plainly(risk: Risk, said: str) -> str:
    """Give what is said of a risk as it is."""
    del risk
    return said


def changes(count: int) -> str:
    """Count changes."""
    return many(count, "change")


def totals(plan: Plan, paint: Callable[[Risk, str], str] = plainly) -> str:
    """Count the changes of a plan by risk, and the tokens that it types."""
    found = plan.risks()
    parts = [
        paint(risk, f"{found[risk]:,} {risk.value}") for risk in Risk if found[risk]
    ]
    said = [f"{changes(found.total())}: {', '.join(parts)}"] if parts else []
    if typed := sum(planned.set_token for planned in plan.districts):
        said.append(f"{many(typed, 'token')} typed")
    return "; ".join(said)


def rollback_text(plan: Plan) -> str:
    """Say which run a plan takes back; nothing for a plan that files make."""
    if plan.rollback_of is None:
        return ""
    return (
        f"this undoes run {plan.rollback_of}; the district files still say the opposite"
    )


def turn_text(turn: Turn) -> str:
    """Say how long a value holds, and what follows by itself."""
    return f"{turn.setting} {turn}"


LEFT_ALONE = "Not caused by this change, so left alone"
"""What stands above differences that a plan of one change does not touch."""


def since_text(plan: Plan) -> str:
    """Say since when a plan of one change to the files counts; nothing for others."""
    if plan.since is None:
        return ""
    return f"only what the files changed since {plan.since[:12]}"


SETTING_ROOM = 23


def render_plan(
    plan: Plan, *, colour: bool, width: int, tables: Sequence[str] = ()
) -> str:
    """
    Give the whole plan as text of at most ``width`` columns where words allow.

    ``tables`` stand above the summary: the fleet in a few lines.
    """
    page = _PlanPage(Paint(colour), width)
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
    return _PlanPage(Paint(colour), width).summary(plan, digest) + "\n"


class _PlanPage:
    def __init__(self, paint: Paint, width: int) -> None:
        self.paint = paint
        self.width = width

    def district(self, planned: DistrictPlan) -> str:
        head = self._head(planned)
        below = (
            self._saves(planned),
            self._turns(planned),
            self._drift(planned),
            self._later(planned),
        )
        return "\n".join([head, *chain.from_iterable(below)])

    def _head(self, planned: DistrictPlan) -> str:
        key, name = map(inert, map(no_command, (planned.district, planned.name)))
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
                yield f"  {self.paint(Style.WARNING, '*')} {inert(token_text(planned))}"

    def _changes(self, changes: Sequence[PlannedChange]) -> Iterator[str]:
        """Say what changes; an effect that several share is said once, after them."""
        for effect, group in groupby(changes, key=lambda planned: planned.effect):
            yield from map(self._change, group)
            for line in wrap(inert(effect), self.width - 4):
                yield self.paint(Style.DIM, f"    {line}")

    def _change(self, planned: PlannedChange) -> str:
        mark, text = sign(planned.change), inert(step(planned.change))
        style = _style(planned.change)
        setting = pad(planned.change.setting, SETTING_ROOM)
        left = f"  {mark} {setting}{text}"
        risk = planned.risk.value
        gap = " " * max(2, self.width - columns(left) - columns(risk))
        painted = f"  {self.paint(style, mark)} {setting}{self.paint(style, text)}"
        return painted + gap + self.paint(style_of(planned.risk), risk)

    def _turns(self, planned: DistrictPlan) -> Iterator[str]:
        for turn in planned.turns:
            said = inert(no_command(f"  @ scheduled: {turn_text(turn)}"))
            yield from wrap(said, self.width, hang=4)

    def _drift(self, planned: DistrictPlan) -> Iterator[str]:
        for move in planned.drift:
            said = f"  ! changed by hand since we last applied: {inert(by_hand(move))}"
            yield from (
                self.paint(Style.WARNING, line)
                for line in wrap(said, self.width, hang=4)
            )

    def _later(self, planned: DistrictPlan) -> Iterator[str]:
        for setting, runs in planned.later.items():
            named = f"{'run' if len(runs) == 1 else 'runs'} {', '.join(map(str, runs))}"
            said = f"  ! {setting} was saved again in {named}: that is undone as well"
            yield from (
                self.paint(Style.WARNING, line)
                for line in wrap(said, self.width, hang=4)
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
        yield from wrap(inert(no_command(said)), self.width, hang=4)
        if failed.remedy:
            help_ = inert(f"    = help: {failed.remedy}")
            yield from wrap(help_, self.width, hang=6)

    def guards(self, guards: tuple[GuardFinding, ...]) -> Iterator[str]:
        if guards:
            head = self.paint(Style.BOLD, "Guards")
            yield "\n".join(
                [head, *(line for guard in guards for line in self._guard(guard))]
            )

    def _guard(self, guard: GuardFinding) -> Iterator[str]:
        label = f"{guard.severity.value}[{guard.rule}]"
        about = f"{guard.district}: " if guard.district else ""
        said = f"  {label} {about}{guard_text(guard)}"
        lines = wrap(inert(no_command(said)), self.width, hang=4)
        painted = self.paint(style_of(guard.severity), label)
        yield lines[0].replace(label, painted, 1)
        yield from lines[1:]
        if guard.hint:
            for line in wrap(inert(f"    = help: {guard.hint}"), self.width, hang=6):
                yield self.paint(Style.DIM, line)

    def summary(self, plan: Plan, digest: str) -> str:
        lines = [count_text(plan)]
        lines += filter(None, [rollback_text(plan), inert(since_text(plan))])
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
