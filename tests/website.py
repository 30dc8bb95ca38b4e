"""
Build the documentation as a site: ``python tests/website.py [FOLDER]``.

The pages under ``docs`` are written to be read on GitHub too. They are laid out in a
folder of their own, where they differ in what a site does better, and nothing else:

- what a page links to outside of ``docs`` becomes a page of the site
- a file that a reader is to write shows its name above it
- each rule has a page, and ``rules.md`` is the list of them
- the navigation is that of ``docs/index.md``: a page that stands nowhere is an error
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
DOCS = PurePosixPath("docs")
RULES = "reference/rules.md"
FILES = PurePosixPath("files")
PROJECT = "Project"
"""The heading of the index below which the files stand that pages link to."""

LIST = '<span data-rules="list"></span>'
"""Tells the script of the site where the list of rules is."""

NEEDLESS = ("404.html", "sitemap.xml", "sitemap.xml.gz")
"""What mkdocs makes for one address that a site has; ours may stand anywhere."""

ALONE = ("index.md", "tutorial.md")
"""Pages with nothing beside them in the navigation."""

LANGUAGES = {".yaml": "yaml", ".yml": "yaml", ".json": "json"}

_FENCE = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<=\]\()([^)\s]+)(?=\))")
_PICTURE = re.compile(r'(?:(?<= src=")|(?<= srcset="))[^":]+\.png(?=")')
_ENTRY = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
_CODE = re.compile(r"`[^`\n]+`")
_FILE = re.compile(r"^<!-- file: (.+?) -->\n```([\w-]+)$", re.MULTILINE)
_COMMENT = re.compile(r"^<!-- .+? -->\n+", re.MULTILINE)
_HEADING = re.compile(r"^(##+) (.+)$")
_ROW = re.compile(r"^\| \[`([a-z0-9-]+)`\]\(#\1\) \| (\w+) \| (.+) \|$")

Source = PurePosixPath
"""A file or folder of the repository, from its top."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the list of rules."""

    subject: str
    name: str
    severity: str
    mistake: str

    @property
    def path(self) -> str:
        return rule_path(self.name)

    @property
    def row(self) -> str:
        # the anchor is what findings and older links name
        link = f"[`{self.name}`](rules/{self.name}.md){{ #{self.name} }}"
        severity = f"**{self.severity}**{{ .{self.severity} }}"
        return f"| {link} | {severity} | {self.subject} | {self.mistake} |"


def main(arguments: list[str]) -> int:
    """Build the site into a folder, ``site`` unless another is named."""
    target = Path(arguments[0] if arguments else ROOT / "site").resolve()
    with tempfile.TemporaryDirectory() as scratch:
        lay_out(Path(scratch), target)
        status = built(Path(scratch))
    for name in NEEDLESS:
        (target / name).unlink(missing_ok=True)
    return status


def built(folder: Path) -> int:
    """Build what is laid out in a folder; give what mkdocs ends with."""
    # with --quiet it would count no warning, and end well whatever is broken
    mkdocs = [sys.executable, "-m", "mkdocs", "build"]
    # without the theme's word about its successor, which is not about our pages
    told = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(mkdocs, cwd=folder, env=told, check=False).returncode


