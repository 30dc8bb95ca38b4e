"""A value that a template puts in as it is would be seen, whichever it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hostile import WICKED, wicked_plan, wicked_report
from jinja2 import BytecodeCache, DictLoader
from jinja2.bccache import Bucket
from report_scenes import report_of
from web_page import WebPage

from connectsync.domain.live import Click, ClickList, DistrictClicks
from connectsync.domain.plan import NotPlanned, PlanReview
from connectsync.operations.approve import connect_page
from connectsync.providers.form import Risk
from connectsync.report import html
from connectsync.report.click_list import click_list_html
from connectsync.report.fleet_report import fleet_html
from connectsync.report.html import findings_html
from connectsync.report.plan_html import plan_html
from connectsync.report.sharing import pack_html

TEMPLATES = {
    path.name: path.read_text("utf-8")
    for path in (Path(html.__file__).parent / "templates").iterdir()
}
VALUE = re.compile(r"{{ (.+?) }}")
NOW = datetime(2027, 1, 15, tzinfo=UTC)
TEXT = f"{WICKED[1]}{WICKED[0]}"


FOUND = wicked_report()
FOUND = replace(FOUND, findings=FOUND.findings[:2], allowed=FOUND.allowed[:2])


def plan() -> str:
    whole = wicked_plan()
    plan = replace(
        whole,
        districts=whole.districts[:2],
        guards=whole.guards[:2],
        scope=(TEXT,),
        backend=TEXT,
        tool=TEXT,
        since=TEXT,
        failed=(NotPlanned(TEXT, TEXT, TEXT, TEXT),),
    )
    return plan_html(
        PlanReview(plan, connect_page(), "", findings=FOUND, plan_file=TEXT)
    )


def findings() -> str:
    today = date(2027, 1, 15)
    return findings_html(FOUND, folder="d", today=today, tool=TEXT)


def clicks() -> str:
    click = Click(TEXT, TEXT, TEXT, TEXT, TEXT, Risk.SAFE, TEXT)
    district = DistrictClicks(TEXT, TEXT, TEXT, NOW, ((click,),))
    return click_list_html(ClickList(TEXT, TEXT, NOW, (TEXT,), TEXT, (district,)))


def fleet() -> str:
    return fleet_html(report_of([TEXT], 3), folder=TEXT)


def pack() -> str:
    return pack_html(report_of([TEXT], 3))


USED = {
    "plan": {"plan", "parts", "page"},
    "findings": {"findings", "parts", "page"},
    "clicks": {"click_list"},
    "fleet": {"report", "pack_parts", "parts", "page"},
    "pack": {"pack", "pack_parts"},
}
"""The templates that a page is made of."""


class Compiled(BytecodeCache):
    """What was compiled once: of all templates one alone is another each time."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if known := self.known.get((bucket.key, bucket.checksum)):
            bucket.bytecode_from_string(known)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.known[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


def alive(page: str) -> bool:
    """Say whether something stands on a page that no template of ours has."""
    try:
        elements = WebPage(page).elements
    except AssertionError:
        return True
    return any(tag == "img" or "onerror" in given for tag, given in elements)


def raw_values(used: Callable[[str], bool]) -> Iterator[tuple[str, str, str]]:
    """Give each value of a template, and the template with that value put in raw."""
    for name, text in TEMPLATES.items():
        if not used(name):
            continue
        for value in VALUE.finditer(text):
            raw = f"{{{{ ({value[1].removesuffix(' | code')}) | safe }}}}"
            yield name, value[1], text[: value.start()] + raw + text[value.end() :]


@pytest.mark.parametrize(
    ("render", "least"),
    [(plan, 16), (findings, 4), (clicks, 9), (fleet, 18), (pack, 9)],
)
def test_a_value_of_others_that_is_put_in_raw_is_seen(
    render: Callable[[], str], least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    escaping, page = html.environment(), render()
    assert not alive(page)
    seen, compiled = [], Compiled()
    used = USED[render.__name__]
    for name, value, template in raw_values(
        lambda name: name.partition(".")[0] in used
    ):
        loader = DictLoader({**TEMPLATES, name: template})
        careless = escaping.overlay(loader=loader, bytecode_cache=compiled)
        monkeypatch.setattr(html, "environment", lambda made=careless: made)
        if "<img" in (made := render()).replace(page, ""):
            assert alive(made), f"{value} in {name}"
            seen.append(f"{name}: {value}")
    assert len(seen) >= least, seen
