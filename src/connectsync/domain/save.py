"""A save as facts: what was sent, whether it left, what was seen afterward."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from connectsync.domain.change import changes_of
from connectsync.domain.settings import Form, is_same, list_differing


class Sent(StrEnum):
    """
    What became of a save on its way to Connect.

    ``no``: it never left this machine. ``asked``: a person was asked to make it, and
    has not said that it is done. ``refused``: Connect said that it was not made.
    ``unanswered``: it left, or may have left, and no answer came: it may arrive late.
    ``answered``: Connect said that it was made.
    """

    NO = "no"
    ASKED = "asked"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    ANSWERED = "answered"


class Made(StrEnum):
    """What became of one setting of a save, as far as it was seen."""

    MADE = "made"
    NOT_MADE = "not made"
    UNKNOWN = "unknown"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class SaveFacts:
    """
    A save, and what is known of it.

    ``before`` and ``after`` are whole forms. ``sent`` is None while nothing is known;
    ``observed`` is the form as it was read afterward, None where it was not read, and
    ``version`` the live version that it was read at.
    """

    before: Form
    after: Form
    expected_version: str
    set_token: bool = False
    sent: Sent | None = None
    observed: Form | None = None
    version: str | None = None

    @property
    def changed(self) -> tuple[str, ...]:
        """Name the settings that it sends, in form order."""
        return list_differing(self.before, self.after)

    @property
    def made(self) -> Mapping[str, Made]:
        """Say of each setting that it sends what became of it."""
        return {name: self._made(name) for name in self.changed}

    def _made(self, name: str) -> Made:
        if self.sent in {Sent.NO, Sent.REFUSED}:
            return Made.NOT_MADE
        if self.observed is None or name not in self.observed:
            return Made.UNKNOWN
        here = self.observed[name]
        if is_same(name, here, self.after[name]):
            return Made.MADE
        if not is_same(name, here, self.before[name]):
            return Made.DIFFERS
        # what got no answer may arrive late, or was made and put back
        return Made.NOT_MADE if self.sent is Sent.ANSWERED else Made.UNKNOWN

    @property
    def unmade(self) -> bool:
        """Say whether it is proven that Connect did not make any of it."""
        if self.sent in {Sent.NO, Sent.REFUSED}:
            return True
        proven = set(self.made.values()) == {Made.NOT_MADE}
        return proven and not self.set_token

    @property
    def may_arrive(self) -> bool:
        """Say whether it may still be made, or be found to have been made."""
        if self.sent is None:
            return True
        unseen = self.version is None or self.version == self.expected_version
        return self.sent is Sent.UNANSWERED and unseen

    @property
    def changes(self) -> int:
        """Count the changes that were seen to be made, label by label."""
        return sum(
            len(changes_of(name, self.before[name], self.after[name]))
            for name, made in self.made.items()
            if made is Made.MADE
        )

    @property
    def unproven(self) -> int:
        """Count the settings that may have been made, and are not seen as sent."""
        if self.sent in {None, Sent.ASKED}:
            return 0
        return sum(one in {Made.UNKNOWN, Made.DIFFERS} for one in self.made.values())

    @property
    def held(self) -> Form:
        """Give what Connect made of the settings that it is known to have saved."""
        observed = self.observed or {}
        ours = {Made.MADE}
        if self.sent is Sent.ANSWERED:
            # only we and Connect had a hand in what an answer gives
            ours.add(Made.DIFFERS)
        return {
            name: observed[name] for name, made in self.made.items() if made in ours
        }
