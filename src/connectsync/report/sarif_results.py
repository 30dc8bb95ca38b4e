"""Findings as SARIF results: where, how bad, and who allowed it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from connectsync.domain.finding import Finding, Place, pointer
from connectsync.domain.fingerprint import with_fingerprints
from connectsync.domain.validation import AllowedFinding, ValidationReport
from connectsync.report.sarif_rules import LEVELS
from connectsync.report.style import inert

BASE = "%SRCROOT%"
"""What every path is relative to: whoever reads the log knows where that is."""

FINGERPRINT = "connectsync/v1"
"""
The name of our fingerprint.

GitHub's own name for one is left to whoever uploads: its action computes another, and
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
    suppressed = [(least, one) for one in _suppressed(report, index, files)]
    return standing + suppressed


def _suppressed(
    report: ValidationReport, index: Mapping[str, int], files: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """Give allowed findings, with the reason that the district's file states."""
    allowed: dict[Finding, list[AllowedFinding]] = defaultdict(list)
    for each in report.ordered_allowed():
        allowed[each.finding].append(each)
    for one, fingerprint in _fingerprints(allowed).items():
        marked = replace(one, fingerprint=fingerprint)
        yield _result(marked, index, files) | {
            "suppressions": [_suppression(each) for each in allowed[one]]
        }


def _fingerprints(found: Iterable[Finding]) -> dict[Finding, str]:
    """
    Give allowed findings, in their order, the fingerprints that no report gives them.

    They are what they would be if nobody had allowed them. In a profile other
    districts may not allow the same: there, the district is a part of it.
    """
    apart = {replace(one, path=(*one.districts, *one.path)): one for one in found}
    marked = {
        apart[replace(one, fingerprint="")]: one.fingerprint
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
    one: Finding, index: Mapping[str, int], files: Mapping[str, str]
) -> dict[str, Any]:
    result: dict[str, Any] = {"ruleId": one.rule}
    if one.rule in index:
        result["ruleIndex"] = index[one.rule]
    result |= {
        "level": LEVELS[one.severity],
        "message": {"text": _unfilled("\n\n".join(_said(one, files)))},
        "locations": [_location(one)],
        "partialFingerprints": {FINGERPRINT: one.fingerprint},
    }
    if related := list(_related(one, files)):
        result["relatedLocations"] = related
        result["codeFlows"] = [_flow(each, one) for each in related]
    return result


def _flow(related: Mapping[str, Any], one: Finding) -> dict[str, Any]:
    """Lead from the file of a district to the line of the profile it builds on."""
    said = {"message": {"text": _unfilled(_words(one.message))}}
    steps = [{"location": related}, {"location": _location(one) | said}]
    return {"threadFlows": [{"locations": steps}]}


def _said(one: Finding, files: Mapping[str, str]) -> Iterator[str]:
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


def _related(one: Finding, files: Mapping[str, str]) -> Iterator[dict[str, Any]]:
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
        return start  # nobody knows where it ends
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
