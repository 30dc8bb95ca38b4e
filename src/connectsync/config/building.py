"""Merged data that passed their schema, to the values of the domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from connectsync.config.checking import NOTHING_RECORDED, Recorded
from connectsync.config.document import Document
from connectsync.config.layers import merged, named
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
from connectsync.domain.labels import form_spelled_as, spelled_as
from connectsync.domain.settings import Settings
from connectsync.domain.untouched import NamedLabels, unpublished
from connectsync.domain.visible import alike

Convert = Callable[[Any], Any]


def district_of(
    layers: Sequence[Document], recorded: Recorded = NOTHING_RECORDED
) -> District:
    """
    Build the district that layers describe, weakest first, its own file last.

    Labels are spelled as they were ``recorded`` from the live page.
    """
    own = layers[-1]
    return District(
        key=own.data["district"],
        name=own.data["name"],
        provider=_provider(layers),
        profiles=named(own),
        credentials=Credentials(**own.data.get("credentials", {})),
        facts=Facts(**_converted(merged(layers, "facts"), _FACTS)),
        settings=settings_of(layers, recorded),
        allow=tuple(_allow(entry) for entry in own.data.get("allow", ())),
        labels=frozenset(own.data.get("labels", ())),
        named=_named(layers, recorded),
    )


def settings_of(
    layers: Sequence[Document], recorded: Recorded = NOTHING_RECORDED
) -> Settings:
    """Build what layers say of the form, weakest first; see above."""
    stated = _converted(merged(layers, "settings"), _SETTINGS)
    return Settings(**form_spelled_as(stated, recorded))  # type: ignore[arg-type]


def days_of(span: Mapping[str, str]) -> Days:
    """Read a span of days."""
    return Days(date.fromisoformat(span["from"]), date.fromisoformat(span["to"]))


def _provider(layers: Sequence[Document]) -> Provider:
    stated = [layer.data["provider"] for layer in layers if "provider" in layer.data]
    return Provider(stated[-1]) if stated else Provider.CLEVER


def _allow(entry: Mapping[str, str]) -> Allow:
    until = date.fromisoformat(entry["until"])
    return Allow(rule=alike(entry["rule"]), reason=entry["reason"], until=until)


def _named(layers: Sequence[Document], recorded: Recorded) -> NamedLabels:
    """Give the labels beyond the published ones that any layer names."""
    found: NamedLabels = frozenset()
    for layer in layers:
        stated = layer.data.get("settings") or {}
        found |= unpublished(
            {name: stated[name] for name in stated if isinstance(stated[name], list)}
        )
    return frozenset(
        (name, spelled_as(label, recorded.get(name, ()))) for name, label in found
    )


def _converted(
    data: Mapping[str, Any], converts: Mapping[str, Convert]
) -> dict[str, Any]:
    return {
        key: converts[key](value) if key in converts else value
        for key, value in data.items()
    }


_SHARES: Mapping[str, Convert] = {
    "contact_types": frozenset,
    "contact_relationships": frozenset,
}
_FACTS: Mapping[str, Convert] = {
    # JSON Schema counts 5.0 as a whole number
    "setup_step": int,
    "guardians_from": GuardiansFrom,
    "guardians_csv": lambda data: GuardiansCsv(**data),
    "contact_details_kept_in": ContactDetailsKeptIn,
    "clever_shares": lambda data: CleverShares(**_converted(data, _SHARES)),
    "rollover": days_of,
    "tried_to_archive": int,
}

_SETTINGS: Mapping[str, Convert] = {
    "contact_types": frozenset,
    "contact_relationships": frozenset,
    "phone_types": frozenset,
    "deletion_threshold": int,
    "permissions": frozenset,
}
