from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from connectsync.config.discovery import discover
from connectsync.config.fleet import Fleet, load_fleet, load_text
from connectsync.domain.district import (
    Allow,
    CleverShares,
    ContactDetailsKeptIn,
    Credentials,
    Facts,
    GuardiansCsv,
    GuardiansFrom,
)
from connectsync.domain.finding import Place
from connectsync.domain.schedule import Days
from connectsync.providers.clever import (
    ContactRelationship,
    ContactType,
    Permission,
    PhoneType,
    Settings,
    StudentId,
)

Write = Callable[[str, str], Path]
FOLDER = Path("districts")
BY_HAND = "sections_archived_by_hand"
WHOLE = """\
schema: 1
district: lakeview
name: Lakeview Unified
provider: clever
labels: [early-adopter, k12]
credentials: {district_id: abc, oauth_token: env:T}
facts:
  setup_step: 5.0
  self_check_done: true
  guardians_from: guardians_csv
  guardians_csv: {file_name: guardians.csv, level: district, encoding: UTF-8}
  contact_details_kept_in: connect
  clever_shares: {contacts: true, contact_types: [Family], contact_relationships: []}
  sections_archived_by_hand: false
  profile_update_requests: true
  rollover: {from: 2027-06-15, to: 2027-06-15}
  tried_to_archive: 34
settings:
  enable_daily_sync: false
  student_id: STUDENT NUMBER
  archived_students: a label
  manage_guardians: true
  unarchive_classrooms: false
  update_active_users: false
  contact_types: [Parent/Guardian, Other]
  contact_relationships: [Self]
  phone_types: [Cell, Home]
  deletion_threshold: 15
  permissions: [Family Access]
allow:
  - {rule: x, reason: y, until: 2027-06-30}
"""


def _load(root: Path, *arguments: str) -> Fleet:
    files = discover(root, arguments or ("districts",)).files
    return load_fleet(root, files, districts_dir=FOLDER)


def _rules(fleet: Fleet) -> list[tuple[str, str, int]]:
    places = [(item.rule, item.place.file, item.place.line) for item in fleet.findings]
    return sorted(places)


def test_every_key_of_a_file_reaches_the_domain(tmp_path: Path, write: Write) -> None:
    write("districts/lakeview.yaml", WHOLE)
    fleet = _load(tmp_path)
    assert fleet.findings == ()
    (loaded,) = fleet.districts
    district = loaded.district
    assert (district.key, district.name) == ("lakeview", "Lakeview Unified")
    assert district.credentials == Credentials("abc", "env:T")
    assert district.facts == Facts(
        setup_step=5,
        self_check_done=True,
        guardians_from=GuardiansFrom.GUARDIANS_CSV,
        guardians_csv=GuardiansCsv("guardians.csv", "district", encoding="UTF-8"),
        contact_details_kept_in=ContactDetailsKeptIn.CONNECT,
        clever_shares=CleverShares(
            contacts=True,
            contact_types=frozenset({ContactType.FAMILY}),
            contact_relationships=frozenset(),
        ),
        sections_archived_by_hand=False,
        profile_update_requests=True,
        rollover=Days(date(2027, 6, 15), date(2027, 6, 15)),
        tried_to_archive=34,
    )
    assert isinstance(district.facts.setup_step, int)
    assert district.settings == Settings(
        enable_daily_sync=False,
        student_id=StudentId.STUDENT_NUMBER,
        archived_students="a label",
        manage_guardians=True,
        unarchive_classrooms=False,
        update_active_users=False,
        contact_types=frozenset({ContactType.PARENT_GUARDIAN, ContactType.OTHER}),
        contact_relationships=frozenset({ContactRelationship.SELF}),
        phone_types=frozenset({PhoneType.CELL, PhoneType.HOME}),
        deletion_threshold=15,
        permissions=frozenset({Permission.FAMILY_ACCESS}),
    )
    assert district.allow == (Allow("x", "y", date(2027, 6, 30)),)
    assert district.labels == {"early-adopter", "k12"}


