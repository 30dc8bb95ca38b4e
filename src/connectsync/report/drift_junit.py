"""
Drift as JUnit XML, for whatever shows test results: one case for each district.

The elements and attributes are those that Jenkins's schema of the format knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

# nothing is parsed here, so nobody can feed it anything
from xml.etree.ElementTree import (
    Element,
    SubElement,
    indent,
    tostring,
)

from connectsync.domain.drift import DistrictDrift
from connectsync.report.drift import moved_by, values_of
from connectsync.report.style import inert

SUITE = "connectsync drift"
CLASS = "connectsync.drift"
FAILING = frozenset(["drift", "conflict"])


def drift_junit(found: Sequence[DistrictDrift]) -> str:
    """
    Give all districts as test cases, in the order given.

    Drift and conflicts fail, a district that could not be read is an error. What is
    pending passes, and says so in its output. No times are given: the same drift is
    the same text.
    """
    counts = {
        "tests": len(found),
        "failures": sum(one.standing in FAILING for one in found),
        "errors": sum(one.standing == "unread" for one in found),
    }
    spelled = {name: str(count) for name, count in counts.items()}
    root = Element("testsuites", spelled)
    suite = SubElement(root, "testsuite", {"name": SUITE, **spelled, "skipped": "0"})
    for one in found:
        _case(suite, one)
    indent(root)
    # other letters than ASCII are written as references: any encoding will do
    text = tostring(root, encoding="us-ascii", xml_declaration=False).decode("ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _case(suite: Element, one: DistrictDrift) -> None:
    name = inert(one.district)
    case = SubElement(suite, "testcase", {"name": name, "classname": CLASS})
    match one.standing:
        case "unread":
            said = {"type": "unread", "message": inert(one.error)}
            SubElement(case, "error", said).text = inert(one.file)
        case "conflict" | "drift":
            said = {"type": one.standing, "message": _message(one)}
            SubElement(case, "failure", said).text = _text(one)
        case "pending":
            SubElement(case, "system-out").text = f"pending: {_text(one)}"
        case _:
            pass  # in step: nothing to say


def _message(one: DistrictDrift) -> str:
    return "; ".join(f"{move.setting}: {moved_by(one, move)}" for move in one.movements)


def _text(one: DistrictDrift) -> str:
    return "\n".join(_lines(one))


def _lines(one: DistrictDrift) -> Iterator[str]:
    yield inert(one.file)
    for move in one.movements:
        yield f"{move.setting}: {moved_by(one, move)}"
        yield f"  {inert(values_of(move))}"
