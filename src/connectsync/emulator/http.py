"""Requests and answers of the emulator as JSON."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from connectsync.emulator.form import FieldRefusal, Submitted


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


def tag_response(body: Mapping[str, object], version: str) -> Response:
    """Give an answer about a form at a version, with its strong ETag."""
    return json_response(body, headers={"ETag": f'"{version}"'})


PREFIX = "urn:connectsync:problem:"


class ProblemAnswer(Exception):
    """
    An answer other than the one asked for; raised by a route, sent as JSON.

    ``kind`` is the last part of the problem's ``type``; programs tell problems apart
    by it, people read ``title`` and ``detail``.
    """

    def __init__(  # noqa: PLR0913 - one parameter a member of the answer
        self,
        status: int,
        kind: str,
        title: str,
        detail: str = "",
        *,
        refusals: Iterable[FieldRefusal] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.headers = dict(headers or {})
        self.body: dict[str, object] = {
            "type": PREFIX + kind,
            "title": title,
            "status": status,
            "detail": detail or title,
        }
        self.refusals = tuple(refusals)
        if self.refusals:
            self.body["errors"] = [
                {"field": no.field, "detail": no.detail} for no in self.refusals
            ]

    def response(self) -> Response:
        """Give the answer to send."""
        return json_response(
            self.body,
            status=self.status,
            headers=self.headers,
            media_type="application/problem+json",
        )


def district_not_found(key: str) -> ProblemAnswer:
    """Say that no district has this key."""
    return ProblemAnswer(404, "district-not-found", f"there is no district '{key}'")


def not_understood(detail: str) -> ProblemAnswer:
    """Say that the request is not one of the contract's."""
    return ProblemAnswer(400, "not-understood", "the request is not understood", detail)


def problem_of(error: Exception) -> ProblemAnswer:
    """Give the problem that an exception of a route becomes."""
    match error:
        case ProblemAnswer():
            return error
        case HTTPException(status_code=status, detail=detail, headers=headers):
            return ProblemAnswer(status, "no-such-operation", detail, headers=headers)
        case sqlite3.Error():
            return _store_failed(error)
        case _:  # pragma: no cover - registered for those above
            raise error


def _store_failed(error: sqlite3.Error) -> ProblemAnswer:
    """Say that the store is locked, damaged or gone; nothing was saved."""
    return ProblemAnswer(
        503,
        "store-failed",
        "the store of the emulator cannot be used",
        str(error),
        headers={"Retry-After": "1"},
    )


MOST_CONTROLS = 500

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


async def json_object(request: Request) -> dict[str, object]:
    """Read the body as a JSON object. Raises ``Problem``: 400 or 415."""
    if _media_type(request) != _JSON:
        raise ProblemAnswer(415, "not-json", f"the body must be {_JSON}")
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise not_understood("the body is not JSON") from error
    if not isinstance(body, dict):
        raise not_understood("the body must be an object")
    return body


async def read_submission(request: Request) -> Submitted:
    """Read the body as a submitted form. Raises ``Problem``: 400 or 415."""
    if _media_type(request) != _FORM:
        raise ProblemAnswer(415, "not-a-form", f"the body must be {_FORM}")
    try:
        return parse_qs(
            (await request.body()).decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_CONTROLS,
        )
    except ValueError as error:
        raise not_understood("the body is not a submitted form") from error


def _media_type(request: Request) -> str:
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


class EmulatorError(RuntimeError):
    """A failure of the stand-in, with a sentence for the user."""


class StoreUnusable(EmulatorError):
    """The store cannot be opened, or was made by another version."""


class SeedRefused(EmulatorError):
    """A district or a form that the stand-in does not take in; nothing was kept."""


class FaultsRefused(EmulatorError):
    """Faults that no stand-in can have; those before stay as they were."""


class UvicornMissing(EmulatorError):
    """Serving over a socket needs the extra ``emulator``."""

    def __init__(self) -> None:
        super().__init__(
            "serving the emulator needs uvicorn:"
            " install it with `pip install 'uvicorn>=0.40'`"
        )