def test_labels_are_the_districts_own_and_no_profile_gives_any(
    tmp_path: Path, write: Write
) -> None:
    write("districts/_profiles/base.yaml", "schema: 1\nlabels: [early-adopter]\n")
    write("districts/a.yaml", "profile: base\n")
    write("districts/b.yaml", "label: [early-adopter]\n")
    fleet = _load(tmp_path)
    profile, own = fleet.findings
    assert (profile.rule, profile.path) == ("unknown-key", ("labels",))
    assert own.hint.startswith("did you mean 'labels'?")
    assert fleet.districts == ()


def test_later_profiles_win_and_the_district_wins_over_all(
    tmp_path: Path, write: Write
) -> None:
    write(
        "districts/_profiles/base.yaml",
        "schema: 1\nfacts: {sections_archived_by_hand: false}\n"
        "settings: {deletion_threshold: 1, manage_guardians: true}\n",
    )
    write(
        "districts/_profiles/one.yaml",
        "schema: 1\nprofile: base\nsettings: {deletion_threshold: 2}\n",
    )
    write(
        "districts/_profiles/two.yml",
        "schema: 1\nprofile: [base]\nprovider: clever\n"
        "facts: {sections_archived_by_hand: true}\n",
    )
    write(
        "districts/a.yaml",
        "profile: [one, two]\nsettings: {manage_guardians: null, student_id: null}\n",
    )
    fleet = _load(tmp_path)
    assert fleet.findings == ()
    (loaded,) = fleet.districts
    assert loaded.district.profiles == ("one", "two")
    # `base` stands under `one`; that `two` builds on it too does not bring it back
    assert loaded.district.settings == Settings(deletion_threshold=2)
    assert loaded.district.facts == Facts(sections_archived_by_hand=True)
    assert [layer.file.rpartition("/")[2] for layer in loaded.layers] == [
        "base.yaml",
        "one.yaml",
        "two.yml",
        "a.yaml",
    ]
    assert fleet.shelf.named == {"base": (), "one": ("base",), "two": ("base",)}
    assert fleet.files == (
        "districts/_profiles/base.yaml",
        "districts/_profiles/one.yaml",
        "districts/_profiles/two.yml",
        "districts/a.yaml",
    )
    assert _at(loaded.locate(("settings", "deletion_threshold"))) == ("one.yaml", 3, 32)
    assert _at(loaded.origin(("settings", "deletion_threshold"))) == ("one.yaml", 3, 12)
    assert _at(loaded.origin(("facts", BY_HAND))) == ("two.yml", 4, 9)
    assert _at(loaded.locate(("settings", "manage_guardians"))) == ("a.yaml", 5, 30)
    assert _at(loaded.locate(("settings", "phone_types"))) == ("a.yaml", 5, 1)
    assert _at(loaded.locate(("facts", "rollover", "to"))) == ("a.yaml", 1, 1)
    assert _at(loaded.locate(("provider",))) == ("two.yml", 3, 11)


def _at(place: Place) -> tuple[str, int, int]:
    return place.file.rpartition("/")[2], place.line, place.column


def test_missing_profiles_are_told_where_they_are_named(
    tmp_path: Path, write: Write
) -> None:
    write("districts/_profiles/clever.yaml", "schema: 1\nprofile: bse\n")
    write("districts/a.yaml", "profile: [clever, clevr]\n")
    write("districts/b.yaml", "profile: clever\n")
    write("districts/c.yaml", "profile: nowhere\n")
    fleet = _load(tmp_path)
    assert fleet.districts == ()
    assert _rules(fleet) == [
        ("missing-profile", "districts/_profiles/clever.yaml", 2),
        ("missing-profile", "districts/a.yaml", 4),
        ("missing-profile", "districts/c.yaml", 4),
    ]
    by_file = {finding.place.file: finding for finding in fleet.findings}
    assert by_file["districts/_profiles/clever.yaml"].districts == ("a", "b")
    assert by_file["districts/a.yaml"].path == ("profile", 1)
    assert by_file["districts/a.yaml"].hint == "did you mean 'clever'?"
    assert by_file["districts/c.yaml"].path == ("profile",)


