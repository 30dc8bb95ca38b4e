"""Findings in SARIF 2.1.0, for code scanning and editors."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from connectsync.domain.finding import (
    AllowedFinding,
    Finding,
    Place,
    RulePage,
    Severity,
    ValidationReport,
    pointer,
    with_fingerprints,
)
from connectsync.domain.wording import many
from connectsync.report.reporter import FindingsToReport, Reporter, View
from connectsync.report.rule_text import explain, explain_rule
from connectsync.report.terminal import inert
from connectsync.values import dataclass, replace

LEVELS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}

_WIDTH = 88
_LONGEST = 1000
"""Characters of a full description: GitHub shows no more than 1,024."""

_PROBLEM = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "recommendation",
}
"""What GitHub calls the severity of a rule that is not about security."""


def sarif_rule(page: RulePage) -> dict[str, Any]:
    """Describe one rule: its page is its help, as text and as Markdown."""
    why, *_ = page.why.strip().split("\n\n")
    return {
        "id": page.name,
        "name": _pascal(page.name),
        "shortDescription": {"text": page.summary},
        "fullDescription": {"text": _cut_text(" ".join(why.split()) or page.summary)},
        "help": {
            "text": explain(page, colour=False, width=_WIDTH),
            "markdown": "\n\n".join(explain_rule(page)),
        },
        "defaultConfiguration": {"level": LEVELS[page.severity]},
        "properties": {
            "tags": [page.subject],
            "problem.severity": _PROBLEM[page.severity],
            "source": page.source,
            "inferred": page.inferred,
            "allowable": page.allowable,
        },
    }


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


def _cut_text(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return text[:_LONGEST].rpartition(" ")[0] + " …"


BASE = "%SRCROOT%"
"""What every path is relative to: the reader of the log knows where that is."""

FINGERPRINT = "connectsync/v1"
"""
The name of our fingerprint.

GitHub's own name for one is left to the uploader: its action computes another, and
warns of each result that brings one along.
"""

NAMED = 5
"""Districts that are linked from a finding in a profile."""

_PLACEHOLDER = re.compile(r"\{\d+\}")
_LINK = re.compile(r"(?P<before>\\*)\]\(")


def sarif_results(
    report: ValidationReport, index: Mapping[str, int], files: Mapping[str, str]
) -> list[tuple[int, dict[str, Any]]]:
    """
    Give each result with how little it matters: 0 for an error, allowed ones last.

    ``index`` is the position of each rule that the log describes, ``files`` the file
    of each district. They come in the order of every report, what is allowed after
    what stands.
    """
    standing = [
        (one.severity.rank, _result(one, index, files)) for one in report.ordered()
    ]
    least = max(LEVELS, key=lambda severity: severity.rank).rank + 1
    suppressed = [(least, one) for one in _suppressed_results(report, index, files)]
    return standing + suppressed


def _suppressed_results(
    report: ValidationReport, index: Mapping[str, int], files: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """Give allowed findings, with the reason that the district's file states."""
    allowed: dict[Finding, list[AllowedFinding]] = defaultdict(list)
    for each in report.ordered_allowed():
        allowed[each.finding].append(each)
    for one, fingerprint in _fingerprints(allowed).items():
        yield _result(one, index, files, fingerprint) | {
            "suppressions": [_suppression(each) for each in allowed[one]]
        }
    off = {each.finding: each.reason for each in report.turned_off}
    for one, fingerprint in _fingerprints(off).items():
        why = f"turned off by connectsync.yaml: {off[one]}"
        yield _result(one, index, files, fingerprint) | _external(why)
    for one in report.known:
        yield _result(one, index, files) | _external("in the baseline of findings")


def _external(why: str) -> dict[str, Any]:
    said = {"kind": "external", "status": "accepted", "justification": inert(why)}
    return {"suppressions": [said]}


