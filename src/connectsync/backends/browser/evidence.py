"""What the page looked like, kept for people: never with a token in it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page

from connectsync.backends.browser.controls import ask_one
from connectsync.backends.browser.website import (
    PageLabels,
    learn_session,
    name_pattern,
    spellings_of,
)
from connectsync.backends.names import TOKEN_LABEL
from connectsync.domain.foreign_text import mask_secrets, repeats_secret
from connectsync.domain.settings import SETTINGS
from connectsync.errors import StateError
from connectsync.providers.form import Kind

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
)
"""What a browser lets the kept page do: nothing, whatever may stand in it."""

_HEAD = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="referrer" content="no-referrer"><title>Evidence</title>
<style>
  body {{ font: 16px/1.4 system-ui, sans-serif; margin: 1rem auto; max-width: 60rem;
    padding: 0 1rem; }}
  .kept-as-evidence {{ background: #fff3c4; border: 1px solid #c9a400; color: #000;
    padding: .5rem 1rem; }}
  [role=form] {{ border: 1px solid #888; padding: 0 1rem; }}
  label {{ margin-right: .5rem; }}
</style></head><body>
<p class="kept-as-evidence">Kept by connectsync. Scripts, links, forms, styles and
pictures were taken out, and so was what stands in text fields, but for settings. A
picture beside this file, if there is one, shows how the page looked.</p>
"""


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_DROPPED = _words(
    "script style template iframe frame frameset object embed applet noscript noembed",
    "noframes svg math audio video canvas map xmp plaintext",
)
"""Left out with all that stands in them."""

_EMPTY = _words("br hr input img wbr col")

_KEPT = _EMPTY | _words(
    "main header footer nav section article aside address h1 h2 h3 h4 h5 h6 hgroup p",
    "pre div span blockquote figure figcaption ul ol li dl dt dd table caption thead",
    "tbody tfoot tr td th colgroup a b i u s em strong small mark code kbd samp sub",
    "sup abbr cite q time fieldset legend label button select optgroup option datalist",
    "textarea output progress meter details summary dialog del ins",
)
"""Kept by their name; ``form`` and what is not known become ``div``."""

_ATTRIBUTES = _words(
    "id class role name type value checked selected disabled readonly multiple",
    "required open hidden label for alt title placeholder lang dir maxlength pattern",
    "min max colspan rowspan",
)


def inert(html: str) -> str:
    """Give the structure and the words of a page, under a policy that loads nothing."""
    return _Inert(html).text


