"""A plan as text: every change, and what it does to people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby

from connectsync.domain.drift import DistrictDrift, Movement
from connectsync.domain.finding import GuardFinding, acceptance
from connectsync.domain.foreign_text import no_command
from connectsync.domain.plan import DistrictPlan, NotPlanned, Plan, PlannedChange
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.schedule import Turn
from connectsync.domain.settings import Add, Change, Remove, Set, spell
from connectsync.domain.wording import even_name, many
from connectsync.providers.form import Risk
from connectsync.report.drift import district_lines
from connectsync.report.many_districts import (
    VALUES,
    SharedChange,
    SharedDistricts,
    SharedImpact,
    change_lines,
    effect_and_districts,
    place_of,
    roster_lines,
    shared_changes,
    shared_turns,
    shorter,
    spread_place,
    token_text,
    total_lines,
)
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


def sign(change: Change) -> str:
    """Give the sign of a change: another value, one more label, one less."""
    return {Set: "~", Add: "+", Remove: "-"}[type(change)]


def step(change: Change) -> str:
    """Say what a change does to the value of its setting."""
    match change:
        case Set(_, before, after):
            return f"{spell(before)} → {spell(after)}"
        case Add(_, label) | Remove(_, label):
            return spell(label)


def lines_of(planned: DistrictPlan) -> Iterator[str]:
    """Give a line for every change of a district, save by save, and whom it reaches."""
    for number, save in enumerate(planned.saves, 1):
        if len(planned.saves) > 1:
            yield f"save {number} of {len(planned.saves)}"
        for one in save.changes:
            yield f"{spell_change(one.change)} ({one.risk.value})"
            yield from (f"  {line}" for line in change_lines(planned, [one]))
        if save.set_token:
            yield f"* {token_text(planned)}"
    yield from (f"@ scheduled: {turn_text(turn)}" for turn in planned.turns)
    yield from roster_lines(planned)


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
    fleet = plan.left_alone or plan.still_running or plan.comes_in or plan.goes_out
    if plan.empty and not (fleet or plan.later or plan.loosened):
        return f"Nothing to do: {districts(plan.size)} in step with Connect"
    parts = [f"{len(plan.districts):,} to change", f"{len(plan.in_step):,} in step"]
    if left := plan.size - len(plan.districts) - len(plan.in_step) - len(plan.failed):
        parts.append(f"{left:,} left alone")
    counted = {
        "not read": plan.failed,
        "still running without a file": plan.still_running,
        "new to the fleet": plan.comes_in,
        "no longer in it": plan.goes_out,
        "to change on later days": plan.later,
    }
    parts += [f"{len(some):,} {what}" for what, some in counted.items() if some]
    if plan.loosened:
        parts.append("and rules of the project change")
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


SCHEDULED = "Scheduled, where nothing changes now"
COMING = "Scheduled, after these changes"
Turns = Mapping[str, Sequence[Turn]]
LEFT_ALONE = "Not caused by this change, so left alone"
"""What stands above differences that a plan of one change does not touch."""


def since_text(plan: Plan) -> str:
    """Say since when a plan of one change to the files counts; nothing for others."""
    if plan.since is None:
        return ""
    return f"only what the files changed since {plan.since[:12]}"


SETTING_ROOM = 23

EACH = 10
"""Districts up to which a plan is told district by district, else by equal changes."""

NAMED = 5
"""Districts that are named of those with an equal change, where not all are."""


def render_plan(  # noqa: PLR0913 - a plan, and how it is to look
    plan: Plan,
    *,
    colour: bool,
    width: int,
    tables: Sequence[str] = (),
    whole: bool = True,
    digest: str = "",
) -> str:
    """
    Give the whole plan as text of at most ``width`` columns where words allow.

    ``tables`` stand above the summary: the fleet in a few lines. Equal changes of many
    districts are told once; all of those are named if it is to be ``whole``. The
    ``digest`` is the plan's own unless one is given.
    """
    page = _PlanPage(Paint(colour), width, plan)
    each = list(page.shared(plan, whole))
    if len(plan.districts) <= EACH:
        alone = list(map(page.district, plan.districts))
        each = shorter(plan, alone, each)
    blocks = [
        *each,
        *page.scheduled(plan, whole),
        *page.left_alone(plan.left_alone),
        *page.failed(plan.failed),
        *page.guards(plan.guards, whole),
        *tables,
        page.summary(plan, digest or plan_digest(plan)),
    ]
    return unheeded("\n\n".join(blocks) + "\n")


def render_summary(plan: Plan, digest: str, *, colour: bool, width: int) -> str:
    """Give what stands at the end of a plan: counts, risks, digest, what it needs."""
    return _PlanPage(Paint(colour), width, plan).summary(plan, digest) + "\n"


class _PlanPage:
    def __init__(self, paint: Paint, width: int, plan: Plan) -> None:
        self.paint = paint
        self.width = width
        self.impact = SharedImpact(plan)

    def district(self, planned: DistrictPlan) -> str:
        head = self._head(planned)
        below = (
            self._saves(planned),
            self._turns(planned),
            self._drift(planned),
            self._later(planned),
            self._indented(2, roster_lines(planned)),
        )
        return "\n".join([head, *chain.from_iterable(below)])

    def shared(self, plan: Plan, whole: bool) -> Iterator[str]:  # noqa: FBT001 - as asked
        """Tell each change once, with its districts, then what only some have."""
        shared = shared_changes(plan)
        values = Counter(map(place_of, shared))
        values[()] = 0
        places = groupby(shared.items(), lambda item: spread_place(item[0], values))
        for several, group in [(place[0], list(group)) for place, group in places]:
            yield from (self._spread if several else self._alike)(group, whole)
        steps = [one.district for one in plan.districts if len(one.saves) > 1]
        if steps:
            said = f"saved in several steps: {self._districts(steps, whole)}"
            yield "\n".join(wrap(said, self.width, hang=2))
        coming = {one.district: one.turns for one in plan.districts}
        yield from self._by_itself(COMING, coming, whole)
        for one in plan.districts:
            if one.drift or one.later:
                noted = (self._drift(one), self._later(one))
                yield "\n".join([self._head(one), *chain.from_iterable(noted)])

    def _alike(self, shared: Iterable[SharedDistricts], whole: bool) -> Iterator[str]:  # noqa: FBT001 - as asked
        for (effect, keys), group in groupby(shared, key=effect_and_districts):
            kinds = [kind for kind, _ in group]
            lines = [*map(self._kind, kinds), *self._effect(effect)]
            lines += self._indented(4, self.impact.lines(kinds, keys))
            said = f"    {self._districts(keys, whole)}"
            yield "\n".join([*lines, *wrap(said, self.width, hang=4)])

    def _spread(self, shared: Sequence[SharedDistricts], whole: bool) -> Iterator[str]:  # noqa: FBT001 - as asked
        """Tell a setting that gets another value in each of many districts."""
        kinds = [kind for kind, _ in shared if not isinstance(kind, str)]
        first, effects = kinds[0], {kind.effect for kind in kinds}
        told = f"  {sign(first.change)} {pad(first.change.setting, SETTING_ROOM)}"
        left = f"{told}{len(kinds):,} different values"
        risk = self._risk(first.risk, first.risk.value)
        room = self.width - columns(left) - columns(first.risk.value)
        lines = [left + " " * max(2, room) + risk]
        lines += self._effect(first.effect if len(effects) == 1 else "")
        each = [
            f"    {inert(no_command(keys[0]))}: {inert(step(kind.change))}"
            if len(keys) == 1
            else f"    {inert(step(kind.change))}: {self._districts(keys, whole)}"
            for kind, (_, keys) in zip(kinds, shared, strict=True)
        ]
        for one in each if whole else each[:NAMED]:
            lines += wrap(one, self.width, hang=6)
        if more := 0 if whole else len(each) - NAMED:
            lines.append(f"    and {more:,} more")
        yield "\n".join(lines)

    def _effect(self, effect: str) -> Iterator[str]:
        for line in wrap(inert(effect), self.width - 4) if effect else ():
            yield self.paint(Style.DIM, f"    {line}")

    def _kind(self, kind: SharedChange) -> str:
        if isinstance(kind, str):
            return f"  {self.paint(Style.WARNING, '*')} {inert(kind)}"
        return self._change(kind)

    @staticmethod
    def _districts(keys: Sequence[str], whole: bool) -> str:  # noqa: FBT001 - as asked
        shown = [inert(no_command(key)) for key in keys]
        left = 0 if whole else len(shown) - NAMED
        named = ", ".join(shown[:NAMED] if left > 0 else shown)
        more = f" and {left:,} more" if left > 0 else ""
        return f"{districts(len(keys))}: {named}{more}"

    def _head(self, planned: DistrictPlan) -> str:
        told = planned.district, even_name(planned.name)
        key, name = map(inert, map(no_command, told))
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
            yield from self._changes(planned, save.changes)
            if save.set_token:
                yield f"  {self.paint(Style.WARNING, '*')} {inert(token_text(planned))}"

    def _changes(
        self, planned: DistrictPlan, changes: Sequence[PlannedChange]
    ) -> Iterator[str]:
        """Say what changes; an effect that several share is said once, after them."""
        for effect, group in groupby(changes, key=lambda one: one.effect):
            told = list(group)
            yield from map(self._change, told)
            yield from self._effect(effect)
            yield from self._indented(4, change_lines(planned, told))

    def _indented(self, by: int, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            yield from wrap(" " * by + inert(no_command(line)), self.width, hang=by + 2)

    def _change(self, planned: PlannedChange) -> str:
        mark, text = sign(planned.change), inert(step(planned.change))
        style = _STYLES[type(planned.change)]
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

    def scheduled(self, plan: Plan, whole: bool) -> Iterator[str]:  # noqa: FBT001 - as asked
        """Tell what changes by itself on districts of which nothing is saved now."""
        yield from self._by_itself(SCHEDULED, plan.scheduled, whole)

    def _by_itself(self, title: str, turns: Turns, whole: bool) -> Iterator[str]:  # noqa: FBT001 - as asked
        told = list(shared_turns(turns).items())
        lines = [self.paint(Style.BOLD, title)] if told else []
        for turn, keys in told if whole else told[:NAMED]:
            lines += self._indented(2, [f"@ {turn_text(turn)}"])
            lines += self._indented(4, [self._districts(keys, whole)])
        if more := 0 if whole else len(told[NAMED:]):
            lines.append(f"  and {more:,} more")
        yield from ["\n".join(lines)] if lines else []

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

    def guards(self, guards: tuple[GuardFinding, ...], whole: bool) -> Iterator[str]:  # noqa: FBT001 - as asked
        """Tell what guards say; what one says of many districts, once."""
        alike: dict[tuple[str, ...], list[GuardFinding]] = {}
        groups: list[list[GuardFinding]] = []
        for one in guards:
            said = (one.severity.value, one.rule, guard_text(one), one.hint)
            alike.setdefault(said, []).append(one)
        for one, *others in alike.values():
            told_once = len(others) >= VALUES
            every = [one, *others]
            groups += [every] if told_once else [[each] for each in every]
        place = {id(one): at for at, one in enumerate(guards)}
        groups.sort(key=lambda group: place[id(group[0])])
        if guards:
            lines = (line for group in groups for line in self._guard(group, whole))
            yield "\n".join([self.paint(Style.BOLD, "Guards"), *lines])

    def _guard(self, group: Sequence[GuardFinding], whole: bool) -> Iterator[str]:  # noqa: FBT001 - as asked
        guard = group[0]
        label = f"{guard.severity.value}[{guard.rule}]"
        one_alone = guard.district and len(group) == 1
        about = f"{guard.district}: " if one_alone else ""
        said = f"  {label} {about}{guard_text(guard)}"
        lines = wrap(inert(no_command(said)), self.width, hang=4)
        painted = self.paint(style_of(guard.severity), label)
        yield lines[0].replace(label, painted, 1)
        yield from lines[1:]
        if len(group) > 1:
            named = self._districts([one.district for one in group], whole)
            yield from wrap(f"    {named}", self.width, hang=4)
        if guard.hint:
            for line in wrap(inert(f"    = help: {guard.hint}"), self.width, hang=6):
                yield self.paint(Style.DIM, line)

    def summary(self, plan: Plan, digest: str) -> str:
        lines = [count_text(plan)]
        lines += filter(None, [rollback_text(plan), inert(since_text(plan))])
        if plan.districts:
            lines.append(totals(plan, self._risk))
        lines += self._indented(0, total_lines(plan))
        # the digest is copied: a terminal of 80 columns must not break it
        lines.append(self.paint(Style.DIM, f"on {inert(plan.backend)}"))
        lines.append(self.paint(Style.DIM, digest))
        if given := acceptance(plan.guards):
            lines.append(inert(f"apply needs {given}"))
        return "\n".join(lines)

    def _risk(self, risk: Risk, said: str) -> str:
        return self.paint(style_of(risk), said)


_STYLES = {Set: Style.NAME, Add: Style.ADDED, Remove: Style.REMOVED}
