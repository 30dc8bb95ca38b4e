"""Notices: what needs a person, told once, and in one digest a day."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, time
from enum import StrEnum
from typing import Any

from connectsync.domain.wording import many
from connectsync.values import dataclass, field


class NoticeKind(StrEnum):
    """What a notice is about, as ``about`` of a hook spells it."""

    DRIFT = "drift"
    SYNC = "failed-sync"
    RETURN = "overdue-return"
    ALLOWANCE = "expiring-allowance"
    FAILED_RUN = "failed-run"
    WAITING_RUN = "waiting-run"


EVERY_KIND = frozenset(NoticeKind)


@dataclass(frozen=True, slots=True)
class Webhook:
    """
    An address that messages are posted to, as ``json``, ``slack`` or ``teams``.

    ``url`` and ``token`` are references, for who has the address may write there.
    """

    name: str
    url: str
    format: str = "json"
    token: str | None = None
    about: frozenset[NoticeKind] = EVERY_KIND


@dataclass(frozen=True, slots=True)
class MailHook:
    """
    A mail server, and who gets mail over it; ``password`` is a reference.

    ``tls`` says whether TLS is there from the first byte, or follows on STARTTLS.
    """

    name: str
    host: str
    sender: str
    recipients: tuple[str, ...]
    port: int = 587
    tls: str = "starttls"
    user: str | None = None
    password: str | None = None
    about: frozenset[NoticeKind] = EVERY_KIND


Hook = Webhook | MailHook


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """
    Whom the project tells, and when.

    In quiet hours, which may run past midnight, nothing is sent; the digest goes with
    the first command that notifies at ``digest_at`` or later. All are local times.
    """

    hooks: tuple[Hook, ...] = ()
    quiet: tuple[time, time] | None = None
    digest_at: time = time(7)

    def is_quiet(self, at: time) -> bool:
        """Say whether nothing is sent at this local time."""
        if self.quiet is None:
            return False
        begins, ends = self.quiet
        if begins < ends:
            return begins <= at < ends
        return at >= begins or at < ends


_FIELDS = {"from": "sender", "to": "recipients"}
"""Names that a word of Python's, or a plainer one, stands for."""


def settings_of(data: Mapping[str, Any]) -> NotifySettings:
    """Read ``notify`` of a project file, which passed its schema."""
    quiet = data.get("quiet_hours")
    hours = None
    if quiet:
        hours = time.fromisoformat(quiet["from"]), time.fromisoformat(quiet["to"])
    webhooks = (Webhook(**_hook(one)) for one in data.get("webhooks", ()))
    mail = (MailHook(**_hook(one)) for one in data.get("mail", ()))
    digest_at = time.fromisoformat(data.get("digest_at", "07:00"))
    return NotifySettings((*webhooks, *mail), hours, digest_at)


def _hook(stated: Mapping[str, Any]) -> dict[str, Any]:
    given = {_FIELDS.get(name, name): value for name, value in stated.items()}
    about = given.pop("about", EVERY_KIND)
    given["about"] = frozenset(map(NoticeKind, about))
    if "recipients" in given:
        given["recipients"] = tuple(given["recipients"])
    return given


@dataclass(frozen=True, slots=True)
class Notice:
    """
    One matter that needs a person: in words of ours, with no person and no secret.

    ``district`` is empty where it is about a run, or about all districts. ``detail``
    tells it from others of its kind there: another one is news.
    """

    kind: NoticeKind
    district: str
    message: str
    remedy: str
    detail: str = ""

    @property
    def key(self) -> str:
        """Give what it is known by while it lasts."""
        return f"{self.kind} {self.district} {self.detail}"

    def data(self) -> dict[str, str]:
        """Give it as JSON data."""
        return {name: str(getattr(self, name)) for name in self.__slots__}


def notice_of(data: Mapping[str, str]) -> Notice:
    """Read a notice from JSON data of ours."""
    return Notice(**{**data, "kind": NoticeKind(data["kind"])})  # type: ignore[arg-type]


def insist_entry(detail: Mapping[str, Any]) -> None:
    """
    Refuse what no entry of ours about notices says.

    Raises ``ValueError``, ``TypeError`` or ``KeyError``.
    """
    lists = [detail.get("closed", [])]
    for name in ("told", "untold"):
        lists += _members(detail.get(name, {}))
    words = _members(detail.get("digests", {}))
    for one in _listed(detail.get("opened", [])):
        words += _members(one)
        notice_of(one)
    words += [word for one in lists for word in _listed(one)]
    if not all(isinstance(word, str) for word in words):
        raise TypeError("a word is no text")


def _members(data: object) -> list[Any]:
    if not isinstance(data, dict):
        raise TypeError("an object is none")
    return list(data.values())


def _listed(data: object) -> list[Any]:
    if not isinstance(data, list):
        raise TypeError("a list is none")
    return data


