"""Requests and answers as JSON, and the faults that are put into them on request."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from connectsync.emulator.form import (
    BLANK,
    KNOWN,
    OPTIONS,
    FieldRefusal,
    Submitted,
    refusals,
)


def json_response(
    body: object,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = "application/json",
) -> Response:
    """Give a JSON answer; ASCII only, so that any text can be encoded."""
    return Response(spell_json(body), status, headers, media_type)


_SHORT = json.JSONEncoder(separators=(",", ":"))
"""Made once: making one takes as long as spelling a district."""


def spell_json(body: object) -> str:
    """Spell data as JSON, as short as can be."""
    return _SHORT.encode(body)


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


NAMES = frozenset[str]
NUMBERS = frozenset[int]

LONGEST_LATENCY_SECONDS = 60
LONGEST_RETRY_AFTER_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """
    What goes wrong, and how often. Raises ``FaultsRefused``.

    Shares are between 0 and 1 and decided by ``seed`` and the number of the request
    or save, so that the same requests meet the same faults. Saves are numbered from
    1, refused ones included, over the gateway and the pages alike. Labels are those
    of the page, or ``group: label`` for one of several boxes that are called the same.
    """

    seed: int = 0
    latency_seconds: float = 0.0
    too_many_requests: float = 0.0
    """The share of requests that are answered 429."""
    retry_after_seconds: int = 1
    server_errors: float = 0.0
    """The share of requests that are answered 500, before anything is done."""
    drop_after_commit: float = 0.0
    """The share of saves that are made, and then never answered."""
    drop_saves: NUMBERS = frozenset()
    """
    The numbers of such saves. A browser may send a form again by itself when a
    connection that was open before closes: then the next number is answered.
    """
    edit_before_saves: NUMBERS = frozenset()
    """The numbers of the saves just before which a person saves the same form."""
    edit_with_saves: NUMBERS = frozenset()
    """The numbers of the saves that change more than was asked for."""
    edit: Mapping[str, object] = field(default_factory=dict)
    """What is changed so; empty turns *Unarchive classrooms* over."""
    expire_session_after: int | None = None
    """How many pages a session may ask for before it ends."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    missing: NAMES = frozenset()
    disabled: NAMES = frozenset()
    doubled: NAMES = frozenset()
    confirmation: str = ""
    """What a dialog asks after *Save*; empty asks nothing."""

    def __post_init__(self) -> None:
        for names, fits, sentence in _CHECKS:
            for name in names:
                if not fits(getattr(self, name)):
                    raise FaultsRefused(f"{name} must be {sentence}")


def faults_of(spelled: Mapping[str, object]) -> Faults:
    """Read faults as JSON spells them. Raises ``FaultsRefused``."""
    known = {one.name for one in fields(Faults)}
    if unknown := sorted(spelled.keys() - known):
        raise FaultsRefused(f"'{unknown[0]}' is no fault; there are {sorted(known)}")
    given: dict[str, Any] = {name: _frozen(name, spelled[name]) for name in spelled}
    return Faults(**given)


def spelled_of(faults: Faults) -> dict[str, object]:
    """Spell faults as JSON does."""
    return {
        one.name: _thawed(getattr(faults, one.name)) for one in fields(type(faults))
    }


def _frozen(name: str, value: object) -> object:
    if not isinstance(value, list):
        return value
    try:
        return frozenset(value)
    except TypeError as error:
        raise FaultsRefused(f"{name} must not hold lists or objects") from error


def _thawed(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return sorted(value) if isinstance(value, frozenset) else value


def _is_number(value: object, most: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= most


def _is_count(value: object, least: int, most: float = float("inf")) -> bool:
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    return least <= value <= most


def _are_saves(value: object) -> bool:
    return isinstance(value, frozenset) and all(_is_count(one, 1) for one in value)


def _are_labels(value: object) -> bool:
    return isinstance(value, frozenset) and value <= KNOWN


def _is_renaming(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and value.keys() <= KNOWN
        and all(isinstance(label, str) and label.strip() for label in value.values())
    )


def _is_edit(value: object) -> bool:
    return isinstance(value, Mapping) and not refusals({**BLANK, **value}, OPTIONS)


_Check = tuple[tuple[str, ...], Callable[[object], bool], str]

_CHECKS: tuple[_Check, ...] = (
    (("seed",), lambda given: _is_count(given, 0), "a whole number from 0"),
    (
        ("too_many_requests", "server_errors", "drop_after_commit"),
        lambda given: _is_number(given, 1),
        "a share between 0 and 1",
    ),
    (
        ("latency_seconds",),
        lambda given: _is_number(given, LONGEST_LATENCY_SECONDS),
        f"a number of seconds, at most {LONGEST_LATENCY_SECONDS}",
    ),
    (
        ("retry_after_seconds",),
        lambda given: _is_count(given, 0, LONGEST_RETRY_AFTER_SECONDS),
        f"a whole number of seconds, at most {LONGEST_RETRY_AFTER_SECONDS}",
    ),
    (
        ("drop_saves", "edit_before_saves", "edit_with_saves"),
        _are_saves,
        "a set of numbers from 1",
    ),
    (("edit",), _is_edit, "fields of the form with values that it accepts"),
    (
        ("expire_session_after",),
        lambda given: given is None or _is_count(given, 1),
        "a whole number from 1, or nothing",
    ),
    (("renamed",), _is_renaming, "labels of the page, each with another label"),
    (("missing", "disabled", "doubled"), _are_labels, "a set of labels of the page"),
    (("confirmation",), lambda given: isinstance(given, str), "text"),
)

NO_FAULTS = Faults()


class DroppedAnswer(ConnectionResetError):
    """
    A save was made and its answer is not sent.

    Over a socket the connection is closed; over ASGI, which has no connection, the
    client meets this error itself.
    """


class FaultState:
    """The faults of one stand-in; they can be changed while it runs."""

    def __init__(self, faults: Faults = NO_FAULTS) -> None:
        self.change(faults)

    def change(self, faults: Faults) -> None:
        """Put other faults on, and count requests and saves again."""
        self.faults = faults
        self.requests = 0
        self.saves = 0

    def next_request(self) -> ProblemAnswer | None:
        """Count a request; give the problem that it meets instead of its answer."""
        self.requests += 1
        faults = self.faults
        if self._meets("too many", self.requests, faults.too_many_requests):
            return ProblemAnswer(
                429,
                "too-many-requests",
                "too many requests; this is a fault that was asked for",
                headers={"Retry-After": str(faults.retry_after_seconds)},
            )
        if self._meets("error", self.requests, faults.server_errors):
            return ProblemAnswer(
                500, "server-error", "this is a fault that was asked for; nothing done"
            )
        return None

    def next_save(self) -> int:
        """Count a save and give its number."""
        self.saves += 1
        return self.saves

    def edits_before(self, save: int) -> bool:
        """Say whether a person saves the same form just before this save."""
        return save in self.faults.edit_before_saves

    def edits_with(self, save: int) -> bool:
        """Say whether this save changes more than was asked for."""
        return save in self.faults.edit_with_saves

    def drops_after(self, save: int) -> bool:
        """Say whether this save is made and never answered."""
        faults = self.faults
        chance = self._meets("drop", save, faults.drop_after_commit)
        return chance or save in faults.drop_saves

    def _meets(self, kind: str, number: int, share: float) -> bool:
        if not share:
            return False
        # drawn by number, so that no fault moves when another is put on
        drawn = random.Random(f"{self.faults.seed} {kind} {number}")  # noqa: S311 - no secret
        return drawn.random() < share
