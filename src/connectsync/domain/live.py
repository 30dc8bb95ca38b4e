"""What Connect holds, as values: forms, snapshots, page maps, click lists, audits."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from urllib.parse import quote, unquote, urlsplit

from connectsync.domain.finding import Severity
from connectsync.domain.settings import Form
from connectsync.domain.sync import SyncOutcome
from connectsync.providers.form import Risk
from connectsync.values import dataclass, field


@dataclass(frozen=True, slots=True)
class ListedDistrict:
    """A district as Connect lists it."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Live:
    """
    A district's form as it was read.

    ``version`` is opaque; equal versions mean that no one saved in between. The
    token is never part of ``form``; ``lacks_token`` says that a page shows none.
    """

    key: str
    version: str
    form: Form
    read_at: datetime
    lacks_token: bool = False

    def is_recent(self, now: datetime, longest: timedelta) -> bool:
        """Say whether it was read late enough to be remembered as what Connect has."""
        return self.read_at >= now - longest


CLOCKS_DIFFER = timedelta(minutes=5)
"""How far ahead the clock may go of the machine that read Connect."""


@dataclass(frozen=True, slots=True)
class HandConfirmation:
    """Who said that a form was saved by hand, in words, and when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SnapshotEntry:
    """
    A district of a snapshot: its name on Connect and its form.

    ``confirmed`` is there once a person saved the form by hand and said so;
    ``last_sync`` is None where no sync was recorded.
    """

    name: str
    live: Live
    confirmed: HandConfirmation | None = None
    last_sync: SyncOutcome | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    Live forms as they were at one time, sorted by key.

    ``taken`` has a time zone; ``source`` names the backend they were read from.
    ``options`` are the labels that were offered, by setting, where they were asked
    for; ``unread`` says by district why it is missing though it was asked for.
    """

    taken: datetime
    source: str
    entries: tuple[SnapshotEntry, ...]
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)


class LabelStatus(StrEnum):
    """What came of looking for a label."""

    THERE = "found"
    MISSING = "missing"
    DOUBLED = "duplicate"
    """It is there more than once, and which one is meant is not known."""
    DISABLED = "disabled"
    NOT_REACHED = "not reached"
    """What leads to it is not there, so it could not be looked at."""


@dataclass(frozen=True, slots=True)
class PageSpot:
    """
    One label, and the place on the page where it was looked for.

    ``path`` are our labels from the first click to this one, which comes last.
    ``clicked`` says that it leads on; ``group`` is the group of the form that it is
    in, if any. ``shown_as`` is what the page shows instead, as the project says; empty
    where the page shows the label itself.
    """

    path: tuple[str, ...]
    standing: LabelStatus
    shown_as: str = ""
    group: str = ""
    clicked: bool = False

    @property
    def label(self) -> str:
        """Give the label, as we know it."""
        return self.path[-1]


