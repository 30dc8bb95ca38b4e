"""Reading in parts: nobody can tell from the answers that somebody watched."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from console import Console
from hypothesis import given
from hypothesis import strategies as st

from connectsync.backends.seam import Mapper, Reader
from connectsync.cli.backends import (
    SessionMapper,
    SessionReader,
    open_reader,
    session_reader,
)
from connectsync.cli.session import Session
from connectsync.cli.terminal import Terminal
from connectsync.domain.live import ListedDistrict, Live, PageSpot
from connectsync.errors import (
    ConnectError,
    CredentialsRefused,
    DistrictNotFound,
    Unreachable,
)

READ_AT = datetime(2027, 1, 15, 10, tzinfo=UTC)


def session(*, quiet: bool = False) -> Session:
    terminal = Terminal(colour=False, width=80, quiet=quiet)
    return Session(terminal, {}, None, None, None)


@dataclass
class Scripted:
    """
    A backend whose districts are as a script says: there, missing, lost, refused.

    It answers as the gateway does: what it cannot say anything about at all, it raises.
    """

    script: Mapping[str, str]
    asked: list[tuple[str, ...]] = field(default_factory=list)
    described: str = "scripted"

    async def list_districts(self) -> tuple[ListedDistrict, ...]:
        return tuple(ListedDistrict(key, key) for key in sorted(self.script))

    async def read(self, key: str) -> Live:
        return Live(key, "1", {}, READ_AT)

    async def options(self, setting: str) -> tuple[str, ...]:
        return (setting,)

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, Live | ConnectError]:
        self.asked.append(tuple(keys))
        answers = {key: self._answer(key) for key in keys}
        errors = [one for one in answers.values() if isinstance(one, ConnectError)]
        heavy = [one for one in errors if not isinstance(one, DistrictNotFound)]
        if heavy and len(errors) == len(answers):
            raise heavy[0]
        return answers

    def _answer(self, key: str) -> Live | ConnectError:
        match self.script[key]:
            case "there":
                return Live(key, "1", {}, READ_AT)
            case "missing":
                return DistrictNotFound(f"no {key}")
            case "refused":
                return CredentialsRefused("not let in")
            case _:
                return Unreachable(f"lost {key}")


class ScriptedPage(Scripted):
    async def page_map(self) -> tuple[PageSpot, ...]:
        return ()


# who is refused once is refused from then on: that is how a session ends
SCRIPTS = st.builds(
    lambda kinds, refused: {
        f"district-{number:02}": kind
        for number, kind in enumerate([*kinds, *["refused"] * refused])
    },
    st.lists(st.sampled_from(["there", "there", "missing", "lost"]), max_size=30),
    st.integers(0, 12),
)


def answered(
    reader: Reader, keys: Sequence[str]
) -> tuple[str, Mapping[str, Live | ConnectError]]:
    try:
        return "", asyncio.run(reader.read_many(keys))
    except ConnectError as error:
        return type(error).__name__, {}


@given(SCRIPTS, st.integers(1, 41))
def test_in_parts_the_same_is_read_the_same_is_lost_and_the_same_is_raised(
    script: Mapping[str, str], part: int
) -> None:
    keys = [*script, *list(script)[:3]]
    raised, whole = answered(Scripted(script), list(script))
    inside = Scripted(script)
    raised_in_parts, parts = answered(SessionReader(inside, session(), part), keys)
    assert raised_in_parts == raised
    assert list(parts) == list(whole)
    assert [isinstance(one, Live) for one in parts.values()] == [
        isinstance(one, Live) for one in whole.values()
    ]
    assert all(len(keys) <= part for keys in inside.asked)


@given(SCRIPTS, st.integers(1, 41))
def test_it_raises_only_where_nothing_at_all_could_be_read(
    script: Mapping[str, str], part: int
) -> None:
    raised, _ = answered(SessionReader(Scripted(script), session(), part), list(script))
    assert not (raised and "there" in script.values())


def test_a_part_that_is_lost_takes_no_other_with_it() -> None:
    kinds = ["there", "there", "lost", "lost", "there"]
    script = {str(number): kind for number, kind in enumerate(kinds)}
    _, found = answered(SessionReader(Scripted(script), session(), 2), list(script))
    assert [type(one).__name__ for one in found.values()] == [
        "Live",
        "Live",
        "Unreachable",
        "Unreachable",
        "Live",
    ]


def test_who_is_not_let_in_does_not_go_on_asking() -> None:
    kinds = ["there", "there", *["refused"] * 8]
    inside = Scripted({str(number): kind for number, kind in enumerate(kinds)})
    _, found = answered(SessionReader(inside, session(), 2), list(inside.script))
    assert inside.asked == [("0", "1"), ("2", "3")]
    errors = [one for one in found.values() if isinstance(one, CredentialsRefused)]
    assert len(errors) == 8


def test_few_are_read_at_once() -> None:
    inside = Scripted({"a": "there", "b": "there"})
    answered(SessionReader(inside, session(), 2), ["b", "a", "b"])
    assert inside.asked == [("b", "a")]


def test_a_reader_that_knows_its_page_still_does() -> None:
    assert isinstance(session_reader(ScriptedPage({}), session(), 9), SessionMapper)
    assert isinstance(session_reader(ScriptedPage({}), session(), 9), Mapper)
    assert not isinstance(session_reader(Scripted({}), session(), 9), Mapper)


def test_where_nobody_watches_nothing_stands_between() -> None:
    inside = Scripted({})
    assert session_reader(inside, session(quiet=True), 9) is inside
    assert session_reader(inside, session(), None) is inside


@pytest.mark.parametrize("part", [1, 2, 500])
def test_what_a_real_backend_gives_comes_through(valley: Console, part: int) -> None:
    async def both() -> None:
        terminal = Terminal(colour=False, width=80, quiet=True)
        opened = Session(terminal, os.environ, valley.folder, None, None)
        project = opened.project()
        fleet = opened.fleet(project, ())
        districts = tuple(one.district for one in fleet.districts)
        async with open_reader(opened, project, districts) as reader:
            told = SessionReader(reader, session(), part)
            keys = [*(one.key for one in districts), "nowhere", "a/b"]
            whole, parts = await reader.read_many(keys), await told.read_many(keys)
            assert list(parts) == list(whole)
            assert [_form(one) for one in parts.values()] == [
                _form(one) for one in whole.values()
            ]
            assert told.described == reader.described
            assert await told.list_districts() == await reader.list_districts()
            assert (await told.read(keys[0])).form == _form(whole[keys[0]])
            offered = await reader.options("phone_types")
            assert await told.options("phone_types") == offered

    asyncio.run(both())


def _form(one: Live | ConnectError) -> object:
    return one.form if isinstance(one, Live) else type(one)


def test_lines_of_a_long_reading_go_to_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    del tmp_path
    clock = iter(range(0, 1000, 3))
    monkeypatch.setattr(
        "connectsync.cli.progress.monotonic", lambda: float(next(clock))
    )
    script = {f"district-{number:03}": "there" for number in range(100)}
    answered(SessionReader(Scripted(script), session(), 25), list(script))
    assert capsys.readouterr().err.splitlines() == [
        "read 25 of 100 districts (8.3/s), 0:09 left",
        "read 50 of 100 districts (8.3/s), 0:06 left",
        "read 75 of 100 districts (8.3/s), 0:03 left",
    ]
