"""The controls of the form, their page labels, and the values they show."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page

from connectsync.backends.browser.chromium import plain_words
from connectsync.backends.names import (
    CLICKS,
    GROUP_OF_BOXES,
    SAVE,
    TOKEN_LABEL,
    setting_named,
)
from connectsync.domain.foreign_text import foreign_text
from connectsync.domain.live import LabelStatus
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

_STATES = """
all => all.map(one => {
  const told = one.getAttribute("aria-label");
  const labels = [...(one.labels || [])].map(label => label.innerText);
  return {
    name: told || labels.join(" ") || one.innerText || "",
    value: one.value ?? "",
    chosen: one.checked ?? one.getAttribute("aria-checked") === "true",
    disabled: one.matches(":disabled")
      || one.readOnly === true
      || one.closest("[inert], [aria-disabled=true], [aria-readonly=true]") !== null,
  };
})
"""

_OPTIONS = """
all => all.flatMap(one => [...(one.options || [])].map(option => ({
  name: option.label,
  value: option.value,
  chosen: option.selected,
  disabled: option.disabled,
})))
"""

_SAID = """
one => {
  const described = (one.getAttribute("aria-describedby") || "").split(/\\s+/);
  const controls = "input:not([type=hidden]), select, textarea";
  let around = one;
  while (around.parentElement?.querySelectorAll(controls).length === 1)
    around = around.parentElement;
  return [
    one.placeholder,
    one.title,
    one.getAttribute("aria-description"),
    ...described.map(id => id && document.getElementById(id)?.innerText),
    around.innerText,
  ].join("\\n");
}
"""
"""What is said of a control, in its own words or in what it stands in alone."""


@dataclass(frozen=True, slots=True)
class State:
    """A control, or an option of a drop-down, as it stands on the page."""

    name: str
    value: str
    chosen: bool
    disabled: bool


PROBLEMS = {
    LabelStatus.MISSING: "is missing",
    LabelStatus.DOUBLED: "is there more than once",
    LabelStatus.DISABLED: "is disabled",
}
"""How a sentence about a control goes on that cannot be used."""


def standing(found: Sequence[State]) -> LabelStatus:
    """Say whether what was found is one control that can be used."""
    if not found:
        return LabelStatus.MISSING
    if len(found) > 1:
        return LabelStatus.DOUBLED
    return LabelStatus.DISABLED if found[0].disabled else LabelStatus.THERE


async def states(found: Locator) -> list[State]:
    """Give the state of every control that is found, in the page's order."""
    return _read_states(await found.evaluate_all(_STATES))


async def options(drop_down: Locator) -> list[State]:
    """Give the options of a drop-down, in the page's order."""
    return _read_states(await drop_down.evaluate_all(_OPTIONS))


async def read_description(control: Locator) -> str:
    """Give whatever the page says of the one control that is found."""
    return str(await control.evaluate(_SAID))


def _read_states(found: Sequence[dict[str, object]]) -> list[State]:
    return [
        State(
            name=" ".join(str(one["name"]).split()),
            value=str(one["value"]),
            chosen=one["chosen"] is True,
            disabled=one["disabled"] is True,
        )
        for one in found
    ]


def _known_labels() -> Iterator[str]:
    yield from (*CLICKS, SAVE, TOKEN_LABEL)
    for setting in SETTINGS:
        group = setting.page_label
        yield group
        if setting.kind is Kind.BOX:
            yield f"{GROUP_OF_BOXES}: {group}"
        yield from setting.labels
        yield from (f"{group}: {label}" for label in setting.labels)


KNOWN = frozenset(_known_labels())
"""Every label that may be overridden: plain, or as ``group: label`` for one box."""


class PageLabels:
    """
    The labels of the page, ours unless the project overrides them.

    Raises ``ProjectError`` if an override is for no label that we know.
    """

    def __init__(self, overrides: Mapping[str, str]) -> None:
        for label in overrides:
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


