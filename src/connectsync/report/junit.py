"""
JUnit XML, for whatever shows test results.

The elements and attributes are those that Jenkins's schema of the format knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# nothing is parsed here, so nobody can feed it anything
from xml.etree.ElementTree import (
    Element,
    SubElement,
    indent,
    tostring,
)

from connectsync.report.style import inert


@dataclass(frozen=True, slots=True)
class Case:
    """
    One test case: it passes, unless ``fails`` or ``breaks`` says of what kind it is.

    What fails is a ``failure``, what breaks an ``error``: nobody could look.
    ``lines`` say more; of a case that passes they are its output. Texts need not be
    inert.
    """

    name: str
    fails: str = ""
    breaks: str = ""
    message: str = ""
    lines: tuple[str, ...] = ()


def junit(suite: str, cases: Sequence[Case]) -> str:
    """
    Give the cases as one suite, in the order given.

    No times are given: the same cases are the same text. ``connectsync drift`` is a
    suite's name, and then its cases' class ``connectsync.drift``.
    """
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(bool(case.fails) for case in cases)),
        "errors": str(sum(bool(case.breaks) for case in cases)),
    }
    root = Element("testsuites", counts)
    inner = SubElement(root, "testsuite", {"name": suite, **counts, "skipped": "0"})
    for case in cases:
        _case(inner, case, suite.replace(" ", "."))
    indent(root)
    # other letters than ASCII are written as references: any encoding will do
    text = tostring(root, encoding="us-ascii", xml_declaration=False).decode("ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _case(suite: Element, case: Case, class_: str) -> None:
    named = {"name": inert(case.name), "classname": class_}
    element = SubElement(suite, "testcase", named)
    text = "\n".join(map(inert, case.lines))
    message = inert(case.message)
    if case.breaks:
        said = {"type": case.breaks, "message": message}
        SubElement(element, "error", said).text = text
    elif case.fails:
        said = {"type": case.fails, "message": message}
        SubElement(element, "failure", said).text = text
    elif text:
        SubElement(element, "system-out").text = text
