"""Shares of what was found, for workers side by side."""

from __future__ import annotations

from pathlib import PurePosixPath

from connectsync.config.fleet import Fleet
from connectsync.domain.finding import Finding
from connectsync.domain.shard import ALL, Shard
from connectsync.domain.validation import ValidationReport


def share_of_report(
    report: ValidationReport, fleet: Fleet, shard: Shard
) -> ValidationReport:
    """
    Give the findings that a shard tells, of all that were found.

    A finding is told by the shard that holds the district of its file; one in a
    profile, by the shard of the first district it reaches; one that is of no district,
    by shard 1. So each is told once, and all shards together tell the whole.
    """
    if shard == ALL:
        return report
    districts = _districts(fleet)
    told = [one for one in report.findings if _tells(shard, one, districts)]
    allowed = [one for one in report.allowed if _tells(shard, one.finding, districts)]
    files = len(share_of_files(fleet, shard))
    return ValidationReport(files, tuple(told), tuple(allowed))


def share_of_files(fleet: Fleet, shard: Shard) -> tuple[str, ...]:
    """Give the files that a shard counts, of all that were read."""
    districts = _districts(fleet)
    return tuple(file for file in fleet.files if _counts(shard, file, districts))


def _districts(fleet: Fleet) -> frozenset[str]:
    return frozenset(fleet.files).difference(fleet.shelf.names.values())


def _tells(shard: Shard, finding: Finding, districts: frozenset[str]) -> bool:
    if finding.place.file not in districts and finding.districts:
        return shard.holds(min(finding.districts))
    return _counts(shard, finding.place.file, districts)


def _counts(shard: Shard, file: str, districts: frozenset[str]) -> bool:
    if file not in districts:
        return shard.index == 1
    # its name, for what is in it may not be readable
    return shard.holds(PurePosixPath(file).stem)
