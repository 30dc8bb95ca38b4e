"""Many findings: the worst are shown, and not one goes uncounted."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from connectsync.domain.finding import (
    AllowedFinding,
    Finding,
    Place,
    Severity,
    ValidationReport,
)
from connectsync.report.findings_text import MANY, concise, render

OF_RULE = {
    "literal-secret": Severity.ERROR,
    "home-phone-for-texts": Severity.WARNING,
    **{f"rule-{letter}": Severity.INFO for letter in "abcdefghijklm"},
}


def finding(rule: str, number: int = 0) -> Finding:
    place = Place(f"districts/district-{number:03}.yaml", 4)
    return Finding(rule, OF_RULE[rule], f"wrong {number}", place)


def told(found: list[Finding], most: int | None = 200) -> str:
    report = ValidationReport(300, tuple(found))
    return render(report, colour=False, width=80, most=most)


def shown(text: str) -> Counter[str]:
    return Counter(
        re.findall(r"^(?:error|warning|info)\[([\w-]+)\]", text, re.MULTILINE)
    )


def test_few_findings_are_shown_and_not_counted_once_more() -> None:
    text = told([finding("home-phone-for-texts", number) for number in range(MANY)])
    assert sum(shown(text).values()) == MANY
    assert text.endswith(
        """.yaml:4:1

For details: `connectsync explain home-phone-for-texts`
300 files: 50 warnings
"""
    )
    assert "more" not in text


def test_many_findings_are_counted_by_rule_the_most_first() -> None:
    found = [finding("home-phone-for-texts", number) for number in range(120)]
    found += [finding("literal-secret", number) for number in range(7)]
    assert """

120  warning  home-phone-for-texts
  7  error    literal-secret

For details: `connectsync explain literal-secret`
300 files: 7 errors, 120 warnings
""" in told(found)


def test_ten_rules_are_named_and_the_others_counted() -> None:
    found = [
        finding(rule, number)
        for number in range(5)
        for rule in OF_RULE
        if rule != "rule-m" or number
    ]
    table = told(found).split("\n\n")[-2]
    assert len(table.split("\n")) == 11
    assert table.endswith("\n24  of 5 other rules")


def test_the_worst_are_shown_in_the_order_of_their_files() -> None:
    found = [finding("rule-a", number) for number in range(10)]
    found += [finding("home-phone-for-texts", 3), finding("literal-secret", 8)]
    text = told(found, most=4)
    assert re.findall(r"^(\w+)\[|(\d\d\d)\.yaml", text, re.MULTILINE) == [
        ("info", ""),
        ("", "000"),
        ("info", ""),
        ("", "001"),
        ("warning", ""),
        ("", "003"),
        ("error", ""),
        ("", "008"),
    ]
    assert (
        "\n… and 8 more: 8 notes; `--output FILE` or `--format json` has all\n" in text
    )
    assert text.endswith("300 files: 1 error, 1 warning, 10 notes\n")


def test_what_is_not_shown_is_counted_by_how_bad_it_is() -> None:
    found = [finding("literal-secret", number) for number in range(3)]
    found += [finding("home-phone-for-texts", number) for number in range(2)]
    assert "\n… and 4 more: 2 errors, 2 warnings; `--out" in told(found, most=1)
    assert "\n… and 1 more: 1 warning; `--output" in told(found, most=4)


@given(
    st.lists(
        st.builds(finding, st.sampled_from(sorted(OF_RULE)), st.integers(0, 99)),
        unique=True,
    ),
    st.integers(0, 60),
)
def test_shown_and_unshown_are_all_there_are(found: list[Finding], most: int) -> None:
    text = told(found, most)
    left = re.search(r"… and ([\d,]+) more: ", text)
    unshown = int(left[1]) if left else 0
    assert sum(shown(text).values()) == min(most, len(found))
    assert sum(shown(text).values()) + unshown == len(found)
    of_all = Counter(one.severity.rank for one in found)
    ranks = sorted(of_all.elements())[:most]
    assert sorted(OF_RULE[rule].rank for rule in shown(text).elements()) == ranks


def test_allowed_findings_are_counted_to_the_last_too() -> None:
    one = AllowedFinding(finding("rule-a"), "a reason", date(2027, 6, 30))
    allowed = tuple(
        replace(one, finding=finding("rule-a", number)) for number in range(7)
    )
    report = ValidationReport(300, (), allowed)
    text = render(report, colour=False, width=80, most=4)
    assert text.count("allowed[") == 4
    assert (
        "\n… and 3 more allowed; `--output FILE` or `--format json` has all\n" in text
    )
    assert text.endswith("300 files, no findings, 7 allowed\n")
    assert render(report, colour=False, width=80).count("allowed[") == 7


def test_a_file_holds_them_all() -> None:
    found = [finding("rule-a", number) for number in range(400)]
    text = told(found, most=None)
    assert sum(shown(text).values()) == 400
    assert "more" not in text


def test_what_is_said_of_many_files_is_said_once_with_the_first_ones() -> None:
    found = [
        replace(finding("rule-a", number), message="wrong") for number in range(40)
    ]
    text = told(found)
    assert sum(shown(text).values()) == 1
    assert "= note: the same in 39 other places: districts/district-001.yaml:4:1," in (
        text
    )
    assert "and 34 more" in " ".join(text.split())
    assert text.endswith("300 files: 40 notes\n")
    whole = told(found, most=None)
    assert all(f"district-{number:03}.yaml:4:1" in whole for number in range(40))
    assert "more" not in whole


def test_two_of_a_kind_are_told_each() -> None:
    found = [replace(finding("rule-a", number), message="wrong") for number in (1, 2)]
    assert sum(shown(told(found)).values()) == 2


def test_concise_is_one_line_a_finding() -> None:
    found = [finding("rule-a", number) for number in range(3)]
    report = ValidationReport(300, tuple(found))
    assert concise(report) == (
        "districts/district-000.yaml:4:1 info[rule-a] wrong 0\n"
        "districts/district-001.yaml:4:1 info[rule-a] wrong 1\n"
        "districts/district-002.yaml:4:1 info[rule-a] wrong 2\n"
        "300 files: 3 notes\n"
    )
