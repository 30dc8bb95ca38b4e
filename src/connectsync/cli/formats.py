"""Findings and plans in each format that ``--format`` knows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from connectsync import __version__
from connectsync.cli.options import FindingFormat, PlanFormat
from connectsync.cli.session import TOOL, Session
from connectsync.cli.suggest import CommandPlace
from connectsync.cli.terminal import Terminal, insist_no_source
from connectsync.config.decode import Ground
from connectsync.config.project import Project
from connectsync.domain.finding import RulePage, ValidationReport
from connectsync.domain.plan import Plan, PlanReview
from connectsync.errors import UsageError


@dataclass(frozen=True, slots=True)
class ValidationOutput:
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
    terminal: Terminal,
    done: ValidationOutput,
    format_: FindingFormat,
    output: Path | None,
) -> None:
    """
    Show findings or write them to a file; quiet text has no word of no finding.

    Of very many, text that is no file shows the worst, and counts the others.
    """
    if format_ is FindingFormat.TEXT and terminal.quiet and not done.report.findings:
        return
    if format_ in READ_HERE:
        done = replace(done, report=_complete_commands(done.report, terminal.place))
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


def _complete_commands(
    report: ValidationReport, place: CommandPlace
) -> ValidationReport:
    """Complete the commands that findings suggest."""
    return replace(
        report,
        findings=tuple(
            replace(one, hint=place.complete(one.hint)) for one in report.findings
        ),
    )


def _complete(
    text: str, format_: FindingFormat | PlanFormat, place: CommandPlace
) -> str:
    """Complete the commands that a report for people suggests."""
    if format_ in {FindingFormat.TEXT, PlanFormat.TEXT}:
        return place.complete(text)
    if format_ in {FindingFormat.HTML, PlanFormat.HTML}:
        return place.complete_html(text)
    return text


def _markdown(plan: Plan, limit: int | None) -> str:
    from connectsync.report.markdown import LIMIT, plan_markdown

    try:
        return plan_markdown(plan, limit=LIMIT if limit is None else limit)
    except ValueError as error:
        raise UsageError(f"--limit: {error}", remedy="allow more characters") from error


def _findings(  # noqa: PLR0911 - a format each
    done: ValidationOutput,
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
            from connectsync.report.github import findings_github

            return findings_github(done.report)
        case FindingFormat.GITLAB:
            from connectsync.report.findings_json import findings_gitlab

            return findings_gitlab(done.report)
        case FindingFormat.JUNIT:
            from connectsync.report.junit import findings_junit

            return findings_junit(done.report, done.files, strict=done.strict)
        case FindingFormat.MARKDOWN:
            from connectsync.report.markdown import LIMIT, findings_markdown

            return findings_markdown(done.report, limit=LIMIT)
        case FindingFormat.HTML:
            from connectsync.report.findings_html import findings_html

            return findings_html(
                done.report, folder=done.folder, today=done.today, tool=TOOL
            )


def _sarif(done: ValidationOutput) -> str:
    from connectsync.report.sarif import findings_sarif

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
            from connectsync.report.github import plan_github

            return plan_github(plan)
        case PlanFormat.JUNIT:
            from connectsync.report.junit import plan_junit

            return plan_junit(plan)
        case PlanFormat.MARKDOWN:
            return _markdown(plan, None)
        case PlanFormat.HTML:
            from connectsync.report.plan_html import plan_html

            return plan_html(review())


STATE_FILES = ("state.db", "connect.db", "session.json")
"""What the state folder holds; SQLite puts files with longer names beside them."""

STATE_FOLDERS = frozenset(["runners", "evidence"])


def insist_free(
    session: Session,
    *outputs: Path | None,
    read: Path | None = None,
    over_live: bool = False,
) -> None:
    """
    Refuse an output that would take the place of something, before anything is done.

    That is the state, a district or project file, live settings that are planned from
    (but for ``over_live``, which replaces them), the file that is ``read``, and
    another output of the same command. A link is not followed out of the project.
    Raises ``UsageError``.
    """
    asked = [one for one in outputs if one is not None and one != Path("-")]
    if not asked:
        return
    project = session.project()
    taken = dict(_taken_paths(session, project, read, over_live=over_live))
    ground, state = Ground.of(project.root), _real(session.state(project))
    for output in asked:
        real = _real(output)
        insist_no_source(output)
        insist_no_source(real)
        if (end := ground.way_out(output)) is not None:
            _refuse(output, f"is a link that leads out of the project, to {end}")
        if real.is_dir():
            _refuse(output, "is a folder")
        if real in taken:
            _refuse(output, taken[real])
        if real.is_relative_to(state) and _is_state(real.relative_to(state)):
            _refuse(output, "belongs to the state")
        taken[real] = "is written by the same command already"


def _refuse(output: Path, why: str) -> None:
    raise UsageError(
        f"{output} {why}; nothing is written over it",
        remedy="name another file, such as plan.json or report.txt",
    )


def _taken_paths(
    session: Session, project: Project, read: Path | None, *, over_live: bool
) -> Iterator[tuple[Path, str]]:
    if read is not None:
        yield _real(read), "is the plan that is read"
    if not over_live:
        if project.embedded_seed is not None:
            yield (
                _real(project.embedded_seed),
                "is what the embedded Connect begins with",
            )
        for stated in (session.backend or "", project.backend):
            name, _, path = stated.partition(":")
            if name == "snapshot" and path:
                base = session.folder or session.here
                yield (
                    _real(base / path),
                    "holds the live settings that are planned from",
                )
    if project.browser is not None and project.browser.session is not None:
        yield _real(project.browser.session), "holds the session of the browser"


def _is_state(inside: Path) -> bool:
    first = inside.parts[0] if inside.parts else ""
    return first in STATE_FOLDERS or first.startswith(STATE_FILES)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
