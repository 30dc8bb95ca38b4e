"""Files of one mold are read once, and each is told of as if it were read alone."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectsync.config import yaml_tree
from connectsync.config.fleet import ChosenFiles, choose_files, load_fleet
from connectsync.config.profiles import check_bytes
from connectsync.domain.calendar import Calendar, Moment
from connectsync.domain.finding import Place
from connectsync.domain.schedule import Days
from connectsync.operations.checked import CheckedDistrict, CheckedFile, moved
from connectsync.operations.checking import (
    ValidationOptions,
    check_fleet,
    check_reading,
)
from connectsync.operations.molds import (
    MOST_MOLDS,
    SURE,
    Molds,
    can_move,
    check_by_loaded_mold,
    check_by_mold,
    is_cast,
    take_apart,
)
from connectsync.operations.validate import begin_whole, reader_for

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)
TODAY = NOW.date()
ASKED = ValidationOptions(today=TODAY)

PROFILES = {
    "standard": "schema: 1\nsettings: {phone_types: [Cell, Home]}\n",
    "sloppy": "schema: 1\nsettings: {archived_students: Restore, phone_types:}\n",
    "broken": "schema: 1\nsettings: {phone_types: [Sell]}\n",
}

HEADS = (
    "",
    "# Settings\n",
    "# one\n#\n# three\n",
    "# a tab\there\n",
    "# é\n",
    "#\r\n",
    "\ufeff# mark\n",
    "---\n",
    "# token 58da8a43cc70ab00017a1a87aaaaaaaaaaaaaaaa\n",
    "# x\n" * 30,
    "# a bell \a\n",
    "# \u200b\n",
    "\n",
)
NAMES = (
    "{key} School District",
    '"{key} USD"',
    "'{key} USD'",
    "St. Mary - {key}",
    "no",
    "null",
    '"null"',
    "Null Island {key}",
    "12e3",
    "{key}: with a colon",
    "{key} # with a comment",
    "{key}",
    "{key} ",
    "{key}\n  Unified",
    "|\n  district: {key}\n  of a text",
    "A  B--{key}..",
    '"{key} \\u0041"',
    "",
)
IDS = (
    "  district_id: 58da8a43cc70ab00017a{number:04x}\n",
    '  district_id: "58da8a43cc70ab00017a{number:04x}"\n',
    '  district_id: "00000000000000000000{number:04}"\n',
    "  district_id: 00000000000000000000{number:04}\n",
    "  district_id: 1234567890123456789e{number:04}\n",
    "  district_id: CA-{number}\n",
    "",
)
TOKENS = (
    "  oauth_token: env:TOKEN_{number}\n",
    '  oauth_token: "env:TOKEN_{number}"\n',
    "  oauth_token: env:ONE\n",
    "  oauth_token: file:secrets/{number}\n",
    "  oauth_token: deadbeef{number}\n",
    "  oauth_token: env:TOKEN-{number}\n",
    "",
)
BODIES = (
    "profile: standard\nfacts: {setup_step: 5}\n",
    "profile: sloppy\n",
    "profile: broken\n",
    "profile: nowhere\n",
    "settings:\n  enable_daily_sync: true\n  archived_students: Keep Archived\n",
    "settings:\n  deletion_threshold: 60\n  phone_types:\n",
    "settings: {deletion_threshold: 15}\nlabels: [early]\n",
    (
        "settings: {enable_daily_sync: true}\n"
        "allow: [{rule: launch-not-stated, reason: new, until: 2027-02-01}]\n"
    ),
    (
        "timezone: America/Denver\n"
        "scheduled:\n"
        "  - from: 2027-01-20\n    to: 2027-02-20\n    reason: rollover\n"
        "    settings: {deletion_threshold: 90}\n"
    ),
    "settings: {contact_types: [Emergancy]}\n",
    "district: twice\n",
    "name: twice\n",
    "notes: |\n  district: other\n",
    "",
)


def text_of(pick: random.Random, number: int, stem: str) -> str:
    """Write a file, right or wrong; most are alike but for whom they are about."""
    usual = pick.random() < 0.8
    choose: Callable[[tuple[str, ...]], str] = lambda of: (  # noqa: E731 - one line
        of[0] if usual and pick.random() < 0.9 else pick.choice(of)
    )
    key = stem if pick.random() < 0.95 else f"{stem}-moved"
    ids = choose(IDS) + choose(TOKENS)
    whose = f"credentials:\n{ids}" if ids else ""
    if pick.random() < 0.1:
        one = "district_id: 58da8a43cc70ab00017a1a87, oauth_token: env:ONE"
        whose = f"credentials: {{{one}}}\n"
    lines = ["schema: 1\n", f"district: {key}\n", f"name: {choose(NAMES)}\n"]
    if pick.random() < 0.3:
        lines.append(lines.pop(0))
    body = pick.choice(BODIES)
    text = f"{choose(HEADS[1:] + HEADS[:1])}{''.join(lines)}{whose}{body}"
    text = text.replace("{key}", key).replace("{number}", str(number))
    text = text.replace("{number:04x}", f"{number:04x}")
    text = text.replace("{number:04}", f"{number:04}")
    return text.replace("\n", "\r\n") if pick.random() < 0.03 else text


def chosen_of(
    root: Path, texts: dict[str, str], calendars: tuple[Calendar, ...] = ()
) -> ChosenFiles:
    shared = root / "districts" / "_profiles"
    shared.mkdir(parents=True, exist_ok=True)
    (root / "connectsync.yaml").write_text("schema: 1\n")
    for stem, text in PROFILES.items():
        (shared / f"{stem}.yaml").write_text(text)
    paths = []
    for stem, text in texts.items():
        path = root / "districts" / f"{stem}.yaml"
        path.write_bytes(text.encode())
        paths.append(path)
    return choose_files(
        root, paths, districts_dir=root / "districts", at=Moment(NOW, "UTC", calendars)
    )


def alone(chosen: ChosenFiles) -> list[CheckedFile]:
    return [
        check_reading(chosen.shelf, name, chosen.read(name), ASKED, remember=True)
        for name in chosen.paths
    ]


def told(one: CheckedFile) -> tuple[object, ...]:
    """Give all that is told of a file, wherever it is kept."""
    district = None if one.district is None else told_of(one.district)
    of_file = (one.file, one.findings, one.builder, one.text, one.result.day)
    return (*of_file, district)


def told_of(one: CheckedDistrict) -> tuple[object, ...]:
    """Give all that is told of a district, wherever it is kept."""
    return one.file, one.member, one.found, one.allow, one.judged.undoes, one.stated


@pytest.fixture
def composed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Tell which texts are read as YAML."""
    texts: list[bytes] = []
    compose = yaml_tree.compose

    def counted(raw: bytes) -> object:
        texts.append(raw)
        return compose(raw)

    monkeypatch.setattr("connectsync.config.document.compose", counted)
    return texts


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.sampled(4)
def test_a_file_of_a_mold_is_told_of_as_if_it_were_read_alone(
    tmp_path: Path, composed: list[bytes], seed: int
) -> None:
    pick = random.Random(seed)  # noqa: S311 - no secret
    stems = [f"d{number:03}-usd" for number in range(240)]
    texts = {stem: text_of(pick, at, stem) for at, stem in enumerate(stems)}
    chosen = chosen_of(tmp_path, texts)
    expected = alone(chosen)
    composed.clear()
    found = [*check_by_mold(chosen, chosen.paths, ASKED, remember=True)]
    for one, other in zip(found, expected, strict=True):
        assert told(one) == told(other)
    # some are of a mold, or this would show nothing
    assert len(composed) < len(stems) * 0.9
    assert any(one.district and one.district.found for one in found)
    assert any(one.findings for one in found)


