"""Show a report in the format that ``--format`` names, and guard where it goes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from connectsync.cli.commands import CommandPlace
from connectsync.cli.session import Session
from connectsync.cli.terminal import STDOUT, Terminal, insist_no_source
from connectsync.config.decode import Ground, without_steps_up
from connectsync.config.discovery import is_key
from connectsync.config.project import Project
from connectsync.domain.finding import ValidationReport
from connectsync.domain.rule_settings import BASELINE_FILE
from connectsync.errors import UsageError
from connectsync.files.access import is_state
from connectsync.report.reporter import (
    DriftToReport,
    FindingsToReport,
    PlanToReport,
    Reporter,
    View,
    reporter_of,
)
from connectsync.values import replace

READ_HERE = frozenset(["text", "json", "html"])
"""
Formats that are read where they are made.

The others are for the pages of a code host, which are not in any folder.
"""

MOST_FINDINGS = 200
"""Findings that a terminal shows: no one reads more, and a file has room for all."""


def show_findings(
    terminal: Terminal, found: FindingsToReport, format_: str, output: Path | None
) -> None:
    """
    Show findings or write them to a file; quiet text says nothing where none is.

    Of very many, text that is no file shows the worst, and counts the others.
    """
    if format_ == "text" and terminal.quiet and _is_silent(found):
        return
    reporter = reporter_of(format_)
    as_text = reporter.suggests == "text"
    if format_ in READ_HERE or as_text:
        complete = _complete_commands(found.report, terminal.place)
        found = replace(found, report=complete)
    view = _view(terminal, output)
    most = None if view.whole else MOST_FINDINGS
    text = reporter.findings(replace(found, most=most), view)
    # the source lines in a text are of others: in them nothing is completed
    whole = text if as_text else _complete(text, reporter, terminal.place)
    deliver_pages(terminal, whole, format_, output)


def _is_silent(found: FindingsToReport) -> bool:
    from connectsync.report.findings_text import is_silent

    return is_silent(found.report, found.show)


def deliver_pages(
    terminal: Terminal, text: str, format_: str, output: Path | None
) -> None:
    """Show text for people a page at a time, where they look at it."""
    if format_ == "text" and output is None:
        terminal.page(text)
    else:
        terminal.deliver(text, output)


def show_plan(
    terminal: Terminal, plan: PlanToReport, format_: str, output: Path | None
) -> None:
    """
    Show a plan or write it to a file.

    Raises ``UsageError`` if not even the counts have room in its limit.
    """
    reporter = reporter_of(format_)
    try:
        text = reporter.plan(plan, _view(terminal, output))
    except ValueError as error:
        raise UsageError(f"--limit: {error}", remedy="allow more characters") from error
    whole = _complete(text, reporter, terminal.place)
    deliver_pages(terminal, whole, format_, output)


def show_drift(
    terminal: Terminal, drift: DriftToReport, format_: str, output: Path | None
) -> None:
    """Show drift or write it to a file."""
    reporter = reporter_of(format_)
    text = reporter.drift(drift, _view(terminal, output))
    whole = _complete(text, reporter, terminal.place)
    deliver_pages(terminal, whole, format_, output)


def _view(terminal: Terminal, output: Path | None) -> View:
    to_file = output is not None
    return View(
        terminal.colour and not to_file,
        terminal.width,
        whole=to_file or not terminal.watched,
    )


def _complete_commands(
    report: ValidationReport, place: CommandPlace
) -> ValidationReport:
    """Complete the commands that findings suggest."""
    findings = tuple(
        one
        if (hint := place.complete(one.hint)) == one.hint
        else replace(one, hint=hint)
        for one in report.findings
    )
    return replace(report, findings=findings)


def _complete(text: str, reporter: Reporter, place: CommandPlace) -> str:
    """Complete the commands that a report for people suggests."""
    if reporter.suggests == "text":
        return place.complete(text)
    return place.complete_html(text) if reporter.suggests == "html" else text


def insist_free(
    session: Session,
    *outputs: Path | None,
    read: Path | None = None,
    baseline: Path | None = None,
    project: Project | None = None,
    over_live: bool = False,
    over_baseline: bool = False,
) -> None:
    """
    Refuse an output that would take the place of something, before anything is done.

    That is the state, a district or project file, live settings that are planned from
    (but for ``over_live``, which replaces them), what else the project names: the
    baseline of findings (but for ``over_baseline``), calendars and rosters, the file
    that is ``read``, the ``baseline`` that the command line names, and another output
    of the same command. A link is not followed out of the project. Raises
    ``UsageError``.
    """
    asked = [one for one in outputs if one is not None and one != Path("-")]
    if not asked:
        return
    project = project or session.project()
    taken = dict(_taken_paths(session, project, read, over_live=over_live))
    if not over_baseline:
        what = "is the baseline of findings"
        taken |= dict.fromkeys(_baselines(session, project, baseline), what)
    ground, state = Ground.of(project.root), _real(session.state(project))
    for output in asked:
        real = _real(output)
        insist_no_source(output)
        insist_no_source(real)
        if (end := ground.way_out(without_steps_up(output))) is not None:
            _refuse(output, f"is a link that leads out of the project, to {end}")
        if real.is_dir():
            _refuse(output, "is a folder")
        if real in taken:
            _refuse(output, taken[real])
        if _is_of_roster(project, real):
            _refuse(output, "is, or lies in, a roster that the project names")
        if real.is_relative_to(state) and is_state(_first(real.relative_to(state))):
            _refuse(output, "belongs to the state")
        taken[real] = "is written by the same command already"


CLEVER = "clever"
"""What is written in place of a path to have the roster read at Clever."""


def insist_apart(outputs: Iterable[Path | None], read: Iterable[Path]) -> None:
    """
    Refuse to write over a roster that is read, or into the folder of one.

    In its path ``{district}`` stands for the key of any. Raises ``UsageError``.
    """
    asked = [one for one in outputs if one is not None and one != STDOUT]
    for output in asked:
        if any(_is_in(_real(output), _real(without_steps_up(path))) for path in read):
            _refuse(output, "is, or lies in, the roster that is read")


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
    policy = project.policy
    for files in (policy.holidays, *(one.holidays for one in policy.calendars)):
        for file in files:
            yield _real(project.root / file.name), "is a calendar that is read"
    if (sample := project.guardians_sample) is not None:
        yield _real(sample), "is the sample of guardians.csv"
    if project.browser is not None and project.browser.session is not None:
        yield _real(project.browser.session), "holds the session of the browser"


def _baselines(
    session: Session, project: Project, named: Path | None
) -> Iterator[Path]:
    """Give where baselines of findings are: the usual one, and those that are named."""
    yield _real(project.root / BASELINE_FILE)
    if project.baseline is not None:
        yield _real(project.baseline)
    if named is not None:
        yield _real((session.folder or session.here) / named)


def _is_of_roster(project: Project, real: Path) -> bool:
    """Say whether a path is one of the rosters that a project names, or lies in one."""
    stated = project.roster
    return any(
        _is_in(real, _real(without_steps_up(project.root / one)))
        for one in {stated.source, *stated.districts.values()} - {"", CLEVER}
    )


def _is_in(output: Path, roster: Path) -> bool:
    """Say whether a file is the roster of a district, or in its folder."""
    parts = roster.parts
    return len(output.parts) >= len(parts) and all(
        _spells(*pair) for pair in zip(output.parts, parts, strict=False)
    )


def _spells(name: str, roster: str) -> bool:
    """Say whether a name is that of a roster once a key is put into it."""
    start, district, end = roster.partition("{district}")
    if not district:
        return name == roster
    key = name.removeprefix(start).removesuffix(end)
    return name == start + key + end and is_key(key)


def _first(inside: Path) -> str:
    return inside.parts[0] if inside.parts else ""


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
