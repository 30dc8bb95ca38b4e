from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from plan_scenes import BLANK

from connectsync.domain.district import Credentials, District
from connectsync.domain.finding import ValidationReport
from connectsync.domain.live import Check, CheckStatus, ListedDistrict, Live
from connectsync.domain.settings import BY_NAME
from connectsync.errors import ConnectError, ProjectError, Unreachable
from connectsync.operations.doctor import (
    BackendCheck,
    examine_files,
    examine_tokens,
    judge_options,
)

NOW = datetime(2027, 1, 15, 10, tzinfo=UTC)


class Sick:
    """A reader of which any part can fail."""

    described = "sick"

    def __init__(
        self, *keys: str, fails: str = "", form: Mapping[str, object] = BLANK
    ) -> None:
        self.keys = keys
        self.fails = fails
        self.form = form

    def _insist(self, part: str) -> None:
        if part == self.fails:
            raise Unreachable(f"{part} failed")

    async def list_districts(self) -> tuple[ListedDistrict, ...]:
        self._insist("list")
        return tuple(ListedDistrict(key, key) for key in self.keys)

    async def read(self, key: str) -> Live:
        self._insist("read")
        return Live(key, "1", self.form, NOW)  # type: ignore[arg-type]

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, Live | ConnectError]:
        return {key: await self.read(key) for key in keys}

    async def options(self, setting: str) -> tuple[str, ...]:
        self._insist("options")
        return BY_NAME[setting].labels or ("Keep", "Archive")


def examined(reader: Sick, *keys: str) -> dict[str, list[Check]]:
    districts = [District(key, key) for key in keys]
    checks = asyncio.run(BackendCheck(reader, districts, {}).examine())
    by_topic: dict[str, list[Check]] = {}
    for check in checks:
        by_topic.setdefault(check.topic, []).append(check)
    return by_topic


def test_a_connect_that_does_not_answer_ends_the_check_up() -> None:
    checks = examined(Sick("a", fails="list"), "a")
    assert list(checks) == ["reach"]
    assert checks["reach"][0].standing is CheckStatus.ERROR
    assert checks["reach"][0].remedy


def test_a_form_that_cannot_be_read_fails_and_the_rest_goes_on() -> None:
    checks = examined(Sick("a", fails="read"), "a")
    assert checks["form"][0].standing is CheckStatus.ERROR
    assert "student_id" in checks


def test_a_form_that_lacks_a_setting_fails() -> None:
    form = {name: BLANK[name] for name in BLANK if name != "permissions"}
    (check,) = examined(Sick("a", form=form), "a")["form"]
    assert check.message == "a does not show permissions"


def test_options_that_cannot_be_read_are_no_failure() -> None:
    checks = examined(Sick("a", fails="options"), "a")
    assert checks["phone_types"][0].standing is CheckStatus.WARNING


def test_no_district_at_all_is_read_as_such() -> None:
    checks = examined(Sick())
    assert "form" not in checks
    assert checks["reach"][0].message == "sick lists 0 districts"


def test_districts_are_compared_both_ways() -> None:
    checks = examined(Sick("a", "x", "y"), "a", "b")["districts"]
    assert [(one.standing, one.message) for one in checks] == [
        (CheckStatus.ERROR, "1 of the files are not on Connect: b"),
        (CheckStatus.WARNING, "2 on Connect have no file: x, y"),
    ]


def test_many_districts_are_counted_not_listed() -> None:
    keys = [f"d{number}" for number in range(9)]
    (_, check) = examined(Sick("a", *keys), "a")["districts"]
    assert check.message.endswith("d0, d1, d2, d3, d4 and 4 more")


@pytest.mark.parametrize(
    ("setting", "offered", "recorded", "standing", "words"),
    [
        ("phone_types", ("Home", "Cell", "Work", "Other"), None, "ok", "offers"),
        ("phone_types", ("Cell",), None, "warning", "does not offer Home, Work, Other"),
        (
            "phone_types",
            ("Cell", "Home", "Work", "Other", "Fax"),
            None,
            "warning",
            "also offers Fax",
        ),
        ("archived_students", ("Keep",), None, "warning", "offers Keep"),
        ("archived_students", ("Keep",), ("Keep",), "ok", "offers Keep"),
        (
            "archived_students",
            ("Keep", "Drop"),
            ("Keep", "Gone"),
            "warning",
            "does not offer Gone; also offers Drop",
        ),
    ],
)
def test_what_the_page_offers_is_held_against_what_files_may_name(
    setting: str,
    offered: tuple[str, ...],
    recorded: tuple[str, ...] | None,
    standing: str,
    words: str,
) -> None:
    check = judge_options(BY_NAME[setting], offered, recorded)
    assert check.standing == standing
    assert words in check.message
    assert bool(check.remedy) is (standing == "warning")


def test_labels_to_record_are_given_as_they_must_be_written() -> None:
    check = judge_options(BY_NAME["archived_students"], ("Keep", "Drop"), None)
    assert 'archived_students: ["Keep", "Drop"]' in check.remedy


def test_files_with_errors_fail() -> None:
    from connectsync.domain.finding import Finding, Place, Severity

    finding = Finding("x", Severity.ERROR, "bad", Place("a.yaml"))
    check = examine_files([], ValidationReport(3, (finding,)))
    assert check.standing is CheckStatus.ERROR
    assert check.message == "0 districts without error, and 1 error"


def test_tokens_are_asked_for_and_never_shown() -> None:
    def resolves(reference: str) -> str:
        if reference == "env:GONE":
            raise ProjectError("env:GONE gives no token")
        return "s3cret"

    districts = [
        District("a", "a", credentials=Credentials(None, "env:HERE")),
        District("b", "b", credentials=Credentials(None, "env:GONE")),
        District("c", "c"),
    ]
    check = examine_tokens(districts, resolves)
    assert check.message == "1 of 2 tokens could not be found on this machine: b"
    assert "s3cret" not in repr(check)
    assert examine_tokens(districts[:1], resolves).standing is CheckStatus.OK
