"""A collector of traces on a socket of this machine: it takes OTLP over HTTP."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route


@dataclass
class Collector:
    """
    What was sent so far.

    ``answer`` is the status of every answer; ``headers`` stand in it beside. With
    ``endless`` it never ends, and ``sent`` counts its bytes.
    """

    address: str
    answer: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    endless: bool = False
    sent: int = 0
    requests: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self._read()
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def resources(self) -> list[dict[str, str]]:
        return [
            {one.key: one.value.string_value for one in resource.resource.attributes}
            for request in self._read()
            for resource in request.resource_spans
        ]

    def _read(self) -> Iterator[ExportTraceServiceRequest]:
        for _, _, body in self.requests:
            yield ExportTraceServiceRequest.FromString(body)

    async def take(self, request: Request) -> Response:
        body = await request.body()
        self.requests.append((request.url.path, dict(request.headers), body))
        if self.endless:
            return StreamingResponse(self._without_end(), self.answer, self.headers)
        return Response(
            ExportTraceServiceResponse().SerializeToString(),
            status_code=self.answer,
            headers=self.headers,
            media_type="application/x-protobuf",
        )

    async def _without_end(self) -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65_536
            self.sent += 65_536
            # that the other side left is seen meanwhile
            await asyncio.sleep(0)


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector while it is needed."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        collector = Collector(f"http://127.0.0.1:{listening.getsockname()[1]}")
        app = Starlette(
            routes=[Route("/{path:path}", collector.take, methods=["POST", "GET"])]
        )
        config = uvicorn.Config(app, log_level="error", ws="none", lifespan="off")
        server = uvicorn.Server(config)
        serving = threading.Thread(target=server.run, args=([listening],))
        serving.start()
        try:
            yield collector
        finally:
            server.should_exit = True
            serving.join()
