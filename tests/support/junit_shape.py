"""What Jenkins's schema of JUnit files says of an element, as far as we use it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element


@dataclass(frozen=True)
class Shape:
    """Attributes and children that an element must or may have."""

    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    children: frozenset[str] = field(default_factory=frozenset)
    text: bool = False


SAID = Shape(frozenset(), frozenset(["type", "message"]), text=True)
COUNTS = frozenset(["tests", "failures", "errors"])
SHAPES = {
    "testsuites": Shape(
        frozenset(), frozenset(["name", "time"]) | COUNTS, frozenset(["testsuite"])
    ),
    "testsuite": Shape(
        frozenset(["name"]) | COUNTS,
        frozenset(["skipped", "time", "timestamp", "hostname", "package"]),
        frozenset(["testcase", "properties", "system-out"]),
    ),
    "testcase": Shape(
        frozenset(["name"]),
        frozenset(["classname", "time"]),
        frozenset(["failure", "error", "skipped", "system-out"]),
    ),
    "failure": SAID,
    "error": SAID,
    "system-out": Shape(frozenset(), text=True),
}


def misshapen(element: Element) -> Iterator[str]:
    """Say where a document is not as Jenkins's schema wants it."""
    shape = SHAPES.get(element.tag)
    if shape is None:
        yield f"unknown element {element.tag}"
        return
    if missing := shape.required - element.attrib.keys():
        yield f"{element.tag} lacks {sorted(missing)}"
    if unknown := element.attrib.keys() - shape.required - shape.optional:
        yield f"{element.tag} has {sorted(unknown)}"
    if not shape.text and (element.text or "").strip():
        yield f"{element.tag} holds text"
    for child in element:
        if child.tag not in shape.children:
            yield f"{element.tag} holds {child.tag}"
        yield from misshapen(child)


def read_junit(text: str) -> Element:
    """Read a document, which must be well shaped and count itself rightly."""
    root = ET.fromstring(text)  # noqa: S314 - our own words
    assert not list(misshapen(root))
    (suite,) = root
    for element in (root, suite):
        counted = {tag: len(list(suite.iter(tag))) for tag in ("failure", "error")}
        assert int(element.attrib["tests"]) == len(suite)
        assert int(element.attrib["failures"]) == counted["failure"]
        assert int(element.attrib["errors"]) == counted["error"]
    return root
