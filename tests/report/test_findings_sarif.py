"""SARIF as its standard wants it, and as code scanning on GitHub takes it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hostile import wicked_report
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from markdown_it import MarkdownIt

from connectsync.config.discovery import discover
from connectsync.config.fleet import load_fleet
from connectsync.domain.finding import (
    AllowedFinding,
    Finding,
    Place,
    Severity,
    ValidationReport,
    with_fingerprints,
)
from connectsync.operations.checking import ValidationOptions
from connectsync.operations.validate import validate_fleet
from connectsync.report.sarif import ROOM, SarifLimits, findings_sarif
from connectsync.rules.catalogue import pages

SCHEMA = json.loads(
    (Path(__file__).parent / "schemas" / "sarif-2.1.0.schema.json").read_text("utf-8")
)
VALID = Draft7Validator(SCHEMA, format_checker=Draft7Validator.FORMAT_CHECKER)
RULES = [page for page in pages() if page.subject != "plan"]
PLACE = Place("districts/elm.yaml", 4, 3, 4, 9, text="Home", line_text="  - Home")
FOUND = Finding(
    "home-phone-for-texts",
    Severity.WARNING,
    "phone type 'Home' is never texted",
    PLACE,
    ("settings", "phone_types", 0),
    hint="choose 'Cell'",
)
UNTIL = date(2027, 6, 30)


def run(
    *found: Finding,
    allowed: tuple[AllowedFinding, ...] = (),
    files: dict[str, str] | None = None,
    room: SarifLimits = ROOM,
) -> dict[str, Any]:
    report = ValidationReport(3, with_fingerprints(found), allowed)
    text = findings_sarif(report, RULES, version="1.2.3", files=files, room=room)
    log: dict[str, Any] = json.loads(text)
    assert not [error.message for error in VALID.iter_errors(log)]
    (only,) = log["runs"]
    return dict(only)


def result(*found: Finding, **given: Any) -> dict[str, Any]:
    (only,) = run(*found, **given)["results"]
    return dict(only)


def test_the_schema_is_the_official_one() -> None:
    assert SCHEMA["$id"].endswith(
        "oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"
    )
    assert not VALID.is_valid({"version": "2.1.0", "runs": [{}]})
    assert not VALID.is_valid({"version": "2.0.0", "runs": []})


def test_a_hostile_fleet_is_valid_sarif_all_the_same() -> None:
    text = findings_sarif(wicked_report(), RULES, version="1")
    assert not [error.message for error in VALID.iter_errors(json.loads(text))]


def test_every_rule_that_can_be_found_is_described() -> None:
    described = run()["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in described] == sorted(page.name for page in RULES)
    levels = {"error": "error", "warning": "warning", "info": "note"}
    by_name = {page.name: page for page in RULES}
    for rule in described:
        page = by_name[rule["id"]]
        assert rule["defaultConfiguration"]["level"] == levels[page.severity]
        assert rule["shortDescription"]["text"] == page.summary
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert page.bad.strip() in rule["help"]["markdown"]
        assert rule["help"]["text"].startswith(f"{page.name}  ")
        assert "helpUri" not in rule, "no page of ours is published"
        # the standard forbids HTML, whoever reads
        parsed = MarkdownIt("commonmark").parse(rule["help"]["markdown"])
        tokens = [*parsed, *(one for each in parsed for one in each.children or ())]
        assert not [one for one in tokens if one.type.startswith("html")]


def test_a_result_points_at_its_rule_and_its_place() -> None:
    one = run(FOUND)
    (found,) = one["results"]
    rule = one["tool"]["driver"]["rules"][found["ruleIndex"]]
    assert rule["id"] == found["ruleId"] == "home-phone-for-texts"
    assert found["level"] == "warning"
    assert found["message"]["text"] == (
        "phone type 'Home' is never texted\n\nHelp: choose 'Cell'"
    )
    assert found["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {
                    "uri": "districts/elm.yaml",
                    "uriBaseId": "%SRCROOT%",
                },
                "region": {
                    "startLine": 4,
                    "startColumn": 3,
                    "endLine": 4,
                    "endColumn": 9,
                },
            },
            "logicalLocations": [
                {
                    "fullyQualifiedName": "settings.phone_types[0]",
                    "kind": "property",
                }
            ],
        }
    ]
    assert one["columnKind"] == "unicodeCodePoints"
    assert one["originalUriBaseIds"].keys() == {"%SRCROOT%"}


def test_a_place_without_an_end_has_none() -> None:
    bare = replace(FOUND, place=Place("a.yaml", 7, 2))
    region = result(bare)["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 7, "startColumn": 2}


def test_a_rule_that_is_not_described_has_no_index() -> None:
    assert "ruleIndex" not in result(replace(FOUND, rule="of-tomorrow"))


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("districts/ca/elm.yaml", "districts/ca/elm.yaml"),
        ("a b.yaml", "a%20b.yaml"),
        ("a:b.yaml", "a%3Ab.yaml"),
        ("100%.yaml", "100%25.yaml"),
        ("松.yaml", "%E6%9D%BE.yaml"),
        ("a#b?c.yaml", "a%23b%3Fc.yaml"),
        ("<stdin>", "%3Cstdin%3E"),
    ],
)
def test_paths_are_encoded_as_addresses_want_it(file: str, uri: str) -> None:
    moved = replace(FOUND, place=replace(PLACE, file=file))
    location = result(moved)["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location["uri"] == uri
    assert unquote(uri) == file


def test_a_finding_in_a_profile_links_the_districts_that_it_reaches() -> None:
    keys = tuple(f"d{number}" for number in range(8))
    shared = replace(FOUND, districts=keys)
    found = result(shared, files={"d0": "districts/d0.yaml", "d2": "districts/d2.yaml"})
    assert found["message"]["text"].endswith(
        "Reaches [d0](1), d1, [d2](2), d3, d4 and 3 more."
    )
    related = found["relatedLocations"]
    assert [
        (one["id"], one["physicalLocation"]["artifactLocation"]["uri"])
        for one in related
    ] == [(1, "districts/d0.yaml"), (2, "districts/d2.yaml")]


def allow(finding: Finding, reason: str = "landlines only") -> AllowedFinding:
    return AllowedFinding(finding, reason, UNTIL)


def test_what_is_allowed_is_there_and_suppressed_with_its_reason() -> None:
    found = result(allowed=(allow(FOUND),))
    assert found["suppressions"] == [
        {
            "kind": "inSource",
            "status": "accepted",
            "justification": "landlines only (until 2027-06-30)",
        }
    ]


def fingerprint(found: dict[str, Any]) -> str:
    return str(found["partialFingerprints"]["connectsync/v1"])


def test_allowing_a_finding_does_not_make_it_another() -> None:
    assert fingerprint(result(FOUND)) == fingerprint(result(allowed=(allow(FOUND),)))


def test_a_district_that_allows_what_another_does_not_hides_nothing() -> None:
    """Both are of one place in a profile: it must not look allowed for all."""
    theirs = replace(FOUND, districts=("elm",))
    ours = replace(FOUND, districts=("oak",))
    found = run(theirs, allowed=(allow(ours),))["results"]
    assert ["suppressions" in one for one in found] == [False, True]
    assert len(set(map(fingerprint, found))) == 2


def test_repeats_that_are_allowed_have_fingerprints_of_their_own() -> None:
    again = replace(FOUND, place=replace(PLACE, line=9, end_line=9))
    found = run(allowed=(allow(FOUND), allow(again)))["results"]
    assert len(set(map(fingerprint, found))) == 2


DISTRICT = """\
schema: 1
district: elm
name: Elm
provider: clever
credentials: {district_id: not-an-id, oauth_token: env:ELM}
facts: {setup_step: 5, self_check_done: false, guardians_from: clever}
settings:
  enable_daily_sync: true
  phone_types: [Home]
