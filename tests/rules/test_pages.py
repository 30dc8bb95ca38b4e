"""Every rule has a page, and the page tells the truth about the rule."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectsync.domain.finding import RulePage, Severity
from connectsync.domain.policy import WAVES
from connectsync.errors import Bug, UsageError
from connectsync.rules.catalogue import (
    ALL,
    ALLOW_RULES,
    DISTRICT_RULES,
    FLEET_RULES,
    READING_PAGES,
    ROSTER_PAGES,
    acceptable,
    by_name,
    overridable,
    pages,
)
from connectsync.rules.engine import Rule, kebab, page_of

SOURCES = Path(__file__).parents[2] / "docs" / "reference" / "sources.md"

SEEN_ON_THE_PAGE = {
    "archived-students-unknown": {"archived_students": ("Archive", "Keep")},
    "label-not-offered": {"phone_types": ("Cell", "Home")},
}

APPLIED = {
    name: {"deletion_threshold": 20}
    for name in ("return-overdue", "return-long-overdue")
}
"""What was last applied, as the pages say; no file holds it."""

EVERY_PAGE = pages()
RULES: tuple[Rule[Any], ...] = (*DISTRICT_RULES, *ALLOW_RULES, *FLEET_RULES)
EXECUTABLE = [rule.name for rule in RULES]


def test_names_are_unique_and_kebab_case() -> None:
    names = [rule.name for rule in ALL]
    assert len(set(names)) == len(names)
    for name in names:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name), name


def test_every_rule_written_in_a_module_is_in_the_catalogue() -> None:
    modules = Path(kebab.__code__.co_filename).parent.glob("*.py")
    written = re.compile(
        r"^@[A-Z]+\.(?:rule|page)\(.*?\)\ndef (\w+)", re.MULTILINE | re.DOTALL
    )
    found = {
        kebab(name)
        for module in modules
        for name in written.findall(module.read_text())
    }
    assert found == {
        rule.name for rule in ALL if rule not in (*READING_PAGES, *ROSTER_PAGES)
    }


def test_pages_are_sorted_by_name_and_complete() -> None:
    assert [page.name for page in EVERY_PAGE] == sorted(rule.name for rule in ALL)


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: page.name)
def test_a_page_opens_with_the_mistake_and_says_why(page: RulePage) -> None:
    assert page.summary[0].isupper()
    assert ". " not in page.summary
    assert not page.summary.startswith(("Check", "Ensure", "Do not", "You "))
    assert len(page.why) > 60
    assert page.bad != page.good


ODD = re.compile(
    r"\b(nobody|somebody|anybody|everybody|whoever|mend(s|ed)?|yet to|anew|amiss|afresh"
    r"|otherwise|neighbour|colour|catalogue|doubled|passed over|goes? on|take[ns]? back"
    r"|ticks?|ticked|lacks?)\b",
    re.IGNORECASE,
)
"""Words that a US school district's operator stops at; see each with a plain one."""


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: page.name)
def test_a_page_is_in_plain_us_english(page: RulePage) -> None:
    assert ODD.findall(f"{page.summary} {page.why}") == []


def test_messages_and_hints_are_in_plain_us_english() -> None:
    for file in sorted((Path(__file__).parent / "cases").glob("*.yaml")):
        for case in yaml.safe_load(file.read_text()):
            for found in case["findings"]:
                said = f"{found['message']} {found['hint']}"
                assert ODD.findall(said) == [], said


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: page.name)
def test_a_page_cites_a_source_that_is_listed(page: RulePage) -> None:
    keys = re.findall(r"^\| ([\w-]+) \|", SOURCES.read_text(), re.MULTILINE)
    assert page.source in keys


@pytest.mark.parametrize("name", EXECUTABLE)
def test_the_bad_example_is_found_by_its_rule(name: str, read: Any) -> None:
    page = page_of(by_name(name))
    options, applied = SEEN_ON_THE_PAGE.get(name), APPLIED.get(name)
    found = read(page.bad, options=options, applied=applied).found()
    assert name in {rule.name for rule, _ in found}


