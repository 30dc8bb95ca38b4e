"""What a project says of rules, and what a baseline of findings knows."""

from __future__ import annotations

from itertools import product

import pytest

from connectsync.domain.finding import Finding, Place, Severity, TurnedOff
from connectsync.domain.rule_settings import (
    KnownFindings,
    RuleSetting,
    RuleSettings,
    known_as,
    worth_knowing,
)
from connectsync.values import replace

FILE = "districts/west/lakeview-usd.yaml"
WARNING = Finding(
    "home-phone-for-texts", Severity.WARNING, "said", Place(FILE, 14, 3, text="[Home]")
)
SEVERITIES = [*Severity, None]


def setting(severity: Severity | None, *paths: str, label: str = "") -> RuleSetting:
    return RuleSetting("home-phone-for-texts", severity, "why", paths, label)


def judged(
    settings: RuleSettings,
    finding: Finding = WARNING,
    labels: frozenset[str] = frozenset(),
) -> Severity | None:
    one = settings.judge(finding, FILE, labels)
    return None if isinstance(one, TurnedOff) else one.severity


@pytest.mark.parametrize(
    ("pattern", "holds"),
    [
        (FILE, True),
        ("districts/west/*", True),
        ("districts/west", True),
        ("districts/west/", True),
        ("districts/*/lakeview-*.yaml", True),
        ("districts/**/lakeview-usd.yaml", True),
        ("**/lakeview-usd.yaml", True),
        ("**", True),
        ("districts/*", True),
        ("districts/**/west/**", True),
        ("west/*", False),
        ("districts/wes", False),
        ("districts/east/*", False),
        ("*", True),
        ("*.yaml", False),
        ("districts/west/lakeview-usd.yaml/more", False),
        ("districts/west/LAKEVIEW-USD.yaml", False),
    ],
)
def test_a_pattern_holds_files_as_a_gitignore_does(
    pattern: str,
    holds: bool,  # noqa: FBT001
) -> None:
    off = RuleSettings((setting(None, pattern),))
    assert (judged(off) is None) is holds


def test_no_pattern_takes_for_ever() -> None:
    """Who writes a project file may be anyone: there is no way that is tried twice."""
    pattern = "/".join(["**", "*a*a*a*a*a*a*b"] * 40)
    long = Finding("x", Severity.INFO, "said", Place("a" * 90 + "/" + "a/" * 80 + "c"))
    one = RuleSetting("x", None, "why", (pattern,))
    assert RuleSettings((one,)).judge(long, "", frozenset()) is long


def test_of_several_entries_the_last_that_holds_counts() -> None:
    entries = (
        setting(None),
        setting(Severity.ERROR, "districts/west/*"),
        setting(Severity.INFO, "districts/east/*"),
    )
    assert judged(RuleSettings(entries)) is Severity.ERROR
    assert judged(RuleSettings(entries[:1])) is None


def test_a_label_is_one_of_the_districts() -> None:
    rural = RuleSettings((setting(None, label="rural"),))
    assert judged(rural) is Severity.WARNING
    assert judged(rural, labels=frozenset(["rural", "small"])) is None


@pytest.mark.parametrize("severity", SEVERITIES)
def test_an_error_stays_one_whatever_the_project_says(
    severity: Severity | None,
) -> None:
    error = Finding("home-phone-for-texts", Severity.ERROR, "said", Place(FILE))
    assert judged(RuleSettings((setting(severity),)), error) is Severity.ERROR


@pytest.mark.parametrize(("then", "now"), [*product(SEVERITIES, SEVERITIES)])
def test_of_before_and_now_the_stricter_counts(
    then: Severity | None, now: Severity | None
) -> None:
    both = RuleSettings((setting(now),), before=RuleSettings((setting(then),)))
    alone = [judged(RuleSettings((setting(one),))) for one in (then, now)]
    ranks = [9 if one is None else one.rank for one in alone]
    found = judged(both)
    assert (9 if found is None else found.rank) == min(ranks)


