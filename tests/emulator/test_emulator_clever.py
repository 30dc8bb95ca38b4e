"""Clever stands beside Connect in the stand-in, with a made-up roster a district."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx2
from served_app import listening_at
from served_clever import ID

from connectsync.emulator.app import create_app
from connectsync.emulator.clever import CLEVER_PATH, VERSION, beside, made_up_token
from connectsync.roster.clever import open_roster
from connectsync.roster.clever_users import CleverPeople
from connectsync.roster.seam import RosterReading


def test_clever_stands_beside_connect_and_knows_a_district_by_its_token(
    tmp_path: Path,
) -> None:
    connect = create_app(tmp_path / "connect.db", token="t0ken")  # noqa: S106 - of a stand-in
    app = beside(connect, [("bay", ID, "Bay District")])
    taken: list[str] = []

    async def read(address: str) -> RosterReading:
        async with open_roster(f"{address}{CLEVER_PATH}{VERSION}") as roster:
            people = CleverPeople(roster)
            return await people.read(
                made_up_token("bay"), ID, lambda _, page: taken.append(page)
            )

    with listening_at(app) as address:
        reading = asyncio.run(read(address))
        with httpx2.Client(trust_env=False) as client:
            assert client.get(f"{address}/v1/districts").status_code == 401
            assert client.get(f"{address}/sign-in").status_code == 200
            clever = f"{address}{CLEVER_PATH}{VERSION}"
            assert client.get(f"{clever}/users").json() == {"message": "Unauthorized"}
            assert "Cannot GET" in client.get(f"{clever}/resources").text
    assert reading.district.name == "Bay District"
    assert reading.came["contact"] == sum(
        "contact" in row["data"]["roles"]
        for page in taken
        for row in json.loads(page)["data"]
    )
    assert reading.missing == {}
