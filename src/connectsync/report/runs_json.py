"""Runs as JSON, in the shapes of ``schema/runs.schema.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from connectsync.domain.outcome import Made
from connectsync.domain.run import (
    AuditResult,
    DistrictDiff,
    JournalEntry,
    KnownValue,
    RunDiff,
    RunDistrict,
    RunHead,
    RunHistory,
    RunList,
    RunTally,
)
from connectsync.domain.settings import value_data

SCHEMA = 1


def runs_json(found: RunList) -> str:
    """Give the list of runs."""
    lines = [_head(one.head, one.tally) for one in found.lines]
    return _text("runs", {"total": found.total, "runs": lines})


def run_json(history: RunHistory) -> str:
    """Give all that is written down of a run."""
    run = history.run
    said = {
        "runner": run.runner,
        "accepted": dict(sorted(run.accepted.items())),
        "overridden": dict(sorted(run.reasons.items())),
        "approved": [
            {"name": one.name, "at": _time(one.at)} for one in history.approved
        ],
        "approved_elsewhere": run.approved_elsewhere,
    }
    parts = [
        _part(part, history.entries.get(part.district, ())) for part in history.parts
    ]
    data = {
        "run": _head(run, run.tally) | said,
        "head": history.head,
        "districts": parts,
    }
    return _text("run", data)


def run_diff_json(diff: RunDiff) -> str:
    """Give two runs held against each other."""
    data = {
        "run_a": diff.run_a,
        "run_b": diff.run_b,
        "backend": diff.backend,
        "alike": diff.alike,
        "districts": [_district(one) for one in diff.districts],
    }
    return _text("diff", data)


def audit_json(found: AuditResult) -> str:
    """Give what holding the store against its audit log found."""
    data = {
        "entries": found.entries,
        "head": found.head,
        "as_logged": not found.problems,
        "problems": list(found.problems),
    }
    return _text("audit", data)


def _text(report: str, data: dict[str, Any]) -> str:
    return json.dumps({"schema": SCHEMA, "report": report} | data, indent=2) + "\n"


def _head(head: RunHead, tally: RunTally) -> dict[str, Any]:
    return {
        "run": head.number,
        "kind": "apply" if head.rollback_of is None else "rollback",
        "rollback_of": head.rollback_of,
        "backend": head.backend,
        "plan": head.plan,
        "began": _time(head.began),
        "ended": _time(head.ended),
        "seconds": head.seconds,
        "state": head.state.value,
        "stopped": head.stopped,
        "told_time": head.told_time,
        "districts": asdict(tally),
    }


def _part(part: RunDistrict, entries: Sequence[JournalEntry]) -> dict[str, Any]:
    outcome = part.outcome
    return {
        "district": part.district,
        "wave": part.wave,
        "ending": outcome.ending.value if outcome else None,
        "message": outcome.message if outcome else "",
        "remedy": outcome.remedy if outcome else "",
        "runner": part.runner,
        "ended": _time(part.ended),
        "saves": [_entry(entry) for entry in entries],
    }


def _entry(entry: JournalEntry) -> dict[str, Any]:
    return {
        "save": entry.phase,
        "settled": entry.settled,
        "intended_at": _time(entry.intended_at),
        "settled_at": _time(entry.settled_at),
        "runner": entry.runner,
        "note": entry.note,
        "token_typed": entry.set_token,
        "sent": entry.sent,
        "changes": list(_changes(entry)),
    }


def _changes(entry: JournalEntry) -> Iterator[dict[str, Any]]:
    outcomes = {one.setting: one for one in entry.outcomes}
    for change in entry.changes:
        seen = outcomes.get(change.setting)
        yield {
            "setting": change.setting,
            "before": value_data(change.before),
            "after": value_data(change.after),
            "outcome": seen.made.value if seen else Made.UNKNOWN.value,
            "observed": value_data(seen.observed) if seen else None,
        }


def _district(one: DistrictDiff) -> dict[str, Any]:
    return {
        "district": one.district,
        "saved_by": list(one.saved_by),
        "settings": [
            {
                "setting": setting.setting,
                "after_a": _known_json(setting.after_a),
                "after_b": _known_json(setting.after_b),
            }
            for setting in one.settings
        ],
    }


def _known_json(known: KnownValue | None) -> dict[str, Any]:
    value = None if known is None else value_data(known.value)
    return {"known": known is not None, "value": value}


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
