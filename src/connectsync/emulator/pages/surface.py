"""What faults make of the controls of a page: renamed, missing, disabled, doubled."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from connectsync.emulator.faults import Faults
from connectsync.emulator.labels import qualified


@dataclass(frozen=True, slots=True)
class Shown:
    """One control as it stands on the page."""

    label: str
    id: str
    disabled: bool


@dataclass(frozen=True, slots=True)
class Surface:
    """The look of every control under some faults."""

    faults: Faults

    def named(self, label: str, group: str = "") -> str:
        """Give what stands on the page where ``label`` belongs."""
        renamed = self.faults.renamed
        return renamed.get(qualified(label, group), renamed.get(label, label))

    def shown(self, label: str, ident: str, group: str = "") -> list[Shown]:
        """Give the controls that stand where one belongs: usually exactly one."""
        faults = self.faults
        if _names(faults.missing, label, group):
            return []
        name = self.named(label, group)
        disabled = _names(faults.disabled, label, group)
        one = Shown(name, ident, disabled)
        if _names(faults.doubled, label, group):
            return [one, Shown(name, f"{ident}-again", disabled)]
        return [one]


def _names(labels: Collection[str], label: str, group: str) -> bool:
    return label in labels or qualified(label, group) in labels
