"""The snapshot backend: what it adds to the contract of every backend."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectsync.backends import snapshot as snapshot_file
from connectsync.backends.names import insist_fits
from connectsync.backends.seam import Reader, Writer
from connectsync.backends.snapshot import SnapshotReader, SnapshotWriter
from connectsync.domain.live import HandConfirmation, Live, Snapshot, SnapshotEntry
from connectsync.domain.settings import Form
from connectsync.errors import (
    Bug,
    DistrictNotFound,
    FormRefused,
    NotConfirmed,
    Unreachable,
    VersionMoved,
)
from connectsync.providers.form import Value

TAKEN = datetime(2027, 1, 15, 6, tzinfo=UTC)
LATER = datetime(2027, 1, 15, 9, tzinfo=UTC)
FORM: dict[str, Value] = {
    "district_id": "",
    "student_id": "STUDENT ID",
    "archived_students": "as the page says",
    "enable_daily_sync": False,
    "manage_guardians": False,
    "unarchive_classrooms": False,
    "update_active_users": False,
    "contact_types": frozenset(),
    "contact_relationships": frozenset(),
    "phone_types": frozenset({"Home"}),
    "deletion_threshold": None,
    "permissions": frozenset(),
}


def snapshot(*keys: str) -> Snapshot:
    entries = [SnapshotEntry(f"The {key}", Live(key, "1", FORM, TAKEN)) for key in keys]
    return Snapshot(TAKEN, "gateway https://x.test", tuple(entries))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "live.json"
    snapshot_file.write(path, snapshot("bay", "elm"))
    return path


def reader(path: Path) -> SnapshotReader:
    return SnapshotReader(path, described="snapshot:live.json")


def writer(path: Path, confirm: Callable[[str, Form], str]) -> SnapshotWriter:
    return SnapshotWriter(path, confirm, clock=lambda: LATER)


def save(writing: Writer, key: str = "bay", **settings: Value) -> Live:
    return asyncio.run(writing.save(key, settings, expected_version="1"))


def yes(_: str, __: Form) -> str:
    return "Ada"


def test_it_is_a_reader_and_a_writer(path: Path) -> None:
    reading: Reader = reader(path)
    writing: Writer = writer(path, yes)
    assert (reading.described, writing is not None) == ("snapshot:live.json", True)


def test_a_form_was_read_when_the_snapshot_was_taken(path: Path) -> None:
    live = asyncio.run(reader(path).read("bay"))
    assert (live.read_at, live.form) == (TAKEN, FORM)
    again = save(writer(path, yes), manage_guardians=True)
    assert again.read_at == TAKEN, "what nobody looked at is as old as before"


def test_what_a_person_confirms_is_noted_with_who_and_when(path: Path) -> None:
    saved = save(writer(path, yes), manage_guardians=True)
    bay, elm = snapshot_file.read_snapshot(path).entries
    assert saved == bay.live
    assert saved.form == FORM | {"manage_guardians": True}
    assert saved.version != "1"
    assert bay.confirmed == HandConfirmation("Ada", LATER)
    assert elm == snapshot("elm").entries[0]


def test_what_nobody_confirms_changes_nothing(path: Path) -> None:
    def no(key: str, desired: Form) -> str:
        raise NotConfirmed(f"{key} {sorted(desired)}")

    before = path.read_bytes()
    with pytest.raises(NotConfirmed, match=r"bay \['manage_guardians'\]"):
        save(writer(path, no), manage_guardians=True)
    assert path.read_bytes() == before


def test_what_is_there_already_is_not_asked_about(path: Path) -> None:
    def ask(_: str, __: Form) -> str:
        pytest.fail("nothing is to be done")

    assert save(writer(path, ask), manage_guardians=False).version == "1"


def test_a_file_that_moves_while_a_person_clicks_is_not_overwritten(
    path: Path,
) -> None:
    def slow(key: str, _: Form) -> str:
        moved = replace(snapshot(key).entries[0].live, version="2")
        snapshot_file.write(path, Snapshot(LATER, "", (SnapshotEntry("Bay", moved),)))
        return "Ada"

    with pytest.raises(VersionMoved, match="'bay' is no longer"):
        save(writer(path, slow), manage_guardians=True)
    (left,) = snapshot_file.read_snapshot(path).entries
    assert (left.live.version, left.confirmed) == ("2", None)


def test_others_may_be_noted_while_a_person_clicks(path: Path) -> None:
    def meanwhile(_: str, __: Form) -> str:
        read = snapshot_file.read_snapshot(path)
        bay, elm = read.entries
        noted = replace(elm, confirmed=HandConfirmation("Ada", LATER))
        snapshot_file.write(path, replace(read, entries=(bay, noted)))
        return "Bob"

    save(writer(path, meanwhile), deletion_threshold=20)
    by = [
        (one.live.key, one.confirmed)
        for one in snapshot_file.read_snapshot(path).entries
    ]
    assert by == [
        ("bay", HandConfirmation("Bob", LATER)),
        ("elm", HandConfirmation("Ada", LATER)),
    ]


def test_a_file_that_cannot_be_written_is_an_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Unreachable, match="cannot be written: No space left") as error:
        save(writer(path, yes), manage_guardians=True)
    assert "take a new snapshot" in error.value.remedy


def test_a_district_that_was_not_read_says_why(path: Path) -> None:
    snapshot_file.write(path, replace(snapshot("bay"), unread={"elm": "status 503"}))
    reading = reader(path)
    with pytest.raises(DistrictNotFound, match=r"'elm' was not read .*: status 503"):
        asyncio.run(reading.read("elm"))
    with pytest.raises(DistrictNotFound, match="'oak' is not in the snapshot"):
        asyncio.run(reading.read("oak"))
    many = asyncio.run(reading.read_many(["bay", "elm"]))
    assert isinstance(many["bay"], Live)
    assert isinstance(many["elm"], DistrictNotFound)


def test_labels_are_given_as_they_were_recorded_or_not_at_all(path: Path) -> None:
    reading = reader(path)
    with pytest.raises(Unreachable, match="archived_students were not recorded"):
        asyncio.run(reading.options("archived_students"))
    with pytest.raises(Bug):
        asyncio.run(reading.options("district_id"))
    offered = {"archived_students": ("B", "A")}
    snapshot_file.write(path, replace(snapshot("bay"), options=offered))
    assert asyncio.run(reading.options("archived_students")) == ("B", "A")


def test_a_file_that_is_gone_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="cannot be read"):
        asyncio.run(reader(tmp_path / "none.json").list_districts())


def test_a_label_is_held_against_what_was_offered_if_that_is_known() -> None:
    form: Form = {"archived_students": "Restore"}
    insist_fits(form, {})
    insist_fits(form, {"archived_students": ("Restore", "Leave")})
    with pytest.raises(FormRefused, match="archived_students offers no 'Restore'"):
        insist_fits(form, {"archived_students": ("Leave",)})


def test_every_setting_that_does_not_fit_is_named() -> None:
    form: Form = {"phone_types": frozenset({"Cell", "Home"}), "deletion_threshold": 101}
    with pytest.raises(FormRefused) as refused:
        insist_fits(form, {})
    assert refused.value.message == (
        "phone_types takes one type at most with Clever;"
        " deletion_threshold is not within 0-100"
    )