@pytest.mark.parametrize("seed", range(100, 106))
def test_a_district_of_a_mold_is_loaded_and_judged_as_if_alone(
    tmp_path: Path, composed: list[bytes], seed: int
) -> None:
    pick = random.Random(seed)  # noqa: S311 - no secret
    stems = [f"d{number:03}-usd" for number in range(200)]
    texts = {stem: text_of(pick, at, stem) for at, stem in enumerate(stems)}
    chosen = chosen_of(tmp_path, texts)
    folder, files = (
        tmp_path / "districts",
        [*map(chosen.paths.__getitem__, chosen.paths)],
    )
    at = Moment(NOW, "UTC")
    expected = load_fleet(tmp_path, files, districts_dir=folder, at=at)
    composed.clear()
    fleet = load_fleet(
        tmp_path, files, districts_dir=folder, at=at, read_all=reader_for(files)
    )
    assert fleet == expected
    assert len(composed) < len(stems) * 0.9
    for one, other in zip(fleet.districts, expected.districts, strict=True):
        for path in (("name",), ("credentials", "district_id"), ("settings",)):
            assert one.locate(path) == other.locate(path)
    alone = check_fleet(expected, ASKED).districts
    found = check_by_loaded_mold(fleet, ASKED)
    assert list(map(told_of, found)) == list(map(told_of, alone))
    assert any(one.found for one in alone)


