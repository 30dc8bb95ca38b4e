from __future__ import annotations

from dataclasses import replace

import pytest

from connectsync.domain.finding import RulePage, Severity
from connectsync.report.rule_text import allow_snippet, by_subject, explain, list_rules
from connectsync.report.terminal import columns

PAGE = RulePage(
    name="home-phone-for-texts",
    severity=Severity.WARNING,
    subject="district",
    summary="Home numbers are synced, so no family can be texted.",
    why="Connect keeps such a number in a field it does not use for messages.",
    bad="settings:\n  phone_types: [Home]",
    good="settings:\n  phone_types: [Cell]",
    source="C5",
    inferred=False,
    allowable=True,
)


def explained(page: RulePage) -> str:
    return explain(page, colour=False, width=80)


def test_a_rule_that_can_be_allowed_says_exactly_how() -> None:
    lines = [
        "allow:",
        "  - rule: home-phone-for-texts",
        "    reason: say why",
        "    until: YYYY-MM-DD",
    ]
    assert allow_snippet(PAGE.name).splitlines() == lines
    assert "".join(f"  | {line}\n" for line in lines) in explained(PAGE)


def test_how_to_allow_a_rule_with_a_long_name_fits_a_narrow_terminal() -> None:
    page = replace(PAGE, name="guardians-file-encoding-not-agreed")
    assert max(map(len, explained(page).splitlines())) <= 80


def test_what_connect_refuses_cannot_be_allowed() -> None:
    text = explained(replace(PAGE, allowable=False))
    assert "Cannot be allowed" in text
    assert "reason:" not in text


def test_a_guard_is_accepted_by_the_name_and_count_of_the_plan() -> None:
    guard = replace(PAGE, allowable=False, subject="plan")
    text = explained(replace(guard, accept="--accept disruptive=COUNT"))
    assert "connectsync apply --accept disruptive=COUNT" in " ".join(text.split())
    assert "It stops nothing" in explained(guard)


def test_an_inference_is_never_sold_as_documented() -> None:
    assert "Inferred" not in explained(PAGE)
    assert "Inferred" in explained(replace(PAGE, inferred=True))


def test_a_safeguard_of_our_own_claims_no_source() -> None:
    text = explained(replace(PAGE, source="design"))
    assert "connectsync itself" in text
    assert "sources.md" not in text


def test_a_rule_without_examples_has_no_empty_headings() -> None:
    text = explained(replace(PAGE, bad="", good="", why="", source=""))
    assert not {"Bad", "Good", "Source"} & set(text.split())
    assert "\n\n\n" not in text


def test_rules_stand_by_subject_then_name() -> None:
    pages = [
        replace(PAGE, name=name, subject=subject)
        for name, subject in [
            ("z", "other"),
            ("b", "plan"),
            ("c", "file"),
            ("a", "plan"),
        ]
    ]
    groups = by_subject(pages)
    assert list(groups) == ["file", "plan", "other"]
    assert [page.name for page in groups["plan"]] == ["a", "b"]


@pytest.mark.parametrize("width", [60, 80, 100, 200])
@pytest.mark.parametrize("name", ["a", "a-very-long-name-for-one-rule"])
def test_the_list_fits_its_width(width: int, name: str) -> None:
    pages = [PAGE, replace(PAGE, name=name, summary="word " * 40)]
    text = list_rules(pages, colour=False, width=width)
    assert all(columns(line) <= width for line in text.splitlines())
    assert text.splitlines()[-1].startswith("2 rules;")


def test_one_rule_is_one_rule() -> None:
    assert "\n1 rule;" in list_rules([PAGE], colour=False, width=80)