allow:
  - {rule: home-phone-for-texts, reason: Landlines only, until: 2027-06-30}
"""


def scanned(root: Path, text: str) -> list[tuple[str, str, int]]:
    """Validate a real file; give rule, fingerprint and line of each result."""
    (root / "districts").mkdir(parents=True, exist_ok=True)
    (root / "districts" / "elm.yaml").write_text(text, "utf-8")
    files = discover(root, ["districts"]).files
    fleet = load_fleet(root, files, districts_dir=root / "districts")
    report = validate_fleet(fleet, ValidationOptions(today=date(2027, 1, 15)))
    log = json.loads(findings_sarif(report, RULES, version="1"))
    return [
        (
            one["ruleId"],
            fingerprint(one),
            one["locations"][0]["physicalLocation"]["region"]["startLine"],
        )
        for one in log["runs"][0]["results"]
    ]


def test_fingerprints_outlive_lines_that_are_put_above(tmp_path: Path) -> None:
    before = scanned(tmp_path, DISTRICT)
    after = scanned(tmp_path, "# a note\n\n# of three lines\n" + DISTRICT)
    assert len({rule for rule, _, _ in before}) > 3
    assert "home-phone-for-texts" in {rule for rule, _, _ in before}
    assert [one[:2] for one in after] == [one[:2] for one in before]
    assert [one[2] for one in after] == [one[2] + 3 for one in before]


def many(count: int, severity: Severity, rule: str) -> list[Finding]:
    return [
        replace(FOUND, rule=rule, severity=severity, place=replace(PLACE, line=line))
        for line in range(1, count + 1)
    ]


MIXED = [
    *many(3, Severity.INFO, "an-info"),
    *many(3, Severity.WARNING, "a-warning"),
    *many(3, Severity.ERROR, "an-error"),
]


def notes(one: dict[str, Any]) -> list[str]:
    (invocation,) = one["invocations"]
    return [
        note["message"]["text"] for note in invocation["toolExecutionNotifications"]
    ]


@pytest.mark.parametrize(
    ("room", "kept"),
    [
        (9, {"error": 3, "warning": 3, "note": 3}),
        (7, {"error": 3, "warning": 3, "note": 1}),
        (4, {"error": 3, "warning": 1}),
        (2, {"error": 2}),
        (0, {}),
    ],
)
def test_what_has_no_room_is_the_least_grave_and_is_counted(
    room: int, kept: dict[str, int]
) -> None:
    one = run(*MIXED, allowed=(allow(FOUND),), room=SarifLimits(room, 10_000_000))
    levels = [each["level"] for each in one["results"]]
    assert {level: levels.count(level) for level in levels} == kept
    (said,) = notes(one)
    left = 10 - room
    assert said.startswith(f"{left} result{'s' if left != 1 else ''} left out")


def test_a_log_is_never_larger_than_it_may_be() -> None:
    report = ValidationReport(3, with_fingerprints(many(400, Severity.ERROR, "a-rule")))
    bare = len(findings_sarif(ValidationReport(0), RULES, version="1"))
    for extra in (1_500, 3_000, 30_000):
        room = SarifLimits(25_000, bare + extra)
        text = findings_sarif(report, RULES, version="1", room=room)
        assert bare < len(text.encode()) <= bare + extra
        (one,) = json.loads(text)["runs"]
        assert int(notes(one)[0].split()[0]) == 400 - len(one["results"])


def test_a_log_that_holds_everything_notes_nothing() -> None:
    assert notes(run(*MIXED)) == []
    assert (ROOM.results, ROOM.characters) == (25_000, 10_000_000)


def test_results_keep_the_order_of_every_report() -> None:
    one = run(*MIXED, room=SarifLimits(5, 10_000_000))
    lines = [
        each["locations"][0]["physicalLocation"]["region"]["startLine"]
        for each in one["results"]
    ]
    assert lines == sorted(lines)


@given(st.randoms())
def test_the_same_findings_are_the_same_bytes(random: Any) -> None:
    shuffled = list(MIXED)
    random.shuffle(shuffled)
    one, other = (
        findings_sarif(ValidationReport(1, with_fingerprints(found)), (), version="1")
        for found in (MIXED, shuffled)
    )
    assert one == other