@pytest.mark.parametrize("name", EXECUTABLE)
def test_the_good_example_is_clean_of_its_rule_and_of_every_error_and_warning(
    name: str, read: Any
) -> None:
    page = page_of(by_name(name))
    options, applied = SEEN_ON_THE_PAGE.get(name), APPLIED.get(name)
    found = read(page.good, options=options, applied=applied).found()
    assert name not in {rule.name for rule, _ in found}
    serious = [rule.name for rule, _ in found if rule.severity is not Severity.INFO]
    assert serious == []


def test_the_base_of_all_examples_is_clean(situation: Any) -> None:
    assert situation().found() == ()


def test_pages_of_reading_never_fire_as_rules_and_cannot_be_allowed() -> None:
    for rule in READING_PAGES:
        assert list(rule.check(object())) == []
        assert not rule.allowable


def test_what_the_form_itself_refuses_cannot_be_allowed() -> None:
    assert not by_name("two-phone-types").allowable
    assert not by_name("file-named-otherwise").allowable
    assert not by_name("district-id-in-two-files").allowable
    assert by_name("home-phone-for-texts").allowable
    assert by_name("token-in-two-files").allowable


def test_a_page_says_whether_its_claim_is_an_inference() -> None:
    inferred = {page.name for page in EVERY_PAGE if page.inferred}
    assert "work-phone-for-login" in inferred
    assert not inferred & {"two-phone-types", "home-phone-for-texts", "yaml-tag"}
    assert all(rule.refused for rule in READING_PAGES)


def test_a_name_that_no_rule_has_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="there is no rule 'zzz'") as refused:
        by_name("zzz")
    assert "rules" in refused.value.remedy
    with pytest.raises(UsageError) as refused:
        by_name("home-phones-for-text")
    assert refused.value.remedy == "did you mean 'home-phone-for-texts'?"


GOOD_PAGE = """
A mistake.

Why it hurts.

Bad:

    a: 1

Good:

    a: 2
"""


def test_a_page_may_open_with_a_line_as_long_as_lines_are() -> None:
    opening = f"A {'x' * 85}."
    page = GOOD_PAGE.replace("A mistake.", opening)
    rule: Rule[None] = Rule(
        "some-rule", Severity.ERROR, "design", page, lambda _: (), "district"
    )
    assert len(opening) == 88
    assert page_of(rule).summary == opening


@pytest.mark.parametrize(
    "page",
    [
        "",
        GOOD_PAGE + "\nGood:\n\n    a: 3\n",
        GOOD_PAGE.replace("Good:", "Bad:\n\n    a: 3\n\nGood:"),
        GOOD_PAGE.replace("Bad", "X").replace("Good", "Bad").replace("X", "Good"),
        GOOD_PAGE.replace("mistake.\n", "mistake.\nand more\n"),
        "A mistake.\n\nBad:\n\n    a: 1\n\nGood:\n\n    a: 2\n",
        GOOD_PAGE.replace("Why it hurts.", ""),
        GOOD_PAGE.replace("A mistake.", "A mistake"),
        GOOD_PAGE.replace("A mistake.", f"A {'very ' * 20}bad mistake."),
        GOOD_PAGE.replace("    a: 1", "a: 1"),
        GOOD_PAGE.replace("    a: 1", ""),
        GOOD_PAGE.replace("    a: 2", ""),
    ],
)
def test_a_malformed_page_is_a_bug(page: str) -> None:
    rule: Rule[None] = Rule(
        "some-rule", Severity.ERROR, "design", page, lambda _: (), "district"
    )
    with pytest.raises(Bug, match="page of rule 'some-rule' is not a sentence of at"):
        page_of(rule)


@pytest.mark.parametrize(
    ("name", "accept"),
    [
        ("guardians-added-on-running-sync", "--accept disruptive=COUNT"),
        ("overwrites-drift", "--accept overwrites-drift=COUNT"),
        ("in-a-freeze", "--override in-a-freeze=REASON"),
        ("running-without-a-file", ""),
        ("home-phone-for-texts", ""),
    ],
)
def test_the_page_of_a_guard_says_the_flag_that_accepts_it(
    name: str, accept: str
) -> None:
    (page,) = (one for one in pages() if one.name == name)
    assert page.accept == accept


def test_every_name_that_can_be_accepted_stands_on_a_page() -> None:
    spelled = " ".join(page.accept for page in pages())
    for name in (*acceptable(), *overridable()):
        assert f" {name}=" in spelled or name == WAVES