class _Inert(HTMLParser):
    """
    Rewrites what is allowed; nothing of the page is copied as it stands.

    ``blank`` takes out of a text what is not to be kept.
    """

    def __init__(self, html: str, blank: Callable[[str], str] = str) -> None:
        super().__init__(convert_charrefs=True)
        self._words: list[str] = []
        self._blank = blank
        self._parts = [_HEAD]
        self._open: list[tuple[str, str]] = []
        self._dropped = ""
        self._depth = 0
        self.feed(html)
        self.close()

    @property
    def words(self) -> str:
        """All that stands between tags, of what is left out as well."""
        return "".join(self._words)

    @property
    def text(self) -> str:
        """The whole page, with everything closed that was opened."""
        ends = "".join(f"</{ours}>" for _, ours in reversed(self._open))
        return f"{''.join(self._parts)}{ends}\n</body></html>\n"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element, as what is left of it."""
        if self._dropped:
            self._depth += tag == self._dropped
            return
        if tag in _DROPPED:
            self._dropped, self._depth = tag, 1
            return
        if tag in {"html", "head", "body", "meta", "link", "base"}:
            return
        ours = tag if tag in _KEPT else "div"
        kept = [(name, self._blank(value or "")) for name, value in attrs]
        self._parts.append(f"<{ours}{_attribute_text(tag, ours, kept)}>")
        if ours not in _EMPTY:
            self._open.append((tag, ours))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take ``<a/>`` for ``<a>``, as browsers do."""
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Close an element and what was left open in it."""
        if self._dropped:
            self._depth -= tag == self._dropped
            if not self._depth:
                self._dropped = ""
            return
        if not any(theirs == tag for theirs, _ in self._open):
            return
        while self._open:
            theirs, ours = self._open.pop()
            self._parts.append(f"</{ours}>")
            if theirs == tag:
                return

    def handle_data(self, data: str) -> None:
        """Keep words."""
        data = self._blank(data)
        self._words.append(data)
        if not self._dropped:
            self._parts.append(escape(data))


def _attribute_text(tag: str, ours: str, attributes: list[tuple[str, str]]) -> str:
    spelled = []
    if tag != ours:
        spelled.append(f' data-tag="{escape(tag)}"')
    if tag == "form":
        spelled.append(' role="form"')
    for name, value in dict(attributes).items():
        if name in _ATTRIBUTES or name.startswith("aria-"):
            spelled.append(f' {name}="{escape(value)}"')
        elif name in {"href", "action", "formaction", "src"}:
            # where it led is evidence; as text it leads nowhere
            spelled.append(f' data-{name}="{escape(value)}"')
    return "".join(spelled)


_HTML = """
([tokens, known]) => {
  const whole = own("documentElement");
  const copy = whole.cloneNode(true);
  const copies = copy.querySelectorAll("*");
  const secrets = new Set();
  const shown = [];
  const plain = [];
  const told = (one, name) => Element.prototype.getAttribute.call(one, name) || "";
  const look = (one, other) => {
    if (one.shadowRoot) {
      shown.push(one.shadowRoot.innerHTML);
      one.shadowRoot.querySelectorAll("*").forEach(
        inside => look(inside, inside.cloneNode()));
    }
    if (one.tagName === "SCRIPT") { other.textContent = ""; return; }
    if (one.tagName === "OPTION") other.toggleAttribute("selected", one.selected);
    const field = one.tagName === "INPUT" || one.tagName === "TEXTAREA";
    if (!field && !one.matches(TYPED)) return;
    if (["checkbox", "radio"].includes(one.type)) {
      other.toggleAttribute("checked", one.checked);
      return;
    }
    if (["button", "submit", "reset", "image"].includes(one.type)) return;
    const by = told(one, "aria-labelledby").split(/\\s+/);
    const names = [...(one.labels || [])].map(label => label.textContent);
    names.push(told(one, "aria-label"));
    names.push(...by.map(id => id && ask("getElementById", id)?.textContent || ""));
    const called = names.map(name => name.replace(/\\s+/g, " ").trim());
    const said = ["name", "id", "placeholder", "title", "autocomplete",
      "aria-description"].map(name => told(one, name));
    const value = field ? one.value : one.textContent;
    const secret = ["password", "hidden"].includes(one.type)
      || called.some(name => tokens.includes(name))
      || /token|passw|secret|oauth|credential|api.?key/i.test(
        [...called, ...said].join("\\n"));
    if (!secret && field && called.some(name => known.includes(name))) {
      shown.push(value);
      if (one.tagName === "INPUT") other.setAttribute("value", value);
      if (ask("querySelectorAll", `[id="${CSS.escape(one.id)}"]`).length === 1)
        plain.push(one.id);
      return;
    }
    // what it holds may be a secret under a name that nobody knows
    if (!secret) shown.push(value);
    for (const one of secret ? [value, told(other, "value")] : [])
      if (one.length > 5) secrets.add(one);
    for (const name of secret ? ["value", "placeholder", "title"] : ["value"])
      other.removeAttribute(name);
    if (one.tagName !== "INPUT") other.textContent = "";
  };
  whole.querySelectorAll("*").forEach((one, place) => look(one, copies[place]));
  return ["<!doctype html>" + copy.outerHTML, shown.join("\\n"), [...secrets], plain];
}
"""
"""
The page as it is filled in, with empty scripts and text fields but those of settings.

