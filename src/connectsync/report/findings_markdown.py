"""Findings in Markdown, for a comment on a pull request or the summary of a job."""

from __future__ import annotations

from collections.abc import Iterator

from connectsync.domain.finding import Finding
from connectsync.domain.validation import AllowedFinding, ValidationReport
from connectsync.report.findings_text import reach, summary
from connectsync.report.markdown import FOLDED, Block, Table, code, page, short

TITLE = "## connectsync validate"


def findings_markdown(report: ValidationReport, *, limit: int | None = None) -> str:
    """
    Write counts, what stands, and folded what is allowed.

    A ``limit`` is in characters. The gravest come first, so that they are left out
    last. Raises ``ValueError`` for a limit in which not even the counts have room.
    """
    return page(list(_blocks(report)), limit=limit)


def _blocks(report: ValidationReport) -> Iterator[Block]:
    yield TITLE
    yield f"**{summary(report, colour=False)}**"
    found = sorted(report.ordered(), key=lambda one: one.severity.rank)
    if found:
        yield Table(
            "Findings",
            ("Severity", "Where", "Rule", "What"),
            map(_finding, found),
            len(found),
            "finding",
            folded=len(found) > FOLDED,
        )
    if allowed := report.ordered_allowed():
        yield Table(
            "Allowed",
            ("Rule", "Where", "What", "Why", "Until"),
            map(_allowed, allowed),
            len(allowed),
            "finding",
            folded=True,
        )


def _finding(one: Finding) -> tuple[str, ...]:
    return one.severity.value, _where(one), code(one.rule), "<br>".join(_what(one))


def _what(one: Finding) -> Iterator[str]:
    yield short(one.message)
    if one.hint:
        yield f"*help:* {short(one.hint)}"
    if one.districts:
        yield f"*reaches* {short(reach(one.districts))}"


def _allowed(each: AllowedFinding) -> tuple[str, ...]:
    one = each.finding
    until = each.until.isoformat()
    return code(one.rule), _where(one), short(one.message), short(each.reason), until


def _where(one: Finding) -> str:
    place = one.place
    return code(f"{place.file}:{place.line}:{place.column}")
