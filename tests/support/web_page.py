"""A page of ours, taken apart: its elements, its policy, the data of its script."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from html.parser import HTMLParser
from typing import Any

EMPTY = {"meta", "input", "br", "col"}


class WebPage(HTMLParser):
    """Reads a page strictly: whatever is opened is closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.held: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.shown = ""
        self.source = text
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)
            self.held.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"script", "style"}:
            self.held[self.open[-1]][-1] += data
        else:
            self.shown += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Give the attributes of every element of a name."""
        return [given for name, given in self.elements if name == tag]

    @property
    def data(self) -> dict[str, Any]:
        """Give what the script makes the page of."""
        data, _ = self.held["script"]
        read: dict[str, Any] = json.loads(data)
        return read

    @property
    def policy(self) -> dict[str, str]:
        """Give the page's policy by directive."""
        (content,) = (
            given["content"] for given in self.all("meta") if "http-equiv" in given
        )
        parts = (part.partition(" ") for part in (content or "").split("; "))
        return {name: rest for name, _, rest in parts}

    @property
    def without_assets(self) -> str:
        """Give the page without its script and style, and their hashes."""
        text = self.source
        for asset in (*self.held["style"], self.held["script"][1]):
            text = text.replace(asset, "…")
        return re.sub("sha256-[\\w+/=]*", "sha256-…", text)


def hash_of(text: str) -> str:
    """Spell the hash of a script or a style as a policy does."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
