"""What comes of a save when things happen around it."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser_world import SHORT_WAIT, World
from playwright.async_api import Route
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from connectsync.backends.browser.evidence import Evidence
from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.saving import FormFiller
from connectsync.backends.browser.website import PageLabels
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.domain.live import Live
from connectsync.domain.settings import Form
from connectsync.emulator.http import Faults
from connectsync.emulator.users import Behavior, SavedMeanwhile
from connectsync.errors import (
    CredentialsRefused,
    FormRefused,
    PageChanged,
    Unreachable,
    VersionMoved,
)

QUESTION = "Save these settings for every school?"
SECRET = "s3cret-token-of-bay-0123456789"  # noqa: S105 - of a stand-in


async def changed(
    reader: BrowserReader, writer: BrowserWriter, form: Form | None = None
) -> Live:
    """Read a form and save it with a change."""
    read = await reader.read("bay")
    desired = form or {"manage_guardians": True}
    return await writer.save("bay", desired, expected_version=read.version)


def test_what_a_person_saved_after_the_plan_is_not_overwritten(world: World) -> None:
    world.known = True

    async def act(reader: BrowserReader, writer: BrowserWriter) -> None:
        read = await reader.read("bay")
        await world.edit("bay", {"deletion_threshold": 15})
        with pytest.raises(VersionMoved, match="bay"):
            await writer.save(
                "bay", {"manage_guardians": True}, expected_version=read.version
            )

    world.run(act)
    form = world.live("bay").form
    assert (form["deletion_threshold"], form["manage_guardians"]) == (15, False)


def refuse_saves(app: ASGIApp) -> ASGIApp:
    """Answer every save as a Connect that gets too many requests."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") != "POST":
            await app(scope, receive, send)
            return
        await receive()
        busy = PlainTextResponse("busy", 429, headers={"Retry-After": "600"})
        await busy(scope, receive, send)

    return answer


def test_a_save_that_meets_too_many_requests_says_where_and_when_to_try_again(
    world: World,
) -> None:
    world.known = True
    with pytest.raises(
        Unreachable,
        match=r"Connect at http://127\.0\.0\.1:\d+ got too many requests and takes no"
        r" more for now \(status 429\); it asks to wait 10 minutes",
    ):
        world.run(changed, around=refuse_saves)


def test_what_a_person_saves_while_the_form_is_filled_in_is_not_overwritten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.known = True
    fill = FormFiller.fill

    async def disturbed(self: FormFiller, before: Form, desired: Form) -> None:
        await fill(self, before, desired)
        await world.edit("bay", {"deletion_threshold": 15})

    monkeypatch.setattr(FormFiller, "fill", disturbed)
    with pytest.raises(VersionMoved, match="bay"):
        world.run(changed)
    form = world.live("bay").form
    assert (form["deletion_threshold"], form["manage_guardians"]) == (15, False)


def test_a_page_that_refuses_a_form_saved_meanwhile_is_believed(world: World) -> None:
    world.known = True
    faults = Faults(edit_before_saves=frozenset({1}), edit={"deletionThreshold": 15})
    manners = Behavior(saved_meanwhile=SavedMeanwhile.REFUSED)
    with pytest.raises(VersionMoved, match="bay"):
        world.run(changed, faults=faults, manners=manners)
    form = world.live("bay").form
    assert (form["deletion_threshold"], form["manage_guardians"]) == (15, False)


def test_a_save_that_is_not_answered_is_left_to_be_settled(world: World) -> None:
    world.known = True
    with pytest.raises(Unreachable, match="may or may not"):
        world.run(changed, faults=Faults(drop_after_commit=1.0), load_seconds=8)
    assert world.live("bay").form["manage_guardians"] is True


