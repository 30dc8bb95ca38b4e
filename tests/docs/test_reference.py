"""The pages are current, complete, linked, and tell of nothing that is not there."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from documents import ROOT, anchors, documents, links, slug
from typer.core import TyperGroup

from connectsync import errors
from connectsync.cli.app import app
from connectsync.cli.commands import COMMANDS, WITHIN
from connectsync.cli.terminal import ExitStatus
from connectsync.config.schemas import schema, schema_names, schema_text
from connectsync.errors import ConnectsyncError
from connectsync.rules.catalogue import pages

REFERENCE = ROOT / "docs" / "reference"
GENERATOR = ROOT / "tests" / "reference.py"
PAGES = documents()

OF_OTHERS = {
    "--compile-pyc",
    "--from",
    "--venv",
    "--wheel",
    "--all-files",
    "--build-arg",
    "--from-file",
    "--message",
    "--cached",
    "--work-tree",
    "--dist",
} | {
    f"--{option}"
    for option in (
        "all",
        "bare",
        "create",
        "exec",
        "initial-branch",
        "no-deps",
        "no-ff",
    )
}
"""Options of other programs that pages show."""

WORDS = set(
    re.findall(
        r"\w+",
        "backend baseline change conflict desired district drift fact finding guard"
        " impact journal live pending plan profile provider risk rule run setting"
        " settings",
    )
)
"""The words that everything else is said in."""

BANNED = {
    r"\btenants?\b": "district",
    r"\boptions? groups?\b": "setting",
    r"\bsuppress(ed|ion|ions)?\b": "allow",
    r"\bdry[- ]runs?\b": "plan",
    r"\brollout\b": "apply",
    r"\blint(er)?s? (for|of) districts?\b": "rule",
    r"\bconfigurations?\b": "settings",
    r"\btemplates?\b": "profile",
}
"""Words that the glossary has another word for."""

SAID_OF_OTHERS = {
    "docs/explanation/why-a-plan-can-be-trusted.md": {"dry run"},
    "docs/decisions/0010-allowed-findings-are-shown.md": {"suppression"},
    "docs/decisions/0065-libraries-in-reports.md": {"template", "templates"},
    "docs/reference/project.md": {"rollout"},  # the heading of the key of that name
    "docs/reference/rules.md": {"tenant"},  # what ClassLink calls a district
}
"""Where a page names what other programs do, in their word."""


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def text_of(name: str) -> str:
    return (REFERENCE / name).read_text("utf-8")


def test_generated_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, str(GENERATOR), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), "make reference"


def test_every_rule_has_a_heading_and_its_source_an_anchor() -> None:
    rules, sources = anchors(text_of("rules.md")), anchors(text_of("sources.md"))
    for page in pages():
        assert page.name in rules
        assert page.source.lower() in sources, page.name


def test_every_error_and_exit_status_is_listed() -> None:
    table, statuses = text_of("errors.md"), text_of("exit-statuses.md")
    for one in vars(errors).values():
        if isinstance(one, type) and issubclass(one, ConnectsyncError):
            name = one.__name__
            listed = f"| [`{name}`](#{name.lower()}) |" in table
            assert one is ConnectsyncError or listed, name
            assert one is ConnectsyncError or f"\n## {name}\n" in table, name
    readme = (ROOT / "README.md").read_text("utf-8")
    for status in ExitStatus:
        assert f"| `{int(status)}` |" in statuses
        assert f"\n| {int(status)} |" in readme


def test_every_command_is_on_its_page_and_in_the_readme() -> None:
    headings = anchors(text_of("commands.md"))
    readme = (ROOT / "README.md").read_text("utf-8")
    for command in COMMANDS:
        assert command in headings
        assert f"| `connectsync {command}` |" in readme
        for inner in WITHIN.get(command, ()):
            assert f"{command}-{inner}" in headings


@pytest.mark.parametrize("name", sorted(set(schema_names()) - {"gateway"}))
def test_every_shape_has_a_page_with_every_key(name: str) -> None:
    page = text_of(f"{name}.md")
    for part in (schema(name), *schema(name).get("$defs", {}).values()):
        for key in _keys(part, ""):
            assert f"| `{key}` |" in page, key


def test_every_request_and_every_shape_of_the_gateway_is_on_its_page() -> None:
    gateway, page = yaml.safe_load(schema_text("gateway")), text_of("gateway.md")
    for path, item in gateway["paths"].items():
        for method in item.keys() - {"parameters"}:
            assert f"\n## {method.upper()} {path}\n" in page
    for name, part in gateway["components"]["schemas"].items():
        assert f"\n## {name}\n" in page
        for key in part.get("properties", ()):
            assert f"\n| `{key}` |" in page


def _keys(part: Any, above: str) -> Iterator[str]:
    inner = part if "properties" in part else part.get("items", {})
    for key, one in inner.get("properties", {}).items():
        yield above + key
        yield from _keys(one, f"{above}{key}.")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    for target in links(page.read_text("utf-8")):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there.read_text("utf-8")), target


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, todo = set[Path](), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        todo += [
            (page.parent / target.partition("#")[0]).resolve()
            for target in links(page.read_text("utf-8"))
            if "://" not in target and not target.startswith("#")
        ]
    assert set(PAGES) <= reached


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_names_no_command_and_no_option_that_is_not_there(page: Path) -> None:
    text = page.read_text("utf-8")
    commands, options = _commands()
    for name in re.findall(r"`connectsync (?:-\S+ )*([a-z]+)", text):
        assert name in commands, name
    for name in re.findall(r"(?<=[\s`])--[a-z][a-z-]+", text):
        assert name in options | OF_OTHERS, name


def test_an_option_is_shown_with_a_command_that_has_it() -> None:
    commands, _ = _commands()
    for page in PAGES:
        code = re.findall(r"`(connectsync [^`]+)`", page.read_text("utf-8"))
        for name, rest in (m for each in code for m in _CALL.findall(each)):
            for option in re.findall(r"--[a-z][a-z-]+", rest):
                assert option in commands[name], f"{named(page)}: {name} {option}"


_CALL = re.compile(
    r"connectsync (?:(?:-C|--(?:project|state-dir|backend|slow)) \S+ |-\S+ )*"
    r"([a-z]+)([^;&|]*)"
)


@cache
def _commands() -> tuple[dict[str, set[str]], set[str]]:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    commands = {name: _options(one) for name, one in group.commands.items()}
    own = {opt for one in group.params for opt in one.opts}
    return commands, own.union(*commands.values())


def _options(command: Any) -> set[str]:
    """Give the options of a command, and of those that stand behind it."""
    own = {opt for one in command.params for opt in one.opts} | {"--help"}
    behind = command.commands.values() if isinstance(command, TyperGroup) else ()
    return own.union(*map(_options, behind))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_uses_the_words_of_the_glossary(page: Path) -> None:
    prose = re.sub(r"`[^`]*`", "", page.read_text("utf-8"))
    for banned, word in BANNED.items():
        found = {one[0].lower() for one in re.finditer(banned, prose, re.IGNORECASE)}
        assert found <= SAID_OF_OTHERS.get(named(page), set()), f"say {word}"


def test_the_glossary_is_in_order_and_anchored() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    entries = re.findall(
        r'^<a id="([^"]+)"></a>\*\*([^*]+)\*\*', glossary, re.MULTILINE
    )
    assert [anchor for anchor, _ in entries] == [slug(word) for _, word in entries]
    assert [word.lower() for _, word in entries] == sorted(
        word.lower() for _, word in entries
    )


def test_the_glossary_has_our_words_and_none_that_nobody_uses() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    words = re.findall(r'^<a id="[^"]+"></a>\*\*([^*]+)\*\*', glossary, re.MULTILINE)
    assert set(words) >= WORDS
    others = "\n".join(
        page.read_text("utf-8") for page in PAGES if page.name != "glossary.md"
    )
    assert [word for word in words if word.lower() not in others.lower()] == []


def test_decisions_are_numbered_without_a_gap_and_listed() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    for number, page in enumerate(decisions, start=1):
        text = page.read_text("utf-8")
        assert page.name.startswith(f"{number:04}-")
        assert text.startswith(f"# {number:04}: ")
        assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequence",
        ]
        assert f"(decisions/{page.name})" in index


def test_the_index_lists_every_page_once() -> None:
    docs = ROOT / "docs"
    index = (docs / "index.md").read_text("utf-8")
    linked = re.findall(r"\]\(([a-z-]+/[\w.-]+\.md)\)", index)
    pages = [page.relative_to(docs).as_posix() for page in docs.glob("*/*.md")]
    assert sorted(linked) == sorted(pages)
