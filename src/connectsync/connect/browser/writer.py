"""Saving through the page: read, compare, fill, *Save*, load again, read back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from connectsync.connect.browser.filling import Filling
from connectsync.connect.browser.form import Shown
from connectsync.connect.browser.reader import live
from connectsync.connect.browser.saving import Answer, Ended, Saving
from connectsync.connect.browser.tab import LOG_IN
from connectsync.connect.browser.tabs import Tabs
from connectsync.connect.browser.walk import Walk
from connectsync.connect.contract import SETTLE, Clock, utc_now
from connectsync.connect.form_fit import insist_fits
from connectsync.connect.tokens import Tokens, at_hand, needed, nowhere, unquoted
from connectsync.domain.labels import form_spelled_as
from connectsync.domain.live import Live
from connectsync.domain.settings import Form
from connectsync.errors import (
    ConnectError,
    CredentialsRefused,
    FormRefused,
    PageChanged,
    Unreachable,
    VersionMoved,
)

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

    ``tokens`` finds the token to type. It is typed where that was asked for, and where
    the page speaks of none and something else is saved anyway; else an empty field
    leaves it as it is.
    """

    def __init__(
        self, tabs: Tabs, *, tokens: Tokens = nowhere, clock: Clock = utc_now
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
        errand: _Errand | None = None
        try:
            async with self._tabs.walk() as walk:
                shown = await walk.form(key)
                _insist_version(key, shown, expected_version)
                desired = form_spelled_as(desired, shown.offered)
                insist_fits(desired, shown.offered, shown.form)
                differs = any(shown.form[name] != one for name, one in desired.items())
                if not differs and not set_token:
                    return live(key, shown, self._clock)
                token = self._token(key, shown, set_token=set_token)
                errand = _Errand(walk, key, shown, desired)
                with unquoted(key, token), walk.tab.evidence.without(token):
                    await errand.make(token)
                return await self._read_back(walk, key)
        except Unreachable as error:
            if errand is not None and errand.walk.out_of_time and not errand.pressed:
                # known not to be saved, so that it is not tried again and again
                raise PageChanged(
                    f"{error.message}; nothing was saved", remedy=error.remedy
                ) from error
            raise

    def _token(self, key: str, shown: Shown, *, set_token: bool) -> str | None:
        if set_token:
            return needed(self._tokens, key)
        return None if shown.has_token else at_hand(self._tokens, key)

    async def _read_back(self, walk: Walk, key: str) -> Live:
        try:
            return live(key, await walk.form(key), self._clock)
        except ConnectError as error:
            # whatever the reason, the save is made: nobody may take it for refused
            signed_out = isinstance(error, CredentialsRefused)
            raise Unreachable(
                f"district {key!r} was saved, but not read back: {error.message}",
                remedy=LOG_IN if signed_out else SETTLE,
            ) from error


@dataclass(slots=True)
class _Errand:
    walk: Walk
    key: str
    shown: Shown
    desired: Form
    pressed: bool = False

    async def make(self, token: str | None) -> None:
        """Fill in the form and save it; raise ``ConnectError`` unless it was seen."""
        walk, key = self.walk, self.key
        filling = Filling(walk.tab)
        async with walk.witnessed(key):
            await self._fill(filling, token)
            self.pressed = True
            answer = await Saving(walk.tab).press(filling)
            refused = await self._refused(filling, answer)
        asked = answer.ended is Ended.ASKED
        picture = await walk.kept(key, "page-changed" if asked else "after")
        if answer.ended is Ended.SAVED:
            return
        if answer.ended is Ended.UNKNOWN:
            raise self._unknown(answer.said, picture)
        # whatever was said or asked, it is the form that tells what was saved
        now = await self._look_back(answer)
        if not self._is_made(now, token):
            raise self._failure(answer, refused, now, picture)

    async def _fill(self, filling: Filling, token: str | None) -> None:
        walk, key, shown = self.walk, self.key, self.shown
        await filling.insist_sent_home()
        await walk.tab.evidence.keep(walk.tab.page, key, "before")
        await filling.fill(shown.form, self.desired)
        # filling in takes a moment, in which somebody else may have pressed Save
        if (again := await walk.look_again(key)) is not None:
            _insist_version(key, again, shown.version(key))
        # and in which a script of the page may have changed where its form goes
        await filling.insist_sent_home()
        if token is not None:
            await filling.type_token(token)
            await filling.insist_sent_home()

    async def _refused(self, filling: Filling, answer: Answer) -> list[str]:
        return await filling.refused() if answer.ended is Ended.REFUSED else []

    async def _look_back(self, answer: Answer) -> Shown:
        try:
            return await self.walk.form(self.key)
        except ConnectError as error:
            unknown = self._unknown(f"Connect said {answer.said!r}")
            raise Unreachable(
                f"{unknown.message}; and reading it back failed: {error.message}",
                remedy=unknown.remedy,
            ) from error

    def _is_made(self, now: Shown, token: str | None) -> bool:
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
        self, answer: Answer, refused: list[str], now: Shown, picture: Path | None
    ) -> ConnectError:
        key, said = self.key, answer.said
        if now.form != self.shown.form:
            if answer.ended is Ended.REFUSED:
                return _moved(key)
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
            case Ended.ASKED:
                return PageChanged(
                    f"after Save Connect asks {said!r}, which the project does not"
                    f" accept, so it was not answered; {saved}{_see(picture)}",
                    remedy=CONFIRMATION,
                )
            case Ended.REFUSED if refused:
                named = ", ".join(refused)
                return FormRefused(f"district {key!r}: {named} is refused: {said}")
            case Ended.REFUSED:
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


def _insist_version(key: str, shown: Shown, expected: str) -> None:
    if shown.version(key) != expected:
        raise _moved(key)


def _moved(key: str) -> VersionMoved:
    return VersionMoved(
        f"the form of district {key!r} was saved by someone else meanwhile"
    )
