"""Pages made of the templates beside this module: inert files; findings as one."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from connectsync.domain.finding import (
    AllowedFinding,
    Finding,
    Severity,
    ValidationReport,
)
from connectsync.domain.plan import group_of
from connectsync.domain.settings import spell
from connectsync.report.findings_text import summary
from connectsync.report.terminal import fit, inert, mark_line, unheeded_data
from connectsync.values import dataclass

_CODE = re.compile("`([^`]+)`")

_SCRIPTS = (
    "elements.js",
    "listing.js",
    "finding.js",
    "form.js",
    "district.js",
    "audit.js",
    "fleet.js",
    "compare.js",
    "start.js",
)
"""In the order in which they use each other: together they are one script."""


_STYLES = ("page.css", "fleet.css")


def render_page(template: str, data: Mapping[str, Any], **values: Any) -> str:
    """Write a page that extends `page`; its script makes the lists of ``data``."""
    script, style = _script(), _style()
    return render_template(
        template,
        data=embed_json(data),
        script=script,
        style=style,
        policy="; ".join(
            [
                "default-src 'none'",
                f"script-src '{_hash(script)}'",
                f"style-src '{_hash(style)}'",
                "base-uri 'none'",
                "form-action 'none'",
                "require-trusted-types-for 'script'",
                "trusted-types 'none'",
            ]
        ),
        **values,
    )


def render_still_page(template: str, **values: Any) -> str:
    """Write a page that has the style of the others, and no script at all."""
    style = _style()
    policy = f"default-src 'none'; style-src '{_hash(style)}'; base-uri 'none'"
    return render_template(
        template, style=style, policy=f"{policy}; form-action 'none'", **values
    )


def render_template(template: str, **values: Any) -> str:
    """Fill a template. Text becomes inert and escaped; a missing value is an error."""
    return environment().get_template(f"{template}.html.j2").render(values)


@cache
def environment() -> Environment:
    """Give what fills templates, which are ours alone."""
    made = Environment(
        loader=PackageLoader("connectsync.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "code": with_code,
        "kind_class": lambda kind: f"is-{kind.replace(' ', '-')}",
        "thousands": lambda count: f"{count:,}",
    }
    return made


def _finalize(value: object) -> object:
    """Spell what cannot be seen in a value; the environment escapes it afterwards."""
    return value if isinstance(value, Markup) else inert(str(value))


def with_code(sentence: str) -> Markup:
    """Make code of what stands in backquotes."""
    return Markup().join(
        (Markup("<code>{}</code>") if position % 2 else Markup("{}")).format(
            inert(part)
        )
        for position, part in enumerate(_CODE.split(sentence))
    )


def embed_json(data: Mapping[str, Any]) -> str:
    r"""
    Spell data so that it cannot end the element it stands in.

    It is ASCII, and ``<`` comes out as ``\u003c``, which JSON reads as the same.
    """
    spelled = unheeded_data(json.dumps(data, separators=(",", ":")))
    return spelled.replace("<", "\\u003c")


def read_asset(name: str) -> str:
    """Give a style or a script of ours."""
    return (files("connectsync.report") / "assets" / name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _script() -> str:
    inner = "\n".join(map(read_asset, _SCRIPTS))
    return f'\n"use strict";\n(() => {{\n{inner}}})();\n'


@cache
def _style() -> str:
    # no element may have a style of its own: the widths of bars are classes
    widths = "".join(f".w{share} {{ width: {share}%; }}\n" for share in range(101))
    ours = "".join(map(read_asset, _STYLES))
    return f"\n{ours}{widths}"


class TextTable:
    """
    Collects texts.

    A fleet says the same few hundred things about thousands of districts.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """Give the number of a text."""
        return self._numbers.setdefault(text, len(self._numbers))

    def numbers(self, texts: Iterable[str]) -> list[int]:
        """Give the numbers of several texts."""
        return [self.number(text) for text in texts]

    def all(self) -> list[str]:
        """Give every text, by number."""
        return [inert(text) for text in self._numbers]


class ValueTable:
    """Collects values as people read them: a text, or the labels of a list."""

    def __init__(self) -> None:
        self.all: list[str | list[str]] = []
        self._numbers: dict[Any, int] = {}

    def number(self, value: Any) -> int:
        """Give the number of a value; -1 of what is not stated."""
        if value is None:
            return -1
        is_list = isinstance(value, list)
        key = tuple(value) if is_list else (type(value), value)
        if key not in self._numbers:
            self._numbers[key] = len(self.all)
            self.all.append(list(map(inert, value)) if is_list else inert(spell(value)))
        return self._numbers[key]


@dataclass(frozen=True, slots=True)
class GlanceTally:
    """
    One kind that things are counted by, in a fixed order.

    ``facet`` is the name under which the page's list is filtered by it, ``kinds`` the
    possible values with what each is called and a few words on it.
    """

    facet: str
    kinds: Mapping[str, tuple[str, str]]

    def tiles(self, counts: Mapping[Any, int]) -> dict[str, Any]:
        """Count each kind, also where nothing is of that kind."""
        kinds = [
            {
                "kind": str(kind),
                "called": called,
                "meaning": meaning,
                "count": counts.get(kind, 0),
            }
            for kind, (called, meaning) in self.kinds.items()
        ]
        return {"facet": self.facet, "kinds": kinds}

    def table(self, of: GlancePart) -> dict[str, Any]:
        """Count by part; kinds that nothing is of are left out."""
        used = [
            str(kind)
            for kind in self.kinds
            if any(one[kind] for one in of.counts.values())
        ]
        largest = max(count.total() for count in of.counts.values())
        rows = [
            {
                "name": name,
                "bar": list(_shares(used, one, largest if of.sized else one.total())),
                "counts": [one[kind] for kind in used],
            }
            for name, one in of.ordered()
        ]
        heads = [of.title, *(self.kinds[kind][0] for kind in used)]
        return {"facet": of.facet, "caption": of.caption, "heads": heads, "rows": rows}


