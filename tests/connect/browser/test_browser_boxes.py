"""Whatever a page says or asks in a box, it is the form that tells what was saved."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from browser_world import SHORT_WAIT, World, sampled
from tampered_page import Tampered, before_end, on_the_form

from connectsync.backends.browser.reader import BrowserReader
from connectsync.backends.browser.writer import BrowserWriter
from connectsync.domain.live import Live
from connectsync.errors import FormRefused, PageChanged

STATUS = 'role="status"'
SAVED = '<p class="saved" role="status">Saved</p>'


async def changed(reader: BrowserReader, writer: BrowserWriter) -> Live:
    """Read a form and save it with a change."""
    read = await reader.read("bay")
    return await writer.save(
        "bay", {"manage_guardians": True}, expected_version=read.version
    )


def script(code: str) -> Callable[[str], str]:
    return lambda html: html.replace("<main", f"<script>{code}</script><main", 1)


def silent(code: str) -> Callable[[str], str]:
    """Say it in a box, and nothing on the page."""
    return lambda html: script(code)(html.replace(SAVED, ""))


def instead(words: str) -> Callable[[str], str]:
    return lambda html: html.replace(SAVED, words)


AFTER = {
    "alert": script('alert("Settings saved.")'),
    "alert alone": silent('alert("Settings saved.")'),
    "question": silent('confirm("Settings saved. Start a sync now?")'),
    "several": silent('alert("Saved."); confirm("Start a sync?"); prompt("Why?")'),
    "modal": instead(
        '<div role="dialog" aria-label="Your settings were saved">.</div>'
    ),
    "dialog": instead(
        "<dialog id=d>Your settings were saved <button>OK</button></dialog>"
        "<script>document.getElementById('d').showModal()</script>"
    ),
    "toast": instead('<div role="alert">Settings saved.</div>'),
}


# "several" holds an alert and a question
@pytest.mark.parametrize(
    "said", sampled(AFTER, "alert", "alert alone", "question", "modal", "dialog")
)
@pytest.mark.sampled(1)
def test_a_save_that_the_page_tells_of_in_a_box_is_done(
    world: World, said: str
) -> None:
    world.known = True
    around = partial(Tampered, after_save=AFTER[said])
    live = world.run(changed, around=around, wait_seconds=SHORT_WAIT)
    assert live.form["manage_guardians"] is True
    assert world.live("bay").form["manage_guardians"] is True


LEAVING = "addEventListener('beforeunload', event => event.preventDefault())"
TELLING = "alert('Welcome'); confirm('Take the tour?'); prompt('Your name?');"


def test_boxes_on_every_page_keep_nobody_from_reading_and_saving(world: World) -> None:
    """Also one that asks whether the page may be left, and a notice that stays."""
    notice = before_end(
        '<div role="dialog" aria-label="News">.</div><p role=alert></p>'
    )

    def change(_: str, html: str) -> str:
        return notice(script(TELLING + LEAVING)(html))

    live = world.run(changed, around=partial(Tampered, change=change))
    assert live.form["manage_guardians"] is True


def asking(code: str) -> partial[Tampered]:
    """Ask something before the form is sent, which is sent if ``code`` is true."""
    handler = f'<form onsubmit="return {code}" '
    change = on_the_form(
        lambda html: html.replace('<form method="post" n', f"{handler}method=post n")
    )
    return partial(Tampered, change=change)


QUESTION = "Save for every school?"


def test_a_question_before_the_save_is_answered_with_no_and_told(world: World) -> None:
    world.known = True
    with pytest.raises(PageChanged) as asked:
        world.run(
            changed, around=asking(f"confirm('{QUESTION}')"), wait_seconds=SHORT_WAIT
        )
    assert QUESTION in asked.value.message
    assert "so it was answered with no; nothing was sent" in asked.value.message
    assert "nothing was saved" in asked.value.message
    assert asked.value.unsent
    assert "accept_confirmation" in asked.value.remedy
    assert world.live("bay").form["manage_guardians"] is False


def test_a_question_in_a_box_is_accepted_by_its_exact_text(world: World) -> None:
    world.known = True
    around = asking(f"confirm('{QUESTION}')")
    live = world.run(changed, around=around, confirmation=QUESTION)
    assert live.form["manage_guardians"] is True


def test_what_a_box_says_of_a_save_that_was_not_made_is_told(world: World) -> None:
    world.known = True
    with pytest.raises(FormRefused) as refused:
        world.run(
            changed,
            around=asking("(alert('Closed today'), false)"),
            wait_seconds=SHORT_WAIT,
        )
    assert "'Closed today'" in refused.value.message
    assert "nothing was saved" in refused.value.message
    assert "resume" in refused.value.remedy
