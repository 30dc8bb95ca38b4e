"""How a provider's form is described: its settings, their labels and their effects."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum
from functools import cached_property
from typing import Any

from connectsync.values import dataclass, field

Value = bool | int | str | frozenset[str] | None


class Kind(Enum):
    """What sort of control a setting is."""

    TEXT = "text"
    CHOICE = "choice"
    BOX = "box"
    BOXES = "boxes"
    PERCENT = "percent"


class Risk(StrEnum):
    """How much a change can hurt: not, perhaps, or for certain some families."""

    SAFE = "safe"
    CAUTION = "caution"
    DISRUPTIVE = "disruptive"


class When(Enum):
    """Which changes of a setting an effect is about."""

    TURNED_ON = "turned on"
    EMPTIED = "emptied"
    FILLED = "filled"
    ADDED = "label added"
    REMOVED = "label removed"
    GRANTED = "this label among the new ones"
    BECOMES = "only this label is left"
    RAISED = "raised"
    BELOW = "below this number"
    CHANGED = "any change"


@dataclass(frozen=True, slots=True)
class Effect:
    """
    What a change does to people, and how much it can hurt them.

    ``text`` is a sentence; ``{before}`` and ``{after}`` stand for the values. One that
    says more than the published pages do ends with ``(inferred)``. ``value`` is the
    label or the number that the change is about, where it is about one.
    """

    risk: Risk
    text: str
    value: str | int | None = None


def safe(text: str, value: str | int | None = None) -> Effect:
    """Describe an effect that hurts no one."""
    return Effect(Risk.SAFE, text, value)


def caution(text: str, value: str | int | None = None) -> Effect:
    """Describe an effect that may hurt."""
    return Effect(Risk.CAUTION, text, value)


def disruptive(text: str, value: str | int | None = None) -> Effect:
    """Describe an effect that is certain to hurt some families."""
    return Effect(Risk.DISRUPTIVE, text, value)


def published(labels: type[StrEnum]) -> tuple[str, ...]:
    """Give published labels as plain text, in the order of the page."""
    return tuple(label.value for label in labels)


@dataclass(frozen=True, slots=True)
class Setting:
    """
    One field of the form, described once.

    ``labels`` are the values it may take where those are published; empty where they
    are not, or where the setting has none. ``about`` follows the page label in the
    schemas. Of ``effects`` the first whose condition holds is told.
    """

    name: str
    kind: Kind
    page_label: str
    gateway_name: str
    held: str = ""
    """What the form holds here, as a sentence for the schema of plans."""
    about: str = ""
    effects: Mapping[When, Effect] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    label_about: str = ""
    """What one label is, in the schemas."""
    example: Any = None
    """A value for the schemas and the pages made from them."""
    checks: Mapping[str, str] = field(default_factory=dict)
    """The rule that speaks where a keyword of the schema refuses a value."""
    section: str = "settings"
    """The part of a district file that states it."""
    one_label: bool = False
    """Whether the form lets only one of its boxes be ticked."""
    radios: bool = False
    """Whether a choice is radio buttons in a group; the others are drop-downs."""
    hexadecimal: bool = False
    """Whether it is an id that means the same in capitals and in small letters."""
    reaches_people: bool = False
    """Whether turning it on, or adding to it, makes people guardians."""
    waits_for_sync: bool = True
    """Whether people meet a change of it only once the nightly sync runs."""
    first: bool = True
    """Whether schema 1 began with it: what does not name a later one says nothing."""

    @property
    def path(self) -> tuple[str, str]:
        """Where a district file states it."""
        return (self.section, self.name)


@dataclass(frozen=True)
class ProviderForm:
    """The form of a provider: every setting, in the order of the page."""

    name: str
    settings: tuple[Setting, ...]

    @cached_property
    def by_name(self) -> dict[str, Setting]:
        """Map the settings by their names."""
        return {setting.name: setting for setting in self.settings}


def plain_value(value: Value) -> Value:
    """Give labels as text: what files say and what Connect says must be alike."""
    match value:
        case frozenset():
            return frozenset(str(label) for label in value)
        case str():
            return str(value)
        case _:
            return value
