"""Problem answers (RFC 9457): how the stand-in says no."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from starlette.exceptions import HTTPException
from starlette.responses import Response

from connectsync.emulator.answer import json_response
from connectsync.emulator.form import Refusal

PREFIX = "urn:connectsync:problem:"


class Problem(Exception):
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
        refusals: Iterable[Refusal] = (),
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


def district_not_found(key: str) -> Problem:
    """Say that no district has this key."""
    return Problem(404, "district-not-found", f"there is no district '{key}'")


def not_understood(detail: str) -> Problem:
    """Say that the request is not one of the contract's."""
    return Problem(400, "not-understood", "the request is not understood", detail)


def problem_of(error: Exception) -> Problem:
    """Give the problem that an exception of a route becomes."""
    match error:
        case Problem():
            return error
        case HTTPException(status_code=status, detail=detail, headers=headers):
            return Problem(status, "no-such-operation", detail, headers=headers)
        case sqlite3.Error():
            return _store_failed(error)
        case _:  # pragma: no cover - registered for those above
            raise error


def _store_failed(error: sqlite3.Error) -> Problem:
    """Say that the store is locked, damaged or gone; nothing was saved."""
    return Problem(
        503,
        "store-failed",
        "the store of the emulator cannot be used",
        str(error),
        headers={"Retry-After": "1"},
    )