def test_every_circle_of_profiles_is_told_once(tmp_path: Path, write: Write) -> None:
    for stem, base in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "d"), ("e", "a")):
        write(f"districts/_profiles/{stem}.yaml", f"schema: 1\nprofile: {base}\n")
    write("districts/x.yaml", "profile: e\n")
    write("districts/y.yaml", "profile: d\n")
    write("districts/z.yaml", "")
    fleet = _load(tmp_path)
    assert [finding.message for finding in fleet.findings] == [
        "profiles build on each other in a circle: 'a' → 'b' → 'c' → 'a'",
        "profiles build on each other in a circle: 'd' → 'd'",
    ]
    assert [finding.districts for finding in fleet.findings] == [("x",), ("y",)]
    assert [loaded.district.key for loaded in fleet.districts] == ["z"]


@pytest.mark.parametrize(
    "fact", ["setup_step: 7", "self_check_done: true", "tried_to_archive: 34"]
)
def test_a_profile_cannot_state_what_is_true_of_one_district(
    fact: str, tmp_path: Path, write: Write
) -> None:
    write("districts/_profiles/std.yaml", f"schema: 1\nfacts: {{{fact}}}\n")
    write("districts/a.yaml", "profile: std\n")
    write("districts/b.yaml", f"facts: {{{fact}}}\n")
    fleet = _load(tmp_path)
    (finding,) = fleet.findings
    assert finding.rule == "district-fact-in-profile"
    assert finding.place.file == "districts/_profiles/std.yaml"
    assert finding.districts == ("a",)
    name = fact.partition(":")[0]
    assert finding.message.startswith(f"'{name}' is true of one district")
    assert finding.hint == "write it in the file of each district that it is true of"
    assert [loaded.district.key for loaded in fleet.districts] == ["b"]


def test_a_profile_may_take_back_such_a_fact(tmp_path: Path, write: Write) -> None:
    write("districts/_profiles/std.yaml", "schema: 1\nfacts: {setup_step: null}\n")
    write("districts/a.yaml", "profile: std\nfacts: {setup_step: 7}\n")
    fleet = _load(tmp_path)
    assert fleet.findings == ()
    assert fleet.districts[0].district.facts.setup_step == 7


def test_a_long_chain_of_profiles_is_no_trouble(tmp_path: Path, write: Write) -> None:
    write(
        "districts/_profiles/p0.yaml",
        "schema: 1\nfacts: {profile_update_requests: true}\n",
    )
    for step in range(1, 1200):
        name = f"districts/_profiles/p{step}.yaml"
        write(name, f"schema: 1\nprofile: p{step - 1}\n")
    write("districts/a.yaml", "profile: p1199\n")
    fleet = _load(tmp_path)
    assert fleet.findings == ()
    assert fleet.districts[0].district.facts.profile_update_requests


def test_a_broken_profile_is_told_once_and_stops_all_that_build_on_it(
    tmp_path: Path, write: Write
) -> None:
    write(
        "districts/_profiles/bad.yaml", "schema: 1\nsettings: {phone_types: [cell]}\n"
    )
    write("districts/_profiles/torn.yaml", "schema: 1\nsettings: [\n")
    write("districts/_profiles/over.yaml", "schema: 1\nprofile: bad\n")
    write("districts/a.yaml", "profile: over\n")
    write("districts/b.yaml", "profile: torn\n")
    write("districts/c.yaml", "")
    fleet = _load(tmp_path)
    assert _rules(fleet) == [
        ("unknown-label", "districts/_profiles/bad.yaml", 2),
        ("yaml-syntax", "districts/_profiles/torn.yaml", 2),
    ]
    assert [finding.districts for finding in fleet.findings] == [("a",), ("b",)]
    assert [loaded.district.key for loaded in fleet.districts] == ["c"]


def test_a_profile_in_two_files_is_an_error(tmp_path: Path, write: Write) -> None:
    write("districts/_profiles/p.yaml", "schema: 1\n")
    write("districts/_profiles/p.yml", "schema: 1\n")
    write("districts/_profiles/.hidden.yaml", "[")
    write("districts/_profiles/readme.md", "[")
    write("districts/a.yaml", "")
    assert _rules(_load(tmp_path)) == [
        ("duplicate-key", "districts/_profiles/p.yml", 1)
    ]


