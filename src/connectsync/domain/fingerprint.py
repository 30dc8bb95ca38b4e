"""Fingerprints: a name for a finding that outlives moved lines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from pathlib import PurePosixPath

from connectsync.domain.finding import Finding, order, pointer

LENGTH = 16
"""Hexadecimal digits of a fingerprint: 64 bits, ample for a fleet's findings."""

_Identity = tuple[str, str, str, str]


def with_fingerprints(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """
    Give the findings in order, each with its fingerprint.

    A fingerprint rests on the rule, the file's path as given, the pointer and the
    offending text, not on lines: text that moves keeps it. Findings that agree in all
    four are told apart by a counter, in order.
    """
    seen: Counter[_Identity] = Counter()
    marked: list[Finding] = []
    for finding in sorted(findings, key=_rank):
        identity = _identity(finding)
        fingerprint = _digest(identity, seen[identity])
        seen[identity] += 1
        marked.append(replace(finding, fingerprint=fingerprint))
    return tuple(marked)


def _rank(finding: Finding) -> tuple[object, ...]:
    # Whatever may differ decides, so that repeats are counted in one order always.
    place = finding.place
    return (
        order(finding),
        _identity(finding),
        finding.hint,
        finding.districts,
        (place.end_line, place.end_column, place.line_text),
    )


def _identity(finding: Finding) -> _Identity:
    place = finding.place
    return (
        finding.rule,
        PurePosixPath(place.file).as_posix(),
        pointer(finding.path),
        " ".join(place.text.split()),
    )


def _digest(identity: _Identity, repeat: int) -> str:
    # JSON keeps the parts apart whatever they hold, lone surrogates included.
    spelled = json.dumps([*identity, repeat]).encode("ascii")
    return sha256(spelled).hexdigest()[:LENGTH]
