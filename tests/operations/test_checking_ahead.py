"""Files with periods are checked ahead, and what is remembered ends with the day."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from connectsync.config.fleet import choose_files, load_fleet
from connectsync.config.schema_check import Recorded
from connectsync.domain.calendar import Moment
from connectsync.domain.finding import Finding, Severity
from connectsync.domain.live import ListedDistrict, Live
from connectsync.operations.check_cache import CheckCache
from connectsync.operations.checked import ResultBatch
from connectsync.operations.checking import ValidationOptions, pack, unpack
from connectsync.operations.from_live import likeness, take_over
from connectsync.operations.import_ import ImportTarget, LiveDistrict, adopt
from connectsync.operations.validate import (
    check_files,
    check_named,
    report_on,
    validate_fleet,
)

HEAD = "schema: 1\ndistrict: elm\nname: Elm\n"
KNOWN = (
    "credentials: {district_id: 58da8a43cc70ab00017a1a87, oauth_token: env:ELM_TOKEN}\n"
)
SUMMER = """\
facts: {{rollover: {{from: 2027-06-15, to: {rollover}}}}}
settings: {{deletion_threshold: {usual}}}
scheduled:
  - from: 2027-06-15
    to: 2027-08-20
    settings: {{deletion_threshold: {period}}}
    reason: rollover
