"""Reading ``--accept NAME=COUNT`` and ``--override NAME=REASON``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from connectsync.errors import UsageError

COUNT = re.compile("[0-9]{1,9}")


def accepted_counts(given: Sequence[str]) -> dict[str, int]:
    """Read what is accepted, by name. Raises ``UsageError``."""
    from connectsync.rules.catalogue import insist_acceptable

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
        insist_acceptable(name)
        counts[name] = int(number)
    return counts


def override_reasons(given: Sequence[str]) -> dict[str, str]:
    """Read what is overridden and why, by name. Raises ``UsageError``."""
    from connectsync.domain import visible
    from connectsync.rules.catalogue import insist_overridable

    reasons: dict[str, str] = {}
    for text in given:
        name, _, said = text.partition("=")
        reason = visible.said(said)
        if not (name and reason):
            raise UsageError(
                f"--override {text!r} is not NAME=REASON",
                remedy="write for example --override in-a-freeze='Logins are broken'",
            )
        if name in reasons:
            raise UsageError(f"--override names {name!r} twice")
        insist_overridable(name)
        reasons[name] = reason
    return reasons
