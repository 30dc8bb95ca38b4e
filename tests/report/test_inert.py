"""
Whatever people write into a fleet, no report of it does anything but show it.

Each format has its own ways of coming alive, so each is read here by what reads it: a
Markdown parser, an XML parser, GitHub's rules for a line that is a command.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hostile import (
    WICKED,
    wicked_drift,
    wicked_pass,
    wicked_plan,
    wicked_report,
)
from junit_shape import read_junit
from markdown_it import MarkdownIt
from markdown_it.token import Token

from connectsync.domain.finding import ValidationReport
from connectsync.domain.plan import PlanReview
from connectsync.domain.plan_file import plan_text as plan_json
from connectsync.operations.approve import connect_page
from connectsync.report import findings_json, findings_text
from connectsync.report.drift import drift_text, reconcile_text
from connectsync.report.findings_json import findings_gitlab
from connectsync.report.findings_text import reach
from connectsync.report.github import findings_github, findings_markdown, plan_github
from connectsync.report.html import findings_html
from connectsync.report.junit import findings_junit, plan_junit
from connectsync.report.markdown import plan_markdown
from connectsync.report.plan_html import plan_html
from connectsync.report.plan_text import render_plan
from connectsync.report.sarif import findings_sarif
from connectsync.report.terminal import inert, unheeded_data

FOUND, PLANNED = wicked_report(), wicked_plan()

COMMAND = re.compile(r"::(error|warning|notice) ([^:\r\n]*)::([^\r\n]*)")

TEXTS: dict[str, str] = {
    "findings-text": findings_text.render(FOUND, colour=False, width=80),
    "findings-json": findings_json.render(FOUND),
    "findings-sarif": findings_sarif(
        FOUND, (), version="1", files={text: text for text in WICKED}
    ),
    "findings-github": findings_github(FOUND),
    "findings-gitlab": findings_gitlab(FOUND),
    "findings-junit": findings_junit(FOUND, WICKED),
    "findings-markdown": findings_markdown(FOUND),
    "plan-text": render_plan(PLANNED, colour=False, width=80),
    "plan-github": plan_github(PLANNED),
    "plan-junit": plan_junit(PLANNED),
    "plan-markdown": plan_markdown(PLANNED),
    "drift-text": drift_text(wicked_drift(), colour=False, width=80),
    "reconcile-text": reconcile_text(wicked_pass(), colour=False, width=80),
}


DATA = {
    "plan-json": plan_json(PLANNED),
    "findings-html": findings_html(
        FOUND, folder="districts", today=date(2027, 1, 15), tool="connectsync 1"
    ),
    "plan-html": plan_html(
        PlanReview(PLANNED, connect_page(), "districts", findings=FOUND)
    ),
    **{name: TEXTS[name] for name in TEXTS if TEXTS[name][:1] in set("{[<")},
}


@pytest.fixture(params=TEXTS, name="format_")
def some_format(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_nothing_in_it_can_drive_a_terminal_or_hide(format_: str) -> None:
    text = TEXTS[format_]
    assert text.endswith("\n")
    for line in text.split("\n"):
        assert inert(line) == line


def test_no_line_of_it_is_a_command_to_a_runner(format_: str) -> None:
    """GitHub's runner trims a line before it looks for ``::``."""
    if format_.endswith("-github"):
        return  # those lines are commands: they are taken apart below
    lines = TEXTS[format_].split("\n")
    assert [line for line in lines if line.lstrip().startswith("::")] == []


@pytest.mark.parametrize(
    "format_",
    [
        "findings-text",
        "plan-text",
        "findings-markdown",
        "drift-text",
        "reconcile-text",
        "plan-github",
    ],
)
def test_no_line_for_people_holds_a_command_of_older_runners(format_: str) -> None:
    lines = TEXTS[format_].split("\n")
    people = "\n".join(line for line in lines if not COMMAND.match(line))
    assert people.strip()
    assert not re.search(r"##(vso|teamcity)?\[", people)


