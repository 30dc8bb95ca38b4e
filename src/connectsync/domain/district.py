"""A district as its layers describe it: credentials, facts, settings, allowances."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, get_args, get_type_hints

from connectsync.domain.schedule import UNTIL, Days, Schedule, Turn
from connectsync.domain.settings import (
    BY_NAME,
    SETTINGS,
    Form,
    compose_accents,
    spell_like,
    value_data,
)
from connectsync.errors import Bug
from connectsync.providers.clever import Settings
from connectsync.providers.form import Kind, Value
from connectsync.values import dataclass, field, is_dataclass, replace

NamedLabels = frozenset[tuple[str, str]]
"""Pairs of a box group and a label that is not among the published ones."""

KeptLabels = Mapping[str, frozenset[str]]
"""Ticked labels by box group that files do not know: they stay ticked."""


class WhyUntouched(StrEnum):
    """Why a value stays as it is."""

    KEPT = "kept"
    RELEASED = "released"
    NOT_SHOWN = "not shown"


@dataclass(frozen=True, slots=True)
class Untouched:
    """
    A setting, or labels of it, that a plan does not touch.

    ``kept`` are ticked labels that the files do not know. ``released`` is the live
    value of a setting that files no longer manage. ``not shown`` is what files want of
    a setting that Connect does not show.
    """

    district: str
    setting: str
    why: WhyUntouched
    value: Value


def unpublished(form: Mapping[str, Value | Collection[str]]) -> NamedLabels:
    """Give the labels of box groups that are not among the published ones."""
    return frozenset(
        (name, label)
        for name, labels in form.items()
        if isinstance(labels, Collection) and not isinstance(labels, str)
        for label in set(labels) - set(BY_NAME[name].labels)
    )


def kept_labels(
    live: Form, desired: Form, known: NamedLabels
) -> dict[str, frozenset[str]]:
    """
    Give the ticked labels that a plan must leave ticked.

    A label that is published, that a layer of the district names, or that we applied
    before is ``known``: files that leave it out want it gone. Any other was ticked by
    a person, or belongs to a newer page, and no file could say so.
    """
    kept = {}
    for name, wanted in desired.items():
        held = live.get(name)
        if isinstance(held, frozenset) and isinstance(wanted, frozenset):
            # on most pages every label is published
            strange = held.difference(BY_NAME[name].labels)
            strange = strange - spell_like(wanted, held) if strange else strange
            spelled = [label for where, label in known if strange and where == name]
            others = set(map(compose_accents, spelled))
            kept[name] = frozenset(
                one for one in strange if compose_accents(one) not in others
            )
    return {name: labels for name, labels in kept.items() if labels}


def without(form: Form, kept: KeptLabels) -> dict[str, Value]:
    """Give a form as far as files know its labels."""
    known = dict(form)
    for name, labels in kept.items():
        value = form.get(name)
        if isinstance(value, frozenset):
            known[name] = value - labels
    return known


class Provider(StrEnum):
    """Where the roster comes from."""

    CLEVER = "clever"


class GuardiansFrom(StrEnum):
    """Who brings the guardians to Connect."""

    CLEVER = "clever"
    GUARDIANS_CSV = "guardians_csv"
    MANUAL = "manual"
    NONE = "none"


class ContactDetailsKeptIn(StrEnum):
    """Who holds the newest phone numbers and emails."""

    CLEVER = "clever"
    CONNECT = "connect"


@dataclass(frozen=True, slots=True)
class CleverShares:
    """What the district's sharing rules let through (C2); ``None``: not stated."""

    contacts: bool | None = None
    contact_types: frozenset[str] | None = None
    contact_relationships: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class GuardiansCsv:
    """How the guardians file is delivered (G1); ``None``: not stated."""

    file_name: str | None = None
    level: str | None = None
    sync_level: str | None = None
    encoding: str | None = None
    encoding_agreed: bool | None = None


FIGURE_COUNTS = timedelta(days=60)
"""For so long a figure that a sync tried to archive explains a threshold."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of the district and never sent to Connect; ``None``: not stated."""

    setup_step: int | None = None
    self_check_done: bool | None = None
    guardians_from: GuardiansFrom | None = None
    guardians_csv: GuardiansCsv | None = None
    contact_details_kept_in: ContactDetailsKeptIn | None = None
    clever_shares: CleverShares | None = None
    sections_archived_by_hand: bool | None = None
    profile_update_requests: bool | None = None
    rollover: Days | None = None
    tried_to_archive: int | None = None
    tried_to_archive_on: str | None = None
    custody_filtered: bool | None = None
    clever_paused: Days | None = None
    clever_safety_thresholds: bool | None = None


