"""Reading ``--accept NAME=COUNT``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from connectsync.errors import UsageError

COUNT = re.compile("[0-9]{1,9}")


def accepted_counts(given: Sequence[str]) -> dict[str, int]:
    """Read what is accepted, by name. Raises ``UsageError``."""
    counts: dict[str, int] = {}
    for text in given:
        name, _, number = text.partition("=")
        if not (name and COUNT.fullmatch(number)):
            raise UsageError(
                f"--accept {text!r} is not NAME=COUNT",
                remedy="write for example --accept disruptive=3",
            )
        if name in counts:
            raise UsageError(f"--accept names {name!r} twice")
        counts[name] = int(number)
    return counts
