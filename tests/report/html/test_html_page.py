"""A page is whole in one file, and nothing but its one script and style may run."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from hostile import WICKED, wicked_plan, wicked_report
from hypothesis import given
from hypothesis import strategies as st
from review_scenes import everything, found
from web_page import WebPage, hash_of

from connectsync.domain.plan import PlanReview
from connectsync.operations.approve import connect_page
from connectsync.report.html import embed_json, findings_html
from connectsync.report.plan_html import plan_html
from connectsync.report.terminal import inert

ASSETS = Path(__file__).parents[3] / "src" / "connectsync" / "report" / "assets"
TODAY = date(2027, 1, 15)
WICKED_REVIEW = PlanReview(
    wicked_plan(),
    connect_page(),
    "districts",
    findings=wicked_report(),
    plan_file="".join(WICKED[:4]),
)
PAGES = {
    "plan": plan_html(everything()),
    "findings": findings_html(
        found(), folder="districts", today=TODAY, tool="connectsync 1"
    ),
    "wicked plan": plan_html(WICKED_REVIEW),
    "wicked findings": findings_html(
        wicked_report(), folder=WICKED[0], today=TODAY, tool=WICKED[1]
    ),
}
ANY_PAGE = pytest.mark.parametrize("text", PAGES.values(), ids=PAGES)


@ANY_PAGE
def test_nothing_may_run_but_the_one_script_and_the_one_style(text: str) -> None:
    page = WebPage(text)
    _, script = page.held["script"]
    (style,) = page.held["style"]
    assert page.policy == {
        "default-src": "'none'",
        "script-src": hash_of(script),
        "style-src": hash_of(style),
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    names = [tag for tag, _ in page.elements]
    assert names.index("meta") < names.index("title") < names.index("style")


@ANY_PAGE
def test_nothing_comes_from_outside(text: str) -> None:
    page = WebPage(text)
    given = [attributes for _, attributes in page.elements]
    names = {name for attributes in given for name in attributes}
    assert not {name for name in names if name.startswith("on")}
    assert not names & {"src", "srcset", "style", "action", "ping", "background"}
    links = [link["href"] or "" for link in page.all("a")]
    assert links
    assert all(link.startswith("#") for link in links)
    assert not {tag for tag, _ in page.elements} & {"img", "link", "iframe", "base"}


@ANY_PAGE
def test_every_link_leads_to_a_section_of_the_page(text: str) -> None:
    page = WebPage(text)
    sections = [section["id"] for section in page.all("section")]
    assert [f"#{name}" for name in sections] == [link["href"] for link in page.all("a")]


@ANY_PAGE
def test_no_text_has_signs_that_nobody_sees(text: str) -> None:
    seen = (character for character in text if character != "\n")
    assert [character for character in seen if not character.isprintable()] == []


@given(st.text(max_size=60) | st.sampled_from(WICKED))
def test_data_cannot_end_the_element_they_stand_in(text: str) -> None:
    shown = inert(text)
    spelled = embed_json({"a": shown, shown: 1})
    assert "<" not in spelled
    assert spelled.isascii()
    assert json.loads(spelled) == {"a": shown, shown: 1}


@pytest.mark.parametrize("asset", sorted(ASSETS.iterdir()), ids=lambda path: path.name)
def test_assets_ask_for_nothing_and_read_no_html(asset: Path) -> None:
    text = asset.read_text("utf-8")
    assert len(text.splitlines()) <= 300
    outside = r"//\w|url\(|@import|fetch\(|import\(|XMLHttp|WebSocket|localStorage"
    reading = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|Function\("
    assert not re.search(f"{outside}|{reading}|<script|</|<!--", text)
