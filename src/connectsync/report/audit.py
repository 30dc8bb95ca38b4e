"""An audit of what is live as text, JSON, CSV and Markdown; its page is beside it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from connectsync.domain.finding import Severity
from connectsync.domain.foreign_text import no_command
from connectsync.domain.live import (
    AuditedDistrict,
    AuditFinding,
    AuditReport,
    Click,
    ExceptionStanding,
    NotAudited,
    RuleException,
)
from connectsync.domain.wording import many
from connectsync.report.markdown import (
    LIMIT,
    Block,
    MarkdownTable,
    code,
    page,
    plain,
    short,
)
from connectsync.report.sheet import csv_table
from connectsync.report.terminal import Paint, Style, inert, style_of, unheeded, wrap

COUNTED = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}

STYLES: Mapping[ExceptionStanding, Style] = {
    ExceptionStanding.EXPIRED: Style.ERROR,
    ExceptionStanding.NO_EFFECT: Style.ERROR,
    ExceptionStanding.SOON: Style.WARNING,
    ExceptionStanding.IN_FORCE: Style.SAFE,
}


def render_audit(report: AuditReport, format_: str, *, colour: bool, width: int) -> str:
    """Give the report in a format; colors and width count for text alone."""
    renderers: Mapping[str, Callable[[AuditReport], str]] = {
        "json": audit_json,
        "csv": audit_csv,
        "markdown": audit_markdown,
    }
    if format_ in renderers:
        return renderers[format_](report)
    return audit_text(report, colour=colour, width=width)


def spell_click(click: Click) -> str:
    """Say in a few words what to click on: ``untick Phone Types to sync > Home``."""
    name = f"{click.control} > {click.option}" if click.option else click.control
    if click.verb in {"tick", "untick"}:
        return f"{click.verb} {name}"
    return f"{click.verb} {name}: {click.after}"


def on_the_page(found: AuditFinding) -> str:
    """Say where on the page a finding stands, and what to click if that is known."""
    if found.clicks:
        return "; ".join(map(spell_click, found.clicks))
    return f"{found.control}, now {found.now}" if found.control else ""


def import_command(districts: Sequence[AuditedDistrict]) -> str:
    """Say how files are written for districts that have none."""
    keys = " ".join(shlex.quote(inert(one.key)) for one in districts[:1])
    return f"`connectsync import {keys}` writes its file"


def totals(report: AuditReport) -> str:
    """Count everything in one line."""
    parts = [many(report.count(severity), noun) for severity, noun in COUNTED.items()]
    if live := len(report.without_file):
        parts.append(f"{live:,} live and in no file")
    if unread := len(report.not_audited):
        parts.append(f"{unread:,} in a file and not live, or not read")
    if report.exceptions:
        parts.append(many(len(report.exceptions), "exception"))
    counted = many(len(report.districts), "live district")
    return f"{counted} on {report.backend}: {', '.join(parts)}"


def audit_text(report: AuditReport, *, colour: bool, width: int) -> str:
    """Give each district that has findings, then what has no file, and exceptions."""
    paint = Paint(colour)
    blocks: list[list[str]] = []
    if any(one.findings for one in report.districts):
        steps = " > ".join(report.path)
        blocks.append(list(wrap(f"On Connect, go to {steps}.", width, hang=2)))
    told: set[str] = set()
    blocks += [
        list(_district_lines(one, report, told, paint, width))
        for one in report.districts
        if one.findings
    ]
    blocks += [list(one) for one in _sections(report, paint, width)]
    blocks.append(list(wrap(inert(no_command(totals(report))), width, hang=2)))
    return unheeded("\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n")


def _district_lines(
    one: AuditedDistrict,
    report: AuditReport,
    told: set[str],
    paint: Paint,
    width: int,
) -> Iterator[str]:
    name = inert(no_command(one.name))
    yield f"{paint(Style.BOLD, inert(one.key))}  {name}  {paint(Style.DIM, _file(one))}"
    for found in one.findings:
        label = f"{found.severity}[{found.rule}]"
        said = f"  {label} {inert(no_command(found.message))}"
        first, *rest = wrap(said, width, hang=4)
        yield first.replace(label, paint(style_of(found.severity), label), 1)
        yield from rest
        notes = {
            "on the page": no_command(on_the_page(found)),
            "in its file": no_command(found.in_file),
            # what it means for people, and what to do, is said once of all alike
            "affected": "" if found.rule in told else report.affected[found.rule],
            "help": "" if found.rule + found.hint in told else found.hint,
        }
        told |= {found.rule, found.rule + found.hint}
        for noun, note in notes.items():
            if note:
                yield from _dim(f"    = {noun}: {inert(note)}", paint, width, hang=6)


def _file(one: AuditedDistrict) -> str:
    if not one.file:
        return "(no file)"
    return inert(one.file) if one.facts else f"{inert(one.file)} (has errors)"


def _dim(text: str, paint: Paint, width: int, *, hang: int) -> Iterator[str]:
    return (paint(Style.DIM, line) for line in wrap(text, width, hang=hang))


def _sections(report: AuditReport, paint: Paint, width: int) -> Iterator[Iterator[str]]:
    if report.without_file:
        yield _without_file(report.without_file, paint, width)
    if report.not_audited:
        yield _not_audited(report.not_audited, paint, width)
    yield _unchecked(report, paint, width)
    if report.exceptions:
        yield _exceptions(report.exceptions, paint, width)


def _without_file(
    districts: Sequence[AuditedDistrict], paint: Paint, width: int
) -> Iterator[str]:
    yield paint(Style.BOLD, f"Live and in no file ({len(districts):,})")
    for one in districts:
        name = inert(no_command(one.name))
        yield from wrap(f"  {inert(one.key)}  {name}", width, hang=4)
    yield from _dim(f"  = help: {import_command(districts)}", paint, width, hang=4)


def _not_audited(
    districts: Sequence[NotAudited], paint: Paint, width: int
) -> Iterator[str]:
    yield paint(Style.BOLD, f"In a file and not live, or not read ({len(districts):,})")
    for one in districts:
        said = f"  {one.key}  {one.file}: {no_command(one.message)}"
        yield from wrap(inert(said), width, hang=4)
        if one.remedy:
            yield from _dim(f"    = help: {inert(one.remedy)}", paint, width, hang=6)


def by_need(report: AuditReport) -> dict[str, tuple[list[str], set[str]]]:
    """Give by what is missing the rules that could not tell, and the districts."""
    found: dict[str, tuple[list[str], set[str]]] = {}
    for one, keys in report.unchecked().items():
        rules, districts = found.setdefault(needs_text(one.needs), ([], set()))
        rules.append(one.rule)
        districts.update(keys)
    return found


def _unchecked(report: AuditReport, paint: Paint, width: int) -> Iterator[str]:
    if found := by_need(report):
        yield paint(Style.BOLD, "Not checked, for this is not known")
        for need, (rules, districts) in found.items():
            said = f"  {need} ({many(len(districts), 'district')}): {', '.join(rules)}"
            yield from wrap(said, width, hang=4)


def needs_text(names: Sequence[str]) -> str:
    """Say what a rule needs to tell."""
    told = (
        name if name.startswith(("facts.", "state.")) else f"{name} (none on Connect)"
        for name in names
    )
    return f"needs {', '.join(told)}"


def _exceptions(
    exceptions: Sequence[RuleException], paint: Paint, width: int
) -> Iterator[str]:
    yield paint(Style.BOLD, f"Exceptions ({len(exceptions):,})")
    for one in exceptions:
        standing = paint(STYLES[one.standing], one.standing)
        named = f"  {inert(one.district)}  {inert(one.rule)}"
        yield f"{named}  until {one.until}, {standing}"
        yield from wrap(f"    {inert(no_command(one.reason))}", width, hang=4)


def audit_json(report: AuditReport) -> str:
    """Give the report in the shape of ``schema/audit.schema.json``."""
    data = {
        "schema": 1,
        "report": "audit",
        "backend": report.backend,
        "at": report.at.isoformat(),
        "whole": report.whole,
        "fine": report.is_fine,
        "path": list(report.path),
        "summary": {
            "districts": len(report.districts),
            "errors": report.count(Severity.ERROR),
            "warnings": report.count(Severity.WARNING),
            "notes": report.count(Severity.INFO),
            "without_file": len(report.without_file),
            "not_audited": len(report.not_audited),
            "exceptions": len(report.exceptions),
        },
        "districts": list(map(_district_data, report.districts)),
        "not_audited": [
            {
                "district": one.key,
                "file": one.file or None,
                "listed": one.is_listed,
                "message": one.message,
                "help": one.remedy,
            }
            for one in report.not_audited
        ],
        "exceptions": list(map(_exception_data, report.exceptions)),
        "files_with_errors": list(report.broken),
        "affected": dict(report.affected),
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _exception_data(one: RuleException) -> dict[str, Any]:
    return {
        "district": one.district,
        "file": one.file,
        "rule": one.rule,
        "reason": one.reason,
        "until": one.until.isoformat(),
        "standing": one.standing,
        "accepts": one.accepts,
    }


CLICKED = ("verb", "control", "option", "before", "after", "risk", "effect")


def _district_data(one: AuditedDistrict) -> dict[str, Any]:
    return {
        "district": one.key,
        "name": one.name,
        "file": one.file or None,
        "facts": one.facts,
        "findings": [
            {
                "rule": found.rule,
                "severity": found.severity,
                "message": found.message,
                "help": found.hint,
                "control": found.control or None,
                "now": found.now or None,
                "in_file": found.in_file or None,
                "clicks": [
                    {name: getattr(click, name) or None for name in CLICKED}
                    for click in found.clicks
                ],
            }
            for found in one.findings
        ],
        "not_checked": [
            {"rule": unsure.rule, "needs": list(unsure.needs)}
            for unsure in one.not_checked
        ],
    }


HEADINGS = (
    "kind",
    "district",
    "name",
    "file",
    "severity",
    "rule",
    "finding",
    "affected",
    "on_the_page",
    "in_file",
    "help",
    "until",
    "standing",
    "reason",
)


def audit_csv(report: AuditReport) -> str:
    """Give a row for each finding, then for what else is told; ``kind`` says which."""
    return csv_table(HEADINGS, (_cells(row) for row in _rows(report)))


def _cells(row: Mapping[str, object]) -> Iterator[object]:
    for name in HEADINGS:
        value = row.get(name)
        yield inert(value) if isinstance(value, str) else value


def _rows(report: AuditReport) -> Iterator[Mapping[str, object]]:
    for one in report.districts:
        known = {"district": one.key, "name": one.name, "file": one.file}
        for found in one.findings:
            yield known | {
                "kind": "finding",
                "severity": found.severity.value,
                "rule": found.rule,
                "finding": found.message,
                "affected": report.affected[found.rule],
                "on_the_page": on_the_page(found),
                "in_file": found.in_file,
                "help": found.hint,
            }
    for one in report.without_file:
        yield {"kind": "no file", "district": one.key, "name": one.name}
    for left in report.not_audited:
        yield {
            "kind": "not read" if left.is_listed else "not live",
            "district": left.key,
            "file": left.file,
            "finding": left.message,
            "help": left.remedy,
        }
    for unsure, keys in report.unchecked().items():
        yield {
            "kind": "not checked",
            "rule": unsure.rule,
            "finding": f"{needs_text(unsure.needs)}: {many(len(keys), 'district')}",
        }
    for entry in report.exceptions:
        yield {
            "kind": "exception",
            "district": entry.district,
            "file": entry.file,
            "rule": entry.rule,
            "until": entry.until.isoformat(),
            "standing": entry.standing.value,
            "reason": entry.reason,
        }


def audit_markdown(report: AuditReport) -> str:
    """Give tables; what came from elsewhere is inert in them. Long ones are cut."""
    return page(list(_blocks(report)), limit=LIMIT)


def _blocks(report: AuditReport) -> Iterator[Block]:
    yield f"## Audit of what is live\n\n{plain(totals(report))}."
    plan = [(one, found) for one in report.districts for found in one.findings]
    plan.sort(key=lambda each: each[1].severity.rank)
    if plan:
        yield f"Go to {' > '.join(f'**{plain(step)}**' for step in report.path)}."
        head = ("District", "Finding", "On the page", "What to do")
        rows = (_plan_row(*each) for each in plan)
        yield MarkdownTable("Action plan", head, rows, len(plan), "finding")
    yield from (table for table in _tables(report) if table.count)


def _tables(report: AuditReport) -> Iterator[MarkdownTable]:
    affected, unsure = report.affected, report.unchecked()
    yield MarkdownTable(
        "Who is affected",
        ("Rule", "What it means for people"),
        ((code(rule), plain(said)) for rule, said in affected.items()),
        len(affected),
        "rule",
        folded=True,
    )
    live, left = report.without_file, report.not_audited
    yield MarkdownTable(
        "Live and in no file",
        ("District", "Name"),
        ((code(one.key), short(one.name)) for one in live),
        len(live),
        "district",
    )
    yield MarkdownTable(
        "In a file and not live, or not read",
        ("District", "File", "Why"),
        ((code(one.key), code(one.file), short(one.message)) for one in left),
        len(left),
        "district",
    )
    yield MarkdownTable(
        "Not checked",
        ("Rule", "Why", "Districts"),
        (
            (code(one.rule), plain(needs_text(one.needs)), f"{len(keys):,}")
            for one, keys in unsure.items()
        ),
        len(unsure),
        "rule",
        folded=True,
    )
    yield _exception_table(report.exceptions)


def _exception_table(exceptions: Sequence[RuleException]) -> MarkdownTable:
    rows = (
        (
            code(one.district),
            code(one.rule),
            f"{one.until}, {one.standing}",
            short(one.reason),
        )
        for one in exceptions
    )
    head = ("District", "Rule", "Until", "Reason")
    return MarkdownTable("Exceptions", head, rows, len(exceptions), "exception")


def _plan_row(one: AuditedDistrict, found: AuditFinding) -> tuple[str, ...]:
    said = f"**{found.severity}** {code(found.rule)}: {short(found.message)}"
    # what stands between backquotes in our own words is a command
    hint = "".join(
        code(part) if position % 2 else short(part)
        for position, part in enumerate(found.hint.split("`"))
        if part
    )
    does = "; ".join(filter(None, [short(found.in_file), hint]))
    return code(one.key), said, short(on_the_page(found)), does
