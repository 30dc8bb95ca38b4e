"""Telling people how a run goes, a line for each district."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectsync.cli.session import Session
from connectsync.domain.event import DistrictEnded, Event, WaveBegan
from connectsync.domain.outcome import DistrictOutcome, Ending, Outcome
from connectsync.report.outcome_text import ended_line, wave_line

FAILURES = frozenset([Ending.FAILED, Ending.CONFLICT])


@dataclass(frozen=True, slots=True)
class Teller:
    """
    Says what happens as it happens.

    ``proof`` is what confirms a change; ``waves`` is how many the run has.
    """

    session: Session
    proof: str
    waves: int
    _told: dict[str, Ending] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        """Say what happened, if people want to know it."""
        terminal = self.session.terminal
        match event:
            case WaveBegan(wave=wave, districts=districts) if self.waves > 1:
                line = wave_line(wave, districts, colour=terminal.colour_aside)
                terminal.say(line)
            case DistrictEnded(outcome=outcome):
                self._tell(outcome)
            case _:
                pass

    def tell_the_rest(self, outcome: Outcome) -> None:
        """Say what went wrong unseen: before, elsewhere, or found out after all."""
        for one in outcome.districts:
            seen = self._told.get(one.district) is one.ending
            if one.ending in FAILURES and not seen:
                self._tell(one)

    def _tell(self, outcome: DistrictOutcome) -> None:
        terminal = self.session.terminal
        line = ended_line(outcome, colour=terminal.colour_aside, proof=self.proof)
        terminal.say(line)
        self._told[outcome.district] = outcome.ending
