"""What holding the store against its audit log found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Audited:
    """
    An audit log of so many entries that ends with ``head``.

    ``problems`` are sentences on what is not as the log says; none: all is.
    """

    entries: int
    head: str
    problems: tuple[str, ...]
