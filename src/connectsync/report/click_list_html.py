"""A click list as one HTML page that can be printed, ticked off and kept."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from connectsync.domain.click_list import Click, ClickList, DistrictClicks
from connectsync.report.click_style import STYLE
from connectsync.report.click_words import (
    AFTERWARDS,
    BEFORE_ALL,
    FIRST,
    counted,
    footing,
    last_step,
    title,
    with_effects,
)
from connectsync.report.style import inert

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""No script, no picture, no address: the page is whole as it is."""

_HEAD = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>"""


def click_list_html(clicks: ClickList) -> str:
    """Write the whole page; whatever came from elsewhere is inert text in it."""
    return "".join(f"{line}\n" for line in _page(clicks))


def plain(text: str) -> str:
    """Give foreign text so that a browser can only show it."""
    return escape(inert(text))


def _page(clicks: ClickList) -> Iterator[str]:
    head = plain(title(clicks))
    yield _HEAD.format(policy=escape(_POLICY), title=head, style=STYLE)
    yield f"<header><h1>{head}</h1>"
    yield f"<p><strong>{plain(counted(clicks))}</strong> {plain(BEFORE_ALL)}</p>"
    yield "</header>"
    for one in clicks.districts:
        yield from _district(one, clicks)
    yield "<footer>"
    yield f"<p>{_with_code(AFTERWARDS)}</p>"
    yield "<ul>"
    yield from (f"<li>{plain(line)}</li>" for line in footing(clicks))
    yield "</ul>"
    yield "</footer>"
    yield "</main>"
    yield "</body>"
    yield "</html>"


def _district(one: DistrictClicks, clicks: ClickList) -> Iterator[str]:
    yield "<section>"
    yield f"<h2>{plain(one.name)} <code>{plain(one.district)}</code></h2>"
    yield '<ol class="path" aria-label="Go to">'
    yield from (f"<li>{plain(step)}</li>" for step in clicks.path)
    yield "</ol>"
    yield _step(plain(FIRST))
    for number, save in enumerate(one.saves, 1):
        if len(one.saves) > 1:
            yield f"<h3>Save {number} of {len(one.saves)}</h3>"
        yield from _table(save)
        yield _step(f"click <strong>{plain(clicks.save)}</strong>")
    yield _step(plain(last_step(one)))
    yield "</section>"


def _table(save: tuple[Click, ...]) -> Iterator[str]:
    yield "<table>"
    heads = "".join(f"<th>{head}</th>" for head in ("Done", "Control", "Old", "New"))
    yield f"<thead><tr>{heads}</tr></thead>"
    yield "<tbody>"
    for click, effect in with_effects(save):
        yield from _row(click, effect)
    yield "</tbody>"
    yield "</table>"


def _row(click: Click, effect: str) -> Iterator[str]:
    control = plain(click.control)
    name = control + (f" &rsaquo; {plain(click.option)}" if click.option else "")
    yield f'<tr class="{click.risk.value}">'
    yield f'<td><input type="checkbox" aria-label="{name}"></td>'
    yield f"<td><em>{plain(click.verb)}</em> <strong>{name}</strong>"
    yield f"<small><b>{click.risk.value}</b> {plain(effect)}</small></td>"
    yield f"<td>{plain(click.before)}</td><td>{plain(click.after)}</td>"
    yield "</tr>"


def _step(step: str) -> str:
    return (
        f'<p class="step"><label><input type="checkbox"><span>{step}</span></label></p>'
    )


def _with_code(sentence: str) -> str:
    parts = plain(sentence).split("`")
    return "".join(
        f"<code>{part}</code>" if position % 2 else part
        for position, part in enumerate(parts)
    )