@dataclass(frozen=True, slots=True)
class Watch:
    """
    What one command looked at, and what it found there.

    What was open of a ``looked`` kind and district, and is not ``found`` any more, is
    over.
    """

    looked: Mapping[NoticeKind, Collection[str]]
    found: Sequence[Notice]

    def covers(self, notice: Notice) -> bool:
        """Say whether it would have been found, were it still open."""
        return notice.district in self.looked.get(notice.kind, ())


def joined(watches: Iterable[Watch]) -> Watch:
    """Put together what was looked at one after another."""
    looked: dict[NoticeKind, frozenset[str]] = defaultdict(frozenset)
    found: list[Notice] = []
    for watch in watches:
        found += watch.found
        for kind, districts in watch.looked.items():
            looked[kind] |= frozenset(districts)
    return Watch(looked, tuple({one.key: one for one in found}.values()))


@dataclass(frozen=True, slots=True)
class Message:
    """
    What one hook is sent: what is new, and in a digest what is open besides.

    ``day`` is that of the digest, in the project's zone; empty if it is none.
    """

    hook: str
    news: tuple[Notice, ...]
    open: tuple[Notice, ...] = ()
    day: str = ""

    @property
    def keys(self) -> list[str]:
        """Give what it tells that was not told before."""
        return [one.key for one in self.news]


@dataclass(slots=True)
class NoticeBook:
    """
    What is open on one Connect, and what each hook was told of it.

    ``digests`` are the days of each hook's last digest, as ISO 8601.
    """

    open: dict[str, Notice] = field(default_factory=dict)
    told: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    digests: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Mapping[str, Any]]) -> NoticeBook:
        """Learn from what entries of the log say, the oldest first."""
        book = cls()
        for one in entries:
            book.learn(one)
        return book

    def learn(self, detail: Mapping[str, Any]) -> None:
        """Learn what an entry of the log says; see ``claimed`` and ``taken_back``."""
        for key in detail.get("closed", ()):
            self.open.pop(key, None)
            for keys in self.told.values():
                keys.discard(key)
        for data in detail.get("opened", ()):
            notice = notice_of(data)
            self.open[notice.key] = notice
        for hook, keys in detail.get("told", {}).items():
            self.told[hook].update(keys)
        for hook, keys in detail.get("untold", {}).items():
            self.told[hook].difference_update(keys)
        self.digests.update(detail.get("digests", {}))

    def changes(self, watch: Watch) -> dict[str, Any]:
        """Say what a look opened and closed, as JSON data; empty where nothing."""
        found = {one.key: one for one in watch.found}
        closed = [
            key
            for key, notice in self.open.items()
            if key not in found and watch.covers(notice)
        ]
        opened = [one.data() for key, one in found.items() if key not in self.open]
        said = {"opened": opened, "closed": closed}
        return {name: what for name, what in said.items() if what}

    def due(self, settings: NotifySettings, now: datetime) -> tuple[Message, ...]:
        """Give what each hook is to be sent now; ``now`` is in the project's zone."""
        if settings.is_quiet(now.time()):
            return ()
        messages = (self._due(hook, settings, now) for hook in settings.hooks)
        return tuple(one for one in messages if one is not None)

    def _due(
        self, hook: Hook, settings: NotifySettings, now: datetime
    ) -> Message | None:
        mine = [one for one in self.open.values() if one.kind in hook.about]
        told = self.told.get(hook.name, set())
        news = tuple(one for one in mine if one.key not in told)
        day = now.date().isoformat()
        digest = (
            now.time() >= settings.digest_at and self.digests.get(hook.name, "") < day
        )
        if digest and mine:
            still = tuple(one for one in mine if one.key in told)
            return Message(hook.name, news, still, day)
        return Message(hook.name, news) if news else None


def claimed(messages: Sequence[Message]) -> dict[str, Any]:
    """Give what the log says of messages that are about to be sent, as JSON data."""
    said = {
        "told": {one.hook: one.keys for one in messages if one.keys},
        "digests": {one.hook: one.day for one in messages if one.day},
    }
    return {name: what for name, what in said.items() if what}


def taken_back(messages: Sequence[Message]) -> dict[str, Any]:
    """Give what the log says of messages that did not arrive; see ``claimed``."""
    said = {
        "untold": {one.hook: one.keys for one in messages if one.keys},
        "digests": {one.hook: "" for one in messages if one.day},
    }
    return {name: what for name, what in said.items() if what}


def headline(message: Message) -> str:
    """Say in one line how much a message tells."""
    new, still = len(message.news), len(message.open)
    if message.day:
        parts = [f"{new:,} new"] if new else []
        parts += [f"{still:,} still open"] if still else []
        return f"connectsync, {message.day}: {', '.join(parts)}"
    kinds = Counter(one.kind.value for one in message.news)
    told = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    return f"connectsync: {many(new, 'new matter')} ({told})"
