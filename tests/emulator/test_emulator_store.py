"""The store keeps what was saved, whoever else saves, and dies as a whole."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from connectsync.emulator import store
from connectsync.emulator.form import BLANK
from connectsync.emulator.http import (
    EmulatorError,
    ProblemAnswer,
    SeedRefused,
    StoreUnusable,
)
from connectsync.emulator.seed import Seed, enrol, sow
from connectsync.emulator.store import SaveRequest, save_form


def found(path: Path, key: str) -> store.DistrictRow:
    with store.open_store(path).reading() as connection:
        row = store.find(connection, key)
    assert row is not None
    return row


def test_enrolling_again_leaves_a_district_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "connect.db"
    assert enrol(path, [("bay", "Bay"), ("elm", "Elm")]) == 2
    before = found(path, "bay")
    assert enrol(path, [("bay", "Another name"), ("oak", "Oak")]) == 1
    assert found(path, "bay") == before
    assert before.form == BLANK


@pytest.mark.parametrize("key", ["", "-a", "a/b", "ü", "a b", "x" * 101, "a\n"])
def test_a_key_that_fits_no_address_is_refused(tmp_path: Path, key: str) -> None:
    path = tmp_path / "connect.db"
    with pytest.raises(SeedRefused):
        enrol(path, [("bay", "Bay"), (key, "Name")])
    with pytest.raises(SeedRefused):
        sow(path, [Seed(key, "Name", BLANK)])
    with store.open_store(path).reading() as connection:
        assert store.page(connection, "", 10) == []


def test_sowing_makes_replaces_and_leaves_what_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "connect.db"
    enrol(path, [("bay", "Bay"), ("elm", "Elm")])
    before = found(path, "bay")
    changed = {**BLANK, "phoneTypes": ["Home"]}
    seeds = [Seed("bay", "Bay", BLANK), Seed("elm", "Elm", changed)]
    assert sow(path, [*seeds, Seed("oak", "Oak", changed)]) == 2
    assert found(path, "bay") == before
    assert found(path, "elm").form == found(path, "oak").form == changed
    assert sow(path, [Seed("bay", "Bay of Many", BLANK)]) == 1
    assert found(path, "bay").version != before.version


def test_a_form_is_kept_in_the_order_of_the_page(tmp_path: Path) -> None:
    path = tmp_path / "connect.db"
    form = {**BLANK, "contactTypes": ["Other", "Parent/Guardian"]}
    shuffled = dict(reversed(list(form.items())))
    sow(path, [Seed("bay", "Bay", shuffled)])
    row = found(path, "bay")
    assert list(row.form) == list(BLANK)
    assert row.form["contactTypes"] == ["Parent/Guardian", "Other"]


def test_a_label_nobody_publishes_is_learnt_from_a_seed(tmp_path: Path) -> None:
    path = tmp_path / "connect.db"
    form = {**BLANK, "archivedStudents": "As the page says"}
    sow(path, [Seed("bay", "Bay", form), Seed("elm", "Elm", form)])
    with store.open_store(path).reading() as connection:
        offered = store.options(connection)["archivedStudents"]
    assert [option.placeholder for option in offered] == [True, True, False]
    assert offered[-1].label == "As the page says"


@pytest.mark.parametrize(
    "change",
    [
        {"archivedStudents": " "},
        {"archivedStudents": None},
        {"phoneTypes": ["Cell", "Home"]},
        {"contactTypes": ["Cousin", "Cousin"]},
        {"other": 1},
    ],
)
def test_a_seed_that_the_form_refuses_sows_nothing(
    tmp_path: Path, change: dict[str, object]
) -> None:
    path = tmp_path / "connect.db"
    seeds = [Seed("bay", "Bay", BLANK), Seed("elm", "Elm", {**BLANK, **change})]
    with pytest.raises(SeedRefused, match=next(iter(change))):
        sow(path, seeds)
    assert enrol(path, [("bay", "Bay")]) == 1


def test_a_form_with_a_field_left_out_is_refused(tmp_path: Path) -> None:
    form = {name: value for name, value in BLANK.items() if name != "permissions"}
    with pytest.raises(SeedRefused, match="permissions"):
        sow(tmp_path / "connect.db", [Seed("bay", "Bay", form)])


def test_what_was_kept_before_the_page_had_a_field_has_it_blank(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "connect.db"
    form = {name: value for name, value in BLANK.items() if name != "permissions"}
    sow(path, [Seed("elm", "Elm", BLANK)])
    with closing(sqlite3.connect(path)) as connection, connection:
        kept = json.dumps(form)
        connection.execute("UPDATE district SET form = ?", (kept,))
    monkeypatch.setattr("connectsync.emulator.form.LATER", frozenset({"permissions"}))
    sow(path, [Seed("bay", "Bay", form)])
    assert found(path, "bay").form == found(path, "elm").form == BLANK


def test_of_many_saves_at_one_version_exactly_one_is_made(tmp_path: Path) -> None:
    path = tmp_path / "connect.db"
    enrol(path, [("bay", "Bay")])
    version = found(path, "bay").version
    outcomes: list[str] = []

    def save(percent: int) -> None:
        ask = SaveRequest("bay", {"deletionThreshold": percent}, version)
        try:
            with store.open_store(path).writing() as connection:
                outcomes.append(save_form(connection, ask, now=0.0))
        except ProblemAnswer as problem:
            outcomes.append(str(problem.status))

    threads = [threading.Thread(target=save, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("412") == 7
    assert found(path, "bay").version in outcomes


DIES = """
import os, sys
from connectsync.emulator import store
from connectsync.emulator.store import SaveRequest, save_form
opened = store.open_store(sys.argv[1])
with opened.reading() as connection:
    version = store.find(connection, "bay").version
with opened.writing() as connection:
    asked = SaveRequest("bay", {"manageGuardians": True}, version, "k")
    save_form(connection, asked, now=0.0)
    if sys.argv[2] == "before the commit":
        os.kill(os.getpid(), 9)
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("when", ["before the commit", "after the commit"])
def test_a_killed_save_is_made_whole_or_not_at_all(tmp_path: Path, when: str) -> None:
    path = tmp_path / "connect.db"
    enrol(path, [("bay", "Bay")])
    command = [sys.executable, "-c", DIES, str(path), when]
    assert subprocess.run(command, check=False).returncode == -9
    made = when == "after the commit"
    assert found(path, "bay").form["manageGuardians"] is made
    with closing(sqlite3.connect(path)) as connection:
        ((kept,),) = connection.execute("SELECT count(*) FROM remembered")
        assert kept == made


def not_stores(directory: Path) -> Iterator[Path]:
    other = directory / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("PRAGMA user_version = 99")
    noise = directory / "noise.db"
    noise.write_bytes(b"not a database at all " * 100)
    (directory / "folder").mkdir()
    yield from (other, noise, directory / "folder", noise / "below")


def test_a_file_that_is_no_store_of_ours_is_said_to_be_unusable(
    tmp_path: Path,
) -> None:
    for path in not_stores(tmp_path):
        with pytest.raises(StoreUnusable, match=str(path)):
            store.open_store(path)
    assert issubclass(StoreUnusable, EmulatorError)


def test_a_row_is_put_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "connect.db"
    enrol(path, [("bay", "Bay")])
    row = replace(found(path, "bay"), name="Bucht", token_digest="d")  # noqa: S106 - of none
    with store.open_store(path).writing() as connection:
        store.put_row(connection, row)
    assert found(path, "bay") == row