"""
NO_LABELS: Recorded = {}


def entry(first: str, last: str, settings: str) -> str:
    return f"{{from: {first}, to: {last}, settings: {{{settings}}}, reason: r}}"


def summer(*, usual: int = 15, period: int = 60, rollover: str = "2027-08-20") -> str:
    return SUMMER.format(usual=usual, period=period, rollover=rollover)


def at(now: str, zone: str = "America/Chicago") -> Moment:
    return Moment(datetime.fromisoformat(now), zone)


def findings(root: Path, text: str, moment: Moment) -> list[Finding]:
    (root / "districts").mkdir(exist_ok=True)
    (root / "districts" / "elm.yaml").write_text(HEAD + text + KNOWN)
    path = Path("districts/elm.yaml")
    fleet = load_fleet(root, [path], districts_dir=Path("districts"), at=moment)
    report = validate_fleet(fleet, ValidationOptions(moment.now.date()))
    return [
        one
        for one in report.findings
        if "threshold" in one.rule or one.severity is Severity.ERROR
    ]


@pytest.mark.parametrize(
    ("text", "rule", "day", "line"),
    [
        # the day before it begins: the rollover has, with the threshold of the year
        (
            summer().replace("from: 2027-06-15", "from: 2027-06-01", 1),
            "threshold-low-for-rollover",
            date(2027, 6, 14),
            5,
        ),
        (summer(period=95), "threshold-above-any-rollover", date(2027, 6, 15), 9),
        # its last day: the rollover ended before it
        (
            summer(rollover="2027-08-01"),
            "threshold-still-raised",
            date(2027, 8, 20),
            9,
        ),
        # the day after it: what it returns to
        (
            summer(usual=3, period=60),
            "threshold-low-in-term",
            None,
            5,
        ),
    ],
)
def test_both_sides_of_each_edge_are_judged_as_of_their_day(
    tmp_path: Path, text: str, rule: str, day: date | None, line: int
) -> None:
    found = findings(tmp_path, text, at("2027-03-01T12:00:00-06:00"))
    (one,) = (each for each in found if each.rule == rule)
    assert (one.day, one.place.line) == (day, line)
    if day is not None:
        assert one.message.startswith(f"on {day}, ")
        assert "the period from 2027-06-15 to 2027-08-20: " in one.message


def test_what_a_period_returns_to_is_judged_as_of_the_day_after(tmp_path: Path) -> None:
    # in the period nothing is wrong with 45 points more; after it nothing explains it
    text = summer(usual=45)
    found = findings(tmp_path, text, at("2027-07-01T12:00:00-05:00"))
    (one,) = (each for each in found if each.rule == "threshold-still-raised")
    assert one.day == date(2027, 8, 21)
    assert "on 2027-08-21, the day after the period from 2027-06-15" in one.message
    assert one.place.line == 5


def test_what_is_wrong_today_is_not_told_again_for_every_edge(tmp_path: Path) -> None:
    text = summer(usual=70, period=70)
    found = findings(tmp_path, text, at("2027-03-01T12:00:00-06:00"))
    assert [(one.rule, one.day) for one in found] == [
        ("threshold-above-any-rollover", None),
        # the same value once more, which the period states by itself
        ("threshold-above-any-rollover", date(2027, 6, 15)),
    ]


def test_today_is_that_of_the_district(tmp_path: Path) -> None:
    text = summer().replace("facts: {rollover: {from: 2027-06-15, to: 2027-08-20}}", "")
    late = at("2027-08-21T03:00:00+00:00")
    rules = {one.rule for one in findings(tmp_path, text, late) if one.day is None}
    assert "threshold-raised-in-term" in rules
    there = at("2027-08-21T03:00:00+00:00", "Europe/Berlin")
    found = findings(tmp_path, text, there)
    assert [one.rule for one in found if one.day is None] == []


def test_an_allowance_holds_for_a_later_day_only_as_long_as_it_says(
    tmp_path: Path,
) -> None:
    moment = at("2027-03-01T12:00:00-06:00")
    allow = "allow: [{{rule: threshold-above-any-rollover, reason: ok, until: {}}}]\n"
    text = summer(period=95) + allow.format("2027-12-31")
    assert findings(tmp_path, text, moment) == []
    text = summer(period=95) + allow.format("2027-06-10")
    assert [one.rule for one in findings(tmp_path, text, moment)] == [
        "threshold-above-any-rollover"
    ]


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        (
            (
                "scheduled: [{from: 2027-08-20, to: 2027-06-15, settings:"
                " {deletion_threshold: 60}, reason: r}]\n"
            ),
            "the last day '2027-06-15' is before the first, '2027-08-20'",
            4,
            36,
        ),
        (
            (
                "scheduled:\n"
                f"  - {entry('2027-06-15', '2027-08-20', 'deletion_threshold: 60')}\n"
                f"  - {entry('2027-08-20', '2027-09-20', 'deletion_threshold: 30')}\n"
            ),
            (
                "on '2027-08-20' the period from '2027-06-15' to '2027-08-20' sets"
                " 'deletion_threshold' already"
            ),
            6,
            12,
        ),
        (
            "timezone: America/Chicgo\n",
            "'America/Chicgo' is not a time zone",
            4,
            11,
        ),
        (
            (
                "timezone: Pacific/Apia\n"
                "settings: {deletion_threshold: 15}\nscheduled:\n"
                f"  - {entry('2011-12-30', '2012-01-20', 'deletion_threshold: 20')}\n"
            ),
            "there is no 2011-12-30 in Pacific/Apia: its clocks left that day out",
            7,
            12,
        ),
    ],
)
def test_periods_that_cannot_be_get_a_sentence_with_a_place(
    tmp_path: Path, text: str, message: str, line: int, column: int
) -> None:
    found = findings(tmp_path, text, at("2027-03-01T12:00:00-06:00"))
    (one,) = (each for each in found if each.message == message)
    assert one.severity is Severity.ERROR
    assert (one.place.line, one.place.column) == (line, column)
    assert one.hint


def test_periods_of_one_day_may_set_different_settings(tmp_path: Path) -> None:
    text = (
        "timezone: America/Chicago\n"
        "settings: {deletion_threshold: 15, unarchive_classrooms: true}\nscheduled:\n"
        f"  - {entry('2027-06-15', '2027-08-20', 'deletion_threshold: 20')}\n"
        f"  - {entry('2027-07-01', '2027-09-20', 'unarchive_classrooms: false')}\n"
    )
    assert findings(tmp_path, text, at("2027-03-01T12:00:00-06:00")) == []


def remembered(root: Path, moment: Moment) -> tuple[list[str], int]:
    """Validate with what is remembered; give rules of today, and files known."""
    files = sorted((root / "districts").glob("*.yaml"))
    asked = ValidationOptions(date(2027, 8, 21))
    chosen = choose_files(root, files, districts_dir=root / "districts", at=moment)
    cache = CheckCache.at(root / ".connectsync", asked, moment.zone)
    known = len(cache.known(chosen))
    fleet = check_files(chosen, asked, every_profile=True, cache=cache)
    report = report_on(fleet, asked)
    return [one.rule for one in report.findings if one.day is None], known


def test_what_is_remembered_of_a_file_ends_with_the_day_in_its_zone(
    tmp_path: Path,
) -> None:
    (tmp_path / "districts").mkdir()
    text = HEAD + "timezone: America/Chicago\n" + summer().partition("\n")[2]
    (tmp_path / "districts" / "elm.yaml").write_text(text + KNOWN)
    # both are of one day in UTC, and an edge lies between them in Chicago
    before, after = at("2027-08-21T04:59:00+00:00"), at("2027-08-21T05:01:00+00:00")
    assert remembered(tmp_path, before) == (["threshold-raised-in-term"], 0)
    assert remembered(tmp_path, before) == (["threshold-raised-in-term"], 1)
    assert remembered(tmp_path, after) == ([], 0)
    assert remembered(tmp_path, after) == ([], 1)


def test_another_zone_of_the_project_is_another_day(tmp_path: Path) -> None:
    (tmp_path / "districts").mkdir()
    text = HEAD + summer().partition("\n")[2]
    (tmp_path / "districts" / "elm.yaml").write_text(text + KNOWN)
    now = "2027-08-21T03:00:00+00:00"
    assert remembered(tmp_path, at(now)) == (["threshold-raised-in-term"], 0)
    assert remembered(tmp_path, at(now, "Europe/Berlin")) == ([], 0)


def test_what_is_ahead_is_the_same_from_another_process(tmp_path: Path) -> None:
    (tmp_path / "districts").mkdir()
    (tmp_path / "districts" / "elm.yaml").write_text(HEAD + summer(period=95))
    moment = at("2027-03-01T12:00:00-06:00")
    file = tmp_path / "districts" / "elm.yaml"
    chosen = choose_files(tmp_path, [file], districts_dir=file.parent, at=moment)
    asked = ValidationOptions(date(2027, 3, 1))
    (checked,) = check_named(chosen, chosen.paths.names, asked, remember=False)
    assert any(one.problem.day for one in checked.district.found)  # type: ignore[union-attr]
    (read,) = unpack(pack(ResultBatch.of([checked]))).files([checked.file])
    assert read == checked


PROFILE = """\
schema: 1
timezone: America/Chicago
settings: {deletion_threshold: 15}
scheduled:
  - from: 2027-06-15
    to: 2027-08-20
    settings: {deletion_threshold: 60}
    reason: rollover
