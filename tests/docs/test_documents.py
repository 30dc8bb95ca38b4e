"""The reader of pages is strict: what a page shows is not waved through."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from documents import (
    Shell,
    Step,
    anchors,
    blocks,
    documents,
    links,
    matches,
    slug,
    steps,
)

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        (("a", "b"), "a\nb\n", True),
        (("a",), "a\nb\n", False),
        (("b",), "a\nb\n", False),
        (("a", "…"), "a\nb\nc\n", True),
        (("…", "c"), "a\nb\nc\n", True),
        (("a", "…", "c"), "a\nc\n", True),
        (("a", "…", "d"), "a\nb\nc\n", False),
        (("sha256:…",), "sha256:0123\n", True),
        (("sha256:…",), "sha256:0123\nmore\n", False),
        (("a.b",), "axb\n", False),
        ((), "", True),
        ((), "a\n", False),
    ],
)
def test_only_an_elision_lets_lines_be_missing(
    shown: tuple[str, ...], printed: str, *, same: bool
) -> None:
    assert matches(shown, printed) is same


def test_a_console_block_is_commands_and_what_they_print() -> None:
    assert list(steps("$ one \\\n> two\nout\n$ three\n")) == [
        Step("one two", ("out",)),
        Step("three", ()),
    ]


def test_a_comment_marks_the_block_right_below_it_alone() -> None:
    page = "<!-- file: a.yaml -->\n```yaml\na: 1\n```\n\n```yaml\nb: 2\n```\n"
    assert [(one.mark, one.told) for one in blocks(page)] == [
        ("file", "a.yaml"),
        ("", ""),
    ]


def test_anchors_are_those_that_github_gives() -> None:
    assert slug("Add a rule in `three` steps: how?") == "add-a-rule-in-three-steps-how"
    page = '# One\n<a id="c5"></a>\n```text\n# not one\n```\n## Two words\n'
    assert anchors(page) == {"one", "c5", "two-words"}


def test_links_in_code_are_no_links() -> None:
    assert list(links("[a](b.md) `[c](d.md)`\n```text\n[e](f.md)\n```\n")) == ["b.md"]


def test_what_is_exported_is_there_for_the_commands_that_follow(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert shell.run("export A_NAME=told") == ""
    assert shell.run("echo $A_NAME") == "told\n"
    shell.run("unset A_NAME")
    assert shell.run("echo $A_NAME") == "\n"


@pytest.mark.parametrize("page", documents(), ids=lambda page: page.name)
def test_a_file_to_write_is_named_where_a_reader_sees_it(page: Path) -> None:
    # a comment is not shown: the paragraph above it has to say the name
    text = page.read_text("utf-8")
    for found in re.finditer(r"^<!-- file: (.+?) -->$", text, re.MULTILINE):
        above = text[: found.start()].rstrip().rsplit("\n\n", 1)[-1]
        assert f"`{found[1]}`" in above, f"{page.name}: {found[1]}"


PICTURES = re.findall(r'(?:src|srcset)="([^"]+\.png)"', README.read_text("utf-8"))


def test_the_readme_shows_a_picture_by_day_and_by_night_and_says_what_is_on_it() -> (
    None
):
    text = README.read_text("utf-8")
    assert [Path(name).stem for name in PICTURES] == ["plan-dark", "plan-light"]
    (said,) = re.findall(r'<img alt="([^"]+)"', text)
    assert len(said.split()) > 10
    sizes = set()
    for name in PICTURES:
        raw = (README.parent / name).read_bytes()
        assert raw.startswith(b"\x89PNG\r\n")
        assert len(raw) < 150_000
        sizes.add(raw[16:24])
    # both are of the same page: `make screenshot` takes them
    assert len(sizes) == 1
