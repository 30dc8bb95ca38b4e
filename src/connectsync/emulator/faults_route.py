"""The route that switches faults while the stand-in runs."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectsync.emulator.answer import json_response
from connectsync.emulator.errors import FaultsRefused
from connectsync.emulator.faults import NO_FAULTS, faults_of, spelled_of
from connectsync.emulator.problem import Problem
from connectsync.emulator.received import json_object
from connectsync.emulator.weather import Weather


@dataclass(frozen=True, slots=True)
class FaultsRoute:
    """Read, replace and clear the faults of one stand-in."""

    weather: Weather

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
            raise Problem(422, "faults-refused", title, str(error)) from error
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
