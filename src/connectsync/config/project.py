"""The project file: where the districts are, how Connect is reached, the guards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from connectsync.config.building import days_of
from connectsync.config.discovery import PROJECT_FILE
from connectsync.config.document import Document
from connectsync.config.shelf import read_checked
from connectsync.config.source import error, quoted
from connectsync.domain.finding import Finding
from connectsync.domain.policy import Freeze, Policy, Window
from connectsync.errors import ProjectError

WEEKDAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where the gateway is; ``token`` is a reference, never the token."""

    url: str
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Browser:
    """
    Where Connect's page is; ``session`` is None for the one that lies with the state.

    ``labels`` are what the page shows for labels of ours.
    """

    url: str
    session: Path | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    accept_confirmation: str = ""
    contexts: int = 3
    headed: bool = False
    slow_ms: int = 0


@dataclass(frozen=True, slots=True)
class Project:
    """
    The project as its file describes it.

    Paths are absolute or begin with ``root``. ``options`` are the labels that
    drop-downs of the live page were seen to offer, by setting.
    """

    root: Path
    districts_dir: Path
    state_dir: Path
    backend: str = "embedded"
    embedded_seed: Path | None = None
    gateway: Gateway | None = None
    browser: Browser | None = None
    policy: Policy = field(default_factory=Policy)
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def load_project(root: Path) -> Project:
    """
    Read ``connectsync.yaml``; without one, everything has its default.

    Raises ProjectError, with file, line and column, if the file has a mistake.
    """
    path = root / PROJECT_FILE
    if not path.exists():
        return _project(root, {})
    reading = read_checked(path, PROJECT_FILE, "project")
    if reading.document is None or reading.findings:
        raise _refusal(reading.findings)
    if unknown := _unknown_zones(reading.document):
        raise _refusal(unknown)
    return _project(root, reading.document.data)


def _refusal(findings: tuple[Finding, ...]) -> ProjectError:
    return ProjectError("\n".join(_sentence(finding) for finding in findings))


def _sentence(finding: Finding) -> str:
    place = finding.place
    hint = f" ({finding.hint})" if finding.hint else ""
    return f"{place.file}:{place.line}:{place.column}: {finding.message}{hint}"


def _unknown_zones(document: Document) -> tuple[Finding, ...]:
    return tuple(
        error(
            "wrong-format",
            f"{quoted(window['timezone'])} is not a time zone",
            document.locate(("windows", position, "timezone")),
            hint="write a name of the IANA database, such as 'America/Chicago'",
        )
        for position, window in enumerate(document.data.get("windows", ()))
        if not _known_zone(window["timezone"])
    )


def _known_zone(name: str) -> bool:
    from zoneinfo import (  # noqa: PLC0415 - slow, and few have windows
        ZoneInfo,
        ZoneInfoNotFoundError,
    )

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _project(root: Path, data: Mapping[str, Any]) -> Project:
    backends = data.get("backends", {})
    seed = backends.get("embedded", {}).get("seed")
    gateway = backends.get("gateway")
    options = data.get("options", {})
    return Project(
        root=root,
        districts_dir=root / data.get("districts", "districts"),
        state_dir=root / data.get("state", {}).get("dir", ".connectsync"),
        backend=data.get("backend", "embedded"),
        embedded_seed=root / seed if seed else None,
        gateway=Gateway(**gateway) if gateway else None,
        browser=_browser(root, backends.get("browser")),
        policy=_policy(data),
        options={setting: tuple(labels) for setting, labels in options.items()},
    )


def _browser(root: Path, data: Mapping[str, Any] | None) -> Browser | None:
    if not data:
        return None
    session = data.get("session")
    return Browser(**{**data, "session": root / session if session else None})


def _policy(data: Mapping[str, Any]) -> Policy:
    usual = Policy()
    guards = data.get("guards", {})
    hours = guards.get("max_live_age_hours")
    return Policy(
        max_districts=int(guards.get("max_districts", usual.max_districts)),
        max_percent=int(guards.get("max_percent", usual.max_percent)),
        max_live_age=timedelta(hours=hours) if hours else usual.max_live_age,
        freezes=_freezes(data),
        windows=_windows(data),
    )


def _freezes(data: Mapping[str, Any]) -> tuple[Freeze, ...]:
    entries = data.get("freezes", ())
    return tuple(Freeze(days_of(entry), entry["reason"]) for entry in entries)


def _windows(data: Mapping[str, Any]) -> tuple[Window, ...]:
    return tuple(
        Window(
            weekdays=frozenset(WEEKDAYS.index(day) for day in entry["days"]),
            opens=time.fromisoformat(entry["from"]),
            closes=time.fromisoformat(entry["to"]),
            timezone=entry["timezone"],
        )
        for entry in data.get("windows", ())
    )
