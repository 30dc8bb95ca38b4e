"""What every backend does, over every backend there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

import pytest

from connectsync.backends.seam import Reader, Writer
from connectsync.domain.live import ListedDistrict, Live
from connectsync.domain.settings import SETTINGS
from connectsync.errors import (
    ConnectError,
    DistrictNotFound,
    FormRefused,
    VersionMoved,
)
from connectsync.providers.form import Kind, Value

KEY = "lakeview-usd"
NEVER = "no page offers this"
PLACEHOLDERS = ("(placeholder) Leave archived", "(placeholder) Restore")

BLANKS: Mapping[Kind, Value] = {
    Kind.TEXT: "",
    Kind.BOX: False,
    Kind.BOXES: frozenset(),
    Kind.PERCENT: None,
}
BLANK: Mapping[str, Value] = {
    one.name: (one.labels or PLACEHOLDERS)[0]
    if one.kind is Kind.CHOICE
    else BLANKS[one.kind]
    for one in SETTINGS
}

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Act(Protocol[T_co]):
    async def __call__(self, reader: Reader, writer: Writer, /) -> T_co: ...


class Backend(Protocol):
    @property
    def versions_recur(self) -> bool: ...

    @property
    def every(self) -> int: ...

    def run(self, act: Act[T]) -> T: ...


def accepted() -> list[tuple[str, Value]]:
    """Give every setting with every option it has, and the edges of its range."""
    cases: list[tuple[str, Value]] = [
        ("district_id", "58da8a43cc70ab00017a1a87"),
        ("district_id", "Zürich 東京 🏫"),
        ("district_id", ""),
        *(("archived_students", label) for label in PLACEHOLDERS),
        *(("deletion_threshold", percent) for percent in (0, 1, 15, 100, None)),
    ]
    for setting in SETTINGS:
        if setting.kind is Kind.BOX:
            cases += [(setting.name, True), (setting.name, False)]
        if setting.kind is Kind.CHOICE:
            cases += [(setting.name, label) for label in setting.labels]
        if setting.kind is Kind.BOXES:
            cases += [(setting.name, frozenset({label})) for label in setting.labels]
            cases.append((setting.name, frozenset()))
            if setting.name != "phone_types":
                cases.append((setting.name, frozenset(setting.labels)))
    return cases


REFUSED: list[tuple[str, Value]] = [
    ("district_id", 58),
    ("district_id", None),
    ("district_id", "\ud800"),
    ("student_id", "student number"),
    ("student_id", True),
    ("archived_students", "Restore"),
    ("enable_daily_sync", 1),
    ("manage_guardians", "on"),
    ("unarchive_classrooms", None),
    ("update_active_users", frozenset()),
    ("contact_types", frozenset({"Mother"})),
    ("contact_types", "Parent/Guardian"),
    ("contact_relationships", frozenset({"Parent", "Aunt"})),
    ("phone_types", frozenset({"Cell", "Home"})),
    ("phone_types", frozenset({"Mobile"})),
    ("deletion_threshold", -1),
    ("deletion_threshold", 101),
    ("deletion_threshold", True),
    ("deletion_threshold", "20"),
    ("permissions", frozenset({"Superuser"})),
    *(
        (one.name, frozenset({NEVER}) if one.kind is Kind.BOXES else NEVER)
        for one in SETTINGS
        if one.kind is not Kind.TEXT
    ),
]


def test_the_table_covers_every_setting() -> None:
    everything = {setting.name for setting in SETTINGS}
    assert {name for name, _ in accepted()} == everything
    assert {name for name, _ in REFUSED} == everything


def test_districts_are_listed_by_key_with_their_names(backend: Backend) -> None:
    async def act(reader: Reader, _: Writer) -> tuple[ListedDistrict, ...]:
        return await reader.list_districts()

    assert backend.run(act) == (
        ListedDistrict("bay", "Bay of São João"),
        ListedDistrict("elm.park_1", "Elm Park"),
        ListedDistrict(KEY, "Lakeview Unified"),
    )


def test_a_new_district_has_a_blank_form(backend: Backend) -> None:
    async def act(reader: Reader, _: Writer) -> Live:
        return await reader.read(KEY)

    live = backend.run(act)
    assert (live.key, live.form) == (KEY, BLANK)
    assert list(live.form) == [setting.name for setting in SETTINGS]
    assert live.read_at.tzinfo is not None


@pytest.mark.timeout(600)
def test_every_option_of_every_setting_is_saved_and_read_back(
    backend: Backend,
) -> None:
    async def act(reader: Reader, writer: Writer) -> None:
        before = await reader.read(KEY)
        for name, value in accepted()[:: backend.every]:
            after = await writer.save(
                KEY, {name: value}, expected_version=before.version
            )
            assert after.form == {**before.form, name: value}
            assert (after.version == before.version) == (after.form == before.form)
            again = await reader.read(KEY)
            assert (again.version, again.form) == (after.version, after.form)
            before = again

    backend.run(act)


def test_a_refused_value_names_its_setting_and_changes_nothing(
    backend: Backend,
) -> None:
    async def act(reader: Reader, writer: Writer) -> None:
        before = await reader.read(KEY)
        for name, value in REFUSED[:: backend.every]:
            with pytest.raises(FormRefused, match=rf"{name} \w") as refused:
                await writer.save(
                    KEY,
                    {name: value, "manage_guardians": True} | {name: value},
                    expected_version=before.version,
                )
            others = {setting.name for setting in SETTINGS} - {name}
            assert not [other for other in others if other in refused.value.message]
        after = await reader.read(KEY)
        assert (after.version, after.form) == (before.version, before.form)

    backend.run(act)


def test_a_form_that_somebody_else_saved_is_not_overwritten(backend: Backend) -> None:
    async def act(reader: Reader, writer: Writer) -> None:
        read = await reader.read(KEY)
        theirs = await writer.save(
            KEY, {"deletion_threshold": 15}, expected_version=read.version
        )
        with pytest.raises(VersionMoved, match=KEY):
            await writer.save(
                KEY, {"deletion_threshold": 20}, expected_version=read.version
            )
        assert (await reader.read(KEY)).form == theirs.form

    backend.run(act)


def test_a_form_that_was_changed_and_changed_back_has_moved(backend: Backend) -> None:
    async def act(reader: Reader, writer: Writer) -> None:
        read = await reader.read(KEY)
        there = await writer.save(
            KEY, {"enable_daily_sync": True}, expected_version=read.version
        )
        back = await writer.save(
            KEY, {"enable_daily_sync": False}, expected_version=there.version
        )
        assert back.form == read.form
        assert (back.version == read.version) == backend.versions_recur
        if not backend.versions_recur:
            with pytest.raises(VersionMoved):
                await writer.save(
                    KEY, {"manage_guardians": True}, expected_version=read.version
                )

    backend.run(act)


def test_saving_what_is_there_keeps_the_version(backend: Backend) -> None:
    async def act(reader: Reader, writer: Writer) -> None:
        read = await reader.read(KEY)
        for desired in (read.form, {}):
            saved = await writer.save(KEY, desired, expected_version=read.version)
            assert saved.version == read.version

    backend.run(act)


def test_a_save_leaves_the_other_districts_alone(backend: Backend) -> None:
    async def act(reader: Reader, writer: Writer) -> None:
        other = await reader.read("bay")
        read = await reader.read(KEY)
        await writer.save(
            KEY, {"manage_guardians": True}, expected_version=read.version
        )
        again = await reader.read("bay")
        assert (again.version, again.form) == (other.version, other.form)

    backend.run(act)


def test_a_district_that_is_not_there_is_said_to_be_missing(backend: Backend) -> None:
    async def act(reader: Reader, writer: Writer) -> None:
        for key in ("nowhere", "", "..", "a/b", "ключ", "x" * 101):
            with pytest.raises(DistrictNotFound):
                await reader.read(key)
            with pytest.raises(DistrictNotFound):
                await writer.save(
                    key, {"manage_guardians": True}, expected_version="1-a"
                )

    backend.run(act)


def test_a_version_that_cannot_be_is_not_the_one_that_is_there(
    backend: Backend,
) -> None:
    async def act(_: Reader, writer: Writer) -> None:
        for version in ("", 'a"b', "a\nb", "ü", "x" * 201):
            with pytest.raises(VersionMoved):
                await writer.save(KEY, {}, expected_version=version)

    backend.run(act)


def test_many_forms_are_read_as_one_by_one(backend: Backend) -> None:
    async def act(reader: Reader, _: Writer) -> None:
        many = await reader.read_many([KEY, "nowhere", "bay", KEY, "a/b"])
        assert list(many) == [KEY, "nowhere", "bay", "a/b"]
        for key in (KEY, "bay"):
            one, live = await reader.read(key), many[key]
            assert isinstance(live, Live)
            assert (live.key, live.version, live.form) == (key, one.version, one.form)
        assert isinstance(many["nowhere"], DistrictNotFound)
        assert isinstance(many["a/b"], DistrictNotFound)

    backend.run(act)


def test_reading_no_district_asks_nothing(backend: Backend) -> None:
    async def act(reader: Reader, _: Writer) -> Mapping[str, Live | ConnectError]:
        return await reader.read_many([])

    assert backend.run(act) == {}


def test_options_come_in_the_order_of_the_page(backend: Backend) -> None:
    async def act(reader: Reader, _: Writer) -> None:
        for setting in SETTINGS:
            if setting.kind in {Kind.CHOICE, Kind.BOXES}:
                expected = setting.labels or PLACEHOLDERS
                assert await reader.options(setting.name) == expected

    backend.run(act)


def test_a_backend_names_itself(backend: Backend) -> None:
    async def act(reader: Reader, _: Writer) -> str:
        return reader.described

    described = backend.run(act)
    address = "http://127.0.0.1:"
    assert described.startswith(
        ("embedded", f"gateway {address}", "snapshot:live.json", f"browser {address}")
    )
    assert "let-me-in" not in described
