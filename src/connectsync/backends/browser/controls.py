"""The controls of the form, their page labels, and the values they show."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Iterator, Sequence
from typing import Any

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Frame, Locator, Page

from connectsync.backends.browser.chromium import plain_words
from connectsync.backends.browser.website import spellings_of
from connectsync.backends.names import (
    GROUP_OF_BOXES,
    setting_named,
)
from connectsync.domain.foreign_text import foreign_text
from connectsync.domain.live import LabelStatus
from connectsync.domain.settings import (
    BY_NAME,
)
from connectsync.errors import PageChanged
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

_USE = """(one.checked ?? call("getAttribute", "aria-checked") === "true") === true,
    call("matches", ":disabled") || one.readOnly === true || call("closest",
      "[inert], [aria-disabled=true], [aria-readonly=true]") !== null"""
"""Whether a control is chosen, and whether it is disabled."""

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
    /* use */,
    call("checkVisibility", {visibilityProperty: true, checkVisibilityCSS: true})
      && one.offsetWidth > 0 && one.offsetHeight > 0,
  ];
})
""".replace("/* use */", _USE)
"""
Of each control its name and value, whether it is chosen, disabled, and surely seen.
"""

_OPTIONS = """
all => all.flatMap(one => [...(one.options || [])].map(
  option => [option.label, option.value, option.selected, option.disabled, false]))
"""
"""The same of each option of a drop-down."""

_STATE = (str, str, bool, bool, bool)

_SAID = """
all => all.map(one => {
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
  ].join("\\n"), one.value !== ""];
})
"""
"""What is said of a control, in its own words or in what it stands in alone."""


@dataclass(frozen=True, slots=True)
class State:
    """A control, or an option of a drop-down, as it stands on the page."""

    name: str
    value: str
    chosen: bool
    disabled: bool
    seen: bool = False
    """Whether it surely has a place on the page; else the browser has to say so."""


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


async def descriptions(found: Locator) -> list[tuple[Any, ...]]:
    """Give what the page says of each control, and whether anything stands in it."""
    return await ask_all(found, _SAID, str, bool)


_PIECES = """
all => all.map(one => {
  // asked of the prototype: a field that is called so would hide the form's own
  const call = (name, told) => Element.prototype[name].call(one, told);
  const told = name => call("getAttribute", name) || "";
  const by = told("aria-labelledby").split(/\\s+/).map(
    id => id && ask("getElementById", id)?.innerText || "").join(" ").trim();
  const labels = one.labels instanceof NodeList ? [...one.labels] : [];
  const legend = one instanceof HTMLFieldSetElement
    && call("querySelector", ":scope > legend")?.innerText;
  const form = one instanceof HTMLFormElement;
  return [
    by || told("aria-label") || labels.map(label => label.innerText).join(" ")
      || legend || !form && one.innerText || "",
    form ? "" : `${one.value ?? ""}`,
    /* use */,
    ["checkbox", "radio"].includes(one.type)
      || /\\b(checkbox|radio)\\b/.test(told("role")),
    all.flatMap((other, at) =>
      other !== one && Node.prototype.contains.call(other, one) ? [`${at}`] : []),
    one instanceof HTMLSelectElement ? [...one.options].flatMap(option => [
      option.label, option.value, option.selected ? "x" : "",
      option.disabled ? "x" : ""]) : [],
  ];
})
""".replace("/* use */", _USE)
"""
Of each piece of the form its name and value, and whether it is chosen or disabled.

Then whether it is a box or radio button, which pieces it stands in, and the name,
value, choice and use of each of its options.
"""

_PIECE = (str, str, bool, bool, bool, list, list)


class OneLook:
    """
    All pieces of a form as they stood at one moment, each known by its name.

    The browser found each of them by a role and by one of several names. Whatever is
    not told apart by its name raises ``PageChanged``: it may be in order all the same.
    """

    def __init__(self, rows: Sequence[tuple[Any, ...]], title: str) -> None:
        self._states = _read_states([row[:4] for row in rows])
        self._rows = rows
        self._form = str(self._place(title))
        for place, row in enumerate(rows):
            if str(place) != self._form and self._form not in row[5]:
                raise _unsure(row[0])

    def control(self, name: str) -> State:
        """Give the one control, or group, of a name."""
        return self._states[self._place(name)]

    def inside(self, name: str) -> list[State]:
        """Give the boxes or radio buttons that stand in a group, and in no other."""
        found, group = [], str(self._place(name))
        for state, row in zip(self._states, self._rows, strict=True):
            around = set(row[5]) - {self._form}
            if row[4] and group in around:
                if len(around) > 1:
                    raise _unsure(state.name)
                found.append(state)
        return found

    def options(self, name: str) -> list[State]:
        """Give what a drop-down offers."""
        told = iter(self._rows[self._place(name)][6])
        every = zip(told, told, told, told, strict=True)
        rows = [(label, value, bool(on), bool(off)) for label, value, on, off in every]
        return _read_states(rows)

    def _place(self, name: str) -> int:
        found = [
            place
            for place, row in enumerate(self._rows)
            if not row[4] and self._states[place].name in spellings_of(name)
        ]
        if len(found) != 1:
            raise _unsure(name)
        return found[0]


async def look_once(found: Locator, title: str, names: Sequence[str]) -> OneLook:
    """Look at all pieces of the form of a title. Raises ``PageChanged``; see above."""
    spelled = [one for name in names for one in spellings_of(name)]
    for name in names:
        if spelled.count(name) > 1:
            raise _unsure(name)
    return OneLook(await ask_all(found, _PIECES, *_PIECE, exact=True), title)


def _unsure(name: str) -> PageChanged:
    return PageChanged(f"'{cut_text(name)}' has to be looked at by itself")


def _read_states(found: Sequence[tuple[Any, ...]]) -> list[State]:
    return [State(" ".join(name.split()), *rest) for name, *rest in found]


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