def figure_on(facts: Facts, day: date) -> int | None:
    """
    Give what a sync tried to archive, as far as that still counts on a day.

    A figure that names its day is of that rollover, and not of the next one.
    """
    figure = facts.tried_to_archive
    if figure is None or (on := facts.tried_to_archive_on) is None:
        return figure
    return figure if day - date.fromisoformat(on) <= FIGURE_COUNTS else None


DISTRICT_VARIABLE = "CONNECTSYNC_DISTRICT_"
"""What a variable begins with that we name for the token of a district."""


def token_identity(reference: str, root: str = "") -> tuple[str, ...]:
    """
    Give what a reference to a token means, whatever way it is spelled.

    A path is taken from ``root``, the project's folder, and a command from its words.
    Two references that mean the same are the same token.
    """
    if reference[:4] == "env:" and reference[4:].isidentifier():
        # as nearly all are, and a country has 13,318
        return "env", reference[4:]
    scheme, _, where = reference.strip().partition(":")
    scheme, where = scheme.strip().lower(), where.strip()
    match scheme:
        case "file":
            return scheme, posixpath.normpath(posixpath.join(root or "/", where))
        case "command":
            try:
                return scheme, *shlex.split(where)
            except ValueError:
                # a quote that is never closed: the command could not be run either
                return scheme, where
        case _:
            return scheme, where


@dataclass(frozen=True, slots=True)
class Credentials:
    """
    How the district is known at Clever.

    ``oauth_token`` is a reference (``env:NAME``, ``file:PATH``, ``command:ARGV``),
    never the token.
    """

    district_id: str | None = None
    oauth_token: str | None = None


@dataclass(frozen=True, slots=True)
class Allow:
    """One accepted finding, with its reason and its last day."""

    rule: str
    reason: str
    until: date


class FleetMember(NamedTuple):
    """What rules of a fleet look at in a district: a country has 13,318."""

    key: str
    profiles: tuple[str, ...] = ()
    labels: frozenset[str] = frozenset()
    district_id: str | None = None
    oauth_token: str | None = None
    archived_students: str | None = None


@dataclass(frozen=True, slots=True)
class District:
    """
    The effective district: its own file laid over its profiles.

    ``key`` is the file's stem and the name every report uses. ``labels`` are the
    project's own words, by which a wave takes districts. ``named`` are labels of box
    groups that any of its layers names beyond the published ones. ``settings`` are
    those of the ``day``, where the ``schedule`` has periods. ``file`` is its own file,
    from the project's folder, and ``builds_on`` every profile below it, by stem.
    """

    key: str
    name: str
    provider: Provider = Provider.CLEVER
    profiles: tuple[str, ...] = ()
    credentials: Credentials = field(default_factory=Credentials)
    facts: Facts = field(default_factory=Facts)
    settings: Settings = field(default_factory=Settings)
    allow: tuple[Allow, ...] = ()
    labels: frozenset[str] = frozenset()
    named: NamedLabels = frozenset()
    schedule: Schedule = field(default_factory=Schedule)
    day: date | None = None
    file: str = field(default="", compare=False)
    builds_on: frozenset[str] = field(default=frozenset(), compare=False)

    def on(self, day: date) -> District:
        """Give the district as it is to be on a day."""
        return replace(self, settings=self.schedule.settings_on(day), day=day)

    def turns(self, settings: Collection[str]) -> tuple[Turn, ...]:
        """Say of some settings when their values change by themselves."""
        if self.day is None:
            return ()
        every = self.schedule.turns(self.day)
        return tuple(turn for turn in every if turn.setting in settings)

    def changes_later(self, before: District | None) -> tuple[str, ...]:
        """
        Say which settings have other values on days to come than they had before.

        Of what no period sets, neither then nor now, nothing is said: its value is one
        of today. ``before`` is None for a district that is new.
        """
        # by another zone it may be tomorrow already
        days = self.day, before.day if before else None
        day, day_then = days[0] or days[1], days[1] or days[0]
        if day is None or day_then is None:
            return ()
        usual = before.settings if before else Settings()
        now, then = (
            one.schedule if one and one.schedule.periods else Schedule(settings)
            for one, settings in ((self, self.settings), (before, usual))
        )
        said = []
        for name in dict.fromkeys((*now.settings(), *then.settings())):
            will, was = now.later(name, day), then.later(name, day_then)
            if will != was and any(UNTIL in one for one in (will, was)):
                known = f" (before this change: {was})" if before else ""
                said.append(f"{name}: {will}{known}")
        zones = now.zone, then.zone
        if zones[0] != zones[1] and now.ahead(day) and then.ahead(day_then):
            # the days are the same, and begin and end at another hour
            said.append(f"days of its periods: by {zones[0]} (before: {zones[1]})")
        return tuple(said)

    @property
    def member(self) -> FleetMember:
        """Give what rules of a fleet look at."""
        return FleetMember(
            self.key,
            self.profiles,
            self.labels,
            self.credentials.district_id,
            self.credentials.oauth_token,
            self.settings.archived_students,
        )

    def desired(self) -> dict[str, Value]:
        """Give every managed value of the form by setting name, in form order."""
        if self.schedule.periods and self.day is None:
            raise Bug(f"{self.key} has periods, and its day is not known")
        desired: dict[str, Value] = {}
        if self.credentials.district_id is not None:
            desired["district_id"] = self.credentials.district_id
        return desired | self.settings.managed()

    def values(self) -> dict[str, Any]:
        """
        Give what the files say, by name, as JSON data; what is not stated is missing.

        A name is a path of the file, such as ``settings.phone_types``; lists are
        sorted.
        """
        values: dict[str, Any] = {
            "district": self.key,
            "name": self.name,
            "provider": self.provider.value,
            "profiles": sorted(self.profiles),
            "labels": sorted(self.labels),
            "allow.rules": sorted(entry.rule for entry in self.allow),
        }
        if self.allow:
            values["allow.until"] = min(one.until for one in self.allow).isoformat()
        for name, value in self.desired().items():
            values[f"{BY_NAME[name].section}.{name}"] = value_data(value)
        values.update(_facts_by_name(self.facts, "facts."))
        return values


