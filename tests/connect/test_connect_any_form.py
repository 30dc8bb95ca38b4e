"""Whatever form is accepted comes back; whatever is refused leaves no trace."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from connectsync.backends.embedded import open_reader, open_writer
from connectsync.backends.seam import Reader, Writer
from connectsync.domain.settings import SETTINGS, Form
from connectsync.emulator.app import create_app
from connectsync.emulator.seed import enrol
from connectsync.errors import FormRefused
from connectsync.providers.form import Kind, Setting, Value

T = TypeVar("T")

PLACEHOLDERS = ("(placeholder) Leave archived", "(placeholder) Restore")
UNKNOWN = st.sampled_from(["", "nonsense", "CELL", "parent", "Studentnummer 7"])


def fitting(setting: Setting) -> st.SearchStrategy[Value]:
    """Give the values that the form accepts."""
    labels = setting.labels or PLACEHOLDERS
    match setting.kind:
        case Kind.TEXT:
            return st.text(max_size=40)
        case Kind.CHOICE:
            return st.sampled_from(labels)
        case Kind.BOX:
            return st.booleans()
        case Kind.PERCENT:
            return st.none() | st.integers(0, 100)
        case Kind.BOXES:
            most = 1 if setting.name == "phone_types" else len(labels)
            return st.frozensets(st.sampled_from(labels), max_size=most)


def unfitting(setting: Setting) -> st.SearchStrategy[Value]:
    """Give values that the form refuses."""
    match setting.kind:
        case Kind.TEXT:
            return st.none() | st.booleans() | st.integers()
        case Kind.CHOICE:
            return st.none() | st.booleans() | UNKNOWN
        case Kind.BOX:
            return st.none() | st.integers() | UNKNOWN
        case Kind.PERCENT:
            return st.integers(max_value=-1) | st.integers(min_value=101) | UNKNOWN
        case Kind.BOXES:
            return st.booleans() | st.frozensets(UNKNOWN, min_size=1)


def forms() -> st.SearchStrategy[Form]:
    return st.fixed_dictionaries(
        {}, optional={setting.name: fitting(setting) for setting in SETTINGS}
    )


@st.composite
def spoilt(draw: st.DrawFn) -> Form:
    setting = draw(st.sampled_from(SETTINGS))
    return {**draw(forms()), setting.name: draw(unfitting(setting))}


def on_a_new_district(act: Callable[[Reader, Writer], Awaitable[T]]) -> T:
    async def acted(store: Path) -> T:
        app = create_app(store)
        async with open_reader(app) as reader, open_writer(app) as writer:
            return await act(reader, writer)

    with tempfile.TemporaryDirectory() as directory:
        store = Path(directory) / "connect.db"
        enrol(store, [("bay", "Bay")])
        return asyncio.run(acted(store))


@settings(deadline=None, max_examples=60)
@given(st.lists(forms(), min_size=1, max_size=5))
def test_accepted_forms_are_read_back_as_they_were_saved(saves: list[Form]) -> None:
    async def act(reader: Reader, writer: Writer) -> None:
        live = await reader.read("bay")
        versions = {live.version}
        for desired in saves:
            expected = {**live.form, **desired}
            saved = await writer.save("bay", desired, expected_version=live.version)
            assert saved.form == expected
            assert (saved.version in versions) == (saved.form == live.form)
            versions.add(saved.version)
            live = saved

    on_a_new_district(act)


@settings(deadline=None, max_examples=60)
@given(forms(), spoilt())
def test_refused_forms_leave_version_and_content_untouched(
    first: Form, second: Form
) -> None:
    async def act(reader: Reader, writer: Writer) -> None:
        read = await reader.read("bay")
        before = await writer.save("bay", first, expected_version=read.version)
        try:
            await writer.save("bay", second, expected_version=before.version)
        except FormRefused:
            after = await reader.read("bay")
            assert (after.version, after.form) == (before.version, before.form)
        else:
            raise AssertionError(f"accepted {second}")

    on_a_new_district(act)