Beside it, what is drawn and does not stand there, what was taken out of fields that
speak of a secret, and the ids of the fields that were left as they are.
"""

_TYPED = "[contenteditable]:not([contenteditable=false]), [role=textbox]"

_FIELDS = (
    "input:not([type=checkbox], [type=radio], [type=button], [type=submit],"
    f" [type=reset], [type=image]), textarea, {_TYPED}"
)
"""Whatever may be typed into."""

_PLAIN_ID = re.compile("[A-Za-z0-9_.:-]{1,200}")

LONGEST = 1 << 20
"""Characters of a page that are kept, and searched for every piece of a secret."""

_QUOTES = "<p>The page repeats a secret, spread over it: nothing of it is kept.</p>"


class Evidence:
    """A folder of screenshots and pages that only this user can read."""

    def __init__(self, folder: Path, labels: PageLabels) -> None:
        self._folder = folder
        self._tokens = [TOKEN_LABEL, *spellings_of(labels.shown(TOKEN_LABEL))]
        self._settings = [
            spelled
            for setting in SETTINGS
            if setting.kind in {Kind.TEXT, Kind.PERCENT}
            for spelled in spellings_of(labels.of_setting(setting.name))
        ]
        self._typed: list[str] = []

    @contextmanager
    def without(self, secret: str | None) -> Iterator[None]:
        """
        Blank a secret wherever a page may show it, while it is typed and saved.

        No picture is kept meanwhile: what a page draws cannot all be looked through.
        """
        self._typed = [secret] if secret else []
        try:
            yield
        finally:
            self._typed = []

    async def keep(self, page: Page, about: str, moment: str) -> Path:
        """
        Keep what a page shows; give the path of the picture, or else of the page.

        ``about`` is the district, or what else the page is about. Raises
        ``StateError`` if the disk does not take it, and ``PageChanged``.
        """
        await learn_cookies(page)
        script = _HTML.replace("TYPED", repr(_TYPED))
        told = [self._tokens, self._settings]
        html, shown, held, plain = await ask_one(
            page, script, str, str, list, list, told=told
        )
        masked = mask_secrets(html[:LONGEST], self._typed)
        read = (html, _Inert(html).words, shown)
        quoted = masked != html[:LONGEST] or any(map(self._quotes, read))
        rewritten = _Inert(masked, partial(_without, [*held, *self._typed]))
        text = rewritten.text
        if quoted and any(map(self._quotes, (rewritten.words, text))):
            text = inert(_QUOTES)
        # a picture cannot be searched: there is none where it may show a secret
        unseen = quoted or self._typed
        picture = b"" if unseen else await self._picture(page, plain)
        try:
            private_folder(self._folder)
            path = self._unused(f"{about}-{moment}")
            _private(path.with_suffix(".html"), text.encode("utf-8", "replace"))
            if picture:
                _private(path, picture)
        except OSError as error:
            raise StateError(f"no evidence can be kept: {error.strerror}") from error
        return path if picture else path.with_suffix(".html")

    def _quotes(self, text: str) -> bool:
        first = text[:LONGEST]
        if mask_secrets(first, self._typed) != first:
            return True
        return repeats_secret(text, self._typed)

    async def _picture(self, page: Page, plain: Sequence[str]) -> bytes:
        ids = ", ".join(f"[id='{one}']" for one in plain if _PLAIN_ID.fullmatch(one))
        fields = f":is({_FIELDS}):not({ids})" if ids else _FIELDS
        masked = [page.locator(fields)]
        masked += [frame.locator(_FIELDS) for frame in page.frames[1:]]
        masked += [
            page.get_by_label(name_pattern(label), exact=True) for label in self._tokens
        ]
        try:
            return await page.screenshot(full_page=True, mask=masked)
        except PlaywrightError:
            # of a page that is too large to draw there is still the HTML
            return b""

    def _unused(self, stem: str) -> Path:
        number = 1
        while (self._folder / f"{stem}-{number}.html").exists():
            number += 1
        return self._folder / f"{stem}-{number}.png"


async def learn_cookies(page: Page) -> None:
    """Know what a page is signed in with now, unless its browser has ended."""
    with suppress(PlaywrightError):
        kept = {"cookies": await page.context.cookies()}
        learn_session(kept, passing=True)


def _without(secrets: Sequence[object], text: str) -> str:
    for secret in map(str, secrets):
        for spelled in (secret, quote(secret, safe="!'()*")):
            text = text.replace(spelled, "")
    return text


def private_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for this user alone."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        one.chmod(0o700)
    folder.chmod(0o700)


def _private(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        # whatever the umask takes away or leaves
        os.chmod(path, 0o600)  # noqa: PTH101 - of the file just made
        file.write(content)
