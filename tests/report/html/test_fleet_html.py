"""The page of a fleet, the pack that is printed of it, and its JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from fitting import insist_fits
from hostile import WICKED
from report_scenes import PLAIN, report_of
from web_page import WebPage

from connectsync.domain.fleet_report import FleetReport
from connectsync.report.fleet_report import fleet_html, fleet_json
from connectsync.report.sharing import pack_html, shared_topics
from connectsync.values import replace

GOLDEN = Path(__file__).parent / "report.html"


def page(report: FleetReport) -> WebPage:
    return WebPage(fleet_html(report, folder="districts"))


def test_the_page_of_a_fleet_is_the_golden_one() -> None:
    text = page(report_of(PLAIN, 6)).without_assets
    if os.environ.get("CONNECTSYNC_GOLDEN") == "write":
        GOLDEN.write_text(text, "utf-8")
    assert text == GOLDEN.read_text("utf-8")


@pytest.mark.parametrize("how", ["live", "from files"])
def test_whatever_others_wrote_is_text_on_the_page_and_on_paper(how: str) -> None:
    report = report_of(WICKED, 2 * len(WICKED), live=how == "live")
    for text in (fleet_html(report, folder=WICKED[0]), pack_html(report)):
        made = WebPage(text)
        assert not made.all("img")
        assert not {
            name
            for _, given in made.elements
            for name in given
            if name.startswith("on")
        }
        assert "\x1b" not in text


def test_the_json_holds_all_that_the_schema_asks_for() -> None:
    for report in (report_of(PLAIN, 12), report_of(PLAIN, 12, live=False)):
        data = json.loads(fleet_json(report))
        insist_fits(data, "report")
        assert data["summary"]["districts"] == len(data["districts"]) == 12


def test_every_value_that_a_district_has_can_be_filtered_by() -> None:
    data = page(report_of(PLAIN, 6)).data
    names = [name for name, *_ in data["names"]]
    assert "settings.phone_types" in names
    assert "facts.setup_step" in names
    one = data["fleet"][1]
    held = {
        name: data["values"][number]
        for name, number in zip(names, one["values"], strict=True)
        if number >= 0
    }
    assert held["settings.phone_types"] == ["Cell"]
    assert held["settings.enable_daily_sync"] == "on"
    assert held["facts.self_check_done"] == "no"
    assert held["settings.deletion_threshold"] == "11"
    assert "settings.permissions" not in held


def test_where_connect_was_not_read_nothing_is_said_to_be_in_step() -> None:
    made = page(report_of(PLAIN, 6, live=False))
    assert "Connect was not read." in made.shown
    assert "not read: this tells what the files say" in made.shown
    assert "Districts, as they were last applied" in made.shown
    assert "In step" not in made.shown
    assert all("live" not in one for one in made.data["fleet"])


def test_what_is_shared_names_the_districts_that_are_otherwise() -> None:
    report = report_of(PLAIN, 60)
    topics = {one.what: one.ways for one in shared_topics(report)}
    ways = topics["Which phone number of a contact is taken"]
    assert [(way.how, len(found)) for way, found in ways] == [
        ("Cell", 58),
        ("Elm Park", 1),
        ("Lakeview", 1),
    ]
    assert sum(len(found) for _, found in topics["The nightly sync"]) == 60


def test_the_pack_says_what_it_rests_on_and_leaves_room_to_sign() -> None:
    report = report_of(PLAIN, 6)
    made = WebPage(pack_html(report))
    for words in (
        "What is shared with whom",
        "Which exceptions stand",
        "Accepted for single runs, in the last year",
        "commit 012345678, with changes that are not committed",
        "Date and signature",
    ):
        assert words in made.shown, words
    assert not made.all("script")
    nothing = WebPage(pack_html(replace(report, accepted=())))
    assert "None: no file allows a finding" in nothing.shown


def test_paper_names_no_more_than_one_reads() -> None:
    report = report_of(PLAIN, 2_000)
    report = replace(
        report,
        accepted=tuple(
            replace(one, districts=tuple(each.key for each in report.districts))
            for one in report.accepted
        ),
    )
    assert "and 1,800 more" in pack_html(report)
    data = json.loads(fleet_json(report))
    assert len(data["accepted"][0]["districts"]) == 2_000


def test_a_country_takes_no_more_room_than_a_browser_opens() -> None:
    assert len(fleet_html(report_of(PLAIN, 13_318), folder="districts")) < 8_000_000


def test_a_fleet_without_a_district_is_a_page_too() -> None:
    report = replace(report_of(PLAIN, 6), districts=(), due=(), accepted=(), runs=())
    assert page(report).data["fleet"] == []
    assert WebPage(pack_html(report)).shown
