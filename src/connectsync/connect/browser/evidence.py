"""What the page looked like, kept for people: never with a token in it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page

from connectsync.connect.browser.inert import inert
from connectsync.connect.browser.labels import Labels, named, spellings_of
from connectsync.connect.names import TOKEN_LABEL
from connectsync.domain.foreign_text import SECRETS
from connectsync.errors import StateError

_HTML = """
([tokens, typed]) => {
  const whole = document.documentElement;
  const copy = whole.cloneNode(true);
  const originals = whole.querySelectorAll("*");
  const copies = copy.querySelectorAll("*");
  const secrets = new Set(typed);
  originals.forEach((one, place) => {
    const other = copies[place];
    if (one.tagName === "SCRIPT") { other.textContent = ""; return; }
    if (one.tagName === "OPTION") other.toggleAttribute("selected", one.selected);
    if (one.tagName !== "INPUT" && one.tagName !== "TEXTAREA") return;
    const names = [...(one.labels || [])].map(label => label.textContent.trim());
    names.push(one.getAttribute("aria-label") || "");
    const secret = ["password", "hidden"].includes(one.type)
      || names.some(name => tokens.includes(name));
    if (secret) {
      for (const value of [one.value, one.getAttribute("value")])
        if (value && value.length > 5) secrets.add(value);
      other.removeAttribute("value");
      if (one.tagName === "TEXTAREA") other.textContent = "";
    } else if (["checkbox", "radio"].includes(one.type)) {
      other.toggleAttribute("checked", one.checked);
    } else if (one.tagName === "INPUT") {
      other.setAttribute("value", one.value);
    }
  });
  let html = "<!doctype html>" + copy.outerHTML;
  const text = document.createElement("i");
  for (const secret of secrets) {
    text.textContent = secret;
    const escaped = text.innerHTML;
    const spellings = [escaped.replaceAll('"', "&quot;"), escaped, secret,
      encodeURIComponent(secret)];
    for (const one of spellings) html = html.split(one).join("");
  }
  return html;
}
"""
"""The page as it is filled in, with empty tokens, hidden fields and scripts."""


class Evidence:
    """A folder of screenshots and pages that only this user can read."""

    def __init__(self, folder: Path, labels: Labels) -> None:
        self._folder = folder
        self._tokens = [TOKEN_LABEL, *spellings_of(labels.shown(TOKEN_LABEL))]
        self._typed: list[str] = []

    @contextmanager
    def without(self, secret: str | None) -> Iterator[None]:
        """Blank a secret wherever a page may show it, while it is typed and saved."""
        self._typed = [secret] if secret else []
        try:
            yield
        finally:
            self._typed = []

    async def keep(self, page: Page, about: str, moment: str) -> Path:
        """
        Keep what a page shows; give the path of the screenshot.

        ``about`` is the district, or what else the page is about. Raises
        ``StateError`` if the disk does not take it.
        """
        html = inert(str(await page.evaluate(_HTML, [self._tokens, self._typed])))
        typed = [*self._typed, *(one for one in SECRETS if one in html)]
        for secret in typed:
            # a page may have functions of its own where ours look for it
            html = html.replace(escape(secret), "").replace(secret, "")
        picture = await self._picture(page, typed)
        try:
            private_folder(self._folder)
            path = self._unused(f"{about}-{moment}")
            _private(path.with_suffix(".html"), html.encode("utf-8", "replace"))
            if picture:
                _private(path, picture)
        except OSError as error:
            raise StateError(f"no evidence can be kept: {error.strerror}") from error
        return path if picture else path.with_suffix(".html")

    async def _picture(self, page: Page, typed: Sequence[str]) -> bytes:
        masked = [page.locator("input[type=password]")]
        masked += [
            page.get_by_label(named(label), exact=True) for label in self._tokens
        ]
        masked += [page.get_by_text(secret) for secret in typed]
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
