"""One inert HTML page: elements, pieces and the frame of every report."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from connectsync.report.terminal import inert

_CODE = re.compile("`([^`]+)`")
_EMPTY = frozenset(["br", "col", "input", "meta"])
"""Elements that hold nothing and are not closed."""


@dataclass(frozen=True, slots=True)
class Html:
    """A piece of a page. Only this module makes one of text."""

    text: str


Child = Html | str


def element(name: str, *children: Child, **attributes: str) -> Html:
    """
    Make an element of pieces and of text, which is shown as it is.

    Attributes are spelled as Python can: ``class_`` and ``aria_label``.
    """
    start = f"<{name}{''.join(map(_attribute, attributes.items()))}>"
    if name in _EMPTY:
        return Html(start)
    return Html(f"{start}{join_html(children).text}</{name}>")


def join_html(children: Iterable[Child]) -> Html:
    """Put pieces and text after each other."""
    return Html("".join(map(_inside, children)))


def lines(children: Iterable[Child]) -> Html:
    """Put pieces and text after each other, each on a line of its own."""
    return Html("".join(f"{_inside(child)}\n" for child in children))


def with_code(sentence: str) -> Html:
    """Make code of what stands in backquotes."""
    parts = _CODE.split(sentence)
    return join_html(
        element("code", part) if position % 2 else part
        for position, part in enumerate(parts)
    )


def _inside(child: Child) -> str:
    return child.text if isinstance(child, Html) else escape(inert(child))


def _attribute(attribute: tuple[str, str]) -> str:
    name, value = attribute
    spelled = name.rstrip("_").replace("_", "-")
    return f' {spelled}="{escape(inert(value))}"'


_SCRIPTS = (
    "elements.js",
    "listing.js",
    "finding.js",
    "form.js",
    "district.js",
    "start.js",
)
"""In the order in which they use each other: together they are one script."""

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
{policy}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
{title}
<style>{style}</style>
</head>
<body>
{body}<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def html_page(title: str, body: Iterable[Html], data: Mapping[str, Any]) -> str:
    """Write the whole page; ``data`` is what its script makes the rest of."""
    policy = element("meta", http_equiv="Content-Security-Policy", content=_policy())
    return _PAGE.format(
        policy=policy.text,
        title=element("title", title).text,
        style=_style(),
        body=lines(body).text,
        data=embed_json(data),
        script=_script(),
    )


def embed_json(data: Mapping[str, Any]) -> str:
    r"""
    Spell data so that it cannot end the element it stands in.

    It is ASCII, and ``<`` comes out as ``\u003c``, which JSON reads as the same.
    """
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _policy() -> str:
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_hash(_script())}'",
            f"style-src '{_hash(_style())}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _script() -> str:
    inner = "\n".join(map(_asset, _SCRIPTS))
    return f'\n"use strict";\n(() => {{\n{inner}}})();\n'


@cache
def _style() -> str:
    # no element may have a style of its own: the widths of bars are classes
    widths = "".join(f".w{share} {{ width: {share}%; }}\n" for share in range(101))
    return f"\n{_asset('page.css')}{widths}"


def _asset(name: str) -> str:
    folder = files("connectsync.report") / "assets"
    return (folder / name).read_text(encoding="utf-8")


def many(count: int, noun: str) -> str:
    """Count something in words: ``1 file``, ``1,204 files``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def header(title: str, *sentences: str) -> Html:
    """Give the head of a page; its first sentence is the one to remember."""
    first, *others = sentences
    said: list[Child] = [
        element("strong", first),
        *(f" {sentence}" for sentence in others),
    ]
    return element("header", element("h1", title), element("p", *said))


def navigation(sections: Iterable[tuple[str, str]]) -> Html:
    """Give links to the sections of the page, by id and title."""
    links = (
        element("li", element("a", title, href=f"#{name}")) for name, title in sections
    )
    return element("nav", element("ul", *links), aria_label="Sections")


def list_section(name: str, title: str, plain: Html, *before: Html) -> Html:
    """
    Give a section whose list the script makes.

    ``plain`` stands in for it where no script is run.
    """
    return element(
        "section",
        element("h2", title),
        *before,
        element("div", data_list=name),
        element("noscript", plain),
        id=name,
    )


def facts(said: Mapping[str, Child]) -> Html:
    """Give names and values."""
    pairs = (
        join_html([element("dt", name), element("dd", value)])
        for name, value in said.items()
    )
    return element("dl", *pairs, class_="facts")


def chip(kind: str, text: str = "") -> Html:
    """Give a word that is marked for what it is."""
    return element("span", text or kind, class_=f"chip is-{kind.replace(' ', '-')}")


