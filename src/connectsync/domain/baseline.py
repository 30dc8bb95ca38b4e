"""What we last applied to a district."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectsync.domain.settings import Form


@dataclass(frozen=True, slots=True)
class Baseline:
    """
    The managed values as they were last confirmed on Connect.

    ``was_running`` remembers whether we ever saw the nightly sync on.
    """

    form: Form = field(default_factory=dict)
    was_running: bool = False


Baselines = Mapping[str, Baseline]
"""Baselines by district; one that is missing was never applied."""