def _fingerprints(found: Iterable[Finding]) -> dict[Finding, str]:
    """
    Give allowed findings, in their order, the fingerprints that no report gives them.

    They are what they would be if no one had allowed them. In a profile other
    districts may not allow the same: there, the district is a part of it.
    """
    apart = {replace(one, path=(*one.districts, *one.path)): one for one in found}
    marked = {
        apart[replace(one, repeat=0)]: one.fingerprint
        for one in with_fingerprints(apart)
    }
    return {one: marked[one] for one in apart.values()}


def _suppression(each: AllowedFinding) -> dict[str, Any]:
    until = f"{each.reason} (until {each.until.isoformat()})"
    return {
        "kind": "inSource",
        "status": "accepted",
        "justification": inert(until),
    }


def _result(
    one: Finding,
    index: Mapping[str, int],
    files: Mapping[str, str],
    fingerprint: str | None = None,
) -> dict[str, Any]:
    result: dict[str, Any] = {"ruleId": one.rule}
    if one.rule in index:
        result["ruleIndex"] = index[one.rule]
    result |= {
        "level": LEVELS[one.severity],
        "message": {"text": _unfilled("\n\n".join(_message_parts(one, files)))},
        "locations": [_location(one)],
        "partialFingerprints": {FINGERPRINT: fingerprint or one.fingerprint},
    }
    if related := list(_related_locations(one, files)):
        result["relatedLocations"] = related
        result["codeFlows"] = [_flow(each, one) for each in related]
    return result


def _flow(related: Mapping[str, Any], one: Finding) -> dict[str, Any]:
    """Lead from the file of a district to the line of the profile it builds on."""
    said = {"message": {"text": _unfilled(_words(one.message))}}
    steps = [{"location": related}, {"location": _location(one) | said}]
    return {"threadFlows": [{"locations": steps}]}


def _message_parts(one: Finding, files: Mapping[str, str]) -> Iterator[str]:
    yield _words(one.message)
    if one.hint:
        yield f"Help: {_words(one.hint)}"
    if one.districts:
        yield _reach(one.districts, files)


def _reach(districts: Sequence[str], files: Mapping[str, str]) -> str:
    """Say which districts a finding in a profile reaches, with links to their files."""
    linked = [key for key in districts[:NAMED] if key in files]
    named = [
        f"[{_link(key)}]({linked.index(key) + 1})" if key in files else _words(key)
        for key in districts[:NAMED]
    ]
    more = len(districts) - len(named)
    rest = f" and {more:,} more" if more else ""
    return f"Reaches {', '.join(named)}{rest}."


def _related_locations(
    one: Finding, files: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    linked = [key for key in one.districts[:NAMED] if key in files]
    for number, key in enumerate(linked, 1):
        yield {
            "id": number,
            "message": {"text": _unfilled(f"{_words(key)} builds on this profile")},
            "physicalLocation": {"artifactLocation": _artifact(files[key])},
        }


def _location(one: Finding) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": _artifact(one.place.file),
            "region": _region(one.place),
        }
    }
    if one.path:
        name = {"fullyQualifiedName": inert(pointer(one.path)), "kind": "property"}
        location["logicalLocations"] = [name]
    return location


def _artifact(file: str) -> dict[str, str]:
    # a name that is no text is spelled as its bytes, or at least as some
    return {"uri": quote(file.encode("utf-8", "surrogatepass")), "uriBaseId": BASE}


def _region(place: Place) -> dict[str, int]:
    start = {"startLine": place.line, "startColumn": place.column}
    end = (place.end_line, place.end_column)
    if end <= (place.line, place.column):
        return start  # where it ends is not known
    return start | {"endLine": end[0], "endColumn": end[1]}


def _words(text: str) -> str:
    """Give foreign text in which no viewer finds a link."""
    return _LINK.sub(_unlinked, inert(text))


def _unlinked(end: re.Match[str]) -> str:
    """Escape the bracket that ends a link's text, unless it is escaped already."""
    escaped = len(end["before"]) % 2
    return end[0] if escaped else f"{end['before']}\\]("


