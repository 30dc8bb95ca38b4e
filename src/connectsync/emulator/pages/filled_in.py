"""A filled-in form: what a browser submits as fields, and fields as they are shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from connectsync.emulator.form import (
    BOX_GROUPS,
    BOXES,
    CHOICES,
    FIELDS,
    TOKEN,
    FieldRefusal,
)
from connectsync.emulator.http import Submitted, last

MASK = "••••••••"
"""What stands in the field of a masked token; sent back, it leaves the token alone."""

_WHOLE_NUMBER = re.compile("[0-9]{1,9}")
_SEVERAL = {*CHOICES[:1], *BOX_GROUPS}


def fields_of(form: Submitted) -> dict[str, object]:
    """
    Read the fields of a submitted form, in the field names and values of the gateway.

    As in any HTML form a box that is not there is not ticked; a text, drop-down or
    choice that is not there stays as it is saved, and so does a token left empty.
    """
    fields: dict[str, object] = {name: name in form for name in BOXES}
    fields |= {name: list(dict.fromkeys(form.get(name, ()))) for name in BOX_GROUPS}
    fields |= {
        name: last(form, name) for name in ("districtId", *CHOICES) if name in form
    }
    if "deletionThreshold" in form:
        fields["deletionThreshold"] = _percent(last(form, "deletionThreshold").strip())
    if last(form, TOKEN) not in {"", MASK}:
        fields[TOKEN] = last(form, TOKEN)
    return fields


def _percent(typed: str) -> object:
    if not typed:
        return None
    return int(typed) if _WHOLE_NUMBER.fullmatch(typed) else typed


@dataclass(frozen=True, slots=True)
class FilledForm:
    """A form on the page: its fields, the version it is from, and what is refused."""

    fields: Mapping[str, object]
    version: str
    refused: Mapping[str, str] = field(default_factory=dict)

    def over(self, saved: Mapping[str, object]) -> FilledForm:
        """Give the form with what is saved wherever nothing was submitted."""
        return replace(self, fields={**saved, **self.fields})

    def with_refusals(self, refusals: Iterable[FieldRefusal]) -> FilledForm:
        """Give the form with a sentence for each field that was refused."""
        sentences = {no.field: f"{FIELDS[no.field]} {no.detail}." for no in refusals}
        return replace(self, refused=sentences)

    def text(self, name: str) -> str:
        """Give what stands in a text field."""
        value = self.fields[name]
        return "" if value is None else str(value)

    def holds(self, name: str, label: str) -> bool:
        """Say whether a label of a drop-down or group is chosen."""
        value = self.fields[name]
        return label in value if isinstance(value, list) else value == label

    @property
    def token_typed(self) -> bool:
        """Say whether a token was typed, which no page shows again."""
        return TOKEN in self.fields

    @staticmethod
    def place(name: str) -> str:
        """Give the id of the first control of a field."""
        return f"{name}-1" if name in _SEVERAL else name
