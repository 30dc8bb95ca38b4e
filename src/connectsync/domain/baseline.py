"""What we last applied to a district."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectsync.domain.district import Facts
from connectsync.domain.settings import Form

CHECKING_RESULTS = 8
"""The setup step after the one that launches the sync (C0)."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """
    The managed values as they were last confirmed, or seen in step, on Connect.

    ``was_running`` remembers whether we ever saw the nightly sync on, which may be all
    that is known of a district.
    """

    form: Form = field(default_factory=dict)
    was_running: bool = False

    @property
    def applied(self) -> bool:
        """Say whether it was ever applied, or seen in step with its file."""
        return bool(self.form)


Baselines = Mapping[str, Baseline]
"""Baselines by district; of one that is missing nothing is known."""


def is_launched(facts: Facts, baseline: Baseline | None) -> bool:
    """
    Say whether people of a district were ever reached by its sync, as far as known.

    A district that is past the launch by its facts counts, though its sync is paused
    and nothing of it was ever applied from here.
    """
    seen = baseline is not None and baseline.was_running
    return seen or (facts.setup_step or 0) >= CHECKING_RESULTS
