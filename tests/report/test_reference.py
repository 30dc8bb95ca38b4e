from __future__ import annotations

from rules_page import exit_statuses_page

from connectsync.report.rule_text import rule_link, source_link


def test_links_lead_to_headings() -> None:
    assert rule_link("a-b") == "docs/reference/rules.md#a-b"
    assert source_link("CV-contacts") == "docs/reference/sources.md#cv-contacts"


def test_exit_statuses_are_sorted_and_a_bar_ends_no_cell() -> None:
    page = exit_statuses_page({3: "refused", 0: "a|b"})
    assert page.endswith("| `0` | a\\|b |\n| `3` | refused |\n")
