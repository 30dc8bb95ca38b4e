"""Saving through the page: read, compare, fill, *Save*, load again, read back."""

from __future__ import annotations

from connectsync.connect.browser.form import Shown
from connectsync.connect.browser.reader import live
from connectsync.connect.browser.saving import Answer, Ended, Saving
from connectsync.connect.browser.tab import LOG_IN
from connectsync.connect.browser.tabs import Tabs
from connectsync.connect.browser.walk import Walk
from connectsync.connect.contract import SETTLE, Clock, utc_now
from connectsync.connect.form_fit import insist_fits
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

    The token is never touched: an empty field leaves it as it is.
    """

    def __init__(self, tabs: Tabs, *, clock: Clock = utc_now) -> None:
        self._tabs = tabs
        self._clock = clock

    async def save(self, key: str, desired: Form, *, expected_version: str) -> Live:
        """
        Save the settings in ``desired``; give the form as it was read back.

        Nothing is typed before the whole form was found as we know it, and at
        ``expected_version``.
        """
        async with self._tabs.walk() as walk:
            shown = await walk.form(key)
            _insist_version(key, shown, expected_version)
            insist_fits(desired, shown.offered)
            if all(shown.form[name] == value for name, value in desired.items()):
                return live(key, shown, self._clock)
            async with walk.witnessed(key):
                await self._fill_and_save(walk, key, shown, desired)
            return await self._read_back(walk, key)

    async def _fill_and_save(
        self, walk: Walk, key: str, shown: Shown, desired: Form
    ) -> None:
        tab, daily_sync = walk.tab, walk.daily_sync
        await tab.evidence.keep(tab.page, key, "before")
        await daily_sync.fill(shown.form, desired)
        # filling in takes a moment, in which somebody else may have pressed Save
        if (again := await walk.look_again(key)) is not None:
            _insist_version(key, again, shown.version(key))
        answer = await Saving(tab).press(daily_sync)
        await walk.kept(key, "after")
        if answer.ended is not Ended.SAVED:
            raise await self._failure(walk, key, shown, answer)

    async def _failure(
        self, walk: Walk, key: str, shown: Shown, answer: Answer
    ) -> ConnectError:
        match answer.ended:
            case Ended.ASKED:
                return PageChanged(
                    f"after Save Connect asks {answer.said!r}, which the project does"
                    " not accept; nothing was confirmed",
                    remedy=CONFIRMATION,
                )
            case Ended.REFUSED:
                return await self._refusal(walk, key, shown, answer)
            case _:
                return Unreachable(
                    f"saving district {key!r}: {answer.said};"
                    " it may or may not have been saved",
                    remedy=SETTLE,
                )

    async def _refusal(
        self, walk: Walk, key: str, shown: Shown, answer: Answer
    ) -> ConnectError:
        if settings := await walk.daily_sync.refused():
            named = ", ".join(settings)
            return FormRefused(f"district {key!r}: {named} is refused: {answer.said}")
        if (await walk.form(key)).form != shown.form:
            return _moved(key)
        return FormRefused(f"district {key!r}: {answer.said}")

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


def _insist_version(key: str, shown: Shown, expected: str) -> None:
    if shown.version(key) != expected:
        raise _moved(key)


def _moved(key: str) -> VersionMoved:
    return VersionMoved(
        f"the form of district {key!r} was saved by somebody else meanwhile"
    )
