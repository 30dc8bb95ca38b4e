"""Pages of the stand-in, changed on their way to the browser: beyond what faults do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

FORM = "/daily-sync"

Change = Callable[[str, str], str]
"""Gives what a page becomes, from its path and its HTML."""


def nowhere(path: str, html: str) -> str:
    """Change nothing."""
    del path
    return html


def before_end(more: str) -> Callable[[str], str]:
    """Give what puts something at the end of a page."""
    return lambda html: html.replace("</body>", f"{more}</body>")


def on_the_form(change: Callable[[str], str]) -> Change:
    """Change the page with the form alone."""
    return lambda path, html: change(html) if path.endswith(FORM) else html


@dataclass
class Tampered:
    """
    An application whose pages are changed.

    ``after_save`` changes the one page that is shown after a form was sent;
    ``headers`` are answered in place of the page's own of that name.
    """

    app: ASGIApp
    change: Change = nowhere
    after_save: Callable[[str], str] | None = None
    sent: list[str] = field(default_factory=list)
    _is_next: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a changed page."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["method"] == "POST" and scope["path"].endswith(FORM):
            self.sent.append(scope["path"])
            self._is_next = True
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, keep)
        start = messages[0]
        body = b"".join(one.get("body", b"") for one in messages[1:])
        headers = {name.lower(): value for name, value in start["headers"]}
        if b"html" in headers.get(b"content-type", b"") and body:
            html = self.change(scope["path"], body.decode())
            if self._is_next and self.after_save is not None:
                html, self._is_next = self.after_save(html), False
            body = html.encode()
        kept = [
            (name, value)
            for name, value in start["headers"]
            if name.lower() not in {b"content-length", b"content-security-policy"}
        ]
        length = (b"content-length", str(len(body)).encode())
        await send({**start, "headers": [*kept, length]})
        await send({"type": "http.response.body", "body": body})
