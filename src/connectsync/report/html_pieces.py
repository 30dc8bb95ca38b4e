"""The pieces that every page has: its head, the way around it, lists, facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectsync.report.html_element import Child, Html, element, joined


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


def listed(name: str, title: str, plain: Html, *before: Html) -> Html:
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
        joined([element("dt", name), element("dd", value)])
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