TWICE = """\
schema: 1
"district": {key}
"name": One
allow:
  - rule: launch-not-stated
    reason: "a text of
district: {key}
name: One
lines"
    until: 2027-02-01
settings: {enable_daily_sync: true}
"""
"""Lines of a text that look like keys, and keys that look otherwise."""


@pytest.mark.parametrize("twice", [False, True])
def test_a_line_of_a_text_is_no_key(
    tmp_path: Path, composed: list[bytes], *, twice: bool
) -> None:
    text = TWICE.replace('"district"', "district") if twice else TWICE
    stems = [f"d{number}" for number in range(3)]
    texts = {stem: text.replace("{key}", stem) for stem in stems}
    cast = take_apart(texts["d0"].encode(), "d0.yaml")
    document = check_bytes("d0.yaml", texts["d0"].encode(), "district").document
    assert document is not None
    if twice:
        assert cast is None
    else:
        assert cast is not None
        assert not is_cast(document, cast)
    # only the text says another name: a mold would take it for the district's
    texts["d2"] = texts["d2"].replace("\nname: One", "\nname: Two")
    chosen = chosen_of(tmp_path, texts)
    expected = alone(chosen)
    composed.clear()
    found = [*check_by_mold(chosen, chosen.paths, ASKED, remember=True)]
    assert list(map(told, found)) == list(map(told, expected))
    assert all(one.district is not None for one in found)
    assert len(composed) == len(stems)


def test_only_places_that_every_file_of_a_mold_has_are_moved() -> None:
    raw = b"# A\n# B\nschema: 1\ndistrict: d1\nname: One\nsettings: {}\n"
    cast = take_apart(raw, "d1.yaml")
    assert cast is not None
    assert cast.rows() == (4, 5)
    own = [Place("d1.yaml", line, end_line=line) for line in range(1, 7)]
    assert [can_move(one, "d1.yaml", cast) for one in own] == [
        *(False, False, True, False, False, True)
    ]
    assert not can_move(Place("d1.yaml", 3, end_line=6), "d1.yaml", cast)
    other = Place("districts/_profiles/one.yaml", 4)
    assert can_move(other, "d1.yaml", cast)
    assert moved(other, "d1.yaml", "d2.yaml", 7) == other
    assert moved(own[2], "d1.yaml", "d2.yaml", 7) == Place("d2.yaml", 10, end_line=10)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.from_regex(SURE["district"], fullmatch=True).filter(lambda one: len(one) < 100),
    st.from_regex(SURE["name"], fullmatch=True),
    st.from_regex(SURE["district_id"], fullmatch=True),
    st.from_regex(SURE["oauth_token"], fullmatch=True),
)
def test_words_that_are_sure_are_read_as_they_stand_and_objected_to_by_nothing(
    key: str, name: str, district_id: str, token: str
) -> None:
    text = (
        f"schema: 1\ndistrict: {key}\nname: {name}\ncredentials:\n"
        f"  district_id: {district_id}\n  oauth_token: {token}\n"
    )
    cast = take_apart(text.encode(), f"districts/{key}.yaml")
    if cast is None:
        return
    reading = check_bytes(f"districts/{key}.yaml", text.encode(), "district")
    assert not reading.findings
    assert reading.document is not None
    said = reading.document.data
    assert cast.words == {
        "district": said["district"],
        "name": said["name"],
        **said["credentials"],
    }


