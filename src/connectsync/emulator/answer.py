"""Answers as JSON, in bytes that do not depend on what is in them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.responses import Response


def json_response(
    body: object,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = "application/json",
) -> Response:
    """Give a JSON answer; ASCII only, so that any text can be encoded."""
    content = json.dumps(body, separators=(",", ":")).encode("ascii")
    return Response(content, status, headers, media_type)


def tagged(body: Mapping[str, object], version: str) -> Response:
    """Give an answer about a form at a version, with its strong ETag."""
    return json_response(body, headers={"ETag": f'"{version}"'})
