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

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
DOCS = PurePosixPath("docs")
RULES = PurePosixPath("reference/rules.md")

_FENCE = re.compile(r"^(```+).*?^\1$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<=\]\()([^)\s]+)(?=\))")
_CODE = re.compile(r"`[^`\n]+`")
_FILE = re.compile(r"^<!-- file: (.+?) -->\n```([\w-]+)$", re.MULTILINE)
_COMMENT = re.compile(r"^<!-- .+? -->\n+", re.MULTILINE)
_HEADING = re.compile(r"^(##+) (.+)$")
_ROW = re.compile(r"^\| \[`([a-z0-9-]+)`\]\(#\1\) \| (\w+) \| (.+) \|$")

LANGUAGES = {".yaml": "yaml", ".yml": "yaml", ".json": "json", "Dockerfile": "docker"}


def main(arguments: list[str]) -> int:
    """Build the site into a folder, ``site`` unless another is named."""
    target = Path(arguments[0] if arguments else ROOT / "site").resolve()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        lay_out(folder, target)
        return subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", "--quiet"],
            cwd=folder,
            check=False,
        ).returncode


def lay_out(folder: Path, target: Path) -> None:
    """Write the pages, and the settings that build them into a target, to a folder."""
    written = site_pages()
    for name, text in written.items():
        path = folder / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "docs" / "assets", folder / "docs" / "assets")
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    settings |= {"site_dir": str(target), "nav": navigation(written)}
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def site_pages() -> dict[str, str]:
    """Give every page of the site by its path: those of docs, and what they link to."""
    todo = sorted(path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md"))
    found, asked = dict[str, str](), [PurePosixPath(path.as_posix()) for path in todo]
    while asked:
        source = asked.pop()
        if str(site_path(source)) in found:
            continue
        text, targets = _page(source)
        found[str(site_path(source))] = text
        asked += targets
    whole = found.pop(str(RULES))
    return {**found, **rule_pages(whole)}


def site_path(source: PurePosixPath) -> PurePosixPath:
    """Say where on the site a file or folder of the repository stands."""
    if source.is_relative_to(DOCS):
        return source.relative_to(DOCS)
    if source.suffix == ".md":
        return PurePosixPath("project", source.name.lower())
    # a folder whose name begins with a dot is none that the site would show
    return PurePosixPath("files", *(part.lstrip(".") for part in source.parts)).with_name(
        f"{source.name}.md"
    )


def _page(source: PurePosixPath) -> tuple[str, list[PurePosixPath]]:
    """Give a page as it stands on the site, and what it links to in the repository."""
    if source.suffix != ".md":
        return _shown(source), []
    linked = list[PurePosixPath]()

    def moved(target: str) -> str:
        path, mark, anchor = target.partition("#")
        if "://" in target or not path:
            return target
        there = PurePosixPath(normpath(source.parent / path))
        assert (ROOT / there).exists(), f"{source} links to {target}"
        linked.append(there)
        return relpath(_rule_page(there, anchor), site_path(source).parent) + (
            "" if _is_rule(there, anchor) else mark + anchor
        )

    text = (ROOT / source).read_text("utf-8")
    return _outside_code(_FILE.sub(_titled, text), moved), linked


def _is_rule(there: PurePosixPath, anchor: str) -> bool:
    return there == DOCS / RULES and anchor != ""


def _rule_page(there: PurePosixPath, anchor: str) -> PurePosixPath:
    """Lead a link to a rule to the rule's own page."""
    if _is_rule(there, anchor):
        return RULES.parent / "rules" / f"{anchor}.md"
    return site_path(there)


def _titled(found: re.Match[str]) -> str:
    return f'``` {{ .{found[2]} title="{found[1]}" }}'


def _outside_code(text: str, moved: Callable[[str], str]) -> str:
    """Move the links of the prose and take out its comments; code stays as it is."""
    pieces, end = list[str](), 0
    for block in [*_FENCE.finditer(text), None]:
        prose = text[end : block.start() if block else None]
        pieces.append(_moved(_COMMENT.sub("", prose), moved))
        pieces.append(block[0] if block else "")
        end = block.end() if block else end
    return "".join(pieces)


def _moved(prose: str, moved: Callable[[str], str]) -> str:
    code = {one.start(): one.end() for one in _CODE.finditer(prose)}

    def link(found: re.Match[str]) -> str:
        inside = any(start < found.start() < end for start, end in code.items())
        return found[1] if inside else moved(found[1])

    return _LINK.sub(link, prose)


def _shown(source: PurePosixPath) -> str:
    """Show a file, or all files of a folder, so that they can be read and copied."""
    path = ROOT / source
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    blocks = [f"# {source}"]
    for file in (one for one in files if one.is_file()):
        name = file.relative_to(ROOT).as_posix()
        language = LANGUAGES.get(file.suffix or file.name, "text")
        text = file.read_text("utf-8").rstrip("\n")
        blocks.append(f'```` {{ .{language} title="{name}" }}\n{text}\n````')
    return "\n\n".join(blocks) + "\n"


def rule_pages(whole: str) -> dict[str, str]:
    """Give a page for each rule of ``rules.md``, and the list of them in its place."""
    head, *rules = re.split(r"^## (?=[a-z0-9-]+$)", whole, flags=re.MULTILINE)
    introduction, contents = head.split("## Contents\n", 1)
    found = {
        str(RULES.parent / "rules" / f"{name}.md"): f"# {name}\n{text}"
        for name, _, text in (rule.partition("\n") for rule in rules)
    }
    found = {name: re.sub(r"\]\((?=\w+\.md)", "](../", text) for name, text in found.items()}
    listed = [f"| {' | '.join(row)} |" for row in _listed(contents)]
    lines = ["| Rule | Severity | Looks at | Mistake |", "| --- | --- | --- | --- |"]
    mark = '<span data-rules="list"></span>'
    table = "\n".join([*lines, *listed])
    return {str(RULES): f"{introduction}{mark}\n\n{table}\n", **found}


def _listed(contents: str) -> Iterator[tuple[str, ...]]:
    subject = ""
    for line in contents.splitlines():
        if line.startswith("Rules about "):
            subject = line.removeprefix("Rules about ").rstrip(":")
        elif found := _ROW.match(line):
            name, severity, mistake = found.groups()
            link = f'[`{name}`](rules/{name}.md){{ id="{name}" }}'
            yield link, severity, subject.partition(",")[0], mistake


def navigation(written: Mapping[str, str]) -> list[Any]:
    """Give the navigation: the headings of the index, and the pages below each."""
    sections: list[Any] = [{"Home": "index.md"}]
    inner = sections
    for line in written["index.md"].splitlines():
        if heading := _HEADING.match(line):
            parent = sections if heading[1] == "##" else above
            inner = list[Any]()
            parent.append({heading[2]: inner})
            above = inner if heading[1] == "##" else above
        for target in _LINK.findall(line):
            page = target.partition("#")[0]
            if "://" not in page and page not in inner:
                inner.append(page)
    return sections


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
