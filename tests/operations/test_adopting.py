"""Files take over what people changed on Connect, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from connectsync.apply.journal import BaselineUpdate
from connectsync.config.discovery import discover
from connectsync.config.fleet import Fleet, LoadedDistrict, load_fleet
from connectsync.domain.drift import (
    AdoptedDistrict,
    AdoptionResult,
    Baseline,
    DistrictDrift,
    movements,
)
from connectsync.domain.live import Live
from connectsync.domain.settings import Form
from connectsync.operations.checking import ValidationOptions
from connectsync.operations.drift import (
    AdoptionDraft,
    Conflicts,
    DriftedDistrict,
    draft_adoption,
    without_adopted,
    write_adopted,
)
from connectsync.providers.form import Value

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)
VALLEY = Path(__file__).resolve().parents[1] / "cli" / "projects" / "valley"
LAKEVIEW = "districts/ca/lakeview-usd.yaml"
HARBOR = "districts/ca/harbor-point-usd.yaml"
ASKED = ValidationOptions(today=date(2027, 1, 15), whole_fleet=True)


@dataclass
class Shelf:
    """A keeper that says what the files said when it was told."""

    root: Path
    kept: dict[str, BaselineUpdate] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def note(self, seen: Mapping[str, BaselineUpdate]) -> None:
        self.kept |= seen
        for path in self.root.rglob("*.yaml"):
            if path.stem in seen:
                self.files[path.stem] = path.read_text("utf-8")


@dataclass(frozen=True)
class Valley:
    """Three districts that were all applied once, and what Connect holds since."""

    root: Path
    shelf: Shelf

    @property
    def fleet(self) -> Fleet:
        files = discover(self.root, ["districts"]).files
        return load_fleet(self.root, files, districts_dir=self.root / "districts")

    def text(self, file: str) -> str:
        return (self.root / file).read_text("utf-8")

    def replace(self, file: str, old: str, new: str) -> None:
        text = self.text(file)
        assert text.count(old) == 1
        (self.root / file).write_text(text.replace(old, new), "utf-8")

    def drafts(
        self,
        edits: Mapping[str, Form],
        baselines: Mapping[str, Form] | None = None,
        conflicts: Conflicts | None = None,
    ) -> tuple[AdoptionDraft, ...]:
        """Draft what comes of people's edits; ``baselines`` where they are not ours."""
        fleet = self.fleet
        drifted = [
            _drifted(one, edits[one.district.key], baselines or {})
            for one in fleet.districts
            if one.district.key in edits
        ]
        return draft_adoption(drifted, conflicts or {}, {}, fleet, ASKED)

    def written(self, drafts: tuple[AdoptionDraft, ...]) -> tuple[AdoptedDistrict, ...]:
        return tuple(write_adopted(drafts, self.root, self.shelf.note))


def _drifted(
    loaded: LoadedDistrict, edits: Form, baselines: Mapping[str, Form]
) -> DriftedDistrict:
    key, desired = loaded.district.key, loaded.district.desired()
    applied = Baseline({**desired, **baselines.get(key, {})})
    form: dict[str, Value] = {**applied.form, **edits}
    moved = movements(applied.form, desired, form)
    drift = DistrictDrift(key, loaded.file, moved, applied=True)
    return DriftedDistrict(loaded, Live(key, "2", form, NOW), drift)


@pytest.fixture
def valley(tmp_path: Path) -> Valley:
    shutil.copytree(VALLEY, tmp_path / "valley")
    root = tmp_path / "valley"
    return Valley(root, Shelf(root))


def test_what_a_person_changed_goes_into_the_file_and_the_comment_stays(
    valley: Valley,
) -> None:
    before = valley.text(LAKEVIEW)
    (adopted,) = valley.written(
        valley.drafts({"lakeview-usd": {"deletion_threshold": 12}})
    )
    assert adopted.adoption is AdoptionResult.CHANGED
    after = before.replace("deletion_threshold: 15", "deletion_threshold: 12")
    assert valley.text(LAKEVIEW) == after != before
    assert "# above our worst night in August" in after


def test_what_we_changed_and_did_not_apply_stays_as_the_file_has_it(
    valley: Valley,
) -> None:
    valley.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    (draft,) = valley.drafts(
        {"lakeview-usd": {"phone_types": frozenset(["Home"])}},
        {"lakeview-usd": {"deletion_threshold": 15}},
    )
    assert [one.setting for one in draft.adopted.taken] == ["phone_types"]
    assert draft.text is not None
    assert "deletion_threshold: 12" in draft.text
    left = without_adopted(draft.drifted.drift, draft.adopted)
    assert left.standing == "pending"


def test_what_was_taken_is_remembered_and_nothing_else(valley: Valley) -> None:
    valley.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    valley.written(
        valley.drafts(
            {"lakeview-usd": {"phone_types": frozenset(["Home"])}},
            {"lakeview-usd": {"deletion_threshold": 15}},
        )
    )
    kept = valley.shelf.kept["lakeview-usd"]
    assert kept == BaselineUpdate(
        {"phone_types": frozenset(["Home"])}, running=True, merged=True, draft=True
    )


def test_the_file_is_written_before_it_is_remembered(valley: Valley) -> None:
    valley.written(valley.drafts({"lakeview-usd": {"deletion_threshold": 12}}))
    assert "deletion_threshold: 12" in valley.shelf.files["lakeview-usd"]


