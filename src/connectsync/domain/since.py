"""What a change to the files causes: the settings that they want otherwise now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectsync.domain.settings import Form
from connectsync.domain.values import is_same


@dataclass(frozen=True, slots=True)
class Since:
    """
    A change to the files, told from the commit before it.

    ``commit`` is spelled in full. ``caused`` holds, by district, the desired values
    that are other ones than at the commit; a district is missing where there are none.
    """

    commit: str
    caused: Mapping[str, Form]

    def of(self, district: str) -> Form:
        """Give what the change causes on one district."""
        return self.caused.get(district, {})


def caused(before: Form, after: Form) -> Form:
    """
    Give the desired values that were others before, or were not managed.

    A setting that is not managed any more is not among them: it is left to the page.
    """
    return {
        name: value
        for name, value in after.items()
        if name not in before or not is_same(name, before[name], value)
    }