def test_a_fleet_whose_files_are_all_different_is_kept_in_bounds(
    tmp_path: Path,
) -> None:
    texts = {
        f"d{number}": f"schema: 1\ndistrict: d{number}\nname: A\n# {number}\n"
        for number in range(MOST_MOLDS + 40)
    }
    chosen = chosen_of(tmp_path, texts)
    found = [*check_by_mold(chosen, chosen.paths, ASKED, remember=False)]
    assert len(found) == MOST_MOLDS + 40
    assert all(one.district is not None for one in found)


def test_a_calendar_that_dates_the_files_of_a_path_makes_no_mold_of_them_and_others(
    tmp_path: Path,
) -> None:
    winter = Days(date(2027, 1, 1), date(2027, 2, 1))
    raised = "settings: {deletion_threshold: 50, enable_daily_sync: true}\n"
    texts = {
        f"{state}-{number:02}": f"schema: 1\ndistrict: {state}-{number:02}\nname: A\n"
        + raised
        for state in ("oh", "tx")
        for number in range(15)
    }
    dated = Calendar("ohio", paths=("districts/oh-*",), rollover=winter)
    chosen = chosen_of(tmp_path, texts, (dated,))
    found = [*check_by_mold(chosen, chosen.paths, ASKED, remember=True)]
    assert list(map(told, found)) == list(map(told, alone(chosen)))
    told_rules = [
        {said.rule for said in one.district.found} for one in found if one.district
    ]
    assert told_rules[0] != told_rules[-1]
    # a plan and what is loaded for it know the rollover and the file of each
    folder, files = (
        tmp_path / "districts",
        [*map(chosen.paths.__getitem__, chosen.paths)],
    )
    at = Moment(NOW, "UTC", (dated,))
    expected = load_fleet(tmp_path, files, districts_dir=folder, at=at)
    by_mold = load_fleet(
        tmp_path, files, districts_dir=folder, at=at, read_all=reader_for(files)
    )
    whole = begin_whole(chosen, ASKED, every_profile=True, here=True)()
    assert by_mold == expected
    judged = check_by_loaded_mold(expected, ASKED)
    assert list(map(told_of, judged)) == list(map(told_of, whole.districts))
    for one, loaded, other in zip(
        expected.districts, by_mold.districts, whole.districts, strict=True
    ):
        assert other.district == one.district
        files_of = {one.file, loaded.district.file, other.district.file}
        assert files_of == {one.district.file}
        assert bool(one.district.facts.rollover) is one.file.startswith("districts/oh")