def _facts_by_name(facts: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name in facts.__slots__:
        value = getattr(facts, name)
        if isinstance(value, Days):
            yield f"{prefix}{name}.from", value.first.isoformat()
            yield f"{prefix}{name}.to", value.last.isoformat()
        elif is_dataclass(value):
            yield from _facts_by_name(value, f"{prefix}{name}.")
        elif value is not None:
            plain = value.value if isinstance(value, StrEnum) else value
            yield f"{prefix}{name}", value_data(plain)


LIST = "list(string)"
_KINDS = {
    Kind.TEXT: "string",
    Kind.CHOICE: "string",
    Kind.BOX: "bool",
    Kind.BOXES: LIST,
    Kind.PERCENT: "int",
}


def stated_types() -> dict[str, str]:
    """Give every name of `District.values`, and its type, as CEL spells types."""
    texts = ("district", "name", "provider")
    return {
        **dict.fromkeys(texts, "string"),
        "profiles": LIST,
        "labels": LIST,
        **{".".join(one.path): _KINDS[one.kind] for one in SETTINGS},
        **dict(_fact_types(Facts, "facts.")),
        "allow.rules": LIST,
        "allow.until": "string",
    }


def settable_names() -> dict[str, str]:
    """Give every name of a value that can be set in a file, and its type."""
    fixed = {"district", "profiles", "allow.rules", "allow.until"}
    types = {name: kind for name, kind in stated_types().items() if name not in fixed}
    return types | {"profile": "string", "timezone": "string"}


_IN_PARTS = {
    "allow": "an exception is more than one value: write its rule, reason and last day"
    " under allow in the district's file",
    "scheduled": "a period is more than one value: write its days, settings and reason"
    " under scheduled in the district's file",
}


def why_no_value(name: str) -> str:
    """Say why a key of a district's file is no value that can be set; else nothing."""
    return _IN_PARTS.get(name.strip().lower().partition(".")[0], "")


def names_meant(text: str, names: Collection[str]) -> list[str]:
    """
    Give the names that a short one can mean: one where it is clear, none or several.

    ``phone_types`` means ``settings.phone_types``, and ``rollover.from`` a fact: what
    the whole name ends in does, and a setting comes before all else.
    """
    for whole in (text, f"settings.{text}"):
        if whole in names:
            return [whole]
    return [one for one in names if text and one.endswith(f".{text}")]


def _fact_types(kind: type, prefix: str) -> Iterator[tuple[str, str]]:
    for name, hint in get_type_hints(kind).items():
        one = next(part for part in get_args(hint) if part is not type(None))
        if one is Days:
            yield from ((f"{prefix}{name}.{end}", "string") for end in ("from", "to"))
        elif isinstance(one, type) and is_dataclass(one):
            yield from _fact_types(one, f"{prefix}{name}.")
        else:
            plain = {bool: "bool", int: "int"}
            is_text = isinstance(one, type) and issubclass(one, str)
            yield f"{prefix}{name}", plain.get(one, "string" if is_text else LIST)


def turns_to_come(
    parts: Iterable[tuple[District, Collection[str]]],
) -> dict[str, tuple[Turn, ...]]:
    """Say by district what changes by itself, of some of its settings."""
    every = {one.key: one.turns(settings) for one, settings in parts}
    return {key: turns for key, turns in every.items() if turns}


def later_days(
    before: Iterable[District], now: Iterable[District]
) -> dict[str, tuple[str, ...]]:
    """Say by district what a change makes of the days to come."""
    then = {one.key: one for one in before}
    every = {one.key: one.changes_later(then.get(one.key)) for one in now}
    return {key: said for key, said in every.items() if said}
