"""Chromium, Connect's address and labels, and how a session is used."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from connectsync.backends.names import (
    CLICKS,
    GROUP_OF_BOXES,
    REPORT,
    SAVE,
    TOKEN_LABEL,
    setting_named,
)
from connectsync.domain.foreign_text import SECRETS, foreign_text
from connectsync.domain.settings import (
    BY_NAME,
    SETTINGS,
    compose_accents,
    decompose_accents,
    is_same_label,
)
from connectsync.domain.wording import did_you_mean
from connectsync.errors import ProjectError
from connectsync.providers.form import Kind
from connectsync.values import dataclass, field

PORTS = {"https": 443, "http": 80}

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


SESSION_BYTES = 1 << 24
"""Bytes that a file with a session may have; most have a few thousand."""


@dataclass(frozen=True, slots=True)
class Website:
    """
    Connect's website.

    ``session`` is the file that ``connectsync login`` wrote; ``evidence`` the folder
    that gets screenshots and pages. ``labels`` are what the page shows for labels of
    ours; ``confirmation`` is the one question after *Save* that is answered with yes.
    ``contexts`` is how many districts are read at once. A control is waited for
    ``wait_seconds`` before it counts as missing, and as long for a click to get through
    to it; ``load_seconds`` is how long a page may take to load; ``total_seconds`` is
    how long one district may take altogether, reading it or saving it. ``is_brought``
    says whether a program came with a commit, by its author's will.
    """

    url: str
    session: Path
    evidence: Path
    labels: Mapping[str, str] = field(default_factory=dict)
    confirmation: str = ""
    contexts: int = 3
    headed: bool = False
    slow_ms: int = 0
    wait_seconds: float = 10.0
    load_seconds: float = 30.0
    total_seconds: float = 300.0
    is_brought: Callable[[Path], bool] = lambda _: False

    @property
    def click_milliseconds(self) -> float:
        """How long a click may take; one that is slowed for people takes longer."""
        return self.wait_seconds * 1000 + 2 * self.slow_ms

    @property
    def described(self) -> str:
        """Name the backend and its address."""
        return f"browser {self.url.rstrip('/')}"

    @property
    def named(self) -> str:
        """Name Connect by its address in a sentence, as it may be shown."""
        return f"Connect at {foreign_text(self.url.rstrip('/'))}"

    @property
    def host(self) -> str:
        """Give the host of the address, with its port."""
        return urlsplit(self.url).netloc

    @property
    def origin(self) -> str:
        """Give the one origin that is read from and typed into."""
        return origin_of(self.url)

    def insist_usable(self) -> None:
        """Raise ``ProjectError`` if the address cannot be used."""
        url = urlsplit(self.url)
        if not url.hostname or url.username or url.password:
            raise ProjectError(
                "the address of Connect must name a host, and no user or password"
            )
        if url.scheme != "https" and not (
            url.scheme == "http" and url.hostname in LOOPBACK
        ):
            raise ProjectError(
                f"the address of Connect {self.url} must start with https://:"
                " the session would travel in the clear"
            )
        if not url.hostname.isascii():
            # what one program makes of such letters, another makes another host of
            raise ProjectError(
                "the address of Connect names a host with letters beyond a to z",
                remedy="write the host in its ASCII form, the one with xn--",
            )


def _known_labels() -> Iterator[str]:
    yield from (*CLICKS, SAVE, TOKEN_LABEL)
    for setting in SETTINGS:
        group = setting.page_label
        yield group
        if setting.kind is Kind.BOX:
            yield f"{GROUP_OF_BOXES}: {group}"
        yield from setting.labels
        yield from (f"{group}: {label}" for label in setting.labels)


KNOWN = frozenset((*_known_labels(), *REPORT))
"""Every label that may be overridden: plain, or as ``group: label`` for one box."""


def _beside(label: str) -> Iterator[str]:
    """Give the other labels that stand where this one does."""
    group, _, own = label.rpartition(": ")
    boxes = [one.page_label for one in SETTINGS if one.kind is Kind.BOX]
    places = [(one.page_label, one.labels) for one in SETTINGS]
    controls = [*CLICKS, SAVE, TOKEN_LABEL, *(page_label for page_label, _ in places)]
    places += [("", REPORT), (GROUP_OF_BOXES, tuple(boxes)), ("", tuple(controls))]
    for place, labels in places:
        if own in labels and (group in {"", place}):
            yield from (one for one in labels if one != own)


def _like(one: str, shown: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(shown.split()).casefold()


class PageLabels:
    """
    The labels of the page, ours unless the project overrides them.

    Raises ``ProjectError`` if an override is for no label that we know, or shows what
    another one is called: what is meant for one would be done to the other.
    """

    def __init__(self, overrides: Mapping[str, str]) -> None:
        for label, shown in overrides.items():
            if other := next((one for one in _beside(label) if _like(one, shown)), ""):
                raise ProjectError(
                    f"backends.browser.labels: {label!r} is shown as {shown!r}, which"
                    f" is what {other!r} is called",
                    remedy="state what the page shows for this label and no other",
                )
            if label not in KNOWN:
                raise ProjectError(
                    f"backends.browser.labels: there is no label {label!r}",
                    remedy=did_you_mean(label, sorted(KNOWN)) or None,
                )
        self._overrides = overrides

    def shown(self, label: str, group: str = "") -> str:
        """Give what the page shows where ``label`` belongs."""
        plain = self._overrides.get(label, label)
        return self._overrides.get(f"{group}: {label}", plain) if group else plain

    def of_setting(self, setting: str) -> str:
        """Give what the page calls a setting."""
        group = GROUP_OF_BOXES if BY_NAME[setting].kind is Kind.BOX else ""
        return self.shown(setting_named(setting).page_label, group)

    def ours(self, setting: str, shown: str) -> str:
        """Give our label for one that a setting offers; one we do not know stays."""
        group = setting_named(setting).page_label
        for label in BY_NAME[setting].labels:
            if is_same_label(self.shown(label, group), shown):
                return label
        return shown

    def offered(self, setting: str, label: str) -> str:
        """Give what the page shows for a label that a setting offers."""
        known = label in BY_NAME[setting].labels
        return self.shown(label, setting_named(setting).page_label) if known else label


def name_pattern(label: str) -> str | re.Pattern[str]:
    """Give the name of a control as a browser looks for it, however it is spelled."""
    return label if label.isascii() else re.compile(rf"^\s*{pattern_of(label)}\s*$")


def any_of(labels: Sequence[str]) -> re.Pattern[str]:
    """Give the names of several controls as a browser looks for them."""
    spelled = "|".join(map(pattern_of, labels)).replace("/", r"\/")
    return re.compile(rf"^\s*(?:{spelled})\s*$")


def pattern_of(label: str) -> str:
    """Give a pattern that finds a label, however it is spelled."""
    return f"(?:{'|'.join(map(re.escape, spellings_of(label)))})"


def spellings_of(label: str) -> tuple[str, ...]:
    """Give a label as it is stated, and with its accents put together and apart."""
    return tuple(
        dict.fromkeys([label, compose_accents(label), decompose_accents(label)])
    )


def keep_own(kept: object, website: Website) -> object:
    """
    Give what a session holds for Connect's own origin alone.

    What a sign-in left in the browser beside it, such as the account at an identity
    provider, opens more than Connect. What is no session is given as it is.
    """
    match kept:
        case {"cookies": [*cookies], "origins": [*origins]}:
            host = urlsplit(website.url).hostname or ""
            return {
                "cookies": [one for one in cookies if _is_sent_to(host, one)],
                "origins": [one for one in origins if _is_at(website.origin, one)],
            }
        case _:
            return kept


def _is_sent_to(host: str, cookie: object) -> bool:
    match cookie:
        case {"domain": str(domain)}:
            below = domain.startswith(".") and host.endswith(domain.lower())
            return below or domain.lower().removeprefix(".") == host
        case _:
            return False


def _is_at(origin: str, kept: object) -> bool:
    match kept:
        case {"origin": str(address)}:
            return origin_of(address) == origin
        case _:
            return False


_SIGNS_IN = re.compile(
    "(?!.*(csrf|xsrf)).*(sess|sid|token|auth|jwt|secret)", re.IGNORECASE
)
_RANDOM = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[\w.~+/=%|:!-]{16,4096}")
_SIGNED = re.compile(r"eyJ[\w-]{10,}\.[\w-]+\.[\w-]*")
"""How what signs in is called and spelled, and a token that says what it is (JWT)."""

_ID = re.compile("[0-9a-f]{24}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""How Clever's ids, and those of many programs, are spelled: pages show them."""

