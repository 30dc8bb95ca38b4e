"""What GitHub shows of findings and plans: annotations, and a comment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from connectsync.domain.finding import (
    AllowedFinding,
    Finding,
    GuardFinding,
    Place,
    Severity,
    ValidationReport,
    acceptance,
)
from connectsync.domain.plan import DistrictPlan, NotPlanned, Plan
from connectsync.domain.wording import many
from connectsync.providers.form import Risk
from connectsync.report.findings_text import reach, summary
from connectsync.report.markdown import (
    FOLDED,
    LIMIT,
    Block,
    Cells,
    MarkdownTable,
    code,
    help_text,
    page,
    plan_markdown,
    short,
)
from connectsync.report.plan_text import (
    by_hand,
    count_text,
    guard_text,
    lines_of,
    since_text,
)
from connectsync.report.reporter import FindingsToReport, PlanToReport, Reporter, View
from connectsync.report.terminal import inert, unheeded
from connectsync.values import dataclass

MOST = 10
"""How many annotations of each level GitHub shows of one step."""

_LEVELS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
}


@dataclass(frozen=True, slots=True)
class Annotation:
    """
    What is shown beside a file, or above all of them where ``place`` is None.

    ``lines`` are the message; a place that knows no line is one at line 0. Texts need
    not be inert. ``stands_for`` is more than 1 for one that only counts others.
    """

    severity: Severity
    title: str
    lines: tuple[str, ...]
    place: Place | None = None
    stands_for: int = 1


def workflow_commands(found: Sequence[Annotation], *, summary: str) -> str:
    """
    Write at most ten annotations of each level, in the order given, and a summary.

    What is left out is counted by a notice, which is one of the ten: GitHub would not
    show an eleventh. ``summary`` is a line of our own words.
    """
    room = dict.fromkeys(Severity, MOST)
    counts = Counter(one.severity for one in found)
    if any(counts[severity] > MOST for severity in Severity):
        room[Severity.INFO] -= 1
    shown = list(_fit_annotations(found, room))
    left = _counted(found) - _counted(shown)
    lines = [_command(one) for one in shown]
    if left:
        lines.append(_command(Annotation(Severity.INFO, "connectsync", (_left(left),))))
    return "\n".join([*lines, summary]) + "\n"


def _counted(found: Sequence[Annotation]) -> Counter[Severity]:
    counts = Counter[Severity]()
    for one in found:
        counts[one.severity] += one.stands_for
    return counts


def _fit_annotations(
    found: Sequence[Annotation], room: dict[Severity, int]
) -> Iterator[Annotation]:
    taken: Counter[Severity] = Counter()
    for one in found:
        taken[one.severity] += 1
        if taken[one.severity] <= room[one.severity]:
            yield one


def _left(left: Counter[Severity]) -> str:
    counted = [
        many(left[severity], word)
        for severity, word in _LEVELS.items()
        if left[severity]
    ]
    return (
        f"not shown here: {', '.join(counted)}, for GitHub shows {MOST} of each;"
        " `--format markdown` tells more"
    )


def _command(one: Annotation) -> str:
    where = dict(_where(one.place)) if one.place else {}
    properties = where | {"title": one.title}
    spelled = ",".join(f"{key}={_property(text)}" for key, text in properties.items())
    message = "%0A".join(map(_data, one.lines))
    return f"::{_LEVELS[one.severity]} {spelled}::{message}"


def _where(place: Place) -> Iterator[tuple[str, str]]:
    yield "file", place.file
    if not place.line:
        return
    yield "line", str(place.line)
    # GitHub refuses columns of a place on several lines
    if place.end_line > place.line:
        yield "endLine", str(place.end_line)
        return
    yield "col", str(place.column)
    if place.end_line == place.line and place.end_column > place.column:
        yield "endColumn", str(place.end_column)


def _data(text: str) -> str:
    # inert text holds no line ends: what is left to escape is the escape itself
    return inert(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def findings_github(report: ValidationReport) -> str:
    """Annotate the files with what was found, and count all of it in a last line."""
    found = [_annotation(one) for one in report.ordered()]
    return workflow_commands(found, summary=summary(report, colour=False))


def _annotation(one: Finding) -> Annotation:
    lines = tuple(_lines(one))
    return Annotation(one.severity, one.rule, lines, one.place, one.stands_for)


def _lines(one: Finding) -> Iterator[str]:
    # the log of a step shows the message alone, so it says the place as well
    yield f"{one.place.file}:{one.place.line}:{one.place.column}: {one.message}"
    if one.hint:
        yield f"help: {one.hint}"
    if one.districts:
        yield f"reaches {reach(one.districts)}"


def plan_github(plan: Plan) -> str:
    """
    Annotate each district's file with its changes, and say what guards object to.

    A district that could not be read is an error, and so is what `apply` refuses until
    it is accepted; disruptive changes, and those over what a person changed on
    Connect, are warnings; the rest are notices.
    """
    files = {one.district: one.file for one in plan.districts}
    files |= {one.district: one.file for one in plan.failed}
    found = [
        *(_failed(one) for one in plan.failed),
        *(_guard(one, files) for one in plan.guards),
        *(_district(one) for one in plan.districts),
    ]
    return workflow_commands(found, summary=unheeded(inert("; ".join(_summary(plan)))))


def _summary(plan: Plan) -> Iterator[str]:
    yield count_text(plan)
    if said := since_text(plan):
        yield said
    if given := acceptance(plan.guards):
        yield f"apply needs {given}"


def _failed(one: NotPlanned) -> Annotation:
    lines = [f"{one.district}: {one.message}"]
    if one.remedy:
        lines.append(f"help: {one.remedy}")
    return Annotation(Severity.ERROR, "not read", tuple(lines), _top(one.file))


def _guard(one: GuardFinding, files: Mapping[str, str]) -> Annotation:
    about = f"{one.district}: " if one.district else ""
    lines = [f"{about}{guard_text(one)}"]
    if one.hint:
        lines.append(f"help: {one.hint}")
    place = _top(files[one.district]) if one.district in files else None
    return Annotation(one.severity, one.rule, tuple(lines), place)


def _district(one: DistrictPlan) -> Annotation:
    grave = any(change.risk is Risk.DISRUPTIVE for change in one.changes())
    severity = Severity.WARNING if grave or one.drift else Severity.INFO
    moved = (f"! changed by hand: {by_hand(move)}" for move in one.drift)
    lines = (f"{one.district}: {one.name}", *lines_of(one), *moved)
    return Annotation(severity, "plan", lines, _top(one.file))


def _top(file: str) -> Place:
    return Place(file, line=0)


def findings_markdown(
    report: ValidationReport, *, limit: int | None = None, command: str = "validate"
) -> str:
    """
    Write counts, what stands, and folded what is allowed.

    A ``limit`` is in characters. The gravest come first, so that they are left out
    last. Raises ``ValueError`` for a limit in which not even the counts have room.
    """
    return page(list(_comment(report, command)), limit=limit)


def _comment(report: ValidationReport, command: str) -> Iterator[Block]:
    yield f"## connectsync {command}"
    yield f"**{summary(report, colour=False)}**"
    found = sorted(report.ordered(), key=lambda one: one.severity.rank)
    if found:
        yield MarkdownTable(
            "Findings",
            ("Severity", "Where", "Rule", "What"),
            map(_row, found),
            len(found),
            "finding",
            folded=len(found) > FOLDED,
        )
    if allowed := report.ordered_allowed():
        yield MarkdownTable(
            "Allowed",
            ("Rule", "Where", "What", "Why", "Until"),
            map(_allowed, allowed),
            len(allowed),
            "finding",
            folded=True,
        )


def _row(one: Finding) -> Cells:
    return one.severity.value, _code_place(one), code(one.rule), "<br>".join(_what(one))


def _what(one: Finding) -> Iterator[str]:
    yield short(one.message)
    if one.hint:
        yield f"*help:* {help_text(one.hint)}"
    if one.districts:
        yield f"*reaches* {short(reach(one.districts))}"


def _allowed(each: AllowedFinding) -> Cells:
    one, why, until = each.finding, short(each.reason), each.until.isoformat()
    return code(one.rule), _code_place(one), short(one.message), why, until


def _code_place(one: Finding) -> str:
    return code(f"{one.place.file}:{one.place.line}:{one.place.column}")


class GithubReporter(Reporter):
    """Workflow commands, which GitHub shows as annotations."""

    def findings(self, found: FindingsToReport, view: View) -> str:
        """Render an annotation for each finding."""
        del view
        return findings_github(found.report)

    def plan(self, plan: PlanToReport, view: View) -> str:
        """Render an annotation for each district, guard and failure."""
        del view
        return plan_github(plan.plan)


class MarkdownReporter(Reporter):
    """A comment for a pull request, at most as long as GitHub takes."""

    def findings(self, found: FindingsToReport, view: View) -> str:
        """Render tables of findings."""
        del view
        return findings_markdown(found.report, limit=LIMIT, command=found.command)

    def plan(self, plan: PlanToReport, view: View) -> str:
        """Render tables of changes. Raises ``ValueError`` if there is no room."""
        del view
        limit = LIMIT if plan.limit is None else plan.limit
        return plan_markdown(plan.plan, limit=limit)