def pattern_of(label: str) -> str:
    """Give a pattern that finds a label, however it is spelled."""
    return f"(?:{'|'.join(map(re.escape, spellings_of(label)))})"


def spellings_of(label: str) -> tuple[str, ...]:
    """Give a label as it is stated, and with its accents put together and apart."""
    return tuple(
        dict.fromkeys([label, compose_accents(label), decompose_accents(label)])
    )


def control_of(setting: str) -> str:
    """Name a setting's control in a sentence, as we know it."""
    label = setting_named(setting).page_label
    if BY_NAME[setting].kind is Kind.BOX:
        return f"'{label}' in the group '{GROUP_OF_BOXES}'"
    return f"'{label}'"


LOOK_SECONDS = 5.0
"""How long a page may take to say what it shows; one that hangs says nothing."""

PICTURE_SECONDS = 20.0
"""How long a picture may take; a page that hangs gives none."""

LONGEST = 80
"""So much of a text of the page is told."""

UNCOVER = (
    "look at the picture; close or accept what covers the page in the window that"
    " `connectsync login` opens, where it is remembered, then try again"
)

_COVER = """
one => {
  one.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
  const box = one.getBoundingClientRect();
  const top = document.elementFromPoint(
    box.left + box.width / 2, box.top + box.height / 2);
  const labels = [...(one.labels || [])];
  let cover = document.querySelector(":modal");
  if (!cover || cover.contains(one)) {
    if (!top || one.contains(top) || top.contains(one)) return null;
    if (labels.some(label => label.contains(top))) return null;
    cover = top;
    while (cover.parentElement && !cover.parentElement.contains(one))
      cover = cover.parentElement;
  }
  const said = cover.getAttribute("aria-label") || cover.innerText
    || cover.getAttribute("title") || cover.getAttribute("src") || "";
  return [cover.localName, said.slice(0, 500)];
}
"""

_SHOWN = """
() => {
  const heading = document.querySelector("h1, h2, [role=heading]");
  const said = heading?.innerText || document.title || document.body?.innerText || "";
  return said.slice(0, 500);
}
"""

_INTERCEPTS = re.compile(r"<(\w[\w-]*)[^>]*>.* intercepts pointer events")

_STANDS = (
    ("element is not enabled", "is disabled"),
    ("element is not editable", "is read-only"),
    ("element is not visible", "is hidden"),
    ("element is not stable", "does not stand still"),
    ("outside of the viewport", "stands outside the window"),
    ("element was detached", "was taken off the page while it was used"),
)
"""What the library's log says of a control, and how a sentence continues with it."""


async def obstacle(control: Locator, error: PlaywrightError) -> tuple[str, str | None]:
    """
    Say why a control could not be used, and what to do, if more than usual is to do.

    The first is the rest of a sentence that begins with the control.
    """
    if cover := await _cover(control):
        return f"is covered by {cover}", UNCOVER
    log = str(error)
    if found := _INTERCEPTS.search(log):
        return f"is covered by something (<{found[1]}>)", UNCOVER
    for sign, words in _STANDS:
        if sign in log:
            return words, None
    return f"cannot be used: {plain_words(error)}", None


async def describe_instead(page: Page) -> str:
    """Say what a page shows, as the rest of a sentence; empty if it cannot be told."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            said = foreign_text(str(await page.evaluate(_SHOWN)))
    except (PlaywrightError, TimeoutError):
        return ""
    return f"; the page shows '{cut_text(said)}'" if said else "; the page is empty"


def cut_text(said: str) -> str:
    """Cut a long text of a page."""
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}…"


async def _cover(control: Locator) -> str:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            found = await control.first.evaluate(_COVER)
    except (PlaywrightError, TimeoutError):
        return ""
    if found is None:
        return ""
    kind, said = str(found[0]), foreign_text(str(found[1]))
    return f"'{cut_text(said)}' (<{kind}>)" if said else f"something (<{kind}>)"