def plain_table(heads: Iterable[str], rows: Iterable[Iterable[Child]]) -> Html:
    """Give a table for where no script is run."""
    return element(
        "table",
        element(
            "thead",
            element("tr", *(element("th", head, scope="col") for head in heads)),
        ),
        element(
            "tbody",
            *(element("tr", *(element("td", one) for one in row)) for row in rows),
        ),
        class_="plain",
    )


class TextTable:
    """
    Collects texts.

    A fleet says the same few hundred things about thousands of districts.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """Give the number of a text."""
        return self._numbers.setdefault(text, len(self._numbers))

    def numbers(self, texts: Iterable[str]) -> list[int]:
        """Give the numbers of several texts."""
        return [self.number(text) for text in texts]

    def all(self) -> list[str]:
        """Give every text, by number."""
        return [inert(text) for text in self._numbers]


@dataclass(frozen=True, slots=True)
class GlanceTally:
    """
    One kind that things are counted by, in a fixed order.

    ``facet`` is the name under which the page's list is filtered by it, ``kinds`` the
    possible values with what each is called and a few words on it.
    """

    facet: str
    kinds: Mapping[str, tuple[str, str]]

    def tiles(self, counts: Mapping[Any, int]) -> Html:
        """Give a tile for each kind, also where nothing is of that kind."""
        tiles = (self._tile(kind, counts.get(kind, 0)) for kind in self.kinds)
        return element("ul", *tiles, class_="tiles")

    def _tile(self, kind: str, count: int) -> Html:
        called, meaning = self.kinds[kind]
        return element(
            "li",
            element("b", f"{count:,}"),
            _choice(self.facet, kind, called),
            element("small", meaning),
            class_=f"tile {_class(kind)}{'' if count else ' none'}",
        )

    def parts(self, of: GlancePart, counts: Mapping[str, Counter[str]]) -> Html:
        """Give a table of counts by part; kinds that nothing is of are left out."""
        used = [
            kind for kind in self.kinds if any(one[kind] for one in counts.values())
        ]
        head = [of.title, *(self.kinds[kind][0] for kind in used)]
        table = element(
            "table",
            element("caption", f"{of.caption} ({len(counts):,})"),
            element("thead", _head(head)),
            element("tbody", *self._rows(of, counts, used)),
        )
        return element("div", table, class_="part")

    def _rows(
        self, of: GlancePart, counts: Mapping[str, Counter[str]], used: Sequence[str]
    ) -> Iterator[Html]:
        largest = max(count.total() for count in counts.values())
        for name in of.ordered(counts):
            count = counts[name]
            yield element(
                "tr",
                element(
                    "th",
                    _choice(of.facet, name, name) if name else of.unnamed,
                    _bar(used, count, largest if of.sized else count.total()),
                    scope="row",
                ),
                *(_cell(count[kind]) for kind in used),
            )


@dataclass(frozen=True, slots=True)
class GlancePart:
    """
    Parts of a fleet.

    ``unnamed`` is what the part without a name is called. ``order`` puts parts in an
    order of their own; others come by name, the one without a name last. Bars show
    shares; where they are ``sized`` they are as long as the part is large.
    """

    facet: str
    title: str
    caption: str
    unnamed: str
    order: Sequence[str] = ()
    sized: bool = False

    def ordered(self, names: Iterable[str]) -> list[str]:
        """Put the names of parts in order."""
        place = {name: number for number, name in enumerate(self.order)}
        return sorted(names, key=lambda one: (not one, place.get(one, -1), one))


def _head(names: Sequence[str]) -> Html:
    return element("tr", *(element("th", name, scope="col") for name in names))


def _choice(facet: str, value: str, called: str) -> Html:
    """Name what the list can be filtered by; the script makes a button of it."""
    return element("span", called, data_facet=facet, data_value=value)


def _cell(count: int) -> Html:
    return element("td", f"{count:,}", class_="some" if count else "zero")


def _bar(kinds: Sequence[str], count: Counter[str], whole: int) -> Html:
    pieces = (
        element("i", class_=f"{_class(kind)} w{share}")
        for kind, share in _shares(kinds, count, whole)
    )
    return element("span", *pieces, class_="bar", aria_hidden="true")


def _shares(
    kinds: Sequence[str], count: Counter[str], whole: int
) -> Iterator[tuple[str, int]]:
    """Give hundredths that add up, and never none of something that is there."""
    done = 0
    for kind in kinds:
        before = round(100 * done / whole)
        done += count[kind]
        if count[kind]:
            yield kind, max(1, round(100 * done / whole) - before)


def _class(kind: str) -> str:
    return f"is-{kind.replace(' ', '-')}"