def test_a_setting_that_both_sides_changed_refuses_the_whole_district(
    valley: Valley,
) -> None:
    valley.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    moved: Form = {"deletion_threshold": 60, "phone_types": frozenset(["Home"])}
    drafts = valley.drafts(
        {"lakeview-usd": moved}, {"lakeview-usd": {"deletion_threshold": 15}}
    )
    before = valley.text(LAKEVIEW)
    (adopted,) = valley.written(drafts)
    assert adopted.adoption is AdoptionResult.REFUSED
    assert "both sides changed deletion_threshold" in adopted.message
    assert "--adopt-conflict lakeview-usd:deletion_threshold" in adopted.remedy
    assert valley.text(LAKEVIEW) == before
    assert not valley.shelf.kept


def test_a_conflict_that_is_named_is_taken_from_connect(valley: Valley) -> None:
    valley.replace(LAKEVIEW, "deletion_threshold: 15", "deletion_threshold: 12")
    drafts = valley.drafts(
        {"lakeview-usd": {"deletion_threshold": 20}},
        {"lakeview-usd": {"deletion_threshold": 15}},
        {"lakeview-usd": ["deletion_threshold"]},
    )
    valley.written(drafts)
    assert "deletion_threshold: 20" in valley.text(LAKEVIEW)
    assert valley.shelf.kept["lakeview-usd"].form == {"deletion_threshold": 20}


def test_a_file_that_would_have_an_error_is_refused_whole(valley: Valley) -> None:
    before = valley.text(LAKEVIEW)
    moved: Form = {"deletion_threshold": 12, "phone_types": frozenset(["Cell", "Home"])}
    (adopted,) = valley.written(valley.drafts({"lakeview-usd": moved}))
    assert adopted.adoption is AdoptionResult.REFUSED
    assert adopted.message.startswith("its file would have an error: ")
    assert valley.text(LAKEVIEW) == before
    assert not valley.shelf.kept


def test_an_error_that_shows_only_across_files_is_refused_too(valley: Valley) -> None:
    theirs = "58da8a43cc70ab00017a1a11"
    (adopted,) = valley.written(
        valley.drafts({"lakeview-usd": {"district_id": theirs}})
    )
    assert adopted.adoption is AdoptionResult.REFUSED
    assert "the same district_id is in" in adopted.message
    assert "58da8a43cc70ab00017a1a10" in valley.text(LAKEVIEW)


def test_two_districts_that_changed_places_fit_together_or_not_at_all(
    valley: Valley,
) -> None:
    swapped = {
        "lakeview-usd": {"district_id": "58da8a43cc70ab00017a1a11"},
        "harbor-point-usd": {"district_id": "58da8a43cc70ab00017a1a10"},
    }
    fitting = valley.drafts(swapped)
    assert {one.adopted.adoption for one in fitting} == {AdoptionResult.CHANGED}
    # one of them is refused for a reason of its own, so the other does not fit any more
    wrong: Form = {"phone_types": frozenset(["Cell", "Home"])}
    swapped["harbor-point-usd"] = {**swapped["harbor-point-usd"], **wrong}  # type: ignore[dict-item]
    refused = valley.drafts(swapped)
    assert {one.adopted.adoption for one in refused} == {AdoptionResult.REFUSED}
    assert not [one.text for one in refused if one.text is not None]


def test_one_that_is_refused_does_not_stop_the_others(valley: Valley) -> None:
    adopted = valley.written(
        valley.drafts(
            {
                "lakeview-usd": {"phone_types": frozenset(["Cell", "Home"])},
                "harbor-point-usd": {"phone_types": frozenset(["Home"])},
            }
        )
    )
    assert {one.district: one.adoption for one in adopted} == {
        "harbor-point-usd": AdoptionResult.CHANGED,
        "lakeview-usd": AdoptionResult.REFUSED,
    }
    assert "phone_types: [Home]" in valley.text(HARBOR)
    assert set(valley.shelf.kept) == {"harbor-point-usd"}


def test_a_file_that_cannot_be_written_is_refused_and_not_remembered(
    valley: Valley, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    drafts = valley.drafts({"lakeview-usd": {"deletion_threshold": 12}})
    monkeypatch.setattr("os.fsync", full)
    (adopted,) = valley.written(drafts)
    assert adopted.adoption is AdoptionResult.REFUSED
    assert "No space left" in adopted.message
    assert not valley.shelf.kept


def test_what_cannot_be_edited_without_loss_is_refused(valley: Valley) -> None:
    several = "[Cell  # texts\n    ]"
    valley.replace(
        LAKEVIEW,
        "deletion_threshold: 15",
        f"phone_types: {several}\n  deletion_threshold: 15",
    )
    (draft,) = valley.drafts({"lakeview-usd": {"phone_types": frozenset(["Home"])}})
    assert draft.adopted.adoption is AdoptionResult.REFUSED
    assert "cannot be changed without losing" in draft.adopted.message


def test_an_id_that_vanished_from_connect_is_not_taken_over(valley: Valley) -> None:
    (draft,) = valley.drafts({"lakeview-usd": {"district_id": ""}})
    assert draft.text is None
    assert draft.adopted.adoption is AdoptionResult.LEFT
    valley.written((draft,))
    assert not valley.shelf.kept
    assert without_adopted(draft.drifted.drift, draft.adopted).standing == "drift"