def lay_out(folder: Path, target: Path) -> None:
    """Write the pages, and the settings that build them into a target, to a folder."""
    pages = repository_pages()
    whole = pages.pop(RULES)
    rules = tuple(listed_rules(whole))
    pages |= rule_pages(whole, rules)
    pages |= {name: f"---\nhide: [navigation]\n---\n{pages[name]}" for name in ALONE}
    for name, text in pages.items():
        path = folder / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "docs" / "assets", folder / "docs" / "assets")
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    settings |= {"site_dir": str(target), "nav": navigation(pages, rules)}
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def repository_pages() -> dict[str, str]:
    """Give the pages by their path on the site: those of docs, and all they link to."""
    found = dict[str, str]()
    todo = [Source(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")]
    while todo:
        source = todo.pop()
        if (path := str(site_path(source))) not in found:
            found[path], linked = page_of(source)
            todo += linked
    return found


def site_path(source: Source) -> PurePosixPath:
    """Say where on the site a file or a folder of the repository stands."""
    if source.is_relative_to(DOCS):
        return source.relative_to(DOCS)
    if source.suffix == ".md":
        return PurePosixPath("project", source.name.lower())
    # mkdocs shows nothing whose name begins with a dot
    parts = [part.lstrip(".") for part in source.parts]
    return FILES.joinpath(*parts[:-1], f"{parts[-1]}.md")


def page_of(source: Source) -> tuple[str, list[Source]]:
    """Give a page as the site has it, and what of the repository it links to."""
    if source.suffix != ".md":
        return shown(source), []
    linked = list[Source]()

    def moved(target: str) -> str:
        path, _, anchor = target.partition("#")
        if "://" in target or not path:
            return target
        linked.append(Source(normpath(source.parent / path)))
        there = str(site_path(linked[-1])) + (f"#{anchor}" if anchor else "")
        if there.startswith(f"{RULES}#"):
            there = rule_path(anchor)
        return relpath(there, site_path(source).parent)

    def pictured(found: re.Match[str]) -> str:
        # the folder of pictures is on the site as it is
        picture = site_path(Source(normpath(source.parent / found[0])))
        return relpath(picture, site_path(source).parent)

    text = _FILE.sub(_titled, (ROOT / source).read_text("utf-8"))
    return _prose(_PICTURE.sub(pictured, text), moved), linked


def _titled(found: re.Match[str]) -> str:
    return f'``` {{ .{found[2]} title="{found[1]}" }}'


def _prose(text: str, moved: Callable[[str], str]) -> str:
    """Move the links of a page and take out its comments; code stays as it is."""
    pieces, end = list[str](), 0
    for block in _FENCE.finditer(text):
        pieces += [_between(text[end : block.start()], moved), block[0]]
        end = block.end()
    return "".join([*pieces, _between(text[end:], moved)])


def _between(prose: str, moved: Callable[[str], str]) -> str:
    prose = _COMMENT.sub("", prose)
    code = [one.span() for one in _CODE.finditer(prose)]

    def link(found: re.Match[str]) -> str:
        in_code = any(start < found.start() < end for start, end in code)
        return found[1] if in_code else moved(found[1])

    return _LINK.sub(link, prose)


def shown(source: Source) -> str:
    """Show a file, or each file of a folder, so that it can be read and copied."""
    path = ROOT / source
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    blocks = [f"# {source}"]
    for file in (one for one in files if one.is_file()):
        name = file.relative_to(ROOT).as_posix()
        language = (
            "docker" if "Dockerfile" in name else LANGUAGES.get(file.suffix, "text")
        )
        text = file.read_text("utf-8").rstrip("\n")
        blocks.append(f'```` {{ .{language} title="{name}" }}\n{text}\n````')
    return "\n\n".join(blocks) + "\n"


def rule_path(name: str) -> str:
    """Say where on the site a rule stands."""
    return f"reference/rules/{name}.md"


def listed_rules(whole: str) -> Iterator[Rule]:
    """Read the list of rules at the top of ``rules.md``."""
    subject = ""
    for line in whole.splitlines():
        if line.startswith("Rules about "):
            subject = line.removeprefix("Rules about ").rstrip(":").partition(",")[0]
        elif found := _ROW.match(line):
            yield Rule(subject, *found.group(1, 2, 3))


def rule_pages(whole: str, rules: Iterable[Rule]) -> dict[str, str]:
    """Give a page for each rule of ``rules.md``, and the list of them in its place."""
    head, *texts = re.split(r"^## (?=[a-z0-9-]+$)", whole, flags=re.MULTILINE)
    introduction, _, _ = head.partition("## Contents")
    table = [
        "| Rule | Severity | Looks at | Mistake |",
        "| --- | --- | --- | --- |",
        *(rule.row for rule in rules),
    ]
    pages = {RULES: "\n".join([f"{introduction}{LIST}\n", *table, ""])}
    for name, _, text in (one.partition("\n") for one in texts):
        lower = re.sub(r"\]\((?=\w)", "](../", text)
        marked = re.sub(r"^(Bad|Good):$", r"\1:\n{ .\1 }", lower, flags=re.MULTILINE)
        marked = re.sub(r"^(\n\*\*(\w+)\*\*)", r"\1{ .\2 }", marked)
        pages[rule_path(name)] = f"# {name}\n{marked}"
    return pages


def navigation(pages: Mapping[str, str], rules: Iterable[Rule]) -> list[Any]:
    """Give the navigation: the headings of the index, and the pages below each."""
    top: list[Any] = [{"Home": "index.md"}, {"Tutorial": "tutorial.md"}]
    levels = {2: top}
    lines = pages["index.md"].splitlines()
    for line in dropwhile(lambda one: not _HEADING.match(one), lines):
        if heading := _HEADING.match(line):
            depth, below = len(heading[1]), list[Any]()
            levels[depth].append({heading[2]: below})
            levels = {level: levels[level] for level in levels if level <= depth}
            levels[depth + 1] = below
        for title, target in _ENTRY.findall(line):
            one = {title: target} if title[:1].isupper() else target
            levels[max(levels)] += _by_subject(rules) if target == RULES else [one]
    files = sorted(name for name in pages if PurePosixPath(name).is_relative_to(FILES))
    next(one for one in top if PROJECT in one)[PROJECT].append({"Files": files})
    return top


def _by_subject(rules: Iterable[Rule]) -> list[Any]:
    found = dict[str, list[str]]()
    for rule in rules:
        found.setdefault(f"About {rule.subject}", []).append(rule.path)
    return [RULES, *({subject: paths} for subject, paths in found.items())]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
