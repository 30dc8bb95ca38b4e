"""What files came to, as JSON: handed between processes, and kept for next time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from connectsync.domain.district import Allow, FleetMember
from connectsync.domain.finding import Finding, KeyPath, Place, Problem, Severity
from connectsync.operations.checking import CheckedDistrict, CheckedFile, RuleFinding

Data = list[Any]


def pack(checked: Sequence[CheckedFile]) -> bytes:
    """Spell what files came to."""
    return json.dumps([_file_data(one) for one in checked]).encode()


def unpack(packed: bytes) -> list[CheckedFile]:
    """Read what `pack` spelled. Raises ``ValueError`` or the like for anything else."""
    return [_file(data) for data in json.loads(packed)]


def _file_data(one: CheckedFile) -> Data:
    district = one.district
    return [
        [_finding_data(finding) for finding in one.findings],
        one.builder,
        None if district is None else _district_data(district),
    ]


def _file(data: Data) -> CheckedFile:
    findings, builder, district = data
    return CheckedFile(
        tuple(map(_finding, findings)),
        None if builder is None else (builder[0], tuple(builder[1])),
        None if district is None else _district(district),
    )


def _district_data(one: CheckedDistrict) -> Data:
    key, profiles, labels, *rest = one.member
    return [
        one.file,
        [key, profiles, sorted(labels), *rest],
        [
            [rule, _problem_data(problem), _place_data(place)]
            for rule, problem, place in one.found
        ],
        [[entry.rule, entry.reason, entry.until.isoformat()] for entry in one.allow],
        sorted(one.undoes),
    ]


def _district(data: Data) -> CheckedDistrict:
    file, (key, profiles, labels, *rest), found, allow, undoes = data
    return CheckedDistrict(
        file,
        FleetMember(key, tuple(profiles), frozenset(labels), *rest),
        tuple(
            RuleFinding(rule, _problem(problem), Place(*place))
            for rule, problem, place in found
        ),
        tuple(
            Allow(rule, reason, date.fromisoformat(until))
            for rule, reason, until in allow
        ),
        frozenset(map(tuple, undoes)),
    )


def _problem_data(one: Problem) -> Data:
    return [one.path, one.message, one.hint, one.on_key, one.stands_for]


def _problem(data: Data) -> Problem:
    path, *rest = data
    return Problem(tuple(path), *rest)


def _place_data(one: Place) -> Data:
    return [
        one.file,
        one.line,
        one.column,
        one.end_line,
        one.end_column,
        one.text,
        one.line_text,
    ]


def _finding_data(one: Finding) -> Data:
    return [
        one.rule,
        one.severity.value,
        one.message,
        _place_data(one.place),
        one.path,
        one.hint,
        one.districts,
        one.fingerprint,
        one.stands_for,
    ]


def _finding(data: Data) -> Finding:
    rule, severity, message, place, path, hint, districts, *rest = data
    keys: KeyPath = tuple(path)
    return Finding(
        rule,
        Severity(severity),
        message,
        Place(*place),
        keys,
        hint,
        tuple(districts),
        *rest,
    )
