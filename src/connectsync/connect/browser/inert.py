"""A page as evidence: what it showed, and nothing that could still do anything."""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
)
"""What a browser lets the kept page do: nothing, whatever may stand in it."""

_HEAD = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="referrer" content="no-referrer"><title>Evidence</title>
<style>
  body {{ font: 16px/1.4 system-ui, sans-serif; margin: 1rem auto; max-width: 60rem;
    padding: 0 1rem; }}
  .kept-as-evidence {{ background: #fff3c4; border: 1px solid #c9a400; color: #000;
    padding: .5rem 1rem; }}
  [role=form] {{ border: 1px solid #888; padding: 0 1rem; }}
  label {{ margin-right: .5rem; }}
</style></head><body>
<p class="kept-as-evidence">Kept by connectsync. Scripts, links, forms, styles and
pictures were taken out, and so were tokens; the picture beside this file shows how the
page looked.</p>
"""


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_DROPPED = _words(
    "script style template iframe frame frameset object embed applet noscript noembed",
    "noframes svg math audio video canvas map xmp plaintext",
)
"""Left out with all that stands in them."""

_EMPTY = _words("br hr input img wbr col")

_KEPT = _EMPTY | _words(
    "main header footer nav section article aside address h1 h2 h3 h4 h5 h6 hgroup p",
    "pre div span blockquote figure figcaption ul ol li dl dt dd table caption thead",
    "tbody tfoot tr td th colgroup a b i u s em strong small mark code kbd samp sub",
    "sup abbr cite q time fieldset legend label button select optgroup option datalist",
    "textarea output progress meter details summary dialog del ins",
)
"""Kept by their name; ``form`` and what is not known become ``div``."""

_ATTRIBUTES = _words(
    "id class role name type value checked selected disabled readonly multiple",
    "required open hidden label for alt title placeholder lang dir maxlength pattern",
    "min max colspan rowspan",
)


def inert(html: str) -> str:
    """Give the structure and the words of a page, under a policy that loads nothing."""
    page = _Inert()
    page.feed(html)
    page.close()
    return page.text


class _Inert(HTMLParser):
    """Rewrites what is allowed; nothing of the page is copied as it stands."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts = [_HEAD]
        self._open: list[tuple[str, str]] = []
        self._dropped = ""
        self._depth = 0

    @property
    def text(self) -> str:
        """The whole page, with everything closed that was opened."""
        ends = "".join(f"</{ours}>" for _, ours in reversed(self._open))
        return f"{''.join(self._parts)}{ends}\n</body></html>\n"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element, as what is left of it."""
        if self._dropped:
            self._depth += tag == self._dropped
            return
        if tag in _DROPPED:
            self._dropped, self._depth = tag, 1
            return
        if tag in {"html", "head", "body", "meta", "link", "base"}:
            return
        ours = tag if tag in _KEPT else "div"
        self._parts.append(f"<{ours}{_spelled(tag, ours, attrs)}>")
        if ours not in _EMPTY:
            self._open.append((tag, ours))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take ``<a/>`` for ``<a>``, as browsers do."""
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Close an element and what was left open in it."""
        if self._dropped:
            self._depth -= tag == self._dropped
            if not self._depth:
                self._dropped = ""
            return
        if not any(theirs == tag for theirs, _ in self._open):
            return
        while self._open:
            theirs, ours = self._open.pop()
            self._parts.append(f"</{ours}>")
            if theirs == tag:
                return

    def handle_data(self, data: str) -> None:
        """Keep words."""
        if not self._dropped:
            self._parts.append(escape(data))


def _spelled(tag: str, ours: str, attributes: list[tuple[str, str | None]]) -> str:
    spelled = []
    if tag != ours:
        spelled.append(f' data-tag="{escape(tag)}"')
    if tag == "form":
        spelled.append(' role="form"')
    for name, value in dict(attributes).items():
        if name in _ATTRIBUTES or name.startswith("aria-"):
            spelled.append(f' {name}="{escape(value or "")}"')
        elif name in {"href", "action", "formaction", "src"}:
            # where it led is evidence; as text it leads nowhere
            spelled.append(f' data-{name}="{escape(value or "")}"')
    return "".join(spelled)
