"""A fleet at a glance: counts with bars, of the whole and of each part of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectsync.report.html_element import Html, element


@dataclass(frozen=True, slots=True)
class Tally:
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

    def parts(self, of: Part, counts: Mapping[str, Counter[str]]) -> Html:
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
        self, of: Part, counts: Mapping[str, Counter[str]], used: Sequence[str]
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
class Part:
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
