"""What a request carries: JSON for programs, a submitted form for pages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

from starlette.requests import Request

from connectsync.emulator.problem import Problem, not_understood

Submitted = Mapping[str, Sequence[str]]
"""The values of each named control, in the order of the page."""

MOST_CONTROLS = 500

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


async def json_object(request: Request) -> dict[str, object]:
    """Read the body as a JSON object. Raises ``Problem``: 400 or 415."""
    if _media_type(request) != _JSON:
        raise Problem(415, "not-json", f"the body must be {_JSON}")
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise not_understood("the body is not JSON") from error
    if not isinstance(body, dict):
        raise not_understood("the body must be an object")
    return body


async def submitted(request: Request) -> Submitted:
    """Read the body as a submitted form. Raises ``Problem``: 400 or 415."""
    if _media_type(request) != _FORM:
        raise Problem(415, "not-a-form", f"the body must be {_FORM}")
    try:
        return parse_qs(
            (await request.body()).decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_CONTROLS,
        )
    except ValueError as error:
        raise not_understood("the body is not a submitted form") from error


def last(form: Submitted, name: str) -> str:
    """Give what a control says, the last of its name, or nothing."""
    return form[name][-1] if name in form else ""


def _media_type(request: Request) -> str:
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
