"""Findings as text for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from connectsync.domain.finding import QUIET, Finding, Severity, ValidationReport
from connectsync.domain.wording import many
from connectsync.report.terminal import (
    Paint,
    Style,
    draw_frame,
    inert,
    style_of,
    unheeded,
    wrap,
)

MANY = 50
"""Findings up to which they can be counted by looking at them."""

TOP = 10
"""Rules that are named; the rest is one line, with its count."""

NOUNS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
"""What findings of a severity are counted as."""

ALL_OF_THEM = "`--output FILE` or `--format json` has all"


def by_rule(findings: Sequence[Finding], paint: Paint) -> Iterator[str]:
    """Count many findings by rule, the one that found most first."""
    if len(findings) <= MANY:
        return
    severities = {one.rule: one.severity for one in findings}
    counts = Counter[str]()
    for one in findings:
        counts[one.rule] += one.stands_for
    ranked = sorted(counts, key=lambda rule: (-counts[rule], rule))
    # one more is no longer than the line that says that there is one more
    named = ranked if len(ranked) == TOP + 1 else ranked[:TOP]
    room = len(f"{counts[ranked[0]]:,}")
    for rule in named:
        severity = severities[rule]
        word = paint(style_of(severity), severity.value)
        gap = " " * (SEVERITY_ROOM - len(severity.value))
        yield f"{counts[rule]:>{room},}  {word}{gap}  {inert(rule)}"
    if rest := ranked[len(named) :]:
        found = sum(counts[rule] for rule in rest)
        yield paint(Style.DIM, f"{found:>{room},}  of {len(rest)} other rules")


SEVERITY_ROOM = max(len(severity.value) for severity in Severity)


def worst(findings: Sequence[Finding], most: int | None) -> tuple[Finding, ...]:
    """Give at most so many findings, the worst, in the order in which they came."""
    if most is None or len(findings) <= most:
        return tuple(findings)
    ranked = sorted(range(len(findings)), key=lambda at: findings[at].severity.rank)
    return tuple(findings[at] for at in sorted(ranked[:most]))


def unshown(findings: Sequence[Finding], shown: Sequence[Finding]) -> str:
    """Say how many findings are not shown, of which severity; empty if none."""
    counts = Counter[Severity]()
    for one in findings:
        counts[one.severity] += one.stands_for
    for one in shown:
        counts[one.severity] -= one.stands_for
    left = counts.total()
    if not left:
        return ""
    kinds = [
        many(counts[severity], noun)
        for severity, noun in NOUNS.items()
        if counts[severity]
    ]
    return f"… and {left:,} more: {', '.join(kinds)}; {ALL_OF_THEM}"


NAMED_DISTRICTS = 5

INFO, OFF, KNOWN = QUIET
SHOWN = frozenset([INFO])
"""What is shown where no one is asked."""


def render(
    report: ValidationReport,
    *,
    colour: bool,
    width: int,
    most: int | None = None,
    show: frozenset[str] = SHOWN,
) -> str:
    """
    Write the findings file by file, then the allowed ones, then the count.

    ``width`` is in columns; source lines are cut to it and sentences wrapped, file
    paths are left whole. Of more than ``most`` findings the worst are written, and the
    rest is counted. ``show`` names what is shown of what stops nothing.
    """
    paint = Paint(colour)
    last = summary(report, colour=colour)
    findings = _loud(report, show)
    alike = group_alike(findings)
    firsts = worst([group[0] for group in alike], most)
    told = set(map(id, firsts))
    groups = [group for group in alike if id(group[0]) in told]
    shown = [one for group in groups for one in group]
    blocks = [
        "\n".join(_finding(group, paint, width, whole=most is None)) for group in groups
    ]
    if left := unshown(findings, shown):
        blocks.append("\n".join(wrap(left, width, hang=2)))
    if report.allowed:
        blocks.append("\n".join(_all_allowed(report, paint, width, most)))
    if table := "\n".join(by_rule(findings, paint)):
        blocks.append(table)
    if put_off := "\n".join(_put_off(report, paint, width, show)):
        blocks.append(put_off)
    quiet = (paint(Style.DIM, line) for line in _quiet(report, show))
    blocks.append("\n".join([*_pointer_to_why(findings, paint), *quiet, last]))
    return unheeded("\n\n".join(blocks) + "\n")


def concise(report: ValidationReport, show: frozenset[str] = SHOWN) -> str:
    """Write one line a finding, for editors and for searching, then the count."""
    told = [(one.severity.value, one) for one in _loud(report, show)]
    told += _quietly(report, show)
    lines = [
        f"{_spot(one)} {word}[{inert(one.rule)}] {inert(one.message)}"
        for word, one in told
    ]
    last = [*_quiet(report, show), summary(report, colour=False)]
    return unheeded("\n".join([*lines, *last]) + "\n")


def is_silent(report: ValidationReport, show: frozenset[str] = SHOWN) -> bool:
    """Say whether nothing is told of any finding."""
    return not (_loud(report, show) or _quietly(report, show))


def _loud(report: ValidationReport, show: frozenset[str]) -> tuple[Finding, ...]:
    found = report.ordered()
    if INFO in show:
        return found
    return tuple(one for one in found if one.severity is not Severity.INFO)


def _quietly(
    report: ValidationReport, show: frozenset[str]
) -> list[tuple[str, Finding]]:
    """Give what is not told unless it is asked for, each with what it is called."""
    off = [(OFF, one.finding) for one in report.turned_off if OFF in show]
    return off + [(KNOWN, one) for one in report.known if KNOWN in show]


def _put_off(
    report: ValidationReport, paint: Paint, width: int, show: frozenset[str]
) -> Iterator[str]:
    reasons = {id(one.finding): one.reason for one in report.turned_off}
    for word, one in _quietly(report, show):
        rule = f"{word}[{inert(one.rule)}]"
        why = inert(reasons.get(id(one), one.message))
        first, *rest = wrap(f"{rule} {_spot(one)} — {why}", width, hang=2)
        yield paint(Style.SAFE, rule) + first.removeprefix(rule)
        yield from rest


def _quiet(report: ValidationReport, show: frozenset[str]) -> Iterator[str]:
    """Count what is not told, and say how to see it, a line each."""
    off, known = len(report.turned_off), len(report.known)
    if report.infos and INFO not in show:
        yield f"{many(report.infos, 'note')} not shown; `--show {INFO}` shows them"
    if off and OFF not in show:
        count = many(off, "finding")
        yield f"{count} turned off by connectsync.yaml; `--show {OFF}` shows them"
    if known and KNOWN not in show:
        count = many(known, "finding")
        yield f"{count} known from the baseline; `--show {KNOWN}` shows them"


def summary(report: ValidationReport, *, colour: bool) -> str:
    """Count files and findings in one line: ``14 files: 1 error, 2 warnings``."""
    paint = Paint(colour)
    files = many(report.files, "file")
    found = [
        paint(style_of(severity), many(report.count(severity), noun))
        for severity, noun in NOUNS.items()
        if report.count(severity)
    ]
    others = {
        "allowed": report.allowed,
        "turned off": report.turned_off,
        "known": report.known,
    }
    allowed = [f"{len(some):,} {name}" for name, some in others.items() if some]
    if found:
        return f"{files}: {', '.join(found + allowed)}"
    return ", ".join([files, paint(Style.SAFE, "no findings"), *allowed])


def reach(districts: tuple[str, ...]) -> str:
    """Count the districts that a finding in a profile reaches, and name a few."""
    named = ", ".join(districts[:NAMED_DISTRICTS])
    more = len(districts) - NAMED_DISTRICTS
    rest = f" and {more:,} more" if more > 0 else ""
    return f"{many(len(districts), 'district')}: {named}{rest}"


def _pointer_to_why(findings: Sequence[Finding], paint: Paint) -> Iterator[str]:
    if findings:
        worst = min(findings, key=lambda finding: finding.severity.rank)
        command = f"connectsync explain {inert(worst.rule)}"
        yield paint(Style.DIM, f"For details: `{command}`")


Thing = TypeVar("Thing")

WORTH_A_GROUP = 3
"""Places of a finding from which on it is told once, and the others are named."""


def grouped(
    things: Sequence[Thing], likeness: Callable[[Thing], object]
) -> list[list[Thing]]:
    """Put things together that are alike, in the order of the first of each."""
    found: dict[object, list[Thing]] = {}
    for one in things:
        found.setdefault(likeness(one), []).append(one)
    return list(found.values())


def group_alike(findings: Sequence[Finding]) -> list[tuple[Finding, ...]]:
    """Put findings together that say the same of many files, the first one first."""
    groups = list[tuple[Finding, ...]]()
    for group in grouped(findings, _likeness):
        together = len(group) >= WORTH_A_GROUP
        groups += [tuple(group)] if together else [(one,) for one in group]
    place = {id(one): at for at, one in enumerate(findings)}
    return sorted(groups, key=lambda group: place[id(group[0])])


def _likeness(one: Finding) -> tuple[str, ...]:
    return one.rule, one.severity.value, one.message, one.hint, *one.districts


def _also(rest: Sequence[Finding], *, whole: bool) -> str:
    """Say where else a finding is: all places, or how many and the first ones."""
    spots = [_spot(one) for one in rest]
    shown = spots if whole else spots[:NAMED_DISTRICTS]
    left = len(spots) - len(shown)
    more = f" and {left:,} more" if left else ""
    return f"the same in {many(len(spots), 'other place')}: {', '.join(shown)}{more}"


def _finding(
    group: Sequence[Finding], paint: Paint, width: int, *, whole: bool
) -> Iterator[str]:
    finding, *rest = group
    style = style_of(finding.severity)
    yield from _headline(finding, style, paint, width)
    margin = " " * len(str(finding.place.line))
    if finding.place.file:
        yield f"{margin}{paint(Style.FRAME, '-->')} {_spot(finding)}"
    frame = draw_frame(finding.place, style=style, paint=paint, width=width)
    yield from frame
    notes = list(_notes(finding))
    if rest:
        notes.append(("note", _also(rest, whole=whole)))
    if frame and notes:
        yield paint(Style.FRAME, f"{margin} |")
    for label, text in notes:
        yield from _note(label, text, margin, paint, width)


def _headline(
    finding: Finding, style: Style, paint: Paint, width: int
) -> Iterator[str]:
    lead = f"{finding.severity}[{inert(finding.rule)}]"
    first, *rest = wrap(f"{lead} {inert(finding.message)}", width, hang=2)
    yield paint(style, lead) + paint(Style.BOLD, first.removeprefix(lead))
    for line in rest:
        yield paint(Style.BOLD, line)


def _notes(finding: Finding) -> Iterator[tuple[str, str]]:
    if finding.hint:
        yield "help", finding.hint
    if finding.districts:
        yield "note", f"reaches {reach(finding.districts)}"


def _note(
    label: str, text: str, margin: str, paint: Paint, width: int
) -> Iterator[str]:
    lead = f"{margin} = "
    hang = " " * (len(lead) + len(label) + 2)
    first, *rest = wrap(inert(text), width - len(hang))
    yield f"{paint(Style.FRAME, lead)}{paint(Style.BOLD, f'{label}:')} {first}"
    for line in rest:
        yield f"{hang}{line}"


def _all_allowed(
    report: ValidationReport, paint: Paint, width: int, most: int | None
) -> Iterator[str]:
    allowed = report.ordered_allowed()
    for each in allowed[:most]:
        finding = each.finding
        rule = f"allowed[{inert(finding.rule)}]"
        spot = f"{inert(finding.place.file)}:{finding.place.line}"
        why = f"{inert(each.reason)} (until {each.until.isoformat()})"
        first, *rest = wrap(f"{rule} {spot} — {why}", width, hang=2)
        yield paint(Style.SAFE, rule) + first.removeprefix(rule)
        yield from rest
    if left := len(allowed[most:]) if most is not None else 0:
        yield f"… and {left:,} more allowed; {ALL_OF_THEM}"


def _spot(finding: Finding) -> str:
    place = finding.place
    return f"{inert(place.file)}:{place.line}:{place.column}"
