"""An audit of what is live as text, JSON and CSV."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectsync.domain.finding import Severity
from connectsync.domain.foreign_text import no_command
from connectsync.domain.live import (
    AuditedDistrict,
    AuditFinding,
    AuditReport,
    Click,
    ExceptionStanding,
    RuleException,
)
from connectsync.domain.wording import even_name, few, many
from connectsync.files.sheets import csv_table
from connectsync.report.findings_text import (
    ALL_OF_THEM,
    INFO,
    NAMED_DISTRICTS,
    WORTH_A_GROUP,
    grouped,
)
from connectsync.report.terminal import Paint, Style, inert, style_of, unheeded, wrap
from connectsync.values import replace

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


class AuditText:
    """
    An audit as text: what is alike in several districts once, the rest one by one.

    ``whole`` names all districts of what is alike, not only the first ones. Notes are
    counted unless they are asked for.
    """

    def __init__(
        self,
        report: AuditReport,
        paint: Paint,
        width: int,
        *,
        whole: bool,
        with_infos: bool,
    ) -> None:
        self.report, self.paint, self.width = report, paint, width
        self.whole, self.with_infos = whole, with_infos
        self.told: set[str] = set()

    def render(self) -> str:
        """Give the worst first, then what has no file, exceptions, and the count."""
        findings = list(self._findings())
        blocks = [list(self._way_there())] if findings else []
        blocks += [list(lines) for lines in (*findings, *self._sections())]
        blocks.append([*self._quiet(), *self._wrapped(no_command(totals(self.report)))])
        return unheeded("\n\n".join("\n".join(one) for one in blocks if one) + "\n")

    def _wrapped(self, text: str, hang: int = 2) -> Iterator[str]:
        yield from wrap(inert(text), self.width, hang=hang)

    def _dim(self, text: str, hang: int) -> Iterator[str]:
        return (self.paint(Style.DIM, line) for line in self._wrapped(text, hang))

    def _named(self, keys: Sequence[str]) -> str:
        """Count districts and name them: all, or the first ones."""
        names = ", ".join(keys) if self.whole else few(keys)
        return f"{many(len(keys), 'district')}: {names}"

    def _way_there(self) -> Iterator[str]:
        return self._wrapped(f"On Connect, go to {' > '.join(self.report.path)}.")

    def _quiet(self) -> Iterator[str]:
        notes = self.report.count(Severity.INFO)
        if notes and not self.with_infos:
            yield f"{many(notes, 'note')} not shown; `--show {INFO}` shows them"

    def _findings(self) -> Iterator[Iterator[str]]:
        """Give a block for what several districts share, and one for each district."""
        told = [
            (one, found)
            for one in self.report.districts
            for found in one.findings
            if self.with_infos or found.severity is not Severity.INFO
        ]
        alike = grouped(told, lambda each: _likeness(each[1]))
        shared = [group for group in alike if len(group) >= WORTH_A_GROUP]
        left: dict[str, list[AuditFinding]] = {}
        for group in alike:
            if len(group) < WORTH_A_GROUP:
                for one, found in group:
                    left.setdefault(one.key, []).append(found)
        blocks = [(group[0][1].severity.rank, self._shared(group)) for group in shared]
        for one in self.report.districts:
            if own := left.get(one.key):
                own.sort(key=lambda found: found.severity.rank)
                blocks.append((own[0].severity.rank, self._district(one, own)))
        return (lines for _, lines in sorted(blocks, key=lambda block: block[0]))

    def _shared(
        self, group: Sequence[tuple[AuditedDistrict, AuditFinding]]
    ) -> Iterator[str]:
        one, found = group[0]
        # a plan of all shows what is wrong in several
        hint = found.hint.replace(f" plan {one.key}`", " plan`")
        yield from self._finding(replace(found, hint=hint), indent="")
        keys = [one.key for one, _ in group]
        yield from self._wrapped(f"  {self._named(keys)}", 4)

    def _district(
        self, one: AuditedDistrict, findings: Sequence[AuditFinding]
    ) -> Iterator[str]:
        paint, name = self.paint, inert(no_command(even_name(one.name)))
        file = paint(Style.DIM, _file(one))
        yield f"{paint(Style.BOLD, inert(one.key))}  {name}  {file}"
        for found in findings:
            yield from self._finding(found, indent="  ")

    def _finding(self, found: AuditFinding, indent: str) -> Iterator[str]:
        label = f"{found.severity}[{found.rule}]"
        said = f"{indent}{label} {no_command(found.message)}"
        first, *rest = self._wrapped(said, len(indent) + 2)
        yield first.replace(label, self.paint(style_of(found.severity), label), 1)
        yield from rest
        affected = self.report.affected[found.rule]
        notes = {
            "on the page": no_command(on_the_page(found)),
            "in its file": no_command(found.in_file),
            # what it means for people, and what to do, is said once of all alike
            "affected": "" if found.rule in self.told else affected,
            "help": "" if found.rule + found.hint in self.told else found.hint,
        }
        self.told |= {found.rule, found.rule + found.hint}
        for noun, note in notes.items():
            if note:
                yield from self._dim(f"{indent}  = {noun}: {note}", len(indent) + 4)

    def _sections(self) -> Iterator[Iterator[str]]:
        if self.report.without_file:
            yield self._without_file()
        if self.report.not_audited:
            yield self._not_audited()
        yield self._unchecked()
        if self.report.exceptions:
            yield self._exceptions()

    def _without_file(self) -> Iterator[str]:
        districts = self.report.without_file
        yield self.paint(Style.BOLD, f"Live and in no file ({len(districts):,})")
        shown = districts if self.whole else districts[:NAMED_DISTRICTS]
        for one in shown:
            yield from self._wrapped(
                f"  {one.key}  {no_command(even_name(one.name))}", 4
            )
        if left := len(districts) - len(shown):
            yield f"  … and {left:,} more; {ALL_OF_THEM}"
        yield from self._dim(f"  = help: {import_command(districts)}", 4)

    def _not_audited(self) -> Iterator[str]:
        districts = self.report.not_audited
        head = f"In a file and not live, or not read ({len(districts):,})"
        yield self.paint(Style.BOLD, head)
        for group in grouped(districts, lambda one: (one.message, one.remedy)):
            one, said = group[0], no_command(group[0].message)
            if len(group) < WORTH_A_GROUP:
                for each in group:
                    yield from self._wrapped(f"  {each.key}  {each.file}: {said}", 4)
            else:
                keys = self._named([each.key for each in group])
                yield from self._wrapped(f"  {said}", 4)
                yield from self._wrapped(f"    {keys}", 6)
            if one.remedy:
                yield from self._dim(f"    = help: {one.remedy}", 6)

    def _unchecked(self) -> Iterator[str]:
        if found := by_need(self.report):
            yield self.paint(Style.BOLD, "Not checked, for this is not known")
            for need, (rules, districts) in found.items():
                count = many(len(districts), "district")
                yield from self._wrapped(f"  {need} ({count}): {', '.join(rules)}", 4)

    def _exceptions(self) -> Iterator[str]:
        exceptions = self.report.exceptions
        yield self.paint(Style.BOLD, f"Exceptions ({len(exceptions):,})")
        for group in grouped(
            exceptions, lambda one: (one.rule, one.until, one.standing, one.reason)
        ):
            one = group[0]
            ends = (
                f"until {one.until}, {self.paint(STYLES[one.standing], one.standing)}"
            )
            alike = len(group) >= WORTH_A_GROUP
            for each in [one] if alike else group:
                named = inert(one.rule) if alike else f"{each.district}  {one.rule}"
                yield f"  {inert(named)}  {ends}"
                yield from self._wrapped(f"    {no_command(one.reason)}", 4)
            if alike:
                keys = self._named([each.district for each in group])
                yield from self._wrapped(f"    {keys}", 6)


def _likeness(found: AuditFinding) -> tuple[str, ...]:
    """Give what findings of several districts have in common to be told once."""
    said = found.severity, found.rule, found.message
    return (*said, on_the_page(found), found.in_file)


def _file(one: AuditedDistrict) -> str:
    if not one.file:
        return "(no file)"
    return inert(one.file) if one.facts else f"{inert(one.file)} (has errors)"


def by_need(report: AuditReport) -> dict[str, tuple[list[str], set[str]]]:
    """Give by what is missing the rules that could not tell, and the districts."""
    found: dict[str, tuple[list[str], set[str]]] = {}
    for one, keys in report.unchecked().items():
        rules, districts = found.setdefault(needs_text(one.needs), ([], set()))
        rules.append(one.rule)
        districts.update(keys)
    return found


def needs_text(names: Sequence[str]) -> str:
    """Say what a rule needs to tell."""
    told = (
        name if name.startswith(("facts.", "state.")) else f"{name} (none on Connect)"
        for name in names
    )
    return f"needs {', '.join(told)}"


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
