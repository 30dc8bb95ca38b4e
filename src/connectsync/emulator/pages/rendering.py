"""Templates become answers, with the headers that every page has."""

from __future__ import annotations

from functools import cache
from typing import Any

from starlette.responses import HTMLResponse, Response

from connectsync.emulator import labels
from connectsync.emulator.errors import JinjaMissing
from connectsync.emulator.pages.filled_in import MASK

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""On every page: nothing from elsewhere, nothing inline, nothing kept."""


def rendered(template: str, status: int = 200, **values: object) -> Response:
    """Give a page. Raises ``JinjaMissing`` where the extra is not installed."""
    content = environment().get_template(template).render(values)
    return HTMLResponse(content, status, HEADERS)


@cache
def environment() -> Any:
    """Give what renders templates. Raises ``JinjaMissing``."""
    try:
        import jinja2  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise JinjaMissing from error
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("connectsync.emulator.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["L"] = labels
    environment.globals["MASK"] = MASK
    return environment
