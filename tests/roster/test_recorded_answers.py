"""
Answers of Clever that others recorded, replayed through our client.

Those of the public ``beneggett/clever_sdk`` (MIT, ``test/vcr/cassettes``) are no part
of this repository: ``make recorded-answers CASSETTES=FOLDER`` replays them.
"""

from __future__ import annotations

import asyncio
import json
import os
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from connectsync.emulator.seed import MadeUpRoster
from connectsync.errors import ConnectError
from connectsync.roster.clever import PEOPLE, CleverRoster, ReadBounds, usual_patience
from connectsync.roster.clever_users import UserListing
from connectsync.roster.tables import open_tables
from connectsync.web.http import client

TOKEN = "token-of-a-replay-4f1c9a7d2b"  # noqa: S105 - opens nothing
FOLDER = os.environ.get("CONNECTSYNC_CASSETTES", "")
PEOPLE_LISTS = ("users", "mystudents", "mycontacts", "myteachers")


@dataclass(frozen=True)
class Recorded:
    """One answer, and what it was asked at."""

    url: httpx2.URL
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def about(self) -> str:
        """Give the last part of the path."""
        return self.url.path.rstrip("/").rpartition("/")[2]


def recorded(folder: Path) -> Iterator[Recorded]:
    """Read all answers in cassettes of VCR."""
    for path in sorted(folder.rglob("*.yml")):
        # what is in them was written by others
        held = yaml.safe_load(path.read_text("utf-8"))
        for one in held["http_interactions"]:
            answer, body = one["response"], one["response"]["body"]
            text = str(body.get("string", "")).encode()
            if "base64_string" in body:
                text = b64decode(body["base64_string"])
            headers = {name: told[0] for name, told in answer["headers"].items()}
            kept = {k: v for k, v in headers.items() if k.startswith("x-ratelimit")}
            kept["content-type"] = headers.get("content-type", "application/json")
            url = httpx2.URL(one["request"]["uri"])
            yield Recorded(url, int(answer["status"]["code"]), kept, text)


def answering(one: Recorded, asked: httpx2.Request) -> httpx2.Response:
    """Answer as recorded; of people those who are asked for, and then no more."""
    body = one.body
    role = asked.url.params.get("role")
    if role and one.status == 200:
        page = json.loads(body)
        page["data"] = [
            row for row in page["data"] if role in row["data"].get("roles", {})
        ]
        # of a school, a class or a person: we ask for the users of a district alone
        for link in page["links"]:
            link["uri"] = link["uri"].replace(one.url.path, "/v3.0/users")
        if "starting_after" in asked.url.params:
            page = {"data": [], "links": []}
        body = json.dumps(page).encode()
    return httpx2.Response(one.status, headers=one.headers, content=body)


async def replay(one: Recorded, take: Any) -> Counter[str]:
    """Ask our client for one answer, and count whom it understood."""
    transport = httpx2.MockTransport(lambda asked: answering(one, asked))
    url = str(one.url.copy_with(path="/v3.0", query=None))
    async with client(transport, base_url=url, timeout_seconds=30.0) as asking:
        roster = CleverRoster(asking, url, usual_patience())
        if one.about == "districts":
            there = await roster.district(TOKEN)
            assert there.id
            return Counter(districts=1)
        found = Counter[str]()
        async with UserListing(roster, TOKEN, 100, ReadBounds(), lambda: 0.0) as users:
            for role in PEOPLE:
                async for page in users.pages(role):
                    take(role, page.text)
                    found[role] += page.count
        return found


def understood(folder: Path) -> tuple[int, Counter[str]]:
    """Replay all that we would ask for; give how many answers, and whom they held."""
    answers, found = 0, Counter[str]()
    for one in recorded(folder):
        with open_tables() as tables:
            tables.expect({})
            if one.status >= 400:
                with pytest.raises(ConnectError):
                    asyncio.run(replay(one, tables.take_page))
            elif one.about == "districts" or one.about in PEOPLE_LISTS:
                if one.about != "districts" and not _is_of_people(one.body):
                    continue
                found += asyncio.run(replay(one, tables.take_page))
            else:
                continue
            answers += 1
    return answers, found


def _is_of_people(body: bytes) -> bool:
    data = json.loads(body).get("data")
    return isinstance(data, list)


def test_recorded_answers_of_clever_are_understood(
    capsys: pytest.CaptureFixture[str],
) -> None:
    if not FOLDER:
        pytest.skip("no recorded answers here: make recorded-answers CASSETTES=FOLDER")
    answers, found = understood(Path(FOLDER))
    with capsys.disabled():
        whom = ", ".join(f"{count:,} {name}" for name, count in found.items())
        print(f"\n{answers} recorded answers are understood: {whom}")  # noqa: T201
    assert answers


def written(folder: Path, name: str, uri: str, body: object, status: int = 200) -> None:
    one = {
        "request": {"method": "get", "uri": f"https://api.clever.com/v3.0{uri}"},
        "response": {
            "status": {"code": status},
            "headers": {"content-type": ["application/json; charset=utf-8"]},
            "body": {"encoding": "ASCII-8BIT", "string": json.dumps(body)},
        },
    }
    path = folder / f"{name}.yml"
    path.write_text(yaml.safe_dump({"http_interactions": [one]}))


def test_what_is_recorded_is_replayed_through_our_client(tmp_path: Path) -> None:
    roster = MadeUpRoster(6)
    people = [{"data": one} for role in PEOPLE for one in roster.people(role, 0, 6)]
    following = {"rel": "next", "uri": "/v3.0/users?starting_after=5fac"}
    page = {"data": people, "links": [{"rel": "self", "uri": "/v3.0/users"}, following]}
    district = {"id": "58da8a43cc70ab00017a1a87", "name": "Elm", "state": "running"}
    written(tmp_path, "users", "/users?limit=25", page)
    written(tmp_path, "d", "/districts", {"data": [{"data": district}], "links": []})
    written(tmp_path, "gone", "/users", {"message": "Unauthorized"}, 401)
    written(tmp_path, "courses", "/courses", {"data": []})
    answers, found = understood(tmp_path)
    assert answers == 3
    assert found == Counter(
        {role: min(6, roster.count(role)) for role in PEOPLE} | {"districts": 1}
    )
    page["data"].append({"data": {"id": "x", "roles": {"student": []}}})  # type: ignore[attr-defined]
    written(tmp_path, "users", "/users?limit=25", page)
    with pytest.raises(ConnectError):
        understood(tmp_path)