@dataclass(frozen=True, slots=True)
class GlancePart:
    """
    Parts of a fleet, and what is counted in each.

    ``order`` puts parts in an order of their own; others come by name, the one without
    a name last. Bars show shares; ``sized`` ones are as long as the part is large.
    """

    facet: str
    title: str
    caption: str
    counts: Mapping[str, Counter[str]]
    order: Sequence[str] = ()
    sized: bool = False

    def ordered(self) -> list[tuple[str, Counter[str]]]:
        """Put the parts in order."""
        place = {name: number for number, name in enumerate(self.order)}
        return sorted(
            self.counts.items(),
            key=lambda one: (not one[0], place.get(one[0], -1), one[0]),
        )


def _shares(
    kinds: Sequence[str], count: Counter[str], whole: int
) -> Iterator[tuple[str, int]]:
    """Give hundredths that add up, and never none of something that is there."""
    done = 0
    for kind in kinds:
        before = round(100 * done / whole)
        done += count[kind]
        if count[kind]:
            yield kind, max(1, round(100 * done / whole) - before)


ROOM = 96
"""Columns of a line that are shown, around what is wrong in it."""

COUNTED_SEVERITIES = tuple(Severity)


def findings_data(
    report: ValidationReport, texts: TextTable, folder: str
) -> dict[str, Any]:
    """Give findings, the gravest first, and allowed findings."""
    rows = _FindingRows(texts, folder)
    return {
        "severities": list(COUNTED_SEVERITIES),
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
            "severity": COUNTED_SEVERITIES.index(finding.severity),
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


def severity_tally(errors: str) -> GlanceTally:
    """Give the tally of findings, with what ``errors`` are to their reader."""
    return GlanceTally(
        "severity",
        {
            Severity.ERROR: ("Errors", errors),
            Severity.WARNING: ("Warnings", "likely to hurt families"),
            Severity.INFO: ("Notes", "good to know"),
        },
    )


FILE_SEVERITIES = severity_tally("nothing is planned from such a file")
_ROSTER_SEVERITIES = severity_tally("correct these before the files are sent")


def findings_html(
    report: ValidationReport,
    *,
    folder: str,
    today: date,
    tool: str,
    command: str = "validate",
) -> str:
    """
    Write the whole page; whatever came from elsewhere is inert text in it.

    ``folder`` is where the districts' files are, from the project's folder.
    """
    texts = TextTable()
    data = findings_data(report, texts, folder) | {"texts": texts.all()}
    counts = {severity: report.count(severity) for severity in Severity}
    severities = FILE_SEVERITIES if command == "validate" else _ROSTER_SEVERITIES
    return render_page(
        "findings",
        data,
        title=f"Findings of {today.isoformat()}",
        lead=[f"{summary(report, colour=False)}."],
        sections={"glance": "At a glance"}
        | finding_sections(report)
        | {"about": "About this page"},
        glance={
            "severities": severities.tiles(counts),
            "tables": _tables(report, folder),
        },
        found=plain_findings(report),
        about=[("Files read", f"{report.files:,}", False), ("Made by", tool, False)],
    )


def finding_sections(report: ValidationReport) -> dict[str, str]:
    """Give the titles of the sections of findings that there are, by id."""
    titles = {"findings": "Findings", "allowed": "Allowed findings"}
    held = {"findings": report.findings, "allowed": report.allowed}
    return {name: title for name, title in titles.items() if held[name]}


def plain_findings(report: ValidationReport) -> dict[str, Any]:
    """Give the tables of findings for where no script is run."""
    found = [(one, "") for one in report.ordered()]
    allowed = [
        (one.finding, f"Allowed until {one.until.isoformat()}: {one.reason}")
        for one in report.ordered_allowed()
    ]
    return {"findings": _plain_table(found), "allowed": _plain_table(allowed)}


def _plain_table(found: Sequence[tuple[Finding, str]]) -> dict[str, Any]:
    rows = [
        {
            "place": f"{one.place.file}:{one.place.line}:{one.place.column}",
            "severity": one.severity,
            "message": one.message,
            "notes": [f"Help: {one.hint}"] * bool(one.hint) + [note] * bool(note),
            "rule": one.rule,
        }
        for one, note in found[:MOST]
    ]
    return {"rows": rows, "more": sum(one.stands_for for one, _ in found[MOST:])}


def _tables(report: ValidationReport, folder: str) -> list[Mapping[str, Any]]:
    by_rule: dict[str, Counter[str]] = defaultdict(Counter)
    by_folder: dict[str, Counter[str]] = defaultdict(Counter)
    for one in report.findings:
        by_rule[one.rule][one.severity] += 1
        by_folder[group_of(one.place.file, folder)][one.severity] += 1
    gravest = sorted(by_rule, key=lambda rule: (rank_counts(by_rule[rule]), rule))
    rules = "By rule, the gravest first"
    parts = (
        GlancePart("rule", "Rule", rules, by_rule, gravest, sized=True),
        GlancePart("group", "Folder", "By folder of the file", by_folder, sized=True),
    )
    return [FILE_SEVERITIES.table(part) for part in parts if part.counts]


def rank_counts(counts: Counter[str]) -> tuple[int, ...]:
    """Give the key that puts the gravest first."""
    return tuple(-counts[severity] for severity in Severity)
