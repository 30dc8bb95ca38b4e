"""The controls of the form, their page labels, and the values they show."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from typing import Any

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Frame, Locator, Page

from connectsync.backends.browser.chromium import plain_words
from connectsync.backends.names import (
    CLICKS,
    GROUP_OF_BOXES,
    REPORT,
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
from connectsync.errors import PageChanged, ProjectError
from connectsync.providers.form import Kind
from connectsync.values import dataclass

_AS_TEXT = """
(given, more) => {
  const ask = (name, ...told) => Document.prototype[name].call(document, ...told);
  const own = (name, kind = Document) =>
    Object.getOwnPropertyDescriptor(kind.prototype, name).get.call(document);
  return "" + JSON.stringify((%s)(given, more));
}
"""
"""
How a script of ours is run.

``ask`` and ``own`` ask the document past elements that are called like what is asked.
"""

LONGEST_ANSWER = 1 << 24
"""Characters that a script of ours may give of a page."""

_NOT_READ = (ValueError, TypeError, LookupError, ArithmeticError, RecursionError)
"""What reading an answer raises that no script of ours would give."""


async def ask_one(
    where: Page | Frame | Locator, script: str, *kinds: type, told: object = None
) -> tuple[Any, ...]:
    """
    Run a script of ours on a page, or on the one control that is found.

    It gives a list, with a member of each of the ``kinds``. Raises ``PageChanged``
    where a script of the page makes something else of it.
    """
    return _row(await _answer(where.evaluate(_AS_TEXT % script, told)), kinds)


async def ask_all(
    found: Locator, script: str, *kinds: type, exact: bool = False
) -> list[tuple[Any, ...]]:
    """
    Run a script of ours that gives such a list for each of many; see above.

    ``exact`` refuses a text with half of a letter in it, where it is not only told.
    """
    rows = await _answer(found.evaluate_all(_AS_TEXT % script))
    if not isinstance(rows, list):
        raise _unreadable()
    return [_row(one, kinds, exact=exact) for one in rows]


async def texts(found: Locator, *, exact: bool = True) -> list[str]:
    """Give the text of everything that is found. Raises ``PageChanged``; see above."""
    return [said for (said,) in await ask_all(found, _TEXTS, str, exact=exact)]


async def _answer(asked: Awaitable[object]) -> object:
    # a page may put functions of its own in the place of those that a script calls
    try:
        answer = await asked
        if isinstance(answer, str) and len(answer) <= LONGEST_ANSWER:
            return json.loads(answer)
    except _NOT_READ:
        pass
    raise _unreadable()


def _row(
    answer: object, kinds: Sequence[type], *, exact: bool = False
) -> tuple[Any, ...]:
    if not isinstance(answer, list) or [type(one) for one in answer] != list(kinds):
        raise _unreadable()
    return tuple(_kept(one, exact=exact) for one in answer)


def _kept(one: object, *, exact: bool) -> object:
    """Give a text, or a list of texts, as a file or a terminal takes it."""
    if isinstance(one, list):
        if not all(isinstance(member, str) for member in one):
            raise _unreadable()
        return [_kept(member, exact=exact) for member in one]
    if not isinstance(one, str):
        return one
    # half of a letter, which a text that was cut may end with, can be kept nowhere
    whole = one.encode("utf-8", "replace").decode()
    if exact and whole != one:
        raise PageChanged(
            "Connect's page shows broken Unicode where a name or a value belongs:"
            f" '{cut_text(whole)}'",
            remedy="look at the page by hand, and ask SchoolStatus",
        )
    return whole


def _unreadable() -> PageChanged:
    return PageChanged(
        "Connect's page cannot be read: a script on it changes what the browser tells"
        " of it",
        remedy="look at the page by hand, and ask SchoolStatus",
    )


_TEXTS = 'all => all.map(one => [one.innerText ?? ""])'

_STATES = """
all => all.map(one => {
  // asked of the prototype: a field that is called so would hide the form's own
  const call = (name, told) => Element.prototype[name].call(one, told);
  const told = call("getAttribute", "aria-label");
  const named = one.labels instanceof NodeList ? [...one.labels] : [];
  const labels = named.map(label => label.innerText);
  return [
    told || labels.join(" ") || one.innerText || "",
    `${one.value ?? ""}`,
    (one.checked ?? call("getAttribute", "aria-checked") === "true") === true,
    call("matches", ":disabled") || one.readOnly === true || call("closest",
      "[inert], [aria-disabled=true], [aria-readonly=true]") !== null,
  ];
})
"""
"""Of each control its name and value, whether it is chosen, and whether disabled."""

_OPTIONS = """
all => all.flatMap(one => [...(one.options || [])].map(
  option => [option.label, option.value, option.selected, option.disabled]))
"""
"""The same of each option of a drop-down."""

_STATE = (str, str, bool, bool)

_SAID = """
one => {
  const described = (one.getAttribute("aria-describedby") || "").split(/\\s+/);
  const controls = "input:not([type=hidden]), select, textarea";
  let around = one;
  while (around.parentElement?.querySelectorAll(controls).length === 1)
    around = around.parentElement;
  return [[
    one.placeholder,
    one.title,
    one.getAttribute("aria-description"),
    ...described.map(id => id && ask("getElementById", id)?.innerText),
    around.innerText,
  ].join("\\n")];
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
    return _read_states(await ask_all(found, _STATES, *_STATE, exact=True))


async def options(drop_down: Locator) -> list[State]:
    """Give the options of a drop-down, in the page's order."""
    return _read_states(await ask_all(drop_down, _OPTIONS, *_STATE, exact=True))


async def read_description(control: Locator) -> str:
    """Give whatever the page says of the one control that is found."""
    (said,) = await ask_one(control, _SAID, str)
    return str(said)


def _read_states(found: Sequence[tuple[Any, ...]]) -> list[State]:
    return [State(" ".join(name.split()), *rest) for name, *rest in found]


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


def pauses() -> Iterator[float]:
    """Give how many seconds to wait before each further look at a page, for long."""
    seconds = 0.1
    while True:
        yield seconds
        # each look keeps a processor busy, here and in the browser
        seconds = min(2 * seconds, 0.5)


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
  const top = ask("elementFromPoint",
    box.left + box.width / 2, box.top + box.height / 2);
  const labels = [...(one.labels || [])];
  let cover = ask("querySelector", ":modal");
  if (!cover || cover.contains(one)) {
    if (!top || one.contains(top) || top.contains(one)) return ["", ""];
    if (labels.some(label => label.contains(top))) return ["", ""];
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
  const heading = ask("querySelector", "h1, h2, [role=heading]");
  const said = heading?.innerText || own("title") || own("body")?.innerText || "";
  return [said.slice(0, 500)];
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
            (shown,) = await ask_one(page, _SHOWN, str)
    except (PageChanged, PlaywrightError, TimeoutError):
        return ""
    said = foreign_text(shown)
    return f"; the page shows '{cut_text(said)}'" if said else "; the page is empty"


def cut_text(text: str) -> str:
    """Give a text of a page as a short one that is harmless and shows no secret."""
    said = foreign_text(text)
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}…"


async def _cover(control: Locator) -> str:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            kind, text = await ask_one(control.first, _COVER, str, str)
    except (PageChanged, PlaywrightError, TimeoutError):
        return ""
    kind, said = foreign_text(kind), foreign_text(text)
    if not kind:
        return ""
    return f"'{cut_text(said)}' (<{kind}>)" if said else f"something (<{kind}>)"
