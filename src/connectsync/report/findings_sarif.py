"""
Findings in SARIF 2.1.0, for code scanning and for editors.

Columns are counted in code points from 1, paths are relative to the project's folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectsync.domain.counting import many
from connectsync.domain.rule_page import RulePage
from connectsync.domain.validation import ValidationReport
from connectsync.report.sarif_results import BASE, sarif_results
from connectsync.report.sarif_rules import sarif_rule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, slots=True)
class Room:
    """
    How much fits into a log.

    GitHub refuses one with more results, and one that is larger even if compressed;
    others look at its size as it is.
    """

    results: int = 25_000
    characters: int = 10_000_000


ROOM = Room()
_ROOM_FOR_NOTE = 1_000


def findings_sarif(
    report: ValidationReport,
    rules: Iterable[RulePage],
    *,
    version: str,
    files: Mapping[str, str] | None = None,
    room: Room = ROOM,
) -> str:
    """
    Write the findings as the one run of a log, in ASCII, a result in a line.

    ``rules`` are those that may be found, ``files`` the file of each district by key.
    What has no room is left out, the least grave first and what is allowed before
    that; a notification counts it.
    """
    pages = sorted(rules, key=lambda page: page.name)
    index = {page.name: number for number, page in enumerate(pages)}
    ranked = [
        (rank, json.dumps(result, separators=(",", ":")))
        for rank, result in sarif_results(report, index, files or {})
    ]
    driver = _driver(pages, version)
    taken = len(_written(driver, [])) + _ROOM_FOR_NOTE
    kept = _kept(ranked, room.results, room.characters - taken)
    return _written(driver, kept, _notes(len(ranked) - len(kept), room))


def _driver(pages: Sequence[RulePage], version: str) -> dict[str, Any]:
    return {
        "name": "connectsync",
        "version": version,
        "rules": list(map(sarif_rule, pages)),
    }


def _kept(ranked: Sequence[tuple[int, str]], most: int, room: int) -> list[str]:
    """Keep what matters most, as much as there is room for, in the order given."""
    kept: list[int] = []
    gravest = sorted(range(len(ranked)), key=lambda number: ranked[number][0])
    for number in gravest[:most]:
        room -= len(ranked[number][1]) + len(",\n")
        if room < 0:
            break
        kept.append(number)
    return [ranked[number][1] for number in sorted(kept)]


def _written(
    driver: Mapping[str, Any],
    results: Sequence[str],
    notes: Sequence[Mapping[str, Any]] = (),
) -> str:
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            BASE: {"description": {"text": "The folder of connectsync.yaml."}}
        },
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": list(notes),
            }
        ],
        "results": [],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    head, _, tail = json.dumps(log, indent=1).rpartition("[]")
    inner = ",\n".join(results)
    return f"{head}[\n{inner}\n]{tail}\n" if results else f"{head}[]{tail}\n"


def _notes(left: int, room: Room) -> list[dict[str, Any]]:
    if not left:
        return []
    counted = many(left, "result")
    text = (
        f"{counted} left out, the least grave: a log may hold {room.results:,} results"
        f" and {room.characters:,} characters. `connectsync validate --format json`"
        " tells all."
    )
    return [
        {
            "level": "warning",
            "descriptor": {"id": "results-left-out"},
            "message": {"text": text},
        }
    ]
