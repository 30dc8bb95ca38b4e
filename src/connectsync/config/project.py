"""The project file: districts, backends, guards, waves and change windows."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from connectsync.config.decode import Ground, misnamed, names_machine
from connectsync.config.discovery import PROJECT_FILE, relative, walk
from connectsync.config.document import Document, Reading
from connectsync.config.policy import (
    mistaken_hooks,
    mistaken_hours,
    mistaken_rules,
    mistaken_waves,
    policy_of,
    rules_of,
)
from connectsync.config.profiles import check_bytes, read_and_check
from connectsync.config.source import error, quote_text
from connectsync.domain.calendar import Calendar
from connectsync.domain.finding import Finding, KeyPath
from connectsync.domain.plan import REACHED_BY
from connectsync.domain.policy import Policy
from connectsync.domain.rule_settings import KnownFindings, RuleSettings
from connectsync.errors import ProjectError
from connectsync.values import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """Where the gateway is; ``token`` is a reference, never the token."""

    url: str
    token: str | None = None


@dataclass(frozen=True, slots=True)
class BrowserConfig:
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
class CleverConfig:
    """Where Clever is asked about districts."""

    url: str = "https://api.clever.com/v3.1"


@dataclass(frozen=True, slots=True)
class RosterConfig:
    """
    Where rosters are, and how those in files are read.

    ``words`` give, by field, the label that a word in the roster means. ``source`` is
    ``clever``, or a path with ``{district}`` in place of the key; empty if the project
    names none. ``districts`` are those that have another one.
    """

    encoding: str = "utf-8"
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    source: str = ""
    districts: Mapping[str, str] = field(default_factory=dict)

    def of(self, district: str) -> str:
        """Name the roster of a district; empty if none is named."""
        return self.districts.get(district) or at_district(self.source, district)


def at_district(source: str, district: str) -> str:
    """Put the key of a district into the name of a roster."""
    return source.replace("{district}", district)


@dataclass(frozen=True, slots=True)
class Project:
    """
    The project as its file describes it.

    Paths are absolute or begin with ``root``, also that behind ``snapshot:``. Without
    ``clever`` Clever is not asked. ``options`` are the labels that drop-downs of the
    live page were seen to offer, by setting. ``state_url`` is where the state is if
    not in ``state_dir``: an address of PostgreSQL, or a reference to the whole of it.
    ``guardians_sample`` is a sample of guardians.csv as Connect offers it.
    ``connect`` is the name of the Connect that is reached, by whichever backend.
    A runner that is silent for ``lease_seconds`` has let its district go. A sync of
    ``stale_after_hours`` ago is too old to have been last night's. ``timezone`` is that
    of what names none, empty if the project names none either; ``dating`` are the
    calendars that name it, or the rollover, for some. ``rules`` are what it
    says of rules, ``baseline`` is the file of findings that are put off, and
    ``known_before`` what that held before a change that is looked at. ``notify`` is
    what it says of telling people, as it states it, and ``stated`` all that it says.
    """

    root: Path
    districts_dir: Path
    state_dir: Path
    state_url: str | None = None
    lease_seconds: int = 30
    backend: str = "embedded"
    connect: str | None = None
    embedded_seed: Path | None = None
    guardians_sample: Path | None = None
    gateway: GatewayConfig | None = None
    browser: BrowserConfig | None = None
    clever: CleverConfig | None = None
    roster: RosterConfig = field(default_factory=RosterConfig)
    stale_after_hours: int = 48
    policy: Policy = field(default_factory=Policy)
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    timezone: str = ""
    dating: tuple[Calendar, ...] = ()
    rules: RuleSettings = field(default_factory=RuleSettings)
    baseline: Path | None = None
    known_before: KnownFindings | None = None
    notify: Mapping[str, Any] = field(default_factory=dict)
    stated: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def secrets(self) -> dict[str, str]:
        """Give what its file refers to as a secret, by where that stands there."""
        gateway = self.gateway.token if self.gateway else None
        stated = {"backends.gateway.token": gateway, "state.url": self.state_url}
        for hook in (*self.notify.get("webhooks", ()), *self.notify.get("mail", ())):
            for part in ("url", "token", "password"):
                stated[f"{hook['name']}: {part}"] = hook.get(part)
        return {place: one for place, one in stated.items() if one is not None}


FOLLOWED = ("districts_dir", "timezone", "dating")
"""What of it later commands follow once the change of its file is merged."""


_MISTAKEN = (mistaken_hours, mistaken_waves, mistaken_hooks, mistaken_rules)


def load_project(root: Path) -> Project:
    """
    Read ``connectsync.yaml``; without one, everything has its default.

    Raises ProjectError, with file, line and column, if the file has a mistake.
    """
    if names := misnamed(root, PROJECT_FILE):
        raise _misnamed(root, names[0])
    path, ground = root / PROJECT_FILE, Ground.of(root)
    if not os.path.lexists(path):
        return _project(root, {})
    reading = read_and_check(path, PROJECT_FILE, "project", ground=ground)
    document = _sound(reading)
    _insist_inside(document, root, ground)
    if found := tuple(one for look in _MISTAKEN for one in look(document)):
        raise refusal(found)
    return replace(_project(root, document.data), rules=rules_of(document))


def project_of_text(root: Path, raw: bytes, *, to_come: bool = False) -> Project:
    """
    Read the bytes of a project file. Raises ProjectError as `load_project`.

    One that is ``to_come`` is refused for all that later commands refuse it for.
    """
    document = _sound(check_bytes(PROJECT_FILE, raw, "project"))
    if to_come:
        _insist_inside(document, root, Ground.of(root))
    looks = _MISTAKEN if to_come else (mistaken_hours, mistaken_rules)
    if found := tuple(one for look in looks for one in look(document)):
        raise refusal(found)
    return replace(_project(root, document.data), rules=rules_of(document))


def shared_with(project: Project, above: Project) -> str:
    """
    Say what a project shares, or may share, with one in a folder above, if anything.

    A Connect and a secret can be spelled in so many ways that one which names any may
    mean those of the other.
    """

    def overlap(one: Path, other: Path) -> bool:
        left, right = os.path.realpath(one), os.path.realpath(other)
        return Path(left).is_relative_to(right) or Path(right).is_relative_to(left)

    home, root = (os.path.realpath(one) for one in (above.districts_dir, project.root))
    if Path(root).is_relative_to(home):
        return "lies among the districts of"
    if overlap(project.districts_dir, above.districts_dir):
        return "reads the districts of"
    if overlap(project.state_dir, above.state_dir) or (
        project.state_url and above.state_url
    ):
        return "keeps its state where it is kept by"
    live = project.connect or project.gateway or project.browser
    if live or project.secrets or project.backend.startswith(SNAPSHOT):
        return "names a Connect or a secret, within"
    return ""


def insist_only_project(project: Project) -> None:
    """Refuse a project file among the districts: who stands there would use it."""
    for folder, names in walk(
        project.districts_dir, enters=lambda _, name: name[0] != "."
    ):
        if Path(folder) != project.root and PROJECT_FILE in map(str.casefold, names):
            raise ProjectError(
                f"{quote_text(relative(folder, project.root))} has a {PROJECT_FILE} of"
                " its own, among the districts: who stands there would use it",
                remedy=f"remove it: the {PROJECT_FILE} of the project holds for all",
            )


def _sound(reading: Reading) -> Document:
    if reading.document is None or reading.findings:
        raise refusal(reading.findings)
    document = reading.document
    for keys, text in _texts(document.data, ()):
        path = text.partition(":")[2] if text.startswith(_BEFORE_A_PATH) else text
        if names_machine(path):
            said = f"{quote_text(text)} is a path on another machine"
            raise _misplaced(document, keys, said, "name a file on this machine")
    return document


_BEFORE_A_PATH = ("file:", "snapshot:")


def _texts(data: object, at: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(data, str):
        yield at, data
    elif isinstance(data, Mapping):
        for key, part in data.items():
            yield from _texts(part, (*at, key))
    elif isinstance(data, list):
        for number, part in enumerate(data):
            yield from _texts(part, (*at, number))


def _misnamed(root: Path, name: str) -> ProjectError:
    if os.path.lexists(root / PROJECT_FILE):
        return ProjectError(
            f"{name} is not read, and lies beside {PROJECT_FILE}",
            remedy=f"move what it says to {PROJECT_FILE} and remove it",
        )
    return ProjectError(
        f"{name} is not read; rename it to {PROJECT_FILE}",
        remedy="until then its guards, freezes and backends would not count",
    )


def _insist_inside(document: Document, root: Path, ground: Ground) -> None:
    """Refuse paths that are not one place to all, or that lie outside of it all."""
    for key in ("districts", "baseline", "backend"):
        spelled = str(document.data.get(key, "")).removeprefix("snapshot:")
        parts = [one for one in re.split(r"[/\\]+", spelled) if one not in {"", "."}]
        if any(one == ".." != above for above, one in pairwise(parts)):
            said = (
                f"{quote_text(spelled)} steps up behind a folder, which may be a link"
            )
            hint = "spell it without: git would take it for another place"
            raise _misplaced(document, (key,), said, hint)
    stated = document.data.get("districts")
    if stated is None or ground.holds(root / stated):
        return
    where = "the project" if ground.folder == str(root) else "the repository"
    said = f"the folder {quote_text(stated)} lies outside {where}"
    hint = f"put {PROJECT_FILE} into a folder, or a git repository, that holds both"
    raise _misplaced(document, ("districts",), said, hint)


def _misplaced(document: Document, keys: KeyPath, said: str, hint: str) -> ProjectError:
    place = document.locate(keys)
    return refusal((error("file-not-readable", said, place, path=keys, hint=hint),))


def refusal(findings: tuple[Finding, ...]) -> ProjectError:
    """Give the error that tells of mistakes in the project file, a line each."""
    first, *below = map(_sentence, findings)
    return ProjectError(first, below=below)


def _sentence(finding: Finding) -> str:
    place = finding.place
    hint = f" ({finding.hint})" if finding.hint else ""
    return f"{place.file}:{place.line}:{place.column}: {finding.message}{hint}"


def _project(root: Path, data: Mapping[str, Any]) -> Project:
    backends = data.get("backends", {})
    state = data.get("state", {})
    seed = backends.get("embedded", {}).get("seed")
    sample = data.get("roster", {}).get("guardians_sample")
    gateway = backends.get("gateway")
    options = data.get("options", {})
    baseline, policy = data.get("baseline"), policy_of(data)
    return Project(
        root=root,
        districts_dir=root / data.get("districts", "districts"),
        state_dir=root / state.get("dir", ".connectsync"),
        state_url=state.get("url"),
        lease_seconds=int(state.get("lease_seconds", 30)),
        connect=data.get("connect"),
        backend=_backend(root, data.get("backend", "embedded")),
        embedded_seed=root / seed if seed else None,
        guardians_sample=root / sample if sample else None,
        gateway=GatewayConfig(**gateway) if gateway else None,
        browser=_browser(root, backends.get("browser")),
        clever=_clever(data.get("roster", {})),
        roster=_roster(data.get("roster", {})),
        stale_after_hours=int(data.get("status", {}).get("stale_after_hours", 48)),
        policy=policy,
        options={setting: tuple(labels) for setting, labels in options.items()},
        timezone=data.get("timezone", ""),
        dating=policy.dating,
        baseline=root / baseline if baseline else None,
        notify=data.get("notify", {}),
        stated=data,
    )


def _backend(root: Path, stated: str) -> str:
    name, colon, path = stated.partition(":")
    return f"{name}{colon}{root / path}" if colon else name


def _clever(data: Mapping[str, Any]) -> CleverConfig | None:
    return CleverConfig(**data["clever"]) if "clever" in data else None


def _roster(data: Mapping[str, Any]) -> RosterConfig:
    encoding = data.get("files", {}).get("encoding", "utf-8")
    return RosterConfig(
        encoding,
        data.get("words", {}),
        data.get("source", ""),
        data.get("districts", {}),
    )


def _browser(root: Path, data: Mapping[str, Any] | None) -> BrowserConfig | None:
    if not data:
        return None
    session = data.get("session")
    return BrowserConfig(**{**data, "session": root / session if session else None})


def connection_of(project: Project) -> dict[str, str]:
    """
    Give digests of what decides which Connect is reached, and how its page is read.

    They are by key of ``connectsync.yaml``; one that it does not state is left out, as
    is everything where it names no Connect, no gateway and no page. An address counts
    as it is written: what looks alike to us, a server may tell apart.
    """
    gateway, browser = project.gateway, project.browser
    if not (project.connect or gateway or browser):
        return {}
    kind, colon, path = project.backend.partition(":")
    file = relative(Path(path), project.root) if colon else ""
    stated: dict[str, object] = {"backend": f"{kind}{colon}{file}"}
    if gateway is not None:
        stated["backends.gateway.url"] = gateway.url.strip()
        stated["backends.gateway.token"] = gateway.token
    if browser is not None:
        session = browser.session
        stated["backends.browser.url"] = browser.url.strip()
        stated["backends.browser.session"] = session and relative(session, project.root)
        stated["backends.browser.labels"] = dict(browser.labels)
        stated["backends.browser.accept_confirmation"] = browser.accept_confirmation
    return {key: _digest(stated[key]) for key in REACHED_BY if stated.get(key)}


def _digest(value: object) -> str:
    import hashlib  # noqa: PLC0415 - no commit hook needs it

    spelled = json.dumps(value, sort_keys=True)
    return hashlib.sha256(spelled.encode()).hexdigest()


SNAPSHOT = "snapshot:"


def insist_named_files(root: Path, *, with_backend: bool = True) -> None:
    """
    Refuse a project file that names a file which is not there.

    Without ``with_backend`` the snapshot that the project uses does not count, since
    the command line named another backend. Raises ``ProjectError`` with the place.
    """
    path = root / PROJECT_FILE
    if not path.exists():
        return
    ground = Ground.of(root)
    document = read_and_check(path, PROJECT_FILE, "project", ground=ground).document
    if document is not None:
        missing = _missing_files(root, ground, document, with_backend=with_backend)
        if found := tuple(missing):
            raise refusal(found)


def _missing_files(
    root: Path, ground: Ground, document: Document, *, with_backend: bool
) -> Iterator[Finding]:
    """Tell of each file that the project file names and that cannot be read."""
    named: list[tuple[KeyPath, str, str]] = []
    backend = document.data.get("backend", "")
    if with_backend and backend.startswith(SNAPSHOT):
        make = "make it: `connectsync --backend NAME snapshot --output FILE`"
        named.append((("backend",), backend.removeprefix(SNAPSHOT), make))
    seed = document.data.get("backends", {}).get("embedded", {}).get("seed")
    if seed is not None:
        named.append((("backends", "embedded", "seed"), seed, "take the key out"))
    sample = document.data.get("roster", {}).get("guardians_sample")
    if sample is not None:
        named.append((("roster", "guardians_sample"), sample, "take the key out"))
    for keys, name, otherwise in named:
        path, quoted = root / name, quote_text(name)
        if (end := ground.way_out(path)) is not None:
            said = f"{quoted} is a link out of the project, to {quote_text(end)}"
        elif not path.exists():
            said = f"there is no file {quoted}"
        elif not path.is_file():
            said = f"{quoted} is no regular file"
        else:
            continue
        yield error(
            "file-not-readable",
            said,
            document.locate(keys),
            path=keys,
            hint=f"correct the path, or {otherwise}",
        )
