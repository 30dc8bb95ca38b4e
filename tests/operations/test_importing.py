"""Live districts become files that say the same, and nothing is lost on the way."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectsync.config.fleet import Fleet, load_fleet
from connectsync.config.profiles import shelf_of
from connectsync.domain.drift import AdoptedDistrict, AdoptionResult, TakenValue
from connectsync.domain.finding import Severity
from connectsync.domain.live import ListedDistrict, Live
from connectsync.domain.settings import SETTINGS, Form
from connectsync.errors import ConnectError, Unreachable
from connectsync.operations.checking import ValidationOptions
from connectsync.operations.import_ import ImportTarget, LiveDistrict, adopt
from connectsync.operations.validate import validate_fleet
from connectsync.providers.form import Kind, Setting, Value

READ = datetime(2027, 1, 15, 10, tzinfo=UTC)
LIVE: dict[str, Value] = {
    "district_id": "58da8a43cc70ab00017a1a87",
    "student_id": "STUDENT ID",
    "archived_students": "Leave archived",
    "enable_daily_sync": True,
    "manage_guardians": True,
    "unarchive_classrooms": False,
    "update_active_users": False,
    "contact_types": frozenset({"Parent/Guardian"}),
    "contact_relationships": frozenset({"Parent"}),
    "phone_types": frozenset({"Cell"}),
    "deletion_threshold": 15,
    "permissions": frozenset({"Family Access"}),
}
PROFILES = {
    "a-empty": "schema: 1\nfacts: {guardians_from: clever}\n",
    "b-texting": (
        "schema: 1\nprovider: clever\nsettings:\n  manage_guardians: true\n"
        "  phone_types: [Cell]\n  deletion_threshold: 20\n"
    ),
    "c-texting-too": "schema: 1\nprofile: b-texting\n",
    "d-broken": "schema: 1\nsettings: {phone_types: [Mobile]}\n",
    "e-on-broken": "schema: 1\nprofile: d-broken\nsettings: {student_id: STUDENT ID}\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    profiles = tmp_path / "districts" / "_profiles"
    profiles.mkdir(parents=True)
    for stem, text in PROFILES.items():
        (profiles / f"{stem}.yaml").write_text(text, "utf-8")
    return tmp_path


def fleet(root: Path) -> Fleet:
    files = sorted((root / "districts").glob("*.yaml"))
    return load_fleet(root, files, districts_dir=Path("districts"))


def home(root: Path, *, profile: str = "") -> ImportTarget:
    districts = root / "districts"
    there = fleet(root) if list(districts.glob("*.yaml")) else None
    shelf = shelf_of(root, districts)
    return ImportTarget(root, districts, districts, shelf, there, profile)


def found(key: str = "elm", name: str = "Elm Grove", **settings: Value) -> LiveDistrict:
    return holding(LIVE | settings, key, name)


def holding(form: Form, key: str = "elm", name: str = "Elm Grove") -> LiveDistrict:
    return LiveDistrict(ListedDistrict(key, name), Live(key, "1", form, READ))


def imported(
    root: Path, *lives: LiveDistrict, profile: str = "", write: bool = True
) -> Sequence[AdoptedDistrict]:
    return tuple(adopt(lives, home(root, profile=profile), write=write))


def text(root: Path, key: str = "elm") -> str:
    return (root / "districts" / f"{key}.yaml").read_text("utf-8")


def test_a_new_file_states_only_what_its_profile_does_not(root: Path) -> None:
    (adopted,) = imported(root, found())
    assert adopted == AdoptedDistrict(
        "elm", AdoptionResult.MADE, "districts/elm.yaml", profile="b-texting", own=9
    )
    assert text(root) == (
        "# yaml-language-server: $schema=../schema/district.schema.json\n"
        "schema: 1\n"
        "district: elm\n"
        "name: Elm Grove\n"
        "profile: b-texting\n"
        "credentials:\n"
        "  district_id: 58da8a43cc70ab00017a1a87\n"
        "  oauth_token: env:CONNECTSYNC_DISTRICT_ELM_TOKEN\n"
        "settings:\n"
        "  enable_daily_sync: true\n"
        "  student_id: STUDENT ID\n"
        "  archived_students: Leave archived\n"
        "  unarchive_classrooms: false\n"
        "  update_active_users: false\n"
        "  contact_types: [Parent/Guardian]\n"
        "  contact_relationships: [Parent]\n"
        "  deletion_threshold: 15\n"
        "  permissions: [Family Access]\n"
    )


def test_a_profile_can_be_chosen(root: Path) -> None:
    (adopted,) = imported(root, found(), profile="a-empty")
    assert (adopted.profile, adopted.own) == ("a-empty", 11)


SHARING = """\
schema: 1
facts:
  guardians_from: clever
  clever_shares: {contacts: true, contact_types: [Parent/Guardian]}
  setup_step: 5
