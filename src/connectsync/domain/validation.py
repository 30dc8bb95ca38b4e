"""What a validation found: findings, allowed findings, and their counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from connectsync.domain.finding import Finding, Severity, order, pointer


@dataclass(frozen=True, slots=True)
class AllowedFinding:
    """A finding that a district accepts, with its reason and its last day."""

    finding: Finding
    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """
    The outcome of one validation.

    ``files`` counts the files that were read, those without findings included.
    ``findings`` are the ones that stand; ``allowed`` are reported, never counted
    among them.
    """

    files: int
    findings: tuple[Finding, ...] = ()
    allowed: tuple[AllowedFinding, ...] = ()

    def ordered(self) -> tuple[Finding, ...]:
        """Give the findings in the order of every report: the same for the same set."""
        return tuple(sorted(self.findings, key=_rank))

    def ordered_allowed(self) -> tuple[AllowedFinding, ...]:
        """Give the allowed findings in the order of every report."""
        return tuple(
            sorted(
                self.allowed,
                key=lambda each: (_rank(each.finding), each.until, each.reason),
            )
        )

    def count(self, severity: Severity) -> int:
        """Count the findings of one severity, those behind a limit included."""
        return sum(
            finding.stands_for
            for finding in self.findings
            if finding.severity is severity
        )

    @property
    def errors(self) -> int:
        """How many findings block."""
        return self.count(Severity.ERROR)

    @property
    def warnings(self) -> int:
        """How many findings warn."""
        return self.count(Severity.WARNING)

    @property
    def infos(self) -> int:
        """How many findings inform."""
        return self.count(Severity.INFO)


def _rank(finding: Finding) -> tuple[tuple[str, int, int, int, str, str], str, str]:
    # Beyond the usual order: two findings may say the same of one place.
    return (order(finding), pointer(finding.path), finding.fingerprint)
