"""The routes of the gateway contract, answered from the emulator's store."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectsync.emulator import store
from connectsync.emulator.faults import NO_FAULTS, FaultState, faults_of, spelled_of
from connectsync.emulator.http import (
    FaultsRefused,
    ProblemAnswer,
    district_not_found,
    json_object,
    json_response,
    not_understood,
    tag_response,
)
from connectsync.emulator.store import FormSaver, SaveRequest

LONGEST_PAGE = 1000
USUAL_PAGE = 100
LARGEST_BULK = 500

_STRONG_TAG = re.compile(r'"([!#-~]+)"')


@dataclass(frozen=True, slots=True)
class GatewayRoutes:
    """The operations of the contract over one store."""

    store: store.EmulatorStore
    saver: FormSaver

    def routes(self) -> list[Route]:
        """Give the route table."""
        return [
            Route("/v1/districts", self.list_districts, methods=["GET"]),
            Route("/v1/districts:read", self.read_many, methods=["POST"]),
            Route("/v1/districts/{district}", self.read, methods=["GET"]),
            Route("/v1/districts/{district}/settings", self.save, methods=["PATCH"]),
            Route("/v1/options/{setting}", self.options, methods=["GET"]),
        ]

    async def list_districts(self, request: Request) -> Response:
        """Answer one page of keys and names."""
        limit = _limit(request.query_params.get("limit", str(USUAL_PAGE)))
        cursor = request.query_params.get("cursor")
        after = "" if cursor is None else _after(cursor)
        with self.store.reading() as connection:
            rows = store.page(connection, after, limit + 1)
        items = [{"district": row.key, "name": row.name} for row in rows[:limit]]
        following = _cursor(rows[limit - 1].key) if len(rows) > limit else None
        return json_response({"items": items, "next": following})

    async def read_many(self, request: Request) -> Response:
        """Answer many forms, and a problem for each key that is no district."""
        keys = _keys(await json_object(request))
        with self.store.reading() as connection:
            rows = store.find_many(connection, keys)
        missing = sorted(set(keys) - {row.key for row in rows})
        errors = [
            {"district": key, "problem": district_not_found(key).body}
            for key in missing
        ]
        return json_response(
            {"items": [_district_body(row) for row in rows], "errors": errors}
        )

    async def read(self, request: Request) -> Response:
        """Answer one form."""
        key = request.path_params["district"]
        with self.store.reading() as connection:
            row = store.find(connection, key)
        if row is None:
            raise district_not_found(key)
        return tag_response(_district_body(row), row.version)

    async def save(self, request: Request) -> Response:
        """Save some fields of one form at the version the request expects."""
        save = SaveRequest(
            district=request.path_params["district"],
            expected_version=_expected_version(request),
            idempotency_key=request.headers.get("Idempotency-Key", ""),
            fields=await json_object(request),
        )
        version = self.saver.save(save)
        return tag_response({"district": save.district, "version": version}, version)

    async def options(self, request: Request) -> Response:
        """Answer the labels of one drop-down or box group."""
        setting = request.path_params["setting"]
        with self.store.reading() as connection:
            offered = store.options(connection).get(setting)
        if offered is None:
            raise ProblemAnswer(
                404, "setting-not-found", f"'{setting}' offers no labels"
            )
        labels = [
            {"label": choice.label, "placeholder": choice.placeholder}
            for choice in offered
        ]
        return json_response({"setting": setting, "options": labels})


def _district_body(row: store.DistrictRow) -> dict[str, object]:
    return {
        "district": row.key,
        "name": row.name,
        "version": row.version,
        "settings": row.form,
    }


def _limit(spelled: str) -> int:
    if not re.fullmatch("[0-9]{1,4}", spelled) or not 1 <= int(spelled) <= LONGEST_PAGE:
        raise not_understood(f"limit must be a whole number 1-{LONGEST_PAGE}")
    return int(spelled)


def _cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode("ascii")


def _after(cursor: str) -> str:
    try:
        key = base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        key = ""
    if not key:
        raise not_understood("cursor must be one that a page gave")
    return key


def _keys(body: dict[str, object]) -> list[str]:
    keys = body.get("districts")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise not_understood("districts must be a list of keys")
    if not 1 <= len(keys) <= LARGEST_BULK:
        raise not_understood(f"districts must hold 1-{LARGEST_BULK} keys")
    return keys


def _expected_version(request: Request) -> str:
    spelled = request.headers.get("If-Match")
    if spelled is None:
        raise ProblemAnswer(428, "version-required", "a save needs If-Match")
    tag = _STRONG_TAG.fullmatch(spelled)
    if tag is None:
        raise not_understood("If-Match must be the one ETag that was read")
    return tag[1]


@dataclass(frozen=True, slots=True)
class FaultsRoute:
    """Read, replace and clear the faults of one stand-in."""

    weather: FaultState

    def routes(self) -> list[Route]:
        """Give the route table."""
        path = "/emulator/faults"
        return [
            Route(path, self.read, methods=["GET"]),
            Route(path, self.replace, methods=["PUT"]),
            Route(path, self.clear, methods=["DELETE"]),
        ]

    async def read(self, _: Request) -> Response:
        """Answer the faults that are on, and what was counted since."""
        return self._said()

    async def replace(self, request: Request) -> Response:
        """Put the faults of the body on; what it does not name is off."""
        try:
            faults = faults_of(await json_object(request))
        except FaultsRefused as error:
            title = "these faults cannot be put on"
            raise ProblemAnswer(422, "faults-refused", title, str(error)) from error
        self.weather.change(faults)
        return self._said()

    async def clear(self, _: Request) -> Response:
        """Put all faults off."""
        self.weather.change(NO_FAULTS)
        return self._said()

    def _said(self) -> Response:
        weather = self.weather
        return json_response(
            {
                "faults": spelled_of(weather.faults),
                "requests": weather.requests,
                "saves": weather.saves,
            }
        )
