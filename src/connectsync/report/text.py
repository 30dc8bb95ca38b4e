"""Reports for people: text for a terminal, and one HTML page."""

from __future__ import annotations

from connectsync.report.reporter import (
    DriftToReport,
    FindingsToReport,
    PlanToReport,
    Reporter,
    View,
)


class TextReporter(Reporter):
    """Text for people at a terminal."""

    suggests = "text"

    def findings(self, found: FindingsToReport, view: View) -> str:
        """Render each finding with its line, and a summary."""
        from connectsync.report.findings_text import render

        return render(
            found.report, colour=view.colour, width=view.width, most=found.most
        )

    def plan(self, plan: PlanToReport, view: View) -> str:
        """Render each change; a large fleet gets tables by folder and wave."""
        from connectsync.report.fleet_text import MANY, plan_tables
        from connectsync.report.plan_text import render_plan

        many = plan.plan.size > MANY
        tables = plan_tables(plan.review(), colour=view.colour) if many else ()
        return render_plan(
            plan.plan, colour=view.colour, width=view.width, tables=tables
        )

    def drift(self, drift: DriftToReport, view: View) -> str:
        """Render each setting that moved, and who moved it."""
        from connectsync.report.drift import drift_text
        from connectsync.report.fleet_text import drift_tables

        return drift_text(
            drift.found,
            colour=view.colour,
            width=view.width,
            tables=drift_tables(drift.found, drift.folder, colour=view.colour),
            named=drift.named,
        )


class HtmlReporter(Reporter):
    """One HTML page that loads nothing and sends nothing."""

    suggests = "html"

    def findings(self, found: FindingsToReport, view: View) -> str:
        """Render findings as a page."""
        from connectsync.report.findings_html import findings_html

        del view
        return findings_html(
            found.report, folder=found.folder, today=found.today, tool=found.tool
        )

    def plan(self, plan: PlanToReport, view: View) -> str:
        """Render a plan as a page."""
        from connectsync.report.plan_html import plan_html

        del view
        return plan_html(plan.review())
