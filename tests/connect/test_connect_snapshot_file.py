"""A snapshot is read whole or not at all, and written in one stroke."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from connectsync.backends import snapshot as snapshot_file
from connectsync.backends.embedded import seeds
from connectsync.domain.live import HandConfirmation, Live, Snapshot, SnapshotEntry
from connectsync.domain.settings import SETTINGS
from connectsync.emulator.app import create_app
from connectsync.emulator.seed import Seed, sow
from connectsync.errors import Unreachable
from connectsync.providers.form import Value

ROOT = Path(__file__).parents[2]
TAKEN = datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)

FORM: dict[str, Value] = {
    "district_id": "58da8a43cc70ab00017a1a87",
    "student_id": "STUDENT NUMBER",
    "archived_students": "as the page says: é",
    "enable_daily_sync": True,
    "manage_guardians": True,
    "unarchive_classrooms": False,
    "update_active_users": False,
    "contact_types": frozenset({"Other", "Parent/Guardian"}),
    "contact_relationships": frozenset({"Parent", "Grandparent"}),
    "phone_types": frozenset({"Cell"}),
    "deletion_threshold": 15,
    "permissions": frozenset(),
}


def snapshot(*keys: str) -> Snapshot:
    entries = (
        SnapshotEntry(f"The {key}", Live(key, "7-x", FORM, TAKEN)) for key in keys
    )
    return Snapshot(TAKEN, "embedded", tuple(entries))


def schema() -> dict[str, Any]:
    content = (ROOT / "schema/snapshot.schema.json").read_text()
    parsed: dict[str, Any] = json.loads(content)
    return parsed


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "live.json"
    snapshot_file.write(path, snapshot("elm", "bay"))
    assert snapshot_file.read_snapshot(path) == snapshot("bay", "elm")
    assert [entry.name for entry in tmp_path.iterdir()] == ["live.json"]


def test_the_same_snapshot_is_always_the_same_text() -> None:
    text = snapshot_file.render_snapshot(snapshot("bay", "elm"))
    assert text == snapshot_file.render_snapshot(snapshot("elm", "bay"))
    assert text.endswith("}\n")
    assert "as the page says: é" in text
    assert text.index('"bay"') < text.index('"elm"')


def full() -> Snapshot:
    plain = snapshot("bay", "elm")
    confirmed = HandConfirmation("a person", TAKEN)
    return replace(
        plain,
        entries=(replace(plain.entries[0], confirmed=confirmed), plain.entries[1]),
        options={"archived_students": ("é", "a"), "student_id": ("STUDENT ID",)},
        unread={"zoo": "status 503", "oak": "no answer"},
    )


def test_options_what_was_not_read_and_who_confirmed_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "live.json"
    snapshot_file.write(path, full())
    assert snapshot_file.read_snapshot(path) == full()
    body = json.loads(path.read_text("utf-8"))
    assert list(body["options"]) == ["student_id", "archived_students"]
    assert [one["district"] for one in body["unread"]] == ["oak", "zoo"]


def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "live.json"
    path.touch(mode=0o640)
    path.chmod(0o640)
    snapshot_file.write(path, full())
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("written", [snapshot("bay"), full()], ids=["usual", "full"])
def test_what_is_written_fits_the_schema(written: Snapshot) -> None:
    body = json.loads(snapshot_file.render_snapshot(written))
    jsonschema.validate(body, schema(), jsonschema.Draft202012Validator)


def test_the_schema_describes_every_setting_and_every_property() -> None:
    settings = schema()["$defs"]["settings"]
    assert list(settings["properties"]) == [setting.name for setting in SETTINGS]
    first = [setting.name for setting in SETTINGS if setting.first]
    assert settings["required"] == first
    for part in [schema(), *schema()["$defs"].values()]:
        assert part["description"]
        for name, member in part.get("properties", {}).items():
            assert "description" in member or "$ref" in member, name


def changed(change: Callable[[Any], object]) -> bytes:
    body = json.loads(snapshot_file.render_snapshot(snapshot("bay", "elm")))
    change(body)
    return json.dumps(body).encode()


BROKEN: list[tuple[Callable[[Any], object], str]] = [
    (lambda s: s.update(schema=2), "schema is not 1"),
    (lambda s: s.update(schema=True), "schema is not 1"),
    (lambda s: s.pop("source"), "has no source"),
    (lambda s: s.update(more=1), "has the unknown more"),
    (lambda s: s.update(source=1), "source is a number"),
    (lambda s: s.update(districts={}), "districts is an object"),
    (lambda s: s.update(taken="yesterday"), "isoformat"),
    (lambda s: s["districts"].append(7), "a district is a number"),
    (lambda s: s["districts"].append(s["districts"][0]), "stands in it twice"),
    (lambda s: s["districts"][0].update(district=""), "empty key or version"),
    (lambda s: s["districts"][0].update(version=""), "empty key or version"),
    (lambda s: s["districts"][0].update(name=None), "name is null"),
    (lambda s: s["districts"][0].update(settings=[]), "the form of 'bay' is a list"),
    (lambda s: s["districts"][0]["settings"].pop("phone_types"), "has no phone_types"),
    (
        lambda s: s["districts"][0]["settings"].update({"oauth_token": "x"}),
        "unknown oauth",
    ),
    (
        lambda s: s["districts"][0]["settings"].update(deletion_threshold=101),
        "'bay': deletion_threshold is not within",
    ),
    (lambda s: s.update(options=[]), "options is a list"),
    (lambda s: s.update(options={"district_id": ["x"]}), "the unknown district_id"),
    (lambda s: s.update(options={"permissions": 1}), "permissions is a number"),
    (lambda s: s.update(options={"permissions": []}), "of permissions is empty"),
    (lambda s: s.update(options={"permissions": ["x", "x"]}), "names a label twice"),
    (lambda s: s.update(unread={}), "unread is an object"),
    (lambda s: s.update(unread=[{"district": "x"}]), "has no reason"),
    (
        lambda s: s.update(unread=[{"district": "bay", "reason": "x"}]),
        "stands in it twice",
    ),
    (lambda s: s["districts"][0].update(confirmed={"by": "x"}), "has no at"),
    (
        lambda s: s["districts"][0].update(
            confirmed={"by": "x", "at": "2027-01-01T00:00:00"}
        ),
        "at has no time zone",
    ),
]


@pytest.mark.parametrize(("change", "sentence"), BROKEN)
def test_a_snapshot_that_is_not_whole_is_refused(
    tmp_path: Path, change: Callable[[Any], object], sentence: str
) -> None:
    path = tmp_path / "live.json"
    path.write_bytes(changed(change))
    with pytest.raises(Unreachable, match=sentence) as error:
        snapshot_file.read_snapshot(path)
    assert "live.json" in error.value.message
    assert "snapshot --output FILE`" in error.value.remedy


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is not valid JSON: it is empty"),
        (b"\xff", "the byte 0xFF is not UTF-8"),
        (b"[]", "the snapshot is a list, not an object"),
        (b"{", "it is not valid JSON: it is cut off at its end, in line 1"),
        (b'{\n  "schema": 1,\n', "it is cut off at its end, in line 2"),
        (b'{\n  "schema": tr', "it is cut off at its end, in line 2"),
        (b'{\n  "schem', "it is cut off at its end, in line 2"),
        (b'{\n  "schema" 1}', "it is not valid JSON: see line 2, column 12"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_snapshot_is_refused(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "live.json"
    path.write_bytes(content)
    with pytest.raises(Unreachable, match=f"is not a snapshot: .*{said}"):
        snapshot_file.read_snapshot(path)


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "live.json"
    path.write_bytes(b'{"schema": 1, "schema": 1}')
    with pytest.raises(Unreachable, match="in which each name stands once"):
        snapshot_file.read_snapshot(path)


def test_a_time_without_zone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "live.json"
    path.write_bytes(changed(lambda s: s.update(taken="2026-11-02T03:04:05")))
    with pytest.raises(Unreachable, match="no time zone"):
        snapshot_file.read_snapshot(path)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="cannot be read"):
        snapshot_file.read_snapshot(tmp_path / "none.json")


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "live.json"
    snapshot_file.write(path, snapshot("bay"))

    def refuse(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(OSError, match="disk full"):
        snapshot_file.write(path, snapshot("elm"))
    assert snapshot_file.read_snapshot(path) == snapshot("bay")
    assert len(list(tmp_path.iterdir())) == 1


def test_a_snapshot_seeds_the_embedded_connect(tmp_path: Path) -> None:
    import asyncio

    from connectsync.backends.embedded import open_reader

    store = tmp_path / "connect.db"
    assert sow(store, [Seed(*seed) for seed in seeds(snapshot("bay", "elm"))]) == 2

    async def read() -> tuple[Live, tuple[str, ...]]:
        async with open_reader(create_app(store)) as reader:
            return await reader.read("bay"), await reader.options("archived_students")

    live, labels = asyncio.run(read())
    assert live.form == FORM
    assert labels[-1] == FORM["archived_students"]