settings: {manage_guardians: true, phone_types: [Cell], contact_types: [Primary]}
"""


@pytest.mark.parametrize("chosen", [False, True], ids=["by the form", "by a person"])
def test_facts_of_a_profile_are_stated_by_a_person_or_by_no_one(
    root: Path,
    chosen: bool,  # noqa: FBT001 - a case
) -> None:
    """A file of today's form is not held against what the profile says of others."""
    path = root / "districts" / "_profiles" / "b-texting.yaml"
    path.write_text(SHARING.replace("  setup_step: 5\n", ""), "utf-8")
    (root / "districts" / "_profiles" / "c-texting-too.yaml").unlink()
    kinds = frozenset({"Primary", "Emergency"})
    (adopted,) = imported(
        root, found(contact_types=kinds), profile="b-texting" if chosen else ""
    )
    assert adopted.profile == "b-texting"
    assert adopted.open_facts == (0 if chosen else 2)
    (one,) = fleet(root).districts
    assert (one.district.facts.clever_shares is None) is not chosen
    assert (one.district.facts.guardians_from is None) is not chosen
    asked = ValidationOptions(today=READ.date())
    rules = {
        one.rule
        for one in validate_fleet(fleet(root), asked).findings
        if one.severity is Severity.ERROR and one.rule != "unknown-label"
    }
    assert rules == ({"contact-type-not-shared"} if chosen else set())
    assert imported(root, found(contact_types=kinds))[0].adoption is AdoptionResult.LEFT


def test_a_profile_that_shares_nothing_is_not_chosen(root: Path) -> None:
    nothing = found(
        manage_guardians=False, phone_types=frozenset({"Home"}), deletion_threshold=1
    )
    (adopted,) = imported(root, nothing)
    assert (adopted.profile, adopted.own) == ("", 11)
    assert "provider: clever\n" in text(root)


def test_no_profile_is_needed(root: Path) -> None:
    shutil.rmtree(root / "districts" / "_profiles")
    (adopted,) = imported(root, found())
    assert (adopted.adoption, adopted.profile) == (AdoptionResult.MADE, "")


def test_what_is_empty_on_connect_is_not_managed(root: Path) -> None:
    (adopted,) = imported(root, found(deletion_threshold=None, district_id=""))
    assert adopted.profile == "b-texting"
    assert "deletion_threshold: null\n" in text(root)
    assert "district_id" not in text(root)
    (loaded,) = fleet(root).districts
    assert "deletion_threshold" not in loaded.district.desired()


def test_a_label_that_files_do_not_know_is_left_unmanaged_and_said(root: Path) -> None:
    lives = found(contact_types=frozenset({"Mother", "Family"}), student_id="Other id")
    (adopted,) = imported(root, lives)
    unknown = "on Connect, which files do not know"
    assert adopted.notes == (
        f"student_id holds 'Other id' {unknown}; left unmanaged",
        f"contact_types holds 'Mother' {unknown}; kept there, the rest is managed",
    )
    (loaded,) = fleet(root).districts
    assert "student_id" not in loaded.district.desired()
    assert loaded.district.desired()["contact_types"] == frozenset({"Family"})
    assert [one.adoption for one in imported(root, lives)] == [AdoptionResult.LEFT]


