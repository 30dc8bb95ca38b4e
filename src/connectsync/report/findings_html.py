"""Findings as one HTML page: `validate --format html`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import starmap
from typing import Any

from connectsync.domain.finding import (
    AllowedFinding,
    Finding,
    Severity,
    ValidationReport,
)
from connectsync.domain.plan import group_of
from connectsync.report.frame import mark_line
from connectsync.report.html import (
    Child,
    GlancePart,
    GlanceTally,
    Html,
    TextTable,
    element,
    facts,
    header,
    html_page,
    join_html,
    list_section,
    many,
    navigation,
    plain_table,
    with_code,
)
from connectsync.report.terminal import fit

ROOM = 96
"""Columns of a line that are shown, around what is wrong in it."""

_COUNTED_SEVERITIES = tuple(Severity)


def findings_data(
    report: ValidationReport, texts: TextTable, folder: str
) -> dict[str, Any]:
    """Give findings, the gravest first, and allowed findings."""
    rows = _FindingRows(texts, folder)
    return {
        "severities": list(_COUNTED_SEVERITIES),
        "findings": [rows.finding(one) for one in _gravest_first(report)],
        "allowed": [rows.allowed(one) for one in report.ordered_allowed()],
    }


def _gravest_first(report: ValidationReport) -> list[Finding]:
    return sorted(report.ordered(), key=lambda one: one.severity.rank)


@dataclass(frozen=True, slots=True)
class _FindingRows:
    texts: TextTable
    folder: str

    def allowed(self, one: AllowedFinding) -> dict[str, Any]:
        by = self.texts.numbers([one.reason, one.until.isoformat()])
        return self.finding(one.finding) | {"allowed": by}

    def finding(self, finding: Finding) -> dict[str, Any]:
        """Give one finding; what is empty is left out."""
        place, number = finding.place, self.texts.number
        shown: dict[str, Any] = {
            "severity": _COUNTED_SEVERITIES.index(finding.severity),
            "rule": number(finding.rule),
            "message": number(finding.message),
            "file": number(place.file),
            "at": [place.line, place.column],
        }
        if group := group_of(place.file, self.folder):
            shown["group"] = number(group)
        if finding.hint:
            shown["hint"] = number(finding.hint)
        if finding.districts:
            shown["districts"] = self.texts.numbers(finding.districts)
        if place.line_text.strip():
            shown["line"] = self.texts.numbers(line_of(finding))
        return shown


def line_of(finding: Finding) -> tuple[str, str, str]:
    """Give the line of a finding: what is before its place, in it, and after it."""
    line = mark_line(finding.place, ROOM)
    before = fit(line.text, line.start)
    inside = fit(line.text[len(before) :], line.length)
    return before, inside, line.text[len(before) + len(inside) :].rstrip()


MOST = 500
"""Findings that the plain table holds."""

_SEVERITIES = GlanceTally(
    "severity",
    {
        Severity.ERROR: ("Errors", "nothing is planned from such a file"),
        Severity.WARNING: ("Warnings", "likely to hurt families"),
        Severity.INFO: ("Infos", "good to know"),
    },
)
_ALLOWED = (
    "These were accepted, with a reason and a last day; they are not counted above."
)
_SAYS = (
    "Without scripts this page shows a plain table; lines of the files, search and"
    " filters need them. `connectsync validate` says all of it as text."
)


def findings_html(
    report: ValidationReport, *, folder: str, today: date, tool: str
) -> str:
    """
    Write the whole page; whatever came from elsewhere is inert text in it.

    ``folder`` is where the districts' files are, from the project's folder.
    """
    texts = TextTable()
    data = findings_data(report, texts, folder) | {"texts": texts.all()}
    title = f"Findings of {today.isoformat()}"
    return html_page(title, _body(report, title, folder, tool), data)


def finding_sections(report: ValidationReport) -> Iterator[Html]:
    """Give the sections of findings and of allowed ones, where there are any."""
    if report.findings:
        found = [(one, "") for one in report.ordered()]
        yield list_section("findings", "Findings", _plain(found))
    if report.allowed:
        allowed = [
            (one.finding, f"Allowed until {one.until.isoformat()}: {one.reason}")
            for one in report.ordered_allowed()
        ]
        told = element("p", _ALLOWED)
        yield list_section("allowed", "Allowed findings", _plain(allowed), told)


def _body(
    report: ValidationReport, title: str, folder: str, tool: str
) -> Iterator[Html]:
    yield header(title, _lead(report))
    yield navigation(_sections(report))
    yield Html("<main>")
    yield _glance(report, folder)
    yield from finding_sections(report)
    said = {"Files read": f"{report.files:,}", "Made by": tool}
    about = element("h2", "About this page")
    yield element("section", about, facts(said), id="about")
    yield Html("</main>")


def _sections(report: ValidationReport) -> Iterator[tuple[str, str]]:
    yield "glance", "At a glance"
    if report.findings:
        yield "findings", "Findings"
    if report.allowed:
        yield "allowed", "Allowed findings"
    yield "about", "About this page"


def _lead(report: ValidationReport) -> str:
    counts = [
        many(count, noun)
        for count, noun in (
            (report.errors, "error"),
            (report.warnings, "warning"),
            (report.infos, "info"),
        )
        if count
    ]
    allowed = [f"{len(report.allowed):,} allowed"] if report.allowed else []
    told = ", ".join([*(counts or ["no findings"]), *allowed])
    return f"{many(report.files, 'file')}: {told}."


def _glance(report: ValidationReport, folder: str) -> Html:
    counts = {severity: report.count(severity) for severity in Severity}
    by_rule: dict[str, Counter[str]] = defaultdict(Counter)
    by_folder: dict[str, Counter[str]] = defaultdict(Counter)
    for one in report.findings:
        by_rule[one.rule][one.severity] += 1
        by_folder[group_of(one.place.file, folder)][one.severity] += 1
    gravest = sorted(by_rule, key=lambda rule: (_rank(by_rule[rule]), rule))
    parts = [
        (_part("rule", "Rule", "By rule, the gravest first", gravest), by_rule),
        (_part("group", "Folder", "By folder of the file"), by_folder),
    ]
    tables = (_SEVERITIES.parts(part, found) for part, found in parts if found)
    return element(
        "section",
        element("h2", "At a glance"),
        _SEVERITIES.tiles(counts),
        element("div", *tables, class_="parts"),
        id="glance",
    )


def _part(
    facet: str, title: str, caption: str, order: Sequence[str] = ()
) -> GlancePart:
    return GlancePart(facet, title, caption, "(none)", order, sized=True)


def _rank(counts: Counter[str]) -> tuple[int, ...]:
    return tuple(-counts[severity] for severity in Severity)


def _plain(findings: Sequence[tuple[Finding, str]]) -> Html:
    more = sum(one.stands_for for one, _ in findings[MOST:])
    return join_html(
        [
            element("p", with_code(_SAYS)),
            plain_table(("Place", "Finding", "Rule"), starmap(_row, findings[:MOST])),
            *([element("p", f"and {more:,} more")] * (more > 0)),
        ]
    )


def _row(one: Finding, note: str) -> tuple[Child, ...]:
    place = f"{one.place.file}:{one.place.line}:{one.place.column}"
    notes = [f"Help: {one.hint}" if one.hint else "", note]
    told = [element("small", with_code(said)) for said in notes if said]
    return (
        element("code", place),
        join_html([f"{one.severity}: ", with_code(one.message), *told]),
        element("code", one.rule),
    )
