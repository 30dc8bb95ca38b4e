"""
What Clever answers, read strictly.

Whatever is missing, of another kind or not as described raises ``Unreachable``: an
answer that is not understood is no answer, and never "no such district".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

import httpx2

from connectsync.domain.foreign_text import foreign_text, one_line, repeats_secret
from connectsync.domain.shape import unique_members
from connectsync.errors import ConnectError, CredentialsRefused, Unreachable
from connectsync.roster.seam import RosterDistrict

TRY_AGAIN = "try again; if it stays, look at Clever by hand"

_ID = re.compile("[!-~]{1,31}")
_UNAUTHORIZED = 401


def district_of(content: bytes, token: str) -> RosterDistrict:
    """Read the one district of ``{"data": [{"data": {...}}]}``; ``token`` asked."""
    parsed = _parsed(content)
    if repeats_secret(json.dumps(parsed, ensure_ascii=False), [token]):
        raise _not_understood("it repeats the token")
    body = _object(parsed, "the answer")
    entries = body.get("data")
    if not isinstance(entries, list):
        raise _not_understood("it holds no list 'data'")
    if len(entries) != 1:
        raise _not_understood(f"it names {len(entries)} districts, not one")
    found = _object(_object(entries[0], "its entry").get("data"), "its district")
    district_id = _text(found, "id")
    if not _ID.fullmatch(district_id):
        raise _not_understood("its id does not look like one")
    return RosterDistrict(
        id=district_id,
        name=one_line(_text(found, "name")),
        state=one_line(_text(found, "state")),
        pause_start=_time(found, "pause_start"),
        pause_end=_time(found, "pause_end"),
        last_sync=_time(found, "last_sync"),
    )


def refusal(answer: httpx2.Response, token: str) -> ConnectError:
    """Give the error for an answer that is not 200; ``token`` is what it must hide."""
    said = f"{_said(answer, token)} (status {answer.status_code})"
    if answer.is_redirect:
        return Unreachable(
            f"Clever's address redirects elsewhere, which is not followed: {said}",
            remedy="give the address that the redirect leads to, if you trust it",
        )
    if answer.status_code == _UNAUTHORIZED:
        return CredentialsRefused(
            f"Clever refused the token: {said}",
            remedy="see that the district's token reference gives its present token",
        )
    return Unreachable(f"Clever did not say: {said}", remedy=TRY_AGAIN)


def _said(answer: httpx2.Response, token: str) -> str:
    """Quote why: Clever gives JSON of two shapes, plain text, or a page."""
    text = answer.content.decode("utf-8", "replace").strip()
    if text.startswith("<") or "html" in answer.headers.get("Content-Type", ""):
        return "a web page came"
    reason = _reason(text) or text or "no reason given"
    return foreign_text(reason, [token])


def _reason(text: str) -> str:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    members = body if isinstance(body, dict) else {}
    told = (members.get(name) for name in ("message", "error", "error_description"))
    return ": ".join(one for one in told if isinstance(one, str) and one)


def _parsed(content: bytes) -> object:
    try:
        return json.loads(content, object_pairs_hook=unique_members)
    except (ValueError, RecursionError) as error:
        raise _not_understood("it is not JSON") from error


def _object(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise _not_understood(f"{what} is not an object")
    return value


def _text(members: Mapping[str, object], name: str) -> str:
    """Read a text; absent and null are as good as empty."""
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise _not_understood(f"{name} is not text")
    return value or ""


def _time(members: Mapping[str, object], name: str) -> datetime | None:
    spelled = _text(members, name)
    if not spelled:
        return None
    try:
        time = datetime.fromisoformat(spelled)
    except ValueError as error:
        raise _not_understood(f"{name} is not a time") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _not_understood(why: str) -> Unreachable:
    return Unreachable(
        f"Clever's answer is not understood: {why}",
        remedy="check roster.clever.url; if it is right, Clever may have changed",
    )
