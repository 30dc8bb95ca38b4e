"""The map of a page becomes checks: one with the map, and one for each label amiss."""

from __future__ import annotations

import asyncio

import pytest
from plan_scenes import BLANK

from connectsync.backends.seam import Mapper
from connectsync.domain.live import (
    Check,
    CheckStatus,
    LabelStatus,
    ListedDistrict,
    Live,
    PageSpot,
)
from connectsync.errors import ConnectError, PageChanged, Unreachable
from connectsync.operations.doctor import BackendCheck, judge_map, page_checks

CLICKS = ("Drop-down", "Sync")
FOUND = (
    PageSpot(CLICKS[:1], LabelStatus.THERE, clicked=True),
    PageSpot(CLICKS, LabelStatus.THERE, clicked=True),
    PageSpot((*CLICKS, "Phones"), LabelStatus.THERE),
    PageSpot((*CLICKS, "Phones", "Other"), LabelStatus.THERE, "Another", "Phones"),
)


class Page:
    """A reader of a page; what it draws may be an error."""

    described = "page"

    def __init__(
        self, *spots: PageSpot, fails: str = "", error: ConnectError | None = None
    ) -> None:
        self.spots = spots
        self.fails = fails
        self.error = error or PageChanged("the drop-down is missing")
        self.asked: list[str] = []

    def _did(self, part: str) -> None:
        self.asked.append(part)
        if part == self.fails:
            raise self.error

    async def page_map(self) -> tuple[PageSpot, ...]:
        self._did("map")
        return self.spots

    async def list_districts(self) -> tuple[ListedDistrict, ...]:
        self._did("list")
        return (ListedDistrict("a", "A"),)

    async def read(self, key: str) -> Live:
        self._did("read")
        return Live(key, "1", BLANK, None)  # type: ignore[arg-type]

    async def options(self, setting: str) -> tuple[str, ...]:
        self._did("options")
        return ("Keep", setting)


def examined(page: Page) -> list[Check]:
    return asyncio.run(BackendCheck(page, [], {}).examine())  # type: ignore[arg-type]


def of_page(checks: list[Check]) -> list[Check]:
    return [check for check in checks if check.topic == "page"]


def test_a_page_that_is_as_we_know_it_is_one_check_with_the_map() -> None:
    (check,) = judge_map(FOUND)
    assert check.standing is CheckStatus.OK
    assert check.message == "all 4 labels are there"
    assert check.spots == FOUND


PROBLEMS = [
    (LabelStatus.MISSING, "is missing", '{"Phones: Other": "what the page shows"}'),
    (LabelStatus.DOUBLED, "is there more than once", "it is not clear which one"),
    (LabelStatus.DISABLED, "is disabled", "connectsync login"),
]


@pytest.mark.parametrize(("standing", "said", "remedy"), PROBLEMS)
def test_a_label_that_is_amiss_is_named_with_its_path(
    standing: LabelStatus, said: str, remedy: str
) -> None:
    spots = (*FOUND[:3], PageSpot((*CLICKS, "Phones", "Other"), standing, "", "Phones"))
    whole, check = judge_map(spots)
    assert (whole.standing, whole.message) == ("error", "3 of 4 labels are there")
    assert whole.spots == spots
    assert check.standing is CheckStatus.ERROR
    assert check.message == f"'Other' {said}: Drop-down > Sync > Phones > Other"
    assert remedy in check.remedy


def test_a_label_in_no_group_is_overridden_by_its_name_alone() -> None:
    spots = (PageSpot(CLICKS[:1], LabelStatus.MISSING, "Menu", clicked=True),)
    (_, check) = judge_map(spots)
    assert check.message == "'Drop-down' (shown as 'Menu') is missing: Drop-down"
    assert '{"Drop-down": "what the page shows"}' in check.remedy


def test_what_could_not_be_reached_is_counted_and_not_complained_of() -> None:
    spots = [
        PageSpot(CLICKS[:1], LabelStatus.MISSING, clicked=True),
        PageSpot(CLICKS, LabelStatus.NOT_REACHED, clicked=True),
        PageSpot((*CLICKS, "Save"), LabelStatus.NOT_REACHED),
    ]
    whole, *others = judge_map(spots)
    assert whole.message == "0 of 3 labels are there; 2 could not be reached"
    assert len(others) == 1


def test_a_backend_without_a_page_has_no_such_checks() -> None:
    class NoPage(Page):
        page_map = None  # type: ignore[assignment]

    assert isinstance(Page(), Mapper)
    assert not of_page(examined(NoPage()))


def test_a_list_that_cannot_be_read_for_the_page_s_sake_is_shown_on_the_map() -> None:
    spots = (PageSpot(CLICKS[:1], LabelStatus.MISSING, clicked=True),)
    checks = examined(Page(*spots, fails="list"))
    assert [check.topic for check in checks] == ["reach", "page", "page"]


def test_a_connect_that_does_not_answer_is_not_looked_at_again() -> None:
    page = Page(*FOUND, fails="list", error=Unreachable("no answer"))
    assert [check.topic for check in examined(page)] == ["reach"]
    assert page.asked == ["list"]


def test_a_page_that_goes_away_is_a_check_that_failed() -> None:
    page = Page(*FOUND, fails="map", error=Unreachable("the browser fails"))
    (check,) = asyncio.run(page_checks(page))  # type: ignore[arg-type]
    assert (check.standing, check.message) == ("error", "the browser fails")


def test_of_a_page_that_is_amiss_the_options_are_not_asked_for() -> None:
    missing = (*FOUND[:3], PageSpot((*CLICKS, "Save"), LabelStatus.MISSING))
    page = Page(*missing)
    assert "form" in {check.topic for check in examined(page)}
    assert "options" not in page.asked
    sound = Page(*FOUND)
    examined(sound)
    assert "options" in sound.asked