class CheckStatus(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """
    One thing that was checked: what was seen, and what to do about it.

    ``topic`` is one or two words. Neither text ever holds a secret. ``spots`` are
    what there is to show of a page.
    """

    topic: str
    standing: CheckStatus
    message: str
    remedy: str = ""
    spots: tuple[PageSpot, ...] = ()


def ok(topic: str, message: str) -> Check:
    """Report that something is as it should be."""
    return Check(topic, CheckStatus.OK, message)


def warn(topic: str, message: str, remedy: str = "") -> Check:
    """Report something that a person should look at."""
    return Check(topic, CheckStatus.WARNING, message, remedy)


def fail(topic: str, message: str, remedy: str = "") -> Check:
    """Report that something does not work."""
    return Check(topic, CheckStatus.ERROR, message, remedy)


@dataclass(frozen=True, slots=True)
class Click:
    """
    One control to change.

    ``control`` is its name on the page and ``option`` the box among several, if it
    is one. ``verb`` says what to do with it; ``before`` and ``after`` are what the
    page shows, as a person would say it.
    """

    control: str
    option: str
    verb: str
    before: str
    after: str
    risk: Risk
    effect: str


@dataclass(frozen=True, slots=True)
class DistrictClicks:
    """One district: the clicks before each press of Save, in order."""

    district: str
    name: str
    file: str
    read_at: datetime
    saves: tuple[tuple[Click, ...], ...]


@dataclass(frozen=True, slots=True)
class ClickList:
    """
    All that a plan needs a person for.

    ``path`` is what to click on to come to the form, ``save`` the name of its button;
    ``plan`` is the plan's digest and ``backend`` where its live settings came from.
    """

    plan: str
    backend: str
    created: datetime
    path: tuple[str, ...]
    save: str
    districts: tuple[DistrictClicks, ...]

    @property
    def clicks(self) -> int:
        """Count the controls to change."""
        return sum(len(save) for one in self.districts for save in one.saves)


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """
    What a rule says of a live form, and where on the page that stands.

    ``control`` is the control's name, ``now`` what it shows; both are empty where the
    rule speaks of the file. ``clicks`` make it as the file says, where that is
    different; ``in_file`` says how the file stands to it, in words.
    """

    rule: str
    severity: Severity
    message: str
    hint: str = ""
    control: str = ""
    now: str = ""
    in_file: str = ""
    clicks: tuple[Click, ...] = ()


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A rule that could not tell: ``needs`` are values that nothing states."""

    rule: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuditedDistrict:
    """
    A live form, judged by every rule.

    ``file`` is empty where no file describes it. Without ``facts`` nothing is known
    of it beyond its form: it has no file, or one with errors.
    """

    key: str
    name: str
    file: str = ""
    facts: bool = True
    findings: tuple[AuditFinding, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()


@dataclass(frozen=True, slots=True)
class NotAudited:
    """A district that Connect does not have, or whose form could not be read."""

    key: str
    file: str
    message: str
    remedy: str
    is_listed: bool


SOON = timedelta(days=30)
"""From when on what ends, returns or begins is said to be soon."""


class ExceptionStanding(StrEnum):
    """How an accepted finding stands on a day."""

    EXPIRED = "expired"
    NO_EFFECT = "no effect"
    """Its rule is unknown, or cannot be allowed in a file."""
    SOON = "ends soon"
    IN_FORCE = "in force"


@dataclass(frozen=True, slots=True)
class RuleException:
    """
    A finding that a district's file allows: until when, why, and how that stands.

    ``accepts`` counts the live findings that it accepts; None where the form was not
    read.
    """

    district: str
    file: str
    rule: str
    reason: str
    until: date
    standing: ExceptionStanding
    accepts: int | None


@dataclass(frozen=True, slots=True)
class AuditReport:
    """
    Every rule over live forms, sorted by key.

    ``path`` is what to click on to come to a form, and ``affected`` says by rule what
    it means for people. ``whole`` says that all districts were looked at. ``broken``
    are files with errors, whose facts and exceptions could not count.
    """

    backend: str
    at: datetime
    path: tuple[str, ...]
    whole: bool
    districts: tuple[AuditedDistrict, ...]
    not_audited: tuple[NotAudited, ...]
    exceptions: tuple[RuleException, ...]
    broken: tuple[str, ...]
    affected: Mapping[str, str]

    def count(self, severity: Severity) -> int:
        """Count the findings of one severity."""
        return sum(
            one.severity is severity
            for district in self.districts
            for one in district.findings
        )

    @property
    def without_file(self) -> tuple[AuditedDistrict, ...]:
        """Give what is live and in no file."""
        return tuple(one for one in self.districts if not one.file)

    @property
    def is_fine(self) -> bool:
        """Say whether every district was read, and no finding is an error."""
        return not self.not_audited and not self.count(Severity.ERROR)

    def unchecked(self) -> dict[NotChecked, list[str]]:
        """Give the districts on which a rule could not tell for want of the same."""
        found: dict[NotChecked, list[str]] = {}
        for district in self.districts:
            for one in district.not_checked:
                found.setdefault(one, []).append(district.key)
        return dict(sorted(found.items(), key=lambda one: (one[0].needs, one[0].rule)))


BY_ADDRESS = frozenset(["gateway", "browser"])
"""Backends that are told apart by an address."""

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class ConnectKey:
    """
    What the state store knows a Connect by.

    ``key`` is its name, or else its backend and address in one spelling. ``known_as``
    are the spellings under which the state may know it from before.
    """

    key: str
    known_as: frozenset[str]

    def means(self, backend: str) -> bool:
        """Say whether a plan or a run that names this backend is of this Connect."""
        return backend == self.key or one_spelling(backend) in self.known_as


def connect_key(described: str, name: str | None) -> ConnectKey:
    """Give the key of a backend; ``name`` is what the project calls its Connect."""
    spelled = one_spelling(described)
    return ConnectKey(name or spelled, frozenset([described, spelled]))


def is_of_project(described: str) -> bool:
    """Say whether a backend lies with a project, so that others call theirs so too."""
    return described == "embedded" or described.startswith("snapshot:")


def one_spelling(described: str) -> str:
    """
    Spell a backend in one way, however its address was written.

    Case, a default port, a slash at the end, a query, and the names of this machine
    make no other Connect.
    """
    kind, _, address = described.partition(" ")
    if kind not in BY_ADDRESS or not address:
        return described
    return f"{kind} {_one_address(address)}"


def _one_address(address: str) -> str:
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return address
    if not host:
        return address
    scheme = parts.scheme.lower()
    shown = f":{port}" if port not in {None, PORTS.get(scheme)} else ""
    return f"{scheme}://{_one_host(host)}{shown}{_one_path(parts.path)}"


def _one_path(path: str) -> str:
    parts: list[str] = []
    for part in path.strip("/").split("/"):
        name = unquote(part)
        if name == "..":
            del parts[-1:]
        elif name != ".":
            # a slash that is spelled %2F is part of a name
            parts.append(quote(name, safe=""))
    return "/".join(("", *parts)).rstrip("/")


def _one_host(host: str) -> str:
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return "127.0.0.1"
    try:
        ip = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        try:
            return name.encode("idna").decode("ascii")
        except UnicodeError:
            return name
    if ip.is_loopback:
        return "127.0.0.1"
    return f"[{ip.compressed}]" if ip.version == 6 else ip.compressed  # noqa: PLR2004 - the version