def _unfilled(text: str) -> str:
    """
    Give a message in which no viewer finds a placeholder to fill.

    The standard doubles every brace. Where none can be taken for a placeholder they
    stay single: that is how viewers leave them, and GitHub would show both.
    """
    if not _PLACEHOLDER.search(text):
        return text
    return text.replace("{", "{{").replace("}", "}}")


def _link(text: str) -> str:
    return re.sub(r"[\\\[\]]", r"\\\g<0>", inert(text))


SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, slots=True)
class SarifLimits:
    """
    How much fits into a log.

    GitHub refuses one with more results, and one that is larger even if compressed;
    others look at its size as it is.
    """

    results: int = 25_000
    characters: int = 10_000_000


ROOM = SarifLimits()
_ROOM_FOR_NOTE = 1_000


def findings_sarif(
    report: ValidationReport,
    rules: Iterable[RulePage],
    *,
    version: str,
    files: Mapping[str, str] | None = None,
    room: SarifLimits = ROOM,
) -> str:
    """
    Write the findings as the one run of a log, in ASCII, a result in a line.

    ``rules`` are those that may be found, ``files`` the file of each district by key.
    What has no room is left out, the least grave first and what is allowed before
    that; a notification counts it.
    """
    pages = sorted(rules, key=lambda page: page.name)
    index = {page.name: number for number, page in enumerate(pages)}
    ranked = [
        (rank, json.dumps(result, separators=(",", ":")))
        for rank, result in sarif_results(report, index, files or {})
    ]
    driver = _driver(pages, version)
    taken = len(_render_log(driver, [])) + _ROOM_FOR_NOTE
    kept = _keep_most_severe(ranked, room.results, room.characters - taken)
    return _render_log(driver, kept, _notes(len(ranked) - len(kept), room))


def _driver(pages: Sequence[RulePage], version: str) -> dict[str, Any]:
    return {
        "name": "connectsync",
        "version": version,
        "rules": list(map(sarif_rule, pages)),
    }


def _keep_most_severe(
    ranked: Sequence[tuple[int, str]], most: int, room: int
) -> list[str]:
    """Keep what matters most, as much as there is room for, in the order given."""
    kept: list[int] = []
    gravest = sorted(range(len(ranked)), key=lambda number: ranked[number][0])
    for number in gravest[:most]:
        room -= len(ranked[number][1]) + len(",\n")
        if room < 0:
            break
        kept.append(number)
    return [ranked[number][1] for number in sorted(kept)]


def _render_log(
    driver: Mapping[str, Any],
    results: Sequence[str],
    notes: Sequence[Mapping[str, Any]] = (),
) -> str:
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            BASE: {"description": {"text": "The folder of connectsync.yaml."}}
        },
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": list(notes),
            }
        ],
        "results": [],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    head, _, tail = json.dumps(log, indent=1).rpartition("[]")
    inner = ",\n".join(results)
    return f"{head}[\n{inner}\n]{tail}\n" if results else f"{head}[]{tail}\n"


def _notes(left: int, room: SarifLimits) -> list[dict[str, Any]]:
    if not left:
        return []
    counted = many(left, "result")
    text = (
        f"{counted} left out, the least grave: a log may hold {room.results:,} results"
        f" and {room.characters:,} characters. `--format json` tells all."
    )
    return [
        {
            "level": "warning",
            "descriptor": {"id": "results-left-out"},
            "message": {"text": text},
        }
    ]


class SarifReporter(Reporter):
    """SARIF 2.1.0, as code hosts show it beside the lines of a change."""

    def findings(self, found: FindingsToReport, view: View) -> str:
        """Render findings, and every rule that can find something in a file."""
        del view
        # guards look at plans, which have no file to point into
        pages = [page for page in found.rules() if page.subject != "plan"]
        return findings_sarif(
            found.report, pages, version=found.version, files=found.districts
        )
