"""The map of the page shows every label, and what is amiss with some of them."""

from __future__ import annotations

from typing import Any

import pytest
from browser_world import SHORT_WAIT, World

from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.backends.names import CLICKS, SAVE, TOKEN_LABEL
from connectsync.backends.seam import Mapper
from connectsync.domain.live import LabelStatus, PageSpot
from connectsync.emulator import form
from connectsync.emulator.form import BOXES, CHOICES, OPTIONS
from connectsync.emulator.http import NO_FAULTS, Faults
from connectsync.errors import CredentialsRefused

SYNC = form.FIELDS["enableDailySync"]

Map = dict[tuple[str, ...], PageSpot]


def drawn(world: World, faults: Faults = NO_FAULTS, **site: Any) -> Map:
    async def act(reader: BrowserReader, _: BrowserWriter) -> tuple[PageSpot, ...]:
        assert isinstance(reader, Mapper)
        return await reader.page_map()

    before = world.live("bay")
    spots = world.run(act, faults=faults, wait_seconds=SHORT_WAIT, **site)
    after = world.live("bay")
    assert (after.version, after.form) == (before.version, before.form)
    return {spot.path: spot for spot in spots}


def every_path() -> set[tuple[str, ...]]:
    """Give every label with its place, as the stand-in knows them."""
    paths = {CLICKS[:number] for number in range(1, len(CLICKS) + 1)}
    paths |= {(*CLICKS, label) for label in (SAVE, form.SETTINGS)}
    for name, label in form.FIELDS.items():
        if name in BOXES:
            paths.add((*CLICKS, form.SETTINGS, label))
        else:
            paths.add((*CLICKS, label))
        if name not in CHOICES or name == "studentId":
            # a drop-down shows its labels only once it is open
            options = OPTIONS.get(name, ())
            paths |= {(*CLICKS, label, option.label) for option in options}
    return paths


def control_problem(page: Map) -> dict[tuple[str, ...], LabelStatus]:
    return {
        spot.path[len(CLICKS) :] or spot.path[-1:]: spot.standing
        for spot in page.values()
        if spot.standing is not LabelStatus.THERE
    }


def test_every_label_is_found_where_it_stands(world: World) -> None:
    page = drawn(world)
    assert page.keys() == every_path()
    assert not control_problem(page)
    assert not [spot for spot in page.values() if spot.shown_as]
    assert page[*CLICKS, TOKEN_LABEL].label == TOKEN_LABEL
    assert list(page)[: len(CLICKS)] == [
        CLICKS[: number + 1] for number in range(len(CLICKS))
    ]
    assert list(page)[-1] == (*CLICKS, SAVE)


def test_what_is_amiss_is_named_and_the_rest_is_found_all_the_same(
    world: World,
) -> None:
    faults = Faults(
        renamed={"Phone Types to sync: Other": "Another", "District ID": "ID"},
        missing=frozenset({"Permissions: Users Manager", TOKEN_LABEL}),
        doubled=frozenset({"SIS Rostering", SYNC, "3 black dots"}),
        disabled=frozenset({SAVE, "Student ID: STUDENT NUMBER"}),
    )
    page = drawn(world, faults)
    assert control_problem(page) == {
        ("3 black dots",): LabelStatus.DOUBLED,
        ("SIS Rostering",): LabelStatus.DOUBLED,
        ("District ID",): LabelStatus.MISSING,
        (TOKEN_LABEL,): LabelStatus.MISSING,
        ("Student ID", "STUDENT NUMBER"): LabelStatus.DISABLED,
        ("Settings", SYNC): LabelStatus.DOUBLED,
        ("Phone Types to sync", "Other"): LabelStatus.MISSING,
        ("Permissions", "Users Manager"): LabelStatus.MISSING,
        (SAVE,): LabelStatus.DISABLED,
    }
    assert page.keys() == every_path()


SAMPLE = (CLICKS[0], CLICKS[2], CLICKS[5])
"""What is tried each time; ``--every-case`` tries all."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "click" in metafunc.fixturenames:
        whole = metafunc.config.getoption("--every-case")
        metafunc.parametrize("click", CLICKS if whole else SAMPLE)


@pytest.mark.sampled(1)
def test_what_lies_behind_a_click_that_is_not_there_is_said_to_be_unseen(
    world: World, click: str
) -> None:
    page = drawn(world, Faults(missing=frozenset({click})))
    place = CLICKS.index(click)
    for path in every_path():
        expected = LabelStatus.THERE if len(path) <= place else LabelStatus.NOT_REACHED
        if path == CLICKS[: place + 1]:
            expected = LabelStatus.MISSING
        assert page[path].standing is expected, path


def test_a_group_that_is_not_there_hides_its_boxes(world: World) -> None:
    group = form.FIELDS["contactTypes"]
    found = control_problem(drawn(world, Faults(renamed={group: "Kinds"})))
    assert found.pop((group,)) is LabelStatus.MISSING
    assert set(found) == {(group, option.label) for option in OPTIONS["contactTypes"]}
    assert set(found.values()) == {LabelStatus.NOT_REACHED}


def test_a_form_of_another_name_is_told_apart_from_the_link_to_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the stand-in renames both at once, so the map is given the new name of the link
    from connectsync.backends.browser import page_map
    from connectsync.backends.browser.form import FormOnPage
    from connectsync.backends.browser.website import PageLabels

    monkeypatch.setattr(
        page_map, "FormOnPage", lambda page, _: FormOnPage(page, PageLabels({}))
    )
    other = {form.DAILY_SYNC: "Nightly sync"}
    page = drawn(world, Faults(renamed=other), labels=other)
    assert page[CLICKS].standing is LabelStatus.THERE
    assert page[*CLICKS, form.DAILY_SYNC].standing is LabelStatus.MISSING
    assert page[*CLICKS, SAVE].standing is LabelStatus.NOT_REACHED


def test_a_label_that_the_project_overrides_says_what_it_is_shown_as(
    world: World,
) -> None:
    other = {"Phone Types to sync: Other": "Another", "3 black dots": "More"}
    page = drawn(world, Faults(renamed=other), labels=other)
    assert not control_problem(page)
    shown = {path[-1]: spot.shown_as for path, spot in page.items() if spot.shown_as}
    assert shown == {"Other": "Another", "3 black dots": "More"}


@pytest.mark.parametrize("pages", [3, 4], ids=["on-the-way", "at-the-form"])
@pytest.mark.sampled(1)
def test_an_ended_session_is_not_taken_for_a_changed_page(
    world: World, pages: int
) -> None:
    with pytest.raises(CredentialsRefused):
        drawn(world, Faults(expire_session_after=pages))
