"""Districts and fleets made from fragments of YAML, laid over a clean base."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml

from connectsync.config.discovery import PROJECT_FILE
from connectsync.config.fleet import Fleet, load_fleet
from connectsync.config.policy_check import check_policy
from connectsync.config.project import load_project
from connectsync.domain.district import District
from connectsync.domain.finding import Problem, pointer
from connectsync.operations.checking import (
    AllowResult,
    ValidationOptions,
    check_fleet,
    examine_district,
    fleet_on_day,
    names_that_run,
    settle,
)
from connectsync.operations.validate import examine_fleet
from connectsync.rules.engine import DistrictOnDay, FleetOnDay, Found, place_problem

TODAY = date(2027, 1, 15)

BASE: dict[str, Any] = {
    "schema": 1,
    "district": "lakeview-usd",
    "name": "Lakeview Unified School District",
    "provider": "clever",
    "credentials": {
        "district_id": "58da8a43cc70ab00017a1a87",
        "oauth_token": "env:LAKEVIEW_TOKEN",
    },
}

DISTRICTS = Path("districts")

Fragment = Mapping[str, Any]


@dataclass(frozen=True)
class Situation:
    """A fragment of a district, or several files, on a day."""

    fragment: Fragment | None = None
    files: Mapping[str, Fragment] | None = None
    today: date = TODAY
    stem: str = "lakeview-usd"
    options: Mapping[str, tuple[str, ...]] | None = None
    applied: Mapping[str, Any] | None = None

    def found(self) -> tuple[Found, ...]:
        if self.files is not None:
            return examine_fleet(self.fleet())
        settled = self.settled()
        return settled.kept + settled.problems

    def settled(self) -> AllowResult:
        subject = self.subject()
        ran = names_that_run(with_fleet=False)
        return settle(examine_district(subject), subject.allow, self.today, ran)

    def subject(self) -> DistrictOnDay:
        options, district = self.options or {}, self.district().on(self.today)
        return DistrictOnDay(
            district, self.today, self.stem, options, self.applied or {}
        )

    def district(self) -> District:
        (loaded,) = load({"districts/one.yaml": self.fragment or {}}).districts
        return loaded.district

    def fleet(self) -> FleetOnDay:
        checked = check_fleet(load(self.files or {}), ValidationOptions(self.today))
        return fleet_on_day(checked, self.today)

    def where(self, problem: Problem) -> str:
        """Spell where a problem is, with its file where there are several."""
        if self.files is None:
            return pointer(problem.path)
        inside = place_problem(problem)
        file = (
            f"districts/_profiles/{inside.profile}.yaml"
            if inside.district is None
            else self.fleet().files[inside.district]
        )
        return f"{file} {pointer(inside.problem.path)}".rstrip()


def load(files: Mapping[str, Fragment]) -> Fleet:
    """Write files for as long as it takes to read them; they have no mistakes."""
    fleet = load_texts({name: whole(name, one) for name, one in files.items()})
    assert fleet.findings == ()
    return fleet


def load_texts(texts: Mapping[str, bytes]) -> Fleet:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in texts.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(text)
        own = [
            Path(name)
            for name in texts
            if "/_profiles/" not in name and name != PROJECT_FILE
        ]
        fleet = load_fleet(root, own, districts_dir=DISTRICTS)
        found = check_policy(load_project(root), fleet, whole=True, today=TODAY)
        return fleet.with_findings(found)


def whole(name: str, fragment: Fragment) -> bytes:
    base = {"schema": 1} if "/_profiles/" in name else BASE
    return yaml.safe_dump({**base, **fragment}, sort_keys=False).encode()


@pytest.fixture(scope="session")
def situation() -> type[Situation]:
    return Situation


@pytest.fixture(scope="session")
def read() -> Callable[..., Situation]:
    """Make a situation of a page's YAML; file names stand in comment lines."""
    return situation_of


@pytest.fixture(scope="session")
def load_pages_text() -> Callable[[Mapping[str, bytes]], Fleet]:
    return load_texts


@pytest.fixture(scope="session")
def in_files() -> Callable[[str], dict[str, str]]:
    return files_of


def situation_of(text: str, **how: Any) -> Situation:
    if "# districts/" not in text:
        return Situation(fragment=yaml.safe_load(text) or {}, **how)
    files = {name: yaml.safe_load(one) or {} for name, one in files_of(text).items()}
    return Situation(files=files, **how)


def files_of(text: str) -> dict[str, str]:
    """Take a page's YAML apart at the comment lines that name files."""
    files: dict[str, str] = {}
    name = ""
    for line in text.splitlines(keepends=True):
        if line.startswith(("# districts/", f"# {PROJECT_FILE}")):
            name = line.removeprefix("# ").strip()
            files[name] = ""
        else:
            files[name] += line
    return files
