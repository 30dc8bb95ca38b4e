"""What stands on the page for each label we know, where a project says otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from connectsync.connect.names import (
    CLICKS,
    GROUP_OF_BOXES,
    SAVE,
    SPELLINGS,
    TOKEN_LABEL,
    spelling_of,
)
from connectsync.domain.labels import composed, decomposed, is_same_label
from connectsync.domain.settings import BY_NAME, SETTINGS, Kind
from connectsync.domain.suggest import did_you_mean
from connectsync.errors import ProjectError


def _known() -> Iterator[str]:
    yield from (*CLICKS, SAVE, TOKEN_LABEL)
    yield from (spelling.label for spelling in SPELLINGS)
    for setting in SETTINGS:
        group = spelling_of(setting.name).label
        if setting.kind is Kind.BOX:
            yield f"{GROUP_OF_BOXES}: {group}"
        yield from setting.labels
        yield from (f"{group}: {label}" for label in setting.labels)


KNOWN = frozenset(_known())
"""Every label that may be overridden: plain, or as ``group: label`` for one box."""


class Labels:
    """
    The labels of the page, ours unless the project overrides them.

    Raises ``ProjectError`` if an override is for no label that we know.
    """

    def __init__(self, overrides: Mapping[str, str]) -> None:
        for label in overrides:
            if label not in KNOWN:
                raise ProjectError(
                    f"backends.browser.labels: there is no label {label!r}",
                    remedy=did_you_mean(label, sorted(KNOWN)) or None,
                )
        self._overrides = overrides

    def shown(self, label: str, group: str = "") -> str:
        """Give what the page shows where ``label`` belongs."""
        plain = self._overrides.get(label, label)
        return self._overrides.get(f"{group}: {label}", plain) if group else plain

    def of_setting(self, setting: str) -> str:
        """Give what the page calls a setting."""
        group = GROUP_OF_BOXES if BY_NAME[setting].kind is Kind.BOX else ""
        return self.shown(spelling_of(setting).label, group)

    def ours(self, setting: str, shown: str) -> str:
        """Give our label for one that a setting offers; one we do not know stays."""
        group = spelling_of(setting).label
        for label in BY_NAME[setting].labels:
            if is_same_label(self.shown(label, group), shown):
                return label
        return shown

    def offered(self, setting: str, label: str) -> str:
        """Give what the page shows for a label that a setting offers."""
        known = label in BY_NAME[setting].labels
        return self.shown(label, spelling_of(setting).label) if known else label


def named(label: str) -> str | re.Pattern[str]:
    """Give the name of a control as a browser looks for it, however it is spelled."""
    return label if label.isascii() else re.compile(rf"^\s*{pattern_of(label)}\s*$")


def pattern_of(label: str) -> str:
    """Give a pattern that finds a label, however it is spelled."""
    return f"(?:{'|'.join(map(re.escape, spellings_of(label)))})"


def spellings_of(label: str) -> tuple[str, ...]:
    """Give a label as it is stated, and with its accents put together and apart."""
    return tuple(dict.fromkeys([label, composed(label), decomposed(label)]))


def control_of(setting: str) -> str:
    """Name a setting's control in a sentence, as we know it."""
    label = spelling_of(setting).label
    if BY_NAME[setting].kind is Kind.BOX:
        return f"'{label}' in the group '{GROUP_OF_BOXES}'"
    return f"'{label}'"
