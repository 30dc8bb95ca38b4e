"""The browser's writer: fill a form in, press Save, and read it back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from connectsync.backends.browser.form import FormReading
from connectsync.backends.browser.navigation import Navigation
from connectsync.backends.browser.reader import live
from connectsync.backends.browser.saving import (
    FormFiller,
    PageAnswer,
    SaveEnding,
    SavePress,
)
from connectsync.backends.browser.session import SharedBrowser, TabPool
from connectsync.backends.browser.tab import LOG_IN
from connectsync.backends.contract import (
    SETTLE,
    Clock,
    Tokens,
    needed,
    nowhere,
    unquoted,
    utc_now,
)
from connectsync.backends.names import insist_fits
from connectsync.domain.live import Live
from connectsync.domain.settings import Form, form_spelled_as
from connectsync.errors import (
    ConnectError,
    CredentialsRefused,
    FormRefused,
    PageChanged,
    Unreachable,
    VersionMoved,
)
from connectsync.values import dataclass

READ_IT = (
    "do what it says, or save the district on the page by hand; `connectsync resume`"
    " tries again"
)

CONFIRMATION = (
    "if this is what you want, state the question word by word in connectsync.yaml"
    " as backends.browser.accept_confirmation"
)


class BrowserWriter:
    """
    Fills in the form and presses *Save*. See ``seam.Writer``.

    ``tokens`` finds the token to type, where that was asked for. Else the field stays
    empty, which leaves Connect's token as it is.
    """

    def __init__(
        self, tabs: TabPool, *, tokens: Tokens = nowhere, clock: Clock = utc_now
    ) -> None:
        self._tabs = tabs
        self._tokens = tokens
        self._clock = clock

    async def save(
        self,
        key: str,
        desired: Form,
        *,
        expected_version: str,
        set_token: bool = False,
    ) -> Live:
        """
        Save the settings in ``desired``; give the form as it was read back.

        Nothing is typed before the whole form was found as we know it, and at
        ``expected_version``.
        """
        errand: _SaveTask | None = None
        try:
            async with self._tabs.walk(secret=set_token) as walk:
                shown = await walk.form(key)
                _insist_version(key, shown, expected_version)
                desired = form_spelled_as(desired, shown.offered)
                insist_fits(desired, shown.offered, shown.form)
                differs = any(shown.form[name] != one for name, one in desired.items())
                if not differs and not set_token:
                    return live(key, shown, self._clock)
                token = needed(self._tokens, key) if set_token else None
                errand = _SaveTask(walk, key, shown, desired)
                with unquoted(key, token), walk.tab.evidence.without(token):
                    await errand.make(token)
                    # still without a picture, until the form is seen without the token
                    return await self._read_back(walk, key)
        except PageChanged as error:
            error.unsent = error.unsent or errand is None or not errand.pressed
            raise
        except Unreachable as error:
            if errand is not None and errand.walk.out_of_time and not errand.pressed:
                # known not to be saved, so that it is not tried again and again
                late = PageChanged(
                    f"{error.message}; nothing was saved", remedy=error.remedy
                )
                late.unsent = True
                raise late from error
            raise

    async def _read_back(self, walk: Navigation, key: str) -> Live:
        try:
            return live(key, await walk.form(key), self._clock)
        except ConnectError as error:
            # whatever the reason, the save is made: no one may take it for refused
            signed_out = isinstance(error, CredentialsRefused)
            raise Unreachable(
                f"district {key!r} was saved, but not read back: {error.message}",
                remedy=LOG_IN if signed_out else SETTLE,
            ) from error


@dataclass(slots=True)
class _SaveTask:
    walk: Navigation
    key: str
    shown: FormReading
    desired: Form
    pressed: bool = False

    async def make(self, token: str | None) -> None:
        """Fill in the form and save it; raise ``ConnectError`` unless it was seen."""
        walk, key = self.walk, self.key
        filling = FormFiller(walk.tab)
        async with walk.witnessed(key):
            await self._fill(filling, token)
            self.pressed = True
            answer = await SavePress(walk.tab).press(filling)
            refused = await self._refused(filling, answer)
            saved = answer.ended is SaveEnding.SAVED
            instead = await walk.shows_instead(key) if saved else ""
        asked = answer.ended is SaveEnding.ASKED
        picture = await walk.kept(key, "page-changed" if asked else "after")
        if instead:
            raise self._unknown(f"the page that says it saved {instead}", picture)
        if answer.ended is SaveEnding.SAVED:
            return
        if answer.ended is SaveEnding.UNKNOWN:
            raise self._unknown(answer.said, picture)
        # whatever was said or asked, it is the form that tells what was saved
        now = await self._look_back(answer)
        if not self._is_made(now, token):
            raise self._failure(answer, refused, now, picture)

    async def _fill(self, filling: FormFiller, token: str | None) -> None:
        walk, key, shown = self.walk, self.key, self.shown
        secret = token is not None
        await filling.insist_sent_home(secret=secret)
        await walk.tab.evidence.keep(walk.tab.page, key, "before")
        await filling.fill(shown.form, self.desired)
        # filling in takes a moment, in which someone else may have pressed Save
        if (again := await walk.look_again(key)) is not None:
            _insist_version(key, again, shown.version(key))
        # and in which a script of the page may have changed where its form goes
        await filling.insist_sent_home(secret=secret)
        if token is not None:
            await walk.insist_shown(key)
            await filling.type_token(token)
            await filling.insist_sent_home(secret=secret)
        # what is saved goes to whichever district the page is of by now
        await walk.insist_shown(key)

    async def _refused(self, filling: FormFiller, answer: PageAnswer) -> list[str]:
        return await filling.refused() if answer.ended is SaveEnding.REFUSED else []

    async def _look_back(self, answer: PageAnswer) -> FormReading:
        try:
            return await self.walk.form(self.key)
        except ConnectError as error:
            unknown = self._unknown(f"Connect said {answer.said!r}")
            raise Unreachable(
                f"{unknown.message}; and reading it back failed: {error.message}",
                remedy=unknown.remedy,
            ) from error

    def _is_made(self, now: FormReading, token: str | None) -> bool:
        """Say whether the form that was loaded again shows what was to be saved."""
        before = self.shown
        changed = {
            name: value
            for name, value in self.desired.items()
            if before.form[name] != value
        }
        if changed:
            return all(now.form[name] == value for name, value in changed.items())
        return token is not None and now.has_token and not before.has_token

    def _failure(
        self,
        answer: PageAnswer,
        refused: list[str],
        now: FormReading,
        picture: Path | None,
    ) -> ConnectError:
        key, said = self.key, answer.said
        if now.form != self.shown.form:
            if answer.ended is SaveEnding.REFUSED:
                return _version_moved(key)
            return self._unknown(f"Connect said {said!r}, and the form is another now")
        only_token = all(
            self.shown.form[name] == one for name, one in self.desired.items()
        )
        saved = (
            "whether the token was saved cannot be seen"
            if only_token
            else "loaded again, the form shows that nothing was saved"
        )
        match answer.ended:
            case SaveEnding.ASKED:
                if not answer.left:
                    saved = "nothing was sent, so nothing was saved"
                answered = "answered with no" if answer.denied else "not answered"
                asked = PageChanged(
                    f"after Save Connect asks {said!r}, which the project does not"
                    f" accept, so it was {answered}; {saved}{_see(picture)}",
                    remedy=CONFIRMATION,
                )
                asked.unsent = not answer.left
                return asked
            case SaveEnding.REFUSED if refused:
                named = ", ".join(refused)
                return FormRefused(f"district {key!r}: {named} is refused: {said}")
            case SaveEnding.REFUSED:
                return FormRefused(f"district {key!r}: {said}")
            case _:
                return FormRefused(
                    f"district {key!r}: after Save Connect says {said!r}; {saved}",
                    remedy=READ_IT,
                )

    def _unknown(self, said: str, picture: Path | None = None) -> Unreachable:
        return Unreachable(
            f"saving district {self.key!r}: {said}; it may or may not have been"
            f" saved{_see(picture)}",
            remedy=SETTLE,
        )


def _see(picture: Path | None) -> str:
    return f"; see {picture}" if picture else ""


def _insist_version(key: str, shown: FormReading, expected: str) -> None:
    if shown.version(key) != expected:
        raise _version_moved(key)


def _version_moved(key: str) -> VersionMoved:
    return VersionMoved(
        f"the form of district {key!r} was saved by someone else meanwhile"
    )


@asynccontextmanager
async def open_writer(
    browser: SharedBrowser, *, tokens: Tokens = nowhere, clock: Clock = utc_now
) -> AsyncIterator[BrowserWriter]:
    """Open a writer in the browser of a run; see above."""
    async with browser.tabs() as tabs:
        yield BrowserWriter(tabs, tokens=tokens, clock=clock)
