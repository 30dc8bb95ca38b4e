"""What a page with reports of nights is taken for, and one without, in Chromium."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from browser_world import World
from tampered_page import Tampered

from connectsync.backends.browser.navigation import Navigation
from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.domain.foreign_text import SECRETS
from connectsync.domain.live import Live
from connectsync.domain.sync import NO_SYNC, SchoolOutcome, SyncOutcome
from connectsync.emulator import store
from connectsync.errors import ConnectError, NotOffered, PageChanged, Unreachable
from connectsync.values import replace

KEY, NIGHT = "bay", datetime(2026, 11, 28, 8, 30, tzinfo=UTC)
Seen = SyncOutcome | ConnectError
SCHOOLS = (
    SchoolOutcome("Bay Elementary", "Success"),
    SchoolOutcome("Hill High", "Failed: threshold", 34),
)
SEEN = SyncOutcome("Failed: threshold", NIGHT, 34, SCHOOLS)


def reported(world: World) -> None:
    """Let the stand-in tell of a night."""
    with store.open_store(world.store).writing() as connection:
        schools = (
            store.SchoolReport("Bay Elementary", "Success"),
            store.SchoolReport("Hill High", "Failed: threshold", 34),
        )
        report = store.SyncReport("Failed: threshold", NIGHT.isoformat(), 34, schools)
        store.put_sync(connection, KEY, report)


async def straight(self: Navigation, key: str) -> None:
    """Open SIS Rostering by its address: clicking to it takes three pages more."""
    url = self.tab.website.url
    await self.tab.load_again(f"{url}/districts/{key}/settings/sis-rostering")


def outcome(
    world: World, change: Callable[[str], str] = str, *keys: str, **site: Any
) -> Mapping[str, Seen]:
    """
    Give what is read of nights, on pages that were changed on their way.

    Without ``keys`` it is what one page shows that counts, which is not clicked to.
    """
    reported(world)

    async def act(reader: BrowserReader, _: BrowserWriter) -> Mapping[str, Seen]:
        return await reader.outcomes(keys or (KEY,))

    def on_the_way(path: str, html: str) -> str:
        return change(html) if path.endswith("/sis-rostering") else html

    around = partial(Tampered, change=on_the_way)
    with pytest.MonkeyPatch.context() as patched:
        if not keys:
            world.known = True
            patched.setattr(Navigation, "_to_rostering", straight)
        return world.run(act, around=around, **site)


def test_a_night_is_read_off_the_page_and_each_district_has_its_own(
    world: World,
) -> None:
    found = outcome(world, str, KEY, "elm")
    assert found == {
        KEY: SEEN,
        "elm": NO_SYNC,
    }


def test_a_page_without_schools_says_nothing_of_any(world: World) -> None:
    def without(html: str) -> str:
        return html.replace("(placeholder) Schools of the last sync", "Something else")

    assert outcome(world, without)[KEY] == replace(SEEN, schools=())


def test_a_page_without_reports_is_not_offered_and_looked_at_once(world: World) -> None:
    looked: list[str] = []

    def without(html: str) -> str:
        looked.append(html)
        return html.replace("(placeholder) Last sync", "Something else")

    found = outcome(world, without, KEY, "elm")
    assert len(looked) == 1
    for one in found.values():
        assert isinstance(one, NotOffered)
        assert "has no part '(placeholder) Last sync'" in one.message
        assert "backends.browser.labels" in (one.remedy or "")


def test_a_project_says_what_its_own_page_calls_the_reports(world: World) -> None:
    def renamed(html: str) -> str:
        return (
            html.replace("(placeholder) Last sync", "Sync history")
            .replace("(placeholder) Finished", "Ended")
            .replace("(placeholder) School", "Campus")
        )

    labels = {
        "(placeholder) Last sync": "Sync history",
        "(placeholder) Finished": "Ended",
        "(placeholder) Schools of the last sync": "Campuss of the last sync",
        "(placeholder) School": "Campus",
    }
    found = outcome(world, renamed, labels=labels)
    assert found[KEY] == SEEN


@pytest.mark.parametrize(
    ("old", "new", "kind", "said"),
    [
        ("2026-11-28T", "2999-11-28T", Unreachable, "which is yet to come"),
        (NIGHT.isoformat(), "last night", Unreachable, "its time is not a time"),
        ("<td>Hill High</td>", "", PageChanged, "has cells without a column"),
        (
            "<td>Hill High</td>",
            "<td></td>",
            PageChanged,
            r"'.placeholder. School' is missing",
        ),
        (
            "(placeholder) School<",
            "Campus<",
            PageChanged,
            r"'.placeholder. School' is missing",
        ),
        ("<td>34%", "<td>a third", Unreachable, "tried to archive is 'a third'"),
        ("<td>34%", "<td>340%", Unreachable, "not within 0-100"),
        ("<td>34%</td>", "", PageChanged, "has cells without a column"),
        ("(placeholder) Status", "State", PageChanged, "is missing"),
        (
            '(placeholder) Status</th>\n      <th scope="col">(placeholder) Fin',
            'State</th>\n      <th scope="col">(placeholder) Fin',
            PageChanged,
            "is missing",
        ),
    ],
)
@pytest.mark.sampled(3)
def test_a_report_that_makes_no_sense_is_a_sentence_and_never_a_night(
    old: str, new: str, kind: type[ConnectError], said: str, world: World
) -> None:
    with pytest.raises(kind, match=said):
        outcome(world, lambda html: html.replace(old, new))


def test_a_time_without_a_zone_is_not_taken_for_one(world: World) -> None:
    def in_words(html: str) -> str:
        return html.replace("<time datetime=", "<span title=").replace(
            " UTC</time>", "</span>"
        )

    found = outcome(world, in_words)
    assert found[KEY] == replace(SEEN, at=None)


def visited(
    world: World, change: Callable[[str], str] = str
) -> tuple[Mapping[str, tuple[Any, Any]], list[str]]:
    """Read forms with their nights; say which pages of districts were loaded."""
    loaded: list[str] = []

    async def act(reader: BrowserReader, _: BrowserWriter) -> Mapping[str, Any]:
        return await reader.read_with_outcomes(("bay", "elm"))

    def on_the_way(path: str, html: str) -> str:
        loaded.append(path)
        return change(html) if path.endswith("/sis-rostering") else html

    reported(world)
    around = partial(Tampered, change=on_the_way)
    return world.run(act, around=around, contexts=1), loaded


def test_a_form_and_its_night_are_read_on_one_way(world: World) -> None:
    found, loaded = visited(world)
    assert found["bay"][1] == SEEN
    assert found["elm"][1] == NO_SYNC
    assert {type(form) for form, _ in found.values()} == {Live}
    for key in ("bay", "elm"):
        passed = f"/districts/{key}/settings/sis-rostering"
        assert loaded.count(passed) == 1, loaded


def test_a_page_without_reports_is_looked_at_once_and_its_forms_are_read(
    world: World,
) -> None:
    def without(html: str) -> str:
        return html.replace("(placeholder) Last sync", "Something else")

    found, loaded = visited(world, without)
    assert {type(form) for form, _ in found.values()} == {Live}
    assert {type(night) for _, night in found.values()} == {NotOffered}
    # the first district was clicked to once more, the second not
    assert loaded.count("/districts/bay/settings/sis-rostering") == 2
    assert loaded.count("/districts/elm/settings/sis-rostering") == 1


def test_a_report_that_makes_no_sense_leaves_the_form_as_it_is(world: World) -> None:
    found, _ = visited(world, lambda html: html.replace("<td>34%", "<td>a third"))
    form, night = found["bay"]
    assert isinstance(form, Live)
    assert isinstance(night, Unreachable)
    assert isinstance(found["elm"][1], SyncOutcome)


def test_a_time_in_words_that_names_utc_is_read(world: World) -> None:
    def in_words(html: str) -> str:
        return html.replace("<time datetime=", "<span title=").replace(
            " UTC</time>", " UTC</span>"
        )

    assert outcome(world, in_words)[KEY] == SEEN


@pytest.mark.parametrize("where", ["<td>Failed: threshold", "<td>Hill High"])
def test_a_secret_that_the_page_repeats_is_not_told(where: str, world: World) -> None:
    SECRETS.learn("s3cret-of-a-made-up-district")
    repeated = f"{where} s3cret-of-a-made-up-district"
    with pytest.raises(Unreachable, match="the last sync of district 'bay' repeats"):
        outcome(world, lambda html: html.replace(where, repeated))
