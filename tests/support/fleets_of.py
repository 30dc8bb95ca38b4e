"""Projects with a fleet of districts, and what Connect holds before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

TOKEN = "CONNECT_GATEWAY_TOKEN"  # noqa: S105 - the name of a variable
STATE = "CONNECTSYNC_STATE_URL"

STANDARD: Mapping[str, Any] = {
    "schema": 1,
    "provider": "clever",
    "facts": {
        "guardians_from": "clever",
        "contact_details_kept_in": "connect",
        "clever_shares": {
            "contacts": True,
            "contact_types": ["Parent/Guardian"],
            "contact_relationships": ["Parent", "Grandparent", "Other"],
        },
    },
}

LIVE: Mapping[str, Any] = {
    "archived_students": "(placeholder) Leave archived",
    "contact_relationships": ["Parent", "Grandparent", "Other"],
    "contact_types": ["Parent/Guardian"],
    "deletion_threshold": None,
    "district_id": "",
    "enable_daily_sync": False,
    "manage_guardians": True,
    "permissions": ["Family Access"],
    "phone_types": ["Cell"],
    "student_id": "STUDENT ID",
    "unarchive_classrooms": False,
    "update_active_users": False,
}


@dataclass(frozen=True)
class Made:
    """A district: what Connect holds of it before, and what its file wants."""

    key: str
    live: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fleet:
    """A project in a folder. ``state`` says where its state is kept, if told."""

    folder: Path
    districts: tuple[Made, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Name the districts."""
        return tuple(one.key for one in self.districts)

    def write(self) -> None:
        """Write its files, and the seed of a stand-in."""
        folder = self.folder / "districts"
        (folder / "_profiles").mkdir(parents=True, exist_ok=True)
        _put(folder / "_profiles" / "standard.yaml", STANDARD)
        for number, one in enumerate(self.districts):
            self.want(one, number)
        seed = {
            "schema": 1,
            "source": "made up",
            "taken": "2027-01-15T06:00:00+00:00",
            "districts": [_seed(n, one) for n, one in enumerate(self.districts)],
        }
        (self.folder / "live.json").write_text(json.dumps(seed))
        self.configure()

    def want(self, one: Made, number: int) -> None:
        """Write what is wanted of a district."""
        name = one.key.upper().replace("-", "_")
        launched = one.settings.get("enable_daily_sync", False)
        file = {
            "schema": 1,
            "district": one.key,
            "name": f"{one.key} schools",
            "profile": "standard",
            "credentials": {
                "district_id": _id(number),
                "oauth_token": f"env:{name}_TOKEN",
            },
            "facts": {
                "setup_step": 9 if launched else 5,
                "self_check_done": bool(launched),
            },
            "settings": dict(one.settings),
        }
        _put(self.folder / "districts" / f"{one.key}.yaml", file)

    def configure(
        self,
        url: str = "",
        *,
        postgresql: bool = False,
        lease_seconds: int = 30,
        a_day: int = 100_000,
    ) -> None:
        """Write the project file: the gateway's address, where the state is, guards."""
        project: dict[str, Any] = {
            "schema": 1,
            "backends": {"embedded": {"seed": "live.json"}},
            "guards": {
                "max_districts": 100_000,
                "max_percent": 100,
                "max_districts_a_day": a_day,
            },
            "state": {"lease_seconds": lease_seconds},
        }
        if url:
            project["backend"] = "gateway"
            project["backends"]["gateway"] = {"url": url, "token": f"env:{TOKEN}"}
        if postgresql:
            project["state"]["url"] = f"env:{STATE}"
        _put(self.folder / "connectsync.yaml", project)


def alike(count: int) -> list[Made]:
    """Give districts that each want one save, and every tenth one two."""
    return [_alike(number) for number in range(count)]


def _alike(number: int) -> Made:
    running = number % 10 == 3
    return Made(
        f"district-{number:04}",
        {"enable_daily_sync": running},
        {
            "enable_daily_sync": False,
            "unarchive_classrooms": True,
            "deletion_threshold": 10 + number % 10,
        },
    )


def planned_saves(districts: Sequence[Made]) -> dict[str, int]:
    """Say how many saves each of them takes: the switch goes off in one of its own."""
    return {one.key: 2 if one.live.get("enable_daily_sync") else 1 for one in districts}


def _id(number: int) -> str:
    return f"58da8a43cc70ab00{number:08x}"


def _seed(number: int, one: Made) -> Mapping[str, Any]:
    return {
        "district": one.key,
        "name": f"{one.key} schools",
        "version": "1",
        "settings": {**LIVE, "district_id": _id(number), **one.live},
    }


def _put(path: Path, data: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(data), sort_keys=False), "utf-8")
