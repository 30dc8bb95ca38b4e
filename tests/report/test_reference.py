from __future__ import annotations

from connectsync import errors
from connectsync.errors import ConnectsyncError
from connectsync.report.links import rule_link, source_link
from connectsync.report.reference import errors_page, exit_statuses_page


def test_links_lead_to_headings() -> None:
    assert rule_link("a-b") == "docs/reference/rules.md#a-b"
    assert source_link("CV-contacts") == "docs/reference/sources.md#cv-contacts"


def test_exit_statuses_are_sorted_and_a_bar_ends_no_cell() -> None:
    page = exit_statuses_page({3: "refused", 0: "a|b"})
    assert page.endswith("| `0` | a\\|b |\n| `3` | refused |\n")


def test_every_error_is_in_the_reference() -> None:
    page = errors_page()
    tree = [
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, ConnectsyncError)
    ]
    assert all(
        f"| `{each.__name__}` |" in page
        for each in tree
        if each is not ConnectsyncError
    )


def test_errors_of_others_are_not_in_the_reference() -> None:
    class Foreign(ConnectsyncError):
        pass

    assert Foreign.__name__ not in errors_page()
