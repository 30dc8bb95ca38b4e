"""A stand-in for Connect in a process of its own, and the truth about its saves."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from fleets_of import TOKEN, Fleet
from processes import environment
from warm import WarmPopen

from connectsync.backends import embedded
from connectsync.domain.settings import Form
from connectsync.emulator.app import create_app
from connectsync.emulator.store import EmulatorStore, SaveRequest, save_form

_SAID = re.compile(r"on (http://\S+)\nbearer token: (\S+)")

_WATCH = """
    CREATE TABLE pristine AS SELECT * FROM district;
    CREATE TABLE history (
        seq INTEGER PRIMARY KEY, district TEXT, saves INTEGER, form TEXT
    );
    CREATE TRIGGER remember AFTER INSERT ON district BEGIN
        INSERT INTO history (district, saves, form)
        VALUES (new.key, new.saves, new.form);
    END;
"""

_RESET = """
    BEGIN IMMEDIATE;
    DELETE FROM district;
    INSERT INTO district SELECT * FROM pristine;
    DELETE FROM remembered;
    DELETE FROM history;
    COMMIT;
"""


def watch(store: Path) -> None:
    """Let the stand-in's own database remember every save that it commits."""
    with closing(sqlite3.connect(store)) as connection:
        connection.executescript(_WATCH)


@dataclass(frozen=True)
class ServedConnect:
    """A stand-in on real sockets; what it says of itself comes from its own file."""

    url: str
    token: str
    store: Path

    def reset(self) -> None:
        """Let it be as if nobody had ever saved anything."""
        self.faults()
        with closing(self._connection()) as connection:
            connection.executescript(_RESET)

    def saves(self) -> Counter[str]:
        """Count the saves that were made, by district."""
        return Counter(district for district, _ in self.history())

    def accepted(self) -> Counter[str]:
        """Count the saves of runs that were taken, those that changed nothing too."""
        with closing(self._connection()) as connection:
            rows = connection.execute("SELECT district FROM remembered").fetchall()
        return Counter(district for (district,) in rows)

    def history(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Give every save that was made: the district, and its form after it."""
        with closing(self._connection()) as connection:
            rows = connection.execute("SELECT district, form FROM history ORDER BY seq")
            return [(district, json.loads(form)) for district, form in rows]

    def forms(self, *keys: str) -> Mapping[str, Form]:
        """Read forms as a person would on the page."""

        async def read() -> Mapping[str, Form]:
            async with embedded.open_reader(create_app(self.store)) as reader:
                return {key: (await reader.read(key)).form for key in keys}

        return asyncio.run(read())

    def edit(self, district: str, **fields: object) -> None:
        """Save some fields of a form, as a person would on the page."""
        with EmulatorStore(self.store).writing() as connection:
            save_form(connection, SaveRequest(district, fields, None), now=0)

    def faults(self, **faults: object) -> None:
        """Put faults on, and those off that are not named."""
        self._asked("PUT", faults)

    def requests(self) -> int:
        """Count the requests since faults were last put on or off."""
        return int(self._asked("GET")["requests"])

    def _asked(self, method: str, body: object = None) -> Mapping[str, Any]:
        bearer = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.url}/emulator/faults"
        with httpx2.Client(headers=bearer, trust_env=False) as client:
            answer = client.request(method, url, json=body).raise_for_status()
            told: Mapping[str, Any] = answer.json()
            return told

    def _connection(self) -> sqlite3.Connection:
        return sqlite3.connect(self.store, timeout=30, isolation_level=None)

    @property
    def environment(self) -> Mapping[str, str]:
        """Say what a runner has to know to get in."""
        return {TOKEN: self.token}


@contextmanager
def served(fleet: Fleet, folder: Path) -> Iterator[ServedConnect]:
    """Serve a fleet's districts, as they are before; make it the fleet's gateway."""
    command = (
        *("--project", fleet.folder, "--state-dir", folder, "emulator", "--port", "0"),
    )
    folder.mkdir(parents=True, exist_ok=True)
    with (
        (folder / "log").open("w") as log,
        WarmPopen(
            command, env=environment(), stdout=subprocess.PIPE, stderr=log
        ) as process,
    ):
        try:
            assert process.stdout is not None
            said = "".join(process.stdout.readline() for _ in range(2))
            told = _SAID.search(said)
            assert told, f"the stand-in did not start: {said}"
            connect = ServedConnect(told[1], told[2], folder / "connect.db")
            watch(connect.store)
            fleet.configure(connect.url)
            yield connect
        finally:
            process.terminate()
            process.wait(10)
