from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hostile import WICKED
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from connectsync.report import html
from connectsync.report.html import TextTable, environment, with_code
from connectsync.report.terminal import inert

TEMPLATES = Path(html.__file__).parent / "templates"


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


def filled(template: str, **values: object) -> str:
    return environment().from_string(template).render(values)


@given(st.text(max_size=40) | st.sampled_from(WICKED))
def test_text_stays_text_wherever_it_stands(text: str) -> None:
    made = filled(
        '{% macro b(one) %}<b title="{{ one }}">{{ one }}</b>{% endmacro %}'
        '<p title="{{ a }}">{{ a }}{{ b(a) }}{{ "" ~ a }}</p>',
        a=text,
    )
    shown = [[inert(text)]] if text else []
    assert Read(made).events == [
        ("p", [("title", inert(text))]),
        *shown,
        ("b", [("title", inert(text))]),
        *shown,
        "/b",
        *shown,
        "/p",
    ]


def test_what_a_template_is_not_given_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        filled("{{ nowhere }}")


@pytest.mark.parametrize(
    "template", sorted(TEMPLATES.iterdir()), ids=lambda path: path.name
)
def test_only_our_style_script_and_json_are_put_in_as_they_are(template: Path) -> None:
    text = template.read_text("utf-8")
    raw = re.findall(r"{{[^}]*\bsafe\b[^}]*}}", text)
    assert set(raw) <= {
        "{{ style | safe }}",
        "{{ script | safe }}",
        "{{ data | safe }}",
    }
    assert not re.search(r"autoescape|Markup|xmlattr|tojson|urlize", text)
    assert len(text.splitlines()) <= 300


@pytest.mark.parametrize(
    ("sentence", "made"),
    [
        ("call `apply` now", "call <code>apply</code> now"),
        ("`a<b`", "<code>a&lt;b</code>"),
        ("an odd ` stays", "an odd ` stays"),
        ("`a` and `b", "<code>a</code> and `b"),
        ("`\x1b` \u202e", "<code>\\x1b</code> \\u202e"),
    ],
)
def test_backquotes_make_code(sentence: str, made: str) -> None:
    assert with_code(sentence) == made


def test_a_text_has_one_number_and_is_inert() -> None:
    texts = TextTable()
    assert texts.numbers(["b", "a", "b", "\x1b"]) == [0, 1, 0, 2]
    assert texts.all() == ["b", "a", "\\x1b"]