OWN = """\
# Elm Grove: ask Ada before you change anything
schema: 1
district: elm
name: "Elm Grove (the old name)"
profile: b-texting   # since 2026
credentials: {district_id: 58da8a43cc70ab00017a1a87, oauth_token: "env:ELM"}
settings:
  # agreed with the principal
  contact_types:
    - Parent/Guardian  # as usual
    - Emergency  # for the time being
  enable_daily_sync: false # until August
"""


def test_a_file_takes_over_what_differs_and_keeps_the_rest(root: Path) -> None:
    (root / "districts" / "elm.yaml").write_text(OWN, "utf-8")
    (adopted,) = imported(root, found(deletion_threshold=30))
    assert adopted.adoption is AdoptionResult.CHANGED
    both = frozenset({"Parent/Guardian", "Emergency"})
    assert adopted.taken == (
        TakenValue("enable_daily_sync", before=False, after=True),
        TakenValue("contact_types", both, frozenset({"Parent/Guardian"})),
        TakenValue("deletion_threshold", 20, 30),
    )
    changed = OWN.replace("sync: false #", "sync: true #")
    changed = changed.replace("    - Emergency  # for", "    # for")
    behind = "    # for the time being\n"
    assert text(root) == changed.replace(
        behind, behind + "  deletion_threshold: 30\n"
    ), "what is not managed stays so"


def test_an_id_that_went_empty_on_connect_is_left(root: Path) -> None:
    (root / "districts" / "elm.yaml").write_text(
        OWN.replace("Emergency", "Family"), "utf-8"
    )
    live = found(
        district_id="",
        deletion_threshold=20,
        enable_daily_sync=False,
        contact_types=frozenset({"Parent/Guardian", "Family"}),
    )
    (adopted,) = imported(root, live)
    assert adopted.adoption is AdoptionResult.LEFT
    assert adopted.notes == (
        "district_id is empty on Connect; left as the file has it",
    )


def test_a_label_that_files_do_not_know_ends_its_management(root: Path) -> None:
    (root / "districts" / "elm.yaml").write_text(OWN, "utf-8")
    (adopted,) = imported(root, found(phone_types=frozenset({"Fax"})))
    (note,) = adopted.notes
    assert note.endswith("which files do not know; no longer managed")
    assert "  phone_types: null\n" in text(root)


def test_without_writing_it_says_the_same(root: Path) -> None:
    (root / "districts" / "elm.yaml").write_text(OWN, "utf-8")
    lives = found(), found("oak", "Oak Hill")
    said = imported(root, *lives, write=False)
    assert text(root) == OWN
    assert not (root / "districts" / "oak.yaml").exists()
    assert imported(root, *lives) == said


BAD_KEYS = ["Elm", "elm grove", "elm/../../x", "_elm", "", "-elm", "ключ", "x" * 101]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_no_file_can_have_is_refused(root: Path, key: str) -> None:
    before = sorted(root.rglob("*"))
    refused, made = imported(root, found(key), found("oak"))
    assert refused.adoption is AdoptionResult.REFUSED
    assert refused.message == (
        f"the key {key!r} on Connect cannot be the name of a file"
    )
    assert "small letters, digits" in refused.remedy
    assert made.adoption is AdoptionResult.MADE
    assert {*root.rglob("*")} - {*before} == {root / "districts" / "oak.yaml"}


@pytest.mark.parametrize("name", ["", " ", "two\nlines", "x" * 201, "\u202eevil"])
def test_a_name_that_no_file_can_hold_is_refused(root: Path, name: str) -> None:
    (refused,) = imported(root, found(name=name))
    assert refused.adoption is AdoptionResult.REFUSED
    assert "what Connect holds cannot be written to districts/elm" in refused.message
    assert not (root / "districts" / "elm.yaml").exists()


def test_a_district_that_could_not_be_read_is_refused(root: Path) -> None:
    error: ConnectError = Unreachable("no answer", remedy="wait")
    (refused,) = imported(root, LiveDistrict(ListedDistrict("elm", "Elm"), error))
    assert (refused.message, refused.remedy) == ("no answer", "wait")