def test_a_profile_as_argument_brings_in_whoever_builds_on_it(
    tmp_path: Path, write: Write
) -> None:
    write("districts/_profiles/base.yaml", "schema: 1\n")
    write("districts/_profiles/mid.yaml", "schema: 1\nprofile: base\n")
    write("districts/_profiles/other.yaml", "schema: 1\n")
    write("districts/ca/a.yaml", "profile: mid\n")
    write("districts/ca/b.yaml", "profile: [base]\n")
    write("districts/c.yaml", "profile: other\n")
    write("districts/d.yaml", 'profile: "b\\x61se"\n')
    write("districts/base-only-in-text.yaml", "# base\n")
    write("districts/torn.yaml", "profile: base\n  [")
    (tmp_path / "districts/big.yaml").write_bytes(b"base" * (1 << 19))
    fleet = _load(tmp_path, "districts/_profiles/base.yaml", "districts/c.yaml")
    assert [loaded.district.key for loaded in fleet.districts] == ["c", "a", "b", "d"]
    fleet = _load(tmp_path, "districts/_profiles/mid.yaml")
    assert [loaded.district.key for loaded in fleet.districts] == ["a"]


def test_only_profiles_that_are_built_on_count_where_not_all_are_asked_for(
    tmp_path: Path, write: Write
) -> None:
    write("districts/_profiles/base.yaml", "schema: 1\n")
    write("districts/_profiles/mid.yaml", "schema: 1\nprofile: base\n")
    write("districts/_profiles/torn.yaml", "schema: [")
    own = write("districts/a.yaml", "profile: mid\n")
    every = load_fleet(tmp_path, [own], districts_dir=FOLDER)
    few = load_fleet(tmp_path, [own], districts_dir=FOLDER, every_profile=False)
    assert [finding.rule for finding in every.findings] == ["yaml-syntax"]
    assert len(every.files) == 4
    assert few.findings == ()
    assert few.files == (
        "districts/_profiles/base.yaml",
        "districts/_profiles/mid.yaml",
        "districts/a.yaml",
    )
    torn = tmp_path / "districts/_profiles/torn.yaml"
    asked = load_fleet(tmp_path, [torn], districts_dir=FOLDER, every_profile=False)
    assert [finding.rule for finding in asked.findings] == ["yaml-syntax"]


def test_a_fleet_is_complete_when_every_file_became_a_district(
    tmp_path: Path, write: Write
) -> None:
    write("districts/_profiles/base.yaml", "schema: 1\n")
    write("districts/a.yaml", "")
    assert _load(tmp_path).complete
    write("districts/b.yaml", "[")
    assert not _load(tmp_path).complete


def test_a_text_is_laid_over_the_projects_profiles(
    tmp_path: Path, write: Write
) -> None:
    write(
        "districts/_profiles/p.yaml",
        "schema: 1\nfacts: {profile_update_requests: true}\n",
    )
    raw = b"schema: 1\ndistrict: x\nname: X\nprofile: p\n"
    fleet = load_text("<stdin>", raw, project_root=tmp_path, districts_dir=FOLDER)
    assert fleet.districts[0].district.facts.profile_update_requests
    assert fleet.districts[0].file == "<stdin>"
    torn = load_text("<stdin>", b"[", project_root=tmp_path, districts_dir=FOLDER)
    assert _rules(torn) == [("yaml-syntax", "<stdin>", 1)]


def test_without_a_profile_folder_there_are_no_profiles(
    tmp_path: Path, write: Write
) -> None:
    write("districts/a.yaml", "profile: p\n")
    assert _rules(_load(tmp_path)) == [("missing-profile", "districts/a.yaml", 4)]


@pytest.mark.parametrize("word", ["5", "{a: b}", "[[x]]"])
def test_a_profile_key_of_any_kind_gives_findings(
    tmp_path: Path, write: Write, word: str
) -> None:
    write("districts/_profiles/p.yaml", f"schema: 1\nprofile: {word}\n")
    write("districts/a.yaml", f"profile: {word}\n")
    fleet = _load(tmp_path)
    assert {finding.rule for finding in fleet.findings} == {"wrong-type"}
    assert fleet.districts == ()


def test_the_order_of_files_changes_nothing(tmp_path: Path, write: Write) -> None:
    write("districts/a.yaml", "")
    write("districts/b.yaml", "x: 1\n")
    one = _load(tmp_path, "districts/a.yaml", "districts/b.yaml")
    other = _load(tmp_path, "districts/b.yaml", "districts/a.yaml", "districts/a.yaml")
    assert one.findings == other.findings
    assert one.districts == other.districts
