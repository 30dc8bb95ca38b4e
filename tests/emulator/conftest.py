"""The stand-in, asked over ASGI, with every answer held against the contract."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest
import yaml
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from connectsync.emulator.app import create_app
from connectsync.emulator.seed import enrol

ROOT = Path(__file__).parents[2]
ADDRESS = "urn:contract"


@cache
def contract() -> dict[str, Any]:
    text = (ROOT / "schema/gateway.openapi.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference to a response or header of the contract."""
    while "$ref" in part:
        found: Any = contract()
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def validate(pointer: str, value: object) -> None:
    """Hold a value against the schema at a pointer into the contract."""
    resource = DRAFT202012.create_resource(contract())
    registry: Registry[Any] = Registry().with_resource(ADDRESS, resource)
    schema = {"$ref": f"{ADDRESS}#{pointer}"}
    jsonschema.Draft202012Validator(schema, registry=registry).validate(value)


def operation(method: str, path: str) -> dict[str, Any] | None:
    """Find the operation of the contract that a request is for."""
    for template, item in contract()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            found: dict[str, Any] | None = item.get(method.lower())
            return found
    return None


def check(request: httpx2.Request, response: httpx2.Response) -> None:
    """Hold an answer against the contract: status, headers, type and body."""
    described = operation(request.method, request.url.path)
    if described is None:
        assert response.status_code in {401, 404, 405}
        validate("/components/schemas/Problem", response.json())
        return
    responses = described["responses"]
    answer = resolved(responses.get(str(response.status_code), responses["default"]))
    for name, header in answer.get("headers", {}).items():
        assert name in response.headers or not resolved(header)["required"]
    ((media_type, content),) = answer["content"].items()
    assert response.headers["Content-Type"] == media_type
    validate(content["schema"]["$ref"].removeprefix("#"), response.json())
    if response.status_code >= 400:
        assert response.json()["status"] == response.status_code


@dataclass
class Emulator:
    """A stand-in on a fresh store, with a clock that only tests move."""

    store: Path
    token: str | None = None
    time: datetime = field(default=datetime(2026, 11, 2, tzinfo=UTC))

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        **headers: str,
    ) -> httpx2.Response:
        """Make a request and hold its answer against the contract."""
        spelled = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            spelled.setdefault("Content-Type", "application/json")
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = httpx2.Request(
            method,
            f"http://emulator{path}",
            content=None if body is None else content,
            headers={
                name.encode(): value.encode("latin-1")
                for name, value in spelled.items()
            },
        )
        response = asyncio.run(self._answered(request))
        check(request, response)
        return response

    def version(self, key: str = "bay") -> str:
        etag: str = self.ask("GET", f"/v1/districts/{key}").headers["ETag"]
        return etag

    def save(self, body: object, key: str = "bay", **headers: str) -> httpx2.Response:
        """Save at the version that is there, unless a header says otherwise."""
        if "If_Match" not in headers:
            headers["If_Match"] = self.version(key)
        return self.ask("PATCH", f"/v1/districts/{key}/settings", body, **headers)

    def wait(self, **time: float) -> None:
        self.time += timedelta(**time)

    async def _answered(self, request: httpx2.Request) -> httpx2.Response:
        app = create_app(self.store, token=self.token, clock=lambda: self.time)
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport) as client:
            return await client.send(request)


@pytest.fixture
def emulator(tmp_path: Path) -> Emulator:
    store = tmp_path / "connect.db"
    enrol(store, [("elm", "Elm Park"), ("bay", "Bay"), ("oak", "Oak")])
    return Emulator(store)


@pytest.fixture(name="contract")
def contract_fixture() -> dict[str, Any]:
    return contract()


@pytest.fixture(name="validate")
def validate_fixture() -> Callable[[str, object], None]:
    return validate
