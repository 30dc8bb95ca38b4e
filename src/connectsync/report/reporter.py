"""The formats of findings, plans and drift: one reporter each, in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib import import_module
from typing import ClassVar, Literal

from connectsync.domain.drift import DistrictDrift
from connectsync.domain.finding import RulePage, ValidationReport
from connectsync.domain.plan import Plan, PlanReview
from connectsync.errors import Bug
from connectsync.values import dataclass

Subject = Literal["findings", "plan", "drift"]


@dataclass(frozen=True, slots=True)
class View:
    """
    How a report is looked at: in colors, and in how many columns.

    ``whole`` says that nothing may be left out, as in a file or a pipe.
    """

    colour: bool = False
    width: int = 80
    whole: bool = True


@dataclass(frozen=True, slots=True)
class FindingsToReport:
    """
    What was found, and what formats need beside it.

    ``files`` are those that were looked at, ``districts`` the file of each district,
    ``folder`` is where those are. ``strict`` says that warnings fail as well, ``most``
    how many findings are shown (None: all), ``tool`` who made the report, ``command``
    the command that found them. ``show`` names what text shows of what stops nothing.
    """

    report: ValidationReport
    files: Sequence[str]
    districts: Mapping[str, str]
    folder: str
    today: date
    rules: Callable[[], Sequence[RulePage]]
    tool: str
    version: str
    strict: bool = False
    most: int | None = None
    command: str = "validate"
    show: frozenset[str] = frozenset(["info"])


@dataclass(frozen=True, slots=True)
class PlanToReport:
    """
    A plan, and the review of it, which is asked for where a format needs it.

    ``limit`` is how many characters Markdown may have; None: as many as a comment.
    """

    plan: Plan
    review: Callable[[], PlanReview]
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class DriftToReport:
    """The drift of districts; ``named`` are the arguments of the command."""

    found: Sequence[DistrictDrift]
    folder: str
    named: Sequence[str] = ()


class Reporter:
    """
    One format. It renders what the table says of it, each as one text.

    ``suggests`` says how the commands stand that its reports suggest to the reader,
    so that they can be completed: as text, as HTML, or not at all.
    """

    suggests: ClassVar[Literal["text", "html"] | None] = None

    def findings(self, found: FindingsToReport, view: View) -> str:
        """Render findings."""
        del found, view
        raise self._unknown("findings")

    def plan(self, plan: PlanToReport, view: View) -> str:
        """Render a plan. Raises ``ValueError`` if it has no room in its limit."""
        del plan, view
        raise self._unknown("plan")

    def drift(self, drift: DriftToReport, view: View) -> str:
        """Render drift."""
        del drift, view
        raise self._unknown("drift")

    def _unknown(self, subject: Subject) -> Bug:
        return Bug(f"{type(self).__name__} does not render {subject}")


class TextReporter(Reporter):
    """Text for people at a terminal."""

    suggests = "text"

    def findings(self, found: FindingsToReport, view: View) -> str:
        """Render each finding with its line, and a summary."""
        from connectsync.report.findings_text import render

        return render(
            found.report,
            colour=view.colour,
            width=view.width,
            most=found.most,
            show=found.show,
        )

    def plan(self, plan: PlanToReport, view: View) -> str:
        """Render each change; a large fleet gets tables by folder and wave."""
        from connectsync.report.many_districts import MANY, plan_tables
        from connectsync.report.plan_text import render_plan

        many = plan.plan.size > MANY
        tables = plan_tables(plan.review(), colour=view.colour) if many else ()
        return render_plan(
            plan.plan,
            colour=view.colour,
            width=view.width,
            tables=tables,
            whole=view.whole,
        )

    def drift(self, drift: DriftToReport, view: View) -> str:
        """Render each setting that moved, and who moved it."""
        from connectsync.report.drift import drift_text
        from connectsync.report.many_districts import drift_tables

        return drift_text(
            drift.found,
            colour=view.colour,
            width=view.width,
            tables=drift_tables(drift.found, drift.folder, colour=view.colour),
            named=drift.named,
        )


class ConciseReporter(Reporter):
    """One line a finding."""

    suggests = "text"

    def findings(self, found: FindingsToReport, view: View) -> str:
        """Render place, rule and sentence of each finding."""
        from connectsync.report.findings_text import concise

        del view
        return concise(found.report, found.show)


class HtmlReporter(Reporter):
    """One HTML page that loads nothing and sends nothing."""

    suggests = "html"

    def findings(self, found: FindingsToReport, view: View) -> str:
        """Render findings as a page."""
        from connectsync.report.html import findings_html

        del view
        return findings_html(
            found.report,
            folder=found.folder,
            today=found.today,
            tool=found.tool,
            command=found.command,
        )

    def plan(self, plan: PlanToReport, view: View) -> str:
        """Render a plan as a page."""
        from connectsync.report.plan_html import plan_html

        del view
        return plan_html(plan.review())


@dataclass(frozen=True, slots=True)
class Format:
    """A format: the reporter that makes it, and what it can show."""

    reporter: str
    shows: tuple[Subject, ...]
    about: str = ""
    """What a reader gets, where the name alone does not say."""


FORMATS: Mapping[str, Format] = {
    "text": Format("reporter:TextReporter", ("findings", "plan", "drift")),
    "concise": Format("reporter:ConciseReporter", ("findings",), "a line a finding"),
    "json": Format("findings_json:JsonReporter", ("findings", "plan", "drift")),
    "sarif": Format("sarif:SarifReporter", ("findings",)),
    "github": Format("github:GithubReporter", ("findings", "plan"), "annotations"),
    "gitlab": Format("findings_json:GitlabReporter", ("findings",)),
    "junit": Format(
        "junit:JunitReporter", ("findings", "plan", "drift"), "test results"
    ),
    "markdown": Format("github:MarkdownReporter", ("findings", "plan"), "a comment"),
    "html": Format("reporter:HtmlReporter", ("findings", "plan"), "a page"),
}
"""Every format by its name; a new one is a module with a reporter, and a line here."""


def formats_of(subject: Subject) -> tuple[str, ...]:
    """Name the formats that can show a subject."""
    return tuple(name for name, one in FORMATS.items() if subject in one.shows)


def formats_told(subject: Subject) -> str:
    """Tell the formats that can show a subject, as the help of a command does."""
    named = [(name, FORMATS[name].about) for name in formats_of(subject)]
    *most, last = [f"{about} ({name})" if about else name for name, about in named]
    return f"{', '.join(most)} or {last}"


def reporter_of(name: str) -> Reporter:
    """Give the reporter of a format; its module is loaded only now."""
    module, _, class_ = FORMATS[name].reporter.partition(":")
    found = getattr(import_module(f"connectsync.report.{module}"), class_)()
    if not isinstance(found, Reporter):
        raise Bug(f"{class_} is no reporter")
    return found