_MOST_SIGNS = 50
"""How many of a session are known: a page could keep any number."""


_HIDDEN = "session "


def learn_session(kept: object, *, passing: bool = False) -> None:
    """
    Know what a session signs in with, so that no text of the page shows it.

    ``passing`` is what a page keeps by now, which it could change any number of times.

    Of what else a page keeps, such as the district that was last looked at, nothing is
    known: it may well be shown.
    """
    for _, secret in zip(range(_MOST_SIGNS), _signs_in(kept), strict=False):
        SECRETS.learn(secret, passing=passing)


def _signs_in(kept: object) -> Iterator[str]:
    waiting = [pair for one in _listed(kept, "cookies") for pair in _named(one)]
    for store in _listed(kept, "origins"):
        waiting += [
            pair for one in _listed(store, "localStorage") for pair in _named(one)
        ]
    # what scripts may not read first: of many others it would be the last
    waiting.sort(key=lambda pair: not pair[0].startswith(_HIDDEN))
    for name, value in waiting:
        if isinstance(value, str) and value[:1] in {"{", "["}:
            # what scripts keep may lie deeper
            with suppress(ValueError, RecursionError):
                waiting.append((name, json.loads(value)))
        elif isinstance(value, str):
            called = _SIGNS_IN.match(name) and _RANDOM.fullmatch(value)
            if called or _SIGNED.fullmatch(value):
                yield value
        elif isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list):
            waiting += [(name, one) for one in value]


def _listed(kept: object, name: str) -> list[object]:
    found = kept.get(name) if isinstance(kept, dict) else None
    return found if isinstance(found, list) else []


def _named(kept: object) -> Iterator[tuple[str, object]]:
    if isinstance(kept, dict) and isinstance(name := kept.get("name"), str):
        value = kept.get("value")
        # what scripts may not read is there to sign in, whatever it is called
        hidden = kept.get("httpOnly") is True and not _ID.fullmatch(str(value))
        yield f"{_HIDDEN}{name}" if hidden else name, value


def origin_of(address: str) -> str:
    """
    Give scheme, host and port of an address as browsers compare them.

    A port is left out where it is the scheme's own. Empty if there is no such origin.
    """
    try:
        url = urlsplit(address)
        host, port = url.hostname, url.port
    except ValueError:
        return ""
    if url.scheme not in PORTS or not host:
        return ""
    spelled = f"[{host}]" if ":" in host else host
    own = port is None or port == PORTS[url.scheme]
    return f"{url.scheme}://{spelled}" if own else f"{url.scheme}://{spelled}:{port}"
