"""A rule as people read about it."""

from __future__ import annotations

from dataclasses import dataclass

from connectsync.domain.finding import Severity


@dataclass(frozen=True, slots=True)
class RulePage:
    """
    What `explain` and the reference show of a rule.

    ``subject`` is what it looks at: ``file``, ``district``, ``fleet`` or ``plan``.
    ``bad`` and ``good`` are YAML; ``source`` is a key of the list of sources and
    ``inferred`` says that no page states the claim. ``accept`` is the flag by which a
    guard that stops a plan is accepted; empty where nothing has to be.
    """

    name: str
    severity: Severity
    subject: str
    summary: str
    why: str
    bad: str
    good: str
    source: str
    inferred: bool
    allowable: bool
    accept: str = ""
