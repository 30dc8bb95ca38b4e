"""A key of a file as people read about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Described:
    """
    What `explain settings.phone_types` shows of a key.

    ``path`` is the pointer as people write it, ``title`` the name of the control on
    Connect's page or of the key, ``description`` prose in paragraphs. ``kind`` is what
    sort of value it takes, in words (``a list of labels``); ``labels`` are the values
    it may take, empty where any will do or where they are not published. ``default``
    is what absence means, spelled as YAML, None where nothing is assumed;
    ``examples`` are YAML values.
    """

    path: str
    title: str
    description: str
    kind: str
    labels: tuple[str, ...] = ()
    default: str | None = None
    examples: tuple[str, ...] = ()
