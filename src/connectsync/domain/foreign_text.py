"""
Text that others wrote, made fit to be shown among ours, and without our secrets.

All that a gateway, a page, Clever, a database or git says passes through
``foreign_text``: who refuses a call often repeats what it was sent, as a token.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from urllib.parse import unquote_to_bytes

MASK = "***"

LONGEST = 300
"""Characters of a foreign sentence that are shown."""

_READ = 20_000
"""Characters of a foreign sentence that are looked at; the rest is not shown."""

_PIECE = 8
"""So many letters and digits of a secret in a row are taken for a quotation of it."""

_WORDY_PIECE = 12
"""The same of letters that may be a word, such as the name of a district."""

_LONG_PIECE = 16
"""The same in an answer that was accepted, which is full of innocent words."""

_SHORTEST = 4
"""A shorter secret is in every word; below ``_PIECE`` letters it has to be whole."""

_LATEST = 100
"""So many tokens of districts are looked for one by one; more by an index."""

_MOST_PASSING, _CACHED = 500, 1_000

_DEPTH = 3
"""How often something may be encoded over again and is still looked into."""

_ESCAPE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]",
    re.DOTALL,
)
_ENCODED = re.compile(
    r"(?P<percent>(?:%[0-9A-Fa-f]{2})+)"
    r"|(?P<entity>&(?:(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});?|[A-Za-z]{2,8};))"
    r"|\\u(?P<unicode>[0-9A-Fa-f]{4})|\\x(?P<hex>[0-9A-Fa-f]{2})"
    r"|\\u\{0{0,4}(?P<braced>[0-9A-Fa-f]{1,4})\}|\\(?P<octal>[0-3][0-7]{2})"
)
_USER_INFO = re.compile(r"(?<=://)[^\s/@]{1,300}@")
_NO_LETTERS = bytes(one for one in range(128) if not chr(one).isalnum())
_SEPARATORS = re.compile(r"[^0-9a-z]+")


class KnownSecrets:
    """
    The secrets that this process has sent or may send.

    None is forgotten, but of what pages and services come up with themselves the latest
    ones alone are kept: they could name any number.
    """

    def __init__(self) -> None:
        self._ours: dict[str, None] = {}
        self._known: dict[str, None] = {}
        self._passing: OrderedDict[str, None] = OrderedDict()
        self._index: dict[str, str | tuple[str, ...]] = {}
        self._short: dict[str, None] = {}
        self._indexed = 0

    def learn(self, secret: str, *, ours: bool = False, passing: bool = False) -> None:
        """
        Remember a secret, so that no foreign text shows it from now on.

        One of ``ours`` is of a gateway or of the state; one that is ``passing`` was
        made up by others.
        """
        if len(secret) < _SHORTEST:
            return
        if not passing:
            (self._ours if ours else self._known)[secret] = None
            return
        self._passing[secret] = None
        self._passing.move_to_end(secret)
        if len(self._passing) > _MOST_PASSING:
            self._passing.popitem(last=False)

    def quotes_ours(self, text: str) -> bool:
        """Say whether a text is, or holds, a secret of a gateway or of the state."""
        return any(one in text for one in self._ours)

    def near(self, letters: str) -> Iterator[str]:
        """
        Give the secrets that letters and digits may quote: all but for some thousands.

        Of the tokens of a country each text is not searched for each of them.
        """
        older = len(self._known) - _LATEST
        if older <= 0:
            return iter(self)
        for secret in islice(self._known, self._indexed, older):
            self._put_in_index(secret)
        self._indexed = older
        found = (
            self._index.get(letters[place : place + _PIECE], ())
            for place in range(len(letters) - _PIECE + 1)
        )
        # nearly each piece is of one secret alone
        each = [(one,) if isinstance(one, str) else one for one in found if one]
        latest = islice(reversed(self._known), _LATEST)
        found_there = chain.from_iterable(each)
        return iter((*self._ours, *latest, *self._passing, *self._short, *found_there))

    def _put_in_index(self, secret: str) -> None:
        bare = _squeezed(secret)
        if len(bare) < _PIECE:
            self._short[secret] = None
        for form in _forms(secret):
            # of what is encoded, who quotes it quotes much
            step = 1 if form == bare else 2 * _PIECE
            for place in range(0, len(form) - _PIECE + 1, step):
                piece = form[place : place + _PIECE]
                held = self._index.setdefault(piece, secret)
                if held != secret:
                    several = (held,) if isinstance(held, str) else held
                    self._index[piece] = (*several, secret)

    def __iter__(self) -> Iterator[str]:
        """Give them: ours, those of districts, and what others made up."""
        return iter((*self._ours, *self._known, *self._passing))


SECRETS = KnownSecrets()
"""One for the process: what was sent to one service may come back from another."""


def foreign_text(text: str, secrets: Iterable[str] = ()) -> str:
    """
    Make foreign text one short line that is harmless and shows no secret.

    ``secrets`` are masked besides those the process knows: whole or cut, in other
    letters, encoded for addresses, HTML, JSON or in base64 or hex, or with line breaks
    in between; so is who signs in, in an address. Escapes, controls and marks of
    direction are left out.
    """
    shown = mask_secrets(_ESCAPE.sub(" ", text[:_READ]), secrets)
    return one_line(without_user_info(shown))


def without_user_info(text: str) -> str:
    """Put ``***`` in the place of who signs in, in every address of a text."""
    return _USER_INFO.sub(f"{MASK}@", text)


def no_command(text: str) -> str:
    r"""
    Give text of others so that nothing in it is taken for a command that we suggest.

    A suggestion stands between backticks, and is completed with the options that
    connectsync was called with. The first backtick comes out spelled: ``\x60``.
    """
    return text.replace("`connectsync ", r"\x60connectsync ")


def one_line(text: str) -> str:
    """Make foreign text one short, harmless line; it was searched for secrets."""
    shown = _ESCAPE.sub(" ", text[:_READ])
    line = "".join(mark if mark.isprintable() else " " for mark in shown)
    line = no_command(" ".join(line.split()))
    return f"{line[:LONGEST]}…" if len(line) > LONGEST else line


def mask_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """Put ``***`` in the place of every quotation of a secret; see above."""
    letters = _Letters.of(text)
    wanted = dict.fromkeys((*SECRETS.near(letters.decoded), *secrets))
    found = [span for secret in wanted for span in letters.spans(secret)]
    # one that itself looks like something encoded is not what it is decoded to
    found += [
        match.span()
        for secret in wanted
        if len(secret) >= _SHORTEST
        for match in re.finditer(re.escape(secret), text)
    ]
    shown, end = [], 0
    for first, last in sorted(found):
        if last <= end:
            continue
        shown += [] if first < end else [text[end:first], MASK]
        end = last
    return "".join([*shown, text[end:]])


def repeats_secret(text: str, secrets: Iterable[str] = ()) -> bool:
    """
    Say whether an accepted answer quotes a secret, whole or a long piece of it.

    It is meant for much text: a whole fleet passes through here.
    """
    more = tuple(secrets)
    if not more and next(iter(SECRETS), None) is None:
        return False
    spellings = [text]
    while len(spellings) <= _DEPTH and any(one in spellings[-1] for one in "%&\\"):
        spellings.append(_ENCODED.sub(_meant, spellings[-1]))
    letters = b" ".join(
        one.encode("ascii", "ignore").lower().translate(None, _NO_LETTERS)
        for one in spellings
    )
    near = SECRETS.near(letters.decode("ascii"))
    wanted = dict.fromkeys((*near, *more))
    if any(one in text for one in wanted if len(one) >= _PIECE):
        return True
    return any(piece in letters for one in wanted for piece in _long_pieces(one))


class _Letters:
    """The letters and digits of a text, and where each of them stands in it."""

    def __init__(self, letters: list[str], spans: list[tuple[int, int]]) -> None:
        self._spans = spans
        self.decoded = "".join(letters)
        self._pieces: dict[str, list[int]] = {}
        for place in range(len(letters) - _PIECE + 1):
            piece = self.decoded[place : place + _PIECE]
            self._pieces.setdefault(piece, []).append(place)

    @classmethod
    def of(cls, text: str) -> _Letters:
        """Read a text, with whatever is encoded in it decoded, twice encoded too."""
        signs = list(text)
        spans = [(place, place + 1) for place in range(len(text))]
        for _ in range(_DEPTH):
            decoded = _decode(signs, spans)
            if decoded is None:
                break
            signs, spans = decoded
        kept = [
            (letter, span)
            for sign, span in zip(signs, spans, strict=True)
            for letter in _plain(sign)
        ]
        return cls([letter for letter, _ in kept], [span for _, span in kept])

    def spans(self, secret: str) -> Iterator[tuple[int, int]]:
        """Find where a secret, or a piece of it, is quoted."""
        for form in _forms(secret):
            if len(form) < _PIECE:
                start = self.decoded.find(form)
                while start >= 0:
                    yield self._span(start, len(form))
                    start = self.decoded.find(form, start + 1)
        for piece in _pieces(secret):
            for start in self._pieces.get(piece[:_PIECE], ()):
                if self.decoded.startswith(piece, start):
                    yield self._span(start, len(piece))

    def _span(self, start: int, size: int) -> tuple[int, int]:
        return self._spans[start][0], self._spans[start + size - 1][1]


def _decode(
    signs: list[str], spans: list[tuple[int, int]]
) -> tuple[list[str], list[tuple[int, int]]] | None:
    text = "".join(signs)
    if len(text) != len(signs) or not _ENCODED.search(text):
        return None
    new_signs: list[str] = []
    new_spans: list[tuple[int, int]] = []
    end = 0
    for match in _ENCODED.finditer(text):
        new_signs += signs[end : match.start()]
        new_spans += spans[end : match.start()]
        whole = (spans[match.start()][0], spans[match.end() - 1][1])
        meant = _meant(match)
        new_signs += meant
        new_spans += [whole] * len(meant)
        end = match.end()
    return new_signs + signs[end:], new_spans + spans[end:]


def _meant(match: re.Match[str]) -> str:
    if match["percent"]:
        return unquote_to_bytes(match["percent"]).decode("utf-8", "replace")
    if match["entity"]:
        from html import unescape  # noqa: PLC0415 - it brings a table of 2,000 names

        return unescape(match["entity"])
    if match["octal"]:
        return chr(int(match["octal"], 8))
    return chr(int(match["unicode"] or match["hex"] or match["braced"], 16))


@lru_cache(maxsize=_CACHED)
def _forms(secret: str) -> tuple[str, ...]:
    """Give a secret's letters and digits as they are, and as they are encoded."""
    from base64 import b64encode  # noqa: PLC0415 - few commands hold a secret

    as_bytes = secret.encode("utf-8", "surrogatepass")
    # a piece of base64 begins at one of three places of what it encodes
    encoded = [
        b64encode(b"\0" * lead + as_bytes).decode("ascii")[2 * lead : -4]
        for lead in range(3)
    ]
    packed = b64encode(as_bytes)
    whole = [*encoded, packed.decode("ascii"), as_bytes.hex()]
    # Authorization is sent in base64, and may be packed as a whole
    whole.append(b64encode(packed).decode("ascii")[:-4])
    whole += [_base32(as_bytes, lead) for lead in range(5)]
    spelled = [one for one in map(_squeezed, whole) if len(one) >= _PIECE]
    bare = _squeezed(secret)
    if len(bare) >= _SHORTEST:
        spelled.append(bare)
    return tuple(dict.fromkeys(spelled))


