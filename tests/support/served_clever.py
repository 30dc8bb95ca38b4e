"""The stand-in for Clever's Data API on a socket, and a clock that only waits move."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from served_app import listening_at

from connectsync.emulator.clever import (
    VERSION,
    CleverApi,
    CleverDistrict,
    CleverFaults,
)
from connectsync.emulator.seed import MadeUpRoster
from connectsync.roster.clever import (
    LONGEST_WAIT_SECONDS,
    ReadBounds,
    open_roster,
    until_reset,
)
from connectsync.roster.clever_users import CleverPeople
from connectsync.roster.seam import RosterReading, Take
from connectsync.web.http import Limits, RetryBudget

TOKEN = "t0ken-of-lakeview-4f1c9a7d2b"  # noqa: S105 - of a stand-in for one test

ID = "58da8a43cc70ab00017a1a87"


@dataclass
class WaitedClock:
    """A clock that stands still but for the waits, which it keeps."""

    seconds: float = 1_800_000_000.0
    waits: list[float] = field(default_factory=list)

    def time(self) -> float:
        """Give the seconds since the epoch."""
        return self.seconds

    def now(self) -> datetime:
        """Give the time."""
        return datetime.fromtimestamp(self.seconds, UTC)

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.waits.append(seconds)
        self.seconds += seconds


def made_up(students: int = 40, **given: str | int) -> MadeUpRoster:
    """Make a roster of so many students."""
    mark, seed = str(given.get("mark", "")), int(given.get("seed", 1))
    return MadeUpRoster(students, seed=seed, district=ID, mark=mark)


def a_district(roster: MadeUpRoster | None = None, **told: object) -> CleverDistrict:
    """Make the district of ``TOKEN``; ``told`` are members of it."""
    usual: dict[str, object] = {"id": ID, "name": "Lakeview Unified School District"}
    roster = made_up() if roster is None else roster
    return CleverDistrict(**(usual | {"roster": roster} | told))  # type: ignore[arg-type]


@dataclass
class ServedClever:
    """A stand-in that is served at ``url``."""

    api: CleverApi
    url: str
    clock: WaitedClock

    def read(  # noqa: PLR0913 - each is named, and has its default
        self,
        take: Take,
        token: str = TOKEN,
        *,
        page: int = 16,
        district_id: str = ID,
        bounds: ReadBounds | None = None,
        patience: RetryBudget | None = None,
        ticking: Callable[[], float] | None = None,
    ) -> RosterReading:
        """Read a district's roster as a command would."""

        async def reading() -> RosterReading:
            patient = patience or self.patience()
            async with open_roster(
                self.url, patience=patient, now=self.clock.now, sleep=self.clock.sleep
            ) as roster:
                people = CleverPeople(
                    roster,
                    page=page,
                    bounds=bounds or ReadBounds(),
                    clock=ticking or self.clock.time,
                )
                return await people.read(token, district_id, take)

        return asyncio.run(reading())

    def patience(self, limits: Limits | None = None) -> RetryBudget:
        """Give the usual patience, on the clock of the test."""
        return RetryBudget(
            longest_wait_seconds=LONGEST_WAIT_SECONDS,
            asked=until_reset,
            sleep=self.clock.sleep,
            now=self.clock.now,
            limits=limits,
        )


@contextmanager
def serving_clever(
    districts: Mapping[str, CleverDistrict] | CleverDistrict,
    faults: CleverFaults | None = None,
    *,
    window_calls: int = 1200,
) -> Iterator[ServedClever]:
    """Serve districts by their tokens, or one under ``TOKEN``."""
    if isinstance(districts, CleverDistrict):
        districts = {TOKEN: districts}
    clock = WaitedClock()
    api = CleverApi(
        districts,
        faults=faults or CleverFaults(),
        clock=clock.time,
        window_calls=window_calls,
    )
    with listening_at(api.app()) as address:
        yield ServedClever(api, f"{address}{VERSION}", clock)
