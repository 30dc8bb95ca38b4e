"""Markdown for pull-request comments and summaries."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import inf

from connectsync.domain.drift import DistrictDrift
from connectsync.domain.finding import (
    GuardFinding,
    acceptance,
    acceptance_lines,
)
from connectsync.domain.foreign_text import no_command
from connectsync.domain.plan import DistrictPlan, NotPlanned, Plan, PlannedChange
from connectsync.domain.plan_file import plan_digest
from connectsync.domain.settings import spell
from connectsync.domain.wording import many
from connectsync.report.drift import mover_text, values_of
from connectsync.report.many_districts import (
    SharedChange,
    SharedImpact,
    impact_rows,
    shared_changes,
    shared_turns,
    token_text,
    total_lines,
)
from connectsync.report.plan_text import (
    LEFT_ALONE,
    count_text,
    guard_text,
    rollback_text,
    sign,
    since_text,
    step,
    totals,
)
from connectsync.report.terminal import cut_text, inert
from connectsync.values import dataclass

Cells = tuple[str, ...]

LIMIT = 65_536
"""The characters that GitHub takes in one comment; others take more."""

FOLDED = 20
"""Rows of a table beyond which it is folded: a comment is one among many."""

_LONGEST = 600
"""Columns of one foreign text: a row must not be longer than a page."""

_LONG_ROW = 2_000
"""Characters of a row that gives way to shorter ones where there is no room."""

_LOOK = "See the whole plan before you approve it."

_SIGNS = re.compile(r"[\\`*_\[\]<>#|~&!$]")
_ADDRESS = re.compile(r"www\.|://", re.IGNORECASE)
_NUMBERED = re.compile(r"(?<=[#!])(?=\d)|(?<=GH-)(?=\d)", re.IGNORECASE)
_NOTHING = "<!-- -->"
"""Is not seen, and keeps apart what would be a mention, an address or a reference."""

_TAME = re.compile(r"[\w./:=+,()'-]+( [\w./:=+,()'-]+)*", re.ASCII)
"""Text that can do nothing between backticks."""


@dataclass(frozen=True, slots=True)
class MarkdownTable:
    """
    A titled table; cells are Markdown already.

    ``count`` is how many ``rows`` there are: they are taken one by one, and not all of
    them where a page must be short. ``noun`` is what a row is, for counting. Where it
    is ``folded``, readers click the title to see it. What is ``decisive`` is what
    people decide by: it has room before all else, and what is left out of it is told.
    """

    title: str
    head: Cells
    rows: Iterable[Cells]
    count: int
    noun: str
    folded: bool = False
    decisive: bool = False


Block = str | MarkdownTable


def plain(text: str) -> str:
    """Give foreign text so that Markdown, and HTML within it, can only show it."""
    return _shown(no_command(text))


def help_text(text: str) -> str:
    """Give help of ours as `short` does; its commands stay as they are spelled."""
    return _shown(cut_text(inert(text), _LONGEST))


def _shown(text: str) -> str:
    escaped = _SIGNS.sub(r"\\\g<0>", inert(text))
    parted = _NUMBERED.sub(_NOTHING, escaped.replace("@", f"@{_NOTHING}"))
    return _ADDRESS.sub(_apart, parted)


def short(text: str) -> str:
    """Give foreign text as `plain` does, and no more of it than is read."""
    return help_text(no_command(text))


def code(text: str) -> str:
    """Give a name or a path as code, if that is safe, or else as plain text."""
    tame = len(text) <= _LONGEST and _TAME.fullmatch(text)
    return f"`{text}`" if tame else short(text)


def page(blocks: Sequence[Block], *, limit: int | None = None) -> str:
    """
    Put blocks together, in ``limit`` characters if one is given.

    What stands outside of tables is never cut. Raises ``ValueError`` if that alone is
    longer than the limit.
    """
    fixed = sum(_least(block) + len("\n\n") for block in blocks)
    if limit is not None and fixed > limit:
        raise ValueError(f"{limit} characters do not hold a page of {fixed} and more")
    room = inf if limit is None else limit - fixed
    filled = {id(one): _Rows(one) for one in blocks if isinstance(one, MarkdownTable)}
    decisive = [one for one in filled.values() if one.table.decisive]
    share = room / max(1, len(decisive))
    # no table of many rows takes the place of another one
    for each, most in ((decisive, share), (decisive, inf), (filled.values(), inf)):
        for one in each:
            room -= one.fill(min(most, room))
    texts = [
        _table(block, filled[id(block)].taken)
        if isinstance(block, MarkdownTable)
        else block
        for block in blocks
    ]
    return "\n\n".join(texts) + "\n"


class _Rows:
    """The rows of a table as far as they have room."""

    def __init__(self, table: MarkdownTable) -> None:
        self.table = table
        self.taken: list[str] = []
        self._rows = map(_row, table.rows)
        self._next = next(self._rows, None)

    def fill(self, room: float) -> int:
        """Take more rows; give their characters. One that is very long is left out."""
        left = room
        while self._next is not None:
            size = len(self._next) + 1
            if size <= left:
                self.taken.append(self._next)
                left -= size
            elif size <= _LONG_ROW:
                break
            self._next = next(self._rows, None)
        return int(room - left) if room < inf else 0


def _least(block: Block) -> int:
    """Count the characters of a block of which every row is left out."""
    if isinstance(block, MarkdownTable):
        return len(_table(block, []))
    return len(block)


def _table(table: MarkdownTable, rows: Sequence[str]) -> str:
    left = table.count - len(rows)
    lines = [_row(table.head), _row(["---"] * len(table.head)), *rows]
    parts = [_title(table), "\n".join(lines)]
    if left:
        what = f"Left out here: {many(left, table.noun)}."
        told = f"**{what} {_LOOK}**" if table.decisive else f"*{what}*"
        # before the fold: who opens nothing sees it
        parts.insert(0 if table.decisive else len(parts), told)
    if table.folded:
        parts.append("</details>")
    return "\n\n".join(parts)


def _title(table: MarkdownTable) -> str:
    if table.folded:
        counted = many(table.count, table.noun)
        return f"<details><summary>{table.title} ({counted})</summary>"
    return f"### {table.title}"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _apart(address: re.Match[str]) -> str:
    return address[0].replace(".", "\\.").replace(":", "\\:")


PLAN_TITLE = "## connectsync plan"
NAMED = 5
"""Districts that are named beside one change; the rest is a number."""


def plan_markdown(plan: Plan, *, limit: int | None = None) -> str:
    """
    Write counts, objections and changes, in at most ``limit`` characters.

    A change that many districts share is one row, the gravest first; below it, folded,
    stands every change of each district. Raises ``ValueError`` for a limit in which
    not even the counts have room.
    """
    return page(list(_plan_blocks(plan)), limit=limit)


def _plan_blocks(plan: Plan) -> Iterator[Block]:
    yield PLAN_TITLE
    yield _summary(plan)
    if lines := acceptance_lines(plan.guards, plan_digest(plan)):
        line = "this line" if len(lines) == 1 else "these lines"
        yield f"A reviewer accepts that with {line}:"
        yield "\n".join(("```text", *lines, "```"))
    if plan.failed:
        unread = [_failed(one) for one in plan.failed]
        title = "Not read, so not planned"
        yield _plan_table(title, "District|File|Why", unread, len(unread), "district")
    if plan.guards:
        yield _guards(plan.guards)
    if plan.districts:
        yield _changes(plan)
    if told := impact_rows(plan):
        each = [(code(key), code(name), short(said)) for key, name, said in told]
        yield _plan_table(
            "On each roster", "District|Setting|Reached", each, len(each), "row"
        )
    yield from _moving(plan)
    if len(plan.districts) > 1:
        yield _each(plan)
    if left := [cells for one in plan.left_alone for cells in _left(one)]:
        head = ("District", "Setting", "Who", "Values")
        yield MarkdownTable(LEFT_ALONE, head, left, len(left), "setting", folded=True)
    yield f"on {short(plan.backend)}, `{plan_digest(plan)}`"


def _moving(plan: Plan) -> Iterator[Block]:
    """Give what changes by itself, and what people changed."""
    coming = {one.district: one.turns for one in plan.districts}
    every = shared_turns({**coming, **plan.scheduled}).items()
    if turns := [(_few(k), code(one.setting), plain(str(one))) for one, k in every]:
        title = "Scheduled: what changes by itself"
        head, count = "District|Setting|Value", len(turns)
        yield _plan_table(title, head, turns, count, "setting", decisive=True)
    if moved := [cells for one in plan.districts for cells in _drift_rows(one)]:
        title = "Changed by hand since we last applied"
        yield _plan_table(
            title, "District|Setting|Was|Is now", moved, len(moved), "setting"
        )


def _plan_table(  # noqa: PLR0913 - what a table is made of
    title: str,
    head: str,
    rows: Iterable[Cells],
    count: int,
    noun: str,
    *,
    decisive: bool = False,
) -> MarkdownTable:
    """Make a table of rows that are written only as far as they have room."""
    many_rows = count > FOLDED
    cells = tuple(head.split("|"))
    return MarkdownTable(title, cells, rows, count, noun, many_rows, decisive)


def _summary(plan: Plan) -> str:
    lines = [f"**{count_text(plan)}**"]
    if len(plan.districts) == 1:
        lines.append(
            f"{code(plan.districts[0].district)} {short(plan.districts[0].name)}"
        )
    if plan.districts:
        lines.append(totals(plan))
    lines += map(short, total_lines(plan))
    lines += filter(None, [rollback_text(plan), short(since_text(plan))])
    if given := acceptance(plan.guards):
        lines.append(f"apply needs {code(given)}")
    return "<br>\n".join(lines)


def _failed(one: NotPlanned) -> Cells:
    why = short(one.message)
    if one.remedy:
        why += f"<br>*help:* {help_text(one.remedy)}"
    return code(one.district), code(one.file), why


def _guards(found: tuple[GuardFinding, ...]) -> MarkdownTable:
    """Give a row for each objection, which the districts of a profile share."""
    shared: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for one in sorted(found, key=lambda guard: guard.severity.rank):
        # never cut: who wrote the files would choose what stands behind the cut
        same = shared[one.severity.value, one.rule, guard_text(one), one.hint]
        same += [one.district] if one.district else []
    return _plan_table(
        "Guards",
        "Severity|Guard|What|Districts",
        (_guard(*told, _few(keys)) for told, keys in shared.items()),
        len(shared),
        "different objection",
        decisive=True,
    )


def _guard(severity: str, rule: str, what: str, hint: str, districts: str) -> Cells:
    said = plain(what) + (f"<br>*help:* {help_text(hint)}" if hint else "")
    return severity, code(rule), said, districts


def _drift_rows(one: DistrictPlan) -> Iterator[Cells]:
    for move in one.drift:
        was, now = spell(move.baseline), spell(move.live)
        yield code(one.district), code(move.setting), short(was), short(now)


def _left(one: DistrictDrift) -> Iterator[Cells]:
    for move in one.movements:
        who, values = mover_text(one, move), values_of(move)
        yield code(one.district), code(move.setting), who, short(values)


def _changes(plan: Plan) -> MarkdownTable:
    shared, impact = shared_changes(plan), SharedImpact(plan)
    return _plan_table(
        "Changes",
        "Risk|Setting|Change|What it does to people|Districts",
        (
            (*_kind(kind, impact.lines([kind], keys)), _few(keys))
            for kind, keys in shared.items()
        ),
        len(shared),
        "different change",
        decisive=True,
    )


def _each(plan: Plan) -> MarkdownTable:
    return MarkdownTable(
        "District by district",
        ("District", "Name", "Save", "Setting", "Change", "Risk"),
        (row for one in plan.districts for row in _district(one)),
        sum(map(_steps, plan.districts)),
        "change",
        folded=True,
    )


def _kind(kind: SharedChange, more: Iterable[str] = ()) -> Cells:
    if isinstance(kind, str):
        return ("", "", f"\\* {short(kind)}", "")
    effects = "<br>".join(map(short, (kind.effect, *more)))
    return (kind.risk.value, *_change(kind), effects)


def _few(keys: list[str]) -> str:
    named = ", ".join(map(code, keys[:NAMED]))
    more = len(keys) - NAMED
    return f"{len(keys):,}: {named} and {more:,} more" if more > 0 else named


def _steps(planned: DistrictPlan) -> int:
    return sum(len(save.changes) + save.set_token for save in planned.saves)


def _district(planned: DistrictPlan) -> Iterator[Cells]:
    named = (code(planned.district), short(planned.name))
    for number, save in enumerate(planned.saves, 1):
        several = len(planned.saves) > 1
        which = f"{number} of {len(planned.saves)}" if several else ""
        for one in save.changes:
            yield (*named, which, *_change(one), one.risk.value)
        if save.set_token:
            yield (*named, which, "", f"\\* {short(token_text(planned))}", "")


def _change(one: PlannedChange) -> tuple[str, str]:
    said = f"{plain(sign(one.change))} {plain(step(one.change))}"
    return code(one.change.setting), said