class _Read(HTMLParser):
    """What a browser reads out of a page: texts, and what attributes hold."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[object] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        is_json = self.get_starttag_text() or ""
        told = "application/json" in is_json and data.strip().startswith("{")
        self.found.append(json.loads(data) if told else data)


@pytest.mark.parametrize("name", DATA)
def test_no_data_holds_a_command_of_older_runners_and_it_reads_the_same(
    name: str,
) -> None:
    """Jobs print JSON, XML and pages too; who reads these sees what was written."""
    text = DATA[name]
    printed = unheeded_data(text)
    assert "[error]gotcha" in printed
    assert not re.search(r"##(vso|teamcity)?\[", printed)
    if text.startswith("<?xml"):
        assert ET.canonicalize(printed) == ET.canonicalize(text)
    elif text.startswith("<"):
        assert _Read(printed).found == _Read(text).found
    else:
        assert json.loads(printed) == json.loads(text)


@pytest.mark.parametrize("format_", ["findings-github", "plan-github"])
def test_every_annotation_is_one_command_and_says_what_it_should(format_: str) -> None:
    *lines, summary = TEXTS[format_].removesuffix("\n").split("\n")
    assert len(lines) == 30
    assert not summary.startswith("::")
    assert not re.search(r"##(vso|teamcity)?\[", summary)
    for line in lines:
        command = COMMAND.fullmatch(line)
        assert command, line
        properties = dict(each.split("=", 1) for each in command[2].split(","))
        assert properties.keys() <= {
            "file",
            "line",
            "endLine",
            "col",
            "endColumn",
            "title",
        }
        for text in (*properties.values(), command[3]):
            assert not re.search("%(?!25|0A|3A|2C)", text)


def test_annotations_say_the_very_words() -> None:
    """What a runner reads out of a command is what was written into the file."""
    for one in FOUND.ordered():
        line, _ = findings_github(ValidationReport(1, (one,))).split("\n", 1)
        command = COMMAND.fullmatch(line)
        assert command
        said = command[3].replace("%0A", "\n").replace("%25", "%")
        message = f"{one.place.file}:{one.place.line}:1: {one.message}"
        help_ = [f"help: {one.hint}"] if one.hint else []
        reached = [f"reaches {reach(one.districts)}"] if one.districts else []
        assert said.split("\n") == list(map(inert, [message, *help_, *reached]))


OWN_HTML = {"<!-- -->", "<br>", "</details>"}
FOLDED = re.compile(r"<details><summary>[A-Z][a-z, ]+ \([0-9,]+ [a-z ]+\)</summary>")
OWN_TOKENS = {
    "heading",
    "paragraph",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "inline",
    "text",
    "code_inline",
    "em",
    "strong",
    "softbreak",
    "hardbreak",
    "html_inline",
    "html_block",
}


def tokens(markdown: str) -> Iterator[Token]:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for token in parser.parse(markdown):
        yield token
        yield from token.children or ()


@pytest.mark.parametrize("format_", ["findings-markdown", "plan-markdown"])
def test_markdown_holds_no_markup_but_ours(format_: str) -> None:
    found = list(tokens(TEXTS[format_]))
    kinds = {token.type.removesuffix("_open").removesuffix("_close") for token in found}
    assert kinds <= OWN_TOKENS
    for token in found:
        html = token.content.strip()
        if token.type.startswith("html"):
            assert html in OWN_HTML or FOLDED.fullmatch(html), html


@pytest.mark.parametrize("format_", ["findings-markdown", "plan-markdown"])
def test_markdown_has_as_many_headings_rows_and_cells_as_we_wrote(format_: str) -> None:
    text = TEXTS[format_]
    found = list(tokens(text))
    tables = sum(token.type == "table_open" for token in found)
    rows = [line for line in text.split("\n") if line.startswith("| ")]
    assert sum(token.type == "tr_open" for token in found) == len(rows) - tables
    assert sum(token.type == "heading_open" for token in found) == len(
        re.findall("^##", text, re.MULTILINE)
    )


def shown(cell: Token) -> str:
    """Give what a reader sees of a cell."""
    seen = {"text", "code_inline"}
    return "".join(one.content for one in cell.children or () if one.type in seen)


def test_a_reader_of_markdown_sees_the_very_words() -> None:
    found = list(tokens(TEXTS["plan-markdown"]))
    cells = {shown(token) for token in found if token.type == "inline"}
    for text in WICKED:
        if text and len(text) < 500:
            assert inert(text).strip() in {cell.strip() for cell in cells}, text


@pytest.mark.parametrize("format_", ["findings-markdown", "plan-markdown"])
def test_markdown_links_and_mentions_nobody(format_: str) -> None:
    """GitHub makes links of addresses, names and numbers that stand in plain text."""
    for token in tokens(TEXTS[format_]):
        if token.type == "text":
            assert "@" not in token.content[:-1]
            assert not re.search(r"(?i)([#!]|GH-)\d", token.content)
    bare = re.sub(r"`[^`\n]*`", "", TEXTS[format_])
    assert not re.search(r"(?i)(?<!\\)://|www\.", bare)


@pytest.mark.parametrize("format_", ["findings-junit", "plan-junit"])
def test_junit_has_the_cases_that_we_wrote(format_: str) -> None:
    text = TEXTS[format_]
    assert text.isascii()
    root = read_junit(text)
    names = [case.attrib["name"] for case in root.iter("testcase")]
    named = map(inert, WICKED)
    assert set(names) >= set(named)


def test_xml_knows_no_entities_and_no_comments_of_others() -> None:
    for format_ in ("findings-junit", "plan-junit"):
        text = TEXTS[format_]
        assert "<!" not in text
        assert ET.canonicalize(text)


def strings(data: object) -> Iterator[str]:
    match data:
        case str():
            yield data
        case dict():
            for key, value in data.items():
                yield from strings(value)
                assert re.fullmatch(r"[\w%./$-]+", key), key
        case list():
            for value in data:
                yield from strings(value)
        case _:
            pass


READERS: dict[str, Callable[[object], object]] = {
    "findings-json": lambda data: data,
    "findings-sarif": lambda data: data,
    "findings-gitlab": lambda data: data,
}


@pytest.mark.parametrize("format_", READERS)
def test_json_is_ascii_and_has_the_keys_that_we_wrote(format_: str) -> None:
    assert TEXTS[format_].isascii()
    assert len(list(strings(json.loads(TEXTS[format_])))) > len(WICKED)


def test_what_viewers_show_of_json_is_inert_when_it_is_read() -> None:
    (run,) = json.loads(TEXTS["findings-sarif"])["runs"]
    said = [text for one in run["results"] for text in strings(one)]
    said += [one["description"] for one in json.loads(TEXTS["findings-gitlab"])]
    assert len(said) > 5 * len(WICKED)
    for text in said:
        for line in text.split("\n"):
            assert inert(line) == line


LINK = re.compile(r"\[(?:[^\\\[\]]|\\[\\\[\]])*\]\(([^)]*)\)")
"""An embedded link, as the standard's grammar has it."""


def test_sarif_links_nothing_but_files_of_districts() -> None:
    (run,) = json.loads(TEXTS["findings-sarif"])["runs"]
    for result in run["results"]:
        text = result["message"]["text"]
        related = {one["id"] for one in result.get("relatedLocations", ())}
        linked = LINK.findall(text)
        assert {int(number) for number in linked} == related
        assert not re.search(r"\{\d+\}", text.replace("{{", "").replace("}}", ""))
        for uri in uris(result):
            assert re.fullmatch(r"([\w./~-]|%[0-9A-F]{2})*", uri, re.ASCII), uri


def uris(data: object) -> Iterator[str]:
    match data:
        case dict():
            if "uri" in data:
                yield str(data["uri"])
            for value in data.values():
                yield from uris(value)
        case list():
            for value in data:
                yield from uris(value)
        case _:
            pass