"""


def on_profile(root: Path, own: str) -> tuple[Path, Path]:
    shared = root / "districts" / "_profiles"
    shared.mkdir(parents=True)
    (shared / "summer.yaml").write_text(PROFILE)
    file = root / "districts" / "elm.yaml"
    file.write_text(f"{HEAD}profile: summer\n{own}")
    return file, shared.parent


@pytest.mark.parametrize(
    ("own", "now", "wanted"),
    [
        ("", "2027-07-01T12:00:00+00:00", 60),
        ("", "2027-09-01T12:00:00+00:00", 15),
        # a period lies over the settings of all layers
        ("settings: {deletion_threshold: 12}\n", "2027-07-01T12:00:00+00:00", 60),
        ("settings: {deletion_threshold: 12}\n", "2027-09-01T12:00:00+00:00", 12),
        ("scheduled: []\n", "2027-07-01T12:00:00+00:00", 15),
        (
            (
                "scheduled: [{from: 2027-07-10, to: 2027-07-20, settings:"
                " {deletion_threshold: 40}, reason: r}]\n"
            ),
            "2027-07-01T12:00:00+00:00",
            15,
        ),
        ("timezone: Pacific/Kiritimati\n", "2027-06-14T12:00:00+00:00", 60),
    ],
)
def test_the_last_layer_that_has_periods_says_all_of_them(
    tmp_path: Path, own: str, now: str, wanted: int
) -> None:
    file, folder = on_profile(tmp_path, own)
    fleet = load_fleet(tmp_path, [file], districts_dir=folder, at=at(now, ""))
    (loaded,) = fleet.districts
    assert loaded.district.desired()["deletion_threshold"] == wanted


def test_adopting_a_value_of_a_profiles_period_gives_the_file_periods_of_its_own(
    tmp_path: Path,
) -> None:
    file, folder = on_profile(tmp_path, "")
    moment = at("2027-07-01T12:00:00+00:00")
    fleet = load_fleet(tmp_path, [file], districts_dir=folder, at=moment)
    (loaded,) = fleet.districts
    live = Live("elm", "1", {"deletion_threshold": 58}, moment.now)
    _, text = take_over(loaded, live, NO_LABELS)
    assert text == (
        f"{HEAD}profile: summer\n"
        "scheduled:\n"
        "  - {from: 2027-06-15, to: 2027-08-20, settings: {deletion_threshold: 58},"
        " reason: rollover}\n"
    )


def test_a_new_file_does_not_state_for_good_what_holds_for_a_time(
    tmp_path: Path,
) -> None:
    file, folder = on_profile(tmp_path, "")
    moment = at("2027-07-01T12:00:00+00:00")
    shelf = load_fleet(tmp_path, [file], districts_dir=folder, at=moment).shelf
    for live in (60, 15):
        stated = likeness(shelf, "summer", {"deletion_threshold": live}).stated
        assert "deletion_threshold" not in stated


@pytest.mark.parametrize(
    ("now", "live", "open_periods"),
    [
        # it follows the period of today, and so it returns by itself
        ("2027-07-01T12:00:00+00:00", 60, 0),
        ("2027-07-01T12:00:00+00:00", 15, 1),
        ("2027-07-01T12:00:00+00:00", 58, 1),
        ("2027-03-01T12:00:00+00:00", 15, 1),
    ],
)
def test_a_profile_chosen_by_the_form_changes_nothing_later(
    tmp_path: Path, now: str, live: int, open_periods: int
) -> None:
    file, folder = on_profile(tmp_path, "")
    shelf = load_fleet(tmp_path, [file], districts_dir=folder, at=at(now)).shelf
    found = likeness(shelf, "summer", {"deletion_threshold": live})
    assert found.periods == open_periods
    stated = {} if live in {15, 60} else {"deletion_threshold": live}
    assert found.stated == stated
    # who names a profile says that its periods hold
    named = likeness(shelf, "summer", {"deletion_threshold": live}, by_form=False)
    assert (named.periods, named.facts) == (0, ())


def test_what_is_imported_is_in_step_in_the_next_period_as_well(
    tmp_path: Path,
) -> None:
    on_profile(tmp_path, "")
    folder = tmp_path / "districts"
    (folder / "elm.yaml").unlink(missing_ok=True)
    moment = at("2027-03-01T12:00:00+00:00")
    shelf = load_fleet(tmp_path, [], districts_dir=folder, at=moment).shelf
    home = ImportTarget(tmp_path, folder, folder, shelf, None)
    live = Live("oak", "1", {"deletion_threshold": 15}, moment.now)
    found = LiveDistrict(ListedDistrict("oak", "Oak"), live)
    (adopted,) = adopt([found], home, write=True)
    assert (adopted.profile, adopted.open_periods) == ("summer", 1)
    assert "scheduled: []\n" in (folder / "oak.yaml").read_text()
    for now in ("2027-03-01T12:00:00+00:00", "2027-07-01T12:00:00+00:00"):
        fleet = load_fleet(
            tmp_path, [folder / "oak.yaml"], districts_dir=folder, at=at(now)
        )
        (loaded,) = fleet.districts
        assert loaded.district.desired()["deletion_threshold"] == 15
