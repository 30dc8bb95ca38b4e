from __future__ import annotations

from datetime import date
from pathlib import Path

from connectsync.config.discovery import discover
from connectsync.config.fleet import Fleet, load_fleet
from connectsync.domain.finding import ValidationReport
from connectsync.operations.checking import ValidationOptions
from connectsync.operations.validate import validate_fleet

TODAY = date(2027, 1, 15)
WHOLE = ValidationOptions(today=TODAY, whole_fleet=True)

DISTRICT = """\
schema: 1
district: {key}
name: {key}
profile: standard
credentials: {{district_id: {identity}, oauth_token: env:{token}}}
facts: {{setup_step: 5, self_check_done: false, guardians_from: clever}}
"""

STANDARD = """\
schema: 1
settings: {enable_daily_sync: false}
"""


def write(root: Path, name: str, text: str) -> None:
    path = root / "districts" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def district(root: Path, key: str, *, identity: str = "", variable: str = "") -> None:
    identity = identity or f"58da8a43cc70ab00017a1a{len(key):02x}"
    text = DISTRICT.format(key=key, identity=identity, token=variable or f"T{len(key)}")
    write(root, f"{key}.yaml", text)


def fleet(root: Path) -> Fleet:
    files = discover(root, ["districts"]).files
    return load_fleet(root, files, districts_dir=root / "districts")


def rules(report: ValidationReport) -> list[tuple[str, str]]:
    return [(one.rule, one.place.file) for one in report.findings]


def test_a_finding_in_a_profile_is_told_once_with_the_districts_it_reaches(
    tmp_path: Path,
) -> None:
    phones = "schema: 1\nsettings: {phone_types: [Cell, Home]}\n"
    write(tmp_path, "_profiles/standard.yaml", phones)
    for key in ("a", "bb", "ccc"):
        district(tmp_path, key)
    asked = ValidationOptions(today=TODAY, select=frozenset(["two-phone-types"]))
    (finding,) = validate_fleet(fleet(tmp_path), asked).findings
    assert finding.place.file == "districts/_profiles/standard.yaml"
    assert (finding.place.line, finding.place.column) == (2, 25)
    assert finding.districts == ("a", "bb", "ccc")


def test_a_finding_about_two_districts_stands_in_both(tmp_path: Path) -> None:
    write(tmp_path, "_profiles/standard.yaml", STANDARD)
    district(tmp_path, "a", identity="58da8a43cc70ab00017a1a99")
    district(tmp_path, "bb", identity="58da8a43cc70ab00017a1a99")
    report = validate_fleet(fleet(tmp_path), WHOLE)
    assert rules(report) == [
        ("district-id-in-two-files", "districts/a.yaml"),
        ("district-id-in-two-files", "districts/bb.yaml"),
    ]
    assert report.findings[0].place.line == 5


def test_what_only_the_whole_fleet_shows_is_not_said_of_a_part(tmp_path: Path) -> None:
    write(tmp_path, "_profiles/standard.yaml", STANDARD)
    district(tmp_path, "a", variable="SAME")
    district(tmp_path, "bb", variable="SAME")
    assert rules(validate_fleet(fleet(tmp_path), ValidationOptions(today=TODAY))) == []


def test_a_profile_that_nobody_uses_is_told_in_the_profile(tmp_path: Path) -> None:
    write(tmp_path, "_profiles/standard.yaml", STANDARD)
    write(tmp_path, "_profiles/spare.yaml", STANDARD)
    district(tmp_path, "a")
    report = validate_fleet(fleet(tmp_path), WHOLE)
    assert rules(report) == [("unused-profile", "districts/_profiles/spare.yaml")]


def test_nobody_uses_a_profile_is_not_said_while_a_file_cannot_be_read(
    tmp_path: Path,
) -> None:
    write(tmp_path, "_profiles/standard.yaml", STANDARD)
    district(tmp_path, "a")
    write(tmp_path, "a.yaml", "schema: 1\nprofile: standard\nnmae: x\n")
    report = validate_fleet(fleet(tmp_path), WHOLE)
    assert "unused-profile" not in {one.rule for one in report.findings}


def test_a_rule_that_was_not_asked_for_says_nothing(tmp_path: Path) -> None:
    write(tmp_path, "_profiles/standard.yaml", STANDARD)
    write(tmp_path, "_profiles/spare.yaml", STANDARD)
    write(tmp_path, "a.yaml", "schema: 1\n")
    ignore = frozenset(["missing-key", "unused-profile"])
    asked = ValidationOptions(today=TODAY, ignore=ignore, whole_fleet=True)
    assert rules(validate_fleet(fleet(tmp_path), asked)) == []


def test_what_is_allowed_is_set_apart_and_what_ran_out_is_not(tmp_path: Path) -> None:
    write(tmp_path, "_profiles/standard.yaml", STANDARD)
    district(tmp_path, "a")
    allow = (
        "settings: {phone_types: [Home]}\n"
        "allow: [{rule: home-phone-for-texts, reason: landlines, until: 2027-06-30}]\n"
    )
    write(tmp_path, "a.yaml", (tmp_path / "districts/a.yaml").read_text() + allow)
    select = frozenset(["home-phone-for-texts", "allow-expired"])
    during = validate_fleet(
        fleet(tmp_path), ValidationOptions(today=TODAY, select=select)
    )
    assert rules(during) == []
    assert [one.reason for one in during.allowed] == ["landlines"]
    late = ValidationOptions(today=date(2027, 7, 1), select=select)
    after = validate_fleet(fleet(tmp_path), late)
    assert [one.rule for one in after.findings] == [
        "home-phone-for-texts",
        "allow-expired",
    ]
    assert after.allowed == ()