def looser(then: list[RuleSetting], now: list[RuleSetting]) -> list[str]:
    usual = {"home-phone-for-texts": Severity.WARNING}
    after, before = RuleSettings(tuple(now)), RuleSettings(tuple(then))
    return [*after.looser_than(before, usual)]


def test_what_a_change_loosens_is_told_with_what_was_before() -> None:
    assert looser([], [setting(None, "districts/west")]) == [
        "home-phone-for-texts was warning, and is off in districts/west"
    ]
    assert looser([setting(Severity.ERROR)], []) == [
        "home-phone-for-texts was error, and is warning"
    ]
    assert looser([setting(Severity.ERROR)], [setting(Severity.INFO)])
    assert looser([setting(None, "a")], [setting(None, "a", "b")])
    assert looser([setting(None), setting(Severity.ERROR)],
                  [setting(Severity.ERROR), setting(None)])  # fmt: skip


def test_what_is_stricter_or_the_same_is_not_told() -> None:
    assert looser([], [setting(Severity.ERROR)]) == []
    assert looser([setting(None)], []) == []
    assert looser([setting(None)], [setting(Severity.INFO)]) == []
    again = RuleSetting("home-phone-for-texts", None, "other words", line=9)
    assert looser([setting(None)], [again]) == []


def known(*findings: Finding, districts: dict[str, str] | None = None) -> KnownFindings:
    keys = [known_as(one, districts or {FILE: "lakeview-usd"}) for one in findings]
    return KnownFindings({key: tuple(one.severity for one in findings) for key in keys})


def test_a_finding_is_known_wherever_its_line_and_its_file_are() -> None:
    moved = Finding(
        "home-phone-for-texts",
        Severity.WARNING,
        "in other words",
        Place("districts/east/lakeview-usd.yaml", 40, 7, text="[Home]"),
    )
    new, put_off = known(WARNING).split(
        [moved], {"districts/east/lakeview-usd.yaml": "lakeview-usd"}
    )
    assert (new, put_off) == ([], [moved])


@pytest.mark.parametrize(
    "other",
    [
        replace(WARNING, rule="other-rule"),
        replace(WARNING, place=Place(FILE, text="[]")),
        replace(WARNING, severity=Severity.ERROR),
        replace(WARNING, path=("settings", "phone_types")),
    ],
    ids=["rule", "content", "graver", "path"],
)
def test_what_is_another_finding_is_new(other: Finding) -> None:
    new, put_off = known(WARNING).split([other], {FILE: "lakeview-usd"})
    assert (new, put_off) == ([other], [])


def test_one_more_of_the_same_is_new() -> None:
    twice = [WARNING, WARNING]
    new, put_off = known(WARNING).split(twice, {FILE: "lakeview-usd"})
    assert (len(new), len(put_off)) == (1, 1)


def test_an_error_has_to_be_known_from_before_a_change_as_well() -> None:
    error = Finding("r", Severity.ERROR, "said", Place(FILE))
    keys = {FILE: "lakeview-usd"}
    now = KnownFindings(known(error).entries, before=KnownFindings())
    assert now.split([error], keys) == ([error], [])
    same = KnownFindings(known(error).entries, before=known(error))
    assert same.split([error], keys) == ([], [error])


def test_what_is_gone_is_only_what_was_looked_at() -> None:
    held, keys = known(WARNING), {FILE: "lakeview-usd"}
    ran = frozenset(["home-phone-for-texts"])
    there = frozenset(["lakeview-usd"])
    assert len(held.gone([], keys, there, ran)) == 1
    assert len(held.gone([WARNING], keys, there, ran)) == 0
    assert len(held.gone([], keys, frozenset(), ran)) == 0
    assert len(held.gone([], keys, there, frozenset())) == 0
    assert held.without(held.gone([], keys, there, ran)).entries == {}


def test_a_baseline_holds_what_can_fail_and_can_be_allowed() -> None:
    info = Finding("r", Severity.INFO, "said", Place(FILE))
    error = Finding("r", Severity.ERROR, "said", Place(FILE))
    assert worth_knowing(WARNING, allowable=False)
    assert not worth_knowing(info, allowable=True)
    assert worth_knowing(error, allowable=True)
    assert not worth_knowing(error, allowable=False)
