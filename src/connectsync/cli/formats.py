"""Findings and plans in each format that ``--format`` knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from connectsync import __version__
from connectsync.cli.choices import FindingFormat, PlanFormat
from connectsync.cli.session import TOOL
from connectsync.cli.suggested import Place
from connectsync.cli.terminal import Terminal
from connectsync.domain.plan import Plan
from connectsync.domain.plan_review import PlanReview
from connectsync.domain.rule_page import RulePage
from connectsync.domain.validation import ValidationReport
from connectsync.errors import UsageError


@dataclass(frozen=True, slots=True)
class Validated:
    """
    What was found, and what formats need beside it.

    ``files`` are those that were looked at, ``districts`` the file of each district,
    ``folder`` is where those are. ``strict`` says that warnings fail as well.
    """

    report: ValidationReport
    files: tuple[str, ...]
    districts: Mapping[str, str]
    folder: str
    today: date
    strict: bool = False


READ_HERE = frozenset([FindingFormat.TEXT, FindingFormat.JSON, FindingFormat.HTML])
"""
Formats that are read where they are made.

The others are for the pages of a code host, which are not in any folder.
"""

MOST_FINDINGS = 200
"""Findings that a terminal shows: nobody reads more, and a file has room for all."""


def show_validated(
    terminal: Terminal, done: Validated, format_: FindingFormat, output: Path | None
) -> None:
    """
    Show findings or write them to a file; quiet text has no word of no finding.

    Of very many, text that is no file shows the worst, and counts the others.
    """
    if format_ is FindingFormat.TEXT and terminal.quiet and not done.report.findings:
        return
    if format_ in READ_HERE:
        done = replace(done, report=_completed(done.report, terminal.place))
    colour = terminal.colour and output is None
    most = MOST_FINDINGS if output in {None, Path("-")} else None
    text = _findings(done, format_, colour=colour, width=terminal.width, most=most)
    terminal.deliver(_complete(text, format_, terminal.place), output)


def show_plan(
    terminal: Terminal,
    plan: Plan,
    review: Callable[[], PlanReview],
    format_: PlanFormat,
    output: Path | None,
    *,
    limit: int | None = None,
) -> None:
    """
    Show a plan or write it to a file; ``review`` is asked for where it is needed.

    ``limit`` is how many characters Markdown may have; None: as many as a comment.
    Raises ``UsageError`` if not even the counts have room in them.
    """
    if format_ is PlanFormat.MARKDOWN:
        text = _markdown(plan, limit)
    else:
        colour = terminal.colour and output is None
        text = _plan(plan, review, format_, colour=colour, width=terminal.width)
        text = _complete(text, format_, terminal.place)
    terminal.deliver(text, output)


def _completed(report: ValidationReport, place: Place) -> ValidationReport:
    """Complete the commands that findings suggest."""
    return replace(
        report,
        findings=tuple(
            replace(one, hint=place.complete(one.hint)) for one in report.findings
        ),
    )


def _complete(text: str, format_: FindingFormat | PlanFormat, place: Place) -> str:
    """Complete the commands that a report for people suggests."""
    if format_ in {FindingFormat.TEXT, PlanFormat.TEXT}:
        return place.complete(text)
    if format_ in {FindingFormat.HTML, PlanFormat.HTML}:
        return place.complete_html(text)
    return text


def _markdown(plan: Plan, limit: int | None) -> str:
    from connectsync.report.markdown import LIMIT
    from connectsync.report.plan_markdown import plan_markdown

    try:
        return plan_markdown(plan, limit=LIMIT if limit is None else limit)
    except ValueError as error:
        raise UsageError(f"--limit: {error}", remedy="allow more characters") from error


def _findings(  # noqa: PLR0911 - a format each
    done: Validated,
    format_: FindingFormat,
    *,
    colour: bool,
    width: int,
    most: int | None,
) -> str:
    match format_:
        case FindingFormat.TEXT:
            from connectsync.report import findings_text

            return findings_text.render(
                done.report, colour=colour, width=width, most=most
            )
        case FindingFormat.JSON:
            from connectsync.report import findings_json

            return findings_json.render(done.report)
        case FindingFormat.SARIF:
            return _sarif(done)
        case FindingFormat.GITHUB:
            from connectsync.report.findings_github import findings_github

            return findings_github(done.report)
        case FindingFormat.GITLAB:
            from connectsync.report.findings_gitlab import findings_gitlab

            return findings_gitlab(done.report)
        case FindingFormat.JUNIT:
            from connectsync.report.findings_junit import findings_junit

            return findings_junit(done.report, done.files, strict=done.strict)
        case FindingFormat.MARKDOWN:
            from connectsync.report.findings_markdown import findings_markdown
            from connectsync.report.markdown import LIMIT

            return findings_markdown(done.report, limit=LIMIT)
        case FindingFormat.HTML:
            from connectsync.report.findings_html import findings_html

            return findings_html(
                done.report, folder=done.folder, today=done.today, tool=TOOL
            )


def _sarif(done: Validated) -> str:
    from connectsync.report.findings_sarif import findings_sarif

    return findings_sarif(
        done.report, _rules_of_files(), version=__version__, files=done.districts
    )


def _rules_of_files() -> list[RulePage]:
    """Give every rule that can find something in a file: guards look at plans."""
    from connectsync.rules.catalogue import pages

    return [page for page in pages() if page.subject != "plan"]


def _plan(
    plan: Plan,
    review: Callable[[], PlanReview],
    format_: PlanFormat,
    *,
    colour: bool,
    width: int,
) -> str:
    match format_:
        case PlanFormat.TEXT:
            from connectsync.report.fleet_text import MANY, plan_tables
            from connectsync.report.plan_text import render_plan

            many = plan.size > MANY
            tables = plan_tables(review(), colour=colour) if many else ()
            return render_plan(plan, colour=colour, width=width, tables=tables)
        case PlanFormat.JSON:
            from connectsync.domain.plan_file import plan_text

            return plan_text(plan)
        case PlanFormat.GITHUB:
            from connectsync.report.plan_github import plan_github

            return plan_github(plan)
        case PlanFormat.JUNIT:
            from connectsync.report.plan_junit import plan_junit

            return plan_junit(plan)
        case PlanFormat.MARKDOWN:
            return _markdown(plan, None)
        case PlanFormat.HTML:
            from connectsync.report.plan_html import plan_html

            return plan_html(review())