def test_a_file_with_errors_is_left_as_it_is(root: Path) -> None:
    broken = OWN.replace("settings:", "setings:")
    (root / "districts" / "elm.yaml").write_text(broken, "utf-8")
    (refused,) = imported(root, found())
    assert refused.message == ("districts/elm.yaml has errors, so it was left as it is")
    assert text(root) == broken


def test_a_value_that_cannot_be_changed_safely_refuses_the_file(root: Path) -> None:
    tricky = OWN.replace("sync: false # until", "sync: false\n  # until").replace(
        "contact_types:\n", "contact_types: [ # who\n"
    )
    tricky = tricky.replace("    - Parent/Guardian  # as usual\n", "    Family,\n")
    tricky = tricky.replace("    - Emergency  # for the time being\n", "  ]\n")
    (root / "districts" / "elm.yaml").write_text(tricky, "utf-8")
    (refused,) = imported(root, found())
    assert refused.message == (
        "districts/elm.yaml: settings.contact_types is written in a way that cannot"
        " be changed without losing something"
    )
    assert text(root) == tricky


def test_a_folder_that_cannot_be_made_refuses_the_district(root: Path) -> None:
    there = home(root)
    (root / "districts" / "ca").write_text("a file", "utf-8")
    below = ImportTarget(
        there.root, there.districts_dir, there.districts_dir / "ca", there.shelf, None
    )
    (refused,) = adopt([found()], below, write=True)
    assert "cannot make" in refused.message


@pytest.mark.parametrize(
    ("key", "reference"),
    [
        ("elm", "env:CONNECTSYNC_DISTRICT_ELM_TOKEN"),
        ("elm-grove.north_1", "env:CONNECTSYNC_DISTRICT_ELM_GROVE_NORTH_1_TOKEN"),
        ("4th-street", "env:CONNECTSYNC_DISTRICT_4TH_STREET_TOKEN"),
        ("node-auth", "env:CONNECTSYNC_DISTRICT_NODE_AUTH_TOKEN"),
        ("github", "env:CONNECTSYNC_DISTRICT_GITHUB_TOKEN"),
    ],
)
def test_the_token_is_named_after_no_other_programs_secret_and_never_written(
    root: Path, key: str, reference: str
) -> None:
    imported(root, found(key))
    assert f"  oauth_token: {reference}\n" in text(root, key)


def values(setting: Setting) -> st.SearchStrategy[Value]:
    match setting.kind:
        case Kind.BOX:
            return st.booleans()
        case Kind.BOXES:
            return st.frozensets(st.sampled_from([*setting.labels, "Unknown"]))
        case Kind.PERCENT:
            return st.none() | st.integers(0, 100)
        case Kind.CHOICE if setting.labels:
            return st.sampled_from([*setting.labels, "Unknown"])
        case Kind.TEXT | Kind.CHOICE:
            return st.text(
                st.characters(categories=["L", "N", "P", "S", "Zs"]),
                min_size=1,
                max_size=31,  # a longer id is taken for a token
            )


FORMS = st.fixed_dictionaries({one.name: values(one) for one in SETTINGS})


def known(value: Value) -> Value:
    return value - {"Unknown"} if isinstance(value, frozenset) else value


@given(first=FORMS, second=FORMS)
def test_importing_again_changes_nothing(
    root: Path, first: dict[str, Value], second: dict[str, Value]
) -> None:
    path = root / "districts" / "elm.yaml"
    path.unlink(missing_ok=True)
    for form in (first, second):
        (adopted,) = imported(root, holding(form))
        assert adopted.adoption is not AdoptionResult.REFUSED, adopted.message
        (loaded,) = fleet(root).districts
        desired = loaded.district.desired()
        assert desired == {name: known(form[name]) for name in desired}
        written = path.read_bytes()
        (again,) = imported(root, holding(form))
        assert again.adoption is AdoptionResult.LEFT
        assert path.read_bytes() == written
