"""What a change to the files causes: the settings that they want otherwise now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectsync.domain.settings import Form
from connectsync.domain.values import is_same


@dataclass(frozen=True, slots=True)
class Since:
    """
    A change to the files, told from the commit before it.

    ``commit`` is spelled in full. ``caused`` holds, by district, the desired values
    that are other ones than at the commit; a district is missing where there are none.
    ``released`` names, by district, the settings that files managed at the commit and
    manage no longer.
    ``gone`` gives the files of districts that had one at the commit, by district;
    ``launched`` are those that were past their launch there, by their own facts.
    """

    commit: str
    caused: Mapping[str, Form]
    released: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gone: Mapping[str, str] = field(default_factory=dict)
    launched: frozenset[str] = frozenset()

    def of(self, district: str) -> Form:
        """Give what the change causes on one district."""
        return self.caused.get(district, {})

    def released_on(self, district: str) -> tuple[str, ...]:
        """Name the settings of one district that files manage no longer."""
        return self.released.get(district, ())


def caused(before: Form, after: Form) -> Form:
    """
    Give the desired values that were others before, or were not managed.

    A setting that is not managed any more is not among them: it is left to the page,
    and ``released`` names it.
    """
    return {
        name: value
        for name, value in after.items()
        if name not in before or not is_same(name, before[name], value)
    }


def released(before: Form, after: Form) -> tuple[str, ...]:
    """Name the settings that were managed before and are not any more."""
    return tuple(name for name in before if name not in after)
