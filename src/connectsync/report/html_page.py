"""
A page in one file: no address in it, and one script and one style that may run.

What varies is text in elements, or data for the script. The policy names the script
and the style by their hashes, so that nothing else could run even if it got in.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from connectsync.report.html_element import Html, element, lines

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
        data=embedded(data),
        script=_script(),
    )


def embedded(data: Mapping[str, Any]) -> str:
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
