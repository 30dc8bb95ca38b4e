"""Findings and plans in each format that ``--format`` knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connectsync import __version__
from connectsync.cli.choices import FindingFormat, PlanFormat
from connectsync.cli.terminal import Terminal
from connectsync.domain.plan import Plan
from connectsync.domain.rule_page import RulePage
from connectsync.domain.validation import ValidationReport


@dataclass(frozen=True, slots=True)
class Validated:
    """
    What was found, and what formats need beside it.

    ``files`` are those that were looked at, ``districts`` the file of each district.
    ``strict`` says that warnings fail as well.
    """

    report: ValidationReport
    files: tuple[str, ...]
    districts: Mapping[str, str]
    strict: bool = False


def show_validated(
    terminal: Terminal, done: Validated, format_: FindingFormat, output: Path | None
) -> None:
    """Show findings or write them to a file; quiet text has no word of no finding."""
    if format_ is FindingFormat.TEXT and terminal.quiet and not done.report.findings:
        return
    colour = terminal.colour and output is None
    text = _findings(done, format_, colour=colour, width=terminal.width)
    terminal.deliver(text, output)


def show_plan(
    terminal: Terminal, plan: Plan, format_: PlanFormat, output: Path | None
) -> None:
    """Show a plan or write it to a file."""
    colour = terminal.colour and output is None
    text = _plan(plan, format_, colour=colour, width=terminal.width)
    terminal.deliver(text, output)


def _findings(  # noqa: PLR0911 - a format each
    done: Validated, format_: FindingFormat, *, colour: bool, width: int
) -> str:
    match format_:
        case FindingFormat.TEXT:
            from connectsync.report import findings_text

            return findings_text.render(done.report, colour=colour, width=width)
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


def _sarif(done: Validated) -> str:
    from connectsync.report.findings_sarif import findings_sarif

    return findings_sarif(
        done.report, _rules_of_files(), version=__version__, files=done.districts
    )


def _rules_of_files() -> list[RulePage]:
    """Give every rule that can find something in a file: guards look at plans."""
    from connectsync.rules.catalogue import pages

    return [page for page in pages() if page.subject != "plan"]


def _plan(plan: Plan, format_: PlanFormat, *, colour: bool, width: int) -> str:
    match format_:
        case PlanFormat.TEXT:
            from connectsync.report.plan_text import render_plan

            return render_plan(plan, colour=colour, width=width)
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
            from connectsync.report.markdown import LIMIT
            from connectsync.report.plan_markdown import plan_markdown

            return plan_markdown(plan, limit=LIMIT)
