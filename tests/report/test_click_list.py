"""
The click list says every click in order, and nothing in it can do anything.

The goldens are in ``click_list``; ``CONNECTSYNC_GOLDEN=write`` writes them anew: then
look at the page in a browser, on a dark screen and in the print preview too.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from connectsync.domain.live import Click, ClickList, DistrictClicks
from connectsync.providers.form import Risk
from connectsync.report.click_list import click_list_html as page
from connectsync.report.click_list import click_list_markdown as markdown
from connectsync.report.markdown import plain

GOLDEN = Path(__file__).parent / "click_list"
READ = datetime(2027, 1, 15, 6, tzinfo=UTC)
HOSTILE = (
    "<script>alert(1)</script> \"'><img src=x onerror=alert(1)> &lt; "
    "[link](https://evil.test) www.evil.test @everyone **bold** `code` | # - \x1b[31m\n"
    "# heading \u202e"
)


def click(control: str, option: str, verb: str, before: str, after: str) -> Click:
    effect = "Contacts marked so become guardians." if option else "Nobody is hurt."
    risk = Risk.DISRUPTIVE if verb == "untick" else Risk.SAFE
    return Click(control, option, verb, before, after, risk, effect)


def listed(*districts: DistrictClicks) -> ClickList:
    return ClickList(
        plan="sha256:" + "0" * 64,
        backend="snapshot:live.json",
        created=datetime(2027, 1, 15, 10, tzinfo=UTC),
        path=("the drop-down", "District Home Page", "District-Level Daily Sync"),
        save="Save",
        districts=districts,
    )


USUAL = listed(
    DistrictClicks(
        "lakeview-usd",
        "Lakeview Unified School District",
        "districts/ca/lakeview-usd.yaml",
        READ,
        (
            (click("Enable Daily sync", "", "untick", "ticked", "not ticked"),),
            (
                click("Contact Types", "Family", "untick", "ticked", "not ticked"),
                click("Contact Types", "Primary", "tick", "not ticked", "ticked"),
                click("Deletion Threshold", "", "fill in", "45", "15"),
            ),
        ),
    ),
    DistrictClicks(
        "bay",
        "Bay of São João",
        "districts/bay.yaml",
        READ,
        ((click("Student ID", "", "choose", "STUDENT ID", "STUDENT NUMBER"),),),
    ),
)
EVIL = listed(
    DistrictClicks(
        HOSTILE,
        HOSTILE,
        HOSTILE,
        READ,
        ((Click(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, Risk.SAFE, HOSTILE),),),
    )
)
CASES = {"usual": USUAL, "hostile": EVIL}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("suffix", "render"), [("md", markdown), ("html", page)])
def test_the_list_is_the_golden_one(case: str, suffix: str, render: object) -> None:
    assert callable(render)
    text, path = render(CASES[case]), GOLDEN / f"{case}.{suffix}"
    if os.environ.get("CONNECTSYNC_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


class Elements(HTMLParser):
    """Collects the elements of a page, and the text outside of its style."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.unclosed: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in {"meta", "input"}:
            self.unclosed.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if "style" not in self.unclosed:
            self.text += data


def parsed(text: str) -> Elements:
    elements = Elements()
    elements.feed(text)
    elements.close()
    assert elements.unclosed == []
    return elements


@pytest.mark.parametrize("clicks", CASES.values(), ids=CASES)
def test_the_page_is_whole_and_does_nothing(clicks: ClickList) -> None:
    text = page(clicks)
    elements = parsed(text)
    names = {name for name, _ in elements.found}
    assert not names & {"script", "img", "a", "link", "iframe", "object", "form"}
    attributes = {name for _, given in elements.found for name in given}
    assert not {name for name in attributes if name.startswith("on")}
    assert not attributes & {"src", "href", "style", "action"}
    policy = [given for name, given in elements.found if "http-equiv" in given]
    assert policy == [
        {
            "http-equiv": "Content-Security-Policy",
            "content": "default-src 'none'; style-src 'unsafe-inline'",
        }
    ]
    assert "url(" not in text
    assert "@import" not in text


def test_every_control_of_the_page_has_a_box_to_tick() -> None:
    elements = parsed(page(USUAL))
    boxes = [given for name, given in elements.found if name == "input"]
    assert len(boxes) == USUAL.clicks + 3 + 2 * 2
    assert {given["type"] for given in boxes} == {"checkbox"}
    assert "Contact Types \u203a Family" in [given.get("aria-label") for given in boxes]


def test_hostile_text_is_shown_as_it_is_and_invisible_signs_are_spelled() -> None:
    shown = parsed(page(EVIL)).text
    assert "<script>alert(1)</script> \"'><img src=x onerror=alert(1)> &lt; " in shown
    assert "\\x1b[31m\\n# heading \\u202e" in shown
    assert "\x1b" not in shown + markdown(EVIL)


def test_hostile_text_is_inert_in_markdown() -> None:
    text = plain(HOSTILE)
    bare = re.sub(r"\\.", "", text).replace("@<!-- -->", "")
    assert not set(bare) & set("<>[]`*|#&_~$")
    assert not re.search(r"(?<!\\)://", text)
    assert "www." not in text
    assert "@e" not in text
    assert "\n" not in text


def test_plain_words_are_left_as_they_are() -> None:
    words = "Bay of São João (placeholder) 15.5 - STUDENT ID, Parent/Guardian"
    assert plain(words) == words
    named = replace(USUAL.districts[0], name=words)
    assert f"<h2>{words} <code>" in page(listed(named))


def test_what_a_change_does_is_said_once_of_several_alike() -> None:
    assert markdown(USUAL).count("Contacts marked so become guardians.") == 1
    assert page(USUAL).count("Contacts marked so become guardians.") == 1


def test_both_saves_of_a_district_are_told_apart() -> None:
    text = markdown(USUAL)
    first, second = text.index("### Save 1 of 2"), text.index("### Save 2 of 2")
    assert first < text.index("Enable Daily sync") < second < text.index("Family")
    assert "so both saves went through" in text
    assert text.count("click **Save**") == 3