def test_files_of_a_mold_that_calendars_date_otherwise_are_loaded_and_judged_alone(
    tmp_path: Path,
) -> None:
    """A day, and with it a value, or a rollover would be that of another district."""
    text = """\
schema: 1
district: {key}
name: A
settings: {{deletion_threshold: 50, enable_daily_sync: true}}
scheduled:
  - {{from: 2027-01-16, to: 2027-02-01, reason: x,
     settings: {{deletion_threshold: 60}}}}
"""
    keys = [f"{state}-{at:02}" for state in ("oh", "tx") for at in range(15)]
    calendars = (
        Calendar("ohio", paths=("districts/oh-*",), timezone="Pacific/Kiritimati"),
        Calendar(
            "texas",
            paths=("districts/tx-*",),
            timezone="Pacific/Pago_Pago",
            rollover=Days(date(2027, 1, 1), date(2027, 2, 1)),
        ),
    )
    chosen = chosen_of(tmp_path, {key: text.format(key=key) for key in keys})
    folder, files = (
        tmp_path / "districts",
        [*map(chosen.paths.__getitem__, chosen.paths)],
    )
    at = Moment(NOW, "UTC", calendars)
    expected = load_fleet(tmp_path, files, districts_dir=folder, at=at)
    fleet = load_fleet(
        tmp_path, files, districts_dir=folder, at=at, read_all=reader_for(files)
    )
    assert fleet == expected
    wanted = {one.district.settings.deletion_threshold for one in fleet.districts}
    assert wanted == {50, 60}
    alone = check_fleet(expected, ASKED).districts
    assert list(map(told_of, check_by_loaded_mold(fleet, ASKED))) == list(
        map(told_of, alone)
    )
    assert told_of(alone[0]) != told_of(alone[-1])


ERRORS = (
    "settings: {phone_types: [Sell]}\n",
    "settings: {phone_types: [Cell]}\nsettings: {phone_types: [Cell]}\n",
    "profile: nowhere\n",
    "profile: broken\n",
    "facts: {setup_step: eight}\n",
)


@pytest.mark.parametrize("heads", [("",), ("", "# one\n", "# one\n# two\n")])
def test_files_with_one_error_in_one_line_are_read_once_and_told_of_each(
    tmp_path: Path, composed: list[bytes], heads: tuple[str, ...]
) -> None:
    texts = {}
    for number in range(90):
        head, body = heads[number % len(heads)], ERRORS[number % len(ERRORS)]
        text = f"schema: 1\ndistrict: d{number:03}\nname: District {number}\n"
        texts[f"d{number:03}"] = head + text + body
    chosen = chosen_of(tmp_path, texts)
    expected = alone(chosen)
    composed.clear()
    found = [*check_by_mold(chosen, chosen.paths, ASKED, remember=True)]
    assert list(map(told, found)) == list(map(told, expected))
    assert all(one.district is None for one in found)
    if len(heads) == 1:
        assert len(composed) == len(ERRORS)
    # a sentence may name a line: where lines moved, it is written anew
    said = {said.message for one in found for said in one.findings}
    assert len([one for one in said if "the first is on line" in one]) == len(heads)


@pytest.mark.parametrize("seed", range(30))
def test_a_mold_that_is_known_takes_files_apart_as_it_was_itself(seed: int) -> None:
    pick = random.Random(seed)  # noqa: S311 - no secret
    molds = Molds[None]()
    for number in range(60):
        stem = f"d{number:03}-usd"
        raw = text_of(pick, number, stem).encode()
        cast = take_apart(raw, f"districts/{stem}.yaml")
        assert molds.take_apart(raw, f"districts/{stem}.yaml") == cast
        if cast is not None and molds.wants(cast):
            molds.learn(cast, None)


def test_what_a_file_is_found_to_have_is_placed_in_the_tree_that_was_read(
    composed: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    again: list[bytes] = []
    compose = yaml_tree.compose

    def counted(raw: bytes) -> object:
        again.append(raw)
        return compose(raw)

    monkeypatch.setattr(yaml_tree, "compose", counted)
    for number in range(4):
        raw = (
            f"schema: 1\ndistrict: d{number}\nnam: D\nsettings: {{phone: 1}}\n".encode()
        )
        assert len(check_bytes(f"d{number}.yaml", raw, "district").findings) > 1
    assert (len(composed), again) == (4, [])