def _base32(text: bytes, lead: int) -> str:
    """Give what is sure to stand in base32, wherever in it a text begins."""
    from base64 import b32encode  # noqa: PLC0415 - as above

    packed = b32encode(b"\0" * lead + text).decode("ascii").rstrip("=")
    return packed[-(-8 * lead // 5) : -1]


@lru_cache(maxsize=_CACHED)
def _pieces(secret: str) -> tuple[str, ...]:
    """Give the shortest pieces that are taken for a quotation of a secret."""
    bare = "".join(filter(str.isalnum, secret))
    found = []
    for form in _forms(secret):
        for place in range(len(form) - _PIECE + 1):
            piece = form[place : place + _PIECE]
            spelled = bare[place : place + _PIECE] if form == bare.casefold() else piece
            if spelled.isalpha() and spelled[1:] in {piece[1:], spelled[1:].upper()}:
                piece = form[place : place + _WORDY_PIECE]
                if len(piece) < _WORDY_PIECE and place:
                    continue
            found.append(piece)
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=_CACHED)
def _long_pieces(secret: str) -> tuple[bytes, ...]:
    return tuple(
        form[place : place + _LONG_PIECE].encode("utf-8")
        for form in _forms(secret)
        if len(form) >= _PIECE
        for place in range(0, max(1, len(form) - _LONG_PIECE + 1), _LONG_PIECE // 2)
    )


def _squeezed(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).casefold()
        return "".join(letter for letter in text if letter.isalnum())
    return _SEPARATORS.sub("", text.lower())


@lru_cache(maxsize=4096)
def _plain(sign: str) -> str:
    return _squeezed(sign)


_ALLOWED = re.compile(
    # who and where, in which language and time
    "PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TZDIR|TMPDIR|TEMP|TMP|TERM"
    # a window, its fonts and the keys of the desktop
    "|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|XDG_[A-Z_]+|DBUS_SESSION_BUS_ADDRESS"
    "|FONTCONFIG_(PATH|FILE)"
    # where programs, libraries and certificates are
    "|LD_LIBRARY_PATH|DYLD_[A-Z_]+|(NIX_)?SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS"
    "|PLAYWRIGHT_((BROWSERS|NODEJS)_PATH|SKIP_[A-Z_]+)|PW_(LANG|CLI)_[A-Z_]+|NO_PROXY"
    # what Windows does not run without
    "|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|USERPROFILE|USERNAME|APPDATA"
    "|LOCALAPPDATA|PROGRAMDATA|PROGRAMFILES(\\(X86\\))?"
    "|NODEFAULTCURRENTDIRECTORYINEXEPATH",
    re.IGNORECASE,
)

_SEARCHED = re.compile(
    "PATH|LD_LIBRARY_PATH|DYLD_[A-Z_]*PATH|SSL_CERT_DIR|KRB5_CONFIG|XDG_[A-Z]+_DIRS",
    re.IGNORECASE,
)
_PROXY = re.compile("(HTTP|HTTPS|ALL)_PROXY", re.IGNORECASE)
_PLACE = re.compile(
    "HOME|XDG_((CACHE|CONFIG|DATA)_HOME|RUNTIME_DIR)|GIT_CONFIG_(GLOBAL|SYSTEM)|NETRC"
    "|PLAYWRIGHT_NODEJS_PATH|OPENSSL_(CONF(_INCLUDE)?|MODULES|ENGINES)"
    "|(NIX_)?SSL_CERT_FILE|(REQUESTS|CURL)_CA_BUNDLE|PG(SYSCONFDIR|(SERVICE|PASS)FILE)"
    "|OTEL_EXPORTER_OTLP_([A-Z]+_)?(CERTIFICATE|CLIENT_[A-Z]+)|PGSSL(ROOTCERT|CERT|KEY)"
)


APART = os.path.abspath(os.sep)  # noqa: PTH100 - of no path
"""Where what we start stands: what lies by relative names here, a commit decides."""

ENDINGS = (".exe", ".com") if os.name == "nt" else ("",)
"""What the file of a program ends in, where the system tells programs by that."""


def program_in(folders: Iterable[str], name: str) -> str | None:
    """Find a program by its name, or path, in folders that are spelled whole."""
    # the library's own search looks in the current folder first, on Windows
    whole = [Path(APART if Path(name).is_absolute() else one) for one in folders]
    endings = ("",) if name.lower().endswith(ENDINGS) else ENDINGS
    for folder in (one for one in whole if one.is_absolute()):
        for found in (folder / f"{name}{ending}" for ending in endings):
            if os.access(found, os.X_OK) and found.is_file():
                return str(found)
    return None


def environment_of_children(
    environment: Mapping[str, str], *, also: frozenset[str] = frozenset()
) -> dict[str, str]:
    """
    Give the environment of a process that we start, out of ours.

    ``also`` names more that it gets; of proxies, those without a password in them.
    """
    given = {
        name: value
        for name, value in environment.items()
        if name in also
        or _ALLOWED.fullmatch(name)
        or (_PROXY.fullmatch(name) and "@" not in value)
    }
    return whole_places(given)


def whole_places(environment: Mapping[str, str]) -> dict[str, str]:
    """Give an environment less what is spelled from where we stand, in lists too."""
    kept: dict[str, str] = {}
    for name, told in environment.items():
        listed = _SEARCHED.fullmatch(name)
        # loaders of libraries take either sign
        signs = "[:;]" if "LD_" in name.upper() else os.pathsep
        parts = re.split(signs, told) if listed else [told]
        whole = os.pathsep.join(filter(os.path.isabs, parts))
        # without any the usual is searched; an empty one may mean the current folder
        if whole or not (listed or _PLACE.fullmatch(name)):
            kept[name] = whole if listed else told
    return kept
