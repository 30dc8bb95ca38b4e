"""Saving through the page: read, compare, fill, *Save*, load again, read back."""

from __future__ import annotations

from dataclasses import dataclass

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
        async with self._tabs.walk() as walk:
            shown = await walk.form(key)
            _insist_version(key, shown, expected_version)
            insist_fits(desired, shown.offered, shown.form)
            differs = any(shown.form[name] != value for name, value in desired.items())
            if not differs and not set_token:
                return live(key, shown, self._clock)
            token = self._token(key, shown, set_token=set_token)
            with unquoted(key, token), walk.tab.evidence.without(token):
                async with walk.witnessed(key):
                    await _Errand(walk, key, shown, desired).made(token)
            return await self._read_back(walk, key)

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


@dataclass(frozen=True, slots=True)
class _Errand:
    walk: Walk
    key: str
    shown: Shown
    desired: Form

    async def made(self, token: str | None) -> None:
        walk, key, shown = self.walk, self.key, self.shown
        tab, filling = walk.tab, Filling(walk.tab)
        await tab.evidence.keep(tab.page, key, "before")
        await filling.fill(shown.form, self.desired)
        # filling in takes a moment, in which somebody else may have pressed Save
        if (again := await walk.look_again(key)) is not None:
            _insist_version(key, again, shown.version(key))
        if token is not None:
            await filling.type_token(token)
        answer = await Saving(tab).press(filling)
        await walk.kept(key, "after")
        if answer.ended is not Ended.SAVED:
            raise await self._failure(filling, answer)

    async def _failure(self, filling: Filling, answer: Answer) -> ConnectError:
        key = self.key
        match answer.ended:
            case Ended.ASKED:
                return PageChanged(
                    f"after Save Connect asks {answer.said!r}, which the project does"
                    " not accept; nothing was confirmed",
                    remedy=CONFIRMATION,
                )
            case Ended.REFUSED:
                return await self._refusal(filling, answer)
            case _:
                return Unreachable(
                    f"saving district {key!r}: {answer.said};"
                    " it may or may not have been saved",
                    remedy=SETTLE,
                )

    async def _refusal(self, filling: Filling, answer: Answer) -> ConnectError:
        key = self.key
        if settings := await filling.refused():
            named = ", ".join(settings)
            return FormRefused(f"district {key!r}: {named} is refused: {answer.said}")
        if (await self.walk.form(key)).form != self.shown.form:
            return _moved(key)
        return FormRefused(f"district {key!r}: {answer.said}")


def _insist_version(key: str, shown: Shown, expected: str) -> None:
    if shown.version(key) != expected:
        raise _moved(key)


def _moved(key: str) -> VersionMoved:
    return VersionMoved(
        f"the form of district {key!r} was saved by somebody else meanwhile"
    )