def test_a_save_that_the_network_lost_says_so_in_plain_words(world: World) -> None:
    world.known = True

    async def lose(route: Route) -> None:
        if route.request.method == "POST":
            await route.abort("connectionreset")
        else:
            await route.continue_()

    async def act(reader: BrowserReader, writer: BrowserWriter) -> None:
        read = await reader.read("bay")
        for context in world.browser.contexts:
            await context.route("**/*", lose)
        await writer.save(
            "bay", {"manage_guardians": True}, expected_version=read.version
        )

    words = r"Connect did not answer: http://127.0.0.1:\d+ broke the connection off"
    with pytest.raises(Unreachable, match=words):
        world.run(act)


def test_a_question_that_nobody_accepted_stops_the_save(world: World) -> None:
    world.known = True
    with pytest.raises(PageChanged) as stopped:
        world.run(
            changed, faults=Faults(confirmation=QUESTION), wait_seconds=SHORT_WAIT
        )
    assert QUESTION in stopped.value.message
    assert "accept_confirmation" in stopped.value.remedy
    assert world.live("bay").form["manage_guardians"] is False
    assert [path for path in world.evidence() if "page-changed" in path.name]


def test_a_question_is_accepted_by_its_exact_text_alone(world: World) -> None:
    world.known = True
    faults = Faults(confirmation=QUESTION)
    with pytest.raises(PageChanged):
        world.run(
            changed,
            faults=faults,
            confirmation=QUESTION[:-1],
            wait_seconds=SHORT_WAIT,
        )
    assert world.run(changed, faults=faults, confirmation=QUESTION).form[
        "manage_guardians"
    ]


def test_a_page_that_asks_to_wait_is_loaded_again(world: World) -> None:
    faults = Faults(seed=3, too_many_requests=0.15, retry_after_seconds=0)

    async def act(reader: BrowserReader, _: BrowserWriter) -> Live:
        return await reader.read("bay")

    assert world.run(act, faults=faults).key == "bay"


def test_an_ended_session_stops_a_run_and_says_how_to_go_on(world: World) -> None:
    async def act(reader: BrowserReader, _: BrowserWriter) -> None:
        many = await reader.read_many(["bay", "elm", "oak"])
        assert isinstance(many["bay"], Live)
        for key in ("elm", "oak"):
            refused = many[key]
            assert isinstance(refused, CredentialsRefused)
            assert "connectsync login" in refused.remedy

    faults = Faults(expire_session_after=7)
    world.run(act, faults=faults, contexts=1, wait_seconds=60)


def test_without_a_session_nothing_is_opened(world: World) -> None:
    async def act(reader: BrowserReader, _: BrowserWriter) -> Live:
        return await reader.read("bay")

    with pytest.raises(CredentialsRefused, match="there is no session") as refused:
        world.run(act, session=world.folder / "none.json")
    assert "connectsync login" in refused.value.remedy
    world.folder.joinpath("broken.json").write_text("{", "utf-8")
    with pytest.raises(CredentialsRefused, match="holds no session"):
        world.run(act, session=world.folder / "broken.json")


def test_a_token_that_the_page_shows_is_blanked(world: World) -> None:
    async def act() -> Path:
        page = await world.browser.new_page()
        await page.set_content(
            f"<label for=t>District OAuth Token</label><input id=t value='{SECRET}'>"
            f"<input type=password value='{SECRET}'><p>{SECRET}</p>"
            f"<script>const token = '{SECRET}'</script>"
            "<label for=d>District ID</label><input id=d value=''>"
        )
        await page.get_by_label("District ID").fill("58da")
        kept = await Evidence(world.folder / "kept", PageLabels({})).keep(
            page, "bay", "x"
        )
        await page.context.close()
        return kept

    html = world.runner.run(act()).with_suffix(".html").read_text("utf-8")
    assert SECRET not in html
    assert 'value="58da"' in html


def test_what_the_form_does_not_take_is_said_of_its_setting(world: World) -> None:
    world.known = True
    """The page may know more than we do; here it takes no unknown drop-down label."""
    form: Form = {"archived_students": "Something else"}

    async def act(reader: BrowserReader, writer: BrowserWriter) -> Live:
        return await changed(reader, writer, form)

    with pytest.raises(FormRefused, match="archived_students"):
        world.run(act)
