from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hostile import WICKED
from hypothesis import given
from hypothesis import strategies as st

from connectsync.report.html import (
    Html,
    TextTable,
    element,
    join_html,
    lines,
    with_code,
)
from connectsync.report.terminal import inert


class Read(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.events: list[object] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.events.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        self.events.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if self.events and isinstance(self.events[-1], list):
            self.events[-1][0] += data
        else:
            self.events.append([data])


@given(st.text(max_size=40) | st.sampled_from(WICKED))
def test_text_stays_text_wherever_it_stands(text: str) -> None:
    made = element("p", text, element("b", text), title=text)
    shown = [[inert(text)]] if text else []
    assert Read(made.text).events == [
        ("p", [("title", inert(text))]),
        *shown,
        ("b", []),
        *shown,
        "/b",
        "/p",
    ]


def test_pieces_are_put_in_as_they_are() -> None:
    assert join_html([Html("<i></i>"), "<i>"]).text == "<i></i>&lt;i&gt;"
    assert lines([Html("<i></i>"), "&"]).text == "<i></i>\n&amp;\n"


def test_names_of_attributes_are_spelled_as_html_does() -> None:
    made = element("label", for_="a", aria_label="b", class_="c")
    assert made.text == '<label for="a" aria-label="b" class="c"></label>'


def test_elements_that_hold_nothing_are_not_closed() -> None:
    assert element("meta", charset="utf-8").text == '<meta charset="utf-8">'


@pytest.mark.parametrize(
    ("sentence", "made"),
    [
        ("call `apply` now", "call <code>apply</code> now"),
        ("`a<b`", "<code>a&lt;b</code>"),
        ("an odd ` stays", "an odd ` stays"),
        ("`a` and `b", "<code>a</code> and `b"),
    ],
)
def test_backquotes_make_code(sentence: str, made: str) -> None:
    assert with_code(sentence).text == made


def test_a_text_has_one_number_and_is_inert() -> None:
    texts = TextTable()
    assert texts.numbers(["b", "a", "b", "\x1b"]) == [0, 1, 0, 2]
    assert texts.all() == ["b", "a", "\\x1b"]
