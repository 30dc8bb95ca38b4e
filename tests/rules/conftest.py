"""Districts and fleets made from fragments of YAML, laid over a clean base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
import yaml

from connectsync.domain.district import (
    Allow,
    CleverShares,
    ContactDetailsKeptIn,
    Credentials,
    Days,
    District,
    Facts,
    GuardiansCsv,
    GuardiansFrom,
    Provider,
)
from connectsync.domain.finding import Problem, pointer
from connectsync.domain.settings import (
    ContactRelationship,
    ContactType,
    Permission,
    PhoneType,
    Settings,
    StudentId,
)
from connectsync.rules.allowance import Settled, settle
from connectsync.rules.engine import Found
from connectsync.rules.examine import examine_district, examine_fleet, names_that_run
from connectsync.rules.subjects import DistrictOnDay, FleetOnDay, placed

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

Fragment = Mapping[str, Any]

LABELS: dict[str, Any] = {
    "contact_types": ContactType,
    "contact_relationships": ContactRelationship,
    "phone_types": PhoneType,
    "permissions": Permission,
}


@dataclass(frozen=True)
class Situation:
    """A fragment of a district, or several files, on a day."""

    fragment: Fragment | None = None
    files: Mapping[str, Fragment] | None = None
    today: date = TODAY
    stem: str = "lakeview-usd"
    options: Mapping[str, tuple[str, ...]] | None = None

    def settled(self) -> Settled:
        if self.files is not None:
            return Settled(tuple(examine_fleet(self.fleet())), (), ())
        district = district_of(self.fragment or {})
        subject = DistrictOnDay(district, self.today, self.stem, self.options or {})
        ran = names_that_run(with_fleet=False)
        return settle(examine_district(subject), district.allow, self.today, ran)

    def fleet(self) -> FleetOnDay:
        files = self.files or {}
        districts = {name: one for name, one in files.items() if "/_" not in name}
        profiles = {name: one for name, one in files.items() if "/_" in name}
        return FleetOnDay(
            districts=tuple(district_of(one) for one in districts.values()),
            profiles={
                stem_of(name): listed(one.get("profile"))
                for name, one in profiles.items()
            },
            today=self.today,
            files=tuple(districts),
        )

    def found(self) -> tuple[Found, ...]:
        settled = self.settled()
        return settled.kept + settled.problems

    def where(self, problem: Problem) -> str:
        """Spell where a problem is, with its file where there are several."""
        if self.files is None:
            return pointer(problem.path)
        inside = placed(problem)
        file = (
            f"districts/_profiles/{inside.profile}.yaml"
            if inside.district is None
            else self.fleet().files[inside.district]
        )
        return f"{file}: {pointer(inside.problem.path)}".rstrip()


@pytest.fixture(scope="session")
def situation() -> type[Situation]:
    return Situation


@pytest.fixture(scope="session")
def read() -> Any:
    """Make a situation of a page's YAML; file names stand in comment lines."""
    return situation_of


def situation_of(text: str, **how: Any) -> Situation:
    if "# districts/" not in text:
        return Situation(fragment=yaml.safe_load(text) or {}, **how)
    return Situation(files=files_of(text), **how)


def files_of(text: str) -> dict[str, Fragment]:
    files: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines(keepends=True):
        if line.startswith("# districts/"):
            name = line.removeprefix("# ").strip()
            files[name] = []
        else:
            files[name].append(line)
    return {name: yaml.safe_load("".join(lines)) for name, lines in files.items()}


def district_of(fragment: Fragment) -> District:
    document = laid_over(BASE, fragment)
    return District(
        key=document["district"],
        name=document["name"],
        provider=Provider(document["provider"]),
        profiles=listed(document.get("profile")),
        credentials=Credentials(**document["credentials"]),
        facts=facts_of(document.get("facts") or {}),
        settings=settings_of(document.get("settings") or {}),
        allow=tuple(
            Allow(one["rule"], one["reason"], day(one["until"]))
            for one in document.get("allow") or []
        ),
    )


def laid_over(base: Fragment, fragment: Fragment) -> dict[str, Any]:
    merged = dict(base)
    for key, value in fragment.items():
        below = merged.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = laid_over(below, value) if both else value
    return merged


def facts_of(stated: Fragment) -> Facts:
    made: dict[str, Any] = dict(stated)
    if "guardians_from" in made:
        made["guardians_from"] = GuardiansFrom(made["guardians_from"])
    if "contact_details_kept_in" in made:
        kept_in = made["contact_details_kept_in"]
        made["contact_details_kept_in"] = ContactDetailsKeptIn(kept_in)
    if "guardians_csv" in made:
        made["guardians_csv"] = GuardiansCsv(**made["guardians_csv"])
    if "clever_shares" in made:
        made["clever_shares"] = CleverShares(**sets_of(made["clever_shares"]))
    if "rollover" in made:
        rollover = made["rollover"]
        made["rollover"] = Days(day(rollover["from"]), day(rollover["to"]))
    return Facts(**made)


def settings_of(stated: Fragment) -> Settings:
    made = sets_of(stated)
    if made.get("student_id") is not None:
        made["student_id"] = StudentId(made["student_id"])
    return Settings(**made)


def sets_of(stated: Fragment) -> dict[str, Any]:
    return {
        name: frozenset(LABELS[name](label) for label in value)
        if name in LABELS and value is not None
        else value
        for name, value in stated.items()
    }


def listed(profile: str | list[str] | None) -> tuple[str, ...]:
    if profile is None:
        return ()
    return (profile,) if isinstance(profile, str) else tuple(profile)


def stem_of(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(".yaml")


def day(value: str | date) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
