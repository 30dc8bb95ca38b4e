"""Findings for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.finding import Finding
from connectsync.domain.validation import ValidationReport
from connectsync.report.columns import wrapped
from connectsync.report.findings_counts import ALL_OF_THEM, by_rule, unshown, worst
from connectsync.report.frame import framed
from connectsync.report.style import Paint, Style, inert, style_of, unheeded

NAMED_DISTRICTS = 5


def render(
    report: ValidationReport, *, colour: bool, width: int, most: int | None = None
) -> str:
    """
    Write the findings file by file, then the allowed ones, then the count.

    ``width`` is in columns; source lines are cut to it and sentences wrapped, file
    paths are left whole. Of more than ``most`` findings the worst are written, and the
    rest is counted.
    """
    paint = Paint(colour)
    last = summary(report, colour=colour)
    findings = report.ordered()
    shown = worst(findings, most)
    blocks = ["\n".join(_finding(finding, paint, width)) for finding in shown]
    if left := unshown(findings, shown):
        blocks.append("\n".join(wrapped(left, width, hang=2)))
    if report.allowed:
        blocks.append("\n".join(_all_allowed(report, paint, most)))
    if table := "\n".join(by_rule(findings, paint)):
        blocks.append(table)
    blocks.append("\n".join([*_pointer_to_why(report, paint), last]))
    return unheeded("\n\n".join(blocks) + "\n")


def summary(report: ValidationReport, *, colour: bool) -> str:
    """Count files and findings in one line: ``14 files: 1 error, 2 warnings``."""
    paint = Paint(colour)
    files = _counted(report.files, "file")
    found = [
        paint(style, _counted(count, word))
        for count, word, style in (
            (report.errors, "error", Style.ERROR),
            (report.warnings, "warning", Style.WARNING),
            (report.infos, "info", Style.INFO),
        )
        if count
    ]
    allowed = [f"{len(report.allowed):,} allowed"] if report.allowed else []
    if found:
        return f"{files}: {', '.join(found + allowed)}"
    return ", ".join([files, paint(Style.SAFE, "no findings"), *allowed])


def reach(districts: tuple[str, ...]) -> str:
    """Count the districts that a finding in a profile reaches, and name a few."""
    named = ", ".join(districts[:NAMED_DISTRICTS])
    more = len(districts) - NAMED_DISTRICTS
    rest = f" and {more:,} more" if more > 0 else ""
    return f"{_counted(len(districts), 'district')}: {named}{rest}"


def _pointer_to_why(report: ValidationReport, paint: Paint) -> Iterator[str]:
    if report.findings:
        worst = min(report.ordered(), key=lambda finding: finding.severity.rank)
        command = f"connectsync explain {inert(worst.rule)}"
        yield paint(Style.DIM, f"`{command}` says why that matters")


def _finding(finding: Finding, paint: Paint, width: int) -> Iterator[str]:
    style = style_of(finding.severity)
    yield from _headline(finding, style, paint, width)
    margin = " " * len(str(finding.place.line))
    if finding.place.file:
        yield f"{margin}{paint(Style.FRAME, '-->')} {_spot(finding)}"
    frame = framed(finding.place, style=style, paint=paint, width=width)
    yield from frame
    notes = list(_notes(finding))
    if frame and notes:
        yield paint(Style.FRAME, f"{margin} |")
    for label, text in notes:
        yield from _note(label, text, margin, paint, width)


def _headline(
    finding: Finding, style: Style, paint: Paint, width: int
) -> Iterator[str]:
    lead = f"{finding.severity}[{inert(finding.rule)}]"
    first, *rest = wrapped(f"{lead} {inert(finding.message)}", width, hang=2)
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
    first, *rest = wrapped(inert(text), width - len(hang))
    yield f"{paint(Style.FRAME, lead)}{paint(Style.BOLD, f'{label}:')} {first}"
    for line in rest:
        yield f"{hang}{line}"


def _all_allowed(
    report: ValidationReport, paint: Paint, most: int | None
) -> Iterator[str]:
    allowed = report.ordered_allowed()
    for each in allowed[:most]:
        finding = each.finding
        rule = paint(Style.SAFE, f"allowed[{inert(finding.rule)}]")
        spot = f"{inert(finding.place.file)}:{finding.place.line}"
        until = paint(Style.DIM, f"(until {each.until.isoformat()})")
        yield f"{rule} {spot} — {inert(each.reason)} {until}"
    if left := len(allowed[most:]) if most is not None else 0:
        yield f"… and {left:,} more allowed; {ALL_OF_THEM}"


def _spot(finding: Finding) -> str:
    place = finding.place
    return f"{inert(place.file)}:{place.line}:{place.column}"


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
